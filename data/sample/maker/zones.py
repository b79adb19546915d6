"""The thirty units as invented polygons: nearest seat by weight, on a bent plane, then smoothed."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import shapely
from scipy import ndimage
from shapely.geometry import Polygon

from maker.frame import Unit, stream, to_lonlat

CELL = 120.0
POLYGON_NOTE = "合成样例：名称与人口为真实数据，多边形为合成，不是法定界线"
_REACH = {"subdistrict": 1.0, "town": 2.3}


def draw_zones(units: list[Unit], outline: Polygon) -> list[Polygon]:
    """Divide the outline among the units; the polygons cover it without overlap."""
    west, south, east, north = outline.buffer(3 * CELL).bounds
    xs, ys = np.arange(west, east, CELL), np.arange(south, north, CELL)
    grid = np.stack(np.meshgrid(xs, ys), axis=-1)
    owner = _tidy(_nearest(grid + CELL / 2, units), len(units))
    cells = [
        shapely.union_all(
            shapely.box(*(grid[owner == k].T), *((grid[owner == k] + CELL).T)), grid_size=0.001
        )
        for k in range(len(units))
    ]
    smoothed = shapely.coverage_simplify(cells, 260.0)
    return [_largest(zone.intersection(outline)) for zone in smoothed]


def _nearest(centres: np.ndarray, units: list[Unit]) -> np.ndarray:
    """Give each cell the number of its unit; towns reach farther than subdistricts."""
    rng = stream("zones")
    bent = centres.copy()
    for _ in range(6):
        turn, phase, length = rng.uniform(0, 2 * np.pi), rng.uniform(0, 6), rng.uniform(1500, 6000)
        wave = np.sin(2 * np.pi * (centres @ [np.cos(turn), np.sin(turn)]) / length + phase)
        bent += 0.07 * length * wave[..., None] * np.array([-np.sin(turn), np.cos(turn)])
    seats = np.array([unit.seat for unit in units])
    weights = np.array([_REACH[unit.kind] for unit in units])
    distance = np.hypot(*np.moveaxis(bent[..., None, :] - seats, -1, 0)) / weights
    return np.argmin(distance, axis=-1)


def _tidy(owner: np.ndarray, count: int) -> np.ndarray:
    """Keep each unit's largest piece; give stray cells to the nearest other piece."""
    kept = np.full_like(owner, -1)
    for k in range(count):
        labels, pieces = ndimage.label(owner == k)
        if pieces:
            sizes = ndimage.sum_labels(np.ones_like(labels), labels, np.arange(1, pieces + 1))
            kept[labels == 1 + int(np.argmax(sizes))] = k
    _, (rows, columns) = ndimage.distance_transform_edt(kept < 0, return_indices=True)
    return kept[rows, columns]


def _largest(shape: shapely.Geometry) -> shapely.Geometry:
    """Return a valid polygon, or all parts where the outline cuts one in two."""
    parts = [p for p in shapely.get_parts(shape) if p.geom_type == "Polygon" and p.area > 1.0]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def lonlat_shape(shape: shapely.Geometry) -> shapely.Geometry:
    """Turn a shape on the plane into rounded WGS-84."""
    return shapely.transform(shape, to_lonlat)


def write_zones(path: Path, units: list[Unit], zones: list[Polygon]) -> None:
    """Write the units as a GeoPackage that has the same bytes each time."""
    table = gpd.GeoDataFrame(
        {
            "zone_id": [u.zone_id for u in units],
            "name": [u.name for u in units],
            "name_en": [u.name_en for u in units],
            "kind": [u.kind for u in units],
            "managed_by": [u.managed_by for u in units],
            "district_since_2025_11": [u.district_since_2025_11 for u in units],
            "population": [u.population for u in units],
            "population_quality": [u.quality for u in units],
            "synthetic": [True] * len(units),
            "note": [POLYGON_NOTE] * len(units),
        },
        geometry=[lonlat_shape(zone) for zone in zones],
        crs="EPSG:4326",
    )
    path.unlink(missing_ok=True)
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "2023-12-31T00:00:00.000Z"})
    pyogrio.write_dataframe(table, path, layer="zones", driver="GPKG")
