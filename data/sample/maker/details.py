"""What stands inside places: rows of flats, sheds, farmhouses, and the lanes of car parks."""

from collections.abc import Iterator

import numpy as np
from shapely import affinity
from shapely.geometry import Polygon

from maker.frame import stream
from maker.osmfile import Extract
from maker.plots import Place
from maker.shapes import box, long_axis

# What stands in a kind of place: share of places drawn, length and depth of a building, the two
# gaps between buildings (metres), and the share of sites built on.
_ROWS = {
    "home": (0.86, (28, 62), (13, 18), (14, 30), (26, 42), 0.85),
    "industrial": (0.75, (50, 110), (24, 48), (14, 26), (16, 30), 0.8),
    "public": (0.7, (36, 70), (14, 20), (16, 34), (28, 52), 0.55),
    "office": (0.5, (30, 48), (22, 34), (20, 40), (26, 40), 0.6),
    "hamlet": (0.92, (9, 15), (8, 12), (4, 22), (8, 26), 0.42),
}


def furnish(places: list[Place]) -> list[Place]:
    """Stand buildings inside the places that are grounds, not buildings themselves."""
    rng = stream("details")
    made: list[Place] = []
    for place in places:
        if place.kind not in _ROWS or not isinstance(place.shape, Polygon):
            continue
        if "building" in place.tags or rng.uniform() > _ROWS[place.kind][0]:
            continue
        levels = str(int(rng.choice([7, 8, 11, 18, 26, 28, 32, 33])))
        for shape in _rows(rng, place):
            tags = {"building": "yes"}
            if place.kind == "home":
                tags["building"] = "apartments" if rng.uniform() < 0.14 else "yes"
                if rng.uniform() < 0.25:
                    tags["building:levels"] = levels
            elif place.kind == "hamlet" and rng.uniform() < 0.4:
                tags["building"] = "house"
            made.append(Place("building", shape, tags))
    return made


def _rows(rng: np.random.Generator, place: Place) -> Iterator[Polygon]:
    """Set out buildings in rows along the long side of a place."""
    _, longs, deeps, gaps_a, gaps_b, built = _ROWS[place.kind]
    axis, length, width = long_axis(place.shape)
    across = np.array([-axis[1], axis[0]])
    middle = np.asarray(place.shape.envelope.centroid.coords[0])
    long, deep = rng.uniform(*longs), rng.uniform(*deeps)
    step_a, step_b = long + rng.uniform(*gaps_a), deep + rng.uniform(*gaps_b)
    inside = place.shape.buffer(-4.0)
    tilt = 14.0 if place.kind == "hamlet" else 1.5
    for a in np.arange(-length / 2 + step_a / 2, length / 2, step_a):
        for b in np.arange(-width / 2 + step_b / 2, width / 2, step_b):
            spot = middle + a * axis + b * across
            shape = affinity.rotate(box(spot, axis, long, deep), float(rng.normal(0.0, tilt)))
            if rng.uniform() < built and inside.contains(shape):
                yield shape


def draw_aisles(extract: Extract, places: list[Place]) -> None:
    """Draw the lanes between the bays of large open car parks."""
    rng = stream("aisles")
    for place in places:
        if place.kind != "parking" or not isinstance(place.shape, Polygon):
            continue
        if place.tags.get("building") or place.shape.area < 1500.0 or rng.uniform() > 0.5:
            continue
        axis, length, width = long_axis(place.shape)
        if width < 24.0:
            continue
        middle = np.asarray(place.shape.centroid.coords[0])
        across = np.array([-axis[1], axis[0]])
        for b in np.arange(-width / 2 + 9.0, width / 2 - 8.0, 16.5):
            ends = [middle + b * across + sign * axis * length * 0.42 for sign in (-1, 1)]
            extract.line(np.array(ends), {"highway": "service", "service": "parking_aisle"})
