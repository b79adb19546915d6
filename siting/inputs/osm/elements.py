"""OSM files through pyosmium: what an extract holds that matters, and writing one.

The order of the elements and of their ids in a file does not matter: relations, ways and
nodes are read one after the other, each by its own pass.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import osmium
from osmium.filter import IdFilter, KeyFilter

from siting.errors import BrokenFileError
from siting.inputs.osm.uses import meanings
from siting.inputs.provenance import says_synthetic

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from osmium import BaseFilter
    from osmium.osm import osm_entity_bits

    from siting.arrays import Ints
    from siting.files import JsonObject
    from siting.inputs.osm.kinds import PlaceKinds

SUFFIXES = (".osm.pbf", ".pbf", ".osm", ".osm.gz", ".osm.bz2")
KIND_TAG = "siting:"
"""Prefix of the tag that carries an element's kind in a layer through osmnx."""
ADMIN = "admin"
ADMIN_LEVELS = tuple(str(level) for level in range(4, 12))
"""Levels of boundaries that zones may be made of where the scenario names none."""

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
ROAD_TAGS = ("highway", "junction", "maxspeed", "name", "oneway", "ref", "tunnel")
# What the tables need, and what osmnx reads to tell a closed line from a surface.
_FEATURE_TAGS = frozenset(
    {
        "access", "admin_level", "amenity", "area", "boundary", "building", "building:levels",
        "capacity", "landuse", "leisure", "levels", "man_made", "name",
        "name:en", "name:zh", "operator", "parking", "parking:levels", "ref", "start_date", "type",
    }
)  # fmt: skip
_AREA_RELATIONS = ("multipolygon", "boundary")
SCALE = 1e7
"""OSM counts degrees in units of 1e-7."""


_UNREADABLE = (RuntimeError, OSError, ValueError, osmium.InvalidLocationError)
"""What pyosmium raises of a file that is cut short, garbled or none."""


@dataclass(frozen=True)
class Header:
    """What an extract says of itself."""

    as_of: str
    synthetic: bool


@dataclass
class Way:
    """A way on its way through: tags, node ids, and what it is kept for."""

    tags: dict[str, str]
    refs: list[int]
    road: bool = False


@dataclass
class Content:
    """All elements of an extract that matter."""

    ways: dict[int, Way] = field(default_factory=dict)
    relations: dict[int, tuple[dict[str, str], list[tuple[str, int, str]]]] = field(
        default_factory=dict
    )
    points: dict[int, dict[str, str]] = field(default_factory=dict)
    ids: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    xy: Ints = field(default_factory=lambda: np.empty((0, 2), dtype=np.int64))

    def rows(self, refs: Ints) -> Ints:
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
    except _UNREADABLE as error:
        raise _broken(path, error) from error
    marks = [header.get(key, "") for key in ("generator", "writingprogram", "source", "note")]
    as_of = header.get("osmosis_replication_timestamp", "") or header.get("timestamp", "")
    return Header(as_of, any(says_synthetic(mark) for mark in marks))


def write_elements(path: Path, elements: dict[str, dict[int, JsonObject]], as_of: str) -> None:
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
            members = [
                (m["type"][0], m["ref"], m.get("role", "")) for m in relation.get("members", ())
            ]
            tags = relation.get("tags", {})
            writer.add_relation(mutable.Relation(id=key, members=members, tags=tags))


def _broken(path: Path, error: Exception) -> BrokenFileError:
    return BrokenFileError(
        f"'{path.name}' cannot be read to its end: {error}",
        where=str(path),
        cure="it is cut short or not what its name says: download or copy it again",
    )


def _objects(path: Path, entity: osm_entity_bits, *filters: BaseFilter) -> Iterator[Any]:
    """Iterate over an extract, with pyosmium's errors turned into ours."""
    try:
        processor = osmium.FileProcessor(str(path), entity)
        for one in filters:
            processor = processor.with_filter(one)
        yield from processor
    except _UNREADABLE as error:
        raise _broken(path, error) from error


def _kept(
    tags: dict[str, str], kinds: PlaceKinds, admin_level: int | None, as_of: str
) -> dict[str, str]:
    """Return the tags to keep of a feature, its kinds and uses added; empty if it is none."""
    rules = kinds.match_rules(tags)
    found = {layer: rule.kind for layer, rule in rules.items()}
    level = tags.get("admin_level")
    asked = ADMIN_LEVELS if admin_level is None else (str(admin_level),)
    if tags.get("boundary") == "administrative" and level in asked:
        found[ADMIN] = level
    if not found:
        return {}
    wanted = _FEATURE_TAGS.union(kinds.keys)
    kept = {key: value for key, value in tags.items() if key in wanted}
    meant = found | meanings(tags, rules, as_of)
    return kept | {f"{KIND_TAG}{name}": value for name, value in meant.items()}


def read_content(
    path: Path,
    kinds: PlaceKinds,
    admin_level: int | None,
    counts: dict[str, int],
    *,
    as_of: str = "",
) -> Content:
    """Read what matters of an extract.

    Parameters
    ----------
    path
        The extract.
    kinds
        The table of tags.
    admin_level
        Level of the administrative boundaries to keep; None: all of :data:`ADMIN_LEVELS`.
    counts
        Takes up ways_read and ways_drivable.
    as_of
        ISO date of the map, to tell what has not opened yet; empty: no date tells.

    Raises
    ------
    BrokenFileError
        If the file is cut short or is not what its name says.
    """
    content = Content()
    keys = KeyFilter(*kinds.keys, "admin_level")
    for relation in _objects(path, osmium.osm.RELATION, keys):
        tags = dict(relation.tags)
        kept = _kept(tags, kinds, admin_level, as_of)
        if kept and tags.get("type") in _AREA_RELATIONS:
            members = [(m.type, m.ref, m.role) for m in relation.members]
            content.relations[relation.id] = (kept, members)
    wanted = {ref for _, some in content.relations.values() for kind, ref, _ in some if kind == "w"}
    read = 0
    for way in _objects(path, osmium.osm.WAY):
        read += 1
        tags = dict(way.tags)
        road = is_drivable(tags)
        kept = _kept(tags, kinds, admin_level, as_of)
        if road or kept or way.id in wanted:
            if road:
                kept |= {key: tags[key] for key in ROAD_TAGS if key in tags}
            content.ways[way.id] = Way(kept, [node.ref for node in way.nodes], road)
    for node in _objects(path, osmium.osm.NODE, keys):
        kept = _kept(dict(node.tags), kinds, admin_level, as_of)
        if kept and node.location.valid():
            content.points[node.id] = kept
    _read_nodes(path, content)
    counts["ways_read"] = read
    counts["ways_drivable"] = sum(way.road for way in content.ways.values())
    return content


def _read_nodes(path: Path, content: Content) -> None:
    """Read the coordinates of every node that a way or feature needs, in 1e-7 degrees."""
    refs = {ref for way in content.ways.values() for ref in way.refs}
    refs.update(content.points)
    odd = [ref for ref in (min(refs, default=1), max(refs, default=1)) if not 0 < ref < _MOST_IDS]
    if odd:
        raise _broken(path, ValueError(f"no node of OpenStreetMap has the id {odd[0]}"))
    found = []
    for some in id_batches(np.fromiter(refs, dtype=np.int64, count=len(refs))):
        for node in _objects(path, osmium.osm.NODE, IdFilter(some.tolist())):
            place = node.location
            if place.valid():
                found.append((node.id, place.x, place.y))
    table = np.unique(np.array(found, dtype=np.int64).reshape(-1, 3), axis=0)
    content.ids, content.xy = table[:, 0], table[:, 1:]


_MOST_IDS = 1 << 40
"""Some eighty times as many nodes as OpenStreetMap had in 2026."""
_BLOCK_BITS = 25
_BLOCK_BYTES = 1 << (_BLOCK_BITS - 3)
_FILTER_BYTES = 1 << 26
_BYTES_AN_ID = 64


def id_batches(ids: Ints) -> Iterator[Ints]:
    """Split ids into batches that a filter of pyosmium holds in bounded memory.

    It keeps a bit for each id in blocks of 4 MB, wherever an id lies: a few thousand ids spread
    over the 1.3e10 given out so far would take 1.6 GB. A batch takes at most 64 MB, or, where
    there are more ids than that is worth, a small part of what they take themselves.

    Parameters
    ----------
    ids
        Distinct ids, in any order.

    Yields
    ------
    array
        Ids, ascending; one batch after another, ascending too.
    """
    ids = np.sort(ids)
    block = ids >> _BLOCK_BITS
    _, start = np.unique(block, return_index=True)
    at_once = max(_FILTER_BYTES, _BYTES_AN_ID * len(ids)) // _BLOCK_BYTES
    cuts = [*start[::at_once].tolist(), len(ids)]
    for first, last in pairwise(cuts):
        yield ids[first:last]
