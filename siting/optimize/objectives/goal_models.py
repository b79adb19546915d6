"""The models of the objectives: the classic formulations under every rule of the scenario.

The rules are those of :func:`siting.optimize.model.stations.station_rules`; what each objective
asks for is written by :mod:`siting.optimize.classic.formulation`, with its algebra and sources.
Demand points are covered along the road, known pairs only. Points with the same sites near are one
row; points that an existing station covers are covered whatever opens.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from siting.optimize.classic import formulation
from siting.optimize.classic.coverage import Coverage
from siting.optimize.classic.formulation import Levels, Ways
from siting.optimize.model.stations import station_rules
from siting.optimize.objectives.measure import reach_of, zone_need

if TYPE_CHECKING:
    from siting.optimize.model.stations import StationModel
    from siting.optimize.problem.problem import SitingProblem


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
