"""Where people live: compounds enough for each unit's people, and their car parks."""

import numpy as np
from shapely.geometry import Point, Polygon

from maker.frame import Unit, stream
from maker.names import Names
from maker.parking import parking_tags
from maker.plots import Place, Plot, carve, cut_lots, shrink

PEOPLE_PER_HA = {"subdistrict": 285.0, "town": 190.0}
IN_COMPOUNDS = {"subdistrict": 0.97, "town": 0.62}
MOST = 0.72  # the largest share of a unit's plots that compounds may take


def build_homes(plots: list[Plot], units: list[Unit], names: Names) -> tuple[list[Place], set[int]]:
    """Choose plots for compounds unit by unit; return the places and the plots used."""
    rng = stream("homes")
    places: list[Place] = []
    used: set[int] = set()
    for zone in range(-1, len(units)):
        mine = [n for n, plot in enumerate(plots) if plot.zone == zone]
        ground = sum(plots[n].shape.area for n in mine)
        wanted = 0.25 * ground if zone < 0 else _ground_for(units[zone])
        wanted = min(wanted, MOST * ground)
        order = rng.permutation(mine) if mine else []
        for n in sorted(order, key=lambda n: plots[n].industrial):
            if wanted <= 0 or plots[n].shape.area < 4000.0:
                continue
            used.add(int(n))
            wanted -= plots[n].shape.area
            places.extend(_fill(rng, plots[n], names))
    return places, used


def _ground_for(unit: Unit) -> float:
    """Work out the ground a unit's compounds need, in square metres."""
    return unit.population * IN_COMPOUNDS[unit.kind] / PEOPLE_PER_HA[unit.kind] * 1e4


def _fill(rng: np.random.Generator, plot: Plot, names: Names) -> list[Place]:
    """Fill a plot with one to three compounds, some with a car park cut off."""
    places: list[Place] = []
    for lot in cut_lots(rng, plot, 43_000.0):
        shape = lot.shape
        name = names.home() if rng.uniform() < 0.85 else ""
        if rng.uniform() < 0.16 and shape.area > 9000.0:
            strip, rest = carve(shape, float(rng.uniform(700.0, 3200.0)))
            places.append(_car_park(rng, strip, name))
            shape = max(rest, key=lambda part: part.area) if rest else shape
        compound = shrink(shape, float(rng.uniform(0.5, 4.0)))
        if compound is None:
            continue
        places.append(_compound(rng, compound, name))
        if rng.uniform() < 0.19:
            spot = _spot(rng, compound)
            tags = parking_tags(rng, name.replace("（", "地下车库（"), "underground", "private")
            places.append(Place("parking", spot, tags))
    return places


def _compound(rng: np.random.Generator, shape: Polygon, name: str) -> Place:
    """Draw one compound; a few have a hole and so must be relations."""
    tags = {"landuse": "residential"}
    if name:
        tags["name"] = name
    if rng.uniform() < 0.12:
        tags["residential"] = "gated"
    if rng.uniform() < 0.05:
        tags["start_date"] = str(int(rng.integers(1988, 2022)))
    relation = bool(rng.uniform() < 0.07) and shape.area > 12_000.0
    if relation:
        core = shape.buffer(-(shape.area**0.5) * 0.28)
        if not core.is_empty and core.geom_type == "Polygon" and core.area > 300.0:
            shape = Polygon(shape.exterior, [core.exterior.coords])
    return Place("home", shape, tags, relation=relation)


def _car_park(rng: np.random.Generator, strip: Polygon, name: str) -> Place:
    """Draw the car park that belongs to a compound."""
    shape = shrink(strip, 1.5) or strip
    label = name.replace("（", "停车场（") if rng.uniform() < 0.5 else ""
    access = "private" if rng.uniform() < 0.7 else "residents"
    return Place("parking", shape, parking_tags(rng, label, "surface", access))


def _spot(rng: np.random.Generator, shape: Polygon) -> Point:
    """Pick a point well inside a shape."""
    inner = shape.representative_point()
    x, y = inner.coords[0] + rng.normal(0.0, 6.0, 2)
    return Point(x, y) if shape.contains(Point(x, y)) else inner
