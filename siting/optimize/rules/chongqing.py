"""The rules of Chongqing's plans, each one word in ``model.chongqing``.

Every rule is made of the general ones, so that a planner can copy one and change it:

=========================  ====================================================================
``township_charging``      a charging station in every town (action plan 2022-25)
``service_area_charging``  one at every side of a service area (the same); the sides are two
                           sites and need no spacing from others
``sight_3a_charging``      a charging station at every sight of class 3A or above of the layer
                           ``sights``, within 300 m of it (what the city reports at the end of
                           2025; the distance is ours)
``sight_4a_charging``      a charging area at every sight of class 4A or above, named in
                           ``model.sights_4a``, within 300 m of it (State Council 2023 No. 19;
                           the distance is ours)
``swap_5km``               a swap station within 5 km along the road of ``model.swap_5km_share``
                           of the demand that a site allows it for (action plan 2022-25; the
                           plan names no share)
``centre_1km``             a charging station within 1 km of the homes of the subdistricts along
                           the road, where a site allows it (after the 1 km circle of the plan
                           2024-25, which speaks of super-fast stations in the central city)
``super_fast_5km``         a new station with a charger of 250 kW or more within 5 km along the
                           road of ``model.super_fast_5km_share`` of the demand that a site
                           allows it for (action plan 2022-25; the share and the 250 kW are
                           ours); within the service radius where that is shorter
``service_area_bays``      chargers at 10 % of the spaces or more where a station of a service
                           area stands and its spaces are known
=========================  ====================================================================

Sources: the district's file of facts, marks [V 28], [V 40], [V 29], [V 39], [v 26].
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from siting.errors import ImpossibleTargetError, ScenarioError
from siting.notes import Note
from siting.optimize.rules.family import AskedLimit, AskedPromise, Family
from siting.optimize.rules.rulings import PER_MILLE, Lever, Stepwise, share_less
from siting.scenario import Limit, Promise

if TYPE_CHECKING:
    from collections.abc import Iterator

    import geopandas as gpd

    from siting import scenario
    from siting.arrays import Ints
    from siting.optimize.rules.family import SiteTerms
    from siting.optimize.rules.rulings import Path, Rulings

SERVICE_AREA = "service_area"
BAYS_SHARE = 0.10
_NEAR_SIGHT_M = 300
_SWAP_M = 5000
_CENTRE_M = 1000
_SUPER_FAST_M = 5000
_SUPER_FAST_KW = 250
_SHOWN = 5


def _limits(model: scenario.Model) -> list[AskedLimit]:
    """Return the limits that the rules switched on stand for, each with its name."""
    if "township_charging" not in model.chongqing:
        return []
    limit = Limit(zone_kinds=("town",), each_zone=True, at_least=1)
    return [AskedLimit("township_charging", limit)]


def _promises(model: scenario.Model, cutoff_m: float) -> list[AskedPromise]:
    """Return the promises that the rules switched on stand for, each with its name.

    Parameters
    ----------
    model
        Block of the scenario.
    cutoff_m
        Service radius of a charging station along the road (m).

    Raises
    ------
    ScenarioError
        If sights are promised charging but none is named.
    """
    if "sight_4a_charging" in model.chongqing and not model.sights_4a:
        raise ScenarioError(
            "model.chongqing asks for charging at every 4A sight, but no map says which they are",
            where="model.sights_4a",
            cure="name their site ids in model.sights_4a (the culture commission has the list)",
        )
    promises = {
        "service_area_charging": Promise(place_kinds=(SERVICE_AREA,), within_m=0),
        "sight_3a_charging": Promise(
            place_lists=("sight_3a",), within_m=_NEAR_SIGHT_M, unreachable="note"
        ),
        "sight_4a_charging": Promise(places=model.sights_4a or ("none",), within_m=_NEAR_SIGHT_M),
        "swap_5km": Promise(
            facility="swap", within_m=_SWAP_M, share=model.swap_5km_share, unreachable="note"
        ),
        "centre_1km": Promise(
            group=("home",), zone_kinds=("subdistrict",), within_m=_CENTRE_M, unreachable="note"
        ),
        "super_fast_5km": Promise(
            min_kw=_SUPER_FAST_KW, within_m=min(_SUPER_FAST_M, cutoff_m),
            share=model.super_fast_5km_share, unreachable="note",
        ),
    }  # fmt: skip
    switched_on = [name for name in model.chongqing if name in promises]
    return [AskedPromise(name, name, promises[name]) for name in switched_on]


def _with_bays(
    sites: gpd.GeoDataFrame, fewest: Ints, model: scenario.Model
) -> tuple[Ints, list[Note]]:
    """Return the fewest chargers of each site, raised at service areas.

    ``chargers_j >= 0.1 spaces_j open_j``: ``min_j = max(min_j, ceil(0.1 spaces_j))``. Where the
    spaces are unknown there is no rule, and a note.

    Raises
    ------
    ImpossibleTargetError
        If a service area may not hold as many.
    """
    if "service_area_bays" not in model.chongqing:
        return fewest, []
    here = (sites["kind"] == SERVICE_AREA).to_numpy(dtype=bool)
    spaces = sites["spaces"].to_numpy(dtype=float)
    known = here & np.isfinite(spaces)
    due = np.where(known, np.ceil(BAYS_SHARE * np.where(known, spaces, 0.0) - 1e-9), 0)
    most = np.maximum(sites["max_chargers"], sites["existing_chargers"]).to_numpy(dtype=float)
    over = np.flatnonzero(due > most)
    if len(over):
        ids = sites["site_id"].to_numpy(dtype=object)
        told = ", ".join(f"{ids[j]} {due[j]:.0f} of {most[j]:.0f}" for j in over[:_SHOWN])
        raise ImpossibleTargetError(
            f"10 % of the spaces is more than the limit of chargers at service areas: {told}",
            where="model.chongqing: service_area_bays",
            cure="raise max_chargers of service_area (candidates.site_kinds)",
        )
    unknown = int((here & ~known).sum())
    notes: list[Note] = [Note("bays_unknown", {"count": unknown})] if unknown else []
    return np.maximum(fewest, due.astype(np.int64)), notes


def _on_sites(
    terms: SiteTerms, sites: gpd.GeoDataFrame, _: gpd.GeoDataFrame, model: scenario.Model
) -> SiteTerms:
    """Raise the fewest chargers of service areas, and let their two sides stand side by side."""
    fewest, notes = _with_bays(sites, terms.fewest, model)
    asked = {"service_area_charging", "service_area_bays"} & set(model.chongqing)
    if asked and not (sites["kind"] == SERVICE_AREA).any():
        notes = [*notes, Note("service_areas_none", {})]
    spacing_m = terms.spacing_m
    if "service_area_charging" in model.chongqing and SERVICE_AREA not in model.spacing_by_kind:
        spacing_m = np.where(sites["kind"] == SERVICE_AREA, 0.0, spacing_m)
    return replace(terms, fewest=fewest, spacing_m=spacing_m, notes=(*terms.notes, *notes))


def _levers(rulings: Rulings) -> Iterator[Lever]:
    path: Path = ("model", "chongqing")
    for rule in rulings.model.chongqing:
        off = partial(_without, rule)
        ways: list[Stepwise] = [Stepwise(path, 1, off, partial=off)]
        if rule == "swap_5km":
            share: Path = ("model", "swap_5km_share")
            most = math.ceil(rulings.model.swap_5km_share * PER_MILLE) - 1
            ways.insert(0, Stepwise(share, most, partial(share_less, share)))
        yield Lever("chongqing", path, off, tuple(ways), part=rule)


def _without(rule: str, rulings: Rulings, _: int = 0) -> Rulings:
    path: Path = ("model", "chongqing")
    return rulings.put(path, tuple(name for name in rulings.at(path) if name != rule))


CHONGQING = Family(
    "chongqing",
    firm=0,
    levers=_levers,
    named=lambda model: {"model.sights_4a": model.sights_4a},
    on_sites=_on_sites,
    limits=_limits,
    promises=_promises,
    needs_reach=lambda model: bool(model.chongqing),
)
