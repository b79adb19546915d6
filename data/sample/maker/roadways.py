"""The network as ways of the map: pieces of one street joined again, and tagged."""

import numpy as np

from maker.frame import stream
from maker.osmfile import Extract, Tags
from maker.streets import Edge, Graph

_SPEEDS = {
    "motorway": "100", "trunk": "80", "primary": "60", "secondary": "60", "tertiary": "50",
    "residential": "30", "unclassified": "40", "motorway_link": "40",
}  # fmt: skip
_LANES = {"motorway": "3", "trunk": "3", "primary": "3", "secondary": "2"}
LONGEST = 14  # pieces in one way


def draw_ways(extract: Extract, graph: Graph) -> None:
    """Draw the network's ways, its junctions shared between them."""
    rng = stream("ways")
    junctions: dict[int, int] = {}
    for chain in _chains(graph.edges):
        refs = [_junction(extract, graph, junctions, chain[0].start)]
        for edge in chain:
            refs += [extract.node(point) for point in edge.line[1:-1]]
            refs.append(_junction(extract, graph, junctions, edge.end))
        extract.way(refs, _tags(rng, chain[0]))


def _junction(extract: Extract, graph: Graph, junctions: dict[int, int], number: int) -> int:
    """Return the map's node of a junction, made when it is first met."""
    if number not in junctions:
        junctions[number] = extract.node(graph.points[number])
    return junctions[number]


def _chains(edges: list[Edge]) -> list[list[Edge]]:
    """Join the pieces of one street that follow one another with the same tags."""
    following: dict[tuple[object, ...], list[int]] = {}
    for number, edge in enumerate(edges):
        following.setdefault((*_sameness(edge), edge.start), []).append(number)
    entered = {(*_sameness(edge), edge.end) for edge in edges}
    used = [False] * len(edges)
    first = [n for n, edge in enumerate(edges) if (*_sameness(edge), edge.start) not in entered]
    chains = []
    for number in [*first, *range(len(edges))]:
        chain: list[Edge] = []
        following_number: int | None = number
        while following_number is not None and not used[following_number] and len(chain) < LONGEST:
            used[following_number] = True
            edge = edges[following_number]
            chain.append(edge)
            nexts = following.get((*_sameness(edge), edge.end), [])
            following_number = next((n for n in nexts if not used[n]), None)
        if chain:
            chains.append(chain)
    return chains


def _sameness(edge: Edge) -> tuple[object, ...]:
    """Tell which pieces may share a way."""
    street = edge.street
    return (street.chain, street.kind, street.name, street.oneway, street.tags)


def _tags(rng: np.random.Generator, edge: Edge) -> Tags:
    """Tag a way as mappers do: the class always, the rest now and then."""
    street = edge.street
    tags = {"highway": street.kind}
    if street.name:
        tags["name"] = street.name
    if street.ref:
        tags["ref"] = street.ref
    if street.oneway and not dict(street.tags).get("junction"):
        tags["oneway"] = "yes"
    if street.kind in _LANES and rng.uniform() < 0.5:
        tags["lanes"] = _LANES[street.kind]
    if street.kind in _SPEEDS and rng.uniform() < 0.08:
        tags["maxspeed"] = _SPEEDS[street.kind]
    if street.kind == "unclassified" and rng.uniform() < 0.06:
        tags["surface"] = "concrete"
    return tags | {key: value for key, value in street.tags if key != "crossing"}
