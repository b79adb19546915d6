"""The staged method: from a problem to a plan with its bound.

1. Swap stations by their own covering model.
2. A first legal plan: the small selection model on a first wish; it also proves infeasibility.
3. The reduced model: thin, cells, nearest sites, linear relaxation with the strong link,
   then the stations nearest to its answer. Small problems are solved whole instead.
4. At full resolution: fall the bound, select by the wish of its prices, keep the better plan;
   repeat until the gap is small enough.

Every set of stations is valued at full resolution with whole chargers, never by a model's word.
Every stage ends by a gap or a count, so that two runs agree to the last byte; the clock is a
safety stop, and a plan it touched carries the note ``time_limit_reached``.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from siting.errors import InfeasibleError
from siting.optimize import reduce
from siting.optimize.arrays import sums
from siting.optimize.assign import Sizes, assign
from siting.optimize.bounds import Descent, Relaxation, prices_from, uniform_wish
from siting.optimize.headroom import after_swap
from siting.optimize.model import joint_model
from siting.optimize.select import select_stations, size_stations
from siting.optimize.solution import PROVEN, Solution, assignment_table, gap_of, outcome_of
from siting.optimize.solver import State, open_door, values_of
from siting.optimize.swap import swap_cover

if TYPE_CHECKING:
    from collections.abc import Callable

    from siting import scenario
    from siting.optimize.arrays import Floats, Ints
    from siting.optimize.problem import SitingProblem
    from siting.optimize.solution import Note
    from siting.optimize.solver import Door, Word


__all__ = ["Solution", "fill_stations", "solve_problem"]

_LOG = logging.getLogger(__name__)

EXACT_PAIRS = 20_000
_EXACT_NODES = 2_000
_SITE_CELLS_M = (200.0, 400.0)
_DEMAND_CELLS_M = (300.0, 800.0)
_NEAREST_SITES = 20
_ROUNDS = 6
_STEPS = 100
_QUICK_GAP = 0.01
_FIRST_STEPS = 40
_FIRST_AIM = 0.95
_LP_TIME_SHARE = 0.7
_RESERVE_SHARE = 0.15
_LP_S_PER_PAIR = 3e-4
_LEAST_FINISH_S = 4.0
_HALF = 0.5
_TINY = 1e-9


@dataclass(frozen=True, eq=False)
class _Choice:
    """A legal plan: stations, value, flows by pair (kWh/day) and chargers."""

    sites: Ints
    value: float
    serve: Floats
    chargers: Ints


@dataclass
class _Run:
    """One run: the problem, the solver, and the log of what happened."""

    problem: SitingProblem
    door: Door
    gap_share: float
    limit_s: float
    progress: Callable[[str], None] | None
    stages: list[tuple[str, float]] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    reduced: tuple[float, float] | None = None

    def stage(self, name: str) -> _Stage:
        return _Stage(self, name)

    def finishing(self) -> Door:
        """Return the door with time to finish a plan that is begun, even past the deadline."""
        least = time.perf_counter() + _LEAST_FINISH_S
        return replace(self.door, deadline=max(self.door.deadline, least))

    def late(self) -> bool:
        return self.door.left_s < _RESERVE_SHARE * self.limit_s

    def cut(self, stage: str) -> None:
        """Note once per stage that the clock, not the work, ended it."""
        note: Note = ("time_limit_reached", {"stage": stage})
        if note not in self.notes:
            self.notes.append(note)


class _Stage:
    """Times one stage into the run's log."""

    def __init__(self, run: _Run, name: str) -> None:
        self.run, self.name = run, name

    def __enter__(self) -> None:
        if self.run.progress is not None:
            self.run.progress(self.name)
        self.start = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        seconds = time.perf_counter() - self.start
        _LOG.info("%s: %.2f s", self.name, seconds)
        self.run.stages.append((self.name, seconds))


def solve_problem(
    problem: SitingProblem,
    *,
    solver: scenario.Solver,
    seed: int,
    progress: Callable[[str], None] | None = None,
) -> Solution:
    """Find a plan and prove how good it is.

    Parameters
    ----------
    problem
        The problem at full resolution.
    solver
        Block of the scenario: which solver, how long, which gap.
    seed
        Seed of the solver.
    progress
        Called with the name of each stage as it starts.

    Raises
    ------
    InfeasibleError
        If the rules contradict each other; proven, with numbers.
    NoAnswerError
        If the time limit passed with no plan in hand.
    """
    door = open_door(
        solver.name, threads=solver.threads, seed=seed, time_limit_s=solver.time_limit_s
    )
    run = _Run(problem, door, solver.gap_share, solver.time_limit_s, progress)
    run.notes.extend(problem.notes)
    if door.fallback:
        run.notes.append(("solver_fallback", {"asked": solver.name, "used": door.name}))
    with run.stage("swap"):
        swap = swap_cover(problem, door.until(solver.time_limit_s / 4))
    if swap.state is not State.SOLVED:
        run.cut("swap")
    problem = run.problem = after_swap(problem, swap.sites)
    with run.stage("first_plan"):
        descent = _descent(problem, uniform_wish(problem))
        best = _first_plan(run, descent)
    best, bound = _improved(run, best, descent)
    open_ids: list[str] = problem.site_id[best.sites].tolist()
    return Solution(
        chargers=dict(zip(open_ids, best.chargers.tolist(), strict=True)),
        swap_ids=tuple(problem.site_id[swap.sites].tolist()),
        assignments=assignment_table(problem, best.serve),
        outcome=replace(
            outcome_of(
                best.value, bound, run.reduced, gap_share=solver.gap_share, solver=door.name
            ),
            swap_gap_share=swap.gap_share if problem.swap_stations else float("nan"),
        ),
        stages=tuple(run.stages),
        notes=tuple(run.notes),
    )


def _descent(problem: SitingProblem, wish: Floats) -> Descent:
    return Descent(Relaxation(problem), prices_from(problem, wish), wish)


def _first_plan(run: _Run, descent: Descent) -> _Choice:
    """Find a legal plan fast: the wish of the first steps, roughly fulfilled."""
    aim = _FIRST_AIM * descent.bound / run.problem.total_kwh
    wish = descent.run(_FIRST_STEPS, aim, out_of_time=run.late).wish
    return _choice(run, select_stations(run.problem, wish, run.door, gap_share=_QUICK_GAP))


def _improved(run: _Run, best: _Choice, descent: Descent) -> tuple[_Choice, float]:
    """Return the best plan found and an upper bound on every plan's value."""
    problem, bound = run.problem, descent.bound / run.problem.total_kwh
    if len(problem.pair_demand) <= EXACT_PAIRS:
        with run.stage("exact"):
            best, proven = _exact(run, best)
            bound = min(bound, proven)
        if gap_of(best.value, bound) <= run.gap_share:
            return best, bound
    else:
        with run.stage("reduced"):
            best, wish = _staged(run, best)
            if wish is not None:
                fresh = _descent(problem, wish)
                descent = min(descent, fresh, key=lambda one: one.bound)
    with run.stage("bound"):
        return _at_full_resolution(run, best, bound, descent)


def _exact(run: _Run, best: _Choice) -> tuple[_Choice, float]:
    """Solve the joint model whole; keep its plan if it is better."""
    problem = run.problem
    model = joint_model(problem)
    door = run.door.until(_LP_TIME_SHARE * run.door.left_s)
    options: dict[str, Word] = {"mip_max_nodes": _EXACT_NODES} if door.name == "highs" else {}
    answer = door.maximise(model.lp, gap_share=PROVEN / 2, **options)
    if answer.state is State.NOTHING or door.left_s <= 0:
        run.cut("exact")
    bound = answer.bound / problem.total_kwh
    if not answer.usable:
        return best, bound
    sites = np.array(list(model.open), dtype=np.int64)
    opened = values_of(list(model.open.values())) > _HALF
    chargers = np.rint(values_of(list(model.chargers.values()))).astype(np.int64)
    found = _choice(run, sites[opened], chargers[opened])
    return max(best, found, key=lambda choice: choice.value), bound


def _staged(run: _Run, best: _Choice) -> tuple[_Choice, Floats | None]:
    """Solve the reduced relaxation and select the stations nearest to its answer.

    Where the time limit is plainly too short for it, the time goes into the bound instead.
    """
    problem = run.problem
    small = reduce.thin(problem, *_SITE_CELLS_M)
    small = reduce.nearest(reduce.cells(small, *_DEMAND_CELLS_M), _NEAREST_SITES)
    if len(small.pair_demand) * _LP_S_PER_PAIR > _LP_TIME_SHARE * run.limit_s:
        run.cut("reduced")
        return best, None
    model = joint_model(small, relaxed=True)
    door = run.door.until(_LP_TIME_SHARE * run.door.left_s)
    options: dict[str, Word] = {"solver": "ipx"} if door.name == "highs" else {}
    answer = door.maximise(model.lp, gap_share=PROVEN, **options)
    if not answer.proven:
        # Thinning may cost feasibility; the first plan shows that the whole problem has it.
        if answer.state is not State.INFEASIBLE:
            run.cut("reduced")
        return best, None
    opened = np.zeros(len(problem.site_id))
    opened[list(model.open)] = values_of(list(model.open.values()))
    try:
        sites = select_stations(small, opened, run.door)
    except InfeasibleError:
        sites = select_stations(problem, opened, run.door)
    else:
        value = _choice(replace(run, problem=small), sites).value
        run.reduced = (value, answer.bound / small.total_kwh)
    found = _choice(run, sites)
    return max(best, found, key=lambda choice: choice.value), opened


def _at_full_resolution(
    run: _Run, best: _Choice, bound: float, descent: Descent
) -> tuple[_Choice, float]:
    """Fall the bound and follow its wishes until the gap is small enough."""
    problem = run.problem
    for _ in range(_ROUNDS):
        proof = descent.run(_STEPS, best.value, out_of_time=run.late)
        bound = min(bound, proof.bound)
        if run.late():
            run.cut("bound")
            break
        found = _choice(run, select_stations(problem, proof.wish, run.door))
        best = max(best, found, key=lambda choice: choice.value)
        if gap_of(best.value, bound) <= run.gap_share:
            break
    return best, bound


def _choice(run: _Run, sites: Ints, chargers: Ints | None = None) -> _Choice:
    """Size a set of stations, all used alike, and serve the demand from them.

    Where the chargers bind, flows and sizes come from one linear program first, and the flows
    anew once the sizes are whole. Chargers that are given stay if sizing anew would lose.
    """
    problem, door = run.problem, run.finishing()
    given = None if chargers is None else _served(run, sites, chargers)
    loose = assign(problem, sites, Sizes.of(problem, sites), door)
    load = sums(problem.pair_site, loose.serve_kwh, len(problem.site_id))[sites]
    sized = size_stations(problem, sites, load, door)
    if loose.exact and bool((load <= problem.kwh_day_per_charger[sites] * sized).all()):
        fair = _Choice(sites, problem.value(sites, loose.serve_kwh), loose.serve_kwh, sized)
    else:
        fair = _served(run, sites, sized)
    return given if given is not None and given.value > fair.value + _TINY else fair


def _served(run: _Run, sites: Ints, chargers: Ints) -> _Choice:
    """Serve the demand from stations of given size."""
    problem = run.problem
    done = assign(problem, sites, Sizes(chargers, chargers, int(chargers.sum())), run.finishing())
    if not done.exact:
        run.cut("assign")
    return _Choice(sites, problem.value(sites, done.serve_kwh), done.serve_kwh, chargers)


def fill_stations(
    problem: SitingProblem, sites: Ints, door: Door
) -> tuple[float, Floats, Ints, tuple[Note, ...]]:
    """Size given stations and serve the demand from them, the way every plan of ours is.

    Parameters
    ----------
    problem
        The problem at full resolution.
    sites
        Ints of the open sites, sorted; a legal set.
    door
        The solver.

    Returns
    -------
    float, array, array, tuple
        The value, energy by pair (kWh/day), chargers of each site, and a note if the
        clock ended the work.
    """
    run = _Run(problem, door, gap_share=0.0, limit_s=door.left_s, progress=None)
    done = _choice(run, sites)
    return done.value, done.serve, done.chargers, tuple(run.notes)
