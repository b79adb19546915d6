"""The lie of the land: outline, water, ridges, airport, greens, and where towns may stand."""

from dataclasses import dataclass

import numpy as np
import shapely
from shapely import affinity
from shapely.geometry import LineString, MultiPolygon, Polygon

from maker import skeleton
from maker.frame import read_outline, stream, to_plane
from maker.shapes import blob, box, offset, polygons_of, smooth


@dataclass(frozen=True, slots=True)
class Ridge:
    """A ridge: its crest, its wooded slopes, and the stretches where a road may cross."""

    name: str
    crest: np.ndarray
    woods: Polygon
    core: Polygon
    crossings: list[tuple[np.ndarray, str]]


@dataclass(frozen=True, slots=True)
class Airport:
    """The airport's ground, runways and terminals on the plane."""

    ground: Polygon
    runways: list[np.ndarray]
    terminals: dict[str, Polygon]
    along: np.ndarray


@dataclass(frozen=True, slots=True)
class Town:
    """A built-up patch: its kind of fabric, its ground, and what its great roads may sweep."""

    name: str
    fabric: str
    ground: MultiPolygon
    sweep: Polygon


@dataclass(frozen=True, slots=True)
class Ground:
    """Everything that lies there before the first road."""

    outline: Polygon
    reach: Polygon
    rivers: dict[str, tuple[np.ndarray, Polygon]]
    streams: list[np.ndarray]
    ridges: list[Ridge]
    airport: Airport
    greens: list[tuple[str, str, Polygon]]
    expressways: dict[str, np.ndarray]
    towns: list[Town]

    @property
    def water(self) -> MultiPolygon:
        """Give the two great rivers as one shape."""
        return shapely.union_all([shape for _, shape in self.rivers.values()])

    @property
    def cores(self) -> MultiPolygon:
        """Give the ridges' cores, which no ordinary street enters, as one shape."""
        return shapely.union_all([ridge.core for ridge in self.ridges])


def lay_ground() -> Ground:
    """Draw the ground from the skeleton."""
    outline = read_outline()
    rivers = {
        "嘉陵江": _river("jialing", skeleton.JIALING, 330.0),
        "长江": _river("yangtze", skeleton.YANGTZE, 850.0),
    }
    airport = _airport()
    expressways = {road.key: smooth(to_plane(road.points), 40.0) for road in skeleton.EXPRESSWAYS}
    ridges = [_ridge(name, points) for name, points in skeleton.RIDGES.items()]
    ground = Ground(
        outline=outline,
        reach=outline.buffer(700.0),
        rivers=rivers,
        streams=[smooth(to_plane(points), 60.0) for points in skeleton.STREAMS],
        ridges=ridges,
        airport=airport,
        greens=_greens(airport, shapely.union_all([shape for _, shape in rivers.values()])),
        expressways=expressways,
        towns=[],
    )
    ground.towns.extend(_towns(ground))
    return ground


def _river(key: str, points: list[tuple[float, float]], width: float) -> tuple[np.ndarray, Polygon]:
    """Draw a river of uneven width: its middle line and its water."""
    rng = stream(key)
    line = smooth(to_plane(points), 90.0)
    along = np.arange(len(line)) / 9.0
    half = width / 2 * (1 + 0.18 * np.sin(along + rng.uniform()) + 0.1 * np.sin(2.7 * along))
    unit = offset(line, 1.0) - line
    banks = np.vstack([line + half[:, None] * unit, (line - half[:, None] * unit)[::-1]])
    return line, polygons_of(shapely.make_valid(Polygon(banks)).buffer(0))[0]


def _ridge(name: str, points: list[tuple[float, float]]) -> Ridge:
    """Draw a ridge about its crest, with ragged wooded slopes."""
    rng = stream(name)
    crest = smooth(to_plane(points), 150.0)
    along = np.arange(len(crest)) / 6.0
    unit = offset(crest, 1.0) - crest
    sides = [
        skeleton.RIDGE_HALF_WIDTH
        * (0.8 + 0.18 * np.sin(along + rng.uniform(0, 6)) + rng.normal(0, 0.05, len(crest)))
        for _ in range(2)
    ]
    order = np.arange(len(crest))
    taper = np.minimum(1.0, 0.25 + np.minimum(order, order[::-1]) / 8)
    east = crest + (taper * sides[0])[:, None] * unit
    west = crest - (taper * sides[1])[:, None] * unit
    slopes = np.vstack([east, west[::-1]])
    line = LineString(crest)
    crossings = [
        (np.asarray(line.interpolate(share, normalized=True).coords[0]), kind)
        for share, kind in skeleton.GAPS[name]
    ]
    return Ridge(
        name=name,
        crest=crest,
        woods=polygons_of(shapely.make_valid(Polygon(slopes)).buffer(0))[0],
        core=line.buffer(skeleton.RIDGE_CORE),
        crossings=crossings,
    )


def _airport() -> Airport:
    """Lay the airport between its two true terminals, its runways about 20 degrees off north."""
    along = np.array([np.sin(np.radians(20.0)), np.cos(np.radians(20.0))])
    across = np.array([along[1], -along[0]])
    west, east = to_plane([skeleton.T2, skeleton.T3A])
    middle = (west + east) / 2
    ground = box(middle + across * 230.0, along, 4500.0, 2900.0).buffer(120).buffer(-60)
    runways = [
        np.array([base - along * half, base + along * half])
        for base, half in (
            (west + across * 520.0, 1600.0),
            (west + across * 1150.0, 1600.0),
            (east + across * 620.0 + along * 300.0, 1850.0),
        )
    ]
    terminals = {
        "T2航站楼": box(west + across * 90.0, along, 620.0, 110.0),
        "T3A航站楼": box(east, along, 520.0, 330.0),
        "T3B航站楼": box(east + along * 1150.0, along, 420.0, 150.0),
    }
    return Airport(ground=ground, runways=runways, terminals=terminals, along=along)


def _greens(airport: Airport, water: shapely.Geometry) -> list[tuple[str, str, Polygon]]:
    """Draw the hills and great parks inside the city."""
    rng = stream("greens")
    greens = [
        (name, tag, _hill(rng, to_plane([(lon, lat)])[0], area * 1e6))
        for name, lon, lat, area, tag in skeleton.GREENS
    ]
    city = Polygon(to_plane(skeleton.CITY)).difference(airport.ground.buffer(250.0))
    city = city.difference(water.buffer(60.0))
    west, south, east, north = city.bounds
    for _ in range(400):
        centre = np.array([rng.uniform(west, east), rng.uniform(south, north)])
        hill = _hill(rng, centre, rng.uniform(0.15, 1.9) * 1e6)
        if city.contains(hill) and all(hill.distance(green) > 200.0 for _, _, green in greens):
            greens.append(("", "wood" if rng.uniform() < 0.7 else "park", hill))
    return [(name, tag, hill.difference(airport.ground)) for name, tag, hill in greens]


def _hill(rng: np.random.Generator, centre: np.ndarray, area: float) -> Polygon:
    """Draw a hill or park, drawn out roughly along the ridges."""
    shape = blob(rng, centre, area, 0.3)
    stretch = float(rng.uniform(1.0, 1.9))
    shape = affinity.scale(shape, 1.0 / stretch**0.5, stretch**0.5)
    return affinity.rotate(shape, float(rng.normal(-22.0, 18.0)))


def _towns(ground: Ground) -> list[Town]:
    """Cut the built-up patches out of what water, ridges, airport and greens leave."""
    rng = stream("towns")
    barred = shapely.union_all(
        [
            ground.water.buffer(90.0),
            ground.cores.buffer(350.0),
            ground.airport.ground.buffer(25.0),
            *[green for name, _, green in ground.greens if name],
        ]
    )
    hills = shapely.union_all([green for name, _, green in ground.greens if not name])
    city = Polygon(to_plane(skeleton.CITY)).intersection(ground.outline.buffer(250.0))
    city = city.buffer(-300.0).buffer(300.0)
    patches = [("", "city", city)] + [
        (name, fabric, blob(rng, to_plane([(lon, lat)])[0], area * 1e6, 0.2))
        for name, lon, lat, area, fabric in skeleton.TOWNS
    ]
    towns: list[Town] = []
    for name, fabric, patch in patches:
        earlier = shapely.union_all([town.ground.buffer(60.0) for town in towns])
        sweep = patch.difference(barred).difference(earlier)
        left = sweep.difference(hills).buffer(-60.0).buffer(60.0).simplify(8.0)
        parts = [part for part in polygons_of(left) if part.area > 150_000.0]
        towns.append(Town(name, fabric, MultiPolygon(parts), sweep))
    return towns
