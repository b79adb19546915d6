"""The staged method: from a problem, and a start where there is one, to a plan with its bound.

Its stations, the prices of its bound and the wish of those prices are on ids, so a changed
weight, target or lock, or a few other sites, do no harm: what is not known here is left out, and
what the start says is only ever where to look. The bound is worked out anew from the prices
and the plan anew from the stations, so a bad start costs time, never truth.

1. Swap stations by their own covering model.
2. A first legal plan: the small selection model on a first wish; it also proves infeasibility.
3. The reduced model: thin, cells, nearest sites, linear relaxation with the strong link,
   then the stations nearest to its answer. Small problems are solved whole instead.
4. At full resolution: fall the bound, select by the wish of its prices, keep the better plan;
   then free a few sites at a time where wish and plan disagree
   (:mod:`siting.optimize.search.improve`); repeat until the gap is small enough or no longer falls.

A start from an earlier solve (:mod:`siting.optimize.search.solve`) stands in for the first plan
and the first prices; where its stations may all stand, 3 is left out if 4 reaches the gap from
there.

Every set of stations is valued at full resolution with whole chargers, never by a model's word.
Every stage ends by a gap or a count, so that two runs agree to the last byte; the clock is a
safety stop, and a plan it touched carries the note ``time_limit_reached``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from siting.errors import ScenarioError
from siting.notes import Note
from siting.optimize.bound import Descent, Prices, Relaxation, prices_from, uniform_wish
from siting.optimize.model import reduce
from siting.optimize.model.fill import better, fill_stations, filled, try_filled
from siting.optimize.model.joint import joint_model
from siting.optimize.model.selection import select_stations, try_stations
from siting.optimize.objectives import plan_by_objective
from siting.optimize.problem.problem import JOINT, after_swap
from siting.optimize.problem.solution import (
    PROVEN,
    Solution,
    Start,
    assignment_table,
    gap_of,
    outcome_of,
)
from siting.optimize.search.improve import improved
from siting.optimize.solver.run_log import Run
from siting.optimize.solver.solver import State, open_solver, values_of
from siting.optimize.swap import swap_again, swap_cover, swap_key

if TYPE_CHECKING:
    from siting import scenario
    from siting.arrays import Floats, Ints, Names
    from siting.notes import Progress
    from siting.optimize.model.fill import Filled
    from siting.optimize.problem.problem import SitingProblem
    from siting.optimize.problem.solution import Outcome
    from siting.optimize.solver.solver import Option
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


__all__ = ["Solution", "fill_stations", "solve_problem"]

EXACT_PAIRS = 20_000
_EXACT_NODES = 2_000
_SITE_CELLS_M = (200.0, 400.0)
_DEMAND_CELLS_M = (300.0, 800.0)
_NEAREST_SITES = 20
_NEAREST_BY_OCCASION = 8
"""Fewer do: each occasion of a cell has its own. On the sample the same plan in 2/3 of the time."""
_ROUNDS = (6, 100)
"""Rounds at full resolution, and steps of the bound in each."""
_ROUNDS_FROM_START = (4, 40)
_LEAST_PROGRESS = 0.03
_QUICK_GAP = 0.01
_FIRST_S = 20.0
"""Time for the first choice of stations even past the limit: a late plan beats none (s)."""
_FIRST_STEPS = 40
_FIRST_AIM = 0.95
_LP_TIME_SHARE = 0.7
_LP_S_PER_PAIR = 3e-4
_HALF = 0.5


def solve_problem(
    problem: SitingProblem,
    *,
    solver: scenario.Solver,
    seed: int,
    start: Start | None = None,
    progress: Progress | None = None,
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
    start
        What an earlier solve of nearly the same problem left. The plan then depends on it, within
        the gap proven, and says so in a note.
    progress
        Called with the name of each stage as it starts.

    Raises
    ------
    InfeasibleError
        If the rules contradict each other; proven, with numbers.
    NoAnswerError
        If the time limit passed with no plan in hand.
    ScenarioError
        If the start is from another place.
    """
    backend = open_solver(
        solver.name, threads=solver.threads, seed=seed, time_limit_s=solver.time_limit_s
    )
    run = Run(problem, backend, solver.gap_share, solver.time_limit_s, progress)
    run.notes.extend(problem.notes)
    if backend.fallback:
        run.notes.append(Note("solver_fallback", {"asked": solver.name, "used": backend.name}))
    if start is not None:
        run.notes.append(Note("started_from", {"run": start.run, "sha256": start.sha256[:12]}))
    with run.stage("swap"):
        swap, key = _swaps(run, start)
    problem = run.problem = after_swap(problem, swap.sites)
    if problem.goal.name != JOINT:
        return _solution(run, swap, *plan_by_objective(run))
    if start is None:
        with run.stage("first_plan"):
            descent = _descent(problem, uniform_wish(problem))
            best = _first_plan(run, descent)
        best, bound, descent = _improved(run, best, descent)
    else:
        with run.stage("start"):
            descent, best, stands = _started(run, start)
        way = _improved_from_start if stands else _improved
        best, bound, descent = way(run, best, descent)
    outcome = outcome_of(
        best.value, bound, run.reduced, gap_share=solver.gap_share, solver=backend.name
    )
    solution = _solution(run, swap, best, outcome)
    return replace(solution, start=start_of(problem, best.sites, descent, swap, key))


def _solution(run: Run, swap: SwapCover, best: Filled, outcome: Outcome) -> Solution:
    """Return a plan on the ids of the problem."""
    problem = run.problem
    open_ids: list[str] = problem.site_id[best.sites].tolist()
    swap_gap = swap.gap_share if problem.swap_stations else float("nan")
    return Solution(
        chargers=dict(zip(open_ids, best.chargers.tolist(), strict=True)),
        swap_ids=tuple(problem.site_id[swap.sites].tolist()),
        assignments=assignment_table(problem, best.serve),
        outcome=replace(outcome, swap_gap_share=swap_gap),
        stages=tuple(run.stages),
        notes=tuple(run.notes),
    )


def _swaps(run: Run, start: Start | None) -> tuple[SwapCover, str]:
    """Choose the swap stations, or prove the start's where it read the same; with their key."""
    key = swap_key(run.problem)
    if start is not None and start.swap_key == key:
        sites = np.flatnonzero(np.isin(run.problem.site_id, start.swap_ids))
        proven = swap_again(run.problem, sites, run.solver.until(run.limit_s / 4))
        if proven is not None:
            return proven, key
    swap = swap_cover(run.problem, run.solver.until(run.limit_s / 4))
    if swap.state is State.SOLVED:
        return swap, key
    run.cut("swap")
    return swap, ""


def _descent(problem: SitingProblem, wish: Floats) -> Descent:
    return Descent(Relaxation(problem), prices_from(problem, wish), wish)


def _first_plan(run: Run, descent: Descent) -> Filled:
    """Find a legal plan fast: the wish of the first steps, roughly fulfilled."""
    aim = _FIRST_AIM * descent.bound / run.problem.total_kwh
    wish = descent.run(_FIRST_STEPS, aim, out_of_time=run.late).wish
    solver = run.solver.at_least(_FIRST_S)
    return filled(run, select_stations(run.problem, wish, solver, gap_share=_QUICK_GAP))


def _started(run: Run, start: Start) -> tuple[Descent, Filled, bool]:
    """Return the start's prices and its stations, and whether these may all stand.

    Where the rules no longer allow them, the nearest legal ones are returned.
    """
    problem = run.problem
    stands, wish = wished_for(problem, start)
    descent = descent_from(problem, stands, wish, start)
    kept = np.zeros(len(wish), dtype=bool)
    kept[stands] = True
    as_it_was = reduce.keep_sites(problem, kept)
    answer, sites = try_stations(as_it_was, wish, run.finishing(), gap_share=_QUICK_GAP)
    if not answer.usable:
        solver = run.solver.at_least(_FIRST_S)
        sites = select_stations(problem, wish + kept, solver, gap_share=_QUICK_GAP)
    return descent, filled(run, sites), answer.usable


def _improved_from_start(run: Run, best: Filled, descent: Descent) -> tuple[Filled, float, Descent]:
    """Improve the start's plan; take the long way only if that does not reach the gap."""
    bound = descent.bound / run.problem.total_kwh
    if gap_of(best.value, bound) > run.gap_share:
        with run.stage("bound"):
            best, bound = _at_full_resolution(run, best, bound, descent, _ROUNDS_FROM_START)
    if gap_of(best.value, bound) <= run.gap_share:
        return best, bound, descent
    better, lower, descent = _improved(run, best, descent)
    return better, min(bound, lower), descent


def _improved(run: Run, best: Filled, descent: Descent) -> tuple[Filled, float, Descent]:
    """Return the best plan found, an upper bound on every plan's value, and its prices."""
    problem, bound = run.problem, descent.bound / run.problem.total_kwh
    if len(problem.pair_demand) <= EXACT_PAIRS:
        with run.stage("exact"):
            best, proven = _exact(run, best)
            bound = min(bound, proven)
        if gap_of(best.value, bound) <= run.gap_share:
            return best, bound, descent
    else:
        with run.stage("reduced"):
            best, wish = _staged(run, best)
            if wish is not None:
                fresh = _descent(problem, wish)
                descent = min(descent, fresh, key=lambda one: one.bound)
    with run.stage("bound"):
        best, bound = _at_full_resolution(run, best, bound, descent, _ROUNDS)
    return best, bound, descent


def _exact(run: Run, best: Filled) -> tuple[Filled, float]:
    """Solve the joint model whole; keep its plan if it is better."""
    problem = run.problem
    model = joint_model(problem)
    solver = run.solver.until(_LP_TIME_SHARE * run.solver.left_s)
    options: dict[str, Option] = {"mip_max_nodes": _EXACT_NODES} if solver.name == "highs" else {}
    answer = solver.maximise(model.lp, gap_share=PROVEN / 2, **options)
    if answer.state is State.NOTHING or solver.left_s <= 0:
        run.cut("exact")
    bound = answer.bound / problem.total_kwh
    if not answer.usable:
        return best, bound
    sites = np.array(list(model.open), dtype=np.int64)
    opened = values_of(list(model.open.values())) > _HALF
    chargers = np.rint(values_of(list(model.chargers.values()))).astype(np.int64)
    found = try_filled(run, sites[opened], "exact", chargers[opened])
    return better(best, found), bound


def _staged(run: Run, best: Filled) -> tuple[Filled, Floats | None]:
    """Solve the reduced relaxation and select the stations nearest to its answer.

    Where the time limit is plainly too short for it, the time goes into the bound instead.
    """
    problem = run.problem
    small = reduce.thin(problem, *_SITE_CELLS_M)
    count = _NEAREST_SITES if problem.classes == 1 else _NEAREST_BY_OCCASION
    small = reduce.nearest(reduce.cells(small, *_DEMAND_CELLS_M), count)
    if len(small.pair_demand) * _LP_S_PER_PAIR > _LP_TIME_SHARE * run.limit_s:
        run.cut("reduced")
        return best, None
    model = joint_model(small, relaxed=True)
    solver = run.solver.until(_LP_TIME_SHARE * run.solver.left_s)
    options: dict[str, Option] = {"solver": "ipx"} if solver.name == "highs" else {}
    answer = solver.maximise(model.lp, gap_share=PROVEN, **options)
    if not answer.proven:
        # Thinning may cost feasibility; the first plan shows that the whole problem has it.
        if answer.state is not State.INFEASIBLE:
            run.cut("reduced")
        return best, None
    opened = np.zeros(len(problem.site_id))
    opened[list(model.open)] = values_of(list(model.open.values()))
    found, sites = try_stations(small, opened, run.solver)
    if found.usable:
        valued = try_filled(replace(run, problem=small), sites, "reduced")
        if valued is not None:
            run.reduced = (valued.value, answer.bound / small.total_kwh)
        return better(best, try_filled(run, sites, "reduced")), opened
    return better(best, _selected(run, opened)), opened


def _selected(run: Run, wish: Floats) -> Filled | None:
    """Return the plan that fits a wish best; None if the clock left no time to find it."""
    answer, sites = try_stations(run.problem, wish, run.solver)
    if not answer.usable:
        run.cut("bound")
        return None
    return try_filled(run, sites, "bound")


def _at_full_resolution(
    run: Run, best: Filled, bound: float, descent: Descent, rounds: tuple[int, int]
) -> tuple[Filled, float]:
    """Fall the bound, follow its wishes, and improve the plan, until the gap is small enough.

    A round that closes next to nothing of the gap is the last.
    """
    gap = gap_of(best.value, bound)
    for _ in range(rounds[0]):
        proof = descent.run(rounds[1], best.value, out_of_time=run.late)
        bound = min(bound, proof.bound)
        if run.late():
            run.cut("bound")
            break
        best = better(best, _selected(run, proof.wish))
        if gap_of(best.value, bound) > run.gap_share:
            best = improved(run, best, proof.wish, enough=(1 - run.gap_share) * bound)
        before, gap = gap, gap_of(best.value, bound)
        if gap <= run.gap_share or before - gap < _LEAST_PROGRESS * before:
            break
    return best, bound
