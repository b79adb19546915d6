"""Rules as rows: every model holds them, against plain enumeration."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from problem_cases import _served, small_problem

from siting.errors import InfeasibleError, NoPlanError
from siting.optimize.bound import Descent, Relaxation, prices_from, uniform_wish
from siting.optimize.model import joint
from siting.optimize.model.selection import select_stations, size_stations
from siting.optimize.problem.linear_rules import CoverPromise, Rules, row_of
from siting.optimize.search.solve import solve_problem
from siting.optimize.solver.solver import State, open_solver
from siting.scenario import Solver

HOLDS = {
    "<=": lambda a, b: a <= b + 1e-9,
    ">=": lambda a, b: a >= b - 1e-9,
    "=": lambda a, b: abs(a - b) <= 1e-9,
}


def door():
    return open_solver("highs", threads=1, seed=7, time_limit_s=60)


def random_rules(seed, sites):
    """Return two random rows, one over chargers, and a promise to a share of a group."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(2):
        members = np.sort(rng.choice(sites, size=int(rng.integers(1, sites)), replace=False))
        sense = ["<=", ">=", "="][int(rng.choice(3, p=[0.5, 0.4, 0.1]))]
        chargers = rng.integers(0, 2, len(members)) if rows else 0.0
        opens = rng.integers(-1, 3, len(members)) if rows else 1.0
        rhs = int(rng.integers(0, 3 + 2 * len(rows)))
        rows.append(row_of("random", "{n}", {"n": 1}, members, sense, rhs,
                           opens=opens, chargers=chargers))  # fmt: skip
    weight = rng.uniform(1, 9, 4).round(1)
    lists = tuple(tuple(np.flatnonzero(rng.random(sites) < 0.4).tolist()) for _ in weight)
    share = float(rng.choice([0.3, 0.6, 0.9]))
    promise = CoverPromise("promise", "{n}", {"n": 1}, weight, lists, share * weight.sum())
    return Rules(tuple(rows), (promise,))


def keeps(problem, chosen, counts):
    """Whether stations with their chargers obey every rule, by plain counting."""
    have = dict(zip(chosen, counts, strict=True))
    for rule in problem.rules.rows:
        parts = zip(rule.sites, rule.open_coef, rule.charger_coef, strict=True)
        total = sum(a + b * have[j] for j, a, b in parts if j in have)
        if not HOLDS[rule.sense](total, rule.rhs):
            return False
    for promise in problem.rules.promises:
        met = [bool(have.keys() & set(sites)) for sites in promise.sites]
        if promise.weight[met].sum() < promise.need - 1e-9:
            return False
    return HOLDS[problem.charger_sense](sum(counts), problem.chargers) and HOLDS[
        problem.station_sense
    ](len(chosen), problem.stations)


def apart(problem, chosen):
    gaps = [np.linalg.norm(problem.site_xy[a] - problem.site_xy[b])
            for a, b in itertools.combinations(chosen, 2)]  # fmt: skip
    return all(gap >= problem.min_spacing_m for gap in gaps)


def legal_plans(problem):
    """Return every legal set of stations with each legal sizing."""
    sites = np.flatnonzero(problem.openable).tolist()
    for count in range(len(sites) + 1):
        for chosen in itertools.combinations(sites, count):
            if not apart(problem, chosen):
                continue
            ranges = [range(problem.min_chargers[j], problem.max_chargers[j] + 1) for j in chosen]
            for counts in itertools.product(*ranges):
                if keeps(problem, chosen, counts):
                    yield chosen, counts


def enumerated(problem):
    return max((_served(problem, *plan) for plan in legal_plans(problem)), default=-np.inf)


def optimum(problem):
    written = joint.joint_model(problem)
    answer = door().maximise(written.lp, gap_share=0)
    if answer.state is State.INFEASIBLE:
        return -np.inf
    assert answer.state is State.SOLVED
    return answer.value / problem.total_kwh


SENSES = st.sampled_from(["=", "<=", ">="])


def case(seed, sites, stations, chargers, senses):
    problem = small_problem(seed, sites=sites, demand=4, stations=stations, chargers=chargers)
    return replace(
        problem,
        rules=random_rules(seed, sites),
        station_sense=senses[0],
        charger_sense=senses[1],
    )


CASES = (st.integers(0, 10_000), st.integers(3, 5), st.integers(1, 3), st.integers(2, 6),
         st.tuples(SENSES, SENSES))  # fmt: skip


@settings(max_examples=20)
@given(*CASES)
def test_the_model_with_rules_agrees_with_enumeration(seed, sites, stations, chargers, senses):
    problem = case(seed, sites, stations, chargers, senses)
    assert optimum(problem) == pytest.approx(enumerated(problem), abs=1e-6)


@settings(max_examples=20)
@given(*CASES)
def test_selecting_finds_a_plan_exactly_if_one_exists(seed, sites, stations, chargers, senses):
    problem = case(seed, sites, stations, chargers, senses)
    plans = list(legal_plans(problem))
    if not plans:
        with pytest.raises(InfeasibleError):
            select_stations(problem, np.ones(sites), door())
        return
    chosen = select_stations(problem, np.ones(sites), door())
    sized = size_stations(problem, chosen, np.zeros(len(chosen)), door())
    assert keeps(problem, tuple(chosen.tolist()), tuple(sized.tolist()))


@settings(max_examples=15)
@given(*CASES)
def test_a_solved_plan_keeps_every_rule_and_lies_below_the_bound(
    seed, sites, stations, chargers, senses
):
    problem = replace(case(seed, sites, stations, chargers, senses), swap_stations=0)
    best = enumerated(problem)
    assume(np.isfinite(best))
    plan = solve_problem(problem, solver=Solver(gap_share=0), seed=7)
    places = [problem.site_id.tolist().index(name) for name in plan.chargers]
    assert keeps(problem, tuple(places), tuple(plan.chargers.values()))
    assert plan.outcome.value == pytest.approx(best, abs=1e-5)
    wish = uniform_wish(problem)
    descent = Descent(Relaxation(problem), prices_from(problem, wish), wish)
    proof = descent.run(40, best, out_of_time=lambda: False)
    assert proof.bound >= best - 1e-9


@settings(max_examples=10)
@given(st.integers(0, 10_000), st.integers(1, 3))
def test_a_tighter_rule_never_helps(seed, less):
    problem = small_problem(seed, sites=6, stations=3, chargers=6)
    members = np.arange(4)

    def capped(most):
        row = row_of("quota", "", {}, members, "<=", most, opens=1.0)
        return replace(problem, rules=Rules((row,)))

    assert optimum(capped(3 - less)) <= optimum(capped(3)) + 1e-6
    assert optimum(capped(3)) <= optimum(problem) + 1e-6


def test_rules_that_clash_are_said_by_family():
    rows = (row_of("quota", "", {}, np.arange(6), "<=", 1, opens=1.0),)
    problem = replace(small_problem(1, stations=3, chargers=6), rules=Rules(rows))
    with pytest.raises(NoPlanError, match="the rules: quota"):
        solve_problem(problem, solver=Solver(), seed=7)
