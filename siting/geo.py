"""Coordinates: one metric CRS per run, and the doors for WGS-84, GCJ-02 and BD-09.

GCJ-02 is the datum Chinese online maps must use; BD-09 is Baidu's on top of it. In Yubei
GCJ-02 lies 475-504 m south-east of WGS-84, far more than a walking distance, so a datum
is always declared, never guessed. CGCS2000 (EPSG:4490) counts as WGS-84 (within a metre).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely
from pyproj import CRS, Geod, Transformer
from pyproj.exceptions import CRSError

from siting.errors import AreaError, DatumError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    import geopandas as gpd
    from shapely.geometry.base import BaseGeometry

    from siting.arrays import Flags, Floats

    Shift: TypeAlias = Callable[[Floats, Floats], tuple[Floats, Floats]]

WGS84 = "EPSG:4326"
YUBEI_EPSG = 4545
_UTM_NORTH, _UTM_SOUTH = 32600, 32700
# CGCS2000, 3-degree zones: EPSG number of the first, its central meridian, and of the last one.
_CGCS_FIRST, _CGCS_FROM, _CGCS_TO = 4534, 75, 135
_SHORT_DEG = 1e-4
MOST_DISTORTION = 1e-3
"""A metre on the map differs from one on the ground by at most this share of it."""

DATUMS = ("wgs84", "gcj02", "bd09")

# Krasovsky 1940, as the published GCJ-02 formula uses it.
_SEMI_MAJOR_M = 6378245.0
_ECCENTRICITY2 = 0.00669342162296594323
# Baidu's constants: the frequency of the ripple, and the offset in degrees.
_BD_TURN = np.pi * 3000.0 / 180.0
_BD_EAST, _BD_NORTH = 0.0065, 0.006
# West, south, east, north of the box in which GCJ-02 differs from WGS-84.
_CHINA = (72.004, 0.8293, 137.8347, 55.8271)
_INVERSE_STEPS = 6
_GEOD = Geod(ellps="WGS84")


def wgs84_to_gcj02(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Shift WGS-84 degrees to GCJ-02.

    Formula as published and used by every open converter (see ``docs/decisions.md``);
    outside a box around China the two are the same.

    Parameters
    ----------
    lon, lat
        Degrees, arrays of one shape.

    Returns
    -------
    tuple of arrays
        Longitude and latitude in GCJ-02 degrees.

    Examples
    --------
    >>> lon, lat = wgs84_to_gcj02(np.array([106.63]), np.array([29.72]))
    >>> bool(475 < distance_m(106.63, 29.72, lon[0], lat[0]) < 504)
    True
    """
    lon, lat = np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)
    east, north = _gcj_shift(lon, lat)
    inside = in_china(lon, lat)
    return lon + np.where(inside, east, 0.0), lat + np.where(inside, north, 0.0)


def gcj02_to_wgs84(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Undo :func:`wgs84_to_gcj02` by fixed-point iteration, to well under 1 cm."""
    lon, lat = np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)
    return _undone(wgs84_to_gcj02, lon, lat, start=(lon, lat))


def gcj02_to_bd09(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Shift GCJ-02 degrees to Baidu's BD-09 (published formula, as in PRCoords)."""
    lon, lat = np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BD_TURN)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BD_TURN)
    return radius * np.cos(angle) + _BD_EAST, radius * np.sin(angle) + _BD_NORTH


def bd09_to_gcj02(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Undo :func:`gcj02_to_bd09` by fixed-point iteration, to well under 1 cm."""
    lon, lat = np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)
    return _undone(gcj02_to_bd09, lon, lat, start=(lon - _BD_EAST, lat - _BD_NORTH))


def to_wgs84(lon: Floats, lat: Floats, datum: str) -> tuple[Floats, Floats]:
    """Bring degrees of a named datum to WGS-84.

    Raises
    ------
    DatumError
        If the datum is none of wgs84, gcj02, bd09.
    """
    if datum == "wgs84":
        return np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)
    if datum == "gcj02":
        return gcj02_to_wgs84(lon, lat)
    if datum == "bd09":
        return gcj02_to_wgs84(*bd09_to_gcj02(lon, lat))
    raise DatumError(
        f"unknown datum '{datum}'",
        cure=f"one of: {', '.join(DATUMS)}",
    )


def shape_to_wgs84(frame: gpd.GeoDataFrame, datum: str) -> gpd.GeoDataFrame:
    """Bring the geometries of a frame in degrees of a datum to WGS-84 (EPSG:4326).

    Raises
    ------
    DatumError
        If the datum is unknown, or the frame is in a projected CRS.
    """
    return _shifted(frame, lambda lon, lat: to_wgs84(lon, lat, datum))


def shape_to_gcj02(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Bring the geometries of a WGS-84 frame to GCJ-02, for drawing on Chinese tiles."""
    return _shifted(frame, wgs84_to_gcj02)


def metric_crs(lon: float, lat: float, *, epsg: int | None = None) -> CRS:
    """Return the metric CRS of a run.

    The CRS asked for, else the UTM zone of the point (WGS-84 degrees). Yubei's own is
    EPSG:4545 (CGCS2000, central meridian 108 E).

    Raises
    ------
    DatumError
        If the EPSG number asked for does not exist or is not projected in metres.
    """
    if epsg is None:
        zone = int((lon + 180) // 6) % 60 + 1
        return CRS.from_epsg((_UTM_NORTH if lat >= 0 else _UTM_SOUTH) + zone)
    try:
        crs = CRS.from_epsg(epsg)
    except CRSError:
        crs = None
    if crs is None or not is_metric(crs):
        raise DatumError(
            f"EPSG:{epsg} is not a metric CRS",
            where="area.epsg",
            cure=f"for Yubei use {YUBEI_EPSG}; leave it out to use the UTM zone",
        )
    return crs


def area_crs(outline: BaseGeometry, *, epsg: int | None = None) -> CRS:
    """Return the metric CRS of a run, whose lengths are those on the ground.

    The CRS asked for, else the UTM zone of the middle; for an area at the edge of its zone, a
    transverse Mercator projection of its own.

    Parameters
    ----------
    outline
        The area in WGS-84 degrees.
    epsg
        The CRS asked for.

    Raises
    ------
    DatumError
        If the CRS asked for is none in metres, or distorts lengths by more than 0.1 % somewhere
        in the area.
    AreaError
        If the area is so wide that every CRS does.
    """
    middle = outline.centroid
    crs = metric_crs(middle.x, middle.y, epsg=epsg)
    off = distortion(crs, outline)
    if off <= MOST_DISTORTION:
        return crs
    own = CRS.from_dict(
        {"proj": "tmerc", "lon_0": round(middle.x, 3), "x_0": 500_000, "datum": "WGS84"}
    )
    if distortion(own, outline) > MOST_DISTORTION:
        raise AreaError(
            f"the area is too wide for lengths in one metric CRS: {off:.2%} off at its edge",
            where="area",
            cure="plan it in parts, each at most some 500 km from west to east",
        )
    if epsg is None:
        return own
    better = _better_epsg(middle.x, middle.y, outline)
    say = "" if better is None else f" or use area.epsg = {better}"
    raise DatumError(
        f"EPSG:{epsg} ({crs.name}) makes lengths in this area wrong by up to {off:.2%}, "
        f"more than {MOST_DISTORTION:.1%}",
        where="area.epsg",
        cure=f"leave it out to use a CRS made for the area{say}",
    )


def distortion(crs: CRS, outline: BaseGeometry) -> float:
    """Return by what share lengths on the map differ from those on the ground, at most.

    Short ways at the corners and the middle of an outline in WGS-84 degrees are measured on the
    map and on the ellipsoid, in four directions; infinite where the CRS knows no place. (A
    projection's own scale factors would not do: Web Mercator takes the earth for a sphere.)

    Examples
    --------
    >>> yubei = shapely.box(106.4, 29.5, 107.0, 30.1)
    >>> distortion(CRS.from_epsg(4545), yubei) < 0.0004
    True
    >>> round(distortion(CRS.from_epsg(3857), yubei), 2)  # Web Mercator
    0.16
    """
    corners = shapely.get_coordinates(outline)
    lon, lat = np.vstack([corners, shapely.get_coordinates(outline.centroid)]).T
    on_map = Transformer.from_crs(WGS84, crs, always_xy=True).transform
    x, y = on_map(lon, lat)
    off = np.zeros(len(lon))
    for east, north in ((1, 0), (0, 1), (1, 1), (1, -1)):
        to_lon, to_lat = lon + east * _SHORT_DEG, lat + north * _SHORT_DEG
        ground = np.asarray(_GEOD.inv(lon, lat, to_lon, to_lat)[2], dtype=float)
        to_x, to_y = on_map(to_lon, to_lat)
        off = np.maximum(off, np.abs(np.hypot(to_x - x, to_y - y) / ground - 1.0))
    return float(off.max()) if np.isfinite(off).all() else float("inf")


def _better_epsg(lon: float, lat: float, outline: BaseGeometry) -> int | None:
    """Return the EPSG number whose lengths in the area are the truest; None if all are off."""
    numbers = [metric_crs(lon, lat).to_epsg()]
    if bool(in_china(np.array(lon), np.array(lat))):
        zone = round((min(max(lon, _CGCS_FROM), _CGCS_TO) - _CGCS_FROM) / 3)
        numbers.append(_CGCS_FIRST + zone)
    off = {number: distortion(CRS.from_epsg(number), outline) for number in numbers if number}
    best = min(off, key=lambda number: (off[number], number))
    return best if off[best] <= MOST_DISTORTION else None


def crs_name(crs: CRS) -> str:
    """Return the name of a CRS that reads back as it: its EPSG number, else its definition."""
    number = crs.to_epsg()
    return crs.to_string() if number is None else f"EPSG:{number}"


def is_metric(crs: CRS) -> bool:
    """Return whether a CRS is projected in metres."""
    return crs.is_projected and crs.axis_info[0].unit_name == "metre"


def distance_m(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    """Return the geodesic distance of two WGS-84 points in metres."""
    return float(_GEOD.inv(lon1, lat1, lon2, lat2)[2])


def _undone(
    shift: Shift, lon: Floats, lat: Floats, *, start: tuple[Floats, Floats]
) -> tuple[Floats, Floats]:
    """Return the points that a shift brings to lon, lat; each step gains two or more digits."""
    guess_lon, guess_lat = start
    for _ in range(_INVERSE_STEPS):
        there_lon, there_lat = shift(guess_lon, guess_lat)
        guess_lon = guess_lon - (there_lon - lon)
        guess_lat = guess_lat - (there_lat - lat)
    return guess_lon, guess_lat


def _shifted(frame: gpd.GeoDataFrame, shift: Shift) -> gpd.GeoDataFrame:
    if frame.crs is not None and frame.crs.is_projected:
        raise DatumError(
            f"degrees are wanted, the geometry is in {frame.crs.name}",
            cure="a projected file carries its own CRS; declare its datum as wgs84",
        )

    def move(points: Floats) -> Floats:
        return np.column_stack(shift(points[:, 0], points[:, 1]))

    result = frame.copy()
    values = shapely.transform(frame.geometry.to_numpy(), move)
    return result.set_geometry(values, crs=WGS84)


def in_china(lon: Floats, lat: Floats) -> Flags:
    """Tell which points lie in the box around China in which GCJ-02 differs from WGS-84."""
    west, south, east, north = _CHINA
    return (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)


def _gcj_shift(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Return the shift in degrees east and north."""
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    wave = 20.0 * np.sin(6.0 * x * np.pi) + 20.0 * np.sin(2.0 * x * np.pi)
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y**2 + 0.1 * x * y + 0.2 * root
    north = north + (
        wave
        + 20.0 * np.sin(y * np.pi)
        + 40.0 * np.sin(y / 3.0 * np.pi)
        + 160.0 * np.sin(y / 12.0 * np.pi)
        + 320.0 * np.sin(y * np.pi / 30.0)
    ) * (2.0 / 3.0)
    east = 300.0 + x + 2.0 * y + 0.1 * x**2 + 0.1 * x * y + 0.1 * root
    east = east + (
        wave
        + 20.0 * np.sin(x * np.pi)
        + 40.0 * np.sin(x / 3.0 * np.pi)
        + 150.0 * np.sin(x / 12.0 * np.pi)
        + 300.0 * np.sin(x / 30.0 * np.pi)
    ) * (2.0 / 3.0)
    radians = lat * np.pi / 180.0
    magic = 1.0 - _ECCENTRICITY2 * np.sin(radians) ** 2
    root_magic = np.sqrt(magic)
    north = north * 180.0 / (_SEMI_MAJOR_M * (1.0 - _ECCENTRICITY2) / (magic * root_magic) * np.pi)
    east = east * 180.0 / (_SEMI_MAJOR_M / root_magic * np.cos(radians) * np.pi)
    return east, north
