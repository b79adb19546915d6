"""All roads of the sample: towns, country, airport, expressways, made into one network."""

from dataclasses import dataclass, replace

import numpy as np
import shapely
from shapely import STRtree
from shapely.geometry import LineString

from maker import expressways
from maker.expressways import ServiceSide
from maker.fabric import Block, weave
from maker.frame import MARK, Unit, stream
from maker.ground import Ground
from maker.junctions import lay_carriageways, place_roundabouts
from maker.names import Names
from maker.rural import settle
from maker.shapes import lengths_along, resample, wiggle
from maker.streets import Graph, Street, planarise


@dataclass(slots=True)
class Roads:
    """The finished network and what goes with it."""

    graph: Graph
    blocks: list[Block]
    villages: np.ndarray
    service_sides: list[ServiceSide]


def build_roads(ground: Ground, units: list[Unit]) -> Roads:
    """Draw every road and join them."""
    names = Names(stream("road-names"))
    fabric = weave(ground, names)
    country = settle(ground, fabric, units, names)
    streets = [*fabric.streets, *country.streets, *_airport_streets(ground)]
    streets += _lanes(fabric.blocks)
    streets = [replace(street, chain=number) for number, street in enumerate(streets)]
    streets = [street for street in streets if lengths_along(street.line)[-1] > 12.0]
    graph = planarise(streets)
    _drop_wet(graph, ground)
    place_roundabouts(graph, wanted=70)
    sides = expressways.build(graph, ground)
    _mark_crossings(graph, ground)
    return Roads(lay_carriageways(graph), fabric.blocks, country.villages, sides)


def _airport_streets(ground: Ground) -> list[Street]:
    """Lead a road to each terminal that has a kerb, and let it turn there."""
    streets = []
    along = ground.airport.along
    across = np.array([along[1], -along[0]])
    for name, out in (("T2航站楼", -across), ("T3A航站楼", -along)):
        shape = ground.airport.terminals[name]
        face = np.asarray(shape.centroid.coords[0]) + out * (110.0 if name[1] == "2" else 240.0)
        side = across if name[1] == "3" else along
        far = face + out * (420.0 if name[1] == "2" else 2350.0)
        label = f"{name[:2]}航站楼路{MARK}"
        streets.append(Street(resample(np.array([face, far]), 60.0), "primary", label, dual=True))
        kerb = [face + out * 90 - side * 60, face - side * 240, face + side * 240]
        kerb = [face, kerb[1], kerb[1] + out * 90, kerb[2] + out * 90, kerb[2], face]
        streets.append(Street(resample(np.array(kerb), 40.0), "tertiary", label))
    return streets


def _lanes(blocks: list[Block]) -> list[Street]:
    """Lead a blind lane into many of the larger blocks."""
    rng = stream("lanes")
    lanes = []
    for block in blocks:
        if block.shape.area < 22_000.0 or rng.uniform() > 0.13:
            continue
        rim = block.shape.exterior
        start = np.asarray(rim.interpolate(rng.uniform(), normalized=True).coords[0])
        inside = np.asarray(block.shape.representative_point().coords[0])
        end = start + (inside - start) * rng.uniform(0.7, 1.1)
        if np.hypot(*(end - start)) > 45.0 and block.shape.contains(shapely.Point(end)):
            lanes.append(Street(wiggle(rng, np.array([start, end]), 5.0, 30.0), "residential"))
    return lanes


def _drop_wet(graph: Graph, ground: Ground) -> None:
    """Take away pieces that lie in a river: only main roads bridge it."""
    water = ground.water
    shapely.prepare(water)
    kept = {"primary", "secondary"}
    graph.edges = [
        edge
        for edge in graph.edges
        if edge.street.kind in kept or not water.intersects(LineString(edge.line))
    ]


def _mark_crossings(graph: Graph, ground: Ground) -> None:
    """Put surface roads on bridges over streams and rivers, and in tunnels under ridges."""
    wet = [LineString(line).buffer(14.0) for line in ground.streams] + [
        shape for _, shape in ground.rivers.values()
    ]
    tunnels = [
        shapely.Point(place).buffer(900.0).intersection(ridge.core)
        for ridge in ground.ridges
        for place, kind in ridge.crossings
        if kind == "tunnel"
    ]
    zones = [(shape, (("bridge", "yes"), ("layer", "1"))) for shape in wet]
    zones += [(shape, (("layer", "-1"), ("tunnel", "yes"))) for shape in tunnels]
    for shape, tags in zones:
        tree = STRtree([LineString(edge.line) for edge in graph.edges])
        for number in np.sort(tree.query(shape, predicate="intersects")):
            if not graph.edges[number].street.raised:
                _cut_and_tag(graph, int(number), shape, tags)


def _cut_and_tag(
    graph: Graph, number: int, shape: shapely.Geometry, tags: tuple[tuple[str, str], ...]
) -> None:
    """Cut out the stretch of an edge inside a shape and tag it."""
    edge = graph.edges[number]
    line = LineString(edge.line)
    inside = shapely.get_parts(line.intersection(shape))[0]
    if inside.geom_type != "LineString":
        return
    ends = sorted(line.project(shapely.Point(p)) for p in (inside.coords[0], inside.coords[-1]))
    total = lengths_along(edge.line)[-1]
    a, b = max(0.0, ends[0] - 8.0), min(total, ends[1] + 8.0)
    if b < total - 15.0:
        graph.split_edge(number, b)
    if a > 15.0:
        graph.split_edge(number, a)
        number = len(graph.edges) - 1
    piece = graph.edges[number]
    piece.street = replace(piece.street, tags=tags)
