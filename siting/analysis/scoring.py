"""The score of each candidate site: six criteria in 0..1 and their weighted sum.

=========  ==================================================================================
criterion  what is measured, and how it becomes 0..1
=========  ==================================================================================
demand     energy in reach, a trip of *d* metres counting ``0.5 ** (d / 1000)``; stretched
gap        the same over the part that existing stations leave unserved; stretched
access     ``0.5 ** (m / 500)`` of the straight distance to the nearest junction on a main
           road (trunk to secondary); stretched; 1 for a service area
power      ``0.5 ** (m / 2000)`` of the straight distance to the nearest substation;
           stretched; where its headroom is known, 0.7 of that and 0.3 of the stretched
           headroom; 0.5 where no substation is known
cost       ``cost_index * (1.3 + 0.7 * (1 - 0.5 ** (m / 2000)))``: civil works, cable and grid
           add 30 % beside a substation and up to 100 % far from one; cheaper is better;
           stretched
safety     half the verdict (ok 1, sign_off 0.5, stop 0), half the distance to the nearest
           school, hospital or fuel station up to 200 m; not stretched
=========  ==================================================================================

*Stretched* is min-max between the 2nd and the 98th percentile, clipped, so that one odd
site does not press all others together; a column without spread is 0.5 for all.

The gap is the two-step floating catchment area (Luo and Wang 2003, 10.1068/b29120) with the
same decay: the energy of each existing station is shared over the demand in its reach, and
what a demand point gets from all of them is taken off it. The constants are proposals
(``data/parameters.csv``).
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from siting.analysis.network import Network, point_xy
from siting.tables import SCORES, check

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from siting import scenario

    Floats = NDArray[np.float64]

_log = logging.getLogger(__name__)

CRITERIA = ("demand", "gap", "access", "power", "cost", "safety")

_HALF_M = 1000.0
# Less than this asked of a station is nothing, and a quotient by it would overflow.
_LEAST_KWH_DAY = 1e-6
_CALM_M = 200.0
_CALM_KINDS = ("school", "hospital", "fuel")
_HEADROOM_PART = 0.3
_ACCESS_HALF_M = 500.0
_POWER_HALF_M = 2000.0
_CONNECTION = (0.3, 1.0)
_NEUTRAL = 0.5
_VERDICT_SAFETY = {"ok": 1.0, "sign_off": 0.5, "stop": 0.0}
_SERVICE_AREA = "service_area"


def make_scores(  # noqa: PLR0913  # each criterion reads a table of its own
    sites: gpd.GeoDataFrame,
    demand: gpd.GeoDataFrame,
    reach: pd.DataFrame,
    nodes: gpd.GeoDataFrame,
    edges: gpd.GeoDataFrame,
    *,
    substations: gpd.GeoDataFrame,
    places: gpd.GeoDataFrame,
    settings: scenario.Scoring,
) -> pd.DataFrame:
    """Return the criteria and the weighted score of every site.

    Parameters
    ----------
    sites, demand, reach, nodes, edges, substations, places
        As in :mod:`siting.tables`, in one metric CRS.
    settings
        Block ``scoring`` of the scenario; the weights are normalised to sum 1.

    Returns
    -------
    DataFrame
        ``tables.SCORES``, sorted by site_id, never missing.
    """
    weights = _weights(settings.weights)
    sites = sites.sort_values("site_id", ignore_index=True)
    xy = point_xy(sites)
    pairs = _Pairs(sites, demand, reach)
    network = Network.of(nodes, edges)
    to_power_m, headroom_kw = _nearest_substation(xy, substations)
    parts = {
        "demand": stretched(pairs.in_reach(pairs.kwh_day)),
        "gap": stretched(pairs.in_reach(pairs.unserved_kwh_day(sites))),
        "access": _access(sites, xy, network),
        "power": _power(to_power_m, headroom_kw),
        "cost": stretched(-_cost(sites, to_power_m)),
        "safety": _safety(sites, places),
    }
    scores = pd.DataFrame({"site_id": sites["site_id"]})
    for name in CRITERIA:
        scores[f"{name}_score"] = parts[name]
    total = sum(weights[name] * parts[name] for name in CRITERIA)
    scores["score"] = np.clip(total, 0.0, 1.0)
    check(scores, SCORES)
    _log.info("scores: %d sites, median %.3f", len(scores), scores["score"].median())
    return scores


def stretched(values: Floats) -> Floats:
    """Return values as 0..1 between their 2nd and 98th percentile, 0.5 without spread.

    Examples
    --------
    >>> stretched(np.array([0.0, 5.0, 10.0])).round(3).tolist()
    [0.0, 0.5, 1.0]
    >>> stretched(np.array([3.0, 3.0])).tolist()
    [0.5, 0.5]
    """
    if not values.size:
        return values
    low, high = np.percentile(values, [2.0, 98.0])
    if high <= low:  # nearly all alike: let the few that differ speak
        low, high = values.min(), values.max()
    if high <= low:
        return np.full(len(values), _NEUTRAL)
    return np.clip((values - low) / (high - low), 0.0, 1.0)


class _Pairs:
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


def _sums(groups: NDArray[np.int64], values: Floats, count: int) -> Floats:
    return np.bincount(groups, weights=values, minlength=count).astype(float)


def _codes(values: pd.Series, ids: pd.Series) -> NDArray[np.int64]:
    """Positions of categorical ids in a column of ids."""
    lookup = pd.Index(ids).get_indexer(values.cat.categories)
    return lookup[values.cat.codes.to_numpy()]


def _weights(weights: scenario.Weights) -> dict[str, float]:
    raw = {name: float(getattr(weights, name)) for name in CRITERIA}
    total = sum(raw.values())
    return {name: value / total for name, value in raw.items()}


def _access(sites: gpd.GeoDataFrame, xy: Floats, network: Network) -> Floats:
    junctions = network.main & network.ordinary
    if junctions.any():
        distance_m, _ = cKDTree(network.xy[junctions]).query(xy)
        access = stretched(0.5 ** (distance_m / _ACCESS_HALF_M))
    else:
        access = np.full(len(sites), _NEUTRAL)
    return np.where(sites["kind"].eq(_SERVICE_AREA).to_numpy(dtype=bool), 1.0, access)


def _nearest_substation(
    xy: Floats, substations: gpd.GeoDataFrame
) -> tuple[Floats | None, Floats | None]:
    """Distance to the nearest substation and its headroom; None where none is known."""
    if substations.empty:
        return None, None
    ordered = substations.sort_values("substation_id")
    distance_m, found = cKDTree(point_xy(ordered)).query(xy)
    return distance_m, ordered["headroom_kw"].to_numpy(dtype=float, na_value=np.nan)[found]


def _power(distance_m: Floats | None, headroom_kw: Floats | None) -> Floats | float:
    if distance_m is None or headroom_kw is None:
        return _NEUTRAL
    near = stretched(0.5 ** (distance_m / _POWER_HALF_M))
    known = ~np.isnan(headroom_kw)
    if not known.any():
        return near
    room = np.full(len(near), _NEUTRAL)
    room[known] = stretched(headroom_kw[known])
    return (1.0 - _HEADROOM_PART) * near + _HEADROOM_PART * room


def _cost(sites: gpd.GeoDataFrame, to_power_m: Floats | None) -> Floats:
    cost = sites["cost_index"].to_numpy(dtype=float)
    if to_power_m is None:
        return cost
    least, most = _CONNECTION
    return cost * (1.0 + most - (most - least) * 0.5 ** (to_power_m / _POWER_HALF_M))


def _safety(sites: gpd.GeoDataFrame, places: gpd.GeoDataFrame) -> Floats:
    verdict = sites["verdict"].map(_VERDICT_SAFETY).to_numpy(dtype=float)
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
    return 0.5 * verdict + 0.5 * calm
