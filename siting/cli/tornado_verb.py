"""``siting tornado``: which assumption moves the plan most."""

from __future__ import annotations

from pathlib import Path

from siting.cli.cache_verb import NoCacheOption, open_unless
from siting.cli.options import (
    DEFAULT_SCENARIO,
    JsonOption,
    OutOption,
    ScenarioArgument,
    SetOption,
    read_scenario,
)
from siting.cli.show import comparison_screen, screen
from siting.cli.sweep_verb import (  # typer reads them
    AfreshOption,
    SchedulerOption,
    WorkersOption,
)


def tornado(
    scenario: ScenarioArgument = DEFAULT_SCENARIO,
    *,
    overrides: SetOption = None,
    out: OutOption = Path("maps"),
    workers: WorkersOption = None,
    scheduler: SchedulerOption = None,
    afresh: AfreshOption = False,
    no_cache: NoCacheOption = False,
    as_json: JsonOption = False,
) -> None:
    """Plan with each assumption at its low and its high end, and say which moves the plan most.

    Example: [bold]siting tornado yubei-uncertain --workers 2[/]
    """
    from siting.study import tornado as rooms  # noqa: PLC0415  # heavy; --help stays quick

    read = read_scenario(scenario, overrides)
    folder = out / f"{read.run.name}-tornado"
    with screen.counting(read.run.language) as tell:
        table = rooms.tornado(
            read, folder, afresh=afresh,
            count=workers, scheduler=scheduler, cache=open_unless(no_cache), progress=tell,
        )  # fmt: skip
    if as_json:
        screen.emit(table.to_json(orient="records", indent=1))
        return
    comparison_screen.show_tornado(table, (rooms.SITES, *rooms.FIGURES))
    for name in (rooms.TORNADO_CSV, rooms.TORNADO_PNG):
        screen.say(f"wrote {folder / name}")
