"""The workbook of a contrast: one sheet a table, real numbers, the best in bold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import openpyxl
from openpyxl.styles import Font

from siting.outputs import words
from siting.outputs.text.comparison_grids import (
    NUMBERS,
    Grid,
    change_grids,
    contrast_grids,
    contrast_warnings,
)
from siting.outputs.workbook.cells import (
    Block,
    Field,
    freeze_and_filter,
    set_up_print,
    write_head,
    write_table,
)

if TYPE_CHECKING:
    from pathlib import Path

    from openpyxl.worksheet.worksheet import Worksheet

    from siting.comparison import Contrast

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
    say = words.speaker(language)
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
    book.save(path)


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
