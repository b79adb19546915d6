"""A town on a grid, small enough to check by hand: 5 x 5 crossings, 200 m apart."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from siting.analysis.candidates.site_kinds import check_site_kinds
from siting.analysis.candidates.site_rules import check_site_rules
from siting.analysis.station.chargers import Chargers, make_chargers, with_mean_charger
from siting.shipped import shipped_path

CRS = "EPSG:4545"
STEP_M = 200.0
SIDE = 5
SPEED_M_PER_S = 10.0


def crossing(column: int, row: int) -> int:
    """Node id of a crossing."""
    return 100 + row * SIDE + column


def nodes() -> gpd.GeoDataFrame:
    ids = [crossing(x, y) for y in range(SIDE) for x in range(SIDE)]
    points = [shapely.Point(x * STEP_M, y * STEP_M) for y in range(SIDE) for x in range(SIDE)]
    return gpd.GeoDataFrame({"node_id": ids}, geometry=points, crs=CRS)


def edges(*, main_row: int = 0, road_class: str = "residential") -> gpd.GeoDataFrame:
    """All streets both ways; the streets of one row are primary."""
    pairs = []
    for y in range(SIDE):
        for x in range(SIDE):
            if x + 1 < SIDE:
                kind = "primary" if y == main_row else road_class
                pairs.append((crossing(x, y), crossing(x + 1, y), kind))
            if y + 1 < SIDE:
                pairs.append((crossing(x, y), crossing(x, y + 1), road_class))
    both = [*pairs, *((b, a, kind) for a, b, kind in pairs)]
    return edge_table([(a, b, STEP_M, STEP_M / SPEED_M_PER_S, kind) for a, b, kind in both])


def edge_table(rows: list[tuple[int, int, float, float, str]]) -> gpd.GeoDataFrame:
    """Edges as (from, to, metres, seconds, class), straight lines between the crossings.

    Rows there and back of one class are one street.
    """
    start, end, length, drive, road_class = zip(*rows, strict=True)
    streets: dict[tuple, int] = {}
    for a, b, metres, _, kind in rows:
        streets.setdefault((min(a, b), max(a, b), metres, kind), len(streets))
    return gpd.GeoDataFrame(
        {
            "from_node": np.array(start, dtype=np.int64),
            "to_node": np.array(end, dtype=np.int64),
            "length_m": np.array(length, dtype=float),
            "drive_s": np.array(drive, dtype=float),
            "road_class": list(road_class),
            "name": None,
            "ref": None,
            "street_id": [streets[min(a, b), max(a, b), m, k] for a, b, m, _, k in rows],
            "tunnel": False,
            "opened": False,
            "speed_tagged": False,
        },
        geometry=[shapely.LineString([_spot(a), _spot(b)]) for a, b, *_ in rows],
        crs=CRS,
    )


def _spot(node_id: int) -> tuple[float, float]:
    row, column = divmod(node_id - 100, SIDE)
    return column * STEP_M, row * STEP_M


def square(x: float, y: float, side: float) -> shapely.Polygon:
    """A square around a point."""
    half = side / 2
    return shapely.box(x - half, y - half, x + half, y + half)


def place(place_id: str, kind: str, geometry: shapely.Geometry, **tags: object) -> dict:
    empty = dict.fromkeys(("name", "parking", "access", "ref", "operator"))
    numbers = {"capacity": np.nan, "levels": np.nan}
    return {
        "place_id": place_id, "kind": kind, **empty, **numbers, "source": "osm", **tags,
        "geometry": geometry,
    }  # fmt: skip


def places(*rows: dict) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(pd.DataFrame(list(rows)), geometry="geometry", crs=CRS)


def zone(zone_id: str, geometry: shapely.Geometry, population: float = 1000.0) -> dict:
    return {
        "zone_id": zone_id, "name": f"zone {zone_id}", "name_en": None, "kind": "town",
        "managed_by": None, "population": population,
        "population_quality": "missing" if np.isnan(population) else "exact",
        "geometry": geometry,
    }  # fmt: skip


def zones(*rows: dict) -> gpd.GeoDataFrame:
    """The zones given; without any, the west and the east half of the town."""
    halves = (
        zone("a", shapely.box(-500, -500, 400, 1300)),
        zone("b", shapely.box(400, -500, 1300, 1300)),
    )
    return gpd.GeoDataFrame(pd.DataFrame(list(rows or halves)), geometry="geometry", crs=CRS)


def station(station_id: str, x: float, y: float, **values: object) -> dict:
    return {
        "station_id": station_id, "name": None, "operator": None, "chargers": np.nan,
        "power_kw": np.nan, "swap": False, "as_of": None, "source": "file", **values,
        "geometry": shapely.Point(x, y),
    }  # fmt: skip


def stations(*rows: dict) -> gpd.GeoDataFrame:
    if not rows:
        bare = station("none", 0, 0)
        return gpd.GeoDataFrame(pd.DataFrame([bare]), geometry="geometry", crs=CRS).iloc[:0]
    return gpd.GeoDataFrame(pd.DataFrame(list(rows)), geometry="geometry", crs=CRS)


def substations(*rows: tuple[str, float, float, float]) -> gpd.GeoDataFrame:
    """Substations as (id, x, y, headroom_kw)."""
    return gpd.GeoDataFrame(
        {
            "substation_id": pd.array([row[0] for row in rows], dtype="str"),
            "name": pd.array([None] * len(rows), dtype="str"),
            "headroom_kw": np.array([row[3] for row in rows], dtype=float),
            "source": pd.array(["file"] * len(rows), dtype="str"),
        },
        geometry=[shapely.Point(row[1], row[2]) for row in rows],
        crs=CRS,
    )


def raw_kinds() -> pd.DataFrame:
    return pd.read_csv(shipped_path("site_kinds.csv"), encoding="utf-8")


def kinds(language: str = "en") -> pd.DataFrame:
    checked = check_site_kinds(raw_kinds(), language=language)
    return with_mean_charger(checked, chargers())


def chargers() -> Chargers:
    return make_chargers(
        pd.read_csv(shipped_path("charger_classes.csv"), encoding="utf-8"),
        pd.read_csv(shipped_path("charger_mix.csv"), encoding="utf-8"),
        check_site_kinds(raw_kinds()),
    )


def rules(language: str = "en") -> tuple:
    frame = pd.read_csv(shipped_path("site_rules.csv"), encoding="utf-8")
    return check_site_rules(frame, language=language)
