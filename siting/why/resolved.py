"""A plan solved again with and without a site, and its swap stations chosen again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from siting.optimize.search.site_value import compare, taken_over, travel_m
from siting.optimize.search.swap_resolve import (
    compare_swap,
    only_swap_in_reach,
    swap_worth,
    too_near,
)
from siting.why.answer import Again, NearSwap, OtherSite, PlanFigures, Swap, SwapAgain

if TYPE_CHECKING:
    from siting.arrays import Floats, Ints
    from siting.optimize.model.fill import Filled
    from siting.optimize.search.swap_resolve import SwapChoice
    from siting.optimize.solver.solver import Door
    from siting.plan.plan import Plan
    from siting.why.rebuild import Rebuilt

JOINT = "joint"
_DECIMALS = 9
"""Less than this is no better: what a solver leaves."""


def solved_again(plan: Plan, built: Rebuilt, position: int, door: Door) -> Again | None:
    """Solve a plan again with and without a site; None where its objective is not the joint one."""
    if plan.outcome.objective != JOINT:
        return None
    stands, chosen = built.stands, position in built.stands.sites
    found = compare(built.problem, stands, position, door)
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
        better_than_saved=round(max(0.0, best.value - stands.value), _DECIMALS),
    )
    if changed is None or kept is None:
        return again
    low = high = None
    if np.isfinite(found.high):
        ends = (found.low, found.high) if chosen else (-found.high, -found.low)
        low, high = (max(0.0, end) for end in ends)
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
                takes_kwh_day=None if takes is None else round(float(taken[k]), _DECIMALS),
            )
        )
    return tuple(found)


def as_swap(built: Rebuilt, site_id: str, door: Door) -> Swap | None:
    """Say what a site is as a swap station; None where the question does not arise."""
    problem, chosen = built.problem, built.swap_sites
    here = np.flatnonzero(problem.site_id == site_id)
    if not len(here) or not len(chosen):
        return None
    position = int(here[0])
    if position not in chosen and not problem.swap_ok[position]:
        return None
    existing = bool(problem.existing_swap[position])
    again = None if existing else _swap_again(built, position, door)
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


def _swap_again(built: Rebuilt, position: int, door: Door) -> SwapAgain:
    problem, chosen = built.problem, position in built.swap_sites
    with_it, without_it = compare_swap(problem, built.swap_sites, position, door)
    saved = swap_worth(problem, built.swap_sites)
    changed, kept = (without_it, with_it) if chosen else (with_it, without_it)
    best = max(one.worth for one in (with_it, without_it) if one is not None)
    again = SwapAgain(
        change="without" if chosen else "with",
        possible=changed is not None,
        saved_worth=saved,
        best_worth=best,
        better_than_saved=round(max(0.0, best - saved), _DECIMALS),
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
