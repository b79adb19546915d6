"""Local OSM extracts: pyosmium reads, filters and cuts them down for osmnx; and the sea in them.

OpenStreetMap draws no sea. It draws the line of the coast, in pieces, with the land to the left;
here the pieces and a frame around the map are cut into faces, and a face is sea where the coast
around it says so.

osmnx filters nothing when it reads a file and cannot read ``.pbf``, so an extract is first
reduced to two small ``.osm`` files: the drivable ways, and the features that the table of
place kinds names. The order of the elements and of their ids in the file does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import shapely
from shapely import MultiPolygon, Polygon

from siting.errors import EmptyLayerError, IncompleteExtractError
from siting.geo import WGS84
from siting.inputs.files.columns import texts
from siting.inputs.osm.elements import KIND_TAG, ROAD_TAGS, SCALE, Content, Way, read_content
from siting.inputs.provenance import named_as_sample

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from siting.arrays import Ints
    from siting.inputs.osm.kinds import PlaceKinds

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


_INCOMPLETE_SHARE = 0.02
_SAMPLED_NAMES = 200
_LANDSCAPE = f"{KIND_TAG}landscape"


@dataclass(frozen=True)
class Reduced:
    """An extract cut down for osmnx.

    Attributes
    ----------
    roads, features
        The two ``.osm`` files; a file without ways or features is not written (None).
    road_points
        WGS-84 coordinates of all drivable nodes of the extract, shape (n, 2), uncut.
    coast
        Lines of the coast around the area in WGS-84, the land on their left.
    counts
        For the report: ways_read, ways_drivable, ways_in_box, features_matched, ...
    synthetic
        Whether the names carry the mark of made-up data.
    """

    roads: Path | None
    features: Path | None
    road_points: NDArray[np.float64]
    coast: NDArray[np.object_]
    counts: dict[str, int]
    synthetic: bool


def reduce_extract(
    path: Path,
    *,
    box: tuple[float, float, float, float],
    kinds: PlaceKinds,
    admin_level: int | None,
    folder: Path,
    as_of: str = "",
) -> Reduced:
    """Cut an extract down to the drivable ways and the features around an area.

    Parameters
    ----------
    path
        The extract.
    box
        West, south, east, north in WGS-84: a way is kept if one of its nodes lies in it, a
        relation if one of its members is kept.
    kinds
        The table of tags.
    admin_level
        Level of the administrative boundaries to keep; None: those that may be zones.
    folder
        Where the two files go.
    as_of
        ISO date of the map, to tell what has not opened yet; empty: no date tells.

    Raises
    ------
    BrokenFileError
        If the file is cut short or is not what its name says.
    IncompleteExtractError
        If too many drivable ways around the area lack nodes.
    EmptyLayerError
        If the extract has no drivable way at all.
    """
    counts: dict[str, int] = {}
    content = read_content(path, kinds, admin_level, counts, as_of=as_of)
    road_ways = {key: way for key, way in content.ways.items() if way.road}
    _require_roads(path, counts)
    inside = _ways_inside(content, box)
    roads = _whole_roads(path, content, inside, counts)
    features = _features_inside(content, inside, box, counts)
    road_nodes = np.unique(np.concatenate([np.array(way.refs) for way in road_ways.values()]))
    rows = content.rows(road_nodes)
    return Reduced(
        _write(folder / "roads.osm", content, roads, {}, {}),
        _write(folder / "features.osm", content, *features),
        content.xy[rows[rows >= 0]] / SCALE,
        _coast(content, inside),
        counts,
        _sampled(content),
    )


def _require_roads(path: Path, counts: dict[str, int]) -> None:
    if counts["ways_drivable"] == 0:
        raise EmptyLayerError(
            f"'{path.name}' has no drivable road: the filter 'drivable' (highway=*, without "
            f"service roads, paths and private ways) left 0 of {counts['ways_read']} ways",
            where=str(path),
            cure="use an extract with all roads, not one filtered to something else",
        )


def _ways_inside(content: Content, box: tuple[float, float, float, float]) -> dict[int, bool]:
    """Tell for each way whether one of its known nodes lies in the box."""
    keys = list(content.ways)
    sizes = np.array([len(content.ways[key].refs) for key in keys], dtype=np.int64)
    refs = np.array([ref for key in keys for ref in content.ways[key].refs], dtype=np.int64)
    rows = content.rows(refs)
    hits = (rows >= 0) & _in_box(
        content.xy[rows] if len(content.xy) else np.zeros((len(rows), 2)), box
    )
    owner = np.repeat(np.arange(len(keys)), sizes)
    touched = np.bincount(owner[hits], minlength=len(keys)) > 0
    return dict(zip(keys, touched.tolist(), strict=True))


def _in_box(xy: NDArray[Any], box: tuple[float, float, float, float]) -> NDArray[np.bool_]:
    west, south, east, north = (value * SCALE for value in box)
    lon, lat = xy[:, 0], xy[:, 1]
    return (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)


def _whole_roads(
    path: Path, content: Content, inside: dict[int, bool], counts: dict[str, int]
) -> dict[int, Way]:
    """Return the drivable ways in the box, mended where a few lack nodes."""
    roads: dict[int, Way] = {}
    broken = lost = touched = 0
    for key, way in sorted(content.ways.items()):
        if not way.road:
            continue
        known = content.rows(np.array(way.refs, dtype=np.int64)) >= 0
        if not known.any():
            lost += 1
            continue
        if not inside[key]:
            continue
        touched += 1
        broken += not known.all()
        refs = way.refs if known.all() else _longest_run(way.refs, known)
        if len(refs) > 1:
            tags = {name: way.tags[name] for name in ROAD_TAGS if name in way.tags}
            roads[key] = Way(tags, refs, road=True)
    counts["ways_in_box"] = len(roads)
    counts["ways_incomplete"] = broken
    counts["ways_without_nodes"] = lost
    if broken + lost > _INCOMPLETE_SHARE * (touched + lost):
        raise IncompleteExtractError(
            f"'{path.name}' was cut without complete ways: of {touched + lost} drivable ways "
            f"{broken} lack some of their nodes and {lost} all of them",
            where=str(path),
            cure="cut it with complete ways, e.g. osmium extract --strategy complete_ways, "
            "or download an extract from Geofabrik",
        )
    return roads


def _longest_run(refs: list[int], known: NDArray[np.bool_]) -> list[int]:
    """Return the longest stretch of a way whose nodes are all known, the first of equals."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    best = int(np.argmax(ends - starts))
    return refs[starts[best] : ends[best]]


def _features_inside(
    content: Content,
    inside: dict[int, bool],
    box: tuple[float, float, float, float],
    counts: dict[str, int],
) -> tuple[dict[int, Way], dict[int, Any], dict[int, dict[str, str]]]:
    """Return the ways, relations and points of the features in the box."""
    relations = {}
    members: set[int] = set()
    for key, (tags, some) in sorted(content.relations.items()):
        refs = [ref for kind, ref, _ in some if kind == "w"]
        if not any(inside.get(ref, False) for ref in refs):
            continue
        relations[key] = (tags, some)
        members.update(ref for ref in refs if ref in content.ways)
    marked = {key for key, way in content.ways.items() if inside[key] and _is_feature(way)}
    ways, invalid = {}, 0
    for key in sorted(members.union(marked)):
        refs = content.ways[key].refs
        rows = content.rows(np.array(refs, dtype=np.int64))
        if len(refs) > 1 and bool((rows >= 0).all()):
            tags = content.ways[key].tags if key in marked else {}
            ways[key] = Way(tags, refs)
            invalid += _invalid_ring(refs, content.xy[rows])
    rows = content.rows(np.array(sorted(content.points), dtype=np.int64))
    hits = _in_box(content.xy[rows], box) if len(rows) else np.empty(0, dtype=bool)
    points = {
        key: content.points[key]
        for key, hit in zip(sorted(content.points), hits.tolist(), strict=True)
        if hit
    }
    counts["features_in_box"] = len(relations) + len(marked) + len(points)
    counts["rings_invalid"] = invalid
    counts["elements_tagged"] = (
        len(content.relations)
        + len(content.points)
        + sum(any(name.startswith(KIND_TAG) for name in way.tags) for way in content.ways.values())
    )
    return ways, relations, points


def _is_feature(way: Way) -> bool:
    kinds = {name: kind for name, kind in way.tags.items() if name.startswith(KIND_TAG)}
    return bool(kinds) and kinds.get(_LANDSCAPE) != COASTLINE


def _coast(content: Content, inside: dict[int, bool]) -> NDArray[np.object_]:
    """Return the lines of the coast near the box, their nodes in the order of the way."""
    lines = []
    for key, way in sorted(content.ways.items()):
        if inside[key] and way.tags.get(_LANDSCAPE) == COASTLINE:
            rows = content.rows(np.array(way.refs, dtype=np.int64))
            xy = content.xy[rows[rows >= 0]] / SCALE
            if len(xy) > 1:
                lines.append(shapely.linestrings(xy))
    return np.array(lines, dtype=object)


def _invalid_ring(refs: list[int], xy: NDArray[np.int64]) -> bool:
    closed = len(refs) > 3 and refs[0] == refs[-1]  # noqa: PLR2004 - a ring has four points
    return closed and not shapely.is_valid(shapely.polygons(xy / SCALE))


def _write(
    path: Path,
    content: Content,
    ways: dict[int, Way],
    relations: dict[int, Any],
    points: dict[int, dict[str, str]],
) -> Path | None:
    """Write elements and the nodes they need, sorted by id; nothing if there are none."""
    if not ways and not points:
        return None
    mutable = osmium.osm.mutable
    refs = {ref for way in ways.values() for ref in way.refs}.union(points)
    needed = np.array(sorted(refs), dtype=np.int64)
    xy = (content.xy[content.rows(needed)] / SCALE).tolist()
    plain = osmium.io.File(str(path), "osm,add_metadata=none")
    with osmium.SimpleWriter(plain, overwrite=True) as writer:
        for key, place in zip(needed.tolist(), xy, strict=True):
            writer.add_node(mutable.Node(id=key, location=place, tags=points.get(key, {})))
        for key, way in sorted(ways.items()):
            writer.add_way(mutable.Way(id=key, nodes=way.refs, tags=way.tags))
        for key, (tags, members) in sorted(relations.items()):
            writer.add_relation(mutable.Relation(id=key, members=members, tags=tags))
    return path


def _sampled(content: Content) -> bool:
    """Look at some names for the mark of made-up data."""
    tags = [way.tags for _, way in sorted(content.ways.items()) if not way.road]
    tags += [some for some, _ in content.relations.values()]
    names = [some["name"] for some in tags if "name" in some][:_SAMPLED_NAMES]
    return any(named_as_sample(name) for name in names)
