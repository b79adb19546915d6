"""Covering everyone (LSCP), or a share of the demand, at the least cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from siting.errors import ImpossibleTargetError, InfeasibleError
from siting.optimize.classic.coverage import (
    Coverage,
    contained,
    containing,
    merged_rows,
    ones_of,
    transposed,
    without_columns,
)
from siting.optimize.classic.formulation import bare_sites, cost_least, cover_all, cover_share
from siting.optimize.classic.reach import GAP_SHARE, Question, each_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from siting.arrays import Flags, Floats
    from siting.optimize.classic.reach import Choice, Reach
    from siting.optimize.model.selection import StationModel
    from siting.optimize.solver.solver import Solver

_TINY = 1e-9


def set_cover(
    reach: Reach,
    radius: float,
    *,
    share: float = 1.0,
    keep: Iterable[object] = (),
    solver: Solver | None = None,
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
    keep, solver, gap_share
        As in :func:`siting.optimize.classic.p_median`.

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
    return min_cost_cover(reach, radius, share=share, keep=keep, solver=solver, gap_share=gap_share)


def min_cost_cover(
    reach: Reach,
    radius: float,
    *,
    cost: Iterable[float] | None = None,
    share: float = 1.0,
    keep: Iterable[object] = (),
    solver: Solver | None = None,
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
    reach, radius, share, keep, solver, gap_share
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
    ask = Question.of(reach, keep, solver, gap_share)
    price = each_of(cost, len(reach.site_id), "cost")
    near = reach.within(radius)
    needed = _needed(near, share)
    opened = greedy_cover(near, price, ask.kept, needed)
    found, bound = solve_cover(cover_part(near, price, ask.kept, needed), ask)
    if found is not None and _enough(near, found, needed):
        opened = min(found, opened, key=lambda sites: float(price[sites].sum()))
    value = float(price[opened].sum())
    if bool((price == np.rint(price)).all()):
        bound = float(np.ceil(bound - 1e-6 * max(1.0, bound)))
    return ask.answer(opened, near.nearest(opened)[0], value, min(bound, value))


@dataclass(frozen=True, eq=False)
class CoverPart:
    """What is left to cover once the forced sites stand.

    ``rows`` are to be covered; ``needed`` is the weight to cover, None for all of them; ``most``
    the sites that may open, None for any number.
    """

    rows: Coverage
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
    whole = Coverage.within(near, np.inf)
    done = whole.times(kept) > 0
    if needed is not None:
        part = whole.fewer(done)
        return CoverPart(part, cost, kept, max(needed - float(part.sure.sum()), 0.0))
    forced = kept.copy()
    rest = whole.cover[np.flatnonzero(~done & (near.weight > 0))]
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
    return CoverPart(Coverage.of_rows(rest), cost, forced, None)


def cover_model(part: CoverPart) -> StationModel:
    """Write the covering model of what is left to cover."""
    model = bare_sites("set_cover", part.rows.cover.indices, part.forced, part.most)
    if part.needed is None:
        cover_all(model, part.rows.near)
    else:
        cover_share(model, part.rows, part.needed)
    cost_least(model, part.cost)
    return model


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


def solve_cover(part: CoverPart, ask: Question) -> tuple[Flags | None, float]:
    """Return the solver's choice, if it has one, and the bound; inf if there is no choice."""
    least = float(part.cost[part.forced].sum())
    if not part.rows.cover.shape[0] and not part.needed:
        return part.forced, least
    model = cover_model(part)
    answer = ask.solver.maximise(model.lp, gap_share=ask.gap_share / 2)
    chosen = np.zeros(len(part.cost), dtype=bool)
    chosen[model.chosen() if answer.usable else []] = True
    return chosen if answer.usable else None, max(-answer.bound, least)
