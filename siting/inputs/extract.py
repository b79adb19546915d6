"""Local OSM extracts: pyosmium reads, filters and cuts them down for osmnx.

osmnx filters nothing when it reads a file and cannot read ``.pbf``, so an extract is first
reduced to two small ``.osm`` files: the drivable ways, and the features that the table of
place kinds names. The order of the elements and of their ids in the file does not matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import osmium
import shapely
from osmium.filter import IdFilter, KeyFilter

from siting.errors import BrokenFileError, EmptyLayerError, IncompleteExtractError
from siting.inputs.provenance import named_as_sample, says_synthetic

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siting.inputs.kinds import PlaceKinds

SUFFIXES = (".osm.pbf", ".pbf", ".osm", ".osm.gz", ".osm.bz2")
KIND_TAG = "siting:"
"""Prefix of the tag that carries an element's kind in a layer through osmnx."""
ADMIN = "admin"

# The rule of osmnx's network_type="drive": highway is there and none of these is found in
# the value. Searched, not matched, because Overpass searches too.
_NOT_DRIVABLE = {
    "access": re.compile("private"),
    "area": re.compile("yes"),
    "highway": re.compile(
        "abandoned|bridleway|bus_guideway|construction|corridor|cycleway|elevator|escalator|"
        "footway|no|path|pedestrian|planned|platform|proposed|raceway|razed|rest_area|service|"
        "services|steps|track"
    ),
    "motor_vehicle": re.compile("no"),
    "motorcar": re.compile("no"),
    "service": re.compile("alley|driveway|emergency_access|parking|parking_aisle|private"),
}
_ROAD_TAGS = ("highway", "junction", "maxspeed", "name", "oneway", "ref")
# What the tables need, and what osmnx reads to tell a closed line from a surface.
_FEATURE_TAGS = frozenset(
    {
        "access", "admin_level", "amenity", "area", "boundary", "building", "building:levels",
        "capacity", "charging_station:output", "landuse", "leisure", "levels", "man_made", "name",
        "name:en", "name:zh", "operator", "parking", "parking:levels", "ref", "type",
    }
)  # fmt: skip
_AREA_RELATIONS = ("multipolygon", "boundary")
_INCOMPLETE_SHARE = 0.02
_SAMPLED_NAMES = 200
_SCALE = 1e7


@dataclass(frozen=True)
class Header:
    """What an extract says of itself."""

    as_of: str
    synthetic: bool


@dataclass(frozen=True)
class Reduced:
    """An extract cut down for osmnx.

    Attributes
    ----------
    roads, features
        The two ``.osm`` files; a file without ways or features is not written (None).
    road_points
        WGS-84 coordinates of all drivable nodes of the extract, shape (n, 2), uncut.
    counts
        For the report: ways_read, ways_drivable, ways_in_box, features_matched, ...
    synthetic
        Whether the names carry the mark of made-up data.
    """

    roads: Path | None
    features: Path | None
    road_points: NDArray[np.float64]
    counts: dict[str, int]
    synthetic: bool


@dataclass
class _Way:
    """A way on its way through: tags, node ids, and what it is kept for."""

    tags: dict[str, str]
    refs: list[int]
    road: bool = False


@dataclass
class _Content:
    """All elements of an extract that matter."""

    ways: dict[int, _Way] = field(default_factory=dict)
    relations: dict[int, tuple[dict[str, str], list[tuple[str, int, str]]]] = field(
        default_factory=dict
    )
    points: dict[int, dict[str, str]] = field(default_factory=dict)
    ids: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    xy: NDArray[np.int64] = field(default_factory=lambda: np.empty((0, 2), dtype=np.int64))

    def rows(self, refs: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the row of each node id, -1 where the extract lacks the node."""
        if not len(self.ids):
            return np.full(len(refs), -1)
        places = np.minimum(np.searchsorted(self.ids, refs), len(self.ids) - 1)
        return np.where(self.ids[places] == refs, places, -1)


def is_drivable(tags: Mapping[str, str]) -> bool:
    """Tell whether osmnx's ``drive`` network has a way with these tags."""
    return "highway" in tags and not any(
        key in tags and pattern.search(tags[key]) for key, pattern in _NOT_DRIVABLE.items()
    )


def read_header(path: Path) -> Header:
    """Read the date and the origin marks of an extract's header.

    Raises
    ------
    BrokenFileError
        If the name has none of the known endings or the file cannot be opened.
    """
    if not path.name.lower().endswith(SUFFIXES):
        raise BrokenFileError(
            f"'{path.name}' is no OSM extract by its name",
            where=str(path),
            cure=f"inputs.osm wants one of {', '.join(SUFFIXES)}, a pack (.gpkg), or 'overpass'",
        )
    try:
        with osmium.io.Reader(str(path), osmium.osm.NOTHING) as reader:
            header = reader.header()
    except (RuntimeError, OSError) as error:
        raise _broken(path, error) from error
    marks = [header.get(key, "") for key in ("generator", "writingprogram", "source", "note")]
    as_of = header.get("osmosis_replication_timestamp", "") or header.get("timestamp", "")
    return Header(as_of, any(says_synthetic(mark) for mark in marks))


def reduce_extract(
    path: Path,
    *,
    box: tuple[float, float, float, float],
    kinds: PlaceKinds,
    admin_level: int,
    folder: Path,
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
        Level of the administrative boundaries to keep.
    folder
        Where the two files go.

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
    content = _read(path, kinds, admin_level, counts)
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
        content.xy[rows[rows >= 0]] / _SCALE,
        counts,
        _sampled(content),
    )


def write_elements(path: Path, elements: dict[str, dict[int, dict[str, Any]]], as_of: str) -> None:
    """Write Overpass elements as an extract, so that a download takes the same road.

    Parameters
    ----------
    path
        The ``.osm.pbf`` to write.
    elements
        Elements by type and id, as Overpass gives them, sorted.
    as_of
        Time of the data, for the header.
    """
    header = osmium.io.Header()
    header.set("generator", "siting")
    if as_of:
        header.set("osmosis_replication_timestamp", as_of)
    mutable = osmium.osm.mutable
    with osmium.SimpleWriter(str(path), header=header, overwrite=True) as writer:
        for key, node in elements["node"].items():
            place = (node["lon"], node["lat"])
            writer.add_node(mutable.Node(id=key, location=place, tags=node.get("tags", {})))
        for key, way in elements["way"].items():
            nodes = way.get("nodes", [])
            writer.add_way(mutable.Way(id=key, nodes=nodes, tags=way.get("tags", {})))
        for key, relation in elements["relation"].items():
            members = [(m["type"][0], m["ref"], m["role"]) for m in relation.get("members", ())]
            tags = relation.get("tags", {})
            writer.add_relation(mutable.Relation(id=key, members=members, tags=tags))


def _broken(path: Path, error: Exception) -> BrokenFileError:
    return BrokenFileError(
        f"'{path.name}' cannot be read to its end: {error}",
        where=str(path),
        cure="it is cut short or not what its name says: download or copy it again",
    )


def _objects(path: Path, entity: object, *filters: object) -> Iterator[Any]:
    """Iterate over an extract, with pyosmium's errors turned into ours."""
    try:
        processor = osmium.FileProcessor(str(path), entity)
        for one in filters:
            processor = processor.with_filter(one)
        yield from processor
    except (RuntimeError, OSError, UnicodeDecodeError) as error:
        raise _broken(path, error) from error


def _kept(tags: dict[str, str], kinds: PlaceKinds, admin_level: int) -> dict[str, str]:
    """Return the tags to keep of a feature, its kinds added; empty if it is none."""
    found = kinds.match(tags)
    level = tags.get("admin_level")
    if tags.get("boundary") == "administrative" and level == str(admin_level):
        found[ADMIN] = level
    if not found:
        return {}
    wanted = _FEATURE_TAGS.union(kinds.keys)
    kept = {key: value for key, value in tags.items() if key in wanted}
    return kept | {f"{KIND_TAG}{layer}": kind for layer, kind in found.items()}


def _read(path: Path, kinds: PlaceKinds, admin_level: int, counts: dict[str, int]) -> _Content:
    content = _Content()
    keys = KeyFilter(*kinds.keys, "admin_level")
    for relation in _objects(path, osmium.osm.RELATION, keys):
        tags = dict(relation.tags)
        kept = _kept(tags, kinds, admin_level)
        if kept and tags.get("type") in _AREA_RELATIONS:
            members = [(m.type, m.ref, m.role) for m in relation.members]
            content.relations[relation.id] = (kept, members)
    members = {
        ref for _, some in content.relations.values() for kind, ref, _ in some if kind == "w"
    }
    read = 0
    for way in _objects(path, osmium.osm.WAY):
        read += 1
        tags = dict(way.tags)
        road = is_drivable(tags)
        kept = _kept(tags, kinds, admin_level)
        if road or kept or way.id in members:
            if road:
                kept |= {key: tags[key] for key in _ROAD_TAGS if key in tags}
            content.ways[way.id] = _Way(kept, [node.ref for node in way.nodes], road)
    for node in _objects(path, osmium.osm.NODE, keys):
        kept = _kept(dict(node.tags), kinds, admin_level)
        if kept and node.location.valid():
            content.points[node.id] = kept
    _read_nodes(path, content)
    counts["ways_read"] = read
    counts["ways_drivable"] = sum(way.road for way in content.ways.values())
    return content


def _read_nodes(path: Path, content: _Content) -> None:
    """Read the coordinates of every node that a way or feature needs, in 1e-7 degrees."""
    refs = {ref for way in content.ways.values() for ref in way.refs}
    refs.update(content.points)
    found = [
        (node.id, node.location.x, node.location.y)
        for node in _objects(path, osmium.osm.NODE, IdFilter(refs))
        if node.location.valid()
    ]
    table = np.unique(np.array(found, dtype=np.int64).reshape(-1, 3), axis=0)
    content.ids, content.xy = table[:, 0], table[:, 1:]


def _require_roads(path: Path, counts: dict[str, int]) -> None:
    if counts["ways_drivable"] == 0:
        raise EmptyLayerError(
            f"'{path.name}' has no drivable road: the filter 'drivable' (highway=*, without "
            f"service roads, paths and private ways) left 0 of {counts['ways_read']} ways",
            where=str(path),
            cure="use an extract with all roads, not one filtered to something else",
        )


def _ways_inside(content: _Content, box: tuple[float, float, float, float]) -> dict[int, bool]:
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
    west, south, east, north = (value * _SCALE for value in box)
    lon, lat = xy[:, 0], xy[:, 1]
    return (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)


def _whole_roads(
    path: Path, content: _Content, inside: dict[int, bool], counts: dict[str, int]
) -> dict[int, _Way]:
    """Return the drivable ways in the box, mended where a few lack nodes."""
    roads: dict[int, _Way] = {}
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
            tags = {name: way.tags[name] for name in _ROAD_TAGS if name in way.tags}
            roads[key] = _Way(tags, refs, road=True)
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
    content: _Content,
    inside: dict[int, bool],
    box: tuple[float, float, float, float],
    counts: dict[str, int],
) -> tuple[dict[int, _Way], dict[int, Any], dict[int, dict[str, str]]]:
    """Return the ways, relations and points of the features in the box."""
    relations = {}
    members: set[int] = set()
    for key, (tags, some) in sorted(content.relations.items()):
        refs = [ref for kind, ref, _ in some if kind == "w"]
        if not any(inside.get(ref, False) for ref in refs):
            continue
        relations[key] = (tags, some)
        members.update(ref for ref in refs if ref in content.ways)
    marked = {
        key
        for key, way in content.ways.items()
        if inside[key] and any(name.startswith(KIND_TAG) for name in way.tags)
    }
    ways, invalid = {}, 0
    for key in sorted(members.union(marked)):
        refs = content.ways[key].refs
        rows = content.rows(np.array(refs, dtype=np.int64))
        if len(refs) > 1 and bool((rows >= 0).all()):
            tags = content.ways[key].tags if key in marked else {}
            ways[key] = _Way(tags, refs)
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


def _invalid_ring(refs: list[int], xy: NDArray[np.int64]) -> bool:
    closed = len(refs) > 3 and refs[0] == refs[-1]  # noqa: PLR2004 - a ring has four points
    return closed and not shapely.is_valid(shapely.polygons(xy / _SCALE))


def _write(
    path: Path,
    content: _Content,
    ways: dict[int, _Way],
    relations: dict[int, Any],
    points: dict[int, dict[str, str]],
) -> Path | None:
    """Write elements and the nodes they need, sorted by id; nothing if there are none."""
    if not ways and not points:
        return None
    mutable = osmium.osm.mutable
    refs = {ref for way in ways.values() for ref in way.refs}.union(points)
    needed = np.array(sorted(refs), dtype=np.int64)
    xy = (content.xy[content.rows(needed)] / _SCALE).tolist()
    with osmium.SimpleWriter(str(path), overwrite=True) as writer:
        for key, place in zip(needed.tolist(), xy, strict=True):
            writer.add_node(mutable.Node(id=key, location=place, tags=points.get(key, {})))
        for key, way in sorted(ways.items()):
            writer.add_way(mutable.Way(id=key, nodes=way.refs, tags=way.tags))
        for key, (tags, members) in sorted(relations.items()):
            writer.add_relation(mutable.Relation(id=key, members=members, tags=tags))
    return path


def _sampled(content: _Content) -> bool:
    """Look at some names for the mark of made-up data."""
    tags = [way.tags for _, way in sorted(content.ways.items()) if not way.road]
    tags += [some for some, _ in content.relations.values()]
    names = [some["name"] for some in tags if "name" in some][:_SAMPLED_NAMES]
    return any(named_as_sample(name) for name in names)
