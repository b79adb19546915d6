"""What offices keep and no map shows: classed sights, renewal areas, idle land, planned car parks.

Two sights are of the class they are listed with (统景温泉 and 两江国际影视城, 4A, V 25b); all other
classes are invented. Yubei has 19 key renewal areas, of which 12 are old estates, 5 works
and 2 shopping streets, 4,253 ha together (V 82); names and outlines here are invented.
"""

import json
from pathlib import Path

import numpy as np
from shapely import STRtree
from shapely.geometry import LineString, Point, Polygon, mapping

from maker import skeleton
from maker.frame import MARK, NOTE, Unit, stream, to_lonlat, to_plane
from maker.names import Names
from maker.plots import Place, Plot, carve
from maker.shapes import box
from maker.streets import Graph
from maker.tables import write_table
from maker.zones import lonlat_shape

CLASS_4A = ("统景温泉", "两江国际影视城")
CLASSES = {
    "龙兴古镇": "4A", "铜锣山矿山公园": "4A", "园博园": "4A", "巴渝民俗博物馆": "3A",
    "碧津公园": "3A", "张关溶洞": "3A", "际华园": "3A", "照母山森林公园": "2A", "排花洞": "2A",
}  # fmt: skip
RENEWAL = (("home", 12, "老旧片区"), ("industrial", 5, "老厂片区"),
           ("retail", 2, "老商圈"))  # fmt: skip
RENEWAL_HA = 4253  # of all areas together (V 82)
IDLE, PLANNED = 60, 24


def write_sights(path: Path, places: list[Place], graph: Graph) -> None:
    """Write the sights with their class, as a culture commission does; great parks at a gate."""
    classes = dict.fromkeys(CLASS_4A, "4A") | CLASSES
    drawn = {place.tags.get("name"): place for place in places if place.kind == "sight"}
    roads = [LineString(edge.line) for edge in graph.edges if not edge.street.raised]
    tree = STRtree(roads)
    rows = []
    for name, lon, lat, _ in skeleton.SIGHTS:
        if name in classes:
            place = drawn.get(f"{name}{MARK}")
            spot = to_plane([(lon, lat)])[0] if place is None else _inside(place)
            if place is None:
                road = roads[int(tree.nearest(Point(spot)))]
                spot = np.asarray(road.interpolate(road.project(Point(spot))).coords[0])
            east, north = to_lonlat(spot)[0]
            rows.append(
                {
                    "sight_id": f"J{len(rows) + 1:02d}",
                    "name": f"{name}{MARK}",
                    "a_level": classes[name],
                    "lon": f"{east:.6f}",
                    "lat": f"{north:.6f}",
                    "note": NOTE,
                }
            )
    write_table(path, ["sight_id", "name", "a_level", "lon", "lat", "note"], rows)


def write_renewal(path: Path, places: list[Place], outline: Polygon) -> None:
    """Write the renewal areas: oblongs around places of their kind, apart from one another."""
    rng = stream("renewal")
    names = Names(stream("renewal-names"))
    features, taken = [], []
    side = np.sqrt(RENEWAL_HA * 1e4 / sum(count for _, count, _ in RENEWAL))
    for kind, count, ending in RENEWAL:
        fit = [p for p in places if p.kind == kind and isinstance(p.shape, Polygon)]
        left = count
        for number in rng.permutation(len(fit)):
            spot = np.asarray(fit[int(number)].shape.representative_point().coords[0])
            if left == 0:
                break
            if min((np.hypot(*(spot - other)) for other in taken), default=1e9) < 1.3 * side:
                continue
            if not (_in_town(spot) and outline.contains(Point(spot).buffer(side / 2))):
                continue
            taken.append(spot)
            left -= 1
            turn = float(rng.uniform(0, np.pi))
            long = float(rng.uniform(0.8, 1.25))
            shape = box(spot, np.array([np.cos(turn), np.sin(turn)]), side * long, side / long)
            told = {"area_id": f"G{len(taken):02d}", "name": names.place(ending), "year": 2025}
            features.append(_feature(shape, told))
    _write_geojson(path, features)


def write_idle_land(path: Path, plots: list[Plot], units: list[Unit]) -> None:
    """Write idle, corner and edge land as polygons of their own: what old-estate works win."""
    rng = stream("idle-land")
    names = Names(stream("idle-names"))
    fit = [plot for plot in plots if 0 <= plot.zone < len(units) and plot.shape.area > 2500.0]
    features = []
    for number in rng.choice(len(fit), IDLE, replace=False):
        corner, _ = carve(fit[int(number)].shape, float(rng.uniform(250.0, 1600.0)))
        told = {"land_id": f"K{len(features) + 1:03d}", "name": names.place("闲置地")}
        features.append(_feature(corner, told))
    _write_geojson(path, features)


def write_planned_parks(path: Path, plots: list[Plot], units: list[Unit]) -> None:
    """Write the car parks to be built or enlarged, with bays and the year they open."""
    rng = stream("planned-parks")
    names = Names(stream("planned-names"))
    fit = [plot for plot in plots if 0 <= plot.zone < len(units) and plot.shape.area > 3000.0]
    rows = []
    for number in rng.choice(len(fit), PLANNED, replace=False):
        lon, lat = to_lonlat(fit[int(number)].shape.representative_point().coords[0])[0]
        rows.append(
            {
                "park_id": f"T{len(rows) + 1:03d}",
                "name": names.place("拟建停车场"),
                "bays": int(np.clip(110 * np.exp(rng.normal(0, 0.45)), 30, 400)),
                "year": int(rng.choice([2024, 2025, 2026], p=[0.4, 0.45, 0.15])),
                "lon": f"{lon:.6f}",
                "lat": f"{lat:.6f}",
                "note": NOTE,
            }
        )
    write_table(path, ["park_id", "name", "bays", "year", "lon", "lat", "note"], rows)


def _inside(place: Place) -> np.ndarray:
    """Give a point well inside a place."""
    return np.asarray(place.shape.representative_point().coords[0])


def _in_town(spot: np.ndarray) -> bool:
    """Say whether a spot lies in the built-up south-west, where old quarters are."""
    west, south = to_plane([(106.46, 29.57)])[0]
    east, north = to_plane([(106.68, 29.76)])[0]
    return bool(west < spot[0] < east and south < spot[1] < north)


def _feature(shape: Polygon, told: dict[str, object]) -> dict[str, object]:
    geometry = mapping(lonlat_shape(shape))
    return {"type": "Feature", "properties": {**told, "note": NOTE}, "geometry": geometry}


def _write_geojson(path: Path, features: list[dict[str, object]]) -> None:
    """Write areas in WGS-84, one a line, the same bytes each time."""
    lines = ",\n".join(json.dumps(feature, ensure_ascii=False) for feature in features)
    text = f'{{"type": "FeatureCollection", "features": [\n{lines}\n]}}\n'
    path.write_text(text, encoding="utf-8", newline="")
