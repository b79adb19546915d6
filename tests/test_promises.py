"""Spacing by kind, promises of coverage and the rules of Chongqing: rows, plans, recounts, laws."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problem_cases import tables
from test_model import hold, optimum
from test_recount import legal_plan
from test_rule_families import build, chargers, plan_with, rows, town, under

from siting.audit.recount import recount
from siting.errors import ImpossibleTargetError, RecountError, ScenarioError

__all__ = ["plan_with", "town"]


def road():
    """Return the straight road with the columns that promises read."""
    content = tables()
    content["sites"] = content["sites"].assign(strongest_kw=60.0, spaces=40.0)
    content["sites"].loc[[1, 6], ["kind", "strongest_kw"]] = ["service_area", 250.0]
    content["demand"] = content["demand"].assign(
        kind=["home", "home", "home", "work", "visit"], people=[10.0, 20.0, 30.0, None, None]
    )
    return content


GOLDEN = {
    "rule_promise_everyone": {"promises": [{"within_m": 400, "group": ["home"]}]},
    "rule_promise_share": {
        "promises": [{"within_m": 450, "share": 0.6, "weight": "people", "kinds": ["parking"]}]
    },
    "rule_promise_swap": {"promises": [{"within_s": 60, "facility": "swap", "group": ["work"]}]},
    "rule_township": {"chongqing": ["township_charging"]},
    "rule_service_area": {"chongqing": ["service_area_charging"]},
    "rule_sight": {"chongqing": ["sight_4a_charging"], "sights_4a": ["way/4"]},
    "rule_swap_5km": {"chongqing": ["swap_5km"]},
    "rule_centre_1km": {"chongqing": ["centre_1km"]},
    "rule_super_fast": {"chongqing": ["super_fast_5km"], "super_fast_5km_share": 1.0},
}


def made(**keys):
    content = road()
    if "swap_5km" in keys.get("chongqing", ()):
        keys["travel"] = 5000
    return build(content, **keys)


@pytest.mark.parametrize("name", GOLDEN)
def test_the_rows_of_a_promise_read_as_pinned(name, tmp_path):
    hold(name, rows(made(**GOLDEN[name]), tmp_path))


def test_promises_to_everyone_and_to_a_share_stand_side_by_side(tmp_path):
    problem = made(promises=[{"within_m": 400, "group": ["home"]}, {"within_m": 450, "share": 0.6}])
    assert problem.rules.rows[0].family == problem.rules.promises[0].family
    text = rows(problem, tmp_path)
    assert "\npromise_0:" in text
    assert "\npromise_0_share:" in text


def test_a_tenth_of_the_bays_raises_the_fewest_chargers():
    content = road()
    content["sites"] = content["sites"].assign(spaces=[90.0, 41.0, 90, 90, 90, 90, np.nan, 90])
    problem = build(content, chongqing=["service_area_bays"])
    assert problem.min_chargers.tolist() == [2, 5, 2, 2, 2, 2, 2, 2]
    assert problem.notes == (("bays_unknown", {"count": 1}),)
    content["sites"].loc[1, "spaces"] = 101.0
    with pytest.raises(ImpossibleTargetError, match="way/1 11 of 10"):
        build(content, chongqing=["service_area_bays"])


def test_spacing_by_kind_and_by_kind_of_zone():
    content = road()
    problem = build(
        content, min_spacing_m=100, spacing_by_kind={"service_area": 1600},
        spacing_by_zone_kind={"town": 600},
    )  # fmt: skip
    near = {tuple(pair) for pair in problem.station_conflicts.tolist()}
    # Sites 0-3 lie in the town (zone west), 1 and 6 are service areas, 500 m from site to site.
    # zone_id is sorted, so 'east' carries the first kind.
    towns = {site for site in range(8) if problem.zone_id[problem.site_zone[site]] == "west"}
    own = [1600 if j in (1, 6) else 600 if j in towns else 100 for j in range(8)]
    asked = {(a, b) for a in range(8) for b in range(a + 1, 8)
             if (b - a) * 500 < max(own[a], own[b])}  # fmt: skip
    assert near == asked


def test_a_new_station_keeps_its_own_distance_from_an_existing_one():
    content = road()
    content["sites"] = content["sites"].assign(existing_station=np.arange(8) == 2)
    closed = build(content, min_spacing_m=100, spacing_by_kind={"service_area": 600})
    assert np.flatnonzero(~closed.openable).tolist() == [1]
    freed = build(content, min_spacing_m=600, chongqing=["service_area_charging"])
    assert np.flatnonzero(~freed.openable).tolist() == [3]


# ---- the plan changes as it should


def test_spacing_by_kind_moves_the_plan(plan_with):
    assert "way/403" in chargers(plan_with())
    assert "way/403" not in chargers(plan_with(spacing_by_kind={"office": 5000}))


def test_every_service_area_gets_a_station(plan_with):
    assert "way/404" not in chargers(plan_with())
    plan = plan_with(chongqing=["service_area_charging", "service_area_bays"])
    assert chargers(plan)["way/404"] >= 6  # 57 spaces


def test_every_named_sight_gets_a_station(plan_with):
    plan = plan_with(chongqing=["sight_4a_charging"], sights_4a=["node/500"])
    assert "node/500" in chargers(plan) or len(plan.sites) == 4


def test_a_super_fast_station_comes_near(plan_with):
    plan = plan_with({"stations": 5}, chongqing=["super_fast_5km"], super_fast_5km_share=1.0)
    fast = plan.sites[plan.sites["is_new"] & (plan.sites["chargers_super_fast"] > 0)]
    assert len(fast)


def test_super_fast_stations_elsewhere_or_of_unknown_class_do_not_count():
    plan = under(chongqing=["super_fast_5km"], super_fast_5km_share=0.9)
    with pytest.raises(RecountError, match=r"super_fast_5km: 0\.00% have what is promised"):
        recount(plan, reach_of(plan), reach_of(plan))
    slow = dataclasses.replace(plan.charger_classes["slow_ac"], power_kw=250.0)
    classes = {**plan.charger_classes, "slow_ac": slow}
    power = plan.sites["chargers_slow_ac"] * 250.0 + plan.sites["chargers_fast_dc"] * 60.0
    strong = dataclasses.replace(
        plan, charger_classes=classes, sites=plan.sites.assign(power_kw=power)
    )
    recount(strong, reach_of(plan), reach_of(plan))


def test_a_promise_within_metres_moves_the_plan(plan_with):
    def homes(plan, metres):
        near = plan.assignments[plan.assignments["distance_m"] <= metres]
        return near["demand_id"].nunique()

    promise = {"group": ["home"], "within_m": 600, "share": 1.0, "unreachable": "note"}
    plan = plan_with({"stations": 6}, promises=[promise])
    assert homes(plan, 600) >= homes(plan_with({"stations": 6}), 600)


def test_all_the_rules_of_chongqing_together(plan_with):
    every = ["township_charging", "service_area_charging", "sight_4a_charging", "swap_5km",
             "service_area_bays", "centre_1km"]  # fmt: skip
    plan = plan_with({"stations": 6, "swap_stations": 1}, chongqing=every, sights_4a=["way/403"])
    assert plan.sites["zone_id"].eq("relation/811").any()
    assert "way/404" in chargers(plan)


# ---- refused with a cure


@pytest.mark.parametrize(
    ("keys", "error", "told"),
    [
        ({"promises": [{"within_m": 5}]}, ImpossibleTargetError, "members"),
        ({"promises": [{"within_m": 9000}]}, ScenarioError, "beyond the service radius of 2000"),
        ({"promises": [{"within_m": 5, "group": ["hom"]}]}, ScenarioError, "did you mean 'home'?"),
        ({"promises": [{"within_m": 5, "places": ["way/12"]}]}, ScenarioError, "no site 'way/12'"),
        ({"chongqing": ["sight_4a_charging"]}, ScenarioError, "no map says which they are"),
        ({"spacing_by_kind": {"parkin": 5}}, ScenarioError, "did you mean 'parking'?"),
        ({"spacing_by_zone_kind": {"twn": 5}}, ScenarioError, "did you mean 'town'?"),
    ],
)
def test_what_cannot_be_promised_is_refused(keys, error, told):
    with pytest.raises(error) as caught:
        made(**keys)
    assert told in str(caught.value)


def test_those_out_of_reach_are_left_out_and_noted():
    promise = {"within_m": 150, "group": ["home"], "unreachable": "note"}
    problem = made(promises=[promise])
    assert problem.notes[0][0] == "promise_unreachable"
    assert problem.notes[0][1]["count"] == 1
    assert problem.notes[0][1]["of"] == 3


# ---- laws


@settings(max_examples=12)
@given(st.integers(200, 1900), st.integers(0, 900), st.sampled_from([0.3, 0.6, 0.9]))
def test_a_promise_never_helps_and_a_tighter_one_less(metres, less, share):
    def best(within_m, part):
        promise = {"within_m": within_m, "share": part, "unreachable": "note"}
        return optimum(made(promises=[promise]))

    loose, tight = best(metres, share), best(metres, 1.0)
    assert tight <= loose + 1e-6
    assert loose <= optimum(made()) + 1e-6


# ---- the recount sees each breach

PROMISE = {
    "group": [], "places": [], "place_kinds": [], "zones": [], "zone_kinds": [], "kinds": [],
    "facility": "charging", "min_kw": 0.0, "within_m": None, "within_s": None, "share": 1.0,
    "weight": "kwh_day", "unreachable": "refuse",
}  # fmt: skip


def reach_of(plan, metres=700.0):
    """Return a reach in which every point lies so far from every open station."""
    pairs = [(d, s, metres, metres / 10) for d in plan.demand["demand_id"]
             for s in plan.sites["site_id"]]  # fmt: skip
    return pd.DataFrame(pairs, columns=["demand_id", "site_id", "distance_m", "time_s"])


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"promises": [{**PROMISE, "within_m": 600.0}]}, "promise 1: 0.00% have what"),
        ({"promises": [{**PROMISE, "within_s": 60.0, "share": 0.5}]}, "promise 1: 0.00% have"),
        ({"promises": [{**PROMISE, "within_m": 0.0, "places": ["way/109"]}]}, "without: way/109"),
        ({"chongqing": ["service_area_charging"]}, "service_area_charging: "),
        ({"chongqing": ["sight_4a_charging"], "sights_4a": ["way/109"]}, "without: way/109"),
        ({"spacing_by_kind": {"sight": 90000}}, "stations way/100 and way/104 are"),
        ({"spacing_by_zone_kind": {"town": 90000}}, "m apart"),
    ],
)
def test_each_broken_promise_is_named(keys, told):
    plan = under(**keys)
    with pytest.raises(RecountError) as caught:
        recount(plan, reach_of(plan), reach_of(plan))
    assert told in str(caught.value)


def test_a_kept_promise_passes_and_one_nobody_can_count_does_not():
    plan = under(promises=[{**PROMISE, "within_m": 700.0}])
    recount(plan, reach_of(plan), reach_of(plan))
    with pytest.raises(RecountError, match="no table of travel"):
        recount(plan)


def test_a_town_without_a_station_and_bays_without_chargers_are_named():
    plan = under(chongqing=["township_charging", "service_area_bays"])
    zones = plan.zones.assign(kind="town")
    short = dataclasses.replace(
        plan, zones=zones, sites=plan.sites.assign(spaces=4000.0, kind="service_area")
    )
    with pytest.raises(RecountError) as caught:
        recount(short, reach_of(plan), reach_of(plan))
    assert "has no charging station" in str(caught.value) or zones["stations"].min() > 0
    assert "chargers at 4000 spaces" in str(caught.value)


def test_a_plan_without_promises_needs_no_travel():
    recount(legal_plan())


def test_where_there_is_no_service_area_the_rules_for_them_hold_and_a_note_says_so():
    content = tables()
    content["sites"] = content["sites"].assign(spaces=90.0)
    assert "service_area" not in set(content["sites"]["kind"])
    free = build(content)
    problem = build(content, chongqing=["service_area_charging", "service_area_bays"])
    assert problem.notes == (*free.notes, ("service_areas_none", {}))
    assert len(problem.rules.rows) == len(free.rules.rows)
    assert problem.min_chargers.tolist() == free.min_chargers.tolist()
