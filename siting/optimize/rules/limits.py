"""Floors, ceilings and quotas: how many stations, chargers or swap stations stand where.

The rows of every limit are made here, also of those that other families stand for.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from siting.errors import ImpossibleTargetError
from siting.notes import Note
from siting.optimize.problem.linear_rules import LinearRule, Rules, row_of
from siting.optimize.rules.family import (
    AskedLimit,
    Family,
    chosen_zones,
    kinds_flags,
    listed_flags,
    lists_of,
    pool_flags,
)
from siting.optimize.rules.rulings import (
    NO_END,
    PER_MILLE,
    STATIONS,
    SWAP,
    Lever,
    Soft,
    Stepwise,
    moved,
    put,
    share_less,
    share_more,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from siting import scenario
    from siting.arrays import Flags, Ints, Names
    from siting.notes import Values
    from siting.optimize.problem.problem import SitingProblem
    from siting.optimize.rules.family import Ground
    from siting.optimize.rules.rulings import Path, Rulings, Way

_TINY = 1e-9
_SHOWN = 5
AREA = "file:"
"""How the ids of renewal areas begin among the lists of a site."""


def _asked(model: scenario.Model) -> list[AskedLimit]:
    return [AskedLimit(f"model.limits[{n}]", one) for n, one in enumerate(model.limits, start=1)]


def _rows(problem: SitingProblem, ground: Ground) -> SitingProblem:
    """Add the rows of every limit."""
    sites, zone_kind = ground.sites, ground.zone_kind
    pool = sites["pool"].to_numpy(dtype=object) if "pool" in sites.columns else None
    lists = lists_of(sites)
    stations, swaps = [*problem.rules.rows], [*problem.swap_rules.rows]
    notes = list(problem.notes)
    for key, limit in ground.limits:
        if limit.each_area:
            notes += _without_room(problem, lists, key)
        rows = quotas(problem, limit, zone_kind, key=key, pool=pool, lists=lists)
        (swaps if limit.count == "swap_stations" else stations).extend(rows)
    return replace(
        problem,
        rules=Rules(tuple(stations), problem.rules.promises),
        swap_rules=Rules(tuple(swaps), problem.swap_rules.promises),
        notes=tuple(notes),
    )


def _without_room(problem: SitingProblem, lists: list[frozenset[str]], key: str) -> list[Note]:
    """Name the areas where no station may open, for what is too near stands or a rule stops it."""
    every, able = (
        {name for j in rows for name in lists[j] if name.startswith(AREA)}
        for rows in (range(len(lists)), np.flatnonzero(problem.openable).tolist())
    )
    lost = sorted(every - able)
    values = {"rule": key, "count": len(lost), "of": len(every), "ids": lost[:_SHOWN]}
    return [Note("areas_without_room", values)] if lost else []


def quotas(
    problem: SitingProblem,
    limit: scenario.Limit,
    zone_kind: pd.Series,
    *,
    key: str,
    pool: Names | None = None,
    lists: list[frozenset[str]] | None = None,
) -> Iterator[LinearRule]:
    """Yield a floor and a ceiling: ``least <= sum_{j in M} x_j <= most``.

    ``M`` are the sites that pass the filters by zone, kind of zone and site, pool and list; ``x``
    is ``open``, ``chargers`` or ``swap``. A share counts of the target ``T`` of what is counted:
    ``least = ceil(share T)``, ``most = floor(share T)``. With ``each_zone`` there is one pair
    of rows for each zone; with ``each_area`` one for each renewal area with a site that may open.

    Raises
    ------
    ScenarioError
        If a filter names what is not there.
    ImpossibleTargetError
        If the sites cannot hold the least, or what exists is above the most.
    """
    zones = chosen_zones(problem, limit.zones, limit.zone_kinds, zone_kind, key=key)
    kinds = kinds_flags(problem, limit.kinds, key=key)
    kinds = kinds & pool_flags(problem, limit.pools, pool, key=key)
    lists = lists or [frozenset()] * len(problem.site_id)
    kinds = kinds & listed_flags(lists, limit.listed, key=key)
    usable = problem.swap_ok if limit.count == "swap_stations" else problem.openable
    here = usable & kinds & np.isin(problem.site_zone, zones)
    least, most = _ends(problem, limit)
    for place, part in _parts(problem, limit, zones, lists, here):
        members = np.flatnonzero(here & part)
        values: Values = {"count": limit.count, "place": place, "key": key}
        if least is not None:
            values = {**values, "number": least}
            _check_floor(problem, limit, members, values)
            what = "at least {number} {count} in {place} ({key})"
            yield _quota(limit, what, values, members, ">=", least)
        if most is not None:
            values = {**values, "number": most}
            _check_ceiling(problem, limit, members, values)
            what = "at most {number} {count} in {place} ({key})"
            yield _quota(limit, what, values, members, "<=", most)


def _parts(
    problem: SitingProblem,
    limit: scenario.Limit,
    zones: Ints,
    lists: list[frozenset[str]],
    here: Flags,
) -> Iterator[tuple[str, Flags]]:
    """Yield what is held to the numbers by itself, in words and as flags of sites."""
    if limit.each_zone:
        for zone in zones.tolist():
            yield f"zone {problem.zone_id[zone]}", problem.site_zone == zone
    elif limit.each_area:
        areas = frozenset().union(*(lists[j] for j in np.flatnonzero(here)))
        for area in sorted(name for name in areas if name.startswith(AREA)):
            yield f"area {area}", np.array([area in told for told in lists], dtype=bool)
    else:
        yield f"{len(zones)} zones", np.ones(len(here), dtype=bool)


def _ends(problem: SitingProblem, limit: scenario.Limit) -> tuple[int | None, int | None]:
    target = int(getattr(problem, limit.count))
    least, most = limit.at_least, limit.at_most
    if limit.at_least_share is not None:
        least = max(least or 0, math.ceil(limit.at_least_share * target - _TINY))
    if limit.at_most_share is not None:
        share = math.floor(limit.at_most_share * target + _TINY)
        most = share if most is None else min(most, share)
    return least, most


def _quota(
    limit: scenario.Limit, what: str, values: Values, members: Ints, sense: str, rhs: int
) -> LinearRule:
    opens, chargers = (0.0, 1.0) if limit.count == "chargers" else (1.0, 0.0)
    return row_of("quota", what, values, members, sense, rhs, opens=opens, chargers=chargers)


def _check_floor(
    problem: SitingProblem, limit: scenario.Limit, members: Ints, values: Values
) -> None:
    room = len(members)
    if limit.count == "chargers":
        room = int(problem.max_chargers[members].sum())
    if room < values["number"]:
        raise ImpossibleTargetError(
            "at least {number} {count} are asked for in {place}".format(**values)
            + f", but its {len(members)} sites have room for {room}",
            where=values["key"],
            cure=f"ask for at most {room}, or allow more sites there",
        )


def _check_ceiling(
    problem: SitingProblem, limit: scenario.Limit, members: Ints, values: Values
) -> None:
    standing = {
        "stations": problem.forced[members].sum(),
        "chargers": problem.min_chargers[members][problem.forced[members]].sum(),
        "swap_stations": problem.existing_swap[members].sum(),
    }[limit.count]
    if standing > values["number"]:
        raise ImpossibleTargetError(
            "at most {number} {count} are allowed in {place}".format(**values)
            + f", but {int(standing)} exist and stay",
            where=values["key"],
            cure=f"allow at least {int(standing)}",
        )


def _levers(rulings: Rulings) -> Iterator[Lever]:
    for number, limit in enumerate(rulings.model.limits):
        key = f"model.limits[{number + 1}]"
        swap = limit.count == "swap_stations"
        for end, sign, sense in (("at_least", -1, ">="), ("at_most", 1, "<=")):
            path: Path = ("model", "limits", number, end)
            drop = partial(put, path, None)
            now = getattr(limit, end)
            if now is not None:
                soft = _soft(key, sense, swap=swap)
                steps = now if sign < 0 else NO_END
                step = partial(moved, path, sign)
                halving = min(steps, 10 * (now + PER_MILLE))
                ways: tuple[Way, ...] = (Stepwise(path, steps, step, soft),
                                         Stepwise(path, halving, step, fallback=True))  # fmt: skip
                yield Lever("limit", path, drop, ways, part=end)
            share_path: Path = ("model", "limits", number, f"{end}_share")
            share = getattr(limit, f"{end}_share")
            if share is not None:
                move = share_less if sign < 0 else share_more
                most = math.ceil(share * PER_MILLE) if sign < 0 else math.floor(
                    PER_MILLE - share * PER_MILLE)  # fmt: skip
                way = Stepwise(share_path, most, partial(move, share_path))
                yield Lever("limit", share_path, partial(put, share_path, None), (way,), part=end)


def _soft(key: str, sense: str, *, swap: bool) -> Soft:
    """Loosen the rows of one end of a limit alike, all zones of ``each_zone`` together."""

    def rows(problem: SitingProblem) -> dict[str, float]:
        rules = problem.swap_rules if swap else problem.rules
        return {
            f"{rule.family}_{number}": 1.0 if sense == ">=" else -1.0
            for number, rule in enumerate(rules.rows)
            if rule.values.get("key") == key and rule.sense == sense  # noqa: PD011  # a dict's
        }

    return Soft(SWAP if swap else STATIONS, rows)


LIMITS = Family("limit", firm=2, levers=_levers, limits=_asked, rows=_rows)
