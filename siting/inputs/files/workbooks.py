"""The sheets of a workbook as text, however large a sheet says it is."""

from __future__ import annotations

import datetime as dt
import zipfile
from typing import TYPE_CHECKING, Any

import openpyxl

from siting import files
from siting.errors import BrokenFileError, TableError
from siting.inputs.files.vectors import broken

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from siting.inputs.files.header import Cells

OLE = b"\xd0\xcf\x11\xe0"
"""First bytes of old workbooks, and of those locked with a password."""

_MOST_ROWS = 1_000_000
_BLANK_ROWS = 5_000
_MOST_COLUMNS = 2_000
_MOST_DIGITS = 1e15
# What may be unpacked and held at once. Measured with openpyxl 3.1: the most tags of one row take
# 1.5 GB and 7 s, those of the texts 0.5 GB and 14 s, those of a book 0.7 GB and 23 s; a list of
# 200,000 rows and 20 columns has 16 million.
_MOST_BYTES = 512 << 20
_MOST_MEMBERS = 10_000
_MOST_TAGS = 20_000_000
_MOST_TAGS_AT_ONCE = 4_000_000
_MOST_CELLS = 20_000_000
_MOST_SPAN = 100_000_000
_MOST_SIGNS = 256_000_000
_MOST_RATIO, _SMALL = 200, 64 << 20
_PICTURE_RATIO = 3
_PIECE = 1 << 20
_TRIM = (
    "open it in Excel or WPS, copy the rows of the list alone into a new workbook, and save that; "
    "Ctrl+End shows how far a sheet reaches"
)


def read_sheets(path: Path, layer: str | None) -> dict[str, Cells]:
    """Return the cells of each sheet, or of the one asked for, as text.

    Raises
    ------
    BrokenFileError
        If it is no workbook, or locked.
    TableError
        If it lacks the sheet, or would fill the memory.
    """
    with files.reading(path), path.open("rb") as stream:
        locked = stream.read(len(OLE)) == OLE
    if locked:
        raise BrokenFileError(
            f"'{path.name}' is locked with a password, or an old workbook under a new name",
            where=str(path),
            cure="open it in Excel or WPS and save it without a password as .xlsx",
        )
    _refuse_bomb(path)
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
        room = _Room(path)
        return {
            sheet.title: _sheet_cells(sheet, path, room)
            for sheet in book.worksheets
            if layer in (None, sheet.title)
        }
    finally:
        book.close()


def _refuse_bomb(path: Path) -> None:
    """Refuse a workbook that unpacks beyond all measure, before anything is made of it.

    Raises
    ------
    TableError
        With the size, or the number of tags.
    """
    try:
        with zipfile.ZipFile(path) as packed:
            why = _bomb(packed)
    except Exception as error:  # of zipfile and of what it unpacks with
        raise broken(path, error) from error
    if why:
        raise _too_large(path, why)


def _bomb(packed: zipfile.ZipFile) -> str:
    """Say in what a workbook is beyond all measure; nothing if it is not.

    What its members say of their size is an upper end: no more of them is unpacked.
    """
    members = packed.infolist()
    if len(members) > _MOST_MEMBERS:
        return f"it is packed of {len(members):,} files"
    texts = [one for one in members if one.file_size > _PICTURE_RATIO * one.compress_size]
    size, small = (sum(getattr(one, name) for one in texts)
                   for name in ("file_size", "compress_size"))  # fmt: skip
    dense = [one.file_size for one in texts if one.file_size > _MOST_RATIO * one.compress_size]
    if size > _MOST_BYTES or max(dense, default=0) > _SMALL:
        return f"its {small / 1e6:,.1f} MB unpack to {size / 1e6:,.0f} MB"
    total = 0
    for member in members:
        if member in texts or _is_xml(member):
            tags, at_once = _tags(packed, member)
            total += tags
            if total > _MOST_TAGS or at_once > _MOST_TAGS_AT_ONCE:
                return f"'{member.filename}' alone has {tags:,} tags"
    return ""


def _is_xml(member: zipfile.ZipInfo) -> bool:
    return member.filename.lower().endswith((".xml", ".rels"))


def _tags(packed: zipfile.ZipFile, member: zipfile.ZipInfo) -> tuple[int, int]:
    """Return the tags of a member, and the most of them that are held at once: those of a row."""
    total = longest = run = 0
    with packed.open(member) as stream:
        while piece := stream.read(_PIECE):
            first, *others = (part.count(b"<") for part in piece.split(b"row>"))
            total += first + sum(others)
            longest = max(longest, run + first, *others)
            run = others[-1] if others else run + first
            if total > _MOST_TAGS:
                break
    return total, longest


def _too_large(path: Path, why: str) -> TableError:
    what = f"'{path.name}' is too large to be a list: {why}"
    return TableError(what, where=str(path), cure=_TRIM)


class _Room:
    """What the cells of a workbook may take, over all its sheets."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.span = self.cells = self.signs = 0

    def texts(self, row: tuple[object, ...]) -> list[str]:
        """Return the cells of a row as text, without blank ones at its end."""
        width = min(len(row), _MOST_COLUMNS)
        self.span += width
        while width and row[width - 1] is None:
            width -= 1
        texts = [cell_text(value) for value in row[:width]]
        self.cells += width
        self.signs += sum(map(len, texts))
        if self.span > _MOST_SPAN or self.cells > _MOST_CELLS:
            raise _too_large(self.path, f"its rows reach over {max(self.span, self.cells):,} cells")
        if self.signs > _MOST_SIGNS:
            raise _too_large(self.path, f"its cells hold {self.signs:,} characters")
        return texts


def _sheet_cells(
    sheet: Any,  # noqa: ANN401  # openpyxl has no types
    path: Path,
    room: _Room,
) -> Cells:
    """Return the cells of a sheet as text, up to a long stretch of blank rows."""
    cells: Cells = []
    blank = 0
    for row in _rows(sheet, path):
        texts = room.texts(row)
        blank = 0 if any(texts) else blank + 1
        if blank > _BLANK_ROWS:
            break
        if len(cells) == _MOST_ROWS:
            raise _too_large(path, f"sheet '{sheet.title}' has more than {_MOST_ROWS:,} rows")
        cells.append(texts)
    return cells


def _rows(sheet: Any, path: Path) -> Iterator[tuple[object, ...]]:  # noqa: ANN401  # as above
    sheet.reset_dimensions()  # what a sheet says of its size may be a million rows of nothing
    try:
        yield from sheet.iter_rows(values_only=True)
    except Exception as error:
        raise broken(path, error) from error


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
