"""Making a covering problem smaller without changing its optimum.

The rules are Toregas and ReVelle's: "Binary solution of the location set covering problem"
(Papers in Regional Science 28, 1972), with sites that cover a part of what another covers.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from siting.arrays import Flags, Floats, Ints

_PRODUCTS = 2e8
"""Comparing rows (or columns) is left out above this many products of stored entries."""


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
