"""What a plan is chosen for: the objective of the scenario with its parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from siting.errors import ScenarioError
from siting.notes import Note
from siting.scenario import Promise

if TYPE_CHECKING:
    from siting import scenario
    from siting.arrays import Floats

JOINT = "joint"
FEWEST = frozenset({"set_cover", "min_cost"})
"""Objectives that keep a promise of coverage; their number of stations is an outcome."""
LEAST = frozenset({"p_median", "p_center", *FEWEST})
"""Objectives that are minimised."""
_COVERING = frozenset({"max_cover", "max_min", *FEWEST})


@dataclass(frozen=True)
class Goal:
    """The objective of a problem.

    Attributes
    ----------
    name
        ``joint``, ``max_cover``, ``p_median``, ``p_center``, ``set_cover``, ``min_cost`` or
        ``max_min``.
    within_m
        Distance along the road within which demand counts as covered (m).
    radii
        For ``max_cover``: pairs of a distance (m) and what covering within it is worth.
    backup
        For ``max_cover``: what a second station within the distance is worth beside the first.
    unserved_m
        For ``p_median`` and ``p_center``: the distance that demand without an open station in
        reach counts with (m).
    """

    name: str = JOINT
    within_m: float = 1000.0
    radii: tuple[tuple[float, float], ...] = ((1000.0, 1.0),)
    backup: float = 0.0
    unserved_m: float = 3000.0

    @property
    def least(self) -> bool:
        """Whether the objective is minimised; its bound then limits from below."""
        return self.name in LEAST


JOINTLY = Goal()
"""The joint objective."""


@dataclass(frozen=True, eq=False)
class SiteCosts:
    """Cost of a new station and of each of its new chargers, by site, in one unit."""

    station: Floats
    charger: Floats


NO_COSTS = SiteCosts(np.empty(0), np.empty(0))


def station_sense(sense: str, objective: str) -> str:
    """Return how the station total binds: "exactly" is "at most" where the number is an outcome."""
    return "<=" if objective in FEWEST and sense == "=" else sense


def fewest_note(targets: scenario.Targets, model: scenario.Model) -> list[Note]:
    """Return the note that the station total is read as "at most", where it is."""
    if model.objective not in FEWEST or targets.sense.stations != "exactly":
        return []
    return [Note("stations_at_most", {"stations": targets.stations})]


def cover_promise(model: scenario.Model) -> list[Promise]:
    """Return the promise that an objective which keeps one makes of its own."""
    if model.objective not in FEWEST:
        return []
    return [Promise(within_m=model.cover.within_m, share=model.cover.share)]


def goal_of(model: scenario.Model, cutoff_m: float) -> Goal:
    """Return the objective of a scenario.

    Parameters
    ----------
    model
        Block of the scenario.
    cutoff_m
        Service radius along the road (m): no pair is known beyond it.

    Raises
    ------
    ScenarioError
        If a distance of the objective contradicts the service radius.
    """
    cover = model.cover
    radii = tuple((one.within_m, one.worth) for one in cover.radii)
    unserved_m = cutoff_m if model.unserved_m is None else model.unserved_m
    farthest = max([cover.within_m, *(far for far, _ in radii)])
    if model.objective in _COVERING and farthest > cutoff_m:
        raise ScenarioError(
            f"model.cover: {farthest:g} m lies beyond the service radius of {cutoff_m:g} m",
            where="model.cover",
            cure=f"give at most {cutoff_m:g} m, or raise travel.cutoff_m",
        )
    if unserved_m < cutoff_m:
        raise ScenarioError(
            f"model.unserved_m: {unserved_m:g} m lies within the service radius of {cutoff_m:g} m: "
            "to be left out would be better than to be served",
            where="model.unserved_m",
            cure=f"give at least {cutoff_m:g} m, or leave it out",
        )
    return Goal(
        name=model.objective,
        within_m=cover.within_m,
        radii=radii or ((cover.within_m, 1.0),),
        backup=cover.backup,
        unserved_m=unserved_m,
    )
