"""``siting front``: what more of one goal costs in another."""

from __future__ import annotations

from typing import Annotated

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
from siting.cli.show import comparison_screen, screen


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
    from siting.study.goals import read_goals, read_ranges  # noqa: PLC0415  # heavy

    read = read_scenario(scenario, many.overrides)
    wanted = read_goals(goals)
    asked = rooms.Asked(wanted, points, read_ranges(ranges or (), wanted), result.afresh, runs)
    folder = many.out / f"{read.run.name}-front-{'-'.join(goal.name for goal in wanted)}"
    with screen.counting(read.run.language) as tell:
        table = rooms.front(read, folder, asked, execution(many, result.no_cache, tell))
    if result.as_json:
        screen.emit(table.to_json(orient="records", indent=1, force_ascii=False))
        return
    comparison_screen.show_front(
        table, [(goal.name, goal.form) for goal in wanted], read.run.language
    )
    for name in (rooms.FRONT_CSV, rooms.FRONT_JSON, rooms.FRONT_PNG):
        screen.say(f"wrote {folder / name}")
