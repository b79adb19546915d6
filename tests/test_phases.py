"""Phases: what opens in which year, held against brute force over all nested sequences."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from problem_cases import _legal, _served, small_problem
from test_model import hold, text_of

from siting.errors import ImpossibleTargetError, InfeasibleError
from siting.optimize.model.joint import joint_model
from siting.optimize.model.reduce import keep_sites
from siting.optimize.phases import phases
from siting.optimize.phases.phase_search import swaps_by_year
from siting.optimize.phases.phases import solve_phases
from siting.optimize.phases.years import Year, all_years, charging_only, spent_cny, standing
from siting.optimize.problem.problem import SiteCosts
from siting.optimize.search.solve import solve_problem
from siting.optimize.solver.solver import open_solver
from siting.optimize.swap import RADII
from siting.scenario import Solver

SOLVER = Solver(time_limit_s=20)


def town(seed, **changes):
    """Return five sites, the first with a station of one charger, its neighbours closed."""
    rng = np.random.default_rng(seed + 500)
    least = rng.integers(1, 3, 5)
    problem = small_problem(
        seed, demand=4, sites=5, swap_stations=0, stations=3, chargers=7,
        min_chargers=least, max_chargers=least + 2, forced=np.arange(5) == 0,
        existing_chargers=np.array([1, 0, 0, 0, 0]), existing_swap=np.zeros(5, dtype=bool),
        costs=SiteCosts(rng.uniform(1e5, 3e5, 5).round(0), rng.uniform(5e3, 5e4, 5).round(0)),
        swap_station_cny=0.0,
    )  # fmt: skip
    away = np.linalg.norm(problem.site_xy - problem.site_xy[0], axis=1)
    open_to_us = problem.forced | (away >= problem.min_spacing_m)
    return keep_sites(replace(problem, **changes), open_to_us)


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


@settings(max_examples=3, deadline=None)
@given(st.integers(0, 300))
def test_together_is_the_best_nested_sequence(seed):
    problem, years = town(seed), two_years()
    best = brute(problem, years)
    assume(np.isfinite(best))
    found = solved(problem, years)
    assert found.whole
    assert found.together.total == pytest.approx(best, abs=1e-6)
    assert best <= found.bound + 1e-9


@settings(max_examples=3, deadline=None)
@given(st.integers(0, 300), st.floats(0, 1))
def test_together_keeps_each_budget_and_is_the_best_that_does(seed, part):
    problem, free = town(seed), two_years()
    prices = [price for _, price in sequences(problem, free)]
    assume(prices)
    first = min(one for one, _ in prices)
    second = min(two for one, two in prices if one <= first + 1)
    years = two_years((first + 1 + part * 5e4, second + 1 + part * 5e4))
    found = solved(problem, years)
    assert found.together.total == pytest.approx(brute(problem, years), abs=1e-6)
    assert found.together.total <= found.bound + 1e-9
    before = standing(problem)
    for year, built in zip(years, found.together.built, strict=True):
        assert spent_cny(problem, before, built) <= year.budget_cny + 1
        before = built


@settings(max_examples=3, deadline=None)
@given(st.integers(0, 300), st.floats(0, 3e5), st.floats(0, 3e5))
def test_more_money_in_a_year_never_hurts(seed, some, more):
    problem, free = town(seed), two_years()
    prices = [price for _, price in sequences(problem, free)]
    assume(prices)
    first, second = min(prices)
    tight, loose = (
        solved(problem, two_years((first + 1 + extra, second + 1 + extra))).together.total
        for extra in (some, some + more)
    )
    assert tight <= loose + 1e-6


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 300))
def test_each_year_holds_the_one_before(seed):
    problem, years = town(seed), two_years()
    assume(any(True for _ in sequences(problem, years)))
    found = solved(problem, years)
    for path in (found.together, found.by_year):
        held = {0: 1}
        for year, built in zip(years, path.built, strict=False):
            now = dict(zip(built.sites.tolist(), built.chargers.tolist(), strict=True))
            assert all(now.get(site, -1) >= count for site, count in held.items())
            assert (len(now), sum(now.values())) == (year.stations, year.chargers)
            held = now
    for place, year in enumerate(years):
        alone = max(
            value_of(problem, year, plan)
            for plan in plans_of(problem, year, last=year is years[-1])
        )
        assert found.together.worth[place] <= alone + 1e-6 <= found.bounds[place] + 2e-6
        assert found.best[place] <= alone + 1e-6


@settings(max_examples=3, deadline=None)
@given(st.integers(0, 300))
def test_in_steps_the_answer_is_a_nested_plan_under_the_bound(seed):
    problem, years = town(seed), two_years()
    best = brute(problem, years)
    assume(np.isfinite(best))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(phases, "EXACT_PAIRS", 0)
        found = solved(problem, years)
    assert not found.whole
    assert found.together.total <= best + 1e-6
    assert best <= found.bound + 1e-6
    if len(found.by_year.worth) == len(years):
        assert found.together.total >= found.by_year.total
    one, two = found.together.built
    assert set(one.sites.tolist()) <= set(two.sites.tolist())
    assert (two.chargers[np.isin(two.sites, one.sites)] >= one.chargers).all()


def crossing():
    """Return a middle site that is best alone, and keeps the two best together from opening."""
    east = np.array([0.0, 500.0, 1000.0, 3000.0])
    points = np.array([0.0, 500.0, 1000.0])
    far = np.abs(points[:, None] - east[None, :])
    near = np.argwhere(far <= 1500).astype(np.int32)
    kwh = np.array([50.0, 20.0, 50.0])
    return small_problem(
        demand=3, sites=4, swap_stations=0, stations=2, chargers=6, min_spacing_m=600.0,
        demand_xy=np.column_stack([points, 0 * points]), demand_kwh=kwh,
        site_xy=np.column_stack([east, 0 * east]), pair_demand=near[:, 0], pair_site=near[:, 1],
        pair_distance_m=far[near[:, 0], near[:, 1]], pair_kwh=kwh[near[:, 0]],
        min_chargers=np.ones(4, dtype=np.int64), max_chargers=np.full(4, 5), score=np.zeros(4),
        kwh_day_per_charger=np.full(4, 60.0), existing_swap=np.zeros(4, dtype=bool),
    )  # fmt: skip


def test_a_plan_that_looks_ahead_beats_one_that_does_not():
    years = (Year(2024, 1, 3, 0), Year(2025, 2, 6, 0))
    found = solved(crossing(), years)
    assert found.by_year.built[0].sites.tolist() == [1]
    assert found.by_year.built[1].sites.tolist() == [1, 3]
    assert found.together.built[1].sites.tolist() == [0, 2]
    assert found.together.total > found.by_year.total + 0.05
    assert found.best[0] > found.together.worth[0]  # what the first year gives up
    assert found.best[1] == pytest.approx(found.together.worth[1])


def test_all_years_as_one_problem_read_as_pinned(tmp_path):
    problem = replace(town(3), pair_demand=np.array([0, 1], dtype=np.int32),
                      pair_site=np.array([0, 1], dtype=np.int32),
                      pair_distance_m=np.array([0.0, 300.0]),
                      pair_kwh=town(3).demand_kwh[:2])  # fmt: skip
    years = two_years((200_000.0, 300_000.0))
    big = all_years(charging_only(problem, np.empty(0, dtype=np.int64)), years)
    hold("phases", text_of(joint_model(big).lp, tmp_path))


def test_the_value_of_all_years_is_the_mean_of_theirs():
    problem, years = town(5), two_years()
    big = all_years(charging_only(problem, np.empty(0, dtype=np.int64)), years)
    found = solved(problem, years)
    solution = solve_problem(big, solver=SOLVER, seed=1)
    assert solution.outcome.value == pytest.approx(found.together.total / 2, abs=1e-9)


def test_a_year_that_cannot_be_built_is_named():
    years = (replace(two_years()[0], chargers=6), two_years()[1])
    problem = replace(town(1), max_chargers=np.array([2, 2, 2, 3, 3]))
    with pytest.raises(ImpossibleTargetError, match="at the end of 2024") as caught:
        solved(problem, years)
    assert "phases[1]" in str(caught.value)


def test_years_that_cannot_follow_each_other_are_refused():
    # the middle site is all the first year can pay, and it shuts out both of the second
    problem = replace(crossing(), costs=SiteCosts(np.array([9e5, 1e5, 9e5, 9e5]), np.full(4, 1e4)),
                      openable=np.array([True, True, True, False]))  # fmt: skip
    near = problem.pair_site != 3
    problem = replace(
        problem, pair_demand=problem.pair_demand[near], pair_site=problem.pair_site[near],
        pair_distance_m=problem.pair_distance_m[near], pair_kwh=problem.pair_kwh[near],
    )  # fmt: skip
    years = (Year(2024, 1, 3, 0, 1.0, 2e5), Year(2025, 2, 6, 0, 1.0, 5e6))
    with pytest.raises(InfeasibleError, match="not one on top of the other"):
        solved(problem, years)
    stuck = (Year(2024, 1, 3, 0), Year(2025, 2, 6, 0))
    found = solved(problem, stuck)
    assert len(found.by_year.worth) == 1
    assert found.together.built[1].sites.tolist() == [0, 2]


def test_the_swap_stations_open_where_they_cover_most():
    problem = town(2, swap_stations=3, swap_spacing_m=0.0)
    years = (Year(2023, 2, 4, 1, 0.6), Year(2024, 2, 4, 2, 0.8), Year(2025, 3, 7, 3))
    final = np.array([1, 2, 4])
    there, gap = swaps_by_year(problem, final, years, open_solver("highs", threads=1, seed=1,
                                                                 time_limit_s=20))  # fmt: skip
    assert [len(one) for one in there] == [1, 2, 3]
    assert set(there[0].tolist()) <= set(there[1].tolist()) <= set(final.tolist())
    assert gap <= 0.002
    worth = {
        site: sum(
            value * problem.demand_kwh[problem.swap_pair_demand[near]].sum()
            for share, value in RADII
            for near in [(problem.swap_pair_site == site)
                         & (problem.swap_pair_distance_m <= share * problem.swap_cutoff_m)]
        )
        for site in final.tolist()
    }  # fmt: skip
    cells = max(worth.values())
    assert worth[int(there[0][0])] >= 0.8 * cells  # demand is counted in cells
