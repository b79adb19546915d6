"""Which site a demand point can reach along the road, how far and how long.

One search finds both: each edge weighs ``length_mm * 2**bits + time_ms``, whole numbers
that a double adds without rounding, so the lightest path is the shortest one, of equal
ones the quickest, and its two parts read off exactly. Searches run from the sites against
the direction of the edges, so a distance is that of the trip from demand to site.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from siting.analysis.network import MILLI, Graph, Network, point_xy
from siting.analysis.streets import NO_ROAD
from siting.errors import TableError
from siting.notes import Note
from siting.tables import REACH, check, zone_names

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from siting.arrays import Floats, Ints
    from siting.notes import Notes

    _Pairs = tuple[NDArray[np.int32], NDArray[np.int32], Floats, Floats]

_log = logging.getLogger(__name__)

SNAP_M_PER_S = 20.0 / 3.6
"""Speed on the ground between a place and its road: 20 km/h (data/parameters.csv)."""

_CHUNK = 64
_SHOWN = 10
_EXACT_BITS = 52


@dataclass(frozen=True, eq=False)
class _Weighted:
    """The roads against their direction, with the weights of the module's note."""

    weights: csr_array
    scale: float


@dataclass(frozen=True, eq=False)
class _Ends:
    """One end of the trips: rows in order of their id, gathered by unique node.

    The rows at the k-th node are ``rows[starts[k] : starts[k] + counts[k]]``.
    """

    ids: pd.Index
    leg_m: Floats
    nodes: Ints
    rows: Ints
    counts: Ints
    starts: Ints


def make_reach(
    demand: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    nodes: gpd.GeoDataFrame,
    edges: gpd.GeoDataFrame,
    *,
    cutoff_m: float,
) -> pd.DataFrame:
    """Return the pairs of demand point and site within reach along the road.

    ``distance_m`` is the way from the demand point to its road (``node_id``: a node, or a point
    on a street), the shortest road from there to the site's own in driving direction, and the
    way to the site; the two ends at 20 km/h count into ``time_s``. A pair beyond the cutoff, or
    without a road, is absent; so is every pair of an end that has none (``NO_ROAD``).

    Parameters
    ----------
    demand, sites
        ``tables.DEMAND`` and ``SITES`` (ids, ``node_id``, points).
    nodes, edges
        ``tables.NODES`` and ``EDGES``.
    cutoff_m
        Longest distance in metres, both ends included.

    Returns
    -------
    DataFrame
        ``tables.REACH``, sorted by demand_id and site_id; the ids are categories over all
        demand points and sites, in sorted order. Lengths are rounded to the millimetre and
        times to the millisecond, edge by edge.

    Raises
    ------
    TableError
        If a node is not in the network, or the cutoff is too long to add up exactly.
    """
    ids = np.concatenate([frame["node_id"].to_numpy(np.int64) for frame in (demand, sites)])
    roads = Network.of(nodes, edges).split(ids[ids != NO_ROAD])
    origins = _ends(demand.sort_values("demand_id"), "demand_id", roads)
    goals = _ends(sites.sort_values("site_id"), "site_id", roads)
    graph = _graph(roads, cutoff_m)
    chunks = range(0, len(goals.nodes), _CHUNK)
    parts = [_chunk_pairs(graph, origins, goals, start, cutoff_m) for start in chunks]
    reach = _table(parts, origins, goals)
    check(reach, REACH)
    _log.info("reach: %d pairs within %.0f m", len(reach), cutoff_m)
    return reach


def unreached(demand: gpd.GeoDataFrame, reach: pd.DataFrame, zones: gpd.GeoDataFrame) -> Notes:
    """Return a note of the demand that no candidate site is in reach of, by zone.

    Parameters
    ----------
    demand, reach, zones
        ``tables.DEMAND``, the result of :func:`make_reach`, and ``tables.ZONES``.

    Returns
    -------
    list
        ``out_of_reach``: energy, its share, people, and the zones, those with the most energy
        first. Empty where every demand point has a site in reach.
    """
    lost = demand[~demand["demand_id"].isin(reach["demand_id"].unique())]
    kwh_day = float(lost["kwh_day"].sum())
    if not kwh_day > 0:
        return []
    by_zone = lost.groupby("zone_id")["kwh_day"].sum()
    order = by_zone.sort_index().sort_values(ascending=False, kind="stable").index
    named = zones.set_index("zone_id").reindex(order[:_SHOWN]).dropna(subset="name")
    values = {
        "kwh_day": round(kwh_day),
        "share": kwh_day / float(demand["kwh_day"].sum()),
        "people": round(float(lost["people"].sum())),
        "zones": len(by_zone),
        "names": zone_names(named),
    }
    return [Note("out_of_reach", values)]


def _ends(frame: gpd.GeoDataFrame, id_column: str, roads: Graph) -> _Ends:
    node_id = frame["node_id"].to_numpy(dtype=np.int64)
    there = np.flatnonzero(node_id != NO_ROAD)
    position = roads.positions(node_id[there])
    leg_m = np.full(len(frame), np.inf)
    leg_m[there] = np.hypot(*(point_xy(frame)[there] - roads.xy[position]).T)
    nodes, index = np.unique(position, return_inverse=True)
    counts = np.bincount(index, minlength=len(nodes))
    return _Ends(
        ids=pd.Index(frame[id_column]),
        leg_m=leg_m,
        nodes=nodes,
        rows=there[np.argsort(index, kind="stable")],
        counts=counts,
        starts=np.cumsum(counts) - counts,
    )


def _graph(roads: Graph, cutoff_m: float) -> _Weighted:
    """Encode the edges, of parallel ones the lightest."""
    length_mm = np.rint(roads.length_m * MILLI)
    time_ms = np.rint(roads.drive_s * MILLI)
    bits = _time_bits(length_mm, time_ms, cutoff_m)
    weight = length_mm * 2.0**bits + time_ms
    start, end = roads.start, roads.end
    order = np.lexsort((weight, start, end))
    start, end, weight = start[order], end[order], weight[order]
    first = np.ones(len(weight), dtype=bool)
    first[1:] = (np.diff(start) != 0) | (np.diff(end) != 0)
    keep = first & (start != end)
    count = len(roads.node_id)
    reverse = csr_array((weight[keep], (end[keep], start[keep])), shape=(count, count))
    return _Weighted(weights=reverse, scale=2.0**bits)


def _time_bits(length_mm: Floats, time_ms: Floats, cutoff_m: float) -> int:
    """Bits that hold the time of any path within the cutoff.

    A path within the cutoff takes at most the cutoff at the slowest edge's pace, plus the
    time of all edges that are too short to have a length.
    """
    long = length_mm > 0
    pace = float((time_ms[long] / length_mm[long]).max()) if long.any() else 0.0
    most_ms = pace * cutoff_m * MILLI + float(time_ms[~long].sum())
    bits = int(np.ceil(np.log2(most_ms + 2.0)))
    if bits + np.log2(cutoff_m * MILLI + 2.0) > _EXACT_BITS:
        raise TableError(
            f"paths of {cutoff_m:g} m over these edges are too long to add up exactly",
            where="travel.cutoff_m, table edges",
            cure="lower the cutoff, or look for edges with an absurd drive_s",
        )
    return bits


def _chunk_pairs(
    graph: _Weighted, origins: _Ends, goals: _Ends, start: int, cutoff_m: float
) -> _Pairs:
    """Pairs in reach of the sites at a few nodes."""
    some = goals.nodes[start : start + _CHUNK]
    limit = (cutoff_m * MILLI + 1.0) * graph.scale
    weight = dijkstra(graph.weights, indices=some, limit=limit)[:, origins.nodes]
    goal, origin = np.nonzero(np.isfinite(weight))
    found = weight[goal, origin]
    goal = goal + start
    repeat = origins.counts[origin] * goals.counts[goal]
    pair = np.repeat(np.arange(len(found)), repeat)
    step = np.arange(len(pair)) - np.repeat(np.cumsum(repeat) - repeat, repeat)
    origin, goal = origin[pair], goal[pair]
    origin_row = origins.rows[origins.starts[origin] + step // goals.counts[goal]]
    goal_row = goals.rows[goals.starts[goal] + step % goals.counts[goal]]
    leg_m = origins.leg_m[origin_row] + goals.leg_m[goal_row]
    length_mm, time_ms = np.divmod(found[pair], graph.scale)
    distance_m = length_mm / MILLI + leg_m
    time_s = time_ms / MILLI + leg_m / SNAP_M_PER_S
    near = distance_m <= cutoff_m
    return (
        origin_row[near].astype(np.int32),
        goal_row[near].astype(np.int32),
        distance_m[near],
        time_s[near],
    )


def _table(parts: list[_Pairs], origins: _Ends, goals: _Ends) -> pd.DataFrame:
    empty = np.zeros(0, dtype=np.int32)
    nothing: _Pairs = (empty, empty, np.zeros(0), np.zeros(0))
    origin, goal, distance_m, time_s = (
        np.concatenate(column) for column in zip(nothing, *parts, strict=True)
    )
    order = np.lexsort((goal, origin))
    return pd.DataFrame(
        {
            "demand_id": pd.Categorical.from_codes(origin[order], categories=origins.ids),
            "site_id": pd.Categorical.from_codes(goal[order], categories=goals.ids),
            "distance_m": distance_m[order],
            "time_s": time_s[order],
        }
    )
