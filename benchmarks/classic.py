"""The classic models beside spopt, on the OR-Library and on a district's size."""

from __future__ import annotations

import importlib
import statistics
import time
import warnings
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pulp
from scipy.sparse import coo_array

from benchmarks import orlib
from benchmarks.joint_instances import make_problem
from siting.optimize.classic import Reach, capacitated, max_cover, p_median
from siting.optimize.problem.solution import Status
from siting.optimize.solver.solver import open_solver

if TYPE_CHECKING:
    from collections.abc import Callable

    from siting.optimize.classic import Choice

_RUNS = 3
_LIMIT_S = 60.0
_RIVAL_LIMIT_S = 120.0
_RIVAL_MEDIANS = 5
"""spopt's p-median is timed on the first of them: on larger ones it runs for minutes."""
_P = 550
_RADII_M = (500.0, 1000.0, 2000.0)
_RIVAL_RADII_M = (500.0, 2000.0)
_NONE = "—"


@dataclass(frozen=True)
class Rival:
    """What spopt found, whether it was done in time, and its CPU seconds to build and solve."""

    value: float
    proven: bool
    build_s: float
    solve_s: float


def classic_section() -> str:
    """Return the tables of the classic models as Markdown."""
    rival = _rival()
    name = (
        "spopt is not installed, so its columns are empty."
        if rival is None
        else ("spopt builds its own PuLP model; HiGHS on one thread solves both.")
    )
    return (
        "## Classic models\n\n"
        f"CPU seconds, ours the median of {_RUNS} runs from matrix to proven choice. {name}\n\n"
        + "\n".join([_orlib_section(rival), _cover_section(rival)])
    )


def _orlib_section(rival: Any | None) -> str:  # noqa: ANN401  # a module
    if not orlib.FOLDER.is_dir():
        return "The OR-Library's files are not beside the project: its instances were skipped.\n"
    medians = "".join(_median_row(name, rival) for name in orlib.PMED)
    warehouses = "".join(_warehouse_row(name) for name in orlib.CAP)
    return (
        "### p-median, OR-Library\n\n"
        "| instance | nodes | p | optimum | ours | proven | seconds | spopt | build | solve |\n"
        f"|---|---|---|---|---|---|---|---|---|---|\n{medians}\n"
        "### Capacitated, OR-Library\n\n"
        f"| instance | optimum | ours | proven | seconds |\n|---|---|---|---|---|\n{warehouses}"
    )


def _median_row(name: str, rival: Any | None) -> str:  # noqa: ANN401  # a module
    instance = orlib.read_median(name)
    reach = Reach.of(instance.distance)
    choice, seconds = _timed(lambda: p_median(reach, instance.p))
    _agree(name, choice.value, instance.optimum)
    other = None
    if rival is not None and name in orlib.PMED[:_RIVAL_MEDIANS]:
        other = _solved(
            lambda: rival.PMedian.from_cost_matrix(
                instance.distance, np.ones(len(instance.distance)), p_facilities=instance.p
            )
        )
        if other.proven:
            _agree(name, choice.value, other.value)
    return (
        f"| {name} | {len(instance.distance)} | {instance.p} | {instance.optimum:g} "
        f"| {choice.value:g} | {choice.status} | {seconds:.2f} | {_cells(other)} |\n"
    )


def _warehouse_row(name: str) -> str:
    instance = orlib.read_warehouses(name)
    reach = Reach.of(instance.cost, weight=instance.demand)
    choice, seconds = _timed(
        lambda: capacitated(reach, capacity=instance.capacity, fixed_cost=instance.fixed_cost)
    )
    _agree(name, choice.value, instance.optimum)
    return (
        f"| {name} | {instance.optimum:.3f} | {choice.value:.3f} | {choice.status} "
        f"| {seconds:.2f} |\n"
    )


def _cover_section(rival: Any | None) -> str:  # noqa: ANN401  # a module
    problem = make_problem(
        8000, 4000, seed=1, stations=_P, chargers=12_000, swap_stations=25, existing=0
    )
    pairs = (problem.pair_demand, problem.pair_site)
    shape = (len(problem.demand_id), len(problem.site_id))
    matrix = coo_array((problem.pair_distance_m, pairs), shape=shape)
    reach = Reach.of(matrix, weight=problem.demand_kwh)
    far = np.full(shape, 10 * problem.cutoff_m)
    far[pairs] = problem.pair_distance_m
    rows = ""
    for radius in _RADII_M:
        runs = _RUNS if radius in _RIVAL_RADII_M else 1
        choice, seconds = _timed(partial(_cover, reach, radius), runs)
        other = None
        if rival is not None and radius in _RIVAL_RADII_M:
            build = partial(rival.MCLP.from_cost_matrix, far, problem.demand_kwh, radius, _P)
            other = _solved(build)
            if other.proven and choice.status is Status.OPTIMAL:
                _agree(f"MCLP {radius:g} m", choice.value, other.value)
        share = choice.value / reach.weight.sum()
        times = _NONE if other is None else f"{(other.build_s + other.solve_s) / seconds:.0f}"
        rows += (
            f"| {radius:g} | {reach.within(radius).distance.nnz:,} | {share:.2%} | {choice.status} "
            f"| {choice.gap_share:.2%} | {seconds:.1f} | {_cells(other)} | {times} |\n"
        )
    return (
        f"### Maximal covering, {shape[0]:,} demand points, {shape[1]:,} sites, p = {_P}\n\n"
        "Synthetic district of `benchmarks/joint_instances.py`, seed 1. The harder rows are "
        f"cut off after {_LIMIT_S:g} s of wall-clock time.\n\n"
        "| radius m | pairs | covered | status | gap | seconds | spopt | build | solve "
        f"| times ours |\n|---|---|---|---|---|---|---|---|---|---|\n{rows}"
    )


def _cover(reach: Reach, radius: float) -> Choice:
    solver = open_solver("highs", threads=1, seed=7, time_limit_s=_LIMIT_S)
    return max_cover(reach, _P, radius, solver=solver)


def _timed(run: Callable[[], Choice], runs: int = _RUNS) -> tuple[Choice, float]:
    """Return the choice and the median of the CPU seconds."""
    seconds = []
    for _ in range(runs):
        start = time.process_time()
        choice = run()
        seconds.append(time.process_time() - start)
    return choice, statistics.median(seconds)


def _rival() -> Any | None:  # noqa: ANN401  # a module
    """Return spopt's location models, None where they are not installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return importlib.import_module("spopt.locate")
        except ModuleNotFoundError:
            return None


def _solved(build: Callable[[], Any]) -> Rival:
    """Build and solve a rival's model, timing the two apart."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        start = time.process_time()
        model = build()
        middle = time.process_time()
        rival = pulp.HiGHS(msg=False, threads=1, timeLimit=_RIVAL_LIMIT_S, gapRel=1e-6)
        model.solve(rival, results=False)
        end = time.process_time()
    # PuLP says "Optimal" of an answer that a time limit cut off; HiGHS itself does not.
    highs = model.problem.solverModel
    proven = highs.modelStatusToString(highs.getModelStatus()) == "Optimal"
    value = float(pulp.value(model.problem.objective))
    return Rival(value, proven, middle - start, end - middle)


def _agree(name: str, ours: float, theirs: float) -> None:
    if abs(ours - theirs) > 1e-6 * max(abs(ours), abs(theirs)):
        msg = f"{name}: ours is {ours:.6f}, it should be {theirs:.6f}"
        raise AssertionError(msg)


def _cells(rival: Rival | None) -> str:
    if rival is None:
        return f"{_NONE} | {_NONE} | {_NONE}"
    cut = "" if rival.proven else " (cut off)"
    return f"{rival.value:g}{cut} | {rival.build_s:.1f} | {rival.solve_s:.1f}"
