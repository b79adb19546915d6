"""Views of the web map: for each body of the handouts the sites of its sheet, in their numbers.

Who sees what is decided by the handouts alone; the map shows the very rows of each sheet, so
that paper and screen cannot differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from siting.outputs.handouts.bodies import OVERVIEW, all_bodies
from siting.outputs.handouts.sheet import make_sheet

if TYPE_CHECKING:
    from siting.notes import Say
    from siting.outputs.handouts.sheet import Sheet
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
    content: dict[str, Any]


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


def _content(plan: Plan, sheet: Sheet, zone: int | None, say: Say) -> dict[str, Any]:
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
