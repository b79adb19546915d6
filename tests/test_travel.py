"""Distances and times along the road, against networkx and by hand."""

from __future__ import annotations

import geopandas as gpd
import grid_town as town
import networkx as nx
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from siting.analysis.travel import SNAP_M_PER_S, make_reach
from siting.errors import TableError
from siting.tables import REACH, check


def ends(column, *rows):
    """Rows of (id, node_id, x, y)."""
    return gpd.GeoDataFrame(
        {column: [row[0] for row in rows], "node_id": [row[1] for row in rows]},
        geometry=[shapely.Point(row[2], row[3]) for row in rows],
        crs=town.CRS,
    )


def at(column, name, x, y, *, off_m=0.0):
    return ends(column, (name, town.crossing(x, y), x * town.STEP_M, y * town.STEP_M + off_m))


def reach_of(demand, sites, *, edges=None, cutoff_m=3000.0):
    edges = town.edges() if edges is None else edges
    return make_reach(demand, sites, town.nodes(), edges, cutoff_m=cutoff_m)


def test_distance_and_time_count_both_ends():
    demand = at("demand_id", "home/a/1", 0, 0, off_m=-30.0)
    sites = at("site_id", "way/1", 2, 1, off_m=50.0)
    pair = reach_of(demand, sites).iloc[0]
    assert pair["distance_m"] == pytest.approx(3 * 200 + 80)
    assert pair["time_s"] == pytest.approx(60 + 80 / SNAP_M_PER_S)


def test_a_pair_beyond_the_cutoff_is_absent_and_one_at_it_is_there():
    demand = at("demand_id", "home/a/1", 0, 0)
    sites = at("site_id", "way/1", 3, 0)
    assert len(reach_of(demand, sites, cutoff_m=600.0)) == 1
    assert reach_of(demand, sites, cutoff_m=599.9).empty


def test_the_way_to_the_nodes_counts_against_the_cutoff():
    demand = at("demand_id", "home/a/1", 0, 0, off_m=-30.0)
    assert reach_of(demand, at("site_id", "way/1", 3, 0), cutoff_m=629.0).empty


def test_an_empty_reach_keeps_its_contract():
    found = reach_of(
        at("demand_id", "home/a/1", 0, 0), at("site_id", "way/1", 4, 4), cutoff_m=100.0
    )
    check(found, REACH)
    assert found["site_id"].cat.categories.tolist() == ["way/1"]


def test_one_way_streets_are_driven_their_way_from_demand_to_site():
    edges = town.edge_table(
        [(100, 101, 200.0, 20.0, "primary"), (101, 102, 200.0, 20.0, "primary")]
    )
    west = ends("demand_id", ("west", 100, 0, 0))
    east = ends("demand_id", ("east", 102, 400, 0))
    site_west, site_east = ends("site_id", ("s", 100, 0, 0)), ends("site_id", ("s", 102, 400, 0))
    assert reach_of(west, site_east, edges=edges)["distance_m"].tolist() == [400.0]
    assert reach_of(east, site_west, edges=edges).empty


def test_of_parallel_edges_the_shorter_counts_and_of_equal_ones_the_quicker():
    edges = town.edge_table(
        [
            (100, 101, 200.0, 20.0, "primary"), (100, 101, 180.0, 40.0, "residential"),
            (101, 102, 200.0, 30.0, "primary"), (101, 102, 200.0, 10.0, "primary"),
        ]
    )  # fmt: skip
    found = reach_of(
        ends("demand_id", ("d", 100, 0, 0)), ends("site_id", ("s", 102, 400, 0)), edges=edges
    )
    assert found["distance_m"].tolist() == [380.0]
    assert found["time_s"].tolist() == [50.0]


def test_time_is_that_of_the_shortest_road_not_the_quickest():
    edges = town.edge_table(
        [
            (100, 105, 200.0, 100.0, "residential"), (105, 106, 100.0, 50.0, "residential"),
            (100, 101, 300.0, 5.0, "primary"), (101, 106, 100.0, 5.0, "primary"),
        ]
    )  # fmt: skip
    found = reach_of(
        ends("demand_id", ("d", 100, 0, 0)), ends("site_id", ("s", 106, 200, 200)), edges=edges
    )
    assert found[["distance_m", "time_s"]].to_numpy().tolist() == [[300.0, 150.0]]


def test_an_edge_without_length_is_a_road_all_the_same():
    edges = town.edge_table([(100, 101, 0.0, 0.5, "primary"), (101, 102, 200.0, 20.0, "primary")])
    found = reach_of(
        ends("demand_id", ("d", 100, 0, 0)), ends("site_id", ("s", 102, 400, 0)), edges=edges
    )
    assert found[["distance_m", "time_s"]].to_numpy().tolist() == [[200.0, 20.5]]


def test_pairs_are_sorted_whatever_the_order_of_the_rows():
    demand = ends("demand_id", ("b", 101, 200, 0), ("a", 100, 0, 0), ("c", 101, 200, 0))
    sites = ends("site_id", ("y", 102, 400, 0), ("x", 101, 200, 0))
    found = reach_of(demand, sites)
    assert found["demand_id"].astype("str").tolist() == ["a", "a", "b", "b", "c", "c"]
    assert found["site_id"].astype("str").tolist() == ["x", "y"] * 3
    again = reach_of(demand.iloc[::-1], sites.iloc[::-1])
    assert found.equals(again)


def test_unused_ids_are_categories_too():
    demand = ends("demand_id", ("far", 124, 800, 800), ("near", 100, 0, 0))
    found = reach_of(demand, ends("site_id", ("s", 100, 0, 0)), cutoff_m=500.0)
    assert found["demand_id"].tolist() == ["near"]
    assert found["demand_id"].cat.categories.tolist() == ["far", "near"]


def test_a_node_that_is_not_there_is_named():
    with pytest.raises(TableError, match="999"):
        reach_of(ends("demand_id", ("d", 999, 0, 0)), ends("site_id", ("s", 100, 0, 0)))


def test_an_absurd_driving_time_is_refused_rather_than_added_up_wrong():
    edges = town.edge_table([(100, 101, 0.001, 1e9, "primary")])
    with pytest.raises(TableError, match="too long to add up exactly"):
        reach_of(
            ends("demand_id", ("d", 100, 0, 0)), ends("site_id", ("s", 101, 200, 0)), edges=edges
        )


_NODES = [town.crossing(x, y) for y in range(town.SIDE) for x in range(town.SIDE)]
_EDGE = st.tuples(
    st.sampled_from(_NODES), st.sampled_from(_NODES), st.integers(0, 900), st.integers(0, 200)
)


@settings(deadline=None, max_examples=60)
@given(
    rows=st.lists(_EDGE, min_size=1, max_size=80),
    starts=st.lists(st.sampled_from(_NODES), min_size=1, max_size=6),
    stops=st.lists(st.sampled_from(_NODES), min_size=1, max_size=6),
    cutoff_m=st.sampled_from([300.0, 1000.0, 2500.0]),
)
def test_the_same_as_networkx_on_random_one_way_streets(rows, starts, stops, cutoff_m):
    edges = town.edge_table([(a, b, float(m), float(s), "primary") for a, b, m, s in rows])
    where = dict(zip(_NODES, shapely.get_coordinates(town.nodes().geometry), strict=True))
    demand = ends("demand_id", *((f"d{k}", n, *where[n]) for k, n in enumerate(starts)))
    sites = ends("site_id", *((f"s{k}", n, *where[n]) for k, n in enumerate(stops)))
    found = reach_of(demand, sites, edges=edges, cutoff_m=cutoff_m)
    mine = {
        (a, b): (m, s)
        for a, b, m, s in found.astype({"demand_id": "str", "site_id": "str"}).itertuples(
            index=False
        )
    }
    theirs = _by_networkx(rows, demand, sites, cutoff_m)
    assert mine.keys() == theirs.keys()
    for pair, values in theirs.items():
        assert mine[pair] == pytest.approx(values)


def _by_networkx(rows, demand, sites, cutoff_m):
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(_NODES)
    for a, b, m, s in rows:
        graph.add_edge(a, b, w=(m * 1_000_000 + s))
    expected = {}
    for d in demand.itertuples():
        reached = nx.single_source_dijkstra_path_length(graph, d.node_id, weight="w")
        for s in sites.itertuples():
            total = reached.get(s.node_id, np.inf)
            if np.isfinite(total) and total // 1_000_000 <= cutoff_m:
                expected[d.demand_id, s.site_id] = (
                    float(total // 1_000_000), float(total % 1_000_000),
                )  # fmt: skip
    return expected
