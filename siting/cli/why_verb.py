"""``siting why``: why a site is in a plan, or not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from siting.cli.options import (
    JsonOption,
    NoCacheOption,
    open_unless,
)
from siting.cli.show import screen


def why(
    site: Annotated[str, typer.Argument(help="Id of a site, e.g. way/123, or its name.")],
    run: Annotated[
        Path | None, typer.Argument(help="A run folder; left out, the newest in maps.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="Folder of the plan's scenario file, if its data are not found."),
    ] = None,
    no_cache: NoCacheOption = False,
    as_json: JsonOption = False,
) -> None:
    """Say why a site is in a plan, or what keeps it out: the plan is solved again to find out.

    Example: [bold]siting why way/123 maps/yubei-2025[/]
    """
    from siting.cli.show import why_screen  # noqa: PLC0415  # beside what it shows
    from siting.plan import folder as runfolder  # noqa: PLC0415  # heavy; --help stays quick
    from siting.why import ask  # noqa: PLC0415  # heavy

    folder = run or ask.last_run(Path("maps"))
    made = runfolder.load_plan(folder)
    with screen.progress(made.language) as meter:
        answer = ask.why(
            site,
            folder,
            plan=made,
            folders=[data] if data else [Path()],
            meter=meter,
            cache=open_unless(no_cache),
        )
    if as_json:
        screen.emit(json.dumps(answer.content(), ensure_ascii=False, indent=1, allow_nan=False))
    else:
        why_screen.show_why(answer, made)
