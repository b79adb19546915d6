"""The drivable roads as arrays, the zone of a place, and its way to the road.

A place opens onto the nearest point of a street, which need not be a junction. Tables name that
point by its ``node_id`` (:mod:`siting.analysis.streets`); where distances are wanted,
:meth:`Network.split` makes nodes of the points and cuts their streets there, so that a way
counts only the part of a street it takes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import shapely
from scipy.spatial import cKDTree

from siting.analysis.barriers import Beside
from siting.analysis.streets import FIRST_ON_STREET, NO_ROAD, Streets
from siting.errors import TableError

if TYPE_CHECKING:
    import geopandas as gpd

    from siting.arrays import Flags, Floats, Ints, Shapes


def zone_positions(points: Shapes, zones: gpd.GeoDataFrame) -> Ints:
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


def zone_ids(points: Shapes, zones: gpd.GeoDataFrame) -> Shapes:
    """Return the zone_id of each point, None outside all zones (see above)."""
    found = zone_positions(points, zones)
    result = np.full(len(points), None, dtype=object)
    result[found >= 0] = zones["zone_id"].to_numpy(dtype=object)[found[found >= 0]]
    return result


CARRIAGEWAYS = ("motorway", "motorway_link", "trunk", "trunk_link")
"""Road classes that a place beside them cannot be entered from."""

MAIN_ROADS = ("trunk", "trunk_link", "primary", "primary_link", "secondary", "secondary_link")
"""Road classes that count as main roads; motorways have no access of their own."""

_AROUND_M = 1000.0
"""Where the nearest road lies across water, one on the own side is looked for so far away, and
as far as twice the way across."""

_RINGS = (0.25, 0.5, 1.0)
_AT_ONCE = 256

MILLI = 1000.0
"""Lengths count in whole millimetres and times in whole milliseconds, edge by edge."""


@dataclass(frozen=True, eq=False)
class Graph:
    """Road nodes and directed edges by position.

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
    """

    node_id: Ints
    xy: Floats
    start: Ints
    end: Ints
    length_m: Floats
    drive_s: Floats

    def positions(self, node_id: Ints) -> Ints:
        """Return the positions of node ids.

        Raises
        ------
        TableError
            If an id is not there.
        """
        return _positions(self.node_id, node_id)


@dataclass(frozen=True, eq=False)
class Network(Graph):
    """The roads as the map has them.

    Attributes
    ----------
    ordinary, main
        Nodes touched by a road that places can be entered from, and by a main road (n,).
    streets
        The lines of the roads.
    row_street, along
        Position of each edge's street, and whether it is driven in that street's direction (m,).
    opened
        Edges against a one-way street that the map cuts off (m,).
    open_street, main_street
        Streets that places can be entered from, and of them the main roads (s,).
    beside
        The water and barriers that no way from a place to its road crosses.
    """

    ordinary: Flags
    main: Flags
    streets: Streets
    row_street: Ints
    along: Flags
    opened: Flags
    open_street: Flags
    main_street: Flags
    beside: Beside = field(default_factory=Beside)

    @classmethod
    def of(
        cls, nodes: gpd.GeoDataFrame, edges: gpd.GeoDataFrame, beside: Beside | None = None
    ) -> Network:
        """Build from ``tables.NODES`` and ``tables.EDGES`` of one metric CRS.

        Raises
        ------
        TableError
            If an edge names a node that is not there, or an id of a node is too large.
        """
        ordered = nodes.sort_values("node_id")
        node_id = ordered["node_id"].to_numpy(dtype=np.int64)
        if len(node_id) and node_id[-1] >= FIRST_ON_STREET:
            raise TableError(
                f"the road node {node_id[-1]} has a larger id than any of OpenStreetMap",
                where="table nodes, column node_id",
                cure=f"number the nodes of the extract anew, below {FIRST_ON_STREET:,}",
            )
        start = _positions(node_id, edges["from_node"].to_numpy(dtype=np.int64))
        end = _positions(node_id, edges["to_node"].to_numpy(dtype=np.int64))
        streets, row_street, along = Streets.of(edges, start, end)
        ordinary = ~edges["road_class"].isin(CARRIAGEWAYS).to_numpy(dtype=bool)
        main = edges["road_class"].isin(MAIN_ROADS).to_numpy(dtype=bool)
        enterable = ordinary & ~edges["tunnel"].to_numpy(dtype=bool)
        return cls(
            node_id=node_id,
            xy=shapely.get_coordinates(ordered.geometry.to_numpy()),
            start=start,
            end=end,
            length_m=edges["length_m"].to_numpy(dtype=float),
            drive_s=edges["drive_s"].to_numpy(dtype=float),
            ordinary=_touched(len(node_id), start, end, ordinary),
            main=_touched(len(node_id), start, end, main),
            streets=streets,
            row_street=row_street,
            along=along,
            opened=edges["opened"].to_numpy(dtype=bool),
            open_street=_of_streets(streets, row_street, enterable),
            main_street=_of_streets(streets, row_street, enterable & main),
            beside=beside or Beside(),
        )

    @cached_property
    def open_streets(self) -> Ints:
        """Positions of the streets a place opens onto: any, where the area has no ordinary one."""
        usable = np.flatnonzero(self.open_street)
        return usable if usable.size else np.arange(len(self.streets.street_id))

    def snap(
        self, xy: Floats, *, anywhere: Flags | None = None, step_m: float | None = None
    ) -> tuple[Ints, Floats]:
        """Return the nearest point of a road to each point and its straight distance.

        Motorways, trunk roads and tunnels are passed over, so that a compound beside an
        expressway does not open onto its carriageway, except for the points where ``anywhere``
        is true (service areas), or where the area has no other road. So are those across wide
        water or a barrier (:attr:`beside`).

        Parameters
        ----------
        xy
            Metric coordinates (k, 2).
        anywhere
            Points that may take any road (k,).
        step_m
            Gather the points on marks at most so far apart (and at the ends of streets) instead
            of each at its own; the distance is that to the mark.

        Returns
        -------
        tuple of arrays
            Ids of nodes or points on streets (k,) and distances in metres (k,); ``NO_ROAD`` and
            the distance across for a point that has none on its own side.
        """
        xy = np.asarray(xy, dtype=float).reshape(-1, 2)
        street = np.zeros(len(xy), dtype=np.int64)
        distance = np.zeros(len(xy))
        free = np.zeros(len(xy), dtype=bool) if anywhere is None else anywhere
        every = np.arange(len(self.streets.street_id))
        for some, usable in ((~free, self.open_streets), (free, every)):
            if some.any():
                street[some], distance[some] = self._nearest(xy[some], usable)
        cut_off = street < 0
        share = self.streets.share_along(street, xy)
        if step_m is not None:
            marks = np.maximum(np.ceil(self.streets.length_m[street] / step_m), 1.0)
            share = np.rint(share * marks) / marks
        ids = self.streets.ids(street, share, self.node_id)
        if step_m is not None:
            distance = np.where(cut_off, distance, np.hypot(*(xy - self.at(ids)).T))
        return np.where(cut_off, NO_ROAD, ids), distance

    def nearest_open(self, xy: Floats) -> tuple[Ints, Floats]:
        """Return the nearest street that each point may open onto, and how far, in m.

        The position of the street; -1 where all lie across water or a barrier.
        """
        return self._nearest(xy, self.open_streets)

    def _nearest(self, xy: Floats, usable: Ints) -> tuple[Ints, Floats]:
        """Return the nearest of some streets on each point's own side, -1 for none."""
        street, away_m = self.streets.nearest(xy, usable)
        points = np.asarray(shapely.points(xy), dtype=object)
        cut = np.flatnonzero(
            self.beside.cross(shapely.shortest_line(points, self.streets.line[street]))
        )
        for some in np.array_split(cut, -(-len(cut) // _AT_ONCE) or 1):
            own, own_m = self._on_own_side(points[some], away_m[some], usable)
            street[some] = own
            away_m[some] = np.where(own < 0, away_m[some], own_m)
        return street, away_m

    def _on_own_side(self, points: Shapes, across_m: Floats, usable: Ints) -> tuple[Ints, Floats]:
        """Return the nearest street that no divide is before, looked for in growing rings."""
        tree = shapely.STRtree(self.streets.line[usable])
        street = np.full(len(points), -1, dtype=np.int64)
        away_m = np.full(len(points), np.inf)
        farthest = np.maximum(_AROUND_M, 2 * across_m)
        for part in _RINGS:
            left = np.flatnonzero(street < 0)
            reach_m = farthest[left] * part
            point, found = tree.query(points[left], predicate="dwithin", distance=reach_m)
            point, other = left[point], usable[found]
            ways = shapely.shortest_line(points[point], self.streets.line[other])
            dry = ~self.beside.cross(ways)
            point, other, length = point[dry], other[dry], shapely.length(ways[dry])
            order = np.lexsort((other, length, point))
            owner, first = np.unique(point[order], return_index=True)
            street[owner], away_m[owner] = other[order[first]], length[order[first]]
        return street, away_m

    def at(self, ids: Ints) -> Floats:
        """Return the coordinates (k, 2) of nodes and points on streets.

        Raises
        ------
        TableError
            If an id is not there.
        """
        on_street = ids >= FIRST_ON_STREET
        xy = np.empty((len(ids), 2))
        xy[~on_street] = self.xy[self.positions(ids[~on_street])]
        xy[on_street] = self.streets.xy(ids[on_street])
        return xy

    def main_road_m(self, xy: Floats) -> Floats | None:
        """Return the distance to the nearest place where one can get onto a main road, in m.

        Anywhere along one that can be entered, else where an ordinary road meets one. None if
        there is neither.
        """
        away = np.full(len(xy), np.inf)
        streets, junctions = np.flatnonzero(self.main_street), self.main & self.ordinary
        if streets.size:
            away = self.streets.nearest(xy, streets)[1]
        if junctions.any():
            away = np.minimum(away, cKDTree(self.xy[junctions]).query(xy)[0])
        return away if streets.size or junctions.any() else None

    def split(self, ids: Ints, *, opened: bool = True) -> Graph:
        """Return the graph with points on streets as nodes of their own.

        A street with points on it becomes a chain of pieces, in each direction it may be
        driven; their lengths and times, in whole millimetres and milliseconds, sum to its own.
        So no way between two nodes changes. The nodes keep their positions; the points follow,
        ascending by id.

        Parameters
        ----------
        ids
            Ids of nodes (no matter) and points on streets.
        opened
            Whether one-way streets that the map cuts off may be driven against.

        Raises
        ------
        TableError
            If a point lies on a street that is not there.
        """
        points = np.unique(ids[ids >= FIRST_ON_STREET])
        rows = np.arange(len(self.start)) if opened else np.flatnonzero(~self.opened)
        cut = self.streets.cut(points, self.row_street[rows], self.along[rows])
        whole, row, nodes = rows[cut.whole], rows[cut.row], len(self.node_id)

        def pieces(values: Floats) -> Floats:
            total = np.rint(values[row] * MILLI)
            parts = (np.rint(cut.till * total) - np.rint(cut.since * total)) / MILLI
            return np.concatenate([values[whole], parts])

        start = np.where(cut.behind < 0, self.start[row], nodes + cut.behind)
        end = np.where(cut.ahead < 0, self.end[row], nodes + cut.ahead)
        return Graph(
            node_id=np.concatenate([self.node_id, points]),
            xy=np.concatenate([self.xy, self.streets.xy(points)]),
            start=np.concatenate([self.start[whole], start]),
            end=np.concatenate([self.end[whole], end]),
            length_m=pieces(self.length_m),
            drive_s=pieces(self.drive_s),
        )


def point_xy(frame: gpd.GeoDataFrame) -> Floats:
    """Return the coordinates (n, 2) of a frame of points."""
    return shapely.get_coordinates(frame.geometry.to_numpy())


def _positions(node_id: Ints, wanted: Ints) -> Ints:
    if not len(node_id):
        found = np.zeros(len(wanted), dtype=np.int64)
        missing = np.ones(len(wanted), dtype=bool)
    else:
        found = np.minimum(np.searchsorted(node_id, wanted), len(node_id) - 1)
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


def _of_streets(streets: Streets, row_street: Ints, chosen: Flags) -> Flags:
    flags = np.zeros(len(streets.street_id), dtype=bool)
    flags[row_street[chosen]] = True
    return flags
