"""Improving a plan by freeing a few sites: never worse, always legal, the same twice."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_model import optimum, random_problem
from test_solve import door, hold_rules, plain, run, town

from siting.optimize.model.fill import filled
from siting.optimize.model.selection import select_stations
from siting.optimize.problem.linear_rules import Rules, row_of
from siting.optimize.search import improve, solve
from siting.optimize.search.improve import improved, spots
from siting.optimize.search.subproblem import flags_of, part_of, shut_beside
from siting.optimize.solver.run_log import Run

NEVER = float("inf")


def begun(problem, wish):
    """Return a run with a legal plan that follows some wish."""
    here = Run(problem, door(), gap_share=0.0, limit_s=60.0)
    return here, filled(here, select_stations(problem, wish, here.solver))


@settings(max_examples=10)
@given(st.integers(0, 10_000))
def test_a_sweep_over_all_sites_finds_the_optimum(seed):
    """Chargers aside, which the part decides in fractions: here each site has one size."""
    problem = random_problem(seed, sites=8, stations=3, chargers=6)
    two = np.full(8, 2)
    problem = replace(problem, min_chargers=two, max_chargers=two)
    best = optimum(problem)
    if not np.isfinite(best):
        return
    here, plan = begun(problem, -problem.score)
    everyone = np.ones(8)
    better = improved(here, plan, everyone, enough=NEVER)
    assert plan.value <= better.value <= best + 1e-9
    assert better.value == pytest.approx(best, abs=1e-6)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_sweep_makes_a_poor_plan_better_and_keeps_the_rules(seed, monkeypatch):
    monkeypatch.setattr(improve, "_FREE_SITES", 20)
    problem = town(seed)
    here, plan = begun(problem, np.random.default_rng(seed).random(60))
    better = improved(here, plan, np.full(60, 0.25), enough=NEVER)
    assert better.value > plan.value
    assert len(better.sites) == problem.stations
    assert better.chargers.sum() == problem.chargers
    zones = np.bincount(problem.site_zone[better.sites], minlength=2)
    assert (zones >= problem.zone_floor).all()
    assert not shut_beside(problem, flags_of(problem, better.sites))[better.sites].any()


def test_rows_of_the_scenario_hold_after_a_sweep():
    problem = town(1)
    cap = row_of("limits", "few", {}, np.arange(0, 60, 2), "<=", 3, opens=1.0)
    size = row_of("limits", "small", {}, np.arange(1, 60, 2), "<=", 50, chargers=1.0)
    problem = replace(problem, rules=Rules((cap, size)))
    here, plan = begun(problem, problem.score)
    better = improved(here, plan, np.full(60, 0.25), enough=NEVER)
    assert better.value >= plan.value
    assert (better.sites % 2 == 0).sum() <= 3
    assert better.chargers[better.sites % 2 == 1].sum() <= 50


def test_enough_is_enough():
    here, plan = begun(town(1), town(1).score)
    assert improved(here, plan, np.full(60, 0.25), enough=plan.value) is plan


def test_a_late_run_frees_nothing_and_says_so():
    here, plan = begun(town(1), town(1).score)
    here.solver = here.solver.until(0.0)
    assert improved(here, plan, np.full(60, 0.25), enough=NEVER) is plan
    assert here.notes == [("time_limit_reached", {"stage": "improve"})]


def test_spots_lie_where_wish_and_plan_disagree(monkeypatch):
    monkeypatch.setattr(improve, "_FREE_SITES", 8)
    problem = town(1)
    opened = flags_of(problem, select_stations(problem, problem.score, door()))
    agreed = opened.astype(float)
    assert spots(problem, np.flatnonzero(opened), agreed) == []
    far = int(np.flatnonzero(~opened)[0])
    disputed = agreed.copy()
    disputed[far] = 1.0
    (members,) = spots(problem, np.flatnonzero(opened), disputed)
    assert far in members
    assert len(members) == 8


def test_a_part_leaves_the_rest_of_the_plan_standing():
    problem = town(2)
    sites = select_stations(problem, problem.score, door())
    free = flags_of(problem, sites[:4])
    part = part_of(problem, sites, free)
    assert set(np.flatnonzero(part.openable)) == set(sites.tolist())
    assert set(np.flatnonzero(part.forced)) == set(sites[4:].tolist())
    assert part.demand_kwh.sum() == pytest.approx(problem.demand_kwh.sum())
    assert part.stations == problem.stations


def test_a_lower_gap_is_reached_with_sweeps_and_twice_the_same(monkeypatch):
    monkeypatch.setattr(solve, "EXACT_PAIRS", 0)
    monkeypatch.setattr(improve, "_FREE_SITES", 12)
    monkeypatch.setattr(solve, "_ROUNDS", (2, 40))
    problem = town(1, demand=80, sites=40, stations=10, chargers=40)
    one, other = (run(problem, gap_share=1e-4) for _ in range(2))
    hold_rules(problem, one)
    assert plain(one) == plain(other)
    monkeypatch.setattr(improve, "_SPOTS", 0)
    without = run(problem, gap_share=1e-4)
    assert one.outcome.value >= without.outcome.value
