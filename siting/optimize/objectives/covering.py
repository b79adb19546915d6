"""Objectives of coverage under every rule: maximal, fewest stations, least cost, worst zone first.

Demand point i is covered within a distance r if an open site j lies within r along the road, known
pairs only. Rows of demand points with the same sites near are one row; points that an existing
station covers are covered whatever opens.

Sources: Church and ReVelle (1974) and, with several distances, Church and Roberts (1983);
backup: Hogan and ReVelle (1986); fewest: Toregas, Swain, ReVelle and Bergman (1971); worst zone
first: Rawls' principle, see Marsh and Schilling (1994).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from siting.arrays import sums
from siting.optimize.classic.shrink import members, merged_rows
from siting.optimize.model.joint import row
from siting.optimize.model.stations import station_rules
from siting.optimize.objectives.measure import most_worth
from siting.optimize.solver.solver import linear

if TYPE_CHECKING:
    import pulp

    from siting.arrays import Floats, Ints
    from siting.optimize.model.stations import StationModel
    from siting.optimize.problem.problem import SitingProblem

    Terms = list[tuple[pulp.LpVariable, float]]


def near_matrix(problem: SitingProblem, within_m: float) -> sparse.csr_array:
    """Return which sites lie within a distance of which demand points: ones, sorted by row."""
    near = problem.pair_distance_m <= within_m
    place = (problem.pair_demand[near], problem.pair_site[near])
    shape = (len(problem.demand_kwh), len(problem.site_id))
    ones = np.ones(int(near.sum()), dtype=np.int32)
    matrix = sparse.csr_array(sparse.coo_array((ones, place), shape=shape))
    matrix.sort_indices()
    return matrix


_HAIR = 1e-7


@dataclass(frozen=True, eq=False)
class CoverRows:
    """What is to be covered: rows of demand points that the same sites cover.

    Attributes
    ----------
    near
        Sites within the distance, by row.
    kwh
        Demand of each row, kWh/day.
    zone
        Zone of each row; 0 where rows were merged over zones.
    sure_kwh
        Demand that existing stations cover, by zone; in one number where zones do not count.
    """

    near: list[list[int]]
    kwh: Floats
    zone: Ints
    sure_kwh: Floats


def cover_rows(
    problem: SitingProblem, within_m: float, *, by_zone: bool = False, twice: bool = False
) -> CoverRows:
    """Return the rows within a distance.

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
    near = near_matrix(problem, within_m)
    zone = problem.demand_zone.astype(np.int64) if by_zone else np.zeros(near.shape[0], dtype=int)
    zones = len(problem.zone_id) if by_zone else 1
    standing = (near @ problem.forced.astype(np.int32)) > 0
    standing &= not twice
    sure = sums(zone[standing], problem.demand_kwh[standing], zones)
    rest = np.flatnonzero(~standing & (np.diff(near.indptr) > 0) & (problem.demand_kwh > 0))
    first, place = merged_rows(near[rest], zone[rest])
    kwh = sums(place, problem.demand_kwh[rest], len(first))
    return CoverRows(members(near[rest][first]), kwh, zone[rest][first], sure)


def max_cover_model(problem: SitingProblem) -> tuple[StationModel, float]:
    """Write maximal covering; return it with the worth that is sure (kWh/day).

    maximise ``sum_r b_r sum_i d_i (cover_ir + backup second_ir)`` subject to
    ``cover_ir + second_ir <= sum_{j within r of i} open_j``, ``0 <= cover_ir, second_ir <= 1`` and
    every rule about the stations.
    """
    rules, backup = station_rules(problem, "max_cover"), problem.goal.backup
    terms: Terms = []
    sure = 0.0
    for number, (within_m, worth) in enumerate(problem.goal.radii):
        rows = cover_rows(problem, within_m, twice=backup > 0)
        sure += worth * float(rows.sure_kwh.sum())
        for k, (near, kwh) in enumerate(zip(rows.near, rows.kwh.tolist(), strict=True)):
            covered = [(rules.lp.add_variable(f"cover_{number}_{k}", 0, 1), worth * kwh)]
            if backup:
                second = rules.lp.add_variable(f"second_{number}_{k}", 0, 1)
                covered.append((second, backup * worth * kwh))
            reached = [(variable, 1.0) for variable, _ in covered]
            doors = [(rules.open[j], -1.0) for j in near]
            row(rules.lp, f"covered_{number}_{k}", [*reached, *doors], "<", 0)
            terms += covered
    rules.lp.setObjective(linear(terms or _nothing(rules)))
    return rules, sure


def max_cover_share(problem: SitingProblem, kwh: float) -> float:
    """Return a worth of covering (kWh/day) as the share that the objective is told in."""
    return kwh / most_worth(problem)


def set_cover_model(problem: SitingProblem) -> StationModel:
    """Write the covering of a promise by the fewest stations.

    minimise ``sum_j open_j`` under every rule; the promise of coverage is one of them. The
    objective is negative, since the door maximises.
    """
    rules = station_rules(problem, "set_cover")
    rules.lp.setObjective(linear([(variable, -1.0) for variable in rules.open.values()]))
    return rules


def min_cost_model(problem: SitingProblem) -> tuple[StationModel, float]:
    """Write the keeping of all promises at the least cost; return it with the unit of cost.

    minimise ``sum_j f_j open_j + c_j (chargers_j - existing_j open_j)``, ``f_j = 0`` where a
    station exists, under every rule, limits and total of the chargers among them. The
    objective is negative, and counted in the largest cost of a site.
    """
    rules = station_rules(problem, "min_cost", count_chargers=True)
    station = np.where(problem.forced, 0.0, problem.costs.station)
    charger = problem.costs.charger
    unit = float(max(station.max(initial=0.0), charger.max(initial=0.0))) or 1.0
    opening = (station - charger * problem.existing_chargers) / unit
    counts = rules.chargers or {}
    terms = [(variable, -float(opening[j])) for j, variable in rules.open.items() if opening[j]]
    terms += [(variable, -float(charger[j]) / unit) for j, variable in counts.items()]
    rules.lp.setObjective(linear(terms or _nothing(rules)))
    return rules, unit


@dataclass(frozen=True, eq=False)
class ZoneLevels:
    """Zones whose share is raised together, and the shares that others must keep."""

    raised: tuple[int, ...]
    kept: dict[int, float]


def max_min_model(problem: SitingProblem, rows: CoverRows, levels: ZoneLevels) -> StationModel:
    """Write the raising of the worst zones; of all demand where none is left to raise.

    maximise ``worst`` subject to ``worst <= sum_{i in z} d_i cover_i / sum_{i in z} d_i`` for the
    zones raised, the same sum at least its level for the zones kept,
    ``cover_i <= sum_{j within r of i} open_j``, ``0 <= cover_i <= 1`` and every rule about the
    stations. With no zone to raise, maximise ``sum_i d_i cover_i`` (as a share) instead.
    """
    rules = station_rules(problem, "max_min")
    need = zone_need(problem)
    covered: dict[int, Terms] = {}
    every: Terms = []
    numbered = zip(rows.near, rows.kwh.tolist(), rows.zone.tolist(), strict=True)
    for k, (near, kwh, zone) in enumerate(numbered):
        cover = rules.lp.add_variable(f"cover_{k}", 0, 1)
        doors = [(rules.open[j], -1.0) for j in near]
        row(rules.lp, f"covered_{k}", [(cover, 1.0), *doors], "<", 0)
        covered.setdefault(zone, []).append((cover, kwh / float(need[zone])))
        every.append((cover, kwh / problem.total_kwh))
    for zone, level in levels.kept.items():
        short = level - float(rows.sure_kwh[zone] / need[zone])
        if short > 0:
            row(rules.lp, f"kept_{zone}", covered.get(zone, []), ">", short - _HAIR)
    if not levels.raised:
        rules.lp.setObjective(linear(every or _nothing(rules)))
        return rules
    worst = rules.lp.add_variable("worst", 0, 1)
    for zone in levels.raised:
        shares = [(cover, -share) for cover, share in covered.get(zone, [])]
        sure = float(rows.sure_kwh[zone] / need[zone])
        row(rules.lp, f"raised_{zone}", [(worst, 1.0), *shares], "<", sure)
    rules.lp.setObjective(linear([(worst, 1.0)]))
    return rules


def zone_need(problem: SitingProblem) -> Floats:
    """Return the demand of each zone, kWh/day."""
    return sums(problem.demand_zone, problem.demand_kwh, len(problem.zone_id))


def _nothing(rules: StationModel) -> Terms:
    return [(variable, 0.0) for variable in rules.open.values()]
