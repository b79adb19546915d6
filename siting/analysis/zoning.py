"""Which planning zone a point lies in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray


def zone_positions(points: NDArray[np.object_], zones: gpd.GeoDataFrame) -> NDArray[np.int64]:
    """Return the row of the zone each point lies in, -1 outside all.

    Parameters
    ----------
    points
        Points of the zones' metric CRS (n,).
    zones
        ``tables.ZONES``. Where zones overlap or a point lies on a border, the zone with
        the smaller id has it, so that every point has one zone.
    """
    by_id = np.argsort(zones["zone_id"].to_numpy(dtype=object), kind="stable")
    rank = np.empty(len(zones), dtype=np.int64)
    rank[by_id] = np.arange(len(zones))
    point, zone = zones.sindex.query(points, predicate="intersects")
    best = np.full(len(points), len(zones), dtype=np.int64)
    np.minimum.at(best, point, rank[zone])
    inside = best < len(zones)
    result = np.full(len(points), -1, dtype=np.int64)
    result[inside] = by_id[best[inside]]
    return result


def zone_ids(points: NDArray[np.object_], zones: gpd.GeoDataFrame) -> NDArray[np.object_]:
    """Return the zone_id of each point, None outside all zones (see above)."""
    found = zone_positions(points, zones)
    result = np.full(len(points), None, dtype=object)
    result[found >= 0] = zones["zone_id"].to_numpy(dtype=object)[found[found >= 0]]
    return result
