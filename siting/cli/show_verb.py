"""``siting show``: what a run says, in the terminal."""

from __future__ import annotations

from siting.cli.options import (
    JsonOption,
    RunArgument,
)
from siting.cli.show import screen


def show(run: RunArgument, as_json: JsonOption = False) -> None:
    """Print the totals, status and figures of a run.

    Example: [bold]siting show maps/yubei-2025 --json[/]
    """
    from siting.plan import folder as runfolder  # noqa: PLC0415  # heavy; --help stays quick

    made = runfolder.load_plan(run)
    if as_json:
        screen.emit((run / runfolder.PLAN_JSON).read_text(encoding="utf-8"))
    else:
        screen.show_plan(made, run)
