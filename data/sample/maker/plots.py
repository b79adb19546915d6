"""Plots: what is left of the blocks once the roads have taken their room, and cutting them up."""

from dataclasses import dataclass

import numpy as np
import shapely
from shapely import STRtree
from shapely.geometry import LineString, Point, Polygon

from maker import skeleton
from maker.fabric import Block
from maker.frame import to_plane
from maker.osmfile import Tags
from maker.shapes import long_axis, polygons_of, split
from maker.streets import Graph

ROOM = {"primary": 15.0, "secondary": 13.0, "tertiary": 11.0}


@dataclass(slots=True)
class Place:
    """Something on the map: a polygon, or a point where the mapper had no outline."""

    kind: str
    shape: Polygon | Point
    tags: Tags
    relation: bool = False


@dataclass(slots=True)
class Plot:
    """A piece of ground free to be used; `zone` is -1 beyond the outline."""

    shape: Polygon
    zone: int
    fabric: str
    industrial: bool


def zone_at(zones: list[Polygon], points: np.ndarray) -> np.ndarray:
    """Look up the number of each point's zone, -1 beyond the outline."""
    found = np.full(len(points), -1)
    tree = STRtree(zones)
    point, zone = tree.query(shapely.points(points), predicate="intersects")
    found[point[::-1]] = zone[::-1]
    return found


def make_plots(
    blocks: list[Block], graph: Graph, rails: list[np.ndarray], zones: list[Polygon]
) -> list[Plot]:
    """Take the room of roads and railways off every block."""
    lines = np.array([LineString(edge.line) for edge in graph.edges] + list(map(LineString, rails)))
    room = [ROOM.get(edge.street.kind, 8.5) for edge in graph.edges]
    room = np.array(room + [18.0] * len(rails))
    tree = STRtree(lines)
    shapes: list[tuple[Polygon, str]] = []
    for block in blocks:
        near = np.sort(tree.query(block.shape, predicate="dwithin", distance=18.0))
        roads = shapely.union_all(shapely.buffer(lines[near], room[near], quad_segs=2))
        left = block.shape.difference(roads).simplify(2.0)
        shapes += [(part, block.fabric) for part in polygons_of(left) if part.area > 900.0]
    middles = np.array([part.representative_point().coords[0] for part, _ in shapes])
    zone_of = zone_at(zones, middles)
    works = _industrial(middles)
    return [
        Plot(
            shape=part,
            zone=int(zone_of[k]),
            fabric=fabric,
            industrial=bool(works[k]) or fabric == "industry",
        )
        for k, (part, fabric) in enumerate(shapes)
    ]


def _industrial(points: np.ndarray) -> np.ndarray:
    """Say which points lie in an industrial quarter."""
    inside = np.zeros(len(points), dtype=bool)
    for lon, lat, radius in skeleton.INDUSTRY:
        inside |= np.hypot(*(points - to_plane([(lon, lat)])[0]).T) < radius
    return inside


def carve(shape: Polygon, area: float) -> tuple[Polygon, list[Polygon]]:
    """Cut a piece of about `area` square metres off one end; return it and what is left."""
    if shape.area < 1.25 * area:
        return shape, []
    axis, length, width = long_axis(shape)
    middle = np.asarray(shapely.minimum_rotated_rectangle(shape).centroid.coords[0])
    across = np.array([-axis[1], axis[0]])
    low, high = 0.0, 1.0
    for _ in range(9):
        share = (low + high) / 2
        spot = middle + axis * length * (share - 0.5)
        pieces = split(shape, np.array([spot - across * 2 * width, spot + across * 2 * width]))
        first = min(pieces, key=lambda p: (np.asarray(p.centroid.coords[0]) - middle) @ axis)
        low, high = (share, high) if first.area < area else (low, share)
    rest = [piece for piece in pieces if piece is not first]
    return first, rest


def shrink(shape: Polygon, by: float) -> Polygon | None:
    """Draw in a shape's edges; nothing if too little is left."""
    parts = polygons_of(shape.buffer(-by, join_style="mitre").simplify(1.0))
    parts = [part for part in parts if part.area > 120.0]
    return max(parts, key=lambda part: part.area) if parts else None


def cut_lots(rng: np.random.Generator, plot: Plot, wanted: float) -> list[Plot]:
    """Cut a plot into lots of about `wanted` square metres."""
    todo, lots = [plot.shape], []
    while todo:
        shape = todo.pop()
        if shape.area < 1.7 * wanted * float(np.exp(rng.normal(0, 0.3))):
            lots.append(Plot(shape, plot.zone, plot.fabric, plot.industrial))
            continue
        axis, length, width = long_axis(shape)
        across = np.array([-axis[1], axis[0]]) * 2 * width
        spot = np.asarray(shape.centroid.coords[0]) + axis * length * rng.uniform(-0.15, 0.15)
        pieces = split(shape, np.array([spot - across, spot + across]))
        if len(pieces) < 2:
            lots.append(Plot(shape, plot.zone, plot.fabric, plot.industrial))
        else:
            todo.extend(pieces)
    return lots
