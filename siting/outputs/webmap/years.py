"""The years of a plan in phases, on its web map: who opens when, in what colour, of what size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from siting.outputs import palette
from siting.outputs.phases import PANEL, phase_header, phase_texts
from siting.outputs.webmap import style

if TYPE_CHECKING:
    import geopandas as gpd

    from siting.notes import Say
    from siting.plan.plan import Plan


STANDS = -1
"""In place of the number of a year: it stands today."""


def plan_years(plan: Plan) -> list[int]:
    """Return the years of the phases in their order; none without phases."""
    return [int(row["year"]) for row in plan.phases.get("years", ())]


def year_columns(plan: Plan, frame: gpd.GeoDataFrame) -> dict[str, pd.Series]:
    """Return what the page tells of each place: number of its year, chargers by year as text.

    Nothing where the plan has no phases, or the frame is none of theirs.
    """
    years = plan_years(plan)
    if not years or "phase" not in frame.columns:
        return {}
    number = {year: place for place, year in enumerate(years)}
    opens = frame["phase"].map(number).astype("Float64").fillna(STANDS)
    columns = {"opens": opens}
    if f"phase_{years[0]}_chargers" in frame.columns:
        counts = frame[[f"phase_{year}_chargers" for year in years]].itertuples(index=False)
        texts = [
            " · ".join(f"{year}: {count:,}" for year, count in zip(years, row, strict=True))
            for row in counts
        ]
        columns["by_year"] = pd.Series(texts, index=frame.index, dtype=object)
    return columns


def year_data(plan: Plan, say: Say) -> dict[str, Any]:
    """Return under ``phases`` what the page's script needs; nothing without phases."""
    years = plan_years(plan)
    if not years:
        return {}
    colours = palette.phase_colours(len(years))
    return {
        "phases": {
            "ends": [say("phase.end", year=str(year)) for year in years],
            "colours": colours,
            "standing": palette.KIND_COLOURS["existing"],
            "swaps": [style.swap_new(colour) for colour in colours],
            "chargers": [plan.sites[f"phase_{year}_chargers"].tolist() for year in years],
        }
    }


def year_panel(plan: Plan, say: Say) -> dict[str, Any] | None:
    """Return the section of the panel: a row a year with its totals, and a key of the colours."""
    years = plan_years(plan)
    if not years:
        return None
    opened = plan.sites["phase"].value_counts()
    entries = [
        {
            "number": STANDS,
            "label": say("phase.standing"),
            "colour": palette.KIND_COLOURS["existing"],
            "count": f"{int((~plan.sites['is_new'].astype(bool)).sum()):,}",
        }
    ]
    entries += [
        {
            "number": place,
            "label": say("phase.opens", year=str(year)),
            "colour": colour,
            "count": f"{int(opened.get(year, 0)):,}",
        }
        for place, (year, colour) in enumerate(
            zip(years, palette.phase_colours(len(years)), strict=True)
        )
    ]
    return {
        "headers": [phase_header(key, say) for key in PANEL[1:]],
        "rows": [
            (say("phase.end", year=texts[0]), texts[1:]) for texts in phase_texts(plan, say, PANEL)
        ],
        "entries": entries,
    }
