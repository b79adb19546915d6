"""``siting handout``: a map and a table for each body and township."""

from __future__ import annotations

import gc
from pathlib import Path  # typer reads it
from typing import Annotated, Literal

import typer

from siting import files
from siting.cli.show import screen


def handout(  # one parameter an option
    run: Annotated[Path, typer.Argument(help="A run folder, e.g. maps/yubei-2025.")],
    only: Annotated[
        list[str] | None,
        typer.Option("--for", metavar="NAME", help="Only for this body or township; repeatable."),
    ] = None,
    paper: Annotated[Literal["A3", "A4"], typer.Option(help="Paper size.")] = "A4",
    language: Annotated[
        Literal["zh", "en", "both"] | None, typer.Option(help="Language of the sheets.")
    ] = None,
    names: Annotated[bool, typer.Option("--list", help="List who gets one, and stop.")] = False,
) -> None:
    """Write the handouts of a run: PDF, page and picture for each body and township.

    Example: [bold]siting handout maps/yubei-2025 --for 区交通局 --paper A3[/]
    """
    from siting.outputs import paper as handouts  # noqa: PLC0415  # heavy
    from siting.plan import folder as runfolder  # noqa: PLC0415  # heavy; --help stays quick

    made = runfolder.load_plan(run)
    everybody = handouts.all_bodies(made)
    if names:
        for body in everybody:
            screen.emit(f"{body.key}\t{body.name_zh}\t{body.name_en}")
        return
    wanted = [handouts.find_body(everybody, name) for name in only or ()] or everybody
    date = made.timings.date[:10]
    order = handouts.Order(language or made.language, paper, date)  # type: ignore[arg-type]
    folder = run / runfolder.HANDOUTS
    target = files.merged_folder(folder) if only else files.whole_folder(folder, ours=_every)
    gc.freeze()  # the plan and the libraries stay: nothing to look for in them while pages are made
    with (
        screen.progress(made.language) as meter,
        target as part,
        meter.stage("handouts") as step,
    ):
        written = handouts.write_handouts(
            made, wanted, part, order, workers=handouts.worker_count(), progress=step
        )
    screen.say(f"wrote {len(written)} files for {len(wanted)} into {folder}")


def _every(_name: str) -> bool:
    return True
