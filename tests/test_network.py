"""Points on streets: where places open onto the roads, and ways from there."""

from __future__ import annotations

from itertools import pairwise

import geopandas as gpd
import grid_town as town
import networkx as nx
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from siting.analysis.barriers import Beside
from siting.analysis.network import Network
from siting.analysis.streets import FIRST_ON_STREET, NO_ROAD
from siting.analysis.travel import SNAP_M_PER_S, make_reach
from siting.errors import TableError

SMALL = settings(deadline=None, max_examples=60)


def grid(**options):
    return Network.of(town.nodes(), town.edges(**options))


def snapped(network, *points, **options):
    ids, metres = network.snap(np.array(points, dtype=float), **options)
    return network.at(ids).tolist(), metres.tolist(), ids


# --- where a place opens onto the roads ----------------------------------------------------


def test_a_place_opens_onto_the_nearest_point_of_a_street_not_of_its_ends():
    spots, metres, ids = snapped(grid(), (290, 30), (200, -40), (201, 0))
    assert spots == [[290, 0], [200, 0], [201, 0]]
    assert metres == [30, 40, 0]
    assert (ids >= FIRST_ON_STREET).tolist() == [True, False, True]


def test_the_end_of_a_street_is_its_node():
    _, _, ids = snapped(grid(), (200, 200), (-50, -50))
    assert ids.tolist() == [town.crossing(1, 1), town.crossing(0, 0)]


def test_points_gather_on_marks_of_a_street():
    spots, metres, _ = snapped(
        grid(), (210, 10), (260, 10), (290, 10), (310, 10), (390, 10), step_m=100.0
    )
    assert spots == [[200, 0], [300, 0], [300, 0], [300, 0], [400, 0]]
    assert metres == pytest.approx(np.hypot([10, 40, 10, 10, 10], 10))


def test_no_place_opens_onto_a_tunnel_but_a_service_area_may():
    edges = town.edges()
    edges["tunnel"] = edges["street_id"] == edges["street_id"].iloc[0]
    network = Network.of(town.nodes(), edges)
    spots, _, _ = snapped(network, (100, 30))
    assert spots == [[0, 30]]
    spots, _, _ = snapped(network, (100, 30), anywhere=np.array([True]))
    assert spots == [[100, 0]]


def test_where_all_roads_are_expressways_any_will_do():
    edges = town.edges(road_class="motorway").assign(road_class="motorway")
    spots, _, _ = snapped(Network.of(town.nodes(), edges), (290, 30))
    assert spots == [[290, 0]]


def beside(*water, barriers=()):
    rows = {"kind": ["water"] * len(water), "name": [None] * len(water)}
    lines = gpd.GeoDataFrame(geometry=list(barriers), crs=town.CRS)
    return Beside(
        gpd.GeoDataFrame(rows, geometry=list(water), crs=town.CRS), lines if barriers else None
    )


def opened(between, *points):
    network = Network.of(town.nodes(), town.edges(), between)
    return network.snap(np.array(points, dtype=float))


RIVER = shapely.box(-900, -80, 1700, -20)
"""South of the southernmost street (y = 0), 60 m wide."""


def test_nobody_opens_onto_a_road_across_wide_water_but_across_a_brook():
    ids, away = opened(beside(RIVER), (300, -120))
    assert (ids[0], away[0]) == (NO_ROAD, 120)
    brook = shapely.box(-900, -80, 1700, -55)
    assert opened(beside(brook), (300, -120))[0][0] >= FIRST_ON_STREET
    # two brooks are as wide as one river
    assert opened(beside(brook, shapely.box(-900, -50, 1700, -30)), (300, -120))[0][0] == NO_ROAD


def test_a_road_on_the_own_side_counts_though_it_is_farther():
    pond = shapely.box(250, 340, 350, 390)  # before the street at y = 400, 70 m off
    many = [(300, 330)] * 300  # more than are looked at in one go
    ids, away = opened(beside(pond), *many, (300, 395))
    assert (ids != NO_ROAD).all()
    assert away.tolist() == [100] * 300 + [5]


def test_who_stands_in_the_water_stands_on_a_pier():
    sea = shapely.box(-900, -900, 1700, -5)
    ids, _ = opened(beside(sea), (300, -60), (300, -130))
    assert ids[0] != NO_ROAD
    assert ids[1] == NO_ROAD


def test_nobody_opens_onto_a_road_across_a_barrier():
    fence = shapely.LineString([(-900, -30), (1700, -30)])
    assert opened(beside(barriers=[fence]), (300, -60))[0][0] == NO_ROAD
    assert opened(beside(barriers=[fence]), (300, -20))[0][0] != NO_ROAD


def test_an_end_without_a_road_reaches_nothing_and_shifts_no_other():
    demand = gpd.GeoDataFrame(
        {"demand_id": ["a", "b", "c"], "node_id": [100, NO_ROAD, 101]},
        geometry=gpd.points_from_xy([0, 50, 200], [0, 0, 0]), crs=town.CRS,
    )  # fmt: skip
    sites = gpd.GeoDataFrame(
        {"site_id": ["s", "t"], "node_id": [NO_ROAD, 101]},
        geometry=gpd.points_from_xy([0, 200], [0, 0]), crs=town.CRS,
    )  # fmt: skip
    reach = make_reach(demand, sites, town.nodes(), town.edges(), cutoff_m=3000)
    assert list(zip(reach["demand_id"], reach["site_id"], strict=True)) == [("a", "t"), ("c", "t")]
    assert reach["distance_m"].tolist() == [200, 0]


def test_the_id_of_a_point_is_the_same_when_other_streets_go():
    edges = town.edges()
    _, _, ids = snapped(Network.of(town.nodes(), edges), (290, 430), (410, 510))
    fewer = edges[(edges["from_node"] > 104) & (edges["to_node"] > 104)]
    spots, _, again = snapped(
        Network.of(town.nodes(), fewer.iloc[::-1].reset_index(drop=True)), (290, 430), (410, 510)
    )
    assert spots == [[290, 400], [400, 510]]
    assert ids.tolist() == again.tolist()


def test_a_point_on_a_street_that_is_not_there_is_named():
    network = grid()
    with pytest.raises(TableError, match="street 4711"):
        network.split(np.array([FIRST_ON_STREET + 4711 * 10**6 + 5]))


def test_a_node_beyond_all_ids_is_refused_with_the_cure():
    nodes = town.nodes()
    nodes.loc[24, "node_id"] = FIRST_ON_STREET
    with pytest.raises(TableError, match="number the nodes"):
        Network.of(nodes, town.edges().iloc[:4])


def test_a_main_road_is_near_all_along_it():
    network = grid(main_row=0)
    away = network.main_road_m(np.array([[300.0, 20.0], [300.0, 250.0]]))
    assert away == pytest.approx([20, 250])
    none = Network.of(town.nodes(), town.edges(main_row=-1))
    assert none.main_road_m(np.zeros((1, 2))) is None


# --- ways from a point on a street ---------------------------------------------------------


def ends(column, network, **places):
    """Rows at their points, opening onto the nearest road."""
    xy = np.array(list(places.values()), dtype=float)
    return gpd.GeoDataFrame(
        {column: list(places), "node_id": network.snap(xy)[0]},
        geometry=gpd.points_from_xy(*xy.T),
        crs=town.CRS,
    )


def test_a_way_counts_the_part_of_a_street_it_takes():
    network = grid()
    reach = make_reach(
        ends("demand_id", network, d=(250, 30)), ends("site_id", network, s=(510, -20)),
        town.nodes(), town.edges(), cutoff_m=3000,
    ).iloc[0]  # fmt: skip
    assert reach["distance_m"] == pytest.approx(30 + 260 + 20)
    assert reach["time_s"] == pytest.approx(26 + 50 / SNAP_M_PER_S)


def test_along_one_street_a_way_is_that_between_and_against_it_the_way_round():
    edges = town.edge_table([(100, 101, 200.0, 20.0, "primary"), (101, 106, 200.0, 20.0, "primary"),
                             (106, 100, 400.0, 40.0, "primary")])  # fmt: skip
    network = Network.of(town.nodes(), edges)
    west, east = (50, 0), (150, 0)
    reach = make_reach(
        ends("demand_id", network, west=west, east=east),
        ends("site_id", network, west=west, east=east),
        town.nodes(), edges, cutoff_m=3000,
    )  # fmt: skip
    found = {(a, b): m for a, b, m in zip(reach["demand_id"], reach["site_id"],
                                          reach["distance_m"], strict=True)}  # fmt: skip
    assert found == pytest.approx(
        {("west", "west"): 0, ("east", "east"): 0, ("west", "east"): 100, ("east", "west"): 700}
    )


def test_a_site_far_from_every_junction_of_a_mountain_road_is_reached():
    # One road of 6 km over a pass; the villages stand 2 and 2.5 km up it.
    nodes = gpd.GeoDataFrame(
        {"node_id": [1, 2]}, geometry=[shapely.Point(0, 0), shapely.Point(6000, 0)], crs=town.CRS
    )
    edges = town.edge_table([(1, 2, 6000.0, 600.0, "tertiary"), (2, 1, 6000.0, 600.0, "tertiary")])
    line = shapely.LineString([(0, 0), (3000, 0), (6000, 0)])
    edges = edges.set_geometry([line, line.reverse()], crs=town.CRS)
    network = Network.of(nodes, edges)
    demand = ends("demand_id", network, village=(2000, 40))
    sites = ends("site_id", network, inn=(2500, 10), end=(5990, 10))
    reach = make_reach(demand, sites, nodes, edges, cutoff_m=3000)
    assert reach["site_id"].tolist() == ["inn"]
    assert reach["distance_m"].tolist() == pytest.approx([550.0], abs=0.01)


# --- laws ----------------------------------------------------------------------------------

_NODES = [town.crossing(x, y) for y in range(3) for x in range(3)]
_ROW = st.tuples(
    st.sampled_from(_NODES), st.sampled_from(_NODES), st.integers(0, 900), st.integers(0, 200)
)
_ROWS = st.lists(_ROW, min_size=1, max_size=30)
_SPOTS = st.lists(
    st.tuples(st.integers(0, 29), st.integers(0, 10**6)), min_size=1, max_size=8, unique=True
)


def made(rows):
    """A network of random rows, some of them there and back, rings among them."""
    edges = town.edge_table([(a, b, float(m), float(s), "primary") for a, b, m, s in rows])
    line = [
        shapely.LineString([town._spot(a), (417.0 + 10 * n, 290.0), town._spot(b)])
        for n, (a, b, *_) in zip(edges["street_id"], rows, strict=True)
    ]
    return Network.of(town.nodes(), edges.set_geometry(line, crs=town.CRS))


def points_on(network, spots):
    streets = network.streets
    street = np.array([one % len(streets.street_id) for one, _ in spots], dtype=np.int64)
    share = np.array([part / 10**6 for _, part in spots])
    return streets.ids(street, share, network.node_id)


def by_networkx(rows, network, ids):
    """Distances between points, every row cut at its points by hand."""
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(_NODES)
    graph.add_nodes_from(ids.tolist())
    inside = sorted({i for i in ids.tolist() if i >= FIRST_ON_STREET})
    for n, (a, b, m, _) in enumerate(rows):
        street = network.row_street[n]
        own = [
            (share if network.along[n] else 1 - share, i)
            for i in inside
            for at, share in [[one[0] for one in network.streets.places(np.array([i]))]]
            if at == street
        ]
        chain = [(0.0, a), *sorted(own), (1.0, b)]
        for (since, one), (till, other) in pairwise(chain):
            graph.add_edge(one, other, length=m * (till - since))
    return dict(nx.all_pairs_dijkstra_path_length(graph, weight="length"))


@SMALL
@given(rows=_ROWS, spots=_SPOTS)
def test_a_split_changes_no_way_between_nodes(rows, spots):
    network = made(rows)
    whole = distances(network, network.node_id)
    cut = network.split(points_on(network, spots))
    assert cut.node_id[: len(network.node_id)].tolist() == network.node_id.tolist()
    assert np.array_equal(distances(cut, network.node_id), whole)


def distances(graph, ids):
    """Whole millimetres between nodes, by networkx."""
    made_of = nx.MultiDiGraph()
    made_of.add_nodes_from(graph.node_id.tolist())
    for one, other, metres in zip(
        graph.node_id[graph.start].tolist(), graph.node_id[graph.end].tolist(),
        np.rint(graph.length_m * 1000).tolist(), strict=True,
    ):  # fmt: skip
        made_of.add_edge(one, other, length=metres)
    found = dict(nx.all_pairs_dijkstra_path_length(made_of, weight="length"))
    return np.array([[found[a].get(b, np.inf) for b in ids.tolist()] for a in ids.tolist()])


@SMALL
@given(rows=_ROWS, spots=_SPOTS)
def test_the_same_as_networkx_between_points_on_streets(rows, spots):
    network = made(rows)
    ids = points_on(network, spots)
    frames = {
        column: gpd.GeoDataFrame(
            {column: [f"{n:02}" for n in range(len(ids))], "node_id": ids},
            geometry=gpd.points_from_xy(*network.at(ids).T),
            crs=town.CRS,
        )
        for column in ("demand_id", "site_id")
    }
    edges = town.edge_table([(a, b, float(m), float(s), "primary") for a, b, m, s in rows])
    edges = edges.set_geometry(
        [
            network.streets.line[s] if a else network.streets.line[s].reverse()
            for s, a in zip(network.row_street, network.along, strict=True)
        ],
        crs=town.CRS,
    )
    found = make_reach(frames["demand_id"], frames["site_id"], town.nodes(), edges, cutoff_m=2500.0)
    theirs = by_networkx(rows, network, ids)
    mine = {
        (int(a), int(b)): m
        for a, b, m in found[["demand_id", "site_id", "distance_m"]].itertuples(index=False)
    }
    wanted = {
        (n, k): theirs[a][b]
        for n, a in enumerate(ids.tolist())
        for k, b in enumerate(ids.tolist())
        if b in theirs[a]
    }
    # Whole millimetres, piece by piece.
    near = {pair: metres for pair, metres in wanted.items() if metres <= 2499}
    assert {pair: mine.get(pair) for pair in near} == pytest.approx(near, abs=0.02)
    assert mine == pytest.approx({pair: wanted[pair] for pair in mine}, abs=0.02)
    assert all(mine[n, n] == 0 for n in range(len(ids)))


@SMALL
@given(
    points=st.lists(
        st.tuples(st.floats(-300, 1100), st.floats(-300, 1100)), min_size=1, max_size=10
    ),
    step=st.sampled_from([None, 30.0, 150.0]),
)
def test_nobody_is_farther_from_a_road_than_from_a_junction(points, step):
    network = grid()
    xy = np.array(points)
    ids, metres = network.snap(xy, step_m=step)
    spots = network.at(ids)
    assert metres == pytest.approx(np.hypot(*(xy - spots).T), abs=1e-3)
    if step is None:
        junction = np.hypot(
            *(xy[:, None, :] - network.xy[None, :, :]).transpose(2, 0, 1)
        ).min(axis=1)  # fmt: skip
        assert (metres <= junction + 1e-3).all()
    # An id leads back to its own place.
    assert network.snap(spots)[0].tolist() == ids.tolist() or step is not None
