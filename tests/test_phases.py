"""Phases: what opens in which year, held against brute force over all nested sequences."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from problem_cases import _legal, _served, small_problem

from siting.optimize.goal import SiteCosts
from siting.optimize.phases import solve_phases
from siting.optimize.solve import solve_problem
from siting.optimize.years import Year
from siting.scenario import Solver

SOLVER = Solver(time_limit_s=20)


def town(seed, **changes):
    """Return five sites, the first with a station of one charger; no swap stations."""
    rng = np.random.default_rng(seed + 500)
    least = rng.integers(1, 3, 5)
    problem = small_problem(
        seed, demand=4, sites=5, swap_stations=0, stations=3, chargers=7,
        min_chargers=least, max_chargers=least + 2, forced=np.arange(5) == 0,
        existing_chargers=np.array([1, 0, 0, 0, 0]), existing_swap=np.zeros(5, dtype=bool),
        costs=SiteCosts(rng.uniform(1e5, 3e5, 5).round(0), rng.uniform(5e3, 5e4, 5).round(0)),
        swap_station_cny=0.0,
    )  # fmt: skip
    return replace(problem, **changes)


def two_years(budgets=(None, None), factor=0.6):
    return (
        Year(2024, 2, 4, 0, factor, budgets[0]),
        Year(2025, 3, 7, 0, 1.0, budgets[1]),
    )


def solved(problem, years):
    solution = solve_problem(problem, solver=SOLVER, seed=1)
    return solve_phases(problem, solution, years, solver=SOLVER, seed=1)


def plans_of(problem, year, *, last):
    """Yield sites and chargers of every legal plan of a year, by plain enumeration."""
    least = (
        problem.min_chargers
        if last
        else np.where(problem.forced, problem.existing_chargers, problem.min_chargers)
    )
    floors = problem.zone_floor if last else 0 * problem.zone_floor
    asked = replace(problem, zone_floor=floors)
    for chosen in itertools.combinations(range(len(problem.site_id)), year.stations):
        if not _legal(asked, chosen):
            continue
        ranges = [range(least[j], problem.max_chargers[j] + 1) for j in chosen]
        for counts in itertools.product(*ranges):
            if sum(counts) == year.chargers:
                yield dict(zip(chosen, counts, strict=True))


def value_of(problem, year, plan):
    asked = replace(
        problem, stations=year.stations, demand_kwh=problem.demand_kwh * year.demand_factor
    )
    return _served(asked, list(plan), list(plan.values()))


def price(problem, before, after):
    fresh = [j for j in after if j not in before]
    more = sum(problem.costs.charger[j] * (n - before.get(j, 0)) for j, n in after.items())
    return problem.costs.station[fresh].sum() + more


def sequences(problem, years):
    """Yield the plans and the price of each year of every nested sequence."""
    first, second = (list(plans_of(problem, year, last=year is years[-1])) for year in years)
    now = {0: 1}
    for one in first:
        for two in second:
            if all(two.get(j, -1) >= n for j, n in one.items()):
                yield (one, two), (price(problem, now, one), price(problem, one, two))


def brute(problem, years):
    """Return the best sum of values over every nested sequence within the budgets."""
    best = -np.inf
    worth = {}
    for plans, prices in sequences(problem, years):
        if any(y.budget_cny and p > y.budget_cny for y, p in zip(years, prices, strict=True)):
            continue
        total = 0.0
        for year, plan in zip(years, plans, strict=True):
            key = (year.year, tuple(plan.items()))
            if key not in worth:
                worth[key] = value_of(problem, year, plan)
            total += worth[key]
        best = max(best, total)
    return best


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 300))
def test_together_is_the_best_nested_sequence(seed):
    problem, years = town(seed), two_years()
    best = brute(problem, years)
    assume(np.isfinite(best))
    found = solved(problem, years)
    assert found.whole
    assert found.together.total == pytest.approx(best, abs=1e-6)
    assert best <= found.bound + 1e-9
