"""Families of rules over stations: locked and upgraded sites, floors, ceilings and quotas.

Each function turns one family of the scenario into rows
(:class:`siting.optimize.problem.linear_rules.LinearRule`) and says its algebra. ``open_j`` is 1 if
a station stands at site ``j``, ``chargers_j`` counts its chargers, ``swap_k`` is 1 if a swap
station stands at ``k``.
"""

from __future__ import annotations

import difflib
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from siting.errors import ImpossibleTargetError, ScenarioError
from siting.optimize.problem.linear_rules import LinearRule, row_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import geopandas as gpd
    import pandas as pd

    from siting import scenario
    from siting.arrays import Flags, Ints, Names
    from siting.optimize.problem.problem import SitingProblem

_SHOWN = 5
_TINY = 1e-9


def check_names(asked: Iterable[str], there: Iterable[Any], *, key: str, what: str) -> None:
    """Refuse names that nothing in the data has, with the nearest one that is there.

    Raises
    ------
    ScenarioError
        Naming every unknown name.
    """
    names = {str(name) for name in there}
    unknown = sorted(set(asked) - names)
    if not unknown:
        return
    parts = []
    for name in unknown[:_SHOWN]:
        near = difflib.get_close_matches(name, sorted(names), n=1)
        parts.append(f"'{name}'" + (f" (did you mean '{near[0]}'?)" if near else ""))
    few = sorted(names) if len(names) <= 2 * _SHOWN else []
    raise ScenarioError(
        f"{key}: no {what} {', '.join(parts)} in the data of this run",
        where=key,
        cure=f"one of: {', '.join(few)}"
        if few
        else "the layer candidates of a run's plan.gpkg lists ids and names",
    )


def banned_sites(sites: gpd.GeoDataFrame, banned: Iterable[str]) -> Flags:
    """Return which sites are banned: they get no variable, which is ``open_j = swap_j = 0``.

    Raises
    ------
    ScenarioError
        If an id is unknown, or a station stands there already and so stays.
    """
    names = set(banned)
    flags = sites["site_id"].isin(names).to_numpy(dtype=bool)
    standing = (sites["existing_station"] | sites["existing_swap"]).to_numpy(dtype=bool)
    if (flags & standing).any():
        ids = ", ".join(sites["site_id"].to_numpy(dtype=object)[flags & standing][:_SHOWN])
        raise ScenarioError(
            f"model.banned names sites where a station exists and stays: {ids}",
            where="model.banned",
            cure="take the station out of the list of existing ones, or lift the ban",
        )
    return flags


def upgraded_minimum(sites: gpd.GeoDataFrame, fewest: Ints, upgrades: Mapping[str, int]) -> Ints:
    """Return the fewest chargers of each site, raised where an upgrade is forced.

    ``chargers_j >= n_j`` where the station stands: ``min_j = max(min_j, n_j)``.

    Raises
    ------
    ImpossibleTargetError
        If an upgrade asks for more chargers than the site can hold.
    """
    asked = sites["site_id"].map(dict(upgrades)).fillna(0).to_numpy(dtype=np.int64)
    most = np.maximum(sites["max_chargers"], sites["existing_chargers"]).to_numpy(dtype=np.int64)
    over = np.flatnonzero(asked > most)
    if len(over):
        ids = sites["site_id"].to_numpy(dtype=object)
        told = ", ".join(f"{ids[j]} {asked[j]} of {most[j]}" for j in over[:_SHOWN])
        raise ImpossibleTargetError(
            f"model.upgrades asks for more chargers than the sites can hold: {told}",
            where="model.upgrades",
            cure="ask for fewer, or raise the limits of the site kinds (candidates.site_kinds)",
        )
    return np.maximum(fewest, asked)


def locked_stations(problem: SitingProblem, model: scenario.Model) -> Iterator[LinearRule]:
    """Yield ``open_j = 1`` for each locked and each upgraded site.

    Raises
    ------
    ImpossibleTargetError
        If no station may stand at such a site.
    """
    named = [("locked", tuple(model.locked)), ("upgrade", tuple(model.upgrades))]
    for family, ids in named:
        places = np.flatnonzero(np.isin(problem.site_id, list(ids)))
        closed = places[~problem.openable[places]]
        if len(closed) or len(places) < len(set(ids)):
            shut = sorted(set(ids) - set(problem.site_id[problem.openable].tolist()))
            raise ImpossibleTargetError(
                f"a station must stand at {', '.join(shut[:_SHOWN])}, but none may: a rule stops "
                "the site, it has no room for a charger, it is banned, or it lies nearer to an "
                "existing station than the spacing",
                where="model.locked" if family == "locked" else "model.upgrades",
                cure="the layer candidates of a run's plan.gpkg has the verdict and reason of each",
            )
        for site in places.tolist():
            values = {"site": problem.site_id[site]}
            yield row_of(family, "a station at {site}", values, [site], "=", 1, opens=1.0)


def quotas(
    problem: SitingProblem,
    limit: scenario.Limit,
    zone_kind: pd.Series,
    *,
    key: str,
    pool: Names | None = None,
) -> Iterator[LinearRule]:
    """Yield a floor and a ceiling: ``least <= sum_{j in M} x_j <= most``.

    ``M`` are the sites that pass the filters by zone, kind of zone, kind of site and pool; ``x`` is
    ``open``, ``chargers`` or ``swap``. A share counts of the target ``T`` of what is counted:
    ``least = ceil(share T)``, ``most = floor(share T)``. With ``each_zone`` there is one pair
    of rows for each zone.

    Raises
    ------
    ScenarioError
        If a filter names what is not there.
    ImpossibleTargetError
        If the sites cannot hold the least, or what exists is above the most.
    """
    zones = chosen_zones(problem, limit.zones, limit.zone_kinds, zone_kind, key=key)
    kinds = kinds_flags(problem, limit.kinds, key=key)
    kinds = kinds & _pool_flags(problem, limit.pools, pool, key=key)
    parts = [[zone] for zone in zones.tolist()] if limit.each_zone else [zones.tolist()]
    usable = problem.swap_ok if limit.count == "swap_stations" else problem.openable
    least, most = _ends(problem, limit)
    for part in parts:
        members = np.flatnonzero(usable & kinds & np.isin(problem.site_zone, part))
        place = f"zone {problem.zone_id[part[0]]}" if limit.each_zone else f"{len(part)} zones"
        values: dict[str, Any] = {"count": limit.count, "place": place, "key": key}
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


def chosen_zones(
    problem: SitingProblem,
    zones: tuple[str, ...],
    zone_kinds: tuple[str, ...],
    zone_kind: pd.Series,
    *,
    key: str,
) -> Ints:
    """Return the positions of the zones that pass both filters; an empty one lets all pass."""
    keep = np.ones(len(problem.zone_id), dtype=bool)
    if zones:
        check_names(zones, problem.zone_id, key=f"{key}.zones", what="zone")
        keep &= np.isin(problem.zone_id, list(zones))
    if zone_kinds:
        kinds = zone_kind.reindex(problem.zone_id).to_numpy(dtype=object)
        check_names(zone_kinds, kinds, key=f"{key}.zone_kinds", what="kind of zone")
        keep &= np.isin(kinds.astype(str), list(zone_kinds))
    return np.flatnonzero(keep)


def kinds_flags(problem: SitingProblem, kinds: tuple[str, ...], *, key: str) -> Flags:
    """Return which sites are of the kinds; of any if none is named."""
    if not kinds:
        return np.ones(len(problem.site_id), dtype=bool)
    check_names(kinds, problem.site_kind, key=f"{key}.kinds", what="kind of site")
    return np.isin(problem.site_kind.astype(str), list(kinds))


def _pool_flags(
    problem: SitingProblem, pools: tuple[str, ...], pool: Names | None, *, key: str
) -> Flags:
    """Return which sites are in the pools; all if none is named."""
    if not pools or pool is None:
        return np.ones(len(problem.site_id), dtype=bool)
    check_names(pools, pool, key=f"{key}.pools", what="site of pool")
    return np.isin(pool.astype(str), list(pools))


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
    limit: scenario.Limit, what: str, values: dict[str, Any], members: Ints, sense: str, rhs: int
) -> LinearRule:
    opens, chargers = (0.0, 1.0) if limit.count == "chargers" else (1.0, 0.0)
    return row_of("quota", what, values, members, sense, rhs, opens=opens, chargers=chargers)


def _check_floor(
    problem: SitingProblem, limit: scenario.Limit, members: Ints, values: dict[str, Any]
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
    problem: SitingProblem, limit: scenario.Limit, members: Ints, values: dict[str, Any]
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
