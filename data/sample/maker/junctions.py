"""From centrelines to the ways of the map: paired carriageways, crossings, roundabouts."""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from maker.frame import stream
from maker.shapes import cut_out, lengths_along, offset
from maker.streets import Edge, Graph, Street

HALF_MEDIAN = 9.0
GREAT = {"primary", "secondary", "tertiary", "trunk", "motorway_link", "trunk_link"}
RANK = ["trunk", "primary", "secondary", "tertiary", "unclassified", "residential"]


@dataclass(frozen=True, slots=True)
class Mouth:
    """One end of an edge at a junction: its direction outward and half its width."""

    edge: int
    outward: np.ndarray
    half: float


def lay_carriageways(graph: Graph) -> Graph:
    """Replace every dual street by two one-way ones, with rings of short links at crossings."""
    rng = stream("junctions")
    made = Graph()
    ports: dict[tuple[int, int, str], int] = {}
    for node, edges in enumerate(graph.incident()):
        mouths = _mouths(graph, node, edges)
        if mouths:
            _open_junction(graph, made, ports, node, mouths, open_minor=rng.uniform() < 0.6)
    for number, edge in enumerate(graph.edges):
        _lay(made, ports, number, edge)
    return made


def _mouths(graph: Graph, node: int, edges: list[int]) -> list[Mouth]:
    """List a junction's mouths counterclockwise by direction."""
    mouths = []
    for number in sorted(set(edges)):
        edge = graph.edges[number]
        half = HALF_MEDIAN if edge.street.dual else 0.0
        line = edge.line
        ways = [line] if edge.start == node else []
        ways += [line[::-1]] if edge.end == node else []
        for way in ways:
            reach = min(25.0, lengths_along(way)[-1])
            ahead = cut_out(way, 0.0, reach)[-1] - way[0]
            mouths.append(Mouth(number, ahead / max(np.hypot(*ahead), 1e-6), half))
    return sorted(mouths, key=lambda m: float(np.arctan2(m.outward[1], m.outward[0])))


def _corner(node: np.ndarray, first: Mouth, second: Mouth) -> np.ndarray:
    """Find where the left side of one mouth meets the right side of the next."""
    sine = first.outward[0] * second.outward[1] - first.outward[1] * second.outward[0]
    widest = max(first.half, second.half)
    if abs(sine) < 0.25:
        left = np.array([-first.outward[1], first.outward[0]])
        return node + widest * left
    shift = (first.half * second.outward + second.half * first.outward) / sine
    length = float(np.hypot(*shift))
    return node + shift * min(1.0, 2.4 * widest / length if length else 1.0)


def _open_junction(
    graph: Graph,
    made: Graph,
    ports: dict[tuple[int, int, str], int],
    node: int,
    mouths: list[Mouth],
    *,
    open_minor: bool,
) -> None:
    """Give each mouth its ports at a junction and link the ports of opposite sides."""
    here = graph.points[node]
    duals = [k for k, mouth in enumerate(mouths) if mouth.half > 0]
    if len(duals) < 2:
        shared = made.add_point(here)
        for mouth in mouths:
            ports.update({(mouth.edge, node, side): shared for side in ("out", "in")})
        return
    groups = []
    for first, last in zip(duals, [*duals[1:], duals[0] + len(mouths)], strict=True):
        span = [mouths[k % len(mouths)] for k in range(first, last + 1)]
        corners = [_corner(here, a, b) for a, b in pairwise(span)]
        point = made.add_point(np.mean([corners[0], corners[-1]], axis=0))
        groups.append(point)
        ports[span[0].edge, node, "in"] = point
        ports[span[-1].edge, node, "out"] = point
        for mouth in span[1:-1]:
            ports.update({(mouth.edge, node, side): point for side in ("out", "in")})
    singles = [graph.edges[m.edge].street.kind for m in mouths if m.half == 0]
    _ring(made, groups, graph, mouths, crossed=open_minor or bool(GREAT & set(singles)))


def _ring(
    made: Graph, groups: list[int], graph: Graph, mouths: list[Mouth], *, crossed: bool
) -> None:
    """Link the corners of a junction: one way round, or one link across a single road."""
    kinds = [graph.edges[m.edge].street.kind for m in mouths]
    singles = [kind for kind, m in zip(kinds, mouths, strict=True) if m.half == 0]
    if len(groups) == 2:
        if singles and crossed:
            kind = min(singles, key=lambda k: RANK.index(k) if k in RANK else len(RANK))
            kind = kind if kind in RANK else "tertiary"
            link = np.array([made.points[g] for g in groups])
            made.add_edge(groups[0], groups[1], Street(line=link, kind=kind))
        return
    greatest = min(kinds, key=lambda k: RANK.index(k) if k in RANK else len(RANK))
    for a, b in zip(groups, [*groups[1:], groups[0]], strict=True):
        link = np.array([made.points[a], made.points[b]])
        made.add_edge(a, b, Street(line=link, kind=greatest, oneway=True))


def _lay(made: Graph, ports: dict[tuple[int, int, str], int], number: int, edge: Edge) -> None:
    """Lay one edge between its ports: as it is, or as two carriageways."""
    out, back = ports[number, edge.start, "out"], ports[number, edge.end, "in"]
    if not edge.street.dual:
        made.add_edge(out, back, edge.street)
        return
    single = replace(edge.street, dual=False, oneway=True)
    other = ports[number, edge.end, "out"], ports[number, edge.start, "in"]
    right, left = offset(edge.line, HALF_MEDIAN), offset(edge.line, -HALF_MEDIAN)[::-1]
    made.add_edge(out, back, single.along(right))
    made.add_edge(*other, single.along(left))


def place_roundabouts(graph: Graph, wanted: int) -> None:
    """Turn some plain crossings into roundabouts, in place."""
    rng = stream("roundabouts")
    incident = graph.incident()
    fit = [
        node
        for node, edges in enumerate(incident)
        if len(edges) >= 3
        and len(set(edges)) == len(edges)
        and all(_plain(graph.edges[number]) for number in edges)
        and any(graph.edges[number].street.kind in GREAT for number in edges)
    ]
    used: set[int] = set()
    for node in rng.permutation(fit):
        edges = incident[int(node)]
        if wanted > 0 and not used.intersection(edges):
            used.update(edges)
            wanted -= 1
            _roundabout(graph, int(node), edges, radius=float(rng.uniform(16.0, 30.0)))


def _plain(edge: Edge) -> bool:
    """Say whether an edge may end at a roundabout."""
    street = edge.street
    long = lengths_along(edge.line)[-1] > 110.0
    return long and not (street.dual or street.oneway or street.raised) and edge.start != edge.end


def _roundabout(graph: Graph, node: int, edges: list[int], radius: float) -> None:
    """Cut the edges back to a ring of one-way links, counterclockwise."""
    here = graph.points[node]
    arms = []
    for number in edges:
        edge = graph.edges[number]
        total = lengths_along(edge.line)[-1]
        starts = edge.start == node
        low, high = (radius, total) if starts else (0.0, total - radius)
        kept = cut_out(edge.line, low, high)
        point = graph.add_point(kept[0] if starts else kept[-1])
        edge.street = edge.street.along(kept)
        edge.start, edge.end = (point, edge.end) if starts else (edge.start, point)
        turn = float(np.arctan2(*(graph.points[point] - here)[::-1]))
        arms.append((turn, point, edge.street.kind))
    arms.sort()
    kind = min((arm[2] for arm in arms), key=lambda k: RANK.index(k) if k in RANK else len(RANK))
    for (turn, a, _), (goal, b, _) in zip(arms, [*arms[1:], arms[0]], strict=True):
        until = goal if goal > turn else goal + 2 * np.pi
        angles = np.linspace(turn, until, max(3, int((until - turn) / 0.5)))
        ring = here + radius * np.column_stack([np.cos(angles), np.sin(angles)])
        graph.add_edge(a, b, Street(ring, kind, oneway=True, tags=(("junction", "roundabout"),)))
