"""The entry point: the verbs in the order in which a planner meets them.

Every failure becomes a clear message and an exit code.
"""

from __future__ import annotations

import os
import sys
import traceback

import typer
from rich.console import Console
from rich.markup import escape
from typer import Abort
from typer.exceptions import TyperException

from siting.cli.cache_verb import show_cache
from siting.cli.check_verb import check
from siting.cli.compare_verb import compare
from siting.cli.fetch_verb import fetch
from siting.cli.front_verb import front
from siting.cli.handout_verb import handout
from siting.cli.map_verb import make_map
from siting.cli.new_verb import new
from siting.cli.plan_verb import plan
from siting.cli.report_verb import report
from siting.cli.robust_verb import robust
from siting.cli.show import refusal
from siting.cli.show_verb import show
from siting.cli.sweep_verb import sweep
from siting.cli.table_verb import table
from siting.cli.tornado_verb import tornado
from siting.cli.why_verb import why
from siting.errors import EXIT_BUG, EXIT_SCENARIO, SitingError

app = typer.Typer(
    name="siting",
    help="Plan where the charging and battery-swap stations of a district should stand.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
)

app.command()(new)
app.command()(check)
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
    sys.exit(run())


def run(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code; no traceback reaches a planner.

    Parameters
    ----------
    arguments
        The words after ``siting``; those of the process if not given.
    """
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        code = app(arguments, standalone_mode=False)
    except SitingError as error:
        console.print(f"[bold red]error[/] {escape(refusal.text_of(error))}")
        return error.exit_code
    except TyperException as error:
        console.print(f"[bold red]error[/] {escape(error.format_message())}")
        console.print("  cure:  siting --help lists the verbs, siting VERB --help the options")
        return EXIT_SCENARIO
    except (KeyboardInterrupt, Abort):
        console.print("stopped; nothing was saved")
        return EXIT_BUG
    except Exception as error:  # noqa: BLE001  # the last door: a planner sees no traceback
        if os.environ.get(DEBUG_VARIABLE):
            traceback.print_exc()
        console.print(
            f"[bold red]bug[/] {escape(type(error).__name__)}: {escape(str(error))}\n"
            "  This is a fault of ours, nothing was saved.\n"
            f"  cure:  set {DEBUG_VARIABLE}=1, run again and report what it prints"
        )
        return EXIT_BUG
    return int(code or 0)


def _speak_utf8() -> None:
    """Make Chinese print on a console or into a file of any code page."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
