"""Demand by charging occasion: a row for each occasion of each demand point.

Points become rows, and each row may use the sites of worth to its occasion within that occasion's
distance. A row is served by one pool of charger classes, so a site has one capacity a pool; its
chargers stand in the mix of its kind.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from siting.arrays import sums
from siting.optimize.problem.problem import known_positions, positions

if TYPE_CHECKING:
    import pandas as pd

    from siting.arrays import Floats, Ints
    from siting.optimize.problem.problem import SitingProblem


@dataclass(frozen=True, eq=False)
class OccasionTables:
    """Who charges where, as tables.

    Attributes
    ----------
    rows
        ``demand_id``, ``occasion``, ``kwh_day``, ``pool`` (0, 1, ...).
    ways
        ``demand_id``, ``occasion``, ``site_id``, ``distance_m``, ``limit_m`` (above 0) and
        ``worth`` of a kWh on the spot, 0..1; each triple of ids once.
    class_kwh
        Energy of a charger of each site (index, its id) through each pool (columns), kWh/day.
    """

    rows: pd.DataFrame
    ways: pd.DataFrame
    class_kwh: pd.DataFrame


def row_ids(demand_id: pd.Series, occasion: pd.Series) -> pd.Series:
    """Return the id of each demand row: ``<demand_id>#<occasion>``."""
    return demand_id.astype("str") + "#" + occasion.astype("str")


def by_occasion(problem: SitingProblem, given: OccasionTables) -> SitingProblem:
    """Return the problem with its demand by occasion; its rules and its swap stations as they are.

    A kWh of a row served by a site is worth ``worth * (1 - discount * distance_m / limit_m)``. A
    pair whose site has no charger of the row's pool is none.

    Parameters
    ----------
    problem
        The problem by demand point.
    given
        Its demand by occasion.
    """
    rows = given.rows
    rows = rows.assign(row_id=row_ids(rows["demand_id"], rows["occasion"]))
    rows = rows.sort_values("row_id", kind="stable", ignore_index=True)
    point = positions(rows["demand_id"], problem.demand_id, "occasion demand", "demand_id")
    class_kwh = given.class_kwh.loc[list(problem.site_id)].to_numpy(dtype=float)
    pool = rows["pool"].to_numpy(dtype=np.int64)
    at, site, way = _pairs(problem, rows, point, given.ways)
    usable = problem.openable[site] & (class_kwh[site, pool[at]] > 0)
    at, site, way = at[usable], site[usable], way[usable]
    kwh = rows["kwh_day"].to_numpy(dtype=float)
    distance, limit, worth = (
        given.ways[name].to_numpy(dtype=float)[way] for name in ("distance_m", "limit_m", "worth")
    )
    first = _first_rows(point, len(problem.demand_id))
    need = np.zeros(len(rows))
    there = first >= 0
    need[first[there]] = problem.swap_need[there]
    swaps = there[problem.swap_pair_demand]
    return replace(
        problem,
        demand_id=rows["row_id"].to_numpy(dtype=object),
        demand_kwh=kwh,
        demand_xy=problem.demand_xy[point],
        demand_zone=problem.demand_zone[point],
        demand_class=pool,
        demand_point=problem.demand_id[point],
        demand_occasion=rows["occasion"].to_numpy(dtype=object),
        class_kwh=class_kwh,
        pair_demand=at,
        pair_site=site,
        pair_distance_m=distance,
        pair_kwh=kwh[at],
        pair_value=worth * (1.0 - problem.distance_discount * distance / limit),
        swap_kwh=need,
        swap_pair_demand=first[problem.swap_pair_demand[swaps]].astype(np.int32),
        swap_pair_site=problem.swap_pair_site[swaps],
        swap_pair_distance_m=problem.swap_pair_distance_m[swaps],
    )


def by_point(problem: SitingProblem) -> SitingProblem:
    """Return the problem with its demand by point, for coverings; nobody charges in it.

    The same where any charger serves any demand.
    """
    if problem.demand_point is None:
        return problem
    ids, first, code = np.unique(
        problem.demand_point.astype(str), return_index=True, return_inverse=True
    )
    none = np.empty(0, dtype=np.int64)
    return replace(
        problem,
        demand_id=ids.astype(object),
        demand_kwh=sums(code, problem.demand_kwh, len(ids)),
        demand_xy=problem.demand_xy[first],
        demand_zone=problem.demand_zone[first],
        demand_class=None,
        class_kwh=None,
        demand_point=None,
        demand_occasion=None,
        pair_demand=none,
        pair_site=none,
        pair_distance_m=np.empty(0),
        pair_kwh=np.empty(0),
        pair_value=None,
        swap_kwh=sums(code, problem.swap_need, len(ids)),
        swap_pair_demand=code[problem.swap_pair_demand],
    )


def table_worth(problem: SitingProblem, table: pd.DataFrame) -> Floats:
    """Return the worth of a kWh of each row of an assignment table.

    Parameters
    ----------
    problem
        The problem; it has every pair of the table.
    table
        Result of :func:`siting.optimize.problem.solution.assignment_table`.
    """
    distance = table["distance_m"].to_numpy(dtype=float)
    if problem.demand_occasion is None:
        return np.asarray(1.0 - problem.distance_discount * distance / problem.cutoff_m)
    rows = known_positions(row_ids(table["demand_id"], table["occasion"]), problem.demand_id)
    sites = known_positions(table["site_id"], problem.site_id)
    width = len(problem.site_id)
    keys = problem.pair_demand.astype(np.int64) * width + problem.pair_site
    return problem.pair_worth[np.searchsorted(keys, rows.astype(np.int64) * width + sites)]


def _pairs(
    problem: SitingProblem, rows: pd.DataFrame, point: Ints, ways: pd.DataFrame
) -> tuple[Ints, Ints, Ints]:
    """Return the positions of row, site and way of each pair, sorted by row, then site."""
    names = {name: number for number, name in enumerate(sorted(set(rows["occasion"])))}
    table = np.full((len(problem.demand_id), len(names)), -1)
    table[point, rows["occasion"].map(names)] = np.arange(len(rows))
    at = positions(ways["demand_id"], problem.demand_id, "occasion ways", "demand_id")
    occasion = known_positions(ways["occasion"], np.array(list(names), dtype=object))
    row = np.where(occasion >= 0, table[at, occasion], -1)
    site = known_positions(ways["site_id"], problem.site_id)
    both = np.flatnonzero((row >= 0) & (site >= 0))
    order = both[np.lexsort((site[both], row[both]))]
    return row[order], site[order].astype(np.int32), order


def _first_rows(point: Ints, count: int) -> Ints:
    """Return the first row of each demand point; -1 of one without."""
    first = np.full(count, -1)
    first[point[::-1]] = np.arange(len(point))[::-1]
    return first
