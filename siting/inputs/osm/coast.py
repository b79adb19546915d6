"""The sea: what lies to the right of the coastline.

OpenStreetMap draws no sea. It draws the line of the coast, in pieces, with the land to the left;
here the pieces and a frame around the map are cut into faces, and a face is sea where the coast
around it says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely import MultiPolygon, Polygon

from siting.geo import WGS84
from siting.inputs.files.columns import texts

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from siting.arrays import Ints

COASTLINE = "coastline"
"""Kind of landscape that bounds the sea; it is no surface itself."""

_SURFACE = 2
_BESIDE_DEG = 1e-6
_NEAR_FRAME_SHARE = 0.1
"""An extract's coast may end this share of the frame's longer side before it."""

_LAND_SHARE = 0.01
"""A face whose coast is of two minds is one that the map's edge leaves open: no sea is known."""


def sea_area(
    coast: NDArray[np.object_], clip: Polygon | MultiPolygon, area: Polygon | MultiPolygon
) -> Polygon | MultiPolygon:
    """Return the sea within a polygon; empty where the map has no coast, or not enough of it.

    Parameters
    ----------
    coast
        Lines in WGS-84 with the land on their left.
    clip
        WGS-84 polygon that the sea is cut to.
    area
        A smaller one, tried where the coastline of the map ends within the box of the first.
    """
    for outline in (clip, area):
        sea = _sea_in(coast, shapely.box(*outline.bounds))
        if not sea.is_empty:
            return _surface(shapely.intersection(sea, outline))
    return Polygon()


def with_sea(landscape: gpd.GeoDataFrame, sea: Polygon | MultiPolygon) -> gpd.GeoDataFrame:
    """Return the landscape with the sea as one more water, the first row."""
    if sea.is_empty:
        return landscape
    row = {name: texts([value]) for name, value in _SEA.items()}
    table = gpd.GeoDataFrame(row, geometry=[sea], crs=WGS84)
    return gpd.GeoDataFrame(pd.concat([table, landscape], ignore_index=True), crs=WGS84)


_SEA = {"landscape_id": "sea", "kind": "water", "name": None}


def _sea_in(coast: NDArray[np.object_], box: Polygon) -> Polygon | MultiPolygon:
    near = coast[shapely.intersects(coast, box)]
    if not len(near):
        return Polygon()
    lines = shapely.intersection(shapely.union_all(near), box)
    frame = shapely.union_all([lines, box.exterior, *_ends_to_frame(lines, box)])
    faces = shapely.get_parts(shapely.polygonize([frame]))
    sea, land = _votes(near, faces, box)
    return _surface(shapely.union_all(faces[(sea > 0) & (land <= _LAND_SHARE * sea)]))


def _surface(shape: BaseGeometry) -> Polygon | MultiPolygon:
    """Return the surfaces among the parts of a shape as one."""
    parts = shapely.get_parts(shape)
    joined = shapely.union_all(parts[shapely.get_dimensions(parts) == _SURFACE])
    return joined if isinstance(joined, Polygon | MultiPolygon) else Polygon()


def _ends_to_frame(lines: BaseGeometry, box: Polygon) -> NDArray[np.object_]:
    """Return straight lines on to the frame from where the coast ends just before it."""
    ends = shapely.get_parts(shapely.boundary(shapely.line_merge(lines)))
    west, south, east, north = box.bounds
    near = shapely.distance(ends, box.exterior) <= _NEAR_FRAME_SHARE * max(
        east - west, north - south
    )
    return np.asarray(shapely.shortest_line(ends[near], box.exterior), dtype=object)


def _votes(
    coast: NDArray[np.object_], faces: NDArray[np.object_], box: Polygon
) -> tuple[Ints, Ints]:
    """Count the pieces of coast in a box that have each face on their right, and on their left."""
    xy, line = shapely.get_coordinates(coast, return_index=True)
    same = line[1:] == line[:-1]
    one, other = xy[:-1][same], xy[1:][same]
    pieces = np.asarray(shapely.linestrings(np.stack([one, other], axis=1)), dtype=object)
    inside = np.asarray(shapely.intersection(pieces, box), dtype=object)
    there = shapely.length(inside) > 0
    middle = shapely.get_coordinates(shapely.centroid(inside[there]))
    step = (other - one)[there]
    right = np.column_stack([step[:, 1], -step[:, 0]])
    right *= _BESIDE_DEG / np.hypot(*step.T)[:, None]
    tree = shapely.STRtree(faces)
    sea, land = (
        np.bincount(
            tree.query(shapely.points(middle + side), predicate="within")[1], minlength=len(faces)
        )
        for side in (right, -right)
    )
    return sea, land
