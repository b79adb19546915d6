"""The map as OpenStreetMap holds it: nodes, ways and relations, written as .osm.pbf."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import osmium
from osmium.osm.mutable import Node, Relation, Way
from shapely.geometry import MultiPolygon, Polygon

from maker.frame import to_lonlat

Tags = dict[str, str]


@dataclass(slots=True)
class Extract:
    """Nodes, ways and relations numbered from 1 in the order they are drawn."""

    nodes: list[np.ndarray] = field(default_factory=list)
    node_tags: dict[int, Tags] = field(default_factory=dict)
    ways: list[tuple[list[int], Tags]] = field(default_factory=list)
    relations: list[tuple[list[tuple[str, int, str]], Tags]] = field(default_factory=list)

    def node(self, point: np.ndarray, tags: Tags | None = None) -> int:
        """Add a node."""
        self.nodes.append(np.asarray(point, dtype=float))
        if tags:
            self.node_tags[len(self.nodes)] = tags
        return len(self.nodes)

    def way(self, refs: list[int], tags: Tags) -> int:
        """Add a way through nodes that exist."""
        self.ways.append((refs, tags))
        return len(self.ways)

    def line(self, points: np.ndarray, tags: Tags) -> int:
        """Add a way with nodes of its own."""
        return self.way([self.node(point) for point in points], tags)

    def ring(self, points: np.ndarray, tags: Tags) -> int:
        """Add a closed way; the last point repeats the first."""
        refs = [self.node(point) for point in points[:-1]]
        return self.way([*refs, refs[0]], tags)

    def area(self, shape: Polygon | MultiPolygon, tags: Tags, *, relation: bool = False) -> None:
        """Add an area: a closed way, or a multipolygon relation where it needs to be one."""
        parts = list(shape.geoms) if isinstance(shape, MultiPolygon) else [shape]
        if len(parts) == 1 and not parts[0].interiors and not relation:
            self.ring(np.asarray(parts[0].exterior.coords), tags)
            return
        members = []
        for part in parts:
            outer = self.ring(np.asarray(part.exterior.coords), {})
            members.append(("w", outer, "outer"))
            members.extend(
                ("w", self.ring(np.asarray(hole.coords), {}), "inner") for hole in part.interiors
            )
        self.relations.append((members, {"type": "multipolygon", **tags}))

    def write(self, path: Path) -> None:
        """Write the extract: no clock, no user, and no compressor whose version shows in bytes."""
        places = to_lonlat(np.array(self.nodes))
        path.unlink(missing_ok=True)
        header = osmium.io.Header()
        header.set("generator", "siting sample maker")
        file = osmium.io.File(str(path), "pbf,pbf_compression=none")
        with osmium.SimpleWriter(file, header=header) as writer:
            for number, (lon, lat) in enumerate(places.tolist(), start=1):
                tags = self.node_tags.get(number, {})
                writer.add_node(Node(id=number, location=(lon, lat), tags=tags))
            for number, (refs, tags) in enumerate(self.ways, start=1):
                writer.add_way(Way(id=number, nodes=refs, tags=tags))
            for number, (members, tags) in enumerate(self.relations, start=1):
                writer.add_relation(Relation(id=number, members=members, tags=tags))
