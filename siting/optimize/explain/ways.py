"""Look for the smallest change of each way in which a rule can give way that is legal.

Where it can, the elastic model names the change: the rules of the selection, some of whose rows
give way for a price. To a named row ``sum_j a_j x_j <sense> limit`` a slack is added,
``sum_j a_j x_j + c slack``, and the sum of the slacks is made least while every other row holds:
the smallest change of that rule under all others. Elastic programs: Chinneck, "Feasibility and
Infeasibility in Optimization" (2008), ch. 6.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import singledispatch
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from siting.optimize.model.stations import station_rules
from siting.optimize.rules.levers import STATIONS, SWAP, Filled, Release, Stepwise, Way
from siting.optimize.solver.solver import linear, values_of
from siting.optimize.swap import swap_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pulp

    from siting.arrays import Floats
    from siting.optimize.explain.trial import Trials
    from siting.optimize.problem.problem import SitingProblem
    from siting.optimize.rules.levers import Lack, Soft
    from siting.optimize.rules.rulings import Rulings
    from siting.optimize.solver.solver import Solver

_TINY = 1e-6
_ROUNDS = 5
_GAP = 1e-6


class Found(NamedTuple):
    """Changed rulings under which a plan exists, and whether no smaller change of this way does."""

    rulings: Rulings
    smallest: bool


@singledispatch
def find(way: Way, trials: Trials, base: Rulings) -> Found | None:
    """Return the smallest change of ``base`` that is legal; None if none was found."""
    raise NotImplementedError(type(way), trials, base)


# ---- step by step


@find.register(Stepwise)
def _first_step(way: Stepwise, trials: Trials, base: Rulings) -> Found | None:
    """Return the first step that is legal.

    With ``soft`` the elastic model names the step, and the trial confirms it; else, and where the
    elastic model could not prove its step the least, the interval is halved.
    """
    if way.steps < 1:
        return None
    high, proven = way.steps, False
    if way.soft is not None:
        told = _told(way, way.soft, trials, base)
        if told is None:
            return None
        high, proven = told
    if trials.legal(way.step(base, high)) is not True:
        return None
    if proven:
        return Found(way.step(base, high), smallest=True)
    return _halved(way, trials, base, high)


def _told(way: Stepwise, soft: Soft, trials: Trials, base: Rulings) -> tuple[int, bool] | None:
    problem = trials.station_side(base, refuse=False)
    if problem is None:
        return None
    least = least_slack(problem, soft.side, [soft.rows(problem)], trials.probe())
    if least is None:
        return None
    step = math.ceil(float(least.slack[0]) - _TINY)
    return (step, least.proven) if 1 <= step <= way.steps else None


def _halved(way: Stepwise, trials: Trials, base: Rulings, high: int) -> Found:
    low, sure = 0, True
    while high - low > 1:
        middle = (low + high) // 2
        legal = trials.legal(way.step(base, middle))
        if legal:
            high = middle
        else:
            low = middle
            sure = sure and legal is False
    return Found(way.step(base, high), smallest=sure)


# ---- names off a list


@find.register(Release)
def _fewest_released(way: Release, trials: Trials, base: Rulings) -> Found | None:
    """Return the rulings with the fewest names released."""
    names = tuple(base.at(way.path))
    empty = _with_names(way, base, ())
    problem = trials.station_side(empty, refuse=False)
    if problem is None or trials.legal(empty) is not True:
        return None
    listed = np.flatnonzero(np.isin(problem.site_id, list(names))).tolist()
    used: set[int] = set()
    proven = True
    for side in (STATIONS,) if way.opened else (STATIONS, SWAP):
        price = dict.fromkeys(listed, -1.0 if way.opened else 1.0)
        told = least_use(problem, side, price, trials.probe())
        if told is None:
            return Found(empty, smallest=len(names) == 1)
        used |= set(told[0])
        proven = proven and told[1]
    kept_sites = used if way.opened else set(listed) - used
    kept_ids = {str(problem.site_id[site]) for site in kept_sites}
    result = _with_names(way, base, tuple(name for name in names if name in kept_ids))
    if trials.legal(result):
        return Found(result, smallest=proven)
    return Found(empty, smallest=len(names) == 1)


def _with_names(way: Release, base: Rulings, names: tuple[str, ...]) -> Rulings:
    value = base.at(way.path)
    if isinstance(value, dict):
        return base.put(way.path, {name: value[name] for name in names})
    return base.put(way.path, names)


# ---- what the rows lack


@find.register(Filled)
def _least_filled(way: Filled, trials: Trials, base: Rulings) -> Found | None:
    """Add what the elastic model lacks until a trial is legal."""
    rulings = base
    for turn in range(_ROUNDS):
        lacking, proven = _lacking(trials, rulings, way.rows)
        if not lacking:
            return None
        rulings = way.added(rulings, lacking)
        if trials.legal(rulings):
            return Found(rulings, smallest=proven and turn == 0)
    return None


def _lacking(trials: Trials, rulings: Rulings, family: str) -> tuple[list[Lack], bool]:
    """Return what the rows of a family lack, and if it is the least: swap stations first."""
    problem = trials.station_side(rulings, refuse=False)
    if problem is None:
        return [], False
    for side, rules in ((SWAP, problem.swap_rules), (STATIONS, problem.rules)):
        names = {f"{family}_{number}": rule.shared
                 for number, rule in enumerate(rules.rows) if rule.family == family}  # fmt: skip
        if not names or (side == SWAP and not problem.swap_ok.any()):
            continue
        least = least_slack(problem, side, [{name: -1.0} for name in names], trials.probe())
        if least is None:
            return [], False
        slack = least.slack.tolist()
        found = [(name, x) for name, x in zip(names.values(), slack, strict=True) if x > _TINY]
        if found:
            return found, least.proven
    return [], False


# ---- the elastic model


@dataclass(frozen=True, eq=False)
class Least:
    """The least slack of each group of rows, and whether no smaller sum exists (proven)."""

    slack: Floats
    proven: bool


def least_slack(
    problem: SitingProblem, side: str, groups: Sequence[Mapping[str, float]], solver: Solver
) -> Least | None:
    """Return the least sum of slacks under which the rest of the rules can hold.

    Parameters
    ----------
    problem
        The problem.
    side
        ``"stations"`` or ``"swap"``: which of the two models.
    groups
        For each slack the rows it loosens with its coefficient there; rows that the model
        does not have are passed over.
    solver
        The solver.

    Returns
    -------
    Least or None
        None if no slack helps, or nothing was found in time.
    """
    lp, _ = _side(problem, side)
    slacks = []
    for number, group in enumerate(groups):
        slack = lp.add_variable(f"slack_{number}", 0)
        for name, coef in group.items():
            row = lp.get_constraint_by_name(name)
            if row is not None:
                row.addInPlace(coef * slack)
        slacks.append(slack)
    lp.setObjective(linear([(slack, -1.0) for slack in slacks]))
    answer = solver.maximise(lp, gap_share=_GAP)
    if not answer.usable:
        return None
    return Least(values_of(slacks), answer.proven)


def least_use(
    problem: SitingProblem, side: str, price: Mapping[int, float], solver: Solver
) -> tuple[list[int], bool] | None:
    """Return which of the priced sites a legal choice of least price opens, and if it is proven.

    A negative price asks for as many of the sites as can be.
    """
    lp, opened = _side(problem, side)
    terms = [(opened[site], -cost) for site, cost in price.items() if site in opened]
    lp.setObjective(linear(terms or [(next(iter(opened.values())), 0.0)]))
    answer = solver.maximise(lp, gap_share=_GAP)
    if not answer.usable:
        return None
    chosen = values_of(list(opened.values())) > 0.5  # noqa: PLR2004  # 0 or 1
    sites = np.array(list(opened), dtype=np.int64)[chosen].tolist()
    return [site for site in sites if site in price], answer.proven


def _side(problem: SitingProblem, side: str) -> tuple[pulp.LpProblem, dict[int, pulp.LpVariable]]:
    if side == SWAP:
        return swap_rows(problem, problem.swap_ok)
    rules = station_rules(problem)
    return rules.lp, rules.open
