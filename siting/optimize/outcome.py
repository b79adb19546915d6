"""What is known about an answer: its status, value and bounds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """What is known about a plan's objective value."""

    OPTIMAL = "optimal"
    """Value and bound agree to 1e-6."""
    WITHIN_GAP = "within_gap"
    """The proven gap is at most the one asked for."""
    FEASIBLE = "feasible"
    """All rules hold; the gap is larger than asked for."""


@dataclass(frozen=True)
class Outcome:
    """The objective value of a plan and what is proven about it.

    ``value`` is the plan re-scored at full resolution (every demand point, every pair in
    reach); ``bound`` is an upper bound valid at that resolution and ``gap_share`` is
    ``(bound - value) / bound``. The ``reduced`` ones speak of the thinned model that the
    solver saw. Values are shares of all demand (see ``docs/model.md``). The swap stations come
    from a covering model of their own; ``swap_gap_share`` is proven on its thinned form, and
    NaN where no swap station is asked for.

    ``objective`` names what value and bound speak of. Where it is not ``joint``, they are that
    objective's own (a share, metres, stations or cost); of one that is minimised the bound limits
    from below and the gap is their distance over the larger of the two.
    """

    status: Status
    value: float
    bound: float
    gap_share: float
    reduced_value: float
    reduced_bound: float
    reduced_gap_share: float
    solver: str
    swap_gap_share: float = math.nan
    objective: str = "joint"
