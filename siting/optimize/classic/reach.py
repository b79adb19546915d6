"""What a classic model is asked: a sparse matrix of distances with ids; and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from siting.errors import DataError, ImpossibleTargetError
from siting.optimize.problem.solution import PROVEN, Status, gap_between, status_of
from siting.optimize.solver.solver import open_solver

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from siting.arrays import Flags, Floats, Ints, Names
    from siting.optimize.solver.solver import Solver

_WHERE = "reach"


@dataclass(frozen=True, eq=False)
class Reach:
    """Distances from demand points to candidate sites, each pair at most once.

    ``distance`` is (demand points, sites), at least 0; an absent entry is out of reach, a
    stored 0 is a site on the spot. ``weight`` is each demand point's demand in any unit. Make
    one with :meth:`of` or :meth:`from_pairs`, which check all of it.

    Examples
    --------
    >>> reach = Reach.of([[0.0, 2.0], [np.inf, 1.0]], site_id=["a", "b"])
    >>> reach
    Reach(2 demand points, 2 sites, 3 pairs)
    """

    distance: sparse.csr_array
    demand_id: Names
    site_id: Names
    weight: Floats

    @classmethod
    def of(
        cls,
        distance: Any,  # noqa: ANN401  # dense or any sparse matrix
        *,
        demand_id: Iterable[object] | None = None,
        site_id: Iterable[object] | None = None,
        weight: Sequence[float] | Floats | None = None,
    ) -> Reach:
        """Return the reach of a matrix of distances.

        Parameters
        ----------
        distance
            (demand points, sites). Sparse: stored entries are in reach. Dense: NaN and
            infinity are out of reach.
        demand_id, site_id
            Ids of rows and columns; their numbers if left out.
        weight
            Demand of each row, at least 0; 1 each if left out.

        Raises
        ------
        DataError
            If lengths differ, an id or a pair repeats, or a number is negative or missing.
        """
        matrix = _matrix(distance)
        rows, columns = matrix.shape
        weights = np.ones(rows) if weight is None else np.array(weight, dtype=np.float64)
        reach = cls(matrix, _names(demand_id, rows), _names(site_id, columns), weights)
        _check(reach)
        return reach

    @classmethod
    def from_pairs(
        cls,
        demand: Sequence[object],
        site: Sequence[object],
        distance: Sequence[float] | Floats,
        *,
        weight: dict[Any, float] | None = None,
    ) -> Reach:
        """Return the reach of a list of pairs; rows and columns are the sorted ids.

        Parameters
        ----------
        demand, site, distance
            Ids and distance of each pair in reach, equally long.
        weight
            Demand by demand id, at least 0; points without a pair count too. 1 each if left out.

        Raises
        ------
        DataError
            As :meth:`of`, or if a weight is missing.
        """
        if not len(demand) == len(site) == len(distance):
            raise _bad(f"{len(demand)} demand ids, {len(site)} site ids, {len(distance)} distances")
        rows = sorted(set(demand) if weight is None else set(weight), key=str)
        columns = sorted(set(site), key=str)
        row_of = {name: number for number, name in enumerate(rows)}
        column_of = {name: number for number, name in enumerate(columns)}
        strange = next((name for name in demand if name not in row_of), None)
        if strange is not None:
            raise _bad(f"demand point {strange!r} has no weight")
        place = ([row_of[name] for name in demand], [column_of[name] for name in site])
        shape = (len(rows), len(columns))
        matrix = sparse.coo_array((np.array(distance, dtype=np.float64), place), shape=shape)
        weights = None if weight is None else [weight[name] for name in rows]
        return cls.of(matrix, demand_id=rows, site_id=columns, weight=weights)

    @property
    def rows(self) -> Ints:
        """The row of each stored pair."""
        return np.repeat(np.arange(len(self.demand_id)), np.diff(self.distance.indptr))

    def within(self, radius: float) -> Reach:
        """Return the reach without the pairs farther than a radius."""
        keep = self.distance.data <= radius
        near = self.distance
        counts = np.bincount(self.rows[keep], minlength=len(self.demand_id))
        parts = (near.data[keep], near.indices[keep], np.r_[0, np.cumsum(counts)])
        return replace(self, distance=sparse.csr_array(parts, shape=near.shape))

    def positions(self, sites: Iterable[object]) -> Ints:
        """Return the sorted columns of site ids.

        Raises
        ------
        DataError
            If there is no such site.
        """
        column_of = {name: number for number, name in enumerate(self.site_id.tolist())}
        wanted = list(sites)
        strange = next((name for name in wanted if name not in column_of), None)
        if strange is not None:
            raise _bad(f"no site {strange!r} among the {len(column_of)} sites")
        return np.unique(np.array([column_of[name] for name in wanted], dtype=np.int64))

    def nearest(self, open_site: Flags) -> tuple[Ints, Floats]:
        """Return each row's nearest open column (-1 if none) and its distance (inf)."""
        rows, columns = self.rows, self.distance.indices
        usable = open_site[columns]
        order = np.lexsort((columns[usable], self.distance.data[usable], rows[usable]))
        row, first = np.unique(rows[usable][order], return_index=True)
        site = np.full(len(self.demand_id), -1)
        far = np.full(len(self.demand_id), np.inf)
        site[row] = columns[usable][order][first]
        far[row] = self.distance.data[usable][order][first]
        return site, far

    def times_covered(self, open_site: Flags) -> Ints:
        """Return how many open columns each row has in reach."""
        usable = open_site[self.distance.indices]
        return np.bincount(self.rows[usable], minlength=len(self.demand_id))

    def __repr__(self) -> str:
        """Return the sizes."""
        rows, columns = self.distance.shape
        return f"Reach({rows:,} demand points, {columns:,} sites, {self.distance.nnz:,} pairs)"


def _matrix(distance: Any) -> sparse.csr_array:  # noqa: ANN401  # dense or any sparse matrix
    """Return a sorted copy as CSR; stored zeros stay."""
    if not sparse.issparse(distance):
        dense = np.array(distance, dtype=np.float64)
        if dense.ndim != 2:  # noqa: PLR2004  # rows and columns
            raise _bad(f"a matrix of {dense.ndim} dimensions")
        rows, columns = np.nonzero(np.isfinite(dense) | (dense == -np.inf))
        distance = sparse.coo_array((dense[rows, columns], (rows, columns)), shape=dense.shape)
    pairs = sparse.coo_array(distance)
    matrix = sparse.csr_array(pairs, dtype=np.float64, copy=True)
    matrix.sum_duplicates()
    if matrix.nnz != pairs.nnz:
        raise _bad(f"{pairs.nnz - matrix.nnz} pairs are given twice")
    return matrix


def _names(given: Iterable[object] | None, count: int) -> Names:
    names = list(range(count)) if given is None else list(given)
    result = np.empty(len(names), dtype=object)
    result[:] = names
    return result


def _check(reach: Reach) -> None:
    rows, columns = reach.distance.shape
    sizes = (
        ("demand ids", reach.demand_id, rows),
        ("site ids", reach.site_id, columns),
        ("weights", reach.weight, rows),
    )
    for what, given, wanted in sizes:
        if given.shape != (wanted,):
            raise _bad(f"{len(given)} {what} for {wanted} of the matrix")
    for what, names in (("demand id", reach.demand_id), ("site id", reach.site_id)):
        seen: set[object] = set()
        for name in names.tolist():
            if name in seen:
                raise _bad(f"{what} {name!r} is given twice")
            seen.add(name)
    for what, numbers in (("weights", reach.weight), ("distances", reach.distance.data)):
        wrong = int((~(np.isfinite(numbers) & (numbers >= 0))).sum())
        if wrong:
            raise _bad(f"{wrong} of the {what} are negative, missing or infinite")


def _bad(what: str) -> DataError:
    return DataError(
        what, where=_WHERE, cure="give each pair, id and weight once, finite and at least 0"
    )


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
