"""The analysis on a real town: Monaco as OpenStreetMap knew it in 2021."""

from __future__ import annotations

import grid_town
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from demand_town import figures

from siting import scenario
from siting.analysis.candidates.sites import make_candidates
from siting.analysis.demand.demand_points import make_demand
from siting.analysis.network import Network
from siting.analysis.scores.scoring import Surroundings, Yardsticks, make_scores
from siting.analysis.travel import SNAP_M_PER_S, make_reach
from siting.inputs.world import load_world
from siting.shipped import shipped_path

BBOX = (7.4090, 43.7230, 7.4400, 43.7525)
QUARTERS = ("Monte-Carlo", "La Rousse", "Fontvieille", "La Condamine")


@pytest.fixture(scope="module")
def world(shared, tmp_path_factory):
    people = tmp_path_factory.mktemp("people") / "people.csv"
    rows = [f"{name},8000,rounded" for name in QUARTERS]
    people.write_text("\n".join(["name,population,population_quality", *rows]), encoding="utf-8")
    zones = scenario.ZonesInput(admin_level=10, people=str(people), people_key="name")
    osm = shared / "data" / "osm-monaco-2021" / "monaco.osm.pbf"
    return load_world(scenario.Area(bbox=BBOX), scenario.Inputs(osm=str(osm), zones=zones))


@pytest.fixture(scope="module")
def candidates(world):
    return make_candidates(
        world.places, world.zones, world.nodes, world.edges, world.stations,
        kinds=grid_town.kinds(), rules=grid_town.rules(), settings=scenario.Candidates(),
    )  # fmt: skip


@pytest.fixture(scope="module")
def demand(world):
    return make_demand(
        world.places, world.zones, world.nodes, world.edges,
        kinds=grid_town.kinds(), figures=figures(), settings=scenario.Demand(),
    )  # fmt: skip


@pytest.fixture(scope="module")
def reach(world, candidates, demand):
    return make_reach(demand.demand, candidates.sites, world.nodes, world.edges, cutoff_m=1500.0)


def test_a_plan_of_12_stations_150_chargers_and_a_swap_station_fits(candidates):
    sites = candidates.sites[candidates.sites["verdict"] != "stop"]
    assert len(sites) >= 60
    assert sites["max_chargers"].nlargest(12).sum() >= 150
    assert sites["min_chargers"].nsmallest(12).sum() <= 150
    assert sites["swap_ok"].any()
    counts = [count for _, count in candidates.screening[:-1]]
    assert counts == sorted(counts, reverse=True)


def test_all_people_with_a_figure_are_there(demand):
    assert demand.chain.people == pytest.approx(8000 * len(QUARTERS))
    assert demand.chain.kwh_day == pytest.approx(32000 * 0.2 * 0.18 * 8.4 * 0.6)
    # No single roof holds a quarter of the town because it is the only one mapped.
    assert demand.demand["people"].max() < 8000


def test_distances_are_those_of_networkx(world, candidates, demand, reach):
    sites = candidates.sites.set_index("site_id")
    ids = np.concatenate([frame["node_id"].to_numpy() for frame in (demand.demand, sites)])
    cut = Network.of(world.nodes, world.edges).split(ids)
    graph = nx.MultiDiGraph()
    names = cut.node_id.tolist()
    graph.add_nodes_from(names)
    for start, end, metres in zip(cut.start, cut.end, cut.length_m, strict=True):
        graph.add_edge(names[start], names[end], length=metres)
    where = dict(zip(names, shapely.points(cut.xy), strict=True))
    for point in demand.demand.iloc[::20].itertuples():
        roads = nx.single_source_dijkstra_path_length(graph, point.node_id, weight="length")
        leg = point.geometry.distance(where[point.node_id])
        wanted = {
            site.Index: leg + roads[site.node_id] + site.snap_m
            for site in sites.itertuples()
            if site.node_id in roads
        }
        wanted = {site: metres for site, metres in wanted.items() if metres <= 1500}
        mine = reach[reach["demand_id"] == point.demand_id]
        assert dict(
            zip(mine["site_id"].astype("str"), mine["distance_m"], strict=True)
        ) == pytest.approx(wanted, abs=0.2)  # lengths count in whole millimetres


def test_nobody_drives_faster_than_the_roads_allow(world, reach):
    fastest = (world.edges["length_m"] / world.edges["drive_s"]).max()
    speed = reach["distance_m"] / reach["time_s"].replace(0, np.nan)
    assert speed.max() <= max(fastest, SNAP_M_PER_S) * 1.001
    assert speed.min() > 0


def test_scores_tell_sites_apart(world, candidates, demand, reach):
    scores = make_scores(
        candidates.sites, demand.demand, reach,
        Surroundings(world.nodes, world.edges, world.substations, world.places),
        yardsticks=Yardsticks(pd.read_csv(shipped_path("criteria.csv"), encoding="utf-8")),
        settings=scenario.Scoring(),
    ).scores  # fmt: skip
    assert scores["score"].nunique() > 0.8 * len(scores)
    assert scores["score"].std() > 0.1
