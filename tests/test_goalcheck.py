"""The value of each objective, counted again from a plan's tables."""

import dataclasses
import json

import pandas as pd
import pytest
from plans import small_plan
from test_recount import MODEL, legal_plan

from siting.audit.objective import answer_holds
from siting.outputs.words import speaker
from siting.plan.folder import load_plan, save_plan

COVER = {"within_m": 150.0, "share": 0.1, "radii": [], "backup": 0.0}
# Two demand points: d1 with 10 kWh a day in Z1, d2 with 50.5 in Z2; see tests/plans.py.
REACH = pd.DataFrame(
    [
        ("d1", "way/100", 100.0, 20.0),
        ("d2", "way/100", 200.0, 40.0),
        ("d2", "way/101", 300.0, 60.0),
        ("d2", "way/107", 10.0, 2.0),  # closed in this plan
        ("d1", "way/101", 9000.0, 900.0),  # beyond the service radius
    ],
    columns=["demand_id", "site_id", "distance_m", "time_s"],
)
VALUES = {
    "max_cover": 10 / 60.5,
    "p_median": (10 * 100 + 50.5 * 200) / 60.5,
    "p_center": 200.0,
    "set_cover": 6.0,
    "min_cost": 4 * 1000.0 + 60 * 10.0,
    "max_min": 0.0,
}


def told(objective, value, **model):
    """Return the small plan of an objective with a value, proven optimal."""
    plan = legal_plan()
    outcome = dataclasses.replace(
        plan.outcome,
        objective=objective,
        value=value,
        bound=value,
        gap_share=0.0,
        status="optimal",
    )
    settings = {**MODEL, "objective": objective, "cover": COVER, **model}
    return dataclasses.replace(
        plan,
        outcome=outcome,
        sites=plan.sites.assign(site_fixed_cny=1000.0, charger_cny=10.0),
        scenario={"model": settings, "travel": {"cutoff_m": 3000}},
    )


@pytest.mark.parametrize("objective", VALUES)
def test_the_value_counted_is_the_value_told(objective):
    assert list(answer_holds(told(objective, VALUES[objective]), REACH)) == []


@pytest.mark.parametrize("objective", VALUES)
def test_another_value_is_named(objective):
    faults = list(answer_holds(told(objective, VALUES[objective] + 0.5), REACH))
    assert "the tables give" in faults[0]


@pytest.mark.parametrize(
    ("objective", "ahead", "side"), [("max_cover", -0.05, "above"), ("p_median", 5.0, "below")]
)
def test_a_value_beyond_its_bound_is_named(objective, ahead, side):
    plan = told(objective, VALUES[objective])
    outcome = dataclasses.replace(plan.outcome, bound=plan.outcome.value + ahead)
    faults = list(answer_holds(dataclasses.replace(plan, outcome=outcome), REACH))
    assert f"lies {side} its bound" in faults[0]
    assert "called optimal" in faults[-1]


def test_several_radii_and_a_backup():
    radii = [{"within_m": 150.0, "worth": 1.0}, {"within_m": 300.0, "worth": 0.5}]
    cover = {**COVER, "radii": radii, "backup": 0.2}
    value = (10 + 0.5 * (60.5 + 0.2 * 50.5)) / (1.5 * 60.5 * 1.2)
    assert list(answer_holds(told("max_cover", value, cover=cover), REACH)) == []


def test_without_travel_it_cannot_be_counted_and_says_so():
    faults = list(answer_holds(told("p_median", VALUES["p_median"])))
    assert faults == ["p_median cannot be counted: no table of travel was given to count it by"]


def test_an_outcome_of_another_objective_is_named():
    plan = told("p_median", VALUES["p_median"])
    outcome = dataclasses.replace(plan.outcome, objective="joint")
    faults = list(answer_holds(dataclasses.replace(plan, outcome=outcome), REACH))
    assert faults == ["the scenario asks for p_median, the outcome speaks of joint"]


@pytest.mark.parametrize(
    ("objective", "sense", "stations", "met"),
    [
        ("joint", "exactly", 5, False),
        ("joint", "at_most", 5, True),
        ("joint", "at_least", 7, True),
        ("joint", "at_most", 7, False),
        ("set_cover", "exactly", 5, True),
        ("set_cover", "exactly", 7, False),
        ("min_cost", "at_least", 5, False),
    ],
)
def test_a_target_is_met_the_way_it_binds(objective, sense, stations, met):
    plan = told(objective, 1.0)
    plan = dataclasses.replace(
        plan,
        totals={**plan.totals, "stations": stations},
        scenario={**plan.scenario, "targets": {"sense": {"stations": sense}}},
    )
    assert plan.meets("stations") is met


def test_plan_json_tells_the_answer_in_words_and_keeps_the_objective(tmp_path):
    plan = told("p_median", VALUES["p_median"])
    (tmp_path / "run").mkdir()
    save_plan(plan, tmp_path / "run", say=speaker("en"))
    content = json.loads((tmp_path / "run" / "plan.json").read_text(encoding="utf-8"))
    assert content["objective"] == "p_median"
    assert content["answer"].startswith("Objective p_median: a mean way of 183.5 m")
    back = load_plan(tmp_path / "run").outcome
    assert (back.objective, back.status) == ("p_median", "optimal")
    assert back.value == pytest.approx(plan.outcome.value)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("objective", VALUES)
def test_every_objective_is_told_with_its_bound_and_judged_as_its_own(objective, language):
    plan = told(objective, VALUES[objective])
    key, values = plan.answer
    assert objective in key
    assert speaker(language)(key, **values)
    key, values = plan.judgement
    assert key == "status.own_optimal"
    assert speaker(language)(key, **values)


def test_a_center_that_leaves_someone_out_of_reach_says_so():
    plan = small_plan()
    for value, key in ((2999.0, "goal.p_center"), (3000.0, "goal.p_center_unserved")):
        outcome = dataclasses.replace(plan.outcome, objective="p_center", value=value, bound=2000.0)
        scenario = {"model": {"unserved_m": None}, "travel": {"cutoff_m": 3000.0}}
        assert dataclasses.replace(plan, outcome=outcome, scenario=scenario).answer[0] == key
