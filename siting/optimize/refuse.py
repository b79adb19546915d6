"""Refuse targets that no choice of sites can meet, with the numbers, before solving.

The numbers are bounds: no plan lies beyond them, which does not say that one lies within. What
would do is tried by :mod:`siting.optimize.explain`, and takes the place of the cures here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from siting.errors import ImpossibleTargetError
from siting.optimize.capacity import charger_range, station_room, swap_room

if TYPE_CHECKING:
    from siting.optimize.problem import SitingProblem

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
