"""What a handout says, before anybody draws it: rows in the numbers of the map, totals, notes.

The PDF, the page and the tests all read the same :class:`Sheet`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from siting.outputs import words
from siting.outputs.paper.bodies import (
    EVERYTHING,
    FIRST,
    HYDROGEN_KEYS,
    OVERVIEW,
    make_clusters,
    make_table,
    station_keys,
    swap_keys,
)
from siting.outputs.text.figure_tables import count_years
from siting.outputs.text.plan_lines import hydrogen_line, need_lines
from siting.tables.fields import CHARGING, HYDROGEN, SWAP, TOTALS

if TYPE_CHECKING:
    import geopandas as gpd

    from siting.notes import Say
    from siting.outputs.paper.bodies import Body, Table
    from siting.plan.plan import Plan

    Points = np.ndarray[Any, np.dtype[np.float64]]


_TEN_THOUSAND = 1e4


def with_phase(plan: Plan, keys: tuple[str, ...]) -> tuple[str, ...]:
    """Return the columns with the year a station opens, on every sheet of a plan in phases."""
    if not plan.phases or "opening" in keys:
        return keys
    place = keys.index("state") + 1 if "state" in keys else len(FIRST)
    return (*keys[:place], "opening", *keys[place:])


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
        if "cost_cny" in body.columns and math.isfinite(count.cost_cny):
            cost = f"{count.cost_cny / _TEN_THOUSAND:,.0f}"
            lines.append(say("phase.handout_cost", year=year, cost=cost))
    return lines


_NEAR_M = 1000.0


@dataclass(frozen=True)
class Sheet:
    """One handout.

    Attributes
    ----------
    body
        Who it is for.
    title, subtitle, question
        Texts of its head.
    sites, swap_sites, hydrogen_sites
        Rows of the plan it shows, in the order of their numbers, 1, S1 and H1 first.
    stations, swaps, hydrogen
        The same as tables; None where there is nothing.
    clusters
        Sums by substation, for the grid company; None for others.
    totals
        ``(label, this sheet, whole plan, target)``; the sheet's own numbers come from its rows.
    status
        Lines on what is proven about the plan.
    facts
        Further lines for this body, e.g. people within 1 km.
    notes
        What a reader must know: sign-offs, missing data, estimates.
    sources
        Where the data is from, one line each.
    """

    body: Body
    title: str
    subtitle: str
    question: str
    sites: gpd.GeoDataFrame
    swap_sites: gpd.GeoDataFrame
    hydrogen_sites: gpd.GeoDataFrame
    stations: Table | None
    swaps: Table | None
    hydrogen: Table | None
    clusters: Table | None
    totals: tuple[tuple[str, int, int, int], ...]
    status: tuple[str, ...]
    facts: tuple[str, ...]
    notes: tuple[str, ...]
    sources: tuple[str, ...]

    @property
    def tables(self) -> tuple[tuple[str, Table], ...]:
        """Its tables with the words of their titles, in the order of paper."""
        titled = (
            ("handout.stations", self.stations),
            (f"total.{SWAP.total}", self.swaps),
            (f"total.{HYDROGEN.total}", self.hydrogen),
            ("handout.clusters", self.clusters),
        )
        return tuple((title, table) for title, table in titled if table is not None)


def make_say(language: str, kinds: dict[str, dict[str, str]] | None = None) -> Say:
    """Return words in ``"zh"``, ``"en"`` or ``"both"``: Chinese, a slash, English.

    ``kinds`` are the names of a plan's own kinds of site, ``Plan.kinds``.
    """
    if language != "both":
        return words.speaker(language, kinds)
    zh, en = words.speaker("zh", kinds), words.speaker("en", kinds)

    def say(key: str, /, **given: Any) -> str:  # noqa: ANN401  # numbers and names
        first, second = zh(key, **given), en(key, **given)
        return first if first == second else f"{first} / {second}"

    return say


def make_sheet(plan: Plan, body: Body, *, language: str) -> Sheet:
    """Return what the handout of a body says.

    Parameters
    ----------
    plan
        The plan.
    body
        One of :func:`siting.outputs.paper.bodies.all_bodies`.
    language
        ``"zh"``, ``"en"`` or ``"both"``.
    """
    say = make_say(language, plan.kinds)
    sites = _ordered(plan, plan.sites[_seen(plan, body)])
    swaps = plan.swap_sites if body.swap else plan.swap_sites.iloc[:0]
    if body.zone_id is not None:
        swaps = swaps[swaps["zone_id"] == body.zone_id]
    swaps = swaps.sort_values(["is_new", "site_id"], ascending=[False, True])
    hydrogen = _hydrogen(plan, body)
    return Sheet(
        body=body,
        title=body.name(language),
        subtitle=_both(plan.title_zh, plan.title_en, language),
        question=_both(body.question_zh, body.question_en, language),
        sites=sites,
        swap_sites=swaps,
        hydrogen_sites=hydrogen,
        stations=make_table(
            plan, sites, with_phase(plan, station_keys(body)), CHARGING.letter, say
        ),
        swaps=make_table(plan, swaps, with_phase(plan, swap_keys(body)), SWAP.letter, say),
        hydrogen=make_table(plan, hydrogen, HYDROGEN_KEYS, HYDROGEN.letter, say),
        clusters=make_clusters(plan, sites, swaps, say) if body.restricted else None,
        totals=_totals(plan, body, (sites, swaps, hydrogen), say),
        status=_status(plan, body, say),
        facts=(*_facts(plan, body, sites, say), *year_lines(plan, body, sites, swaps, say)),
        notes=tuple(_notes(plan, body, sites, say)),
        sources=tuple(_sources(plan, say)),
    )


def _both(zh: str, en: str, language: str) -> str:
    if language != "both":
        return en if language == "en" else zh
    return f"{zh} / {en}" if zh != en else zh


def _seen(plan: Plan, body: Body) -> pd.Series:
    """Return which stations a body sees: its own, those it is informed of, the risky ones."""
    sites = plan.sites
    if body.zone_id is not None:
        return sites["zone_id"] == body.zone_id
    seen = pd.Series(EVERYTHING in body.informed, index=sites.index)
    seen |= sites["kind"].isin(body.informed) | sites["owner"].isin([body.name_zh, body.name_en])
    if body.risk:
        seen |= sites["verdict"] == "sign_off"
    return seen


def _ordered(plan: Plan, sites: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the stations with their priority, new ones first, by zone; numbered in this order."""
    fresh = plan.sites[plan.sites["is_new"]]
    rank = fresh["score"].rank(ascending=False, method="first")
    order = sites.assign(priority=rank.reindex(sites.index))
    return order.sort_values(["is_new", "zone_id", "site_id"], ascending=[False, True, True])


def _hydrogen(plan: Plan, body: Body) -> gpd.GeoDataFrame:
    """Return the hydrogen stations a body sees, none where the plan has none."""
    rows = plan.hydrogen_sites
    if rows is None or not body.hydrogen:
        return plan.swap_sites.iloc[:0]
    if body.zone_id is not None:
        rows = rows[rows["zone_id"] == body.zone_id]
    return rows.sort_values("site_id")


def _totals(
    plan: Plan, body: Body, shown: tuple[gpd.GeoDataFrame, ...], say: Say
) -> tuple[tuple[str, int, int, int], ...]:
    sites, swaps, hydrogen = shown
    counts = (len(sites), int(sites["chargers"].sum()), len(swaps))
    own = dict(zip(TOTALS, counts, strict=True))
    if plan.hydrogen_sites is not None and body.hydrogen:
        own[HYDROGEN.total] = len(hydrogen)
    return tuple(
        (say(f"total.{key}"), count, plan.totals[key], plan.targets[key])
        for key, count in own.items()
    )


def _status(plan: Plan, body: Body, say: Say) -> tuple[str, ...]:
    lines = []
    for key, numbers in (plan.judgement, plan.answer):
        lines.append(say(key, **numbers))
    if math.isfinite(plan.outcome.swap_gap_share):
        lines.append(say("status.swap", gap=plan.outcome.swap_gap_share))
    if plan.hydrogen_sites is not None and body.hydrogen:
        lines.append(hydrogen_line(plan, say))
    return tuple(dict.fromkeys(lines))


def _facts(plan: Plan, body: Body, sites: gpd.GeoDataFrame, say: Say) -> list[str]:
    """Return what else this body asks: how its sites split, and people near for a township."""
    own = int(sites["owner"].isin([body.name_zh, body.name_en]).sum())
    facts = []
    if body.key != OVERVIEW and body.zone_id is None:
        facts.append(say("handout.own", own=own, informed=len(sites) - own))
    fresh = sites[sites["is_new"]]
    facts.append(say("handout.split", new=len(fresh), existing=len(sites) - len(fresh)))
    if body.key == OVERVIEW:
        facts += need_lines(plan, say)
    if body.zone_id is not None:
        facts += _people(plan, body.zone_id, say)
        share = len(sites) / plan.targets["stations"] if plan.targets["stations"] else math.nan
        facts.append(say("handout.share", share=share))
    return facts


def _people(plan: Plan, zone_id: str, say: Say) -> list[str]:
    """Return people of a zone within 1 km of a station, straight line, before and after."""
    demand = plan.demand[(plan.demand["zone_id"] == zone_id) & plan.demand["people"].notna()]
    people = demand["people"].to_numpy(dtype=float)
    total = float(people.sum())
    if total <= 0:
        return [say("handout.people_unknown")]
    standing = plan.sites[~plan.sites["is_new"]]
    points = site_points(demand)
    shares = [
        float(people[_near(points, site_points(stations))].sum()) / total
        for stations in (standing, plan.sites)
    ]
    return [say("handout.people", before=shares[0], after=shares[1])]


def _near(points: Points, stations: Points) -> np.ndarray[Any, np.dtype[np.bool_]]:
    tree = shapely.STRtree(np.asarray(shapely.points(stations)))
    found, _ = tree.query(shapely.points(points), predicate="dwithin", distance=_NEAR_M)
    near = np.zeros(len(points), dtype=bool)
    near[found] = True
    return near


def _notes(plan: Plan, body: Body, sites: gpd.GeoDataFrame, say: Say) -> list[str]:
    notes = []
    if sign_off := int((sites["verdict"] == "sign_off").sum()):
        notes.append(say("handout.sign_off", count=sign_off))
    unknown = sites["spaces_source"].isin(["missing", "default"]) & sites["is_new"]
    if guessed := int(unknown.sum()):
        notes.append(say("handout.spaces_guessed", count=guessed))
    if "due" in body.columns:
        listed = "due_bays" in sites.columns and sites["due_bays"].notna().any()
        notes.append(say("handout.due" if listed else "handout.due_unlisted"))
    notes += [say(f"note.{note.key}", **note.values) for note in plan.notes]
    return notes


def _sources(plan: Plan, say: Say) -> list[str]:
    lines = []
    for source in plan.sources:
        date = say("map.as_of", date=source.as_of) if source.as_of else say("map.no_date")
        parts = [say(f"source.{source.name}"), source.origin, source.licence, date]
        if source.synthetic:
            parts.append(say("map.synthetic"))
        lines.append(" · ".join(part for part in parts if part))
    return lines


def site_points(rows: gpd.GeoDataFrame) -> Points:
    """Return the points of rows, (n, 2), in the plan's metric CRS."""
    return np.column_stack([rows.geometry.x.to_numpy(), rows.geometry.y.to_numpy()])
