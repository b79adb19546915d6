"""Good choices for the p-median problem: greedy addition, then vertex substitution.

Teitz and Bart, "Heuristic methods for estimating the generalized vertex median of a weighted
graph", Operations Research 16 (1968), with the profit of every swap at once as in Resende and
Werneck, "A fast swap-based local search procedure for location problems", Annals of OR 150
(2007).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from siting.arrays import first_of_each, sums

if TYPE_CHECKING:
    from siting.arrays import Flags, Floats, Ints
    from siting.optimize.solver.solver import Door

_TINY = 1e-9


@dataclass(frozen=True, eq=False)
class Costs:
    """Cost of each pair by row, of a row left without a site, and the number of sites to open.

    ``optional``: rows that may stay without a site. ``whole``: all costs are whole numbers, so
    a bound may be rounded up.
    """

    row: Ints
    site: Ints
    cost: Floats
    without: Floats
    optional: Flags
    sites: int
    p: int
    whole: bool

    def near_two(self, opened: Flags) -> tuple[Ints, Floats, Floats]:
        """Return each row's best open site (-1 if none), its cost, and the second best cost."""
        usable = np.flatnonzero(opened[self.site])
        row, cost = self.row[usable], self.cost[usable]
        order = np.lexsort((self.site[usable], cost, row))
        row, cost, site = row[order], cost[order], self.site[usable][order]
        first = first_of_each(row)
        second = np.r_[False, first[:-1]] & ~first
        nearest = np.full(len(self.without), -1)
        least, next_least = self.without.copy(), self.without.copy()
        better = first & (cost < self.without[row])
        nearest[row[better]] = site[better]
        least[row[first]] = np.minimum(cost[first], self.without[row[first]])
        next_least[row[second]] = np.minimum(cost[second], self.without[row[second]])
        return nearest, least, next_least

    def only(self, pairs: Flags) -> Costs:
        """Return the costs of some pairs."""
        return replace(self, row=self.row[pairs], site=self.site[pairs], cost=self.cost[pairs])

    def farthest(self) -> Floats:
        """Return each row's largest cost of a pair."""
        result = np.zeros(len(self.without))
        np.maximum.at(result, self.row, self.cost)
        return result

    def total(self, opened: Flags) -> float:
        """Return the cost of a choice."""
        least = self.without.copy()
        usable = opened[self.site]
        row, cost = self.row[usable], self.cost[usable]
        if len(row):
            starts = np.flatnonzero(first_of_each(row))
            rows = row[starts]
            least[rows] = np.minimum(least[rows], np.minimum.reduceat(cost, starts))
        return float(least.sum())

    def slope(self, price: Floats, opened: Flags) -> Floats:
        """Return one less the number of open sites each row would pay for."""
        paid = opened[self.site] & (self.cost < price[self.row])
        counts = np.bincount(self.row[paid], minlength=len(price))
        slope = 1.0 - counts.astype(np.float64)
        slope[(slope > 0) & (price >= self.without)] = 0.0
        return slope

    def lifted(self, bound: float) -> float:
        """Return a bound, rounded up where costs are whole numbers."""
        return float(np.ceil(bound - 1e-6 * max(1.0, abs(bound)))) if self.whole else bound

    def meets(self, bound: float, value: float) -> bool:
        """Whether a bound proves a value."""
        return self.lifted(bound) >= value - _TINY * abs(value)


def grown(costs: Costs, kept: Flags) -> Flags:
    """Return ``p`` sites: those kept, then each time the one that saves most."""
    opened = kept.copy()
    least = costs.near_two(opened)[1]
    for _ in range(costs.p - int(kept.sum())):
        saved = sums(costs.site, np.maximum(least[costs.row] - costs.cost, 0.0), costs.sites)
        saved[opened] = -1.0
        best = int(np.argmax(saved))
        opened[best] = True
        mine = costs.site == best
        least[costs.row[mine]] = np.minimum(least[costs.row[mine]], costs.cost[mine])
    return opened


def improved(costs: Costs, kept: Flags, opened: Flags, door: Door) -> Flags:
    """Swap one open site for a closed one while that saves, the best swap first."""
    opened = opened.copy()
    while door.left_s > 0:
        entering, leaving, profit = _best_swap(costs, kept, opened)
        if profit <= _TINY * max(1.0, float(costs.without.sum()) * _TINY):
            break
        opened[entering], opened[leaving] = True, False
    return opened


def _best_swap(costs: Costs, kept: Flags, opened: Flags) -> tuple[int, int, float]:
    """Return the site to open, the site to close, and what that saves.

    Opening j saves ``sum_i max(0, best_i - c_ij)``; closing r loses ``sum second_i - best_i``
    over its rows; doing both gives back what j takes over of that loss.
    """
    nearest, least, second = costs.near_two(opened)
    loss = sums(nearest[nearest >= 0], (second - least)[nearest >= 0], costs.sites)
    loss[~opened | kept] = np.inf
    cheapest = int(np.argmin(loss))
    saved = sums(costs.site, np.maximum(least[costs.row] - costs.cost, 0.0), costs.sites)
    saved[opened] = -np.inf
    old = nearest[costs.row]
    takes = (old >= 0) & (costs.cost < second[costs.row]) & ~opened[costs.site]
    row, site, cost = costs.row[takes], costs.site[takes].astype(np.int64), costs.cost[takes]
    key, group = np.unique(site * costs.sites + old[takes], return_inverse=True)
    back = sums(group, second[row] - np.maximum(least[row], cost), len(key))
    entering, leaving = key // costs.sites, key % costs.sites
    profit = saved[entering] + back - loss[leaving]
    plain = saved - loss[cheapest]
    best = int(np.argmax(plain))
    if len(profit) and profit.max() > plain[best]:
        top = int(np.argmax(profit))
        return int(entering[top]), int(leaving[top]), float(profit[top])
    return best, cheapest, float(plain[best])
