"""What the planner's own layers change: roads cut by barriers, and demand that is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from siting.analysis.zoning import zone_ids
from siting.errors import TableError

if TYPE_CHECKING:
    import geopandas as gpd

    Notes = list[tuple[str, dict[str, Any]]]

_KIND = "visit"


def without_crossed(
    nodes: gpd.GeoDataFrame, edges: gpd.GeoDataFrame, barriers: gpd.GeoDataFrame | None
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, Notes]:
    """Return the roads without those that meet a barrier, and without the nodes left alone.

    Parameters
    ----------
    nodes, edges
        ``tables.NODES`` and ``EDGES``.
    barriers
        Lines or areas in the same metric CRS; None changes nothing.

    Returns
    -------
    nodes, edges, notes
        The note ``barriers_cut`` counts the edges taken away.

    Raises
    ------
    TableError
        If no road is left.
    """
    if barriers is None:
        return nodes, edges, []
    met = np.zeros(len(edges), dtype=bool)
    tree = shapely.STRtree(barriers.geometry.to_numpy())
    met[tree.query(edges.geometry.to_numpy(), predicate="intersects")[0]] = True
    kept = edges[~met].reset_index(drop=True)
    if kept.empty:
        raise TableError(
            f"the barriers meet all {len(edges)} roads, so nothing can be reached",
            where="inputs.layers, role barriers",
            cure="a barrier is a line or area that no road crosses: check the layer and its datum",
        )
    ends = set(kept["from_node"]) | set(kept["to_node"])
    notes: Notes = [("barriers_cut", {"barriers": len(barriers), "roads": int(met.sum())})]
    return nodes[nodes["node_id"].isin(ends)].reset_index(drop=True), kept, notes


def given_parts(
    layer: gpd.GeoDataFrame | None, zones: gpd.GeoDataFrame
) -> tuple[pd.DataFrame | None, Notes]:
    """Return the demand of a layer as parts of the demand, on top of all else.

    A row of no kind is a visit; an area counts at a point inside it. Rows outside all zones are
    left out and told by the note ``demand_outside``.

    Parameters
    ----------
    layer
        ``kwh_day``, ``kind`` and geometry, or None.
    zones
        ``tables.ZONES`` of the same metric CRS.

    Returns
    -------
    DataFrame or None
        ``kind``, ``zone_id``, ``point``, ``kwh_day``, ``quality`` (counted).
    notes
        Remarks for the reader.
    """
    if layer is None:
        return None, []
    points = shapely.point_on_surface(layer.geometry.to_numpy())
    parts = pd.DataFrame(
        {
            "kind": layer["kind"].fillna(_KIND).astype(object),
            "zone_id": zone_ids(points, zones),
            "point": points,
            "kwh_day": layer["kwh_day"].astype(float),
            "quality": "counted",
        }
    )
    inside = parts[parts["zone_id"].notna()].reset_index(drop=True)
    whole, found = float(parts["kwh_day"].sum()), float(inside["kwh_day"].sum())
    values = {"rows": len(inside), "kwh_day": round(found, 1)}
    notes: Notes = [("demand_from_layer", values)]
    if len(inside) < len(parts):
        lost = {"rows": len(parts) - len(inside), "kwh_day": round(whole - found, 1)}
        notes.append(("demand_outside", lost))
    return inside, notes
