"""The planning report: the chapters of a 充换电基础设施建设规划, filled from a plan.

Every number is one of the plan's tables. Where the plan knows nothing, the chapter says so, and
leaves the text to whoever signs the report.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from siting.outputs import words
from siting.outputs.text.figure_tables import BRIEF, count_years, phase_header, phase_texts
from siting.outputs.text.plan_lines import chain_rows, need_lines, plan_class_text
from siting.plan.described import described, heading
from siting.tables.fields import CHARGING, TOTALS, ZONE, fields, shown

if TYPE_CHECKING:
    import geopandas as gpd

    from siting.files import JsonObject
    from siting.notes import Say
    from siting.plan.plan import Plan
    from siting.tables.fields import Field


@dataclass(frozen=True)
class Heading:
    """A heading; level 1 is a chapter."""

    text: str
    level: int = 1


@dataclass(frozen=True)
class Paragraph:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class Bullets:
    """A list without numbers."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Grid:
    """A table: headers, and rows of text; columns of numbers stand to the right."""

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: frozenset[int]


@dataclass(frozen=True)
class Picture:
    """A picture by its file name, with what it shows."""

    name: str
    caption: str


Block = Heading | Paragraph | Bullets | Grid | Picture


MAP_NAME = "map.png"
_CNY_10K = 10_000.0
_FEW_ROWS = 60


def make_report(plan: Plan, *, language: str, date: str, picture: bool) -> list[Block]:
    """Return the report of a plan.

    Parameters
    ----------
    plan
        The plan.
    language
        ``"zh"`` or ``"en"``.
    date
        Date on the report.
    picture
        Whether a map is there to be shown as ``map.png``.
    """
    say = words.speaker(language, plan.kinds)
    title = plan.title_en if language == "en" else plan.title_zh
    head: list[Block] = [Heading(title, 0)]
    if plan.synthetic:
        head.append(Paragraph(say("mark.sample")))
    head.append(Paragraph(say("report.head", run=plan.run, date=date or say("handout.unknown"))))
    chapters = (_basis, _present, _demand, _targets, _layout, _phases, _safety, _cost, _assumptions)
    blocks = head
    for chapter in chapters:
        blocks = blocks + chapter(plan, say)
        if chapter is _layout and picture:
            blocks.append(Picture(MAP_NAME, say("report.map")))
    return blocks


def _basis(plan: Plan, say: Say) -> list[Block]:
    """Return what the scenario says of the policy; what it does not say is left to be written."""
    policy = plan.scenario.get("policy", {})
    text, asks = _told(policy, "basis", say), _told(policy, "asks", say)
    goals = {key: plan.targets[key] for key in TOTALS}
    year = plan.scenario.get("targets", {}).get("by")
    return [
        Heading(say("report.basis")),
        Paragraph(text or say("report.basis_open")),
        *([Bullets(tuple(asks))] if asks else []),
        Paragraph(
            say("report.basis_goals_by", year=year, **goals)
            if year
            else say("report.basis_goals", **goals)
        ),
        Paragraph(say("report.to_write")),
    ]


def _told(policy: JsonObject, key: str, say: Say) -> Any:  # noqa: ANN401  # text or texts
    """Return what a policy says in the language of the words, else in the other one."""
    own = say("report.language")
    other = "en" if own == "zh" else "zh"
    return policy.get(f"{key}_{own}") or policy.get(f"{key}_{other}")


def _present(plan: Plan, say: Say) -> list[Block]:
    totals = plan.totals
    listed = all(note.key != "no_baseline" for note in plan.notes)
    text = say(
        "report.present_text" if listed else "report.present_unlisted",
        stations=totals["existing_stations"], chargers=totals["existing_chargers"],
        swaps=totals["existing_swap_stations"],
    )  # fmt: skip
    missing = [note for note in plan.notes if note.key in {"chargers_unknown", "no_baseline"}]
    notes = tuple(say(f"note.{note.key}", **note.values) for note in missing)
    return [
        Heading(say("report.present")),
        Paragraph(text),
        *([Bullets(notes)] if notes else []),
    ]


def _demand(plan: Plan, say: Say) -> list[Block]:
    rows = tuple(chain_rows(plan, say))
    blocks: list[Block] = [Heading(say("report.demand"))]
    if not rows:
        return [*blocks, Paragraph(say("report.no_demand"))]
    headers = (say("book.col.what"), say("book.col.value"))
    return [*blocks, Grid(headers, rows, frozenset({1})), Paragraph(say("report.demand_text"))]


def _targets(plan: Plan, say: Say) -> list[Block]:
    rows = tuple(
        (say(f"total.{key}"), f"{plan.targets[key]:,}", f"{plan.totals[key]:,}",
         f"{plan.totals[f'existing_{key}']:,}", f"{plan.totals[f'new_{key}']:,}")
        for key in TOTALS
    )  # fmt: skip
    headers = (say("book.col.what"), say("handout.target"), say("handout.plan"),
               say("handout.existing"), say("handout.new"))  # fmt: skip
    lines = [say(key, **values) for key, values in (plan.judgement, plan.answer)]
    classes = plan_class_text(plan, say)
    return [
        Heading(say("report.targets")),
        Grid(headers, rows, frozenset({1, 2, 3, 4})),
        *([Paragraph(classes)] if classes else []),
        *(Paragraph(line) for line in need_lines(plan, say)),
        *(Paragraph(line) for line in dict.fromkeys(lines)),
    ]


def _layout(plan: Plan, say: Say) -> list[Block]:
    counts = plan.sites.groupby("kind", sort=True)["chargers"].agg(["size", "sum"])
    kinds = tuple(
        (say(f"kind.{kind}"), f"{row['size']:,}", f"{row['sum']:,}")
        for kind, row in counts.iterrows()
    )
    totals = tuple(say(f"total.{key}") for key in TOTALS)
    return [
        Heading(say("report.layout")),
        Heading(say("report.by_kind"), 2),
        Grid((heading("kind_name", say), *totals[:2]), kinds, frozenset({1, 2})),
        Heading(say("report.by_zone"), 2),
        _grid(plan, plan.zones.sort_values("zone_id"), ZONE, say),
    ]


def _grid(plan: Plan, frame: gpd.GeoDataFrame, of: str, say: Say) -> Grid:
    """Return rows of a plan's table with the columns that a report shows of it."""
    zone = of == ZONE
    table = described(plan, frame, shown("report", of, frame.columns), say)
    known = [fields(zone=zone)[name] for name in table.columns]
    columns = [[_cell(value, field, say) for value in table[field.key]] for field in known]
    headers = tuple(heading(name, say, zone=zone) for name in table.columns)
    numbers = frozenset(place for place, field in enumerate(known) if field.digits is not None)
    return Grid(headers, tuple(zip(*columns, strict=True)), numbers)


def _cell(value: Any, field: Field, say: Say) -> str:  # noqa: ANN401  # a cell of the plan
    if pd.isna(value) or value == "":
        return "" if "report" in field.quiet else say("handout.unknown")
    return str(value) if field.digits is None else f"{value * field.scale:,.{field.digits}f}"


def _phases(plan: Plan, say: Say) -> list[Block]:
    blocks: list[Block] = [Heading(say("report.phases"))]
    if not plan.phases:
        return [*blocks, Paragraph(say("report.no_phases"))]
    headers = tuple(phase_header(key, say) for key in BRIEF)
    rows = tuple(phase_texts(plan, say))
    notes = tuple(
        say(f"note.{note.key}", **note.values)
        for note in plan.notes
        if note.key.startswith("phased")
    )
    about = Paragraph(say("phase.about"))
    numbers = frozenset(range(1, len(headers)))
    return [
        *blocks,
        Grid(headers, rows, numbers),
        about,
        Bullets(notes),
        Heading(say("report.phases_by_zone"), 2),
        _years_by_zone(plan, say),
    ]


def _years_by_zone(plan: Plan, say: Say) -> Grid:
    """Return stations and chargers of each township at the end of each year."""
    rows = []
    for _, zone in plan.zones.sort_values("zone_id").iterrows():
        sites, swaps = (table[table["zone_id"] == zone["zone_id"]]
                        for table in (plan.sites, plan.swap_sites))  # fmt: skip
        counts = count_years(plan, sites, swaps)
        texts = [(f"{one.stations:,}", f"{one.chargers:,}") for one in counts]
        rows.append((str(zone["name"]), *(text for pair in texts for text in pair)))
    years = [str(row.year) for row in plan.years]
    headers = [
        say(f"report.{key}_by_year", year=year)
        for year in years
        for key in ("stations", "chargers")
    ]
    numbers = frozenset(range(1, 1 + len(headers)))
    return Grid((heading("zone_name", say), *headers), tuple(rows), numbers)


def _safety(plan: Plan, say: Say) -> list[Block]:
    held = plan.sites[plan.sites["verdict"] == "sign_off"].sort_values("site_id")
    blocks: list[Block] = [
        Heading(say("report.safety")),
        Paragraph(say("report.safety_text", count=len(held))),
    ]
    if held.empty:
        return blocks
    few = held.head(_FEW_ROWS)
    blocks.append(_grid(plan, few, CHARGING.key, say))
    if len(held) > len(few):
        blocks.append(Paragraph(say("report.more", count=len(held) - len(few))))
    return blocks


def _cost(plan: Plan, say: Say) -> list[Block]:
    blocks: list[Block] = [Heading(say("report.cost"))]
    figures = plan.figures
    parts = [
        (label, [figures.get(f"{stem}{end}", math.nan) for end in ("low_cny", "cny", "high_cny")])
        for label, stem in ((say("total.stations"), "cost_"),)
    ]
    if not all(math.isfinite(value) for _, values in parts for value in values):
        return [*blocks, Paragraph(say("report.no_cost"))]
    rows = tuple(
        (label, *(f"{value / _CNY_10K:,.1f}" for value in values)) for label, values in parts
    )
    headers = (say("report.cost_10k"), say("report.low"), say("report.base"), say("report.high"))
    return [*blocks, Grid(headers, rows, frozenset({1, 2, 3})), Paragraph(say("report.cost_text"))]


def _assumptions(plan: Plan, say: Say) -> list[Block]:
    notes = tuple(say(f"note.{note.key}", **note.values) for note in plan.notes)
    sources = tuple(
        " · ".join(
            part for part in (
                say(f"source.{one.name}"), one.origin, one.licence,
                say("map.as_of", date=one.as_of) if one.as_of else say("map.no_date"),
                say("map.synthetic") if one.synthetic else "",
            ) if part
        )
        for one in plan.sources
    )  # fmt: skip
    return [
        Heading(say("report.assumptions")),
        Heading(say("map.notes"), 2),
        Bullets(notes),
        Heading(say("map.sources"), 2),
        Bullets(sources),
        Paragraph(say("handout.proposed")),
    ]
