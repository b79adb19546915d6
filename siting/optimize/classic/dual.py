"""A lower bound of the p-median problem from prices, and what it rules out.

Relax "every demand point is assigned once" with prices ``u_i`` (Narula, Ogbu and Samuelsson,
"An algorithm for the p-median problem", Operations Research 25, 1977; Beasley, "A note on
solving large p-median problems", EJOR 21, 1985). With the costs ``c_ij = w_i d_ij``

    worth_j(u) = sum_i max(0, u_i - c_ij)
    bound(u) = sum_i u_i - (the p largest worth_j)

is at most the cost of every choice of p sites. A site, or a pair, that would lift the bound to
the best cost known cannot be part of a better choice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from siting.arrays import sums
from siting.optimize.classic.interchange import Costs, improved

if TYPE_CHECKING:
    from siting.arrays import Flags, Floats
    from siting.optimize.solver.solver import Door

_FIRST_STEP = 1.5
_LAST_STEP = 2e-3
_SHRINK = 0.6
_PATIENCE = 12
_ROUNDS = 1500
_MEMORY = 0.5
_TINY = 1e-9
_PROBE_ROUNDS = 40
_PROBE_PASSES = 4
_PROBE_WORK = 5e8
"""Pairs looked at while probing, at most: a few seconds."""


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


def price_out(costs: Costs, kept: Flags, start: Flags, door: Door) -> Dual:
    """Raise the bound by a deflected subgradient from the choice ``start``.

    Ends when the bound meets the best cost, the step has shrunk, or the time is up.
    """
    opened, value = start, costs.total(start)
    price = np.minimum(costs.near_two(start)[2], costs.farthest())
    top = _Point.at(costs, kept, price)
    climb, step, failures = _Climb(costs, kept, top), _FIRST_STEP, 0
    for _ in range(_ROUNDS):
        if costs.meets(top.bound, value) or step < _LAST_STEP or door.left_s <= 0:
            break
        if not climb.step(step, value):
            break
        if costs.total(climb.point.opened) < value:
            opened = improved(costs, kept, climb.point.opened, door)
            value = costs.total(opened)
        failures += 1
        if climb.point.bound > top.bound + _TINY * abs(top.bound):
            top, failures = climb.point, 0
        if failures >= _PATIENCE:
            step, failures = step * _SHRINK, 0
            climb.restart(top)
    return Dual(top.price, top.bound, top.worth, opened, value)


def probed(costs: Costs, kept: Flags, dual: Dual, door: Door) -> Costs:
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
            if work > _PROBE_WORK or door.left_s <= 0:
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
