"""What a place is like, for learning where stations stand.

Nothing here may know of the stations themselves: neither their chargers nor the gap they leave,
nor the kind of a site that is there only because a station is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_NEAR_M, _AROUND_M = 300.0, 1000.0
_OWN_KIND = "existing"
_BUSY = ("office", "retail", "public_facility", "transport_hub")


def site_features(sites: gpd.GeoDataFrame, xy: Floats, measures: dict[str, Floats]) -> pd.DataFrame:
    """Return the features of each site.

    Parameters
    ----------
    sites
        ``tables.SITES``.
    xy
        Their coordinates, (n, 2).
    measures
        Columns that hold for the place whoever stands there, e.g. demand in reach.

    Returns
    -------
    DataFrame
        The measures, and the other candidate places around: all within 300 m and 1 km, and
        offices, shops, public facilities and hubs within 1 km, as ``ln(1 + count)``. Sites that
        only exist because a station stands there are not counted.
    """
    kinds = sites["kind"].to_numpy(dtype=object)
    place = kinds != _OWN_KIND
    busy = np.isin(kinds.astype(str), _BUSY)
    return pd.DataFrame(
        {
            **measures,
            "places_300m": _others(xy, place, _NEAR_M),
            "places_1km": _others(xy, place, _AROUND_M),
            "busy_places_1km": _others(xy, busy, _AROUND_M),
        }
    )


def _others(xy: Floats, counted: NDArray[np.bool_], within_m: float) -> Floats:
    """Return ``ln(1 + count)`` of counted sites near each site, itself left out."""
    if not counted.any():
        return np.zeros(len(xy))
    found = cKDTree(xy[counted]).query_ball_point(xy, within_m, return_length=True)
    return np.log1p(np.asarray(found, dtype=float) - counted)
