"""Expressways: paired carriageways above or below everything else, ramps, interchanges."""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import shapely
from scipy.spatial import cKDTree
from shapely import STRtree, ops
from shapely.geometry import LineString

from maker.frame import MARK, to_plane
from maker.ground import Ground
from maker.shapes import bezier, lengths_along, lines_of, normals, smooth
from maker.skeleton import EXPRESSWAYS, LONG_TUNNEL, Expressway
from maker.streets import Graph, Street

HALF_MEDIAN = 11.0
RAMP = 330.0  # how far from a crossing a ramp leaves the carriageway, in metres
TURN = {"right": 420.0, "left": 720.0}
SIDES = (1, -1)  # 1 runs along the drawn line on its right, -1 back on its left


@dataclass(slots=True)
class Carriageways:
    """One expressway being built: its middle line and where its sides are cut."""

    road: Expressway
    middle: np.ndarray
    along: np.ndarray
    right: np.ndarray
    cuts: dict[int, dict[float, int]] = field(default_factory=lambda: {1: {}, -1: {}})
    spans: list[tuple[float, float, str]] = field(default_factory=list)

    def at(self, where: float, shift: float) -> np.ndarray:
        """Give the point `shift` metres right of the middle line at a distance along it."""
        spot = [np.interp(where, self.along, self.middle[:, k]) for k in (0, 1)]
        side = [np.interp(where, self.along, self.right[:, k]) for k in (0, 1)]
        return np.array(spot) + shift * np.array(side)

    def cut(self, graph: Graph, where: float, side: int) -> int:
        """Make, or find again, the junction on one carriageway at a distance along it."""
        where = round(float(np.clip(where, 0.0, self.along[-1])), 1)
        if where not in self.cuts[side]:
            self.cuts[side][where] = graph.add_point(self.at(where, side * HALF_MEDIAN))
        return self.cuts[side][where]

    def locate(self, point: np.ndarray) -> float:
        """Give the distance along the middle line of the spot nearest to a point."""
        return float(LineString(self.middle).project(shapely.Point(point)))

    def link_kind(self) -> str:
        """Name the class of this road's ramps."""
        return f"{self.road.kind}_link"


@dataclass(frozen=True, slots=True)
class ServiceSide:
    """One side of a service area: where it is, and the road it serves."""

    name: str
    rest_only: bool
    centre: np.ndarray
    along: np.ndarray
    ref: str
    towards: str


def build(graph: Graph, ground: Ground) -> list[ServiceSide]:
    """Add every expressway to the surface graph; return the sides of the service areas."""
    roads = {road.key: _survey(road, ground) for road in EXPRESSWAYS}
    surface = len(graph.edges)
    for way in roads.values():
        for place in to_plane(way.road.exits):
            _exit(graph, way, place)
    _interchanges(graph, roads)
    _end_at_terminal(graph, roads["airport"])
    sides = [side for way in roads.values() for side in _services(graph, way)]
    for way in roads.values():
        _bridges(graph, way, surface)
        _carriageways(graph, way)
    return sides


def _survey(road: Expressway, ground: Ground) -> Carriageways:
    """Measure one expressway and mark its tunnels."""
    middle = ground.expressways[road.key]
    way = Carriageways(road, middle, lengths_along(middle), normals(middle))
    line = LineString(middle)
    for ridge in ground.ridges:
        for part in lines_of(line.intersection(ridge.core)):
            ends = sorted(line.project(shapely.Point(p)) for p in (part[0], part[-1]))
            if road.key == LONG_TUNNEL[0]:
                centre = sum(ends) / 2
                ends = [centre - LONG_TUNNEL[1] / 2, centre + LONG_TUNNEL[1] / 2]
            way.spans.append((ends[0], ends[1], "tunnel"))
    return way


def _crossing(graph: Graph, way: Carriageways, place: np.ndarray) -> tuple[int, float] | None:
    """Find the ordinary road crossing the expressway nearest to a place, the greater the better."""
    worth = {"primary": 0.0, "secondary": 150.0, "tertiary": 400.0, "unclassified": 900.0}
    middle = LineString(way.middle)
    best: tuple[float, int, float] | None = None
    for number, edge in enumerate(graph.edges):
        if edge.street.kind not in worth or np.hypot(*(edge.line[0] - place)) > 2600.0:
            continue
        line = LineString(edge.line)
        if not line.crosses(middle):
            continue
        spot = shapely.get_parts(line.intersection(middle))[0]
        cost = worth[edge.street.kind] + float(np.hypot(*(np.asarray(spot.coords[0]) - place)))
        if best is None or cost < best[0]:
            best = (cost, number, float(line.project(spot)))
    return None if best is None else (best[1], best[2])


def _exit(graph: Graph, way: Carriageways, place: np.ndarray) -> None:
    """Build a diamond exit: four ramps to the ordinary road that crosses near a place."""
    found = _crossing(graph, way, place)
    if found is None:
        return
    number, at = found
    edge = graph.edges[number]
    total = lengths_along(edge.line)[-1]
    spot = np.asarray(LineString(edge.line).interpolate(at).coords[0])
    where = way.locate(spot)
    far = graph.split_edge(number, at + 70.0) if total - at > 90.0 else edge.end
    near = graph.split_edge(number, at - 70.0) if at > 90.0 else edge.start
    right = way.at(where, 1.0) - way.at(where, 0.0)
    far_side = 1 if (graph.points[far] - spot) @ right > 0 else -1
    for node, side in ((far, far_side), (near, -far_side)):
        for leaves in (True, False):
            _ramp(graph, way, node, where, (side, leaves))


def _ramp(
    graph: Graph, way: Carriageways, node: int, where: float, which: tuple[int, bool]
) -> None:
    """Draw one ramp between a carriageway and an ordinary junction beside it."""
    side, leaves = which
    back = -side if leaves else side
    start = where + back * RAMP
    if not 5.0 < start < way.along[-1] - 5.0:
        return
    shifts = [(RAMP, HALF_MEDIAN), (220.0, 19.0), (90.0, 31.0)]
    points = [way.at(where + back * gone, side * shift) for gone, shift in shifts]
    line = smooth(np.array([*points, graph.points[node]]), 35.0)
    mouth = way.cut(graph, start, side)
    street = Street(line, way.link_kind(), oneway=True, raised=True)
    if leaves:
        graph.add_edge(mouth, node, street)
    else:
        graph.add_edge(node, mouth, street.along(line[::-1]))


def _interchanges(graph: Graph, roads: dict[str, Carriageways]) -> None:
    """Link expressways wherever two of them cross or one begins on another."""
    keys = list(roads)
    for i, first in enumerate(keys):
        for second in keys[i + 1 :]:
            one, two = roads[first], roads[second]
            gap = LineString(one.middle).distance(LineString(two.middle))
            if gap < 260.0:
                spot = ops.nearest_points(LineString(one.middle), LineString(two.middle))[0]
                meet = np.asarray(spot.coords[0])
                for a, b in ((one, two), (two, one)):
                    _movements(graph, a, b, meet)


def _movements(graph: Graph, one: Carriageways, two: Carriageways, meet: np.ndarray) -> None:
    """Draw the four turns from one expressway onto another."""
    leave_at, enter_at = one.locate(meet), two.locate(meet)
    for side in SIDES:
        for goal in SIDES:
            ahead = side * (one.at(leave_at + 20, 0) - one.at(leave_at - 20, 0))
            onward = goal * (two.at(enter_at + 20, 0) - two.at(enter_at - 20, 0))
            left = ahead[0] * onward[1] - ahead[1] * onward[0] > 0
            reach = TURN["left" if left else "right"]
            start, end = leave_at - side * reach, enter_at + goal * reach
            if not (5 < start < one.along[-1] - 5 and 5 < end < two.along[-1] - 5):
                continue
            a, b = one.cut(graph, start, side), two.cut(graph, end, goal)
            p, q = graph.points[a], graph.points[b]
            pull = p + ahead / np.hypot(*ahead) * reach * 0.75
            push = q - onward / np.hypot(*onward) * reach * 0.75
            tags = (("bridge", "yes"), ("layer", "2")) if left else ()
            line = bezier(p, pull, push, q)
            street = Street(line, one.link_kind(), oneway=True, raised=True, tags=tags)
            graph.add_edge(a, b, street)


def _end_at_terminal(graph: Graph, way: Carriageways) -> None:
    """Lead the airport expressway's end onto the terminal's own street."""
    end = way.middle[-1]
    surface = [edge.start for edge in graph.edges if not edge.street.raised]
    near = surface[int(cKDTree([graph.points[k] for k in surface]).query(end)[1])]
    for side in SIDES:
        way.cuts[side][round(float(way.along[-1]), 1)] = near


def _services(graph: Graph, way: Carriageways) -> list[ServiceSide]:
    """Lay a lane past the service area on each side, off and back onto the carriageway."""
    sides = []
    for lon, lat, name in way.road.services:
        where = way.locate(to_plane([(lon, lat)])[0])
        for side in SIDES:
            shifts = [(-330, 11), (-230, 24), (-150, 44), (0, 52), (150, 44), (230, 24), (330, 11)]
            points = [way.at(where + side * gone, side * shift) for gone, shift in shifts]
            a = way.cut(graph, where - side * 330.0, side)
            b = way.cut(graph, where + side * 330.0, side)
            line = smooth(np.array(points), 40.0)
            graph.add_edge(a, b, Street(line, way.link_kind(), oneway=True, raised=True))
            ahead = side * (way.at(where + 30, 0) - way.at(where - 30, 0))
            sides.append(
                ServiceSide(
                    name=name,
                    rest_only=not name,
                    centre=way.at(where, side * 118.0),
                    along=ahead / np.hypot(*ahead),
                    ref=way.road.ref,
                    towards="东西南北"[_compass(ahead)],
                )
            )
    return sides


def _compass(ahead: np.ndarray) -> int:
    """Give the direction of travel a number: east 0, west 1, south 2, north 3."""
    if abs(ahead[0]) > abs(ahead[1]):
        return 0 if ahead[0] > 0 else 1
    return 2 if ahead[1] < 0 else 3


def _bridges(graph: Graph, way: Carriageways, surface: int) -> None:
    """Mark the stretches that stand on bridges over ordinary roads."""
    lines = np.array([LineString(edge.line) for edge in graph.edges[:surface]])
    middle = LineString(way.middle)
    tree = STRtree(lines)
    hits = np.sort(tree.query(middle, predicate="intersects"))
    spots = shapely.get_coordinates(shapely.intersection(lines[hits], middle))
    marks = sorted(float(middle.project(shapely.Point(spot))) for spot in spots)
    tunnels = [(a - 60.0, b + 60.0) for a, b, kind in way.spans if kind == "tunnel"]
    bridges: list[list[float]] = []
    for mark in marks:
        if any(a < mark < b for a, b in tunnels):
            continue
        if bridges and mark - 40.0 < bridges[-1][1]:
            bridges[-1][1] = mark + 40.0
        else:
            bridges.append([mark - 40.0, mark + 40.0])
    way.spans.extend((a, b, "bridge") for a, b in bridges)


def _carriageways(graph: Graph, way: Carriageways) -> None:
    """Lay both carriageways between their cuts, with tunnels and bridges as their own pieces."""
    total = float(way.along[-1])
    for side in SIDES:
        if way.road.joins_start or way.road.joins_end:
            low, high = min(way.cuts[side]), max(way.cuts[side])
        low = low if way.road.joins_start else 0.0
        high = high if way.road.joins_end else total
        marks = {low, high} | {x for a, b, _ in way.spans for x in (a, b) if low < x < high}
        for mark in sorted(marks):
            way.cut(graph, mark, side)
        ordered = sorted(way.cuts[side].items())
        for (a, first), (b, last) in pairwise(ordered):
            _piece(graph, way, (a, b, side), (first, last))


def _piece(
    graph: Graph, way: Carriageways, stretch: tuple[float, float, int], nodes: tuple[int, int]
) -> None:
    """Lay one piece of one carriageway."""
    a, b, side = stretch
    inner = way.along[(way.along > a + 1) & (way.along < b - 1)]
    line = np.array([way.at(where, side * HALF_MEDIAN) for where in [a, *inner, b]])
    middle = (a + b) / 2
    kinds = [kind for low, high, kind in way.spans if low <= middle <= high]
    layers = {"tunnel": "-1", "bridge": "1"}
    tags = ((kinds[0], "yes"), ("layer", layers[kinds[0]])) if kinds else ()
    name = f"{way.road.name}{MARK}"
    street = Street(line, way.road.kind, name, way.road.ref, oneway=True, raised=True, tags=tags)
    if side == 1:
        graph.add_edge(*nodes, street)
    else:
        graph.add_edge(nodes[1], nodes[0], street.along(line[::-1]))
