"""The answer of a classic model: the open sites, and what is proven about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from siting.errors import ImpossibleTargetError
from siting.optimize.problem.solution import Status
from siting.optimize.solver.solver import open_door

if TYPE_CHECKING:
    from collections.abc import Iterable

    from siting.arrays import Flags, Floats, Ints, Names
    from siting.optimize.classic.reach import Reach
    from siting.optimize.solver.solver import Door

GAP_SHARE = 1e-6
"""Relative gap at which value and bound count as the same."""
HALF = 0.5
"""A yes-or-no variable above this is a yes."""
_TIME_LIMIT_S = 60.0


@dataclass(frozen=True, eq=False)
class Choice:
    """Open sites with the value counted from them, and the bound on every other choice.

    ``value`` is counted from the open sites, never read off a solver. ``bound`` limits the
    value of every choice, from above when maximising, from below when minimising;
    ``gap_share`` is their distance over the larger of the two. ``assigned_id`` names the site
    of each demand point, None where it is not served.
    """

    open_id: Names
    assigned_id: Names
    value: float
    bound: float
    gap_share: float
    status: Status

    def __repr__(self) -> str:
        """Return a line for people."""
        return (
            f"{type(self).__name__}({len(self.open_id)} sites, value {self.value:g}, "
            f"bound {self.bound:g}, {self.status})"
        )


def settle(
    reach: Reach,
    opened: Flags,
    assigned: Ints,
    figures: tuple[float, float],
    gap_share: float,
) -> Choice:
    """Return the choice of open columns and assigned columns (-1 for none).

    ``figures`` are value and bound; a bound that passed the value by a solver's tolerance is
    taken back to it.
    """
    value, bound = figures
    gap = gap_between(value, bound)
    if gap <= GAP_SHARE:
        status = Status.OPTIMAL
    else:
        status = Status.WITHIN_GAP if gap <= gap_share else Status.FEASIBLE
    names = np.full(len(assigned), None, dtype=object)
    names[assigned >= 0] = reach.site_id[assigned[assigned >= 0]]
    return Choice(reach.site_id[opened], names, value, bound, gap, status)


def gap_between(value: float, bound: float) -> float:
    """Return the gap as a share of the larger of the two."""
    largest = max(abs(value), abs(bound))
    return abs(bound - value) / largest if largest > 0 else 0.0


def door_or_default(door: Door | None) -> Door:
    """Return the door given, else HiGHS on one thread for a minute."""
    if door is not None:
        return door
    return open_door("highs", threads=1, seed=0, time_limit_s=_TIME_LIMIT_S)


def kept_flags(reach: Reach, keep: Iterable[object]) -> Flags:
    """Return which columns must be open."""
    flags = np.zeros(len(reach.site_id), dtype=bool)
    flags[reach.positions(keep)] = True
    return flags


def check_count(reach: Reach, p: int, kept: Flags) -> None:
    """Refuse a number of sites that cannot be.

    Raises
    ------
    ImpossibleTargetError
        If there are fewer sites, or more that must be open.
    """
    count, forced = len(reach.site_id), int(kept.sum())
    if p < 1 or p > count or p < forced:
        raise ImpossibleTargetError(
            f"{p} sites cannot be opened: there are {count}, of which {forced} must be open",
            where="p",
            cure=f"ask for {max(forced, 1)} to {count}",
        )


def filled(opened: Flags, p: int) -> Flags:
    """Return the open columns, filled up to ``p`` with the first closed ones."""
    result = opened.copy()
    result[np.flatnonzero(~opened)[: max(p - int(opened.sum()), 0)]] = True
    return result


def each_of(values: Iterable[float] | None, count: int, what: str) -> Floats:
    """Return a number for each site, 1 if none are given.

    Raises
    ------
    ImpossibleTargetError
        If the length differs, or a number is negative or missing.
    """
    result = np.ones(count) if values is None else np.array(list(values), dtype=np.float64)
    if result.shape != (count,) or not bool((np.isfinite(result) & (result >= 0)).all()):
        raise ImpossibleTargetError(
            f"{what}: {len(result)} numbers for {count} sites, or one negative or missing",
            where=what,
            cure="give one finite number of at least 0 for each site, in the order of site_id",
        )
    return result
