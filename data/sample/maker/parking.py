"""Car parks: their tags, the lots of those who visit a place, and the bays along the kerb.

How many bays there are follows the count of central Chongqing in February 2023 (answer 0063 of the
City Management Bureau, V 80): 2,723,300 bays for 10.34 million people, of which 2,538,500 belong to
buildings, 27,800 are in public car parks, 93,600 on temporary land and 63,400 along the kerb.
"""

import numpy as np
from shapely.geometry import Polygon

from maker.frame import MARK, Unit, stream
from maker.osmfile import Tags
from maker.plots import Place, shrink, zone_at
from maker.shapes import box, lengths_along
from maker.streets import Edge, Graph

BAY = 29.0  # gross square metres a bay
CENTRE_PEOPLE = 10.34e6
PUBLIC_BAYS, TEMPORARY_BAYS, KERB_BAYS = 27_800, 93_600, 63_400
KERB_BAY = (6.0, 2.5)  # a bay along the kerb, length and width in metres
_KERB = {"tertiary": 6.5, "residential": 4.5, "living_street": 4.0}  # half the carriageway, m
_MOST_KERB, _APART = 36, 130.0


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


def car_park(
    rng: np.random.Generator, ground: Polygon, name: str, access: str = "", form: str = ""
) -> Place:
    """Draw a car park on a lot, its bays counted on one in seven."""
    any_form = str(rng.choice(["surface", "underground", "multi-storey"], p=[0.74, 0.18, 0.08]))
    form = form or any_form
    shape = shrink(ground, 2.0) or ground
    tags = parking_tags(rng, name, form, access)
    if rng.uniform() < 0.15:
        floors = int(tags.get("building:levels", "2" if form == "underground" else "1"))
        tags["capacity"] = str(max(6, round(shape.area * floors / BAY)))
    point = form != "surface" and rng.uniform() < 0.4
    return Place("parking", shape.representative_point() if point else shape, tags)


def kerb_bays(graph: Graph, units: list[Unit], zones: list[Polygon]) -> list[Place]:
    """Mark bays along the kerb of town streets, as many a head as central Chongqing has."""
    rng = stream("kerb")
    left = KERB_BAYS / CENTRE_PEOPLE * sum(unit.population for unit in units)
    edges = [edge for edge in graph.edges if edge.street.kind in _KERB and not edge.street.tags]
    places: list[Place] = []
    spots: list[np.ndarray] = []
    for number in rng.permutation(len(edges)):
        if left <= 0:
            break
        strip = _strip(rng, edges[int(number)])
        if strip is None:
            continue
        spot, shape, bays = strip
        near = min((np.hypot(*(spot - other)) for other in spots), default=_APART)
        if near < _APART or zone_at(zones, np.array([spot]))[0] < 0:
            continue
        spots.append(spot)
        left -= bays
        places.append(Place("kerb", shape, _kerb_tags(rng, edges[int(number)], bays)))
    return places


def _strip(rng: np.random.Generator, edge: Edge) -> tuple[np.ndarray, Polygon, int] | None:
    """Lay a row of bays beside the longest straight of a street, 12 m clear of its ends."""
    line = edge.line
    steps = np.diff(lengths_along(line))
    longest = int(np.argmax(steps))
    bays = min(_MOST_KERB, int((steps[longest] - 24.0) / KERB_BAY[0]))
    if bays < 6:
        return None
    along = (line[longest + 1] - line[longest]) / steps[longest]
    side = np.array([along[1], -along[0]]) * rng.choice([-1.0, 1.0])
    spot = (line[longest] + line[longest + 1]) / 2
    spot = spot + side * (_KERB[edge.street.kind] + KERB_BAY[1] / 2)
    return spot, box(spot, along, bays * KERB_BAY[0], KERB_BAY[1]), bays


def _kerb_tags(rng: np.random.Generator, edge: Edge, bays: int) -> Tags:
    """Tag bays along the kerb: of two in five the number is mapped, of one in five the name."""
    tags = {"amenity": "parking", "parking": "street_side", "orientation": "parallel"}
    if rng.uniform() < 0.4:
        tags["capacity"] = str(bays)
    if edge.street.name and rng.uniform() < 0.2:
        tags["name"] = edge.street.name.replace(MARK, f"路内停车位{MARK}")
    return tags
