"""Promises of coverage and the rules of Chongqing, counted again from a plan and its reach.

Used by :mod:`siting.audit.recount`, and as independent of the model as it. The pairs in reach are
the travel stage's own table, not what the model made of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from siting.audit.rules import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    import geopandas as gpd

    from siting.plan.plan import Plan

_METRE = 1e-6
_SHARE = 1e-9
_PROMISING = ("set_cover", "min_cost")
_CHONGQING: dict[str, dict[str, Any]] = {
    "service_area_charging": {"place_kinds": ["service_area"], "within_m": 0.0},
    "sight_4a_charging": {"within_m": 300.0},
    "swap_5km": {"facility": "swap", "within_m": 5000.0, "unreachable": "note"},
    "centre_1km": {
        "group": ["home"], "zone_kinds": ["subdistrict"], "within_m": 1000.0, "unreachable": "note",
    },
    "super_fast_5km": {"min_kw": 250.0, "within_m": 5000.0, "unreachable": "note"},
}  # fmt: skip


def promises_are_kept(plan: Plan, reach: pd.DataFrame, swap_reach: pd.DataFrame) -> Iterator[str]:
    """Count who has the promised facility near; name the promises that fall short."""
    model = settings(plan, "model")
    named = [(f"promise {n}", p) for n, p in enumerate(model.get("promises", ()), start=1)]
    for rule in model.get("chongqing", ()):
        if rule in _CHONGQING:
            asked = dict(_CHONGQING[rule])
            if rule == "sight_4a_charging":
                asked["places"] = model["sights_4a"]
            if rule == "super_fast_5km":
                radius = float(settings(plan, "travel")["cutoff_m"])
                asked |= {"share": model["super_fast_5km_share"], "within_m": min(5000.0, radius)}
            if rule == "swap_5km":
                asked["share"] = model["swap_5km_share"]
            named.append((rule, asked))
    if model.get("objective") in _PROMISING:
        cover = model["cover"]
        asked = {"within_m": cover["within_m"], "share": cover["share"]}
        named.append(("what the objective promises", asked))
    for name, promise in named:
        pairs = swap_reach if promise.get("facility") == "swap" else reach
        yield from _kept(plan, name, promise, pairs)


def townships_have_charging(plan: Plan) -> Iterator[str]:
    """Find a station in every town, where that is switched on."""
    if "township_charging" not in settings(plan, "model").get("chongqing", ()):
        return
    towns = plan.zones[plan.zones["kind"] == "town"]
    for name in towns["name"][~towns["zone_id"].isin(plan.sites["zone_id"])]:
        yield f"the town {name} has no charging station"


def service_areas_have_their_bays(plan: Plan) -> Iterator[str]:
    """Count chargers at a tenth of the spaces of service areas, where that is switched on."""
    if "service_area_bays" not in settings(plan, "model").get("chongqing", ()):
        return
    areas = plan.sites[plan.sites["kind"] == "service_area"]
    short = areas[areas["chargers"] < 0.1 * areas["spaces"] - _SHARE]
    for site, have, spaces in zip(
        short["site_id"], short["chargers"], short["spaces"], strict=True
    ):
        yield f"{site} has {have} chargers at {spaces:.0f} spaces"


def _kept(plan: Plan, name: str, promise: dict[str, Any], reach: pd.DataFrame) -> Iterator[str]:
    placed = promise.get("places") or promise.get("place_kinds")
    held = _places_held(plan, promise) if placed else _points_held(plan, promise, reach)
    if promise.get("unreachable") == "note":
        held = held[held["possible"]]
    total = float(held["weight"].sum())
    share = float(held.loc[held["covered"], "weight"].sum()) / total if total else 1.0
    if share < promise.get("share", 1.0) - _SHARE:
        ids = ", ".join(held.index[~held["covered"]].astype(str)[:5])
        yield f"{name}: {share:.2%} have what is promised; without: {ids}"


def _points_held(plan: Plan, promise: dict[str, Any], reach: pd.DataFrame) -> pd.DataFrame:
    """Return weight, covered and possible for each demand point of the group."""
    points = plan.demand[plan.demand["zone_id"].isin(_zones(plan, promise))]
    if promise.get("group"):
        points = points[points["kind"].isin(promise["group"])]
    weight = points.set_index("demand_id")[promise.get("weight", "kwh_day")]
    weight = weight[weight > 0]
    metres, seconds = promise.get("within_m"), promise.get("within_s")
    near = reach["distance_m"] <= metres if metres is not None else reach["time_s"] <= seconds
    pairs = reach[near]
    at, open_here = pairs["site_id"].astype("str"), _open(plan, promise)
    who = pairs["demand_id"].astype("str")
    return pd.DataFrame(
        {
            "weight": weight,
            "covered": weight.index.isin(who[at.isin(open_here)]),
            "possible": weight.index.isin(who[at.isin(allowed_sites(plan, promise))]),
        }
    )


def _places_held(plan: Plan, promise: dict[str, Any]) -> pd.DataFrame:
    """Return the same for places; metres in a straight line."""
    every = plan.candidates
    places = every[
        every["site_id"].isin(promise.get("places") or [])
        | every["kind"].isin(promise.get("place_kinds") or [])
    ]
    standing = places["existing_station"] | places["existing_swap"]
    places = places[(places["verdict"] != "stop") | standing]
    places = places[places["zone_id"].isin(_zones(plan, promise))]
    rows = {
        "weight": np.ones(len(places)),
        "covered": _within(places, every, _open(plan, promise), promise["within_m"]),
        "possible": _within(places, every, allowed_sites(plan, promise), promise["within_m"]),
    }
    return pd.DataFrame(rows, index=places["site_id"].to_numpy())


def _within(
    places: gpd.GeoDataFrame, every: gpd.GeoDataFrame, ids: set[str], metres: float
) -> list[bool]:
    doors = every[every["site_id"].isin(ids)].geometry
    return [bool((doors.distance(point) <= metres + _METRE).any()) for point in places.geometry]


def _open(plan: Plan, promise: dict[str, Any]) -> set[str]:
    """Return the ids where a facility of the class stands in the plan."""
    if promise.get("facility") == "swap":
        return set(plan.swap_sites["site_id"]) & _of_kind(plan, promise)
    sites, least = plan.sites, promise.get("min_kw") or 0.0
    if least > 0:  # of what stood before nobody knows the classes
        strong = [name for name, one in plan.charger_classes.items() if one["power_kw"] >= least]
        there = sum((sites[f"chargers_{name}"] for name in strong), start=0 * sites["chargers"])
        sites = sites[(there > 0) & sites["is_new"]]
    return set(sites["site_id"]) & _of_kind(plan, promise)


def allowed_sites(plan: Plan, promise: dict[str, Any]) -> set[str]:
    """Return the ids where one may stand: allowed, not banned, clear of what exists."""
    every, model = plan.candidates, settings(plan, "model")
    swap = promise.get("facility") == "swap"
    stands = every["existing_swap"] if swap else every["existing_station"]
    may = (
        every["swap_ok"] if swap else every["max_chargers"].ge(every["min_chargers"].clip(lower=1))
    )
    banned = every["site_id"].isin(list(model.get("banned", ())))
    may = may & (every["verdict"] != "stop") & ~banned
    spacing = np.full(len(every), float(model["swap_spacing_m"])) if swap else spacings(plan, every)
    old = every[stands].geometry
    clear = np.array(
        [
            old.empty or float(old.distance(point).min()) >= apart - _METRE
            for point, apart in zip(every.geometry, spacing, strict=True)
        ],
        dtype=bool,
    )
    may = stands | (may & clear)
    if not swap and promise.get("min_kw"):
        may &= every["strongest_kw"] >= promise["min_kw"]
    return set(every["site_id"][may]) & _of_kind(plan, promise)


def _of_kind(plan: Plan, promise: dict[str, Any]) -> set[str]:
    every = plan.candidates
    keep = every["kind"].isin(promise["kinds"]) if promise.get("kinds") else slice(None)
    return set(every["site_id"][keep])


def _zones(plan: Plan, promise: dict[str, Any]) -> pd.Series:
    zones = plan.zones
    if promise.get("zones"):
        zones = zones[zones["zone_id"].isin(promise["zones"])]
    if promise.get("zone_kinds"):
        zones = zones[zones["kind"].isin(promise["zone_kinds"])]
    return zones["zone_id"]


def spacings(plan: Plan, table: gpd.GeoDataFrame) -> np.ndarray:
    """Return the distance a new station at each row keeps from any other (m)."""
    model = settings(plan, "model")
    by_kind = dict(model.get("spacing_by_kind", {}))
    if "service_area_charging" in model.get("chongqing", ()):
        by_kind.setdefault("service_area", 0.0)
    by_zone = model.get("spacing_by_zone_kind", {})
    zone_kind = dict(zip(plan.zones["zone_id"], plan.zones["kind"], strict=True)) if by_zone else {}
    base = float(model["min_spacing_m"])
    asked = [
        by_kind.get(kind, by_zone.get(zone_kind.get(zone), base))
        for kind, zone in zip(table["kind"], table["zone_id"], strict=True)
    ]
    return np.array(asked, dtype=float)
