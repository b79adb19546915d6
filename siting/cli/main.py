"""The entry point: the verbs in the order in which a planner meets them.

Every failure becomes a clear message and an exit code.
"""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from typer import Abort
from typer.exceptions import TyperException

from siting import __version__
from siting.cli import check_screen, screen
from siting.cli.input_verbs import fetch, show_cache, zones
from siting.cli.new_verb import new
from siting.cli.plan_verb import plan
from siting.cli.question_verbs import check, compare, why
from siting.cli.run_verbs import handout, make_map, report, show, table
from siting.cli.screen import Terminal
from siting.cli.study_verbs import front, robust, sweep, tornado
from siting.errors import EXIT_BUG, EXIT_DATA, EXIT_GOOD, EXIT_SCENARIO, SitingError
from siting.files import is_full, unwritable

app = typer.Typer(
    name="siting",
    help="Plan where the charging and battery-swap stations of a district should stand.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
)


def _show_version(asked: bool) -> None:  # noqa: FBT001  # as typer calls it
    if asked:
        screen.emit(f"siting {__version__}")
        raise typer.Exit


@app.callback()
def _before_any_verb(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    pass


app.command()(new)
app.command()(check)
app.command()(zones)
app.command()(fetch)
app.command()(plan)
app.command("map")(make_map)
app.command()(handout)
app.command()(table)
app.command()(report)
app.command()(show)
app.command()(why)
app.command()(compare)
app.command()(sweep)
app.command()(robust)
app.command()(front)
app.command()(tornado)
app.command("cache")(show_cache)


DEBUG_VARIABLE = "SITING_DEBUG"


def main() -> None:
    """Run the command line and exit with its code."""
    _speak_utf8()
    code = run()
    try:
        sys.stdout.flush()
    except OSError:  # the reader of a pipe is gone, or what takes the output is full
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = code or EXIT_SCENARIO
    sys.exit(code)


def run(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code; no traceback reaches a planner.

    Parameters
    ----------
    arguments
        The words after ``siting``; those of the process if not given.
    """
    console = Terminal(stderr=True, highlight=False, soft_wrap=True)
    try:
        code = app(arguments, standalone_mode=False)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  # the last door
        text, code = _told(error)
        if text:
            console.print(text)
    return int(code or 0)


def _told(error: BaseException) -> tuple[str, int]:  # noqa: PLR0911  # one return a kind
    """Return what the terminal says of a failure, in rich's markup, and its exit code."""
    match error:
        case SitingError():
            return f"[bold red]error[/] {escape(check_screen.text_of(error))}", error.exit_code
        case TyperException():
            cure = "  cure:  siting --help lists the verbs, siting VERB --help the options"
            return f"[bold red]error[/] {escape(error.format_message())}\n{cure}", EXIT_SCENARIO
        case KeyboardInterrupt() | Abort():
            return "stopped; nothing was saved", EXIT_BUG
        case BrokenPipeError():  # the reader has seen enough, as in: siting show maps/x | head
            return "", EXIT_GOOD
        case MemoryError():
            text = "the memory of this machine is used up; nothing was saved"
            cure = "plan a smaller area, or close other programs"
            return f"[bold red]error[/] {text}\n  cure:  {cure}", EXIT_DATA
        case OSError() if is_full(error):
            full = unwritable(_place(error), error)
            return f"[bold red]error[/] {escape(str(full))}", full.exit_code
        case _:
            return _bug(error), EXIT_BUG


def _bug(error: BaseException) -> str:
    if os.environ.get(DEBUG_VARIABLE):
        traceback.print_exception(error)
    return (
        f"[bold red]bug[/] {escape(type(error).__name__)}: {escape(str(error))}\n"
        "  This is a fault of ours, nothing was saved.\n"
        f"  cure:  set {DEBUG_VARIABLE}=1, run again and report what it prints"
    )


def _place(error: OSError) -> Path:
    """Return the file that filled the disk, or the folder of temporary files."""
    return Path(error.filename if isinstance(error.filename, str) else tempfile.gettempdir())


def _speak_utf8() -> None:
    """Make Chinese print on a console or into a file of any code page."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
