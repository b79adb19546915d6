"""Views of the web map: by body the sites of its sheet in their numbers, and by year.

Who sees what is decided by the handouts alone; the map shows the very rows of each sheet, so
that paper and screen cannot differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from siting.outputs import palette
from siting.outputs.map import signs
from siting.outputs.paper.bodies import OVERVIEW, all_bodies
from siting.outputs.paper.sheet import make_sheet
from siting.outputs.text.figure_tables import PANEL, phase_header, phase_texts
from siting.plan.described import PHASE, plan_years

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from siting.files import JsonObject
    from siting.notes import Say
    from siting.outputs.paper.sheet import Sheet
    from siting.plan.plan import Plan


@dataclass(frozen=True)
class View:
    """One entry of the selector.

    Attributes
    ----------
    key, name
        Of the body; the name is somebody's text and may hold anything.
    group
        ``"overview"``, ``"bodies"`` or ``"zones"``.
    content
        What the page's script shows of it, as JSON types.
    """

    key: str
    name: str
    group: str
    content: JsonObject


def make_views(plan: Plan, *, say: Say, language: str) -> list[View]:
    """Return the views of a plan: the overview first, bodies, then townships, as on paper.

    Parameters
    ----------
    plan
        The plan.
    say
        Words in the language of the map.
    language
        That language.
    """
    rows = {zone: row for row, zone in enumerate(plan.zones["zone_id"])}
    views = []
    for body in all_bodies(plan):
        sheet = make_sheet(plan, body, language=language)
        zone = None if body.zone_id is None else rows[body.zone_id]
        group = "zones" if body.zone_id is not None else "bodies"
        views.append(
            View(
                key=body.key,
                name=sheet.title,
                group="overview" if body.key == OVERVIEW else group,
                content=_content(plan, sheet, zone, say),
            )
        )
    return views


def _content(plan: Plan, sheet: Sheet, zone: int | None, say: Say) -> JsonObject:
    """Return a sheet as the script reads it: rows of the page's tables in the sheet's order."""
    lines = list(sheet.facts)
    if not sheet.tables:
        lines.insert(0, say("handout.empty"))
    if sheet.body.role:
        lines.append(say("handout.proposed"))
    return {
        "title": sheet.title,
        "question": sheet.question,
        "sites": plan.sites.index.get_indexer(sheet.sites.index).tolist(),
        "swaps": plan.swap_sites.index.get_indexer(sheet.swap_sites.index).tolist(),
        "totals": [[label, own, whole] for label, own, whole, _ in sheet.totals],
        "lines": lines,
        "zone": zone,
    }


STANDS = -1
"""In place of the number of a year: it stands today."""


def year_numbers(plan: Plan, frame: gpd.GeoDataFrame) -> dict[str, pd.Series]:
    """Return under ``opens`` the number of the year that each place opens in.

    Nothing where the plan has no phases, or the frame is none of theirs.
    """
    years = plan_years(plan)
    if not years or PHASE not in frame.columns:
        return {}
    number = {year: place for place, year in enumerate(years)}
    return {"opens": frame[PHASE].map(number).astype("Float64").fillna(STANDS)}


def year_data(plan: Plan, say: Say) -> JsonObject:
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
            "swaps": [signs.swap_new(colour) for colour in colours],
            "chargers": [plan.sites[f"phase_{year}_chargers"].tolist() for year in years],
        }
    }


def year_panel(plan: Plan, say: Say) -> JsonObject | None:
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
