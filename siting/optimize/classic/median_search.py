"""Choices and a bound for the p-median problem, without an integer program.

Good choices: greedy addition, then vertex substitution (Teitz and Bart, "Heuristic methods for
estimating the generalized vertex median of a weighted graph", Operations Research 16, 1968), with
the profit of every swap at once as in Resende and Werneck, "A fast swap-based local search
procedure for location problems", Annals of OR 150 (2007).

A bound: relax "every demand point is assigned once" with prices ``u_i`` (Narula, Ogbu and
Samuelsson, "An algorithm for the p-median problem", Operations Research 25, 1977; Beasley, "A note
on solving large p-median problems", EJOR 21, 1985). With the costs ``c_ij = w_i d_ij``

    worth_j(u) = sum_i max(0, u_i - c_ij)
    bound(u) = sum_i u_i - (the p largest worth_j)

is at most the cost of every choice of p sites. A site, or a pair, that would lift the bound to
the best cost known cannot be part of a better choice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from siting.arrays import first_of_each, sums

if TYPE_CHECKING:
    from siting.arrays import Flags, Floats, Ints
    from siting.optimize.solver.solver import Solver

_TINY = 1e-9
_FIRST_STEP = 1.5
_LAST_STEP = 2e-3
_SHRINK = 0.6
_PATIENCE = 12
_ROUNDS = 1500
_MEMORY = 0.5
_PROBE_ROUNDS = 40
_PROBE_PASSES = 4
_PROBE_WORK = 5e8
"""Pairs looked at while probing, at most: a few seconds."""


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


def improved(costs: Costs, kept: Flags, opened: Flags, solver: Solver) -> Flags:
    """Swap one open site for a closed one while that saves, the best swap first."""
    opened = opened.copy()
    while solver.left_s > 0:
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


@dataclass(frozen=True, eq=False)
class Dual:
    """Prices, their bound, each site's worth, and the best choice met on the way."""

    price: Floats
    bound: float
    worth: Floats
    opened: Flags
    value: float


@dataclass(frozen=True, eq=False)
class _Point:
    """Prices, the bound they give, each site's worth, and the sites of most worth."""

    price: Floats
    bound: float
    worth: Floats
    opened: Flags

    @classmethod
    def at(cls, costs: Costs, kept: Flags, price: Floats) -> _Point:
        gain = np.maximum(price[costs.row] - costs.cost, 0.0)
        worth = sums(costs.site, gain, costs.sites)
        rank = np.lexsort((np.arange(costs.sites), -worth, ~kept))
        opened = np.zeros(costs.sites, dtype=bool)
        opened[rank[: costs.p]] = True
        return cls(price, float(price.sum() - worth[opened].sum()), worth, opened)


class _Climb:
    """Steps along a remembered direction of ascent."""

    def __init__(self, costs: Costs, kept: Flags, point: _Point) -> None:
        self.costs, self.kept = costs, kept
        self.restart(point)

    def restart(self, point: _Point) -> None:
        """Go back to a point and forget the direction."""
        self.point = point
        self.direction = np.zeros(len(point.price))

    def step(self, share: float, goal: float) -> bool:
        """Go a share of the way to a goal (Polyak step); False at the top."""
        costs, point = self.costs, self.point
        slope = costs.slope(point.price, point.opened)
        if not slope.any():
            return False
        direction = slope + _MEMORY * self.direction
        rise = float(direction @ slope)
        if rise <= 0:
            direction, rise = slope, float(slope @ slope)
        length = share * max(goal - point.bound, _TINY * abs(goal)) / rise
        price = np.clip(point.price + length * direction, 0.0, costs.without)
        self.point, self.direction = _Point.at(costs, self.kept, price), direction
        return True


def price_out(costs: Costs, kept: Flags, start: Flags, solver: Solver) -> Dual:
    """Raise the bound by a deflected subgradient from the choice ``start``.

    Ends when the bound meets the best cost, the step has shrunk, or the time is up.
    """
    opened, value = start, costs.total(start)
    price = np.minimum(costs.near_two(start)[2], costs.farthest())
    top = _Point.at(costs, kept, price)
    climb, step, failures = _Climb(costs, kept, top), _FIRST_STEP, 0
    for _ in range(_ROUNDS):
        if costs.meets(top.bound, value) or step < _LAST_STEP or solver.left_s <= 0:
            break
        if not climb.step(step, value):
            break
        if costs.total(climb.point.opened) < value:
            opened = improved(costs, kept, climb.point.opened, solver)
            value = costs.total(opened)
        failures += 1
        if climb.point.bound > top.bound + _TINY * abs(top.bound):
            top, failures = climb.point, 0
        if failures >= _PATIENCE:
            step, failures = step * _SHRINK, 0
            climb.restart(top)
    return Dual(top.price, top.bound, top.worth, opened, value)


def probed(costs: Costs, kept: Flags, dual: Dual, solver: Solver) -> Costs:
    """Rule out sites by opening each in turn: the bound then meets the best cost.

    Returns the costs without the pairs of such sites; without any pair, no choice is better
    than the best one known.
    """
    work = 0
    for _ in range(_PROBE_PASSES):
        before = len(costs.row)
        sites = np.unique(costs.site[~kept[costs.site]])
        for site in sites[np.argsort(dual.worth[sites], kind="stable")].tolist():
            work += _PROBE_ROUNDS * len(costs.row)
            if work > _PROBE_WORK or solver.left_s <= 0:
                return costs
            if _hopeless(costs, kept, dual, site):
                costs = costs.only(costs.site != site)
        if len(costs.row) == before:
            break
    return costs


def _hopeless(costs: Costs, kept: Flags, dual: Dual, site: int) -> bool:
    """Whether every choice with a site costs at least as much as the best one known."""
    with_it = kept.copy()
    with_it[site] = True
    climb = _Climb(costs, with_it, _Point.at(costs, with_it, dual.price))
    for _ in range(_PROBE_ROUNDS):
        if costs.meets(climb.point.bound, dual.value):
            return True
        if not climb.step(1.0, dual.value):
            break
    return False
