"""Who gets a handout: the bodies of the scenario, and every township.

A policy names bodies and assigns no kind of site to any of them. Which sites and columns a
body sees is a proposal (``handouts.bodies``, else ``data/handout_bodies.csv``) and is called so
on every page.

A column whose data the plan does not have is left out. A column that only the body itself can
fill stands empty and is marked so: nothing is invented.
"""

from __future__ import annotations

import csv
import difflib
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from siting.errors import ScenarioError
from siting.plan.described import column, heading
from siting.plan.supply_figures import substation_kw
from siting.shipped import shipped_path
from siting.tables.fields import SWAP, fields

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd

    from siting.files import JsonObject
    from siting.notes import Say
    from siting.plan.plan import Plan


OVERVIEW = "overview"
UNCOVERED = "uncovered"
EVERYTHING = "*"
GRID = "grid"


@dataclass(frozen=True)
class Body:
    """One addressee of a handout.

    Attributes
    ----------
    key
        ``"overview"``, a body of the table, or ``"zone/<zone_id>"``.
    name_zh, name_en
        Its name; a township's comes from the zones.
    role
        ``lead14``, ``support14``, ``lead15``, ``support15``; empty for the overview.
    informed
        Kinds of site it sees beside those it is the owner of; ``"*"`` for all.
    swap, hydrogen
        Whether it sees the swap stations, and hydrogen stations where a plan has any.
    risk
        Whether it sees the sites that need a sign-off.
    columns
        Keys of :mod:`siting.tables.fields`, and of columns that only its readers can fill.
    restricted
        Whether its sheet carries data of the grid and must not be passed on.
    question_zh, question_en
        What its readers want to know.
    zone_id
        The township, if it is one.
    """

    key: str
    name_zh: str
    name_en: str
    role: str = ""
    informed: tuple[str, ...] = ()
    swap: bool = True
    hydrogen: bool = True
    risk: bool = False
    columns: tuple[str, ...] = ()
    restricted: bool = False
    question_zh: str = ""
    question_en: str = ""
    zone_id: str | None = None

    def name(self, language: str) -> str:
        """Return its name in ``"zh"``, ``"en"`` or ``"both"``."""
        if language == "both" and self.name_en and self.name_en != self.name_zh:
            return f"{self.name_zh} {self.name_en}"
        return (self.name_en or self.name_zh) if language == "en" else self.name_zh


_OVERVIEW_COLUMNS = (
    "zone_name", "state", "chargers", "existing_chargers", "power_kw", "score", "owner",
)  # fmt: skip
_ZONE_COLUMNS = ("state", "spaces", "chargers", "existing_chargers", "score", "owner", "reason",
                 "contact", "consent")  # fmt: skip


def all_bodies(plan: Plan) -> list[Body]:
    """Return everyone who gets a handout: overview, bodies, townships in the order of their ids.

    Sites that lie in no township get a sheet of their own, so that the sheets sum to the plan.
    """
    given = plan.scenario.get("handouts", {}).get("bodies") or _usual_bodies()
    named = [_with_grid(_body(row), plan.scenario.get("policy", {})) for row in given]
    overview = Body(OVERVIEW, "总览", "Overview", informed=(EVERYTHING,), columns=_OVERVIEW_COLUMNS)
    zones = plan.zones.sort_values("zone_id")
    english = zones["name_en"] if "name_en" in zones.columns else zones["name"]
    townships = [
        Body(f"zone/{zone_id}", name, other if isinstance(other, str) else name,
             informed=(EVERYTHING,), columns=_ZONE_COLUMNS, zone_id=zone_id)
        for zone_id, name, other in zip(zones["zone_id"], zones["name"], english, strict=True)
    ]  # fmt: skip
    return [overview, *named, *townships]


def _usual_bodies() -> list[JsonObject]:
    table = shipped_path("handout_bodies.csv").read_text(encoding="utf-8")
    split = ("informed", "also", "columns")
    return [
        row | {key: [part for part in row[key].split("|") if part] for key in split}
        for row in csv.DictReader(table.splitlines())
    ]


def _with_grid(body: Body, policy: JsonObject) -> Body:
    """Return the grid company under the name the scenario gives it."""
    zh, en = policy.get("grid_company_zh"), policy.get("grid_company_en")
    if body.key != GRID or not (zh or en):
        return body
    return replace(body, name_zh=zh or en or "", name_en=en or zh or "")


def _body(row: JsonObject) -> Body:
    return Body(
        key=row["body"],
        name_zh=row["name_zh"],
        name_en=row["name_en"],
        role=row["role"] or "body",
        informed=tuple(row["informed"]),
        swap="swap" in row["also"] or "risk" in row["also"],
        hydrogen="hydrogen" in row["also"],
        risk="risk" in row["also"],
        columns=tuple(row["columns"]),
        restricted=row["restricted"] == "yes",
        question_zh=row["question_zh"],
        question_en=row["question_en"],
    )


def find_body(bodies: Sequence[Body], name: str) -> Body:
    """Return the body of a name, in either language, a key or a zone's id.

    Raises
    ------
    ScenarioError
        If nobody is called so; names what is nearest.
    """
    for body in bodies:
        if name in {body.key, body.name_zh, body.name_en, body.zone_id}:
            return body
    names = [text for body in bodies for text in (body.name_zh, body.name_en, body.key)]
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.4) or names[:5]
    raise ScenarioError(
        f"nobody called '{name}' gets a handout",
        where=f"--for {name}",
        cure=f"nearest: {', '.join(near)}; siting handout RUN --list shows them all",
    )


FIRST = ("no", "name", "kind_name", "zone_name", "lonlat", "priority")
"""Columns of every handout, before its own."""

TO_FILL = frozenset({
    "filing", "fund", "build_year", "batch", "direction", "holiday", "visitors",
    "land_use", "condition", "operator", "occupation", "green", "energising", "level", "hydrant",
    "inspection", "fire_unit", "maker", "verification", "road", "queue", "platform", "feed",
    "contact", "consent",
})  # fmt: skip
"""Columns only the reader can fill: no public source has them."""

_SWAP_FIRST = ("no", "name", "kind_name", "zone_name", "lonlat", "state")
_FOR_SWAPS = frozenset({"energising"})
"""Columns to fill in that swap stations have too."""

HYDROGEN_KEYS = (*_SWAP_FIRST, "verdict_name")
"""Columns of hydrogen stations: nothing else is known of them."""

_COUNT = "count"
_CLUSTER = ("substation_id", _COUNT, "power_kw", "kva", "drawn_kw", "headroom_kw")
_BLANK_WEIGHT = 1.3


@dataclass(frozen=True)
class Column:
    """One column: its key, its weight in the width, digits of its numbers (None: text)."""

    key: str
    weight: float
    digits: int | None = None


_OF_THE_TABLE = {"no": Column("no", 0.55), _COUNT: Column(_COUNT, 0.8, 0)}
"""Columns that no plan has: the number in the sheet, and how many a row stands for."""


def layout(key: str) -> Column:
    """Return how a column is laid out.

    Raises
    ------
    KeyError
        If neither the plan nor the reader has such a column.
    """
    if key in TO_FILL:
        return Column(key, _BLANK_WEIGHT)
    if key in _OF_THE_TABLE:
        return _OF_THE_TABLE[key]
    field = fields().get(key)
    if field is None or field.width is None:
        there = [name for name, one in fields().items() if one.width is not None]
        raise ScenarioError(
            f"no handout has a column '{key}'",
            where="handouts.bodies",
            cure=f"one of: {', '.join(sorted({*there, *TO_FILL, *_OF_THE_TABLE}))}",
        )
    return Column(key, field.width, field.digits)


def _header(key: str, say: Say) -> str:
    own = key in TO_FILL or key in _OF_THE_TABLE
    return say(f"column.{key}") if own else heading(key, say)


def _values(plan: Plan, key: str, rows: gpd.GeoDataFrame, say: Say) -> list[Any] | None:
    """Return the cells of a column, each None where unknown; None if the plan has no data."""
    if key in TO_FILL:
        return [None] * len(rows)
    found = column(plan, rows, key, say)
    return None if found is None else [None if pd.isna(one) else one for one in found.tolist()]


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
        keys.remove("zone_name")
    return tuple(key for key in keys if _may_see(body, key))


def swap_keys(body: Body) -> tuple[str, ...]:
    """Return the columns of a body's swap stations: those of its own that these have too."""
    own = [key for key in body.columns if key not in _SWAP_FIRST and _of_swaps(key)]
    return (*_SWAP_FIRST, *(key for key in own if _may_see(body, key)))


def _of_swaps(key: str) -> bool:
    return key in _FOR_SWAPS or (key in fields() and SWAP.key in fields()[key].of)


def _may_see(body: Body, key: str) -> bool:
    """Whether a column is for a body's eyes (facts 7: no undisclosed facilities in public)."""
    return body.restricted or key not in fields() or not fields()[key].restricted


def make_clusters(
    plan: Plan, sites: gpd.GeoDataFrame, swaps: gpd.GeoDataFrame, say: Say
) -> Table | None:
    """Return stations and power by substation; the last row is where none is known.

    The new load is that of the substation: its stations do not all peak in the same minute
    (:func:`siting.plan.figures.substation_kw`).
    """
    wanted = [key for key in _CLUSTER if key != _COUNT]
    if not set(wanted) <= set(sites.columns):
        return None
    rows = pd.concat([pd.DataFrame(frame)[[name for name in wanted if name in frame.columns]]
                      for frame in (sites, swaps)])  # fmt: skip
    groups = rows.groupby(rows["substation_id"].fillna(""), sort=True)
    sums = groups[["power_kw", "kva"]].sum()
    diversity = plan.scenario.get("model", {}).get("diversity", 1.0)
    sums["drawn_kw"] = substation_kw(sites, swaps, diversity=diversity)
    free = groups["headroom_kw"].first()
    columns = tuple(layout(key) for key in _CLUSTER)
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
    return Table(columns, tuple(_header(key, say) for key in _CLUSTER), tuple(cells), total)


def make_table(
    plan: Plan, rows: gpd.GeoDataFrame, keys: tuple[str, ...], prefix: str, say: Say
) -> Table | None:
    """Return rows of the plan as a table, numbered behind a prefix; None where there are none."""
    if rows.empty:
        return None
    columns, headers, cells, sums = [], [], [], []
    for key in keys:
        if key == "no":
            given: list[Any] | None = [f"{prefix}{place}" for place in range(1, len(rows) + 1)]
        else:
            given = _values(plan, key, rows, say)
        if given is None:
            continue
        field = fields().get(key)
        blank = key in TO_FILL or (field is not None and "paper" in field.quiet)
        columns.append(layout(key))
        headers.append(_header(key, say))
        cells.append([_text(value, columns[-1], say, blank=blank) for value in given])
        known = [value for value in given if isinstance(value, int | float)]
        whole = field is not None and field.sums and bool(known)
        sums.append(_text(sum(known), columns[-1], say, blank=False) if whole else "")
    sums[0] = say("handout.sum")
    rows_of_cells = tuple(zip(*cells, strict=True))
    return Table(tuple(columns), tuple(headers), rows_of_cells, tuple(sums))


def _text(value: Any, layout_: Column, say: Say, *, blank: bool) -> str:  # noqa: ANN401  # a cell
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "" if blank else say("handout.unknown")
    if layout_.digits is None or isinstance(value, str):
        return str(value)
    return f"{value:,.{layout_.digits}f}"
