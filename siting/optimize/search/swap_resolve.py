"""What a swap station is worth: the best choices with it and without it.

The covering model is solved again with the station demanded or banned, and every exchange of one
station for one other is tried besides. All are valued alike, at full resolution.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from siting.arrays import sums
from siting.errors import NoPlanError
from siting.optimize.problem.linear_rules import Rules, row_of
from siting.optimize.search.legal import swaps_are_legal
from siting.optimize.search.resolve import DEMANDED
from siting.optimize.search.subproblem import flags_of
from siting.optimize.swap import RADII, swap_cover

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siting.arrays import Flags, Floats, Ints
    from siting.optimize.problem.problem import SitingProblem
    from siting.optimize.solver.solver import Solver


@dataclass(frozen=True, eq=False)
class SwapChoice:
    """A legal choice of swap stations and its worth, a share of all demand."""

    sites: Ints
    worth: float


def swap_worth(problem: SitingProblem, sites: Ints) -> float:
    """Return the worth of covering: ``sum_r b_r`` of the share of demand within radius ``r``."""
    total = problem.total_kwh or 1.0
    return float(problem.swap_need @ _worth_within(problem, nearest_m(problem, sites))) / total


def nearest_m(problem: SitingProblem, sites: Ints) -> Floats:
    """Return the way to the nearest of some swap sites, by demand point (m); inf if none."""
    result = np.full(len(problem.demand_kwh), np.inf)
    pairs = flags_of(problem, sites)[problem.swap_pair_site]
    np.minimum.at(result, problem.swap_pair_demand[pairs], problem.swap_pair_distance_m[pairs])
    return result


def only_swap_in_reach(problem: SitingProblem, sites: Ints, site: int) -> Flags:
    """Return the demand points that no other swap station has in reach."""
    others = np.isfinite(nearest_m(problem, sites[sites != site]))
    return np.isfinite(nearest_m(problem, np.array([site]))) & ~others


def compare_swap(
    problem: SitingProblem, sites: Ints, site: int, solver: Solver
) -> tuple[SwapChoice | None, SwapChoice | None]:
    """Return the best choices found with a swap station at a site and without one.

    Parameters
    ----------
    problem
        The problem.
    sites
        Swap stations of the plan, sorted.
    site
        A site where a new swap station may stand.
    solver
        The solver.
    """
    row = row_of(DEMANDED, "a swap station at {site}", {"site": problem.site_id[site]}, [site],
                 "=", 1, opens=1.0)  # fmt: skip
    rules = problem.swap_rules
    demanded = replace(problem, swap_rules=Rules((*rules.rows, row), rules.promises))
    banned = _without(problem, site)
    found: dict[bool, list[Ints]] = {True: [], False: []}
    found[site in sites].append(sites)
    for other in _exchanges(problem, sites, site):
        found[site in other].append(other)
    for changed, side in ((demanded, True), (banned, False)):
        try:
            found[side].append(swap_cover(changed, solver).sites)
        except NoPlanError:
            continue
    return _best(problem, found[True]), _best(problem, found[False])


def too_near(problem: SitingProblem, sites: Ints, site: int) -> Ints:
    """Return the swap stations nearer to a site than the spacing."""
    others = sites[sites != site]
    away = np.hypot(*(problem.site_xy[others] - problem.site_xy[site]).T)
    return others[away < problem.swap_spacing_m]


def _best(problem: SitingProblem, choices: list[Ints]) -> SwapChoice | None:
    worths = [swap_worth(problem, sites) for sites in choices]
    if not worths:
        return None
    best = int(np.argmax(worths))
    return SwapChoice(choices[best], worths[best])


def _without(problem: SitingProblem, site: int) -> SitingProblem:
    allowed = problem.swap_ok.copy()
    allowed[site] = False
    kept = problem.swap_pair_site != site
    return replace(
        problem,
        swap_ok=allowed,
        swap_pair_demand=problem.swap_pair_demand[kept],
        swap_pair_site=problem.swap_pair_site[kept],
        swap_pair_distance_m=problem.swap_pair_distance_m[kept],
    )


def _exchanges(problem: SitingProblem, sites: Ints, site: int) -> Iterator[Ints]:
    """Yield the legal choices one exchange away: the site for a station, or one for the site.

    Of the sites that may take the station's place only the best legal one is yielded.
    """
    if site not in sites:
        movable = sites[~problem.existing_swap[sites]]
        for other in movable.tolist():
            choice = np.sort(np.r_[sites[sites != other], site])
            if swaps_are_legal(problem, choice):
                yield choice
        return
    rest = sites[sites != site]
    worth = _added(problem, rest)
    fresh = np.setdiff1d(np.flatnonzero(problem.swap_ok), sites)
    for other in fresh[np.lexsort((fresh, -worth[fresh]))].tolist():
        choice = np.sort(np.r_[rest, other])
        if swaps_are_legal(problem, choice):
            yield choice
            return


def _added(problem: SitingProblem, rest: Ints) -> Floats:
    """Return what each site would add to some swap stations (kWh/day of worth)."""
    now = _worth_within(problem, nearest_m(problem, rest))
    here = _worth_within(problem, problem.swap_pair_distance_m)
    more = np.maximum(here - now[problem.swap_pair_demand], 0.0)
    more = more * problem.swap_need[problem.swap_pair_demand]
    return sums(problem.swap_pair_site, more, len(problem.site_id))


def _worth_within(problem: SitingProblem, distance_m: Floats) -> Floats:
    result = np.zeros(len(distance_m))
    for share, value in RADII:
        result += value * (distance_m <= share * problem.swap_cutoff_m)
    return result
