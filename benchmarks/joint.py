"""The joint model on synthetic districts of growing size, with variants: time, memory, gaps.

Each instance runs in a process of its own, so that its CPU time and peak memory are its own.
"""

from __future__ import annotations

import multiprocessing
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.joint_instances import make_problem
from siting.optimize.model import reduce
from siting.optimize.model.joint import joint_model
from siting.optimize.search.solve import solve_problem
from siting.pipeline.meter import Meter
from siting.scenario import Solver

if TYPE_CHECKING:
    from collections.abc import Callable

    from siting.optimize.problem.problem import SitingProblem

_SEEDS = (1, 2, 3)
_LIMIT_S = 900.0
"""So long that the wall clock decides nothing: CPU seconds are what is told."""
_BASE = {"stations": 550, "chargers": 12_000, "swap_stations": 25, "existing": 60}
_QUARTER = {"stations": 140, "chargers": 3_000, "swap_stations": 8, "existing": 15}
_LARGE = {"stations": 1_400, "chargers": 30_000, "swap_stations": 60, "existing": 150}
SIZES: dict[tuple[int, int], dict[str, int]] = {
    (2_000, 1_000): _QUARTER,
    (4_000, 2_000): {"stations": 275, "chargers": 6_000, "swap_stations": 14, "existing": 30},
    (8_000, 4_000): _BASE,
    (20_000, 10_000): _LARGE,
}
KWH_PER_DEMAND = 52.5
"""Energy of one demand point (kWh/day): 420,000 at 8,000 points, in every size alike."""
VARIANTS: dict[str, dict[str, Any]] = {
    "tight radius (1.5 km)": {"cutoff_m": 1500.0},
    "wide radius (4 km)": {"cutoff_m": 4000.0},
    "high demand (x 3)": {"kwh_total": 1_260_000.0},
    "low demand (x 1/3)": {"kwh_total": 140_000.0},
    "tight quotas (15 a zone)": {"floor": 15},
    "few stations (300)": {"stations": 300},
    "many chargers (20,000)": {"chargers": 20_000},
    "wide spacing (500 m)": {"spacing_m": 500.0},
    "nothing stands": {"existing": 0},
    "scattered": {"dense_share": 0.1},
}


@dataclass(frozen=True)
class Result:
    """What one instance took and what was proven about it; a gap of nan was not reached."""

    pairs: int
    first_plan_s: float
    cpu_s: float
    peak_mb: float
    reduced_gap: float
    gap: float
    swap_gap: float
    status: str


def joint_section(keep: Callable[[dict[tuple[int, int], list[Result]]], None]) -> str:
    """Return the tables of the joint model as Markdown.

    Parameters
    ----------
    keep
        Given the results by size, to plot the growth.
    """
    by_size = {size: [_measured(size, seed, {}) for seed in _seeds(size)] for size in SIZES}
    keep(by_size)
    sizes = "".join(
        _row(f"{demand:,} x {sites:,}, seed {seed}", result)
        for (demand, sites), results in by_size.items()
        for seed, result in zip(_seeds((demand, sites)), results, strict=True)
    )
    size = (8_000, 4_000)
    variants = {name: _measured(size, _SEEDS[0], knobs) for name, knobs in VARIANTS.items()}
    rows = "".join(_row(name, result) for name, result in variants.items())
    all_gaps = [one.reduced_gap for one in (*by_size[size], *variants.values())]
    known = [gap for gap in all_gaps if gap == gap]  # noqa: PLR0124  # nan: stage not reached
    return (
        "## The joint model\n\n"
        "Synthetic districts of `benchmarks/joint_instances.py`; demand points x sites. CPU "
        "seconds of one thread, problem to plan; `first` is when the first legal plan was in "
        "hand. The solver's settings are those a scenario has when it says nothing, but for a "
        "clock that stops nobody.\n\n"
        f"{_HEAD}{sizes}\n"
        "![Growth with size](pictures/benchmarks-growth.png)\n\n"
        f"### Ten variants of 8,000 x 4,000, seed {_SEEDS[0]}\n\n{_HEAD}{rows}\n"
        f"Gap of the reduced model over base and variants: median {statistics.median(known):.2%}, "
        f"worst {max(known):.2%}; not reached in {len(all_gaps) - len(known)} of "
        f"{len(all_gaps)}.\n\n"
        f"### PuLP's part\n\n{_pulp_table()}"
    )


_HEAD = (
    "| instance | pairs | first s | all s | peak MB | reduced gap | full gap | swap gap "
    "| status |\n"
    "|---|---|---|---|---|---|---|---|---|\n"
)


def _row(name: str, one: Result) -> str:
    return (
        f"| {name} | {one.pairs:,} | {one.first_plan_s:.1f} | {one.cpu_s:.1f} | {one.peak_mb:.0f} "
        f"| {_share(one.reduced_gap)} | {_share(one.gap)} | {_share(one.swap_gap)} "
        f"| {one.status} |\n"
    )


def _share(value: float) -> str:
    return f"{value:.2%}" if value == value else "not reached"  # noqa: PLR0124  # nan


def _seeds(size: tuple[int, int]) -> tuple[int, ...]:
    return _SEEDS if size != (20_000, 10_000) else _SEEDS[:1]


def _problem(size: tuple[int, int], seed: int, knobs: dict[str, Any]) -> SitingProblem:
    demand, sites = size
    settings = {"kwh_total": KWH_PER_DEMAND * demand} | SIZES[size] | knobs
    return make_problem(demand, sites, seed=seed, **settings)


def _alone(run: Callable[..., Any], *arguments: Any) -> Any:  # noqa: ANN401  # any result
    """Run a function in a fresh process."""
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=fresh) as pool:
        return pool.submit(run, *arguments).result()


def _measured(size: tuple[int, int], seed: int, knobs: dict[str, Any]) -> Result:
    result: Result = _alone(run_instance, size, seed, knobs)
    print(f"{size} seed {seed} {knobs}: {result}", flush=True)
    return result


def run_instance(size: tuple[int, int], seed: int, knobs: dict[str, Any]) -> Result:
    """Make and solve one instance, measuring this process."""
    problem = _problem(size, seed, knobs)
    meter = Meter(lambda _stage, _step, _share: None)
    begun: dict[str, float] = {}
    start = time.process_time()

    def note(stage: str, _share: float) -> None:
        begun.setdefault(stage, time.process_time() - start)

    with meter.stage("solve"):
        solver = Solver(time_limit_s=_LIMIT_S)
        solution = solve_problem(problem, solver=solver, seed=7, progress=note)
    end = time.process_time() - start
    later = [second for second in begun.values() if second > begun["first_plan"]]
    outcome = solution.outcome
    return Result(
        pairs=len(problem.pair_demand),
        first_plan_s=min(later, default=end),
        cpu_s=end,
        peak_mb=meter.peak_mb["solve"],
        reduced_gap=outcome.reduced_gap_share,
        gap=outcome.gap_share,
        swap_gap=outcome.swap_gap_share,
        status=str(outcome.status),
    )


def _pulp_table() -> str:
    rows = "".join(_alone(build_model, size, whole) for size in SIZES for whole in (False, True))
    return (
        "The joint model written in PuLP: reduced as it is solved, and whole as nobody should "
        "solve it.\n\n"
        "| instance | model | variables | rows | nonzeros | build s | added MB |\n"
        f"|---|---|---|---|---|---|---|\n{rows}"
    )


def build_model(size: tuple[int, int], whole: bool) -> str:  # noqa: FBT001  # crosses processes
    """Build the model of one instance, measuring this process."""
    small = problem = _problem(size, _SEEDS[0], {})
    if not whole:
        small = reduce.thin(problem, 200.0, 400.0)
        small = reduce.nearest(reduce.cells(small, 300.0, 800.0), 20)
    meter = Meter(lambda _stage, _step, _share: None)
    with meter.stage("before"):
        pass
    start = time.process_time()
    with meter.stage("build"):
        lp = joint_model(small, relaxed=True).lp
    seconds = time.process_time() - start
    rows = lp.constraints()
    nonzeros = sum(len(row) for row in rows)
    return (
        f"| {size[0]:,} x {size[1]:,} | {'whole' if whole else 'reduced'} "
        f"| {len(lp.variables()):,} | {len(rows):,} | {nonzeros:,} | {seconds:.1f} "
        f"| {meter.peak_mb['build'] - meter.peak_mb['before']:.0f} |\n"
    )
