"""The years of a plan in phases, on its handouts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from siting.outputs.handouts.columns import FIRST
from siting.outputs.phases import count_years

if TYPE_CHECKING:
    import geopandas as gpd

    from siting.notes import Say
    from siting.outputs.handouts.bodies import Body
    from siting.plan.plan import Plan


_TEN_THOUSAND = 1e4


def with_phase(plan: Plan, keys: tuple[str, ...]) -> tuple[str, ...]:
    """Return the columns with the year a station opens, on every sheet of a plan in phases."""
    if not plan.phases or "phase" in keys:
        return keys
    place = keys.index("new") + 1 if "new" in keys else len(FIRST)
    return (*keys[:place], "phase", *keys[place:])


def year_lines(
    plan: Plan, body: Body, sites: gpd.GeoDataFrame, swaps: gpd.GeoDataFrame, say: Say
) -> list[str]:
    """Return what this body's stations come to by year, with the cost for who asks for it."""
    lines = []
    for count in count_years(plan, sites, swaps):
        year = str(count.year)
        line = say("phase.handout", year=year, stations=f"{count.stations:,}",
                   chargers=f"{count.chargers:,}", swaps=f"{count.swap_stations:,}")  # fmt: skip
        lines.append(line)
        if "cost" in body.columns and math.isfinite(count.cost_cny):
            cost = f"{count.cost_cny / _TEN_THOUSAND:,.0f}"
            lines.append(say("phase.handout_cost", year=year, cost=cost))
    return lines
