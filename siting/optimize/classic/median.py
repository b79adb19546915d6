"""The p-median problem: p sites with the least total way to them.

Hakimi, "Optimum locations of switching centers and the absolute centers and medians of a
graph", Operations Research 12 (1964); as a program: ReVelle and Swain, "Central facilities
location", Geographical Analysis 2 (1970).

Solved by a choice from vertex substitution, a bound from prices that rules most sites and
pairs out, and an integer program of what is left. What was ruled out cannot be part of a
better choice, so the answer is proven for the whole problem.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pulp

from siting.errors import InfeasibleError, NoAnswerError
from siting.optimize.classic.choice import (
    GAP_SHARE,
    HALF,
    check_count,
    door_or_default,
    filled,
    kept_flags,
    settle,
)
from siting.optimize.classic.dual import Dual, price_out, probed
from siting.optimize.classic.interchange import Costs, grown, improved
from siting.optimize.classic.setcover import set_cover
from siting.optimize.model.joint import row
from siting.optimize.solver.solver import State, linear, values_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from siting.arrays import Flags
    from siting.optimize.classic.choice import Choice
    from siting.optimize.classic.reach import Reach
    from siting.optimize.solver.solver import Door

_TINY = 1e-9
_SMALL = 2500
"""Pairs that an integer program handles quicker than probing does."""
_WHOLE = 2.0**50


def p_median(
    reach: Reach,
    p: int,
    *,
    unserved: float | None = None,
    keep: Iterable[object] = (),
    door: Door | None = None,
    gap_share: float = GAP_SHARE,
) -> Choice:
    """Open p sites so that the demand has the least way to its nearest one.

    minimise ``sum_ij w_i d_ij x_ij`` subject to ``sum_j x_ij = 1`` for each i,
    ``x_ij <= open_j``, ``sum_j open_j = p`` and ``open_j`` in {0, 1}; ``w_i`` is the weight of
    demand point i, ``d_ij`` its distance to site j, ``x_ij`` the share of it served there
    (ReVelle and Swain 1970).

    Parameters
    ----------
    reach
        Distances and weights.
    p
        Sites to open.
    unserved
        Distance counted for a demand point with no open site nearer than that. If left out,
        each demand point with a weight above 0 must have an open site in reach.
    keep
        Ids of sites that must be open; they count among the ``p``.
    door
        The solver with its time limit; HiGHS for a minute if left out.
    gap_share
        Relative gap at which the search may stop.

    Returns
    -------
    Choice
        ``value`` in weight times distance; ``bound`` from below.

    Raises
    ------
    ImpossibleTargetError
        If p cannot be.
    InfeasibleError
        If no p sites have everyone in reach; proven.
    NoAnswerError
        If the time was up before p sites with everyone in reach were found.

    Examples
    --------
    >>> from siting.optimize.classic import Reach, p_median
    >>> far = [[0, 1, 4], [1, 0, 3], [4, 3, 0]]
    >>> line = Reach.of(far, site_id=["a", "b", "c"], weight=[1, 5, 2])
    >>> p_median(line, 2)
    Choice(2 sites, value 1, bound 1, optimal)
    >>> p_median(line, 1).open_id.tolist()
    ['b']
    """
    door, kept = door_or_default(door), kept_flags(reach, keep)
    check_count(reach, p, kept)
    costs = median_costs(reach, p, unserved)
    start = improved(costs, kept, grown(costs, kept), door)
    if unserved is None and not _everyone(reach, start):
        start = improved(costs, kept, _covering(reach, p, kept, door), door)
    dual = price_out(costs, kept, start, door)
    bound = min(costs.lifted(dual.bound), dual.value)
    if not costs.meets(dual.bound, dual.value) and dual.value - bound > gap_share * dual.value:
        dual, bound = _finished(costs, kept, dual, door, gap_share)
    return _counted(reach, dual.opened, bound, unserved, gap_share)


def median_model(costs: Costs, kept: Flags) -> tuple[pulp.LpProblem, dict[int, pulp.LpVariable]]:
    """Write the p-median model; return it with ``open_j`` by column.

    The costs are negative, since the door maximises. A row that is optional may stay without
    a site at its cost ``without_i``.
    """
    lp = pulp.LpProblem("p_median", pulp.LpMaximize)
    sites = np.union1d(costs.site, np.flatnonzero(kept)).tolist()
    opened = {
        site: lp.add_variable(f"open_{site}", int(kept[site]), 1, pulp.LpInteger) for site in sites
    }
    row(lp, "sites", [(variable, 1) for variable in opened.values()], "<", costs.p)
    terms = []
    once: list[list[tuple[pulp.LpVariable, float]]] = [[] for _ in costs.without]
    for demand in np.flatnonzero(costs.optional).tolist():
        without = lp.add_variable(f"without_{demand}", 0)
        terms.append((without, -float(costs.without[demand])))
        once[demand].append((without, 1.0))
    for demand, site, cost in zip(
        costs.row.tolist(),
        costs.site.tolist(),
        costs.cost.tolist(),
        strict=True,
    ):
        share = lp.add_variable(f"serve_{demand}_{site}", 0)
        row(lp, f"link_{demand}_{site}", [(share, 1), (opened[site], -1)], "<", 0)
        terms.append((share, -cost))
        once[demand].append((share, 1.0))
    for demand, shares in enumerate(once):
        row(lp, f"once_{demand}", shares, "=", 1)
    lp.setObjective(linear(terms))
    return lp, opened


def median_costs(reach: Reach, p: int, unserved: float | None = None) -> Costs:
    """Return the costs of a reach.

    A row that must be served costs, without a site, more than all rows with their farthest:
    no choice that leaves it out can then be better than one that does not.
    """
    rows, sites = reach.rows, len(reach.site_id)
    cost = reach.weight[rows] * reach.distance.data
    farthest = np.zeros(len(reach.weight))
    np.maximum.at(farthest, rows, cost)
    if unserved is None:
        never = np.ceil(float(farthest.sum())) + 1.0
        partial = np.diff(reach.distance.indptr) < sites
        without = np.where(partial & (reach.weight > 0), never, farthest)
    else:
        without = reach.weight * unserved
    optional = (reach.weight == 0) | (unserved is not None)
    whole = bool((cost == np.rint(cost)).all() and (without == np.rint(without)).all())
    whole = whole and float(farthest.sum()) < _WHOLE
    return Costs(rows, reach.distance.indices, cost, without, optional, sites, p, whole)


def _everyone(reach: Reach, opened: Flags) -> bool:
    return bool(((reach.nearest(opened)[0] >= 0) | (reach.weight == 0)).all())


def _covering(reach: Reach, p: int, kept: Flags, door: Door) -> Flags:
    """Return p sites that have everyone in reach, if there are such."""
    cover = set_cover(reach, np.inf, keep=reach.site_id[kept], door=door)
    if len(cover.open_id) <= p:
        opened = np.zeros(len(reach.site_id), dtype=bool)
        opened[reach.positions(cover.open_id)] = True
        return filled(opened, p)
    if cover.bound > p:
        raise InfeasibleError(
            f"no {p} sites have every demand point in reach; it takes {cover.bound:g}",
            where="p",
            cure=f"open {cover.bound:g} sites, widen the reach, or say what an unserved one costs",
        )
    raise NoAnswerError(
        f"no {p} sites with every demand point in reach were found in time",
        where="p",
        cure="allow more time, open more sites, or say what an unserved demand point costs",
    )


def _finished(
    costs: Costs, kept: Flags, dual: Dual, door: Door, gap_share: float
) -> tuple[Dual, float]:
    """Solve what the prices leave open; return the better choice and the bound."""
    if door.left_s <= 0:
        return dual, min(costs.lifted(dual.bound), dual.value)
    small, forced = _undecided(costs, kept, dual)
    if len(small.row) > _SMALL:
        small = probed(small, forced, dual, door)
    lp, opened = median_model(small, forced)
    answer = door.maximise(lp, gap_share=gap_share / 2)
    if answer.state is State.INFEASIBLE:
        return dual, dual.value
    best = dual
    if answer.usable:
        chosen = np.zeros(costs.sites, dtype=bool)
        chosen[np.array(list(opened))[values_of(list(opened.values())) > HALF]] = True
        chosen = filled(chosen, costs.p)
        value = costs.total(chosen)
        if value < dual.value:
            best = replace(dual, opened=chosen, value=value)
    # Whatever was ruled out is no better than the choice the prices were held against.
    bound = costs.lifted(min(max(-answer.bound, dual.bound), dual.value))
    return best, min(bound, best.value)


def _undecided(costs: Costs, kept: Flags, dual: Dual) -> tuple[Costs, Flags]:
    """Return the costs of the pairs the prices leave, and the sites they keep.

    With ``w_q`` the least worth of the sites the bound opens, opening j instead lifts the
    bound by ``w_q - worth_j``, and serving i there by ``c_ij - u_i`` more.
    """
    better = 1.0 - _TINY if costs.whole else -_TINY
    room = dual.value - better * (1.0 if costs.whole else dual.value) - dual.bound
    free = np.sort(dual.worth[~kept])[::-1]
    count = costs.p - int(kept.sum())
    last = free[count - 1] if count else np.inf
    following = free[count] if count < len(free) else -np.inf
    lift = np.where(kept, 0.0, np.maximum(last - dual.worth, 0.0))
    forced = kept | (dual.worth - following > room)
    reduced = np.maximum(costs.cost - dual.price[costs.row], 0.0) + lift[costs.site]
    optional = costs.optional & (costs.without - dual.price <= room)
    return replace(costs.only(reduced <= room), optional=optional), forced


def _counted(
    reach: Reach, opened: Flags, bound: float, unserved: float | None, gap_share: float
) -> Choice:
    """Count the value from the open sites."""
    site, far = reach.nearest(opened)
    if unserved is not None:
        site = np.where(far > unserved, -1, site)
        far = np.minimum(far, unserved)
    counts = reach.weight > 0
    value = float(reach.weight[counts] @ far[counts])
    return settle(reach, opened, site, (value, min(bound, value)), gap_share)
