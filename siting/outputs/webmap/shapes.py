"""Lines and areas of the web map: thinned in metres, then brought to the drawn degrees.

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

    from numpy.typing import NDArray

    Shapes = NDArray[np.object_]

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


def road_lines(roads: gpd.GeoDataFrame, to: Degrees) -> list[dict[str, Any]]:
    """Return the roads by class, minor ones first, each class one bundle of lines."""
    classes = roads["road_class"].str.removesuffix("_link")
    drawn = []
    for name, road in palette.ROAD_STYLES.items():
        paths = line_paths(roads.geometry[classes == name], to)
        if paths:
            look = {"colour": road.colour, "width": road.width, "casing": road.casing}
            drawn.append({"class": name, **look, "lines": paths})
    return drawn


def landscape_parts(landscape: gpd.GeoDataFrame, to: Degrees) -> list[dict[str, Any]]:
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
