"""The array types of the mathematics, and sums by group."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.integer[Any]]
Flags = NDArray[np.bool_]
Names = NDArray[np.object_]
Shapes = NDArray[np.object_]


def sums(keys: Ints, amounts: Floats, size: int) -> Floats:
    """Return the sum of the amounts of each key 0 .. size - 1."""
    return np.bincount(keys, amounts, minlength=size).astype(np.float64, copy=False)


def running_before(keys: Ints, amounts: Floats) -> Floats:
    """Return, within each run of equal keys, the sum of the amounts before each row."""
    if not len(keys):
        return np.zeros(0)
    total = np.cumsum(amounts) - amounts
    starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
    return total - np.repeat(total[starts], np.diff(np.r_[starts, len(keys)]))


def groups(keys: Ints) -> list[tuple[int, list[int]]]:
    """Return each key that occurs with the positions it occurs at, in order."""
    if not len(keys):
        return []
    order = np.argsort(keys, kind="stable")
    values, starts = np.unique(keys[order], return_index=True)
    parts = np.split(order, starts[1:])
    return [(key, part.tolist()) for key, part in zip(values.tolist(), parts, strict=True)]


def first_of_each(keys: Ints) -> Flags:
    """Return which rows start a run of equal keys."""
    first = np.ones(len(keys), dtype=bool)
    first[1:] = keys[1:] != keys[:-1]
    return first
