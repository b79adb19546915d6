"""Spacing: how far new stations and new swap stations keep from any other, in a straight line.

Sites too near to a standing station are closed when the problem is built; the rows between new
ones are part of every model, as cliques (:mod:`siting.optimize.problem.linear_rules`).
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from siting.errors import ImpossibleTargetError
from siting.optimize.problem.inner_problem import station_room
from siting.optimize.rules.family import Family, check_names, zone_kinds
from siting.optimize.rules.rulings import Lever, Stepwise, metres_less, put

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import geopandas as gpd

    from siting import scenario
    from siting.optimize.problem.problem import SitingProblem
    from siting.optimize.rules.family import Ground, SiteTerms
    from siting.optimize.rules.rulings import Path, Rulings


def _on_sites(
    terms: SiteTerms, sites: gpd.GeoDataFrame, zones: gpd.GeoDataFrame, model: scenario.Model
) -> SiteTerms:
    """Set the distance a new station at each site keeps from any other (m).

    ``spacing_by_kind`` of the site's kind, else ``spacing_by_zone_kind`` of its zone's kind, else
    ``min_spacing_m``. Two new stations keep the larger of theirs.

    Raises
    ------
    ScenarioError
        If a kind is not there.
    """
    by_kind, by_zone = dict(model.spacing_by_kind), dict(model.spacing_by_zone_kind)
    zone_kind = zone_kinds(zones)
    check_names(by_kind, sites["kind"], key="model.spacing_by_kind", what="kind of site")
    check_names(by_zone, zone_kind, key="model.spacing_by_zone_kind", what="kind of zone")
    own = sites["kind"].map(by_kind).to_numpy(dtype=float)
    area = sites["zone_id"].map(zone_kind).map(by_zone).to_numpy(dtype=float)
    area = np.where(np.isnan(area), model.min_spacing_m, area)
    return replace(terms, spacing_m=np.where(np.isnan(own), area, own))


def _rows(problem: SitingProblem, ground: Ground) -> SitingProblem:
    """Refuse a station total that the sites have no room for.

    Raises
    ------
    ImpossibleTargetError
        If so many stations do not fit at the spacing; proven.
    """
    if not ground.refuse or problem.station_sense == "<=":
        return problem
    room, least_m = station_room(problem)
    if room < problem.stations:
        sites = int((problem.openable | problem.forced).sum())
        raise ImpossibleTargetError(
            f"{problem.stations} stations, but {sites} sites have room for at most "
            f"{room} at a spacing of {least_m:g} m",
            where="model.min_spacing_m",
            cure=f"lower the spacing, or ask for fewer: no more than {room} can stand",
        )
    return problem


def _levers(rulings: Rulings) -> Iterator[Lever]:
    model = rulings.model
    paths: list[Path] = [("model", "spacing_by_kind", kind) for kind in model.spacing_by_kind]
    paths += [("model", "spacing_by_zone_kind", kind) for kind in model.spacing_by_zone_kind]
    yield from _shorter("spacing", paths, rulings)
    if rulings.targets.swap_stations:
        yield from _shorter("swap_spacing", [("model", "swap_spacing_m")], rulings)
    yield from _shorter("spacing", [("model", "min_spacing_m")], rulings)


def _shorter(family: str, paths: Iterable[Path], rulings: Rulings) -> Iterator[Lever]:
    for path in paths:
        now = float(rulings.at(path))
        if now > 0:
            way = Stepwise(path, math.ceil(now), partial(metres_less, path))
            yield Lever(family, path, partial(put, path, 0.0), (way,))


SPACING = Family(
    "spacing",
    firm=6,
    levers=_levers,
    on_sites=_on_sites,
    rows=_rows,
    station_keys=("min_spacing_m", "spacing_by_kind", "spacing_by_zone_kind"),
)
