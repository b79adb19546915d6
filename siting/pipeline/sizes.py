"""Why a station has the chargers it has: need, floor, growth, and its share of the target.

The mathematics gives every station chargers that carry its load; :func:`sized` shares out what is
left of the total by ``sizing.surplus``, after what the promise of the wait needs. :func:`reasons`
then says of each charger of a finished plan why it is there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from siting.analysis.demand.demand_chain import check_nev_shares
from siting.analysis.station.queues import chargers_needed
from siting.inputs.files.sheets import read_rule_table
from siting.optimize.problem.problem import JOINT, after_swap
from siting.optimize.surplus import Round, share_out
from siting.pipeline.assemble import candidate_table, station_table
from siting.pipeline.early import growth_of
from siting.pipeline.equip import asked_of
from siting.scenario import local_path

if TYPE_CHECKING:
    import pandas as pd

    from siting.analysis.station.queues import Load
    from siting.arrays import Ints
    from siting.optimize.problem.problem import SitingProblem
    from siting.optimize.search.solve import Solution
    from siting.pipeline.occasions import PlaceOccasions
    from siting.pipeline.prepare import Prepared
    from siting.plan.plan import Plan
    from siting.scenario import Scenario

GROWTH, TOWNSHIP_FLOOR, LEAST_COST = "growth", "township_floor", "least_cost"
"""Rules of the surplus; the last is not the planner's to choose: it shows what others cost."""

_TINY = 1e-6
_MOST_TRIES = 8


def sized(
    scenario: Scenario,
    prepared: Prepared,
    problem: SitingProblem,
    solution: Solution,
    *,
    surplus: str | None = None,
) -> Solution:
    """Return a solution with its chargers shared out: what is needed first, then the surplus.

    Who is served where and the value stay as they are. First each station gets what its load and
    the promise of the wait need, then the rest goes by ``sizing.surplus``. A plan in phases, and
    one of another objective than the joint one, keeps the sizes that it was priced with.

    Parameters
    ----------
    scenario, prepared, problem
        What was solved.
    solution
        The plan on ids.
    surplus
        The rule instead of ``sizing.surplus``.
    """
    if scenario.phases or problem.goal.name != JOINT:
        return solution
    swaps = np.flatnonzero(np.isin(problem.site_id, solution.swap_ids))
    problem = after_swap(problem, swaps)
    stations = station_table(
        candidate_table(prepared.candidates.sites, prepared.scores, solution), solution
    )
    here = prepared.occasions
    asked = asked_of(
        stations, solution.assignments, prepared.demand,
        chargers=prepared.chargers, sizing=scenario.sizing,
        occasions=None if here is None else here.occasions,
    )  # fmt: skip
    sites = np.searchsorted(problem.site_id, stations["site_id"].to_numpy(dtype=object))
    chargers = stations["chargers"].to_numpy(dtype=np.int64)
    stations = stations.assign(use=_carried(stations, solution.assignments, here))
    carry = _whole(stations["use"])
    least = np.minimum(np.maximum(problem.min_chargers[sites], carry), chargers)
    need, count = chargers_needed(asked, chargers), chargers
    for _ in range(_MOST_TRIES):
        rounds = _rounds(
            scenario, prepared, problem, stations, asked=asked, need=need,
            surplus=surplus or scenario.sizing.surplus,
        )  # fmt: skip
        count = share_out(problem, sites, chargers, least=least, rounds=rounds)
        # whole chargers by class: a size above the need may break what the need keeps
        broken = ~asked.keeps(count) & (count >= need)
        if not broken.any():
            break
        need = np.where(broken, chargers_needed(asked, count), need)
    ids = stations["site_id"].tolist()
    return replace(solution, chargers=dict(zip(ids, count.tolist(), strict=True)))


def _rounds(
    scenario: Scenario,
    prepared: Prepared,
    problem: SitingProblem,
    stations: pd.DataFrame,
    *,
    asked: Load,
    need: Ints,
    surplus: str,
) -> list[Round]:
    """Return the rounds of sharing out: the need, then what the rule of the surplus says."""
    sites = np.searchsorted(problem.site_id, stations["site_id"].to_numpy(dtype=object))
    use = stations["use"].to_numpy(dtype=float)
    most = problem.max_chargers[sites]
    rounds = [Round(need, use)]
    if surplus == LEAST_COST:
        rounds.append(Round(most, use, price=problem.costs.charger[sites]))
    if surplus == GROWTH:
        rounds.append(Round(grown(asked, need, scenario), use))
    if surplus == TOWNSHIP_FLOOR:
        zones = prepared.world.zones.set_index("zone_id")["population"].sort_index()
        people = np.nan_to_num(zones.to_numpy(dtype=float))
        group = zones.index.get_indexer(stations["zone_id"])
        rounds.append(Round(most, use, group, people))
    return [*rounds, Round(most, use)]


def same_service(plan: Plan, cheapest: Solution) -> dict[str, float]:
    """Return what a plan would cost with the sizes that cost least, ``same_service_cny``.

    The same stations, ways and service, every need met as far as before; what the target adds
    stands where a charger is cheapest (CNY, base prices). Nothing where sizes are not shared out.
    """
    if plan.scenario.get("phases") or plan.outcome.objective != JOINT:
        return {}
    sites = plan.sites
    fewer = sites["chargers"] - sites["site_id"].map(cheapest.chargers)
    cost = float(plan.figures["cost_cny"] - (sites["charger_cny"] * fewer).sum())
    return {"same_service_cny": cost}


def carrying(
    stations: pd.DataFrame, assignments: pd.DataFrame, occasions: PlaceOccasions | None
) -> Ints:
    """Return the chargers that carry the energy of each station by design.

    Parameters
    ----------
    stations
        ``site_id``, ``load_kwh_day`` and the columns of ``tables.SITES``.
    assignments
        Who is served where, at which occasion.
    occasions
        Who charges where: each pool of classes carries its own energy. None: any charger does.
    """
    return _whole(_carried(stations, assignments, occasions))


def _carried(
    stations: pd.DataFrame, assignments: pd.DataFrame, occasions: PlaceOccasions | None
) -> pd.Series:
    """Return what :func:`carrying` rounds up, in the order of the stations."""
    if occasions is not None:
        return occasions.carried(assignments, stations["site_id"]).set_axis(stations.index)
    each = stations["kwh_day_per_charger"]
    return (stations["load_kwh_day"] / each.where(each > 0)).fillna(0.0)


def _whole(ratio: pd.Series) -> Ints:
    whole: Ints = np.ceil(ratio.to_numpy(dtype=float) - _TINY).astype(np.int64)
    return whole


def grown(asked: Load, chargers: Ints, scenario: Scenario) -> Ints:
    """Return the chargers that keep the promise in ``sizing.growth_year``.

    The demand of every station grows with the share of NEVs on the scenario's course.
    """
    shares = check_nev_shares(
        read_rule_table(local_path(scenario.demand.nev_shares), key="demand.nev_shares")
    )
    later = replace(asked, peak_kwh=asked.peak_kwh * growth_of(scenario, shares))
    return chargers_needed(later, chargers)


def reasons(
    stations: pd.DataFrame, asked: Load, scenario: Scenario, carry: Ints
) -> dict[str, Ints]:
    """Return why each station has its chargers, by column; beside those that stand they sum to it.

    Parameters
    ----------
    stations
        As :func:`siting.pipeline.equip.equipped` returns them.
    asked
        What they are asked for.
    scenario
        The scenario.
    carry
        Result of :func:`carrying`.

    Returns
    -------
    dict
        ``size_promise``, new chargers that its load and the promise of the wait need;
        ``size_floor``, those up to the least its site or township must have; ``size_growth``,
        those for the demand of ``sizing.growth_year``; ``size_target``, its share of the target.
    """
    has = stations["chargers"].to_numpy(dtype=np.int64)
    stands = stations["existing_chargers"].to_numpy(dtype=np.int64)
    need = np.maximum(stations["chargers_needed"].to_numpy(dtype=np.int64), carry)
    surplus = scenario.sizing.surplus
    levels = {
        "size_promise": need,
        "size_floor": stations["min_chargers"].to_numpy(dtype=np.int64),
        "size_growth": grown(asked, has, scenario) if surplus == GROWTH else stands,
        "size_target": has,
    }
    if surplus == TOWNSHIP_FLOOR:
        levels["size_floor"] = has
    found, reached = {}, stands
    for name, level in levels.items():
        upper = np.maximum(np.minimum(level, has), reached)
        found[name], reached = upper - reached, upper
    return found
