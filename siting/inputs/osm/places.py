"""Places, landscape, stations and substations: osmnx builds the features, tables come out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import shapely

from siting.geo import WGS84
from siting.inputs.files.columns import tag_number, texts
from siting.inputs.files.vectors import parts_of_dimension, surfaces
from siting.inputs.osm.elements import ADMIN, KIND_TAG
from siting.inputs.osm.map_stations import car_park_stations, counted, station_table
from siting.inputs.osm.uses import NAMES as MEANINGS
from siting.tables.catalogue import NOT_PUBLIC, OTHER_USES

if TYPE_CHECKING:
    from pathlib import Path

    from shapely import MultiPolygon, Polygon

    from siting.inputs.area_shape import AreaShape
    from siting.inputs.osm.map_notes import Tallies

LAYERS = ("places", "landscape", "admin", "stations", "substations")
_LINE, _SURFACE = 1, 2
_YEAR = re.compile(r"\s*(\d{4})(?:-\d{2}){0,2}\s*$")


def build_features(
    path: Path | None, area: AreaShape, clip: Polygon | MultiPolygon
) -> tuple[dict[str, gpd.GeoDataFrame], Tallies]:
    """Build the feature layers of an area from the features of an ``.osm`` file.

    Parameters
    ----------
    path
        OSM XML whose features carry their kinds (see :mod:`siting.inputs.osm.elements`);
        None if the extract has none.
    area
        The area: a place is kept if its representative point lies in it.
    clip
        Wider WGS-84 polygon that landscape is cut to, and that stations and substations must
        lie in.

    Returns
    -------
    layers
        places, landscape, admin, stations, substations, all in WGS-84 and sorted by id.
    tallies
        Counts of what was kept and dropped.
    """
    features = _read(path)
    tallies: Tallies = {"features_built": len(features)}
    found = {layer: _of_layer(features, layer) for layer in LAYERS}
    found["places"] = _running(found["places"], area, tallies)
    stations = station_table(found["stations"], area, tallies)
    stations = car_park_stations(stations, _charging_parks(found["places"]), area.crs)
    stands = _near(stations, clip)
    tallies["stations_read"] = len(stations)
    tallies["stations_outside"] = len(stations) - len(_inside(stands, area, {}, ""))
    layers = {
        "places": _inside(_place_table(found["places"], tallies), area, tallies, "places"),
        "landscape": _landscape_table(found["landscape"], clip),
        "admin": _admin_table(found["admin"], tallies),
        "stations": stands,
        "substations": _substation_table(found["substations"], clip),
    }
    kinds = layers["places"]["kind"].value_counts().sort_index()
    tallies["places_by_kind"] = {str(kind): int(count) for kind, count in kinds.items()}
    other = layers["places"]["access"][layers["places"]["access"].isin(OTHER_USES)]
    tallies["places_for_others"] = counted(other)
    return layers, tallies


def _read(path: Path | None) -> gpd.GeoDataFrame:
    """Let osmnx build the geometries; add the id and a column for each layer."""
    import osmnx as ox  # noqa: PLC0415  # a second: files are checked before the map is read

    if path is None:
        frame = gpd.GeoDataFrame({"feature_id": texts([])}, geometry=[], crs=WGS84)
    else:
        frame = ox.features_from_xml(path)
        element = frame.index.get_level_values("element").astype(str)
        number = frame.index.get_level_values("id").to_numpy(dtype=np.int64)
        frame = frame.assign(element=element, number=number).reset_index(drop=True)
        frame["feature_id"] = texts(
            f"{kind}/{key}" for kind, key in zip(element, number, strict=True)
        )
        frame = frame.sort_values(["element", "number"], ignore_index=True)
    missing = {f"{KIND_TAG}{name}": None for name in (*LAYERS, *MEANINGS)} | dict.fromkeys(_TAGS)
    return frame.assign(**{key: texts([None] * len(frame)) for key in missing if key not in frame})


_TAGS = (
    "admin_level", "building:levels", "capacity", "levels",
    "name", "name:en", "name:zh", "operator", "parking", "parking:levels", "ref", "start_date",
)  # fmt: skip


def _of_layer(features: gpd.GeoDataFrame, layer: str) -> gpd.GeoDataFrame:
    kind = features[f"{KIND_TAG}{ADMIN if layer == 'admin' else layer}"]
    return features[kind.notna()].assign(kind=texts(kind.dropna())).reset_index(drop=True)


def _running(found: gpd.GeoDataFrame, area: AreaShape, tallies: Tallies) -> gpd.GeoDataFrame:
    """Leave out, and count, what is disused, closed or not there yet."""
    state = found[f"{KIND_TAG}places_state"]
    gone = _inside(found[state.notna()], area, {}, "gone")
    tallies["places_not_running"] = counted(gone[f"{KIND_TAG}places_state"])
    return found[state.isna()].reset_index(drop=True)


def _charging_parks(found: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the car parks open to all that say how many of their bays charge."""
    bays = found[f"{KIND_TAG}bays_charging"].map(tag_number).to_numpy(dtype=float)
    shut = found[f"{KIND_TAG}places_access"].isin((*NOT_PUBLIC, *OTHER_USES)).to_numpy(dtype=bool)
    parks = found.assign(place_id=texts(found["feature_id"]), bays=bays)
    return parks[(bays > 0) & ~shut]


def _place_table(found: gpd.GeoDataFrame, tallies: Tallies) -> gpd.GeoDataFrame:
    geometry = _surfaces_or_points(found.geometry.to_numpy())
    empty = shapely.is_empty(geometry)
    capacity = found["capacity"].map(tag_number).to_numpy(dtype=float)
    tallies["places_without_surface"] = int(empty.sum())
    tallies["capacity_unread"] = int((np.isnan(capacity) & found["capacity"].notna()).sum())
    levels = [
        _first_number(row)
        for row in found[["building:levels", "parking:levels", "levels"]].itertuples(index=False)
    ]
    table = gpd.GeoDataFrame(
        {
            "place_id": texts(found["feature_id"]),
            "kind": texts(found["kind"]),
            "name": texts(found["name"].fillna(found["name:zh"])),
            "capacity": capacity,
            "levels": np.array(levels, dtype=float),
            "parking": texts(found["parking"]),
            "access": texts(found[f"{KIND_TAG}places_access"]),
            "ref": texts(found["ref"]),
            "operator": texts(found["operator"]),
            "source": texts(["osm"] * len(found)),
            "built_year": found["start_date"].map(_year).to_numpy(dtype=float),
        },
        geometry=geometry,
        crs=WGS84,
    )
    return table[~empty].sort_values("place_id", ignore_index=True)


def _year(value: object) -> float:
    """Return the year of a date of building, as 1998 or 1998-05; NaN for any other text."""
    found = _YEAR.match(value) if isinstance(value, str) else None
    return float(found.group(1)) if found else np.nan


def _first_number(values: tuple[object, ...]) -> float:
    return next((n for n in map(tag_number, values) if not np.isnan(n)), np.nan)


def _landscape_table(found: gpd.GeoDataFrame, clip: Polygon | MultiPolygon) -> gpd.GeoDataFrame:
    shapely.prepare(clip)
    geometry = shapely.intersection(found.geometry.to_numpy(), clip)
    geometry = _lines_or_surfaces(geometry)
    table = gpd.GeoDataFrame(
        {
            "landscape_id": texts(found["feature_id"]),
            "kind": texts(found["kind"]),
            "name": texts(found["name"]),
        },
        geometry=geometry,
        crs=WGS84,
    )
    return table[~table.geometry.is_empty].sort_values("landscape_id", ignore_index=True)


def _admin_table(found: gpd.GeoDataFrame, tallies: Tallies) -> gpd.GeoDataFrame:
    """Make a row of each named area; a nameless one is mostly a piece of another's border."""
    name = found["name"].fillna(found["name:zh"]).fillna(found["name:en"])
    flat = shapely.get_dimensions(found.geometry.to_numpy()) == _SURFACE
    named = name.notna().to_numpy(dtype=bool)
    tallies["admin_nameless"] = int((flat & ~named).sum())
    found = found.assign(name=texts(name))[flat & named]
    table = gpd.GeoDataFrame(
        {
            "admin_id": texts(found["feature_id"]),
            "admin_level": texts(found["admin_level"]),
            "name": texts(found["name"]),
            "name_en": texts(found["name:en"]),
            "ref": texts(found["ref"]),
        },
        geometry=found.geometry.to_numpy(),
        crs=WGS84,
    )
    return table.sort_values("admin_id", ignore_index=True)


def _substation_table(found: gpd.GeoDataFrame, clip: Polygon | MultiPolygon) -> gpd.GeoDataFrame:
    points = shapely.point_on_surface(found.geometry.to_numpy())
    shapely.prepare(clip)
    table = gpd.GeoDataFrame(
        {
            "substation_id": texts(found["feature_id"]),
            "name": texts(found["name"]),
            "headroom_kw": np.full(len(found), np.nan),
            "source": texts(["osm"] * len(found)),
        },
        geometry=points,
        crs=WGS84,
    )
    inside = shapely.contains_xy(clip, shapely.get_x(points), shapely.get_y(points))
    return table[inside].sort_values("substation_id", ignore_index=True)


def _inside(
    table: gpd.GeoDataFrame, area: AreaShape, tallies: Tallies, layer: str
) -> gpd.GeoDataFrame:
    """Keep the rows whose representative point lies in the area and count the others."""
    points = shapely.get_coordinates(table.geometry.representative_point().to_numpy())
    inside = area.covers(points)
    tallies[f"{layer}_read"] = len(table)
    tallies[f"{layer}_outside"] = int((~inside).sum())
    return table[inside].reset_index(drop=True)


def _near(table: gpd.GeoDataFrame, clip: Polygon | MultiPolygon) -> gpd.GeoDataFrame:
    """Keep the points in the clip: stations beyond the border serve demand inside it."""
    points = table.geometry.to_numpy()
    inside = shapely.contains_xy(clip, shapely.get_x(points), shapely.get_y(points))
    return table[inside].reset_index(drop=True)


def _surfaces_or_points(geometry: np.ndarray) -> np.ndarray:
    """Return surfaces and points as they are, closed lines as surfaces, the rest empty."""
    result = geometry.copy()
    lines = shapely.get_type_id(geometry) == shapely.GeometryType.LINESTRING
    for row in np.flatnonzero(lines):
        if geometry[row].is_ring:
            result[row] = shapely.Polygon(geometry[row].coords)
    points = shapely.get_type_id(geometry) == shapely.GeometryType.POINT
    result[~points] = surfaces(result[~points])
    return result


def _lines_or_surfaces(geometry: np.ndarray) -> np.ndarray:
    """Reduce collections, as cutting makes them, to their parts of the highest dimension."""
    dimensions = shapely.get_dimensions(geometry)
    result = parts_of_dimension(geometry, _SURFACE)
    result[dimensions == _LINE] = parts_of_dimension(geometry[dimensions == _LINE], _LINE)
    return result
