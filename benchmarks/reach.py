"""Distances along the road: our search beside networkx, on the same roads and sites."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np

from siting.analysis.network import Graph, Network, point_xy
from siting.analysis.travel import make_reach

if TYPE_CHECKING:
    import geopandas as gpd

    from siting.pipeline.run import Prepared

_SITES = 400
_CUTOFF_M = 3000.0
# Ours adds whole millimetres edge by edge.
_AGREE_M = 0.5


def reach_section(prepared: Prepared) -> str:
    """Return ratio and agreement of the two as Markdown."""
    world = prepared.world
    step = max(1, len(prepared.candidates.sites) // _SITES)
    sites = prepared.candidates.sites.sort_values("site_id").iloc[::step]
    start = time.perf_counter()
    ours = make_reach(prepared.demand, sites, world.nodes, world.edges, cutoff_m=_CUTOFF_M)
    middle = time.perf_counter()
    theirs = _reach_networkx(prepared.demand, sites, world.nodes, world.edges)
    end = time.perf_counter()
    pairs = zip(ours["demand_id"], ours["site_id"], strict=True)
    found = dict(zip(pairs, ours["distance_m"], strict=True))
    worst = max(abs(theirs[pair] - distance) for pair, distance in found.items())
    missed = sum(pair not in found for pair, far in theirs.items() if far < _CUTOFF_M - _AGREE_M)
    if worst > _AGREE_M or missed:
        msg = f"the two disagree: by up to {worst:.3f} m, {missed} pairs missed"
        raise AssertionError(msg)
    own_s, rival_s = middle - start, end - middle
    return (
        "## Distances along the road\n\n"
        f"{len(sites):,} sites, {len(prepared.demand):,} demand points, {_CUTOFF_M / 1000:g} km: "
        f"{len(ours):,} pairs. The two agree to {worst * 1000:.0f} mm.\n\n"
        "| | seconds | times ours |\n|---|---|---|\n"
        f"| siting (scipy, distance and time in one search) | {own_s:.2f} | 1 |\n"
        f"| networkx (distance only) | {rival_s:.2f} | {rival_s / own_s:.0f} |\n"
    )


def _reach_networkx(
    demand: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    nodes: gpd.GeoDataFrame,
    edges: gpd.GeoDataFrame,
) -> dict[tuple[str, str], float]:
    """Return distances by (demand_id, site_id), both ends' way to the node included."""
    ids = np.concatenate([demand["node_id"].to_numpy(), sites["node_id"].to_numpy()])
    roads = Network.of(nodes, edges).split(ids)
    names = roads.node_id.tolist()
    order = np.argsort(-roads.length_m, kind="stable")
    graph = nx.DiGraph()
    # Against the direction of travel, from the site; of parallel edges the last, shortest stays.
    graph.add_nodes_from(names)
    graph.add_weighted_edges_from(
        (names[roads.end[row]], names[roads.start[row]], roads.length_m[row]) for row in order
    )
    demand_leg, site_leg = _leg_m(demand, roads), _leg_m(sites, roads)
    at_node: dict[int, list[tuple[str, float]]] = {}
    for node, name, leg in zip(demand["node_id"], demand["demand_id"], demand_leg, strict=True):
        at_node.setdefault(node, []).append((name, leg))
    result: dict[tuple[str, str], float] = {}
    for node, site, leg in zip(sites["node_id"], sites["site_id"], site_leg, strict=True):
        near = nx.single_source_dijkstra_path_length(graph, node, cutoff=_CUTOFF_M)
        for other, length in near.items():
            for name, its_leg in at_node.get(other, ()):
                far = length + leg + its_leg
                if far <= _CUTOFF_M + _AGREE_M:
                    result[name, site] = far
    return result


def _leg_m(frame: gpd.GeoDataFrame, roads: Graph) -> np.ndarray:
    """Return the straight way from each row to its point of a road in metres."""
    return np.hypot(*(point_xy(frame) - roads.xy[roads.positions(frame["node_id"].to_numpy())]).T)
