"""Rows of a plan as the cells of a handout's tables, every one a text."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from siting.outputs.handouts.columns import (
    FIRST,
    FOR_SWAPS,
    RESTRICTED,
    SUMMED,
    TO_FILL,
    Column,
    layout,
    values,
)

if TYPE_CHECKING:
    import geopandas as gpd

    from siting.notes import Say
    from siting.outputs.handouts.bodies import Body
    from siting.plan.plan import Plan


_MAY_BE_EMPTY = frozenset({"priority", "reason", "due", "short"})
_SWAP_COLUMNS = ("no", "name", "kind", "zone", "lonlat", "new")
HYDROGEN_KEYS = (*_SWAP_COLUMNS, "verdict")
"""Columns of hydrogen stations: nothing else is known of them."""


@dataclass(frozen=True)
class Table:
    """A table of a handout: columns with headers, cells as text, sums by column."""

    columns: tuple[Column, ...]
    headers: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    sums: tuple[str, ...]


def station_keys(body: Body) -> tuple[str, ...]:
    """Return the columns of a body's stations."""
    keys = [*FIRST, *(key for key in body.columns if key not in FIRST)]
    if body.zone_id is not None:
        keys.remove("zone")
    return tuple(key for key in keys if body.restricted or key not in RESTRICTED)


def swap_keys(body: Body) -> tuple[str, ...]:
    """Return the columns of a body's swap stations."""
    own = [key for key in body.columns if key in FOR_SWAPS]
    return (*_SWAP_COLUMNS, *(key for key in own if body.restricted or key not in RESTRICTED))


def make_clusters(sites: gpd.GeoDataFrame, swaps: gpd.GeoDataFrame, say: Say) -> Table | None:
    """Return stations and power by substation; the last row is where none is known."""
    wanted = ["substation_id", "power_kw", "kva", "drawn_kw", "headroom_kw"]
    if not set(wanted) <= set(sites.columns):
        return None
    rows = pd.concat([pd.DataFrame(frame)[[name for name in wanted if name in frame.columns]]
                      for frame in (sites, swaps)])  # fmt: skip
    groups = rows.groupby(rows["substation_id"].fillna(""), sort=True)
    sums = groups[["power_kw", "kva", "drawn_kw"]].sum()
    free = groups["headroom_kw"].first()
    columns = tuple(
        layout(key) for key in ("substation", "count", "power_kw", "kva", "drawn", "free")
    )
    cells = [
        (
            str(name) or say("handout.unknown"),
            f"{len(groups.get_group(name)):,}",
            *(f"{sums.loc[name, key]:,.0f}" for key in ("power_kw", "kva", "drawn_kw")),
            say("handout.unknown") if pd.isna(free[name]) else f"{free[name]:,.0f}",
        )
        for name in sums.index
    ]
    total = (say("handout.sum"), f"{len(rows):,}", *(f"{sums[key].sum():,.0f}" for key in sums), "")
    return Table(columns, tuple(say(f"column.{one.key}") for one in columns), tuple(cells), total)


def make_table(
    plan: Plan, rows: gpd.GeoDataFrame, keys: tuple[str, ...], prefix: str, say: Say
) -> Table | None:
    """Return rows of the plan as a table, numbered behind a prefix; None where there are none."""
    if rows.empty:
        return None
    columns, headers, cells, sums = [], [], [], []
    for key in keys:
        column = layout(key)
        if key == "no":
            given: list[Any] | None = [f"{prefix}{place}" for place in range(1, len(rows) + 1)]
        else:
            given = values(plan, key, rows, say)
        if given is None:
            continue
        columns.append(column)
        headers.append(say(f"column.{key}"))
        cells.append([_text(value, column, say, blank=key in TO_FILL) for value in given])
        known = [value for value in given if isinstance(value, int | float)]
        whole = key in SUMMED and bool(known)
        sums.append(_text(sum(known), column, say, blank=False) if whole else "")
    sums[0] = say("handout.sum")
    rows_of_cells = tuple(zip(*cells, strict=True))
    return Table(tuple(columns), tuple(headers), rows_of_cells, tuple(sums))


def _text(value: Any, column: Column, say: Say, *, blank: bool) -> str:  # noqa: ANN401  # a cell
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "" if blank or column.key in _MAY_BE_EMPTY else say("handout.unknown")
    if column.digits is None or isinstance(value, str):
        return str(value)
    return f"{value:,.{column.digits}f}"
