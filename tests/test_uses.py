"""What a place of the map is for: cars of the public, others, or nothing any more."""

from __future__ import annotations

import json

import geopandas as gpd
import pytest
import shapely
from osm_town import BBOX, make_town
from typer.testing import CliRunner

from siting import scenario
from siting.cli.main import app
from siting.errors import ScenarioError
from siting.inputs.osm.station_tags import chargers_of, power_kw_of, swap_of
from siting.inputs.osm.uses import not_running, public_access
from siting.inputs.world import load_world
from siting.scenario import Scenario

LON, LAT = 106.6051, 29.7079
CASES = (
    "car-parks-not-for-cars", "map-sockets", "map-stations-not-for-cars", "map-swap-station",
    "one-huge-residential", "service-area-has-a-station",
)  # fmt: skip


def charging(**tags):
    return {"amenity": "charging_station", **{k.replace("__", ":"): v for k, v in tags.items()}}


def parking(**tags):
    return {"amenity": "parking", **{k.replace("__", ":"): v for k, v in tags.items()}}


@pytest.mark.parametrize(
    ("tags", "access"),
    [
        (parking(), None),
        (parking(access="customers"), "customers"),
        (parking(access="private"), "private"),
        (parking(access="private;customers"), "private;customers"),
        (parking(access="private", motorcar="yes"), "private"),
        (parking(access="no", motorcar="yes"), "yes"),
        (parking(motor_vehicle="private"), "private"),
        (parking(vehicle="no", motorcar="designated"), None),
        (parking(motorcar="no", motorcycle="designated"), "motorcycles"),
        (parking(motorcycle="designated"), "motorcycles"),
        (parking(motorcycle="yes"), None),
        (parking(hgv="designated"), "lorries"),
        (parking(hgv="designated", motorcar="yes"), None),
        (parking(hgv="yes"), None),
        (parking(capacity="40", capacity__hgv="40"), "lorries"),
        (parking(capacity="40", capacity__hgv="10"), None),
        (parking(motorcar="no", bus="yes"), "buses"),
        (parking(tourist_bus="designated"), "buses"),
        (parking(taxi="designated"), "taxis"),
        (parking(parking="garage_boxes"), "lock_ups"),
        (parking(parking="carports"), "lock_ups"),
        (parking(parking="multi-storey"), None),
        (parking(name="非机动车停车场"), "bicycles"),
        (parking(name="货车停车区"), "lorries"),
        (parking(name="卡车路停车场"), None),
        (parking(name="Truck Parking Nord"), "lorries"),
        (parking(name="Busparkplatz"), "buses"),
        (parking(name="Bikepark Car Park"), None),
        (charging(name="E-Bike Ladestation"), "bicycles"),
        (parking(capacity__motorcar="0", motorcycle="yes"), "motorcycles"),
        (charging(bicycle="yes"), "bicycles"),
        (charging(bicycle="yes", motorcar="yes"), None),
        (charging(bicycle="yes", socket__type2="2"), None),
        (charging(bicycle="yes", socket__schuko="4"), "bicycles"),
        (charging(bicycle="designated", capacity__motorcar="2"), None),
        (charging(scooter="yes", motorcar="no"), "bicycles"),
        (charging(motorcycle="designated"), "motorcycles"),
        (charging(hgv="designated"), "lorries"),
        (charging(hgv="yes"), None),
        (charging(boat="yes"), "boats"),
        (charging(access="employees"), "employees"),
        (charging(access="permissive"), "permissive"),
        (charging(name="公交停车场充电站"), None),
        (charging(name="公交专用充电站"), "buses"),
        (charging(name="电单车换电柜"), "bicycles"),
    ],
)
def test_whom_a_place_of_vehicles_is_for(tags, access):
    found = public_access(tags, for_vehicles=True)
    assert found == access or (access is None and found == tags.get("access"))


def test_a_park_closed_to_cars_is_still_open_to_the_public():
    assert public_access({"leisure": "park", "motor_vehicle": "no"}, for_vehicles=False) is None
    assert public_access({"shop": "mall", "access": "private"}, for_vehicles=False) == "private"


@pytest.mark.parametrize(
    ("tags", "state"),
    [
        (charging(), None),
        (charging(disused="yes"), "disused"),
        (charging(disused="no"), None),
        (charging(abandoned="yes"), "disused"),
        (charging(disused__amenity="charging_station"), "disused"),
        (charging(disused__amenity="fuel"), None),
        (charging(planned="yes"), "planned"),
        (charging(proposed__amenity="charging_station"), "planned"),
        (charging(construction="yes"), "planned"),
        (charging(operational_status="closed"), "closed"),
        (charging(operational_status="out_of_order"), "closed"),
        (charging(operational_status="operational"), None),
        (charging(operational_status="Under construction"), "planned"),
        (charging(opening_hours="off"), "closed"),
        (charging(opening_hours="24/7"), None),
        (charging(opening_date="2025-06"), "planned"),
        (charging(start_date="2019"), None),
        (charging(end_date="2023-12-31"), "closed"),
        (charging(name="礼嘉充电站（建设中）"), "planned"),
        (charging(name="礼嘉充电站（已停用）"), "closed"),
    ],
)
def test_what_does_not_run(tags, state):
    assert not_running(tags, ("amenity", "charging_station"), "2024-01-01") == state


def test_a_ruin_is_a_sight_and_no_disused_one():
    tags = {"historic": "castle", "ruins": "yes", "name": "Burg"}
    assert not_running(tags, ("historic", "castle"), "2024-01-01") is None


def test_without_a_date_of_the_map_no_date_tells():
    assert not_running(charging(opening_date="2099"), ("amenity", "charging_station"), "") is None


@pytest.mark.parametrize(
    ("tags", "chargers"),
    [
        (charging(), None),
        (charging(capacity="6"), 6),
        (charging(socket__type2="4", socket__chademo="2"), 6),
        (charging(socket__type2="yes"), None),
        (charging(socket__type2="4", socket__type2__output="22 kW"), 4),
        (charging(socket__schuko="2"), 2),
        (charging(capacity="12", capacity__motorcar="9"), 9),
    ],
)
def test_chargers_by_capacity_else_by_sockets(tags, chargers):
    assert chargers_of(tags, swaps=False) == chargers


def test_the_capacity_of_a_swap_station_counts_batteries():
    assert chargers_of(charging(capacity="13"), swaps=True) is None


@pytest.mark.parametrize(
    ("tags", "power_kw"),
    [
        (charging(), None),
        (charging(charging_station__output="120 kW"), 120.0),
        (charging(socket__type2="2", socket__type2__output="22 kW",
                  socket__ccs="1", socket__ccs__output="50kW"), 94.0),
        (charging(socket__type2__output="22 kW"), None),
        (charging(socket__gb_dc="4", socket__gb_dc__output="0.06 MW"), 240.0),
    ],
)  # fmt: skip
def test_power_of_a_station(tags, power_kw):
    assert power_kw_of(tags) == power_kw


@pytest.mark.parametrize(
    ("tags", "swap"),
    [
        (charging(name="蔚来换电站", brand="蔚来"), (True, True)),
        (charging(name="NIO Power Swap Station"), (True, True)),
        (charging(brand="NIO"), (False, False)),
        ({"amenity": "battery_swap"}, (True, True)),
        (charging(operator="奥动新能源汽车科技有限公司"), (True, True)),
        (charging(network="伯坦科技"), (True, True)),
        (charging(battery_swapping="yes"), (True, False)),
        (charging(battery_swapping="only"), (True, True)),
        (charging(battery_swapping="no", name="换电站"), (False, False)),
        (charging(name="礼嘉充换电站"), (True, False)),
        (charging(name="国网充电站", operator="国家电网"), (False, False)),
    ],
)
def test_swap_stations_by_tag_name_and_brand(tags, swap):
    assert swap_of(tags) == swap


# -- on a map --


def plan_scenario(path, **inputs):
    return Scenario(
        siting=1,
        area=scenario.Area(bbox=BBOX),
        inputs=scenario.Inputs(osm=str(path), **inputs),
        targets=scenario.Targets(stations=1, chargers=4),
    )


def world_of(town, tmp_path):
    path = town.write(tmp_path / "town.osm")
    return load_world(
        scenario.Area(bbox=BBOX),
        scenario.Inputs(osm=str(path), osm_as_of="2024-01-01"),
    )


def bare_town():
    """A town without the stations it is made with."""
    town = make_town()
    for key in (501, 502):
        del town.nodes[key]
    return town


def stations_of(town, tmp_path):
    world = world_of(town, tmp_path)
    return world.stations.set_index("station_id"), {note.key: note.values for note in world.notes}


def test_what_is_left_out_is_counted_by_reason_in_both_languages(tmp_path):
    town = bare_town()
    town.node(5100, LON, LAT, amenity="charging_station", capacity=6)
    town.node(5101, LON + 0.002, LAT, amenity="charging_station", access="private", capacity=30)
    town.node(5102, LON - 0.002, LAT, amenity="charging_station", bicycle="designated")
    town.node(5103, LON - 0.004, LAT, amenity="charging_station", planned="yes")
    town.node(5104, 106.7, 29.8, amenity="charging_station", access="private")
    town.block(5105, LON, 29.7031, amenity="parking", hgv="designated")
    stations, notes = stations_of(town, tmp_path)
    assert stations["chargers"].to_dict() == {"node/5100": 6.0}
    told = notes["map_stations_left_out"]
    assert told["count"] == 3
    assert sorted(one["en"] for one in told["reasons"]) == [
        "access=private 1", "bicycles 1", "planned 1",
    ]  # fmt: skip
    assert [one["en"] for one in notes["places_for_others"]["reasons"]] == ["lorries 1"]


def test_charge_points_are_devices_of_the_station_around_them(tmp_path):
    town = bare_town()
    town.block(5200, LON, LAT, size=0.0012, amenity="charging_station", operator="甲")
    for number in range(3):
        town.node(5300 + number, LON + 0.0001 + number * 0.0004, LAT + 0.0011,
                  man_made="charge_point", socket__type2=2)  # fmt: skip
    town.node(5310, LON + 0.003, LAT, man_made="charge_point", capacity=2)
    stations, _ = stations_of(town, tmp_path)
    assert stations["chargers"].to_dict() == {"way/5200": 3.0, "node/5310": 2.0}


def test_devices_of_a_private_station_are_private(tmp_path):
    town = bare_town()
    town.node(5200, LON, LAT, amenity="charging_station", access="private")
    town.node(5201, LON + 0.0001, LAT, man_made="charge_point")
    stations, notes = stations_of(town, tmp_path)
    assert stations.empty
    assert notes["map_stations_left_out"]["count"] == 2


@pytest.mark.parametrize(
    ("one", "other", "count"),
    [
        ("特来电", "星星充电", 2),
        ("国家电网", "国网重庆市电力公司", 1),
        ("Ionity", "EnBW", 2),
        ("Ionity", None, 1),
    ],
)
def test_two_operators_side_by_side_stay_two(tmp_path, one, other, count):
    town = bare_town()
    for number, name in enumerate((one, other)):
        tags = {"operator": name} if name else {}
        town.node(5400 + number, LON + 0.0002 * number, LAT, amenity="charging_station",
                  capacity=4, **tags)  # fmt: skip
    stations, _ = stations_of(town, tmp_path)
    assert len(stations) == count


def test_charging_bays_of_a_car_park_are_a_station_or_fill_one(tmp_path):
    town = bare_town()
    town.block(5500, LON, LAT, amenity="parking", capacity__charging=8)
    town.block(5510, LON + 0.003, LAT, amenity="parking", capacity__charging=5)
    town.node(5511, LON + 0.0034, LAT + 0.0004, amenity="charging_station")
    town.block(5520, LON - 0.003, LAT, amenity="parking", capacity__charging=9, access="private")
    stations, _ = stations_of(town, tmp_path)
    assert stations["chargers"].to_dict() == {"bays:way/5500": 8.0, "node/5511": 5.0}


def test_a_swap_station_of_the_map_swaps_and_lockers_for_scooters_do_not(tmp_path):
    town = bare_town()
    town.node(5600, LON, LAT, amenity="charging_station", name="蔚来换电站", capacity=13)
    town.node(5601, LON + 0.002, LAT, amenity="charging_station", brand="铁塔换电")
    stations, notes = stations_of(town, tmp_path)
    assert stations["swap"].to_dict() == {"node/5600": True}
    assert stations["chargers"].isna().all()
    assert notes["map_swap_stations"]["ids"] == ["node/5600"]


def test_a_swap_station_under_its_own_tag_is_read(tmp_path):
    town = bare_town()
    town.node(5600, LON, LAT, amenity="battery_swapping_station")
    stations, _ = stations_of(town, tmp_path)
    assert stations["swap"].to_dict() == {"node/5600": True}


def write_zones(folder):
    square = shapely.box(*BBOX)
    frame = gpd.GeoDataFrame(
        {"zone_id": ["z"], "name": ["Z"], "population": [20000.0]},
        geometry=[square], crs="EPSG:4326",
    )  # fmt: skip
    frame.to_file(folder / "zones.geojson", driver="GeoJSON")


def write_scenario(folder, town, targets="stations = 3\nchargers = 20\n", more=""):
    town.write(folder / "town.osm")
    write_zones(folder)
    path = folder / "own.toml"
    path.write_text(
        f"""siting = 1
[run]
language = "en"
[area]
bbox = {list(BBOX)}
[inputs]
osm = "town.osm"
osm_as_of = 2024-01-01
[inputs.zones]
file = "zones.geojson"
datum = "wgs84"
[targets]
{targets}
[model]
min_spacing_m = 100
{more}
""",
        encoding="utf-8",
    )
    return path


def checked(path):
    done = CliRunner().invoke(app, ["check", str(path), "--json", "--no-cache"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_a_swap_station_that_stands_needs_no_target(tmp_path):
    town = bare_town()
    town.node(5600, LON, LAT, amenity="charging_station", name="奥动换电站")
    path = write_scenario(tmp_path, town)
    assert checked(path)["existing"]["swap_stations"] == 1
    done = CliRunner().invoke(app, ["plan", str(path), "--out", str(tmp_path / "maps")])
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize(
    ("key", "name", "told"),
    [
        ("candidates.leave_out", "sigth", "did you mean 'sight'?"),
        ("candidates.leave_out", "居民小区", "did you mean 'residential'?"),
        ("counting.not_public", "school", "of the kind of site 'public_facility'"),
        ("counting.not_public", "zzz", "the kinds of site are:"),
        ("model.spacing_by_kind.parkng", None, "did you mean 'parking'?"),
    ],
)
def test_a_kind_that_nobody_knows_is_refused_with_the_nearest(tmp_path, key, name, told):
    path = write_scenario(tmp_path, make_town())
    override = f"{key}={json.dumps([name]) if name else 200}"
    done = CliRunner().invoke(app, ["check", str(path), "--set", override, "--no-cache"])
    assert isinstance(done.exception, ScenarioError)
    assert told in str(done.exception)


def test_the_cases_of_the_issue(shared):
    """The right answers of the examples beside the checkout, by ``case.toml``."""
    folder = shared / "cases"
    if not folder.is_dir():
        pytest.skip("no cases in ../shared")
    found = {name: checked(folder / name / "case.toml") for name in CASES}
    kinds = {name: one["sites_by_kind"] for name, one in found.items()}
    stands = {name: one["existing"] for name, one in found.items()}
    notes = {name: {note["key"] for note in one["notes"]} for name, one in found.items()}
    assert kinds["car-parks-not-for-cars"]["parking"] == 1
    assert stands["map-sockets"]["chargers"] == 15
    only = {"stations": 1, "chargers": 6, "swap_stations": 0, "chargers_unknown": 0}
    assert stands["map-stations-not-for-cars"] == only
    assert "map_stations_left_out" in notes["map-stations-not-for-cars"]
    assert stands["map-swap-station"]["swap_stations"] == 1
    assert stands["map-swap-station"]["stations"] == 0
    assert "quarters_split" in notes["one-huge-residential"]
    assert kinds["service-area-has-a-station"]["service_area"] == 1
    assert stands["service-area-has-a-station"]["chargers"] == 8
