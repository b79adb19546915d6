"""What is said of facilities besides charging and battery swap, where a plan has any."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from siting.outputs.counts import count_lines

if TYPE_CHECKING:
    from siting.notes import Say
    from siting.plan.plan import Plan


def facility_lines(plan: Plan, say: Say) -> list[str]:
    """Return lines for the regimes, other readings of the totals, and hydrogen stations."""
    lines = count_lines(plan, say)
    return lines if plan.hydrogen_sites is None else [*lines, hydrogen_line(plan, say)]


def hydrogen_line(plan: Plan, say: Say) -> str:
    """Return what is proven about the hydrogen stations of a plan that has them."""
    gap, covered = plan.hydrogen["gap_share"], plan.hydrogen["covered_share"]
    if math.isfinite(gap):
        return say("status.hydrogen", gap=gap, covered=covered)
    return say("status.hydrogen_open", covered=covered)
