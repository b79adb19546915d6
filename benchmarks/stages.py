"""Seconds and peak memory of each stage on the embedded sample of Yubei."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from siting.optimize.search.solve import solve_problem
from siting.pipeline import run as pipeline
from siting.pipeline.meter import Meter
from siting.scenario import load_scenario
from siting.shipped import shipped_path

if TYPE_CHECKING:
    from siting.optimize.problem.solution import Outcome
    from siting.pipeline.run import Prepared


@dataclass(frozen=True)
class Sample:
    """The sample as loaded and solved, and what that took."""

    prepared: Prepared
    outcome: Outcome
    meter: Meter


def run_sample() -> Sample:
    """Load the sample and solve it, measuring every stage."""
    scenario = load_scenario(shipped_path("scenarios/yubei-2025.toml"))
    meter = Meter(lambda _stage, _step, _share: None)
    prepared = pipeline.prepare(scenario, meter)
    with meter.stage("problem"):
        problem = pipeline.pose(scenario, prepared)
    with meter.stage("solve"):
        solution = solve_problem(problem, solver=scenario.solver, seed=scenario.run.seed)
    return Sample(prepared=prepared, outcome=solution.outcome, meter=meter)


def stages_section(sample: Sample) -> str:
    """Return the table of the stages as Markdown."""
    prepared, outcome = sample.prepared, sample.outcome
    rows = "".join(
        f"| {name} | {seconds:.1f} | {sample.meter.peak_mb[name]:.0f} |\n"
        for name, seconds in sample.meter.seconds.items()
    )
    return (
        "## The sample of Yubei\n\n"
        f"{len(prepared.world.nodes):,} road nodes, {len(prepared.world.edges):,} edges, "
        f"{len(prepared.candidates.sites):,} candidate sites, {len(prepared.demand):,} demand "
        f"points, {len(prepared.reach):,} pairs in reach. Answer: {outcome.status}, gap "
        f"{outcome.gap_share:.2%} at full resolution.\n\n"
        f"| stage | seconds | peak MB |\n|---|---|---|\n{rows}"
        f"| together | {sum(sample.meter.seconds.values()):.1f} "
        f"| {max(sample.meter.peak_mb.values()):.0f} |\n"
    )
