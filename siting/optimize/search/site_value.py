"""What a site or a swap station is worth to a plan: the best plans found with it and without it.

The covering model is solved again with the station demanded or banned, and every exchange of one
station for one other is tried besides. All are valued alike, at full resolution.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_flow

from siting.arrays import sums
from siting.errors import InfeasibleError, NoPlanError
from siting.optimize.problem.linear_rules import Rules, row_of
from siting.optimize.problem.solution import PROVEN
from siting.optimize.search.resolve import (
    DEMANDED,
    neighbourhood,
    solve_again,
    with_site,
    without_site,
)
from siting.optimize.search.subproblem import flags_of, swaps_are_legal
from siting.optimize.swap import RADII, swap_cover

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siting.arrays import Flags, Floats, Ints
    from siting.optimize.model.fill import Filled
    from siting.optimize.problem.linear_rules import CoverPromise
    from siting.optimize.problem.problem import SitingProblem
    from siting.optimize.search.resolve import Again
    from siting.optimize.solver.solver import Solver

_TINY = 1e-6
_WH = 1000.0


@dataclass(frozen=True, eq=False)
class Compared:
    """The plans of the two worlds, with the site and without it.

    Attributes
    ----------
    with_it, without_it
        The best plan found of each; None where no legal plan exists. The saved plan counts
        for the side it is on.
    free
        Sites that could change.
    exact
        Whether both are proven optimal: then the difference is, too.
    low, high
        Limits of the true difference ``with - without``; infinite where only a part of the
        problem was solved again.
    finished
        Whether the clock left both searches their time.
    """

    with_it: Filled | None
    without_it: Filled | None
    free: int
    exact: bool
    low: float
    high: float
    finished: bool


def compare(problem: SitingProblem, plan: Filled, site: int, solver: Solver) -> Compared:
    """Solve the plan again with a station demanded at a site, and with none allowed there.

    Both searches may change the same sites, so that they differ by the site alone and not by the
    luck of the plan they start from.

    Parameters
    ----------
    problem
        The problem of the plan, its swap stations settled.
    plan
        The plan.
    site
        An openable new site.
    solver
        The solver.
    """
    free = neighbourhood(problem, plan.sites, site)
    chosen = site in plan.sites
    sides: list[Again | None] = []
    for changed in (with_site(problem, site), without_site(problem, site)):
        try:
            sides.append(solve_again(changed, plan.sites, free, solver))
        except InfeasibleError:
            sides.append(None)
    best = [side.plan if side else None for side in sides]
    if best[1] is not None:
        best[1] = _on_all_pairs(problem, best[1], site)
    mine = 0 if chosen else 1
    kept = best[mine]
    if kept is None or plan.value > kept.value:
        best[mine] = plan
    low, high = _limits(sides, best)
    whole = all(side is not None and np.isfinite(side.bound) for side in sides)
    return Compared(
        best[0],
        best[1],
        int(free.sum()),
        whole and high - low <= 2 * PROVEN * max(1.0, plan.value),
        low,
        high,
        all(side.finished for side in sides if side),
    )


def _on_all_pairs(problem: SitingProblem, plan: Filled, site: int) -> Filled:
    """Return a plan with its energy on all pairs, those of the banned site too."""
    serve = np.zeros(len(problem.pair_site))
    serve[problem.pair_site != site] = plan.serve
    return replace(plan, serve=serve)


def _limits(sides: list[Again | None], best: list[Filled | None]) -> tuple[float, float]:
    """Limit the difference of the optima by the bound of one side and the plan of the other."""
    (one, other), (with_it, without_it) = sides, best
    if one is None or other is None or with_it is None or without_it is None:
        return -np.inf, np.inf
    return with_it.value - other.bound, one.bound - without_it.value


def travel_m(problem: SitingProblem, serve_kwh: Floats) -> float:
    """Return the mean way along the road of the energy served (m); NaN if none is."""
    served = float(serve_kwh.sum())
    return float(problem.pair_distance_m @ serve_kwh) / served if served else float("nan")


def only_in_reach(problem: SitingProblem, plan: Filled, site: int) -> Flags:
    """Return the demand points that no open station but this one has in reach."""
    count = len(problem.demand_kwh)
    others = flags_of(problem, plan.sites[plan.sites != site])
    reached = np.zeros(count, dtype=bool)
    reached[problem.pair_demand[others[problem.pair_site]]] = True
    own = np.zeros(count, dtype=bool)
    own[problem.pair_demand[problem.pair_site == site]] = True
    return own & ~reached


def lost_kwh(problem: SitingProblem, plan: Filled, site: int) -> float:
    """Return by how much the energy that can be served falls if one station closes (kWh/day).

    The others keep their chargers; who drives where is free. The difference of two maximum
    flows from demand over pairs in reach to stations, in whole Wh.
    """
    stays = plan.sites != site
    less = _most_wh(problem, plan.sites[stays], plan.chargers[stays])
    return (_most_wh(problem, plan.sites, plan.chargers) - less) / _WH


def _most_wh(problem: SitingProblem, sites: Ints, chargers: Ints) -> int:
    """Return the most energy that stations of given size can serve (Wh/day)."""
    slots = problem.slots_of(sites)
    points, count = len(problem.demand_kwh), len(slots)
    place = np.full(len(problem.slot_kwh), -1)
    place[slots] = np.arange(count)
    pairs = np.flatnonzero(place[problem.pair_slot] >= 0)
    source, sink = points + count, points + count + 1
    room = problem.slot_kwh[slots] * np.repeat(chargers, problem.classes)
    tails = np.r_[np.full(points, source), problem.pair_demand[pairs], points + np.arange(count)]
    heads = np.r_[np.arange(points), points + place[problem.pair_slot[pairs]], np.full(count, sink)]
    most = np.rint(np.r_[problem.demand_kwh, problem.pair_kwh[pairs], room] * _WH)
    graph = csr_array((most.astype(np.int32), (tails, heads)), shape=(sink + 1, sink + 1))
    return int(maximum_flow(graph, source, sink).flow_value)


def taken_over(problem: SitingProblem, old: Filled, new: Filled, site: int) -> Floats:
    """Return the energy each site serves, in a new plan, of the points that a site served before.

    A point that several sites served before counts with this site's part of it (kWh/day).
    """
    count = len(problem.demand_kwh)
    mine = problem.pair_site == site
    part = sums(problem.pair_demand[mine], old.serve[mine], count)
    served = sums(problem.pair_demand, old.serve, count)
    share = np.divide(part, served, out=np.zeros(count), where=served > 0)
    moved = new.serve * share[problem.pair_demand]
    return sums(problem.pair_site, moved, len(problem.site_id))


@dataclass(frozen=True)
class Bar:
    """A rule that has no room for a site, or that needs it: its family and what it says."""

    family: str
    text: str


def rules_in_the_way(problem: SitingProblem, plan: Filled, site: int) -> list[Bar]:
    """Return the rules with a ceiling that the plan, with this site opened too, would break."""
    opened, chargers = _decided(problem, plan)
    opened[site], chargers[site] = 1.0, float(problem.min_chargers[site])
    return [
        Bar(rule.family, rule.text)
        for rule in problem.rules.rows
        if rule.sense == "<="
        and site in rule.sites
        and _sum(rule.sites, rule.open_coef, opened) + _sum(rule.sites, rule.charger_coef, chargers)
        > rule.rhs + _TINY
    ]


def rules_that_need(problem: SitingProblem, plan: Filled, site: int) -> list[Bar]:
    """Return the rules with a floor that the plan without this site would break."""
    opened, chargers = _decided(problem, plan)
    opened[site], chargers[site] = 0.0, 0.0
    rows = [
        Bar(rule.family, rule.text)
        for rule in problem.rules.rows
        if rule.sense != "<="
        and site in rule.sites
        and _sum(rule.sites, rule.open_coef, opened) + _sum(rule.sites, rule.charger_coef, chargers)
        < rule.rhs - _TINY
    ]
    shares = [
        Bar(one.family, one.text)
        for one in problem.rules.promises
        if _covered(one, opened) < one.need - _TINY
    ]
    zone = problem.site_zone[site]
    left = int(opened[problem.site_zone == zone].sum())
    if left < problem.zone_floor[zone]:
        floor = int(problem.zone_floor[zone])
        text = f"at least {floor} stations in zone {problem.zone_id[zone]}"
        rows.append(Bar("stations_per_zone", text))
    return rows + shares


def _decided(problem: SitingProblem, plan: Filled) -> tuple[Floats, Floats]:
    opened, chargers = np.zeros(len(problem.site_id)), np.zeros(len(problem.site_id))
    opened[plan.sites], chargers[plan.sites] = 1.0, plan.chargers
    return opened, chargers


def _sum(sites: Ints, coefs: Floats, amounts: Floats) -> float:
    return float(coefs @ amounts[sites])


def _covered(promise: CoverPromise, opened: Floats) -> float:
    covered = [bool(opened[list(near)].any()) for near in promise.sites]
    return float(promise.weight @ np.array(covered, dtype=float))


@dataclass(frozen=True, eq=False)
class SwapChoice:
    """A legal choice of swap stations and its worth, a share of all demand."""

    sites: Ints
    worth: float


def swap_worth(problem: SitingProblem, sites: Ints) -> float:
    """Return the worth of covering: ``sum_r b_r`` of the share of demand within radius ``r``."""
    total = problem.total_kwh or 1.0
    return float(problem.swap_need @ _worth_within(problem, nearest_m(problem, sites))) / total


def nearest_m(problem: SitingProblem, sites: Ints) -> Floats:
    """Return the way to the nearest of some swap sites, by demand point (m); inf if none."""
    result = np.full(len(problem.demand_kwh), np.inf)
    pairs = flags_of(problem, sites)[problem.swap_pair_site]
    np.minimum.at(result, problem.swap_pair_demand[pairs], problem.swap_pair_distance_m[pairs])
    return result


def only_swap_in_reach(problem: SitingProblem, sites: Ints, site: int) -> Flags:
    """Return the demand points that no other swap station has in reach."""
    others = np.isfinite(nearest_m(problem, sites[sites != site]))
    return np.isfinite(nearest_m(problem, np.array([site]))) & ~others


def compare_swap(
    problem: SitingProblem, sites: Ints, site: int, solver: Solver
) -> tuple[SwapChoice | None, SwapChoice | None]:
    """Return the best choices found with a swap station at a site and without one.

    Parameters
    ----------
    problem
        The problem.
    sites
        Swap stations of the plan, sorted.
    site
        A site where a new swap station may stand.
    solver
        The solver.
    """
    row = row_of(DEMANDED, "a swap station at {site}", {"site": problem.site_id[site]}, [site],
                 "=", 1, opens=1.0)  # fmt: skip
    rules = problem.swap_rules
    demanded = replace(problem, swap_rules=Rules((*rules.rows, row), rules.promises))
    banned = _without(problem, site)
    found: dict[bool, list[Ints]] = {True: [], False: []}
    found[site in sites].append(sites)
    for other in _exchanges(problem, sites, site):
        found[site in other].append(other)
    for changed, side in ((demanded, True), (banned, False)):
        try:
            found[side].append(swap_cover(changed, solver).sites)
        except NoPlanError:
            continue
    return _best(problem, found[True]), _best(problem, found[False])


def too_near(problem: SitingProblem, sites: Ints, site: int) -> Ints:
    """Return the swap stations nearer to a site than the spacing."""
    others = sites[sites != site]
    away = np.hypot(*(problem.site_xy[others] - problem.site_xy[site]).T)
    return others[away < problem.swap_spacing_m]


def _best(problem: SitingProblem, choices: list[Ints]) -> SwapChoice | None:
    worths = [swap_worth(problem, sites) for sites in choices]
    if not worths:
        return None
    best = int(np.argmax(worths))
    return SwapChoice(choices[best], worths[best])


def _without(problem: SitingProblem, site: int) -> SitingProblem:
    allowed = problem.swap_ok.copy()
    allowed[site] = False
    kept = problem.swap_pair_site != site
    return replace(
        problem,
        swap_ok=allowed,
        swap_pair_demand=problem.swap_pair_demand[kept],
        swap_pair_site=problem.swap_pair_site[kept],
        swap_pair_distance_m=problem.swap_pair_distance_m[kept],
    )


def _exchanges(problem: SitingProblem, sites: Ints, site: int) -> Iterator[Ints]:
    """Yield the legal choices one exchange away: the site for a station, or one for the site.

    Of the sites that may take the station's place only the best legal one is yielded.
    """
    if site not in sites:
        movable = sites[~problem.existing_swap[sites]]
        for other in movable.tolist():
            choice = np.sort(np.r_[sites[sites != other], site])
            if swaps_are_legal(problem, choice):
                yield choice
        return
    rest = sites[sites != site]
    worth = _added(problem, rest)
    fresh = np.setdiff1d(np.flatnonzero(problem.swap_ok), sites)
    for other in fresh[np.lexsort((fresh, -worth[fresh]))].tolist():
        choice = np.sort(np.r_[rest, other])
        if swaps_are_legal(problem, choice):
            yield choice
            return


def _added(problem: SitingProblem, rest: Ints) -> Floats:
    """Return what each site would add to some swap stations (kWh/day of worth)."""
    now = _worth_within(problem, nearest_m(problem, rest))
    here = _worth_within(problem, problem.swap_pair_distance_m)
    more = np.maximum(here - now[problem.swap_pair_demand], 0.0)
    more = more * problem.swap_need[problem.swap_pair_demand]
    return sums(problem.swap_pair_site, more, len(problem.site_id))


def _worth_within(problem: SitingProblem, distance_m: Floats) -> Floats:
    result = np.zeros(len(distance_m))
    for share, value in RADII:
        result += value * (distance_m <= share * problem.swap_cutoff_m)
    return result
