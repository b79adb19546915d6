"""What each site adds to a set of stations, as if no charger ever ran short.

Quick worths at full resolution for choosing where to look; what is told to people is solved.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from siting.arrays import running_before, sums

if TYPE_CHECKING:
    from siting.arrays import Flags, Floats, Ints
    from siting.optimize.problem.problem import SitingProblem


@dataclass(frozen=True, eq=False)
class Ranked:
    """The nearest and the second nearest open site of each demand point.

    Attributes
    ----------
    first
        Position of the nearest; -1 where none is in reach.
    first_worth, second_worth
        Worth of a kWh served there; 0 where there is none.
    """

    first: Ints
    first_worth: Floats
    second_worth: Floats


def flags_of(problem: SitingProblem, sites: Ints) -> Flags:
    """Return positions as flags over all sites."""
    result = np.zeros(len(problem.site_id), dtype=bool)
    result[sites] = True
    return result


def ordered_pairs(problem: SitingProblem, sites: Ints) -> tuple[Ints, Ints]:
    """Return the pairs of some sites, the best of each demand point first, and their ranks."""
    pairs = np.flatnonzero(flags_of(problem, sites)[problem.pair_site])
    demand, worth = problem.pair_demand[pairs], problem.pair_worth[pairs]
    pairs = pairs[np.lexsort((problem.pair_site[pairs], -worth, demand))]
    rank = running_before(problem.pair_demand[pairs], np.ones(len(pairs)))
    return pairs, rank.astype(np.int64)


def ranked_sites(problem: SitingProblem, sites: Ints) -> Ranked:
    """Rank the open sites of each demand point by worth, the lower position first in a tie."""
    count = len(problem.demand_kwh)
    first = np.full(count, -1, dtype=np.int64)
    worth = np.zeros((2, count))
    pairs, rank = ordered_pairs(problem, sites)
    for place in (0, 1):
        chosen = pairs[rank == place]
        worth[place, problem.pair_demand[chosen]] = problem.pair_worth[chosen]
        if place == 0:
            first[problem.pair_demand[chosen]] = problem.pair_site[chosen]
    return Ranked(first, worth[0], worth[1])


def gains(problem: SitingProblem, ranked: Ranked) -> Floats:
    """Return what each site would add if it were opened as well, as a share of all demand.

    ``sum_i d_i max(0, w_ij - first_i) / D + bonus_j``.
    """
    more = np.maximum(problem.pair_worth - ranked.first_worth[problem.pair_demand], 0.0)
    served = sums(problem.pair_site, more * problem.pair_kwh, len(problem.site_id))
    return served / (problem.total_kwh or 1.0) + problem.site_bonus


def losses(problem: SitingProblem, ranked: Ranked) -> Floats:
    """Return what each open site gives that the second nearest would not.

    ``sum_{i nearest to j} d_i (first_i - second_i) / D + bonus_j``; it says nothing of sites that
    are not open.
    """
    near = ranked.first >= 0
    less = problem.demand_kwh[near] * (ranked.first_worth - ranked.second_worth)[near]
    served = sums(ranked.first[near], less, len(problem.site_id))
    return served / (problem.total_kwh or 1.0) + problem.site_bonus
