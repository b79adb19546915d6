"""What each site adds to a set of stations, the problem around a few of them, and the legal check.

Worths are quick ones at full resolution, as if no charger ever ran short: they say where to look;
what is told to people is solved. A part leaves a few sites undecided and every other station as it
is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.spatial import cKDTree

from siting.arrays import running_before, sums

if TYPE_CHECKING:
    from siting.arrays import Flags, Floats, Ints
    from siting.optimize.problem.linear_rules import Rules
    from siting.optimize.problem.problem import SitingProblem

_SLACK = 1e-6


def stations_are_legal(problem: SitingProblem, sites: Ints, chargers: Ints | None) -> bool:
    """Return whether a set of stations obeys every rule.

    Parameters
    ----------
    problem
        The problem.
    sites
        Positions of the stations.
    chargers
        Chargers of each, where a rule speaks of them; else only their room is held
        against the total.
    """
    least, most = problem.min_chargers[sites], problem.max_chargers[sites]
    if chargers is None:
        fewest, largest = int(least.sum()), int(most.sum())
    else:
        if (chargers < least).any() or (chargers > most).any():
            return False
        fewest = largest = int(chargers.sum())
    zones = np.bincount(problem.site_zone[sites], minlength=len(problem.zone_id))
    return bool(
        problem.openable[sites].all()
        and np.isin(np.flatnonzero(problem.forced), sites).all()
        and _meets(len(sites), problem.station_sense, problem.stations)
        and (problem.charger_sense == ">=" or fewest <= problem.chargers)
        and (problem.charger_sense == "<=" or largest >= problem.chargers)
        and (zones >= problem.zone_floor).all()
        and _apart(problem.site_xy, sites, problem.site_spacing_m, problem.forced)
        and _kept(problem.rules, sites, chargers)
    )


def swaps_are_legal(problem: SitingProblem, sites: Ints) -> bool:
    """Return whether a set of swap stations obeys every rule."""
    own_m = np.full(len(problem.site_id), problem.swap_spacing_m)
    return bool(
        problem.swap_ok[sites].all()
        and np.isin(np.flatnonzero(problem.existing_swap), sites).all()
        and _meets(len(sites), problem.swap_sense, problem.swap_stations)
        and _apart(problem.site_xy, sites, own_m, problem.existing_swap)
        and _kept(problem.swap_rules, sites, None)
    )


def _meets(number: float, sense: str, limit: float) -> bool:
    below, above = number < limit - _SLACK, number > limit + _SLACK
    return not (below and sense != "<=") and not (above and sense != ">=")


def _apart(xy: Floats, sites: Ints, own_m: Floats, standing: Flags) -> bool:
    """Return whether each new site keeps the larger of the distances of its pair."""
    own = np.where(standing, 0.0, own_m)[sites]
    if not len(sites) or own.max() <= 0:
        return True
    pairs = cKDTree(xy[sites]).query_pairs(float(own.max()), output_type="ndarray")
    gaps = np.linalg.norm(xy[sites[pairs[:, 0]]] - xy[sites[pairs[:, 1]]], axis=1)
    return bool((gaps >= np.maximum(own[pairs[:, 0]], own[pairs[:, 1]]) - _SLACK).all())


def _kept(rules: Rules, sites: Ints, chargers: Ints | None) -> bool:
    opened = set(sites.tolist())
    counts = dict(zip(sites.tolist(), () if chargers is None else chargers.tolist(), strict=False))
    for rule in rules.rows:
        if rule.counts_chargers and chargers is None:
            return False
        number = sum(
            a + b * counts.get(j, 0)
            for j, a, b in zip(rule.sites.tolist(), rule.open_coef.tolist(),
                               rule.charger_coef.tolist(), strict=True)
            if j in opened
        )  # fmt: skip
        if not _meets(number, rule.sense, rule.rhs):
            return False
    for promise in rules.promises:
        near = [not opened.isdisjoint(members) for members in promise.sites]
        if float(promise.weight[near].sum()) < promise.need * (1 - _SLACK) - _SLACK:
            return False
    return True


_FIXED_PAIRS = 6
_TINY = 1e-9


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


def shut_beside(problem: SitingProblem, fixed: Flags) -> Flags:
    """Return the sites that a fixed station keeps shut by the spacing."""
    pairs = problem.station_conflicts
    shut = np.zeros(len(fixed), dtype=bool)
    shut[pairs[fixed[pairs[:, 0]], 1]] = True
    shut[pairs[fixed[pairs[:, 1]], 0]] = True
    return shut


def part_of(problem: SitingProblem, kept: Ints, free: Flags) -> SitingProblem:
    """Return the problem in which only the free sites are undecided.

    Every site, rule and total stays. Demand that a free site could serve better, that has lost
    its station, or whose nearest station is too small for all is decided anew; the rest stays
    with its station as one point with no way to go.

    Parameters
    ----------
    problem
        The problem at full resolution.
    kept
        Open sites of a legal plan.
    free
        Flags over all sites; none of them near a station that stays (:func:`shut_beside`).
    """
    fixed = flags_of(problem, kept) & ~free
    base = ranked_sites(problem, np.flatnonzero(fixed))
    touched = np.zeros(len(problem.demand_kwh), dtype=bool)
    best = base.first_worth[problem.pair_demand]
    crowded = _crowded(problem, np.flatnonzero(fixed), base)
    useful = free[problem.pair_site] & (
        (problem.pair_worth > best) | crowded[_slots(problem, base)[problem.pair_demand]]
    )
    touched[problem.pair_demand[useful]] = True
    touched |= base.first < 0
    pairs, rank = ordered_pairs(problem, np.flatnonzero(fixed))
    pairs = np.r_[np.flatnonzero(useful), pairs[rank < _FIXED_PAIRS]]
    pairs = np.sort(pairs[touched[problem.pair_demand[pairs]]])
    still = np.flatnonzero(~touched)
    load = sums(_slots(problem, base)[still], problem.demand_kwh[still], len(problem.slot_kwh))
    loaded = np.flatnonzero(load > 0)
    return _with_demand(problem, fixed | free, fixed, (np.flatnonzero(touched), pairs),
                        (loaded, load[loaded]))  # fmt: skip


def _slots(problem: SitingProblem, base: Ranked) -> Ints:
    """Return the slot of the nearest station that would serve each demand point; -1 without."""
    if problem.demand_class is None:
        return base.first
    return np.where(base.first < 0, -1, base.first * problem.classes + problem.demand_class)


def _crowded(problem: SitingProblem, fixed: Ints, base: Ranked) -> Flags:
    """Return the slots of fixed stations that cannot serve all whose nearest they are.

    All of them, where the stations need more chargers together than there are.
    """
    near = base.first >= 0
    load = sums(_slots(problem, base)[near], problem.demand_kwh[near], len(problem.slot_kwh))
    each = load / np.maximum(problem.slot_kwh, _TINY)
    most = each.reshape(len(problem.site_id), problem.classes).max(axis=1)
    need = np.maximum(most, problem.min_chargers)[fixed]
    crowded = np.zeros(len(problem.slot_kwh), dtype=bool)
    short = problem.charger_sense != ">=" and float(need.sum()) > problem.chargers
    slots = problem.slots_of(fixed)
    wanted = np.maximum(each, np.repeat(problem.min_chargers, problem.classes))
    crowded[slots] = short | (wanted > np.repeat(problem.max_chargers, problem.classes))[slots]
    return crowded


def _with_demand(
    problem: SitingProblem,
    openable: Flags,
    fixed: Flags,
    anew: tuple[Ints, Ints],
    bound: tuple[Ints, Floats],
) -> SitingProblem:
    """Return the problem over the demand decided anew and the loads bound to stations' slots."""
    points, pairs = anew
    slots, load = bound
    sites, by_class = slots // problem.classes, _with_classes(problem, anew, slots)
    place = np.full(len(problem.demand_kwh), -1)
    place[points] = np.arange(len(points))
    own = len(points) + np.arange(len(sites))
    ids = np.r_[problem.demand_id[points], problem.site_id[sites]]
    return replace(
        problem,
        demand_id=ids,
        demand_kwh=np.r_[problem.demand_kwh[points], load],
        demand_xy=np.vstack([problem.demand_xy[points], problem.site_xy[sites]]),
        demand_zone=np.r_[problem.demand_zone[points], problem.site_zone[sites]],
        openable=openable,
        forced=problem.forced | fixed,
        pair_demand=np.r_[place[problem.pair_demand[pairs]], own],
        pair_site=np.r_[problem.pair_site[pairs], sites],
        pair_distance_m=np.r_[problem.pair_distance_m[pairs], np.zeros(len(sites))],
        pair_kwh=np.r_[problem.pair_kwh[pairs], load],
        **by_class,
    )


def _with_classes(problem: SitingProblem, anew: tuple[Ints, Ints], slots: Ints) -> dict[str, Any]:
    """Return the fields by occasion of the same; a load on the spot is worth a whole kWh."""
    if problem.demand_class is None or problem.demand_occasion is None:
        return {}
    points, pairs = anew
    return {
        "demand_class": np.r_[problem.demand_class[points], slots % problem.classes],
        "demand_occasion": np.r_[problem.demand_occasion[points], [""] * len(slots)].astype(object),
        "pair_value": np.r_[problem.pair_worth[pairs], np.ones(len(slots))],
    }
