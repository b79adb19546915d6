"""The area planned for: from a dated boundary file, a box, or a place name."""

from __future__ import annotations

import datetime as dt
import unicodedata
from typing import TYPE_CHECKING

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon

from siting.errors import AreaError
from siting.geo import area_crs
from siting.inputs.area_shape import AreaShape
from siting.inputs.files.vectors import read_vector, surfaces
from siting.inputs.provenance import (
    OSM_LICENCE,
    Provenance,
    file_provenance,
    marked_synthetic,
    sha256_of_text,
    stated_licence,
)
from siting.notes import Note
from siting.scenario import local_path

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd

    from siting import scenario

_SHOWN = 20
_NAME_COLUMNS = ("name", "NAME", "Name", "名称")
_AS_OF_COLUMNS = ("as_of", "as_of_date", "valid_on")
_GONE = ("渝北", "yubei")
_GONE_SINCE = "2025-11-06"


def load_area(area: scenario.Area, *, overpass: scenario.Overpass) -> AreaShape:
    """Load the area from whichever of the three ways the scenario gives.

    Parameters
    ----------
    area
        The scenario's block: boundary with datum, or bbox, or place; and the metric CRS.
    overpass
        Settings of the download; read for a place name only.

    Raises
    ------
    InputMissingError, BrokenFileError, TableError
        If the boundary file is not there, cannot be read or lacks the layer.
    DatumError
        If nobody says which datum a boundary in degrees has, or the CRS asked for distorts
        lengths in the area.
    AreaError
        If the outline is empty, the place is unknown, or the name is one no geocoder may
        be asked for.
    DownloadError
        If Nominatim cannot be reached.
    """
    if area.boundary is not None:
        return _from_file(area, local_path(area.boundary))
    if area.bbox is not None:
        text = ", ".join(f"{value:g}" for value in area.bbox)
        source = Provenance(
            "area", f"bbox {text}", sha256_of_text(text), "none needed", as_of="", synthetic=False
        )
        return _shape(area, shapely.box(*area.bbox), name=f"bbox {text}", source=source)
    return _from_place(area, str(area.place), overpass)


def _from_file(area: scenario.Area, path: Path) -> AreaShape:
    frame = read_vector(path, layer=area.layer, datum=area.datum, key="area")
    polygons = _polygons(frame.geometry.to_numpy())
    if polygons.is_empty:
        raise AreaError(
            f"the boundary '{path.name}' holds no polygon ({len(frame)} feature(s))",
            where=str(path),
            cure="give a file with the outline as polygon; area.layer picks a layer",
        )
    name = _first_text(frame, _NAME_COLUMNS) if len(frame) == 1 else ""
    as_of = _date(area) or _first_text(frame, _AS_OF_COLUMNS)[:10]
    synthetic = marked_synthetic(frame)
    source = file_provenance(
        "area", path, as_of=as_of, synthetic=synthetic, licence=stated_licence(frame)
    )
    repaired = int((~shapely.is_valid(frame.geometry.dropna().to_numpy())).sum())
    notes = [Note("area_repaired", {"count": repaired})] if repaired else []
    notes += _rows_left_out(frame, path)
    return _shape(area, polygons, name=name or path.stem, source=source, notes=tuple(notes))


def _rows_left_out(frame: gpd.GeoDataFrame, path: Path) -> list[Note]:
    """Return a note of the rows of a boundary that are no areas, by name where they have one."""
    bare = np.flatnonzero(shapely.is_empty(surfaces(frame.geometry.to_numpy())))
    names = [
        f"{_first_text(frame.iloc[[place]], _NAME_COLUMNS) or '?'} ({place + 1})"
        for place in bare[:_SHOWN].tolist()
    ]
    values = {"file": path.name, "count": len(bare), "names": names}
    return [Note("area_rows_left_out", values)] if len(bare) else []


def _from_place(area: scenario.Area, place: str, overpass: scenario.Overpass) -> AreaShape:
    _refuse_gone(place)
    from siting.inputs.osm.download import geocode  # noqa: PLC0415  # heavy: osmnx, requests

    found = geocode(place, overpass)
    polygons = _polygons(np.array([found.geometry], dtype=object))
    text = f"{overpass.nominatim} {place}"
    as_of = _date(area) or dt.datetime.now(tz=dt.UTC).date().isoformat()
    digest = sha256_of_text(polygons.wkt)
    source = Provenance("area", text, digest, OSM_LICENCE, as_of, synthetic=False)
    notes = (Note("area_geocoded", {"place": place, "found": found.label}),)
    return _shape(area, polygons, name=place, source=source, notes=notes)


def _refuse_gone(place: str) -> None:
    """Refuse to geocode a district that is no more: the answer would be another area."""
    plain = "".join(
        letter
        for letter in unicodedata.normalize("NFKD", place)
        if not unicodedata.combining(letter)
    )
    if any(name in plain.casefold().replace(" ", "").replace("-", "") for name in _GONE):
        raise AreaError(
            f"Yubei (渝北区) ceased to exist as a district on {_GONE_SINCE}: a geocoder asked for "
            f"'{place}' finds nothing, or something else",
            where="area.place",
            cure='use the dated outline: boundary = "shipped:yubei/boundary.gpkg", datum = "wgs84"',
        )


def _shape(
    area: scenario.Area,
    polygon: Polygon | MultiPolygon,
    *,
    name: str,
    source: Provenance,
    notes: tuple[Note, ...] = (),
) -> AreaShape:
    if polygon.is_empty:
        raise AreaError(
            f"the area '{name}' is empty",
            where="area",
            cure="give a boundary file, a bbox or a place with an extent",
        )
    crs = area_crs(polygon, epsg=area.epsg)
    as_of = _date(area) or source.as_of
    if not as_of:
        notes = (*notes, Note("area_undated", {"name": name}))
    return AreaShape(polygon, crs, name, as_of, notes, source)


def _date(area: scenario.Area) -> str:
    return area.as_of.isoformat() if area.as_of else ""


def _polygons(geometries: np.ndarray) -> Polygon | MultiPolygon:
    """Join the polygons among some geometries into one valid shape."""
    known = np.array([geometry for geometry in geometries if geometry is not None], dtype=object)
    parts = shapely.get_parts(shapely.make_valid(known))
    parts = shapely.get_parts(parts)  # a repaired ring may be a collection of collections
    flat = shapely.get_dimensions(parts) == 2  # noqa: PLR2004 - two dimensions: a surface
    joined = shapely.union_all(parts[flat])
    return joined if isinstance(joined, Polygon | MultiPolygon) else Polygon()


def _first_text(frame: gpd.GeoDataFrame, columns: tuple[str, ...]) -> str:
    for column in columns:
        if column in frame.columns and frame[column].notna().any():
            return str(frame[column].dropna().iloc[0])
    return ""
