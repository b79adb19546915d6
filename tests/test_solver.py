"""The door to the solvers: a cut-off answer is never called optimal."""

from typing import get_args

import numpy as np
import pulp
import pytest

from siting.errors import SolverMissingError
from siting.optimize.solver import solver as solver_module
from siting.optimize.solver._other_solvers import _INTERFACES, interfaces
from siting.optimize.solver.solver import State, linear, open_solver, values_of
from siting.scenario import Solver

SOLVERS = ("highs", "cbc", "scip")


def door(name, seconds=60.0):
    return open_solver(name, threads=1, seed=7, time_limit_s=seconds)


def knapsack(limit=10, *, whole=True):
    lp = pulp.LpProblem("knapsack", pulp.LpMaximize)
    kind = pulp.LpInteger if whole else pulp.LpContinuous
    items = [lp.add_variable(f"take_{k}", 0, 1, kind) for k in range(4)]
    lp.setObjective(linear(list(zip(items, [10.0, 7.0, 6.0, 3.0], strict=True))))
    weights = zip(items, [6, 5, 5, 1], strict=True)
    lp.addConstraint(pulp.LpConstraint(linear(list(weights)), pulp.LpConstraintLE, "room", limit))
    return lp, items


def market_split(*, with_slack, seed=1, rows=5, columns=40):
    """Return a market-split problem (Cornuejols and Dawande 1998): small, and hopeless to prove."""
    rng = np.random.default_rng(seed)
    weights = rng.integers(0, 100, (rows, columns))
    lp = pulp.LpProblem("split", pulp.LpMaximize)
    take = [lp.add_variable(f"take_{k:02}", 0, 1, pulp.LpInteger) for k in range(columns)]
    cost = []
    for number, row in enumerate(weights.tolist()):
        terms = [(take[k], weight) for k, weight in enumerate(row)]
        if with_slack:
            over, under = (lp.add_variable(f"{word}_{number}", 0) for word in ("over", "under"))
            terms += [(over, 1), (under, -1)]
            cost += [(over, -1), (under, -1)]
        expression = linear(terms)
        half = sum(row) // 2
        lp.addConstraint(pulp.LpConstraint(expression, pulp.LpConstraintEQ, f"r{number}", half))
    lp.setObjective(linear(cost or [(take[0], 1)]))
    return lp


@pytest.mark.parametrize("name", SOLVERS)
def test_an_optimum_is_solved_with_its_bound(name):
    lp, items = knapsack()
    answer = door(name).maximise(lp)
    assert answer.state is State.SOLVED
    assert answer.value == pytest.approx(13)
    assert answer.bound == pytest.approx(13, abs=1e-4)
    assert values_of(items).round().tolist() in ([1, 0, 0, 1], [0, 1, 1, 0])


@pytest.mark.parametrize("name", SOLVERS)
def test_a_linear_program_is_its_own_bound(name):
    answer = door(name).maximise(knapsack(whole=False)[0])
    assert answer.state is State.SOLVED
    assert answer.value == answer.bound == pytest.approx(10 + 3 + 3 * 7 / 5)


@pytest.mark.parametrize("name", SOLVERS)
def test_a_linear_program_has_its_prices(name):
    lp, _ = knapsack(whole=False)
    door(name).maximise(lp)
    assert abs(lp.constraints()[0].pi) == pytest.approx(7 / 5)


@pytest.mark.parametrize("name", SOLVERS)
def test_infeasible_is_said(name):
    answer = door(name).maximise(knapsack(limit=-1)[0])
    assert answer.state is State.INFEASIBLE
    assert not answer.usable


@pytest.mark.parametrize("name", SOLVERS)
def test_cut_off_with_a_plan_is_not_optimal(name):
    lp = market_split(with_slack=True)
    answer = door(name, 1.0).maximise(lp, gap_share=0)
    assert answer.state is State.STOPPED
    assert answer.usable
    assert not answer.proven
    assert answer.value < answer.bound
    assert lp.status == pulp.LpStatusOptimal, "PuLP's own word, the one not to believe"


@pytest.mark.parametrize("name", SOLVERS)
def test_cut_off_without_a_plan_is_nothing(name):
    answer = door(name, 0.6).maximise(market_split(with_slack=False), gap_share=0)
    assert answer.state is State.NOTHING
    assert not answer.usable
    assert np.isnan(answer.value)


def test_a_limit_on_nodes_is_a_stop_too():
    answer = door("highs").maximise(market_split(with_slack=True), gap_share=0, mip_max_nodes=3)
    assert answer.state is State.STOPPED


def test_a_second_number_of_threads_in_one_process_still_solves():
    for threads in (1, 2, 1):
        opened = open_solver("highs", threads=threads, seed=7, time_limit_s=30)
        assert opened.maximise(knapsack()[0]).state is State.SOLVED


def test_without_highs_cbc_steps_in_and_says_so(monkeypatch):
    monkeypatch.setattr(solver_module, "_has_highs", lambda: False)
    opened = door("highs")
    assert (opened.name, opened.fallback) == ("cbc", True)
    assert not door("cbc").fallback


def test_without_any_solver_the_cure_is_named(monkeypatch):
    monkeypatch.setattr(solver_module, "_has_highs", lambda: False)
    monkeypatch.setattr(pulp.COIN_CMD, "available", lambda self: False)
    with pytest.raises(SolverMissingError, match="install highspy"):
        door("highs")


@pytest.mark.parametrize("name", ["cplex", "copt", "xpress"])
def test_a_solver_that_is_not_there_is_named_with_the_cure(name, monkeypatch):
    for interface in interfaces(name):
        kind = type(pulp.getSolver(interface, msg=False))
        monkeypatch.setattr(kind, "available", lambda self: False)
    with pytest.raises(SolverMissingError, match=f"'{name}' is not installed") as caught:
        door(name)
    assert "pip install" in caught.value.cure


def test_every_solver_of_the_scenario_has_its_way_in():
    named = get_args(Solver.model_fields["name"].annotation)
    assert set(named) == {"highs", "cbc", *_INTERFACES}
    for name in _INTERFACES:
        assert set(interfaces(name)) <= set(pulp.listSolvers())


def test_the_deadline_is_never_moved_back():
    opened = door("highs", 5)
    assert opened.until(1000).deadline == opened.deadline
    assert opened.until(0.5).left_s <= 0.5
