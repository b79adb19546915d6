"""The sheets of a workbook as text, however large a sheet says it is."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import openpyxl

from siting import files
from siting.errors import BrokenFileError, TableError
from siting.inputs.files.vectors import broken

if TYPE_CHECKING:
    from pathlib import Path

    from siting.inputs.files.header import Cells

OLE = b"\xd0\xcf\x11\xe0"
"""First bytes of old workbooks, and of those locked with a password."""

_MOST_ROWS = 1_000_000
_BLANK_ROWS = 5_000
_MOST_COLUMNS = 2_000
_MOST_DIGITS = 1e15


def read_sheets(path: Path, layer: str | None) -> dict[str, Cells]:
    """Return the cells of each sheet, or of the one asked for, as text.

    Raises
    ------
    BrokenFileError
        If it is no workbook, or locked.
    TableError
        If it lacks the sheet.
    """
    with files.reading(path), path.open("rb") as stream:
        locked = stream.read(len(OLE)) == OLE
    if locked:
        raise BrokenFileError(
            f"'{path.name}' is locked with a password, or an old workbook under a new name",
            where=str(path),
            cure="open it in Excel or WPS and save it without a password as .xlsx",
        )
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except Exception as error:
        raise broken(path, error) from error
    try:
        names = [sheet.title for sheet in book.worksheets]
        if layer is not None and layer not in names:
            raise TableError(
                f"'{path.name}' has no sheet '{layer}'",
                where=str(path),
                cure=f"its sheets are: {', '.join(names)}",
            )
        return {
            sheet.title: _sheet_cells(sheet, path)
            for sheet in book.worksheets
            if layer in (None, sheet.title)
        }
    finally:
        book.close()


def _sheet_cells(
    sheet: Any,  # noqa: ANN401  # openpyxl has no types
    path: Path,
) -> Cells:
    """Return the cells of a sheet as text, up to a long stretch of blank rows."""
    sheet.reset_dimensions()  # what a sheet says of its size may be a million rows of nothing
    cells: Cells = []
    blank = 0
    try:
        for row in sheet.iter_rows(values_only=True):
            texts = [cell_text(value) for value in row[:_MOST_COLUMNS]]
            blank = 0 if any(texts) else blank + 1
            if blank > _BLANK_ROWS or len(cells) > _MOST_ROWS:
                break
            cells.append(texts)
    except Exception as error:
        raise broken(path, error) from error
    if len(cells) > _MOST_ROWS:
        raise TableError(
            f"sheet '{sheet.title}' of '{path.name}' has more than {_MOST_ROWS:,} rows",
            where=str(path),
            cure="take out the rows that are no rows of the list",
        )
    return cells


def cell_text(value: object) -> str:
    """Return the value of a workbook's cell as text; whole numbers and days without a tail.

    Examples
    --------
    >>> cell_text(12.0), cell_text(None), cell_text(dt.datetime(2024, 1, 31))
    ('12', '', '2024-01-31')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < _MOST_DIGITS:
        return str(int(value))
    if isinstance(value, dt.datetime):
        midnight = value.time() == dt.time()
        return value.date().isoformat() if midnight else value.isoformat(sep=" ")
    return str(value).strip()
