"""Which sites cover what, and making that smaller without changing the optimum.

Demand point i is covered within a radius if an open site lies within it. Points that the same
sites cover are one row, and rows that are covered whatever opens are none. The further reductions
are Toregas and ReVelle's: "Binary solution of the location set covering problem" (Papers in
Regional Science 28, 1972), with sites that cover a part of what another covers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from siting.arrays import sums

if TYPE_CHECKING:
    from collections.abc import Mapping

    from siting.arrays import Flags, Floats, Ints
    from siting.optimize.classic.reach import Reach

_PRODUCTS = 2e8
"""Comparing rows (or columns) is left out above this many products of stored entries."""


@dataclass(frozen=True, eq=False)
class Coverage:
    """Which sites cover what, and what a first and a second cover of it are worth.

    Attributes
    ----------
    cover
        (rows, sites), ones, sorted: a row for each demand point and radius, or for several alike.
    first, second
        Worth of a first and of a second cover of each row.
    zone
        Zone of each row, 0 .. ``len(sure) - 1``; 0 where zones do not count.
    sure
        What is covered whatever opens, by zone.
    """

    cover: sparse.csr_array
    first: Floats
    second: Floats
    zone: Ints
    sure: Floats

    @classmethod
    def within(cls, reach: Reach, radius: float, zone: Ints | None = None) -> Coverage:
        """Return who is covered within a radius, itself included, worth their weight once."""
        cover, rows = ones_of(reach.within(radius).distance), len(reach.weight)
        place = np.zeros(rows, dtype=np.int64) if zone is None else zone.astype(np.int64)
        zones = int(place.max(initial=0)) + 1
        return cls(cover, reach.weight, np.zeros(rows), place, np.zeros(zones))

    @classmethod
    def of_rows(cls, cover: sparse.csr_array) -> Coverage:
        """Return the coverage of rows that are worth 1 each."""
        rows = cover.shape[0]
        worth, nothing = np.ones(rows), np.zeros(rows)
        return cls(cover, worth, nothing, np.zeros(rows, dtype=np.int64), np.zeros(1))

    @classmethod
    def of_radii(cls, reach: Reach, worth_of: Mapping[float, float], backup: float) -> Coverage:
        """Return the coverage of all radii, one below the other, by what each is worth."""
        rings = [cls.within(reach, r).scaled(b, backup * b) for r, b in sorted(worth_of.items())]
        return cls(
            sparse.csr_array(sparse.vstack([ring.cover for ring in rings])),
            np.concatenate([ring.first for ring in rings]),
            np.concatenate([ring.second for ring in rings]),
            np.concatenate([ring.zone for ring in rings]),
            np.zeros(1),
        )

    @property
    def near(self) -> list[list[int]]:
        """The sites of each row."""
        return members(self.cover)

    @property
    def most(self) -> float:
        """What all sites together are worth."""
        return self.value(np.ones(self.cover.shape[1], dtype=bool))

    def scaled(self, first: float, second: float) -> Coverage:
        """Return the same, worth ``first`` and ``second`` times the first cover's worth."""
        sure = first * self.sure
        return replace(self, first=first * self.first, second=second * self.first, sure=sure)

    def value(self, opened: Flags) -> float:
        """Return what the open sites are worth."""
        times = self.times(opened)
        found = float(self.first @ (times > 0) + self.second @ (times > 1))
        return float(self.sure.sum()) + found

    def times(self, opened: Flags) -> Ints:
        """Return how many open sites cover each row."""
        return np.asarray(self.cover @ opened.astype(np.int32)).astype(np.int64)

    def fewer(self, sure: Flags, *, lesser_sites: bool = False) -> Coverage:
        """Return the same in fewer rows: rows of a zone alike as one, none that nobody covers.

        Parameters
        ----------
        sure
            Rows that are covered whatever opens, or worth nothing.
        lesser_sites
            Leave out sites that cover part of what another one covers. Right only where sites
            differ in nothing else: no rule speaks of them, and a second cover is worth nothing.
        """
        rest = np.flatnonzero((np.diff(self.cover.indptr) > 0) & ~sure)
        cover = self.cover[rest]
        if lesser_sites:
            cover = without_columns(cover, contained(transposed(cover), np.ones(cover.shape[1])))
        rows, place = merged_rows(cover, self.zone[rest])
        return Coverage(
            cover[rows],
            sums(place, self.first[rest], len(rows)),
            sums(place, self.second[rest], len(rows)),
            self.zone[rest][rows],
            self.sure + sums(self.zone[sure], self.first[sure], len(self.sure)),
        )


def zone_shares(weight: Floats, covered: Flags, zone: Ints, need: Floats) -> Floats:
    """Return the covered share of each zone's weight ``need``; NaN where a zone has none."""
    had = sums(zone, weight * covered, len(need))
    return np.divide(had, need, out=np.full(len(need), np.nan), where=need > 0)


def merged_rows(cover: sparse.csr_array, group: Ints | None = None) -> tuple[Ints, Ints]:
    """Return the first of each set of equal rows, and for each row the place of its first.

    Parameters
    ----------
    cover
        Rows and columns, sorted indices.
    group
        Only rows of the same group count as equal.
    """
    seen: dict[tuple[int, bytes], int] = {}
    first: list[int] = []
    place = np.empty(cover.shape[0], dtype=np.int64)
    indices = cover.indices.astype(np.int32, copy=False)
    starts = cover.indptr.tolist()
    kinds = [0] * cover.shape[0] if group is None else group.tolist()
    for number, kind in enumerate(kinds):
        key = (kind, indices[starts[number] : starts[number + 1]].tobytes())
        if key not in seen:
            seen[key] = len(first)
            first.append(number)
        place[number] = seen[key]
    return np.array(first, dtype=np.int64), place


def contained(sets: sparse.csr_array, cost: Floats) -> Flags:
    """Return which rows (as sets of columns) lie within another one that costs no more.

    Of equal rows at equal cost the first stays. Nothing but empty rows is marked where
    comparing would take too long.
    """
    inner, outer, equal = _nested(sets)
    gone = cost[outer] <= cost[inner]
    gone &= ~(equal & (cost[outer] == cost[inner])) | (outer < inner)
    result = np.diff(sets.indptr) == 0
    result[inner[gone]] = True
    return result


def containing(sets: sparse.csr_array) -> Flags:
    """Return which rows (as sets of columns) hold another one whole; rows must differ."""
    result = np.zeros(sets.shape[0], dtype=bool)
    result[_nested(sets)[1]] = True
    return result


def _nested(sets: sparse.csr_array) -> tuple[Ints, Ints, Flags]:
    """Return pairs of an inner and an outer row, and whether the two are equal."""
    per_column = np.bincount(sets.indices, minlength=sets.shape[1]).astype(np.float64)
    if float(per_column @ per_column) > _PRODUCTS:
        none = np.empty(0, dtype=np.int64)
        return none, none, none.astype(bool)
    size = np.diff(sets.indptr)
    common = sparse.coo_array(sets @ transposed(sets))
    within = (common.data == size[common.row]) & (common.row != common.col)
    inner, outer = common.row[within], common.col[within]
    return inner, outer, size[inner] == size[outer]


def ones_of(matrix: sparse.csr_array) -> sparse.csr_array:
    """Return the same stored entries, each a whole 1."""
    parts = (np.ones(matrix.nnz, dtype=np.int32), matrix.indices, matrix.indptr)
    return sparse.csr_array(parts, shape=matrix.shape)


def transposed(cover: sparse.csr_array) -> sparse.csr_array:
    """Return columns as rows, indices sorted."""
    result = sparse.csr_array(cover.T)
    result.sort_indices()
    return result


def without_columns(cover: sparse.csr_array, gone: Flags) -> sparse.csr_array:
    """Return the rows without some columns' entries; the shape stays."""
    rows = np.repeat(np.arange(cover.shape[0]), np.diff(cover.indptr))
    stay = ~gone[cover.indices]
    starts = np.r_[0, np.cumsum(np.bincount(rows[stay], minlength=cover.shape[0]))]
    return sparse.csr_array((cover.data[stay], cover.indices[stay], starts), shape=cover.shape)


def members(cover: sparse.csr_array) -> list[list[int]]:
    """Return the columns of each row."""
    indices, starts = cover.indices.tolist(), cover.indptr.tolist()
    return [indices[start:end] for start, end in pairwise(starts)]
