"""Points on streets: the line of each street, its nearest point, and ids for points on it.

A street is what one line on the map stands for: one row of the edges where it may be driven in
one direction, two where in both. A point on it has an id as a node has, so that ``node_id`` of a
table may name either::

    FIRST_ON_STREET + street_id * 1,000,000 + millionths of the street from its first end
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import shapely

from siting.errors import TableError

if TYPE_CHECKING:
    import geopandas as gpd

    from siting.arrays import Flags, Floats, Ints, Shapes

FIRST_ON_STREET = 10**15
"""Ids from here on are points on streets; those of OSM nodes are a hundred thousand times smaller.
With up to 8e9 streets they stay below 2^53, so that a float holds them."""

NO_ROAD = -1
"""Id of the road of a place that has none: all those near lie across wide water or a barrier."""

_PARTS = 10**6


@dataclass(frozen=True, eq=False)
class Cut:
    """Rows of edges cut at points of their streets.

    Attributes
    ----------
    whole
        Rows without a point.
    row
        The row of each piece (p,), in driving direction.
    behind, ahead
        Position of the point a piece starts and ends at, -1 at the end of the row (p,).
    since, till
        The share of the row from its start to either (p,).
    """

    whole: Ints
    row: Ints
    behind: Ints
    ahead: Ints
    since: Floats
    till: Floats


@dataclass(frozen=True, eq=False)
class Streets:
    """The streets by position.

    Attributes
    ----------
    street_id
        Ids, ascending (s,).
    line
        Lines, each from the more western of its ends (s,).
    first, last
        Positions of the nodes at its ends (s,).
    """

    street_id: Ints
    line: Shapes
    first: Ints
    last: Ints

    @classmethod
    def of(cls, edges: gpd.GeoDataFrame, start: Ints, end: Ints) -> tuple[Streets, Ints, Flags]:
        """Build from ``tables.EDGES`` with the positions of the ends of its rows.

        Returns
        -------
        streets
            The streets.
        row_street
            Position of the street of each row (m,).
        along
            Whether a row is driven in the direction of the street's line (m,).
        """
        ids, row, row_street = np.unique(
            edges["street_id"].to_numpy(dtype=np.int64), return_index=True, return_inverse=True
        )
        lines = np.asarray(edges.geometry.to_numpy(), dtype=object)
        along = _forward(lines)
        line, ahead = lines[row], along[row]
        line[~ahead] = shapely.reverse(line[~ahead])
        streets = cls(
            street_id=ids,
            line=line,
            first=np.where(ahead, start[row], end[row]),
            last=np.where(ahead, end[row], start[row]),
        )
        return streets, row_street, along

    @cached_property
    def length_m(self) -> Floats:
        """Lengths of the lines (s,)."""
        return np.asarray(shapely.length(self.line), dtype=float)

    def nearest(self, xy: Floats, usable: Ints) -> tuple[Ints, Floats]:
        """Return the nearest of some streets to each point, and its distance.

        Parameters
        ----------
        xy
            Metric coordinates (k, 2).
        usable
            Positions of the streets to choose from; of several as near the first counts.
        """
        tree = shapely.STRtree(self.line[usable])
        (point, found), distance = tree.query_nearest(
            shapely.points(xy), return_distance=True, all_matches=True
        )
        order = np.lexsort((found, point))
        _, first = np.unique(point[order], return_index=True)
        chosen = order[first]
        return usable[found[chosen]], np.asarray(distance[chosen], dtype=float)

    def share_along(self, street: Ints, xy: Floats) -> Floats:
        """Return how far along its street the nearest point to each point lies, 0..1."""
        line = self.line[street]
        share = shapely.line_locate_point(line, shapely.points(xy), normalized=True)
        return np.nan_to_num(np.asarray(share, dtype=float))  # a line without length: its first end

    def ids(self, street: Ints, share: Floats, node_id: Ints) -> Ints:
        """Return the ids of points on streets; at an end it is the node's own.

        Parameters
        ----------
        street
            Positions (k,).
        share
            Share of the street from its first end, 0..1 (k,).
        node_id
            Ids of the nodes (n,).
        """
        part = np.rint(share * _PARTS).astype(np.int64)
        inside = FIRST_ON_STREET + self.street_id[street] * _PARTS + part
        ends = np.where(part <= 0, self.first[street], self.last[street])
        return np.where((part <= 0) | (part >= _PARTS), node_id[ends], inside)

    def places(self, ids: Ints) -> tuple[Ints, Floats]:
        """Return the street (position) and the share along it of each id of a point.

        Raises
        ------
        TableError
            If there is no such street.
        """
        wanted, part = np.divmod(ids - FIRST_ON_STREET, _PARTS)
        found = np.minimum(np.searchsorted(self.street_id, wanted), len(self.street_id) - 1)
        missing = self.street_id[found] != wanted
        if missing.any():
            raise TableError(
                f"{int(missing.sum())} point(s) lie on streets that are not there, "
                f"e.g. {int(ids[missing][0])} on street {int(wanted[missing][0])}",
                where="tables nodes and edges",
                cure="nodes and edges must be those the points were made with",
            )
        return found, part / _PARTS

    def xy(self, ids: Ints) -> Floats:
        """Return the coordinates of points on streets (k, 2)."""
        street, share = self.places(ids)
        points = shapely.line_interpolate_point(self.line[street], share, normalized=True)
        return shapely.get_coordinates(points).reshape(-1, 2)

    def cut(self, points: Ints, row_street: Ints, along: Flags) -> Cut:
        """Cut rows of edges where points lie on their streets.

        Parameters
        ----------
        points
            Ids of points, ascending, so that those of a street follow one another along it.
        row_street, along
            Position of the street of each row, and whether it is driven in its direction (m,).
        """
        street, share = self.places(points)
        count = np.bincount(street, minlength=len(self.street_id))
        first = np.cumsum(count) - count
        rows = np.flatnonzero(count[row_street] > 0)
        number = count[row_street[rows]]
        # Every row has as many pieces as points, and one more: ``step`` counts them.
        row = np.repeat(rows, number + 1)
        step = np.arange(len(row)) - np.repeat(np.cumsum(number + 1) - number - 1, number + 1)
        with_it, last = along[row], count[row_street[row]]
        behind = first[row_street[row]] + np.where(with_it, step - 1, last - step)
        ahead = first[row_street[row]] + np.where(with_it, step, last - 1 - step)
        behind, ahead = np.where(step == 0, -1, behind), np.where(step == last, -1, ahead)

        def driven(point: Ints, at_end: float) -> Floats:
            if not len(points):
                return np.full(len(point), at_end)
            way = np.where(with_it, share[point], 1.0 - share[point])
            return np.where(point < 0, at_end, way)

        return Cut(
            whole=np.flatnonzero(count[row_street] == 0),
            row=row,
            behind=behind,
            ahead=ahead,
            since=driven(behind, 0.0),
            till=driven(ahead, 1.0),
        )


def _forward(lines: Shapes) -> Flags:
    """Tell which lines run from the more western end, of equals the more southern.

    A ring is judged by its second and last but one corner. So the direction of a street is
    that of its line, whichever of its rows are there.
    """
    xy, line = shapely.get_coordinates(lines, return_index=True)
    first = np.searchsorted(line, np.arange(len(lines)))
    last = np.searchsorted(line, np.arange(len(lines)), side="right") - 1
    ring = (xy[first] == xy[last]).all(axis=1)
    east, north = (xy[last - ring] - xy[first + ring]).T
    return np.asarray((east > 0) | ((east == 0) & (north >= 0)), dtype=bool)
