"""The columns and cells of a handout's tables, and which are left for the reader to fill in.

A column whose data the plan does not have is left out. A column that only the body itself can
fill stands empty and is marked so: nothing is invented.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from siting import geo
from siting.errors import ScenarioError
from siting.outputs.text.plan_lines import class_text

if TYPE_CHECKING:
    from collections.abc import Callable

    import geopandas as gpd

    from siting.notes import Say
    from siting.plan.plan import Plan

    Values = list[str | float | int | None]

    from siting.outputs.paper.bodies import Body


FIRST = ("no", "name", "kind", "zone", "lonlat", "priority")
"""Columns of every handout, before its own."""

TO_FILL = frozenset({
    "filing", "fund", "build_year", "batch", "direction", "holiday", "sight_class", "visitors",
    "land_use", "condition", "operator", "occupation", "green", "energising", "level", "hydrant",
    "inspection", "fire_unit", "maker", "verification", "road", "queue", "platform", "feed",
    "contact", "consent",
})  # fmt: skip
"""Columns only the reader can fill: no public source has them."""

RESTRICTED = frozenset({"substation"})
"""Columns for the grid company's eyes only (facts 7: no undisclosed facilities in public)."""

FOR_SWAPS = frozenset({"power_kw", "kva", "substation", "cost", "energising", "phase"})
"""Columns that a table of swap stations takes over from its body."""

SUMMED = frozenset({"chargers", "existing_chargers", "power_kw", "cost", "kva"})
"""Columns whose sum stands under the table."""

_DUE_KINDS = {"service_area": 0.1}
"""Share of bays due by kind: at least 10 % at expressway service areas (facts 3.2 [V 39])."""


@dataclass(frozen=True)
class Column:
    """One column: its key, its weight in the width, digits of its numbers (None: text)."""

    key: str
    weight: float
    digits: int | None = None


_LAYOUT: dict[str, Column] = {
    column.key: column
    for column in (
        Column("no", 0.55), Column("name", 3.2), Column("kind", 1.5), Column("zone", 1.5),
        Column("lonlat", 1.9), Column("priority", 0.7, 0), Column("new", 0.8),
        Column("chargers", 0.8, 0), Column("existing_chargers", 0.8, 0), Column("score", 0.8, 2),
        Column("owner", 1.9), Column("status", 1.2), Column("power_kw", 1.0, 0),
        Column("cost", 1.2, 0), Column("unit_cost", 1.1, 0), Column("phase", 0.8),
        Column("spaces", 0.9, 0), Column("due", 0.8, 0), Column("short", 0.8, 0),
        Column("verdict", 1.0),
        Column("reason", 3.2), Column("area", 1.0, 0), Column("coincidence", 0.8, 2),
        Column("kva", 0.9, 0), Column("substation", 1.8), Column("by_class", 1.6),
        Column("wait", 0.9, 1), Column("count", 0.8, 0), Column("drawn", 1.0, 0),
        Column("free", 1.0, 0),
    )
}  # fmt: skip
_BLANK_WEIGHT = 1.3


def layout(key: str) -> Column:
    """Return how a column is laid out."""
    return _LAYOUT.get(key, Column(key, _BLANK_WEIGHT))


def values(
    plan: Plan, key: str, rows: gpd.GeoDataFrame, say: Say
) -> Values | None:  # one return a kind of column
    """Return the cells of a column, or None if the plan has no data for it.

    Parameters
    ----------
    plan
        The plan.
    key
        Key of the column.
    rows
        Rows of ``plan.sites`` or ``plan.swap_sites``, in the order of the table.
    say
        Words.

    Returns
    -------
    list
        Text, a number, or None where the plan does not know.
    """
    if key in TO_FILL:
        return [None] * len(rows)
    if key in _PLAIN:
        return _plain(rows, _PLAIN[key])
    if key in _MADE:
        return _MADE[key](plan, rows, say)
    raise ScenarioError(
        f"no handout has a column '{key}'",
        where="handouts.bodies",
        cure=f"one of: {', '.join(sorted({*TO_FILL, *_PLAIN, *_MADE}))}",
    )


_PLAIN = {
    "name": "name", "priority": "priority", "chargers": "chargers", "score": "score",
    "existing_chargers": "existing_chargers", "owner": "owner", "power_kw": "power_kw",
    "cost": "cost_cny", "spaces": "spaces", "reason": "reason",
    "area": "area_m2", "short": "short_bays", "kva": "kva", "wait": "wait_min",
    "substation": "substation_id",
}  # fmt: skip
"""Columns that stand in the plan as they are."""


def _plain(rows: gpd.GeoDataFrame, name: str) -> Values | None:
    if name not in rows.columns:
        return None
    return [None if pd.isna(value) else value for value in rows[name].tolist()]


def _kind(_plan: Plan, rows: gpd.GeoDataFrame, say: Say) -> Values:
    return [say(f"kind.{kind}") for kind in rows["kind"]]


def _zone(plan: Plan, rows: gpd.GeoDataFrame, _say: Say) -> Values:
    names = plan.zones.set_index("zone_id")["name"]
    return [names.get(zone_id) for zone_id in rows["zone_id"]]


def _new(_plan: Plan, rows: gpd.GeoDataFrame, say: Say) -> Values:
    return [say("handout.new" if new else "handout.existing") for new in rows["is_new"]]


def _status(_plan: Plan, rows: gpd.GeoDataFrame, say: Say) -> Values:
    if "verdict" not in rows.columns:
        return [None] * len(rows)
    return [say("handout.stands") if not new else say(f"verdict.{verdict}")
            for new, verdict in zip(rows["is_new"], rows["verdict"], strict=True)]  # fmt: skip


def _phase(_plan: Plan, rows: gpd.GeoDataFrame, say: Say) -> Values | None:
    if "phase" not in rows.columns:
        return None
    return [say("handout.existing") if pd.isna(year) else f"{year:.0f}" for year in rows["phase"]]


def _verdict(_plan: Plan, rows: gpd.GeoDataFrame, say: Say) -> Values | None:
    if "verdict" not in rows.columns:
        return None
    return [say(f"verdict.{verdict}") for verdict in rows["verdict"]]


def _lonlat(_plan: Plan, rows: gpd.GeoDataFrame, _say: Say) -> Values:
    degrees = rows.geometry.to_crs(geo.WGS84)
    return [f"{lon:.5f}, {lat:.5f}" for lon, lat in zip(degrees.x, degrees.y, strict=True)]


def _unit_cost(_plan: Plan, rows: gpd.GeoDataFrame, _say: Say) -> Values | None:
    if not {"cost_cny", "chargers", "existing_chargers"} <= set(rows.columns):
        return None
    added = (rows["chargers"] - rows["existing_chargers"]).to_numpy(dtype=float)
    cost = rows["cost_cny"].to_numpy(dtype=float)
    known = (added > 0) & np.isfinite(cost)
    return [c / a if k else None for c, a, k in zip(cost, added, known, strict=True)]


def _due(_plan: Plan, rows: gpd.GeoDataFrame, _say: Say) -> Values:
    """Return bays due: what a building project owes, else the share of the kind's bays."""
    owed = rows.get("due_bays", pd.Series(np.nan, index=rows.index))
    share = rows["kind"].map(_DUE_KINDS).astype(float)
    by_kind = np.ceil(share * rows.get("spaces", np.nan) - 1e-9)
    return [None if pd.isna(due) else float(due) for due in owed.fillna(by_kind)]


def _by_class(plan: Plan, rows: gpd.GeoDataFrame, say: Say) -> Values | None:
    names = [name for name in plan.charger_classes if f"chargers_{name}" in rows.columns]
    if not names:
        return None
    counts = rows[[f"chargers_{name}" for name in names]].to_numpy(dtype=float)
    return [class_text(dict(zip(names, row, strict=True)), say) for row in counts.tolist()]


def _coincidence(plan: Plan, rows: gpd.GeoDataFrame, _say: Say) -> Values | None:
    share = plan.scenario.get("model", {}).get("coincidence")
    return None if share is None else [float(share)] * len(rows)


_MADE: dict[str, Callable[[Plan, gpd.GeoDataFrame, Say], Values | None]] = {
    "kind": _kind, "zone": _zone, "new": _new, "status": _status, "verdict": _verdict,
    "lonlat": _lonlat, "unit_cost": _unit_cost, "due": _due, "by_class": _by_class,
    "coincidence": _coincidence, "phase": _phase,
}  # fmt: skip


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
