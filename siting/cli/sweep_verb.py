"""``siting sweep``: many plans of one scenario, on all cores or on a cluster."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from siting.cli.cache_verb import NoCacheOption, open_unless
from siting.cli.options import (
    DEFAULT_SCENARIO,
    JsonOption,
    OutOption,
    ScenarioArgument,
    SetOption,
    read_scenario,
)
from siting.cli.show import screen

WorkersOption = Annotated[
    int | None, typer.Option(min=1, help="Worker processes; as many as cores if left out.")
]
SchedulerOption = Annotated[
    str | None, typer.Option(metavar="TCP", help="A dask scheduler that runs, tcp://host:port.")
]
AfreshOption = Annotated[
    bool, typer.Option("--afresh", help="Start no plan from that of the base; takes longer.")
]


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
    overrides: SetOption = None,
    out: OutOption = Path("maps"),
    workers: WorkersOption = None,
    scheduler: SchedulerOption = None,
    form: Annotated[
        Literal["parquet", "csv"], typer.Option("--format", help="Form of the table.")
    ] = "parquet",
    runs: Annotated[bool, typer.Option("--runs", help="Write each run folder too.")] = False,
    afresh: AfreshOption = False,
    no_cache: NoCacheOption = False,
    as_json: JsonOption = False,
) -> None:
    """Make many plans: every point of a grid with every sample; goes on where it was stopped.

    Example: [bold]siting sweep yubei-uncertain --samples 20 --workers 2[/]
    """
    from siting.study.samples import read_grid  # noqa: PLC0415  # heavy; --help stays quick
    from siting.study.sweep import Wanted  # noqa: PLC0415  # heavy
    from siting.study.sweep import sweep as run_sweep  # noqa: PLC0415  # heavy

    read = read_scenario(scenario, overrides)
    folder = out / f"{read.run.name}-sweep"
    wanted = Wanted(
        read_grid(grid or ()), samples=samples, seed=seed, form=form, runs=runs, afresh=afresh
    )
    with screen.counting(read.run.language) as tell:
        swept = run_sweep(
            read, folder, wanted,
            count=workers, scheduler=scheduler, cache=open_unless(no_cache), progress=tell,
        )  # fmt: skip
    content = {
        "plans": len(swept.rows),
        "reused": swept.reused,
        "failed": swept.failed,
        "folder": str(folder),
        "table": swept.table.name,
    }
    if as_json:
        screen.emit(json.dumps(content, ensure_ascii=False, indent=1))
        return
    screen.say(
        f"{content['plans']} plans, {swept.reused} of them made before, {swept.failed} failed"
    )
    for row in swept.rows:
        if row["state"] != "ok":
            screen.complain(f"{row['grid'] | row['drawn']}: {row['what']}")
    screen.say(f"wrote {swept.table}")
