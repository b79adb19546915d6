"""The values of a table's cells: numbers, flags, days and ids, every fault with its row."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from siting.errors import ScenarioError
from siting.inputs.files.columns import PointField, PointFile, texts
from siting.inputs.files.numbers import (
    decimal_sign,
    half_width,
    header_unit,
    read_number,
    unit_factor,
)
from siting.inputs.files.sheets import MISSING
from siting.notes import Note

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from siting.arrays import Floats

    Columns = Mapping[str, tuple[str, ...]]
    Column = NDArray[Any] | pd.api.extensions.ExtensionArray

TRUE = frozenset(
    {"true", "1", "1.0", "yes", "y", "t", "是", "有", "对", "公共", "公用", "对外", "对外开放",
     "社会公共", "accès libre", "public", "√", "✓", "oui", "ja", "wahr"}
)  # fmt: skip
FALSE = frozenset(
    {"false", "0", "0.0", "no", "n", "f", "否", "无", "错", "专用", "私人", "自用", "内部",
     "不对外", "accès réservé", "不对外开放",
     "private", "restricted", "×", "✗", "non", "nein", "falsch"}
)  # fmt: skip
_SHOWN = 20
_EXAMPLES = 3
_DAY = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})(?:\s*[-/.月]\s*(\d{1,2}))?\s*日?月?(?:[T ].*)?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_YEAR = re.compile(r"(\d{4})\s*年?")
_EUROPEAN = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})(?:[T ].*)?")


@dataclass
class Faults:
    """The faults of a file, by row; ``rows`` are its row numbers as a spreadsheet counts them."""

    rows: np.ndarray
    found: list[tuple[int, str]] = field(default_factory=list)

    def at(self, position: int | np.integer[Any], text: str) -> None:
        """Note a fault in the row at a position."""
        row = int(self.rows[position])
        self.found.append((row, f"row {row}: {text}"))

    def among(self, rows: list[int], text: str) -> None:
        """Note a fault that several rows share; it stands with the first of them."""
        label = "rows" if len(rows) > 1 else "row"
        self.found.append((rows[0], f"{label} {', '.join(map(str, rows[:_SHOWN]))}: {text}"))

    def lines(self) -> list[str]:
        """Return the faults in the order of their rows."""
        return [text for _, text in sorted(self.found, key=lambda fault: fault[0])]


@dataclass
class Converted:
    """Cells that held more than plain digits: how many, and examples of before and after."""

    count: int = 0
    examples: dict[str, str] = field(default_factory=dict)

    def add(self, cell: str, value: object) -> None:
        """Count a cell, and keep it as an example while there are few."""
        self.count += 1
        if len(self.examples) < _EXAMPLES:
            self.examples.setdefault(cell, f"{cell} → {value}")

    def note(self, file: str, notes: list[Note]) -> None:
        """Tell the reader, where there is anything to tell."""
        if self.count:
            examples = list(self.examples.values())
            notes.append(
                Note("cells_converted", {"file": file, "count": self.count, "examples": examples})
            )


@dataclass
class Cells:
    """Reads the columns of one table.

    Attributes
    ----------
    raw
        Cells as text.
    columns
        Our column -> columns of the file.
    wanted
        What the scenario says of the file.
    faults, converted
        What is collected on the way.
    decimal
        Decimal sign of the file.
    """

    raw: pd.DataFrame
    columns: Columns
    wanted: PointFile
    faults: Faults
    converted: Converted
    decimal: str

    def values(self, fields: tuple[PointField, ...]) -> dict[str, Column]:
        """Return the values of each field, by name: numbers, flags, dates or texts."""
        return {one.name: self._field(one) for one in fields}

    def _field(self, one: PointField) -> Any:  # noqa: ANN401  # arrays of numbers, flags or texts
        if one.kind in {"number", "count"}:
            return self.numbers(one)
        cells = self._texts(one.name)
        if one.kind == "flag":
            return flags(cells, one.name, self.faults)
        if one.kind == "date":
            return dates(cells, one.name, self.faults, self.converted)
        if one.kind == "id" and one.name not in self.columns:
            cells = [f"row-{row}" for row in self.faults.rows]
        elif one.kind == "id":
            _id_faults(cells, one.name, self.faults, repeated=self.wanted.repeated_ids)
        else:
            _text_faults(cells, one, self.faults)
        return texts(cells)

    def _texts(self, name: str) -> list[str]:
        columns = self.columns.get(name, ())
        if not columns:
            return [""] * len(self.raw)
        parts = [[str(cell) for cell in self.raw[column]] for column in columns]
        return (
            parts[0]
            if len(parts) == 1
            else [" ".join(filter(None, row)) for row in zip(*parts, strict=True)]
        )

    def numbers(self, one: PointField) -> Floats:
        """Return the numbers of a field, the sum where several columns make it up."""
        columns = self.columns.get(one.name, ())
        if not columns:
            return np.full(len(self.raw), np.nan)
        parts = np.array([self._column(column, one, filled=one.filled and len(columns) == 1)
                          for column in columns])  # fmt: skip
        known = np.isfinite(parts)
        total = np.where(known.any(axis=0), np.where(known, parts, 0.0).sum(axis=0), np.nan)
        _range_faults(total, one, self.faults)
        return total

    def _column(self, column: str, one: PointField, *, filled: bool) -> Floats:
        per = self._per(column, one)
        result = np.full(len(self.raw), np.nan)
        for position, cell in enumerate(self.raw[column]):
            if half_width(cell).casefold() in MISSING:
                if filled:
                    self.faults.at(position, f"{one.name} is missing")
                continue
            unit = one.unit or ("count" if one.kind == "count" else "")
            number = read_number(cell, decimal=self.decimal, unit=unit, per=per)
            if number is None:
                self.faults.at(position, f"{one.name} is no number: '{cell}'")
            elif not np.isfinite(number.value):
                self.faults.at(position, f"{one.name} is no finite number: '{cell}'")
            else:
                result[position] = number.value
                if number.converted:
                    self.converted.add(cell, f"{number.value:g}")
        return result

    def _per(self, column: str, one: PointField) -> float:
        """Return how many of our unit the column's numbers stand for, as declared or headed."""
        if not one.unit:
            return 1.0
        stated = self.wanted.units.get(one.name)
        # our own name for a column says nothing of what somebody put into it
        headed = None if column == one.name else header_unit(column, one.unit)
        key = f"{self.wanted.key}.{one.name.partition('_')[0]}_unit"
        if stated is None:
            return 1.0 if headed is None else unit_factor(one.unit, headed, key=key)
        factor = unit_factor(one.unit, stated, key=key)
        if headed is not None and unit_factor(one.unit, headed, key=key) != factor:
            raise ScenarioError(
                f"the scenario says {stated}, but '{self.wanted.path.name}' says {headed} in the "
                f"header '{column}'",
                where=key,
                cure="make the two agree",
            )
        return factor


def decimal_of(raw: pd.DataFrame, columns: Columns, fields: tuple[PointField, ...]) -> str:
    """Return the decimal sign that the numbers and coordinates of a table prove."""
    numeric = [one.name for one in fields if one.kind in {"number", "count"}]
    cells = [cell for name in numeric for column in columns.get(name, ()) for cell in raw[column]]
    places = [
        cell for name in ("lon", "lat") for column in columns.get(name, ()) for cell in raw[column]
    ]
    return decimal_sign(cells, places)


def _range_faults(numbers: Floats, one: PointField, faults: Faults) -> None:
    for position in np.flatnonzero(numbers < 0):
        faults.at(position, f"{one.name} is below 0: {numbers[position]:g}")
    for position in np.flatnonzero(numbers > one.high):
        faults.at(position, f"{one.name} is above {one.high:g}: {numbers[position]:g}")
    if one.kind == "count":
        for position in np.flatnonzero(np.isfinite(numbers) & (numbers % 1 != 0)):
            faults.at(position, f"{one.name} is no whole number: {numbers[position]:g}")


def _text_faults(cells: list[str], one: PointField, faults: Faults) -> None:
    for position, cell in enumerate(cells):
        if not cell and one.filled:
            faults.at(position, f"{one.name} is missing")
        elif cell and one.choices and cell not in one.choices:
            known = ", ".join(one.choices[:_SHOWN])
            faults.at(position, f"{one.name} '{cell}' is none of {known}")


def flags(cells: Sequence[str], name: str, faults: Faults) -> np.ndarray:
    """Return yes and no as flags; an empty cell is no, and a yes where the field is ``public``."""
    unknown = name == "public"
    result = np.full(len(cells), unknown, dtype=bool)
    for position, cell in enumerate(cells):
        plain = half_width(cell).casefold()
        if plain in TRUE:
            result[position] = True
        elif plain in FALSE:
            result[position] = False
        elif plain not in MISSING:
            faults.at(position, f"{name} is neither yes nor no: '{cell}'")
    return result


def dates(
    cells: Sequence[str], name: str, faults: Faults, converted: Converted
) -> pd.api.extensions.ExtensionArray:
    """Return days as ISO texts; a month or a year stands for its first day."""
    result: list[str | None] = []
    month_first = _month_first(cells)
    for position, cell in enumerate(cells):
        text = half_width(cell)
        day = None if text.casefold() in MISSING else read_day(text, month_first=month_first)
        if day is None and text.casefold() not in MISSING:
            faults.at(position, f"{name} is no date: '{cell}'")
        elif day is not None and day != cell:
            converted.add(cell, day)
        result.append(day)
    return texts(result)


def read_day(text: str, *, month_first: bool | None = None) -> str | None:
    """Return a day in ISO 8601, or None if the text is no day.

    Examples
    --------
    >>> read_day("2024年3月1日"), read_day("31.12.2023"), read_day("2024"), read_day("soon")
    ('2024-03-01', '2023-12-31', '2024-01-01', None)
    """
    if found := _EUROPEAN.fullmatch(text):
        one, sign, two, year = found.groups()
        if sign == "/" and month_first is None and one != two:
            return None
        month, day = (one, two) if month_first and sign == "/" else (two, one)
        parts = (year, month, day)
    elif found := (_DAY.fullmatch(text) or _COMPACT.fullmatch(text) or _YEAR.fullmatch(text)):
        given = (*found.groups(), None, None)
        parts = (given[0], given[1] or "1", given[2] or "1")
    else:
        return None
    try:
        return dt.date(*(int(part) for part in parts)).isoformat()
    except ValueError:
        return None


def _month_first(cells: Sequence[str]) -> bool | None:
    """Tell 12/31/2023 from 31/12/2023 by the cells of the column; None if none of them does."""
    found = [match for match in (_EUROPEAN.fullmatch(half_width(cell)) for cell in cells) if match]
    first = any(int(one[1]) > 12 for one in found)  # noqa: PLR2004  # months
    second = any(int(one[3]) > 12 for one in found)  # noqa: PLR2004  # months
    return None if first == second else second


def _id_faults(cells: list[str], name: str, faults: Faults, *, repeated: bool) -> None:
    rows: dict[str, list[int]] = {}
    for position, cell in enumerate(cells):
        rows.setdefault(cell, []).append(int(faults.rows[position]))
    for cell, numbers in rows.items():
        if not cell:
            faults.among(numbers, f"{name} is missing")
        elif len(numbers) > 1 and not repeated:
            faults.among(numbers, f"{name} '{cell}' is used {len(numbers)} times")
