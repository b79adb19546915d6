"""What a street is before and after it is cut at its junctions."""

from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from shapely import STRtree

from maker.shapes import cut_out, lengths_along

SNAP = 6.0  # ends nearer than this are one junction, in metres


@dataclass(frozen=True, slots=True)
class Street:
    """A centreline with what its tags will say."""

    line: np.ndarray
    kind: str
    name: str = ""
    ref: str = ""
    dual: bool = False
    oneway: bool = False
    raised: bool = False  # an expressway or ramp: crosses others without meeting them
    tags: tuple[tuple[str, str], ...] = ()
    chain: int = -1  # pieces of one street share it, so that they can be one way again

    def along(self, line: np.ndarray) -> "Street":
        """Return the same street on another line."""
        return replace(self, line=line)


@dataclass(slots=True)
class Edge:
    """A piece of street between two junctions."""

    start: int
    end: int
    street: Street

    @property
    def line(self) -> np.ndarray:
        """Give the piece's polyline from `start` to `end`."""
        return self.street.line


@dataclass(slots=True)
class Graph:
    """Junctions and the pieces of street between them."""

    points: list[np.ndarray] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)

    def add_point(self, point: np.ndarray) -> int:
        """Add a junction and return its number."""
        self.points.append(np.asarray(point, dtype=float))
        return len(self.points) - 1

    def add_edge(self, start: int, end: int, street: Street) -> None:
        """Add a piece of street, its ends pulled onto its junctions."""
        line = street.line.copy()
        line[0], line[-1] = self.points[start], self.points[end]
        self.edges.append(Edge(start, end, street.along(line)))

    def split_edge(self, number: int, at: float) -> int:
        """Cut an edge at a distance from its start and return the new junction."""
        edge = self.edges[number]
        total = lengths_along(edge.line)[-1]
        first, second = cut_out(edge.line, 0.0, at), cut_out(edge.line, at, total)
        middle = self.add_point(first[-1])
        end, street = edge.end, edge.street
        edge.end, edge.street = middle, street.along(first)
        self.edges.append(Edge(middle, end, street.along(second)))
        return middle

    def incident(self) -> list[list[int]]:
        """List the edges at each junction."""
        at: list[list[int]] = [[] for _ in self.points]
        for number, edge in enumerate(self.edges):
            at[edge.start].append(number)
            at[edge.end].append(number)
        return at


def planarise(streets: list[Street]) -> Graph:
    """Cut all streets where they meet or cross, and join ends that nearly touch."""
    shapes = np.array([shapely.LineString(street.line) for street in streets])
    cuts = _cuts(shapes)
    pieces: list[tuple[int, np.ndarray]] = []
    for number, street in enumerate(streets):
        total = lengths_along(street.line)[-1]
        marks = _spaced([0.0, *sorted(cuts[number]), total])
        pieces.extend((number, cut_out(street.line, a, b)) for a, b in pairwise(marks))
    return _join(streets, pieces)


def _cuts(shapes: np.ndarray) -> list[list[float]]:
    """Find where each line is met: distances along it."""
    cuts: list[list[float]] = [[] for _ in shapes]
    tree = STRtree(shapes)
    first, second = tree.query(shapes, predicate="intersects")
    once = first < second
    first, second = first[once], second[once]
    crossing, pair = shapely.get_coordinates(
        shapely.intersection(shapes[first], shapes[second]), return_index=True
    )
    points = shapely.points(crossing)
    for side in (first[pair], second[pair]):
        for number, at in zip(side, shapely.line_locate_point(shapes[side], points), strict=True):
            cuts[number].append(float(at))
    ends = shapely.points(
        np.vstack([[line.coords[0], line.coords[-1]] for line in shapes]).astype(float)
    )
    end, line = tree.query(ends, predicate="dwithin", distance=SNAP)
    other = line != end // 2
    for number, at in zip(
        line[other], shapely.line_locate_point(shapes[line[other]], ends[end[other]]), strict=True
    ):
        cuts[number].append(float(at))
    return cuts


def _spaced(marks: list[float]) -> list[float]:
    """Drop marks closer than the snap to the one before, keeping both ends."""
    kept = [marks[0]]
    for mark in marks[1:-1]:
        if mark - kept[-1] > SNAP and marks[-1] - mark > SNAP:
            kept.append(mark)
    return [*kept, marks[-1]]


def _join(streets: list[Street], pieces: list[tuple[int, np.ndarray]]) -> Graph:
    """Merge the pieces' ends into junctions and drop pieces that vanish or repeat."""
    ends = np.vstack([[line[0], line[-1]] for _, line in pieces])
    near = cKDTree(ends).query_pairs(SNAP, output_type="ndarray")
    links = coo_array((np.ones(len(near)), (near[:, 0], near[:, 1])), shape=(len(ends), len(ends)))
    _, cluster = connected_components(links, directed=False)
    _, first_of = np.unique(cluster, return_index=True)
    graph = Graph(points=[ends[k] for k in first_of])
    seen: set[tuple[int, int, int]] = set()
    for k, (number, line) in enumerate(pieces):
        a, b = int(cluster[2 * k]), int(cluster[2 * k + 1])
        length = lengths_along(line)[-1]
        key = (min(a, b), max(a, b), round(length / 15.0))
        if key in seen or (a == b and length < 60.0):
            continue
        seen.add(key)
        graph.add_edge(a, b, streets[number].along(line))
    return graph
