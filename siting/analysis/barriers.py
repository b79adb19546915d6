"""What no way crosses: barriers, and wide water between a place and a road."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import shapely

from siting.errors import TableError
from siting.notes import Note

if TYPE_CHECKING:
    import geopandas as gpd

    from siting.arrays import Flags, Shapes
    from siting.notes import Notes

_WIDE_WATER_M = 30.0
"""Water so wide on the straight way to a road has no ford: the road is on the other side."""

_PIER_M = 100.0
"""Who stands in the water stands on a pier, or on ground newer than the map: so much of it is no
crossing."""

_SURFACE = 2


@dataclass(frozen=True, eq=False)
class Beside:
    """What lies beside the roads that count, and in the way to them.

    Attributes
    ----------
    landscape
        ``tables.LANDSCAPE``; its water lies between banks. None: no water is known.
    barriers
        Lines and areas that no road crosses; None where no layer has them.
    dropped
        Rows of ``tables.EDGES`` that nobody needs; None: there are none.
    """

    landscape: gpd.GeoDataFrame | None = None
    barriers: gpd.GeoDataFrame | None = None
    dropped: gpd.GeoDataFrame | None = None

    def cross(self, ways: Shapes) -> Flags:
        """Tell which straight ways, each from its place, cross wide water or a barrier.

        Parameters
        ----------
        ways
            Lines in the same metric CRS (k,).
        """
        cut = self._over_water(ways)
        if self.barriers is not None:
            lines = shapely.STRtree(self.barriers.geometry.to_numpy())
            cut[lines.query(ways, predicate="intersects")[0]] = True
        return cut

    @cached_property
    def _water(self) -> Shapes:
        if self.landscape is None:
            return np.empty(0, dtype=object)
        shapes = self.landscape.geometry[self.landscape["kind"] == "water"].to_numpy()
        surfaces = np.asarray(shapes[shapely.get_dimensions(shapes) == _SURFACE], dtype=object)
        shapely.prepare(surfaces)
        return surfaces

    def _over_water(self, ways: Shapes) -> Flags:
        wet, own = np.zeros(len(ways)), np.zeros(len(ways))
        water = self._water
        long = np.flatnonzero(shapely.length(ways) > _WIDE_WATER_M)
        way, body = shapely.STRtree(water).query(ways[long])
        met = shapely.intersects(water[body], ways[long[way]])
        way, body = long[way[met]], body[met]
        length = shapely.length(shapely.intersection(ways[way], water[body]))
        stands = shapely.contains(water[body], shapely.get_point(ways[way], 0))
        np.add.at(wet, way[~stands], length[~stands])
        np.add.at(own, way[stands], length[stands])
        return (wet > _WIDE_WATER_M) | (wet + own > _PIER_M)


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
