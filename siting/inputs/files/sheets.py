"""Tables from files: text of any encoding and separator, or a workbook, all cells as text."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

import pandas as pd

from siting import files
from siting.errors import BrokenFileError, TableError
from siting.inputs.files.decode import decoded, note_encoding
from siting.inputs.files.header import (
    Cells,
    Layout,
    Sought,
    is_known,
    last_part,
    lay_out,
    plain_name,
)
from siting.inputs.files.services import SERVICE_SUFFIXES, records
from siting.inputs.files.vectors import broken, require_file
from siting.inputs.files.workbooks import OLE, read_sheets
from siting.notes import Note

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from siting.notes import Notes

WORKBOOKS = (".xlsx", ".xlsm")
TABLE_SUFFIXES = (".csv", ".txt", ".tsv", *WORKBOOKS)
MISSING = frozenset(
    {
        "", "-", "--", "---", "—", "——", "/", "\\", "na", "n/a", "#n/a", "nan", "null", "none",
        "nil", "?", "？", "…", "...", "unknown", "未知", "不详", "无数据", "暂无", "暂无数据",
        "待定", "待补充", "缺失", "k.a.", "keine angabe", "inconnu",
    }
)  # fmt: skip
"""What people write into a cell whose value they do not know; in lower case."""

_OTHERS = {
    ".xls": "an Excel 97-2003 workbook", ".et": "a WPS workbook", ".ods": "an OpenDocument sheet",
    ".xlsb": "a binary workbook", ".numbers": "a Numbers sheet", ".pdf": "a PDF",
    ".doc": "a Word document", ".docx": "a Word document", ".wps": "a WPS document",
    ".dbf": "the table of a shapefile", ".mdb": "an Access database",
}  # fmt: skip
_ZIP = b"PK\x03\x04"
_SEPARATORS = (",", ";", "\t", "|", "，", "；")
_SAMPLE_ROWS = 60
_SHOWN = 20


@dataclass(frozen=True)
class Reading:
    """What the scenario says of the form of a file; what it leaves out is found and told.

    Attributes
    ----------
    layer
        Layer of a vector file or sheet of a workbook.
    encoding
        Encoding of the text.
    header_row
        Row of the header, counted from 1, or its rows.
    decimal
        Decimal sign of its numbers.
    """

    layer: str | None = None
    encoding: str | None = None
    header_row: tuple[int, ...] | None = None
    decimal: str | None = None


AS_FOUND = Reading()


def refuse_form(path: Path, key: str) -> None:
    """Refuse a file in a form that is not read, with the way to one that is.

    Raises
    ------
    TableError
        For old workbooks, documents, and workbooks locked with a password.
    """
    what = _OTHERS.get(path.suffix.lower())
    if what is not None:
        raise TableError(
            f"'{path.name}' is {what}, which is not read",
            where=f"{key}: {path}",
            cure="open it in Excel or WPS and save it as .xlsx or CSV UTF-8, then name that file",
        )


def read_table(
    path: Path,
    reading: Reading = AS_FOUND,
    *,
    wanted: Iterable[str] = (),
    places: Iterable[str] = (),
    notes: Notes | None = None,
    key: str = "",
) -> pd.DataFrame:
    """Read a table of text cells: CSV of any separator, sheet of a workbook, or JSON records.

    Parameters
    ----------
    path
        The file.
    reading
        What the scenario says of its form.
    wanted
        Names of columns that are asked for; they show where the header is.
    places
        Those of them with coordinates: a row with a place is no sum of others.
    notes
        Takes up what was found: the encoding, the header, rows left out.
    key
        Key of the block that names the file, for messages.

    Returns
    -------
    DataFrame
        Cells as text without blanks around them; the index is the row in the file less 2, so
        that the first row below a header in row 1 has index 0.

    Raises
    ------
    BrokenFileError
        If the file cannot be read.
    TableError
        If it is in another form, lacks the sheet, or has no header.
    """
    told: Notes = notes if notes is not None else []
    refuse_form(path, key)
    if path.suffix.lower() in SERVICE_SUFFIXES:
        return records(path, told, encoding=reading.encoding, key=key)
    sought = Sought(tuple(wanted), tuple(places))
    if path.suffix.lower() in WORKBOOKS:
        cells, layout = _workbook(path, reading, sought, told)
    else:
        cells = _text_cells(path, reading, told, key)
        layout = _layout(cells, reading, sought, path)
    return _frame(cells, layout, path, told)


def _layout(cells: Cells, reading: Reading, sought: Sought, path: Path) -> Layout:
    if not any(any(row) for row in cells):
        raise TableError(
            f"'{path.name}' is empty", where=str(path), cure="it wants a header and rows"
        )
    rows = reading.header_row
    if rows is not None and not all(1 <= row <= len(cells) and any(cells[row - 1]) for row in rows):
        raise TableError(
            f"'{path.name}' has no header in row {', '.join(map(str, rows))}",
            where=f"{path}: header_row",
            cure="rows count from 1 as in a spreadsheet; leave the key out to have it found",
        )
    return lay_out(cells, sought, header_row=rows)


def _frame(cells: Cells, layout: Layout, path: Path, notes: Notes) -> pd.DataFrame:
    """Return the rows of the table, and tell which rows of the file are none."""
    if layout.header_rows != (1,):
        where = ", ".join(map(str, layout.header_rows))
        notes.append(Note("header_found", {"file": path.name, "rows": where}))
    none = {"sum_rows": layout.sums, "remark_rows": layout.remarks,
            "header_repeated": layout.repeats}  # fmt: skip
    for key, rows in none.items():
        if rows:
            first = " ".join(cell for cell in cells[rows[0] - 1] if cell)
            values = {"file": path.name, "count": len(rows), "rows": rows[:_SHOWN], "text": first}
            notes.append(Note(key, values))
    out = {*layout.sums, *layout.remarks, *layout.repeats}
    width = len(layout.header)
    kept, index, long = [], [], []
    for number in range(layout.header_rows[-1] + 1, len(cells) + 1):
        row = cells[number - 1]
        if number in out or not any(row):
            continue
        if any(row[width:]):
            long.append(number)
        kept.append([*row[:width], *([""] * (width - len(row)))])
        index.append(number - 2)
    if long:
        raise TableError(
            f"'{path.name}' has more cells than columns ({width}) in "
            f"row(s) {', '.join(map(str, long[:_SHOWN]))}",
            where=str(path),
            cure="quote cells that hold the separator, or save it with another separator; "
            "with decimal commas save it with ;",
        )
    frame = pd.DataFrame(kept, index=index, columns=pd.Index(layout.header), dtype=object)
    empty = [
        name for name in frame.columns if name.startswith("column ") and (frame[name] == "").all()
    ]
    return frame.drop(columns=empty)


# --- text ------------------------------------------------------------------------------------


def _text_cells(path: Path, reading: Reading, notes: Notes, key: str) -> Cells:
    data = files.read_bytes(path, where=key)
    if data.startswith((_ZIP, OLE)):
        raise BrokenFileError(
            f"'{path.name}' is a workbook, not text",
            where=str(path),
            cure="give it its own ending (.xlsx), or save it as CSV UTF-8",
        )
    found = decoded(data, path, declared=reading.encoding, key=key)
    note_encoding(found, path, notes)
    return split_cells(found.text, path)


def split_cells(text: str, path: Path) -> Cells:
    """Split text into rows of cells at the separator that gives the most regular rows.

    Raises
    ------
    BrokenFileError
        If a quoted cell does not end.
    """
    text = text.replace("\x00", "")
    chosen = separator_of(text)
    try:
        cells = [[cell.strip() for cell in row] for row in _rows(text, chosen)]
    except csv.Error as error:
        raise broken(path, error) from error
    _refuse_open_quote(text, chosen, path)
    return cells


def separator_of(text: str) -> str:
    """Return the separator that gives the most regular rows."""
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))
    best: tuple[float, int, int] = (0.0, 0, 0)
    chosen = ","
    for place, separator in enumerate(_SEPARATORS):
        rows = list(_rows(_sample(text), separator))
        widths = Counter(len(row) for row in rows if any(cell.strip() for cell in row))
        usual, count = max(
            ((width, n) for width, n in widths.items() if width > 1),
            key=lambda pair: (pair[1], pair[0]), default=(0, 0),
        )  # fmt: skip
        rank = (round(count / max(widths.total(), 1), 2), usual, -place)
        if usual > 1 and rank > best:
            best, chosen = rank, separator
    return chosen


def _sample(text: str) -> str:
    lines = text.splitlines(keepends=True)
    return "".join(lines[:_SAMPLE_ROWS])


def _rows(text: str, separator: str) -> Iterable[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)


def _refuse_open_quote(text: str, separator: str, path: Path) -> None:
    """Refuse a quoted cell that never ends: it would swallow the rest of the file."""
    try:
        for _ in csv.reader(io.StringIO(text, newline=""), delimiter=separator,
                            skipinitialspace=True, strict=True):  # fmt: skip
            pass
    except csv.Error as error:
        if "unexpected end" in str(error):
            raise broken(path, error) from error


# --- workbooks -------------------------------------------------------------------------------


def _workbook(path: Path, reading: Reading, sought: Sought, notes: Notes) -> tuple[Cells, Layout]:
    """Return the cells of the sheet asked for, else of the one with the most known names."""
    sheets = read_sheets(path, reading.layer)
    return _best_sheet(sheets, reading, sought, path, notes)


def _best_sheet(  # the sheets, and all that a layout wants
    sheets: dict[str, Cells],
    reading: Reading,
    sought: Sought,
    path: Path,
    notes: Notes,
) -> tuple[Cells, Layout]:
    filled = {name: cells for name, cells in sheets.items() if any(any(row) for row in cells)}
    name, cells = next(iter((filled or sheets).items()))
    if len(filled) > 1 and reading.header_row is None:
        ranks = {title: known_columns(lay_out(rows, sought), sought)
                 for title, rows in filled.items()}  # fmt: skip
        best = max(ranks, key=lambda title: ranks[title])
        if ranks[best] > ranks[name]:
            name, cells = best, filled[best]
    if len(sheets) > 1:
        values = {"file": path.name, "sheet": name, "sheets": list(sheets)}
        notes.append(Note("sheet_chosen", values))
    return cells, _layout(cells, reading, sought, path)


def known_columns(layout: Layout, sought: Sought) -> int:
    """Return how many columns of a layout are asked for or are known names."""
    plain = frozenset(plain_name(name) for name in sought.names)
    return sum(is_known(last_part(name), plain) for name in layout.header)


def read_rule_table(path: Path, *, key: str) -> pd.DataFrame:
    """Read a table of rules as it stands; what its rows must hold is checked by its stage.

    Parameters
    ----------
    path
        CSV, best in UTF-8; other encodings and separators are told by the text.
    key
        Key of the scenario that names the file, for the message.

    Raises
    ------
    InputMissingError, BrokenFileError
        If the file is not there, or may not be read.
    TableError
        If it is no CSV, or has no row below its header.
    """
    text = _rule_text(path, key)
    try:
        frame = pd.read_csv(io.StringIO(text), sep=separator_of(text))
    except (ValueError, OverflowError, csv.Error) as error:
        raise _no_rules(path, key, f"is no CSV table: {error}") from error
    if frame.empty:
        raise _no_rules(path, key, "has no row below its header")
    return frame


def read_rule_rows(path: Path, *, key: str) -> list[dict[str, str]]:
    """Read a table of rules as rows of text; as :func:`read_rule_table`.

    Examples
    --------
    >>> from siting.shipped import shipped_path
    >>> read_rule_rows(shipped_path("road_speeds.csv"), key="inputs.speeds")[0]["road_class"]
    'motorway'
    """
    try:
        header, *rows = split_cells(_rule_text(path, key), path) or [[]]
    except (BrokenFileError, csv.Error) as error:
        raise _no_rules(path, key, f"is no CSV table: {error}") from error
    width = len(header)
    found = [dict(zip_longest(header, row[:width], fillvalue="")) for row in rows if any(row)]
    if not found:
        raise _no_rules(path, key, "has no row below its header")
    return found


def _rule_text(path: Path, key: str) -> str:
    require_file(path, key)
    refuse_form(path, key)
    data = files.read_bytes(path, where=key)
    if data.startswith((_ZIP, OLE)):
        raise _no_rules(path, key, "is a workbook, and tables of rules are text")
    try:
        return decoded(data, path, key=key).text
    except BrokenFileError as error:
        raise _no_rules(path, key, f"is no CSV table: {error.what}") from error


def _no_rules(path: Path, key: str, what: str) -> TableError:
    return TableError(
        f"'{path.name}' {what}",
        where=f"{key}: {path}",
        cure="save it as 'CSV UTF-8'; the shipped one in data/ shows the columns",
    )
