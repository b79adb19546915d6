"""The result of a stage as bytes, and back without loss.

Tables are Arrow files (Feather), the rest is JSON, all in one uncompressed ZIP. Nothing in it is
code, as a pickle would be: a file that somebody else has put into the folder can be wrong, but
reading it runs nothing. Only the dataclasses that the reader names are made again. What comes back
is held against what went in, in type, order and every bit: stricter than ``==``.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from siting.notes import Note


def alike(one: Any, other: Any) -> bool:  # noqa: ANN401, PLR0911  # one return a kind
    """Tell whether two results agree; NaN agrees with NaN, but not with None, nor 1 with True."""
    if type(one) is not type(other):
        return False
    if isinstance(one, pd.DataFrame):
        return _same_frame(one, other)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, dict):
        return alike(list(one.items()), list(other.items()))
    if is_dataclass(one):
        names = [field.name for field in fields(one)]
        return all(alike(getattr(one, name), getattr(other, name)) for name in names)
    if isinstance(one, CRS):
        return bool(one == other) and one.srs == other.srs
    if isinstance(one, shapely.Geometry):
        return shapely.to_wkb(one) == shapely.to_wkb(other)
    return bool(one == other or (one != one and other != other))  # noqa: PLR0124  # NaN


def _same_frame(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    same_form = (
        one.columns.equals(other.columns)
        and list(one.dtypes) == list(other.dtypes)
        and type(one.index) is type(other.index)
        and one.index.equals(other.index)
        and one.index.name == other.index.name
        and one.attrs == other.attrs
    )
    if not same_form:
        return False
    if isinstance(one, gpd.GeoDataFrame) and not (
        one.geometry.name == other.geometry.name and alike(one.crs, other.crs)
    ):
        return False
    return all(_same_column(one[name], other[name]) for name in one.columns)


def _same_column(one: pd.Series, other: pd.Series) -> bool:
    if isinstance(one.dtype, gpd.array.GeometryDtype):
        first, second = (shapely.to_wkb(column.to_numpy()) for column in (one, other))
        return bool(np.array_equal(first, second))
    if one.dtype == object:
        return alike(one.tolist(), other.tolist())
    return one.equals(other)


_FACTS = "facts.json"
_TABLE = ".feather"
_TAG = "$"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_PLAIN = (str, int, float, bool)

Classes = tuple[type, ...]


def pack(value: Any, classes: Classes = ()) -> bytes | None:  # noqa: ANN401  # any result
    """Return a result as bytes.

    What comes back of the bytes is compared with what went in, bit by bit, so that a plan from
    the cache is the plan without one.

    Parameters
    ----------
    value
        The result of a stage: a frame, or a dataclass of frames, plain values and others.
    classes
        Dataclasses it may consist of.

    Returns
    -------
    bytes or None
        None if anything would be lost: a class not named, a column of mixed types.
    """
    wrapper = _Wrapper(classes)
    try:
        facts = json.dumps(wrapper.plain(value), ensure_ascii=False)
        files = [_frame_bytes(frame) for frame in wrapper.frames]
    except (TypeError, ValueError):  # Arrow's own errors are among them
        return None
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo(_FACTS, _EPOCH), facts)
        for number, content in enumerate(files):
            archive.writestr(zipfile.ZipInfo(f"{number}{_TABLE}", _EPOCH), content)
    payload = buffer.getvalue()
    return payload if alike(unpack(payload, classes), value) else None


def unpack(payload: bytes, classes: Classes = ()) -> Any:  # noqa: ANN401  # any result
    """Return the result whose bytes these are.

    Raises
    ------
    ValueError
        If the bytes hold a class that is not among those named.
    """
    with zipfile.ZipFile(io.BytesIO(payload)) as archive:
        facts = json.loads(archive.read(_FACTS))
        count = len(archive.namelist()) - 1
        files = [archive.read(f"{number}{_TABLE}") for number in range(count)]
    return _Unwrapper(classes, files).value(facts)


@dataclass
class _Wrapper:
    """From a result to JSON types and a list of frames."""

    classes: Classes
    frames: list[pd.DataFrame] = field(default_factory=list)

    def plain(self, value: Any) -> Any:  # noqa: ANN401, PLR0911  # one return a kind
        if value is None or type(value) in _PLAIN:
            return value
        if isinstance(value, list):
            return [self.plain(item) for item in value]
        if isinstance(value, pd.DataFrame):
            self.frames.append(value)
            crs = value.crs.srs if isinstance(value, gpd.GeoDataFrame) else None
            number = len(self.frames) - 1
            return {_TAG: "table", "number": number, "crs": crs, "gaps": _gaps(value)}
        if isinstance(value, Note):
            return {_TAG: "note", "key": value.key, "values": self.plain(value.values)}
        if isinstance(value, tuple):
            return {_TAG: "tuple", "items": [self.plain(item) for item in value]}
        if isinstance(value, dict):
            pairs = [[self.plain(key), self.plain(item)] for key, item in value.items()]
            return {_TAG: "dict", "items": pairs}
        if isinstance(value, CRS):
            return {_TAG: "crs", "srs": value.srs}
        if isinstance(value, shapely.Geometry):
            return {_TAG: "shape", "wkb": shapely.to_wkb(value, hex=True)}
        if is_dataclass(value) and type(value) in self.classes:
            inner = {one.name: self.plain(getattr(value, one.name)) for one in fields(value)}
            return {_TAG: "class", "name": type(value).__name__, "fields": inner}
        raise TypeError(f"a {type(value).__name__} cannot be kept")


@dataclass
class _Unwrapper:
    """From JSON types and files back to the result."""

    classes: Classes
    files: list[bytes]

    def value(self, plain: Any) -> Any:  # noqa: ANN401  # any result
        if isinstance(plain, list):
            return [self.value(item) for item in plain]
        if not isinstance(plain, dict):
            return plain
        return getattr(self, f"_{plain[_TAG]}")(plain)

    def _table(self, plain: dict[str, Any]) -> pd.DataFrame:
        return _frame(self.files[plain["number"]], plain["crs"], plain["gaps"])

    def _tuple(self, plain: dict[str, Any]) -> tuple[Any, ...]:
        return tuple(self.value(item) for item in plain["items"])

    def _note(self, plain: dict[str, Any]) -> Note:
        return Note(plain["key"], self.value(plain["values"]))

    def _dict(self, plain: dict[str, Any]) -> dict[Any, Any]:
        return {self.value(key): self.value(item) for key, item in plain["items"]}

    def _crs(self, plain: dict[str, Any]) -> CRS:
        return CRS.from_user_input(plain["srs"])

    def _shape(self, plain: dict[str, Any]) -> shapely.Geometry:
        return shapely.from_wkb(plain["wkb"])

    def _class(self, plain: dict[str, Any]) -> Any:  # noqa: ANN401  # one of the classes named
        known = {one.__name__: one for one in self.classes}
        if plain["name"] not in known:
            raise ValueError(f"no class {plain['name']} is wanted here")
        return known[plain["name"]](
            **{name: self.value(item) for name, item in plain["fields"].items()}
        )


def _frame_bytes(frame: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.to_feather(buffer)
    return buffer.getvalue()


def _frame(content: bytes, crs: str | None, gaps: dict[str, list[int]]) -> pd.DataFrame:
    if crs is None:
        frame = pd.read_feather(io.BytesIO(content))
    else:
        # the file says the CRS at length; the short name it was made of is the one that is printed
        frame = gpd.read_feather(io.BytesIO(content)).set_crs(crs, allow_override=True)
    for name, rows in gaps.items():
        values = frame[name].to_numpy(dtype=object, copy=True)
        values[frame[name].isna()] = None
        values[rows] = np.nan
        frame[name] = pd.Series(values, dtype=object)
    return frame


def _gaps(frame: pd.DataFrame) -> dict[str, list[int]]:
    """Return the rows with NaN of columns of objects: Arrow tells it not from None."""
    loose = [name for name in frame.columns if frame[name].dtype == object]
    return {
        name: [row for row, value in enumerate(frame[name]) if isinstance(value, float)]
        for name in loose
    }
