"""What is said of facilities besides charging and battery swap, where a plan has any."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from siting.plan import Plan


def facility_lines(plan: Plan, say: Callable[..., str]) -> list[str]:
    """Return one line for each facility class that has a covering model of its own."""
    if plan.hydrogen_sites is None:
        return []
    gap, covered = plan.hydrogen["gap_share"], plan.hydrogen["covered_share"]
    if math.isfinite(gap):
        return [say("status.hydrogen", gap=gap, covered=covered)]
    return [say("status.hydrogen_open", covered=covered)]
