"""Count a finished plan again, rule by rule, sharing no code with the model.

The optimiser says what it decided; this module looks only at the plan's tables, the
scenario's numbers and plain geometry. A plan that fails is a bug of ours and is not saved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from siting.audit import promises, rules
from siting.audit.hydrogen import hydrogen_stations_are_as_asked
from siting.audit.objective import answer_holds
from siting.audit.phases import phases_lead_to_the_plan
from siting.audit.promises import promises_are_kept, spacings
from siting.audit.rules import headroom_holds, settings
from siting.errors import RecountError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import geopandas as gpd

    from siting.plan.plan import Plan

_SHOWN = 5
_KWH_SLACK = 1e-3
_METRE_SLACK = 1e-6


def recount(
    plan: Plan, *reaches: pd.DataFrame, substations: gpd.GeoDataFrame | None = None
) -> tuple[str, ...]:
    """Hold every rule of the scenario against the plan itself.

    Parameters
    ----------
    plan
        The plan.
    *reaches
        The travel stage's pairs in reach for charging and for swapping (``tables.REACH``).
        Without them the promises of coverage cannot be counted, and a plan that makes one
        is refused.
    substations
        The substations, likewise for headroom.

    Returns
    -------
    tuple of str
        Names of the rules checked, in order.

    Raises
    ------
    RecountError
        Naming every broken rule with the sites or zones that break it.
    """
    faults: list[str] = []
    for rule in RULES:
        faults.extend(f"{_name(rule)}: {fault}" for fault in rule(plan))
    if reaches:
        faults.extend(f"promises are kept: {fault}" for fault in promises_are_kept(plan, *reaches))
    faults.extend(f"headroom holds: {fault}" for fault in headroom_holds(plan, substations))
    if not reaches and _promises(plan):
        faults.append("promises are kept: no table of travel was given to count them by")
    faults.extend(f"value and bound agree: {fault}" for fault in answer_holds(plan, *reaches))
    if faults:
        raise RecountError(
            "the finished plan breaks its own rules and was not saved:\n    - "
            + "\n    - ".join(faults),
            where=f"run '{plan.run}'",
            cure="this is a bug of ours: please report it with the scenario file",
        )
    return (*(_name(rule) for rule in RULES), "value and bound agree")


def totals_hit_the_targets(plan: Plan) -> Iterator[str]:
    """Stations, chargers and swap stations, counted from the tables, meet the targets."""
    senses = settings(plan, "targets").get("sense", {})
    counted = {
        "stations": len(plan.sites),
        "chargers": int(plan.sites["chargers"].sum()),
        "swap_stations": len(plan.swap_sites),
    }
    for key, number in counted.items():
        sense = senses.get(key, "exactly")
        if key == "stations" and sense == "exactly" and _fewest(plan):
            sense = "at_most"
        below = number < plan.targets[key] and sense != "at_most"
        above = number > plan.targets[key] and sense != "at_least"
        if below or above:
            yield f"{number} {key} counted, {plan.targets[key]} asked for"
        if number != plan.totals[key]:
            yield f"{number} {key} counted, the plan's totals say {plan.totals[key]}"
        parts = plan.totals[f"existing_{key}"] + plan.totals[f"new_{key}"]
        if parts != number:
            yield f"existing and new {key} make {parts}, not {number}"


def sites_are_single(plan: Plan) -> Iterator[str]:
    """No site stands twice, and each is a candidate that no rule stops."""
    for label, table in (("station", plan.sites), ("swap station", plan.swap_sites)):
        repeated = table["site_id"][table["site_id"].duplicated()]
        yield from _listed(repeated, f"{label} listed twice")
    kept = plan.candidates.set_index("site_id")["verdict"]
    for table in (plan.sites, plan.swap_sites):
        yield from _listed(table["site_id"][~table["site_id"].isin(kept.index)], "not a candidate")
        new = table["site_id"][table["is_new"]]
        yield from _listed(new[new.map(kept) == "stop"], "stopped by a rule, yet chosen")


def existing_are_kept(plan: Plan) -> Iterator[str]:
    """Existing stations stay open with at least the chargers they have."""
    there = plan.candidates[plan.candidates["existing_station"]]
    open_chargers = plan.sites.set_index("site_id")["chargers"]
    yield from _listed(there["site_id"][~there["site_id"].isin(open_chargers.index)], "closed")
    kept = there[there["site_id"].isin(open_chargers.index)]
    fewer = kept["site_id"].map(open_chargers).to_numpy() < kept["existing_chargers"].to_numpy()
    yield from _listed(kept["site_id"][fewer], "has fewer chargers than today")
    swaps = plan.candidates["site_id"][plan.candidates["existing_swap"]]
    yield from _listed(swaps[~swaps.isin(plan.swap_sites["site_id"])], "swap station closed")


def limits_per_site_hold(plan: Plan) -> Iterator[str]:
    """Every open station has between its least and its most chargers."""
    sites = plan.sites
    yield from _listed(sites["site_id"][sites["chargers"] < sites["min_chargers"]], "too few")
    yield from _listed(sites["site_id"][sites["chargers"] > sites["max_chargers"]], "too many")


def swap_sites_are_eligible(plan: Plan) -> Iterator[str]:
    """Let new swap stations stand only where one may be built."""
    eligible = plan.candidates["site_id"][plan.candidates["swap_ok"]]
    new = plan.swap_sites["site_id"][plan.swap_sites["is_new"]]
    yield from _listed(new[~new.isin(eligible)], "not eligible for a swap station")


def spacing_holds(plan: Plan) -> Iterator[str]:
    """Keep every new station its distance (straight line, metres) from all others."""
    model = plan.scenario["model"]
    yield from _too_near(plan.sites, spacings(plan, plan.sites), "stations")
    apart = np.full(len(plan.swap_sites), float(model["swap_spacing_m"]))
    yield from _too_near(plan.swap_sites, apart, "swap stations")


def every_zone_has_its_stations(plan: Plan) -> Iterator[str]:
    """Give each zone the stations it is promised, or as many as it has sites for."""
    floor = int(plan.scenario["model"]["stations_per_zone"])
    banned = settings(plan, "model").get("banned", ())
    usable = plan.candidates[
        (plan.candidates["verdict"] != "stop")
        & (plan.candidates["max_chargers"] > 0)
        & ~plan.candidates["site_id"].isin(list(banned))
    ]
    counted = plan.sites["zone_id"].value_counts()
    for zone in plan.zones.itertuples():
        promised = min(floor, _room(plan, usable, str(zone.zone_id)))
        have = int(counted.get(zone.zone_id, 0))
        if have < promised:
            yield f"zone {zone.name} ({zone.zone_id}) has {have} of {promised} stations"
        if "stations" in plan.zones.columns and int(zone.stations) != have:
            yield f"zone {zone.name}: {have} stations counted, its row says {zone.stations}"


def load_fits_capacity(plan: Plan) -> Iterator[str]:
    """Energy assigned to a station is at most what its chargers can give."""
    sites = plan.sites.set_index("site_id")
    load = plan.assignments.groupby("site_id", observed=True)["kwh_day"].sum()
    yield from _listed(pd.Series(load.index[~load.index.isin(sites.index)]), "serves, yet closed")
    load = load.reindex(sites.index, fill_value=0.0)
    capacity = sites["chargers"] * sites["kwh_day_per_charger"]
    over = (load - capacity).to_numpy() > _KWH_SLACK
    yield from _listed(pd.Series(sites.index[over]), "gives more than it can")
    apart = np.abs((load - sites["load_kwh_day"]).to_numpy()) > _KWH_SLACK
    yield from _listed(pd.Series(sites.index[apart]), "load differs from its assignments")


def demand_is_served_once(plan: Plan) -> Iterator[str]:
    """No demand point gets more than it needs, nor from beyond the service radius."""
    served = plan.assignments.groupby("demand_id", observed=True)["kwh_day"].sum()
    need = plan.demand.set_index("demand_id")["kwh_day"]
    yield from _listed(pd.Series(served.index[~served.index.isin(need.index)]), "unknown demand")
    over = (served - need.reindex(served.index)).to_numpy() > _KWH_SLACK
    yield from _listed(pd.Series(served.index[over]), "served more than its need")
    if bool((plan.assignments["kwh_day"] < 0).any()):
        yield "an assignment is negative"
    cutoff = float(plan.scenario["travel"]["cutoff_m"])
    far = plan.assignments["distance_m"] > cutoff + _METRE_SLACK
    yield from _listed(plan.assignments["demand_id"][far], "served from beyond the radius")


RULES: tuple[Callable[[Plan], Iterator[str]], ...] = (
    totals_hit_the_targets,
    sites_are_single,
    existing_are_kept,
    limits_per_site_hold,
    swap_sites_are_eligible,
    spacing_holds,
    every_zone_has_its_stations,
    load_fits_capacity,
    demand_is_served_once,
    hydrogen_stations_are_as_asked,
    phases_lead_to_the_plan,
    *rules.RULES,
    promises.townships_have_charging,
    promises.service_areas_have_their_bays,
)


def _name(rule: Callable[[Plan], Iterator[str]]) -> str:
    return rule.__name__.replace("_", " ")


def _room(plan: Plan, usable: gpd.GeoDataFrame, zone_id: str) -> int:
    """Count the sites of a zone where a station stands or may be opened."""
    inside = usable[usable["zone_id"] == zone_id]
    existing = usable[usable["existing_station"]]
    free = inside[~inside["existing_station"]]
    stand = len(inside) - len(free)
    if free.empty or existing.empty:
        return stand + len(free)
    away = cKDTree(_xy(existing)).query(_xy(free))[0]
    return stand + int((away >= spacings(plan, free)).sum())


def _fewest(plan: Plan) -> bool:
    """Whether the objective keeps a promise: the number of stations is then what it comes to."""
    return settings(plan, "model").get("objective") in {"set_cover", "min_cost"}


def _promises(plan: Plan) -> bool:
    model = settings(plan, "model")
    return bool(model.get("promises") or model.get("chongqing") or _fewest(plan))


def _too_near(table: gpd.GeoDataFrame, own_m: np.ndarray, label: str) -> Iterator[str]:
    """Yield pairs nearer than the larger distance that their new stations keep."""
    new = table["is_new"].to_numpy()
    own_m = np.where(new, own_m, 0.0)
    if len(table) < 2 or own_m.max() <= 0:  # noqa: PLR2004  # a pair
        return
    points = _xy(table)
    pairs = cKDTree(points).query_pairs(float(own_m.max()), output_type="ndarray")
    pairs = pairs[new[pairs[:, 0]] | new[pairs[:, 1]]]
    gaps = np.linalg.norm(points[pairs[:, 0]] - points[pairs[:, 1]], axis=1)
    ids = table["site_id"].to_numpy()
    near = gaps < np.maximum(own_m[pairs[:, 0]], own_m[pairs[:, 1]]) - _METRE_SLACK
    for (one, other), gap in list(zip(pairs[near], gaps[near], strict=True))[:_SHOWN]:
        yield f"{label} {ids[one]} and {ids[other]} are {gap:.1f} m apart"


def _xy(table: gpd.GeoDataFrame) -> np.ndarray:
    return np.column_stack([table.geometry.x, table.geometry.y])


def _listed(ids: pd.Series, fault: str) -> Iterator[str]:
    if len(ids) == 0:
        return
    names = [str(value) for value in ids]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    yield f"{fault}: {', '.join(names[:_SHOWN])}{more}"
