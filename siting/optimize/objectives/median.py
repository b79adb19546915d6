"""The p-median under every rule: the shortest mean way to the nearest station.

minimise ``sum_i d_i min(U, min_{j open} distance_ij)`` with the distance ``U`` of demand that
has no open station in reach (Hakimi, "Optimum locations of switching centers and the absolute
centers and medians of a graph", Operations Research 12, 1964). In PuLP, with
``w_ij = 1 - distance_ij / U``:

maximise ``sum_ij d_i w_ij serve_ij`` subject to ``sum_j serve_ij <= 1``,
``serve_ij <= open_j`` and every rule about the stations. The mean way is ``U (1 - value / D)``.

This is the joint model of a problem where distance alone counts and no station runs short, so the
Lagrangian bound is the joint one without its capacities (:mod:`siting.optimize.bound.relaxation`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from siting.arrays import groups, sums
from siting.optimize.bound.relaxation import (
    Descent,
    Relaxation,
    SiteWorths,
    prices_from,
    uniform_wish,
)
from siting.optimize.bound.row_prices import PricedRows
from siting.optimize.model.joint import row
from siting.optimize.model.stations import infeasible, select_stations, station_rules
from siting.optimize.objectives.measure import Pick, gap_share, mean_way_m
from siting.optimize.problem.solution import PROVEN
from siting.optimize.solver.solver import State, linear

if TYPE_CHECKING:
    from siting.arrays import Floats
    from siting.optimize.model.stations import StationModel
    from siting.optimize.problem.problem import SitingProblem
    from siting.optimize.solver.solver import Door, Word

EXACT_PAIRS = 5_000
_EXACT_NODES = 2_000
_ROUNDS = 6
_STEPS = 100
_RESERVE_SHARE = 0.15


def ways_only(problem: SitingProblem) -> SitingProblem:
    """Return the problem in which a kWh is worth ``1 - distance / U`` and scores nothing."""
    return replace(
        problem,
        distance_discount=1.0,
        suitability_weight=0.0,
        cutoff_m=problem.goal.unserved_m,
    )


def p_median_model(ways: SitingProblem, *, relaxed: bool = False) -> StationModel:
    """Write the p-median of a problem of :func:`ways_only`; see the module's docstring."""
    rules = station_rules(ways, "p_median", relaxed=relaxed)
    worth = (ways.pair_worth * ways.pair_kwh).tolist()
    share = (ways.pair_kwh / np.maximum(ways.demand_kwh[ways.pair_demand], 1e-12)).tolist()
    sites = ways.pair_site.tolist()
    terms = []
    for demand, pairs in groups(ways.pair_demand):
        if ways.demand_kwh[demand] <= 0:
            continue
        once = []
        for pair in pairs:
            serve = rules.lp.add_variable(f"serve_{demand}_{sites[pair]}", 0)
            doors = [(serve, 1.0), (rules.open[sites[pair]], -share[pair])]
            row(rules.lp, f"link_{demand}_{sites[pair]}", doors, "<", 0)
            once.append((serve, 1.0))
            terms.append((serve, worth[pair] / max(share[pair], 1e-12)))
        row(rules.lp, f"demand_{demand}", once, "<", 1.0)
    nothing = [(variable, 0.0) for variable in rules.open.values()]
    rules.lp.setObjective(linear(terms or nothing))
    return rules


class Ways(Relaxation):
    """The relaxation without capacities: sites serve all that gains, chargers cost nothing."""

    def __init__(self, problem: SitingProblem) -> None:
        super().__init__(problem)
        self.most_kwh = problem.pair_kwh
        self.rows = PricedRows(problem, ())

    def _sites(self, price: Floats, charger: Floats) -> SiteWorths:  # noqa: ARG002  # always 0
        count = len(self.problem.site_id)
        gain = self.worth - price[self.demand]
        serve = np.where(gain > 0, self.most_kwh, 0.0)
        worth = sums(self.site, gain * serve, count)
        # Any number of chargers up to the total: their price stays 0.
        fewest, most = np.zeros(count), np.full(count, float(self.problem.chargers))
        return SiteWorths(worth, serve, fewest, most)


def descent(ways: SitingProblem, wish: Floats | None = None) -> Descent:
    """Return the falling bound of a problem of :func:`ways_only`, from a wish."""
    wish = uniform_wish(ways) if wish is None else wish
    return Descent(Ways(ways), prices_from(ways, wish), wish)


def p_median(problem: SitingProblem, door: Door, asked: float) -> Pick:
    """Choose the stations: a small problem whole, a large one by the falling bound's wishes."""
    ways = ways_only(problem)
    if len(ways.pair_demand) > EXACT_PAIRS:
        return _followed(problem, ways, door, asked)
    rules = p_median_model(ways)
    options: dict[str, Word] = {"mip_max_nodes": _EXACT_NODES} if door.name == "highs" else {}
    answer = door.until(door.left_s / 2).maximise(rules.lp, gap_share=PROVEN / 10, **options)
    if answer.state is State.INFEASIBLE:
        raise infeasible(problem, door)
    known = problem.goal.unserved_m * (1 - answer.bound / ways.total_kwh)
    if answer.proven:
        return Pick(rules.chosen(), known, cut=False)
    # What was proven by then still holds.
    found = _followed(problem, ways, door, asked)
    both = [found.sites, rules.chosen()] if answer.usable else [found.sites]
    best = min(both, key=lambda sites: mean_way_m(problem, sites))
    return Pick(best, max(found.bound, known), cut=found.cut)


def _followed(problem: SitingProblem, ways: SitingProblem, door: Door, asked: float) -> Pick:
    """Let the bound fall and select what its prices wish for, until the gap is small enough."""
    unserved_m, down = problem.goal.unserved_m, descent(ways)
    best = select_stations(ways, uniform_wish(ways), door)
    limit_s = door.left_s
    bound = 0.0
    for _ in range(_ROUNDS):
        value = 1 - mean_way_m(problem, best) / unserved_m
        proof = down.run(_STEPS, value, out_of_time=lambda: door.left_s < _RESERVE_SHARE * limit_s)
        bound = unserved_m * (1 - proof.bound)
        if door.left_s < _RESERVE_SHARE * limit_s:
            return Pick(best, bound, cut=True)
        found = select_stations(ways, proof.wish, door)
        best = min(best, found, key=lambda sites: mean_way_m(problem, sites))
        if gap_share(mean_way_m(problem, best), bound) <= asked:
            break
    return Pick(best, bound, cut=False)
