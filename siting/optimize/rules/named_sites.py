"""Lists of sites that a planner names: locked, banned, and upgraded to a number of chargers."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from siting.errors import ImpossibleTargetError, ScenarioError
from siting.optimize.problem.linear_rules import LinearRule, Rules, row_of
from siting.optimize.rules.family import Family
from siting.optimize.rules.rulings import Lever, Release, Stepwise, put

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import geopandas as gpd

    from siting import scenario
    from siting.arrays import Flags, Ints
    from siting.optimize.problem.problem import SitingProblem
    from siting.optimize.rules.family import Ground, SiteTerms
    from siting.optimize.rules.rulings import Path, Rulings

_SHOWN = 5


def _banned_sites(sites: gpd.GeoDataFrame, banned: Iterable[str]) -> Flags:
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


def _upgraded_minimum(sites: gpd.GeoDataFrame, fewest: Ints, upgrades: Mapping[str, int]) -> Ints:
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


def _stand(problem: SitingProblem, ids: tuple[str, ...], family: str) -> Iterator[LinearRule]:
    """Yield ``open_j = 1`` for each of some sites.

    Raises
    ------
    ImpossibleTargetError
        If no station may stand at one of them.
    """
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


def _with_rows(problem: SitingProblem, rows: Iterator[LinearRule]) -> SitingProblem:
    rules = problem.rules
    return replace(problem, rules=Rules((*rules.rows, *rows), rules.promises))


def _list_levers(name: str, rulings: Rulings) -> Iterator[Lever]:
    path: Path = ("model", name)
    if getattr(rulings.model, name):
        way = Release(path, opened=name == "locked")
        yield Lever(name, path, partial(put, path, ()), (way,))


# ---- locked


def _locked(problem: SitingProblem, ground: Ground) -> SitingProblem:
    return _with_rows(problem, _stand(problem, ground.model.locked, "locked"))


LOCKED = Family(
    "locked",
    firm=3,
    levers=partial(_list_levers, "locked"),
    named=lambda model: {"model.locked": model.locked},
    rows=_locked,
)


# ---- banned


def _banned(
    terms: SiteTerms, sites: gpd.GeoDataFrame, _: gpd.GeoDataFrame, model: scenario.Model
) -> SiteTerms:
    return replace(terms, banned=terms.banned | _banned_sites(sites, model.banned))


BANNED = Family(
    "banned",
    firm=3,
    levers=partial(_list_levers, "banned"),
    named=lambda model: {"model.banned": model.banned},
    on_sites=_banned,
)


# ---- upgrades


def _upgraded(
    terms: SiteTerms, sites: gpd.GeoDataFrame, _: gpd.GeoDataFrame, model: scenario.Model
) -> SiteTerms:
    return replace(terms, fewest=_upgraded_minimum(sites, terms.fewest, model.upgrades))


def _stand_upgraded(problem: SitingProblem, ground: Ground) -> SitingProblem:
    return _with_rows(problem, _stand(problem, tuple(ground.model.upgrades), "upgrade"))


def _not_yet_enlarged(problem: SitingProblem) -> SitingProblem:
    """Ask no station that stands for more chargers than it has."""
    least = np.where(problem.forced, problem.existing_chargers, problem.min_chargers)
    return replace(problem, min_chargers=least)


def _upgrade_levers(rulings: Rulings) -> Iterator[Lever]:
    if rulings.model.upgrades:
        path: Path = ("model", "upgrades")
        most = max(rulings.model.upgrades.values())
        ways = (Stepwise(path, most - 1, _lower_upgrades), Release(path, opened=True))
        yield Lever("upgrades", path, partial(put, path, {}), ways)


def _lower_upgrades(rulings: Rulings, step: int) -> Rulings:
    """Ask no upgrade for more than the largest of today less the step."""
    asked = rulings.model.upgrades
    cap = max(asked.values()) - step
    lower = {site: min(number, cap) for site, number in asked.items()}
    return rulings.put(("model", "upgrades"), lower)


UPGRADES = Family(
    "upgrades",
    firm=3,
    levers=_upgrade_levers,
    named=lambda model: {"model.upgrades": tuple(model.upgrades)},
    on_sites=_upgraded,
    rows=_stand_upgraded,
    before_end=_not_yet_enlarged,
)
