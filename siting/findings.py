"""What a plan would rest on, counted before any solving (``siting check``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from siting.plan import Note


def findings(
    *,
    report: dict[str, Any],
    screening: tuple[tuple[str, int], ...],
    sites: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame,
    demand: gpd.GeoDataFrame,
    reach: pd.DataFrame,
    notes: tuple[Note, ...],
) -> dict[str, Any]:
    """Return counts and doubts as JSON types.

    Parameters
    ----------
    report
        What loading the map counted.
    screening
        Steps from places to candidate sites.
    sites, zones, demand, reach
        As in :mod:`siting.tables`.
    notes
        Remarks of the stages.
    """
    in_reach = demand["demand_id"].isin(reach["demand_id"].unique())
    need = float(demand["kwh_day"].sum())
    out_of_reach = float(demand.loc[~in_reach, "kwh_day"].sum())
    quality = zones.groupby("population_quality")["population"].agg(["size", "sum"])
    return {
        "map": report,
        "screening": [{"step": step, "count": int(count)} for step, count in screening],
        "sites_by_kind": _counts(sites["kind"]),
        "sites_by_verdict": _counts(sites["verdict"]),
        "snap_m": {
            "median": round(float(sites["snap_m"].median()), 1),
            "p95": round(float(sites["snap_m"].quantile(0.95)), 1),
            "most": round(float(sites["snap_m"].max()), 1),
        },
        "people_by_quality": {
            str(name): {"zones": int(row["size"]), "people": float(row["sum"])}
            for name, row in quality.iterrows()
        },
        "existing": {
            "stations": int(sites["existing_station"].sum()),
            "chargers": int(sites["existing_chargers"].sum()),
            "swap_stations": int(sites["existing_swap"].sum()),
        },
        "demand": {
            "points": len(demand),
            "kwh_day": round(need, 1),
            "by_kind": {
                str(kind): round(float(energy), 1)
                for kind, energy in demand.groupby("kind")["kwh_day"].sum().items()
            },
            "by_quality": {
                str(quality): round(float(people), 1)
                for quality, people in demand.groupby("quality")["people"].sum().items()
            },
            "out_of_reach_share": round(out_of_reach / need, 4) if need else None,
        },
        "pairs_in_reach": len(reach),
        "notes": [
            {"key": note.key, "values": dict(note.values)}  # a field of ours
            for note in notes
        ],
    }


def _counts(values: pd.Series) -> dict[str, int]:
    counted = values.value_counts().sort_index()
    return {str(key): int(count) for key, count in counted.items()}
