"""Places outside the towns: hamlets, roadside filling stations, sights, ponds and graves."""

import numpy as np
import shapely
from shapely import STRtree, affinity
from shapely.geometry import LineString, Point, Polygon

from maker import skeleton
from maker.frame import MARK, stream, to_plane
from maker.ground import Ground
from maker.names import Names
from maker.parking import car_park
from maker.plots import Place
from maker.shapes import blob, box, normals
from maker.streets import Graph

_CELL = 700.0  # wider than any shape laid out here, in metres


class Meadow:
    """Open ground: tells whether a shape is clear of roads, water, ridges and other places."""

    def __init__(self, graph: Graph, ground: Ground, taken: list[Polygon]) -> None:
        self._roads = STRtree([LineString(edge.line) for edge in graph.edges])
        self._barred = shapely.union_all([ground.water, ground.cores, ground.airport.ground])
        shapely.prepare(self._barred)
        self._old = STRtree(taken)
        self._new: dict[tuple[int, int], list[Polygon]] = {}

    def roadside(self, spot: np.ndarray) -> np.ndarray:
        """Return the point of a road nearest to a spot: where its gate is."""
        road = self._roads.geometries[self._roads.nearest(Point(spot))]
        return np.asarray(road.interpolate(road.project(Point(spot))).coords[0])

    def takes(self, shape: Polygon) -> bool:
        """Claim a shape if it is clear of everything else."""
        if self._barred.intersects(shape) or len(self._old.query(shape, predicate="intersects")):
            return False
        if len(self._roads.query(shape, predicate="dwithin", distance=7.0)):
            return False
        i, j = (int(v // _CELL) for v in shape.centroid.coords[0])
        near = [self._new.get((a, b), []) for a in (i - 1, i, i + 1) for b in (j - 1, j, j + 1)]
        if any(shape.intersects(other) for others in near for other in others):
            return False
        self._new.setdefault((i, j), []).append(shape)
        return True


def country_places(
    villages: np.ndarray, graph: Graph, ground: Ground, meadow: Meadow, names: Names
) -> list[Place]:
    """Settle hamlets and what stands along country roads."""
    rng = stream("country")
    places: list[Place] = []
    for spot in villages:
        places.extend(_village(rng, spot, meadow, names))
    places.extend(_roadside(rng, graph, meadow, names))
    places.extend(_sights(rng, meadow))
    places.extend(_scattered(rng, ground, meadow, names))
    return places


def _try(
    rng: np.random.Generator, spot: np.ndarray, meadow: Meadow, area: float, reach: float
) -> Polygon | None:
    """Look about a spot for clear ground of a given area."""
    for _ in range(9):
        turn, far = rng.uniform(0, 2 * np.pi), rng.uniform(0.25, 1.0) * reach
        shape = blob(rng, spot + far * np.array([np.cos(turn), np.sin(turn)]), area, 0.3)
        shape = affinity.scale(shape, float(rng.uniform(1.0, 1.7)), float(rng.uniform(0.6, 1.0)))
        shape = affinity.rotate(shape, float(rng.uniform(0.0, 180.0)))
        if shape.geom_type == "Polygon" and meadow.takes(shape.simplify(2.0)):
            return shape.simplify(2.0)
    return None


def _village(
    rng: np.random.Generator, spot: np.ndarray, meadow: Meadow, names: Names
) -> list[Place]:
    """Lay a village's hamlets, and now and then a hall, a clinic, a school or a car park."""
    name = names.village()
    places = [Place("village", Point(spot), {"place": "village", "name": name})]
    for _ in range(int(rng.integers(1, 5))):
        shape = _try(rng, spot, meadow, float(rng.uniform(3e3, 22e3)), 330.0)
        if shape is not None:
            tags = {"landuse": "residential"} | ({"name": name} if rng.uniform() < 0.3 else {})
            places.append(Place("hamlet", shape, tags))
    chances = [
        ("public", {"amenity": "community_centre"}, "便民服务中心", 0.35, 900.0),
        ("public", {"amenity": "clinic"}, "卫生室", 0.22, 500.0),
        ("public", {"amenity": "school"}, "小学", 0.12, 6000.0),
        ("parking", {}, "停车场", 0.32, 1100.0),
    ]
    for kind, tags, ending, chance, area in chances:
        if rng.uniform() > chance:
            continue
        shape = _try(rng, spot, meadow, area, 240.0)
        if shape is None:
            continue
        label = name.replace(MARK, f"{ending}{MARK}")
        if kind == "parking":
            places.append(car_park(rng, shape, label if rng.uniform() < 0.4 else ""))
        else:
            drawn = shape if rng.uniform() < 0.6 else shape.representative_point()
            places.append(Place(kind, drawn, {**tags, "name": label}))
    return places


def _roadside(rng: np.random.Generator, graph: Graph, meadow: Meadow, names: Names) -> list[Place]:
    """Stand filling stations and works beside the better country roads."""
    fit = [
        edge
        for edge in graph.edges
        if edge.street.kind in {"secondary", "tertiary"} and len(edge.line) > 12
    ]
    places: list[Place] = []
    for number in rng.permutation(len(fit)):
        if len(places) >= 60:
            break
        line = fit[int(number)].line
        k = int(rng.integers(2, len(line) - 2))
        side = normals(line)[k] * rng.choice([-1.0, 1.0])
        if len(places) % 2:
            shape = box(line[k] + side * 34.0, line[k + 1] - line[k], 58.0, 40.0)
            tags = {"amenity": "fuel", "name": names.place("加油站")}
            place = Place("fuel", shape, tags)
        else:
            shape = box(line[k] + side * 80.0, line[k + 1] - line[k], 170.0, 110.0)
            place = Place("industrial", shape, {"landuse": "industrial", "name": names.place("厂")})
        if meadow.takes(shape):
            places.append(place)
    return places


def _sights(rng: np.random.Generator, meadow: Meadow) -> list[Place]:
    """Place the sights that exist near where they are, each with a car park."""
    places: list[Place] = []
    for name, lon, lat, (key, value) in skeleton.SIGHTS:
        spot = meadow.roadside(to_plane([(lon, lat)])[0])
        tags = {key: value, "name": f"{name}{MARK}"}
        if key != "leisure":
            shape = _try(rng, spot, meadow, float(rng.uniform(25e3, 90e3)), 420.0)
            places.append(Place("sight", Point(spot) if shape is None else shape, tags))
            spot = spot if shape is None else np.asarray(shape.centroid.coords[0])
        lot = _try(rng, spot, meadow, float(rng.uniform(2500.0, 9000.0)), 700.0)
        if lot is not None:
            places.append(car_park(rng, lot, f"{name}停车场{MARK}", "customers"))
    return places


def _scattered(
    rng: np.random.Generator, ground: Ground, meadow: Meadow, names: Names
) -> list[Place]:
    """Scatter ponds, graveyards, fields and farm stays over the country."""
    west, south, east, north = ground.reach.bounds
    kinds = [
        ("water", {"natural": "water"}, "水库", 110, (4e3, 60e3)),
        ("cemetery", {"landuse": "cemetery"}, "公墓", 14, (9e3, 40e3)),
        ("field", {"landuse": "farmland"}, "", 900, (20e3, 160e3)),
        ("field", {"landuse": "orchard"}, "", 240, (10e3, 90e3)),
        ("sight", {"tourism": "attraction"}, "农庄", 26, (3e3, 15e3)),
        ("substation", {"power": "substation", "voltage": "35000"}, "变电站", 6, (1e3, 4e3)),
    ]
    places: list[Place] = []
    for kind, tags, ending, count, (low, high) in kinds:
        done = 0
        while done < count:
            spot = np.array([rng.uniform(west, east), rng.uniform(south, north)])
            if not ground.reach.contains(Point(spot)):
                continue
            done += 1
            shape = _try(rng, spot, meadow, float(rng.uniform(low, high)), 200.0)
            if shape is not None:
                named = {"name": names.place(ending)} if ending and rng.uniform() < 0.7 else {}
                places.append(Place(kind, shape, {**tags, **named}))
    return places
