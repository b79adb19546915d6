"""What a result depends on, as one hash: the arguments of its stage, code and libraries.

The key is made of the very arguments the stage is called with, so none can be forgotten. A table
counts by its content however it lies in memory, a file named in the scenario by its bytes, and the
project by the text of its modules and tables: an edited checkout finds nothing of what it was
before.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import importlib.metadata
import json
import platform
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pyproj
import shapely

import siting
from siting.scenario import block_values
from siting.shipped import shipped_name, shipped_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Print = Callable[[pd.DataFrame], str]


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


_FORMAT = 1
"""Raised when the form of the entries changes."""

SHARED_CODE = (
    "arrays.py",
    "notes.py",
    "cache", "errors.py", "files", "geo.py", "scenario", "shipped.py", "tables",
)  # fmt: skip
"""Modules that every stage rests on, beside those of its own room."""

_PACKAGE = Path(siting.__file__).resolve().parent
_LIBRARIES = (
    "geopandas", "networkx", "numpy", "osmium", "osmnx", "pandas", "pyarrow", "pydantic", "pyogrio",
    "pyproj", "scikit-learn", "scipy", "shapely",
)  # fmt: skip
_ALONE = (".pbf", ".osm", ".gz", ".bz2", ".gpkg", ".json", ".geojson", ".csv", ".xlsx")
"""Ends of files that stand alone; others may have their other half beside them, as a shapefile."""
_JOURNALS = ("-wal", "-journal")
_POINTERS = (".vrt",)


def result_key(function: Callable[..., Any], arguments: Any, *, table_print: Print) -> str | None:  # noqa: ANN401  # any arguments
    """Return the key of what a stage makes of its arguments.

    Parameters
    ----------
    function
        The stage, a function of a room.
    arguments
        Tables, blocks of the scenario, dataclasses and plain values, in containers or not.
    table_print
        Returns the hash of a table's content, as :func:`siting.cache.keys.table_print`.

    Returns
    -------
    str or None
        SHA-256 as hex; None if an argument has no hash, or a file cannot be read. The
        stage then says what is wrong with it.
    """
    try:
        told = _told(arguments, table_print)
    except (Unkeyable, OSError):
        return None
    room = function.__module__.split(".")[1]
    parts = {
        "format": _FORMAT,
        "function": f"{function.__module__}.{function.__qualname__}",
        "code": [_code_print(name) for name in (*SHARED_CODE, room)],
        "tables of the project": _shipped_tables(),
        "libraries": _versions(),
        "arguments": told,
    }
    text = json.dumps(parts, sort_keys=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _told(value: Any, table_print: Print) -> Any:  # noqa: ANN401, PLR0911  # one return a kind
    """Return JSON types that differ wherever two arguments do."""
    if value is None or isinstance(value, str | int | float | dt.date):
        return [type(value).__name__, repr(value)]
    if isinstance(value, pd.DataFrame):
        return ["table", table_print(value)]
    if isinstance(value, Path):
        return ["file", *_file_prints(value)]
    if isinstance(value, dict):
        return ["dict", [[_told(key, table_print), _told(item, table_print)]
                         for key, item in value.items()]]  # fmt: skip
    if isinstance(value, list | tuple):
        return ["list", [_told(item, table_print) for item in value]]
    if is_dataclass(value):
        inner = {one.name: getattr(value, one.name) for one in fields(value)}
        return [type(value).__name__, _told(inner, table_print)]
    block = block_values(value)
    if block is None:
        raise Unkeyable
    return [type(value).__name__, _told(_in_order(block), table_print)]


def _in_order(block: Any) -> Any:  # noqa: ANN401  # a block's values
    """Return a block with its tables sorted: their order says nothing, and files differ in it."""
    if isinstance(block, dict):
        return {key: _in_order(block[key]) for key in sorted(block)}
    return block


def _file_prints(path: Path) -> list[Any]:
    """Return names and hashes of a file and of what belongs to it."""
    if path.suffix.lower() in _POINTERS:
        raise Unkeyable
    beside = [path.with_name(path.name + end) for end in _JOURNALS]
    if path.suffix.lower() not in _ALONE:
        beside += [other for other in path.parent.iterdir() if other.stem == path.stem]
    more = [other for other in sorted(beside) if other != path and other.is_file()]
    return [shipped_name(path), *([file.name, _hash(file)] for file in (path, *more))]


def _hash(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@cache
def _code_print(name: str) -> list[str]:
    """Return the hash of the text of a module or package of this project."""
    target = _PACKAGE / name
    files = [target] if target.is_file() else sorted(target.rglob("*.py"))
    return [name, *(f"{file.relative_to(target).as_posix()} {_hash(file)}" for file in files)]


@cache
def _shipped_tables() -> list[str]:
    """Return the hashes of the tables of figures that come with the project."""
    return [f"{file.name} {_hash(file)}" for file in sorted(shipped_path("").glob("*.csv"))]


@cache
def _versions() -> dict[str, str]:
    found = {name: importlib.metadata.version(name) for name in _LIBRARIES}
    return found | {
        "siting": siting.__version__,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "geos": shapely.geos_version_string,
        "proj": pyproj.proj_version_str,
        "gdal": pyogrio.__gdal_version_string__,
    }
