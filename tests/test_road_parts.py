"""Which parts of the roads are kept: islands, lanes beside larger roads, and what nobody needs."""

from __future__ import annotations

import geopandas as gpd
import grid_town as town
import numpy as np
import pandas as pd
import pytest
import shapely

from siting.analysis.barriers import Beside
from siting.analysis.network import Network
from siting.analysis.road_parts import Needing, beside_dropped, needed_parts

_NONE = gpd.GeoDataFrame({"kind": [], "name": []}, geometry=[], crs=town.CRS)


def lane(number, *corners):
    """A loose road there and back, with its two nodes."""
    ids = [9000 + 10 * number, 9001 + 10 * number]
    line = shapely.LineString(corners)
    nodes = gpd.GeoDataFrame(
        {"node_id": ids},
        geometry=[shapely.Point(corners[0]), shapely.Point(corners[-1])],
        crs=town.CRS,
    )
    rows = [
        (*ids, line.length, 60.0, "residential"),
        (*ids[::-1], line.length, 60.0, "residential"),
    ]
    edges = town.edge_table(rows).assign(street_id=9000 + number)
    return nodes, edges.set_geometry([line, line.reverse()], crs=town.CRS)


def roads(*lanes):
    """The grid with loose roads besides."""
    every = [(town.nodes(), town.edges()), *lanes]
    nodes, edges = (pd.concat([one[k] for one in every], ignore_index=True) for k in (0, 1))
    return nodes, edges


def kept(lanes, places, *, zones=None, water=None, barriers=None, within_m=400.0):
    needing = Needing(
        places=places,
        stations=town.stations(),
        zones=town.zones() if zones is None else zones,
        people=None,
    )
    beside = Beside(_NONE if water is None else water, barriers)
    nodes, edges, notes, report = needed_parts(
        *roads(*lanes), needing, within_m=within_m, beside=beside
    )
    assert set(edges["from_node"]) | set(edges["to_node"]) == set(nodes["node_id"])
    return set(nodes["node_id"]) - set(town.nodes()["node_id"]), dict(notes), report


def sea(west, east):
    return gpd.GeoDataFrame(
        {"kind": ["water"], "name": [None]},
        geometry=[shapely.box(west, -900, east, 1900)],
        crs=town.CRS,
    )


ISLAND = lane(1, (2000, 0), (2600, 0))
GATE = lane(2, (850, 300), (1000, 300))


def lot(x, y):
    return town.place(f"way/{x}{y}", "parking", town.square(x, y, 40))


def test_an_island_with_a_place_is_kept_and_told():
    zones = town.zones(
        town.zone("a", shapely.box(-500, -500, 1300, 1300)),
        town.zone("b", shapely.box(1700, -500, 3000, 1300), 700.0),
    )
    ids, notes, report = kept([ISLAND], town.places(lot(2300, 30)), zones=zones)
    assert ids == {9010, 9011}
    assert notes == {
        "road_islands": {"parts": 1, "junctions": 2, "zones": 1, "people": 700,
                         "names": ["zone b"]}
    }  # fmt: skip
    assert report.parts == 2
    assert report.km_dropped == 0


def test_a_road_that_nobody_needs_is_dropped_and_told():
    ids, notes, report = kept([ISLAND], town.places(lot(300, 30)))
    assert ids == set()
    assert notes["roads_dropped"] == {
        "parts": 1, "junctions": 2, "of": 27, "km": 0.6, "names": [],
    }  # fmt: skip
    assert (report.km_before, report.km, report.km_dropped) == (8.6, 8.0, 0.6)


def test_who_stands_on_a_lane_beside_a_larger_road_opens_onto_that():
    assert kept([GATE], town.places(lot(950, 310)))[0] == set()
    # Farther than a place may be from its road the lane is all there is.
    assert kept([GATE], town.places(lot(950, 310)), within_m=100.0)[0] == {9020, 9021}


def test_nobody_opens_onto_a_road_across_the_water():
    brook = sea(815, 828)
    assert kept([GATE], town.places(lot(950, 310)), water=brook)[0] == set()
    strait = sea(805, 845)
    assert kept([GATE], town.places(lot(950, 310)), water=strait)[0] == {9020, 9021}


def test_nobody_opens_onto_a_road_across_a_barrier():
    fence = gpd.GeoDataFrame(geometry=[shapely.LineString([(820, 0), (820, 900)])], crs=town.CRS)
    assert kept([GATE], town.places(lot(950, 310)), barriers=fence)[0] == {9020, 9021}


def test_a_long_loose_road_is_no_lane():
    valley = lane(4, (850, 300), (3000, 300))
    assert kept([valley], town.places(lot(950, 310)))[0] == {9040, 9041}
    assert kept([valley], town.places(lot(300, 310)))[0] == set()


def test_a_zone_with_people_and_no_place_keeps_its_only_road():
    zones = town.zones(
        town.zone("a", shapely.box(-500, -500, 1300, 1300)),
        town.zone("b", shapely.box(1700, -500, 3000, 1300), 700.0),
    )
    small = lane(3, (2000, 500), (2100, 500))
    ids, _, _ = kept([ISLAND, small], town.places(lot(300, 30)), zones=zones)
    assert ids == {9010, 9011}
    empty = zones.assign(population=[700.0, 0.0])
    assert kept([ISLAND], town.places(lot(300, 30)), zones=empty)[0] == set()
    unknown = zones.assign(population=[700.0, np.nan])
    assert kept([ISLAND], town.places(lot(300, 30)), zones=unknown)[0] == set()


@pytest.mark.parametrize("order", [1, -1])
def test_the_same_whatever_the_order_of_the_rows(order):
    nodes, edges = roads(ISLAND, GATE)
    needing = Needing(town.places(lot(2300, 30)), town.stations(), town.zones(), None)
    nodes = nodes.iloc[::order].reset_index(drop=True)
    found = needed_parts(nodes, edges.iloc[::order], needing, within_m=400.0)
    assert sorted(found[0]["node_id"])[-2:] == [9010, 9011]
    assert found[3].junctions == 27


def test_who_stands_beside_a_dropped_road_is_told_with_people_and_energy():
    _, edges = roads(ISLAND, GATE)
    dropped = edges[edges["street_id"] == 9002]
    network = Network.of(town.nodes(), town.edges(), Beside(dropped=dropped))
    parts = pd.DataFrame(
        {
            "zone_id": ["a", "a", "b"],
            "point": [shapely.Point(950, 310), shapely.Point(300, 310), shapely.Point(960, 290)],
            "people": [40.0, 300.0, np.nan],
            "kwh_day": [20.4, 90.0, 30.0],
        }
    )
    zones = town.zones(
        town.zone("a", shapely.box(-500, 300, 1300, 1300)),
        town.zone("b", shapely.box(-500, -500, 1300, 300)),
    )
    assert beside_dropped(parts, network, zones) == [
        ("beside_dropped_roads",
         {"people": 40, "kwh_day": 50, "zones": 2, "names": ["zone b", "zone a"]})
    ]  # fmt: skip
    assert beside_dropped(parts.iloc[[1]], network, zones) == []
    assert beside_dropped(parts, Network.of(town.nodes(), town.edges()), zones) == []
