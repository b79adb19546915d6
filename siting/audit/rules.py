"""The twins of the families of rules: what the scenario rules, counted again from a finished plan.

Each function reads the plan's tables and its scenario, shares no code with the model, and yields
one line for every breach. ``TWINS`` has one for each family that the optimiser knows.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from siting.audit.ground import (
    FORGIVEN,
    NONE,
    PROMISING,
    allowed_sites,
    in_lists,
    near_pairs,
    settings,
    spacings,
)
from siting.audit.promises import chongqing_rules_hold, promises_are_kept
from siting.tables.fields import SWAP, TOTALS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import geopandas as gpd
    import shapely

    from siting.audit.ground import Evidence
    from siting.files import JsonObject
    from siting.plan.plan import Plan

    Twin = Callable[[Plan, Evidence], Iterator[str]]

_SHOWN = 5
_TINY = 1e-9
_KW_SLACK = 1e-3
_MONEY_SLACK = 1e-6
_METRE_SLACK = 1e-6


def totals_hit_the_targets(plan: Plan, _: Evidence = NONE) -> Iterator[str]:
    """Stations, chargers and swap stations, counted from the tables, meet the targets."""
    senses = settings(plan, "targets").get("sense", {})
    counted = (len(plan.sites), int(plan.sites["chargers"].sum()), len(plan.swap_sites))
    for key, number in zip(TOTALS, counted, strict=True):
        sense = senses.get(key, "exactly")
        objective = settings(plan, "model").get("objective")
        if key == "stations" and sense == "exactly" and objective in PROMISING:
            sense = "at_most"  # the number is an outcome
        below = number < plan.targets[key] and sense != "at_most"
        above = number > plan.targets[key] and sense != "at_least"
        if below or above:
            yield f"{number} {key} counted, {plan.targets[key]} asked for"
        if number != plan.totals[key]:
            yield f"{number} {key} counted, the plan's totals say {plan.totals[key]}"
        parts = plan.totals[f"existing_{key}"] + plan.totals[f"new_{key}"]
        if parts != number:
            yield f"existing and new {key} make {parts}, not {number}"


def locked_sites_stand(plan: Plan, _: Evidence = NONE) -> Iterator[str]:
    """Find a station at every locked site."""
    for site in settings(plan, "model").get("locked", ()):
        if site not in set(plan.sites["site_id"]):
            yield f"{site} is locked, but no station stands there"


def banned_sites_are_empty(plan: Plan, _: Evidence = NONE) -> Iterator[str]:
    """Find no new station of either class at a banned site."""
    banned = set(settings(plan, "model").get("banned", ()))
    for label, table in (("station", plan.sites), ("swap station", plan.swap_sites)):
        for site in table["site_id"][table["site_id"].isin(banned)]:
            yield f"{site} is banned, but a {label} stands there"


def upgrades_are_made(plan: Plan, _: Evidence = NONE) -> Iterator[str]:
    """Count at least the chargers of each forced upgrade."""
    chargers = plan.sites.set_index("site_id")["chargers"]
    for site, least in settings(plan, "model").get("upgrades", {}).items():
        have = int(chargers.get(site, 0))
        if have < least:
            yield f"{site} has {have} chargers, its upgrade asks for {least}"


def limits_hold(plan: Plan, _: Evidence = NONE) -> Iterator[str]:
    """Count what each limit counts, zone by zone where it says so."""
    for limit in settings(plan, "model").get("limits", ()):
        yield from _limit_holds(plan, limit)


def _limit_holds(plan: Plan, limit: JsonObject) -> Iterator[str]:
    counted = plan.swap_sites if limit["count"] == "swap_stations" else plan.sites
    zones = plan.zones
    if limit["zones"]:
        zones = zones[zones["zone_id"].isin(limit["zones"])]
    if limit["zone_kinds"]:
        zones = zones[zones["kind"].isin(limit["zone_kinds"])]
    if limit["kinds"]:
        counted = counted[counted["kind"].isin(limit["kinds"])]
    if limit.get("pools"):
        pool = plan.candidates.set_index("site_id")["pool"]
        counted = counted[counted["site_id"].map(pool).isin(limit["pools"])]
    if limit.get("listed"):
        every = plan.candidates
        ids = every["site_id"][in_lists(every, limit["listed"])]
        counted = counted[counted["site_id"].isin(ids)]
    inside = counted[counted["zone_id"].isin(zones["zone_id"])]
    if limit.get("each_area"):
        yield from _areas_hold(plan, limit, inside)
        return
    names = list(zones["zone_id"]) if limit["each_zone"] else [None]
    target = plan.targets[limit["count"]]
    for name in names:
        here = inside if name is None else inside[inside["zone_id"] == name]
        number = int(here["chargers"].sum()) if limit["count"] == "chargers" else len(here)
        place = f"{len(zones)} zones" if name is None else f"zone {name}"
        yield from _outside(limit, number, target, f"{number} {limit['count']} in {place}")


def _areas_hold(plan: Plan, limit: JsonObject, inside: gpd.GeoDataFrame) -> Iterator[str]:
    """Count each renewal area by itself; one where nothing may stand owes nothing."""
    every = plan.candidates[plan.candidates["site_id"].isin(allowed_sites(plan, {}))]
    told = every["listed"].dropna().str.split("+").explode()
    for area in sorted(set(told[told.str.startswith("file:")])):
        ids = every["site_id"][in_lists(every, [area])]
        here = inside[inside["site_id"].isin(ids)]
        number = int(here["chargers"].sum()) if limit["count"] == "chargers" else len(here)
        yield from _outside(limit, number, plan.targets[limit["count"]], f"{number} in {area}")


def _outside(limit: JsonObject, number: int, target: int, told: str) -> Iterator[str]:
    least, most = limit["at_least"], limit["at_most"]
    if least is not None and number < least:
        yield f"{told}, at least {least} asked for"
    if most is not None and number > most:
        yield f"{told}, at most {most} allowed"
    share = limit["at_least_share"]
    if share is not None and number < math.ceil(share * target - _TINY):
        yield f"{told}, at least {share:.1%} of {target} asked for"
    share = limit["at_most_share"]
    if share is not None and number > math.floor(share * target + _TINY):
        yield f"{told}, at most {share:.1%} of {target} allowed"


def headroom_holds(plan: Plan, evidence: Evidence) -> Iterator[str]:
    """Add up the new power at the substation of each site, where its headroom is known.

    A site hangs on the substation it is assigned to, else on the nearest one. Its stations draw
    ``model.diversity`` of the sum of what each draws, at least what the largest draws.
    """
    model, substations = settings(plan, "model"), evidence.substations
    if not model.get("headroom"):
        return
    if substations is None:
        yield "no table of substations was given to count it by"
        return
    known = substations[substations["headroom_kw"].notna()]
    if known.empty:
        return
    assigned = settings(plan, "power").get("assigned", {})
    every = substations.sort_values("substation_id", kind="stable")
    shares = _at_once(plan, evidence)
    if shares is None:
        yield "no table of demand factors was given to count it by"
        return

    def feeder(name: str, point: shapely.Point) -> str:
        near = every["substation_id"].loc[every.distance(point).idxmin()]
        return str(assigned.get(name, near))

    stations: dict[str, list[float]] = {name: [0.0] for name in every["substation_id"]}
    swaps = dict.fromkeys(every["substation_id"], 0.0)
    sites = plan.sites
    piles = sites["piles_per_charger"] if "piles_per_charger" in sites.columns else 1.0
    for row in sites.assign(piles=piles).itertuples(index=False):
        counts = [row.piles * count for count in (row.existing_chargers, row.chargers)]
        before, after = np.interp(counts, range(len(shares)), shares) / row.piles
        more = (after - before) * row.kw_per_charger
        stations[feeder(row.site_id, row.geometry)].append(more)
    for row in plan.swap_sites[plan.swap_sites["is_new"]].itertuples(index=False):
        swaps[feeder(row.site_id, row.geometry)] += float(model["swap_station_kw"])
    for name, free in zip(known["substation_id"], known["headroom_kw"], strict=True):
        together = max(float(model["diversity"]) * sum(stations[name]), *stations[name])
        drawn = together + swaps[name]
        if drawn > free + _KW_SLACK:
            yield f"{drawn:,.0f} kW drawn at substation {name}, {free:,.0f} kW are free"


def _at_once(plan: Plan, evidence: Evidence) -> list[float] | None:
    """Return how many of 0, 1, 2, ... chargers draw at once; None where nobody says."""
    flat, table = settings(plan, "model").get("coincidence"), evidence.demand_factors
    if flat is None and table is None:
        return None
    if flat is not None or table is None:
        table = pd.DataFrame({"from_chargers": [1], "base": [flat]})
    counted = [0.0]
    for number in range(1, int(plan.sites["chargers"].max()) + 1):
        share = float(table.loc[table["from_chargers"] <= number].iloc[-1]["base"])
        counted.append(max(counted[-1], number * share))
    return counted


def budget_holds(plan: Plan, _: Evidence = NONE) -> Iterator[str]:
    """Add up what is new, priced from its own row, against the budget."""
    most = settings(plan, "model").get("budget_cny")
    if most is None:
        return
    sites, swaps = plan.sites, plan.swap_sites
    new = sites["chargers"] - sites["existing_chargers"]
    opened = sites["site_fixed_cny"].where(sites["is_new"], 0.0)
    total = float((opened + sites["charger_cny"] * new).sum())
    total += float(swaps["cost_cny"].where(swaps["is_new"], 0.0).sum())
    if total > most * (1 + _MONEY_SLACK):
        yield f"what is new costs {total:,.0f} CNY, the budget is {most:,.0f}"


def spacing_holds(plan: Plan, _: Evidence = NONE) -> Iterator[str]:
    """Keep every new station its distance (straight on the ground, metres) from all others."""
    yield from _too_near(plan.sites, spacings(plan, plan.sites), "stations")
    apart = np.full(len(plan.swap_sites), SWAP.spacing_m(plan.scenario))
    yield from _too_near(plan.swap_sites, apart, "swap stations")


def _too_near(table: gpd.GeoDataFrame, own_m: np.ndarray, label: str) -> Iterator[str]:
    """Yield pairs nearer than the larger distance that their new stations keep."""
    new = table["is_new"].to_numpy()
    own_m = np.where(new, own_m, 0.0)
    if len(table) < 2 or own_m.max() <= 0:  # noqa: PLR2004  # a pair
        return
    pairs, gaps = near_pairs(table, float(own_m.max()))
    asked = np.maximum(own_m[pairs[:, 0]], own_m[pairs[:, 1]])
    ids = table["site_id"].to_numpy()
    near = (gaps < asked * (1 - FORGIVEN) - _METRE_SLACK) & new[pairs].any(axis=1)
    for (one, other), gap in list(zip(pairs[near], gaps[near], strict=True))[:_SHOWN]:
        yield f"{label} {ids[one]} and {ids[other]} are {gap:.1f} m apart"


def _xy(table: gpd.GeoDataFrame) -> np.ndarray:
    return np.column_stack([table.geometry.x, table.geometry.y])


def every_zone_has_its_stations(plan: Plan, _: Evidence = NONE) -> Iterator[str]:
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


TWINS: dict[str, Twin] = {
    "stations": totals_hit_the_targets,
    "chargers": totals_hit_the_targets,
    "swap_stations": totals_hit_the_targets,
    "spacing": spacing_holds,
    "zone_floor": every_zone_has_its_stations,
    "locked": locked_sites_stand,
    "banned": banned_sites_are_empty,
    "upgrades": upgrades_are_made,
    "limit": limits_hold,
    "budget": budget_holds,
    "headroom": headroom_holds,
    "promise": promises_are_kept,
    "objective": promises_are_kept,
    "chongqing": chongqing_rules_hold,
}
"""By the name of the family."""
