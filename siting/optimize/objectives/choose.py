"""Choose the stations by the objective of the problem, with a bound that holds for every plan.

A cut-off search keeps what it has: the better of the solver's answer and a legal plan of our own
wish, both valued at full resolution, and the bound that the solver had proven by then.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from siting.arrays import sums
from siting.errors import NoAnswerError, ScenarioError
from siting.optimize.classic.formulation import Levels
from siting.optimize.model.fill import filled
from siting.optimize.model.selection import infeasible, no_answer, select_stations
from siting.optimize.objectives import goal_models as models
from siting.optimize.objectives.goal_models import p_center, p_median
from siting.optimize.objectives.measure import (
    Chosen,
    covered_shares,
    covered_worth,
    goal_outcome,
    goal_value,
    most_worth,
    plan_cost,
    zone_need,
)
from siting.optimize.problem.linear_rules import Rules, row_of
from siting.optimize.problem.solution import PROVEN
from siting.optimize.solver.solver import State, values_of

if TYPE_CHECKING:
    from siting.arrays import Floats, Ints
    from siting.optimize.classic.coverage import Coverage
    from siting.optimize.model.fill import Filled
    from siting.optimize.model.selection import StationModel
    from siting.optimize.problem.problem import SitingProblem
    from siting.optimize.problem.solution import Outcome
    from siting.optimize.solver.run_log import Run
    from siting.optimize.solver.solver import Answer, Option, Solver


_CHOOSE_SHARE = 0.85
_SEARCH_SHARE = 0.75
_NODES = 2_000
_LEVEL_NODES = (300, 60)
"""Nodes of a search, where the solver counts them: the end of a search is then the same twice."""
_LEVELS = 5
_HAIR = 1e-7
_TINY = 1e-9


def plan_by_objective(run: Run) -> tuple[Filled, Outcome]:
    """Choose the stations by the problem's objective, size them and serve the demand.

    Parameters
    ----------
    run
        The run; the objective of its problem is not the joint one.

    Returns
    -------
    Filled, Outcome
        The plan with its value in the joint objective, and what is proven about its own.

    Raises
    ------
    InfeasibleError
        If the rules contradict each other; proven.
    NoAnswerError
        If the time limit passed with no plan in hand.
    """
    problem = run.problem
    with run.stage("objective"):
        solver = run.solver.until(_CHOOSE_SHARE * run.solver.left_s)
        chosen = choose_stations(problem, solver, gap_share=run.gap_share)
    if chosen.cut:
        run.cut("objective")
    with run.stage("fill"):
        sizing = run if chosen.sizing is None else replace(run, problem=chosen.sizing)
        plan = filled(sizing, chosen.sites)
    outcome = goal_outcome(
        problem,
        (plan.sites, plan.chargers),
        chosen.bound,
        asked_share=run.gap_share,
        solver=run.solver.name,
    )
    return plan, outcome


def choose_stations(problem: SitingProblem, solver: Solver, *, gap_share: float) -> Chosen:
    """Choose the stations of a problem by its objective.

    Parameters
    ----------
    problem
        The problem at full resolution; its objective is not the joint one.
    solver
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
    return _CHOOSERS[problem.goal.name](problem, solver, gap_share)


@dataclass(frozen=True, eq=False)
class _Search:
    """What a search found: its sites, None if it has none, and whether the clock ended it."""

    answer: Answer
    sites: Ints | None
    cut: bool


def _max_cover(problem: SitingProblem, solver: Solver, asked: float) -> Chosen:
    model, sure = models.max_cover_model(problem)
    search = _searched(model, solver, asked)
    bound = (search.answer.bound + sure) / most_worth(problem)
    most = covered_worth(problem, np.flatnonzero(problem.openable))
    return _best(problem, solver, search, min(bound, most))


def _set_cover(problem: SitingProblem, solver: Solver, asked: float) -> Chosen:
    model = models.set_cover_model(problem)
    search = _searched(model, solver, asked)
    known = -search.answer.bound
    bound = float(np.ceil(known - 1e-6)) if np.isfinite(known) else 0.0
    return _best(problem, solver, search, max(bound, float(problem.forced.sum())))


def _min_cost(problem: SitingProblem, solver: Solver, asked: float) -> Chosen:
    """Choose stations and chargers at the least cost; then the least cost is a rule.

    What chargers the cost leaves free are shared out like those of any plan.
    """
    if not len(problem.costs.charger):
        raise ScenarioError(
            "min_cost is asked for, but the costs of the sites are not known",
            where="model.objective",
            cure="give build_problem the table of analysis.costs",
        )
    model, unit = models.min_cost_model(problem)
    search = _searched(model, solver, asked)
    found, known = search.sites, -search.answer.bound * unit
    bound = max(known, 0.0) if np.isfinite(known) else 0.0
    if found is None:
        return _best(problem, solver, search, bound)
    counts = model.chargers or {}
    chargers = np.rint(values_of([counts[j] for j in found.tolist()])).astype(np.int64)
    cost = plan_cost(problem, found, chargers)
    held = replace(problem, rules=_within_cost(problem, cost))
    return Chosen(found, bound, cut=search.cut, sizing=held)


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


def _max_min(problem: SitingProblem, solver: Solver, asked: float) -> Chosen:
    """Raise the worst zone; then the worst of those that can still rise; then all demand.

    A zone whose sites all together cover no more than the level reached is held there and the
    others go on. Later levels are for the plan alone: value and bound are the first one's.
    """
    need = zone_need(problem)
    rows = models.demand_coverage(problem, problem.goal.within_m, by_zone=True)
    ceiling = np.nan_to_num(covered_shares(problem, np.flatnonzero(problem.openable)), nan=np.inf)
    raised = np.flatnonzero(need > 0).tolist()
    kept: dict[int, float] = {}
    first = last = _raised_once(problem, rows, Levels(raised, kept), solver, asked)
    cut = first.cut
    best = first.sites
    for level in range(_LEVELS):
        if best is None or last.sites is None or not raised or solver.left_s <= 0:
            break
        reached = float(covered_shares(problem, best)[raised].min())
        stuck = [zone for zone in raised if ceiling[zone] <= reached + _HAIR]
        kept |= {zone: float(ceiling[zone]) for zone in stuck}
        if not stuck or level == _LEVELS - 1:
            kept |= {zone: reached for zone in raised if zone not in kept}
        raised = [zone for zone in raised if zone not in kept]
        last = _raised_once(problem, rows, Levels(raised, kept), solver, asked)
        best, cut = _fairer(problem, best, last.sites), cut or last.cut
    bound = min(first.answer.bound, float(ceiling.min()))
    return replace(_best(problem, solver, replace(first, sites=best), bound), cut=cut)


def _raised_once(
    problem: SitingProblem,
    rows: Coverage,
    levels: Levels,
    solver: Solver,
    asked: float,
) -> _Search:
    model = models.max_min_model(problem, rows, levels)
    nodes = _LEVEL_NODES[min(len(levels.kept), 1)]
    return _searched(model, solver.until(solver.left_s / 2), asked, nodes=nodes)


def _fairer(problem: SitingProblem, one: Ints | None, other: Ints | None) -> Ints | None:
    """Return the choice whose shares of the zones, from the worst up, are larger."""
    if one is None or other is None:
        return other if one is None else one
    return max(one, other, key=lambda sites: _ranking(problem, sites))


def _ranking(problem: SitingProblem, sites: Ints) -> tuple[float, ...]:
    shares = np.sort(covered_shares(problem, sites)[zone_need(problem) > 0])
    return (*np.round(shares[:_LEVELS], 6).tolist(), _covered_kwh(problem, sites))


def _covered_kwh(problem: SitingProblem, sites: Ints) -> float:
    shares = np.nan_to_num(covered_shares(problem, sites))
    return float(shares @ zone_need(problem))


def _searched(model: StationModel, solver: Solver, asked: float, *, nodes: int = _NODES) -> _Search:
    """Let the solver search for most of the time left."""
    options: dict[str, Option] = {"mip_max_nodes": nodes} if solver.name == "highs" else {}
    part = solver.until(_SEARCH_SHARE * solver.left_s)
    answer = part.maximise(model.lp, gap_share=max(asked / 2, PROVEN / 2), **options)
    return _Search(answer, model.chosen() if answer.usable else None, cut=part.left_s <= 0)


def _best(problem: SitingProblem, solver: Solver, search: _Search, bound: float) -> Chosen:
    """Return what the solver found; cut off, the better of it and a legal plan of our wish."""
    found = search.sites
    if search.answer.state is State.INFEASIBLE:
        raise infeasible(problem, solver)
    if search.answer.proven and found is not None:
        return Chosen(found, bound, cut=False)
    try:
        own = select_stations(problem, _near_demand(problem), solver)
    except NoAnswerError:
        if found is None:
            raise no_answer(search.answer) from None
        return Chosen(found, bound, cut=True)
    if found is None:
        return Chosen(own, bound, cut=search.cut)
    sign = -1.0 if problem.goal.least else 1.0
    both = [found, own]
    values = [sign * goal_value(problem, sites, problem.min_chargers[sites]) for sites in both]
    return Chosen(both[int(values[1] > values[0])], bound, cut=search.cut)


def _near_demand(problem: SitingProblem) -> Floats:
    """Wish for sites near to demand that few other sites are near to."""
    near = problem.pair_distance_m <= problem.goal.within_m
    demand, site = problem.pair_demand[near], problem.pair_site[near]
    rivals = np.bincount(demand, minlength=len(problem.demand_kwh))
    share = problem.demand_kwh[demand] / rivals[demand]
    wish = sums(site, share, len(problem.site_id))
    # where stations are to be few, the most useful cost least
    return wish - wish.max(initial=0.0) - 1.0 if problem.goal.least else wish


_CHOOSERS = {
    "max_cover": _max_cover,
    "p_median": p_median,
    "p_center": p_center,
    "set_cover": _set_cover,
    "min_cost": _min_cost,
    "max_min": _max_min,
}
