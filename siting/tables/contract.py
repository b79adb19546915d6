"""What a contract is, and how a frame is held against it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import geopandas as gpd
import numpy as np
import pandas as pd

from siting.errors import TableError
from siting.geo import is_metric

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siting.arrays import Flags


DType = Literal["str", "int", "float", "bool", "category", "geometry"]
_ANY = re.compile(r"<\w+>")
# Rows and values named in one fault; the rest is counted.
_SHOWN = 5
_FIRST_ROW = 2  # as a spreadsheet counts, below the header


@dataclass(frozen=True)
class Column:
    """One column: its type, unit, meaning and the values it may hold.

    A name with a part in angle brackets stands for any number of columns, ``chargers_<class>``.
    An optional column may be absent.
    """

    name: str
    dtype: DType
    meaning: str
    unit: str = ""
    nullable: bool = False
    unique: bool = False
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    optional: bool = False

    def part(self, name: str) -> str | None:
        """Return what stands for the angle brackets in a column's name; None if it does not fit.

        Examples
        --------
        >>> Column("chargers_<class>", "int", "by class").part("chargers_fast_dc")
        'fast_dc'
        """
        found = re.fullmatch(_ANY.sub("(.+)", self.name), name)
        return None if found is None else "".join(found.groups())

    @property
    def is_pattern(self) -> bool:
        """Whether it stands for any number of columns."""
        return _ANY.search(self.name) is not None


@dataclass(frozen=True)
class Table:
    """One table: the stage that makes it and its columns."""

    name: str
    made_by: str
    columns: tuple[Column, ...]
    may_be_empty: bool = False

    @property
    def column_names(self) -> list[str]:
        """Names of the columns, in order."""
        return [column.name for column in self.columns]

    @property
    def has_geometry(self) -> bool:
        """Whether the table is a GeoDataFrame."""
        return any(column.dtype == "geometry" for column in self.columns)


def check(frame: pd.DataFrame, table: Table, *, where: str = "") -> None:
    """Hold a frame against its contract and name every fault at once.

    Parameters
    ----------
    frame
        The table to check. Further columns than the contract's are allowed.
    table
        The contract.
    where
        Where the frame came from, for the message.

    Raises
    ------
    TableError
        With one line per fault: missing column, wrong type, missing, repeated or
        out-of-range values, each with the rows it was seen in.
    """
    faults = list(_faults(frame, table))
    if faults:
        counted = " (the header is row 1)" if _is_unnamed(frame) else ""
        raise TableError(
            f"table '{table.name}' breaks its contract in {len(faults)} place(s){counted}:\n    - "
            + "\n    - ".join(faults),
            where=where or table.made_by,
            cure="mend the rows named above; docs/tables.md says what each column holds",
        )


def _faults(frame: pd.DataFrame, table: Table) -> Iterator[str]:
    if not table.may_be_empty and frame.empty:
        yield "it has no rows"
    for column in table.columns:
        if column.is_pattern:
            for name in _fitting(frame, column, table):
                yield from _column_faults(frame, replace(column, name=name))
            continue
        times = list(frame.columns).count(column.name)
        if times == 1:
            yield from _column_faults(frame, column)
        elif times or not column.optional:
            yield f"column '{column.name}' " + ("stands twice" if times else "is missing")
    yield from _crs_faults(frame, table)


def _fitting(frame: pd.DataFrame, column: Column, table: Table) -> list[str]:
    """Return the columns that a pattern stands for."""
    others = set(table.column_names)
    return [name for name in frame.columns if name not in others and column.part(name) is not None]


def _crs_faults(frame: pd.DataFrame, table: Table) -> Iterator[str]:
    if isinstance(frame, gpd.GeoDataFrame) and table.has_geometry and not frame.empty:
        if frame.crs is None:
            yield "geometry has no CRS"
        elif not is_metric(frame.crs):
            yield f"geometry is not in a metric CRS (it is in {frame.crs.name})"


def _column_faults(frame: pd.DataFrame, column: Column) -> Iterator[str]:
    values = frame[column.name]
    missing = values.isna()
    if not column.nullable and bool(missing.any()):
        yield f"column '{column.name}' has missing values in {_rows(frame, missing.to_numpy())}"
    if not _right_type(values, column.dtype):
        yield f"column '{column.name}' should be {column.dtype}, is {values.dtype}"
        return
    if column.unique and bool(values.duplicated().any()):
        repeated = values[values.duplicated(keep=False)]
        yield f"column '{column.name}' repeats {_values(repeated.unique())}"
    if column.choices:
        bad = ~values.isin(column.choices) & ~missing
        if bool(bad.any()):
            yield (
                f"column '{column.name}' holds {_values(values[bad].unique())}; "
                f"allowed: {', '.join(column.choices)}"
            )
    if isinstance(values, gpd.GeoSeries) and bool(values.is_empty.any()):
        yield f"column '{column.name}' is empty in {_rows(frame, values.is_empty.to_numpy())}"
    if column.dtype in {"int", "float"}:
        yield from _range_faults(frame, column)


def _range_faults(frame: pd.DataFrame, column: Column) -> Iterator[str]:
    values = frame[column.name].to_numpy(dtype=float, na_value=np.nan)
    low = -np.inf if column.low is None else column.low
    high = np.inf if column.high is None else column.high
    unit = f" {column.unit}" if column.unit else ""
    for bad, fault in (
        (np.isinf(values), "is infinite"),
        (values < low, f"is below {low:g}{unit}"),
        (values > high, f"is above {high:g}{unit}"),
    ):
        if bad.any():
            yield f"column '{column.name}' {fault} in {_rows(frame, bad)}"


def _right_type(values: pd.Series, dtype: DType) -> bool:
    types = pd.api.types
    match dtype:
        case "str":
            return types.is_string_dtype(values.dropna()) or bool(values.isna().all())
        case "int":
            return types.is_integer_dtype(values.dtype)
        case "float":
            return types.is_numeric_dtype(values.dtype) and not types.is_bool_dtype(values.dtype)
        case "bool":
            return types.is_bool_dtype(values.dtype)
        case "category":
            return isinstance(values.dtype, pd.CategoricalDtype)
        case _:
            return isinstance(values, gpd.GeoSeries)


def _is_unnamed(frame: pd.DataFrame) -> bool:
    """Whether the rows of a table have no ids but their positions, as those read from a file."""
    return isinstance(frame.index, pd.RangeIndex)


def _rows(frame: pd.DataFrame, mask: Flags) -> str:
    numbers = np.flatnonzero(mask)
    first = _FIRST_ROW if _is_unnamed(frame) else None
    shown = ", ".join(
        str(frame.index[number] if first is None else number + first) for number in numbers[:_SHOWN]
    )
    more = f" and {len(numbers) - _SHOWN} more" if len(numbers) > _SHOWN else ""
    return f"row(s) {shown}{more}"


def _values(values: object) -> str:
    items = [str(value) for value in np.asarray(values, dtype=object)]
    more = f" and {len(items) - _SHOWN} more" if len(items) > _SHOWN else ""
    return ", ".join(items[:_SHOWN]) + more


Name = str | dict[str, str]
"""A name as it stands, or by language (``zh``, ``en``) where it has one in both."""


def zone_names(zones: pd.DataFrame) -> list[Name]:
    """Return the names of some zones for a note, which is read in either language.

    Parameters
    ----------
    zones
        ``name`` and ``name_en`` of ``tables.ZONES``; the English one may be missing.

    Returns
    -------
    list
        In the order of the rows.

    Examples
    --------
    >>> import pandas as pd
    >>> zones = pd.DataFrame({"name": ["人和", "Vaduz"], "name_en": ["Renhe", None]})
    >>> zone_names(zones)
    [{'zh': '人和', 'en': 'Renhe'}, 'Vaduz']
    """
    english = zones["name_en"].fillna(zones["name"])
    return [
        str(own) if own == other else {"zh": str(own), "en": str(other)}
        for own, other in zip(zones["name"], english, strict=True)
    ]
