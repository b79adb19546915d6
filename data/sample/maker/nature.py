"""Rivers, ridges and hills, and the borders of the units, as the map holds them."""

import numpy as np
import shapely
from shapely.geometry import MultiPolygon, Polygon

from maker.frame import MARK, Unit, stream
from maker.ground import Ground
from maker.osmfile import Extract, Tags
from maker.shapes import blob, polygons_of, resample


def draw_nature(extract: Extract, ground: Ground) -> None:
    """Draw water, ridges and hills, each large one a multipolygon relation."""
    rng = stream("nature")
    for name, (line, water) in ground.rivers.items():
        label = f"{name}{MARK}"
        extract.line(line, {"waterway": "river", "name": label})
        tags = {"natural": "water", "water": "river", "name": label}
        extract.area(water, tags, relation=True)
    for line in ground.streams:
        extract.line(line, {"waterway": "stream"})
    for ridge in ground.ridges:
        label = f"{ridge.name}{MARK}"
        extract.line(ridge.crest, {"natural": "ridge", "name": label})
        extract.area(_with_clearings(rng, ridge.woods), {"natural": "wood"}, relation=True)
    for name, tag, shape in ground.greens:
        tags: Tags = {"leisure": "park"} if tag == "park" else {"natural": "wood"}
        if name:
            tags["name"] = f"{name}{MARK}"
        if shape.geom_type == "Polygon":
            extract.area(shape, tags, relation=bool(rng.uniform() < 0.2))


def _with_clearings(rng: np.random.Generator, woods: Polygon) -> Polygon | MultiPolygon:
    """Cut a few clearings into a ridge's woods."""
    west, south, east, north = woods.bounds
    clearings = [
        blob(rng, np.array([rng.uniform(west, east), rng.uniform(south, north)]), 2.5e5, 0.25)
        for _ in range(60)
    ]
    inside = [spot for spot in clearings if woods.buffer(-60.0).contains(spot)]
    parts = polygons_of(woods.difference(shapely.union_all(inside)))
    return max(parts, key=lambda part: part.area)


def draw_borders(
    extract: Extract, units: list[Unit], zones: list[Polygon], outline: Polygon
) -> None:
    """Draw the district and its units as boundary relations of invented shape."""
    for unit, zone in zip(units, zones, strict=True):
        tags = {"admin_level": "8", "name": f"{unit.name}{MARK}", "ref": unit.zone_id}
        _border(extract, zone, tags)
        seat = {"place": "suburb" if unit.kind == "subdistrict" else "town"}
        extract.node(np.array(unit.seat), seat | {"name": f"{unit.name}{MARK}"})
    _border(extract, outline, {"admin_level": "6", "name": f"渝北区{MARK}", "ref": "500112"})


def _border(extract: Extract, shape: Polygon | MultiPolygon, tags: Tags) -> None:
    """Draw one boundary relation, its ring in ways of at most 60 nodes."""
    members = []
    for part in polygons_of(shape):
        ring = resample(np.asarray(part.exterior.coords), 400.0)[:-1]
        refs = [extract.node(point) for point in ring]
        refs.append(refs[0])
        for first in range(0, len(refs) - 1, 60):
            piece = refs[first : first + 61]
            level = {"admin_level": tags["admin_level"]}
            way = extract.way(piece, {"boundary": "administrative", **level})
            members.append(("w", way, "outer"))
    extract.relations.append((members, {"type": "boundary", "boundary": "administrative", **tags}))
