"""The chain of the demand: figures by year and hour, bays, roads, fleets, and one whole."""

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
    figures,
    home,
    make,
    of_kind,
    zone_rows,
)  # fmt: skip
from hypothesis import given, settings
from hypothesis import strategies as st

from siting import scenario
from siting.analysis.demand import away_from_home, demand_chain
from siting.errors import ScenarioError, TableError
from siting.optimize.build import swap_needs
from siting.pipeline import prepare
from siting.shipped import shipped_path

HOMES = (home(1, 100, 100), home(2, 700, 100))
KINDS = ("home", "work", "retail", "visit", "road", "fleet")
DEPOT = town.place("way/95", "logistics", town.square(600, 200, 80))


def shipped(name):
    return pd.read_csv(shipped_path(name), encoding="utf-8")


def motorway(*, ref="G50"):
    """The town with its lowest street as a motorway, 800 m each way."""
    edges = town.edges()
    is_main = edges["road_class"] == "primary"
    edges.loc[is_main, "road_class"] = "motorway"
    edges["ref"] = pd.Series(np.where(is_main, ref, None), dtype="str")
    return edges


def counts(*rows):
    frame = pd.DataFrame(rows, columns=["ref", "vehicles_day", "through_share"])
    return frame.astype({"ref": "str", "vehicles_day": "float", "through_share": "float"})


def people_layer(*rows):
    values, quality, shapes = zip(*rows, strict=True)
    return town.gpd.GeoDataFrame(
        {"people": np.array(values, dtype=float), "quality": list(quality)},
        geometry=list(shapes), crs=town.CRS,
    )  # fmt: skip


# figures by year and hour


@pytest.mark.parametrize(
    ("year", "course", "share"),
    [(2025, "base", 0.18), (2025, "low", 0.155), (2025, "high", 0.205), (2026, "base", 0.23),
     (2022, "base", 0.041), (2030, "high", 0.53)],
)  # fmt: skip
def test_the_share_of_nevs_follows_year_and_course(year, course, share):
    block = scenario.Demand(year=year, nev_scenario=course)
    assert demand_chain.nev_share(figures().nev_shares, block) == pytest.approx(share)


def test_a_plan_in_phases_has_the_nevs_of_its_last_year():
    """Phases that end after 2025 kept the share of 2025 where targets.by was left out."""
    given = scenario.load_scenario(shipped_path("scenarios/yubei-2025.toml")).model_dump()
    given["targets"]["by"] = None
    phase = {"stations": 550, "chargers": 12000, "swap_stations": 25}
    given["phases"] = [phase | {"year": year} for year in (2025, 2028)]
    asked = scenario.Scenario.model_validate(given)
    assert asked.end_year == 2028
    block = prepare._demand_settings(asked)
    assert block.year == 2028
    assert demand_chain.nev_share(figures().nev_shares, block) == pytest.approx(0.33)


def test_a_share_of_ones_own_goes_before_the_table():
    assert (
        demand_chain.nev_share(figures().nev_shares, scenario.Demand(nev_share=0.3, year=2050))
        == 0.3
    )


def test_a_year_beyond_the_table_is_refused_with_a_cure():
    with pytest.raises(ScenarioError, match="2022 to 2030") as caught:
        demand_chain.nev_share(figures().nev_shares, scenario.Demand(year=2040))
    assert caught.value.exit_code == 2


def test_a_table_of_nevs_with_a_year_twice_or_a_share_beyond_one_is_refused():
    table = shipped("nev_share.csv")
    with pytest.raises(TableError, match="2022, low, stands twice"):
        demand_chain.check_nev_shares(pd.concat([table, table.iloc[:1]], ignore_index=True))
    with pytest.raises(TableError, match="nev_share"):
        demand_chain.check_nev_shares(table.assign(nev_share=1.5))


def test_low_base_and_high_stand_in_order_in_every_year():
    table = figures().nev_shares
    assert (table["low"] < table["base"]).all()
    assert (table["base"] < table["high"]).all()
    assert table["base"].is_monotonic_increasing


def test_each_day_has_24_hours_that_sum_to_one():
    hours = figures().hours
    assert hours.shape == (len(KINDS), 24)
    assert hours.sum(axis=1).tolist() == pytest.approx([1.0] * len(KINDS))


def test_a_day_that_does_not_sum_to_one_or_a_missing_kind_is_refused():
    table = shipped("hour_profile.csv")
    bad = table.assign(h00=table["h00"] + np.where(table["kind"] == "home", 0.1, 0))
    with pytest.raises(TableError, match=r"the hours of home sum to 1\.1") as caught:
        demand_chain.check_hour_profiles(bad[bad["kind"] != "road"])
    assert "kind road is missing" in str(caught.value)


def test_the_whole_day_has_its_two_peaks():
    load = np.array(make(town.places(*HOMES, OFFICE, MALL, PARK)).chain.hour_kw)
    noon, evening = load[10:14].max(), load[19:22].max()
    assert max(noon, evening) == load.max()
    assert min(noon, evening) > load[15:18].max()
    assert load[:6].max() < 0.3 * load.max()


def test_the_peak_is_the_busiest_hour_of_the_energies_and_their_hours():
    result = make(town.places(*HOMES, OFFICE))
    hours = figures().hours
    by_hand = [
        sum(result.chain.by_kind[kind] * hours.loc[kind].iloc[hour] for kind in KINDS[:5])
        for hour in range(24)
    ]
    assert result.chain.hour_kw == pytest.approx(by_hand)
    assert result.chain.peak_kw == pytest.approx(max(by_hand))
    assert result.chain.peak_hour == int(np.argmax(by_hand))
    assert result.chain.peak_share == pytest.approx(max(by_hand) / result.chain.kwh_day)
    works = of_kind(result, "work")["peak_share"]
    assert works.tolist() == pytest.approx([hours.loc["work"].max()] * len(works))


# private bays


def test_without_a_private_bay_more_charging_is_public():
    none = make(town.places(*HOMES), private_bay_share=0.0).chain
    all_ = make(town.places(*HOMES), private_bay_share=1.0).chain
    assert none.public_share == pytest.approx(0.8)
    assert all_.public_share == pytest.approx(0.3)
    assert none.charging_kwh_day == pytest.approx(all_.charging_kwh_day)


def test_the_bays_of_a_zone_go_before_those_of_its_kind():
    zones = town.zones()
    block = scenario.Demand(
        private_bay_share_by_zone_kind={"town": 0.5}, private_bay_share_by_zone={"b": 1.0}
    )
    assert demand_chain.public_shares(zones, block).to_dict() == pytest.approx(
        {"a": 0.55, "b": 0.3}
    )


@pytest.mark.parametrize("key", ["private_bay_share_by_zone", "private_bay_share_by_zone_kind"])
def test_bays_of_a_zone_that_is_not_there_are_refused(key):
    with pytest.raises(ScenarioError, match=f"demand.{key} names nowhere"):
        demand_chain.public_shares(town.zones(), scenario.Demand(**{key: {"nowhere": 0.5}}))


def test_one_public_share_for_all_goes_before_the_bays():
    shares = demand_chain.public_shares(town.zones(), scenario.Demand(public_share=0.7))
    assert set(shares) == {0.7}


# pools by zone


def test_part_of_the_charging_at_shops_stays_in_the_zone_of_the_home():
    near = town.place("way/96", "retail", town.square(0, 600, 80))
    rows = zone_rows()
    rows[0]["population"] = 3000.0
    found = make(town.places(*HOMES, near, MALL), zones=town.zones(*rows), retail_local_share=1.0)
    by_zone = of_kind(found, "retail").groupby("zone_id")["kwh_day"].sum()
    assert by_zone["a"] / by_zone["b"] == pytest.approx(3)
    one_pool = make(
        town.places(*HOMES, near, MALL), zones=town.zones(*rows), retail_local_share=0.0
    )
    by_zone = of_kind(one_pool, "retail").groupby("zone_id")["kwh_day"].sum()
    assert by_zone["a"] == pytest.approx(by_zone["b"])


@settings(deadline=None, max_examples=40)
@given(
    pull=st.lists(
        st.tuples(st.sampled_from("abc"), st.floats(0, 1e4, allow_subnormal=False)), max_size=8
    ),
    energy=st.dictionaries(st.sampled_from("abcd"), st.floats(0, 1e6), min_size=1),
    local=st.floats(0, 1),
)
def test_a_pool_gives_out_what_it_took_in(pull, energy, local):
    places = pd.DataFrame(pull, columns=["zone_id", "work"]).assign(point=None)
    parts = away_from_home.pool_parts(
        places, "work", pd.Series(energy, dtype=float), local_share=local
    )
    assert parts.empty == (not any(weight > 0 for _, weight in pull))
    if len(parts):
        assert parts["kwh_day"].sum() == pytest.approx(sum(energy.values()), rel=1e-9)
        assert (parts["kwh_day"] >= 0).all()


# roads


def test_charging_along_the_road_lies_on_the_motorway():
    found = make(town.places(*HOMES), edges=motorway(), home_share=0.5, road_share=0.05)
    roads = of_kind(found, "road").set_index("node_id")["kwh_day"]
    assert sorted(roads.index) == [town.crossing(x, 0) for x in range(5)]
    assert roads.sum() == pytest.approx(2000 * PER_PERSON * 0.05)
    assert roads[town.crossing(1, 0)] == pytest.approx(2 * roads[town.crossing(0, 0)])
    assert "through_unknown" in dict(found.notes)
    assert found.chain.through_kwh_day is None


def cut_off(edges):
    """Leave one way between the lowest street and the town: that at its east end."""
    low = {town.crossing(x, 0) for x in range(4)}
    up = edges["from_node"].isin(low) ^ edges["to_node"].isin(low)
    return edges[~(up & (edges["road_class"] != "motorway"))].reset_index(drop=True)


def test_who_drives_on_a_motorway_stops_at_the_next_exit():
    found = make(town.places(*HOMES), edges=cut_off(motorway()), home_share=0.5, road_share=0.05)
    roads = of_kind(found, "road").set_index("node_id")["kwh_day"]
    assert roads.to_dict() == pytest.approx({town.crossing(4, 0): 2000 * PER_PERSON * 0.05})


def test_who_drives_on_a_motorway_stops_at_a_service_area_before_the_exit():
    rest = town.place("way/97", "service_area", town.square(200, 10, 60))
    found = make(
        town.places(*HOMES, rest), edges=cut_off(motorway()), home_share=0.5, road_share=0.05
    )
    roads = of_kind(found, "road").set_index("node_id")["kwh_day"] / (2000 * PER_PERSON * 0.05)
    # of four sections 1/8 lies at the west end, 2/8 at each crossing, 1/8 at the exit
    assert roads.to_dict() == pytest.approx(
        {town.crossing(1, 0): 5 / 8, town.crossing(4, 0): 3 / 8}
    )


def test_through_traffic_comes_on_top_by_its_count():
    found = make(town.places(*HOMES), edges=motorway(), traffic=counts(("G50", 20_000, 0.4)))
    by_hand = 0.8 * 20_000 * 0.4 * 0.18 * 0.17 * 0.5
    assert found.chain.through_kwh_day == pytest.approx(by_hand)
    assert found.chain.kwh_day == pytest.approx(2000 * PER_PERSON + by_hand)
    assert found.chain.by_kind["road"] == pytest.approx(by_hand)
    assert "through_unknown" not in dict(found.notes)


def test_a_count_without_a_share_takes_the_one_of_the_scenario():
    given_ = make(town.places(*HOMES), edges=motorway(), traffic=counts(("G50", 9_000, 0.5)))
    left = make(town.places(*HOMES), edges=motorway(), traffic=counts(("G50", 9_000, np.nan)))
    assert left.chain.through_kwh_day == pytest.approx(given_.chain.through_kwh_day)


def test_a_road_of_two_numbers_is_counted_once():
    both = counts(("G50", 9_000, 1.0), ("G65", 4_000, 1.0))
    found = make(town.places(*HOMES), edges=motorway(ref="G50;G65"), traffic=both)
    alone = make(town.places(*HOMES), edges=motorway(), traffic=both)
    assert found.chain.through_kwh_day == pytest.approx(alone.chain.through_kwh_day)


def test_weights_that_draw_nothing_are_refused():
    with pytest.raises(ScenarioError, match="no road class"):
        make(town.places(*HOMES), home_share=0.5, road_share=0.05, road_weights={"motorway": 0.0})


# fleets


def test_a_fleet_of_unknown_size_is_named_and_never_zero():
    found = make(town.places(*HOMES))
    names = [name["en"] for name in dict(found.notes)["fleets_unknown"]["names"]]
    assert names == ["taxis", "ride-hailing", "heavy trucks"]
    assert found.chain.fleets["taxi"].vehicles is None
    assert found.chain.by_kind["fleet"] is None


def test_a_fleet_comes_on_top_and_lies_on_its_places():
    fleets = scenario.Fleets(heavy_truck={"vehicles": 100})
    found = make(town.places(*HOMES, OFFICE, DEPOT), fleets=fleets)
    energy = 100 * 280
    assert found.chain.fleet_kwh_day == pytest.approx(energy * 0.5 * 0.5)
    assert found.chain.swap_kwh_day == pytest.approx(energy * 0.5)
    assert found.chain.residents_kwh_day == pytest.approx(2000 * PER_PERSON)
    assert found.chain.kwh_day == pytest.approx(2000 * PER_PERSON + energy * 0.25)
    at = of_kind(found, "fleet")
    assert at["node_id"].tolist() == [town.crossing(3, 1)]
    assert at["swap_kwh_day"].tolist() == pytest.approx([energy * 0.5])
    names = [name["en"] for name in dict(found.notes)["fleets_unknown"]["names"]]
    assert names == ["taxis", "ride-hailing"]


def test_a_fleet_that_the_mean_of_all_cars_holds_counts_once_and_says_so():
    plain = make(town.places(*HOMES, MALL))
    found = make(town.places(*HOMES, MALL), fleets=scenario.Fleets(taxi={"vehicles": 2}))
    nevs = plain.chain.nevs
    left = 8.4 - 2 * 50 / nevs
    assert found.chain.charging_kwh_day == pytest.approx(nevs * left)
    whole = found.chain.charging_kwh_day + found.chain.fleets["taxi"].energy_kwh_day
    assert whole == pytest.approx(plain.chain.charging_kwh_day)
    told = dict(found.notes)["fleets_once"]
    assert (told["kwh_day"], told["left_kwh"]) == (100.0, round(left, 2))
    on_top = scenario.Fleets(taxi={"vehicles": 2, "in_mean": False})
    apart = make(town.places(*HOMES, MALL), fleets=on_top)
    assert apart.chain.charging_kwh_day == pytest.approx(plain.chain.charging_kwh_day)
    assert "fleets_once" not in dict(apart.notes)


def test_a_fleet_larger_than_the_mean_allows_is_told():
    found = make(town.places(*HOMES, MALL), fleets=scenario.Fleets(taxi={"vehicles": 5000}))
    assert found.chain.residents_kwh_day == 0
    assert "fleets_above_mean" in dict(found.notes)


def test_a_fleet_known_to_be_nobody_is_zero_and_known():
    fleets = scenario.Fleets(taxi={"vehicles": 0})
    found = make(town.places(*HOMES), fleets=fleets)
    assert found.chain.by_kind["fleet"] == 0
    assert found.chain.fleets["taxi"].vehicles == 0


def test_a_fleet_without_a_place_goes_where_people_live_and_says_so():
    found = make(town.places(*HOMES), fleets=scenario.Fleets(taxi={"vehicles": 50}))
    assert dict(found.notes)["fleets_at_home"]["names"] == [{"zh": "出租车", "en": "taxis"}]
    assert of_kind(found, "fleet")["kwh_day"].sum() == pytest.approx(50 * 50 * 0.7 * 0.9)


def test_a_fleet_at_a_kind_of_site_that_is_not_there_is_refused():
    fleets = scenario.Fleets(taxi={"vehicles": 5, "places": ["rank"]})
    with pytest.raises(ScenarioError, match="taxi names rank"):
        make(town.places(*HOMES), fleets=fleets)


def test_swap_stations_look_at_the_fleets_by_their_share():
    demand = pd.DataFrame({"kwh_day": [60.0, 40.0, 0.0], "swap_kwh_day": [0.0, 5.0, 15.0]})
    need, notes = swap_needs(demand, 0.5)
    assert need.tolist() == pytest.approx([30.0, 20.0 + 12.5, 37.5])
    assert need.sum() == pytest.approx(100.0)
    assert dict(notes)["swap_fleets"] == {"swap_kwh_day": 20.0, "share": 0.5}
    assert swap_needs(demand.assign(swap_kwh_day=0.0), 0.5) == (None, ())


# people of a layer, floor area


def test_people_of_a_layer_stand_where_it_says():
    layer = people_layer(
        (300, "counted", shapely.Point(0, 600)), (500, "estimated", town.square(200, 200, 50))
    )
    found = make(town.places(*HOMES), people=layer)
    west = of_kind(found, "home").query("zone_id == 'a'").set_index("node_id")
    assert west["people"].to_dict() == pytest.approx(
        {town.crossing(0, 3): 300.0, town.crossing(1, 1): 500.0}
    )
    assert west["quality"].to_dict() == {
        town.crossing(0, 3): "counted", town.crossing(1, 1): "estimated",
    }  # fmt: skip
    assert found.chain.people == pytest.approx(1800)
    told = dict(found.notes)
    assert told["people_from_layer"] == {"people": 800, "zones": 1, "told": 1000}
    bare = make(town.places(*HOMES), zones=town.zones().assign(population=np.nan), people=layer)
    assert dict(bare.notes)["people_from_layer_alone"] == {"people": 800, "zones": 1}
    assert told["people_quality"] == {"counted": 300, "spread": 1000, "estimated": 500}


def test_people_of_a_layer_beyond_the_zones_are_left_out_and_told():
    layer = people_layer(
        (300, "counted", shapely.Point(0, 600)), (200, "counted", shapely.Point(9000, 0)),
        (100, "counted", shapely.box(1250, 0, 1350, 100)),
    )  # fmt: skip
    found = make(town.places(*HOMES), people=layer)
    assert found.chain.people == pytest.approx(350)
    assert dict(found.notes)["people_outside"] == {"people": 250, "of": 600}


def test_a_layer_that_misses_all_zones_is_refused():
    layer = people_layer((300, "counted", shapely.Point(9000, 600)))
    with pytest.raises(TableError, match="none of the 1 rows of people"):
        make(town.places(*HOMES), people=layer)


def test_a_layer_of_people_makes_up_for_a_zone_without_a_figure():
    rows = zone_rows()
    rows[0].update(population=np.nan, population_quality="missing")
    layer = people_layer((300, "counted", shapely.Point(0, 600)))
    found = make(town.places(*HOMES), zones=town.zones(*rows), people=layer)
    assert "no_home_demand" not in dict(found.notes)
    assert found.chain.people == pytest.approx(1300)


def test_people_are_spread_by_floor_where_the_levels_are_known():
    low = town.place("way/1", "residential", town.square(0, 0, 60), levels=6.0)
    high = town.place("way/2", "residential", town.square(0, 600, 60), levels=18.0)
    found = make(town.places(low, high, home(3, 700, 100)))
    west = of_kind(found, "home").query("zone_id == 'a'").set_index("node_id")["people"]
    assert west[town.crossing(0, 3)] == pytest.approx(3 * west[town.crossing(0, 0)])


def test_a_compound_has_the_levels_of_the_buildings_in_it():
    flats = town.place("way/3", "residential", town.square(0, 600, 30), levels=24.0)
    plain, tall = home(1, 0, 0, 100), home(2, 0, 600, 100)
    found = make(town.places(plain, tall, flats, home(4, 700, 100)))
    west = of_kind(found, "home").query("zone_id == 'a'").set_index("node_id")["people"]
    # 24 levels on a quarter of the ground are a floor ratio of 6, against 1.5 unknown
    assert west[town.crossing(0, 3)] == pytest.approx(4 * west[town.crossing(0, 0)])


def test_the_quality_of_a_zone_travels_to_its_points():
    rows = zone_rows()
    rows[1]["population_quality"] = "suspect"
    found = make(town.places(*HOMES, OFFICE), zones=town.zones(*rows))
    homes = of_kind(found, "home").set_index("zone_id")["quality"]
    assert homes.to_dict() == {"a": "spread", "b": "estimated"}
    assert set(of_kind(found, "work")["quality"]) == {"estimated"}


# the whole


@settings(deadline=None, max_examples=25)
@given(
    homes=st.lists(
        st.tuples(st.integers(0, 800), st.integers(0, 800), st.integers(10, 500)), max_size=6
    ),
    people=st.tuples(st.floats(1, 1e6), st.one_of(st.none(), st.floats(0, 1e6))),
    places=st.sets(st.sampled_from([0, 1, 2, 3])),
    shares=st.lists(st.floats(0.0, 1.0), min_size=5, max_size=5).filter(lambda xs: sum(xs) > 0.1),
    bays=st.floats(0, 1),
    local=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    trucks=st.one_of(st.none(), st.floats(0, 1e4)),
    through=st.one_of(st.none(), st.floats(0, 1e5)),
    counted=st.one_of(st.none(), st.floats(1, 1e5)),
)
def test_the_parts_sum_to_the_whole_and_nobody_is_counted_twice(  # noqa: PLR0917  # one a part
    homes, people, places, shares, bays, local, trucks, through, counted
):
    rows = zone_rows()
    for row, number in zip(rows, people, strict=True):
        row["population"] = np.nan if number is None else number
    whole = np.array(shares) / sum(shares)
    whole[0] = 1 - whole[1:].sum()
    names = ("home_share", "work_share", "retail_share", "visit_share", "road_share")
    layer = None
    if counted is not None:
        layer = people_layer((counted, "counted", shapely.Point(0, 0)))
    found = make(
        town.places(
            *(home(k, x, y, side) for k, (x, y, side) in enumerate(homes)),
            *([OFFICE, MALL, PARK, DEPOT][k] for k in sorted(places)),
            town.place("way/99", "cemetery", town.square(0, 0, 5)),
        ),
        zones=town.zones(*rows),
        edges=motorway(),
        people=layer,
        traffic=None if through is None else counts(("G50", through, 1.0)),
        **{name: max(float(share), 0.0) for name, share in zip(names, whole, strict=True)},
        private_bay_share=bays,
        work_local_share=local[0], retail_local_share=local[1],
        fleets=scenario.Fleets(heavy_truck={"vehicles": trucks}),
    )  # fmt: skip
    living = (people[0] if counted is None else counted) + (people[1] or 0.0)
    public = 0.3 * bays + 0.8 * (1 - bays)
    residents = living * 0.2 * 0.18 * 8.4 * public
    driving = 0.8 * (through or 0.0) * 0.18 * 0.17 * 0.5
    trucking = (trucks or 0.0) * 280 * 0.25
    total = residents + driving + trucking
    energy = found.demand["kwh_day"]
    assert energy.sum() == pytest.approx(total, rel=1e-9)
    assert found.chain.kwh_day == pytest.approx(total, rel=1e-9)
    assert sum(v or 0 for v in found.chain.by_kind.values()) == pytest.approx(total, rel=1e-9)
    assert found.demand["swap_kwh_day"].sum() == pytest.approx((trucks or 0.0) * 140, rel=1e-9)
    assert sum(found.chain.people_by_quality.values()) == pytest.approx(living, rel=1e-9)
    assert found.chain.people == pytest.approx(living, rel=1e-9)
    assert sum(found.chain.hour_kw) == pytest.approx(total, rel=1e-9)
    assert found.demand["demand_id"].is_unique
