"""``siting robust``: what holds in the samples of a sweep."""

from __future__ import annotations

import json
from pathlib import Path  # typer reads it
from typing import Annotated

import typer

from siting.cli.options import (
    JsonOption,
    NoCacheOption,
    SchedulerOption,
    WorkersOption,
    open_unless,
)
from siting.cli.show import screen


def robust(
    folder: Annotated[Path, typer.Argument(help="Folder of a sweep, e.g. maps/yubei-2025-sweep.")],
    *,
    plans: Annotated[int, typer.Option(min=1, help="Most plans to value; the likeliest.")] = 20,
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
