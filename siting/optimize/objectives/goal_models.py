"""The models of the objectives: the classic formulations under every rule of the scenario.

The rules are those of :func:`siting.optimize.model.selection.station_rules`; what each objective
asks for is written by :mod:`siting.optimize.classic.formulation`, with its algebra and sources.
Demand points are covered along the road, known pairs only. Points with the same sites near are one
row; points that an existing station covers are covered whatever opens.

``p_median`` minimises ``sum_i d_i min(U, min_{j open} distance_ij)`` and ``p_center``
``max_i min(U, min_{j open} distance_ij)`` over the demand points that some site may serve, with the
distance ``U`` of demand that has no open station in reach (Hakimi, "Optimum locations of switching
centers and the absolute centers and medians of a graph", Operations Research 12, 1964).

The p-median is the joint model of a problem where distance alone counts and no station runs short,
so its Lagrangian bound is the joint one without capacities
(:mod:`siting.optimize.bound`). The p-center is found by halving the distances
(:func:`siting.optimize.classic.p_center.least_radius`); of the sets that reach the answer the one
is taken that the joint bound wishes for most.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from siting.arrays import sums
from siting.optimize.bound import (
    Descent,
    PricedRows,
    Relaxation,
    SiteWorths,
    prices_from,
    uniform_wish,
)
from siting.optimize.classic import formulation
from siting.optimize.classic.coverage import Coverage
from siting.optimize.classic.formulation import Levels, Ways
from siting.optimize.classic.p_center import Tried, least_radius
from siting.optimize.model.selection import infeasible, select_stations, station_rules, try_model
from siting.optimize.objectives.measure import Chosen, mean_way_m, reach_of, zone_need
from siting.optimize.problem.solution import PROVEN, gap_between
from siting.optimize.solver.solver import State

if TYPE_CHECKING:
    from siting.arrays import Floats
    from siting.optimize.model.selection import StationModel
    from siting.optimize.problem.problem import SitingProblem
    from siting.optimize.solver.solver import Option, Solver


def demand_coverage(
    problem: SitingProblem, within_m: float, *, by_zone: bool = False, twice: bool = False
) -> Coverage:
    """Return what is to be covered within a distance, in kWh/day.

    Parameters
    ----------
    problem
        The problem.
    within_m
        The distance along the road (m), itself included.
    by_zone
        Keep the demand of different zones apart.
    twice
        Keep the rows of existing stations too: a second station may be worth something.
    """
    zone = problem.demand_zone if by_zone else None
    whole = Coverage.within(reach_of(problem), within_m, zone)
    sure = problem.demand_kwh <= 0
    if not twice:
        sure |= whole.times(problem.forced) > 0
    return whole.fewer(sure)


def max_cover_model(problem: SitingProblem) -> tuple[StationModel, float]:
    """Write maximal covering at every distance; return it with the worth that is sure (kWh/day)."""
    model, backup = station_rules(problem, "max_cover"), problem.goal.backup
    terms: formulation.Terms = []
    sure = 0.0
    for number, (within_m, worth) in enumerate(problem.goal.radii):
        part = demand_coverage(problem, within_m, twice=backup > 0).scaled(worth, backup * worth)
        sure += float(part.sure.sum())
        terms += formulation.cover_most(model, part, ring=f"{number}_")
    formulation.maximise(model, terms)
    return model, sure


def set_cover_model(problem: SitingProblem) -> StationModel:
    """Write the fewest stations; the promise of coverage is one of the rules."""
    model = station_rules(problem, "set_cover")
    formulation.cost_least(model, np.ones(len(problem.site_id)))
    return model


def min_cost_model(problem: SitingProblem) -> tuple[StationModel, float]:
    """Write the least cost; return it with the unit of cost, the largest cost of a site.

    minimise ``sum_j f_j open_j + c_j (chargers_j - existing_j open_j)``, ``f_j = 0`` where a
    station exists; limits and total of the chargers are among the rules.
    """
    model = station_rules(problem, "min_cost", count_chargers=True)
    station = np.where(problem.forced, 0.0, problem.costs.station)
    charger = problem.costs.charger
    unit = float(max(station.max(initial=0.0), charger.max(initial=0.0))) or 1.0
    opening = (station - charger * problem.existing_chargers) / unit
    formulation.cost_least(model, opening, charger / unit)
    return model, unit


def max_min_model(problem: SitingProblem, part: Coverage, levels: Levels) -> StationModel:
    """Write the raising of the worst zones, of all demand where none is left to raise."""
    model = station_rules(problem, "max_min")
    formulation.raise_worst(model, part, zone_need(problem), levels, name="raised")
    return model


def everyone_within(problem: SitingProblem, within_m: float) -> StationModel:
    """Write that everyone who can be served has a station within a distance."""
    model = station_rules(problem, "p_center")
    formulation.cover_all(model, demand_coverage(problem, within_m).near, name="center")
    return model


def ways_only(problem: SitingProblem) -> SitingProblem:
    """Return the problem in which a kWh is worth ``1 - distance / U`` and scores nothing.

    ``U`` is the distance of demand that has no open station in reach. The mean way is
    ``U (1 - value)``.
    """
    return replace(
        problem,
        distance_discount=1.0,
        suitability_weight=0.0,
        cutoff_m=problem.goal.unserved_m,
    )


def p_median_model(ways: SitingProblem) -> StationModel:
    """Write the p-median of a problem of :func:`ways_only`, as way saved (kWh/day)."""
    model = station_rules(ways, "p_median")
    worth = ways.pair_worth * ways.pair_kwh
    share = ways.pair_kwh / np.maximum(ways.demand_kwh[ways.pair_demand], 1e-12)
    some = ways.demand_kwh[ways.pair_demand] > 0
    pairs = Ways(
        ways.pair_demand[some],
        ways.pair_site[some],
        (worth / np.maximum(share, 1e-12))[some],
        share[some],
    )
    rows = np.unique(pairs.demand).tolist()
    formulation.go_nearest(model, pairs, rows, name="demand")
    return model


EXACT_PAIRS = 5_000
_EXACT_NODES = 2_000
_ROUNDS = 6
_STEPS = 100
_RESERVE_SHARE = 0.15
_WISH_STEPS = 40
_AIM = 0.95


class WaysRelaxation(Relaxation):
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
    return Descent(WaysRelaxation(ways), prices_from(ways, wish), wish)


def p_median(problem: SitingProblem, solver: Solver, asked: float) -> Chosen:
    """Choose the stations: a small problem whole, a large one by the falling bound's wishes."""
    ways = ways_only(problem)
    if len(ways.pair_demand) > EXACT_PAIRS:
        return _followed(problem, ways, solver, asked)
    model = p_median_model(ways)
    options: dict[str, Option] = {"mip_max_nodes": _EXACT_NODES} if solver.name == "highs" else {}
    answer = solver.until(solver.left_s / 2).maximise(model.lp, gap_share=PROVEN / 10, **options)
    if answer.state is State.INFEASIBLE:
        raise infeasible(problem, solver)
    known = problem.goal.unserved_m * (1 - answer.bound / ways.total_kwh)
    if answer.proven:
        return Chosen(model.chosen(), known, cut=False)
    # What was proven by then still holds.
    found = _followed(problem, ways, solver, asked)
    both = [found.sites, model.chosen()] if answer.usable else [found.sites]
    best = min(both, key=lambda sites: mean_way_m(problem, sites))
    return Chosen(best, max(found.bound, known), cut=found.cut)


def _followed(problem: SitingProblem, ways: SitingProblem, solver: Solver, asked: float) -> Chosen:
    """Let the bound fall and select what its prices wish for, until the gap is small enough."""
    unserved_m, down = problem.goal.unserved_m, descent(ways)
    best = select_stations(ways, uniform_wish(ways), solver)
    limit_s = solver.left_s
    bound = 0.0
    for _ in range(_ROUNDS):
        value = 1 - mean_way_m(problem, best) / unserved_m
        proof = down.run(
            _STEPS, value, out_of_time=lambda: solver.left_s < _RESERVE_SHARE * limit_s
        )
        bound = unserved_m * (1 - proof.bound)
        if solver.left_s < _RESERVE_SHARE * limit_s:
            return Chosen(best, bound, cut=True)
        found = select_stations(ways, proof.wish, solver)
        best = min(best, found, key=lambda sites: mean_way_m(problem, sites))
        if gap_between(mean_way_m(problem, best), bound) <= asked:
            break
    return Chosen(best, bound, cut=False)


def p_center(problem: SitingProblem, solver: Solver, asked: float) -> Chosen:
    """Choose the stations whose farthest demand point is nearest, of those the wished ones."""
    wish = _joint_wish(problem, solver)

    def within(distance_m: float) -> Tried:
        answer, sites = try_model(everyone_within(problem, distance_m), wish, solver)
        proven = answer.proven or answer.state is State.INFEASIBLE
        return Tried(sites if answer.usable else None, proven)

    found = least_radius(
        reach_of(problem),
        select_stations(problem, wish, solver),
        problem.openable,
        within,
        solver=solver,
        gap_share=asked,
        unserved=problem.goal.unserved_m,
    )
    return Chosen(found.sites, found.bound, found.cut)


def _joint_wish(problem: SitingProblem, solver: Solver) -> Floats:
    wish = uniform_wish(problem)
    descent = Descent(Relaxation(problem), prices_from(problem, wish), wish)
    aim = _AIM * descent.bound / max(problem.total_kwh, 1e-12)
    return descent.run(_WISH_STEPS, aim, out_of_time=lambda: solver.left_s <= 0).wish
