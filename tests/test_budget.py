"""The budget: its row, brute force beside, laws, refusals with numbers, the recount."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from problem_cases import _legal, _served, tables
from test_model import hold, optimum, random_problem
from test_recount import legal_plan
from test_rule_families import build, plan_with, rows, town, under

from siting.audit.recount import recount
from siting.errors import ImpossibleTargetError, NoPlanError, RecountError, ScenarioError
from siting.optimize.problem.problem import SiteCosts, after_swap
from siting.optimize.rules.budget import least_cost, with_budget
from siting.optimize.search.solve import solve_problem
from siting.scenario import Model, Solver

__all__ = ["plan_with", "town"]

MILLION = 1e6


def priced(**keys):
    """Return the straight road with prices: sites far east cost more, chargers far west."""
    content = tables(existing_station=np.arange(8) == 7, existing_chargers=[0] * 7 + [3])
    content["site_costs"] = pd.DataFrame(
        {
            "site_id": content["sites"]["site_id"],
            "site_fixed_cny": 100_000.0 + 10_000 * np.arange(8),
            "charger_cny": 30_000.0 - 1_000 * np.arange(8),
        }
    )
    content["swap_station_cny"] = 2_000_000.0
    return build(content, **keys)


def test_the_rows_read_as_pinned(tmp_path):
    hold("rule_budget", rows(priced(budget_cny=3_000_000.0), tmp_path))


def test_swap_stations_take_their_money_first():
    problem = priced(budget_cny=3_000_000.0)
    before = [rule.rhs for rule in problem.rules.rows]
    after = [rule.rhs for rule in after_swap(problem, np.array([2, 4])).rules.rows]
    assert [a - b for a, b in zip(after, before, strict=True)] == [-4.0]


def test_a_budget_without_prices_is_refused():
    with pytest.raises(ScenarioError, match="the costs of the sites are not"):
        build(budget_cny=5.0)


def test_a_budget_below_the_cheapest_plan_is_refused_with_numbers():
    # 2 new stations at least 100,000 + 110,000; 9 new chargers, of which 7 at the existing one
    # for 23,000 each and 2 at each new one; a swap station for two million
    with pytest.raises(ImpossibleTargetError) as caught:
        priced(budget_cny=1_000_000.0)
    text = str(caught.value)
    assert "a budget of 1.00 million CNY, but even the cheapest plan costs at least 2.4" in text
    assert "2.00 for 1 new swap stations of 2.00 each" in text
    assert "allow at least 2,4" in text


def small(seed):
    """Return a random problem with prices, and no swap station."""
    rng = np.random.default_rng(seed + 1000)
    problem = random_problem(seed, swap_stations=0)
    costs = SiteCosts(rng.uniform(1e5, 3e5, 6).round(0), rng.uniform(5e3, 5e4, 6).round(0))
    existing = np.where(problem.forced, np.maximum(problem.min_chargers, 1), 0)
    return dataclasses.replace(
        problem, costs=costs, swap_station_cny=0.0, existing_chargers=existing,
        min_chargers=np.maximum(problem.min_chargers, existing),
    )  # fmt: skip


def every_plan(problem):
    """Yield stations, counts and price of every legal plan, by plain enumeration."""
    for chosen in itertools.combinations(np.flatnonzero(problem.openable), problem.stations):
        if not _legal(problem, chosen):
            continue
        ranges = [range(problem.min_chargers[j], problem.max_chargers[j] + 1) for j in chosen]
        for counts in itertools.product(*ranges):
            if sum(counts) == problem.chargers:
                price = sum(
                    (0 if problem.forced[j] else problem.costs.station[j])
                    + problem.costs.charger[j] * (count - problem.existing_chargers[j])
                    for j, count in zip(chosen, counts, strict=True)
                )
                yield chosen, counts, price


@settings(max_examples=10)
@given(st.integers(0, 400), st.floats(0, 1))
def test_the_best_plan_within_a_budget_is_that_of_brute_force(seed, part):
    problem = small(seed)
    plans = list(every_plan(problem))
    assume(plans)
    prices = sorted(price for *_, price in plans)
    least, most = prices[0], prices[-1]
    assert 0 <= least_cost(problem) <= least + 1e-3
    budget = least + part * (most - least) + 1.0
    best = max(_served(problem, chosen, n) for chosen, n, price in plans if price <= budget)
    limited = with_budget(problem, Model(budget_cny=budget))
    solution = solve_problem(limited, solver=Solver(time_limit_s=20), seed=1)
    assert solution.outcome.value == pytest.approx(best, abs=1e-6)
    assert solution.outcome.bound >= best - 1e-6


@settings(max_examples=15)
@given(st.integers(0, 400))
def test_below_the_cheapest_plan_there_is_none(seed):
    problem = small(seed)
    prices = [price for *_, price in every_plan(problem)]
    assume(prices and min(prices) > 1000)

    def plan():
        limited = with_budget(problem, Model(budget_cny=min(prices) - 500))
        return solve_problem(limited, solver=Solver(time_limit_s=20), seed=1)

    with pytest.raises(NoPlanError):
        plan()


@settings(max_examples=12)
@given(st.integers(0, 300), st.floats(0, 5e5), st.floats(0, 5e5))
def test_one_more_yuan_never_hurts(seed, some, more):
    problem = small(seed)
    prices = [price for *_, price in every_plan(problem)]
    assume(prices)
    tight, loose = (
        optimum(with_budget(problem, Model(budget_cny=min(prices) + 1 + extra)))
        for extra in (some, some + more)
    )
    assert tight <= loose + 1e-6
    assert loose <= optimum(problem) + 1e-6


def test_a_budget_moves_the_plan_and_is_kept(plan_with):
    free = plan_with()
    most = 0.9 * free.figures["cost_cny"]
    plan = plan_with(budget_cny=most)
    assert plan.figures["cost_cny"] <= most * (1 + 1e-6)
    assert plan.outcome.value <= free.outcome.value + 1e-9
    assert plan.totals["chargers"] == 40


def test_a_plan_above_its_budget_is_named():
    plan = under(budget_cny=1000.0)
    with pytest.raises(RecountError, match=r"what is new costs [\d,]+ CNY, the budget is 1,000"):
        recount(plan)
    recount(under(budget_cny=1e9))


@pytest.mark.parametrize(
    ("column", "told"),
    [
        ("cost_cny", "the price of way/100 is not that of its parts"),
        ("power_kw", "the power of way/100 is not that of its classes"),
        ("chargers_slow_ac", "the chargers of way/100 by class do not make its chargers"),
    ],
)
def test_what_does_not_add_up_is_named(column, told):
    plan = legal_plan()
    sites = plan.sites.assign(**{column: plan.sites[column] + (plan.sites.index == 0) * 7})
    with pytest.raises(RecountError, match=told):
        recount(dataclasses.replace(plan, sites=sites))
