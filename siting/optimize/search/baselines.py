"""Two plans to hold a plan against: a random legal one and the one of the best scores.

Both obey the same rules: the same small model chooses the stations (:func:`select_stations`)
with another wish, and they are sized and filled like the plan itself. The swap stations are
the plan's own, so that what differs is the choice of the charging stations alone. Plans cover
nearly alike where hundreds of stations stand; what a choice is worth shows in travel, score
and fairness, and only beside another choice.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np

from siting.errors import NoAnswerError
from siting.optimize.model.selection import select_stations
from siting.optimize.objectives import goal_outcome
from siting.optimize.problem.problem import JOINT, after_swap
from siting.optimize.problem.solution import Solution, assignment_table, outcome_of
from siting.optimize.search.solve import fill_stations
from siting.optimize.solver.solver import open_solver

if TYPE_CHECKING:
    from siting import scenario
    from siting.arrays import Floats, Ints
    from siting.optimize.problem.problem import SitingProblem
    from siting.optimize.problem.solution import Outcome
    from siting.optimize.solver.solver import Solver

_LOG = logging.getLogger(__name__)

BASELINES = ("random", "top_score")
"""Names of the baselines, in the order shown."""

_GAP = 0.01
_TIME_SHARE = 0.25
_LEAST_S = 10.0


def make_baselines(
    problem: SitingProblem, plan: Solution, *, solver: scenario.Solver, seed: int
) -> dict[str, Solution]:
    """Return a random legal plan and the plan of the best scores, under the plan's rules.

    ``random`` opens the stations that fit a wish drawn evenly from 0..1 for each site by
    ``numpy.random.default_rng(seed)``; ``top_score`` those that fit the scores. Each wish is
    fulfilled within 1 %.

    Parameters
    ----------
    problem
        The problem the plan answers.
    plan
        The plan: gives the swap stations, and the bound the baselines are held against.
    solver
        Block of the scenario. Each baseline may take a quarter of its time limit, at least
        10 s; the work is a second or two for a district.
    seed
        Seed of the random wish and of the solver.

    Returns
    -------
    dict of Solution
        By name. One that the clock cut off is left out: its figures would be of no plan that
        the same scenario gives again.
    """
    swaps = np.flatnonzero(np.isin(problem.site_id, list(plan.swap_ids)))
    problem = after_swap(problem, swaps)
    wishes = {
        "random": np.random.default_rng(seed).random(len(problem.site_id)),
        "top_score": problem.score,
    }
    limit_s = max(_TIME_SHARE * solver.time_limit_s, _LEAST_S)
    found = {}
    for name in BASELINES:
        backend = open_solver(solver.name, threads=solver.threads, seed=seed, time_limit_s=limit_s)
        try:
            made = _plan_of(problem, wishes[name], plan, backend, gap_share=solver.gap_share)
        except NoAnswerError:
            made = None
        if made is None or made.notes:
            _LOG.warning("no baseline '%s' in %.0f s", name, limit_s)
        else:
            found[name] = made
    return found


def _plan_of(
    problem: SitingProblem, wish: Floats, plan: Solution, solver: Solver, *, gap_share: float
) -> Solution:
    sites = select_stations(problem, wish, solver, gap_share=_GAP)
    value, serve, chargers, notes = fill_stations(problem, sites, solver)
    ids: list[str] = problem.site_id[sites].tolist()
    return Solution(
        chargers=dict(zip(ids, chargers.tolist(), strict=True)),
        swap_ids=plan.swap_ids,
        assignments=assignment_table(problem, serve),
        outcome=_outcome(problem, (sites, chargers), value, plan, solver, gap_share=gap_share),
        stages=(),
        notes=notes,
    )


def _outcome(
    problem: SitingProblem,
    decided: tuple[Ints, Ints],
    value: float,
    plan: Solution,
    solver: Solver,
    *,
    gap_share: float,
) -> Outcome:
    """Hold a baseline against the bound of the plan, in the plan's own objective."""
    bound = plan.outcome.bound
    if problem.goal.name == JOINT:
        return outcome_of(value, bound, None, gap_share=gap_share, solver=solver.name)
    return goal_outcome(problem, decided, bound, asked_share=gap_share, solver=solver.name)
