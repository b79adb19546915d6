"""The p-center problem: sites such that nobody is far from one, by halving the distances.

Hakimi, "Optimum locations of switching centers and the absolute centers and medians of a graph",
Operations Research 12 (1964). The answer is one of the distances. Of a range that is halved
(Minieka, "The m-center problem", SIAM Review 12, 1970) each is asked whether sites that may be
open together have everyone within it, i.e. obey

``sum_{j within r of i} open_j >= 1`` for each demand point i.

A distance that is proven impossible bounds the answer from below.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from siting.errors import InfeasibleError, NoAnswerError
from siting.optimize.classic.reach import GAP_SHARE, Question
from siting.optimize.classic.set_cover import cover_part, greedy_cover, solve_cover
from siting.optimize.problem.solution import gap_between

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from siting.arrays import Flags, Ints
    from siting.optimize.classic.reach import Choice, Reach
    from siting.optimize.solver.solver import Solver

_TRIES = 40
"""Halvings; a gap of 1e-6 takes about twenty."""


def p_center(
    reach: Reach,
    p: int,
    *,
    keep: Iterable[object] = (),
    solver: Solver | None = None,
    gap_share: float = GAP_SHARE,
) -> Choice:
    """Open p sites so that the farthest demand point is as near as possible.

    minimise ``max_i min_{j open} d_ij`` over the demand points with a weight above 0, subject
    to ``sum_j open_j = p``; see the module's docstring.

    Parameters
    ----------
    reach
        Distances; a weight only says by being 0 that a demand point does not count.
    p, keep, solver, gap_share
        As in :func:`siting.optimize.classic.p_median`.

    Returns
    -------
    Choice
        ``value`` is the farthest distance, ``bound`` from below.

    Raises
    ------
    ImpossibleTargetError
        If p cannot be.
    InfeasibleError
        If no p sites have everyone in reach; proven.
    NoAnswerError
        If the time was up before such sites were found.

    Examples
    --------
    >>> from siting.optimize.classic import Reach, p_center
    >>> line = Reach.of([[0, 1, 4], [1, 0, 3], [4, 3, 0]], site_id=["a", "b", "c"])
    >>> p_center(line, 1)
    Choice(1 sites, value 3, bound 3, optimal)
    """
    ask = Question.of(reach, keep, solver, gap_share, p)
    first = _covering(ask, np.inf)
    if first.sites is None:
        raise _failed(p, first)
    found = least_radius(
        reach,
        first.sites,
        np.ones(len(ask.kept), dtype=bool),
        lambda radius: _covering(ask, radius),
        solver=ask.solver,
        gap_share=gap_share,
    )
    opened = ask.flags(found.sites)
    return ask.answer(opened, reach.nearest(opened)[0], found.value, min(found.bound, found.value))


class Tried(NamedTuple):
    """What asking for a distance established.

    ``sites`` have everyone within it. With None, ``proven`` says that no sites can.
    """

    sites: Ints | None
    proven: bool


class Nearest(NamedTuple):
    """Sites, the farthest demand point's distance, its bound, and whether the clock ended it."""

    sites: Ints
    value: float
    bound: float
    cut: bool


def least_radius(
    reach: Reach,
    start: Ints,
    usable: Flags,
    within: Callable[[float], Tried],
    *,
    solver: Solver,
    gap_share: float,
    unserved: float = np.inf,
) -> Nearest:
    """Halve the distances that the answer may be; see the module's docstring.

    Parameters
    ----------
    reach
        Distances; demand points with a weight above 0 and a site in reach count.
    start
        Sites that may be open together.
    usable
        Sites that may be open at all: nobody can be nearer than the nearest of them.
    within
        Asks for sites that may be open together and have everyone within a distance.
    solver
        Its clock ends the search.
    gap_share
        Gap at which the search may stop, once nobody is left without a site in reach.
    unserved
        Distance that a demand point without a site in reach counts with.
    """
    radii = np.unique(np.append(reach.distance.data[counted(reach)[reach.rows]], unserved))
    best, value = start, farthest(reach, start, unserved)
    tried = bound = farthest(reach, np.flatnonzero(usable), unserved)
    cut = False
    for _ in range(_TRIES):
        near = value < unserved and gap_between(value, bound) <= gap_share
        if near or value <= bound:
            break
        found = Tried(None, proven=False) if solver.left_s <= 0 else within(tried)
        if found.sites is not None:
            best, value = found.sites, farthest(reach, found.sites, unserved)
            cut = cut or not found.proven
        elif found.proven:
            following = int(np.searchsorted(radii, tried, side="right"))
            bound = float(radii[min(following, len(radii) - 1)])
        else:
            cut = True
            break
        # Halfway: at least the lower distance, below the higher one.
        place = int(np.searchsorted(radii, (bound + value) / 2, side="right")) - 1
        tried = max(bound, float(radii[max(place, 0)]))
    return Nearest(best, value, bound, cut)


def counted(reach: Reach) -> Flags:
    """Return the demand points above 0 that some site has in reach."""
    return (np.diff(reach.distance.indptr) > 0) & (reach.weight > 0)


def farthest(reach: Reach, sites: Ints, unserved: float = np.inf) -> float:
    """Return the distance of the farthest demand point that some site has in reach."""
    opened = np.zeros(len(reach.site_id), dtype=bool)
    opened[sites] = True
    far = np.minimum(reach.nearest(opened)[1], unserved)
    return float(far[counted(reach)].max(initial=0.0))


def _covering(ask: Question, radius: float) -> Tried:
    """Ask for p sites that cover everyone within a radius: greedy ones first, then the fewest."""
    near = ask.reach.within(radius)
    if bool(((np.diff(near.distance.indptr) == 0) & (near.weight > 0)).any()):
        return Tried(None, proven=True)
    each = np.ones(len(ask.kept))
    opened = greedy_cover(near, each, ask.kept, None)
    if int(opened.sum()) <= ask.p:
        return Tried(np.flatnonzero(opened), proven=True)
    part = replace(cover_part(near, each, ask.kept, None), most=ask.p)
    chosen, least = solve_cover(part, replace(ask, gap_share=GAP_SHARE))
    if chosen is not None and int(chosen.sum()) <= ask.p and _all_near(near, chosen):
        return Tried(np.flatnonzero(chosen), proven=True)
    return Tried(None, proven=bool(least > ask.p + GAP_SHARE))


def _all_near(near: Reach, opened: Flags) -> bool:
    return bool(((near.nearest(opened)[0] >= 0) | (near.weight == 0)).all())


def _failed(p: int, tried: Tried) -> InfeasibleError | NoAnswerError:
    if tried.proven:
        return InfeasibleError(
            f"no {p} sites have every demand point in reach",
            where="p",
            cure="open more sites, or widen the reach",
        )
    return NoAnswerError(
        f"no {p} sites with every demand point in reach were found in time",
        where="p",
        cure="allow more time, or open more sites",
    )
