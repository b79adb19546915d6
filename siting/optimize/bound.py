"""An upper bound valid at full resolution, and the wish that leads to a good plan.

Lagrangian relaxation (Geoffrion 1974; for capacitated location: Beasley, "Lagrangean heuristics
for location problems", EJOR 65, 1993). Relax ``sum_j serve_ij <= d_i`` with prices ``u_i >= 0``,
``sum_j chargers_j = N`` with a free price ``p``, and the rules' rows in which chargers stand with
prices ``q`` (:class:`PricedRows`). Then for all prices

    bound(u, p, q) = sum_i u_i d_i + p N + sum_k q_k r_k
                     + max_y sum_j (v_j(u, p, q) + D bonus_j) y_j

is at least the value of every plan. ``v_j`` is site j alone: a fractional knapsack of the
pairs with ``w_ij > u_i``, best first, up to the energy of its chargers. By charging occasion each
pool of charger classes has a knapsack of its own, and they share the chargers: ``v_j = max_n
sum_c K_jc(kwh_jc n) - (p + sum_k q_k b_kj) n`` with ``min_j <= n <= max_j``. Each ``K_jc`` is
concave and piecewise linear in ``n``, so the sum is, and its slope says where to stop. The choice
``y`` of the stations is a small linear program under count, cliques, floors, charger room and the
rows of the scenario's rules; where chargers stand in a row it is loosened there to what the limits
of its sites allow, and promises to a share are left out, which keeps the bound a bound. Its
bound is recomputed from the dual values, so a solver's tolerance cannot make it invalid.

The prices fall by a deflected subgradient (Polyak step, memory of directions, back to the best
prices when failures led far above them). The average of the choices met on the way tends to
the primal solution of the relaxation (Barahona and Anbil, "The volume algorithm", 2000).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import sparse

from siting.arrays import first_of_each, running_before, sums
from siting.optimize.problem.inner_problem import Choice

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from siting.arrays import Floats
    from siting.optimize.problem.linear_rules import LinearRule
    from siting.optimize.problem.problem import SitingProblem

_MEMORY = 0.7
_FAILURES = 6
_SHRINK = 0.8
_STRAY = 0.5
_FIRST_STEP = 0.5
_AVERAGE = 0.1
_MARGIN = 0.1
_BURST = 20
_TINY = 1e-9
_LOWEST = {"<=": 0.0, "=": -np.inf, ">=": -np.inf}
_HIGHEST = {"<=": np.inf, "=": np.inf, ">=": 0.0}


@dataclass(frozen=True, eq=False)
class Prices:
    """Price of each demand point's energy (worth per kWh), of a charger (kWh), and of each row.

    Rows are those of :class:`PricedRows` (kWh per unit of the
    row); none given: all 0.
    """

    demand: Floats
    charger: float
    rows: Floats = field(default_factory=lambda: np.zeros(0))


@dataclass(frozen=True, eq=False)
class Proof:
    """A bound on the value of every plan, its prices, and the stations they wish for (0..1)."""

    bound: float
    prices: Prices
    wish: Floats


class SiteWorths(NamedTuple):
    """What each site would do alone at given prices."""

    worth: Floats
    serve: Floats
    fewest: Floats
    most: Floats


class PricedRows:
    """The rows of a problem's rules in which chargers stand, as prices.

    A row ``sum_j a_kj open_j + b_kj chargers_j <= r_k`` relaxed with a price ``q_k >= 0`` (at most
    0 for ``>=``, free for ``=``) makes a charger of site j dearer by ``sum_k q_k b_kj``, its
    opening by ``sum_k q_k a_kj``, and adds ``sum_k q_k r_k`` to the bound. Money and the power of
    substations are such rows; loosened to the limits of the sites alone they bind nearly nobody.

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


class Relaxation:
    """The relaxed problem, ready to be evaluated at many prices.

    Parameters
    ----------
    problem
        The problem at full resolution.
    """

    def __init__(self, problem: SitingProblem) -> None:
        self.problem = problem
        self.demand = problem.pair_demand.astype(np.intp)
        self.site = problem.pair_site.astype(np.intp)
        self.slot = problem.pair_slot.astype(np.intp)
        self.worth = problem.pair_worth
        self.most_kwh = np.minimum(problem.pair_kwh, problem.slot_most_kwh[self.slot])
        self.slot_kwh = np.maximum(problem.slot_kwh, _TINY)
        self.bonus = problem.site_bonus * problem.total_kwh
        self.choice = Choice(problem)
        self.rows = PricedRows(problem)

    def narrowed(self, floor: Floats) -> Relaxation:
        """Return the relaxation without the pairs that never gain at demand prices above a floor.

        There it is the same function, and several times quicker.
        """
        keep = self.worth > floor[self.demand]
        small = object.__new__(type(self))
        small.__dict__.update(self.__dict__)
        small.demand, small.site, small.slot = self.demand[keep], self.site[keep], self.slot[keep]
        small.worth, small.most_kwh = self.worth[keep], self.most_kwh[keep]
        return small

    def evaluate(self, prices: Prices) -> tuple[float, Floats, Prices]:
        """Return the bound (kWh), the choice ``y``, and its slope in each price."""
        problem = self.problem
        row_prices = prices.rows if len(prices.rows) else self.rows.none()
        open_cost, charger_cost = self.rows.costs(row_prices)
        sites = self._sites(prices.demand, prices.charger + charger_cost)
        y, chosen = self.choice.best(sites.worth - open_cost + self.bonus)
        bound = float(prices.demand @ problem.demand_kwh) + prices.charger * problem.chargers
        bound += float(row_prices @ self.rows.rhs)
        amount = sites.serve * y[self.site]
        served = sums(self.demand, amount, len(problem.demand_kwh))
        used = np.clip(problem.chargers, float(sites.fewest @ y), float(sites.most @ y))
        slope = Prices(
            problem.demand_kwh - served,
            float(problem.chargers - used),
            self.rows.slope(row_prices, self.rows.left(y, sites.most * y)),
        )
        return bound + chosen, y, slope

    def _sites(self, price: Floats, charger: Floats) -> SiteWorths:
        """Fill each site's knapsacks at the price of energy and that of its own chargers."""
        problem, count = self.problem, len(self.problem.site_id)
        gain = self.worth - price[self.demand]
        limit = problem.slot_most_kwh
        if (charger > 0).any():
            room = self._room_of_one if problem.classes == 1 else self._room
            limit = room(gain, charger)
        serve = self._filled(gain, limit)
        load = sums(self.slot, serve, len(limit))
        need = (load / self.slot_kwh).reshape(count, -1).max(axis=1)
        fewest = np.clip(need, problem.min_chargers, problem.max_chargers)
        most = np.where(charger <= 0, problem.max_chargers.astype(float), fewest)
        fewest = np.where(charger < 0, most, fewest)
        worth = sums(self.site, gain * serve, count) - charger * most
        return SiteWorths(worth, serve, fewest, most)

    def _room_of_one(self, gain: Floats, charger: Floats) -> Floats:
        """Return the energy worth its chargers at each site where any charger serves all (kWh)."""
        problem, kwh, most = self.problem, self.slot_kwh, self.problem.slot_most_kwh
        wanted = gain > (charger / kwh)[self.site]
        energy = sums(self.site, np.where(wanted, self.most_kwh, 0.0), len(most))
        return np.where(charger > 0, np.clip(energy, problem.min_chargers * kwh, most), most)

    def _room(self, gain: Floats, charger: Floats) -> Floats:
        """Return the energy of each slot at the chargers that are worth their price (kWh).

        One charger more of site j brings ``sum_c kwh_jc g_c - price_j`` while the next pair of
        pool c has the gain ``g_c``; each pair that ends lowers that slope by its pool's step.
        """
        problem, count = self.problem, len(self.problem.site_id)
        live = np.flatnonzero((gain > 0) & (charger > 0)[self.site])
        live = live[np.lexsort((-gain[live], self.slot[live]))]
        slot, site, height = self.slot[live], self.site[live], gain[live]
        kwh, amount = self.slot_kwh[slot], self.most_kwh[live]
        ends = (running_before(slot, amount) + amount) / kwh
        first = first_of_each(slot)
        after = np.append(np.where(first, 0.0, height)[1:], 0.0)[: len(height)]
        steps = kwh * (height - after)
        slope = sums(site[first], (kwh * height)[first], count) - charger
        order = np.lexsort((ends, site))
        at, step = site[order], steps[order]
        left = slope[at] - running_before(at, step) - step
        going = np.zeros(count)
        more = order[left > 0]
        stop = order[left <= 0]
        # the first end at which the slope is no longer up; where rounding hides it, the last end
        np.maximum.at(going, site[more], ends[more])
        worthwhile = np.full(count, np.inf)
        np.minimum.at(worthwhile, site[stop], ends[stop])
        worthwhile = np.where(np.isinf(worthwhile), going, worthwhile)
        worthwhile = np.where(slope > 0, worthwhile, 0.0)
        chargers = np.clip(worthwhile, problem.min_chargers, problem.max_chargers)
        chargers = np.where(charger > 0, chargers, problem.max_chargers)
        return problem.slot_kwh * np.repeat(chargers, problem.classes)

    def _filled(self, gain: Floats, limit: Floats) -> Floats:
        """Serve pairs with a gain, the best first, up to each slot's limit (kWh)."""
        serve = np.where(gain > 0, self.most_kwh, 0.0)
        load = sums(self.slot, serve, len(limit))
        crowded = load > limit + _TINY
        members = np.flatnonzero(crowded[self.slot] & (gain > 0))
        if not len(members):
            return serve
        order = members[np.lexsort((-gain[members], self.slot[members]))]
        room = limit[self.slot[order]] - running_before(self.slot[order], serve[order])
        serve[order] = np.clip(room, 0.0, serve[order])
        return serve


def prices_from(problem: SitingProblem, wish: Floats) -> Prices:
    """Start prices from (fractional) open stations.

    Each demand point's price is the worth of its marginal site: of its sites from the best on,
    the one where the open shares add up to a whole station; 0 where they never do.
    """
    order = np.lexsort((-problem.pair_worth, problem.pair_demand))
    demand, share = problem.pair_demand[order], wish[problem.pair_site[order]]
    whole = running_before(demand, share) + share >= 1.0 - _TINY
    hits = np.flatnonzero(whole)
    points, first = np.unique(demand[hits], return_index=True)
    price = np.zeros(len(problem.demand_kwh))
    price[points] = problem.pair_worth[order[hits[first]]]
    return Prices(price, 0.0)


def uniform_wish(problem: SitingProblem) -> Floats:
    """Return the wish that knows nothing: existing stations whole, all others alike."""
    wish = problem.openable & ~problem.forced
    share = (problem.stations - problem.forced.sum()) / max(int(wish.sum()), 1)
    return np.where(problem.forced, 1.0, np.where(wish, share, 0.0))


class Descent:
    """A falling bound: deflected subgradient steps from given prices.

    Parameters
    ----------
    relaxation
        The relaxed problem.
    prices, wish
        Where to start.
    """

    def __init__(self, relaxation: Relaxation, prices: Prices, wish: Floats) -> None:
        self.relaxation = relaxation
        self.wish = wish
        self.here = self.best = prices
        self.bound = relaxation.evaluate(prices)[0]
        self.step = _FIRST_STEP
        self.failures = 0
        self.slope = Prices(np.zeros(len(prices.demand)), 0.0, relaxation.rows.none())

    def run(self, steps: int, value: float, *, out_of_time: Callable[[], bool]) -> Proof:
        """Take a number of steps and return the best bound so far, valid at full resolution.

        Parameters
        ----------
        steps
            Steps to take, in bursts on the pairs that can matter at prices not far below
            those at the start of the burst; prices stay in that range, so each step is valid.
        value
            Value of the best plan in hand, the aim of the step length.
        out_of_time
            Asked between bursts; the clock is a safety stop, not the usual end.
        """
        total = max(self.relaxation.problem.total_kwh, _TINY)
        for _ in range(-(-steps // _BURST)):
            if out_of_time():
                break
            self._burst(value * total)
        return Proof(self.bound / total, self.best, self.wish)

    def _burst(self, aim: float) -> None:
        self.floor = np.maximum(self.here.demand - _MARGIN, 0.0)
        small = self.relaxation.narrowed(self.floor)
        for _ in range(_BURST):
            bound, y, slope = small.evaluate(self.here)
            self.wish = (1 - _AVERAGE) * self.wish + _AVERAGE * y
            if bound < self.bound:
                self.bound, self.best, self.failures = bound, self.here, 0
            else:
                self.failures += 1
            if self.failures < _FAILURES or not self._strayed(bound, aim):
                self._move(bound, aim, slope)

    def _move(self, bound: float, aim: float, slope: Prices) -> None:
        """Step along the remembered direction, each price in its own scale."""
        problem, rows = self.relaxation.problem, self.relaxation.rows
        weight = np.maximum(problem.demand_kwh, _TINY)
        charger = problem.total_kwh / problem.chargers**2
        old, here = self.slope, self.here
        row_prices = here.rows if len(here.rows) else rows.none()
        way = self.slope = Prices(
            _MEMORY * old.demand + (1 - _MEMORY) * slope.demand,
            _MEMORY * old.charger + (1 - _MEMORY) * slope.charger,
            rows.slope(row_prices, _MEMORY * old.rows + (1 - _MEMORY) * slope.rows),
        )
        norm = float((way.demand / weight) @ way.demand) + charger * way.charger**2
        norm += float(rows.scale @ way.rows**2)
        length = self.step * max(bound - aim, 0.0) / max(norm, _TINY)
        self.here = Prices(
            np.maximum(here.demand - length * way.demand / weight, self.floor),
            self._charger_price(here.charger - length * charger * way.charger),
            rows.kept(row_prices - length * rows.scale * way.rows),
        )

    def _charger_price(self, price: float) -> float:
        """Keep the price of a charger on the side its total binds."""
        sense = self.relaxation.problem.charger_sense
        if sense == "=":
            return price
        return max(price, 0.0) if sense == "<=" else min(price, 0.0)

    def _strayed(self, bound: float, aim: float) -> bool:
        """Shorten the steps, and go back to the best prices if these lie far above them.

        Going back each time gets stuck where the best prices lie in a kink; never going back
        lets the bound swing.
        """
        self.step, self.failures = self.step * _SHRINK, 0
        if bound - self.bound <= _STRAY * (self.bound - aim):
            return False
        best = self.best
        self.here = Prices(np.maximum(best.demand, self.floor), best.charger, best.rows)
        return True
