"""Distances on the ellipsoid, so that the recount does not share an error of the plan's CRS.

Plans are made on a map whose lengths are true to 0.1 % (:func:`siting.geo.area_crs`). The recount
measures on the ground instead and forgives that much.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pyproj import Geod, Transformer
from scipy.spatial import cKDTree

from siting.geo import MOST_DISTORTION, WGS84

if TYPE_CHECKING:
    import geopandas as gpd

    from siting.arrays import Flags, Floats, Ints

FORGIVEN = MOST_DISTORTION
"""Share by which a distance on the map may differ from that on the ground."""

_GEOD = Geod(ellps="WGS84")
_FROM_CENTRE = Transformer.from_crs(WGS84, "EPSG:4978", always_xy=True)
"""Metres from the centre of the earth: there a straight line is never longer than the way."""


def near_pairs(table: gpd.GeoDataFrame, within_m: float) -> tuple[Ints, Floats]:
    """Return the pairs of rows at most so far apart on the ground (k, 2), and how far (k,)."""
    lon, lat = _degrees(table)
    pairs = cKDTree(_metres(lon, lat)).query_pairs(within_m, output_type="ndarray")
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    one, other = pairs.T
    away = np.asarray(_GEOD.inv(lon[one], lat[one], lon[other], lat[other])[2], dtype=float)
    return pairs, away


def within(table: gpd.GeoDataFrame, others: gpd.GeoDataFrame, metres: float) -> Flags:
    """Tell which rows have one of some others at most so far away on the ground."""
    if others.empty or table.empty:
        return np.zeros(len(table), dtype=bool)
    chord, _ = cKDTree(_metres(*_degrees(others))).query(_metres(*_degrees(table)))
    # at the distances of promises a chord is a millimetre shorter than the way
    return np.asarray(chord <= metres * (1 + FORGIVEN) + _SLACK_M, dtype=bool)


_SLACK_M = 1e-3


def _degrees(table: gpd.GeoDataFrame) -> tuple[Floats, Floats]:
    points = table.geometry.to_crs(WGS84)
    return points.x.to_numpy(dtype=float), points.y.to_numpy(dtype=float)


def _metres(lon: Floats, lat: Floats) -> Floats:
    return np.column_stack(_FROM_CENTRE.transform(lon, lat, np.zeros(len(lon))))
