"""Totals of a plan by regime, and the other way round: what counts is not settled by the policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from siting.analysis.station.chargers import Chargers

POOLS = ("A", "B", "C")
_PREFIX = "chargers_"
_SHARED = ("residential",)
"""Kinds whose bays are shared by those who live there: public in the wide sense only."""


def count_pools(stations: pd.DataFrame, candidates: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Return stations, chargers and candidates by regime of the policy."""
    free = candidates[candidates["verdict"] != "stop"]
    return {
        pool: {
            "stations": int((stations["pool"] == pool).sum()),
            "chargers": int(stations.loc[stations["pool"] == pool, "chargers"].sum()),
            "candidates": int((free["pool"] == pool).sum()),
        }
        for pool in POOLS
    }


def count_otherwise(
    stations: pd.DataFrame,
    swaps: pd.DataFrame,
    zones: gpd.GeoDataFrame,
    chargers: Chargers,
    *,
    unit: str,
) -> dict[str, Any]:
    """Return the totals under each reading of the policy.

    Parameters
    ----------
    stations, swaps, zones
        As of a plan.
    chargers
        Classes of chargers, with the guns of a pile.
    unit
        What the plan counts: ``pile`` or ``gun``.

    Returns
    -------
    dict
        ``piles`` and ``guns``: chargers either way; the classes of existing stations are
        estimated, so the one the plan does not count is an estimate. ``by_body``: stations,
        chargers and swap stations in the zones that each body runs (None: nobody says).
        ``without_shared``: the totals without stations in homes' compounds.
    """
    names = [name for name in chargers.classes.index if f"{_PREFIX}{name}" in stations.columns]
    guns = chargers.classes.loc[names, "guns"].to_numpy(dtype=np.int64)
    by_class = stations[[f"{_PREFIX}{name}" for name in names]].to_numpy(dtype=np.int64)
    counted = int(by_class.sum())
    other = int((by_class * guns).sum() if unit == "pile" else np.ceil(by_class / guns).sum())
    body = zones.set_index("zone_id")["managed_by"]
    open_to_all = ~stations["kind"].isin(_SHARED)
    return {
        "piles": counted if unit == "pile" else other,
        "guns": other if unit == "pile" else counted,
        "by_body": _by_body(stations, swaps, body),
        "without_shared": {
            "stations": int(open_to_all.sum()),
            "chargers": int(stations.loc[open_to_all, "chargers"].sum()),
        },
    }


def _by_body(stations: pd.DataFrame, swaps: pd.DataFrame, body: pd.Series) -> list[dict[str, Any]]:
    """Return a row for each body, the unknown one last."""
    at, swap_at = stations["zone_id"].map(body), swaps["zone_id"].map(body)
    names: list[str | None] = [*sorted(set(body.dropna())), *([None] if body.isna().any() else [])]
    rows = []
    for name in names:
        here = at.isna() if name is None else at == name
        swap_here = swap_at.isna() if name is None else swap_at == name
        rows.append(
            {
                "managed_by": name,
                "stations": int(here.sum()),
                "chargers": int(stations.loc[here, "chargers"].sum()),
                "swap_stations": int(swap_here.sum()),
            }
        )
    return rows
