"""Airport, stations, metro and the two sides of every service area, with their car parks."""

from itertools import pairwise

import numpy as np
import shapely
from scipy.spatial import cKDTree
from shapely.geometry import LineString, Point, Polygon

from maker import skeleton
from maker.expressways import ServiceSide
from maker.frame import MARK, stream, to_plane
from maker.ground import Ground
from maker.names import Names
from maker.osmfile import Extract
from maker.parking import car_park, parking_tags
from maker.plots import Place, Plot, carve
from maker.shapes import box, lengths_along, resample, smooth

RAILWAYS = [
    [(106.470, 29.560), (106.505, 29.594), (106.546, 29.6128), (106.590, 29.622), (106.640, 29.628),
     (106.690, 29.648), (106.760, 29.672), (106.830, 29.684), (106.880, 29.690), (106.950, 29.738)],
    [(106.546, 29.6128), (106.566, 29.650), (106.604, 29.720), (106.632, 29.780), (106.690, 29.850),
     (106.716, 29.930), (106.726, 30.020), (106.722, 30.065)],
]  # fmt: skip


def railways() -> list[np.ndarray]:
    """Give the railways' lines."""
    return [smooth(to_plane(points), 70.0) for points in RAILWAYS]


def draw_rail(extract: Extract, ground: Ground) -> None:
    """Draw the railways, the metro's lines and the airport's runways."""
    ridges = ground.cores
    for line in railways():
        for part, under in _inside_out(line, ridges):
            tunnel = {"tunnel": "yes", "layer": "-1"} if under else {}
            extract.line(part, {"railway": "rail", "name": f"铁路{MARK}", **tunnel})
    for name, points in skeleton.METRO.values():
        line = smooth(to_plane(points), 70.0)
        tags = {"railway": "subway", "name": f"{name}{MARK}", "tunnel": "yes", "layer": "-2"}
        extract.line(line, tags)
    for runway in ground.airport.runways:
        extract.line(resample(runway, 400.0), {"aeroway": "runway", "surface": "concrete"})


def _inside_out(line: np.ndarray, shape: Polygon) -> list[tuple[np.ndarray, bool]]:
    """Cut a line into stretches inside and outside a shape."""
    under = shapely.contains_xy(shape, line)
    turns = [0, *(np.flatnonzero(np.diff(under)) + 1).tolist(), len(line) - 1]
    return [(line[a : b + 1], bool(under[a])) for a, b in pairwise(turns) if b > a]


def airport_places(ground: Ground) -> list[Place]:
    """Draw the airport's ground, terminals and car parks; T3B has neither kerb nor car park."""
    rng = stream("airport-places")
    airport = ground.airport
    places = [
        Place(
            "airport",
            airport.ground,
            {"aeroway": "aerodrome", "name": f"江北国际机场{MARK}"},
            relation=True,
        )
    ]
    across = np.array([airport.along[1], -airport.along[0]])
    for name, shape in airport.terminals.items():
        tags = {"aeroway": "terminal", "building": "yes", "name": f"{name}{MARK}"}
        places.append(Place("airport", shape, tags))
    for name, out in (("T2航站楼", -across), ("T3A航站楼", -airport.along)):
        centre = np.asarray(airport.terminals[name].centroid.coords[0])
        side = airport.along if name[1] == "2" else across
        far = 150.0 if name[1] == "2" else 290.0
        for number, sign in enumerate((-1.0, 1.0), start=1):
            spot = centre + out * (far + 35.0) + side * sign * 400.0
            lot = box(spot, side, 190.0, 80.0)
            tags = parking_tags(
                rng, f"{name[:-3]}停车楼P{number}{MARK}", "multi-storey", "customers"
            )
            tags["capacity"] = str(int(rng.integers(900, 2200)))
            places.append(Place("parking", lot, tags))
    return places


def metro_stops() -> list[tuple[str, np.ndarray]]:
    """Place the metro's stops: the known ones by name, the others about every 1.6 km."""
    names = Names(stream("metro"))
    known = [(name, to_plane([(lon, lat)])[0]) for name, lon, lat in skeleton.KNOWN_STOPS]
    stops = [(f"{name}站{MARK}", spot) for name, spot in known]
    taken = [spot for _, spot in known]
    for _, points in skeleton.METRO.values():
        line = smooth(to_plane(points), 50.0)
        total = lengths_along(line)[-1]
        for where in np.linspace(0.0, total, max(2, round(total / 1560.0) + 1)):
            spot = np.asarray(LineString(line).interpolate(where).coords[0])
            if min(np.hypot(*(spot - other)) for other in taken) > 760.0:
                taken.append(spot)
                stops.append((names.place("站"), spot))
    return stops


def metro_places(stops: list[tuple[str, np.ndarray]], plots: list[Plot]) -> list[Place]:
    """Draw the stops, and a park-and-ride on a plot near most of them."""
    rng = stream("metro-parks")
    middles = np.array([plot.shape.representative_point().coords[0] for plot in plots])
    tree = cKDTree(middles)
    places: list[Place] = []
    for name, spot in stops:
        tags = {"railway": "station", "station": "subway", "subway": "yes", "name": name}
        places.append(Place("metro", Point(spot), tags))
        distance, near = tree.query(spot)
        if distance < 420.0 and rng.uniform() < 0.8:
            lot, rest = carve(plots[near].shape, float(rng.uniform(1200.0, 5200.0)))
            if rest:
                plots[near].shape = max(rest, key=lambda part: part.area)
            park = car_park(rng, lot, name.replace("站", "站P+R停车场"), "customers")
            park.tags["park_ride"] = "yes"
            places.append(park)
    return places


def north_station(plots: list[Plot]) -> list[Place]:
    """Stand Chongqing North station on the plot nearest to where it is, with its car parks."""
    rng = stream("north-station")
    spot = to_plane([skeleton.NORTH_STATION])[0]
    name = f"重庆北站{MARK}"
    tags = {"railway": "station", "train": "yes", "name": name}
    places = [Place("station", Point(spot), tags)]
    order = np.argsort([plot.shape.distance(Point(spot)) for plot in plots], kind="stable")
    hall = plots[int(order[0])]
    tags = {"building": "train_station", "public_transport": "station", "name": name}
    places.append(Place("station", hall.shape.buffer(-4.0), tags))
    for number, side in zip(order[1:3], ("北广场", "南广场"), strict=True):
        plot = plots[int(number)]
        lot, rest = carve(plot.shape, 8000.0)
        plot.shape = max(rest, key=lambda part: part.area) if rest else plot.shape
        label = f"重庆北站{side}停车场{MARK}"
        tags = parking_tags(rng, label, "surface", "customers") | {"capacity": "260"}
        places.append(Place("parking", lot.buffer(-2.0), tags))
    plots.pop(int(order[0]))
    return places


def service_places(sides: list[ServiceSide], extract: Extract) -> list[Place]:
    """Draw each side of each service area with its car park, filling station and lanes."""
    rng = stream("services")
    places: list[Place] = []
    for side in sides:
        outward = side.centre
        length, depth = (200.0, 70.0) if side.rest_only else (340.0, 115.0)
        label = f"{side.name}服务区（{side.towards}行）{MARK}" if side.name else ""
        kind = "rest_area" if side.rest_only else "services"
        tags = {"highway": kind} | ({"name": label} if label else {})
        places.append(Place("service", box(outward, side.along, length, depth), tags))
        lot = box(outward - side.along * length * 0.2, side.along, length * 0.42, depth * 0.6)
        tags = parking_tags(rng, "", "surface", "customers")
        tags["capacity"] = str(int(rng.integers(40, 240)))
        places.append(Place("parking", lot, tags))
        lane = resample(_lane(side, length, depth), 40.0)
        extract.line(lane, {"highway": "service", "oneway": "yes"})
        if not side.rest_only:
            pump = box(outward + side.along * length * 0.3, side.along, 50.0, 36.0)
            tags = {"amenity": "fuel", "name": label.replace("服务区", "服务区加油站")}
            places.append(Place("fuel", pump, tags))
            shop = box(outward + side.along * length * 0.1, side.along, 46.0, 30.0)
            places.append(Place("building", shop, {"building": "retail"}))
    return places


def _lane(side: ServiceSide, length: float, depth: float) -> np.ndarray:
    """Draw the lane that goes round inside a service area."""
    across = np.array([side.along[1], -side.along[0]])
    a, b = side.along * length * 0.44, across * depth * 0.4
    return np.array([side.centre + p for p in (-a - b, -a + b, a + b, a - b)])
