"""From parts of the demand to demand points."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import shapely

if TYPE_CHECKING:
    import pandas as pd

    from siting.analysis.network import Network

QUALITIES = ("counted", "spread", "estimated")
"""How well people are known in their place, from the best to the worst."""


def demand_points(parts: pd.DataFrame, network: Network, *, crs: object) -> gpd.GeoDataFrame:
    """Join the parts of one kind at one node and in one zone to a demand point.

    Parameters
    ----------
    parts
        ``kind``, ``zone_id``, ``point``, ``kwh_day``, ``quality`` and, where they have them,
        ``people``, ``swap_kwh_day`` and ``node_id``; a part without a node has the nearest.
    network
        The roads.
    crs
        The metric CRS of the points.

    Returns
    -------
    GeoDataFrame
        ``tables.DEMAND`` but for ``peak_share``, sorted by demand_id. A point lies in the middle
        of its parts by energy and has the worst of their qualities.
    """
    parts = parts.reindex(columns=["kind", "zone_id", "point", "people", "kwh_day",
                                   "swap_kwh_day", "node_id", "quality"])  # fmt: skip
    numbers = {name: parts[name].astype(float).fillna(0.0) for name in ("kwh_day", "swap_kwh_day")}
    parts = parts.assign(**numbers, people=parts["people"].astype(float))
    parts = parts.assign(amount=parts["kwh_day"] + parts["swap_kwh_day"])
    parts = parts[parts["amount"] > 0].reset_index(drop=True)
    xy = shapely.get_coordinates(parts["point"].to_numpy(dtype=object))
    nearest, _ = network.snap(xy)
    own = parts["node_id"].notna().to_numpy(dtype=bool)
    nearest[own] = parts.loc[own, "node_id"].astype(np.int64)
    parts = parts.assign(
        node_id=nearest,
        x=xy[:, 0] * parts["amount"],
        y=xy[:, 1] * parts["amount"],
        worst=parts["quality"].map({name: rank for rank, name in enumerate(QUALITIES)}),
    )
    joined = parts.groupby(["kind", "zone_id", "node_id"], as_index=False).agg(
        kwh_day=("kwh_day", "sum"),
        swap_kwh_day=("swap_kwh_day", "sum"),
        people=("people", lambda values: values.sum(min_count=1)),
        worst=("worst", "max"),
        amount=("amount", "sum"),
        x=("x", "sum"),
        y=("y", "sum"),
    )
    joined["quality"] = np.array(QUALITIES, dtype=object)[joined["worst"].astype(int)]
    joined["demand_id"] = (
        joined["kind"] + "/" + joined["zone_id"] + "/" + joined["node_id"].astype("str")
    )
    places = gpd.points_from_xy(joined["x"] / joined["amount"], joined["y"] / joined["amount"])
    frame = gpd.GeoDataFrame(joined, geometry=places, crs=crs)
    return frame.sort_values("demand_id", ignore_index=True)
