"""The one way to the solvers: PuLP with HiGHS, CBC where HiGHS is not there, others by name.

PuLP's own status calls an answer "Optimal" that a time limit cut off, and keeps
fractional leftovers of a run without a plan. Here ``(status, sol_status)``, the solver's
own word and its bound become one :class:`State`, and values are read only where there
is an answer to read.
"""

from __future__ import annotations

import importlib.util
import logging
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
import pulp

from siting.errors import SolverMissingError
from siting.optimize.solver._other_solvers import interface_of, run_named

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from siting.arrays import Floats


Option = str | int | float | bool
"""A value of a solver option."""

_LOG = logging.getLogger(__name__)
_LEAST_S = 0.05


class State(StrEnum):
    """What one solver run established."""

    SOLVED = "solved"
    """Optimal within the gap asked for."""
    STOPPED = "stopped"
    """Cut off with an answer in hand; never to be called optimal."""
    INFEASIBLE = "infeasible"
    """Proven: no answer exists."""
    NOTHING = "nothing"
    """No answer and no proof."""


@dataclass(frozen=True)
class Answer:
    """One solver run: ``bound`` limits every answer's value from above (inf if unknown)."""

    state: State
    value: float
    bound: float
    seconds: float

    @property
    def proven(self) -> bool:
        """Whether the answer is optimal within the gap asked for."""
        return self.state is State.SOLVED

    @property
    def usable(self) -> bool:
        """Whether the variables hold an answer."""
        return self.state in {State.SOLVED, State.STOPPED}


@dataclass(frozen=True)
class Solver:
    """A solver to call: which one, with how many threads, until when."""

    name: str
    threads: int
    seed: int
    deadline: float
    fallback: bool = False

    @property
    def left_s(self) -> float:
        """Seconds to the deadline."""
        return self.deadline - time.perf_counter()

    def until(self, seconds: float) -> Solver:
        """Return the same solver with an earlier deadline."""
        return replace(self, deadline=min(self.deadline, time.perf_counter() + seconds))

    def at_least(self, seconds: float) -> Solver:
        """Return the same solver with time to finish what must be finished."""
        return replace(self, deadline=max(self.deadline, time.perf_counter() + seconds))

    def maximise(self, lp: pulp.LpProblem, *, gap_share: float = 1e-6, **options: Option) -> Answer:
        """Solve a maximisation within the time left and say honestly what came out.

        Prices (dual values) are read off linear programs, and PuLP hands them over for HiGHS and
        CBC only: a linear program goes to one of these, a whole-numbered one to the solver named.

        Parameters
        ----------
        lp
            The problem, with ``LpMaximize``.
        gap_share
            Relative gap at which a search may stop.
        **options
            HiGHS options by name, e.g. ``solver="ipx"``; other solvers take none of them.
        """
        with _listed_once(lp):
            return self._maximise(lp, gap_share, options)

    def _maximise(self, lp: pulp.LpProblem, gap_share: float, options: dict[str, Option]) -> Answer:
        start = time.perf_counter()
        limit = max(self.left_s, _LEAST_S)
        name = self.name if lp.isMIP() or self.name in _PRICING else _pricing_solver()
        if name == "highs":
            state, bound = _highs(lp, self, limit, gap_share, options)
        elif name == "cbc":
            state, bound = _cbc(lp, self, limit, gap_share)
        else:
            state, bound = _named(lp, self, limit, gap_share)
        usable = state in {State.SOLVED, State.STOPPED}
        value = float(pulp.value(lp.objective) or 0.0) if usable else float("nan")
        return Answer(state, value, bound, time.perf_counter() - start)


def open_solver(name: str, *, threads: int, seed: int, time_limit_s: float) -> Solver:
    """Return a solver by name, falling back to CBC if HiGHS is not there.

    Only HiGHS gets more than one thread: there the plan is the same with each number of them.

    Raises
    ------
    SolverMissingError
        If neither the solver asked for nor the fallback is installed.
    """
    deadline = time.perf_counter() + time_limit_s
    if name == "highs" and not _has_highs():
        _LOG.warning("HiGHS (highspy) is not installed; using CBC")
        _need_cbc("highs")
        return Solver("cbc", 1, seed, deadline, fallback=True)
    if name == "highs":
        _new_scheduler()
    elif name == "cbc":
        _need_cbc(name)
    else:
        interface_of(name)
    return Solver(name, threads if name == "highs" else 1, seed, deadline)


def linear(terms: Sequence[tuple[pulp.LpVariable, float]]) -> pulp.LpAffineExpression:
    """Return the sum of ``coefficient * variable``; terms name each variable once.

    Python's ``sum`` over variables is quadratic and banned here.
    """
    return pulp.LpAffineExpression(terms)


_SENSES = {
    "<": pulp.LpConstraintLE,
    "<=": pulp.LpConstraintLE,
    "=": pulp.LpConstraintEQ,
    ">=": pulp.LpConstraintGE,
    ">": pulp.LpConstraintGE,
}


def row(
    lp: pulp.LpProblem,
    name: str,
    terms: Sequence[tuple[pulp.LpVariable, float]],
    sense: str,
    limit: float,
) -> None:
    """Add one named row: the sum of ``coefficient * variable`` against a limit."""
    lp.addConstraint(pulp.LpConstraint(linear(terms), _SENSES[sense], name, limit))


def values_of(variables: Sequence[pulp.LpVariable]) -> Floats:
    """Return the values of variables after a usable answer."""
    return np.array([variable.varValue or 0.0 for variable in variables], dtype=float)


_PRICING = ("highs", "cbc")


def _pricing_solver() -> str:
    return "highs" if _has_highs() else "cbc"


def _has_highs() -> bool:
    return importlib.util.find_spec("highspy") is not None


def _need_cbc(asked: str) -> None:
    if not _cbc_solver().available():
        raise SolverMissingError(
            f"solver '{asked}' is not installed, nor is CBC, which comes with PuLP",
            where="solver.name",
            cure="install highspy: pip install highspy",
        )


def _new_scheduler() -> None:
    """Let HiGHS take a new number of threads; a second value otherwise ends in 'Not Solved'."""
    import highspy  # noqa: PLC0415  # may be missing; then CBC is used

    highspy.Highs.resetGlobalScheduler(True)  # noqa: FBT003  # a C++ signature


@contextmanager
def _listed_once(lp: pulp.LpProblem) -> Iterator[None]:
    """Let PuLP gather and sort a problem's variables once a solve, not eight times.

    No row or variable comes or goes meanwhile. A problem without an objective is left alone:
    there PuLP adds one for a while.
    """
    if not lp.objective:
        yield
        return
    variables = lp.variables()
    lp.variables = lambda: variables
    try:
        yield
    finally:
        del lp.variables


class _Highs(pulp.HiGHS):
    """PuLP's HiGHS: rows go over in one piece, and all endings are known.

    PuLP hands over row by row, which takes longer than solving where rows are many; and it does
    not know some endings, e.g. a limit on nodes.
    """

    def buildSolverModel(self, lp: pulp.LpProblem) -> None:  # noqa: N802  # PuLP's
        import highspy  # noqa: PLC0415  # here if HiGHS runs

        solver, inf = lp.solverModel, highspy.kHighsInf
        variables = lp.variables()
        for place, variable in enumerate(variables):
            variable.index = place
        sign = -1.0 if lp.sense == pulp.LpMaximize else 1.0
        cost = [sign * lp.objective.get(variable, 0.0) for variable in variables]
        bounds = [(one.lowBound, one.upBound) for one in variables]
        low = [-inf if least is None else least for least, _ in bounds]
        high = [inf if most is None else most for _, most in bounds]
        none = np.empty(0, dtype=np.int32)
        solver.addCols(len(cost), _array(cost), _array(low), _array(high), 0,
                       none, none, np.empty(0))  # fmt: skip
        whole = np.flatnonzero([one.cat == pulp.LpInteger for one in variables]).astype(np.int32)
        if self.mip and len(whole):
            kinds = np.full(len(whole), int(highspy.HighsVarType.kInteger), dtype=np.uint8)
            solver.changeColsIntegrality(len(whole), whole, kinds)
        rows = _Rows(lp)
        solver.addRows(len(rows.low), _array(rows.low), _array(rows.high), len(rows.places),
                       np.array(rows.starts, dtype=np.int32),
                       np.array(rows.places, dtype=np.int32), _array(rows.amounts))  # fmt: skip

    def findSolutionValues(self, lp: pulp.LpProblem) -> tuple[int, int]:  # noqa: N802  # PuLP's
        try:
            status: tuple[int, int] = super().findSolutionValues(lp)
        except KeyError:
            return pulp.LpStatusNotSolved, pulp.LpSolutionNoSolutionFound
        return status


class _Rows:
    """The rows of a problem as lists, in PuLP's order; each row learns its place."""

    def __init__(self, lp: pulp.LpProblem) -> None:
        self.low: list[float] = []
        self.high: list[float] = []
        self.starts: list[int] = []
        self.places: list[int] = []
        self.amounts: list[float] = []
        for place, constraint in enumerate(lp.constraints()):
            constraint.index = place
            least, most = constraint.getLb(), constraint.getUb()
            self.low.append(-np.inf if least is None else least)
            self.high.append(np.inf if most is None else most)
            self.starts.append(len(self.places))
            for variable, amount in constraint.items():
                if amount:
                    self.places.append(variable.index)
                    self.amounts.append(amount)


def _array(numbers: list[float]) -> Floats:
    return np.array(numbers, dtype=np.float64)


def _highs(
    lp: pulp.LpProblem, solver: Solver, limit: float, gap_share: float, options: dict[str, Option]
) -> tuple[State, float]:
    highs = _Highs(
        msg=False,
        timeLimit=limit,
        gapRel=gap_share,
        threads=solver.threads,
        random_seed=solver.seed,
        **options,
    )
    lp.solve(highs)
    info = lp.solverModel.getInfo()
    word = lp.solverModel.modelStatusToString(lp.solverModel.getModelStatus())
    usable = _usable(lp, has_point=info.primal_solution_status == _FEASIBLE)
    # PuLP hands HiGHS the negated objective when maximising: the bound comes back negated.
    bound = -float(info.mip_dual_bound) if lp.isMIP() else float("inf")
    if word == "Optimal" and usable:
        if not lp.isMIP():
            bound = float(pulp.value(lp.objective))
        return State.SOLVED, bound
    if word == "Infeasible" or lp.sol_status == pulp.LpSolutionInfeasible:
        return State.INFEASIBLE, float("-inf")
    _LOG.info("HiGHS stopped: %s", word)
    return (State.STOPPED if usable else State.NOTHING), bound


_FEASIBLE = 2  # highspy.SolutionStatus.kSolutionStatusFeasible


def _cbc_solver(**settings: Option | list[str]) -> pulp.COIN_CMD:
    """Return CBC as PuLP 3 carries it, else from the search path."""
    carried = getattr(pulp.PULP_CBC_CMD, "pulp_cbc_path", None)
    return pulp.COIN_CMD(path=carried, msg=False, **settings)


def _cbc(lp: pulp.LpProblem, solver: Solver, limit: float, gap_share: float) -> tuple[State, float]:
    start = time.perf_counter()
    options = [f"randomSeed {solver.seed}", f"randomCbcSeed {solver.seed}"]
    cbc = _cbc_solver(timeLimit=limit, gapRel=gap_share, threads=solver.threads, options=options)
    lp.solve(cbc)
    cut = lp.sol_status != pulp.LpSolutionOptimal or time.perf_counter() - start > limit
    if lp.sol_status == pulp.LpSolutionInfeasible and not time.perf_counter() - start > limit:
        return State.INFEASIBLE, float("-inf")
    if not _usable(lp, has_point=lp.sol_status > 0):
        return State.NOTHING, float("inf")
    value = float(pulp.value(lp.objective))
    if cut:
        return State.STOPPED, float("inf")
    return State.SOLVED, value + gap_share * abs(value) if lp.isMIP() else value


def _named(
    lp: pulp.LpProblem, solver: Solver, limit: float, gap_share: float
) -> tuple[State, float]:
    sol_status, ended, bound = run_named(
        lp, solver.name, limit_s=limit, gap_share=gap_share, threads=solver.threads
    )
    if sol_status == pulp.LpSolutionInfeasible:
        return State.INFEASIBLE, float("-inf")
    if not _usable(lp, has_point=sol_status > 0):
        return State.NOTHING, bound
    if not ended:
        return State.STOPPED, bound
    return State.SOLVED, bound if lp.isMIP() else float(pulp.value(lp.objective))


def _usable(lp: pulp.LpProblem, *, has_point: bool) -> bool:
    """Whether the variables hold whole-numbered values that obey the rows."""
    if not has_point or any(variable.varValue is None for variable in lp.variables()):
        return False
    tolerance = 1e-5
    return all(
        abs(variable.varValue - round(variable.varValue)) <= tolerance
        for variable in lp.variables()
        if variable.isInteger()
    )
