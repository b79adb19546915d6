"""Demand points: where they lie and what they add up to."""

from __future__ import annotations

import grid_town as town
import numpy as np
import pandas as pd
import pytest
import shapely
from demand_town import (
    MALL,
    OFFICE,
    PARK,
    PER_PERSON,
    UNKNOWN,
    home,
    make,
    of_kind,
    zone_rows,
)  # fmt: skip

from siting.tables import DEMAND, check


def test_the_chain_from_people_to_energy():
    result = make(town.places(home(1, 100, 100), home(2, 700, 100), OFFICE, MALL, PARK))
    whole = 2000 * PER_PERSON
    chain = result.chain
    numbers = {
        "people": 2000, "cars": 400, "nev_share": 0.18, "nevs": 72, "charging_kwh_day": 72 * 8.4,
        "public_share": 0.6, "residents_kwh_day": whole, "kwh_day": whole,
    }  # fmt: skip
    assert {key: getattr(chain, key) for key in numbers} == pytest.approx(numbers)
    parts = {"home": 0.55, "work": 0.2, "retail": 0.15, "visit": 0.1, "road": 0}
    found = {kind: chain.by_kind[kind] / whole for kind in parts}
    assert found == pytest.approx(parts)
    assert chain.by_kind["fleet"] is None
    assert chain.through_kwh_day is chain.fleet_kwh_day is chain.swap_kwh_day is None
    assert [key for key, _ in result.notes] == [UNKNOWN]
    check(result.demand, DEMAND)


def test_people_are_spread_by_the_size_of_residential_areas():
    result = make(town.places(home(1, 0, 0, 100), home(2, 0, 600, 200), home(3, 700, 100)))
    people = of_kind(result, "home").set_index("node_id")["people"]
    assert people[town.crossing(0, 0)] == pytest.approx(200)
    assert people[town.crossing(0, 3)] == pytest.approx(800)


def test_a_residential_area_across_a_border_counts_in_both_zones_by_its_parts():
    across = town.place("way/1", "residential", shapely.box(300, 0, 440, 100))
    result = make(town.places(across, home(2, 0, 600, 100)))
    homes = of_kind(result, "home").groupby("zone_id")["people"].sum()
    assert homes.to_dict() == pytest.approx({"a": 1000.0, "b": 1000.0})
    in_a = of_kind(result, "home").query("zone_id == 'a'")["people"].sort_values().tolist()
    assert in_a == pytest.approx([500.0, 500.0])  # 100 m x 100 m on either side


def test_a_compound_mapped_twice_counts_once():
    block = town.place("way/3", "residential", town.square(0, 600, 80))
    result = make(town.places(home(1, 0, 0), home(2, 0, 600), block, home(4, 700, 100)))
    assert of_kind(result, "home").query("zone_id == 'a'")["people"].tolist() == pytest.approx(
        [500.0, 500.0]
    )


def test_a_large_area_is_spread_over_the_roads_inside_it():
    village = town.place("way/1", "residential", shapely.box(-50, -50, 390, 450))
    result = make(town.places(village, home(2, 700, 100)))
    west = of_kind(result, "home").query("zone_id == 'a'")
    assert sorted(west["node_id"]) == [town.crossing(x, y) for y in range(3) for x in range(2)]
    assert west["people"].tolist() == pytest.approx([1000 / 6] * 6)


def test_a_point_takes_the_size_of_the_middle_area():
    dot = town.place("node/1", "residential", shapely.Point(0, 800))
    result = make(town.places(home(1, 0, 0, 100), dot, home(3, 700, 100)))
    west = of_kind(result, "home").query("zone_id == 'a'")
    assert west["people"].tolist() == pytest.approx([500.0, 500.0])


def test_a_zone_without_residential_areas_has_its_people_along_the_roads_and_says_so():
    result = make(town.places(home(1, 0, 0)))
    east = of_kind(result, "home").query("zone_id == 'b'")
    assert len(east) == 10  # columns 3 and 4; column 2 lies on the border
    assert east["people"].sum() == pytest.approx(1000)
    named = {"zh": "zone b（1,000人）", "en": "zone b (1,000 people)"}
    assert dict(result.notes)["people_on_roads"] == {
        "zones": 1, "people": 1000, "names": [named],
    }  # fmt: skip


def test_more_people_than_the_mapped_areas_hold_live_on_unmapped_ones():
    result = make(town.places(home(1, 0, 0, 50), home(2, 700, 100)))
    west = of_kind(result, "home").query("zone_id == 'a'").set_index("node_id")["people"]
    assert len(west) == 10
    assert west.sum() == pytest.approx(1000)
    assert west[town.crossing(0, 0)] == pytest.approx(250 + 750 / 10)  # 0.1 people/m2 on 2500 m2
    assert dict(result.notes)["people_beyond_homes"] == {
        "zones": 1, "people": 750,
        "names": [{"zh": "zone a（750人）", "en": "zone a (750 people)"}],
    }  # fmt: skip


def test_people_can_be_spread_over_the_roads_on_purpose():
    result = make(town.places(home(1, 0, 0)), spread_over="nodes")
    assert of_kind(result, "home").groupby("zone_id").size().to_dict() == {"a": 10, "b": 10}
    assert "people_on_roads" not in dict(result.notes)


def test_a_zone_without_roads_has_its_people_at_its_middle():
    far = town.zone("c", shapely.box(2000, 0, 2100, 100), 300.0)
    result = make(town.places(home(1, 0, 0)), zones=town.zones(*zone_rows(), far))
    lonely = of_kind(result, "home").query("zone_id == 'c'")
    assert lonely["people"].tolist() == pytest.approx([300.0])


def test_missing_people_are_named_and_not_counted_as_nobody():
    rows = zone_rows()
    rows[1].update(population=np.nan, population_quality="missing")
    result = make(
        town.places(home(1, 0, 0), home(2, 700, 100), OFFICE, MALL), zones=town.zones(*rows)
    )
    assert dict(result.notes)["no_home_demand"] == {"zones": 1, "names": ["zone b"]}
    assert set(of_kind(result, "home")["zone_id"]) == {"a"}
    assert result.chain.people == pytest.approx(1000)
    assert of_kind(result, "retail")["zone_id"].tolist() == ["b"]


def test_remarks_carry_the_names_in_both_languages():
    rows = zone_rows()
    rows[1].update(population=np.nan, population_quality="missing", name="乙镇", name_en="Yi Town")
    result = make(town.places(home(1, 0, 0), home(2, 700, 100)), zones=town.zones(*rows))
    names = dict(result.notes)["no_home_demand"]["names"]
    assert names == [{"zh": "乙镇", "en": "Yi Town"}]


def test_without_people_anywhere_there_is_no_demand_and_a_note_says_so():
    rows = [{**row, "population": np.nan} for row in zone_rows()]
    result = make(town.places(home(1, 0, 0)), zones=town.zones(*rows))
    assert result.demand.empty
    assert dict(result.notes)["nobody"] == {"zones": 2}


def test_what_has_no_place_goes_home_and_says_so():
    result = make(town.places(home(1, 0, 0), home(2, 700, 100)), home_share=0.5, road_share=0.05)
    assert set(result.demand["kind"]) == {"home"}
    whole = 2000 * PER_PERSON
    assert result.chain.kwh_day == pytest.approx(whole)
    parts = {"work": 0.2, "retail": 0.15, "visit": 0.1, "road": 0.05}
    told = dict(result.notes)
    del told[UNKNOWN]
    assert told == {
        f"{kind}_at_home": {"kwh_day": pytest.approx(whole * share, abs=0.05)}
        for kind, share in parts.items()
    }


def test_work_and_visits_follow_the_spaces_of_their_places():
    small = town.place("way/92", "parking", town.square(0, 0, 30), capacity=100.0)
    large = town.place("way/93", "parking", town.square(800, 800, 30), capacity=300.0)
    result = make(town.places(home(1, 0, 0), home(2, 700, 100), small, large))
    visits = of_kind(result, "visit").set_index("node_id")["kwh_day"]
    assert visits[town.crossing(4, 4)] / visits[town.crossing(0, 0)] == pytest.approx(3)
    assert of_kind(result, "visit")["people"].isna().all()


def test_points_of_one_kind_at_one_crossing_are_one():
    result = make(town.places(home(1, 40, 0, 78), home(2, -40, 0, 78), home(3, 700, 100)))
    west = of_kind(result, "home").query("zone_id == 'a'")
    assert west["demand_id"].tolist() == [f"home/a/{town.crossing(0, 0)}"]
    assert west.geometry.iloc[0].distance(shapely.Point(0, 0)) < 1e-6


def test_the_order_of_the_rows_does_not_matter():
    rows = [home(number, 37.0 * number, 29.0 * number, 20 + number) for number in range(1, 20)]
    one = make(town.places(*rows, OFFICE, MALL)).demand
    other = make(town.places(MALL, OFFICE, *reversed(rows))).demand
    pd.testing.assert_frame_equal(pd.DataFrame(one), pd.DataFrame(other), check_exact=True)
