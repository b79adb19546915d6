"""Pairs in reach: from ids to positions."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from siting.errors import TableError

if TYPE_CHECKING:
    from siting.arrays import Flags, Floats, Ints, Names

_SHOWN = 5


class Reach(NamedTuple):
    """Pairs in reach: positions of demand and site, metres along the road, seconds."""

    demand: Ints
    site: Ints
    distance_m: Floats
    time_s: Floats


def pairs_of(
    reach: pd.DataFrame, demand_id: pd.Series, site_id: pd.Series, usable: Flags, cutoff_m: float
) -> Reach:
    """Return positions, distance and time of the pairs of usable sites, sorted by demand, site."""
    demand = _codes(reach["demand_id"], demand_id.to_numpy(dtype=object))
    if (demand < 0).any():
        unknown = reach["demand_id"][demand < 0].astype(object).unique()
        refuse_unknown(np.asarray(unknown, dtype=object), "demand", "demand_id")
    site = _codes(reach["site_id"], site_id.to_numpy(dtype=object))
    distance = reach["distance_m"].to_numpy(dtype=float)
    seconds = reach["time_s"].to_numpy(dtype=float)
    keep = (site >= 0) & (distance <= cutoff_m)
    keep[keep] = usable[site[keep]]
    demand, site, distance, seconds = demand[keep], site[keep], distance[keep], seconds[keep]
    order = np.lexsort((distance, site, demand))
    demand, site, distance = demand[order], site[order], distance[order]
    seconds = seconds[order]
    first = np.ones(len(demand), dtype=bool)
    first[1:] = (demand[1:] != demand[:-1]) | (site[1:] != site[:-1])
    return Reach(demand[first], site[first], distance[first], seconds[first])


def _codes(column: pd.Series, ids: Names) -> Ints:
    """Return the position of each row's id; -1 where the id is not among ``ids``."""
    values = column.astype("category")
    table = pd.Index(ids).get_indexer(pd.Index(values.cat.categories).astype(object))
    return np.append(table, -1).astype(np.int32)[values.cat.codes.to_numpy()]


def positions(column: pd.Series, ids: Names, table: str, name: str) -> Ints:
    """Return the position of each row's id; refuse ids that are not among ``ids``."""
    codes = _codes(column, ids)
    refuse_unknown(column.to_numpy(dtype=object)[codes < 0], "zones", name, user=table)
    return codes


def refuse_unknown(missing: Names, table: str, column: str, *, user: str = "") -> None:
    """Refuse ids that one table names and another lacks."""
    if not len(missing):
        return
    shown = ", ".join(str(value) for value in sorted(set(missing), key=str)[:_SHOWN])
    raise TableError(
        f"table '{table}' lacks {len(set(missing))} {column}(s) that other tables name: {shown}",
        where=user or "build_problem",
        cure="make both tables from the same run",
    )
