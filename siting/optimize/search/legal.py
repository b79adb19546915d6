"""Hold a set of stations against every rule with plain sums: the check of a tried change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

if TYPE_CHECKING:
    from siting.arrays import Flags, Floats, Ints
    from siting.optimize.problem.linear_rules import Rules
    from siting.optimize.problem.problem import SitingProblem

_TINY = 1e-6


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
    below, above = number < limit - _TINY, number > limit + _TINY
    return not (below and sense != "<=") and not (above and sense != ">=")


def _apart(xy: Floats, sites: Ints, own_m: Floats, standing: Flags) -> bool:
    """Return whether each new site keeps the larger of the distances of its pair."""
    own = np.where(standing, 0.0, own_m)[sites]
    if not len(sites) or own.max() <= 0:
        return True
    pairs = cKDTree(xy[sites]).query_pairs(float(own.max()), output_type="ndarray")
    gaps = np.linalg.norm(xy[sites[pairs[:, 0]]] - xy[sites[pairs[:, 1]]], axis=1)
    return bool((gaps >= np.maximum(own[pairs[:, 0]], own[pairs[:, 1]]) - _TINY).all())


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
        if float(promise.weight[near].sum()) < promise.need * (1 - _TINY) - _TINY:
            return False
    return True
