"""The tables of a plan on disk: layers of a GeoPackage, and sheets that open in Excel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
from pyogrio.errors import DataSourceError

from siting import files
from siting.errors import BrokenFileError, InputMissingError
from siting.plan.described import described
from siting.tables.fields import FACILITIES, fields, find_field, shown

if TYPE_CHECKING:
    from pathlib import Path

    from siting.notes import Say
    from siting.plan.plan import Plan
    from siting.tables.fields import Facility

LAYERS = (
    *(one.table for one in FACILITIES if not one.optional),
    "candidates", "assignments", "demand", "zones", "roads", "landscape",
)  # fmt: skip
OPTIONAL_LAYERS = tuple(one.table for one in FACILITIES if one.optional)
_DECIMALS = 4
_DECIMALS_BY_UNIT = {"m": 1, "m2": 0, "kW": 1, "kWh/day": 1, "min": 1, "CNY": 0, "degrees": 6}
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_TEXT = pd.StringDtype(na_value=np.nan)
_MARK = "mark"
_WHOLE_OR_MISSING = frozenset(
    key for key, field in fields().items() if field.column.dtype == "int" and field.column.nullable
)
_CURE = "make the plan again with: siting plan SCENARIO"


def write_tables(plan: Plan, path: Path, *, say: Say) -> None:
    """Write every table of a plan as a layer, in the plan's metric CRS.

    Parameters
    ----------
    plan
        The plan.
    path
        The GeoPackage to make.
    say
        Words for the sample mark, which each layer carries in its description and each row of
        a synthetic plan in the column ``mark``.
    """
    more = [layer for layer in OPTIONAL_LAYERS if getattr(plan, layer) is not None]
    for layer in (*LAYERS, *more):
        frame = _plain(getattr(plan, layer))
        options: dict[str, Any] = {"layer": layer}
        if plan.synthetic:
            options["DESCRIPTION"] = say("mark.sample")
            frame = frame.assign(**{_MARK: say("mark.sample")})
        if isinstance(frame, gpd.GeoDataFrame):
            # one layer may hold points and polygons, or nothing: let it
            options |= {"geometry_type": "Unknown", "promote_to_multi": False}
        files.write_layer(frame, path, **options)


_UNREADABLE = (DataSourceError, RuntimeError, ValueError, IndexError, UnboundLocalError)
"""What pyogrio raises of a file that is cut short or garbled."""


def read_tables(path: Path) -> dict[str, gpd.GeoDataFrame | pd.DataFrame]:
    """Read the layers of a plan's GeoPackage by name.

    Raises
    ------
    InputMissingError
        If the file is not there.
    BrokenFileError
        If it is cut short or lacks a layer.
    """
    if not files.is_file(path):
        raise InputMissingError(
            f"the run folder lacks its tables, {path.name}", where=str(path.parent), cure=_CURE
        )
    files.require_form(path)
    try:
        there = {str(row[0]) for row in pyogrio.list_layers(path)}
        missing = [layer for layer in LAYERS if layer not in there]
        if missing:
            raise BrokenFileError(
                f"{path.name} lacks the layer(s) {', '.join(missing)}", where=str(path), cure=_CURE
            )
        wanted = (*LAYERS, *(layer for layer in OPTIONAL_LAYERS if layer in there))
        frames = {layer: pyogrio.read_dataframe(path, layer=layer) for layer in wanted}
    except _UNREADABLE as error:
        raise BrokenFileError(
            f"{path.name} cannot be read: {error}", where=str(path), cure=_CURE
        ) from error
    return {
        layer: _typed(frame.drop(columns=_MARK, errors="ignore")) for layer, frame in frames.items()
    }


def write_sheet(plan: Plan, facility: Facility, path: Path, *, say: Say) -> None:
    """Write a class of facility as CSV in WGS-84 degrees, safe to open in a spreadsheet.

    Parameters
    ----------
    plan
        The plan; it has a table of the class.
    facility
        The class.
    path
        The file to make.
    say
        Words for kinds of site and the sample mark.
    """
    frame = getattr(plan, facility.table)
    keys = shown("csv", facility.key, frame.columns)
    table = described(plan, frame, keys, say)
    for name in table.columns:
        if pd.api.types.is_float_dtype(table[name]):
            table[name] = _rounded(table[name])
        elif not pd.api.types.is_numeric_dtype(table[name]):
            table[name] = table[name].map(harmless, na_action="ignore")
    # the byte-order mark makes Excel read the Chinese as UTF-8
    files.write_whole(path, "\ufeff" + table.to_csv(index=False, lineterminator="\n"))


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with categories as text: a GeoPackage has no such type."""
    labels = {
        name: frame[name].astype(_TEXT)
        for name in frame.columns
        if isinstance(frame[name].dtype, pd.CategoricalDtype)
    }
    return frame.assign(**labels).reset_index(drop=True)


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with one text type, also where a column is empty or all missing."""
    texts = {
        name: frame[name].astype(_TEXT)
        for name in frame.columns
        if frame[name].dtype == object and name != "geometry"
    }
    # whole numbers that may be missing: a file has them as decimals
    whole = {name: frame[name].astype("Int64") for name in frame.columns
             if name in _WHOLE_OR_MISSING}  # fmt: skip
    return frame.assign(**texts, **whole)


def _rounded(values: pd.Series) -> pd.Series:
    field = find_field(str(values.name))
    unit = field[0].column.unit if field else ""
    digits = _DECIMALS_BY_UNIT.get(unit, _DECIMALS)
    rounded = values.round(digits)
    if unit == "degrees":
        return rounded
    if bool((rounded.dropna() % 1 == 0).all()):
        return rounded.astype("Int64")
    return rounded


def harmless(text: object) -> object:
    """Keep a spreadsheet from running a name as a formula, and a row on one line."""
    if not isinstance(text, str):
        return text
    line = " ".join(text.splitlines())
    return f"'{line}" if line.startswith(_FORMULA_STARTS) else line
