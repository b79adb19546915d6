"""What the sites hold at most, before anything is solved.

The numbers are bounds: no plan lies beyond them, which does not say that one lies within, for other
rules may forbid it. The families of rules refuse targets beyond them; what would do is tried by
:mod:`siting.optimize.explain`, and takes the place of their cures.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from siting.optimize.problem.spacing import conflict_pairs, most_stations

if TYPE_CHECKING:
    from siting.arrays import Flags, Floats
    from siting.optimize.problem.problem import SitingProblem


_ABSENT = {"absent": True}


@dataclass(frozen=True)
class Room:
    """A target beside what the sites allow; only one of chargers has ``fewest`` and ``most``.

    Attributes
    ----------
    target, sense
        What is asked for, and whether it is ``=``, ``<=`` or ``>=``.
    existing
        What stands today.
    sites
        Sites that may hold a station, standing ones too.
    fit, room
        A choice of so many keeps the spacing: it was made; no more do.
    fewest, most
        Chargers of as many stations as the target asks for.
    """

    target: int
    sense: str
    existing: int
    sites: int | None = field(default=None, metadata=_ABSENT)
    fit: int | None = field(default=None, metadata=_ABSENT)
    room: int | None = field(default=None, metadata=_ABSENT)
    fewest: int | None = field(default=None, metadata=_ABSENT)
    most: int | None = field(default=None, metadata=_ABSENT)

    @property
    def ends(self) -> tuple[int, int]:
        """What is sure to fit, and what is the most; of chargers the fewest and the most."""
        least, most = (self.fewest, self.most) if self.room is None else (self.fit, self.room)
        return least or 0, most or 0


def capacity(problem: SitingProblem) -> dict[str, Room]:
    """Hold the three targets, ``stations``, ``chargers`` and ``swap_stations``, against the sites.

    ``Room(400, "=", existing=60, sites=900, fit=410, room=520)`` says that 410 stations were laid
    out, and that no 521 fit.
    """
    fewest, most = charger_range(problem)
    return {
        "stations": Room(
            problem.stations,
            problem.station_sense,
            existing=int(problem.forced.sum()),
            sites=int(problem.openable.sum()),
            fit=_fit(problem, problem.openable, problem.forced, problem.site_spacing_m),
            room=station_room(problem)[0],
        ),
        "chargers": Room(
            problem.chargers,
            problem.charger_sense,
            existing=int(problem.existing_chargers[problem.forced].sum()),
            fewest=fewest,
            most=most,
        ),
        "swap_stations": Room(
            problem.swap_stations,
            problem.swap_sense,
            existing=int(problem.existing_swap.sum()),
            sites=int(problem.swap_ok.sum()),
            fit=_fit(problem, problem.swap_ok, problem.existing_swap, problem.swap_spacing_m),
            room=swap_room(problem),
        ),
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
