"""The figures that tell plans apart: travel, service, score, use of the chargers, fairness.

Counted from the tables of a plan, so that two plans of one place compare. All shares of energy
are of the whole demand, served or not; travel is of the energy served. Money is what new stations,
chargers and swap stations cost to build; what exists costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import geopandas as gpd

    from siting.arrays import Floats


_NEAR_M = {"500m": 500.0, "1km": 1000.0}
_SOON_S = 300.0
_FAR_SHARE = 0.95
_SPREAD = (10, 50, 90)
_MIN_S = 60.0
_KWH_SLACK = 1e-6
_FEWEST_ZONES = 2

NATION_KWH_DAY = (52.0, 54.0)
"""Energy a public charger of China gave a day in August 2024: 5.3 TWh in the month, 1,624 kWh a
pile, 3.26 million piles (facts v 33: liguangjs.com/03731, CPCA) [v]."""

NATION_KW = 35.0
"""Mean power of a public charger of China, mid-2024: 110 GW of 3.12 million (facts V 32) [V]."""


def plan_figures(
    stations: gpd.GeoDataFrame,
    demand: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame,
    assignments: pd.DataFrame,
    reach: pd.DataFrame,
    *,
    cover_m: float,
) -> dict[str, float]:
    """Return every figure of a plan by name; NaN where it is unknown.

    Parameters
    ----------
    stations, zones
        As ``Plan.sites`` and ``Plan.zones``.
    demand, reach
        ``tables.DEMAND`` and ``REACH``.
    assignments
        As ``Plan.assignments``: demand_id, site_id, kwh_day, distance_m, time_s.
    cover_m
        Distance along the road within which demand counts as covered (m).

    Returns
    -------
    dict
        The figures of :func:`service`, :func:`coverage`, :func:`travel`, :func:`use` and
        :func:`fairness`, and ``mean_score`` and ``power_kw``.
    """
    return {
        **service(demand, assignments),
        **coverage(stations["site_id"], demand, reach, cover_m),
        **travel(assignments),
        **use(stations, demand, reach),
        **fairness(zones),
        "mean_score": mean_of(stations["score"], np.ones(len(stations))),
        "power_kw": float(stations["power_kw"].sum()),
    }


def service(demand: gpd.GeoDataFrame, assignments: pd.DataFrame) -> dict[str, float]:
    """Return the energy needed and served (kWh/day, also by kind), and shares served near by.

    ``served_within_5min_share`` counts free-flow time along the road.
    """
    need = float(demand["kwh_day"].sum())
    energy = assignments["kwh_day"].to_numpy(dtype=float)
    distance = assignments["distance_m"].to_numpy(dtype=float)
    time = assignments["time_s"].to_numpy(dtype=float)

    def share(counted: Floats) -> float:
        return float(counted.sum()) / need if need > 0 else float("nan")

    soon = energy * np.where(np.isnan(time), np.nan, time <= _SOON_S)
    return {
        "demand_kwh_day": need,
        "served_kwh_day": float(energy.sum()),
        "served_share": share(energy),
        **{
            f"served_within_{name}_share": share(energy[distance <= limit])
            for name, limit in _NEAR_M.items()
        },
        "served_within_5min_share": share(soon),
        **_by_kind(demand, assignments),
    }


def _by_kind(demand: gpd.GeoDataFrame, assignments: pd.DataFrame) -> dict[str, float]:
    """Return the energy needed of each kind there is, and the share of it served."""
    kind = demand.set_index("demand_id")["kind"]
    served = assignments["kwh_day"].groupby(assignments["demand_id"].astype("str").map(kind)).sum()
    found = {}
    for name, need in demand.groupby("kind")["kwh_day"].sum().items():
        found[f"demand_{name}_kwh_day"] = float(need)
        share = float(served.get(name, 0.0)) / float(need) if need > 0 else float("nan")
        found[f"served_{name}_share"] = share
    return found


def occasion_figures(
    rows: pd.DataFrame,
    ways: pd.DataFrame,
    walking: tuple[str, ...],
    site_id: pd.Series,
    assignments: pd.DataFrame,
) -> dict[str, float]:
    """Return who is served by charging occasion, and how much lacks a place near.

    Parameters
    ----------
    rows
        ``demand_id``, ``occasion``, ``kwh_day``.
    ways
        ``demand_id``, ``occasion``, ``site_id``: the sites that may serve each.
    walking
        Occasions whose drivers go on foot.
    site_id
        Stations of the plan.
    assignments
        As ``Plan.assignments``, with ``occasion``.

    Returns
    -------
    dict
        ``occasion_<name>_kwh_day`` asked for and ``occasion_<name>_share`` served of each there is;
        ``walk_covered_share``, the share of the walking occasions' demand with a station that may
        serve it within their distance, whether or not it has room; ``refused_far_kwh_day``, demand
        of all occasions without such a station, and ``refused_full_kwh_day``, demand unserved
        though it has one.
    """
    open_ways = ways[ways["site_id"].isin(site_id)]
    keys = ["demand_id", "occasion"]
    near = pd.MultiIndex.from_frame(open_ways[keys].astype("str").drop_duplicates())
    has = pd.MultiIndex.from_frame(rows[keys].astype("str")).isin(near)
    need = rows["kwh_day"].to_numpy(dtype=float)
    on_foot = rows["occasion"].isin(walking).to_numpy()
    served = assignments["kwh_day"].groupby(assignments["occasion"].astype("str")).sum()
    found: dict[str, float] = {}
    for name, asked in rows.groupby("occasion")["kwh_day"].sum().items():
        found[f"occasion_{name}_kwh_day"] = float(asked)
        share = float(served.get(name, 0.0)) / float(asked) if asked > 0 else float("nan")
        found[f"occasion_{name}_share"] = share
    walked = float(need[on_foot].sum())
    far = float(need[~has].sum())
    unserved = float(need.sum()) - float(assignments["kwh_day"].sum())
    return {
        **found,
        "walk_covered_share": float(need[on_foot & has].sum()) / walked if walked else float("nan"),
        "refused_far_kwh_day": far,
        "refused_full_kwh_day": max(unserved - far, 0.0),
    }


def coverage(
    site_id: pd.Series, demand: gpd.GeoDataFrame, reach: pd.DataFrame, within_m: float
) -> dict[str, float]:
    """Return the share of the demand with a station near, whether or not it has room for it.

    Returns
    -------
    dict
        ``covered_share`` of all demand; ``least_zone_covered_share``, that of the zone where it
        is least; NaN where there is no demand.
    """
    near = reach.loc[
        reach["site_id"].isin(site_id) & (reach["distance_m"] <= within_m), "demand_id"
    ]
    need = demand["kwh_day"].to_numpy(dtype=float)
    had = np.where(demand["demand_id"].isin(near.unique()), need, 0.0)
    zones = demand.assign(need=need, had=had).groupby("zone_id")[["need", "had"]].sum()
    zones = zones[zones["need"] > 0]
    return {
        "covered_share": float(had.sum() / need.sum()) if need.sum() > 0 else float("nan"),
        "least_zone_covered_share": float((zones["had"] / zones["need"]).min()),
    }


def travel(assignments: pd.DataFrame) -> dict[str, float]:
    """Return mean and 95th percentile of the way to the station, by energy served.

    The percentile is the least distance (or time) within which 95 % of the energy is served.
    """
    energy = assignments["kwh_day"].to_numpy(dtype=float)
    distance = assignments["distance_m"].to_numpy(dtype=float)
    minutes = assignments["time_s"].to_numpy(dtype=float) / _MIN_S
    return {
        "mean_distance_m": mean_of(distance, energy),
        "p95_distance_m": weighted_percentile(distance, energy, _FAR_SHARE),
        "mean_time_min": mean_of(minutes, energy),
        "p95_time_min": weighted_percentile(minutes, energy, _FAR_SHARE),
    }


def use(
    stations: gpd.GeoDataFrame, demand: gpd.GeoDataFrame, reach: pd.DataFrame
) -> dict[str, float]:
    """Return how much the chargers are used, and how many stations would be overrun.

    ``overloaded_sites`` counts the stations whose chargers give less energy than is asked of
    them when everybody drives to the nearest open station in reach along the road, as people
    do. In the plan's own assignment no station gives more than it can.

    ``utilisation_p10`` to ``_p90`` are percentiles over the stations.
    """
    capacity = (stations["chargers"] * stations["kwh_day_per_charger"]).to_numpy(dtype=float)
    asked = _nearest_load(stations["site_id"], demand, reach)
    total = float(capacity.sum())
    used = stations["utilisation"].dropna().to_numpy(dtype=float)
    spread = np.percentile(used, _SPREAD) if len(used) else np.full(len(_SPREAD), np.nan)
    return {
        "mean_utilisation": float(stations["load_kwh_day"].sum()) / total if total else np.nan,
        **{
            f"utilisation_p{rank}": float(value)
            for rank, value in zip(_SPREAD, spread, strict=True)
        },
        "overloaded_sites": float((asked > capacity + _KWH_SLACK).sum()),
    }


def fairness(zones: gpd.GeoDataFrame) -> dict[str, float]:
    """Return the Gini coefficient of chargers over the people of the zones.

    Zones without a number of people, or with nobody, have no chargers per person: they are left
    out and counted in ``zones_without_people``.
    """
    people = zones["population"].to_numpy(dtype=float)
    known = people > 0
    chargers = zones["chargers"].to_numpy(dtype=float)
    return {
        "access_gini": gini(chargers[known], people[known]),
        "zones_without_people": float((~known).sum()),
    }


def gini(supply: Floats, people: Floats) -> float:
    """Return the Gini coefficient of a supply over groups of people.

    Twice the area between the Lorenz curve and the diagonal, groups in order of supply a
    head: ``1 - sum_k (P_k - P_{k-1}) (S_k + S_{k-1})`` with cumulated shares P of people and
    S of supply. 0: the same for everybody; near 1: all for a few.

    Parameters
    ----------
    supply
        Of each group, e.g. chargers.
    people
        Of each group, above 0.

    Returns
    -------
    float
        NaN with fewer than two groups, or nothing to share out.

    References
    ----------
    Delbosc and Currie, "Using Lorenz curves to assess public transport equity", Journal of
    Transport Geography 19 (2011).

    Examples
    --------
    >>> gini(np.array([10.0, 20.0]), np.array([1000.0, 2000.0]))
    0.0
    >>> gini(np.array([0.0, 30.0]), np.array([1000.0, 1000.0]))
    0.5
    """
    if len(people) < _FEWEST_ZONES or supply.sum() <= 0:
        return float("nan")
    order = np.argsort(supply / people, kind="stable")
    head = np.cumsum(people[order]) / people.sum()
    got = np.cumsum(supply[order]) / supply.sum()
    area = float((np.diff(head, prepend=0.0) * (got + np.r_[0.0, got[:-1]])).sum())
    return min(max(1.0 - area, 0.0), 1.0)


def weighted_percentile(values: Floats, weights: Floats, share: float) -> float:
    """Return the least value that a share of the weight does not exceed; NaN if unknown.

    Examples
    --------
    >>> weighted_percentile(np.array([900.0, 100.0]), np.array([1.0, 9.0]), 0.9)
    100.0
    """
    total = float(weights.sum())
    if total <= 0 or bool(np.isnan(values).any()):
        return float("nan")
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    first = int(np.searchsorted(reached, share * total * (1 - 1e-12)))
    return float(values[order[min(first, len(order) - 1)]])


def mean_of(values: pd.Series | Floats, weights: Floats) -> float:
    """Return the weighted mean; NaN where nothing weighs."""
    total = float(weights.sum())
    return float(np.asarray(values, dtype=float) @ weights) / total if total > 0 else float("nan")


def _nearest_load(site_id: pd.Series, demand: gpd.GeoDataFrame, reach: pd.DataFrame) -> Floats:
    """Return the energy of the demand points nearest to each station, kWh/day."""
    near = reach[reach["site_id"].isin(site_id)].astype({"demand_id": "str", "site_id": "str"})
    near = near.sort_values(["demand_id", "distance_m", "site_id"], kind="stable")
    near = near.drop_duplicates("demand_id")
    energy = near["demand_id"].map(demand.set_index("demand_id")["kwh_day"])
    load = energy.groupby(near["site_id"]).sum()
    return load.reindex(site_id, fill_value=0.0).to_numpy(dtype=float)
