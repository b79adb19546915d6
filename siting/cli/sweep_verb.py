"""``siting sweep``: many plans of one scenario, on all cores or on a cluster."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from siting.cli.options import (
    DEFAULT_SCENARIO,
    ManyOptions,
    ResultOptions,
    RunsOption,
    ScenarioArgument,
    execution,
    grouped,
    read_scenario,
)
from siting.cli.show import screen

if TYPE_CHECKING:
    from siting.study.sweep import Swept


@grouped
def sweep(
    scenario: ScenarioArgument = DEFAULT_SCENARIO,
    *,
    grid: Annotated[
        list[str] | None,
        typer.Option("--grid", metavar="KEY=V,V", help="Values of a key; may be repeated."),
    ] = None,
    samples: Annotated[
        int, typer.Option(min=0, help="Samples of what the scenario calls uncertain.")
    ] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the samples.")] = 7,
    many: ManyOptions,
    form: Annotated[
        Literal["parquet", "csv"], typer.Option("--format", help="Form of the table.")
    ] = "parquet",
    runs: RunsOption = False,
    result: ResultOptions,
) -> None:
    """Make many plans: every point of a grid with every sample; goes on where it was stopped.

    Example: [bold]siting sweep yubei-uncertain --samples 20 --workers 2[/]
    """
    from siting.study.samples import read_grid  # noqa: PLC0415  # heavy; --help stays quick
    from siting.study.sweep import Wanted  # noqa: PLC0415  # heavy
    from siting.study.sweep import sweep as run_sweep  # noqa: PLC0415  # heavy

    read = read_scenario(scenario, many.overrides)
    folder = many.out / f"{read.run.name}-sweep"
    wanted = Wanted(
        read_grid(grid or ()), samples, seed, form=form, runs=runs, afresh=result.afresh
    )
    with screen.counting(read.run.language) as tell:
        swept = run_sweep(read, folder, wanted, execution(many, result.no_cache, tell))
    if result.as_json:
        content = {
            "plans": len(swept.rows),
            "reused": swept.reused,
            "failed": swept.failed,
            "folder": str(folder),
            "table": swept.table.name,
        }
        screen.emit(json.dumps(content, ensure_ascii=False, indent=1))
        return
    _tell(swept)


def _tell(swept: Swept) -> None:
    screen.say(
        f"{len(swept.rows)} plans, {swept.reused} of them made before, {swept.failed} failed"
    )
    for row in swept.rows:
        if not row.planned:
            screen.complain(f"{row.grid | row.drawn}: {row.what}")
    screen.say(f"wrote {swept.table}")
