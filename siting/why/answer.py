"""The whole answer to "why this site?", as JSON types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from siting.optimize.search.site_value import compare, taken_over, travel_m
from siting.optimize.search.swap_resolve import (
    compare_swap,
    only_swap_in_reach,
    swap_worth,
    too_near,
)
from siting.optimize.solver.solver import open_door
from siting.why import facts

if TYPE_CHECKING:
    import pandas as pd

    from siting.arrays import Ints
    from siting.optimize.model.fill import Filled
    from siting.optimize.search.swap_resolve import SwapChoice
    from siting.optimize.solver.solver import Door
    from siting.plan.plan import Plan
    from siting.why.facts import Reason
    from siting.why.find import Found
    from siting.why.rebuild import Rebuilt

FORMAT = "siting-why"
FORMAT_VERSION = 1
_TIME_S = 60.0
_SHOWN = 5
_TINY = 1e-9
JOINT = "joint"


def explain(
    plan: Plan, built: Rebuilt, found: Found, *, weights: dict[str, float], left_out: Reason | None
) -> dict[str, Any]:
    """Say why a site is in the plan, or what keeps it out.

    Parameters
    ----------
    plan
        The plan.
    built
        Its problem, put up again.
    found
        The site.
    weights
        Weights of the criteria, summing to 1.
    left_out
        For a place that is no candidate, the step that took it away.

    Returns
    -------
    dict
        ``docs/why.md`` describes it; missing numbers are None.
    """
    answer: dict[str, Any] = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "run": plan.run,
        "synthetic": plan.synthetic,
        "merged": found.merged,
        "site": {"site_id": found.place_id},
        "role": "no_candidate",
        "planner": facts.planner_says(plan, found.place_id),
        "score": None,
        "serves": None,
        "only_here": None,
        "keeps_out": [left_out] if left_out else [],
        "again": None,
        "swap": None,
    }
    if not found.candidate:
        return answer
    table = plan.candidates.set_index("site_id", drop=False)
    site = table.loc[found.place_id]
    settings = built.scenario.solver
    door = open_door(
        settings.name, threads=settings.threads, seed=built.scenario.run.seed, time_limit_s=_TIME_S
    )
    answer |= {
        "site": _who(plan, site),
        "score": facts.score_of(plan, site, weights),
    }
    answer |= _station(plan, built, site, door)
    answer["swap"] = _swap(built, str(site["site_id"]), door)
    return answer


def _who(plan: Plan, site: pd.Series) -> dict[str, Any]:
    zones = plan.zones.set_index("zone_id")
    merged = site["merged_ids"] if isinstance(site["merged_ids"], str) else ""
    return {
        "site_id": str(site["site_id"]),
        "name": _text(site["name"]),
        "kind": str(site["kind"]),
        "zone_id": str(site["zone_id"]),
        "zone": str(zones.loc[site["zone_id"], "name"]) if site["zone_id"] in zones.index else None,
        "verdict": str(site["verdict"]),
        "reason": _text(site["reason"]),
        "owner": _text(site["owner"]),
        "min_chargers": int(site["min_chargers"]),
        "max_chargers": int(site["max_chargers"]),
        "existing_chargers": int(site["existing_chargers"]),
        "merged_ids": merged.split("+") if merged else [],
    }


def _station(plan: Plan, built: Rebuilt, site: pd.Series, door: Door) -> dict[str, Any]:
    """Return the role of the site as a charging station, and what follows from it."""
    problem = built.problem
    here = np.flatnonzero(problem.site_id == site["site_id"])
    position = int(here[0]) if len(here) else -1
    if position in built.stands.sites:
        existing = bool(problem.forced[position])
        return {
            "role": "existing" if existing else "chosen",
            "serves": facts.served_by(built, position),
            "only_here": facts.only_here(built, position),
            "again": None if existing else _again(plan, built, position, door),
        }
    shut = facts.shut_out(plan, built, site)
    if shut or position < 0 or not problem.openable[position]:
        return {"role": "not_chosen", "keeps_out": shut}
    again = _again(plan, built, position, door)
    reasons = facts.held_back(built, position)
    return {"role": "not_chosen", "keeps_out": reasons, "again": again}


def _again(plan: Plan, built: Rebuilt, position: int, door: Door) -> dict[str, Any] | None:
    """Solve the plan again with and without the site; None where its objective is another."""
    if plan.outcome.objective != JOINT:
        return None
    problem, stands = built.problem, built.stands
    found = compare(problem, stands, position, door)
    best = max(
        (one for one in (found.with_it, found.without_it, stands) if one is not None),
        key=lambda one: one.value,
    )
    chosen = position in stands.sites
    changed = found.without_it if chosen else found.with_it
    kept = found.with_it if chosen else found.without_it
    answer: dict[str, Any] = {
        "change": "without" if chosen else "with",
        "possible": changed is not None,
        "method": "whole" if np.isfinite(found.high) else "around",
        "free_sites": found.free,
        "exact": found.exact,
        "finished": found.finished,
        "saved": _figures(built, stands),
        "best": _figures(built, best),
        "best_has_it": position in best.sites,
        "better_than_saved": max(0.0, best.value - stands.value),
        "changed": None,
        "loss": None,
        "loss_low": None,
        "loss_high": None,
        "comes": [],
        "goes": [],
    }
    if changed is None or kept is None:
        return answer
    answer["changed"] = _figures(built, changed)
    answer["loss"] = {
        key: _less(answer["best"][key], answer["changed"][key]) for key in answer["best"]
    }
    if np.isfinite(found.high):
        ends = (found.low, found.high) if chosen else (-found.high, -found.low)
        answer |= {"loss_low": max(0.0, ends[0]), "loss_high": max(0.0, ends[1])}
    comes = np.setdiff1d(changed.sites, kept.sites)
    goes = np.setdiff1d(kept.sites, changed.sites)
    takes = taken_over(problem, kept, changed, position) if chosen else None
    answer["comes"] = _told(plan, built, comes[comes != position], position, changed, takes)
    answer["goes"] = _told(plan, built, goes[goes != position], position, kept, None)
    return answer


def _less(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other


def _figures(built: Rebuilt, plan: Filled) -> dict[str, float | None]:
    way = travel_m(built.problem, plan.serve)
    return {
        "value": plan.value,
        "served_kwh_day": float(plan.serve.sum()),
        "mean_distance_m": way if np.isfinite(way) else None,
    }


def _told(
    plan: Plan,
    built: Rebuilt,
    sites: Ints,
    position: int,
    stands: Filled,
    takes: np.ndarray | None,
) -> list[dict[str, Any]]:
    """Describe some sites, those that take over most of the demand first, then the nearest."""
    problem = built.problem
    away = np.hypot(*(problem.site_xy[sites] - problem.site_xy[position]).T)
    taken = np.zeros(len(sites)) if takes is None else takes[sites]
    order = np.lexsort((sites, away, -taken))
    table = plan.candidates.set_index("site_id")
    rows = []
    for k in order.tolist():
        site = str(problem.site_id[sites[k]])
        rows.append(
            {
                "site_id": site,
                "name": _text(table.loc[site, "name"]),
                "kind": str(table.loc[site, "kind"]),
                "distance_m": float(away[k]),
                "chargers": int(stands.chargers[np.searchsorted(stands.sites, sites[k])]),
                "takes_kwh_day": None if takes is None else float(taken[k]),
            }
        )
    return rows


def _swap(built: Rebuilt, site_id: str, door: Door) -> dict[str, Any] | None:
    """Say what the site is as a swap station; None where the question does not arise."""
    problem, chosen = built.problem, built.swap_sites
    here = np.flatnonzero(problem.site_id == site_id)
    if not len(here) or not len(chosen):
        return None
    position = int(here[0])
    if position not in chosen and not problem.swap_ok[position]:
        return None
    alone = only_swap_in_reach(problem, chosen, position)
    near = too_near(problem, chosen, position)
    answer: dict[str, Any] = {
        "role": "not_chosen",
        "kwh_day_in_reach_of_no_other": float(problem.demand_kwh[alone].sum()),
        "too_near": [
            {
                "site_id": str(problem.site_id[other]),
                "distance_m": float(
                    np.hypot(*(problem.site_xy[other] - problem.site_xy[position]))
                ),
            }
            for other in near.tolist()
        ],
        "spacing_m": problem.swap_spacing_m,
        "again": None,
    }
    if problem.existing_swap[position]:
        return answer | {"role": "existing"}
    with_it, without_it = compare_swap(problem, chosen, position, door)
    is_chosen = position in chosen
    answer["role"] = "chosen" if is_chosen else "not_chosen"
    answer["again"] = _swap_again(built, position, with_it, without_it)
    return answer


def _swap_again(
    built: Rebuilt, position: int, with_it: SwapChoice | None, without_it: SwapChoice | None
) -> dict[str, Any]:
    problem = built.problem
    chosen = position in built.swap_sites
    saved = swap_worth(problem, built.swap_sites)
    changed, kept = (without_it, with_it) if chosen else (with_it, without_it)
    best = max(one.worth for one in (with_it, without_it) if one is not None)
    answer: dict[str, Any] = {
        "change": "without" if chosen else "with",
        "possible": changed is not None,
        "saved_worth": saved,
        "best_worth": best,
        "better_than_saved": max(0.0, best - saved),
        "changed_worth": None,
        "loss": None,
        "comes": [],
        "goes": [],
    }
    if changed is None or kept is None:
        return answer
    answer |= {"changed_worth": changed.worth, "loss": best - changed.worth}
    for key, sites in (
        ("comes", np.setdiff1d(changed.sites, kept.sites)),
        ("goes", np.setdiff1d(kept.sites, changed.sites)),
    ):
        answer[key] = [str(problem.site_id[site]) for site in sites.tolist() if site != position]
    return answer


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
