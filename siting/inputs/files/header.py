"""Where the header of a sheet stands, and what offices call their columns."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from siting.inputs.files.numbers import half_width, read_number
from siting.shipped import shipped_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_LEVEL = "/"
_FILLING = re.compile(r"[\s_\-./·:*]+")
_UNIT = re.compile(r"[(\[（【][^()\[\]（）【】]*[)\]）】]$")


@cache
def known_names() -> dict[str, tuple[str, ...]]:
    """Return the plain forms of the names each field goes by."""
    text = shipped_path("column_names.csv").read_text(encoding="utf-8")
    rows = csv.reader(text.splitlines()[1:])
    return {
        row[0]: tuple(plain_name(name) for name in ",".join(row[1:]).split("|")) for row in rows
    }


def plain_name(name: str) -> str:
    """Return a column's name without what people write differently: case, width, filling.

    Examples
    --------
    >>> plain_name("EV Level2 EVSE Num") == plain_name("ev_level2_evse_num")
    True
    """
    return _FILLING.sub("", half_width(name).casefold())


def match_name(wanted: str, there: Sequence[str]) -> str | None:
    """Return the column a name means: itself, else the one that differs in form alone.

    Of a header in two rows, joined by ``/``, and of nested objects, joined by ``.``, the last
    part is enough where no other column ends in it.
    """
    if wanted in there:
        return wanted
    plain = plain_name(wanted)
    tests: tuple[Callable[[str], bool], ...] = (
        lambda name: plain_name(name) == plain,
        lambda name: plain_name(last_part(name)) == plain,
        lambda name: plain_name(_UNIT.sub("", half_width(name))) == plain,
        lambda name: plain_name(_UNIT.sub("", half_width(last_part(name)))) == plain,
    )
    for test in tests:
        found = [name for name in there if test(name)]
        if len(found) == 1:
            return found[0]
    return None


def last_part(name: str) -> str:
    """Return the last part of a name of several levels."""
    for level in (_LEVEL, "."):
        head, _, tail = name.rpartition(level)
        if head and tail.strip():
            name = tail.strip()
    return name


def find_field(field: str, there: Sequence[str]) -> str | None:
    """Return the column that goes by one of the names of a field, the commonest name first."""
    for plain in known_names().get(field, ()):
        found = match_name(plain, there) if plain in there else None
        found = found or _unique(plain, there)
        if found is not None:
            return found
    return None


def _unique(plain: str, there: Sequence[str]) -> str | None:
    for form in (lambda name: name, last_part, lambda name: _UNIT.sub("", half_width(name))):
        found = [name for name in there if plain_name(form(name)) == plain]
        if len(found) == 1:
            return found[0]
    return None


@cache
def _every_name() -> frozenset[str]:
    return frozenset(name for names in known_names().values() for name in names)


def is_known(name: str, wanted: Iterable[str]) -> bool:
    """Tell whether a header is asked for, or is a name that offices give some field."""
    forms = {plain_name(name), plain_name(_UNIT.sub("", half_width(name)))}
    return bool(forms & (_every_name() | set(wanted)))


Cells = list[list[str]]

_LOOKED_AT = 25
_SUM = re.compile(
    r"(?:合计|总计|小计|共计|累计|总和|汇总|本页合计|全区合计|total|totals|subtotal|grandtotal|sum|summe|gesamt|"
    r"insgesamt|zwischensumme)(?:[:(（].*|\d.*)?",
    re.IGNORECASE,
)
_REMARK = re.compile(
    r"(?:注|备注|说明|数据来源|资料来源|来源|制表|填表|填报|审核|复核|单位|联系|截至|截止|note|source|remark|quelle|stand)"
    r"\s*\d*[:：(（\s].*|(?:注|备注|说明)$",
    re.IGNORECASE | re.DOTALL,
)
_TEXTS_BEFORE_SUM = 3


@dataclass(frozen=True)
class Layout:
    """What stands where in a sheet; rows count from 1 as a spreadsheet does.

    Attributes
    ----------
    header
        Names of the columns.
    header_rows
        Row or rows of the header.
    sums, remarks, repeats
        Rows below it that sum others up, that are remarks, and that repeat the header.
    """

    header: list[str]
    header_rows: tuple[int, ...]
    sums: list[int] = field(default_factory=list)
    remarks: list[int] = field(default_factory=list)
    repeats: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Sought:
    """Names of columns that are asked for, and those of them with coordinates.

    The names show where the header is; a row with a place is no sum of others.
    """

    names: tuple[str, ...] = ()
    places: tuple[str, ...] = ()


NOTHING = Sought()


def lay_out(
    cells: Cells, sought: Sought = NOTHING, *, header_row: tuple[int, ...] | None = None
) -> Layout:
    """Find the header and the rows that are none of the table's.

    The header is the row, or the two rows on top of each other, with the most names that are
    asked for or that offices use; of equals the simplest, then the first. Where no row has any,
    it is the first row as wide as the table.

    Parameters
    ----------
    cells
        Rows of cells as text.
    sought
        Names asked for.
    header_row
        Rows of the header if the scenario says so.
    """
    plain = frozenset(plain_name(name) for name in sought.names)
    rows = header_row or _find_rows(cells, plain)
    header = unique_names(_names(cells, rows))
    layout = Layout(header, rows)
    located = {match_name(name, header) for name in sought.places}
    located |= {find_field(name, header) for name in ("lon", "lat", "coordinates")}
    where = [header.index(name) for name in sorted(filter(None, located))]
    for number in range(rows[-1] + 1, len(cells) + 1):
        row = cells[number - 1]
        filled = [cell for cell in row if cell]
        if not filled:
            continue
        placed = any(cell for place in where for cell in row[place : place + 1])
        if not placed and is_sum(filled):
            layout.sums.append(number)
        elif len(filled) == 1 and len(header) > 1 and _REMARK.fullmatch(filled[0]):
            layout.remarks.append(number)
        elif len(filled) > 1 and row[: len(header)] == cells[rows[-1] - 1][: len(header)]:
            layout.repeats.append(number)
    return layout


def is_sum(filled: Sequence[str]) -> bool:
    """Tell whether a row says that it sums others up: a word for it among its first texts."""
    texts = [cell for cell in filled if read_number(cell) is None][:_TEXTS_BEFORE_SUM]
    return any(_SUM.fullmatch(re.sub(r"\s+", "", half_width(text))) for text in texts)


def _find_rows(cells: Cells, wanted: frozenset[str]) -> tuple[int, ...]:
    """Return the number of the row, or of the two rows, that hold the header."""
    best: tuple[int, ...] = ()
    most = 0
    for number in range(1, min(len(cells), _LOOKED_AT) + 1):
        for rows in ((number,), (number, number + 1)):
            if len(rows) > 1 and not _may_be_two(cells, number):
                continue
            hits = sum(
                is_known(part, wanted)
                for name in _names(cells, rows)
                for part in ([name.rpartition("/")[2]] if name else [])
            )
            if hits > most:
                best, most = rows, hits
    return best or (_first_wide(cells),)


def _may_be_two(cells: Cells, number: int) -> bool:
    """Tell whether a row and the next may be one header: texts only, and the upper has gaps."""
    if number >= len(cells):
        return False
    upper, lower = cells[number - 1], cells[number]
    texts = [cell for cell in (*upper, *lower) if cell]
    gaps = sum(bool(cell) for cell in upper) > 1 and any(not cell for cell in upper)
    return gaps and any(lower) and all(read_number(cell) is None for cell in texts)


def _names(cells: Cells, rows: tuple[int, ...]) -> list[str]:
    """Return the names of a header of one or two rows; of two, joined by ``/``."""
    if len(rows) == 1:
        return [_one_line(cell) for cell in cells[rows[0] - 1]]
    upper, lower = ([_one_line(cell) for cell in cells[row - 1]] for row in (rows[0], rows[-1]))
    width = max(len(upper), len(lower))
    upper += [""] * (width - len(upper))
    lower += [""] * (width - len(lower))
    names, group = [], ""
    for top, bottom in zip(upper, lower, strict=True):
        group = top or (group if bottom else "")
        names.append(
            f"{group}/{bottom}" if group and bottom and group != bottom else group or bottom
        )
    return names


def _one_line(cell: str) -> str:
    return re.sub(r"\s+", " ", cell.lstrip("\ufeff")).strip()


def _first_wide(cells: Cells) -> int:
    """Return the first row that is as wide as most rows are."""
    widths = [sum(bool(cell) for cell in row) for row in cells]
    usual = max(widths[:_LOOKED_AT], default=0)
    return next((n for n, width in enumerate(widths, 1) if width and 2 * width > usual), 1)


def unique_names(names: Sequence[str]) -> list[str]:
    """Return the names with a number after each that stands there already, none left empty."""
    seen: dict[str, int] = {}
    result = []
    for position, name in enumerate(names, 1):
        own = name or f"column {position}"
        seen[own] = seen.get(own, 0) + 1
        result.append(own if seen[own] == 1 else f"{own} ({seen[own]})")
    return result
