"""Tables become a problem; the impossible is refused with its numbers."""

import numpy as np
import pandas as pd
import pytest
from problem_cases import blocks, tables

from siting.errors import ImpossibleTargetError, TableError
from siting.optimize.build import PlaceTables, build_problem

FIELDS = ("demand_id", "site_id", "site_xy", "openable", "pair_demand", "pair_site", "score")


def build(content, setting=None, **more):
    return build_problem(PlaceTables(**content), **(setting or blocks()), **more)


def existing(*positions, sites=8, column="existing_station"):
    return {column: [number in positions for number in range(sites)]}


def test_arrays_speak_of_the_tables():
    problem = build(tables())
    assert list(problem.site_id[:2]) == ["way/0", "way/1"]
    assert problem.total_kwh == 200 + 201 + 202 + 203 + 204
    pair = np.flatnonzero((problem.pair_demand == 1) & (problem.pair_site == 2))
    assert problem.pair_distance_m[pair] == pytest.approx(300)
    assert problem.pair_worth[pair] == pytest.approx(1 - 0.5 * 300 / 2000)
    assert problem.pair_kwh[pair] == 201
    assert list(problem.zone_id) == ["east", "west"]
    assert problem.zone_floor.tolist() == [1, 1]


def test_row_order_does_not_matter():
    straight = build(tables())
    mixed = {
        name: frame.sample(frac=1, random_state=3).reset_index(drop=True)
        for name, frame in tables().items()
    }
    for name in FIELDS:
        assert np.array_equal(getattr(build(mixed), name), getattr(straight, name)), name


def test_stopped_sites_are_out_but_what_stands_stays():
    content = tables(verdict=["stop", "stop", *["ok"] * 6], **existing(1))
    problem = build(content)
    assert "way/0" not in problem.site_id
    assert problem.openable[problem.site_id == "way/1"].all()


def test_a_stopped_site_with_only_a_swap_station_takes_no_chargers():
    content = tables(verdict=["stop", *["ok"] * 7], **existing(0, column="existing_swap"))
    problem = build(content)
    assert problem.swap_ok[0]
    assert problem.existing_swap[0]
    assert not problem.openable[0]
    assert 0 not in problem.pair_site


def test_sites_too_near_to_an_existing_station_are_closed():
    problem = build(tables(**existing(3, 4)), blocks(min_spacing_m=501))
    assert problem.site_id[~problem.openable].tolist() == ["way/2", "way/5"]
    assert not set(np.flatnonzero(~problem.openable)) & set(problem.pair_site.tolist())
    at_spacing = build(tables(**existing(3)), blocks(min_spacing_m=500))
    assert at_spacing.openable.all()


def test_an_existing_station_keeps_its_chargers():
    content = tables(existing_chargers=[7, 14, *[0] * 6], **existing(0, 1))
    problem = build(content, blocks(stations=4, chargers=40))
    assert problem.min_chargers[:3].tolist() == [7, 14, 2]
    assert problem.max_chargers[:3].tolist() == [10, 14, 10]


def test_a_zone_with_fewer_sites_than_its_floor_asks_for_what_it_has():
    content = tables(verdict=["ok"] * 5 + ["stop"] * 3)
    problem = build(content, blocks(stations=4, chargers=12, stations_per_zone=2))
    assert problem.zone_floor.tolist() == [1, 2]


def test_pairs_beyond_the_radius_are_dropped_and_the_nearer_of_two_kept():
    content = tables()
    again = content["reach"].assign(distance_m=content["reach"]["distance_m"] + 1900)
    content["reach"] = pd.concat([again.iloc[::-1], content["reach"]], ignore_index=True)
    content["reach"] = content["reach"].astype({"demand_id": "category", "site_id": "category"})
    problem = build(content)
    plain = build(tables())
    assert np.array_equal(problem.pair_distance_m, plain.pair_distance_m)


@pytest.mark.parametrize(
    ("table", "column"),
    [("scores", "site_id"), ("zones", "zone_id"), ("demand", "demand_id")],
)
def test_tables_of_different_runs_are_named(table, column):
    content = tables()
    content[table] = content[table].iloc[1:]
    with pytest.raises(TableError, match=f"lacks 1 {column}") as caught:
        build(content)
    assert table in str(caught.value)


def test_no_demand_at_all_is_said():
    content = tables()
    content["demand"]["kwh_day"] = 0.0
    with pytest.raises(TableError, match="no demand"):
        build(content)


def impossible(content, setting, **more):
    with pytest.raises(ImpossibleTargetError) as caught:
        build(content, setting, **more)
    return str(caught.value)


def test_fewer_sites_than_stations_with_the_screening():
    told = impossible(
        tables(), blocks(stations=9), screening=(("places", 4321), ("not_stopped", 8))
    )
    assert "9 stations of 8 sites" in told
    assert "4,321" in told
    assert "not stopped" in told


def test_more_existing_than_the_target():
    told = impossible(tables(**existing(0, 1, 2, 3)), blocks(stations=3))
    assert "4 stations exist" in told
    assert "target is 3" in told


def test_floors_above_the_target():
    told = impossible(tables(), blocks(stations=3, stations_per_zone=2))
    assert "make 4, but the target is 3" in told


def test_no_room_at_the_spacing():
    told = impossible(tables(), blocks(stations=7, chargers=30, min_spacing_m=1100))
    assert "7 stations" in told
    assert "8 sites have room for at most 5" in told
    assert "1100 m" in told


@pytest.mark.parametrize("chargers", [5, 31])
def test_charger_totals_out_of_range(chargers):
    told = impossible(tables(), blocks(stations=3, chargers=chargers))
    assert f"{chargers} chargers, but 3 stations hold between 6 and 30" in told


@pytest.mark.parametrize(
    ("content", "setting", "words"),
    [
        (tables(swap_ok=False), blocks(swap_stations=1), "1 swap stations of 0 sites"),
        (tables(), blocks(swap_stations=5, swap_spacing_m=1500), "room for at most 4 at a"),
        (
            tables(**existing(0, 7, column="existing_swap")),
            blocks(swap_stations=1),
            "2 swap stations exist and stay, but the target is 1",
        ),
    ],
)
def test_swap_targets_nobody_can_meet(content, setting, words):
    assert words in impossible(content, setting)
