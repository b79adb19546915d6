"""One run of the optimiser: the problem, the solver, the clock, and the log of what happened."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from siting.notes import Note

if TYPE_CHECKING:
    from siting.notes import Progress
    from siting.optimize.problem.problem import SitingProblem
    from siting.optimize.solver.solver import Solver

_LOG = logging.getLogger(__name__)

_RESERVE_SHARE = 0.15
FINISH_S = 4.0
"""Time that the steps to a first plan get even past the deadline, each (s)."""


@dataclass
class Run:
    """One run.

    Attributes
    ----------
    problem
        The problem at full resolution.
    solver
        The solver and its deadline.
    gap_share
        Gap at which the work ends.
    limit_s
        Time for all of it, s.
    progress
        Called with the name of each stage as it starts, and the share of the time used.
    stages, notes
        Seconds of each stage, and notes for the reader of the plan.
    reduced
        Value and bound of the reduced model, if it was solved.
    """

    problem: SitingProblem
    solver: Solver
    gap_share: float
    limit_s: float
    progress: Progress | None = None
    stages: list[tuple[str, float]] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    reduced: tuple[float, float] | None = None

    def stage(self, name: str) -> _Stage:
        """Return a context that times a stage."""
        return _Stage(self, name)

    def finishing(self) -> Solver:
        """Return the solver with time to finish a plan that is begun, even past the deadline."""
        return self.solver.at_least(FINISH_S)

    def late(self) -> bool:
        """Whether so little time is left that nothing new should begin."""
        return self.solver.left_s < _RESERVE_SHARE * self.limit_s

    def cut(self, stage: str) -> None:
        """Note once per stage that the clock, not the work, ended it."""
        note = Note("time_limit_reached", {"stage": stage})
        if note not in self.notes:
            self.notes.append(note)


class _Stage:
    """Times one stage into the run's log."""

    def __init__(self, run: Run, name: str) -> None:
        self.run, self.name = run, name

    def __enter__(self) -> None:
        if self.run.progress is not None:
            used = 1.0 - self.run.solver.left_s / self.run.limit_s
            self.run.progress(self.name, min(max(used, 0.0), 1.0))
        self.start = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        seconds = time.perf_counter() - self.start
        _LOG.info("%s: %.2f s", self.name, seconds)
        self.run.stages.append((self.name, seconds))
