"""All rules of a scenario on one problem: the door between its blocks and the families."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from siting.optimize.problem.linear_rules import Rules
from siting.optimize.rules.chongqing import SERVICE_AREA, chongqing_limits, chongqing_promises
from siting.optimize.rules.objective_rules import cover_promise, fewest_note, station_sense
from siting.optimize.rules.promises import Ground, promised
from siting.optimize.rules.station_rules import check_names, locked_stations, quotas

if TYPE_CHECKING:
    import geopandas as gpd

    from siting import scenario
    from siting.arrays import Floats
    from siting.optimize.problem.linear_rules import CoverPromise, LinearRule
    from siting.optimize.problem.pairs import Reach
    from siting.optimize.problem.problem import SitingProblem

SENSES = {"exactly": "=", "at_least": ">=", "at_most": "<="}


def check_site_names(sites: gpd.GeoDataFrame, model: scenario.Model) -> None:
    """Refuse locked, banned and upgraded sites that are no candidates.

    Raises
    ------
    ScenarioError
        Naming the key, the ids and the nearest known one.
    """
    named = {
        "sights_4a": model.sights_4a,
        "locked": model.locked,
        "banned": model.banned,
        "upgrades": tuple(model.upgrades),
    }
    for key, ids in named.items():
        check_names(ids, sites["site_id"], key=f"model.{key}", what="site")


def site_spacings(
    sites: gpd.GeoDataFrame, zones: gpd.GeoDataFrame, model: scenario.Model
) -> Floats:
    """Return the distance a new station at each site keeps from any other (m).

    ``spacing_by_kind`` of the site's kind, else ``spacing_by_zone_kind`` of its zone's kind, else
    ``min_spacing_m``. Two new stations keep the larger of theirs. Under the rule
    ``service_area_charging`` a service area without a spacing of its own keeps none.

    Raises
    ------
    ScenarioError
        If a kind is not there.
    """
    by_kind, by_zone = dict(model.spacing_by_kind), dict(model.spacing_by_zone_kind)
    zone_kind = _zone_kind(zones)
    check_names(by_kind, sites["kind"], key="model.spacing_by_kind", what="kind of site")
    check_names(by_zone, zone_kind, key="model.spacing_by_zone_kind", what="kind of zone")
    if "service_area_charging" in model.chongqing:
        by_kind.setdefault(SERVICE_AREA, 0.0)
    own = sites["kind"].map(by_kind).to_numpy(dtype=float)
    area = sites["zone_id"].map(zone_kind).map(by_zone).to_numpy(dtype=float)
    area = np.where(np.isnan(area), model.min_spacing_m, area)
    return np.where(np.isnan(own), area, own)


def with_rules(
    problem: SitingProblem,
    tables: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, gpd.GeoDataFrame],
    reaches: tuple[Reach, Reach],
    *,
    targets: scenario.Targets,
    model: scenario.Model,
) -> SitingProblem:
    """Return the problem with every rule of the scenario.

    Parameters
    ----------
    problem
        The problem without rules.
    tables
        Sites, demand and zones as in :mod:`siting.tables`; the first two aligned with the
        problem.
    reaches
        Pairs in reach for charging and for swapping.
    targets, model
        Blocks of the scenario.

    Raises
    ------
    ScenarioError
        If a rule names what the data do not have.
    ImpossibleTargetError
        If a rule cannot be met by any choice of sites, where that is cheap to see.
    """
    sites, demand, zones = tables
    ground = Ground(sites, demand, _zone_kind(zones), *reaches)
    stations: list[LinearRule] = list(locked_stations(problem, model))
    swaps: list[LinearRule] = []
    pool = sites["pool"].to_numpy(dtype=object) if "pool" in sites.columns else None
    limits = [(f"model.limits[{n}]", limit) for n, limit in enumerate(model.limits, start=1)]
    for key, limit in [*limits, *chongqing_limits(model)]:
        rows = quotas(problem, limit, ground.zone_kind, key=key, pool=pool)
        (swaps if limit.count == "swap_stations" else stations).extend(rows)
    covers: dict[str, list[CoverPromise]] = {"charging": [], "swap": []}
    notes = list(problem.notes)
    made = [(f"model.promises[{n}]", one) for n, one in enumerate(model.promises, start=1)]
    made += [("model.cover", one) for one in cover_promise(model)]
    for key, one in [*made, *chongqing_promises(model, problem.cutoff_m)]:
        family = "promise" if key.startswith("model") else key
        found, shares, told = promised(problem, one, ground, key=key, family=family)
        (swaps if one.facility == "swap" else stations).extend(found)
        covers[one.facility].extend(shares)
        notes.extend(told)
    return replace(
        problem,
        rules=Rules(tuple(stations), tuple(covers["charging"])),
        swap_rules=Rules(tuple(swaps), tuple(covers["swap"])),
        notes=(*notes, *fewest_note(targets, model)),
        station_sense=station_sense(SENSES[targets.sense.stations], model.objective),
        charger_sense=SENSES[targets.sense.chargers],
        swap_sense=SENSES[targets.sense.swap_stations],
    )


def _zone_kind(zones: gpd.GeoDataFrame) -> pd.Series:
    """Return the kind of each zone by id; nothing where the table has none."""
    if "kind" not in zones.columns:
        return pd.Series(dtype="str")
    return pd.Series(zones["kind"].to_numpy(dtype=object), index=zones["zone_id"].to_numpy(object))
