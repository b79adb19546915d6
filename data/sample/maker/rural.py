"""Roads outside the towns: winding ways between villages, and the few that cross a ridge."""

from dataclasses import dataclass

import numpy as np
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import Delaunay, cKDTree
from shapely.geometry import LineString, Point, Polygon

from maker.fabric import Fabric
from maker.frame import Unit, stream
from maker.ground import Ground
from maker.names import Names
from maker.shapes import lengths_along, normals, polygons_of, resample, wiggle
from maker.streets import Street

APART = 1560.0  # least distance between two villages, in metres
GATE_EVERY = 1300.0  # distance between the ways out of a town, in metres


@dataclass(slots=True)
class Countryside:
    """Villages and the roads that join them to each other and to the towns."""

    villages: np.ndarray
    streets: list[Street]


def settle(ground: Ground, fabric: Fabric, units: list[Unit], names: Names) -> Countryside:
    """Spread villages over the country and draw roads between them."""
    rng = stream("rural")
    built = shapely.union_all([town.ground.buffer(90.0) for town in ground.towns])
    built = shapely.union_all([Polygon(part.exterior) for part in polygons_of(built)]).buffer(-90.0)
    villages = _villages(rng, ground, built)
    gates = _gates(fabric, built, ground)
    points = np.vstack([villages, gates])
    links = _links(points, ground, built)
    passes = _passes(points, ground)
    ranks = _ranks(points, [*links, *passes], units)
    streets = [
        _road(rng, points[a], points[b], ranks.get((a, b), "unclassified"), names) for a, b in links
    ]
    streets += [
        Street(
            line=resample(points[[a, b]], 60.0),
            kind=ranks.get((a, b), "tertiary"),
            name=names.road("路"),
            tags=(("crossing", "ridge"),),
        )
        for a, b in passes
    ]
    streets += _spurs(rng, streets, ground)
    return Countryside(villages=villages, streets=streets)


def _villages(rng: np.random.Generator, ground: Ground, built: Polygon) -> np.ndarray:
    """Scatter village sites, none too near another, in water, on a ridge or in a town."""
    barred = shapely.union_all(
        [built.buffer(420.0), ground.water.buffer(150.0), ground.cores.buffer(260.0),
         ground.airport.ground.buffer(300.0)]
        + [LineString(line).buffer(170.0) for line in ground.expressways.values()]
    )  # fmt: skip
    free = ground.reach.difference(barred)
    shapely.prepare(free)
    west, south, east, north = free.bounds
    tries = np.column_stack([rng.uniform(west, east, 26000), rng.uniform(south, north, 26000)])
    tries = tries[shapely.contains_xy(free, tries)]
    kept: list[np.ndarray] = []
    cells: dict[tuple[int, int], list[np.ndarray]] = {}
    for point in tries:
        i, j = (int(v // APART) for v in point)
        near = [
            other
            for a in (i - 1, i, i + 1)
            for b in (j - 1, j, j + 1)
            for other in cells.get((a, b), [])
        ]
        if all(np.hypot(*(point - other)) > APART for other in near):
            kept.append(point)
            cells.setdefault((i, j), []).append(point)
    return np.array(kept)


def _gates(fabric: Fabric, built: Polygon, ground: Ground) -> np.ndarray:
    """Pick street ends on the rims of towns where country roads may leave."""
    rims = shapely.union_all([built.boundary])
    picked = []
    for line in shapely.get_parts(rims):
        marks = np.arange(GATE_EVERY / 2, line.length, GATE_EVERY)
        picked.extend(line.interpolate(mark).coords[0] for mark in marks)
    gates = np.array(picked)
    ends = np.vstack([[street.line[0], street.line[-1]] for street in fabric.streets])
    _, nearest = cKDTree(ends).query(gates)
    gates = ends[np.unique(nearest)]
    keep = shapely.contains_xy(ground.reach, gates)
    return gates[keep]


def _links(points: np.ndarray, ground: Ground, built: Polygon) -> list[tuple[int, int]]:
    """Join neighbours: the edges of a Gabriel graph that cross no ridge, water or town."""
    mesh = Delaunay(points)
    sides = np.vstack([mesh.simplices[:, pair] for pair in ([0, 1], [1, 2], [0, 2])])
    sides = np.unique(np.sort(sides, axis=1), axis=0)
    tree = cKDTree(points)
    middles = points[sides].mean(axis=1)
    radius = np.hypot(*(points[sides[:, 0]] - middles).T)
    nearest, _ = tree.query(middles)
    sides = sides[(nearest >= radius - 1.0) & (radius < 1600.0)]
    lines = shapely.linestrings(points[sides])
    walls = shapely.union_all(
        [LineString(ridge.crest).buffer(60.0) for ridge in ground.ridges]
        + [ground.water, ground.airport.ground, built.buffer(-40.0)]
    )
    shapely.prepare(walls)
    free = ~shapely.intersects(walls, lines)
    return [(int(a), int(b)) for a, b in sides[free]]


def _passes(points: np.ndarray, ground: Ground) -> list[tuple[int, int]]:
    """Join the nearest villages on the two sides of each gap or tunnel of a ridge."""
    passes = []
    for ridge in ground.ridges:
        crest = LineString(ridge.crest)
        for place, _kind in ridge.crossings:
            at = crest.project(Point(place))
            ahead = np.asarray(crest.interpolate(at + 50.0).coords[0]) - place
            side = np.array([ahead[1], -ahead[0]])
            offsets = points - place
            ends = []
            for sign in (1.0, -1.0):
                off = np.hypot(*offsets.T) + 1e9 * (sign * (offsets @ side) <= 0)
                ends.append(int(np.argmin(off)))
            passes.append((ends[0], ends[1]))
    return passes


def _ranks(
    points: np.ndarray, links: list[tuple[int, int]], units: list[Unit]
) -> dict[tuple[int, int], str]:
    """Rank the links: those on the way between neighbouring towns carry the through roads."""
    a, b = np.array(links).T
    length = np.hypot(*(points[a] - points[b]).T)
    size = len(points)
    graph = csr_array((np.r_[length, length], (np.r_[a, b], np.r_[b, a])), shape=(size, size))
    seats = cKDTree(points).query([u.seat for u in units if u.kind == "town"])[1]
    _, before = dijkstra(graph, indices=seats, return_predecessors=True)
    uses: dict[tuple[int, int], int] = {}
    for row in range(len(seats)):
        for goal in seats:
            here = int(goal)
            while before[row, here] >= 0:
                there = int(before[row, here])
                key = (min(here, there), max(here, there))
                uses[key] = uses.get(key, 0) + 1
                here = there
    ranked = {key: "secondary" if count > 12 else "tertiary" for key, count in uses.items()}
    ordered = {link: (min(link), max(link)) for link in links}
    return {link: ranked[key] for link, key in ordered.items() if key in ranked}


def _road(
    rng: np.random.Generator, start: np.ndarray, end: np.ndarray, kind: str, names: Names
) -> Street:
    """Draw one winding road; the greater the straighter."""
    height = {"secondary": 36.0, "tertiary": 58.0}.get(kind, 84.0)
    length = float(np.hypot(*(end - start)))
    line = wiggle(rng, np.array([start, end]), height * min(1.0, length / 900.0), 32.0)
    named = kind in {"secondary", "tertiary"} or rng.uniform() < 0.12
    return Street(line=line, kind=kind, name=names.road("路") if named else "")


def _spurs(rng: np.random.Generator, roads: list[Street], ground: Ground) -> list[Street]:
    """Branch short ways off the country roads, to hamlets and farms."""
    barred = shapely.union_all([ground.water, ground.cores, ground.airport.ground])
    shapely.prepare(barred)
    spurs = []
    for road in roads:
        total = lengths_along(road.line)[-1]
        for _ in range(rng.poisson(total / 640.0)):
            k = int(rng.integers(1, max(2, len(road.line) - 1)))
            side = normals(road.line)[k] * rng.choice([-1.0, 1.0])
            turn = rng.normal(0.0, 0.5)
            side = np.array(
                [side[0] * np.cos(turn) - side[1] * np.sin(turn),
                 side[0] * np.sin(turn) + side[1] * np.cos(turn)]
            )  # fmt: skip
            end = road.line[k] + side * rng.uniform(90.0, 420.0)
            line = wiggle(rng, np.array([road.line[k], end]), 18.0, 28.0)
            if shapely.intersects(barred, LineString(line)):
                continue
            kind = str(rng.choice(["unclassified", "residential", "track"], p=[0.45, 0.45, 0.1]))
            spurs.append(Street(line=line, kind=kind))
    return spurs
