"""Does an extract cover the area? Judged by its roads, for a file does not say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import shapely
from scipy.spatial import cKDTree

from siting.errors import CoverageError
from siting.geo import WGS84

if TYPE_CHECKING:
    from pathlib import Path

    from siting.inputs.area import AreaShape

_GRID_POINTS = 2500
_NEAR_ROAD_M = 5000.0
_MIN_IN_HULL = 0.75
_MIN_NEAR_ROAD = 0.5
_HULL_MARGIN_M = 3000.0


def measure_coverage(area: AreaShape, road_points: np.ndarray) -> tuple[float, float]:
    """Measure how much of the area the roads of an extract cover.

    Parameters
    ----------
    area
        The area.
    road_points
        WGS-84 coordinates of all drivable nodes of the extract, shape (n, 2).

    Returns
    -------
    in_hull, near
        Share of the area inside the convex hull of all drivable nodes (widened by the
        margin), and share within 5 km of one of them.
    """
    points = gpd.GeoSeries(gpd.points_from_xy(*road_points.T), crs=WGS84).to_crs(area.crs)
    xy = shapely.get_coordinates(points.to_numpy())
    xy = xy[np.isfinite(xy).all(axis=1)]
    if len(xy) == 0:
        return 0.0, 0.0
    shape = area.projected
    hull = shapely.buffer(shapely.convex_hull(shapely.multipoints(xy)), _HULL_MARGIN_M)
    in_hull = shapely.area(shapely.intersection(hull, shape)) / shape.area
    west, south, east, north = shape.bounds
    step = np.sqrt((east - west) * (north - south) / _GRID_POINTS)
    x, y = np.meshgrid(np.arange(west, east, step), np.arange(south, north, step))
    grid = np.column_stack([x.ravel(), y.ravel()])
    shapely.prepare(shape)
    grid = grid[shapely.contains_xy(shape, grid[:, 0], grid[:, 1])]
    if len(grid) == 0:
        return float(in_hull), float(in_hull)
    away = cKDTree(xy).query(grid, distance_upper_bound=_NEAR_ROAD_M)[0]
    return float(in_hull), float(np.isfinite(away).mean())


def require_coverage(path: Path, area: AreaShape, in_hull: float, near: float) -> None:
    """Raise unless roads span enough of the area and lie near enough to most of it.

    Parameters
    ----------
    path
        The extract, for the message.
    area
        The area.
    in_hull, near
        Of :func:`measure_coverage`.

    Raises
    ------
    CoverageError
        Below 75 % in the hull (a box around a valley has corners without roads: 88 % for
        Liechtenstein) or below 50 % near a road.
    """
    if in_hull >= _MIN_IN_HULL and near >= _MIN_NEAR_ROAD:
        return
    raise CoverageError(
        f"'{path.name}' does not cover the area '{area.name}': its roads span {in_hull:.0%} of "
        f"it, and {near:.0%} of it lies within {_NEAR_ROAD_M / 1000:g} km of one of them",
        where=str(path),
        cure="use an extract of the whole area, check the datum of the boundary, or draw the "
        "area tighter where it reaches over sea or wilderness",
    )
