"""``siting check``: what a plan would rest on, before any solving."""

from __future__ import annotations

import json
from pathlib import Path  # typer reads it
from typing import Annotated, Any

import typer

from siting import files
from siting.cli.options import (
    DEFAULT_SCENARIO,
    JsonOption,
    LanguageOption,
    NoCacheOption,
    ScenarioArgument,
    SetOption,
    open_unless,
    read_scenario,
)
from siting.cli.show import refusal, screen
from siting.errors import DataError, NoPlanError


def check(
    scenario: ScenarioArgument = DEFAULT_SCENARIO,
    overrides: SetOption = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write it as a page, too.")
    ] = None,
    language: LanguageOption = None,
    no_cache: NoCacheOption = False,
    as_json: JsonOption = False,
) -> None:
    """Load the data and say what a plan would rest on, graded, without solving.

    Where no plan can exist the report is made all the same, and the exit code is 4; where the
    people are missing it is 3.

    Example: [bold]siting check my-plan.toml --html check.html[/]
    """
    from siting.checkup import make_checkup  # noqa: PLC0415  # heavy; --help stays quick
    from siting.cli.show import check_screen  # noqa: PLC0415  # beside what it shows
    from siting.outputs.pages import make_check_page  # noqa: PLC0415  # heavy
    from siting.pipeline import run as pipeline  # noqa: PLC0415  # heavy

    read = read_scenario(scenario, overrides)
    refused: NoPlanError | DataError | None = None
    no_plan: dict[str, Any] = {}
    with screen.progress(read.run.language) as meter:
        prepared = pipeline.prepare(read, meter, cache=open_unless(no_cache))
        found = make_checkup(read, prepared, pipeline.pose(read, prepared, refuse=False))
        try:
            with pipeline.explained(read, prepared):
                pipeline.pose(read, prepared)
        except (NoPlanError, DataError) as error:
            refused = error
            no_plan = refusal.content_of(error)
    chosen = language or read.run.language
    if html is not None:
        told = refusal.text_of(refused).splitlines() if refused else ()
        files.write_whole(html, make_check_page(found, chosen, refusal=told))
    if as_json:
        screen.emit(
            json.dumps(found.content() | no_plan, ensure_ascii=False, indent=1, allow_nan=False)
        )
    else:
        check_screen.show_checkup(found, chosen)
        if html is not None:
            screen.say(f"wrote {html}")
    if refused:
        raise refused
