"""What is said of a site: what is known, and what solving the plan again with it says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from siting.notes import Note
from siting.optimize.problem.occasions import by_point
from siting.optimize.search.resolve import partners
from siting.optimize.search.site_value import (
    compare,
    compare_swap,
    lost_kwh,
    only_in_reach,
    only_swap_in_reach,
    rules_in_the_way,
    rules_that_need,
    swap_worth,
    taken_over,
    too_near,
    travel_m,
)
from siting.why.answer import (
    Again,
    NearSwap,
    OnlyHere,
    OtherSite,
    PlanFigures,
    Score,
    ScorePart,
    Serves,
    Site,
    Swap,
    SwapAgain,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from siting.arrays import Floats, Ints
    from siting.optimize.model.fill import Filled
    from siting.optimize.search.site_value import Bar, Compared, SwapChoice
    from siting.optimize.solver.solver import Solver
    from siting.plan.plan import Plan
    from siting.why.rebuild import Rebuilt


_DECIMALS = 6
_END = "_score"
_SHOWN = 5


def site_of(plan: Plan, site: pd.Series) -> Site:
    """Return a candidate site, of a row of ``plan.candidates``."""
    zones = plan.zones.set_index("zone_id")
    merged = site["merged_ids"] if isinstance(site["merged_ids"], str) else ""
    return Site(
        site_id=str(site["site_id"]),
        name=_text(site["name"]),
        kind=str(site["kind"]),
        zone_id=str(site["zone_id"]),
        zone=str(zones.loc[site["zone_id"], "name"]) if site["zone_id"] in zones.index else None,
        verdict=str(site["verdict"]),
        reason=_text(site["reason"]),
        owner=_text(site["owner"]),
        min_chargers=int(site["min_chargers"]),
        max_chargers=int(site["max_chargers"]),
        existing_chargers=int(site["existing_chargers"]),
        merged_ids=merged.split("+") if merged else [],
    )


def score_of(plan: Plan, site: pd.Series, weights: Mapping[str, float]) -> Score:
    """Return the score of a site with its rank and its parts, in the table's order."""
    parts = []
    for key in (str(key).removesuffix(_END) for key in site.index if str(key).endswith(_END)):
        score, weight = float(site[f"{key}{_END}"]), float(weights.get(key, 0.0))
        parts.append(ScorePart(key, score, weight, score * weight))
    allowed = plan.candidates[plan.candidates["verdict"] != "stop"]
    total = sum(part.part for part in parts)
    return Score(
        value=float(site["score"]),
        rank=int((allowed["score"] > site["score"]).sum()) + 1,
        of=len(allowed),
        parts=tuple(parts),
        sums=bool(abs(total - float(site["score"])) < 10**-_DECIMALS),
    )


def served_by(built: Rebuilt, position: int) -> Serves:
    """Return the demand a station of the plan serves."""
    problem, plan = built.problem, built.stands
    mine = problem.pair_site == position
    serve = np.where(mine, plan.serve, 0.0)
    kwh = float(serve.sum())
    chargers = int(plan.chargers[np.searchsorted(plan.sites, position)])
    most = float(problem.kwh_day_per_charger[position]) * chargers
    return Serves(
        kwh_day=kwh,
        share_of_demand=kwh / problem.total_kwh,
        points=int((serve > 0).sum()),
        chargers=chargers,
        utilisation=kwh / most if most > 0 else None,
        mean_distance_m=travel_m(problem, serve) if kwh > 0 else None,
    )


def only_here(built: Rebuilt, position: int) -> OnlyHere:
    """Return the demand only this station serves: by reach, and by room at the others."""
    problem, plan = built.problem, built.stands
    alone = only_in_reach(problem, plan, position)
    return OnlyHere(
        points_in_reach_of_no_other=int(alone.sum()),
        kwh_day_in_reach_of_no_other=float(problem.demand_kwh[alone].sum()),
        kwh_day_unserved_if_closed=lost_kwh(problem, plan, position),
        needed_by=tuple(_bar(bar) for bar in rules_that_need(problem, plan, position)),
    )


def planner_says(plan: Plan, site_id: str) -> tuple[Note, ...]:
    """Return what the planner's own lists say of a site: locked, banned, upgraded."""
    model = plan.scenario["model"]
    reasons = [Note(key) for key in ("locked", "banned") if site_id in model[key]]
    if site_id in model["upgrades"]:
        reasons.append(Note("upgrade", {"chargers": model["upgrades"][site_id]}))
    return tuple(reasons)


def shut_out(plan: Plan, built: Rebuilt, site: pd.Series) -> tuple[Note, ...]:
    """Return what closes a site to every plan; empty if a station may stand there.

    Rule verdict, ban, room for chargers, and the spacing to existing stations.
    """
    problem = built.problem
    here = np.flatnonzero(problem.site_id == site["site_id"])
    if len(here) and problem.openable[here[0]]:
        return ()
    reasons = []
    if site["verdict"] == "stop":
        rule = site["reason"]
        reasons.append(Note("stop", {"rule": rule if isinstance(rule, str) else None}))
    if site["site_id"] in plan.scenario["model"]["banned"]:
        reasons.append(Note("banned"))
    least, most = int(site["min_chargers"]), int(site["max_chargers"])
    if most < max(least, 1):
        reasons.append(Note("no_room", {"least": least, "most": most}))
    if len(here):
        reasons += _near_existing(built, int(here[0]))
    return tuple(reasons)


def held_back(built: Rebuilt, position: int) -> tuple[Note, ...]:
    """Return what a station at an openable site would have to overcome in the plan as it is."""
    problem, stands = built.problem, built.stands
    near = np.intersect1d(partners(problem, position), stands.sites)
    reasons = [_near("spacing", built, position, int(other)) for other in near[:_SHOWN]]
    reasons += [_bar(bar) for bar in rules_in_the_way(problem, stands, position)]
    if problem.station_sense != ">=" and len(stands.sites) >= problem.stations:
        reasons.append(Note("total", {"stations": problem.stations}))
    return tuple(reasons)


def _near_existing(built: Rebuilt, position: int) -> list[Note]:
    problem = built.problem
    others = np.flatnonzero(problem.forced)
    away = np.hypot(*(problem.site_xy[others] - problem.site_xy[position]).T)
    near = others[np.argsort(away, kind="stable")][: int((away < _asked(built, position)).sum())]
    return [_near("near_existing", built, position, int(other)) for other in near[:_SHOWN]]


def _asked(built: Rebuilt, position: int) -> float:
    return float(built.problem.site_spacing_m[position])


def _near(key: str, built: Rebuilt, position: int, other: int) -> Note:
    problem = built.problem
    asked = _asked(built, position)
    if key == "spacing":
        asked = max(asked, float(problem.site_spacing_m[other]))
    away = float(np.hypot(*(problem.site_xy[other] - problem.site_xy[position])))
    values = {"site": str(problem.site_id[other]), "distance_m": away, "spacing_m": asked}
    return Note(key, values)


def _bar(bar: Bar) -> Note:
    return Note("rule", {"family": bar.family, "text": bar.text})


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


JOINT = "joint"
_WORTH_DECIMALS = 9
"""Less than this is no better: what a solver leaves."""


def solved_again(plan: Plan, built: Rebuilt, position: int, solver: Solver) -> Again | None:
    """Solve a plan again with and without a site; None where its objective is not the joint one."""
    if plan.outcome.objective != JOINT:
        return None
    stands, chosen = built.stands, position in built.stands.sites
    found = compare(built.problem, stands, position, solver)
    best = max(
        (one for one in (found.with_it, found.without_it, stands) if one is not None),
        key=lambda one: one.value,
    )
    changed = found.without_it if chosen else found.with_it
    kept = found.with_it if chosen else found.without_it
    again = Again(
        change="without" if chosen else "with",
        possible=changed is not None,
        method="whole" if np.isfinite(found.high) else "around",
        free_sites=found.free,
        exact=found.exact,
        finished=found.finished,
        saved=_figures(built, stands),
        best=_figures(built, best),
        best_has_it=position in best.sites,
        better_than_saved=round(max(0.0, best.value - stands.value), _WORTH_DECIMALS),
    )
    if changed is None or kept is None:
        return again
    low, high = _proven(found, chosen=chosen)
    comes = np.setdiff1d(changed.sites, kept.sites)
    goes = np.setdiff1d(kept.sites, changed.sites)
    takes = taken_over(built.problem, kept, changed, position) if chosen else None
    return replace(
        again,
        changed=_figures(built, changed),
        loss=_figures(built, best).less(_figures(built, changed)),
        loss_low=low,
        loss_high=high,
        comes=_others(plan, built, comes[comes != position], position, changed, takes),
        goes=_others(plan, built, goes[goes != position], position, kept, None),
    )


def _proven(found: Compared, *, chosen: bool) -> tuple[float | None, float | None]:
    """Return the ends of what the change costs, where they are proven."""
    if not np.isfinite(found.high):
        return None, None
    low, high = (found.low, found.high) if chosen else (-found.high, -found.low)
    return max(0.0, low), max(0.0, high)


def _figures(built: Rebuilt, plan: Filled) -> PlanFigures:
    way = travel_m(built.problem, plan.serve)
    return PlanFigures(plan.value, float(plan.serve.sum()), way if np.isfinite(way) else None)


def _others(
    plan: Plan,
    built: Rebuilt,
    sites: Ints,
    position: int,
    stands: Filled,
    takes: Floats | None,
) -> tuple[OtherSite, ...]:
    """Describe some sites, those that take over most of the demand first, then the nearest."""
    problem = built.problem
    away = np.hypot(*(problem.site_xy[sites] - problem.site_xy[position]).T)
    taken = np.zeros(len(sites)) if takes is None else takes[sites]
    order = np.lexsort((sites, away, -taken))
    table = plan.candidates.set_index("site_id")
    found = []
    for k in order.tolist():
        site = str(problem.site_id[sites[k]])
        name = table.loc[site, "name"]
        found.append(
            OtherSite(
                site_id=site,
                name=name if isinstance(name, str) and name else None,
                kind=str(table.loc[site, "kind"]),
                distance_m=float(away[k]),
                chargers=int(stands.chargers[np.searchsorted(stands.sites, sites[k])]),
                takes_kwh_day=None if takes is None else round(float(taken[k]), _WORTH_DECIMALS),
            )
        )
    return tuple(found)


def as_swap(built: Rebuilt, site_id: str, solver: Solver) -> Swap | None:
    """Say what a site is as a swap station; None where the question does not arise."""
    problem, chosen = by_point(built.problem), built.swap_sites
    here = np.flatnonzero(problem.site_id == site_id)
    if not len(here) or not len(chosen):
        return None
    position = int(here[0])
    if position not in chosen and not problem.swap_ok[position]:
        return None
    existing = bool(problem.existing_swap[position])
    again = None if existing else _swap_again(built, position, solver)
    alone = only_swap_in_reach(problem, chosen, position)
    near = too_near(problem, chosen, position).tolist()
    away = [float(np.hypot(*(problem.site_xy[k] - problem.site_xy[position]))) for k in near]
    return Swap(
        role="existing" if existing else "chosen" if position in chosen else "not_chosen",
        kwh_day_in_reach_of_no_other=float(problem.demand_kwh[alone].sum()),
        too_near=tuple(
            NearSwap(str(problem.site_id[k]), metres) for k, metres in zip(near, away, strict=True)
        ),
        spacing_m=problem.swap_spacing_m,
        again=again,
    )


def _swap_again(built: Rebuilt, position: int, solver: Solver) -> SwapAgain:
    problem, chosen = built.problem, position in built.swap_sites
    with_it, without_it = compare_swap(problem, built.swap_sites, position, solver)
    saved = swap_worth(problem, built.swap_sites)
    changed, kept = (without_it, with_it) if chosen else (with_it, without_it)
    best = max(one.worth for one in (with_it, without_it) if one is not None)
    again = SwapAgain(
        change="without" if chosen else "with",
        possible=changed is not None,
        saved_worth=saved,
        best_worth=best,
        better_than_saved=round(max(0.0, best - saved), _WORTH_DECIMALS),
    )
    if changed is None or kept is None:
        return again

    def beyond(one: SwapChoice, other: SwapChoice) -> tuple[str, ...]:
        sites = np.setdiff1d(one.sites, other.sites).tolist()
        return tuple(str(problem.site_id[site]) for site in sites if site != position)

    return replace(
        again,
        changed_worth=changed.worth,
        loss=best - changed.worth,
        comes=beyond(changed, kept),
        goes=beyond(kept, changed),
    )
