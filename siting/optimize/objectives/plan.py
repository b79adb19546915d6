"""A plan by an objective of its own: its stations, then chargers and service as in any plan."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from siting.optimize.model.fill import filled
from siting.optimize.objectives.choose import pick_stations
from siting.optimize.objectives.measure import goal_outcome

if TYPE_CHECKING:
    from siting.optimize.model.fill import Filled
    from siting.optimize.problem.solution import Outcome
    from siting.optimize.solver.run_log import Run

_PICK_SHARE = 0.85


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
        door = run.door.until(_PICK_SHARE * run.door.left_s)
        pick = pick_stations(problem, door, gap_share=run.gap_share)
    if pick.cut:
        run.cut("objective")
    with run.stage("fill"):
        sizing = run if pick.sizing is None else replace(run, problem=pick.sizing)
        plan = filled(sizing, pick.sites)
    outcome = goal_outcome(
        problem,
        (plan.sites, plan.chargers),
        pick.bound,
        asked_share=run.gap_share,
        solver=run.door.name,
    )
    return plan, outcome
