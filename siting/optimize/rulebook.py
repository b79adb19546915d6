"""All rules of a scenario on one problem: the door between its blocks and the families."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from siting.optimize.families import check_names, locked_stations, quotas
from siting.optimize.rules import Rules

if TYPE_CHECKING:
    import geopandas as gpd

    from siting import scenario
    from siting.optimize.problem import SitingProblem
    from siting.optimize.rules import LinearRule

SENSES = {"exactly": "=", "at_least": ">=", "at_most": "<="}


def check_site_names(sites: gpd.GeoDataFrame, model: scenario.Model) -> None:
    """Refuse locked, banned and upgraded sites that are no candidates.

    Raises
    ------
    ScenarioError
        Naming the key, the ids and the nearest known one.
    """
    named = {"locked": model.locked, "banned": model.banned, "upgrades": tuple(model.upgrades)}
    for key, ids in named.items():
        check_names(ids, sites["site_id"], key=f"model.{key}", what="site")


def with_rules(
    problem: SitingProblem,
    zones: gpd.GeoDataFrame,
    *,
    targets: scenario.Targets,
    model: scenario.Model,
) -> SitingProblem:
    """Return the problem with every rule of the scenario.

    Parameters
    ----------
    problem
        The problem without rules.
    zones
        As in :mod:`siting.tables`.
    targets, model
        Blocks of the scenario.

    Raises
    ------
    ScenarioError
        If a rule names what the data do not have.
    ImpossibleTargetError
        If a rule cannot be met by any choice of sites, where that is cheap to see.
    """
    stations: list[LinearRule] = list(locked_stations(problem, model))
    swaps: list[LinearRule] = []
    zone_kind = _zone_kind(zones)
    for number, limit in enumerate(model.limits, start=1):
        rows = quotas(problem, limit, zone_kind, number=number)
        (swaps if limit.count == "swap_stations" else stations).extend(rows)
    return replace(
        problem,
        rules=Rules(tuple(stations)),
        swap_rules=Rules(tuple(swaps)),
        station_sense=SENSES[targets.sense.stations],
        charger_sense=SENSES[targets.sense.chargers],
        swap_sense=SENSES[targets.sense.swap_stations],
    )


def _zone_kind(zones: gpd.GeoDataFrame) -> pd.Series:
    """Return the kind of each zone by id; nothing where the table has none."""
    if "kind" not in zones.columns:
        return pd.Series(dtype="str")
    return pd.Series(zones["kind"].to_numpy(dtype=object), index=zones["zone_id"].to_numpy(object))
