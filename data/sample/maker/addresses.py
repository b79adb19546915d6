"""Where a spot is, in words: township, nearest road, and the corner of the nearest crossing."""

import numpy as np
from scipy.spatial import cKDTree
from shapely import STRtree
from shapely.geometry import LineString, Point, Polygon

from maker.frame import MARK, Unit
from maker.plots import zone_at
from maker.streets import Graph

NEAR = 260.0  # a crossing nearer than this, in metres, is named beside the road
_SIDES = ("东", "东北", "北", "西北", "西", "西南", "南", "东南")


class Addresses:
    """Tells where spots are by the names of the streets around them."""

    def __init__(self, graph: Graph, zones: list[Polygon], units: list[Unit]) -> None:
        self._zones, self._units = zones, units
        named = [edge for edge in graph.edges if edge.street.name and not edge.street.raised]
        self._names = [edge.street.name.replace(MARK, "") for edge in named]
        self._roads = STRtree([LineString(edge.line) for edge in named])
        meeting: dict[int, set[str]] = {}
        for edge, name in zip(named, self._names, strict=True):
            for end in (edge.start, edge.end):
                meeting.setdefault(end, set()).add(name)
        crossings = [(number, meeting[number]) for number in sorted(meeting)]
        crossings = [(number, names) for number, names in crossings if len(names) > 1]
        self._crossing_names = [names for _, names in crossings]
        self._spots = np.array([graph.points[number] for number, _ in crossings])
        self._crossings = cKDTree(self._spots)

    def where(self, spot: np.ndarray) -> str:
        """Return e.g. 龙山街道云锦路与翠屏路口东北角; far from a crossing the side of the road."""
        zone = int(zone_at(self._zones, np.array([spot]))[0])
        town = self._units[zone].name if zone >= 0 else ""
        number = int(self._roads.nearest(Point(spot)))
        road, line = self._names[number], self._roads.geometries[number]
        for near in np.atleast_1d(self._crossings.query(spot, 8)[1]).tolist():
            other = sorted(self._crossing_names[near] - {road})
            away = spot - self._spots[near]
            if road in self._crossing_names[near] and np.hypot(*away) < NEAR:
                return f"{town}{road}与{other[0]}口{_side(away)}角"
        foot = np.asarray(line.interpolate(line.project(Point(spot))).coords[0])
        return f"{town}{road}{_side(spot - foot)}侧"


def _side(away: np.ndarray) -> str:
    """Name the direction of a vector by eight points of the compass."""
    turn = np.degrees(np.arctan2(away[1], away[0]))
    return _SIDES[int(np.floor((turn + 22.5) / 45.0)) % 8]
