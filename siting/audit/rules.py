"""The scenario's own rules, counted again from a plan: one function for each family.

Used by :mod:`siting.audit.recount`. Each function reads the plan's tables and its scenario, shares
no code with the model, and yields one line for every breach.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import geopandas as gpd

    from siting.plan.plan import Plan

_TINY = 1e-9
_KW_SLACK = 1e-3
_MONEY_SLACK = 1e-6


def settings(plan: Plan, block: str) -> dict[str, Any]:
    """Return a block of the plan's scenario; empty where it has none."""
    found: dict[str, Any] = plan.scenario.get(block, {})
    return found


def locked_sites_stand(plan: Plan) -> Iterator[str]:
    """Find a station at every locked site."""
    for site in settings(plan, "model").get("locked", ()):
        if site not in set(plan.sites["site_id"]):
            yield f"{site} is locked, but no station stands there"


def banned_sites_are_empty(plan: Plan) -> Iterator[str]:
    """Find no new station of either class at a banned site."""
    banned = set(settings(plan, "model").get("banned", ()))
    for label, table in (("station", plan.sites), ("swap station", plan.swap_sites)):
        for site in table["site_id"][table["site_id"].isin(banned)]:
            yield f"{site} is banned, but a {label} stands there"


def upgrades_are_made(plan: Plan) -> Iterator[str]:
    """Count at least the chargers of each forced upgrade."""
    chargers = plan.sites.set_index("site_id")["chargers"]
    for site, least in settings(plan, "model").get("upgrades", {}).items():
        have = int(chargers.get(site, 0))
        if have < least:
            yield f"{site} has {have} chargers, its upgrade asks for {least}"


def limits_hold(plan: Plan) -> Iterator[str]:
    """Count what each limit counts, zone by zone where it says so."""
    for limit in settings(plan, "model").get("limits", ()):
        yield from _limit_holds(plan, limit)


def _limit_holds(plan: Plan, limit: dict[str, Any]) -> Iterator[str]:
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
    inside = counted[counted["zone_id"].isin(zones["zone_id"])]
    names = list(zones["zone_id"]) if limit["each_zone"] else [None]
    target = plan.targets[limit["count"]]
    for name in names:
        here = inside if name is None else inside[inside["zone_id"] == name]
        number = int(here["chargers"].sum()) if limit["count"] == "chargers" else len(here)
        place = f"{len(zones)} zones" if name is None else f"zone {name}"
        yield from _outside(limit, number, target, f"{number} {limit['count']} in {place}")


def _outside(limit: dict[str, Any], number: int, target: int, told: str) -> Iterator[str]:
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


def headroom_holds(plan: Plan, substations: gpd.GeoDataFrame | None) -> Iterator[str]:
    """Add up the new power at the substation of each site, where its headroom is known.

    A site hangs on the substation it is assigned to, else on the nearest one.
    """
    model = settings(plan, "model")
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
    drawn = dict.fromkeys(every["substation_id"], 0.0)
    new = plan.sites["chargers"] - plan.sites["existing_chargers"]
    power = float(model["coincidence"]) * new * plan.sites["kw_per_charger"]
    swaps = plan.swap_sites[plan.swap_sites["is_new"]]
    each = [float(model["swap_station_kw"])] * len(swaps)
    points = [*plan.sites.geometry, *swaps.geometry]
    names = [*plan.sites["site_id"], *swaps["site_id"]]
    for name, point, kw in zip(names, points, [*power, *each], strict=True):
        near = every["substation_id"].loc[every.distance(point).idxmin()]
        drawn[assigned.get(name, near)] += kw
    for name, free in zip(known["substation_id"], known["headroom_kw"], strict=True):
        if drawn[name] > free + _KW_SLACK:
            yield f"{drawn[name]:,.0f} kW drawn at substation {name}, {free:,.0f} kW are free"


def budget_holds(plan: Plan) -> Iterator[str]:
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


def prices_add_up(plan: Plan) -> Iterator[str]:
    """Recompute the price of each station and of the whole plan from their parts."""
    sites = plan.sites
    if "cost_cny" not in sites.columns:
        return
    new = sites["chargers"] - sites["existing_chargers"]
    price = sites["site_fixed_cny"].where(sites["is_new"], 0.0) + sites["charger_cny"] * new
    for name in sites["site_id"][(price - sites["cost_cny"]).abs() > 1]:
        yield f"the price of {name} is not that of its parts"
    for end in ("cost_low_cny", "cost_cny", "cost_high_cny"):
        total = float(sites[end].sum() + plan.swap_sites[end].sum())
        told = float(plan.figures[end])
        if abs(total - told) > max(1.0, _MONEY_SLACK * total):
            yield f"{end} adds up to {total:,.0f}, the figures say {told:,.0f}"


def classes_add_up(plan: Plan) -> Iterator[str]:
    """Add up the chargers by class: those of each station, their power, and the plan's totals."""
    sites, classes = plan.sites, plan.charger_classes
    if not classes:
        return
    counted = sum(sites[f"chargers_{name}"] for name in classes)
    for name in sites["site_id"][counted != sites["chargers"]]:
        yield f"the chargers of {name} by class do not make its chargers"
    power = sum(sites[f"chargers_{name}"] * one["power_kw"] for name, one in classes.items())
    for name in sites["site_id"][(power - sites["power_kw"]).abs() > _KW_SLACK]:
        yield f"the power of {name} is not that of its classes"
    for name, one in classes.items():
        if int(sites[f"chargers_{name}"].sum()) != one["chargers"]:
            yield f"{name}: the plan's total is not the sum of its stations"


RULES: tuple[Callable[[Plan], Iterator[str]], ...] = (
    locked_sites_stand,
    banned_sites_are_empty,
    upgrades_are_made,
    limits_hold,
    budget_holds,
    prices_add_up,
    classes_add_up,
)
