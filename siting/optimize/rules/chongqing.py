"""The rules of Chongqing's plans, each one word in ``model.chongqing``.

Every rule is made of the general ones, so that a planner can copy one and change it:

=========================  ====================================================================
``township_charging``      a charging station in every town (action plan 2022-25)
``service_area_charging``  one at every side of a service area (the same); the sides are two
                           sites and need no spacing from others
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

Sources: the district's file of facts, marks [V 28], [V 40], [V 29], [V 39].
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from siting.errors import ImpossibleTargetError, ScenarioError
from siting.notes import Note
from siting.scenario import Limit, Promise

if TYPE_CHECKING:
    import geopandas as gpd

    from siting import scenario
    from siting.arrays import Ints

SERVICE_AREA = "service_area"
BAYS_SHARE = 0.10
_NEAR_SIGHT_M = 300
_SWAP_M = 5000
_CENTRE_M = 1000
_SUPER_FAST_M = 5000
_SUPER_FAST_KW = 250
_SHOWN = 5


def chongqing_limits(model: scenario.Model) -> list[tuple[str, Limit]]:
    """Return the limits that the rules switched on stand for, each with its name."""
    if "township_charging" not in model.chongqing:
        return []
    limit = Limit(zone_kinds=("town",), each_zone=True, at_least=1)
    return [("township_charging", limit)]


def chongqing_promises(model: scenario.Model, cutoff_m: float) -> list[tuple[str, Promise]]:
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
    return [(name, promises[name]) for name in model.chongqing if name in promises]


def with_bays(
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
