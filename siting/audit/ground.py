"""What a recount stands on: what the scenario of a plan asks, and distances on the ellipsoid.

Plans are made on a map whose lengths are true to 0.1 % (:func:`siting.geo.area_crs`). The recount
measures on the ground instead and forgives that much.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from pyproj import Geod, Transformer
from scipy.spatial import cKDTree

from siting.geo import MOST_DISTORTION, WGS84
from siting.tables.fields import CHARGING, SWAP

if TYPE_CHECKING:
    import geopandas as gpd

    from siting.arrays import Flags, Floats, Ints
    from siting.files import JsonObject
    from siting.plan.plan import Plan

_METRE = 1e-6
PROMISING = ("set_cover", "min_cost")
"""Objectives that promise coverage; their number of stations is an outcome."""


class OccasionEvidence(NamedTuple):
    """The tables of the charging occasions as they are written, and the ways found.

    Attributes
    ----------
    tables
        Rows of ``occasions``, ``occasion_shares`` and ``occasion_worth``.
    mix
        Share of each class of charger (column) at each site (row, its id).
    reaches
        Pairs in reach (``tables.REACH``) on foot (``walk``), by car (``drive``) and on the
        carriageway ahead (``ahead``).
    """

    tables: dict[str, pd.DataFrame]
    mix: pd.DataFrame
    reaches: dict[str, pd.DataFrame]


class Evidence(NamedTuple):
    """What a recount needs beside the plan; None where it is not at hand.

    Attributes
    ----------
    reach, swap_reach
        The travel stage's pairs in reach for charging and for swapping (``tables.REACH``).
    substations
        The substations.
    demand_factors
        ``from_chargers`` and ``base``: the share of their power that chargers draw at once, by
        number at a station.
    """

    reach: pd.DataFrame | None = None
    swap_reach: pd.DataFrame | None = None
    substations: gpd.GeoDataFrame | None = None
    demand_factors: pd.DataFrame | None = None


NONE = Evidence()


def settings(plan: Plan, block: str) -> JsonObject:
    """Return a block of the plan's scenario; empty where it has none."""
    found: JsonObject = plan.scenario.get(block, {})
    return found


def spacings(plan: Plan, table: gpd.GeoDataFrame) -> np.ndarray:
    """Return the distance a new station at each row keeps from any other (m)."""
    model = settings(plan, "model")
    by_kind = dict(model.get("spacing_by_kind", {}))
    if "service_area_charging" in model.get("chongqing", ()):
        by_kind.setdefault("service_area", 0.0)
    by_zone = model.get("spacing_by_zone_kind", {})
    zone_kind = dict(zip(plan.zones["zone_id"], plan.zones["kind"], strict=True)) if by_zone else {}
    base = CHARGING.spacing_m(plan.scenario)
    asked = [
        by_kind.get(kind, by_zone.get(zone_kind.get(zone), base))
        for kind, zone in zip(table["kind"], table["zone_id"], strict=True)
    ]
    return np.array(asked, dtype=float)


def allowed_sites(plan: Plan, promise: JsonObject) -> set[str]:
    """Return the ids where one may stand: allowed, not banned, clear of what exists."""
    every, model = plan.candidates, settings(plan, "model")
    swap = promise.get("facility") == "swap"
    stands = every["existing_swap"] if swap else every["existing_station"]
    may = (
        every["swap_ok"] if swap else every["max_chargers"].ge(every["min_chargers"].clip(lower=1))
    )
    banned = every["site_id"].isin(list(model.get("banned", ())))
    may = may & (every["verdict"] != "stop") & ~banned
    spacing = np.full(len(every), SWAP.spacing_m(plan.scenario)) if swap else spacings(plan, every)
    old = every[stands].geometry
    clear = np.array(
        [
            old.empty or float(old.distance(point).min()) >= apart - _METRE
            for point, apart in zip(every.geometry, spacing, strict=True)
        ],
        dtype=bool,
    )
    may = stands | (may & clear)
    if not swap and promise.get("min_kw"):
        may &= every["strongest_kw"] >= promise["min_kw"]
    return set(every["site_id"][may]) & of_kind(plan, promise)


def in_lists(sites: gpd.GeoDataFrame, asked: list[str] | tuple[str, ...]) -> pd.Series:
    """Return which rows stand in one of the planner's lists or areas."""
    told = sites.get("listed", pd.Series("", index=sites.index)).fillna("").str.split("+")
    return told.map(lambda names: not set(asked).isdisjoint(names)).astype(bool)


def of_kind(plan: Plan, promise: JsonObject) -> set[str]:
    """Return the candidates of the kinds that count for a promise."""
    every = plan.candidates
    keep = every["kind"].isin(promise["kinds"]) if promise.get("kinds") else slice(None)
    return set(every["site_id"][keep])


FORGIVEN = MOST_DISTORTION
"""Share by which a distance on the map may differ from that on the ground."""

_GEOD = Geod(ellps="WGS84")
_FROM_CENTRE = Transformer.from_crs(WGS84, "EPSG:4978", always_xy=True)
"""Metres from the centre of the earth: there a straight line is never longer than the way."""


def near_pairs(table: gpd.GeoDataFrame, within_m: float) -> tuple[Ints, Floats]:
    """Return the pairs of rows at most so far apart on the ground (k, 2), and how far (k,)."""
    lon, lat = _degrees(table)
    pairs = cKDTree(_metres(lon, lat)).query_pairs(within_m, output_type="ndarray")
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    one, other = pairs.T
    away = np.asarray(_GEOD.inv(lon[one], lat[one], lon[other], lat[other])[2], dtype=float)
    return pairs, away


def within(table: gpd.GeoDataFrame, others: gpd.GeoDataFrame, metres: float) -> Flags:
    """Tell which rows have one of some others at most so far away on the ground."""
    if others.empty or table.empty:
        return np.zeros(len(table), dtype=bool)
    chord, _ = cKDTree(_metres(*_degrees(others))).query(_metres(*_degrees(table)))
    # at the distances of promises a chord is a millimetre shorter than the way
    return np.asarray(chord <= metres * (1 + FORGIVEN) + _SLACK_M, dtype=bool)


_SLACK_M = 1e-3


def _degrees(table: gpd.GeoDataFrame) -> tuple[Floats, Floats]:
    points = table.geometry.to_crs(WGS84)
    return points.x.to_numpy(dtype=float), points.y.to_numpy(dtype=float)


def _metres(lon: Floats, lat: Floats) -> Floats:
    return np.column_stack(_FROM_CENTRE.transform(lon, lat, np.zeros(len(lon))))
