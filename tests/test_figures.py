"""The figures that tell plans apart, by hand and by law."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from siting.pipeline.assemble import travel_times
from siting.plan.figures import gini, plan_figures, weighted_percentile
from siting.plan.supply_figures import build_figures

STATIONS = pd.DataFrame(
    {
        "site_id": ["s1", "s2"],
        "chargers": [2, 6],
        "existing_chargers": [0, 4],
        "kwh_day_per_charger": [50.0, 50.0],
        "load_kwh_day": [100.0, 60.0],
        "utilisation": [1.0, 0.2],
        "score": [0.4, 0.8],
        "cost_index": [1.0, 1.5],
        "power_kw": [120.0, 360.0],
    }
)
DEMAND = pd.DataFrame(
    {
        "demand_id": ["d1", "d2", "d3"],
        "kind": ["home", "road", "home"],
        "zone_id": ["z1", "z1", "z2"],
        "kwh_day": [80.0, 80.0, 40.0],
    }
)
ZONES = pd.DataFrame({"population": [1000.0, 3000.0, np.nan, 0.0], "chargers": [4, 4, 9, 9]})
ASSIGNMENTS = pd.DataFrame(
    {
        "demand_id": ["d1", "d2", "d2"],
        "site_id": ["s1", "s1", "s2"],
        "kwh_day": [80.0, 20.0, 60.0],
        "distance_m": [400.0, 900.0, 1500.0],
    }
)
REACH = pd.DataFrame(
    {
        "demand_id": ["d1", "d1", "d2", "d2", "d2", "d3"],
        "site_id": ["s1", "s2", "s0", "s1", "s2", "s9"],
        "distance_m": [400.0, 700.0, 100.0, 900.0, 1500.0, 50.0],
        "time_s": [60.0, 90.0, 15.0, 120.0, 360.0, 9.0],
    }
).astype({"demand_id": "category", "site_id": "category"})

positive = st.floats(1.0, 1000.0)
groups = st.lists(st.tuples(st.floats(0.0, 1000.0), positive), min_size=2, max_size=8)


def figures(**changes):
    tables = {
        "stations": STATIONS, "demand": DEMAND, "zones": ZONES,
        "assignments": travel_times(ASSIGNMENTS, REACH), "reach": REACH, **changes,
    }  # fmt: skip
    return plan_figures(**tables, cover_m=1000.0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("demand_kwh_day", 200.0),
        ("served_kwh_day", 160.0),
        ("served_share", 0.8),
        ("served_within_500m_share", 0.4),
        ("served_within_1km_share", 0.5),
        ("served_within_5min_share", 0.5),
        ("covered_share", 0.8),
        ("least_zone_covered_share", 0.0),  # d3 has a site near that is not open
        ("demand_home_kwh_day", 120.0),
        ("demand_road_kwh_day", 80.0),
        ("served_home_share", 80 / 120),
        ("served_road_share", 1.0),
        ("mean_distance_m", (80 * 400 + 20 * 900 + 60 * 1500) / 160),
        ("p95_distance_m", 1500.0),
        ("mean_time_min", (80 * 1 + 20 * 2 + 60 * 6) / 160),
        ("p95_time_min", 6.0),
        ("mean_utilisation", 160 / 400),
        ("utilisation_p10", 0.28),
        ("utilisation_p50", 0.6),
        ("utilisation_p90", 0.92),
        ("overloaded_sites", 1.0),  # d1 and d2 ask s1 for 160 of its 100 kWh; s0 is not open
        ("access_gini", 0.25),  # a quarter of the people have half of the chargers
        ("zones_without_people", 2.0),
        ("mean_score", 0.6),
        ("power_kw", 480.0),
    ],
)
def test_each_figure_by_hand(name, value):
    assert figures()[name] == pytest.approx(value)


def test_every_figure_was_checked_by_hand():
    checked = test_each_figure_by_hand.pytestmark[0].args[1]
    assert set(figures()) == {name for name, _ in checked}


def test_without_times_those_figures_are_unknown_and_no_other():
    found = figures(assignments=travel_times(ASSIGNMENTS, REACH.iloc[:4]))
    unknown = {name for name, value in found.items() if np.isnan(value)}
    assert unknown == {"served_within_5min_share", "mean_time_min", "p95_time_min"}


def test_where_nothing_is_served_travel_is_unknown_and_service_zero():
    found = figures(assignments=travel_times(ASSIGNMENTS.iloc[:0], REACH))
    assert found["served_share"] == 0.0
    assert np.isnan([found["mean_distance_m"], found["p95_time_min"]]).all()


def test_a_station_of_unknown_use_is_left_out_of_the_spread():
    found = figures(stations=STATIONS.assign(utilisation=[np.nan, 0.2]))
    assert found["utilisation_p10"] == found["utilisation_p90"] == 0.2
    nowhere = figures(stations=STATIONS.assign(utilisation=np.nan))
    assert np.isnan(nowhere["utilisation_p50"])


def test_one_zone_with_people_has_nobody_to_compare_with():
    assert np.isnan(figures(zones=ZONES.iloc[[0, 2]])["access_gini"])


def test_the_time_is_that_of_the_shortest_way_of_a_pair():
    twice = pd.concat([REACH, REACH.assign(distance_m=9999.0, time_s=1.0)])
    twice = twice.astype({"demand_id": "category", "site_id": "category"})
    assert travel_times(ASSIGNMENTS, twice)["time_s"].tolist() == [60.0, 120.0, 360.0]


@given(groups)
@settings(deadline=None, max_examples=50)
def test_gini_is_a_share_that_no_unit_and_no_order_changes(rows):
    supply, people = np.array(rows).T
    assume(supply.sum() > 1)
    value = gini(supply, people)
    assert 0.0 <= value < 1.0
    assert gini(7 * supply, 3 * people) == pytest.approx(value, abs=1e-9)
    assert gini(supply[::-1], people[::-1]) == pytest.approx(value, abs=1e-9)


@given(groups)
@settings(deadline=None, max_examples=50)
def test_cutting_a_zone_in_alike_halves_changes_no_gini(rows):
    supply, people = np.array(rows).T
    assume(supply.sum() > 1)
    halves = gini(np.repeat(supply / 2, 2), np.repeat(people / 2, 2))
    assert halves == pytest.approx(gini(supply, people), abs=1e-9)


@given(st.lists(positive, min_size=2, max_size=8), st.integers(0, 7))
@settings(deadline=None, max_examples=50)
def test_the_same_for_everybody_is_0_and_more_for_one_is_above(people, lucky):
    people = np.array(people)
    supply = 0.2 * people
    assert gini(supply, people) == pytest.approx(0.0, abs=1e-9)
    supply[lucky % len(supply)] *= 3
    assert gini(supply, people) > 1e-6


@given(st.lists(st.tuples(st.floats(0, 3000), positive), min_size=1, max_size=30))
@settings(deadline=None, max_examples=50)
def test_the_percentile_is_the_first_value_that_holds_the_share(rows):
    values, weights = np.array(rows).T
    found = weighted_percentile(values, weights, 0.95)
    assert found in values
    assert weights[values <= found].sum() >= 0.95 * weights.sum() * (1 - 1e-9)
    assert weights[values < found].sum() <= 0.95 * weights.sum() * (1 + 1e-9)


def test_what_a_plan_costs_and_how_long_it_waits_by_hand():
    stations = pd.DataFrame(
        {
            "cost_low_cny": [1.0, 2.0, 0.0], "cost_cny": [2.0, 4.0, 0.0],
            "cost_high_cny": [4.0, 8.0, 0.0], "wait_over_promise_share": [0.1, 0.11, 1.0],
            "wait_min": [1.0, 4.0, np.nan], "load_kwh_day": [10.0, 30.0, 50.0],
            "kva": [100.0, 100.0, 100.0], "drawn_kw": [60.0, 50.0, 0.0],
            "substation_id": ["A", "A", "B"], "headroom_kw": [100.0, 100.0, 5.0],
            "chargers": [10, 10, 10], "chargers_needed": [4, 12, 10], "power_kw": 15.0,
        }
    )  # fmt: skip
    swaps = stations.iloc[:1].assign(cost_cny=9.0, substation_id="C", headroom_kw=np.nan)
    assert build_figures(stations, swaps, promise_share=0.9, diversity=0.95) == {
        "cost_low_cny": 4.0,
        "cost_cny": 15.0,
        "cost_high_cny": 16.0,
        "swap_cost_cny": 9.0,
        "mean_wait_min": (10 * 1 + 30 * 4) / 40,  # the third station never catches up
        "sites_over_wait": 2.0,
        "kva": 400.0,
        "substations_overdrawn": 1.0,  # 0.95 of 110 kW at A; nothing new at B; nobody knows of C
        "headroom_unknown_sites": 1.0,
        "chargers_needed": 26.0,
        "chargers_over_need": 6.0,
        "chargers_short": 2.0,
        "kwh_per_charger_day": 3.0,
        "hours_per_day_in_use": 2.0,
    }
