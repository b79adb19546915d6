"""Every family of rules, and what is asked of all of them.

A new family is one module with one :class:`siting.optimize.rules.family.Family`, and one name in
``FAMILIES``. Nothing else in the program knows the families one by one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from siting.optimize.problem.linear_rules import Rules
from siting.optimize.rules.budget import BUDGET
from siting.optimize.rules.chongqing import CHONGQING
from siting.optimize.rules.family import SiteTerms, check_names
from siting.optimize.rules.headroom import HEADROOM
from siting.optimize.rules.limits import LIMITS
from siting.optimize.rules.named_sites import BANNED, LOCKED, UPGRADES
from siting.optimize.rules.objective import OBJECTIVE
from siting.optimize.rules.promises import PROMISES
from siting.optimize.rules.spacing import SPACING
from siting.optimize.rules.totals import CHARGER_TOTAL, STATION_TOTAL, SWAP_TOTAL
from siting.optimize.rules.zone_floor import ZONE_FLOOR

if TYPE_CHECKING:
    import geopandas as gpd

    from siting import scenario
    from siting.arrays import Ints
    from siting.optimize.problem.problem import SitingProblem
    from siting.optimize.rules.family import Ground
    from siting.optimize.rules.rulings import Lever, Rulings

FAMILIES = (
    LOCKED,
    BANNED,
    UPGRADES,
    LIMITS,
    PROMISES,
    OBJECTIVE,
    HEADROOM,
    STATION_TOTAL,
    ZONE_FLOOR,
    SPACING,
    CHARGER_TOTAL,
    SWAP_TOTAL,
    BUDGET,
    CHONGQING,
)
"""In the order in which their rows stand in a model; the budget knows all rules before it."""


def check_site_names(sites: gpd.GeoDataFrame, model: scenario.Model) -> None:
    """Refuse sites that a rule names and that are no candidates.

    Raises
    ------
    ScenarioError
        Naming the key, the ids and the nearest known one.
    """
    for family in FAMILIES:
        for key, ids in family.named(model).items() if family.named else ():
            check_names(ids, sites["site_id"], key=key, what="site")


def site_terms(
    sites: gpd.GeoDataFrame, fewest: Ints, zones: gpd.GeoDataFrame, model: scenario.Model
) -> SiteTerms:
    """Return what the rules ask of each site by itself.

    Parameters
    ----------
    sites, zones
        As in :mod:`siting.tables`.
    fewest
        Fewest chargers of each site without rules.
    model
        Block of the scenario.

    Raises
    ------
    ScenarioError, ImpossibleTargetError
        If a rule names what is not there, or asks a site for what it cannot hold.
    """
    terms = SiteTerms(fewest, np.zeros(len(sites), dtype=bool), np.zeros(len(sites)))
    for family in FAMILIES:
        if family.on_sites:
            terms = family.on_sites(terms, sites, zones, model)
    return terms


def with_rules(problem: SitingProblem, ground: Ground) -> SitingProblem:
    """Return the problem with every rule of the scenario.

    Raises
    ------
    ScenarioError
        If a rule names what the data do not have.
    ImpossibleTargetError
        If a rule cannot be met by any choice of sites, where that is cheap to see.
    """
    for family in FAMILIES:
        if family.rows:
            problem = family.rows(problem, ground)
    return problem


def before_end(problem: SitingProblem) -> SitingProblem:
    """Return the problem with what of its rules holds before the last year of a plan in phases.

    A ceiling that holds at the end holds before it, for nothing is taken away; all else may come
    late.
    """
    ceilings = tuple(rule for rule in problem.rules.rows if rule.is_ceiling)
    problem = replace(problem, rules=Rules(ceilings))
    for family in FAMILIES:
        if family.before_end:
            problem = family.before_end(problem)
    return problem


def levers_of(rulings: Rulings) -> list[Lever]:
    """Return the levers of a scenario, those that a planner would let go of first in front."""
    ordered = sorted(FAMILIES, key=lambda family: family.firm)
    return [lever for family in ordered if family.levers for lever in family.levers(rulings)]


def station_keys() -> set[str]:
    """Return the keys of the block that the swap stations do not ask for."""
    return {key for family in FAMILIES for key in family.station_keys}


def needs_reach(model: scenario.Model) -> bool:
    """Whether a trial of these rules has to know who reaches which site."""
    return any(family.needs_reach(model) for family in FAMILIES if family.needs_reach)
