"""From a solution on ids to the tables and the totals of a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from siting.plan.parts import BodyCount, OpenCount, OtherTotals, PoolCount
from siting.tables.fields import TOTALS

if TYPE_CHECKING:
    import geopandas as gpd

    from siting.analysis.station.chargers import Chargers
    from siting.optimize.search.solve import Solution


QUALITIES = ("counted", "spread", "estimated")
"""How well people are known in their place, from the best to the worst."""

POOLS = ("A", "B", "C")
"""Regimes of the policy: new build, existing places, communities."""

DRAWN_ROADS = (
    "motorway", "motorway_link", "trunk", "trunk_link", "primary", "secondary", "tertiary",
)  # fmt: skip


def candidate_table(
    sites: gpd.GeoDataFrame, scores: pd.DataFrame, solution: Solution
) -> gpd.GeoDataFrame:
    """Return every candidate with its score and whether it was chosen."""
    result = sites.merge(scores, on="site_id", how="left", validate="one_to_one")
    result["chosen"] = result["site_id"].isin(list(solution.chargers))
    return result.sort_values("site_id", kind="stable", ignore_index=True)


def station_table(candidates: gpd.GeoDataFrame, solution: Solution) -> gpd.GeoDataFrame:
    """Return the open stations with their chargers, load and use."""
    sites = candidates[candidates["chosen"]].drop(columns="chosen").reset_index(drop=True)
    sites["chargers"] = sites["site_id"].map(solution.chargers).astype("int64")
    load = solution.assignments.groupby("site_id", observed=True)["kwh_day"].sum()
    sites["load_kwh_day"] = load.reindex(sites["site_id"], fill_value=0.0).to_numpy(dtype=float)
    capacity = (sites["chargers"] * sites["kwh_day_per_charger"]).to_numpy(dtype=float)
    loaded = sites["load_kwh_day"].to_numpy(dtype=float)
    sites["utilisation"] = np.divide(
        loaded, capacity, out=np.full(len(sites), np.nan), where=capacity > 0
    )
    sites["is_new"] = ~sites["existing_station"]
    sites["swap"] = sites["site_id"].isin(solution.swap_ids)
    return sites


def swap_table(candidates: gpd.GeoDataFrame, solution: Solution) -> gpd.GeoDataFrame:
    """Return the swap stations."""
    chosen = candidates[candidates["site_id"].isin(solution.swap_ids)]
    names = [
        "site_id", "kind", "name", "zone_id", "existing_swap", "existing_kw", "existing_chargers",
        "geometry",
    ]  # fmt: skip
    result = chosen[names].copy()
    result.insert(4, "is_new", ~result.pop("existing_swap"))
    return result.reset_index(drop=True)


def travel_times(assignments: pd.DataFrame, reach: pd.DataFrame) -> pd.DataFrame:
    """Return the assignments with ``time_s``, the time of each trip (s); NaN where unknown."""
    ids = ["demand_id", "site_id"]
    some = reach[reach["site_id"].isin(assignments["site_id"].unique())]
    some = some.sort_values("distance_m", kind="stable").astype(dict.fromkeys(ids, "str"))
    return assignments.merge(
        some.drop_duplicates(ids)[[*ids, "time_s"]], on=ids, how="left", validate="one_to_one"
    )


def occasion_times(assignments: pd.DataFrame, ways: pd.DataFrame) -> pd.DataFrame:
    """Return the assignments with ``time_s``, by the way of their occasion.

    Parameters
    ----------
    assignments
        Who is served where, with ``occasion``.
    ways
        Result of :func:`siting.analysis.demand.occasion_ways.occasion_ways`.
    """
    ids = ["demand_id", "occasion", "site_id"]
    some = ways[ways["site_id"].isin(assignments["site_id"].unique())]
    some = some[[*ids, "time_s"]].astype(dict.fromkeys(ids, "str"))
    return assignments.merge(some, on=ids, how="left", validate="one_to_one")


def zone_table(
    zones: gpd.GeoDataFrame,
    stations: gpd.GeoDataFrame,
    swaps: gpd.GeoDataFrame,
    demand: gpd.GeoDataFrame,
    assignments: pd.DataFrame,
) -> gpd.GeoDataFrame:
    """Return the zones with what stands in each, and the demand needed and served there."""
    served = assignments.groupby("demand_id", observed=True)["kwh_day"].sum()
    by_point = demand["demand_id"].map(served).fillna(0.0)
    columns = {
        "stations": stations["zone_id"].value_counts(),
        "chargers": stations.groupby("zone_id")["chargers"].sum(),
        "swap_stations": swaps["zone_id"].value_counts(),
        **{
            f"stations_pool_{pool.lower()}": stations.loc[
                stations["pool"] == pool, "zone_id"
            ].value_counts()
            for pool in POOLS
        },
        "demand_kwh_day": demand.groupby("zone_id")["kwh_day"].sum(),
        "served_kwh_day": by_point.groupby(demand["zone_id"]).sum(),
    }
    result = zones.sort_values("zone_id", kind="stable", ignore_index=True)
    result["demand_quality"] = result["zone_id"].map(_worst_quality(demand))
    for name, values in columns.items():
        filled = values.reindex(result["zone_id"], fill_value=0).to_numpy()
        whole = "stations" in name or name == "chargers"
        result[name] = filled.astype("int64" if whole else "float64")
    return result


def _worst_quality(demand: gpd.GeoDataFrame) -> pd.Series:
    """Return by zone how well the people there are known: the worst of its points' qualities."""
    homes = demand[demand["kind"] == "home"]
    rank = homes["quality"].map({name: rank for rank, name in enumerate(QUALITIES)})
    return rank.groupby(homes["zone_id"]).max().map(dict(enumerate(QUALITIES)))


def short_zones(zones: gpd.GeoDataFrame, floor: int, language: str) -> list[str]:
    """Return the names of the zones with fewer stations than each should have."""
    short = zones[zones["stations"] < floor]
    names = short["name"] if language == "zh" else short["name_en"].fillna(short["name"])
    return sorted(str(name) for name in names)


def road_table(edges: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the main roads to draw, one line a road section, whichever way it is driven."""
    main = edges[edges["road_class"].isin(DRAWN_ROADS)]
    ends = np.sort(main[["from_node", "to_node"]].to_numpy(), axis=1)
    key = pd.DataFrame(
        {"a": ends[:, 0], "b": ends[:, 1], "length": main["length_m"].round(1).to_numpy()}
    )
    single = main[~key.duplicated().to_numpy()]
    return single[["road_class", "name", "ref", "geometry"]].reset_index(drop=True)


def count_totals(stations: gpd.GeoDataFrame, swaps: gpd.GeoDataFrame) -> dict[str, int]:
    """Count stations, chargers and swap stations: all, existing and new."""
    kept = int(stations["existing_chargers"].sum())
    count = (len(stations), int(stations["chargers"].sum()), len(swaps))
    stand = (int((~stations["is_new"]).sum()), kept, int((~swaps["is_new"]).sum()))
    totals = dict(zip(TOTALS, count, strict=True))
    totals |= {f"existing_{key}": number for key, number in zip(TOTALS, stand, strict=True)}
    for key in TOTALS:
        totals[f"new_{key}"] = totals[key] - totals[f"existing_{key}"]
    return totals


_PREFIX = "chargers_"
_SHARED = ("residential",)
"""Kinds whose bays are shared by those who live there: public in the wide sense only."""


def count_pools(stations: pd.DataFrame, candidates: pd.DataFrame) -> dict[str, PoolCount]:
    """Return stations, chargers and candidates by regime of the policy."""
    free = candidates[candidates["verdict"] != "stop"]
    return {
        pool: PoolCount(
            stations=int((stations["pool"] == pool).sum()),
            chargers=int(stations.loc[stations["pool"] == pool, "chargers"].sum()),
            candidates=int((free["pool"] == pool).sum()),
        )
        for pool in POOLS
    }


def count_otherwise(
    stations: pd.DataFrame,
    swaps: pd.DataFrame,
    zones: gpd.GeoDataFrame,
    chargers: Chargers,
    *,
    unit: str,
) -> OtherTotals:
    """Return the totals under each reading of the policy.

    Parameters
    ----------
    stations, swaps, zones
        As of a plan.
    chargers
        Classes of chargers, with the guns of a pile.
    unit
        What the plan counts: ``pile`` or ``gun``.
    """
    names = [name for name in chargers.classes.index if f"{_PREFIX}{name}" in stations.columns]
    guns = chargers.classes.loc[names, "guns"].to_numpy(dtype=np.int64)
    by_class = stations[[f"{_PREFIX}{name}" for name in names]].to_numpy(dtype=np.int64)
    counted = int(by_class.sum())
    other = int((by_class * guns).sum() if unit == "pile" else np.ceil(by_class / guns).sum())
    body = zones.set_index("zone_id")["managed_by"]
    open_to_all = ~stations["kind"].isin(_SHARED)
    return OtherTotals(
        piles=counted if unit == "pile" else other,
        guns=other if unit == "pile" else counted,
        by_body=_by_body(stations, swaps, body),
        without_shared=OpenCount(
            stations=int(open_to_all.sum()),
            chargers=int(stations.loc[open_to_all, "chargers"].sum()),
        ),
    )


def _by_body(stations: pd.DataFrame, swaps: pd.DataFrame, body: pd.Series) -> tuple[BodyCount, ...]:
    """Return a row for each body, the unknown one last."""
    at, swap_at = stations["zone_id"].map(body), swaps["zone_id"].map(body)
    names: list[str | None] = [*sorted(set(body.dropna())), *([None] if body.isna().any() else [])]
    rows = []
    for name in names:
        here = at.isna() if name is None else at == name
        swap_here = swap_at.isna() if name is None else swap_at == name
        rows.append(
            BodyCount(
                managed_by=name,
                stations=int(here.sum()),
                chargers=int(stations.loc[here, "chargers"].sum()),
                swap_stations=int(swap_here.sum()),
            )
        )
    return tuple(rows)
