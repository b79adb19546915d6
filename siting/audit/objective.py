"""The value of a plan by its objective, counted again from its tables and the pairs in reach.

Used by :mod:`siting.audit.recount`, and as independent of the model as it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from siting.audit.ground import allowed_sites, settings
from siting.audit.occasions import by_occasion, trips_worth

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siting.files import JsonObject
    from siting.plan.plan import Plan

_SLACK = 1e-6
_LEAST = ("p_median", "p_center", "set_cover", "min_cost")


def answer_holds(
    plan: Plan, *reaches: pd.DataFrame, trips: pd.DataFrame | None = None
) -> Iterator[str]:
    """Recompute the objective's value; hold it against its bound, its gap and its status.

    The gap is the distance of value and bound over the larger of the two.
    """
    outcome = plan.outcome
    asked = str(settings(plan, "model").get("objective", "joint"))
    if outcome.objective != asked:
        yield f"the scenario asks for {asked}, the outcome speaks of {outcome.objective}"
        return
    if by_occasion(plan):
        if trips is None:
            yield "joint cannot be counted: no tables of the occasions were given"
            return
        value: float | None = _joint(plan, trips_worth(trips))
    else:
        value = _value(plan, asked, *reaches)
    if value is None:
        yield f"{asked} cannot be counted: no table of travel was given to count it by"
        return
    scale = max(1.0, abs(value))
    if abs(value - outcome.value) > _SLACK * scale:
        yield f"the tables give {value:.6f}, the outcome says {outcome.value:.6f}"
    ahead = outcome.bound - outcome.value if asked in _LEAST else outcome.value - outcome.bound
    if ahead > _SLACK * scale:
        side = "below" if asked in _LEAST else "above"
        yield f"value {outcome.value:.6f} lies {side} its bound {outcome.bound:.6f}"
    largest = max(abs(outcome.value), abs(outcome.bound))
    gap = abs(outcome.bound - outcome.value) / largest if largest else 0.0
    if np.isfinite(outcome.bound) and abs(gap - outcome.gap_share) > _SLACK:
        yield f"the gap is {gap:.6f}, the outcome says {outcome.gap_share:.6f}"
    if outcome.status == "optimal" and not gap <= _SLACK:
        yield f"called optimal with a gap of {gap:.6f}"


def _value(plan: Plan, objective: str, *reaches: pd.DataFrame) -> float | None:
    """Return the value; None where it needs the pairs in reach and none are given."""
    if objective in _FROM_PLAN:
        return _FROM_PLAN[objective](plan)
    return _FROM_REACH[objective](plan, _in_radius(plan, reaches[0])) if reaches else None


def _joint(plan: Plan, worth_kwh: float | None = None) -> float:
    model, travel = plan.scenario["model"], plan.scenario["travel"]
    if worth_kwh is None:
        discount = float(model["distance_discount"]) / float(travel["cutoff_m"])
        worth = plan.assignments["kwh_day"] * (1 - discount * plan.assignments["distance_m"])
        worth_kwh = float(worth.sum())
    total = float(plan.demand["kwh_day"].sum())
    value = worth_kwh / total if total else 0.0
    score = float(plan.sites["score"].sum()) / plan.targets["stations"]
    return value + float(model["suitability_weight"]) * score


def _cost(plan: Plan) -> float:
    sites = plan.sites
    fresh = sites["chargers"] - sites["existing_chargers"]
    opened = sites["site_fixed_cny"].where(sites["is_new"], 0.0)
    return float((opened + sites["charger_cny"] * fresh).sum())


def _in_radius(plan: Plan, reach: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs within the service radius."""
    near = reach[reach["distance_m"] <= float(plan.scenario["travel"]["cutoff_m"])]
    return near.astype({"demand_id": "str", "site_id": "str"})


def _times(plan: Plan, reach: pd.DataFrame, within_m: float) -> np.ndarray:
    """Return how many open stations each demand point has within a distance."""
    near = reach[(reach["distance_m"] <= within_m) & reach["site_id"].isin(plan.sites["site_id"])]
    count = near.drop_duplicates(["demand_id", "site_id"])["demand_id"].value_counts()
    return count.reindex(plan.demand["demand_id"], fill_value=0).to_numpy()


def _covered(plan: Plan, reach: pd.DataFrame) -> float:
    cover: JsonObject = settings(plan, "model")["cover"]
    need = plan.demand["kwh_day"].to_numpy(dtype=float)
    radii = cover.get("radii") or [{"within_m": cover["within_m"], "worth": 1.0}]
    backup, got, most = float(cover["backup"]), 0.0, 0.0
    for radius in radii:
        times = _times(plan, reach, float(radius["within_m"]))
        got += radius["worth"] * float(need @ ((times > 0) + backup * (times > 1)))
        most += radius["worth"] * float(need.sum()) * (1 + backup)
    return got / most


def _worst_zone(plan: Plan, reach: pd.DataFrame) -> float:
    within_m = float(settings(plan, "model")["cover"]["within_m"])
    table = pd.DataFrame({"zone": plan.demand["zone_id"], "need": plan.demand["kwh_day"]})
    table["had"] = table["need"] * (_times(plan, reach, within_m) > 0)
    zones = table.groupby("zone", observed=True)[["need", "had"]].sum()
    zones = zones[zones["need"] > 0]
    return float((zones["had"] / zones["need"]).min())


def _mean_way(plan: Plan, reach: pd.DataFrame) -> float:
    need = plan.demand["kwh_day"].to_numpy(dtype=float)
    return float(need @ _nearest(plan, reach)) / float(need.sum())


def _farthest(plan: Plan, reach: pd.DataFrame) -> float:
    """Return the distance of the farthest point that some site may serve."""
    possible = reach["demand_id"][reach["site_id"].isin(allowed_sites(plan, {}))]
    served = plan.demand["demand_id"].isin(possible) & (plan.demand["kwh_day"] > 0)
    return float(_nearest(plan, reach)[served.to_numpy()].max(initial=0.0))


def _nearest(plan: Plan, reach: pd.DataFrame) -> np.ndarray:
    """Return the distance to the nearest open station, at most what being left out counts."""
    given = settings(plan, "model").get("unserved_m")
    most = float(plan.scenario["travel"]["cutoff_m"] if given is None else given)
    near = reach[reach["site_id"].isin(plan.sites["site_id"])]
    far = near.groupby("demand_id", observed=True)["distance_m"].min()
    return far.reindex(plan.demand["demand_id"]).fillna(most).clip(upper=most).to_numpy()


def _count(plan: Plan) -> float:
    return float(len(plan.sites))


_FROM_PLAN = {"joint": _joint, "set_cover": _count, "min_cost": _cost}
_FROM_REACH = {
    "max_cover": _covered,
    "max_min": _worst_zone,
    "p_median": _mean_way,
    "p_center": _farthest,
}
