"""The sheets of the workbook, each from the tables of a plan.

Overview, stations, swap stations, by zone, by department, cost, sources and assumptions; and
those of a comparison of plans.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

import openpyxl
import pandas as pd
from openpyxl.chart import BarChart, Reference
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from siting import files
from siting.outputs import words
from siting.outputs.text.figure_tables import (
    COLUMNS,
    NUMBERS,
    Grid,
    change_grids,
    contrast_grids,
    contrast_warnings,
    phase_header,
    phase_rows,
)
from siting.outputs.text.plan_lines import need_lines
from siting.outputs.workbook.cells import (
    Block,
    Field,
    freeze_and_filter,
    set_up_print,
    write_head,
    write_table,
    write_text,
)
from siting.plan.described import described, heading
from siting.tables.fields import CHARGING, SWAP, TOTALS, ZONE, find_field, shown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from openpyxl.worksheet.worksheet import Worksheet

    from siting.comparison import Contrast
    from siting.files import JsonObject
    from siting.notes import Say
    from siting.plan.plan import Plan
    from siting.tables.fields import Facility


_WHOLE, _MONEY = "#,##0", "#,##0"
_SUMMED_BY_YEAR = {*(f"new_{total}" for total in TOTALS), "cost_cny"}


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
    say = words.speaker(language, plan.kinds)
    book = openpyxl.Workbook()
    book.remove(book.active)
    book.properties.title = plan.title_en if language == "en" else plan.title_zh
    book.properties.creator = "siting"
    made = _Sheets(plan, book, say, say("book.foot", run=plan.run, date=date))
    overview = book.create_sheet(say("book.overview"))
    places = {one.key: _places(made, one) for one in plan.facilities}
    stations, swaps = places[CHARGING.key], places[SWAP.key]
    if plan.phases:
        _phases(made, stations, swaps)
    _zones(made)
    _departments(made)
    _cost(made)
    _assumptions(made)
    _overview(made, overview, stations, swaps)
    packed = BytesIO()
    book.save(packed)
    files.write_whole(path, packed.getvalue())


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


def _places(made: _Sheets, facility: Facility) -> dict[str, str]:
    """Write a class of facility, and return the cell of each sum by column."""
    frame = getattr(made.plan, facility.table).sort_values("site_id", kind="stable")
    keys = shown("workbook", facility.key, frame.columns)
    table = described(made.plan, frame, keys, made.say)
    headers = [_field(column, made.say) for column in table.columns]
    sheet, block = made.table(facility.table, headers, _cells(table))
    if block.sums is None:
        return {"rows": "0"}
    cells = {
        column: f"'{sheet.title}'!{sheet.cell(block.sums, place).coordinate}"
        for place, (column, header) in enumerate(zip(table.columns, headers, strict=True), start=1)
        if header.summed
    }
    for place, column in enumerate(table.columns, start=1):
        letter = get_column_letter(place)
        at = f"'{sheet.title}'!${letter}${block.first}:${letter}${block.last}"
        cells[f"{column}:"] = at
    return cells | {"rows": f"COUNTA({cells['site_id:']})"}


def _field(name: str, say: Say, *, zone: bool = False) -> Field:
    """Return how a column of the plan stands in a sheet."""
    found = find_field(name, zone=zone)
    if found is None:
        return Field(name)
    field = found[0]
    header, unit = heading(name, say, zone=zone), field.column.unit
    if unit == "year":  # no thousands
        return Field(header, "0")
    if field.digits is None:
        return Field(header)
    number = f"0.{'0' * field.digits}".rstrip(".")
    return Field(header, f"{number}%" if unit == "share" else f"#,##{number}", field.sums)


def _cells(table: pd.DataFrame) -> list[list[Any]]:
    rows = table.astype(object).to_numpy().tolist()
    return [[None if pd.isna(value) else value for value in row] for row in rows]


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
        for key, cells in ((CHARGING.total, stations), (SWAP.total, swaps)):
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
    zones = plan.zones.sort_values("zone_id")
    table = described(plan, zones, shown("workbook", ZONE, zones.columns), say)
    rows = _cells(table)
    fields = [_field(name, say, zone=True) for name in table.columns]
    sheet, block = made.table("zones", fields, rows)
    if rows:
        counted = list(table.columns).index("chargers") + 1
        title = say("book.chart_zones")
        _chart(sheet, block, label=2, value=counted, at=f"L{block.first}", title=title)


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
        Field(heading("owner", say)), Field(say("total.stations"), _WHOLE, summed=True),
        Field(say("book.col.new_stations"), _WHOLE, summed=True),
        Field(say("total.chargers"), _WHOLE, summed=True),
        Field(heading("cost_cny", say), _MONEY, summed=True),
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
    sums_of = [Field(heading(name, say), _MONEY, summed=True) for name in wanted]
    fields = [Field(heading("kind_name", say)), *sums_of]
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


def _flat(content: JsonObject, prefix: str = "") -> list[tuple[str, Any]]:
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
    counts = (stations["rows"], stations.get("chargers", "0"), swaps["rows"])
    cells = {key: f"={count}" for key, count in zip(TOTALS, counts, strict=True)}
    fields = [
        Field(say("book.col.what")), Field(say("handout.target"), _WHOLE),
        Field(say("handout.plan"), _WHOLE), Field(say("book.col.difference"), _WHOLE),
    ]  # fmt: skip
    rows = [[say(f"total.{key}"), plan.targets[key], None, None] for key in TOTALS]
    block = write_table(sheet, row, fields, rows, "")
    for place, key in enumerate(TOTALS, start=block.first):
        sheet.cell(place, 3).value = cells[key]
        sheet.cell(place, 4).value = f"=C{place}-B{place}"
        for column in (3, 4):
            sheet.cell(place, column).number_format = _WHOLE
    row = block.last + 2
    for key, numbers in (plan.judgement, plan.answer):
        write_text(sheet.cell(row, 1), say(key, **numbers))
        row += 1
    for line in need_lines(plan, say):
        write_text(sheet.cell(row, 1), line)
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


_BEST = Font(bold=True, color="117733")


def write_contrast_book(made: Contrast, path: Path, *, language: str) -> None:
    """Write the tables of a contrast as a workbook.

    Parameters
    ----------
    made
        The plans side by side.
    path
        The file to make.
    language
        ``"zh"`` or ``"en"``.
    """
    say = words.speaker(language, made.kinds)
    book = openpyxl.Workbook()
    book.remove(book.active)
    book.properties.title = say("contrast.title", runs=" · ".join(made.names))
    book.properties.creator = "siting"
    warning = " · ".join(contrast_warnings(made, say))
    for number, grid in enumerate([*contrast_grids(made, say), *change_grids(made, say)], start=1):
        name = say(f"contrast.sheet.{grid.key.split('_')[0]}")
        sheet = book.create_sheet(f"{number} {name}")
        row = write_head(sheet, grid.title, warning)
        fields = [
            Field(
                head, NUMBERS[grid.rows[0][place].form or ""] if _is_number(grid, place) else None
            )
            for place, head in enumerate(grid.columns)
        ]
        values = [[cell.value for cell in line] for line in grid.rows]
        block = write_table(sheet, row, fields, values, "")
        _mark(sheet, grid, block)
        freeze_and_filter(sheet, block, len(fields))
        set_up_print(sheet, row, " · ".join(made.names))
    packed = BytesIO()
    book.save(packed)
    files.write_whole(path, packed.getvalue())


def _is_number(grid: Grid, place: int) -> bool:
    return bool(grid.rows) and grid.rows[0][place].form is not None


def _mark(sheet: Worksheet, grid: Grid, block: Block) -> None:
    """Give each cell its own number format, and the best a bold font."""
    for number, line in enumerate(grid.rows, start=block.first):
        for column, cell in enumerate(line, start=1):
            if cell.form is not None:
                sheet.cell(number, column).number_format = NUMBERS[cell.form]
            if cell.best:
                sheet.cell(number, column).font = _BEST
