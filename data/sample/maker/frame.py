"""The plane the sample is drawn on, its seed, and the true facts it starts from."""

import csv
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyogrio
from pyproj import Transformer
from shapely import from_wkb
from shapely.geometry import Polygon

SEED = 500112
MARK = "（样例）"
NOTE = "合成样例"
FACTS = Path(__file__).resolve().parents[2] / "yubei"

_PLANE = "+proj=tmerc +lat_0=29.8 +lon_0=106.7 +ellps=WGS84 +units=m"
_FORWARD = Transformer.from_crs("EPSG:4326", _PLANE, always_xy=True)
_BACK = Transformer.from_crs(_PLANE, "EPSG:4326", always_xy=True)


def stream(name: str) -> np.random.Generator:
    """Return the random stream of one part, so that a change there moves nothing elsewhere."""
    return np.random.default_rng([SEED, zlib.crc32(name.encode())])


def to_plane(lonlat: object) -> np.ndarray:
    """Turn WGS-84 pairs, shape (n, 2), into metres on the plane."""
    pairs = np.asarray(lonlat, dtype=float).reshape(-1, 2)
    return np.column_stack(_FORWARD.transform(pairs[:, 0], pairs[:, 1]))


def to_lonlat(points: object) -> np.ndarray:
    """Turn metres on the plane, shape (n, 2), into WGS-84 pairs rounded to 1e-7 degrees."""
    pairs = np.asarray(points, dtype=float).reshape(-1, 2)
    return np.round(np.column_stack(_BACK.transform(pairs[:, 0], pairs[:, 1])), 7)


@dataclass(frozen=True, slots=True)
class Unit:
    """One township-level unit: true name, code and people; its seat on the plane."""

    zone_id: str
    name: str
    name_en: str
    kind: str
    managed_by: str
    district_since_2025_11: str
    population: int
    quality: str
    seat: tuple[float, float]


def read_outline() -> Polygon:
    """Read the district's outline as it was on 2023-12-31, on the plane."""
    _, _, wkb, _ = pyogrio.raw.read(FACTS / "boundary.gpkg", layer="boundary")
    ring = np.asarray(_polygon(wkb[0]).exterior.coords)
    return Polygon(to_plane(ring[:, :2]))


def _polygon(wkb: bytes) -> Polygon:
    """Read WKB and insist on one polygon."""
    shape = from_wkb(wkb)
    return shape if shape.geom_type == "Polygon" else shape.geoms[0]


def read_units() -> list[Unit]:
    """Read the thirty units in the order of their codes."""
    with (FACTS / "units.csv").open(encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row["zone_id"])
    return [
        Unit(
            zone_id=row["zone_id"],
            name=row["name_zh"],
            name_en=row["name_en"],
            kind=row["kind"],
            managed_by=row["managed_by_2023"],
            district_since_2025_11=row["district_since_2025_11"],
            population=int(row["population_2020"]),
            quality=row["population_quality"],
            seat=tuple(to_plane([(float(row["seat_lon"]), float(row["seat_lat"]))])[0]),
        )
        for row in rows
    ]
