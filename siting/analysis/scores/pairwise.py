"""AHP: weights from a matrix of pairwise comparisons, and how far it contradicts itself.

Saaty, *The Analytic Hierarchy Process*, 1980: the weights are the principal eigenvector,
``CI = (lambda - n) / (n - 1)`` and ``CR = CI / RI(n)``; above 0.10 the comparisons contradict
each other too much to be used.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from siting.errors import DataError, TableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from siting.arrays import Floats


MOST_INCONSISTENT = 0.10
"""Consistency ratio above which a matrix is refused (Saaty 1980)."""

# Mean consistency index of random matrices of 1 to 15 criteria (Saaty 1980).
_RANDOM_INDEX = (
    0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49, 1.51, 1.48, 1.56, 1.57, 1.59,
)  # fmt: skip
_MOST = 9.0
_FEWEST_COMPARED = 3
# 0.33 and 3 are meant to be reciprocal: people round.
_ROUNDING = 0.05
_TYPED = "write 1 to 9, or a fraction such as 1/3"


def pairwise_weights(
    frame: pd.DataFrame, keys: Sequence[str], *, accept_inconsistent: bool = False
) -> tuple[dict[str, float], float]:
    """Return the weights of a pairwise matrix and its consistency ratio.

    Parameters
    ----------
    frame
        The matrix as text: the first column names the criterion of the row, the others are
        named by criteria. A cell says how many times the row's criterion outweighs the
        column's: 1 to 9, or a fraction such as 1/3. The lower half may be empty. The index
        is the row's place in the file, from 0.
    keys
        The criteria it must compare, each once.
    accept_inconsistent
        Take a matrix above :data:`MOST_INCONSISTENT` all the same.

    Raises
    ------
    TableError
        Naming every bad cell by row and column; the header is row 1.
    DataError
        If its consistency ratio is above 0.10 and nobody accepted that.
    """
    weights, ratio = eigenvector(_read(frame, list(keys)))
    if ratio > MOST_INCONSISTENT and not accept_inconsistent:
        raise DataError(
            f"the pairwise comparisons contradict each other: consistency ratio {ratio:.2f}, "
            f"at most {MOST_INCONSISTENT:.2f} is usual",
            where="scoring.pairwise",
            cure="mend the comparisons, or take them as they are: "
            "scoring.accept_inconsistent = true",
        )
    return dict(zip(keys, weights.tolist(), strict=True)), ratio


def eigenvector(matrix: Floats) -> tuple[Floats, float]:
    """Return the principal eigenvector, summing to 1, and the consistency ratio.

    Examples
    --------
    >>> weights, ratio = eigenvector(np.array([[1, 3, 5], [1 / 3, 1, 3], [1 / 5, 1 / 3, 1]]))
    >>> weights.round(3).tolist(), round(ratio, 2)
    ([0.637, 0.258, 0.105], 0.03)
    """
    count = len(matrix)
    values, vectors = np.linalg.eig(matrix)
    first = int(np.argmax(values.real))
    vector = np.abs(vectors[:, first].real)
    if count < _FEWEST_COMPARED:  # two criteria cannot contradict each other
        return vector / vector.sum(), 0.0
    index = (float(values[first].real) - count) / (count - 1)
    return vector / vector.sum(), max(index, 0.0) / _RANDOM_INDEX[count - 1]


def _read(frame: pd.DataFrame, keys: list[str]) -> Floats:
    """Return the matrix in the order of the keys; all its faults come in one error."""
    faults = _name_faults(frame, keys)
    if faults:
        raise _faulty(faults)
    named = frame.set_index(frame.columns[0])
    lines = dict(zip(named.index.tolist(), frame.index.tolist(), strict=True))
    rows = [lines[key] + 2 for key in keys]
    cells = [[str(cell).strip() for cell in named.loc[key, keys]] for key in keys]
    bad = _Bad(rows, keys)
    values = _values(cells, bad)
    for i, j in zip(*np.tril_indices(len(keys), -1), strict=True):
        _compare(cells, values, bad, int(i), int(j))
    if bad.found:
        raise _faulty(bad.lines())
    return _reciprocal(values)


class _Bad:
    """What is wrong, by cell; names cells as the file does."""

    def __init__(self, rows: list[int], keys: list[str]) -> None:
        self.rows, self.keys = rows, keys
        self.found: dict[tuple[int, int], str] = {}

    def cell(self, i: int, j: int) -> str:
        return f"row {self.rows[i]}, column {self.keys[j]}"

    def lines(self) -> list[str]:
        told = [
            (self.rows[i], j, f"{self.cell(i, j)}: {text}") for (i, j), text in self.found.items()
        ]
        return [line for _, _, line in sorted(told)]


def _values(cells: list[list[str]], bad: _Bad) -> Floats:
    """Return the numbers, NaN where a cell is empty."""
    values = np.full((len(cells), len(cells)), np.nan)
    for i, row in enumerate(cells):
        for j, text in enumerate(row):
            value = _value(text)
            if isinstance(value, str):
                bad.found[i, j] = value
            elif i == j and value not in (None, 1.0):
                bad.found[i, j] = f"a criterion weighs as much as itself: 1, not {text}"
            elif value is not None:
                values[i, j] = value
    return values


def _compare(cells: list[list[str]], values: Floats, bad: _Bad, i: int, j: int) -> None:
    """Hold a cell of the lower half against its counterpart."""
    one, other = float(values[i, j]), float(values[j, i])
    if (i, j) in bad.found or (j, i) in bad.found:
        return
    if math.isnan(one) and math.isnan(other):
        bad.found[j, i] = f"is empty, and so is {bad.cell(i, j)}; {_TYPED}"
    elif abs(math.log(one * other)) > math.log1p(_ROUNDING):  # false for an empty one
        bad.found[i, j] = f"{cells[i][j]} is not 1 by the {cells[j][i]} of {bad.cell(j, i)}"


def _name_faults(frame: pd.DataFrame, keys: list[str]) -> list[str]:
    """Return what is wrong with the names of rows and columns."""
    down, across = frame.iloc[:, 0].tolist(), frame.columns[1:].tolist()
    faults = []
    for names, what in ((down, "row"), (across, "column")):
        faults += [f"no {what} for criterion '{key}'" for key in keys if key not in names]
        twice = sorted({name for name in names if names.count(name) > 1})
        faults += [f"'{name}' names {names.count(name)} {what}s" for name in twice]
    faults += [
        f"row {row + 2}: '{name}' is no criterion in use"
        for row, name in zip(frame.index.tolist(), down, strict=True)
        if name not in keys
    ]
    faults += [f"column '{name}' is no criterion in use" for name in across if name not in keys]
    return faults


def _value(text: str) -> float | str | None:
    """Return the number of a cell, None where it is empty, or what is wrong with it."""
    if not text:
        return None
    try:
        value = float(Fraction(text.replace("／", "/").replace(" ", "")))
    except (ValueError, ZeroDivisionError):
        dated = "; a spreadsheet made a date of a fraction" if text.count("-") > 1 else ""
        return f"'{text}' is no number{dated}; {_TYPED}"
    if not 1 / _MOST / (1 + _ROUNDING) <= value <= _MOST:
        return f"{text} is not within 1/9 and 9; {_TYPED}"
    return value


def _reciprocal(values: Floats) -> Floats:
    """Fill each pair from its whole-number side, so that 0.33 beside 3 is a third."""
    filled = np.where(np.isnan(values), 1.0 / values.T, values)
    matrix = np.where(filled >= 1.0, filled, 1.0 / filled.T)
    np.fill_diagonal(matrix, 1.0)
    return matrix


def _faulty(faults: list[str]) -> TableError:
    return TableError(
        f"the pairwise matrix has {len(faults)} fault(s) (the header is row 1):\n    - "
        + "\n    - ".join(faults),
        where="scoring.pairwise",
        cure="first column and header name the criteria in use, those with a weight above 0; "
        "data/pairwise.csv shows one",
    )
