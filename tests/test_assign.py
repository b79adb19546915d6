"""Who is served where: the optimum over all pairs, whatever pairs the work starts with."""

from __future__ import annotations

import numpy as np
import pytest
from problem_cases import small_problem
from scipy.optimize import linprog

from siting.arrays import sums
from siting.optimize.model.fill import Sizes, assign
from siting.optimize.solver.solver import open_solver

OPEN = np.arange(8)


def crowded(seed, **changes):
    """Return a problem whose eight stations, all open, are too small near some of the demand."""
    content = {"kwh_day_per_charger": np.full(8, 60.0), "min_chargers": np.ones(8, dtype=int)}
    most = np.random.default_rng(seed).integers(1, 9, 8)
    content |= {"max_chargers": most, "chargers": int(most.sum()) - 3, "stations": 8}
    return small_problem(seed, demand=30, sites=8, **{**content, **changes})


def best_over_all_pairs(problem, least, most):
    """Return the worth (kWh/day) of the best assignment, by scipy on every pair at once."""
    pairs, sites = len(problem.pair_site), len(OPEN)
    cost = np.r_[-problem.pair_worth, np.zeros(sites)]
    rows = np.zeros((len(problem.demand_kwh) + sites, pairs + sites))
    rows[problem.pair_demand, np.arange(pairs)] = 1
    rows[len(problem.demand_kwh) + problem.pair_site, np.arange(pairs)] = 1
    chargers = pairs + np.arange(sites)
    rows[len(problem.demand_kwh) + OPEN, chargers] = -problem.kwh_day_per_charger
    limits = np.r_[problem.demand_kwh, np.zeros(sites)]
    total = np.r_[np.zeros(pairs), np.ones(sites)][None, :]
    bounds = [(0, kwh) for kwh in problem.pair_kwh] + list(zip(least, most, strict=True))
    answer = linprog(cost, A_ub=rows, b_ub=limits, A_eq=total, b_eq=[problem.chargers],
                     bounds=bounds, method="highs")  # fmt: skip
    return -answer.fun


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("part", [1.0, 0.6])
def test_it_is_the_optimum_over_all_pairs_and_no_station_gives_more_than_it_can(seed, part):
    problem = crowded(seed)
    # where a pair carries but a part of its demand point, as in a reduced model
    kwh = problem.pair_kwh * np.where(np.arange(len(problem.pair_kwh)) % 3, 1.0, part)
    problem = crowded(seed, pair_kwh=kwh)
    sizes = Sizes(problem.min_chargers, problem.max_chargers, problem.chargers)
    done = assign(problem, OPEN, sizes, open_solver("highs", threads=1, seed=7, time_limit_s=20))
    assert done.exact
    found = float(problem.pair_worth @ done.serve_kwh)
    best = best_over_all_pairs(problem, problem.min_chargers, problem.max_chargers)
    assert found == pytest.approx(best, rel=1e-7)
    # exactly, in whatever order the energy is added up
    load = sums(problem.pair_site[::-1], done.serve_kwh[::-1], 8)
    assert (load <= problem.kwh_day_per_charger * problem.max_chargers).all()
    assert (load <= sums(problem.pair_site, problem.pair_kwh, 8) + 1e-9).all()


def test_the_cases_are_crowded():
    """Each would overrun a station if everybody went to the nearest."""
    for seed in range(12):
        problem = crowded(seed)
        order = np.lexsort((-problem.pair_worth, problem.pair_demand))
        first = order[np.unique(problem.pair_demand[order], return_index=True)[1]]
        load = sums(problem.pair_site[first], problem.demand_kwh[problem.pair_demand[first]], 8)
        assert (load > problem.kwh_day_per_charger * problem.max_chargers).any()
