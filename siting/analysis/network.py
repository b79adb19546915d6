"""The drivable roads as arrays, and the way from a place to its road node."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from scipy.spatial import cKDTree

from siting.errors import TableError

if TYPE_CHECKING:
    import geopandas as gpd

    from siting.arrays import Flags, Floats, Ints


CARRIAGEWAYS = ("motorway", "motorway_link", "trunk", "trunk_link")
"""Road classes that a place beside them cannot be entered from."""

MAIN_ROADS = ("trunk", "trunk_link", "primary", "primary_link", "secondary", "secondary_link")
"""Road classes that count as main roads; motorways have no access of their own."""


@dataclass(frozen=True, eq=False)
class Network:
    """Road nodes and edges by position.

    Attributes
    ----------
    node_id
        Node ids, ascending (n,).
    xy
        Metric coordinates (n, 2).
    start, end
        Positions of each edge's ends (m,).
    length_m, drive_s
        Length (m) and free-flow time (s) of each edge (m,).
    ordinary, main
        Nodes touched by a road that places can be entered from, and by a main road (n,).
    """

    node_id: Ints
    xy: Floats
    start: Ints
    end: Ints
    length_m: Floats
    drive_s: Floats
    ordinary: Flags
    main: Flags

    @classmethod
    def of(cls, nodes: gpd.GeoDataFrame, edges: gpd.GeoDataFrame) -> Network:
        """Build from ``tables.NODES`` and ``tables.EDGES`` of one metric CRS.

        Raises
        ------
        TableError
            If an edge names a node that is not there.
        """
        ordered = nodes.sort_values("node_id")
        node_id = ordered["node_id"].to_numpy(dtype=np.int64)
        start = _positions(node_id, edges["from_node"].to_numpy(dtype=np.int64))
        end = _positions(node_id, edges["to_node"].to_numpy(dtype=np.int64))
        road_class = edges["road_class"]
        return cls(
            node_id=node_id,
            xy=shapely.get_coordinates(ordered.geometry.to_numpy()),
            start=start,
            end=end,
            length_m=edges["length_m"].to_numpy(dtype=float),
            drive_s=edges["drive_s"].to_numpy(dtype=float),
            ordinary=_touched(
                len(node_id), start, end, ~road_class.isin(CARRIAGEWAYS).to_numpy(dtype=bool)
            ),
            main=_touched(
                len(node_id), start, end, road_class.isin(MAIN_ROADS).to_numpy(dtype=bool)
            ),
        )

    def positions(self, node_id: Ints) -> Ints:
        """Return the positions of node ids.

        Raises
        ------
        TableError
            If an id is not there.
        """
        return _positions(self.node_id, node_id)

    def snap(self, xy: Floats, *, anywhere: Flags | None = None) -> tuple[Ints, Floats]:
        """Return the nearest road node of each point and its straight distance.

        A node that only motorways and trunk roads touch is passed over, so that a compound
        beside an expressway does not open onto its carriageway, except for the points where
        ``anywhere`` is true (service areas), or where the area has no other road.

        Parameters
        ----------
        xy
            Metric coordinates (k, 2).
        anywhere
            Points that may take any node (k,).

        Returns
        -------
        tuple of arrays
            Node ids (k,) and distances in metres (k,).
        """
        usable = np.flatnonzero(self.ordinary)
        if not usable.size:
            usable = np.arange(len(self.node_id))
        distance, found = cKDTree(self.xy[usable]).query(xy)
        position = usable[found]
        if anywhere is not None and anywhere.any():
            distance[anywhere], position[anywhere] = cKDTree(self.xy).query(xy[anywhere])
        return self.node_id[position], distance


def point_xy(frame: gpd.GeoDataFrame) -> Floats:
    """Return the coordinates (n, 2) of a frame of points."""
    return shapely.get_coordinates(frame.geometry.to_numpy())


def _positions(node_id: Ints, wanted: Ints) -> Ints:
    found = np.searchsorted(node_id, wanted)
    found = np.minimum(found, len(node_id) - 1)
    missing = node_id[found] != wanted
    if missing.any():
        raise TableError(
            f"{int(missing.sum())} road node(s) are named but not there, "
            f"e.g. {int(wanted[missing][0])}",
            where="tables nodes and edges",
            cure="nodes and edges must come from the same extract",
        )
    return found


def _touched(count: int, start: Ints, end: Ints, chosen: Flags) -> Flags:
    touched = np.zeros(count, dtype=bool)
    touched[start[chosen]] = True
    touched[end[chosen]] = True
    return touched
