"""A plan solved again after one change: a site banned, or a station demanded.

A small problem is solved whole. Of a large one the stations far away stay as they are: free are
the sites around the change, the best further sites and the least missed stations of the whole
district, and those that share a rule with the site. The joint model decides about
them under every rule, and its answer is valued at full resolution with whole chargers, as every
plan of ours is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pulp

from siting.optimize.model.fill import filled
from siting.optimize.model.joint import joint_model
from siting.optimize.model.selection import select_stations
from siting.optimize.problem.linear_rules import Rules, row_of
from siting.optimize.search.solve import EXACT_PAIRS
from siting.optimize.search.subproblem import (
    flags_of,
    gains,
    losses,
    part_of,
    ranked_sites,
    shut_beside,
)
from siting.optimize.solver.run_log import Run
from siting.optimize.solver.solver import State, values_of

if TYPE_CHECKING:
    from siting.arrays import Flags, Floats, Ints
    from siting.optimize.model.fill import Filled
    from siting.optimize.problem.problem import SitingProblem
    from siting.optimize.search.subproblem import Ranked
    from siting.optimize.solver.solver import Solver

_NEAR_SITES = 40
_FAR_SITES = 40
_NEAR_STATIONS = 12
_FAR_STATIONS = 12
_ROW_SITES = 8
_GAP = 1e-6
_HALF = 0.5
_MIP_S = 30.0
DEMANDED = "asked"
"""Family of the row that demands a station."""


@dataclass(frozen=True, eq=False)
class Again:
    """A plan solved again.

    Attributes
    ----------
    plan
        The best plan found.
    bound
        No plan of the changed problem has a higher value; inf where only a part was solved.
    finished
        Whether the clock left the search its time.
    """

    plan: Filled
    bound: float
    finished: bool


def without_site(problem: SitingProblem, site: int) -> SitingProblem:
    """Return the problem with no station at a site; a wish of the planner for it is lifted.

    A zone asks for no more stations than it then has sites for, as always.
    """
    openable = problem.openable.copy()
    openable[site] = False
    kept = problem.with_pairs(problem.pair_site != site)
    room = np.bincount(problem.site_zone[openable], minlength=len(problem.zone_id))
    asked = [rule for rule in problem.rules.rows if not rule.demands(site)]
    return replace(
        kept,
        openable=openable,
        zone_floor=np.minimum(problem.zone_floor, room),
        rules=Rules(tuple(asked), problem.rules.promises),
    )


def with_site(problem: SitingProblem, site: int) -> SitingProblem:
    """Return the problem with a station demanded at an openable site: ``open_j = 1``."""
    row = row_of(DEMANDED, "a station at {site}", {"site": problem.site_id[site]}, [site], "=", 1,
                 opens=1.0)  # fmt: skip
    return replace(problem, rules=Rules((*problem.rules.rows, row), problem.rules.promises))


def solve_again(problem: SitingProblem, start: Ints, free: Flags, solver: Solver) -> Again:
    """Solve a changed problem, starting from the stations of the plan before the change.

    A problem of at most ``EXACT_PAIRS`` pairs is solved whole; of a larger one only the free
    sites are decided anew.

    Parameters
    ----------
    problem
        The problem after the change.
    start
        Open sites of the plan before it.
    free
        Sites that may change (:func:`neighbourhood`).
    solver
        The solver.

    Raises
    ------
    InfeasibleError
        If no plan obeys the rules after the change; proven.
    NoAnswerError
        If the time was up first.
    """
    whole = len(problem.pair_demand) <= EXACT_PAIRS
    free = free & problem.openable
    kept = start[problem.openable[start]]
    found = _solved(problem if whole else part_of(problem, kept, free), solver, whole=whole)
    if found is None:
        return Again(_nearest_legal(problem, kept, solver), np.inf, finished=False)
    sites, chargers, bound, finished = found
    plan = filled(_run(problem, solver), sites, chargers if whole else None)
    return Again(plan, bound if whole else np.inf, finished)


def _solved(
    problem: SitingProblem, solver: Solver, *, whole: bool
) -> tuple[Ints, Ints, float, bool] | None:
    """Solve the joint model; None where it gives no answer."""
    model = joint_model(problem)
    if not whole:
        for count in model.chargers.values():
            count.cat = pulp.LpContinuous
    answer = solver.until(_MIP_S).maximise(model.lp, gap_share=_GAP)
    if not answer.usable:
        return None
    members = np.array(list(model.open), dtype=np.int64)
    opened = values_of(list(model.open.values())) > _HALF
    chargers = np.rint(values_of(list(model.chargers.values()))).astype(np.int64)
    bound = answer.bound / (problem.total_kwh or 1.0)
    return members[opened], chargers[opened], bound, answer.state is State.SOLVED


def _run(problem: SitingProblem, solver: Solver) -> Run:
    return Run(problem, solver, gap_share=0.0, limit_s=solver.left_s)


def _nearest_legal(problem: SitingProblem, kept: Ints, solver: Solver) -> Filled:
    """Return the legal plan that keeps most of the stations; refuse what no plan can do."""
    wish = gains(problem, ranked_sites(problem, kept))
    wish[kept] = 1.0
    return filled(_run(problem, solver), select_stations(problem, wish, solver))


def neighbourhood(problem: SitingProblem, start: Ints, site: int) -> Flags:
    """Return the sites that may change: stations that may go and sites that may come.

    Parameters
    ----------
    problem
        The problem before the change.
    start
        Open sites of the plan.
    site
        The site the change is about; it is free where the stations that stay allow it.
    """
    kept = start[start != site]
    ranked = ranked_sites(problem, kept)
    here = np.hypot(*(problem.site_xy - problem.site_xy[site]).T)
    opened = flags_of(problem, kept)
    movable = opened & ~problem.forced
    free = _stations_to_free(problem, movable, ranked, here, site)
    worth = gains(problem, ranked)
    shut = shut_beside(problem, opened & ~free)
    closed = problem.openable & ~opened & ~shut
    closed[site] = False
    for rule in problem.rules.rows:
        if site in rule.sites:
            free[_best(rule.sites[closed[rule.sites]], worth, _ROW_SITES)] = True
    zone = np.flatnonzero(closed & (problem.site_zone == problem.site_zone[site]))
    free[_best(zone, worth, _ROW_SITES)] = True
    near = np.flatnonzero(closed & (here <= problem.cutoff_m))
    free[_best(near, worth, _NEAR_SITES)] = True
    free[_apart(problem, np.flatnonzero(closed), worth)] = True
    if problem.openable[site] and not shut[site]:
        free[site] = True
    return free


def _stations_to_free(
    problem: SitingProblem, movable: Flags, ranked: Ranked, here: Floats, site: int
) -> Flags:
    """Free the stations nearest to the site, the least missed ones, and those that bar it."""
    missed = losses(problem, ranked)
    members = np.flatnonzero(movable)
    free = flags_of(problem, _best(members, -here, _NEAR_STATIONS))
    free[_best(members, -missed, _FAR_STATIONS)] = True
    for rule in problem.rules.rows:
        if site in rule.sites:
            free[_best(rule.sites[movable[rule.sites]], -missed, _ROW_SITES)] = True
    zone = members[problem.site_zone[members] == problem.site_zone[site]]
    free[_best(zone, -missed, _ROW_SITES)] = True
    free[partners(problem, site)] = True
    return free & movable


def partners(problem: SitingProblem, site: int) -> Ints:
    """Return the new sites too near to a site to stand beside it, sorted."""
    pairs = problem.station_conflicts
    return np.sort(np.r_[pairs[pairs[:, 0] == site, 1], pairs[pairs[:, 1] == site, 0]])


def _best(members: Ints, worth: Floats, count: int) -> Ints:
    """Return the members of most worth, the lower position first in a tie."""
    return members[np.lexsort((members, -worth[members]))[:count]]


def _apart(problem: SitingProblem, members: Ints, worth: Floats) -> Ints:
    """Return the best members of the whole district, no two of them within the spacing."""
    chosen: list[int] = []
    xy, spacing_m = problem.site_xy, problem.site_spacing_m
    for site in _best(members, worth, len(members)).tolist():
        gap = np.hypot(*(xy[chosen] - xy[site]).T) if chosen else np.empty(0)
        if not chosen or gap.min() >= spacing_m[site]:
            chosen.append(site)
        if len(chosen) == _FAR_SITES:
            break
    return np.array(chosen, dtype=np.int64)
