"""Rows of rules where chargers stand, as prices: what a bound must not forget of them.

A row ``sum_j a_kj open_j + b_kj chargers_j <= r_k`` relaxed with a price ``q_k >= 0`` (at most 0
for ``>=``, free for ``=``) makes a charger of site j dearer by ``sum_k q_k b_kj``, its opening by
``sum_k q_k a_kj``, and adds ``sum_k q_k r_k`` to the bound. Money and the power of substations are
such rows; loosened to the limits of the sites alone they bind nearly nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from siting.arrays import Floats
    from siting.optimize.problem.linear_rules import LinearRule
    from siting.optimize.problem.problem import SitingProblem

_TINY = 1e-9
_LOWEST = {"<=": 0.0, "=": -np.inf, ">=": -np.inf}
_HIGHEST = {"<=": np.inf, "=": np.inf, ">=": 0.0}


class PricedRows:
    """The rows of a problem's rules in which chargers stand.

    Parameters
    ----------
    problem
        The problem.
    rows
        The rows, in each of which chargers stand; all of them if not given.

    Attributes
    ----------
    rhs
        Right-hand sides.
    scale
        Of each row the square of its natural price, for steps of like weight (kWh over the
        square of the row's unit).
    """

    def __init__(self, problem: SitingProblem, rows: Sequence[LinearRule] | None = None) -> None:
        if rows is None:
            rows = [row for row in problem.rules.rows if row.counts_chargers]
        self.rhs = np.array([row.rhs for row in rows], dtype=float)
        self.lowest = np.array([_LOWEST[row.sense] for row in rows])
        self.highest = np.array([_HIGHEST[row.sense] for row in rows])
        sizes = [len(row.sites) for row in rows]
        columns = np.concatenate([np.empty(0, dtype=np.int64), *(row.sites for row in rows)])
        cells = (np.repeat(np.arange(len(rows)), sizes), columns)
        shape = (len(rows), len(problem.site_id))

        def table(parts: list[Floats]) -> sparse.csr_array:
            return sparse.csr_array((np.concatenate([np.empty(0), *parts]), cells), shape=shape)

        self.opens = table([row.open_coef for row in rows])
        self.chargers = table([row.charger_coef for row in rows])
        most = problem.max_chargers.astype(float)
        each = [np.abs(row.open_coef) + np.abs(row.charger_coef) * most[row.sites] for row in rows]
        size = np.maximum(np.abs(self.rhs), [max(float(part.max()), _TINY) for part in each])
        part = np.array(sizes, dtype=float) / max(int(problem.openable.sum()), 1)
        self.scale = problem.total_kwh * part / size**2

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.rhs)

    def none(self) -> Floats:
        """Return prices of nothing."""
        return np.zeros(len(self))

    def costs(self, prices: Floats) -> tuple[Floats, Floats]:
        """Return by site what opening it costs at given prices, and what each charger costs."""
        return self.opens.T @ prices, self.chargers.T @ prices

    def left(self, y: Floats, chargers: Floats) -> Floats:
        """Return what a choice leaves of each right-hand side, below 0 where it takes too much."""
        return self.rhs - self.opens @ y - self.chargers @ chargers

    def kept(self, prices: Floats) -> Floats:
        """Return prices on the side their rows bind."""
        return np.clip(prices, self.lowest, self.highest)

    def slope(self, prices: Floats, left: Floats) -> Floats:
        """Return the slope of the bound, nothing where a price would leave its side."""
        stuck = (prices <= self.lowest) & (left > 0) | (prices >= self.highest) & (left < 0)
        return np.where(stuck, 0.0, left)
