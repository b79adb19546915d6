"""Promises of coverage and the rules of Chongqing, counted again from a plan and its reach.

Used by :mod:`siting.audit.recount`, and as independent of the model as it. The pairs in reach are
the travel stage's own table, not what the model made of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from siting.audit.ground import PROMISING, allowed_sites, in_lists, of_kind, settings, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    import geopandas as gpd

    from siting.audit.ground import Evidence
    from siting.files import JsonObject
    from siting.plan.plan import Plan

_SHARE = 1e-9
_CHONGQING: dict[str, JsonObject] = {
    "service_area_charging": {"place_kinds": ["service_area"], "within_m": 0.0},
    "sight_3a_charging": {
        "place_lists": ["sight_3a"], "within_m": 300.0, "unreachable": "note",
    },
    "sight_4a_charging": {"within_m": 300.0},
    "swap_5km": {"facility": "swap", "within_m": 5000.0, "unreachable": "note"},
    "centre_1km": {
        "group": ["home"], "zone_kinds": ["subdistrict"], "within_m": 1000.0, "unreachable": "note",
    },
    "super_fast_5km": {"min_kw": 250.0, "within_m": 5000.0, "unreachable": "note"},
}  # fmt: skip


def promises_are_kept(plan: Plan, evidence: Evidence) -> Iterator[str]:
    """Count who has the promised facility near; name the promises that fall short."""
    model = settings(plan, "model")
    named = [(f"promise {n}", p) for n, p in enumerate(model.get("promises", ()), start=1)]
    if model.get("objective") in PROMISING:
        cover = model["cover"]
        asked = {"within_m": cover["within_m"], "share": cover["share"]}
        named.append(("what the objective promises", asked))
    yield from _all_kept(plan, named, evidence)


def chongqing_rules_hold(plan: Plan, evidence: Evidence) -> Iterator[str]:
    """Count what each rule of Chongqing that is switched on asks for."""
    model = settings(plan, "model")
    named = []
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
    yield from _all_kept(plan, named, evidence)
    if "township_charging" in model.get("chongqing", ()):
        yield from _townships_have_charging(plan)
    if "service_area_bays" in model.get("chongqing", ()):
        yield from _service_areas_have_their_bays(plan)


def _townships_have_charging(plan: Plan) -> Iterator[str]:
    towns = plan.zones[plan.zones["kind"] == "town"]
    for name in towns["name"][~towns["zone_id"].isin(plan.sites["zone_id"])]:
        yield f"the town {name} has no charging station"


def _service_areas_have_their_bays(plan: Plan) -> Iterator[str]:
    """Count chargers at a tenth of the spaces of service areas."""
    areas = plan.sites[plan.sites["kind"] == "service_area"]
    short = areas[areas["chargers"] < 0.1 * areas["spaces"] - _SHARE]
    for site, have, spaces in zip(
        short["site_id"], short["chargers"], short["spaces"], strict=True
    ):
        yield f"{site} has {have} chargers at {spaces:.0f} spaces"


def _all_kept(plan: Plan, named: list[tuple[str, JsonObject]], evidence: Evidence) -> Iterator[str]:
    for name, promise in named:
        swap = promise.get("facility") == "swap"
        pairs = evidence.swap_reach if swap else evidence.reach
        if pairs is None:
            yield "no table of travel was given to count them by"
            return
        yield from _kept(plan, name, promise, pairs)


def _kept(plan: Plan, name: str, promise: JsonObject, reach: pd.DataFrame) -> Iterator[str]:
    placed = any(promise.get(key) for key in ("places", "place_kinds", "place_lists"))
    held = _places_held(plan, promise) if placed else _points_held(plan, promise, reach)
    if promise.get("unreachable") == "note":
        held = held[held["possible"]]
    total = float(held["weight"].sum())
    share = float(held.loc[held["covered"], "weight"].sum()) / total if total else 1.0
    if share < promise.get("share", 1.0) - _SHARE:
        ids = ", ".join(held.index[~held["covered"]].astype(str)[:5])
        yield f"{name}: {share:.2%} have what is promised; without: {ids}"


def _points_held(plan: Plan, promise: JsonObject, reach: pd.DataFrame) -> pd.DataFrame:
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


def _places_held(plan: Plan, promise: JsonObject) -> pd.DataFrame:
    """Return the same for places; metres in a straight line on the ground."""
    every = plan.candidates
    places = every[
        every["site_id"].isin(promise.get("places") or [])
        | every["kind"].isin(promise.get("place_kinds") or [])
        | in_lists(every, promise.get("place_lists") or [])
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
    doors = every[every["site_id"].isin(ids)]
    found: list[bool] = within(places, doors, metres).tolist()
    return found


def _open(plan: Plan, promise: JsonObject) -> set[str]:
    """Return the ids where a facility of the class stands in the plan."""
    if promise.get("facility") == "swap":
        return set(plan.swap_sites["site_id"]) & of_kind(plan, promise)
    sites, least = plan.sites, promise.get("min_kw") or 0.0
    if least > 0:  # of what stood before nobody knows the classes
        strong = [name for name, one in plan.charger_classes.items() if one.power_kw >= least]
        there = sum((sites[f"chargers_{name}"] for name in strong), start=0 * sites["chargers"])
        sites = sites[(there > 0) & sites["is_new"]]
    return set(sites["site_id"]) & of_kind(plan, promise)


def _zones(plan: Plan, promise: JsonObject) -> pd.Series:
    zones = plan.zones
    if promise.get("zones"):
        zones = zones[zones["zone_id"].isin(promise["zones"])]
    if promise.get("zone_kinds"):
        zones = zones[zones["kind"].isin(promise["zone_kinds"])]
    return zones["zone_id"]
