"""What a handout says, before anybody draws it: rows in the numbers of the map, totals, remarks.

The PDF, the page and the tests all read the same :class:`Sheet`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from siting.outputs import words
from siting.outputs.handouts.bodies import EVERYTHING, OVERVIEW
from siting.outputs.handouts.columns import (
    FIRST,
    FOR_SWAPS,
    RESTRICTED,
    SUMMED,
    TO_FILL,
    Column,
    layout,
    values,
)
from siting.outputs.handouts.years import with_phase, year_lines

if TYPE_CHECKING:
    from collections.abc import Callable

    import geopandas as gpd

    from siting.outputs.handouts.bodies import Body
    from siting.plan import Plan

    Say = Callable[..., str]
    Points = np.ndarray[Any, np.dtype[np.float64]]

_COUNTED = ("stations", "chargers", "swap_stations")
_NEAR_M = 1000.0
_MAY_BE_EMPTY = frozenset({"priority", "reason", "due"})
_SWAP_COLUMNS = ("no", "name", "kind", "zone", "lonlat", "new")


@dataclass(frozen=True)
class Table:
    """A table of a handout: columns with headers, cells as text, sums by column."""

    columns: tuple[Column, ...]
    headers: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    sums: tuple[str, ...]


@dataclass(frozen=True)
class Sheet:
    """One handout.

    Attributes
    ----------
    body
        Who it is for.
    title, subtitle, question
        Texts of its head.
    sites, swap_sites
        Rows of the plan it shows, in the order of their numbers, 1 and S1 first.
    stations, swaps
        The same as tables; None where there is nothing.
    clusters
        Sums by substation, for the grid company; None for others.
    totals
        ``(label, this sheet, whole plan, target)``; the sheet's own numbers come from its rows.
    status
        Lines on what is proven about the plan.
    facts
        Further lines for this body, e.g. people within 1 km.
    remarks
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
    stations: Table | None
    swaps: Table | None
    clusters: Table | None
    totals: tuple[tuple[str, int, int, int], ...]
    status: tuple[str, ...]
    facts: tuple[str, ...]
    remarks: tuple[str, ...]
    sources: tuple[str, ...]


def make_say(language: str) -> Say:
    """Return words in ``"zh"``, ``"en"`` or ``"both"``: Chinese, a slash, English."""
    if language != "both":
        return words.speaker(language)
    zh, en = words.speaker("zh"), words.speaker("en")

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
        One of :func:`siting.outputs.handouts.bodies.all_bodies`.
    language
        ``"zh"``, ``"en"`` or ``"both"``.
    """
    say = make_say(language)
    sites = _ordered(plan, plan.sites[_seen(plan, body)])
    swaps = plan.swap_sites if body.swap else plan.swap_sites.iloc[:0]
    if body.zone_id is not None:
        swaps = swaps[swaps["zone_id"] == body.zone_id]
    swaps = swaps.sort_values(["is_new", "site_id"], ascending=[False, True])
    return Sheet(
        body=body,
        title=body.name(language),
        subtitle=_both(plan.title_zh, plan.title_en, language),
        question=_both(body.question_zh, body.question_en, language),
        sites=sites,
        swap_sites=swaps,
        stations=_table(plan, sites, with_phase(plan, _keys(body)), "", say),
        swaps=_table(plan, swaps, with_phase(plan, _swap_keys(body)), "S", say),
        clusters=_clusters(sites, swaps, say) if body.restricted else None,
        totals=_totals(plan, sites, swaps, say),
        status=_status(plan, say),
        facts=(*_facts(plan, body, sites, say), *year_lines(plan, body, sites, swaps, say)),
        remarks=tuple(_remarks(plan, sites, say)),
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
    seen |= sites["kind"].isin(body.informed) | (sites["owner"] == body.name_zh)
    if body.risk:
        seen |= sites["verdict"] == "sign_off"
    return seen


def _ordered(plan: Plan, sites: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the stations with their priority, new ones first, by zone; numbered in this order."""
    fresh = plan.sites[plan.sites["is_new"]]
    rank = fresh["score"].rank(ascending=False, method="first")
    order = sites.assign(priority=rank.reindex(sites.index))
    return order.sort_values(["is_new", "zone_id", "site_id"], ascending=[False, True, True])


def _keys(body: Body) -> tuple[str, ...]:
    keys = [*FIRST, *(key for key in body.columns if key not in FIRST)]
    if body.zone_id is not None:
        keys.remove("zone")
    return tuple(key for key in keys if body.restricted or key not in RESTRICTED)


def _swap_keys(body: Body) -> tuple[str, ...]:
    own = [key for key in body.columns if key in FOR_SWAPS]
    return (*_SWAP_COLUMNS, *(key for key in own if body.restricted or key not in RESTRICTED))


def _clusters(sites: gpd.GeoDataFrame, swaps: gpd.GeoDataFrame, say: Say) -> Table | None:
    """Return stations and power by substation; the last row is where none is known."""
    wanted = ["substation_id", "power_kw", "kva", "drawn_kw", "headroom_kw"]
    if not set(wanted) <= set(sites.columns):
        return None
    rows = pd.concat([pd.DataFrame(frame)[[name for name in wanted if name in frame.columns]]
                      for frame in (sites, swaps)])  # fmt: skip
    groups = rows.groupby(rows["substation_id"].fillna(""), sort=True)
    sums = groups[["power_kw", "kva", "drawn_kw"]].sum()
    free = groups["headroom_kw"].first()
    columns = tuple(
        layout(key) for key in ("substation", "count", "power_kw", "kva", "drawn", "free")
    )
    cells = [
        (
            str(name) or say("handout.unknown"),
            f"{len(groups.get_group(name)):,}",
            *(f"{sums.loc[name, key]:,.0f}" for key in ("power_kw", "kva", "drawn_kw")),
            say("handout.unknown") if pd.isna(free[name]) else f"{free[name]:,.0f}",
        )
        for name in sums.index
    ]
    total = (say("handout.sum"), f"{len(rows):,}", *(f"{sums[key].sum():,.0f}" for key in sums), "")
    return Table(columns, tuple(say(f"column.{one.key}") for one in columns), tuple(cells), total)


def _table(
    plan: Plan, rows: gpd.GeoDataFrame, keys: tuple[str, ...], prefix: str, say: Say
) -> Table | None:
    if rows.empty:
        return None
    columns, headers, cells, sums = [], [], [], []
    for key in keys:
        column = layout(key)
        if key == "no":
            given: list[Any] | None = [f"{prefix}{place}" for place in range(1, len(rows) + 1)]
        else:
            given = values(plan, key, rows, say)
        if given is None:
            continue
        columns.append(column)
        headers.append(say(f"column.{key}"))
        cells.append([_text(value, column, say, blank=key in TO_FILL) for value in given])
        known = [value for value in given if isinstance(value, int | float)]
        whole = key in SUMMED and bool(known)
        sums.append(_text(sum(known), column, say, blank=False) if whole else "")
    sums[0] = say("handout.sum")
    rows_of_cells = tuple(zip(*cells, strict=True))
    return Table(tuple(columns), tuple(headers), rows_of_cells, tuple(sums))


def _text(value: Any, column: Column, say: Say, *, blank: bool) -> str:  # noqa: ANN401  # a cell
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return (
            "" if blank or column.key in {"priority", "reason", "due"} else say("handout.unknown")
        )
    if column.digits is None or isinstance(value, str):
        return str(value)
    return f"{value:,.{column.digits}f}"


def _totals(
    plan: Plan, sites: gpd.GeoDataFrame, swaps: gpd.GeoDataFrame, say: Say
) -> tuple[tuple[str, int, int, int], ...]:
    own = {
        "stations": len(sites),
        "chargers": int(sites["chargers"].sum()),
        "swap_stations": len(swaps),
    }
    return tuple(
        (say(f"total.{key}"), own[key], plan.totals[key], plan.targets[key]) for key in _COUNTED
    )


def _status(plan: Plan, say: Say) -> tuple[str, ...]:
    lines = []
    for key, numbers in (plan.judgement, plan.answer):
        lines.append(say(key, **numbers))
    if math.isfinite(plan.outcome.swap_gap_share):
        lines.append(say("status.swap", gap=plan.outcome.swap_gap_share))
    return tuple(dict.fromkeys(lines))


def _facts(plan: Plan, body: Body, sites: gpd.GeoDataFrame, say: Say) -> list[str]:
    """Return what else this body asks: how its sites split, and people near for a township."""
    own = int((sites["owner"] == body.name_zh).sum())
    facts = []
    if body.key != OVERVIEW and body.zone_id is None:
        facts.append(say("handout.own", own=own, informed=len(sites) - own))
    fresh = sites[sites["is_new"]]
    facts.append(say("handout.split", new=len(fresh), existing=len(sites) - len(fresh)))
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
    if not len(stations):
        return np.zeros(len(points), dtype=bool)
    distance, _ = cKDTree(stations).query(points)
    return np.asarray(distance <= _NEAR_M)


def _remarks(plan: Plan, sites: gpd.GeoDataFrame, say: Say) -> list[str]:
    remarks = []
    if sign_off := int((sites["verdict"] == "sign_off").sum()):
        remarks.append(say("handout.sign_off", count=sign_off))
    unknown = sites["spaces_source"].isin(["missing", "default"]) & sites["is_new"]
    if guessed := int(unknown.sum()):
        remarks.append(say("handout.spaces_guessed", count=guessed))
    remarks += [say(f"note.{note.key}", **note.values) for note in plan.notes]
    return remarks


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
