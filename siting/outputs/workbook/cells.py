"""One sheet of a workbook: a table with header, filters, totals and print set-up.

Text from a map or a spreadsheet is written as text whatever it begins with: a name like
``=1+1`` must not become a formula.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from openpyxl.cell.cell import Cell
    from openpyxl.worksheet.worksheet import Worksheet

_HEADER = PatternFill("solid", fgColor="ECE7DB")
_ALARM = Font(bold=True, color="B42318")
_BOLD = Font(bold=True)
_RULE = Border(bottom=Side(style="thin", color="B9B3A6"))
_NARROWEST, _WIDEST = 8.0, 46.0
_WIDE = 0x2E80
_LONGEST_TEXT = 32_000


@dataclass(frozen=True)
class Field:
    """A column: its header, its number format (None: text), whether its sum is wanted."""

    header: str
    number: str | None = None
    summed: bool = False


@dataclass(frozen=True)
class Block:
    """Where a table landed: first and last row of its data, the row of its sums if any."""

    first: int
    last: int
    sums: int | None


def write_text(cell: Cell, value: Any) -> None:  # noqa: ANN401  # a cell of any table
    """Write text as text: no formula, no control character, not too long."""
    cell.value = ILLEGAL_CHARACTERS_RE.sub("", str(value))[:_LONGEST_TEXT]
    cell.data_type = "s"


def write_head(sheet: Worksheet, title: str, mark: str) -> int:
    """Write title and sample mark, and return the next free row."""
    write_text(sheet.cell(1, 1), title)
    sheet.cell(1, 1).font = Font(bold=True, size=14)
    if not mark:
        return 3
    write_text(sheet.cell(2, 1), mark)
    sheet.cell(2, 1).font = _ALARM
    return 4


def write_table(
    sheet: Worksheet, row: int, fields: Sequence[Field], rows: Sequence[Sequence[Any]], total: str
) -> Block:
    """Write a table from a row on, with its sums as formulas below.

    Parameters
    ----------
    sheet
        The sheet.
    row
        Row of the header, from 1.
    fields
        Columns.
    rows
        Cells; None and NaN stay empty.
    total
        Word that stands before the sums; without summed columns there are none.
    """
    for column, field in enumerate(fields, start=1):
        cell = sheet.cell(row, column)
        write_text(cell, field.header)
        cell.font, cell.fill, cell.border = _BOLD, _HEADER, _RULE
        cell.alignment = Alignment(wrap_text=True, vertical="top")
    first, last = row + 1, row + len(rows)
    for number, values in enumerate(rows, start=first):
        for column, (field, value) in enumerate(zip(fields, values, strict=True), start=1):
            _write_value(sheet.cell(number, column), field, value)
    sums = last + 1 if rows and any(field.summed for field in fields) else None
    if sums is not None:
        _write_sums(sheet, fields, (first, last, sums), total)
    _fit(sheet, row, fields, rows)
    return Block(first, last, sums)


def _write_value(cell: Cell, field: Field, value: Any) -> None:  # noqa: ANN401  # any table
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return
    if field.number is None:
        write_text(cell, value)
        return
    cell.value = value
    cell.number_format = field.number


def _write_sums(
    sheet: Worksheet, fields: Sequence[Field], rows: tuple[int, int, int], total: str
) -> None:
    first, last, place = rows
    write_text(sheet.cell(place, 1), total)
    for column, field in enumerate(fields, start=1):
        cell = sheet.cell(place, column)
        cell.font, cell.fill = _BOLD, _HEADER
        if field.summed:
            letter = get_column_letter(column)
            cell.value = f"=SUM({letter}{first}:{letter}{last})"
            cell.number_format = field.number or "General"


def _fit(
    sheet: Worksheet, row: int, fields: Sequence[Field], rows: Sequence[Sequence[Any]]
) -> None:
    """Set column widths by what stands in the first rows, and the header's height."""
    for column, field in enumerate(fields, start=1):
        texts = [field.header[:12], *(_shown(values[column - 1], field) for values in rows[:400])]
        width = min(max(map(_width, texts)) + 2, _WIDEST)
        letter = get_column_letter(column)
        known = sheet.column_dimensions[letter].width if sheet.max_row > row + len(rows) + 1 else 0
        sheet.column_dimensions[letter].width = max(width, _NARROWEST, known)


def _shown(value: Any, field: Field) -> str:  # noqa: ANN401  # a cell of any table
    if value is None:
        return ""
    return f"{value:,.0f}" if field.number and isinstance(value, int | float) else str(value)


def _width(text: str) -> float:
    """Return about how many digits wide a text is; a Chinese character takes two."""
    return sum(2.0 if ord(letter) >= _WIDE else 1.1 for letter in text)


def freeze_and_filter(sheet: Worksheet, block: Block, columns: int) -> None:
    """Keep the header in sight, and let its columns be filtered."""
    sheet.freeze_panes = sheet.cell(block.first, 1)
    last = max(block.last, block.first)
    sheet.auto_filter.ref = f"A{block.first - 1}:{get_column_letter(columns)}{last}"


def set_up_print(sheet: Worksheet, header_row: int | None, footer: str) -> None:
    """Print on A4 on its side, one page wide, the header on every page."""
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    if header_row is not None:
        sheet.print_title_rows = f"{header_row}:{header_row}"
    # an ampersand would begin a code of the footer's own
    sheet.oddFooter.left.text = footer.replace("&", "&&")
    sheet.oddFooter.right.text = "&P / &N"
