"""Choose the stations by the objective of the problem, with a bound that holds for every plan.

A cut-off search keeps what it has: the better of the solver's answer and a legal plan of our own
wish, both valued at full resolution, and the bound that the solver had proven by then.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from siting.errors import NoAnswerError
from siting.optimize.arrays import sums
from siting.optimize.objectives import covering
from siting.optimize.objectives.center import p_center
from siting.optimize.objectives.measure import (
    covered_worth,
    goal_value,
    plan_cost,
    zone_shares,
)
from siting.optimize.objectives.median import p_median
from siting.optimize.objectives.picked import Pick
from siting.optimize.rules import Rules, row_of
from siting.optimize.select import infeasible, no_answer, select_stations
from siting.optimize.solution import PROVEN
from siting.optimize.solver import Answer, State, values_of

if TYPE_CHECKING:
    from siting.optimize.arrays import Floats, Ints
    from siting.optimize.problem import SitingProblem
    from siting.optimize.select import StationModel
    from siting.optimize.solver import Door

_SEARCH_SHARE = 0.75
_LEVELS = 5
_HAIR = 1e-7
_TINY = 1e-9


def pick_stations(problem: SitingProblem, door: Door, *, gap_share: float) -> Pick:
    """Choose the stations of a problem by its objective.

    Parameters
    ----------
    problem
        The problem at full resolution; its objective is not the joint one.
    door
        The solver with its time limit.
    gap_share
        Relative gap at which the search may stop.

    Raises
    ------
    InfeasibleError
        If no set of stations obeys the rules; proven.
    NoAnswerError
        If the time was up before any plan was found.
    """
    return _PICKERS[problem.goal.name](problem, door, gap_share)


def _max_cover(problem: SitingProblem, door: Door, asked: float) -> Pick:
    rules, sure = covering.max_cover_model(problem)
    answer, found = _searched(problem, rules, door, asked)
    bound = covering.max_cover_share(problem, answer.bound + sure)
    most = covered_worth(problem, np.flatnonzero(problem.openable))
    return _best(problem, door, answer, found, min(bound, most))


def _set_cover(problem: SitingProblem, door: Door, asked: float) -> Pick:
    rules = covering.set_cover_model(problem)
    answer, found = _searched(problem, rules, door, asked)
    bound = float(np.ceil(-answer.bound - 1e-6)) if np.isfinite(answer.bound) else 0.0
    return _best(problem, door, answer, found, max(bound, float(problem.forced.sum()), 1.0))


def _min_cost(problem: SitingProblem, door: Door, asked: float) -> Pick:
    """Choose stations and chargers at the least cost; then the least cost is a rule.

    What chargers the cost leaves free are shared out like those of any plan.
    """
    rules, unit = covering.min_cost_model(problem)
    answer, found = _searched(problem, rules, door, asked)
    bound = max(-answer.bound * unit, 0.0) if np.isfinite(answer.bound) else 0.0
    if found is None:
        return _best(problem, door, answer, found, bound)
    counts = rules.chargers or {}
    chargers = np.rint(values_of([counts[j] for j in found.tolist()])).astype(np.int64)
    cost = plan_cost(problem, found, chargers)
    held = replace(problem, rules=_within_cost(problem, cost))
    return Pick(found, bound, cut=not answer.proven, sizing=held)


def _within_cost(problem: SitingProblem, most: float) -> Rules:
    """Return the rules with one more: the cost of new stations and new chargers."""
    sites, costs = np.flatnonzero(problem.openable), problem.costs
    unit = max(float(costs.charger.max(initial=0.0)), _TINY)
    opening = np.where(problem.forced, 0.0, costs.station)
    opening = opening - costs.charger * problem.existing_chargers
    row = row_of(
        "cost",
        "new stations and chargers for at most {most:,.0f}",
        {"most": most},
        sites,
        "<=",
        most / unit + _HAIR * max(most / unit, 1.0),
        opens=opening[sites] / unit,
        chargers=costs.charger[sites] / unit,
    )
    return Rules((*problem.rules.rows, row), problem.rules.promises)


def _max_min(problem: SitingProblem, door: Door, asked: float) -> Pick:
    """Raise the worst zone; then the worst of those that can still rise; then all demand.

    A zone whose sites all together cover no more than the level reached is held there and the
    others go on. Later levels are for the plan alone: value and bound are the first one's.
    """
    need = covering.zone_need(problem)
    rows = covering.cover_rows(problem, problem.goal.within_m, by_zone=True)
    ceiling = np.nan_to_num(zone_shares(problem, np.flatnonzero(problem.openable)), nan=np.inf)
    raised = np.flatnonzero(need > 0).tolist()
    kept: dict[int, float] = {}
    best: Ints | None = None
    first = Answer(State.NOTHING, np.nan, np.inf, 0.0)
    cut = False
    for level in range(_LEVELS + 1):
        raised = [] if level == _LEVELS else raised
        levels = covering.ZoneLevels(tuple(raised), dict(kept))
        rules = covering.max_min_model(problem, rows, levels)
        part = door if level else door.until(door.left_s / 2)
        answer, found = _searched(problem, rules, part, asked, share=0.5)
        first = first if level else answer
        cut = cut or not answer.proven
        best = _fairer(problem, best, found)
        if found is None or best is None or not raised or door.left_s <= 0:
            break
        shares = zone_shares(problem, best)
        reached = float(shares[raised].min())
        stuck = [zone for zone in raised if ceiling[zone] <= reached + _HAIR]
        kept |= {zone: float(ceiling[zone]) for zone in stuck}
        raised = [zone for zone in raised if zone not in stuck] if stuck else []
        if not stuck:
            kept |= {int(z): reached for z in np.flatnonzero(need > 0) if z not in kept}
    bound = min(first.bound, float(ceiling.min()))
    return replace(_best(problem, door, first, best, bound), cut=cut)


def _fairer(problem: SitingProblem, one: Ints | None, other: Ints | None) -> Ints | None:
    """Return the choice whose shares of the zones, from the worst up, are larger."""
    if one is None or other is None:
        return other if one is None else one
    return max(one, other, key=lambda sites: _ranking(problem, sites))


def _ranking(problem: SitingProblem, sites: Ints) -> tuple[float, ...]:
    shares = np.sort(zone_shares(problem, sites)[covering.zone_need(problem) > 0])
    return (*np.round(shares[:_LEVELS], 6).tolist(), _covered_kwh(problem, sites))


def _covered_kwh(problem: SitingProblem, sites: Ints) -> float:
    shares = np.nan_to_num(zone_shares(problem, sites))
    return float(shares @ covering.zone_need(problem))


def _searched(
    problem: SitingProblem,
    rules: StationModel,
    door: Door,
    asked: float,
    *,
    share: float = _SEARCH_SHARE,
) -> tuple[Answer, Ints | None]:
    """Let the solver search for a share of the time left; its sites, None if it has none."""
    gap = max(asked / 2, PROVEN / 2)
    answer = door.until(share * door.left_s).maximise(rules.lp, gap_share=gap)
    if answer.state is State.INFEASIBLE:
        raise infeasible(problem, door)
    return answer, rules.chosen() if answer.usable else None


def _best(
    problem: SitingProblem, door: Door, answer: Answer, found: Ints | None, bound: float
) -> Pick:
    """Return what the solver found; cut off, the better of it and a legal plan of our wish."""
    if answer.proven and found is not None:
        return Pick(found, bound, cut=False)
    try:
        own = select_stations(problem, _near_demand(problem), door)
    except NoAnswerError:
        if found is None:
            raise no_answer(answer) from None
        return Pick(found, bound, cut=True)
    if found is None:
        return Pick(own, bound, cut=True)
    sign = -1.0 if problem.goal.least else 1.0
    both = [found, own]
    values = [sign * goal_value(problem, sites, problem.min_chargers[sites]) for sites in both]
    return Pick(both[int(values[1] > values[0])], bound, cut=True)


def _near_demand(problem: SitingProblem) -> Floats:
    """Wish for sites near to demand that few other sites are near to."""
    near = problem.pair_distance_m <= problem.goal.within_m
    demand, site = problem.pair_demand[near], problem.pair_site[near]
    rivals = np.bincount(demand, minlength=len(problem.demand_kwh))
    share = problem.demand_kwh[demand] / rivals[demand]
    wish = sums(site, share, len(problem.site_id))
    # where stations are to be few, the most useful cost least
    return wish - wish.max(initial=0.0) - 1.0 if problem.goal.least else wish


_PICKERS = {
    "max_cover": _max_cover,
    "p_median": p_median,
    "p_center": p_center,
    "set_cover": _set_cover,
    "min_cost": _min_cost,
    "max_min": _max_min,
}
