"""Lines, areas and names of the web map: thinned in metres, then brought to the drawn degrees.

Everything that is drawn passes :class:`Degrees`, so this is the one place where a map on
Gaode's tiles is shifted to GCJ-02; no file but the page ever sees those coordinates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely

from siting import geo
from siting.outputs import palette

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from siting.arrays import Shapes
    from siting.files import JsonObject
    from siting.plan.plan import Plan


_DECIMALS = 5  # of degrees: about a metre
_THIN_M = 6.0
_ZONE_THIN_M = 12.0
_OUTLINE_GAP_M = 2.0
_SNAP_M = 1.0  # so that the two copies of a shared edge become one
_LEAST_HOLE_M2 = 20_000.0
_LEAST_WATER_M2 = 1_000.0


class Degrees:
    """Brings geometries of a metric CRS to WGS-84 degrees, or on to GCJ-02.

    Parameters
    ----------
    crs
        The metric CRS.
    gcj02
        Shift to GCJ-02.
    """

    def __init__(self, crs: str, *, gcj02: bool = False) -> None:
        self._crs = crs
        self._gcj02 = gcj02

    def __call__(self, shapes: Iterable[Any]) -> Shapes:
        """Return the geometries in degrees."""
        frame = gpd.GeoDataFrame(geometry=gpd.GeoSeries(list(shapes), crs=self._crs))
        frame = frame.to_crs(geo.WGS84)
        if self._gcj02:
            frame = geo.shape_to_gcj02(frame)
        return np.asarray(frame.geometry.array, dtype=object)


def lonlat(
    points: Iterable[Any], to: Degrees, *, decimals: int = _DECIMALS
) -> tuple[list[float], list[float]]:
    """Return longitudes and latitudes of points, rounded to about a metre if not told otherwise."""
    at = shapely.get_coordinates(to(points)).round(decimals)
    return at[:, 0].tolist(), at[:, 1].tolist()


def line_paths(
    shapes: Iterable[Any], to: Degrees, *, thin_m: float = _THIN_M
) -> list[list[list[float]]]:
    """Return lines as lists of [lon, lat]; joined and thinned by a few metres first."""
    lines = [part for part in _parts(shapes) if part.geom_type in {"LineString", "LinearRing"}]
    if not lines:
        return []
    joined = shapely.line_merge(shapely.multilinestrings(lines))
    thin = shapely.simplify(shapely.get_parts(joined), thin_m)
    return [_path(line) for line in to(thin)]


def area_rings(
    shapes: Iterable[Any], to: Degrees, *, thin_m: float = _THIN_M
) -> list[list[list[list[float]]]]:
    """Return polygons as lists of rings of [lon, lat], thinned first if so asked."""
    areas = [part for part in _parts(shapes) if part.geom_type == "Polygon"]
    if thin_m:
        areas = list(shapely.simplify(np.array(areas, dtype=object), thin_m)) if areas else []
    kept = [area for area in areas if not area.is_empty]
    return [[_path(area.exterior), *(_path(hole) for hole in area.interiors)] for area in to(kept)]


def thin_zones(zones: gpd.GeoDataFrame) -> Shapes:
    """Return the zones' outlines thinned together, so that neighbours still share an edge."""
    shapes = np.asarray(zones.geometry.array, dtype=object)
    return np.asarray(shapely.coverage_simplify(shapes, _ZONE_THIN_M), dtype=object)


def outline(shapes: Shapes) -> Any:  # noqa: ANN401  # a polygon or several
    """Return the outline of all zones together, small gaps between neighbours closed."""
    closed = shapely.buffer(
        shapely.union_all(shapely.buffer(shapes, _OUTLINE_GAP_M)), -_OUTLINE_GAP_M
    )
    polygons = [part for part in _parts([closed]) if part.geom_type == "Polygon"]
    return shapely.multipolygons([_without_small_holes(polygon) for polygon in polygons])


def borders(shapes: Shapes, edge: Any) -> Any:  # noqa: ANN401  # polygon in, lines out
    """Return the lines between neighbours, each once, without the common outline."""
    lines = shapely.union_all(shapely.boundary(shapes), grid_size=_SNAP_M)
    return shapely.difference(lines, shapely.buffer(shapely.boundary(edge), _ZONE_THIN_M))


def road_lines(roads: gpd.GeoDataFrame, to: Degrees) -> list[JsonObject]:
    """Return the roads by class, minor ones first, each class one bundle of lines."""
    classes = roads["road_class"].str.removesuffix("_link")
    drawn = []
    for name, road in palette.ROAD_STYLES.items():
        paths = line_paths(roads.geometry[classes == name], to)
        if paths:
            look = {"colour": road.colour, "width": road.width, "casing": road.casing}
            drawn.append({"class": name, **look, "lines": paths})
    return drawn


def landscape_parts(landscape: gpd.GeoDataFrame, to: Degrees) -> list[JsonObject]:
    """Return woods, water and runways, lowest first; ponds too small to see are left out."""
    drawn = []
    for kind, colour in palette.LANDSCAPE_COLOURS.items():
        shapes = landscape.geometry[landscape["kind"] == kind]
        shapes = shapes[(shapes.area == 0) | (shapes.area >= _LEAST_WATER_M2)]
        areas = area_rings(shapes, to)
        lines = line_paths(shapes, to)
        if areas or lines:
            look = {"colour": colour, "width": palette.LANDSCAPE_WIDTHS[kind]}
            drawn.append({"kind": kind, **look, "areas": areas, "lines": lines})
    return drawn


def middle_points(shapes: Shapes) -> list[Any]:
    """Return the point of each area that lies deepest inside it, where its name stands best."""
    return [
        shapely.Point(shapely.maximum_inscribed_circle(shape, tolerance=50.0).coords[0])
        for shape in shapes
    ]


def _parts(shapes: Iterable[Any]) -> Iterator[Any]:
    """Yield single geometries out of whatever collections hold them, empty ones left out."""
    for shape in shapes:
        if shape is None or shape.is_empty:
            continue
        if hasattr(shape, "geoms"):
            yield from _parts(shape.geoms)
        else:
            yield shape


def _without_small_holes(polygon: Any) -> Any:  # noqa: ANN401  # polygon in and out
    holes = [hole for hole in polygon.interiors if shapely.Polygon(hole).area >= _LEAST_HOLE_M2]
    return shapely.Polygon(polygon.exterior, holes)


def _path(line: Any) -> list[list[float]]:  # noqa: ANN401  # line or ring
    points: list[list[float]] = np.asarray(line.coords).round(_DECIMALS).tolist()
    return points


STATION_NAMES_FROM = 15
"""Zoom from which stations carry their names, and townships no longer theirs."""

_SHIELD_SPACING_M = 9000.0
_NAMED_ROAD_M = 1500.0
_NAMED_WATER_M2 = 60_000.0
_WIDE_WATER_M2 = 2_000_000.0
_NO_ZOOM_END = 30
_SHIELD_ZOOM = {"motorway": 9, "trunk": 12}
_LETTERS, _LATIN_LETTERS = 20, 36
_HAN_FROM = "\u2e80"


def map_labels(
    plan: Plan, thin_zones: Shapes, zone_names: dict[str, str], to: Degrees
) -> list[JsonObject]:
    """Return the names of the map, the weightiest first: what comes first gets the room.

    Parameters
    ----------
    plan
        The plan.
    thin_zones
        Outlines of its zones as drawn.
    zone_names
        Names of the zones by id, in the language of the map.
    to
        Brings points to the drawn degrees.

    Returns
    -------
    list
        JSON objects; a township's has its row in ``zone``.
    """
    return [
        *_zone_labels(plan.zones, thin_zones, zone_names, to),
        *_road_labels(plan.roads, to),
        *_water_labels(plan.landscape, to),
    ]


def _zone_labels(
    zones: gpd.GeoDataFrame, thin: Shapes, names: dict[str, str], to: Degrees
) -> list[JsonObject]:
    lon, lat = lonlat(middle_points(thin), to)
    largest_first = np.argsort(-zones.geometry.area.to_numpy(), kind="stable")
    return [
        _label(_short_name(names[zones["zone_id"].iloc[row]]), lon[row], lat[row], "zone", 12.5)
        | {"to": STATION_NAMES_FROM, "zone": int(row)}
        for row in largest_first
        if zones["kind"].iloc[row] != "uncovered"
    ]


def _short_name(name: str) -> str:
    """Return a zone's name as a map writes it: English ones without the word for its kind."""
    return name.removesuffix(" Subdistrict").removesuffix(" Town") or name


def _road_labels(roads: gpd.GeoDataFrame, to: Degrees) -> list[JsonObject]:
    """Return road numbers along expressways and trunk roads, and names of long streets."""
    labels = []
    for road_class, zoom in _SHIELD_ZOOM.items():
        named = roads[(roads["road_class"] == road_class) & roads["ref"].notna()]
        for ref, lines in named.groupby("ref").geometry:
            text = str(ref).split(";")[0]
            labels += _labels_at(_spread(lines, _SHIELD_SPACING_M), to, text, "shield", 10, zoom)
    minor = roads["road_class"].isin(["trunk", "primary", "secondary"])
    for name, lines in roads[minor & roads["name"].notna()].groupby("name").geometry:
        if lines.length.sum() >= _NAMED_ROAD_M:
            labels += _labels_at(_spread(lines, _NAMED_ROAD_M), to, str(name), "road", 11, 14)
    return labels


def _water_labels(landscape: gpd.GeoDataFrame, to: Degrees) -> list[JsonObject]:
    water = landscape[
        (landscape["kind"] == "water")
        & landscape["name"].notna()
        & (landscape.geometry.area >= _NAMED_WATER_M2)
    ]
    labels = []
    for name, areas in water.groupby("name").geometry:
        widest = areas.loc[areas.area.idxmax()]
        points = middle_points(np.array([widest], dtype=object))
        zoom = 9 if widest.area >= _WIDE_WATER_M2 else 13
        labels += _labels_at(points, to, str(name), "water", 12, zoom)
    return labels


def _labels_at(
    points: list[Any], to: Degrees, text: str, look: str, size: float, zoom: int
) -> list[JsonObject]:
    lon, lat = lonlat(points, to)
    pairs = zip(lon, lat, strict=True)
    return [_label(text, east, north, look, size) | {"from": zoom} for east, north in pairs]


def _label(text: str, lon: float, lat: float, look: str, size: float) -> JsonObject:
    most = _LETTERS if max(text, default="") >= _HAN_FROM else _LATIN_LETTERS
    short = text if len(text) <= most else text[: most - 1] + "…"
    return {
        "text": short, "lon": lon, "lat": lat, "look": look, "size": size,
        "from": 0, "to": _NO_ZOOM_END,
    }  # fmt: skip


def _spread(lines: gpd.GeoSeries, spacing_m: float) -> list[Any]:
    """Return points along the lines, one about every so many metres, at least one."""
    joined = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(
        [part for line in lines for part in shapely.get_parts(line)]
    )))  # fmt: skip
    longest_first = joined[np.argsort(-shapely.length(joined), kind="stable")]
    points: list[Any] = []
    for line in longest_first:
        count = max(1, int(line.length // spacing_m))
        for step in range(count):
            point = line.interpolate((step + 0.5) / count, normalized=True)
            if all(point.distance(other) >= spacing_m / 2 for other in points):
                points.append(point)
    return points
