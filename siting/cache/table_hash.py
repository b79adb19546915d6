"""The hash of a table's content: the same for the same values, however they lie in memory."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

if TYPE_CHECKING:
    from collections.abc import Iterator

_PLAIN_KINDS = "biuf"
_CELLS = (str, int, float, bool, type(None))


class Unkeyable(Exception):  # noqa: N818  # an answer, not a fault: it never leaves this room
    """Something that cannot be told from another by a hash."""


def table_print(frame: pd.DataFrame) -> str:
    """Return the SHA-256 of a table: its names, types, index, CRS and every value.

    Raises
    ------
    Unkeyable
        If a cell holds anything but a number, a text, a shape, or a tuple of such.
    """
    digest = hashlib.sha256()
    crs = frame.crs.srs if isinstance(frame, gpd.GeoDataFrame) and frame.crs else None
    head = [type(frame).__name__, crs, len(frame), [str(name) for name in frame.columns]]
    digest.update(json.dumps(head).encode())
    columns = [frame.index.to_series(), *(frame[name] for name in frame.columns)]
    for column in columns:
        digest.update(str(column.dtype).encode())
        for piece in _pieces(column):
            digest.update(len(piece).to_bytes(8, "little"))
            digest.update(piece)
    return digest.hexdigest()


def _pieces(column: pd.Series) -> Iterator[bytes | memoryview]:
    """Yield the values of a column as bytes."""
    kind = column.dtype
    if isinstance(kind, pd.CategoricalDtype):
        yield from _pieces(kind.categories.to_series())
        yield np.ascontiguousarray(column.cat.codes.to_numpy()).tobytes()
    elif isinstance(kind, gpd.array.GeometryDtype):
        shapes = shapely.to_wkb(column.to_numpy())
        sizes = [-1 if shape is None else len(shape) for shape in shapes]
        yield np.array(sizes, dtype=np.int64).tobytes()
        yield b"".join(shape for shape in shapes if shape is not None)
    elif isinstance(kind, np.dtype) and kind.kind in _PLAIN_KINDS:
        values = column.to_numpy()
        if kind.kind == "f":  # a NaN has many bit patterns, and Arrow keeps one of them
            values = np.where(np.isnan(values), np.nan, values)
        yield np.ascontiguousarray(values).tobytes()
    elif isinstance(kind, pd.StringDtype):
        yield json.dumps(column.tolist()).encode()
    else:
        yield json.dumps([_cell(value) for value in column]).encode()


def _cell(value: Any) -> Any:  # noqa: ANN401  # any cell
    if type(value) in _CELLS:
        return [type(value).__name__, repr(value)]
    if isinstance(value, tuple):
        return [_cell(item) for item in value]
    raise Unkeyable
