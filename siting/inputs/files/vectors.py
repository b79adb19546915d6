"""Vector files: the door to GDAL, and a layer of any datum brought to WGS-84."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from pyogrio.errors import CRSError, DataLayerError, DataSourceError
from pyproj.exceptions import ProjError
from shapely.errors import GEOSException, ShapelyError
from shapely.geometry import shape

from siting import files
from siting.errors import BrokenFileError, DatumError, InputMissingError, TableError
from siting.geo import WGS84, shape_to_wgs84
from siting.inputs.files.decode import Decoded, decoded, guess_of_fields, note_encoding
from siting.inputs.files.services import SERVICE_SUFFIXES, districts, is_geographic, read_json
from siting.notes import Note

if TYPE_CHECKING:
    from pathlib import Path

    from pyproj import CRS


def layer_names(path: Path, *, key: str) -> list[str]:
    """Return the names of the layers of a file.

    Raises
    ------
    InputMissingError, BrokenFileError
        If it is not there, is not what its name says, or cannot be read.
    """
    there = files.require_form(path, where=key)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # GDAL's remarks on what it mends
            return [str(name) for name in pyogrio.list_layers(there)[:, 0]]
    except (DataSourceError, UnicodeDecodeError, IndexError) as error:
        raise broken(path, error) from error


def read_layer(path: Path, *, layer: str | None, key: str, **options: Any) -> gpd.GeoDataFrame:  # noqa: ANN401  # options of GDAL
    """Read a layer with its shapes.

    Parameters
    ----------
    path
        The file.
    layer
        Its layer; the first if not given.
    key
        Key of the scenario that names it.
    options
        Further ones of :func:`geopandas.read_file`.

    Raises
    ------
    InputMissingError, BrokenFileError
        If it is not there, is not what its name says, or cannot be read; also where rings are
        not closed.
    DatumError
        If its CRS is broken.
    TableError
        If it has no such layer, or the layer has no shapes.
    """
    names = layer_names(path, key=key)
    if (layer is not None and layer not in names) or not names:
        raise TableError(
            f"'{path.name}' has no layer '{layer}'" if layer else f"'{path.name}' has no layer",
            where=str(path),
            cure=f"its layers are: {', '.join(names) or 'none'}",
        )
    there = files.require_form(path, where=key)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # GDAL's remarks on what it mends
            warnings.simplefilter("ignore", UserWarning)  # days that are none stay text
            frame = gpd.read_file(there, layer=layer or names[0], **options)
    except (CRSError, ProjError, UnboundLocalError) as error:  # the last: pyogrio, of no text
        raise strange_crs(path, key, error) from error
    except GEOSException as error:
        raise BrokenFileError(
            f"'{path.name}' has a shape that is none: {error}",
            where=f"{key}: {path}",
            cure="mend it: in QGIS, Processing, Fix geometries; each ring ends where it begins",
        ) from error
    except (
        DataSourceError,
        DataLayerError,
        UnicodeDecodeError,
        ValueError,
        OverflowError,
    ) as error:
        raise broken(path, error) from error
    if not _has_shapes(frame):
        raise TableError(
            f"the layer '{layer or names[0]}' of '{path.name}' has no shapes",
            where=f"{key}: {path}",
            cure=f"name a layer with areas, lines or points; the layers are: {', '.join(names)}",
        )
    return frame


def _has_shapes(frame: object) -> bool:
    if not isinstance(frame, gpd.GeoDataFrame):
        return False
    return frame.empty or not bool(shapely.is_missing(frame.geometry.to_numpy()).all())


def in_degrees(frame: gpd.GeoDataFrame, path: Path, *, key: str) -> gpd.GeoDataFrame:
    """Bring a layer of a file to WGS-84 by its own CRS.

    Raises
    ------
    DatumError
        If there is no way from its CRS, as from one of the moon.
    """
    try:
        return frame.to_crs(WGS84)
    except ProjError as error:
        raise strange_crs(path, key, error) from error


def strange_crs(path: Path, key: str, error: Exception) -> DatumError:
    """Return the error for a file whose CRS is none, or none of the earth."""
    return DatumError(
        f"the CRS of '{path.name}' cannot be read: {str(error)[:500]}",
        where=f"{key}: {path}",
        cure="write it anew: in QGIS, Export, with a CRS; of a shapefile it is the .prj",
    )


def broken(path: Path, error: Exception) -> BrokenFileError:
    """Return the error for a file that cannot be read."""
    return BrokenFileError(
        f"'{path.name}' cannot be read: {str(error)[:500]}",
        where=str(path),
        cure="it may be cut short or not be what its name says: copy or download it again",
    )


_TABLE_SUFFIXES = (".csv", ".txt", ".tsv", ".xlsx", ".xlsm")
_DBF_HEAD = 32
_BYTES = "iso-8859-1"
"""Each byte a character: texts read so can be decoded again."""

_WORLD = (-180.0, -90.0, 180.0, 90.0)
# Online maps of China draw GCJ-02 in these, so naming them says nothing of the datum.
_WEB_MERCATOR = (3857, 3395, 900913)


def read_vector(  # all that a scenario says of a file
    path: Path,
    *,
    layer: str | None,
    datum: str | None,
    key: str,
    encoding: str | None = None,
    notes: list[Note] | None = None,
) -> gpd.GeoDataFrame:
    """Read a layer of a vector file and bring it to WGS-84.

    Parameters
    ----------
    path
        GeoPackage, GeoJSON, shapefile, a bare JSON array of features or geometries, or an answer
        of AMap's district service.
    layer
        Layer to read; None takes the first.
    datum
        Datum declared in the scenario: wgs84, gcj02, bd09 or None.
    key
        Scenario key of the file, for the message, e.g. ``"area"``.
    encoding
        Encoding of the texts of a shapefile or JSON; left out, a ``.cpg`` says it, or it is
        guessed and told.
    notes
        Takes up a guessed encoding.

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
    told: list[Note] = notes if notes is not None else []
    frame = _read(path, layer, encoding, told, key)
    declared = datum or _datum_of_crs(frame.crs)
    if declared is None:
        raise undeclared(path.name, key)
    if frame.crs is not None:
        frame = in_degrees(frame, path, key=key)
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


def _read(
    path: Path, layer: str | None, encoding: str | None, notes: list[Note], key: str
) -> gpd.GeoDataFrame:
    if path.suffix.lower() in SERVICE_SUFFIXES:
        content = read_json(path, encoding=encoding, key=key)
        found = districts(content)
        if found is not None:
            return found
        if not is_geographic(content):
            raise _no_shapes(path, key)
        if isinstance(content, list):
            return _from_array(content, path)
        text = decoded(files.read_bytes(path, where=key), path, declared=encoding, key=key)
        if isinstance(content, dict) and not text.encoding.startswith("utf-8"):
            note_encoding(text, path, notes)  # GDAL reads GeoJSON as UTF-8 whatever it is
            return _from_array(content.get("features", [content]), path)
    elif path.suffix.lower() in _TABLE_SUFFIXES:
        raise _no_shapes(path, key)
    options = {}
    if path.suffix.lower() == ".shp":
        options = shapefile_encoding(path, encoding, notes, key)
    return _with_texts(path, layer, options, notes, key)


def _with_texts(
    path: Path, layer: str | None, options: dict[str, str], notes: list[Note], key: str
) -> gpd.GeoDataFrame:
    """Read a layer; texts that a narrow field cut in the middle of a character lose that half."""
    try:
        return read_layer(path, layer=layer, key=key, **options)
    except BrokenFileError as error:
        if "encoding" not in options or not isinstance(error.__cause__, UnicodeDecodeError):
            raise
    frame = read_layer(path, layer=layer, key=key, encoding=_BYTES)
    notes.append(Note("texts_cut", {"file": path.name}))

    def text(value: Any) -> Any:  # noqa: ANN401  # a cell of any type
        if not isinstance(value, str):
            return value
        return value.encode(_BYTES).decode(options["encoding"], errors="ignore").rstrip()

    named = frame.rename(columns={name: text(name) for name in frame.columns})
    for name in named.columns.drop(named.geometry.name):
        if pd.api.types.is_string_dtype(named[name]):
            named[name] = named[name].map(text)
    return named


def _no_shapes(path: Path, key: str) -> TableError:
    return TableError(
        f"'{path.name}' holds no shapes: it is a table or the answer of a web service, not GeoJSON",
        where=f"{key}: {path}",
        cure="give the outlines as GeoPackage, GeoJSON, shapefile or AMap's district answer; "
        "points of a table may be stations, substations or layers",
    )


def shapefile_encoding(
    path: Path, declared: str | None, notes: list[Note], key: str
) -> dict[str, str]:
    """Return how the texts of a shapefile are to be read: as declared, as its .cpg says, guessed.

    Raises
    ------
    ScenarioError, BrokenFileError
        As :func:`siting.inputs.files.decode.decoded`.
    """
    tables = [path.with_suffix(end) for end in (".dbf", ".DBF")]
    table = next((one for one in tables if one.exists()), None)
    if table is None:
        return {}
    data = files.read_bytes(table, where=key)
    if declared is not None:
        return {"encoding": decoded(b"", path, declared=declared, key=key).encoding}
    stated = any(path.with_suffix(end).exists() for end in (".cpg", ".CPG", ".cst"))
    pieces = [piece for piece in data[_DBF_HEAD:].split(b" ") if not piece.isascii()]
    body = b"\n".join(pieces)
    if stated or not body:
        return {}
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        name, confidence = guess_of_fields(pieces)
    else:
        name, confidence = "utf-8", 1.0
    if name is None or name == "utf-8":
        return {"encoding": name} if name else {}
    found = Decoded(body.decode(name, errors="replace"), name, confidence)
    values = {"file": path.name, "encoding": found.label, "share": confidence,
              "sample": found.text.split("\n")[0][:40]}  # fmt: skip
    notes.append(Note("encoding_guessed", values))
    return {"encoding": name}


def _from_array(content: list[Any], path: Path) -> gpd.GeoDataFrame:
    """Read a bare JSON array of features or geometries, as AMap exports it."""
    try:
        features = [
            item if item.get("type") == "Feature" else {"geometry": item, "properties": {}}
            for item in content
        ]
        geometries = [shape(item["geometry"]) for item in features]
        rows = [dict(item.get("properties") or {}) for item in features]
    except (AttributeError, KeyError, TypeError, ValueError, ShapelyError) as error:
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
