"""Improve a plan: free a few sites around a spot, decide them anew, keep what is better.

Large-neighbourhood search (Shaw 1998). The wish of the bound's prices says where to look: a
spot is worth a look where wish and plan disagree. There the nearest sites that either of
them wants are free; every other station stands, and the joint model decides the free ones
under every rule of the problem. Its answer counts only if it is worth more once valued at
full resolution with whole chargers.

A sweep is a list of spots that share no site; it ends by its list, so that two runs agree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pulp
from scipy.spatial import cKDTree

from siting.optimize.model.fill import better, try_filled
from siting.optimize.model.joint import joint_model
from siting.optimize.search.subproblem import flags_of, part_of, shut_beside
from siting.optimize.solver.solver import values_of

if TYPE_CHECKING:
    from siting.arrays import Flags, Floats, Ints
    from siting.optimize.model.fill import Filled
    from siting.optimize.problem.problem import SitingProblem
    from siting.optimize.solver.run_log import Run
    from siting.optimize.solver.solver import Option, Solver

_FREE_SITES = 60
_SPOTS = 12
_LEAST_WISH = 0.01
_LEAST_DISAGREEMENT = 0.5
_NODES = 200
_PART_GAP = 1e-5
_PART_TIME_SHARE = 0.2
_HALF = 0.5


def improved(run: Run, plan: Filled, wish: Floats, enough: float) -> Filled:
    """Return the plan after one sweep over the spots where wish and plan disagree.

    Parameters
    ----------
    run
        The run; its clock is only asked between spots.
    plan
        A legal plan.
    wish
        Stations that the bound's prices wish for, 0..1 by site.
    enough
        Value at which the gap asked for is reached, and the sweep ends.
    """
    best = plan
    for members in spots(run.problem, plan.sites, wish):
        if best.value >= enough:
            break
        if run.late():
            run.cut("improve")
            break
        sites = _decided(run, best, members)
        if sites is not None and not np.array_equal(sites, best.sites):
            best = better(best, try_filled(run, sites, "improve"))
    return best


def spots(problem: SitingProblem, sites: Ints, wish: Floats) -> list[Ints]:
    """Return the sites to free at each spot, the most disputed spot first.

    A site's disagreement is ``|wish_j - open_j|``; a spot is a site with the nearest ones that
    are open or wished for, and its disagreement is their sum.
    """
    opened = flags_of(problem, sites)
    movable = problem.openable & ~problem.forced
    members = np.flatnonzero(movable & (opened | (wish > _LEAST_WISH)))
    off = np.abs(wish - opened)[members]
    return disputed_spots(problem.site_xy, members, off, size=_FREE_SITES, most=_SPOTS)


def disputed_spots(
    site_xy: Floats, members: Ints, disagreement: Floats, *, size: int, most: int
) -> list[Ints]:
    """Return groups of near sites, the most disputed first, no site counting at two.

    Parameters
    ----------
    site_xy
        Metric coordinates of all sites, (n, 2).
    members
        Sites that may change.
    disagreement
        Disagreement at each member.
    size
        Sites at a spot.
    most
        Most spots.
    """
    if not len(members):
        return []
    count = min(size, len(members))
    xy = site_xy[members]
    near = cKDTree(xy).query(xy, count)[1].reshape(len(members), count)
    off = disagreement.copy()
    found: list[Ints] = []
    while len(found) < most:
        disputed = off[near].sum(axis=1)
        spot = int(np.argmax(disputed))
        if disputed[spot] < _LEAST_DISAGREEMENT:
            break
        found.append(members[near[spot]])
        off[near[spot]] = 0.0
    return found


def decide_part(
    problem: SitingProblem, opened: Flags, free: Flags, solver: Solver, *, whole: bool
) -> Flags | None:
    """Decide some sites anew, all others as they are; None where the solver has no answer.

    Parameters
    ----------
    problem
        The problem.
    opened, free
        Sites of the plan, and those that may change; of these, none too near to a station that
        stays is tried.
    solver
        What solves it.
    whole
        Decide chargers as whole numbers.
    """
    free = free & ~shut_beside(problem, opened & ~free)
    model = joint_model(part_of(problem, np.flatnonzero(opened), free))
    if not whole:
        for count in model.chargers.values():
            count.cat = pulp.LpContinuous
    options: dict[str, Option] = {"mip_max_nodes": _NODES} if solver.name == "highs" else {}
    answer = solver.maximise(model.lp, gap_share=_PART_GAP, **options)
    if not answer.usable:
        return None
    result = np.zeros(len(opened), dtype=bool)
    result[list(model.open)] = values_of(list(model.open.values())) > _HALF
    return result


def _decided(run: Run, plan: Filled, members: Ints) -> Ints | None:
    problem = run.problem
    solver = run.solver.until(_PART_TIME_SHARE * run.limit_s)
    opened, free = flags_of(problem, plan.sites), flags_of(problem, members)
    whole = problem.rules.count_chargers
    found = decide_part(problem, opened, free, solver, whole=whole)
    if solver.left_s <= 0:
        run.cut("improve")
    return None if found is None else np.flatnonzero(found)
