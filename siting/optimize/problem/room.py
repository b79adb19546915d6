"""What the sites hold at most, before anything is solved.

The numbers are bounds: no plan lies beyond them, which does not say that one lies within, for other
rules may forbid it. The families of rules refuse targets beyond them; what would do is tried by
:mod:`siting.optimize.explain`, and takes the place of their cures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from siting.optimize.problem.spacing import conflict_pairs, most_stations

if TYPE_CHECKING:
    from siting.arrays import Flags, Floats
    from siting.optimize.problem.problem import SitingProblem


def capacity(problem: SitingProblem) -> dict[str, dict[str, Any]]:
    """Hold the three targets against what the sites allow, as JSON types.

    Returns
    -------
    dict
        ``stations`` and ``swap_stations``: ``target``, ``sense``, ``existing``, ``sites`` (that
        may hold one, standing ones too), ``fit`` (a choice of so many keeps the spacing: it was
        made) and ``room`` (no more do). ``chargers``: ``target``, ``sense``, ``existing``,
        ``fewest`` and ``most`` of as many stations as the target asks for.
    """
    fewest, most = charger_range(problem)
    existing = int(problem.existing_chargers[problem.forced].sum())
    return {
        "stations": {
            "target": problem.stations,
            "sense": problem.station_sense,
            "existing": int(problem.forced.sum()),
            "sites": int(problem.openable.sum()),
            "fit": _fit(problem, problem.openable, problem.forced, problem.site_spacing_m),
            "room": station_room(problem)[0],
        },
        "chargers": {
            "target": problem.chargers,
            "sense": problem.charger_sense,
            "existing": existing,
            "fewest": fewest,
            "most": most,
        },
        "swap_stations": {
            "target": problem.swap_stations,
            "sense": problem.swap_sense,
            "existing": int(problem.existing_swap.sum()),
            "sites": int(problem.swap_ok.sum()),
            "fit": _fit(problem, problem.swap_ok, problem.existing_swap, problem.swap_spacing_m),
            "room": swap_room(problem),
        },
    }


def station_room(problem: SitingProblem) -> tuple[int, float]:
    """Return an upper bound on the stations that fit, and the spacing it is counted at (m)."""
    fresh = np.flatnonzero(problem.openable & ~problem.forced)
    least_m = float(problem.site_spacing_m[fresh].min(initial=problem.min_spacing_m))
    return int(problem.forced.sum()) + most_stations(problem.site_xy, fresh, least_m), least_m


def swap_room(problem: SitingProblem) -> int:
    """Return an upper bound on the swap stations that fit."""
    fresh = np.flatnonzero(problem.swap_ok & ~problem.existing_swap)
    standing = int(problem.existing_swap.sum())
    return standing + most_stations(problem.site_xy, fresh, problem.swap_spacing_m)


def charger_range(problem: SitingProblem) -> tuple[int, int]:
    """Return the fewest and the most chargers of as many stations as the target asks for."""
    fresh = problem.openable & ~problem.forced
    new = max(problem.stations - int(problem.forced.sum()), 0)
    few = 0 if problem.station_sense == "<=" else new
    many = int(fresh.sum()) if problem.station_sense == ">=" else new
    fewest = int(problem.min_chargers[problem.forced].sum())
    fewest += int(np.sort(problem.min_chargers[fresh])[:few].sum())
    most = int(problem.max_chargers[problem.forced].sum())
    most += int(np.sort(problem.max_chargers[fresh])[::-1][:many].sum())
    return fewest, most


def _fit(problem: SitingProblem, allowed: Flags, standing: Flags, spacing_m: float | Floats) -> int:
    """Return the size of a choice that keeps the spacing: those with few neighbours go first."""
    fresh = np.flatnonzero(allowed & ~standing)
    neighbours: dict[int, list[int]] = {int(site): [] for site in fresh}
    for one, other in conflict_pairs(problem.site_xy, fresh, spacing_m).tolist():
        neighbours[one].append(other)
        neighbours[other].append(one)
    shut: set[int] = set()
    count = 0
    for site in sorted(neighbours, key=lambda site: (len(neighbours[site]), site)):
        if site not in shut:
            count += 1
            shut.update(neighbours[site])
    return int(standing.sum()) + count
