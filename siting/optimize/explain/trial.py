"""Try changed rulings: look for the smallest change of a rule under which legal stations exist.

A joint plan exists exactly if a legal choice of swap stations and, within the power they leave, a
legal choice of stations exists (:mod:`siting.optimize.model.selection`). A trial finds both with
the models that the plan itself uses and counts the answer again with plain sums.

Where it can, the elastic model names the change: the rules of the selection, some of whose rows
give way for a price. To a named row ``sum_j a_j x_j <sense> limit`` a slack is added,
``sum_j a_j x_j + c slack``, and the sum of the slacks is made least while every other row holds:
the smallest change of that rule under all others. Elastic programs: Chinneck, "Feasibility and
Infeasibility in Optimization" (2008), ch. 6.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import singledispatch
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from siting.errors import ImpossibleTargetError, NoPlanError, ScenarioError
from siting.optimize.model.selection import station_rules
from siting.optimize.problem.problem import after_swap
from siting.optimize.rules.all_rules import station_keys
from siting.optimize.rules.rulings import STATIONS, SWAP, Filled, Release, Stepwise, Way
from siting.optimize.rules.totals import let_go
from siting.optimize.search.subproblem import stations_are_legal, swaps_are_legal
from siting.optimize.solver.solver import State, linear, values_of
from siting.optimize.swap import swap_cover, swap_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pulp

    from siting.arrays import Floats, Ints
    from siting.optimize.problem.problem import SitingProblem
    from siting.optimize.rules.rulings import Build, Lack, Rulings, Soft
    from siting.optimize.solver.solver import Answer, Solver

_HALF = 0.5
_QUICK_SHARE = 1 / 60
_PROBE_SHARE = 1 / 20
_ELASTIC_SHARE = 1 / 7
_SWAP_SHARE = 1 / 4
"""Longest time of one question, as a share of all time: many are asked."""
_LEAST_S = 1.0


@dataclass
class Trials:
    """Tries rulings, each once, until the deadline of the solver."""

    build: Build
    solver: Solver
    limit_s: float
    memory: dict[str, bool | None] = field(default_factory=dict)
    swap_memory: dict[str, Ints | bool | None] = field(default_factory=dict)

    @property
    def over(self) -> bool:
        """Whether the time is up."""
        return self.solver.left_s <= 0

    def legal(self, rulings: Rulings) -> bool | None:
        """Return whether a plan exists under the rulings; None if the time was too short."""
        key = rulings.text
        if key in self.memory:
            return self.memory[key]
        if self.over:
            return None
        self.memory[key] = self._tried(rulings)
        return self.memory[key]

    def problem(self, rulings: Rulings) -> SitingProblem | None:
        """Return the problem of the rulings with its free totals let go; None if refused."""
        try:
            problem = self.build(rulings, refuse=not rulings.free)
        except (ImpossibleTargetError, ScenarioError):
            return None
        return let_go(problem, rulings.free)

    def station_side(self, rulings: Rulings, *, refuse: bool = True) -> SitingProblem | None:
        """Return the problem as the stations meet it: less the power of the swap stations."""
        base = rulings if refuse else replace(rulings, free=rulings.free | {"none"})
        problem = self.problem(base)
        if problem is None:
            return None
        swap = self._swap(problem, rulings)
        return after_swap(problem, swap) if isinstance(swap, np.ndarray) else problem

    def probe(self) -> Solver:
        """Return the solver for one question to the elastic model."""
        return self._within(_ELASTIC_SHARE)

    def _within(self, share: float) -> Solver:
        return self.solver.until(max(share * self.limit_s, _LEAST_S))

    def _tried(self, rulings: Rulings) -> bool | None:
        problem = self.problem(rulings)
        if problem is None:
            return False
        swap = self._swap(problem, rulings)
        if not isinstance(swap, np.ndarray):
            return swap
        problem = after_swap(problem, swap)
        rules = station_rules(problem)
        answer = self._first(rules.lp)
        if not answer.usable:
            return False if answer.state is State.INFEASIBLE else None
        sites, chargers = rules.chosen(), None
        if rules.chargers is not None:
            counts = [rules.chargers[site] for site in sites.tolist()]
            chargers = np.rint(values_of(counts)).astype(np.int64)
        return stations_are_legal(problem, sites, chargers) or None

    def _swap(self, problem: SitingProblem, rulings: Rulings) -> Ints | bool | None:
        """Return a legal choice of swap stations, False if there is none, None if unknown."""
        model = rulings.model.model_dump_json(exclude=station_keys())
        totals = (problem.swap_stations, problem.swap_sense, rulings.more_kw)
        key = f"{totals}\n{model}"
        if key not in self.swap_memory:
            self.swap_memory[key] = self._new_swap(problem)
        return self.swap_memory[key]

    def _new_swap(self, problem: SitingProblem) -> Ints | bool | None:
        # Power and money are shared: the stations live on what the plan's swap stations leave.
        if any(rule.shared for rule in problem.swap_rules.rows):
            try:
                return swap_cover(problem, self._within(_SWAP_SHARE)).sites
            except NoPlanError as error:
                return None if isinstance(error, TimeoutError) else False
        if problem.swap_stations == 0 and problem.swap_sense != ">=" and not _rows(problem):
            return np.empty(0, dtype=np.int64)
        lp, swap = swap_rows(problem, problem.swap_ok)
        if not swap:
            return np.empty(0, dtype=np.int64) if problem.swap_sense != "=" else False
        answer = self._first(lp)
        if not answer.usable:
            return False if answer.state is State.INFEASIBLE else None
        sites = np.array(list(swap), dtype=np.int64)
        chosen = sites[values_of(list(swap.values())) > _HALF]
        return chosen if swaps_are_legal(problem, chosen) else None

    def _first(self, lp: pulp.LpProblem) -> Answer:
        """Return any answer: without presolve it mostly comes at once."""
        lp.setObjective(linear([(variable, 0.0) for variable in lp.variables()]))
        options: dict[str, str] = {"presolve": "off"} if self.solver.name == "highs" else {}
        answer = self._within(_QUICK_SHARE).maximise(lp, gap_share=1.0, **options)
        if answer.state is State.NOTHING and self.solver.left_s > 0:
            answer = self._within(_PROBE_SHARE).maximise(lp, gap_share=1.0)
        return answer


def _rows(problem: SitingProblem) -> bool:
    return bool(problem.swap_rules.rows or problem.swap_rules.promises)


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
