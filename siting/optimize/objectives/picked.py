"""What an objective's own model decided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from siting.arrays import Ints
    from siting.optimize.problem import SitingProblem


@dataclass(frozen=True, eq=False)
class Pick:
    """The stations, and a bound on the objective of every plan.

    Attributes
    ----------
    sites
        Positions of the open sites, sorted.
    bound
        Limits the objective from above, or from below where it is minimised.
    cut
        Whether the clock ended the search.
    sizing
        The problem to size and fill the stations by, where the objective adds a rule to it.
    """

    sites: Ints
    bound: float
    cut: bool
    sizing: SitingProblem | None = None
