"""A plan on the ids of the problem, and the honest words for how good it is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from siting.arrays import Floats, Names
    from siting.notes import Note
    from siting.optimize.problem.problem import SitingProblem


class Status(StrEnum):
    """What is known about a plan's objective value."""

    OPTIMAL = "optimal"
    """Value and bound agree to 1e-6."""
    WITHIN_GAP = "within_gap"
    """The proven gap is at most the one asked for."""
    FEASIBLE = "feasible"
    """All rules hold; the gap is larger than asked for."""


@dataclass(frozen=True)
class Outcome:
    """The objective value of a plan and what is proven about it.

    ``value`` is the plan re-scored at full resolution (every demand point, every pair in
    reach); ``bound`` is an upper bound valid at that resolution and ``gap_share`` is
    ``(bound - value) / bound``. The ``reduced`` ones speak of the thinned model that the
    solver saw. Values are shares of all demand (see ``docs/model.md``). The swap stations come
    from a covering model of their own; ``swap_gap_share`` is proven on its thinned form, and
    NaN where no swap station is asked for.

    ``objective`` names what value and bound speak of. Where it is not ``joint``, they are that
    objective's own (a share, metres, stations or cost); of one that is minimised the bound limits
    from below and the gap is their distance over the larger of the two.
    """

    status: Status
    value: float
    bound: float
    gap_share: float
    reduced_value: float
    reduced_bound: float
    reduced_gap_share: float
    solver: str
    swap_gap_share: float = math.nan
    objective: str = "joint"


PROVEN = 1e-6
"""Gap at which value and bound are taken to agree."""


@dataclass(frozen=True, eq=False)
class Solution:
    """A plan on the ids of the problem.

    Attributes
    ----------
    chargers
        Chargers of each open station by site id, sorted by id.
    swap_ids
        Sites of the swap stations, sorted.
    assignments
        Frame of demand_id, site_id, kwh_day, distance_m, at full resolution.
    outcome
        Value, bounds, gaps and status.
    stages
        Stages with their seconds, in order.
    notes
        Notes for the reader of the plan: key and numbers.
    start
        Where a later solve may start from; None where there is nothing to hand on.
    """

    chargers: dict[str, int]
    swap_ids: tuple[str, ...]
    assignments: pd.DataFrame
    outcome: Outcome
    stages: tuple[tuple[str, float], ...]
    notes: tuple[Note, ...]
    start: Start | None = None


def outcome_of(
    value: float,
    bound: float,
    reduced: tuple[float, float] | None,
    *,
    gap_share: float,
    solver: str,
) -> Outcome:
    """Say what is proven about a plan.

    Parameters
    ----------
    value, bound
        Value of the plan and an upper bound on every plan's value, both at full resolution.
    reduced
        The same of the reduced model; None where there was none or it was not solved, and then
        the values at full resolution stand for it.
    gap_share
        The gap asked for.
    solver
        Name of the solver that ran.
    """
    bound = max(bound, value)
    gap = gap_of(value, bound)
    reduced_value, reduced_bound = reduced or (value, bound)
    return Outcome(
        status=status_of(gap, gap_share),
        value=value,
        bound=bound,
        gap_share=gap,
        reduced_value=reduced_value,
        reduced_bound=reduced_bound,
        reduced_gap_share=gap_of(reduced_value, reduced_bound),
        solver=solver,
    )


def assignment_table(problem: SitingProblem, serve_kwh: Floats) -> pd.DataFrame:
    """Return who is served where: demand_id, site_id, kwh_day, distance_m; also the occasion.

    The occasion only where the problem knows any (:attr:`SitingProblem.demand_occasion`).
    """
    live = np.flatnonzero(serve_kwh > 0)
    rows, point = problem.pair_demand[live], problem.demand_point
    table = pd.DataFrame(
        {
            "demand_id": (problem.demand_id if point is None else point)[rows],
            "site_id": problem.site_id[problem.pair_site[live]],
            "kwh_day": serve_kwh[live],
            "distance_m": problem.pair_distance_m[live],
        }
    ).astype({"demand_id": "str", "site_id": "str"})
    if problem.demand_occasion is None:
        return table
    return table.assign(occasion=problem.demand_occasion[rows]).astype({"occasion": "str"})


def gap_of(value: float, bound: float) -> float:
    """Return ``(bound - value) / bound``, at least 0; 1 where nothing is known."""
    if not np.isfinite(bound):
        return 1.0
    return max(0.0, (bound - value) / bound) if bound > 0 else 0.0


def gap_between(value: float, bound: float) -> float:
    """Return the distance of value and bound as a share of the larger one; 1 if unknown.

    For objectives of either direction; :func:`gap_of` is for a bound from above.
    """
    if not np.isfinite(bound):
        return 1.0
    largest = max(abs(value), abs(bound))
    return abs(bound - value) / largest if largest > 0 else 0.0


def status_of(gap: float, asked: float) -> Status:
    """Return the status of a proven gap; ``asked`` is the gap asked for."""
    if gap <= PROVEN:
        return Status.OPTIMAL
    return Status.WITHIN_GAP if gap <= asked else Status.FEASIBLE


@dataclass(frozen=True, eq=False)
class Start:
    """What a solve leaves for the next one.

    Attributes
    ----------
    stations, swap_ids
        Sites of the stations and of the swap stations, sorted.
    site_id, wish
        Sites that the prices wish for, and how much (0..1).
    demand_id, price
        Price of each demand point's energy, worth per kWh.
    charger_price
        Price of a charger, kWh/day.
    swap_key
        Hash of all that the swap stage read, empty if the clock ended it.
    run, sha256
        Name of the run this was read from and hash of the file; empty if fresh.
    """

    stations: Names
    swap_ids: Names
    site_id: Names
    wish: Floats
    demand_id: Names
    price: Floats
    charger_price: float
    swap_key: str
    run: str = ""
    sha256: str = ""
