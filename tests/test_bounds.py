"""The bound holds for every price, and falls to the linear relaxation's value."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problem_cases import small_problem
from test_model import optimum, random_problem

from siting.arrays import running_before
from siting.optimize.bound import Descent, Prices, Relaxation, prices_from, uniform_wish
from siting.optimize.model import joint
from siting.optimize.problem import inner_problem
from siting.optimize.problem.linear_rules import Rules, row_of
from siting.optimize.solver.solver import open_solver

SLACK = 1e-9


def never():
    return False


def start(problem):
    wish = uniform_wish(problem)
    return Descent(Relaxation(problem), prices_from(problem, wish), wish)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.floats(-20, 20), st.integers(2, 6))
def test_every_price_gives_a_bound(seed, charger, chargers):
    problem = random_problem(seed, sites=7, stations=3, chargers=chargers)
    price = np.random.default_rng(seed).uniform(0, 1.1, len(problem.demand_id))
    bound = Relaxation(problem).evaluate(Prices(price, charger))[0] / problem.total_kwh
    assert bound >= optimum(problem) - SLACK


def with_rows(problem, seed, share):
    """Return the problem with a row of money and one of power, and how they bind."""
    random = np.random.default_rng(seed)
    sites = np.arange(len(problem.site_id))
    opens, chargers = random.uniform(0, 3, len(sites)), random.uniform(0.5, 2, len(sites))
    most = float(np.sort(opens + chargers * problem.max_chargers)[::-1][: problem.stations].sum())
    rows = (
        row_of("money", "", {}, sites, "<=", share * most, opens=opens, chargers=chargers),
        row_of("some", "", {}, sites[:3], ">=", 1.0, chargers=1.0),
        row_of("power", "", {}, sites[3:5], "<=", 3.0, chargers=1.0),
    )
    return replace(problem, rules=Rules(rows))


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.floats(-5, 5), st.floats(0.3, 1), st.floats(0, 3))
def test_every_price_of_rows_gives_a_bound(seed, charger, share, height):
    problem = with_rows(random_problem(seed, sites=7, stations=3, chargers=6), seed, share)
    random = np.random.default_rng(seed)
    relaxation = Relaxation(problem)
    prices = relaxation.rows.kept(random.uniform(-height, height, 3))
    price = random.uniform(0, 1.1, len(problem.demand_id))
    bound = relaxation.evaluate(Prices(price, charger, prices))[0] / problem.total_kwh
    assert bound >= optimum(problem) - SLACK


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_with_a_tight_row_it_falls_close_to_the_linear_relaxation(seed):
    problem = small_problem(seed, demand=60, sites=30, stations=10, chargers=40)
    problem = with_rows(replace(problem, max_chargers=problem.max_chargers + 2), seed, share=0.6)
    written = joint.joint_model(problem, relaxed=True)
    answer = open_solver("highs", threads=1, seed=7, time_limit_s=60).maximise(written.lp)
    assert answer.usable
    value = answer.value / problem.total_kwh
    without = start(replace(problem, rules=Rules())).run(400, value, out_of_time=never).bound
    proof = start(problem).run(400, value, out_of_time=never)
    assert value - SLACK <= proof.bound <= value * 1.01
    assert proof.bound < without, "the row binds"


@settings(max_examples=10)
@given(st.integers(0, 10_000))
def test_the_fallen_bound_is_a_bound(seed):
    problem = random_problem(seed, sites=7, stations=3, chargers=6)
    best = optimum(problem)
    if np.isfinite(best):
        proof = start(problem).run(60, best * 0.99, out_of_time=never)
        assert proof.bound >= best - SLACK


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("chargers", [24, 40])
def test_it_falls_close_to_the_linear_relaxation(seed, chargers):
    problem = small_problem(seed, demand=60, sites=30, stations=10, chargers=chargers)
    problem = replace(problem, max_chargers=problem.max_chargers + 2)
    written = joint.joint_model(problem, relaxed=True)
    answer = open_solver("highs", threads=1, seed=7, time_limit_s=60).maximise(written.lp)
    value = answer.value / problem.total_kwh
    proof = start(problem).run(400, value, out_of_time=never)
    assert value - SLACK <= proof.bound <= value * 1.005
    assert proof.wish.sum() == pytest.approx(10, abs=1e-6)


def test_narrowing_changes_nothing_above_the_floor():
    problem = small_problem(4, demand=60, sites=30, stations=10, chargers=24)
    whole = Relaxation(problem)
    prices = prices_from(problem, uniform_wish(problem))
    floor = prices.demand * 0.8
    narrow = whole.narrowed(floor)
    assert len(narrow.worth) < len(whole.worth)
    for factor in (0.8, 1.0, 1.1):
        here = Prices(prices.demand * factor, 0.5)
        assert narrow.evaluate(here)[0] == pytest.approx(whole.evaluate(here)[0])


def test_the_clock_is_asked_and_the_bound_still_holds():
    problem = small_problem(4, demand=60, sites=30, stations=10, chargers=24)
    descent = start(problem)
    first = descent.bound
    assert descent.run(400, 0.1, out_of_time=lambda: True).bound == first / problem.total_kwh


def test_two_descents_agree_to_the_last_bit():
    problem = small_problem(4, demand=60, sites=30, stations=10, chargers=24)
    one, other = (start(problem).run(100, 0.5, out_of_time=never) for _ in range(2))
    assert one.bound == other.bound
    assert np.array_equal(one.wish, other.wish)


def test_without_the_small_program_the_bound_still_holds(monkeypatch):
    problem = random_problem(3, sites=7, stations=3, chargers=6)
    prices = prices_from(problem, uniform_wish(problem))
    tight = Relaxation(problem).evaluate(prices)[0]
    monkeypatch.setattr(inner_problem.Choice, "_tries", lambda self, value: [])
    assert Relaxation(problem).evaluate(prices)[0] >= tight - SLACK


def test_start_prices_are_the_worth_of_the_marginal_site():
    problem = small_problem(6, demand=5, sites=8)
    prices = prices_from(problem, np.full(8, 0.5))
    for demand in range(5):
        worth = np.sort(problem.pair_worth[problem.pair_demand == demand])[::-1]
        assert prices.demand[demand] == (worth[1] if len(worth) > 1 else 0)


def test_running_sums_start_again_with_each_key():
    keys, amounts = np.array([0, 0, 2, 2, 2]), np.array([1.0, 2, 3, 4, 5])
    assert running_before(keys, amounts).tolist() == [0, 1, 0, 3, 7]
