"""Many plans of one scenario: ``siting sweep``, ``robust``, ``front`` and ``tornado``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from siting.cli import answer_screens, screen
from siting.cli.options import (
    DEFAULT_SCENARIO,
    JsonOption,
    ManyOptions,
    NoCacheOption,
    ResultOptions,
    RunsOption,
    ScenarioArgument,
    SchedulerOption,
    WorkersOption,
    execution,
    grouped,
    open_unless,
    read_scenario,
)

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
        int,
        typer.Option(min=0, max=10_000, help="Samples of what the scenario calls uncertain."),
    ] = 0,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Seed of the samples.")] = 7,
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


def robust(
    folder: Annotated[Path, typer.Argument(help="Folder of a sweep, e.g. maps/yubei-2025-sweep.")],
    *,
    plans: Annotated[
        int, typer.Option(min=1, max=1_000, help="Most plans to value; the likeliest.")
    ] = 20,
    workers: WorkersOption = None,
    scheduler: SchedulerOption = None,
    no_cache: NoCacheOption = False,
    as_json: JsonOption = False,
) -> None:
    """Say which sites nearly all samples choose, and which plan stands all of them best.

    Example: [bold]siting robust maps/yubei-uncertain-sweep[/]
    """
    from siting.study import robust as rooms  # noqa: PLC0415  # heavy; --help stays quick
    from siting.study.engine import Execution  # noqa: PLC0415  # heavy

    with screen.counting("en") as tell:
        told = rooms.what_holds(
            folder, Execution(workers, scheduler, open_unless(no_cache), tell), most=plans
        )
    if as_json:
        screen.emit(json.dumps(told, ensure_ascii=False, indent=1, allow_nan=False))
        return
    sites = told["sites"]
    screen.say(
        f"{told['samples']} samples: {sites['core']} core sites (in {told['core_share']:.0%} of "
        f"them or more; {told['stand_today']} of these stand today), {sites['swing']} swing sites, "
        f"{told['never']} never chosen"
    )
    screen.say(f"{told['plans']} plans valued, {told['cannot_be']} of them not possible everywhere")
    for name, one in told["robust"].items():
        screen.say(
            f"best {name}: plan {one['plan']}, {rooms.shown(one['value'])} against "
            f"{rooms.shown(one['value_of_base_plan'])} of the base's plan; "
            f"price in the base {rooms.shown(one['price'])}"
        )
    for name in (rooms.SHARES_CSV, rooms.SHARES_MAP, rooms.VALUES_CSV, rooms.ROBUST_JSON):
        screen.say(f"wrote {folder / name}")


@grouped
def front(
    scenario: ScenarioArgument = DEFAULT_SCENARIO,
    *,
    goals: Annotated[
        str,
        typer.Option(
            metavar="FIRST,LIMITED",
            help="The first is made best (served, value, travel, coverage, equity), one or two "
            "others are limited (cost, equity, coverage, grid).",
        ),
    ] = "served,cost",
    points: Annotated[
        int, typer.Option(min=2, max=100, help="Points beside the one without a limit.")
    ] = 12,
    ranges: Annotated[
        list[str] | None,
        typer.Option("--range", metavar="GOAL=LOW,HIGH", help="Ends of the limits of a goal."),
    ] = None,
    many: ManyOptions,
    runs: RunsOption = False,
    result: ResultOptions,
) -> None:
    """Show what more of one goal costs in another: the best plan for each limit, and the knee.

    Example: [bold]siting front --goals served,cost --points 12[/]
    """
    from siting.study import front as rooms  # noqa: PLC0415  # heavy; --help stays quick
    from siting.study.pareto import read_goals, read_ranges  # noqa: PLC0415  # heavy

    read = read_scenario(scenario, many.overrides)
    wanted = read_goals(goals)
    asked = rooms.Asked(wanted, points, read_ranges(ranges or (), wanted), result.afresh, runs)
    folder = many.out / f"{read.run.name}-front-{'-'.join(goal.name for goal in wanted)}"
    with screen.counting(read.run.language) as tell:
        table = rooms.front(read, folder, asked, execution(many, result.no_cache, tell))
    if result.as_json:
        screen.emit(table.to_json(orient="records", indent=1, force_ascii=False))
        return
    answer_screens.show_front(table, [(goal.name, goal.form) for goal in wanted], read.run.language)
    for name in (rooms.FRONT_CSV, rooms.FRONT_JSON, rooms.FRONT_PNG):
        screen.say(f"wrote {folder / name}")


@grouped
def tornado(
    scenario: ScenarioArgument = DEFAULT_SCENARIO,
    *,
    many: ManyOptions,
    result: ResultOptions,
) -> None:
    """Plan with each assumption at its low and its high end, and say which moves the plan most.

    Example: [bold]siting tornado yubei-uncertain --workers 2[/]
    """
    from siting.study import tornado as rooms  # noqa: PLC0415  # heavy; --help stays quick

    read = read_scenario(scenario, many.overrides)
    folder = many.out / f"{read.run.name}-tornado"
    with screen.counting(read.run.language) as tell:
        table = rooms.tornado(
            read, folder, execution(many, result.no_cache, tell), afresh=result.afresh
        )
    if result.as_json:
        screen.emit(table.to_json(orient="records", indent=1))
        return
    answer_screens.show_tornado(
        table, (rooms.REGRET, rooms.SITES, *rooms.FIGURES), read.run.language
    )
    for name in (rooms.TORNADO_CSV, rooms.TORNADO_PNG):
        screen.say(f"wrote {folder / name}")
