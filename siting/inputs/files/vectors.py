"""Vector files of any datum: read a layer and bring it to WGS-84, the datum declared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry import shape

from siting import files
from siting.errors import DatumError, InputMissingError
from siting.geo import WGS84, shape_to_wgs84
from siting.inputs.files.door import broken, read_layer

if TYPE_CHECKING:
    from pathlib import Path

    from pyproj import CRS

JSON_SUFFIXES = (".json", ".geojson")
_WORLD = (-180.0, -90.0, 180.0, 90.0)
# Online maps of China draw GCJ-02 in these, so naming them says nothing of the datum.
_WEB_MERCATOR = (3857, 3395, 900913)


def read_vector(path: Path, *, layer: str | None, datum: str | None, key: str) -> gpd.GeoDataFrame:
    """Read a layer of a vector file and bring it to WGS-84.

    Parameters
    ----------
    path
        GeoPackage, GeoJSON, shapefile, or a bare JSON array of features or geometries.
    layer
        Layer to read; None takes the first.
    datum
        Datum declared in the scenario: wgs84, gcj02, bd09 or None.
    key
        Scenario key of the file, for the message, e.g. ``"area"``.

    Returns
    -------
    GeoDataFrame
        In EPSG:4326; rows without geometry are kept.

    Raises
    ------
    InputMissingError, BrokenFileError
        If the file is not there or cannot be read.
    TableError
        If it has no such layer.
    DatumError
        If neither the scenario nor the file says which datum the coordinates have.
    """
    require_file(path, key)
    frame = _read(path, layer, key)
    declared = datum or _datum_of_crs(frame.crs)
    if declared is None:
        raise undeclared(path.name, key)
    if frame.crs is not None:
        frame = frame.to_crs(WGS84)
    _refuse_metres(frame, path)
    return shape_to_wgs84(frame.set_crs(WGS84, allow_override=True), declared)


def require_file(path: Path, key: str, *, cure: str = "") -> None:
    """Raise :class:`InputMissingError`, with a cure of its own if given, unless a file is there."""
    if not files.is_file(path):
        raise InputMissingError(
            f"no such file: {path.name}",
            where=f"{key}: {path}",
            cure=cure or "check the path; paths in a scenario are relative to the scenario file",
        )


def undeclared(name: str, key: str) -> DatumError:
    """Return the error for coordinates whose datum nobody declared."""
    return DatumError(
        f"nobody says which datum the degrees in '{name}' have; wgs84 would have been assumed, "
        "and in Yubei a wrong one is an error of 475-504 m that cannot be seen in the file",
        where=f"{key}.datum",
        cure='add datum = "wgs84" (OSM, GPS, Tianditu), "gcj02" (AMap/Gaode, Tencent) '
        'or "bd09" (Baidu)',
    )


def _read(path: Path, layer: str | None, key: str) -> gpd.GeoDataFrame:
    if path.suffix.lower() in JSON_SUFFIXES:
        content = files.read_json(path, where=key)
        if isinstance(content, list):
            return _from_array(content, path)
    return read_layer(path, layer=layer, key=key)


def _from_array(content: list[Any], path: Path) -> gpd.GeoDataFrame:
    """Read a bare JSON array of features or geometries, as AMap exports it."""
    try:
        features = [
            item if item.get("type") == "Feature" else {"geometry": item, "properties": {}}
            for item in content
        ]
        geometries = [shape(item["geometry"]) for item in features]
        rows = [dict(item.get("properties") or {}) for item in features]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise broken(path, error) from error
    return gpd.GeoDataFrame(rows, geometry=geometries, crs=None)


def _datum_of_crs(crs: CRS | None) -> str | None:
    """Return wgs84 where the file's own CRS settles the datum: projected, or a national one."""
    if crs is None:
        return None
    epsg = crs.to_epsg()
    if crs.is_projected:
        return None if epsg in _WEB_MERCATOR or "Mercator_Auxiliary" in crs.name else "wgs84"
    plain = epsg == 4326 or crs.to_authority() == ("OGC", "CRS84")  # noqa: PLR2004
    return None if plain or epsg is None else "wgs84"


def _refuse_metres(frame: gpd.GeoDataFrame, path: Path) -> None:
    west, south, east, north = frame.total_bounds
    if not (west >= _WORLD[0] and south >= _WORLD[1] and east <= _WORLD[2] and north <= _WORLD[3]):
        if shapely.is_missing(frame.geometry.to_numpy()).all():
            return
        raise DatumError(
            f"the coordinates in '{path.name}' are not degrees and the file names no CRS",
            where=f"{path}: {west:.1f} {south:.1f} {east:.1f} {north:.1f}",
            cure="save it with its CRS (a .prj beside a shapefile), or as WGS-84 degrees",
        )


_SURFACE = 2


def surfaces(geometry: np.ndarray) -> np.ndarray:
    """Reduce each geometry to its surfaces; one without any becomes an empty polygon.

    Parameters
    ----------
    geometry
        Array of shapely geometries, valid or not.
    """
    return parts_of_dimension(shapely.make_valid(geometry), _SURFACE)


def parts_of_dimension(geometry: np.ndarray, dimension: int) -> np.ndarray:
    """Reduce each geometry to its parts of one dimension."""
    result = geometry.copy()
    result[shapely.get_dimensions(geometry) < dimension] = shapely.Polygon()
    mixed = shapely.get_type_id(result) == shapely.GeometryType.GEOMETRYCOLLECTION
    for row in np.flatnonzero(mixed):
        parts = shapely.get_parts(shapely.get_parts(geometry[row]))
        result[row] = shapely.union_all(parts[shapely.get_dimensions(parts) == dimension])
    return result
