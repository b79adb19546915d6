"""The joint siting model in PuLP, one function per family of constraints.

Symbols: demand points ``i`` with energy ``d_i`` (kWh/day), sites ``j``, pairs ``(i, j)`` within
the service radius with worth ``w_ij = 1 - discount * distance_ij / radius``.

By charging occasion (``model.occasions = "by_class"``) ``i`` counts parts of demand points, one an
occasion ``o``. A part is served by one pool ``c(o)`` of charger classes, at sites of the kinds
``k`` and within the distance ``r_o`` of its occasion: ``w_ij = worth_ok (1 - discount *
distance_ij / r_o)``. A charger of site j's mix gives ``kwh_jc`` a day through pool ``c``: the sum
over the classes of the pool of their share of the mix times their energy.

========================  =====================================================
``open_j``                1 if a station stands at j
``chargers_j``            its chargers, a whole number
``serve_ij``              energy of i served at j, kWh/day
========================  =====================================================

maximise ``sum_ij w_ij serve_ij + D sum_j bonus_j open_j`` with ``D = sum_i d_i`` and
``bonus_j = suitability_weight * score_j / stations``. This is the value of a plan
(:meth:`SitingProblem.value`) times ``D``: in kWh the coefficients are near 1, as shares they
would drown in a solver's tolerances.

A capacitated facility-location model with a given number of facilities; the strong link
follows Krarup and Pruzan, "The simple plant location problem", EJOR 12 (1983).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pulp

from siting.arrays import groups
from siting.optimize.problem.linear_rules import clique_cover
from siting.optimize.solver.solver import linear, row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from siting.optimize.problem.linear_rules import CoverPromise, Rules
    from siting.optimize.problem.problem import SitingProblem

    Sites = dict[int, pulp.LpVariable]

_TINY = 1e-9


@dataclass(frozen=True, eq=False)
class JointModel:
    """The model with its variables: by site position, and by pair."""

    lp: pulp.LpProblem
    open: Sites
    chargers: Sites
    serve: list[pulp.LpVariable]


def joint_model(problem: SitingProblem, *, relaxed: bool = False) -> JointModel:
    """Write the joint model of a problem.

    Parameters
    ----------
    problem
        The problem, at full resolution or reduced.
    relaxed
        Leave out that stations and chargers are whole numbers.
    """
    lp = pulp.LpProblem("siting", pulp.LpMaximize)
    opened = open_variables(lp, problem, relaxed=relaxed)
    chargers = charger_variables(lp, problem, opened, relaxed=relaxed)
    serve = serve_variables(lp, problem)
    model = JointModel(lp, opened, chargers, serve)
    objective(model, problem)
    station_total(lp, problem, opened)
    charger_total(lp, problem, chargers)
    charger_limits(lp, problem, opened, chargers)
    spacing(lp, problem, opened)
    zone_floors(lp, problem, opened)
    demand_once(model, problem)
    service_capacity(model, problem)
    strong_link(model, problem)
    write_rules(lp, problem.rules, opened, chargers)
    return model


def open_variables(lp: pulp.LpProblem, problem: SitingProblem, *, relaxed: bool = False) -> Sites:
    """Add ``open_j`` in {0, 1} for each openable site; 1 where a station exists and stays."""
    kind = pulp.LpContinuous if relaxed else pulp.LpInteger
    return {
        site: lp.add_variable(f"open_{site}", int(problem.forced[site]), 1, kind)
        for site in np.flatnonzero(problem.openable).tolist()
    }


def charger_variables(
    lp: pulp.LpProblem, problem: SitingProblem, opened: Sites, *, relaxed: bool = False
) -> Sites:
    """Add ``chargers_j`` whole, at least 0 and at most ``max_j``."""
    kind = pulp.LpContinuous if relaxed else pulp.LpInteger
    most = problem.max_chargers
    return {site: lp.add_variable(f"chargers_{site}", 0, int(most[site]), kind) for site in opened}


def serve_variables(lp: pulp.LpProblem, problem: SitingProblem) -> list[pulp.LpVariable]:
    """Add ``serve_ij >= 0``, kWh/day, for each pair in reach."""
    pairs = zip(problem.pair_demand.tolist(), problem.pair_site.tolist(), strict=True)
    return [lp.add_variable(f"serve_{demand}_{site}", 0) for demand, site in pairs]


def objective(model: JointModel, problem: SitingProblem) -> None:
    """Maximise ``sum_ij w_ij serve_ij + D sum_j bonus_j open_j`` (kWh/day)."""
    bonus = problem.site_bonus * problem.total_kwh
    terms = list(zip(model.serve, problem.pair_worth.tolist(), strict=True))
    terms += [(variable, float(bonus[site])) for site, variable in model.open.items()]
    model.lp.setObjective(linear(terms))


def station_total(lp: pulp.LpProblem, problem: SitingProblem, opened: Sites) -> None:
    """Open exactly the target, or at least or at most: ``sum_j open_j = stations``."""
    terms = [(variable, 1) for variable in opened.values()]
    row(lp, "stations", terms, problem.station_sense, problem.stations)


def charger_total(lp: pulp.LpProblem, problem: SitingProblem, chargers: Sites) -> None:
    """Place exactly the target, or at least or at most: ``sum_j chargers_j = chargers``."""
    terms = [(variable, 1) for variable in chargers.values()]
    row(lp, "chargers", terms, problem.charger_sense, problem.chargers)


def charger_limits(
    lp: pulp.LpProblem, problem: SitingProblem, opened: Sites, chargers: Sites
) -> None:
    """Keep to the limits: ``min_j open_j <= chargers_j <= max_j open_j``.

    ``min_j`` of an existing station is at least the chargers it has.
    """
    for site, variable in opened.items():
        least, most = int(problem.min_chargers[site]), int(problem.max_chargers[site])
        row(lp, f"fewest_{site}", [(chargers[site], 1), (variable, -least)], ">", 0)
        row(lp, f"most_{site}", [(chargers[site], 1), (variable, -most)], "<", 0)


def spacing(lp: pulp.LpProblem, problem: SitingProblem, opened: Sites) -> None:
    """Keep new stations apart: ``sum_{j in C} open_j <= 1`` for each clique C of near sites.

    Sites too near to an existing station are not openable at all.
    """
    for number, clique in enumerate(clique_cover(problem.station_conflicts)):
        terms = [(opened[site], 1) for site in clique.tolist()]
        row(lp, f"apart_{number}", terms, "<", 1)


def zone_floors(lp: pulp.LpProblem, problem: SitingProblem, opened: Sites) -> None:
    """Give each zone its floor: ``sum_{j in z} open_j >= floor_z``."""
    for zone in np.flatnonzero(problem.zone_floor).tolist():
        members = np.flatnonzero(problem.openable & (problem.site_zone == zone)).tolist()
        terms = [(opened[site], 1) for site in members]
        row(lp, f"zone_{zone}", terms, ">", int(problem.zone_floor[zone]))


def demand_once(model: JointModel, problem: SitingProblem) -> None:
    """Serve no energy twice: ``sum_j serve_ij <= d_i``."""
    for demand, pairs in groups(problem.pair_demand):
        terms = [(model.serve[pair], 1) for pair in pairs]
        row(model.lp, f"demand_{demand}", terms, "<", float(problem.demand_kwh[demand]))


def service_capacity(model: JointModel, problem: SitingProblem) -> None:
    """Serve no more than the chargers give: ``sum_i serve_ij <= kwh_j chargers_j``.

    By occasion, of each pool by itself: ``sum_{i: c(i) = c} serve_ij <= kwh_jc chargers_j``.
    """
    pools = problem.classes
    for slot, pairs in groups(problem.pair_slot):
        site, pool = divmod(slot, pools)
        terms = [(model.serve[pair], 1.0) for pair in pairs]
        terms.append((model.chargers[site], -float(problem.slot_kwh[slot])))
        name = f"capacity_{site}" if pools == 1 else f"capacity_{site}_{pool}"
        row(model.lp, name, terms, "<", 0)


def strong_link(model: JointModel, problem: SitingProblem) -> None:
    """Serve only where a station stands: ``serve_ij <= min(d_i, kwh_j max_j) open_j``.

    By occasion ``kwh_jc`` of the pair's pool takes the place of ``kwh_j``. Implied by the other
    rows for whole numbers, and what makes the relaxation tight.
    """
    most = np.minimum(problem.pair_kwh, problem.slot_most_kwh[problem.pair_slot]).tolist()
    sites, demands = problem.pair_site.tolist(), problem.pair_demand.tolist()
    for pair, variable in enumerate(model.serve):
        terms = [(variable, 1.0), (model.open[sites[pair]], -most[pair])]
        row(model.lp, f"link_{demands[pair]}_{sites[pair]}", terms, "<", 0)


# ---- the rules of the scenario, in whichever model has the variables of its sites


def write_rules(
    lp: pulp.LpProblem, rules: Rules, opened: Sites, chargers: Sites | None = None
) -> None:
    """Add every rule to a model that has the variables of its sites.

    Parameters
    ----------
    lp
        The model.
    rules
        The rules. Sites without a variable count as closed.
    opened, chargers
        Variables by site position. Without charger variables, rows that speak of chargers
        are left out.
    """
    for number, rule in enumerate(rules.rows):
        if chargers is None and rule.counts_chargers:
            continue
        sites = rule.sites.tolist()
        terms = [(opened[j], a) for j, a in zip(sites, rule.open_coef.tolist(), strict=True)
                 if a and j in opened]  # fmt: skip
        if chargers is not None:
            terms += [(chargers[j], b) for j, b in
                      zip(sites, rule.charger_coef.tolist(), strict=True)
                      if b and j in chargers]  # fmt: skip
        _add(lp, f"{rule.family}_{number}", terms, rule.sense, rule.rhs)
    taken = {f"{rule.family}_{number}" for number, rule in enumerate(rules.rows)}
    for number, promise in enumerate(rules.promises):
        name = f"{promise.family}_{number}"
        _write_promise(lp, promise, f"{name}_share" if name in taken else name, opened)


def _write_promise(lp: pulp.LpProblem, promise: CoverPromise, name: str, opened: Sites) -> None:
    """Add ``cover_m <= sum open_j`` for each member and their weighted sum as one row.

    Members that the same sites would do for are one member of their weight together.
    """
    weights: dict[tuple[int, ...], float] = {}
    for sites, weight in zip(promise.sites, promise.weight.tolist(), strict=True):
        here = tuple(j for j in sites if j in opened)
        if here:
            weights[here] = weights.get(here, 0.0) + weight
    terms = []
    for member, (sites, weight) in enumerate(weights.items()):
        doors = [(opened[j], -1.0) for j in sites]
        cover = lp.add_variable(f"{name}_cover_{member}", 0, 1)
        _add(lp, f"{name}_{member}", [(cover, 1.0), *doors], "<=", 0.0)
        terms.append((cover, weight))
    _add(lp, name, terms, ">=", promise.need)


def _add(
    lp: pulp.LpProblem,
    name: str,
    terms: Sequence[tuple[pulp.LpVariable, float]],
    sense: str,
    limit: float,
) -> None:
    """Add a row; one without variables is left out if it holds, else nothing can hold it."""
    if not terms:
        held = {"<=": limit >= -_TINY, ">=": limit <= _TINY, "=": abs(limit) <= _TINY}[sense]
        if held:
            return
        never = lp.add_variable(f"never_{name}", 0, 0)
        terms = [(never, 1.0)]
    row(lp, name, terms, sense, limit)
