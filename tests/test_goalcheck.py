"""The value of each objective, counted again from a plan's tables."""

import dataclasses

import pandas as pd
import pytest
from test_recount import MODEL, legal_plan

from siting.goalcheck import answer_holds

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
