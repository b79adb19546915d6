"""What a classic model is asked and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from siting.errors import ImpossibleTargetError
from siting.optimize.problem.solution import PROVEN, Status, gap_between, status_of
from siting.optimize.solver.solver import open_solver

if TYPE_CHECKING:
    from collections.abc import Iterable

    from siting.arrays import Flags, Floats, Ints, Names
    from siting.optimize.classic.reach import Reach
    from siting.optimize.solver.solver import Solver

GAP_SHARE = PROVEN
"""Relative gap at which a search stops if none is asked for: value and bound count as the same."""
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


@dataclass(frozen=True, eq=False)
class Question:
    """What a model is asked, checked: make one with :meth:`of`.

    Attributes
    ----------
    reach
        Distances and weights.
    kept
        Columns of the sites that must be open.
    solver
        The solver with its time limit.
    gap_share
        Relative gap at which the search may stop.
    p
        Sites to open; 0 where their number is an outcome.
    """

    reach: Reach
    kept: Flags
    solver: Solver
    gap_share: float
    p: int = 0

    @classmethod
    def of(
        cls,
        reach: Reach,
        keep: Iterable[object],
        solver: Solver | None,
        gap_share: float,
        p: int | None = None,
    ) -> Question:
        """Return the question; without a solver, HiGHS on one thread gets a minute.

        Raises
        ------
        DataError
            If a site to keep does not exist.
        ImpossibleTargetError
            If there are fewer than ``p`` sites, or more that must be open.
        """
        kept = np.zeros(len(reach.site_id), dtype=bool)
        kept[reach.positions(keep)] = True
        if p is not None:
            _check_count(p, len(kept), int(kept.sum()))
        if solver is None:
            solver = open_solver("highs", threads=1, seed=0, time_limit_s=_TIME_LIMIT_S)
        return cls(reach, kept, solver, gap_share, p or 0)

    @property
    def free(self) -> int:
        """Sites to open beside those kept."""
        return self.p - int(self.kept.sum())

    def filled(self, opened: Flags) -> Flags:
        """Return the open columns, filled up to ``p`` with the first closed ones."""
        result = opened.copy()
        result[np.flatnonzero(~opened)[: max(self.p - int(opened.sum()), 0)]] = True
        return result

    def flags(self, sites: Ints) -> Flags:
        """Return which columns are open, filled up to ``p``."""
        opened = np.zeros(len(self.kept), dtype=bool)
        opened[sites] = True
        return self.filled(opened)

    def answer(self, opened: Flags, assigned: Ints, value: float, bound: float) -> Choice:
        """Return the choice of open columns and assigned columns (-1 for none)."""
        gap = gap_between(value, bound)
        status = status_of(gap, self.gap_share)
        names = np.full(len(assigned), None, dtype=object)
        names[assigned >= 0] = self.reach.site_id[assigned[assigned >= 0]]
        return Choice(self.reach.site_id[opened], names, value, bound, gap, status)


def _check_count(p: int, count: int, forced: int) -> None:
    if p < 1 or p > count or p < forced:
        raise ImpossibleTargetError(
            f"{p} sites cannot be opened: there are {count}, of which {forced} must be open",
            where="p",
            cure=f"ask for {max(forced, 1)} to {count}",
        )


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
