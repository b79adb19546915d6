"""Try changed rulings: build their problem and really choose legal stations.

A joint plan exists exactly if a legal choice of swap stations and, within the power they leave, a
legal choice of stations exists (:mod:`siting.optimize.model.stations`). A trial finds both with
the models that the plan itself uses and counts the answer again with plain sums.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from siting.errors import ImpossibleTargetError, NoPlanError, ScenarioError
from siting.optimize.model.stations import station_rules
from siting.optimize.problem.problem import after_swap
from siting.optimize.rules.all_rules import station_keys
from siting.optimize.rules.totals import let_go
from siting.optimize.search.legal import stations_are_legal, swaps_are_legal
from siting.optimize.solver.solver import State, linear, values_of
from siting.optimize.swap import swap_cover, swap_rows

if TYPE_CHECKING:
    import pulp

    from siting.arrays import Ints
    from siting.optimize.problem.problem import SitingProblem
    from siting.optimize.rules.rulings import Build, Rulings
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
