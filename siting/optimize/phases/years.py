"""The siting problem of one year, and all years as one problem.

A plan in phases is one set of stations a year, each holding the one before. Two views of it:

- :func:`year_problem`: one year alone. What only has to hold at the end (floors, promises,
  upgrades) is left out before the last year, so every nested plan is, year by year, a legal
  plan of these problems: their bounds bound it.
- :func:`all_years`: the sites and the demand once for each year, years far apart on the plane, with
  rows that keep what is built. It is a siting problem like any other, and its value is the mean
  of the values of its years: so models, bounds and sizing need to know nothing of years.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from siting.optimize.model.reduce import keep_sites
from siting.optimize.problem.linear_rules import NO_RULES, CoverPromise, LinearRule, Rules, row_of
from siting.optimize.problem.problem import JOINTLY, SiteCosts, after_swap
from siting.optimize.rules.all_rules import before_end

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from siting.arrays import Flags, Floats, Ints
    from siting.notes import Values
    from siting.optimize.problem.problem import SitingProblem

MILLION = 1e6
APART_M = 1.2e6
"""Distance between two years on the plane; a multiple of every cell of ours (m)."""


@dataclass(frozen=True)
class Year:
    """One phase: what stands at its end, its money and its demand.

    Attributes
    ----------
    year
        The year.
    stations, chargers, swap_stations
        What stands at its end, existing ones too.
    demand_factor
        Demand over that of the last phase.
    budget_cny
        Most that charging stations and chargers new in this phase may cost, what its swap
        stations cost taken off; None without a limit.
    """

    year: int
    stations: int
    chargers: int
    swap_stations: int
    demand_factor: float = 1.0
    budget_cny: float | None = None


@dataclass(frozen=True, eq=False)
class Built:
    """What stands at the end of a year: sites, sorted, and their chargers."""

    sites: Ints
    chargers: Ints


def charging_only(problem: SitingProblem, swap_sites: Ints) -> SitingProblem:
    """Return the problem of the charging stations alone, its swap stations chosen."""
    nowhere, none = np.zeros(len(problem.site_id), dtype=bool), np.empty(0, dtype=np.int32)
    return replace(
        after_swap(problem, swap_sites), swap_ok=nowhere, existing_swap=nowhere, swap_stations=0,
        swap_sense="=", swap_rules=NO_RULES, swap_pair_demand=none, swap_pair_site=none,
        swap_pair_distance_m=np.empty(0), notes=(),
    )  # fmt: skip


def standing(problem: SitingProblem) -> Built:
    """Return what stands before the first phase."""
    sites = np.flatnonzero(problem.forced)
    return Built(sites, problem.existing_chargers[sites])


def year_problem(
    problem: SitingProblem,
    year: Year,
    *,
    last: bool,
    before: Built | None = None,
    most_cny: float | None = None,
) -> SitingProblem:
    """Return the problem of one year.

    Parameters
    ----------
    problem
        Result of :func:`charging_only`: that of the last year.
    year
        The year.
    last
        Whether it is the last: then every rule holds.
    before
        What stands and stays; what exists today if not given.
    most_cny
        Most that what comes on top may cost (CNY).
    """
    built = before or standing(problem)
    flags = np.zeros(len(problem.site_id), dtype=bool)
    flags[built.sites] = True
    asked = problem if last else before_end(problem)
    least = asked.min_chargers.copy()
    least[built.sites] = np.maximum(least[built.sites] * last, built.chargers)
    openable = problem.openable.copy()
    for one, other in ((0, 1), (1, 0)):
        near = problem.station_conflicts[flags[problem.station_conflicts[:, one]], other]
        openable[near[~flags[near]]] = False
    rules = asked.rules
    if most_cny is not None:
        rules = Rules((*rules.rows, _money_row(problem, built, most_cny)), rules.promises)
    result = replace(
        problem,
        demand_kwh=problem.demand_kwh * year.demand_factor,
        pair_kwh=problem.pair_kwh * year.demand_factor,
        stations=year.stations,
        chargers=year.chargers,
        forced=problem.forced | flags,
        min_chargers=least,
        zone_floor=asked.zone_floor,
        rules=rules,
    )
    return keep_sites(result, openable)


def all_years(problem: SitingProblem, years: Sequence[Year]) -> SitingProblem:
    """Return all years as one problem: site ``j`` in year ``t`` at position ``t * sites + j``.

    Every year has all demand, and chargers that give the less of it the more is asked: so each
    year counts alike. Beside each year's totals and, at the end, every rule, the rows are

    - nested: ``open_jt <= open_j(t+1)`` and ``chargers_jt <= chargers_j(t+1)``;
    - budget: ``sum_j station_j (open_jt - open_j(t-1)) + charger_j (chargers_jt -
      chargers_j(t-1)) <= budget_t`` over new stations ``j`` and all chargers.

    Parameters
    ----------
    problem
        Result of :func:`charging_only`.
    years
        The phases.
    """
    count, sites = len(years), len(problem.site_id)
    points, zones = len(problem.demand_kwh), len(problem.zone_id)
    stations = sum(year.stations for year in years)

    def each(make: Callable[[int, Year], Any]) -> Any:  # noqa: ANN401  # an array
        return np.concatenate([make(place, year) for place, year in enumerate(years)])

    def again(values: Any) -> Any:  # noqa: ANN401  # an array of any kind
        return np.concatenate([values] * count)

    def named(ids: Any) -> Any:  # noqa: ANN401  # an array of ids
        return each(lambda _, year: np.array([f"{year.year}/{one}" for one in ids], dtype=object))

    def shifted(positions: Ints, size: int) -> Ints:
        return each(lambda place, _: positions + place * size)

    def away(xy: Floats) -> Floats:
        return each(lambda place, _: xy + np.array([place * APART_M, 0.0]))

    early, costs = before_end(problem), problem.costs

    def at_end(now: Ints, before: Ints) -> Ints:
        return np.concatenate([*[before] * (count - 1), now])

    def again_if(values: Any) -> Any:  # noqa: ANN401  # an array of any kind, or None
        return None if values is None else again(values)

    nowhere = np.zeros(count * sites, dtype=bool)
    parted, by_class = problem.demand_point, problem.class_kwh
    return replace(
        problem,
        demand_id=named(problem.demand_id), demand_kwh=again(problem.demand_kwh),
        demand_xy=away(problem.demand_xy), demand_zone=shifted(problem.demand_zone, zones),
        site_id=named(problem.site_id), site_xy=away(problem.site_xy),
        site_kind=again(problem.site_kind), site_zone=shifted(problem.site_zone, zones),
        openable=again(problem.openable), forced=again(problem.forced),
        min_chargers=at_end(problem.min_chargers, early.min_chargers),
        max_chargers=again(problem.max_chargers),
        existing_chargers=again(problem.existing_chargers),
        swap_ok=nowhere, existing_swap=nowhere,
        kwh_day_per_charger=each(
            lambda _, year: problem.kwh_day_per_charger / year.demand_factor
        ),
        score=each(lambda _, year: problem.score * stations / (year.stations * count)),
        zone_id=named(problem.zone_id), zone_floor=at_end(problem.zone_floor, early.zone_floor),
        pair_demand=shifted(problem.pair_demand, points),
        pair_site=shifted(problem.pair_site, sites),
        pair_distance_m=again(problem.pair_distance_m), pair_kwh=again(problem.pair_kwh),
        stations=stations, chargers=sum(year.chargers for year in years),
        own_spacing_m=again(problem.site_spacing_m),
        rules=_rules_over_years(problem, years), goal=JOINTLY,
        costs=SiteCosts(again(costs.station), again(costs.charger)),
        demand_class=again_if(problem.demand_class),
        class_kwh=None if by_class is None else each(lambda _, year: by_class / year.demand_factor),
        demand_point=None if parted is None else named(parted),
        demand_occasion=again_if(problem.demand_occasion),
        pair_value=again_if(problem.pair_value),
    )  # fmt: skip


def built_in(problem: SitingProblem, chargers: Ints, opened: Flags, years: int) -> list[Built]:
    """Return what stands in each year, from arrays over the sites of :func:`all_years`."""
    sites = len(problem.site_id)
    result = []
    for place in range(years):
        part = slice(place * sites, (place + 1) * sites)
        here = np.flatnonzero(opened[part])
        result.append(Built(here, chargers[part][here]))
    return result


def spent_cny(problem: SitingProblem, before: Built, after: Built) -> float:
    """Return what the stations and chargers cost that a year adds; NaN if no price is known."""
    if not len(problem.costs.station):
        return float("nan")
    fresh = np.setdiff1d(after.sites, before.sites)
    had = np.zeros(len(problem.site_id), dtype=np.int64)
    had[before.sites] = before.chargers
    more = after.chargers - had[after.sites]
    stations = float(problem.costs.station[fresh].sum())
    return stations + float(problem.costs.charger[after.sites] @ more)


def _money_row(problem: SitingProblem, built: Built, most_cny: float) -> LinearRule:
    """Return the row of the money from what stands to one year."""
    sites = np.flatnonzero(problem.openable)
    fresh = ~np.isin(sites, built.sites)
    paid = float(problem.costs.charger[built.sites] @ built.chargers)
    return row_of(
        "phase_budget", "new stations and chargers cost at most {budget_cny:,.0f} CNY",
        {"budget_cny": most_cny}, sites, "<=", (most_cny + paid) / MILLION,
        opens=np.where(fresh, problem.costs.station[sites], 0.0) / MILLION,
        chargers=problem.costs.charger[sites] / MILLION,
    )  # fmt: skip


def _rules_over_years(problem: SitingProblem, years: Sequence[Year]) -> Rules:
    sites, usable = len(problem.site_id), np.flatnonzero(problem.openable)
    new = usable[~problem.forced[usable]]
    rows: list[LinearRule] = []
    for place, year in enumerate(years):
        here = usable + place * sites
        values = {"year": year.year}
        rows.append(row_of("phase_stations", "stations at the end of {year}", values, here, "=",
                           year.stations, opens=1.0))  # fmt: skip
        rows.append(row_of("phase_chargers", "chargers at the end of {year}", values, here, "=",
                           year.chargers, chargers=1.0))  # fmt: skip
        if year.budget_cny is not None:
            rows.append(_money_between(problem, place, year))
        if place:
            rows.extend(_kept("stays open", values, new, (place, sites), opens=1.0))
            rows.extend(_kept("keeps its chargers", values, usable, (place, sites), chargers=1.0))
    to_end = (len(years) - 1) * sites
    rows += [replace(rule, sites=rule.sites + to_end) for rule in problem.rules.rows]
    promises = tuple(_moved(promise, to_end) for promise in problem.rules.promises)
    return Rules(tuple(rows), promises)


def _kept(
    what: str,
    values: Values,
    sites: Ints,
    at: tuple[int, int],
    *,
    opens: float = 0.0,
    chargers: float = 0.0,
) -> list[LinearRule]:
    """Return rows that a site has in a year no less than in the year before."""
    place, count = at
    sign = np.array([1.0, -1.0])
    family = "nested_open" if opens else "nested_chargers"
    return [
        row_of(family, what, values, [site + (place - 1) * count, site + place * count], "<=", 0.0,
               opens=opens * sign, chargers=chargers * sign)
        for site in sites.tolist()
    ]  # fmt: skip


def _money_between(problem: SitingProblem, place: int, year: Year) -> LinearRule:
    """Return the row of a year's budget: the first year's pays from what exists."""
    first = _money_row(problem, standing(problem), float(year.budget_cny or 0.0))
    sites = len(problem.site_id)
    if place == 0:
        return first
    back = first.sites + (place - 1) * sites
    return replace(
        first,
        sites=np.concatenate([back, first.sites + place * sites]),
        open_coef=np.concatenate([-first.open_coef, first.open_coef]),
        charger_coef=np.concatenate([-first.charger_coef, first.charger_coef]),
        rhs=float(year.budget_cny or 0.0) / MILLION,
    )


def _moved(promise: CoverPromise, by: int) -> CoverPromise:
    sites = tuple(tuple(site + by for site in some) for some in promise.sites)
    return replace(promise, sites=sites)
