"""``siting tornado``: which assumption moves the plan most."""

from __future__ import annotations

from siting.cli.options import (
    DEFAULT_SCENARIO,
    ManyOptions,
    ResultOptions,
    ScenarioArgument,
    execution,
    grouped,
    read_scenario,
)
from siting.cli.show import comparison_screen, screen


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
    comparison_screen.show_tornado(table, (rooms.SITES, *rooms.FIGURES))
    for name in (rooms.TORNADO_CSV, rooms.TORNADO_PNG):
        screen.say(f"wrote {folder / name}")
