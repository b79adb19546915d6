"""Stations just beyond the border serve demand inside it and count towards no target."""

from __future__ import annotations

import json

import geopandas as gpd
import grid_town as town
import numpy as np
import pytest
import shapely
from osm_town import BBOX, make_town
from test_uses import checked, write_scenario

from siting import scenario
from siting.analysis.barriers import Beside
from siting.analysis.demand.beyond import less_served_beyond
from siting.inputs.world import load_world

OUTLINE = shapely.box(-100, -100, 500, 900)
"""The west of the town; the east lies beyond the border."""


def demand(*rows):
    """Demand points as (crossing, kWh a day)."""
    return gpd.GeoDataFrame(
        {
            "demand_id": [f"d{number}" for number in range(len(rows))],
            "node_id": np.array([town.crossing(*at) for at, _ in rows], dtype=np.int64),
            "kwh_day": [float(kwh) for _, kwh in rows],
        },
        geometry=[shapely.Point(200 * x, 200 * y) for (x, y), _ in rows],
        crs=town.CRS,
    )


def left(points, *stations, cutoff_m=1000.0):
    found, notes = less_served_beyond(
        points, town.stations(*stations), town.nodes(), town.edges(),
        beside=Beside(), outline=OUTLINE, kinds=town.kinds(), cutoff_m=cutoff_m,
    )  # fmt: skip
    return found["kwh_day"].tolist(), notes


def test_the_nearest_demand_is_served_first_until_the_energy_is_spent():
    points = demand(((2, 2), 10), ((0, 2), 1e6))
    station = town.station("node/1", 600, 400, chargers=4.0)
    (near, far), [note] = left(points, station)
    kinds = town.kinds()
    catchment = shapely.Point(600, 400).buffer(1000.0)
    share = catchment.intersection(OUTLINE).area / catchment.area
    energy = 4 * kinds.loc["existing", "kwh_day_per_charger"] * share
    assert near == 0
    assert 1e6 - far == pytest.approx(energy - 10, rel=0.01)
    assert note.values["kwh_day"] == pytest.approx(energy, rel=0.01)
    assert note.values["stations"] == 1


def test_a_station_out_of_reach_or_one_that_only_swaps_serves_nothing():
    points = demand(((0, 0), 100))
    far = town.station("node/1", 800, 800, chargers=9.0)
    assert left(points, far, cutoff_m=500.0) == ([100.0], [])
    swap = town.station("node/2", 600, 0, swap=True)
    assert left(points, swap) == ([100.0], [])
    assert left(points) == ([100.0], [])


def test_no_point_is_served_more_than_it_needs():
    points = demand(((2, 2), 10), ((2, 1), 10))
    both = [town.station(f"node/{n}", 600, 400 + n, chargers=50.0) for n in (1, 2)]
    assert left(points, *both)[0] == [0.0, 0.0]


def test_stations_beyond_the_border_of_a_map_are_known_and_do_not_count(tmp_path):
    made = make_town()
    west, south, _, north = BBOX
    made.node(5000, 106.6110, 29.7051, amenity="charging_station", capacity=40)
    made.node(5001, 106.7600, 29.7051, amenity="charging_station", capacity=40)
    path = made.write(tmp_path / "town.osm")
    # The border runs just west of the station; the road to it goes on.
    area = scenario.Area(bbox=(west, south, 106.6105, north))
    world = load_world(area, scenario.Inputs(osm=str(path)))
    assert world.beyond["station_id"].tolist() == ["node/5000"]
    assert "node/5000" not in set(world.stations["station_id"])


def test_a_plan_says_what_they_serve(tmp_path):
    made = make_town()
    made.node(5000, 106.6126, 29.7040, amenity="charging_station", capacity=40)
    report = checked(write_scenario(tmp_path, made))
    told = {note["key"]: note["values"] for note in report["notes"]}
    assert told["served_from_beyond"]["ids"] == ["node/5000"]
    assert report["existing"]["stations"] == 1
    assert json.dumps(report)
