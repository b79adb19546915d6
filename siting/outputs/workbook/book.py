"""The sheets of the workbook, each from the tables of a plan.

Overview, stations, swap stations, by zone, by department, cost, sources and assumptions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import openpyxl
import pandas as pd
from openpyxl.chart import BarChart, Reference
from openpyxl.utils import get_column_letter

from siting.outputs import words
from siting.outputs.text.described import described
from siting.outputs.text.figure_tables import COLUMNS, phase_header, phase_rows
from siting.outputs.workbook.cells import (
    Block,
    Field,
    freeze_and_filter,
    set_up_print,
    write_head,
    write_table,
    write_text,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import geopandas as gpd
    from openpyxl.worksheet.worksheet import Worksheet

    from siting.notes import Say
    from siting.plan.plan import Plan


_COUNTED = ("stations", "chargers", "swap_stations")
_WHOLE, _DECIMAL, _SHARE, _DEGREES = "#,##0", "#,##0.00", "0.0%", "0.000000"
_MONEY = "#,##0"

# column of the plan, number format (None: text), summed
_SITE_FIELDS: tuple[tuple[str, str | None, bool], ...] = (
    ("site_id", None, False), ("name", None, False), ("kind_name", None, False),
    ("zone_name", None, False), ("owner", None, False), ("state", None, False),
    ("phase", "0", False),
    ("lon", _DEGREES, False), ("lat", _DEGREES, False), ("chargers", _WHOLE, True),
    ("existing_chargers", _WHOLE, True), ("new_chargers", _WHOLE, True),
    ("power_kw", _WHOLE, True), ("kva", _WHOLE, True), ("load_kwh_day", _WHOLE, True),
    ("utilisation", _SHARE, False), ("wait_min", _DECIMAL, False), ("spaces", _WHOLE, False),
    ("score", _DECIMAL, False), ("verdict_name", None, False), ("reason", None, False),
    ("cost_cny", _MONEY, True), ("cost_low_cny", _MONEY, True), ("cost_high_cny", _MONEY, True),
)  # fmt: skip
_SUMMED_BY_YEAR = {"new_stations", "new_chargers", "new_swap_stations", "cost_cny"}
_SWAP_FIELDS = tuple(
    entry for entry in _SITE_FIELDS
    if entry[0] in {"site_id", "name", "kind_name", "zone_name", "state", "phase", "lon", "lat",
                    "power_kw", "kva", "cost_cny", "cost_low_cny", "cost_high_cny"}
)  # fmt: skip


def write_workbook(plan: Plan, path: Path, *, language: str, date: str) -> None:
    """Write a plan as a workbook.

    Parameters
    ----------
    plan
        The plan.
    path
        The file to make.
    language
        ``"zh"`` or ``"en"``.
    date
        Date on the sheets.
    """
    say = words.speaker(language)
    book = openpyxl.Workbook()
    book.remove(book.active)
    book.properties.title = plan.title_en if language == "en" else plan.title_zh
    book.properties.creator = "siting"
    made = _Sheets(plan, book, say, say("book.foot", run=plan.run, date=date))
    overview = book.create_sheet(say("book.overview"))
    stations = _stations(made)
    swaps = _swaps(made)
    if plan.hydrogen_sites is not None:
        _places(made, "hydrogen_sites", plan.hydrogen_sites, _SWAP_FIELDS)
    if plan.phases:
        _phases(made, stations, swaps)
    _zones(made)
    _departments(made)
    _cost(made)
    _assumptions(made)
    _overview(made, overview, stations, swaps)
    book.save(path)


class _Sheets:
    """The workbook being written and what every sheet of it shares."""

    def __init__(self, plan: Plan, book: openpyxl.Workbook, say: Say, foot: str) -> None:
        self.plan, self.book, self.say, self.foot = plan, book, say, foot
        self.mark = say("mark.sample") if plan.synthetic else ""
        self.title = book.properties.title

    def table(
        self, name: str, fields: Sequence[Field], rows: Sequence[Sequence[Any]]
    ) -> tuple[Worksheet, Block]:
        """Write one table on a sheet of its own."""
        sheet = self.book.create_sheet(self.say(f"book.{name}"))
        row = write_head(sheet, f"{self.title} · {self.say(f'book.{name}')}", self.mark)
        block = write_table(sheet, row, fields, rows, self.say("handout.sum"))
        freeze_and_filter(sheet, block, len(fields))
        set_up_print(sheet, row, self.foot)
        return sheet, block


def _stations(made: _Sheets) -> dict[str, str]:
    """Write the stations, and return the cell of each sum by column."""
    return _places(made, "sites", made.plan.sites, _SITE_FIELDS)


def _swaps(made: _Sheets) -> dict[str, str]:
    return _places(made, "swap_sites", made.plan.swap_sites, _SWAP_FIELDS)


def _places(
    made: _Sheets,
    name: str,
    frame: gpd.GeoDataFrame,
    fields: tuple[tuple[str, str | None, bool], ...],
) -> dict[str, str]:
    table = described(made.plan, frame, made.say)
    classes = [f"chargers_{one}" for one in made.plan.charger_classes]
    known = [entry for entry in fields if entry[0] in table.columns]
    if name == "sites":
        counted = [f"phase_{row['year']}_chargers" for row in made.plan.phases.get("years", ())]
        known += [(column, _WHOLE, True) for column in counted]
        place = next(i for i, entry in enumerate(known) if entry[0] == "new_chargers") + 1
        known[place:place] = [(one, _WHOLE, True) for one in classes if one in table.columns]
    headers = [Field(_header(made.say, column), number, summed) for column, number, summed in known]
    rows = table[[entry[0] for entry in known]].astype(object).to_numpy().tolist()
    cleaned = [[None if pd.isna(value) else value for value in row] for row in rows]
    sheet, block = made.table(name, headers, cleaned)
    if block.sums is None:
        return {"rows": "0"}
    cells = {
        column: f"'{sheet.title}'!{sheet.cell(block.sums, place).coordinate}"
        for place, (column, _, summed) in enumerate(known, start=1)
        if summed
    }
    for place, (column, *_) in enumerate(known, start=1):
        letter = get_column_letter(place)
        at = f"'{sheet.title}'!${letter}${block.first}:${letter}${block.last}"
        cells[f"{column}:"] = at
    return cells | {"rows": f"COUNTA({cells['site_id:']})"}


def _header(say: Say, column: str) -> str:
    if column.startswith("chargers_"):
        return say(f"class.{column.removeprefix('chargers_')}")
    if column.startswith("phase_"):
        return say("book.col.phase_chargers", year=column.split("_")[1])
    return say(f"book.col.{column}")


def _phases(made: _Sheets, stations: dict[str, str], swaps: dict[str, str]) -> None:
    """Write the years: what stands, what it costs, and what each gives up.

    What stands and what is new is counted by formulas over the stations.
    """
    fields = [Field(phase_header(key, made.say), number, key in _SUMMED_BY_YEAR)
              for key, number in COLUMNS]  # fmt: skip
    rows = phase_rows(made.plan)
    sheet, block = made.table("phases", fields, [list(row.values()) for row in rows])
    had = stations.get("existing_chargers")
    for place, row in enumerate(rows, start=block.first):
        has = stations.get(f"phase_{row['year']}_chargers")
        formulas = {"chargers": f"={has}", "new_chargers": f"={has}-{had}"} if has else {}
        had = has
        for key, cells in (("stations", stations), ("swap_stations", swaps)):
            if "phase:" in cells:
                opens = f"COUNTIF({cells['phase:']},"
                formulas[key] = f'={cells["rows"]}-{opens}">"&$A{place})'
                formulas[f"new_{key}"] = f"={opens}$A{place})"
        for column, (key, _) in enumerate(COLUMNS, start=1):
            if key in formulas:
                sheet.cell(place, column).value = formulas[key]
    write_text(sheet.cell((block.sums or block.last) + 2, 1), made.say("phase.about"))


def _zones(made: _Sheets) -> None:
    """Write the zones with their counts, and a chart of chargers by zone."""
    plan, say = made.plan, made.say
    table = plan.zones.sort_values("zone_id")
    fields = [
        Field(say("book.col.zone_id")), Field(say("book.col.zone_name")),
        Field(say("book.col.zone_kind")), Field(say("book.col.population"), _WHOLE, summed=True),
        Field(say("book.col.population_quality")),
        *(Field(say(f"total.{key}"), _WHOLE, summed=True) for key in _COUNTED),
        Field(say("book.col.demand_kwh_day"), _WHOLE, summed=True),
        Field(say("book.col.served_kwh_day"), _WHOLE, summed=True),
    ]  # fmt: skip
    names = ["zone_id", "name", "kind", "population", "population_quality", *_COUNTED,
             "demand_kwh_day", "served_kwh_day"]  # fmt: skip
    values = pd.DataFrame(table)[names].astype(object)
    values["kind"] = [say(f"zone.{kind}") for kind in table["kind"]]
    rows = [[None if pd.isna(cell) else cell for cell in row] for row in values.to_numpy().tolist()]
    sheet, block = made.table("zones", fields, rows)
    if rows:
        _chart(sheet, block, label=2, value=7, at=f"L{block.first}", title=say("book.chart_zones"))


def _departments(made: _Sheets) -> None:
    """Write stations and chargers by proposed owner: each station counts once."""
    plan, say = made.plan, made.say
    owner = plan.sites["owner"].astype(object).where(plan.sites["owner"].notna(), None)
    owner = owner.fillna(say("handout.unknown"))
    groups = plan.sites.assign(new=plan.sites["is_new"].astype(int)).groupby(owner, sort=True)
    rows = [
        [str(owner), len(part), int(part["new"].sum()), int(part["chargers"].sum()),
         float(part["cost_cny"].sum()) if "cost_cny" in part else None]
        for owner, part in groups
    ]  # fmt: skip
    fields = [
        Field(say("book.col.owner")), Field(say("total.stations"), _WHOLE, summed=True),
        Field(say("book.col.new_stations"), _WHOLE, summed=True),
        Field(say("total.chargers"), _WHOLE, summed=True),
        Field(say("book.col.cost_cny"), _MONEY, summed=True),
    ]  # fmt: skip
    sheet, block = made.table("departments", fields, rows)
    write_text(sheet.cell((block.sums or block.last) + 2, 1), say("handout.proposed"))
    if rows:
        _chart(sheet, block, label=1, value=2, at=f"G{block.first}", title=say("total.stations"))


def _cost(made: _Sheets) -> None:
    """Write the cost by kind of site, low, base and high; swap stations as a row of their own."""
    plan, say = made.plan, made.say
    wanted = ["cost_low_cny", "cost_cny", "cost_high_cny"]
    if not set(wanted) <= set(plan.sites.columns):
        return
    sums = plan.sites.groupby("kind", sort=True)[wanted].sum()
    rows = [[say(f"kind.{kind}"), *map(float, row)] for kind, row in sums.iterrows()]
    if set(wanted) <= set(plan.swap_sites.columns):
        rows.append([say("total.swap_stations"), *map(float, plan.swap_sites[wanted].sum())])
    sums_of = [Field(say(f"book.col.{name}"), _MONEY, summed=True) for name in wanted]
    fields = [Field(say("book.col.kind_name")), *sums_of]
    made.table("cost", fields, rows)


def _assumptions(made: _Sheets) -> None:
    """Write the sources of the data, the notes, and every key of the scenario."""
    plan, say = made.plan, made.say
    rows = [[say(f"source.{one.name}"), one.origin, one.licence, one.as_of or say("map.no_date"),
             one.sha256] for one in plan.sources]  # fmt: skip
    fields = [Field(say(f"book.col.{key}")) for key in
              ("source", "origin", "licence", "as_of", "sha256")]  # fmt: skip
    sheet, block = made.table("assumptions", fields, rows)
    row = block.last + 2
    notes = [[say(f"note.{note.key}", **note.values)] for note in plan.notes]
    after = write_table(sheet, row, [Field(say("map.notes"))], notes, "").last + 2
    keys = [[key, str(value)] for key, value in _flat(plan.scenario)]
    write_table(sheet, after, [Field(say("book.col.key")), Field(say("book.col.value"))], keys, "")


def _flat(content: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for key, value in content.items():
        if isinstance(value, dict):
            found += _flat(value, f"{prefix}{key}.")
        else:
            found.append((f"{prefix}{key}", value))
    return found


def _overview(
    made: _Sheets, sheet: Worksheet, stations: dict[str, str], swaps: dict[str, str]
) -> None:
    """Write totals against targets: formulas over the other sheets, so that they must agree."""
    plan, say = made.plan, made.say
    row = write_head(sheet, f"{made.title} · {say('book.overview')}", made.mark)
    cells = {
        "stations": f"={stations['rows']}",
        "chargers": f"={stations.get('chargers', '0')}",
        "swap_stations": f"={swaps['rows']}",
    }
    fields = [
        Field(say("book.col.what")), Field(say("handout.target"), _WHOLE),
        Field(say("handout.plan"), _WHOLE), Field(say("book.col.difference"), _WHOLE),
    ]  # fmt: skip
    rows = [[say(f"total.{key}"), plan.targets[key], None, None] for key in _COUNTED]
    block = write_table(sheet, row, fields, rows, "")
    for place, key in enumerate(_COUNTED, start=block.first):
        sheet.cell(place, 3).value = cells[key]
        sheet.cell(place, 4).value = f"=C{place}-B{place}"
        for column in (3, 4):
            sheet.cell(place, column).number_format = _WHOLE
    row = block.last + 2
    for key, numbers in (plan.judgement, plan.answer):
        write_text(sheet.cell(row, 1), say(key, **numbers))
        row += 1
    figures = [[say(f"figure.{key}"), value] for key, value in plan.figures.items()
               if f"figure.{key}" in words.all_words()]  # fmt: skip
    fields = [Field(say("map.quality")), Field(say("book.col.value"), "#,##0.###")]
    write_table(sheet, row + 1, fields, figures, "")
    sheet.column_dimensions["A"].width = 34
    set_up_print(sheet, None, made.foot)


def _chart(  # what a chart shows, and where
    sheet: Worksheet, block: Block, *, label: int, value: int, at: str, title: str
) -> None:
    chart = BarChart()
    chart.type, chart.style, chart.title, chart.legend = "bar", 10, title, None
    chart.add_data(Reference(sheet, min_col=value, min_row=block.first, max_row=block.last))
    chart.set_categories(Reference(sheet, min_col=label, min_row=block.first, max_row=block.last))
    chart.height, chart.width = max(7.0, 0.55 * (block.last - block.first + 3)), 18.0
    chart.y_axis.delete = chart.x_axis.delete = False
    chart.x_axis.scaling.orientation = "maxMin"
    sheet.add_chart(chart, at)
