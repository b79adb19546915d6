"""Where people go: a deck of venues dealt onto the lots that homes leave."""

from dataclasses import dataclass

import numpy as np

from maker.frame import Unit, stream
from maker.names import Names
from maker.parking import car_park
from maker.plots import Place, Plot, carve, cut_lots, shrink
from maker.shapes import long_axis


@dataclass(frozen=True, slots=True)
class Card:
    """A kind of venue: how many, on how much ground, and how it is mapped."""

    kind: str
    tags: tuple[tuple[str, str], ...]
    count: int
    ground: tuple[float, float]  # square metres
    ending: str
    as_point: float = 0.0  # share mapped as a node
    parking: float = 0.0  # share with a car park of its own
    quarter: str = "any"  # "works" in industrial quarters first


def _card(
    kind: str,
    tags: str,
    count: int,
    ground: tuple[float, float],
    ending: str,
    shares: tuple[float, float] = (0.0, 0.0),
    quarter: str = "any",
) -> Card:
    """Make a card from tags written `key=value key=value`; shares as a point, with parking."""
    pairs = tuple(tuple(pair.split("=")) for pair in tags.split())
    return Card(kind, pairs, count, ground, ending, *shares, quarter)


DECK = [
    _card("public", "amenity=university", 12, (45e3, 110e3), "学院", (0, 0.6)),
    _card("industrial", "landuse=industrial", 190, (16e3, 90e3), "工业园", (0, 0.2), "works"),
    _card("industrial", "landuse=industrial industrial=logistics", 40, (20e3, 70e3), "物流园",
          (0, 0.35), "works"),
    _card("industrial", "building=warehouse", 85, (4e3, 14e3), "仓库", (0, 0), "works"),
    _card("public", "amenity=school", 215, (12e3, 32e3), "学校", (0, 0.15)),
    _card("public", "amenity=hospital", 56, (9e3, 36e3), "医院", (0.05, 0.6)),
    _card("retail", "shop=mall building=retail", 55, (9e3, 30e3), "购物中心", (0.05, 0.8)),
    _card("sight", "leisure=park", 60, (9e3, 50e3), "公园", (0, 0.3)),
    _card("public", "leisure=stadium", 5, (18e3, 40e3), "体育场", (0, 0.8)),
    _card("public", "leisure=sports_centre", 40, (5e3, 16e3), "体育中心", (0.1, 0.5)),
    _card("office", "landuse=commercial", 120, (6e3, 24e3), "商务区", (0, 0.3)),
    _card("retail", "landuse=retail", 85, (4e3, 15e3), "商业街", (0, 0.25)),
    _card("retail", "shop=car", 45, (2.5e3, 8e3), "汽车销售中心", (0.2, 0.2)),
    _card("office", "building=office", 190, (1.8e3, 6e3), "大厦", (0, 0.35)),
    _card("office", "building=commercial", 110, (1.8e3, 6e3), "商务楼", (0, 0.25)),
    _card("office", "office=company", 95, (1.2e3, 4e3), "公司", (0.75, 0)),
    _card("office", "office=government", 35, (2e3, 6e3), "办公楼", (0.3, 0.5)),
    _card("office", "office=it", 30, (2e3, 6e3), "科技楼", (0.3, 0.3)),
    _card("bus", "amenity=bus_station", 34, (4e3, 13e3), "公交枢纽站", (0.08, 0.1)),
    _card("fuel", "amenity=fuel", 88, (1.3e3, 3.6e3), "加油站", (0.3, 0)),
    _card("substation", "power=substation", 56, (1.5e3, 7e3), "变电站", (0.15, 0)),
    _card("parking", "amenity=parking access=yes", 38, (1.4e3, 6e3), "公共停车场"),
    _card("parking", "amenity=parking", 285, (700.0, 4.6e3), "临时停车场"),
    _card("retail", "shop=supermarket", 150, (1.2e3, 4e3), "超市", (0.5, 0.15)),
    _card("public", "amenity=kindergarten", 110, (2.2e3, 5.5e3), "幼儿园", (0.15, 0)),
    _card("public", "amenity=clinic", 90, (900.0, 2.5e3), "社区卫生服务中心", (0.6, 0.1)),
    _card("public", "amenity=community_centre", 110, (900.0, 3e3), "便民服务中心", (0.4, 0.3)),
    _card("public", "amenity=townhall", 26, (3e3, 9e3), "政务服务中心", (0.1, 0.6)),
    _card("public", "amenity=library", 16, (2e3, 6e3), "图书馆", (0.2, 0.5)),
    _card("public", "amenity=police", 24, (1.5e3, 4e3), "派出所", (0.3, 0)),
    _card("public", "amenity=post_office", 20, (900.0, 2e3), "邮政所", (0.7, 0)),
    _card("public", "amenity=theatre", 8, (3e3, 9e3), "剧院", (0.1, 0.6)),
    _card("sight", "tourism=museum", 14, (3e3, 9e3), "博物馆", (0.3, 0.6)),
    _card("sight", "tourism=attraction", 22, (2e3, 9e3), "观景台", (0.6, 0.3)),
    _card("sight", "historic=memorial", 10, (900.0, 2e3), "纪念园", (0.7, 0)),
    _card("other", "landuse=construction", 70, (5e3, 30e3), "", (0, 0)),
    _card("other", "landuse=brownfield", 25, (5e3, 20e3), "", (0, 0)),
    _card("other", "landuse=military", 3, (9e3, 30e3), "", (0, 0)),
]  # fmt: skip
# What every town centre has, whatever the deal.
MUST = [
    "amenity=school",
    "amenity=hospital",
    "amenity=townhall",
    "amenity=bus_station",
    "shop=supermarket",
    "amenity=fuel",
    "power=substation",
    "amenity=parking access=yes",
    "amenity=parking",
    "amenity=community_centre",
    "amenity=clinic",
]


def deal(plots: list[Plot], units: list[Unit], names: Names) -> list[Place]:
    """Give every town its musts, then deal the deck onto the lots, largest cards first."""
    rng = stream("venues")
    sizes = rng.choice([9e3, 24e3, 160e3], len(plots), p=[0.74, 0.2, 0.06])
    lots = [
        lot
        for plot, size in zip(plots, sizes, strict=True)
        for lot in cut_lots(rng, plot, max(size, 24e3) if plot.industrial else size)
    ]
    density = [unit.population ** 0.35 * (1.0 if unit.kind == "subdistrict" else 0.75)
               for unit in units]  # fmt: skip
    pull = [density[lot.zone] if lot.zone >= 0 else 12.0 for lot in lots]
    keys = rng.uniform(size=len(lots)) ** (1.0 / np.array(pull) * 20.0)
    pool = [lots[int(k)] for k in np.argsort(-keys)]
    places: list[Place] = []
    for zone, unit in enumerate(units):
        if unit.kind == "town":
            for tags in MUST:
                card = next(c for c in DECK if _text(c) == tags)
                _deal_one(rng, card, pool, places, names, zone)
    cards = [card for card in DECK for _ in range(card.count)]
    for card in cards:
        _deal_one(rng, card, pool, places, names, None)
    return places + _greens(rng, pool)


def _text(card: Card) -> str:
    """Write a card's tags as the deck does."""
    return " ".join(f"{key}={value}" for key, value in card.tags)


def _deal_one(
    rng: np.random.Generator,
    card: Card,
    pool: list[Plot],
    places: list[Place],
    names: Names,
    zone: int | None,
) -> None:
    """Put one venue on the first lot that suits it; what is left of the lot goes back."""
    wanted = float(np.exp(rng.uniform(*np.log(card.ground))))
    k = _suiting(card, pool, wanted, zone)
    if k is None:
        return
    lot = pool.pop(k)
    shape, rest = carve(lot.shape, wanted)
    name = names.place(card.ending) if card.ending and rng.uniform() < _named(card) else ""
    rest = sorted(rest, key=lambda part: -part.area)
    if rest and rng.uniform() < card.parking:
        room = float(np.clip(wanted * rng.uniform(0.05, 0.2), 350.0, 2.5e3))
        strip, rest_of = carve(rest[0], room)
        label = name.replace("（", "停车场（") if rng.uniform() < 0.55 else ""
        places.append(car_park(rng, strip, label, "customers"))
        rest = [*rest_of, *rest[1:]]
    at = min(len(pool), k + int(rng.integers(200, 2000)))
    pool[at:at] = [
        Plot(part, lot.zone, lot.fabric, lot.industrial) for part in rest if _usable(part)
    ]
    places.append(_venue(rng, card, shape, name))


def _suiting(card: Card, pool: list[Plot], wanted: float, zone: int | None) -> int | None:
    """Find the first lot large enough, in the quarter or the unit asked for."""
    fallback = None
    for k, lot in enumerate(pool):
        if (zone is not None and lot.zone != zone) or lot.shape.area < wanted:
            continue
        if zone is not None or lot.industrial == (card.quarter == "works"):
            return k
        fallback = k if fallback is None and card.quarter == "works" else fallback
    return fallback


def _usable(part: object) -> bool:
    """Say whether a remnant is still a lot: large and broad enough."""
    _, _, width = long_axis(part)
    return part.area > 700.0 and width > 18.0


def _named(card: Card) -> float:
    """Say how often such a venue carries a name."""
    return {"parking": 0.5, "fuel": 0.85, "industrial": 0.8, "substation": 0.6}.get(card.kind, 0.93)


def _venue(rng: np.random.Generator, card: Card, shape: object, name: str) -> Place:
    """Draw one venue as an area or a point."""
    if card.kind == "parking":
        tags = dict(card.tags)
        return car_park(
            rng, shape, name, tags.get("access", ""), "" if "access" in tags else "surface"
        )
    tags = dict(card.tags)
    if name:
        tags["name"] = name
    if card.kind == "fuel" and rng.uniform() < 0.15:
        tags["fuel:cng"] = "yes"
    if card.kind == "substation":
        tags["voltage"] = str(rng.choice(["110000", "110000", "110000", "220000", "35000"]))
    drawn = shrink(shape, 4.0 if "building" in tags else 1.5) or shape
    if "building" in tags and rng.uniform() < 0.3:
        tags["building:levels"] = str(int(rng.integers(2, 30 if card.kind == "office" else 6)))
    point = rng.uniform() < card.as_point
    place = drawn.representative_point() if point else drawn
    return Place(card.kind, place, tags, relation=not point and bool(rng.uniform() < 0.03))


def _greens(rng: np.random.Generator, pool: list[Plot]) -> list[Place]:
    """Sow grass or scrub on some of the lots nobody took."""
    tags = [{"landuse": "grass"}, {"natural": "scrub"}, {"landuse": "forest"}]
    return [
        Place("green", lot.shape, dict(tags[int(rng.integers(3))]))
        for lot in pool
        if rng.uniform() < 0.35
    ]
