"""The recount: a legal plan passes, and each broken rule is named."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from plans import small_plan

from siting.audit.recount import recount
from siting.audit.rules import TWINS
from siting.errors import RecountError
from siting.optimize.rules.all_rules import FAMILIES

MODEL = {
    "min_spacing_m": 300,
    "swap_spacing_m": 1200,
    "stations_per_zone": 1,
    "distance_discount": 0.5,
    "suitability_weight": 0.1,
}


def legal_plan():
    """Return the small plan with loads, value and scenario that agree with each other."""
    plan = small_plan()
    load = plan.assignments.groupby("site_id", observed=True)["kwh_day"].sum()
    loads = load.reindex(plan.sites["site_id"], fill_value=0.0).to_numpy()
    worth = plan.assignments["kwh_day"] * (1 - 0.5 * plan.assignments["distance_m"] / 3000)
    value = worth.sum() / plan.demand["kwh_day"].sum() + 0.1 * plan.sites["score"].mean()
    outcome = dataclasses.replace(
        plan.outcome, value=value, bound=value / 0.996, gap_share=0.004, status="within_gap"
    )
    return dataclasses.replace(
        plan,
        sites=plan.sites.assign(load_kwh_day=loads),
        outcome=outcome,
        scenario={"model": MODEL, "travel": {"cutoff_m": 3000}},
    )


def changed(plan, table, **columns):
    """Return the plan with columns of one of its tables replaced."""
    return dataclasses.replace(plan, **{table: getattr(plan, table).assign(**columns)})


def with_value(values, position, value):
    """Return a copy of an array with one entry replaced."""
    result = np.array(values, copy=True)
    result[position] = value
    return result


def test_a_legal_plan_passes_and_names_the_rules_checked():
    checked = recount(legal_plan())
    assert checked[-1] == "value and bound agree"
    assert {twin.__name__.replace("_", " ") for twin in TWINS.values()} < set(checked)


def test_each_family_of_rules_has_its_twin():
    assert {family.name for family in FAMILIES} == set(TWINS)


def too_few_stations(plan):
    return dataclasses.replace(plan, sites=plan.sites.iloc[:-1])


def one_charger_more(plan):
    return changed(plan, "sites", chargers=with_value(plan.sites["chargers"], 3, 16))


def beyond_the_most(plan):
    chargers = with_value(plan.sites["chargers"], [2, 3], [41, 0])
    return changed(plan, "sites", chargers=chargers)


def existing_closed(plan):
    candidates = plan.candidates
    flags = with_value(candidates["existing_station"], 9, value=True)
    return changed(plan, "candidates", existing_station=flags)


def existing_loses_chargers(plan):
    return changed(
        plan,
        "candidates",
        existing_chargers=with_value(plan.candidates["existing_chargers"], 0, 39),
    )


def existing_swap_closed(plan):
    flags = with_value(plan.candidates["existing_swap"], 8, value=True)
    return changed(plan, "candidates", existing_swap=flags)


def swap_where_none_may_stand(plan):
    return changed(plan, "candidates", swap_ok=np.zeros(len(plan.candidates), dtype=bool))


def stopped_site_chosen(plan):
    return changed(
        plan, "candidates", verdict=with_value(plan.candidates["verdict"].astype(object), 4, "stop")
    )


def two_too_near(plan):
    geometry = plan.sites.geometry.to_numpy().copy()
    geometry[5] = geometry[4]
    return changed(plan, "sites", geometry=geometry)


def swaps_too_near(plan):
    geometry = plan.swap_sites.geometry.to_numpy().copy()
    geometry[1] = geometry[0]
    return changed(plan, "swap_sites", geometry=geometry)


def a_zone_left_out(plan):
    zone = plan.candidates["zone_id"].to_numpy(dtype=object).copy()
    zone[10] = "Z9"
    zones = plan.zones.copy()
    zones.loc[len(zones)] = zones.iloc[0]
    zones.loc[len(zones) - 1, ["zone_id", "stations"]] = ["Z9", 0]
    return dataclasses.replace(changed(plan, "candidates", zone_id=zone), zones=zones)


def overloaded(plan):
    return changed(plan, "sites", kwh_day_per_charger=np.full(len(plan.sites), 0.01))


def served_twice(plan):
    return changed(plan, "assignments", kwh_day=plan.assignments["kwh_day"] * 3)


def served_from_afar(plan):
    return changed(
        plan, "assignments", distance_m=with_value(plan.assignments["distance_m"], 0, 9e4)
    )


def a_better_value_told(plan):
    return dataclasses.replace(plan, outcome=dataclasses.replace(plan.outcome, value=0.999))


def a_bound_below_the_value(plan):
    return dataclasses.replace(plan, outcome=dataclasses.replace(plan.outcome, bound=0.001))


def called_optimal(plan):
    outcome = plan.outcome
    return dataclasses.replace(plan, outcome=dataclasses.replace(outcome, status="optimal"))


@pytest.mark.parametrize(
    ("breaking", "named"),
    [
        (too_few_stations, "5 stations counted, 6 asked for"),
        (one_charger_more, "chargers counted, 90 asked for"),
        (beyond_the_most, "limits per site hold: too many"),
        (existing_closed, "existing are kept: closed: way/109"),
        (existing_loses_chargers, "fewer chargers than today: way/100"),
        (existing_swap_closed, "swap station closed: way/108"),
        (swap_where_none_may_stand, "not eligible for a swap station"),
        (stopped_site_chosen, "stopped by a rule, yet chosen: way/104"),
        (two_too_near, "stations way/104 and way/105 are 0.0 m apart"),
        (swaps_too_near, "swap stations way/102 and way/105 are 0.0 m apart"),
        (a_zone_left_out, "(Z9) has 0 of 1 stations"),
        (overloaded, "gives more than it can"),
        (served_twice, "served more than its need"),
        (served_from_afar, "served from beyond the radius"),
        (a_better_value_told, "the outcome says 0.999000"),
        (a_bound_below_the_value, "lies above its bound"),
        (called_optimal, "called optimal with a gap"),
    ],
)
def test_each_broken_rule_is_named(breaking, named):
    with pytest.raises(RecountError, match="was not saved") as caught:
        recount(breaking(legal_plan()))
    assert named in str(caught.value)
