"""Covering everyone (LSCP), or a share of the demand, at the least cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pulp

from siting.arrays import sums
from siting.errors import ImpossibleTargetError, InfeasibleError
from siting.optimize.classic.choice import (
    GAP_SHARE,
    HALF,
    door_or_default,
    each_of,
    kept_flags,
    settle,
)
from siting.optimize.classic.shrink import (
    contained,
    containing,
    members,
    merged_rows,
    ones_of,
    transposed,
    without_columns,
)
from siting.optimize.model.joint import row
from siting.optimize.solver.solver import linear, values_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scipy import sparse

    from siting.arrays import Flags, Floats
    from siting.optimize.classic.choice import Choice
    from siting.optimize.classic.reach import Reach
    from siting.optimize.solver.solver import Door

_TINY = 1e-9


def set_cover(
    reach: Reach,
    radius: float,
    *,
    share: float = 1.0,
    keep: Iterable[object] = (),
    door: Door | None = None,
    gap_share: float = GAP_SHARE,
) -> Choice:
    """Open the fewest sites that cover everyone: the location set covering problem (LSCP).

    minimise ``sum_j open_j`` subject to ``sum_{j within radius of i} open_j >= 1`` for each
    demand point i with a weight above 0; ``open_j`` in {0, 1} (Toregas, Swain, ReVelle and
    Bergman, "The location of emergency service facilities", Operations Research 19, 1971).

    Parameters
    ----------
    reach
        Distances and weights.
    radius
        Farthest a covered demand point may be from its site, that distance included.
    share
        Share of the weight that must be covered.
    keep
        Ids of sites that must be open.
    door
        The solver with its time limit; HiGHS for a minute if left out.
    gap_share
        Relative gap at which the search may stop.

    Returns
    -------
    Choice
        ``value`` is the number of sites, ``bound`` from below.

    Raises
    ------
    InfeasibleError
        If all sites together do not cover enough.

    Examples
    --------
    >>> from siting.optimize.classic import Reach, set_cover
    >>> line = Reach.of([[0, 1, 4], [1, 0, 3], [4, 3, 0]], site_id=["a", "b", "c"])
    >>> set_cover(line, 1).open_id.tolist()
    ['a', 'c']
    """
    return min_cost_cover(reach, radius, share=share, keep=keep, door=door, gap_share=gap_share)


def min_cost_cover(
    reach: Reach,
    radius: float,
    *,
    cost: Iterable[float] | None = None,
    share: float = 1.0,
    keep: Iterable[object] = (),
    door: Door | None = None,
    gap_share: float = GAP_SHARE,
) -> Choice:
    """Keep a promise of coverage at the least cost of sites.

    minimise ``sum_j f_j open_j`` subject to ``cover_i <= sum_{j within radius of i} open_j``,
    ``cover_i <= 1`` and ``sum_i w_i cover_i >= share * sum_i w_i``; ``open_j`` in {0, 1}. With
    share 1 it is the weighted set covering problem (Toregas et al. 1971), with less the
    partial one (Daskin and Owen, "Two new location covering problems", Geographical
    Analysis 31, 1999).

    Parameters
    ----------
    reach, radius, share, keep, door, gap_share
        As in :func:`set_cover`.
    cost
        ``f_j`` of each site, at least 0, in the order of ``reach.site_id``; 1 each if left out.

    Returns
    -------
    Choice
        ``value`` is the cost of the open sites, ``bound`` from below.

    Raises
    ------
    InfeasibleError
        If all sites together do not cover enough.
    ImpossibleTargetError
        If the costs are no costs.

    Examples
    --------
    >>> from siting.optimize.classic import Reach, min_cost_cover
    >>> line = Reach.of([[0, 1, 4], [1, 0, 3], [4, 3, 0]], site_id=["a", "b", "c"])
    >>> min_cost_cover(line, 3, cost=[1, 5, 1])
    Choice(2 sites, value 2, bound 2, optimal)
    """
    door, kept = door_or_default(door), kept_flags(reach, keep)
    price = each_of(cost, len(reach.site_id), "cost")
    near = reach.within(radius)
    needed = _needed(near, share)
    whole = bool((price == np.rint(price)).all())
    first = greedy_cover(near, price, kept, needed)
    part = cover_part(near, price, kept, needed)
    opened, bound = solve_cover(part, door, gap_share)
    if (
        opened is None
        or price[opened].sum() > price[first].sum()
        or not _enough(near, opened, needed)
    ):
        opened = first
    value = float(price[opened].sum())
    if whole:
        bound = np.ceil(bound - 1e-6 * max(1.0, bound))
    figures = (value, min(float(bound), value))
    return settle(reach, opened, near.nearest(opened)[0], figures, gap_share)


@dataclass(frozen=True, eq=False)
class CoverPart:
    """What is left to cover once the forced sites stand.

    ``cover`` has a row for each demand point (or several alike) and a column for each site;
    ``needed`` is the weight to cover, None for all rows; ``most`` the sites that may open, None
    for any number.
    """

    cover: sparse.csr_array
    weight: Floats
    cost: Floats
    forced: Flags
    needed: float | None
    most: int | None = None


def cover_part(near: Reach, cost: Floats, kept: Flags, needed: float | None) -> CoverPart:
    """Return the covering problem of a reach made smaller; the optimum stays the same.

    All rows to cover: a row that holds another one is covered with it, a site that covers
    part of what another one covers for no more is never needed, and a row with one site
    forces it; in turn until nothing changes (Toregas and ReVelle 1972). A share of them: only
    equal rows become one.
    """
    matrix = ones_of(near.distance)
    done = near.nearest(kept)[0] >= 0
    if needed is not None:
        needed -= float(near.weight[done].sum())
        rest = matrix[np.flatnonzero(~done)]
        first, place = merged_rows(rest)
        weight = sums(place, near.weight[~done], len(first))
        some = np.diff(rest[first].indptr) > 0
        return CoverPart(rest[first[some]], weight[some], cost, kept, max(needed, 0.0))
    forced = kept.copy()
    rest = matrix[np.flatnonzero(~done & (near.weight > 0))]
    while rest.shape[0]:
        before = (rest.shape[0], rest.nnz)
        rest = rest[merged_rows(rest)[0]]
        rest = without_columns(rest, contained(transposed(rest), cost))
        rest = rest[merged_rows(rest)[0]]
        rest = rest[np.flatnonzero(~containing(rest))]
        forced[rest.indices[rest.indptr[:-1][np.diff(rest.indptr) == 1]]] = True
        rest = rest[np.flatnonzero((rest @ forced.astype(np.int32)) == 0)]
        if (rest.shape[0], rest.nnz) == before:
            break
    return CoverPart(rest, np.ones(rest.shape[0]), cost, forced, None)


def cover_model(part: CoverPart) -> tuple[pulp.LpProblem, dict[int, pulp.LpVariable]]:
    """Write the covering model; return it with ``open_j`` by column.

    The costs are negative, since the door maximises.
    """
    lp = pulp.LpProblem("set_cover", pulp.LpMaximize)
    sites = np.union1d(part.cover.indices, np.flatnonzero(part.forced)).tolist()
    opened = {
        site: lp.add_variable(f"open_{site}", int(part.forced[site]), 1, pulp.LpInteger)
        for site in sites
    }
    if part.most is not None:
        row(lp, "sites", [(variable, 1) for variable in opened.values()], "<", part.most)
    covered = []
    for number, near in enumerate(members(part.cover)):
        terms = [(opened[site], 1.0) for site in near]
        if part.needed is None:
            row(lp, f"covered_{number}", terms, ">", 1)
        else:
            share = lp.add_variable(f"cover_{number}", 0, 1)
            row(lp, f"covered_{number}", [(share, -1), *terms], ">", 0)
            covered.append((share, float(part.weight[number])))
    if part.needed is not None:
        row(lp, "promise", covered, ">", part.needed)
    lp.setObjective(linear([(opened[site], -float(part.cost[site])) for site in sites]))
    return lp, opened


def _needed(near: Reach, share: float) -> float | None:
    """Return the weight to cover, None for all of it; refuse what cannot be."""
    if not 0 < share <= 1:
        raise ImpossibleTargetError(
            f"a share of {share:g} to cover", where="share", cure="give more than 0 and at most 1"
        )
    alone = (np.diff(near.distance.indptr) == 0) & (near.weight > 0)
    total, lost = float(near.weight.sum()), float(near.weight[alone].sum())
    whole = share >= 1
    if bool(alone.any()) if whole else total - lost < share * total * (1 - _TINY):
        raise InfeasibleError(
            f"{int(alone.sum())} demand points have no site within the radius: "
            f"{lost / total:.2%} of the demand, and {share:.2%} must be covered",
            where="radius",
            cure="widen the radius, add sites, or ask for a smaller share",
        )
    return None if whole else share * total * (1 - _TINY)


def _enough(near: Reach, opened: Flags, needed: float | None) -> bool:
    served = near.nearest(opened)[0] >= 0
    if needed is None:
        return bool((served | (near.weight == 0)).all())
    return float(near.weight[served].sum()) >= needed


def greedy_cover(near: Reach, cost: Floats, kept: Flags, needed: float | None) -> Flags:
    """Open the site that covers most for its cost until the promise holds, then drop spare ones.

    Chvatal, "A greedy heuristic for the set-covering problem", Mathematics of Operations
    Research 4 (1979).
    """
    opened = kept.copy()
    columns = transposed(ones_of(near.distance))
    left = np.where(near.nearest(opened)[0] >= 0, 0.0, near.weight)
    if needed is None:
        left = (left > 0).astype(np.float64)
    goal = 0.0 if needed is None else float(left.sum()) + _served(near, kept) - needed
    while float(left.sum()) > max(goal, 0.0):
        worth = (columns @ left) / np.maximum(cost, _TINY)
        best = int(np.argmax(worth))
        if worth[best] <= 0:
            break
        opened[best] = True
        left[columns.indices[columns.indptr[best] : columns.indptr[best + 1]]] = 0.0
    return _pruned(near, cost, (opened, kept), needed)


def _served(near: Reach, opened: Flags) -> float:
    return float(near.weight[near.nearest(opened)[0] >= 0].sum())


def _pruned(near: Reach, cost: Floats, state: tuple[Flags, Flags], needed: float | None) -> Flags:
    """Close what is not needed, the dearest first; rows that only it covers keep a site."""
    opened, kept = state[0].copy(), state[1]
    columns = transposed(ones_of(near.distance))
    times = (ones_of(near.distance) @ opened.astype(np.int32)).astype(np.int64)
    spare = 0.0 if needed is None else _served(near, opened) - needed
    order = np.flatnonzero(opened & ~kept)
    for site in order[np.argsort(-cost[order], kind="stable")].tolist():
        rows = columns.indices[columns.indptr[site] : columns.indptr[site + 1]]
        lost = float(near.weight[rows[times[rows] == 1]].sum())
        if lost <= spare:
            opened[site] = False
            times[rows] -= 1
            spare -= lost
    return opened


def solve_cover(part: CoverPart, door: Door, gap_share: float) -> tuple[Flags | None, float]:
    """Return the solver's choice, if it has one, and the bound; inf if there is no choice."""
    if not part.cover.shape[0] and not part.needed:
        return part.forced, float(part.cost[part.forced].sum())
    lp, opened = cover_model(part)
    answer = door.maximise(lp, gap_share=gap_share / 2)
    bound = max(-answer.bound, float(part.cost[part.forced].sum()))
    if not answer.usable:
        return None, bound
    chosen = np.zeros(len(part.cost), dtype=bool)
    chosen[np.array(list(opened))[values_of(list(opened.values())) > HALF]] = True
    return chosen, bound
