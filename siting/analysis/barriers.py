"""Roads cut by barriers: lines and areas that no road crosses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from siting.errors import TableError
from siting.notes import Note

if TYPE_CHECKING:
    import geopandas as gpd

    Notes = list[Note]


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
    notes: Notes = [Note("barriers_cut", {"barriers": len(barriers), "roads": int(met.sum())})]
    return nodes[nodes["node_id"].isin(ends)].reset_index(drop=True), kept, notes
