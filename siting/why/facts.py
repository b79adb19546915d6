"""What is known of a site before anything is solved again: score, verdict, demand, what bars it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from siting.optimize.search.resolve import partners
from siting.optimize.search.site_value import (
    lost_kwh,
    only_in_reach,
    rules_in_the_way,
    rules_that_need,
    travel_m,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from siting.optimize.search.site_value import Bar
    from siting.plan.plan import Plan
    from siting.why.rebuild import Rebuilt

Reason = dict[str, Any]
"""A reason: ``key`` (of ``why.bar.<key>`` in the words) and ``values``, JSON types."""

_DECIMALS = 6
_END = "_score"
_SHOWN = 5


def score_parts(site: pd.Series, weights: Mapping[str, float]) -> list[dict[str, Any]]:
    """Return each criterion with its score, its weight and their product, in the table's order."""
    keys = [key.removesuffix(_END) for key in site.index if str(key).endswith(_END)]
    return [
        {
            "criterion": key,
            "score": float(site[f"{key}{_END}"]),
            "weight": float(weights.get(key, 0.0)),
            "part": float(site[f"{key}{_END}"]) * float(weights.get(key, 0.0)),
        }
        for key in keys
    ]


def score_of(plan: Plan, site: pd.Series, weights: Mapping[str, float]) -> dict[str, Any]:
    """Return the score, its rank among the candidates that no rule stops, and its parts.

    ``sums`` says whether the parts add up to the score, as they do in a weighted sum.
    """
    parts = score_parts(site, weights)
    allowed = plan.candidates[plan.candidates["verdict"] != "stop"]
    total = sum(part["part"] for part in parts)
    return {
        "value": float(site["score"]),
        "rank": int((allowed["score"] > site["score"]).sum()) + 1,
        "of": len(allowed),
        "parts": parts,
        "sums": bool(abs(total - float(site["score"])) < 10**-_DECIMALS),
    }


def served_by(built: Rebuilt, position: int) -> dict[str, Any]:
    """Return the demand a station of the plan serves."""
    problem, plan = built.problem, built.stands
    mine = problem.pair_site == position
    serve = np.where(mine, plan.serve, 0.0)
    kwh = float(serve.sum())
    chargers = int(plan.chargers[np.searchsorted(plan.sites, position)])
    most = float(problem.kwh_day_per_charger[position]) * chargers
    way = travel_m(problem, serve)
    return {
        "kwh_day": kwh,
        "share_of_demand": kwh / problem.total_kwh,
        "points": int((serve > 0).sum()),
        "chargers": chargers,
        "utilisation": kwh / most if most > 0 else None,
        "mean_distance_m": way if kwh > 0 else None,
    }


def only_here(built: Rebuilt, position: int) -> dict[str, Any]:
    """Return the demand only this station serves: by reach, and by room at the others."""
    problem, plan = built.problem, built.stands
    alone = only_in_reach(problem, plan, position)
    return {
        "points_in_reach_of_no_other": int(alone.sum()),
        "kwh_day_in_reach_of_no_other": float(problem.demand_kwh[alone].sum()),
        "kwh_day_unserved_if_closed": lost_kwh(problem, plan, position),
        "needed_by": [_bar(bar) for bar in rules_that_need(problem, plan, position)],
    }


def planner_says(plan: Plan, site_id: str) -> list[Reason]:
    """Return what the planner's own lists say of a site: locked, banned, upgraded."""
    model = plan.scenario["model"]
    said: list[Reason] = [
        {"key": key, "values": {}} for key in ("locked", "banned") if site_id in model[key]
    ]
    if site_id in model["upgrades"]:
        said.append({"key": "upgrade", "values": {"chargers": model["upgrades"][site_id]}})
    return said


def shut_out(plan: Plan, built: Rebuilt, site: pd.Series) -> list[Reason]:
    """Return what closes a site to every plan; empty if a station may stand there.

    Rule verdict, ban, room for chargers, and the spacing to existing stations.
    """
    problem = built.problem
    here = np.flatnonzero(problem.site_id == site["site_id"])
    if len(here) and problem.openable[here[0]]:
        return []
    reasons: list[Reason] = []
    if site["verdict"] == "stop":
        reasons.append({"key": "stop", "values": {"rule": _text(site["reason"])}})
    if site["site_id"] in plan.scenario["model"]["banned"]:
        reasons.append({"key": "banned", "values": {}})
    least, most = int(site["min_chargers"]), int(site["max_chargers"])
    if most < max(least, 1):
        reasons.append({"key": "no_room", "values": {"least": least, "most": most}})
    if len(here):
        reasons += _near_existing(built, int(here[0]))
    return reasons


def held_back(built: Rebuilt, position: int) -> list[Reason]:
    """Return what a station at an openable site would have to overcome in the plan as it is."""
    problem, stands = built.problem, built.stands
    near = np.intersect1d(partners(problem, position), stands.sites)
    reasons = [_near("spacing", built, position, int(other)) for other in near[:_SHOWN]]
    reasons += [_bar(bar) for bar in rules_in_the_way(problem, stands, position)]
    if problem.station_sense != ">=" and len(stands.sites) >= problem.stations:
        reasons.append({"key": "total", "values": {"stations": problem.stations}})
    return reasons


def _near_existing(built: Rebuilt, position: int) -> list[Reason]:
    problem = built.problem
    others = np.flatnonzero(problem.forced)
    away = np.hypot(*(problem.site_xy[others] - problem.site_xy[position]).T)
    near = others[np.argsort(away, kind="stable")][: int((away < _asked(built, position)).sum())]
    return [_near("near_existing", built, position, int(other)) for other in near[:_SHOWN]]


def _asked(built: Rebuilt, position: int) -> float:
    return float(built.problem.site_spacing_m[position])


def _near(key: str, built: Rebuilt, position: int, other: int) -> Reason:
    problem = built.problem
    asked = _asked(built, position)
    if key == "spacing":
        asked = max(asked, float(problem.site_spacing_m[other]))
    away = float(np.hypot(*(problem.site_xy[other] - problem.site_xy[position])))
    values = {"site": str(problem.site_id[other]), "distance_m": away, "spacing_m": asked}
    return {"key": key, "values": values}


def _bar(bar: Bar) -> Reason:
    return {"key": "rule", "values": {"family": bar.family, "text": bar.text}}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
