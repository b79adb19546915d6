"""Candidate sites: kinds, spaces, duplicates, zones, roads, existing stations, verdicts."""

from __future__ import annotations

import grid_town as town
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from siting import scenario
from siting.analysis.candidates.merging import main_places
from siting.analysis.candidates.site_kinds import check_site_kinds, estimate_spaces
from siting.analysis.candidates.sites import make_candidates
from siting.analysis.network import Network
from siting.errors import EmptyLayerError, TableError
from siting.tables import SITES, check


def make(places, *, stations=None, zones=None, nodes=None, edges=None, **block):
    return make_candidates(
        places,
        town.zones() if zones is None else zones,
        town.nodes() if nodes is None else nodes,
        town.edges() if edges is None else edges,
        town.stations() if stations is None else stations,
        kinds=town.kinds(),
        rules=town.rules(),
        settings=scenario.Candidates(**block),
    )


def lot(number, x=200.0, y=200.0, side=50.0, **tags):
    return town.place(f"way/{number}", "parking", town.square(x, y, side), **tags)


def row(result, site_id):
    return result.sites.set_index("site_id").loc[site_id]


def step(result, key):
    return dict(result.screening)[key]


# --- spaces and limits ---------------------------------------------------------------------


def spaces_of(*rows):
    frame = town.places(*rows)
    return estimate_spaces(frame, town.kinds())


def test_capacity_tag_beats_area():
    found = spaces_of(lot(1, capacity=33.0)).iloc[0]
    assert (found["spaces"], found["spaces_source"]) == (33.0, "capacity tag")


def test_a_capacity_of_zero_is_unknown_and_the_area_decides():
    found = spaces_of(lot(1, capacity=0.0)).iloc[0]
    assert (found["spaces"], found["spaces_source"]) == (89.0, "area rule")  # 2500 m2 / 28


def test_garage_levels_multiply_and_take_more_room_each():
    found = spaces_of(lot(1, parking="multi-storey", levels=3.0)).iloc[0]
    assert found["spaces"] == 214.0  # 3 * 2500 / 35


def test_levels_do_not_multiply_a_residential_compound():
    shape = town.square(0, 0, 200)
    one = spaces_of(town.place("way/1", "residential", shape))
    tall = spaces_of(town.place("way/1", "residential", shape, levels=30.0))
    assert one["spaces"].tolist() == tall["spaces"].tolist() == [600.0]  # 40000 * 1.5 / 100


def test_point_without_size_takes_the_default_or_stays_missing():
    here = shapely.Point(0, 0)
    found = spaces_of(town.place("node/1", "parking", here), town.place("node/2", "sight", here))
    assert found["spaces_source"].tolist() == ["kind default", "missing"]
    assert found["spaces"].iloc[0] == 40.0
    assert np.isnan(found["spaces"].iloc[1])


def test_chargers_are_a_share_of_spaces_between_the_limits_of_the_kind():
    result = make(
        town.places(
            lot(1, 100, 100, capacity=50.0), lot(2, 500, 100, capacity=2000.0),
            lot(3, 900, 100, capacity=13.0),
        )
    )  # fmt: skip
    assert row(result, "way/1")["max_chargers"] == 15
    assert row(result, "way/2")["max_chargers"] == 60
    assert list(result.sites["site_id"]) == ["way/1", "way/2"]  # 30 % of 13 is under 4
    assert step(result, "public") - step(result, "big_enough") == 1


def test_unknown_spaces_allow_no_more_than_the_fewest_chargers():
    result = make(town.places(town.place("node/1", "sight", shapely.Point(300, 300))))
    site = row(result, "node/1")
    assert np.isnan(site["spaces"])
    assert (site["min_chargers"], site["max_chargers"]) == (4, 4)


# --- screening -----------------------------------------------------------------------------


def test_every_screening_step_is_counted():
    result = make(
        town.places(
            lot(1),
            lot(2, 600, 600, access="private"),
            lot(3, 600, 200, side=10),
            lot(4, 5000, 5000),
            lot(5, 205, 205, side=20),
            lot(6, 1250, 1250),
            town.place("way/7", "cemetery", town.square(800, 800, 100)),
            lot(8, 800, 800),
            town.place("way/9", "fuel", town.square(400, 400, 60)),
            town.place("way/10", "school", town.square(100, 600, 80)),
        ),
        leave_out=("fuel",),
        max_snap_m=300,
    )
    assert result.screening == (
        ("places", 10), ("kind_known", 9), ("not_left_out", 8), ("public", 7), ("big_enough", 6),
        ("in_a_zone", 5), ("merged", 4), ("near_a_road", 3), ("not_stopped", 2),
        ("with_existing", 2),
    )  # fmt: skip
    check(result.sites, SITES)


def test_the_order_of_the_rows_does_not_matter():
    rows = [lot(number, 60.0 * number, 300.0, side=30 + number) for number in range(1, 12)]
    one = make(town.places(*rows))
    other = make(town.places(*reversed(rows)))
    pd.testing.assert_frame_equal(pd.DataFrame(one.sites), pd.DataFrame(other.sites))


def test_inputs_are_not_changed():
    places = town.places(lot(1), lot(2, 210, 210))
    before = places.copy(deep=True)
    make(places, stations=town.stations(town.station("file:e/1", 200, 200)))
    pd.testing.assert_frame_equal(pd.DataFrame(places), pd.DataFrame(before))


def test_no_candidates_at_all_says_which_step_left_none():
    with pytest.raises(EmptyLayerError, match="not_left_out 1, public 0"):
        make(town.places(lot(1, access="private")))


def test_multipolygon_with_a_hole_has_its_point_on_the_ground():
    ring = town.square(500, 500, 300).difference(town.square(500, 500, 200))
    result = make(town.places(town.place("relation/1", "residential", ring)))
    assert ring.covers(result.sites.geometry.iloc[0])
    assert row(result, "relation/1")["area_m2"] == pytest.approx(50_000)


# --- duplicates ----------------------------------------------------------------------------


def test_a_car_park_mapped_twice_is_one_and_takes_the_known_capacity():
    node = town.place("node/9", "parking", shapely.Point(210, 200), capacity=120.0)
    result = make(town.places(lot(1, side=60), node))
    site = row(result, "way/1")
    assert len(result.sites) == 1
    assert site["merged_ids"] == "node/9"
    assert (site["spaces"], site["spaces_source"], site["max_chargers"]) == (
        120.0, "capacity tag", 36,
    )  # fmt: skip


def test_a_chain_of_neighbours_does_not_become_one_place():
    rows = [lot(number, 30.0 * number, 0.0, side=24) for number in range(1, 9)]
    result = make(town.places(*rows), merge_m=40)
    joined = [(site + "+" + (more or "")).split("+") for site, more in _merged_ids(result)]
    assert len(result.sites) >= 3
    assert max(len([name for name in names if name]) for names in joined) <= 3


def _merged_ids(result):
    return [
        (site, more if isinstance(more, str) else "")
        for site, more in result.sites[["site_id", "merged_ids"]].itertuples(index=False)
    ]


def test_a_small_place_inside_a_large_one_of_its_kind_is_a_duplicate_however_far():
    inner = lot(2, 500, 300, side=30)
    result = make(town.places(lot(1, 400, 400, side=390), inner))
    assert result.sites["site_id"].tolist() == ["way/1"]


def test_a_car_park_inside_a_mall_stays_a_site_of_its_own():
    mall = town.place("way/2", "retail", town.square(300, 300, 200))
    assert len(make(town.places(lot(1, 300, 300), mall)).sites) == 2


def test_merging_can_be_switched_off():
    assert len(make(town.places(lot(1), lot(2, 205, 205)), merge_m=0).sites) == 2


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), min_size=1, max_size=25),
    st.sampled_from([10.0, 40.0, 80.0]),
)
def test_merging_laws(corners, merge_m):
    rows = [
        town.place(f"way/{number:02d}", "parking", shapely.Point(x, y))
        for number, (x, y) in enumerate(corners)
    ]
    pool = town.places(*rows).rename(columns={"place_id": "site_id"})
    pool = pool.assign(area_m2=np.nan, spaces_known=False, point=pool.geometry.to_numpy())
    main = main_places(pool, merge_m=merge_m)
    xy = shapely.get_coordinates(pool.geometry.to_numpy())
    apart = np.hypot(*(xy - xy[main]).T)
    heads = np.unique(main)
    assert (main[heads] == heads).all()
    assert (apart <= merge_m).all()
    for one in heads:
        for other in heads[heads > one]:
            assert np.hypot(*(xy[one] - xy[other])) > merge_m


# --- roads and zones -----------------------------------------------------------------------


def test_a_compound_beside_an_expressway_does_not_open_onto_its_carriageway():
    nodes, edges = _with_expressway()
    compound = town.place("way/1", "residential", town.square(300, 880, 100))
    services = town.place("way/2", "service_area", town.square(700, 880, 100))
    result = make(town.places(compound, services), nodes=nodes, edges=edges)
    network = Network.of(nodes, edges)
    spots = network.at(result.sites.set_index("site_id")["node_id"][["way/1", "way/2"]].to_numpy())
    assert spots.tolist() == [[300, 800], [700, 900]]
    assert row(result, "way/1")["snap_m"] == pytest.approx(80)
    assert row(result, "way/2")["node_id"] == 902


def _with_expressway():
    extra = town.nodes().iloc[:2].assign(node_id=[901, 902])
    extra = extra.set_geometry([shapely.Point(300, 900), shapely.Point(700, 900)], crs=town.CRS)
    nodes = pd.concat([town.nodes(), extra], ignore_index=True)
    motorway = town.edge_table([(901, 902, 400.0, 15.0, "motorway")]).assign(street_id=1000)
    motorway = motorway.set_geometry([shapely.LineString(extra.geometry)], crs=town.CRS)
    return nodes, pd.concat([town.edges(), motorway], ignore_index=True)


def test_a_place_on_a_zone_border_has_one_zone():
    result = make(town.places(lot(1, 400, 300)))
    assert row(result, "way/1")["zone_id"] == "a"


# --- verdicts, owners, swap ----------------------------------------------------------------


def test_verdicts_of_kind_and_setting():
    result = make(
        town.places(
            town.place("way/1", "fuel", town.square(100, 100, 60)),
            lot(2, 300, 100, parking="underground"),
            lot(3, 500, 100),
            lot(4, 700, 300),
            town.place("way/5", "hospital", town.square(780, 300, 100)),
            town.place("way/6", "military", town.square(100, 700, 300)),
            lot(7, 100, 700),
        )
    )
    verdict = result.sites.set_index("site_id")["verdict"]
    assert verdict.to_dict() == {
        "way/1": "sign_off", "way/2": "sign_off", "way/3": "ok", "way/4": "sign_off",
        "way/5": "sign_off", "way/7": "stop",
    }  # fmt: skip
    assert "GB 50156-2021" in row(result, "way/1")["reason"]
    assert "military" in row(result, "way/7")["reason"]
    assert result.sites.set_index("site_id")["reason"].isna()["way/3"]
    assert row(result, "way/3")["owner"] == "City Management Bureau"


def test_only_the_reasons_of_the_worst_verdict_are_told():
    ground = town.place("way/6", "military", town.square(100, 700, 300))
    result = make(town.places(ground, lot(7, 100, 700, parking="underground"), lot(1)))
    assert row(result, "way/7")["reason"] == "on the ground of a cemetery or the military"


def test_swap_needs_the_kind_and_the_ground():
    result = make(
        town.places(
            lot(1, 100, 100, side=40), lot(2, 300, 100, side=30),
            lot(3, 500, 100, side=40, parking="underground"),
            town.place("way/4", "residential", town.square(800, 800, 200)),
            town.place("node/5", "service_area", shapely.Point(700, 100)),
            town.place("node/6", "fuel", shapely.Point(900, 100)),
        )
    )  # fmt: skip
    able = result.sites.loc[result.sites["swap_ok"], "site_id"].tolist()
    assert able == ["node/5", "way/1"]


def test_energy_of_a_charger_follows_the_table():
    site = row(make(town.places(lot(1))), "way/1")
    assert site["kw_per_charger"] == pytest.approx(0.4 * 7 + 0.6 * 60)
    assert site["kwh_day_per_charger"] == pytest.approx(0.4 * 25 + 0.6 * 170)


# --- existing stations ---------------------------------------------------------------------


def test_an_existing_station_stands_on_its_place_and_keeps_its_chargers():
    result = make(
        town.places(lot(1, capacity=100.0)),
        stations=town.stations(town.station("file:e/1", 210, 190, chargers=70.0)),
    )
    site = row(result, "way/1")
    assert len(result.sites) == 1
    assert site["existing_station"]
    assert (site["existing_chargers"], site["min_chargers"], site["max_chargers"]) == (70, 70, 70)
    assert site["merged_ids"] == "file:e/1"
    assert site.geometry.equals(shapely.Point(210, 190))


def test_an_existing_station_may_grow_on_its_place():
    result = make(
        town.places(lot(1, capacity=100.0)),
        stations=town.stations(town.station("file:e/1", 210, 190, chargers=2.0)),
    )
    site = row(result, "way/1")
    assert (site["existing_chargers"], site["min_chargers"], site["max_chargers"]) == (2, 2, 30)


def test_the_power_a_list_gives_comes_along_and_none_is_missing_not_zero():
    result = make(
        town.places(lot(1, capacity=100.0)),
        stations=town.stations(
            town.station("file:e/1", 210, 190, chargers=27.0, power_kw=3240.0),
            town.station("file:e/2", 1000, 190, chargers=3.0, power_kw=21.0),
            town.station("file:e/3", 1100, 190, chargers=3.0),
        ),
    )
    assert row(result, "way/1")["existing_kw"] == 3240
    assert row(result, "file:e/2")["existing_kw"] == 21
    assert np.isnan(row(result, "file:e/3")["existing_kw"])


def test_two_existing_stations_at_one_place_stay_two():
    result = make(
        town.places(lot(1, side=100)),
        stations=town.stations(
            town.station("file:e/1", 190, 200, chargers=6.0),
            town.station("file:e/2", 240, 200, chargers=8.0),
        ),
    )
    assert int(result.sites["existing_station"].sum()) == 2
    assert int(result.sites["existing_chargers"].sum()) == 14
    assert row(result, "file:e/2")["kind"] == "existing"
    assert row(result, "file:e/2")["max_chargers"] == 8


def test_unknown_chargers_are_estimated_and_told_never_zero():
    result = make(
        town.places(lot(1)),
        stations=town.stations(
            town.station("file:e/1", 900, 900), town.station("file:e/2", 700, 100, chargers=0.0)
        ),
    )
    assert row(result, "file:e/1")["existing_chargers"] == 4
    assert row(result, "file:e/2")["existing_chargers"] == 4
    assert dict(result.notes)["chargers_estimated"] == {
        "stations": 2, "ids": ["file:e/1", "file:e/2"],
    }  # fmt: skip


def test_existing_stations_alone_are_sites_enough():
    result = make(
        town.places(lot(1, access="private")),
        stations=town.stations(town.station("file:e/1", 900, 900, chargers=5.0)),
    )
    assert result.sites["site_id"].tolist() == ["file:e/1"]
    assert step(result, "not_stopped") == 0
    assert step(result, "with_existing") == 1


def test_a_swap_station_without_chargers_is_a_swap_site_only():
    result = make(
        town.places(lot(1)),
        stations=town.stations(town.station("file:e/1", 900, 900, swap=True)),
    )
    site = row(result, "file:e/1")
    assert not site["existing_station"]
    assert site["existing_swap"]
    assert site["swap_ok"]
    assert (site["existing_chargers"], site["max_chargers"]) == (0, 0)


def test_existing_stations_are_kept_where_a_new_site_would_not_be():
    ground = town.place("way/6", "military", town.square(900, 900, 200))
    result = make(
        town.places(lot(1), ground, lot(7, 900, 900)),
        stations=town.stations(
            town.station("file:e/1", 900, 900, chargers=5.0),
            town.station("file:e/2", 1290, 1290, chargers=5.0),
            town.station("file:e/3", 9000, 9000, chargers=5.0),
        ),
        max_snap_m=100,
    )
    assert int(result.sites["existing_station"].sum()) == 2
    assert row(result, "way/7")["verdict"] == "sign_off"
    assert row(result, "file:e/2")["snap_m"] > 100
    assert dict(result.notes)["stations_in_no_zone"]["ids"] == ["file:e/3"]


def test_a_station_in_a_village_wide_area_is_a_site_of_its_own():
    village = town.place("way/1", "residential", town.square(400, 400, 700))
    result = make(
        town.places(village),
        stations=town.stations(town.station("file:e/1", 100, 100, chargers=5.0)),
    )
    assert result.sites["site_id"].tolist() == ["file:e/1", "way/1"]


@settings(deadline=None, max_examples=20)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 800), st.integers(0, 800), st.one_of(st.none(), st.integers(1, 90))
        ),
        min_size=1,
        max_size=12,
    )
)
def test_no_existing_station_or_charger_is_ever_lost(spots):
    stands = town.stations(
        *(
            town.station(f"file:e/{number:02d}", x, y, chargers=np.nan if n is None else float(n))
            for number, (x, y, n) in enumerate(spots)
        )
    )
    lots = [lot(number, 160.0 * number, 400.0, side=120) for number in range(1, 6)]
    result = make(town.places(*lots), stations=stands)
    sites = result.sites
    assert int(sites["existing_station"].sum()) == len(spots)
    least = sum(n or 2 for _, _, n in spots)
    assert least <= int(sites["existing_chargers"].sum()) <= sum(n or 4 for _, _, n in spots)
    stands_here = sites[sites["existing_station"]]
    assert (stands_here["min_chargers"] == stands_here["existing_chargers"]).all()
    assert (stands_here["max_chargers"] >= stands_here["min_chargers"]).all()


# --- the shipped tables --------------------------------------------------------------------


def test_shipped_tables_hold_and_speak_both_languages():
    assert town.kinds("zh").loc["fuel", "owner"] == "区经济信息委"
    assert town.kinds("en").loc["fuel", "owner"] == "Economy and Informatization Commission"
    assert {rule.verdict for rule in town.rules("zh")} == {"stop", "sign_off", "note"}
    raw = town.raw_kinds()
    assert raw["source"].str.len().min() > 20
    assert raw["mark"].notna().all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"place_kinds": "parking"}, "feed two kinds of site: parking"),
        ({"min_chargers": 99}, "min_chargers is above max_chargers"),
        ({"swap_ok": "maybe"}, "column 'swap_ok' holds maybe"),
        ({"share_of_spaces": 1.5}, "column 'share_of_spaces' is above 1"),
    ],
)
def test_a_bad_table_of_kinds_is_refused(change, message):
    raw = town.raw_kinds()
    for column, value in change.items():
        raw.loc[raw["kind"] == "office", column] = value
    with pytest.raises(TableError, match=message):
        check_site_kinds(raw)


def test_the_row_for_existing_stations_is_needed():
    raw = town.raw_kinds()
    with pytest.raises(TableError, match="'existing' is missing"):
        check_site_kinds(raw[raw["kind"] != "existing"])
