"""Criteria of the user's own: what a layer of points or polygons measures at each site."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from siting import scenario

    Floats = NDArray[np.float64]


def measured(
    sites: gpd.GeoDataFrame, layer: gpd.GeoDataFrame, wanted: scenario.ScoreLayer
) -> Floats:
    """Return what a layer measures at each site; NaN where it has nothing to say.

    Parameters
    ----------
    sites
        Points in the metric CRS.
    layer
        ``geometry`` (any kind, the same CRS) and ``value`` (float, may be missing).
    wanted
        ``count``: features within ``within_m``. ``sum``: their values; 0 where there is none,
        missing where one of them is. ``distance``: metres to the nearest feature. ``value``:
        of the feature the site lies in, else of the nearest within ``within_m``.
    """
    points = sites.geometry.to_numpy()
    tree = shapely.STRtree(layer.geometry.to_numpy())
    values = layer["value"].to_numpy(dtype=float)
    if wanted.measure in {"count", "sum"}:
        site, feature = tree.query(points, predicate="dwithin", distance=wanted.within_m)
        each = np.ones(len(feature)) if wanted.measure == "count" else values[feature]
        return np.bincount(site, weights=each, minlength=len(points)).astype(float)
    limit = None if wanted.measure == "distance" else wanted.within_m
    (site, feature), away_m = tree.query_nearest(
        points, max_distance=limit, return_distance=True, all_matches=True
    )
    found = np.full(len(points), np.nan)
    # Of several as near as each other the last by position counts, whatever the tree's order.
    order = np.lexsort((feature, site))
    found[site[order]] = (away_m if wanted.measure == "distance" else values[feature])[order]
    return found
