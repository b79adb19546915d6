"""Swap stations: exactly as many as asked for, spread, existing ones kept."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from problem_cases import small_problem

from siting.optimize import swap
from siting.optimize.solver.solver import State, open_solver
from siting.optimize.swap import swap_cover


def door():
    return open_solver("highs", threads=1, seed=7, time_limit_s=60)


def town(seed=1, **changes):
    return small_problem(seed, **{"demand": 30, "sites": 14, "swap_stations": 3, **changes})


def coverage(problem, chosen):
    """Return the gradual coverage of a set, point by point, in plain loops."""
    total = 0.0
    for share, worth in ((1 / 3, 0.5), (2 / 3, 0.3), (1.0, 0.2)):
        for demand, kwh in enumerate(problem.demand_kwh):
            near = problem.swap_pair_demand == demand
            near &= np.isin(problem.swap_pair_site, chosen)
            near &= problem.swap_pair_distance_m <= share * problem.swap_cutoff_m
            total += worth * kwh * bool(near.any())
    return total


@pytest.mark.parametrize("seed", range(4))
def test_the_best_cover_is_found(seed, monkeypatch):
    monkeypatch.setattr(swap, "_DEMAND_CELLS_M", (1.0, 1.0))
    monkeypatch.setattr(swap, "_SITE_CELLS_M", (1.0, 1.0))
    monkeypatch.setattr(swap, "_GAP", 0.0)
    problem = town(seed)
    legal = [
        chosen
        for chosen in itertools.combinations(range(14), 3)
        if all(
            np.linalg.norm(problem.site_xy[a] - problem.site_xy[b]) >= problem.swap_spacing_m
            for a, b in itertools.combinations(chosen, 2)
        )
    ]
    best = max(coverage(problem, chosen) for chosen in legal)
    found = swap_cover(problem, door())
    assert found.state is State.SOLVED
    assert coverage(problem, found.sites) == pytest.approx(best)


def test_existing_swap_stations_stay_even_close_together():
    xy = town().site_xy.copy()
    xy[1] = xy[0] + [10, 0]
    problem = replace(town(), site_xy=xy, existing_swap=np.arange(14) < 2)
    near = np.linalg.norm(xy - xy[0], axis=1) < problem.swap_spacing_m
    near |= np.linalg.norm(xy - xy[1], axis=1) < problem.swap_spacing_m
    problem = replace(problem, swap_ok=problem.existing_swap | ~near)
    found = swap_cover(problem, door())
    assert {0, 1} <= set(found.sites.tolist())
    assert len(found.sites) == 3


def test_none_asked_for_none_chosen():
    assert swap_cover(town(swap_stations=0), door()).sites.tolist() == []


def test_sites_that_reach_nobody_may_still_be_chosen():
    nobody = np.empty(0, dtype=np.int32)
    problem = replace(
        town(),
        swap_pair_demand=nobody,
        swap_pair_site=nobody,
        swap_pair_distance_m=np.empty(0),
    )
    assert len(swap_cover(problem, door()).sites) == 3


def test_thinned_sites_that_do_not_suffice_give_way_to_all(monkeypatch):
    monkeypatch.setattr(swap, "_SITE_CELLS_M", (5000.0, 5000.0))
    assert len(swap_cover(town(), door()).sites) == 3
