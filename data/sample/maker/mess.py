"""What real extracts are full of: things mapped twice, broken outlines, roads to nowhere."""

from dataclasses import replace

import numpy as np
from shapely import STRtree, affinity
from shapely.geometry import Point, Polygon

from maker.frame import MARK, stream
from maker.ground import Ground
from maker.osmfile import Extract
from maker.plots import Place
from maker.shapes import box, wiggle

KINDS = ["residential", "service", "unclassified", "track", "footway"]
SHARES = [0.4, 0.1, 0.3, 0.1, 0.1]


def map_twice(places: list[Place]) -> list[Place]:
    """Map one car park in twenty a second time, a little off and often under another name."""
    rng = stream("twice")
    again = []
    for place in places:
        if place.kind != "parking" or not isinstance(place.shape, Polygon):
            continue
        if rng.uniform() > 0.062:
            continue
        left_out = {"capacity", "building"}
        tags = {key: value for key, value in place.tags.items() if key not in left_out}
        shift = rng.normal(0.0, 6.0, 2)
        inner = place.shape.representative_point()
        shape = affinity.translate(place.shape, *shift) if rng.uniform() < 0.4 else inner
        if rng.uniform() < 0.5:
            tags.pop("name", None)
        elif "name" in tags:
            tags["name"] = tags["name"].replace("停车场", "公共停车场").replace("车库", "停车库")
        again.append(replace(place, shape=shape, tags=tags, relation=False))
    return again


def draw_broken(extract: Extract, places: list[Place]) -> None:
    """Draw a few areas whose outline crosses itself, and a few ways never closed."""
    rng = stream("broken")
    spots = [p for p in places if p.kind in {"home", "green"} and isinstance(p.shape, Polygon)]
    for number in rng.choice(len(spots), 14, replace=False):
        centre = np.asarray(spots[int(number)].shape.representative_point().coords[0])
        corners = np.asarray(box(centre, np.array([1.0, 0.3]), 60.0, 40.0).exterior.coords)
        bow_tie = corners[[0, 2, 1, 3, 0]]
        tags = {"amenity": "parking"} if number % 2 else {"landuse": "residential"}
        if number % 3 == 0:
            extract.line(corners[:4], tags)
        else:
            extract.ring(bow_tie, tags)


def draw_strays(extract: Extract, ground: Ground, taken: list[Polygon]) -> int:
    """Draw scraps of road joined to nothing, some of them traps that only lead in."""
    rng = stream("strays")
    tree = STRtree(taken)
    west, south, east, north = ground.outline.bounds
    drawn = 0
    while drawn < 110:
        spot = np.array([rng.uniform(west, east), rng.uniform(south, north)])
        if not ground.outline.contains(Point(spot)) or ground.water.contains(Point(spot)):
            continue
        turn, length = rng.uniform(0, 2 * np.pi), rng.uniform(40.0, 320.0)
        end = spot + length * np.array([np.cos(turn), np.sin(turn)])
        line = wiggle(rng, np.array([spot, end]), 8.0, 30.0)
        if len(tree.query(Polygon([*line, line[0] + 1.0]).buffer(25.0), predicate="intersects")):
            continue
        kind = str(rng.choice(KINDS, p=SHARES))
        tags = {"highway": kind}
        if rng.uniform() < 0.2:
            tags["name"] = f"无名路{MARK}"
        if rng.uniform() < 0.15:
            tags["oneway"] = "yes"
        extract.line(line, tags)
        drawn += 1
    return drawn
