"""The panel beside the map: what the plan reaches, how good it is, the legend, the sources."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from jinja2 import Environment
from markupsafe import Markup

from siting.outputs import palette
from siting.outputs.assets import asset
from siting.outputs.map import signs
from siting.outputs.map.map_data import coverage_lines
from siting.outputs.map.views import year_panel
from siting.outputs.text.figure_tables import comparison
from siting.outputs.text.plan_lines import (
    chain_rows,
    date_text,
    facility_lines,
    plan_class_text,
    score_lines,
)
from siting.tables.fields import TOTALS

if TYPE_CHECKING:
    from siting.notes import Say
    from siting.outputs.map.views import View
    from siting.plan.plan import Plan, Source


_LEGEND_SIZES = (8, 24, 60)


def panel_html(
    plan: Plan, kinds: list[str], views: list[View], *, say: Say, title: str, gcj02: bool
) -> str:
    """Return the panel and the sample mark as HTML, every text of a plan escaped.

    Parameters
    ----------
    plan
        The plan.
    kinds
        Kinds of site in the order the map's script numbers them.
    views
        What the selector offers, in the order the script numbers it.
    say
        Words in the language of the map.
    title
        Title of the map.
    gcj02
        Whether the map is drawn in GCJ-02, which it then says.
    """
    year = plan.scenario.get("targets", {}).get("by")
    outcome = plan.outcome
    (status, judged), (answer, found) = plan.judgement, plan.answer
    return (
        Environment(autoescape=True, trim_blocks=True)
        .from_string(asset("panel.html"))
        .render(
            say=say,
            title=title,
            run=say("print.run", run=plan.run),
            views=_views(views),
            coverage=coverage_lines(plan, say),
            unlisted="" if _listed(plan) else say("cover.unlisted"),
            spots=[
                {"drawing": Markup(signs.spot(state)), "label": say(f"cover.{word}")}  # noqa: S704  # our own drawing
                for state, word in enumerate(("before", "after", "none"))
            ],
            subtitle=say("total.by", year=year) if year else plan.run,
            totals=[_total(plan, key, say) for key in TOTALS],
            status=say(status, **judged),
            bounds=say(answer, **found),
            swap_status=say("status.swap", gap=outcome.swap_gap_share)
            if math.isfinite(outcome.swap_gap_share)
            else "",
            facilities=facility_lines(plan, say),
            compared=comparison(plan, say),
            scored=score_lines(plan, say),
            chain=chain_rows(plan, say),
            phases=year_panel(plan, say),
            kinds=_legend_kinds(plan, kinds, say),
            signs=_signs(plan, say),
            sizes=_LEGEND_SIZES,
            notes=[say(f"note.{note.key}", **note.values) for note in plan.notes],
            sources=[_source(source, say) for source in plan.sources],
            mark=say("mark.sample") if plan.synthetic else "",
            datum=say("map.datum_gcj02" if gcj02 else "map.datum_wgs84"),
        )
    )


def _total(plan: Plan, key: str, say: Say) -> dict[str, Any]:
    met = plan.meets(key)
    return {
        "label": say(f"total.{key}"),
        "split": say(
            "total.split" if _listed(plan) else "total.split_unlisted",
            existing=plan.totals[f"existing_{key}"],
            new=plan.totals[f"new_{key}"],
        ),
        "classes": plan_class_text(plan, say) if key == "chargers" else "",
        "count": f"{plan.totals[key]:,}",
        "target": say("total.of_target", target=plan.targets[key]),
        "met": met,
        "verdict": say("total.met" if met else "total.missed"),
    }


def _listed(plan: Plan) -> bool:
    """Whether a list of what stands was given; without it their number is unknown, not zero."""
    return all(note.key != "no_baseline" for note in plan.notes)


def _views(views: list[View]) -> list[tuple[str, list[tuple[int, str]]]]:
    """Return the groups of the selector: key and entries of number and name."""
    groups: dict[str, list[tuple[int, str]]] = {}
    for number, view in enumerate(views):
        groups.setdefault(view.group, []).append((number, view.name))
    return list(groups.items())


def _legend_kinds(plan: Plan, kinds: list[str], say: Say) -> list[dict[str, Any]]:
    """Return the kinds that have stations in the plan, the most frequent first."""
    counts = plan.sites["kind"].value_counts()
    shown = [
        {
            "index": index,
            "label": say(f"kind.{kind}"),
            "colour": palette.kind_colour(kind),
            "count": int(counts.get(kind, 0)),
        }
        for index, kind in enumerate(kinds)
        if kind in counts.index
    ]
    return sorted(shown, key=lambda entry: (-entry["count"], entry["index"]))


def _signs(plan: Plan, say: Say) -> list[dict[str, Any]]:
    roads = palette.ROAD_STYLES
    drawings = {
        "legend.new": signs.dot(filled=True),
        "legend.existing": signs.dot(filled=False),
        "legend.swap_new": signs.SWAP_NEW,
        "legend.swap_existing": signs.SWAP_EXISTING,
        "legend.hydrogen": signs.HYDROGEN,
        "legend.candidate": signs.small_dot(),
        "legend.sign_off": signs.ring_dot(),
        "legend.stopped": signs.cross(),
        "legend.zone": signs.stroke(palette.ZONE, 1.4, dashed=True),
        **{
            f"road.{name}": signs.stroke(road.colour, road.width, casing=road.casing)
            for name, road in reversed(roads.items())
            if (plan.roads["road_class"] == name).any()
        },
        **{
            f"landscape.{kind}": signs.patch(colour)
            for kind, colour in palette.LANDSCAPE_COLOURS.items()
            if (plan.landscape["kind"] == kind).any()
        },
    }
    if plan.hydrogen_sites is None:
        del drawings["legend.hydrogen"]
    for verdict in ("sign_off", "stop"):
        if not (plan.candidates["verdict"] == verdict).any():
            del drawings["legend.stopped" if verdict == "stop" else "legend.sign_off"]
    if plan.swap_sites["is_new"].all():
        del drawings["legend.swap_existing"]
    return [{"drawing": Markup(svg), "label": say(key)} for key, svg in drawings.items()]  # noqa: S704  # our own drawings


def _source(source: Source, say: Say) -> dict[str, Any]:
    return {
        "name": say(f"source.{source.name}"),
        "origin": source.origin,
        "licence": source.licence,
        "synthetic": source.synthetic,
        "date": say("map.as_of", date=date_text(source.as_of, say))
        if source.as_of
        else say("map.no_date"),
    }
