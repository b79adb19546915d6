"""The floor of every zone: so many stations in each, or as many as it has sites for.

Its rows are part of every model (:func:`siting.optimize.model.joint.zone_floors`).
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from siting.errors import ImpossibleTargetError
from siting.optimize.rules.family import Family
from siting.optimize.rules.rulings import Lever, Stepwise, moved, put

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siting.optimize.problem.problem import SitingProblem
    from siting.optimize.rules.family import Ground
    from siting.optimize.rules.rulings import Path, Rulings


def _rows(problem: SitingProblem, ground: Ground) -> SitingProblem:
    """Ask each zone for its floor, but for no more stations than it has sites.

    Raises
    ------
    ImpossibleTargetError
        If the floors, with the stations that exist, make more than the target.
    """
    zones = len(problem.zone_id)
    count = np.bincount(problem.site_zone[problem.openable], minlength=zones)
    floor = np.minimum(count, ground.model.stations_per_zone).astype(np.int64)
    problem = replace(problem, zone_floor=floor)
    standing = np.bincount(problem.site_zone[problem.forced], minlength=zones)
    needed = int(np.maximum(floor, standing).sum())
    if ground.refuse and needed > problem.stations and problem.station_sense != ">=":
        raise ImpossibleTargetError(
            f"the stations asked for in each of {int((floor > 0).sum())} zones, with those that "
            f"exist, make {needed}, but the target is {problem.stations}",
            where="model.stations_per_zone",
            cure=f"no fewer than {needed} stations will do; or lower model.stations_per_zone",
        )
    return problem


def _before_end(problem: SitingProblem) -> SitingProblem:
    return replace(problem, zone_floor=np.zeros_like(problem.zone_floor))


def _levers(rulings: Rulings) -> Iterator[Lever]:
    path: Path = ("model", "stations_per_zone")
    now = rulings.model.stations_per_zone
    if now > 0:
        way = Stepwise(path, now, partial(moved, path, -1))
        yield Lever("zone_floor", path, partial(put, path, 0), (way,))


ZONE_FLOOR = Family(
    "zone_floor",
    firm=5,
    levers=_levers,
    rows=_rows,
    before_end=_before_end,
    station_keys=("stations_per_zone",),
)
