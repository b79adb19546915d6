"""The verbs of the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from siting.cli import screen
from siting.cli.cache_verb import NoCacheOption, open_unless, show_cache
from siting.cli.check_verb import check
from siting.cli.compare_verb import compare
from siting.cli.front_verb import front
from siting.cli.handout_verb import handout
from siting.cli.options import (
    DEFAULT_SCENARIO,
    BasemapOption,
    JsonOption,
    LanguageOption,
    RunArgument,
    ScenarioArgument,
    SetOption,
    read_scenario,
)
from siting.cli.plan_verb import plan
from siting.cli.report_verb import report
from siting.cli.robust_verb import robust
from siting.cli.sweep_verb import sweep
from siting.cli.table_verb import table
from siting.cli.tornado_verb import tornado
from siting.errors import ScenarioError
from siting.outputs.basemaps import tile_key
from siting.shipped import shipped_path

app = typer.Typer(
    name="siting",
    help="Plan where the charging and battery-swap stations of a district should stand.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
)

app.command()(check)
app.command()(plan)
app.command()(compare)
app.command()(sweep)
app.command()(robust)
app.command()(front)
app.command()(tornado)
app.command("cache")(show_cache)
app.command()(handout)
app.command()(table)
app.command()(report)


@app.command()
def new(
    file: Annotated[Path, typer.Argument(help="The file to write, e.g. my-plan.toml.")],
) -> None:
    """Write a scenario file to start from: the Yubei sample, ready to run.

    Example: [bold]siting new my-plan.toml[/]
    """
    if file.suffix != ".toml":
        raise ScenarioError(
            f"'{file.name}' does not end in .toml",
            where=str(file),
            cure="a scenario is a TOML file: e.g. siting new my-plan.toml",
        )
    text = shipped_path(f"scenarios/{DEFAULT_SCENARIO}.toml").read_text(encoding="utf-8")
    text = text.replace(f'name = "{DEFAULT_SCENARIO}"', f'name = "{_run_name(file)}"')
    try:
        with file.open("x", encoding="utf-8", newline="\n") as handle:
            handle.write(text)
    except FileExistsError as error:
        raise ScenarioError(
            f"'{file.name}' is there already",
            where=str(file),
            cure="choose another name, or remove the file first",
        ) from error
    except OSError as error:
        raise ScenarioError(
            f"the scenario file cannot be written: {error.strerror}",
            where=str(file),
            cure="choose a folder that exists and that you may write to",
        ) from error
    screen.say(f'wrote {file}; next: siting plan "{file}"')


@app.command()
def fetch(
    scenario: ScenarioArgument,
    pack: Annotated[Path, typer.Argument(help="The pack to write, e.g. yubei.gpkg.")],
    overrides: SetOption = None,
) -> None:
    """Download roads and places from Overpass into a pack, one GeoPackage.

    Name the pack in the scenario afterwards: [bold]inputs.osm = "yubei.gpkg"[/].

    Example: [bold]siting fetch my-plan.toml yubei.gpkg[/]
    """
    from siting import pipeline  # noqa: PLC0415  # heavy; --help stays quick
    from siting.cli import screen_check  # noqa: PLC0415  # beside what it shows

    read = read_scenario(scenario, overrides)
    with screen.progress(read.run.language) as meter:
        report = pipeline.fetch(read, pack, meter=meter)
    screen_check.show_report(report, read.run.language)
    screen.say(f"wrote {pack}")


@app.command("map")
def make_map(
    run: RunArgument,
    basemap: BasemapOption = None,
    language: LanguageOption = None,
) -> None:
    """Draw the map of a run again, with other tiles or in the other language.

    Example: [bold]siting map maps/yubei-2025 --language en --basemap gaode[/]
    """
    from siting import runfolder  # noqa: PLC0415  # heavy; --help stays quick
    from siting.outputs import webmap  # noqa: PLC0415  # heavy

    made = runfolder.load_plan(run)
    chosen = basemap or made.scenario["map"]["basemap"]
    page = webmap.make_map(made, basemap=chosen, key=tile_key(chosen), language=language)
    runfolder.write_whole(run / runfolder.MAP_HTML, page)
    screen.say(f"wrote {run / runfolder.MAP_HTML}")


@app.command()
def show(run: RunArgument, as_json: JsonOption = False) -> None:
    """Print the totals, status and figures of a run.

    Example: [bold]siting show maps/yubei-2025 --json[/]
    """
    from siting import runfolder  # noqa: PLC0415  # heavy; --help stays quick

    made = runfolder.load_plan(run)
    if as_json:
        screen.emit((run / runfolder.PLAN_JSON).read_text(encoding="utf-8"))
    else:
        screen.show_plan(made, run)


@app.command()
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
    from siting import runfolder  # noqa: PLC0415  # heavy; --help stays quick
    from siting.cli import screen_why  # noqa: PLC0415  # beside what it shows
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
        screen.emit(json.dumps(answer, ensure_ascii=False, indent=1, allow_nan=False))
    else:
        screen_why.show_why(answer, made.language, made.outcome.objective)


def _run_name(file: Path) -> str:
    """Return a run name from a file name; other signs become dashes."""
    kept = "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in file.stem)
    return kept.strip("-")[:60] or "my-plan"
