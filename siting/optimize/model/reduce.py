"""Make a problem small enough for a solver: thin sites, demand in cells, nearest sites.

Each step takes a problem and returns a smaller one. What a reduced model proves holds for
the reduced model only; the plan is re-scored at full resolution.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from siting.arrays import first_of_each, sums
from siting.optimize.problem.problem import keep_for_rules

if TYPE_CHECKING:
    from siting.arrays import Flags, Floats, Ints
    from siting.optimize.problem.problem import SitingProblem


TOWN_CELL_M = 1000.0


def in_town(problem: SitingProblem, xy: Floats) -> Flags:
    """Return which points lie in town: in a 1 km cell of more than the mean demand of all such."""
    cells = np.floor(np.vstack([problem.demand_xy, xy]) / TOWN_CELL_M).astype(np.int64)
    _, code = np.unique(cells, axis=0, return_inverse=True)
    points = len(problem.demand_kwh)
    energy = sums(code[:points], problem.demand_kwh, int(code.max()) + 1)
    busy = energy[energy > 0]
    return energy[code[points:]] > (busy.mean() if len(busy) else np.inf)


def thin(problem: SitingProblem, town_m: float, country_m: float) -> SitingProblem:
    """Keep the best new site of each cell by score; existing ones always stay.

    Parameters
    ----------
    problem
        The problem.
    town_m, country_m
        Sides of the cells in town and outside.

    Returns
    -------
    SitingProblem
        The same with fewer openable sites and pairs. Floors are kept reachable.
    """
    codes = cell_codes(problem, problem.site_xy, town_m, country_m)
    fresh = np.flatnonzero(problem.openable & ~problem.forced)
    order = fresh[np.lexsort((fresh, -problem.score[fresh], codes[fresh]))]
    keep = problem.forced & problem.openable
    keep[order[first_of_each(codes[order])]] = True
    _refill_zones(problem, keep)
    keep_for_rules(problem, problem.rules, keep)
    keep &= problem.openable
    return keep_sites(problem, keep)


def _refill_zones(problem: SitingProblem, keep: Flags) -> None:
    """Give zones below their floor their other sites back, in place."""
    for zone in np.flatnonzero(problem.zone_floor).tolist():
        members = problem.openable & (problem.site_zone == zone)
        if int((keep & members).sum()) < 2 * int(problem.zone_floor[zone]):
            keep |= members


def keep_sites(problem: SitingProblem, keep: Flags) -> SitingProblem:
    """Return the problem with only some of its sites openable."""
    kept = problem.with_pairs(keep[problem.pair_site])
    return replace(kept, openable=problem.openable & keep)


def cells(problem: SitingProblem, town_m: float, country_m: float) -> SitingProblem:
    """Merge demand points into cells.

    A cell reaches a site with the energy of its members in reach, over their
    energy-weighted mean distance. Worth falls linearly with distance, so a cell served whole
    by one site is worth exactly what its members are. By occasion each cell has the demand of one
    occasion, and each of its pairs the energy-weighted mean worth of its members.
    """
    code = cell_codes(problem, problem.demand_xy, town_m, country_m)
    occasion = problem.demand_occasion
    if occasion is not None:
        _, number = np.unique(occasion.astype(str), return_inverse=True)
        parts = np.column_stack([code, number])
        code = np.unique(parts, axis=0, return_inverse=True)[1].astype(np.int64).ravel()
    count = int(code.max()) + 1 if len(code) else 0
    energy = sums(code, problem.demand_kwh, count)
    weight = np.maximum(energy, 1e-12)
    xy = np.column_stack(
        [sums(code, problem.demand_xy[:, k] * problem.demand_kwh, count) for k in (0, 1)]
    )
    zone = np.zeros(count, dtype=np.int32)
    zone[code[::-1]] = problem.demand_zone[::-1]
    pairs, group = _cell_pairs(problem, code)
    pair_cell, pair_site, pair_kwh, distance = pairs
    by_class: dict[str, Any] = {}
    if problem.demand_class is not None and occasion is not None:
        pool, name = np.zeros(count, dtype=np.int64), np.empty(count, dtype=object)
        pool[code], name[code] = problem.demand_class, occasion
        worth = sums(group, problem.pair_kwh * problem.pair_worth, len(pair_kwh)) / pair_kwh
        by_class = {"demand_class": pool, "demand_occasion": name, "pair_value": worth}
    return replace(
        problem,
        demand_id=np.array([f"cell/{number}" for number in range(count)], dtype=object),
        demand_kwh=energy,
        demand_xy=xy / weight[:, None],
        demand_zone=zone,
        pair_demand=pair_cell,
        pair_site=pair_site,
        pair_distance_m=distance,
        pair_kwh=pair_kwh,
        **by_class,
    )


def _cell_pairs(
    problem: SitingProblem, code: Ints
) -> tuple[tuple[Ints, Ints, Floats, Floats], Ints]:
    """Return the pairs of the cells: cell, site, energy, distance; and which each pair joins."""
    sites = len(problem.site_id)
    key = code[problem.pair_demand] * sites + problem.pair_site
    keys, group = np.unique(key, return_inverse=True)
    energy = sums(group, problem.pair_kwh, len(keys))
    far = sums(group, problem.pair_kwh * problem.pair_distance_m, len(keys))
    live = energy > 0
    keys, energy, far = keys[live], energy[live], far[live]
    cell, site = (keys // sites).astype(np.int32), (keys % sites).astype(np.int32)
    return (cell, site, energy, far / energy), (np.cumsum(live) - 1)[group]


def nearest(problem: SitingProblem, count: int) -> SitingProblem:
    """Keep the pairs of each demand point with the ``count`` sites that can serve it best."""
    worth = problem.pair_worth * problem.pair_kwh
    order = np.lexsort((problem.pair_site, -worth, problem.pair_demand))
    demand = problem.pair_demand[order]
    start = np.searchsorted(demand, demand, side="left")
    return problem.with_pairs(np.sort(order[np.arange(len(order)) - start < count]))


def cell_codes(problem: SitingProblem, xy: Floats, town_m: float, country_m: float) -> Ints:
    """Return the number of the cell each point lies in; town and country have their own grids."""
    town = in_town(problem, xy)
    side = np.where(town, town_m, country_m)
    grid = np.column_stack([np.floor(xy / side[:, None]).astype(np.int64), town.astype(np.int64)])
    return np.unique(grid, axis=0, return_inverse=True)[1].astype(np.int64).ravel()
