"""A station belongs to the ground it stands on; a quarter does not swallow its compounds."""

from __future__ import annotations

import grid_town as town
import numpy as np
import pytest
import shapely

from siting import scenario
from siting.analysis.candidates.merging import quarters, with_whole_service_areas
from siting.analysis.candidates.sites import make_candidates
from siting.analysis.demand.away_from_home import drawing_places
from siting.analysis.demand.housing import home_parts
from siting.analysis.network import Network
from siting.errors import EmptyLayerError


def make(places, **options):
    stations = options.pop("stations", town.stations())
    return make_candidates(
        places, town.zones(), town.nodes(), town.edges(), stations,
        kinds=town.kinds(), rules=town.rules(), settings=scenario.Candidates(**options),
    )  # fmt: skip


def service_area(*, with_lorries=True, capacity=120.0, **tags):
    """A service area of 4 ha with a car park, one for lorries and fuel inside."""
    rows = [
        town.place("way/1", "service_area", town.square(400, 400, 200), **tags),
        town.place("way/2", "parking", town.square(340, 400, 60), capacity=capacity),
        town.place("way/4", "fuel", town.square(460, 340, 50)),
    ]
    if with_lorries:
        shape = town.square(460, 440, 60)
        rows.append(town.place("way/3", "parking", shape, capacity=60.0, access="lorries"))
    return rows


def test_a_service_area_is_one_site_with_the_bays_of_its_car_park():
    station = town.station("node/9", 350, 410, chargers=8.0)
    result = make(town.places(*service_area()), stations=town.stations(station))
    [site] = result.sites.to_dict("records")
    assert (site["site_id"], site["spaces"], site["spaces_source"]) == (
        "way/1", 120.0, "capacity tag",
    )  # fmt: skip
    assert site["existing_station"]
    assert site["existing_chargers"] == 8
    assert site["merged_ids"] == "way/2+way/3+way/4+node/9"
    told = {note.key: note.values for note in result.notes}
    assert told["service_areas_whole"] == {"areas": 1, "places": 3}


def test_an_own_capacity_goes_before_that_of_the_parts():
    [site] = make(town.places(*service_area(capacity=90.0))).sites.to_dict("records")
    assert site["spaces"] == 90
    places = town.places(*service_area())
    places.loc[0, "capacity"] = 70.0
    assert make(places).sites["spaces"].tolist() == [70.0]


def test_a_car_park_mapped_twice_counts_once_and_an_untagged_one_by_its_ground():
    rows = [*service_area(), town.place("way/5", "parking", town.square(340, 400, 30))]
    assert make(town.places(*rows)).sites["spaces"].tolist() == [120.0]
    rows = service_area(capacity=np.nan)
    [site] = make(town.places(*rows)).sites.to_dict("records")
    assert site["spaces"] == np.floor(60 * 60 / 28)
    assert site["spaces_source"] == "area rule"


def test_a_car_park_half_outside_is_none_of_its_parts():
    rows = [*service_area(), town.place("way/5", "parking", town.square(500, 500, 40))]
    whole, parts = with_whole_service_areas(town.places(*rows), town.kinds())
    assert parts == {"way/1": ["way/2", "way/3", "way/4"]}
    assert "way/5" in set(whole["place_id"])


def test_two_sides_of_a_service_area_stay_two():
    sides = [
        town.place(f"way/{n}", "service_area", town.square(200, y, 150))
        for n, y in enumerate((200, 600))
    ]
    assert len(make(town.places(*sides)).sites) == 2


@pytest.mark.parametrize("kind", ["service_area", "parking", "residential"])
def test_a_station_anywhere_on_a_large_ground_of_one_owner_belongs_to_it(kind):
    ground = town.place("way/1", kind, town.square(400, 400, 500), capacity=900.0)
    station = town.station("node/9", 170, 170, chargers=8.0)
    result = make(town.places(ground), stations=town.stations(station))
    assert result.sites["site_id"].tolist() == ["way/1"]
    assert result.sites["existing_chargers"].tolist() == [8]


def test_two_operators_on_one_car_park_are_two_stations():
    ground = town.place("way/1", "parking", town.square(400, 400, 100), capacity=90.0)
    both = [town.station(f"node/{n}", 400 + 20 * n, 400, chargers=4.0) for n in (1, 2)]
    sites = make(town.places(ground), stations=town.stations(*both)).sites
    assert sites["existing_station"].tolist() == [True, True]
    assert sites["existing_chargers"].sum() == 8


def test_lorry_parks_and_lock_ups_are_no_candidates_and_draw_nobody():
    rows = [
        town.place(f"way/{n}", "parking", town.square(200 * n, 400, 60), access=access)
        for n, access in enumerate(("lorries", "lock_ups", "motorcycles", None))
    ]
    places = town.places(*rows)
    assert make(places).sites["site_id"].tolist() == ["way/3"]
    assert len(drawing_places(places, town.zones(), town.kinds())) == 1


def quarter_town(*compounds, side=780):
    """A quarter over most of the town, and compounds in it by their middle and side."""
    rows = [town.place("way/1", "residential", town.square(400, 400, side))]
    rows += [
        town.place(f"way/{2 + n}", "residential", town.square(x, y, width))
        for n, (x, y, width) in enumerate(compounds)
    ]
    return town.places(*rows)


def test_a_quarter_gives_way_to_its_compounds():
    result = make(quarter_town((200, 200, 150), (600, 200, 150), (200, 600, 150)))
    assert result.sites["site_id"].tolist() == ["way/2", "way/3", "way/4"]
    told = {note.key: note.values for note in result.notes}
    assert told["quarters_split"] == {"quarters": 1, "compounds": 3, "ids": ["way/1"]}


def test_a_compound_beside_the_middle_of_the_quarter_is_not_absorbed():
    assert make(quarter_town((410, 400, 150))).sites["site_id"].tolist() == ["way/2"]


def test_a_compound_with_small_buildings_or_mapped_twice_stays():
    blocks = quarter_town((300, 300, 50), (500, 500, 50), side=400)
    assert make(blocks).sites["site_id"].tolist() == ["way/1"]
    twice = quarter_town((400, 400, 700))
    assert make(twice).sites["site_id"].tolist() == ["way/1"]


def test_one_compound_in_a_large_area_that_is_no_quarter_stands_beside_it():
    result = make(quarter_town((250, 250, 120), side=500))
    assert result.sites["site_id"].tolist() == ["way/1", "way/2"]


def test_a_compound_drawn_in_two_phases_is_its_phases():
    phases = quarter_town((300, 400, 180), (500, 400, 180), side=400)
    assert make(phases).sites["site_id"].tolist() == ["way/2", "way/3"]


def test_quarters_nest():
    shapes = np.array(
        [town.square(0, 0, 2000), town.square(0, 0, 1000), town.square(0, 0, 200)], dtype=object
    )
    found, inner, outer = quarters(shapes, least_m2=2000)
    assert found.tolist() == [True, True, False]
    assert sorted(zip(inner.tolist(), outer.tolist(), strict=True)) == [(1, 0), (2, 0), (2, 1)]


def homes(places, population=1000.0):
    zones = town.zones(town.zone("a", shapely.box(-500, -500, 1300, 1300), population))
    network = Network.of(town.nodes(), town.edges())
    return home_parts(places, zones, network, spread_over="residential")


def test_people_of_a_quarter_live_on_all_of_its_ground_once():
    parts, _ = homes(quarter_town((200, 200, 150)))
    assert parts["people"].sum() == pytest.approx(1000)
    at = parts[[point.distance(shapely.Point(200, 200)) < 76 for point in parts["point"]]]
    share = 150**2 / 780**2
    # The compound is a point of its own; the quarter's share falls on its road nodes.
    assert at["people"].min() == pytest.approx(1000 * share, rel=0.01)


def test_unnamed_flats_are_homes_and_no_candidates():
    flats = town.places(town.place("way/1", "flats", town.square(600, 600, 30), levels=10.0))
    with pytest.raises(EmptyLayerError, match="kind_known 0"):
        make(flats)
    parts, notes = homes(flats, population=200.0)
    assert [point.distance(shapely.Point(600, 600)) < 50 for point in parts["point"]] == [True]
    assert notes == []


def test_flats_of_a_compound_count_once_and_tell_its_levels():
    ground = town.place("way/1", "residential", town.square(200, 200, 100))
    block = town.place("way/2", "flats", town.square(200, 200, 30), levels=20.0)
    other = town.place("way/3", "residential", town.square(600, 600, 100), levels=20.0)
    parts, _ = homes(town.places(ground, block, other), population=400.0)
    assert parts["people"].tolist() == [200.0, 200.0]
