"""What a plan is chosen for: the objective of the scenario with its parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from siting.arrays import Floats

JOINT = "joint"
FEWEST = frozenset({"set_cover", "min_cost"})
"""Objectives that keep a promise of coverage; their number of stations is an outcome."""
LEAST = frozenset({"p_median", "p_center", *FEWEST})
"""Objectives that are minimised."""


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
