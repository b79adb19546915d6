"""What the sites hold at most, and the refusal of targets beyond it, before anything is solved.

The numbers are bounds: no plan lies beyond them, which does not say that one lies within, for other
rules may forbid it. What would do is tried by :mod:`siting.optimize.explain`, and takes the place
of the cures here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from siting.errors import ImpossibleTargetError
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


Screening = tuple[tuple[str, int], ...]


def refuse_impossible(problem: SitingProblem, screening: Screening = ()) -> None:
    """Hold the targets against what the sites allow at best.

    Parameters
    ----------
    problem
        The problem.
    screening
        Steps from places to sites with the count left at each, for the message.

    Raises
    ------
    ImpossibleTargetError
        For the first of: too few sites, too many existing stations, zone floors above the
        target, no room at the spacing, a charger total out of range, swap stations.
    """
    _stations(problem, screening)
    _floors(problem)
    _room(problem)
    _chargers(problem)
    _swap(problem)


def _stations(problem: SitingProblem, screening: Screening) -> None:
    sites, forced = int(problem.openable.sum()), int(problem.forced.sum())
    if sites < problem.stations and problem.station_sense != "<=":
        steps = "".join(f"\n    {count:>7,} {step.replace('_', ' ')}" for step, count in screening)
        raise ImpossibleTargetError(
            f"{problem.stations} stations of {sites} sites: the target cannot be met"
            + (f"; left after each screening step:{steps}" if steps else ""),
            where="targets.stations",
            cure=f"no more than {sites} can stand; ask for fewer, or allow more sites (candidates, "
            "model.min_spacing_m)",
        )
    if forced > problem.stations and problem.station_sense != ">=":
        raise ImpossibleTargetError(
            f"{forced} stations exist and stay, but the target is {problem.stations}",
            where="targets.stations",
            cure=f"the target counts existing and new together: no fewer than {forced} can stand",
        )


def _floors(problem: SitingProblem) -> None:
    standing = np.bincount(problem.site_zone[problem.forced], minlength=len(problem.zone_id))
    needed = int(np.maximum(problem.zone_floor, standing).sum())
    if needed > problem.stations and problem.station_sense != ">=":
        zones = int((problem.zone_floor > 0).sum())
        raise ImpossibleTargetError(
            f"the stations asked for in each of {zones} zones, with those that exist, make "
            f"{needed}, but the target is {problem.stations}",
            where="model.stations_per_zone",
            cure=f"no fewer than {needed} stations will do; or lower model.stations_per_zone",
        )


def _room(problem: SitingProblem) -> None:
    sites = int((problem.openable | problem.forced).sum())
    room, least_m = station_room(problem)
    if room < problem.stations and problem.station_sense != "<=":
        raise ImpossibleTargetError(
            f"{problem.stations} stations, but {sites} sites have room for at most "
            f"{room} at a spacing of {least_m:g} m",
            where="model.min_spacing_m",
            cure=f"lower the spacing, or ask for fewer: no more than {room} can stand",
        )


def _chargers(problem: SitingProblem) -> None:
    fewest, most = charger_range(problem)
    below = problem.chargers < fewest and problem.charger_sense != ">="
    above = problem.chargers > most and problem.charger_sense != "<="
    if below or above:
        raise ImpossibleTargetError(
            f"{problem.chargers} chargers, but {problem.stations} stations hold between {fewest} "
            f"and {most} by the limits of the sites",
            where="targets.chargers",
            cure=f"no fewer than {fewest} and no more than {most} chargers will do; or change the "
            "limits of the site kinds",
        )


def _swap(problem: SitingProblem) -> None:
    sites, standing = int(problem.swap_ok.sum()), int(problem.existing_swap.sum())
    room = swap_room(problem)
    at_least, at_most = problem.swap_sense == ">=", problem.swap_sense == "<="
    if standing > problem.swap_stations and not at_least:
        what = f"{standing} swap stations exist and stay, but the target is {problem.swap_stations}"
        cure = f"the target counts existing and new together: no fewer than {standing} can stand"
    elif sites < problem.swap_stations and not at_most:
        what = f"{problem.swap_stations} swap stations of {sites} sites that may hold one"
        cure = f"no more than {sites} can stand; or let more kinds swap (candidates.site_kinds)"
    elif room < problem.swap_stations and not at_most:
        what = (
            f"{problem.swap_stations} swap stations, but {sites} sites have room for at most "
            f"{room} at a spacing of {problem.swap_spacing_m:g} m"
        )
        cure = f"lower model.swap_spacing_m, or ask for fewer: no more than {room} can stand"
    else:
        return
    raise ImpossibleTargetError(what, where="targets.swap_stations", cure=cure)
