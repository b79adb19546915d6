"""The objectives of distance under every rule: the mean way to the nearest station, the farthest.

``p_median`` minimises ``sum_i d_i min(U, min_{j open} distance_ij)`` and ``p_center``
``max_i min(U, min_{j open} distance_ij)`` over the demand points that some site may serve, with the
distance ``U`` of demand that has no open station in reach (Hakimi, "Optimum locations of switching
centers and the absolute centers and medians of a graph", Operations Research 12, 1964).

The p-median is the joint model of a problem where distance alone counts and no station runs short,
so its Lagrangian bound is the joint one without capacities
(:mod:`siting.optimize.bound`). The p-center is found by halving the distances
(:func:`siting.optimize.classic.p_center.least_radius`); of the sets that reach the answer the one
is taken that the joint bound wishes for most.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from siting.arrays import sums
from siting.optimize.bound import (
    Descent,
    PricedRows,
    Relaxation,
    SiteWorths,
    prices_from,
    uniform_wish,
)
from siting.optimize.classic.p_center import Tried, least_radius
from siting.optimize.model.stations import infeasible, select_stations, try_model
from siting.optimize.objectives.goal_models import everyone_within, p_median_model, ways_only
from siting.optimize.objectives.measure import Chosen, mean_way_m, reach_of
from siting.optimize.problem.solution import PROVEN, gap_between
from siting.optimize.solver.solver import State

if TYPE_CHECKING:
    from siting.arrays import Floats
    from siting.optimize.problem.problem import SitingProblem
    from siting.optimize.solver.solver import Option, Solver

EXACT_PAIRS = 5_000
_EXACT_NODES = 2_000
_ROUNDS = 6
_STEPS = 100
_RESERVE_SHARE = 0.15
_WISH_STEPS = 40
_AIM = 0.95


class WaysRelaxation(Relaxation):
    """The relaxation without capacities: sites serve all that gains, chargers cost nothing."""

    def __init__(self, problem: SitingProblem) -> None:
        super().__init__(problem)
        self.most_kwh = problem.pair_kwh
        self.rows = PricedRows(problem, ())

    def _sites(self, price: Floats, charger: Floats) -> SiteWorths:  # noqa: ARG002  # always 0
        count = len(self.problem.site_id)
        gain = self.worth - price[self.demand]
        serve = np.where(gain > 0, self.most_kwh, 0.0)
        worth = sums(self.site, gain * serve, count)
        # Any number of chargers up to the total: their price stays 0.
        fewest, most = np.zeros(count), np.full(count, float(self.problem.chargers))
        return SiteWorths(worth, serve, fewest, most)


def descent(ways: SitingProblem, wish: Floats | None = None) -> Descent:
    """Return the falling bound of a problem of :func:`ways_only`, from a wish."""
    wish = uniform_wish(ways) if wish is None else wish
    return Descent(WaysRelaxation(ways), prices_from(ways, wish), wish)


def p_median(problem: SitingProblem, solver: Solver, asked: float) -> Chosen:
    """Choose the stations: a small problem whole, a large one by the falling bound's wishes."""
    ways = ways_only(problem)
    if len(ways.pair_demand) > EXACT_PAIRS:
        return _followed(problem, ways, solver, asked)
    model = p_median_model(ways)
    options: dict[str, Option] = {"mip_max_nodes": _EXACT_NODES} if solver.name == "highs" else {}
    answer = solver.until(solver.left_s / 2).maximise(model.lp, gap_share=PROVEN / 10, **options)
    if answer.state is State.INFEASIBLE:
        raise infeasible(problem, solver)
    known = problem.goal.unserved_m * (1 - answer.bound / ways.total_kwh)
    if answer.proven:
        return Chosen(model.chosen(), known, cut=False)
    # What was proven by then still holds.
    found = _followed(problem, ways, solver, asked)
    both = [found.sites, model.chosen()] if answer.usable else [found.sites]
    best = min(both, key=lambda sites: mean_way_m(problem, sites))
    return Chosen(best, max(found.bound, known), cut=found.cut)


def _followed(problem: SitingProblem, ways: SitingProblem, solver: Solver, asked: float) -> Chosen:
    """Let the bound fall and select what its prices wish for, until the gap is small enough."""
    unserved_m, down = problem.goal.unserved_m, descent(ways)
    best = select_stations(ways, uniform_wish(ways), solver)
    limit_s = solver.left_s
    bound = 0.0
    for _ in range(_ROUNDS):
        value = 1 - mean_way_m(problem, best) / unserved_m
        proof = down.run(
            _STEPS, value, out_of_time=lambda: solver.left_s < _RESERVE_SHARE * limit_s
        )
        bound = unserved_m * (1 - proof.bound)
        if solver.left_s < _RESERVE_SHARE * limit_s:
            return Chosen(best, bound, cut=True)
        found = select_stations(ways, proof.wish, solver)
        best = min(best, found, key=lambda sites: mean_way_m(problem, sites))
        if gap_between(mean_way_m(problem, best), bound) <= asked:
            break
    return Chosen(best, bound, cut=False)


def p_center(problem: SitingProblem, solver: Solver, asked: float) -> Chosen:
    """Choose the stations whose farthest demand point is nearest, of those the wished ones."""
    wish = _joint_wish(problem, solver)

    def within(distance_m: float) -> Tried:
        answer, sites = try_model(everyone_within(problem, distance_m), wish, solver)
        proven = answer.proven or answer.state is State.INFEASIBLE
        return Tried(sites if answer.usable else None, proven)

    found = least_radius(
        reach_of(problem),
        select_stations(problem, wish, solver),
        problem.openable,
        within,
        solver=solver,
        gap_share=asked,
        unserved=problem.goal.unserved_m,
    )
    return Chosen(found.sites, found.bound, found.cut)


def _joint_wish(problem: SitingProblem, solver: Solver) -> Floats:
    wish = uniform_wish(problem)
    descent = Descent(Relaxation(problem), prices_from(problem, wish), wish)
    aim = _AIM * descent.bound / max(problem.total_kwh, 1e-12)
    return descent.run(_WISH_STEPS, aim, out_of_time=lambda: solver.left_s <= 0).wish
