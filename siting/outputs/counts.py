"""Totals by regime, and under other readings of the policy, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from siting.notes import Say
    from siting.plan.plan import Plan


def count_lines(plan: Plan, say: Say) -> list[str]:
    """Return a line for the regimes and one for each other reading of what counts."""
    counts = plan.counts
    if not counts:
        return []
    lines = [
        say(
            "count.pools",
            pools=[
                say("count.pool", pool=say(f"pool.{name}"), **numbers)
                for name, numbers in counts["pools"].items()
            ],
        )
    ]
    other = counts["otherwise"]
    lines.append(say("count.units", piles=other["piles"], guns=other["guns"]))
    if len(other["by_body"]) > 1:
        bodies = [
            say("count.body", **{**row, "managed_by": row["managed_by"] or say("fact.none")})
            for row in other["by_body"]
        ]
        lines.append(say("count.bodies", bodies=bodies))
    lines.append(say("count.shared", **other["without_shared"]))
    return lines
