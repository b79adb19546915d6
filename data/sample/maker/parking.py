"""Car parks: their tags, and the lots cut off for those who visit a place."""

import numpy as np
from shapely.geometry import Polygon

from maker.osmfile import Tags
from maker.plots import Place, shrink

BAY = 29.0  # gross square metres a bay


def parking_tags(rng: np.random.Generator, name: str, form: str, access: str) -> Tags:
    """Tag a car park as mappers do: seldom with its bays, often without a name."""
    tags = {"amenity": "parking"}
    if name:
        tags["name"] = name
    if form != "surface" or rng.uniform() < 0.55:
        tags["parking"] = form
    if access:
        tags["access"] = access
    elif rng.uniform() < 0.14:
        tags["access"] = str(rng.choice(["private", "customers", "yes", "permissive"]))
    if form == "multi-storey":
        tags["building"] = "parking"
        tags["building:levels"] = str(int(rng.integers(3, 8)))
    if rng.uniform() < 0.12:
        tags["fee"] = "yes"
    return tags


def car_park(rng: np.random.Generator, ground: Polygon, name: str, access: str = "") -> Place:
    """Draw a car park on a lot, its bays counted on one in seven."""
    form = str(rng.choice(["surface", "underground", "multi-storey"], p=[0.74, 0.18, 0.08]))
    shape = shrink(ground, 2.0) or ground
    tags = parking_tags(rng, name, form, access)
    if rng.uniform() < 0.15:
        floors = int(tags.get("building:levels", "2" if form == "underground" else "1"))
        tags["capacity"] = str(max(6, round(shape.area * floors / BAY)))
    point = form != "surface" and rng.uniform() < 0.4
    return Place("parking", shape.representative_point() if point else shape, tags)
