"""The verbs of the command line, in the order in which a planner meets them."""

from __future__ import annotations

import typer

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
from siting.cli.show_verb import show
from siting.cli.sweep_verb import sweep
from siting.cli.table_verb import table
from siting.cli.tornado_verb import tornado
from siting.cli.why_verb import why

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
