"""What is measured at each site: by the planner, by a layer of one's own, and for learning.

The formulas stand in :mod:`siting.analysis.scores.scoring`, the constants with their marks in
``data/parameters.csv``. What the learning sees may know nothing of the stations themselves:
neither their chargers nor the gap they leave, nor the kind of a site that is there only because a
station is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from siting.analysis.network import point_xy
from siting.analysis.scores.criteria import NEUTRAL, Criterion

if TYPE_CHECKING:
    import geopandas as gpd

    from siting import scenario
    from siting.analysis.network import Network
    from siting.analysis.scores.criteria import Scales
    from siting.arrays import Flags, Floats, Ints


_HALF_M = 1000.0
# Less than this asked of a station is nothing, and a quotient by it would overflow.
_LEAST_KWH_DAY = 1e-6
_CALM_M = 200.0
_CALM_KINDS = ("school", "hospital", "fuel")
_HEADROOM_PART = 0.3
_ACCESS_HALF_M = 500.0
POWER_HALF_M = 2000.0
_CONNECTION = (0.3, 1.0)
_VERDICT_SAFETY = {"ok": 1.0, "note": 1.0, "sign_off": 0.5, "stop": 0.0}
_SERVICE_AREA = "service_area"
_HEADROOM = Criterion("headroom", "可开放容量", "headroom", "up", "quantile")


class Pairs:
    """Demand and sites in reach of each other, by position."""

    def __init__(
        self, sites: gpd.GeoDataFrame, demand: gpd.GeoDataFrame, reach: pd.DataFrame
    ) -> None:
        self.kwh_day: Floats = demand["kwh_day"].to_numpy(dtype=float)
        self._site_count = len(sites)
        self._demand = _codes(reach["demand_id"], demand["demand_id"])
        self._site = _codes(reach["site_id"], sites["site_id"])
        self._decay: Floats = 0.5 ** (reach["distance_m"].to_numpy(dtype=float) / _HALF_M)

    def in_reach(self, kwh_day: Floats) -> Floats:
        """Energy in reach of each site, nearer counting more."""
        weights = kwh_day[self._demand] * self._decay
        return _sums(self._site, weights, self._site_count)

    def unserved_kwh_day(self, sites: gpd.GeoDataFrame) -> Floats:
        """Energy of each demand point that existing stations leave over."""
        supply = (sites["existing_chargers"] * sites["kwh_day_per_charger"]).to_numpy(dtype=float)
        asked = self.in_reach(self.kwh_day)
        rate = supply / np.maximum(asked, _LEAST_KWH_DAY)
        served = _sums(self._demand, rate[self._site] * self._decay, len(self.kwh_day))
        return self.kwh_day * np.clip(1.0 - served, 0.0, 1.0)


def _sums(groups: Ints, values: Floats, count: int) -> Floats:
    return np.bincount(groups, weights=values, minlength=count).astype(float)


def _codes(values: pd.Series, ids: pd.Series) -> Ints:
    """Positions of categorical ids in a column of ids."""
    lookup = pd.Index(ids).get_indexer(values.cat.categories)
    return lookup[values.cat.codes.to_numpy()]


def main_road_nearness(xy: Floats, network: Network) -> Floats | None:
    """Nearness of each site to a main road; None where there is none."""
    away_m = network.main_road_m(xy)
    return None if away_m is None else np.asarray(0.5 ** (away_m / _ACCESS_HALF_M), dtype=float)


def access_score(
    sites: gpd.GeoDataFrame, nearness: Floats | None, criterion: Criterion, scales: Scales
) -> Floats:
    """Return the score of a nearness; 0.5 where nothing is known, 1 at a service area."""
    neutral = np.full(len(sites), NEUTRAL)
    access = neutral if nearness is None else scales.score(criterion, nearness)
    return np.where(sites["kind"].eq(_SERVICE_AREA).to_numpy(dtype=bool), 1.0, access)


def nearest_substation(
    xy: Floats, substations: gpd.GeoDataFrame
) -> tuple[Floats | None, Floats | None]:
    """Distance to the nearest substation and its headroom; None where none is known."""
    if substations.empty:
        return None, None
    ordered = substations.sort_values("substation_id")
    distance_m, found = cKDTree(point_xy(ordered)).query(xy)
    return distance_m, ordered["headroom_kw"].to_numpy(dtype=float, na_value=np.nan)[found]


def power_score(
    nearness: Floats | None,
    headroom_kw: Floats | None,
    count: int,
    criterion: Criterion,
    scales: Scales,
    *,
    unknown: float = NEUTRAL,
) -> Floats:
    """Return the score of nearness and headroom; 0.5 where no substation is known.

    Where the headroom is unknown its part is ``unknown``: neutral unless a penalty is asked for.
    """
    if nearness is None or headroom_kw is None:
        return np.full(count, NEUTRAL)
    near = scales.score(criterion, nearness)
    if np.isnan(headroom_kw).all() and unknown == NEUTRAL:
        return near
    known = np.isfinite(headroom_kw)
    room = np.full(count, unknown)
    if known.any():
        room[known] = scales.score(_HEADROOM, headroom_kw)[known]
    return (1.0 - _HEADROOM_PART) * near + _HEADROOM_PART * room


def building_cost(sites: gpd.GeoDataFrame, to_power_m: Floats | None) -> Floats:
    """Return the cost index with the way to power; the index alone where none is known."""
    cost = sites["cost_index"].to_numpy(dtype=float)
    if to_power_m is None:
        return cost
    least, most = _CONNECTION
    return cost * (1.0 + most - (most - least) * 0.5 ** (to_power_m / POWER_HALF_M))


def calm_share(sites: gpd.GeoDataFrame, places: gpd.GeoDataFrame) -> Floats:
    """Return the distance to the nearest place that wants calm, as a share of 200 m, at most 1."""
    others = places[places["kind"].isin(_CALM_KINDS)]
    calm = np.ones(len(sites))
    if len(others):
        (site, _), distance_m = shapely.STRtree(others.geometry.to_numpy()).query_nearest(
            sites.geometry.to_numpy(),
            max_distance=_CALM_M,
            all_matches=False,
            return_distance=True,
        )
        calm[site] = np.minimum(distance_m / _CALM_M, 1.0)
    return calm


def verdict_share(sites: gpd.GeoDataFrame) -> Floats:
    """Return 1, 0.5 or 0 for ok, sign_off and stop."""
    return np.asarray(sites["verdict"].map(_VERDICT_SAFETY).to_numpy(dtype=float))


_NEAR_M, _AROUND_M = 300.0, 1000.0
_OWN_KIND = "existing"
_BUSY = ("office", "retail", "public_facility", "transport_hub")


def site_features(sites: gpd.GeoDataFrame, xy: Floats, measures: dict[str, Floats]) -> pd.DataFrame:
    """Return the features of each site.

    Parameters
    ----------
    sites
        ``tables.SITES``.
    xy
        Their coordinates, (n, 2).
    measures
        Columns that hold for the place whoever stands there, e.g. demand in reach.

    Returns
    -------
    DataFrame
        The measures, and the other candidate places around: all within 300 m and 1 km, and
        offices, shops, public facilities and hubs within 1 km, as ``ln(1 + count)``. Sites that
        only exist because a station stands there are not counted.
    """
    kinds = sites["kind"].to_numpy(dtype=object)
    place = kinds != _OWN_KIND
    busy = np.isin(kinds.astype(str), _BUSY)
    return pd.DataFrame(
        {
            **measures,
            "places_300m": _others(xy, place, _NEAR_M),
            "places_1km": _others(xy, place, _AROUND_M),
            "busy_places_1km": _others(xy, busy, _AROUND_M),
        }
    )


def _others(xy: Floats, counted: Flags, within_m: float) -> Floats:
    """Return ``ln(1 + count)`` of counted sites near each site, itself left out."""
    if not counted.any():
        return np.zeros(len(xy))
    found = cKDTree(xy[counted]).query_ball_point(xy, within_m, return_length=True)
    return np.log1p(np.asarray(found, dtype=float) - counted)


def measured(
    sites: gpd.GeoDataFrame, layer: gpd.GeoDataFrame, wanted: scenario.ScoreLayer
) -> Floats:
    """Return what a layer measures at each site; NaN where it has nothing to say.

    Parameters
    ----------
    sites
        Points in the metric CRS.
    layer
        ``geometry`` (any kind, the same CRS) and ``value`` (float, may be missing).
    wanted
        ``count``: features within ``within_m``. ``sum``: their values; 0 where there is none,
        missing where one of them is. ``distance``: metres to the nearest feature. ``value``:
        of the feature the site lies in, else of the nearest within ``within_m``.
    """
    points = sites.geometry.to_numpy()
    tree = shapely.STRtree(layer.geometry.to_numpy())
    values = layer["value"].to_numpy(dtype=float)
    if wanted.measure in {"count", "sum"}:
        site, feature = tree.query(points, predicate="dwithin", distance=wanted.within_m)
        each = np.ones(len(feature)) if wanted.measure == "count" else values[feature]
        return np.bincount(site, weights=each, minlength=len(points)).astype(float)
    limit = None if wanted.measure == "distance" else wanted.within_m
    (site, feature), away_m = tree.query_nearest(
        points, max_distance=limit, return_distance=True, all_matches=True
    )
    found = np.full(len(points), np.nan)
    # Of several as near as each other the last by position counts, whatever the tree's order.
    order = np.lexsort((feature, site))
    found[site[order]] = (away_m if wanted.measure == "distance" else values[feature])[order]
    return found
