"""Where a solve may start from: what an earlier solve of nearly the same problem left behind.

Its stations, the prices of its bound and the wish of those prices are on ids, so a changed
weight, target or lock, or a few other sites, do no harm: what is not known here is left out, and
what the start says is only ever where to look. The bound is worked out anew from the prices
and the plan anew from the stations, so a bad start costs time, never truth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from siting.errors import ScenarioError
from siting.optimize.bound import Descent, Prices, Relaxation, prices_from
from siting.optimize.problem.solution import Start

if TYPE_CHECKING:
    from siting.arrays import Floats, Ints, Names
    from siting.optimize.problem.problem import SitingProblem
    from siting.optimize.swap import SwapCover

_STANDS = 1.0


def start_of(
    problem: SitingProblem, sites: Ints, descent: Descent, swap: SwapCover, swap_key: str
) -> Start:
    """Return what a finished solve leaves; ``swap_key`` is empty if the clock ended that stage."""
    wished = np.flatnonzero(descent.wish > 0)
    return Start(
        stations=problem.site_id[sites],
        swap_ids=problem.site_id[swap.sites],
        site_id=problem.site_id[wished],
        wish=descent.wish[wished],
        demand_id=problem.demand_id,
        price=descent.best.demand,
        charger_price=descent.best.charger,
        swap_key=swap_key,
    )


def wished_for(problem: SitingProblem, start: Start) -> tuple[Ints, Floats]:
    """Return the start's stations that may stand here, sorted, and its wish by site.

    Raises
    ------
    ScenarioError
        If it knows none of the sites: a start from somewhere else.
    """
    stands = np.flatnonzero(np.isin(problem.site_id, start.stations) & problem.openable)
    if not len(stands):
        raise ScenarioError(
            f"none of the stations of run '{start.run}' can stand here",
            where="--start",
            cure="start from a run of the same district, or leave --start out",
        )
    wish = np.zeros(len(problem.site_id))
    place, known = _matched(problem.site_id, start.site_id)
    wish[known] = start.wish[place]
    return stands, wish


def descent_from(problem: SitingProblem, stands: Ints, wish: Floats, start: Start) -> Descent:
    """Return the bound's descent from the start's prices; new demand gets a price of its own."""
    opened = wish.copy()
    opened[stands] = _STANDS
    prices = prices_from(problem, opened).demand
    place, known = _matched(problem.demand_id, start.demand_id)
    prices[known] = np.maximum(start.price[place], 0.0)
    charger = start.charger_price
    if problem.charger_sense == "<=":
        charger = max(charger, 0.0)
    elif problem.charger_sense == ">=":
        charger = min(charger, 0.0)
    return Descent(Relaxation(problem), Prices(prices, charger), wish)


def _matched(here: Names, there: Names) -> tuple[Ints, Ints]:
    """Return the places in ``there`` of the ids known to both, and their places in ``here``."""
    place = {name: number for number, name in enumerate(there.tolist())}
    both = [(place[name], k) for k, name in enumerate(here.tolist()) if name in place]
    pairs = np.array(both, dtype=np.int64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]
