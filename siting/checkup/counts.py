"""What was counted on the way to the sites: map, names, snapping, people, demand, each zone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    import geopandas as gpd

    from siting.notes import Note


UNCOVERED = "uncovered"


def note_value(notes: tuple[Note, ...], key: str, field: str) -> int:
    """Return a number that a stage told in a note; 0 where it had nothing to tell."""
    return next((int(dict(note.values)[field]) for note in notes if note.key == key), 0)


def counts_by(values: pd.Series) -> dict[str, int]:
    """Return how often each value stands, by its name."""
    counted = values.value_counts().sort_index()
    return {str(key): int(count) for key, count in counted.items()}


def snapping(sites: gpd.GeoDataFrame, too_far: int) -> dict[str, float | int | None]:
    """Return how far the sites are from their road nodes (m); None without a site."""
    far = sites["snap_m"]
    if far.empty:
        return {"median": None, "p95": None, "most": None, "too_far": too_far}
    return {
        "median": round(float(far.median()), 1),
        "p95": round(float(far.quantile(0.95)), 1),
        "most": round(float(far.max()), 1),
        "too_far": too_far,
    }


def names(places: gpd.GeoDataFrame, sites: gpd.GeoDataFrame) -> dict[str, int]:
    """Return how many places and sites bear no name, and how many sites share theirs."""
    return {
        "places": len(places),
        "places_nameless": int(_nameless(places["name"]).sum()),
        "sites": len(sites),
        "sites_nameless": int(_nameless(sites["name"]).sum()),
        "sites_sharing_a_name": int(
            sites.loc[~_nameless(sites["name"]), "name"].duplicated(keep=False).sum()
        ),
    }


def existing(stations: gpd.GeoDataFrame, sites: gpd.GeoDataFrame) -> dict[str, int]:
    """Return what stands already; chargers of unknown number are estimated in the sites."""
    unknown = stations["chargers"].isna() & ~stations["swap"].astype(bool)
    return {
        "stations": int(sites["existing_station"].sum()),
        "chargers": int(sites["existing_chargers"].sum()),
        "swap_stations": int(sites["existing_swap"].sum()),
        "chargers_unknown": int(unknown.sum()),
    }


def people(zones: gpd.GeoDataFrame) -> dict[str, dict[str, Any]]:
    """Return zones and people by the quality of the figure; people without one are missing."""
    grouped = zones.groupby("population_quality")["population"]
    return {
        str(name): {
            "zones": len(some),
            "people": float(some.sum()) if some.notna().any() else None,
        }
        for name, some in grouped
    }


def demand(table: gpd.GeoDataFrame, reach: pd.DataFrame) -> dict[str, Any]:
    """Return the demand by kind and quality, and what no site is in reach of (kWh a day)."""
    need = float(table["kwh_day"].sum())
    far = float(table.loc[_out_of_reach(table, reach), "kwh_day"].sum())
    return {
        "points": len(table),
        "kwh_day": round(need, 1),
        "by_kind": _sums(table, "kind", "kwh_day"),
        "by_quality": _sums(table, "quality", "people"),
        "out_of_reach_kwh_day": round(far, 1),
        "out_of_reach_share": round(far / need, 4) if need else None,
    }


def by_zone(
    zones: gpd.GeoDataFrame,
    screening: pd.DataFrame,
    sites: gpd.GeoDataFrame,
    table: gpd.GeoDataFrame,
    reach: pd.DataFrame,
) -> list[dict[str, Any]]:
    """Return each zone with its people, its steps of the screening, its sites and its demand.

    Parameters
    ----------
    zones, sites, table, reach
        ``tables.ZONES``, ``SITES``, ``DEMAND`` and ``REACH``.
    screening
        Attribute ``by_zone`` of the candidates.
    """
    steps = screening.set_index("zone_id")
    need = table.groupby("zone_id")["kwh_day"].sum()
    far = table[_out_of_reach(table, reach)].groupby("zone_id")["kwh_day"].sum()
    verdicts = pd.crosstab(sites["zone_id"], sites["verdict"])
    standing = sites.groupby("zone_id")["existing_station"].sum()
    rows = []
    for zone in zones.sort_values("zone_id").to_dict("records"):
        key = zone["zone_id"]
        kwh_day, out = float(need.get(key, 0.0)), float(far.get(key, 0.0))
        rows.append(
            {
                "zone_id": str(key),
                "name": str(zone["name"]),
                "people": None if pd.isna(zone["population"]) else float(zone["population"]),
                "people_quality": str(zone["population_quality"]),
                "steps": {str(step): int(steps.loc[key, step]) for step in steps.columns},
                "sign_off": _cell(verdicts, key, "sign_off"),
                "stop": _cell(verdicts, key, "stop"),
                "existing_stations": int(standing.get(key, 0)),
                "kwh_day": round(kwh_day, 1),
                "out_of_reach_kwh_day": round(out, 1),
                "out_of_reach_share": round(out / kwh_day, 4) if kwh_day else None,
            }
        )
    return rows


def _nameless(name: pd.Series) -> pd.Series:
    return name.isna() | name.astype("str").str.strip().eq("")


def _out_of_reach(table: gpd.GeoDataFrame, reach: pd.DataFrame) -> pd.Series:
    return ~table["demand_id"].isin(reach["demand_id"].unique())


def _sums(table: gpd.GeoDataFrame, by: str, column: str) -> dict[str, float]:
    sums = table.groupby(by)[column].sum()
    return {str(name): round(float(value), 1) for name, value in sums.items()}


def _cell(table: pd.DataFrame, row: str, column: str) -> int:
    return int(table[column].get(row, 0)) if column in table.columns else 0
