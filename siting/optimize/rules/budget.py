"""The budget: what all additions may cost, at base prices.

    sum_{j new} station_j open_j + sum_j charger_j (chargers_j - existing_j)
        + swap_price sum_{k new} swap_k  <=  budget

Existing stations pay for their new chargers alone. Swap stations are chosen first, each at the same
price; what they cost is taken off the row of the chargers (``problem.after_swap``). Rows are in
million CNY, which keeps their numbers near those of other rows; prices come from
:mod:`siting.analysis.station.costs` and are those the plan reports.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from siting.errors import ImpossibleTargetError, ScenarioError
from siting.optimize.problem.inner_problem import Choice
from siting.optimize.problem.linear_rules import Rules, row_of
from siting.optimize.rules.family import Family
from siting.optimize.rules.rulings import Filled, Lever, put

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siting import scenario
    from siting.arrays import Floats
    from siting.optimize.problem.problem import SitingProblem
    from siting.optimize.rules.family import Ground
    from siting.optimize.rules.rulings import Lack, Path, Rulings

_NAME = "budget"
MILLION = 1e6
_ROOM = 1e-7
_TINY = 1e-6
_ROUND_CNY = 10_000


def with_budget(
    problem: SitingProblem, model: scenario.Model, *, refuse: bool = True
) -> SitingProblem:
    """Return the problem with the row of the budget, if ``model.budget_cny`` gives one.

    Parameters
    ----------
    problem
        The problem with its costs and all other rules.
    model
        Block of the scenario.
    refuse
        Hold the budget against the cheapest plan.

    Raises
    ------
    ImpossibleTargetError
        If even the cheapest choice of stations, chargers and swap stations costs more; with a
        proven least cost.
    ScenarioError
        If the costs of the sites are not known.
    """
    if model.budget_cny is None:
        return problem
    if not len(problem.costs.station):
        raise ScenarioError(
            "model.budget_cny is given, but the costs of the sites are not",
            where="model.budget_cny",
            cure="give build_problem the table of analysis.costs",
        )
    standing = int(problem.existing_swap.sum())
    swaps = max(problem.swap_stations - standing, 0) if problem.swap_sense != "<=" else 0
    swap_cny = swaps * problem.swap_station_cny if swaps else 0.0
    # where swap stations may be many, they leave the money that the rest needs at least
    many = problem.swap_sense == ">="
    charging_cny = least_cost(problem) if refuse or many else 0.0
    if refuse and charging_cny + swap_cny > model.budget_cny:
        raise _too_small(problem, model.budget_cny, charging_cny, swaps)
    values = {"budget_cny": model.budget_cny, "unit": "million CNY"}
    what = "new stations, chargers and swap stations cost at most {budget_cny:,.0f} CNY"
    sites = np.flatnonzero(problem.openable)
    paid = problem.costs.charger[sites] @ problem.existing_chargers[sites]
    row = row_of(
        _NAME, what, values, sites, "<=", (model.budget_cny + float(paid)) / MILLION,
        opens=_station_cny(problem)[sites] / MILLION,
        chargers=problem.costs.charger[sites] / MILLION, shared=_NAME,
    )  # fmt: skip
    new_swaps = np.flatnonzero(problem.swap_ok & ~problem.existing_swap)
    swap_row = row_of(
        _NAME, what, values, new_swaps, "<=",
        (model.budget_cny - (charging_cny if many else 0.0)) / MILLION,
        opens=problem.swap_station_cny / MILLION, shared=_NAME,
    )  # fmt: skip
    rules, swap_rules = problem.rules, problem.swap_rules
    return replace(
        problem,
        rules=Rules((*rules.rows, row), rules.promises),
        swap_rules=Rules(
            (*swap_rules.rows, swap_row) if len(new_swaps) else swap_rules.rows,
            swap_rules.promises,
        ),
    )


def least_cost(problem: SitingProblem) -> float:
    """Return a proven lower bound on what new stations and chargers cost, in whole CNY.

    The linear relaxation of the cheapest legal plan: totals, limits of the sites, spacing,
    floors and the rules, those with chargers loosened to the limits of their sites.
    """
    choice = Choice(problem)
    sites, count = choice.sites, len(choice.sites)
    station, charger = _station_cny(problem)[sites], problem.costs.charger[sites]
    least, most = problem.min_chargers[sites], problem.max_chargers[sites]
    one = sparse.eye_array(count)
    blank = sparse.csr_array((choice.rows.shape[0], count))
    rows = [
        sparse.hstack([choice.rows, blank]),
        sparse.hstack([one.multiply(least[:, None]), -one]),
        sparse.hstack([one.multiply(-most[:, None]), one]),
    ]
    limits = [choice.limits, np.zeros(2 * count)]
    equal, equals = [], []
    for sense, total, opens in (
        (problem.station_sense, problem.stations, True),
        (problem.charger_sense, problem.chargers, False),
    ):
        every = np.concatenate([np.full(count, float(opens)), np.full(count, float(not opens))])
        if sense == "=":
            equal.append(every)
            equals.append(float(total))
        else:
            sign = 1.0 if sense == "<=" else -1.0
            rows.append(sparse.csr_array(sign * every[None, :]))
            limits.append(np.array([sign * total]))
    answer = linprog(
        np.concatenate([station, charger]) / MILLION,
        A_ub=sparse.vstack(rows).tocsr(),
        b_ub=np.concatenate(limits),
        A_eq=np.vstack(equal) if equal else None,
        b_eq=equals or None,
        bounds=np.column_stack([
            np.concatenate([choice.forced, np.zeros(count)]),
            np.concatenate([np.ones(count), most.astype(float)]),
        ]),
        method="highs",
    )  # fmt: skip
    paid = float(charger @ problem.existing_chargers[sites])
    if answer.status != 0:  # no legal plan at all: the other rules say so, not the money
        return 0.0
    return max(float(np.floor(answer.fun * MILLION * (1 - _ROOM) - paid)), 0.0)


def _station_cny(problem: SitingProblem) -> Floats:
    """Return the price of opening each site: nothing where a station stands."""
    return np.where(problem.forced, 0.0, problem.costs.station)


def _too_small(
    problem: SitingProblem, budget_cny: float, charging_cny: float, swaps: int
) -> ImpossibleTargetError:
    total = charging_cny + (swaps * problem.swap_station_cny if swaps else 0.0)
    new = problem.stations - int(problem.forced.sum())
    more = problem.chargers - int(problem.existing_chargers[problem.forced].sum())
    text = (
        f"a budget of {budget_cny / MILLION:,.2f} million CNY, but even the cheapest plan costs at "
        f"least {total / MILLION:,.2f} million: {charging_cny / MILLION:,.2f} for {new} new "
        f"stations with {more} new chargers"
    )
    if swaps:
        text += (
            f", {swaps * problem.swap_station_cny / MILLION:,.2f} for {swaps} new swap stations of "
            f"{problem.swap_station_cny / MILLION:,.2f} each"
        )
    return ImpossibleTargetError(
        text,
        where="model.budget_cny",
        cure=f"allow at least {np.ceil(total / 1e4) * 1e4:,.0f} CNY, ask for less (targets), or "
        "change the prices (costs.prices, candidates.charger_classes)",
    )


def _rows(problem: SitingProblem, ground: Ground) -> SitingProblem:
    return with_budget(problem, ground.model, refuse=ground.refuse)


def _levers(rulings: Rulings) -> Iterator[Lever]:
    if rulings.model.budget_cny is not None:
        path: Path = ("model", "budget_cny")
        way = Filled(path, _NAME, partial(_more_money, path))
        yield Lever(_NAME, path, partial(put, path, None), (way,))


def _more_money(path: Path, rulings: Rulings, lacking: list[Lack]) -> Rulings:
    """Raise the budget by what lacks, rounded up to 10,000 CNY."""
    lack_cny = MILLION * sum(amount for _, amount in lacking)
    steps = math.ceil((rulings.at(path) + lack_cny) / _ROUND_CNY - _TINY)
    return rulings.put(path, steps * _ROUND_CNY)


BUDGET = Family(
    _NAME,
    firm=4,
    levers=_levers,
    rows=_rows,
    needs_reach=lambda model: model.budget_cny is not None,
)
