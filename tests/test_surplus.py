"""Sizes beyond need: shared out by a rule, within every rule, and each charger with a reason."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from problem_cases import tables
from test_rule_families import plan_with, quiet, town

from siting.audit.recount import recount
from siting.errors import RecountError, ScenarioError
from siting.optimize.build import PlaceTables, build_problem
from siting.optimize.problem.linear_rules import Rules, row_of
from siting.optimize.surplus import Round, share_out
from siting.outputs.words import speaker
from siting.pipeline import run as pipeline
from siting.pipeline.early import read_early
from siting.plan.described import column
from siting.scenario import Model, Targets, Travel, scenario_from

__all__ = ["plan_with", "town"]

SIZES = ["size_promise", "size_floor", "size_growth", "size_target"]
ROAD = build_problem(
    PlaceTables(**tables()),
    targets=Targets(stations=4, chargers=20),
    model=Model(min_spacing_m=0),
    travel=Travel(cutoff_m=2000),
)
SITES = np.array([0, 2, 5, 7])
USE = np.array([1.0, 4.0, 2.0, 0.0])


def shared(chargers, rounds, rows=(), least=(1, 1, 1, 1)):
    problem = dataclasses.replace(ROAD, rules=Rules(tuple(rows)))
    return share_out(
        problem, SITES, np.array(chargers), least=np.array(least), rounds=rounds
    ).tolist()


def test_the_need_comes_first_then_whoever_uses_theirs_most():
    need = Round(np.array([3, 2, 6, 1]), USE)
    rest = Round(ROAD.max_chargers[SITES], USE)
    assert shared([3, 3, 3, 3], [need, rest]) == [3, 2, 6, 1]
    # eight more go where each relieves most, to the second, which is full at 10 then
    assert shared([5, 5, 5, 5], [need, rest]) == [3, 10, 6, 1]
    # four more: 1/3, 2/6, 2/7 and 1/4 of use a charger
    assert shared([6, 6, 6, 6], [need, rest]) == [5, 10, 8, 1]


def test_groups_with_the_fewest_chargers_a_head_go_first():
    even = Round(ROAD.max_chargers[SITES], USE, np.array([0, 0, 1, 1]), np.array([100.0, 300.0]))
    found = shared([4, 4, 4, 4], [even])
    assert [sum(found[:2]), sum(found[2:])] == [4, 12]


def test_a_group_of_unknown_size_comes_last():
    even = Round(ROAD.max_chargers[SITES], USE, np.array([0, 0, 1, 1]), np.array([0.0, 300.0]))
    found = shared([4, 4, 4, 4], [even])
    assert sum(found[2:]) == 14


ROWS = st.lists(
    st.tuples(
        st.lists(st.sampled_from(SITES.tolist()), min_size=1, max_size=4, unique=True),
        st.sampled_from(["<=", ">=", "="]),
        st.integers(0, 3),
    ),
    max_size=3,
)


@given(st.lists(st.integers(1, 10), min_size=4, max_size=4), ROWS,
       st.lists(st.integers(0, 12), min_size=4, max_size=4))  # fmt: skip
def test_whatever_the_rules_they_hold_and_the_total_stays(chargers, drawn, need):
    rows = []
    for sites, sense, slack in drawn:
        places = np.searchsorted(SITES, sorted(sites))
        has = float(np.array(chargers)[places].sum())
        limit = has + {"<=": slack, ">=": -slack, "=": 0}[sense]
        rows.append(row_of("limit", "", {}, sorted(sites), sense, limit, chargers=1.0))
    rounds = [Round(np.array(need), USE), Round(ROAD.max_chargers[SITES], USE)]
    found = np.array(shared(chargers, rounds, rows))
    assert found.sum() == sum(chargers)
    assert ((found >= 1) & (found <= ROAD.max_chargers[SITES])).all()
    for rule in rows:
        total = float(found[np.searchsorted(SITES, rule.sites)].sum())
        good = {"<=": total <= rule.rhs, ">=": total >= rule.rhs, "=": total == rule.rhs}
        assert good[rule.sense]


RULES = ("equal_use", "growth", "township_floor")


@pytest.fixture(params=RULES)
def plan_of(request, town, monkeypatch):
    content, prepared = town
    monkeypatch.setattr(pipeline, "prepare", lambda *_, **__: prepared)

    def plan(**targets):
        over = {**content, "sizing": {**content["sizing"], "surplus": request.param}}
        over["targets"] = {**content["targets"], **targets}
        return pipeline.run(scenario_from(over), meter=quiet())

    return plan


@pytest.mark.parametrize("chargers", [40, 60])
def test_no_new_station_is_oversized_while_another_breaks_the_promise_and_has_room(
    plan_of, chargers
):
    sites = plan_of(chargers=chargers).sites
    short = (sites["chargers_needed"] > sites["chargers"]) & (
        sites["chargers"] < sites["max_chargers"]
    )
    spare = sites["is_new"] & (sites[["size_growth", "size_target"]].sum(axis=1) > 0)
    assert not (short.any() and spare.any())
    late = sites["wait_over_promise_share"] > 0.1 + 1e-9
    assert (late == (sites["chargers_needed"] > sites["chargers"])).all()
    assert (sites["existing_chargers"] + sites[SIZES].sum(axis=1) == sites["chargers"]).all()


def test_every_new_charger_has_its_reason_in_words(plan_with):
    plan = plan_with()
    for language, word in (("zh", "目标分摊"), ("en", "target share")):
        told = column(plan, plan.sites, "size_reason", speaker(language, plan.kinds))
        assert (told.str.len() > 0).all()
        has = plan.sites["size_target"] > 0
        assert told[has].str.contains(word).all()
        assert not told[~has].str.contains(word).any()


def test_reasons_that_do_not_add_up_and_needs_that_disagree_are_seen(plan_with):
    plan = plan_with()
    sites = plan.sites
    for broken, told in (
        (sites.assign(size_target=sites["size_target"] + 1), "reasons sum to another size"),
        (sites.assign(chargers_needed=999), "needs and waits disagree"),
    ):
        with pytest.raises(RecountError, match=told):
            recount(dataclasses.replace(plan, sites=broken))


def test_the_same_service_never_costs_more_where_the_surplus_is_cheapest(plan_of):
    figures = plan_of(chargers=60).figures
    assert figures["same_service_cny"] <= figures["cost_cny"] + 1e-6


def test_the_cheapest_chargers_go_first_whatever_their_use():
    cheap = Round(ROAD.max_chargers[SITES], USE, price=np.array([3.0, 9.0, 5.0, 1.0]))
    assert shared([4, 4, 4, 4], [cheap]) == [4, 1, 1, 10]


def test_a_year_of_growth_that_no_table_holds_is_refused_before_the_map_is_read(town):
    content, _ = town
    sizing = {**content["sizing"], "surplus": "growth", "growth_year": 2050}
    with pytest.raises(ScenarioError, match="growth to 2050") as caught:
        read_early(scenario_from({**content, "sizing": sizing}))
    assert caught.value.where == "sizing.growth_year"
