"""In which year each swap station opens: the covering model over years, nested.

The swap stations of the last year are chosen as in any plan. Which of them stand in the years
before is chosen together: the sum over the years of what they cover is largest, each year has
its number, and what is built stays.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from siting.optimize.phases.years import APART_M
from siting.optimize.problem.linear_rules import Rules, row_of
from siting.optimize.swap import swap_cover

if TYPE_CHECKING:
    from collections.abc import Sequence

    from siting.arrays import Floats, Ints
    from siting.optimize.phases.years import Year
    from siting.optimize.problem.problem import SitingProblem
    from siting.optimize.solver.solver import Solver


def swaps_by_year(
    problem: SitingProblem, final: Ints, years: Sequence[Year], solver: Solver
) -> tuple[list[Ints], float]:
    """Return the swap stations at the end of each year, and the gap proven before the last.

    Parameters
    ----------
    problem
        The problem as posed, with its swap sites.
    final
        Positions of the swap stations at the end, sorted.
    years
        The phases; no year has fewer than exist.
    solver
        The solver.

    Raises
    ------
    InfeasibleError, NoAnswerError
        As :func:`siting.optimize.swap.swap_cover`.
    """
    exist = np.flatnonzero(problem.existing_swap)
    counts = [year.swap_stations for year in years[:-1]]
    if all(count in (len(exist), len(final)) for count in counts):
        return [exist if count == len(exist) else final for count in counts] + [final], 0.0
    sites = len(problem.site_id)
    cover = swap_cover(_all_years(problem, final, years[:-1]), solver)
    place, site = np.divmod(cover.sites, sites)
    earlier = [np.sort(site[place == number]) for number in range(len(counts))]
    return [*earlier, final], cover.gap_share


def _all_years(problem: SitingProblem, final: Ints, years: Sequence[Year]) -> SitingProblem:
    """Return the covering of all years as one, the sites those of the end."""
    count, sites, points = len(years), len(problem.site_id), len(problem.demand_kwh)
    usable = np.zeros(sites, dtype=bool)
    usable[final] = True
    usable &= problem.swap_ok
    pairs = usable[problem.swap_pair_site]

    def shifted(positions: Ints, size: int) -> Ints:
        return np.concatenate([positions + place * size for place in range(count)])

    def away(xy: Floats) -> Floats:
        return np.concatenate([xy + np.array([place * APART_M, 0.0]) for place in range(count)])

    new = final[~problem.existing_swap[final]]
    rows = [
        row_of("phase_swaps", "swap stations at the end of {year}", {"year": year.year},
               np.flatnonzero(usable) + place * sites, "=", year.swap_stations, opens=1.0)
        for place, year in enumerate(years)
    ]  # fmt: skip
    rows += [
        row_of("nested_swap", "stays open", {}, [site + place * sites, site + (place + 1) * sites],
               "<=", 0.0, opens=np.array([1.0, -1.0]))
        for place in range(count - 1)
        for site in new.tolist()
    ]  # fmt: skip
    need = np.concatenate([problem.swap_need] * count)
    return replace(
        problem,
        demand_kwh=np.concatenate([problem.demand_kwh] * count),
        demand_xy=away(problem.demand_xy),
        site_xy=away(problem.site_xy),
        score=np.concatenate([problem.score] * count),
        max_chargers=np.concatenate([problem.max_chargers] * count),
        swap_ok=np.concatenate([usable] * count),
        existing_swap=np.concatenate([problem.existing_swap & usable] * count),
        swap_kwh=need,
        swap_pair_demand=shifted(problem.swap_pair_demand[pairs], points),
        swap_pair_site=shifted(problem.swap_pair_site[pairs], sites),
        swap_pair_distance_m=np.concatenate([problem.swap_pair_distance_m[pairs]] * count),
        swap_rules=Rules(tuple(rows)),
        swap_stations=sum(year.swap_stations for year in years),
        swap_sense="=",
    )
