"""The value of a plan by its objective, counted from its stations at full resolution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from siting.arrays import sums
from siting.optimize.classic.coverage import zone_shares
from siting.optimize.classic.p_center import farthest
from siting.optimize.classic.reach import Reach
from siting.optimize.problem.solution import Outcome, gap_between, status_of

if TYPE_CHECKING:
    from siting.arrays import Flags, Floats, Ints
    from siting.optimize.problem.problem import SitingProblem


def goal_value(problem: SitingProblem, sites: Ints, chargers: Ints) -> float:
    """Return the value of a plan by the objective of its problem.

    Parameters
    ----------
    problem
        The problem at full resolution.
    sites, chargers
        Positions of the open sites, and the chargers of each.

    Returns
    -------
    float
        ``max_cover``, ``max_min``: a share; ``p_median``, ``p_center``: metres; ``set_cover``:
        stations; ``min_cost``: cost in the unit of ``problem.costs``.
    """
    name = problem.goal.name
    if name == "set_cover":
        return float(len(sites))
    if name == "min_cost":
        return plan_cost(problem, sites, chargers)
    return _BY_SITES[name](problem, sites)


def goal_outcome(
    problem: SitingProblem,
    plan: tuple[Ints, Ints],
    bound: float,
    *,
    asked_share: float,
    solver: str,
) -> Outcome:
    """Say what is proven about a plan of an objective of its own.

    Parameters
    ----------
    problem
        The problem at full resolution.
    plan
        Open sites and their chargers.
    bound
        Limits the value of every plan, from below where the objective is minimised.
    asked_share
        The gap asked for.
    solver
        Name of the solver that ran.
    """
    value = goal_value(problem, *plan)
    bound = min(bound, value) if problem.goal.least else max(bound, value)
    gap = gap_between(value, bound)
    return Outcome(
        status=status_of(gap, asked_share),
        value=value,
        bound=bound,
        gap_share=gap,
        reduced_value=value,
        reduced_bound=bound,
        reduced_gap_share=gap,
        solver=solver,
        objective=problem.goal.name,
    )


def reach_of(problem: SitingProblem) -> Reach:
    """Return the pairs in reach as the classic models take them: metres, and demand in kWh/day."""
    counts = np.bincount(problem.pair_demand, minlength=len(problem.demand_kwh))
    parts = (problem.pair_distance_m, problem.pair_site, np.r_[0, np.cumsum(counts)])
    shape = (len(problem.demand_kwh), len(problem.site_id))
    matrix = sparse.csr_array(parts, shape=shape)
    return Reach(matrix, problem.demand_id, problem.site_id, problem.demand_kwh)


def times_covered(problem: SitingProblem, sites: Ints, within_m: float) -> Ints:
    """Return how many open sites each demand point has within a distance."""
    return reach_of(problem).within(within_m).times_covered(_flags(problem, sites))


def covered_worth(problem: SitingProblem, sites: Ints) -> float:
    """Return what is covered as a share of covering everybody, twice where a backup counts."""
    goal, total = problem.goal, 0.0
    for within_m, worth in goal.radii:
        times = times_covered(problem, sites, within_m)
        first, second = problem.demand_kwh @ (times > 0), problem.demand_kwh @ (times > 1)
        total += worth * float(first + goal.backup * second)
    return total / most_worth(problem)


def most_worth(problem: SitingProblem) -> float:
    """Return what covering everybody, and twice where a backup counts, is worth (kWh/day)."""
    worths = sum(worth for _, worth in problem.goal.radii)
    return problem.total_kwh * worths * (1 + problem.goal.backup)


def mean_way_m(problem: SitingProblem, sites: Ints) -> float:
    """Return the mean distance to the nearest open site, by demand (m)."""
    nearest_m = reach_of(problem).nearest(_flags(problem, sites))[1]
    far = np.minimum(nearest_m, problem.goal.unserved_m)
    return float(problem.demand_kwh @ far) / problem.total_kwh


def farthest_m(problem: SitingProblem, sites: Ints) -> float:
    """Return the distance of the farthest demand point that some site may serve (m)."""
    return farthest(reach_of(problem), sites, problem.goal.unserved_m)


def covered_shares(problem: SitingProblem, sites: Ints) -> Floats:
    """Return the covered share of each zone's demand; NaN where a zone has none."""
    covered = times_covered(problem, sites, problem.goal.within_m) > 0
    return zone_shares(problem.demand_kwh, covered, problem.demand_zone, zone_need(problem))


def zone_need(problem: SitingProblem) -> Floats:
    """Return the demand of each zone, kWh/day."""
    return sums(problem.demand_zone, problem.demand_kwh, len(problem.zone_id))


def worst_zone(problem: SitingProblem, sites: Ints) -> float:
    """Return the covered share of the zone where it is least."""
    return float(np.nanmin(covered_shares(problem, sites)))


def plan_cost(problem: SitingProblem, sites: Ints, chargers: Ints) -> float:
    """Return the cost of the new stations and the new chargers."""
    fresh = chargers - problem.existing_chargers[sites]
    opened = ~problem.forced[sites]
    costs = problem.costs
    return float(costs.station[sites] @ opened + costs.charger[sites] @ fresh)


_BY_SITES = {
    "max_cover": covered_worth,
    "p_median": mean_way_m,
    "p_center": farthest_m,
    "max_min": worst_zone,
}


def _flags(problem: SitingProblem, sites: Ints) -> Flags:
    opened = np.zeros(len(problem.site_id), dtype=bool)
    opened[sites] = True
    return opened


@dataclass(frozen=True, eq=False)
class Chosen:
    """The stations, and a bound on the objective of every plan.

    Attributes
    ----------
    sites
        Positions of the open sites, sorted.
    bound
        Limits the objective from above, or from below where it is minimised.
    cut
        Whether the clock ended the search.
    sizing
        The problem to size and fill the stations by, where the objective adds a rule to it.
    """

    sites: Ints
    bound: float
    cut: bool
    sizing: SitingProblem | None = None
