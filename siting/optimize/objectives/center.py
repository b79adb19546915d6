"""The p-center under every rule: the shortest way of the farthest demand point.

minimise ``max_i min(U, min_{j open} distance_ij)`` over the demand points that some site may
serve. The answer is a distance: of a range that is halved (Minieka, "The m-center problem", SIAM
Review 12, 1970) each is asked whether a legal set of stations has everyone within it, i.e. obeys

``sum_{j within r of i} open_j >= 1`` for each demand point i

and every rule about the stations. A distance that is proven impossible bounds the answer from
below. Of the sets that reach the answer the one is taken that the joint bound wishes for most.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from siting.optimize.bound.relaxation import Descent, Relaxation, prices_from, uniform_wish
from siting.optimize.model.stations import select_stations, try_stations
from siting.optimize.objectives.covering import cover_rows
from siting.optimize.objectives.measure import Pick, counted_demand, farthest_m, gap_share
from siting.optimize.problem.linear_rules import Rules, row_of
from siting.optimize.solver.solver import State

if TYPE_CHECKING:
    from siting.arrays import Floats
    from siting.optimize.problem.problem import SitingProblem
    from siting.optimize.solver.solver import Door

_WISH_STEPS = 40
_AIM = 0.95
_TRIES = 30


def p_center(problem: SitingProblem, door: Door, asked: float) -> Pick:
    """Choose the stations; see the module's docstring."""
    wish = _joint_wish(problem, door)
    best = select_stations(problem, wish, door)
    value = farthest_m(problem, best)
    # Nobody can be nearer than the nearest of all sites.
    bound = farthest_m(problem, np.flatnonzero(problem.openable))
    tried, cut = bound, False
    for _ in range(_TRIES):
        # A gap is small enough only once nobody is left without a station in reach.
        near = value < problem.goal.unserved_m and gap_share(value, bound) <= asked
        if near or value <= bound:
            break
        if door.left_s <= 0:
            cut = True
            break
        answer, found = try_stations(everyone_within(problem, tried), wish, door)
        if answer.usable:
            best, value = found, farthest_m(problem, found)
            cut = cut or not answer.proven
        elif answer.state is State.INFEASIBLE:
            bound = _next_distance(problem, tried)
        else:
            cut = True
            break
        tried = _between(problem, bound, value)
    return Pick(best, bound, cut)


def everyone_within(problem: SitingProblem, within_m: float) -> SitingProblem:
    """Return the problem with one more rule: everyone who can be served has a station near."""
    rows = cover_rows(problem, within_m)
    near = [
        row_of("center", "one station within {within_m:g} m", {"within_m": within_m}, sites,
               ">=", 1, opens=1.0)
        for sites in rows.near
    ]  # fmt: skip
    return replace(problem, rules=Rules((*problem.rules.rows, *near), problem.rules.promises))


def _joint_wish(problem: SitingProblem, door: Door) -> Floats:
    wish = uniform_wish(problem)
    descent = Descent(Relaxation(problem), prices_from(problem, wish), wish)
    aim = _AIM * descent.bound / max(problem.total_kwh, 1e-12)
    return descent.run(_WISH_STEPS, aim, out_of_time=lambda: door.left_s <= 0).wish


def _distances(problem: SitingProblem) -> Floats:
    """Return the distances that the answer may be, sorted."""
    counted = counted_demand(problem)[problem.pair_demand]
    return np.unique(np.append(problem.pair_distance_m[counted], problem.goal.unserved_m))


def _next_distance(problem: SitingProblem, beyond_m: float) -> float:
    far = _distances(problem)
    place = int(np.searchsorted(far, beyond_m, side="right"))
    return float(far[min(place, len(far) - 1)])


def _between(problem: SitingProblem, low_m: float, high_m: float) -> float:
    """Return the distance halfway: at least the lower one, below the higher one."""
    far = _distances(problem)
    place = int(np.searchsorted(far, (low_m + high_m) / 2, side="right")) - 1
    return max(low_m, float(far[max(place, 0)]))
