"""JSON of web services: objects with coordinates among their values, and AMap's district lines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd
import shapely

from siting import files
from siting.errors import BrokenFileError, TableError
from siting.inputs.files.decode import decoded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from siting.files import JsonObject
    from siting.notes import Note

SERVICE_SUFFIXES = (".json", ".geojson", ".js")
_DEEPEST = 6
_POLYLINE = "polyline"
_FEWEST = 4
_GEO_TYPES = frozenset(
    {
        "FeatureCollection", "Feature", "Point", "MultiPoint", "LineString", "MultiLineString",
        "Polygon", "MultiPolygon", "GeometryCollection", "Topology",
    }
)  # fmt: skip


def read_json(path: Path, *, encoding: str | None = None, key: str = "") -> object:
    """Return the content of a JSON file.

    Raises
    ------
    BrokenFileError
        If it is no JSON, or in no encoding that can be told.
    """
    data = files.read_bytes(path, where=key)
    text = decoded(data, path, declared=encoding, key=key).text.lstrip("\ufeff")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BrokenFileError(
            f"'{path.name}' is no JSON: {_why(error)}",
            where=f"{key}: {path}" if key else str(path),
            cure="it may be cut short or not be what its name says: copy or download it again",
        ) from error


def _why(error: Exception) -> str:
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)


def is_geographic(content: object) -> bool:
    """Tell GeoJSON, TopoJSON and Esri's JSON, and bare arrays of features, from plain objects."""
    if isinstance(content, list):
        return bool(content) and all(is_geographic(item) for item in content[:_FEWEST])
    if not isinstance(content, dict):
        return False
    return content.get("type") in _GEO_TYPES or "geometryType" in content


def records(
    path: Path, notes: list[Note], *, encoding: str | None = None, key: str = ""
) -> pd.DataFrame:
    """Return the longest list of objects in the answer of a web service as a table of text.

    Objects in objects give columns with dots (``AddressInfo.Latitude``); lists in them are
    counted in ``<name>.count`` and their texts joined.

    Raises
    ------
    BrokenFileError
        If it is no JSON.
    TableError
        If it holds no list of objects.
    """
    del notes  # nothing here is guessed
    found = max(_lists(read_json(path, encoding=encoding, key=key)), key=len, default=[])
    rows = [flat(item) for item in found]
    if not any(rows):
        raise TableError(
            f"'{path.name}' holds no list of objects",
            where=f"{key}: {path}",
            cure="give the answer of the service as it came, GeoJSON, or a table (CSV, XLSX)",
        )
    return pd.DataFrame(rows, dtype=object).fillna("")


def flat(item: JsonObject, prefix: str = "") -> dict[str, str]:
    """Return the values of an object as text, those of objects in it under names with dots.

    Examples
    --------
    >>> flat({"id": 1, "at": {"lon": 106.5}, "guns": [{"kw": 60}, {"kw": 7}]})
    {'id': '1', 'at.lon': '106.5', 'guns.count': '2', 'guns.kw': '60;7'}
    """
    result: dict[str, str] = {}
    for name, value in item.items():
        own = f"{prefix}{name}"
        if isinstance(value, dict) and "type" in value and "coordinates" in value:
            result[own] = json.dumps(value)
        elif isinstance(value, dict):
            result |= flat(value, f"{own}.")
        elif isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
            result[f"{own}.count"] = str(len(value))
            parts = [flat(one) for one in value]
            for key in dict.fromkeys(key for part in parts for key in part):
                result[f"{own}.{key}"] = ";".join(part.get(key, "") for part in parts)
        elif isinstance(value, list):
            numbers = len(value) == 2 and all(isinstance(one, (int, float)) for one in value)  # noqa: PLR2004
            result[own] = (", " if numbers else ";").join(_text(one) for one in value)
        else:
            result[own] = _text(value)
    return result


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:  # noqa: PLR2004
        return str(int(value))
    return str(value).strip()


def _lists(content: object, depth: int = 0) -> Iterator[list[JsonObject]]:
    """Yield every list of objects, and what holds one object alone as a list of one."""
    if depth > _DEEPEST:
        return
    if isinstance(content, list):
        found = [item for item in content if isinstance(item, dict)]
        if found and len(found) == len(content):
            yield found
            return
        children: list[object] = content
    elif isinstance(content, dict):
        children = list(content.values())
    else:
        return
    for child in children:
        yield from _lists(child, depth + 1)


# --- districts of AMap -----------------------------------------------------------------------


def districts(content: object) -> gpd.GeoDataFrame | None:
    """Return the districts of an answer of AMap's district service as polygons, or None.

    A ``polyline`` is ``lon,lat;lon,lat|lon,lat;...``: rings joined by ``|``, a ring in a ring
    being a hole. The coordinates are GCJ-02, which the file does not say.
    """
    rows, shapes = [], []
    for item in _with_polyline(content):
        shape = polygon_of(item[_POLYLINE])
        if shape is not None:
            own = {key: value for key, value in item.items() if not isinstance(value, (dict, list))}
            rows.append({key: value for key, value in own.items() if key != _POLYLINE})
            shapes.append(shape)
    return gpd.GeoDataFrame(rows, geometry=shapes, crs=None) if shapes else None


def polygon_of(polyline: str) -> shapely.Geometry | None:
    """Return the surface of a polyline of AMap, or None if it has no ring."""
    result: shapely.Geometry | None = None
    for part in polyline.split("|"):
        try:
            points = [
                tuple(map(float, pair.split(","))) for pair in part.split(";") if pair.strip()
            ]
            ring = shapely.make_valid(shapely.Polygon(points)) if len(points) >= _FEWEST else None
        except (ValueError, shapely.errors.GEOSException):
            return None
        if ring is not None:
            result = ring if result is None else shapely.symmetric_difference(result, ring)
    return result


def _with_polyline(content: object, depth: int = 0) -> Iterator[JsonObject]:
    if depth > 2 * _DEEPEST:
        return
    if isinstance(content, list):
        for item in content:
            yield from _with_polyline(item, depth + 1)
    elif isinstance(content, dict):
        if isinstance(content.get(_POLYLINE), str) and ";" in content[_POLYLINE]:
            yield content
        for value in content.values():
            if isinstance(value, (dict, list)):
                yield from _with_polyline(value, depth + 1)
