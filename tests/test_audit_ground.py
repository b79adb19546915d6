"""The recount measures on the ground, whatever the plan's map says."""

from __future__ import annotations

from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from siting.audit.ground import near_pairs, within
from siting.audit.rules import spacing_holds

GEOD = Geod(ellps="WGS84")
SMALL = settings(deadline=None, max_examples=50)
_POINTS = st.lists(
    st.tuples(st.floats(106.60, 106.62), st.floats(29.70, 29.72)), min_size=1, max_size=12
)


def table(points, crs=4326):
    """Sites at WGS-84 places, in some CRS."""
    frame = gpd.GeoDataFrame(
        {"site_id": [f"s{n}" for n in range(len(points))], "kind": "parking", "zone_id": "a",
         "is_new": True},
        geometry=gpd.points_from_xy(*np.array(points, dtype=float).reshape(-1, 2).T),
        crs=4326,
    )  # fmt: skip
    return frame.to_crs(crs)


@SMALL
@given(points=_POINTS, metres=st.floats(1, 3000), crs=st.sampled_from([4326, 4545, 3857]))
def test_pairs_are_those_of_brute_force_in_every_crs(points, metres, crs):
    found, away = near_pairs(table(points, crs), metres)
    wanted = {
        (a, b): GEOD.inv(*points[a], *points[b])[2]
        for a in range(len(points))
        for b in range(a + 1, len(points))
    }
    mine = {(int(a), int(b)): gap for (a, b), gap in zip(found, away, strict=True)}
    near = {pair for pair, gap in wanted.items() if gap <= metres - 0.01}
    assert near <= set(mine)
    assert mine == pytest.approx({pair: wanted[pair] for pair in mine}, abs=1e-3)
    assert max(mine.values(), default=0) <= metres + 0.01


@SMALL
@given(points=_POINTS, others=_POINTS, metres=st.floats(1, 3000))
def test_within_is_that_of_brute_force(points, others, metres):
    found = within(table(points), table(others, 3857), metres)
    for one, near in zip(points, found, strict=True):
        gap = min(GEOD.inv(*one, *other)[2] for other in others)
        assert near == (gap <= metres * 1.001) or abs(gap - metres * 1.001) < 0.01
    assert not within(table(points), table(others).iloc[:0], metres).any()


@pytest.mark.parametrize(("crs", "breaches"), [(4545, 0), (3857, 1)])
def test_stations_300_m_apart_on_a_false_map_are_too_near(crs, breaches):
    # 300.0 m on either map; on Web Mercator at 29.7 N that is 260 m on the ground
    here = table([(106.6, 29.7)], crs).geometry.iloc[0]
    sites = table([(106.6, 29.7)] * 2, crs)
    sites = sites.set_geometry(gpd.points_from_xy([here.x, here.x + 300.0], [here.y] * 2), crs=crs)
    plan = SimpleNamespace(
        scenario={"model": {"min_spacing_m": 300, "swap_spacing_m": 0}},
        sites=sites,
        swap_sites=sites.iloc[:0],
        zones=None,
    )
    assert len(list(spacing_holds(plan))) == breaches
