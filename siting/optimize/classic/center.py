"""The p-center problem: p sites such that nobody is far from one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from siting.errors import InfeasibleError, NoAnswerError
from siting.optimize.classic.choice import (
    GAP_SHARE,
    check_count,
    door_or_default,
    filled,
    kept_flags,
    settle,
)
from siting.optimize.classic.setcover import cover_part, greedy_cover, solve_cover

if TYPE_CHECKING:
    from collections.abc import Iterable

    from siting.arrays import Flags
    from siting.optimize.classic.choice import Choice
    from siting.optimize.classic.reach import Reach
    from siting.optimize.solver.solver import Door


def p_center(
    reach: Reach,
    p: int,
    *,
    keep: Iterable[object] = (),
    door: Door | None = None,
    gap_share: float = GAP_SHARE,
) -> Choice:
    """Open p sites so that the farthest demand point is as near as possible.

    minimise ``max_i min_{j open} d_ij`` over the demand points with a weight above 0, subject
    to ``sum_j open_j = p`` (Hakimi, "Optimum locations of switching centers and the absolute
    centers and medians of a graph", Operations Research 12, 1964). The answer is one of the
    distances: halving them, each is asked whether p sites cover everyone within it (Minieka,
    "The m-center problem", SIAM Review 12, 1970).

    Parameters
    ----------
    reach
        Distances; a weight only says by being 0 that a demand point does not count.
    p
        Sites to open.
    keep
        Ids of sites that must be open; they count among the ``p``.
    door
        The solver with its time limit; HiGHS for a minute if left out.
    gap_share
        Relative gap at which the search may stop.

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
    door, kept = door_or_default(door), kept_flags(reach, keep)
    check_count(reach, p, kept)
    counts = reach.weight > 0
    radii = np.unique(reach.distance.data[counts[reach.rows]])
    best = _covering(reach, p, np.inf, kept, door)
    if isinstance(best, float):
        raise _failed(p, best)
    value = _farthest(reach, best)
    # Nobody can be nearer than the nearest of all sites.
    alone = _farthest(reach, np.ones(len(kept), dtype=bool))
    low, high = (int(np.searchsorted(radii, far)) for far in (alone, value))
    bound = low
    while low < high:
        middle = (low + high) // 2
        found = _covering(reach, p, float(radii[middle]), kept, door)
        if isinstance(found, float):
            low = middle + 1
            bound = low if found > p else bound
        else:
            best, value = found, _farthest(reach, found)
            high = int(np.searchsorted(radii, value))
    figures = (value, min(float(radii[bound]), value) if len(radii) else 0.0)
    return settle(reach, best, reach.nearest(best)[0], figures, gap_share)


def _farthest(reach: Reach, opened: Flags) -> float:
    far = reach.nearest(opened)[1][reach.weight > 0]
    return float(far.max()) if len(far) else 0.0


def _covering(reach: Reach, p: int, radius: float, kept: Flags, door: Door) -> Flags | float:
    """Return p sites that cover everyone within a radius, else the fewest it takes at least."""
    near = reach.within(radius)
    if bool(((np.diff(near.distance.indptr) == 0) & (near.weight > 0)).any()):
        return float("inf")
    each = np.ones(len(kept))
    opened = greedy_cover(near, each, kept, None)
    if int(opened.sum()) <= p:
        return filled(opened, p)
    part = replace(cover_part(near, each, kept, None), most=p)
    chosen, least = solve_cover(part, door, GAP_SHARE)
    if chosen is not None and int(chosen.sum()) <= p and _farthest(near, chosen) <= radius:
        return filled(chosen, p)
    return float(np.ceil(least - GAP_SHARE)) if np.isfinite(least) else least


def _failed(p: int, least: float) -> InfeasibleError | NoAnswerError:
    if least > p:
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
