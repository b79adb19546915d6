"""Islands, from the map to the reach: what lies on one stays there."""

from __future__ import annotations

import json

import geopandas as gpd
import grid_town
import numpy as np
import osmium
import pytest
import shapely
from demand_town import figures
from osm_town import BBOX, SOUTH, WEST, Town, make_town

from siting import scenario
from siting.analysis.candidates.regimes import Around
from siting.analysis.candidates.sites import make_candidates
from siting.analysis.demand.demand_points import make_demand
from siting.analysis.streets import NO_ROAD
from siting.analysis.travel import make_reach, unreached
from siting.inputs.world import load_world
from siting.pipeline.adjust import counted_world

EAST_BY = 0.08
"""How far east of the town the second island lies: some 7.7 km."""

WIDE = (BBOX[0] - 0.02, BBOX[1] - 0.02, BBOX[2] + EAST_BY + 0.02, BBOX[3] + 0.05)


def shore(town, key, west, south, east, north):
    """A closed coastline, counter-clockwise: the land inside."""
    corners = [(west, south), (east, south), (east, north), (west, north)]
    refs = [town.node(key * 10 + n, *corner) for n, corner in enumerate(corners)]
    town.way(key, [*refs, refs[0]], natural="coastline")


def settlement(town, base, lon, lat, *, streets=True):
    """A village: one street of 380 m with a lane off it, flats, a car park, a fuel station."""
    if streets:
        for n, (dx, dy) in enumerate([(0, 0), (0.002, 0), (0.004, 0), (0.002, 0.002)]):
            town.node(base + n, lon + dx, lat + dy)
        town.way(base, [base, base + 1, base + 2], highway="residential")
        town.way(base + 1, [base + 1, base + 3], highway="residential")
    town.block(base + 10, lon + 0.0004, lat + 0.0003, landuse="residential", name="渔村")
    town.block(base + 11, lon + 0.0024, lat + 0.0003, amenity="parking", capacity="90")
    town.node(base + 5, lon + 0.0032, lat + 0.0001, amenity="charging_station", capacity="4")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The town on one island, a village on a second, one without a road on a third.

    A rock 400 m before the town's coast has no road either.
    """
    folder = tmp_path_factory.mktemp("islands")
    town = make_town()
    west, south, east, north = BBOX
    shore(town, 9500, west - 0.002, south - 0.002, east + 0.002, north + 0.002)
    lon, lat = WEST + EAST_BY, SOUTH
    shore(town, 9600, lon - 0.002, lat - 0.002, lon + 0.006, lat + 0.004)
    settlement(town, 70_000, lon, lat)
    shore(town, 9700, lon - 0.002, lat + 0.038, lon + 0.006, lat + 0.044)
    settlement(town, 80_000, lon, lat + 0.040, streets=False)
    rock, middle = east + 0.0062, (south + north) / 2
    shore(town, 9800, rock, middle - 0.002, rock + 0.008, middle + 0.004)
    settlement(town, 90_000, rock + 0.002, middle, streets=False)
    boxes = {
        "rock": (rock, middle - 0.002, rock + 0.008, middle + 0.004),
        "town": (west, south, east, north),
        "island": (lon - 0.003, lat - 0.003, lon + 0.007, lat + 0.006),
        "islet": (lon - 0.003, lat + 0.036, lon + 0.007, lat + 0.046),
    }
    zones = gpd.GeoDataFrame(
        {"zone_id": list(boxes), "name": list(boxes), "kind": "town",
         "population": [250, 20_000, 3000, 400], "population_quality": "exact"},
        geometry=[shapely.box(*box) for box in boxes.values()],
        crs=4326,
    )  # fmt: skip
    (folder / "zones.geojson").write_text(zones.to_json(), encoding="utf-8")
    osm = town.write(folder / "islands.osm")
    return stages(osm, WIDE, scenario.ZonesInput(file=str(folder / "zones.geojson"), datum="wgs84"))


def stages(osm, bbox, zones):
    inputs = scenario.Inputs(osm=str(osm), zones=zones)
    world = load_world(scenario.Area(bbox=bbox), inputs)
    world, beside, notes = counted_world(world, scenario.Counting(), max_snap_m=400)
    candidates = make_candidates(
        world.places, world.zones, world.nodes, world.edges, world.stations,
        kinds=grid_town.kinds(), rules=grid_town.rules(), settings=scenario.Candidates(),
        around=Around(beside),
    )  # fmt: skip
    demand = make_demand(
        world.places, world.zones, world.nodes, world.edges,
        kinds=grid_town.kinds(), figures=figures(), settings=scenario.Demand(), beside=beside,
    ).demand  # fmt: skip
    reach = make_reach(demand, candidates.sites, world.nodes, world.edges, cutoff_m=3000)
    notes = dict([*notes, *candidates.notes, *unreached(demand, reach, world.zones)])
    return world, candidates.sites, demand, reach, notes


def zone_of(frame, column, ids):
    return frame.set_index(column)["zone_id"].reindex(ids).to_numpy()


def test_what_lies_on_an_island_is_reached_from_there_alone(made):
    _, sites, demand, reach, _ = made
    start = zone_of(demand, "demand_id", reach["demand_id"])
    goal = zone_of(sites, "site_id", reach["site_id"])
    assert {"town", "island"} <= set(start)
    assert ((start == "island") == (goal == "island")).all()


def test_people_and_stations_open_onto_a_road_of_their_own_island(made):
    world, sites, demand, _, _ = made
    for frame in (sites, demand):
        on_island = frame[frame["zone_id"] == "island"]
        assert len(on_island) >= 1
        away = on_island.geometry.distance(world.edges.geometry.union_all())
        assert away.max() < 150
    station = sites[sites["zone_id"].eq("island") & sites["existing_station"]]
    assert len(station) == 1
    assert station["snap_m"].max() < 50


def test_an_island_without_a_road_is_told_with_its_true_distance(made):
    _, sites, demand, _, notes = made
    islet = sites[sites["zone_id"] == "islet"]
    assert islet["existing_station"].all()
    assert len(islet) == 1
    assert islet["snap_m"].min() > 4000
    assert notes["stations_off_road"]["stations"] == 2
    lost = demand[demand["node_id"] == NO_ROAD]
    told = notes["out_of_reach"]
    assert told["kwh_day"] == round(lost["kwh_day"].sum())
    assert (told["people"], told["names"][:2]) == (650, ["islet", "rock"])


def test_nobody_crosses_the_sea_to_a_road_within_the_cutoff(made):
    world, sites, demand, reach, _ = made
    ours = demand[demand["zone_id"] == "rock"]
    away = ours.geometry.distance(world.edges.geometry.union_all())
    assert (away.max() < 2000, ours["people"].sum()) == (True, 250)
    assert (ours["node_id"] == NO_ROAD).all()
    assert not reach["demand_id"].isin(ours["demand_id"]).any()
    [(_, station)] = sites[sites["zone_id"] == "rock"].iterrows()
    assert station["existing_station"]
    assert station["snap_m"] < 2000
    assert station["site_id"] not in set(reach["site_id"])


def test_the_island_is_told_as_a_part_of_its_own(made):
    *_, notes = made
    assert notes["road_islands"] == {
        "parts": 1, "junctions": 4, "zones": 1, "people": 3000, "names": ["island"]
    }  # fmt: skip


def test_the_sea_between_is_water(made):
    world, *_ = made
    sea = world.landscape[world.landscape["landscape_id"] == "sea"].to_crs(4326).geometry.iloc[0]
    assert sea.contains(shapely.Point(WEST + EAST_BY / 2, SOUTH))
    assert not sea.contains(shapely.Point(WEST + EAST_BY, SOUTH))


# --- Monaco and an islet before it ---------------------------------------------------------

ISLET = (7.4330, 43.7280)
MONACO = (7.4090, 43.7230, 7.4400, 43.7525)


@pytest.fixture(scope="module")
def monaco(shared, tmp_path_factory):
    folder = tmp_path_factory.mktemp("monaco")
    islet = Town()
    settlement(islet, 30_000_000_000, *ISLET)
    west, south = ISLET
    shore(islet, 31_000_000, west - 0.0005, south - 0.0005, west + 0.0045, south + 0.0025)
    added = islet.write(folder / "islet.osm")
    osm = folder / "both.osm.pbf"
    parts = [str(shared / "data" / "osm-monaco-2021" / "monaco.osm.pbf"), str(added)]
    with osmium.SimpleWriter(str(osm), overwrite=True) as writer:
        for part in parts:
            for one in osmium.FileProcessor(part):
                writer.add(one)
    boxes = {
        "Monaco": (MONACO[0], MONACO[1], west - 0.001, MONACO[3]),
        "islet": (west - 0.001, south - 0.001, west + 0.005, south + 0.003),
    }
    features = [
        {"type": "Feature",
         "properties": {"zone_id": name, "name": name, "kind": "town", "population": people,
                        "population_quality": "exact"},
         "geometry": shapely.geometry.mapping(shapely.box(*boxes[name]))}
        for name, people in (("Monaco", 38_000), ("islet", 500))
    ]  # fmt: skip
    zones = folder / "zones.geojson"
    zones.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return stages(osm, MONACO, scenario.ZonesInput(file=str(zones), datum="wgs84"))


def test_an_islet_before_monaco_keeps_its_people_and_its_station(monaco):
    world, sites, demand, reach, notes = monaco
    ours = demand[demand["zone_id"] == "islet"]
    assert ours["people"].sum() == pytest.approx(500)
    (_, station), *others = sites[sites["existing_station"]].iterrows()
    assert (station["zone_id"], others) == ("islet", [])
    assert station["snap_m"] < 50
    pairs = reach[reach["demand_id"].isin(ours["demand_id"])]
    assert set(zone_of(sites, "site_id", pairs["site_id"])) == {"islet"}
    assert station["site_id"] in set(pairs["site_id"])
    assert notes["road_islands"]["people"] == 500
    assert np.isin([30_000_000_000, 30_000_000_003], world.nodes["node_id"]).all()
