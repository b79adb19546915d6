"""What a finished run gives: ``siting show``, ``map``, ``handout``, ``table`` and ``report``."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from siting import files
from siting.cli import screen
from siting.cli.options import BasemapOption, JsonOption, LanguageOption, RunArgument
from siting.outputs.pages import tile_key


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


def make_map(
    run: RunArgument,
    basemap: BasemapOption = None,
    language: LanguageOption = None,
) -> None:
    """Draw the map of a run again, with other tiles or in the other language.

    Example: [bold]siting map maps/yubei-2025 --language en --basemap gaode[/]
    """
    from siting.outputs import map as webmap  # heavy  # noqa: PLC0415  # heavy; --help stays quick
    from siting.plan import folder as runfolder  # heavy; --help stays quick  # noqa: PLC0415  # heavy; --help stays quick

    made = runfolder.load_plan(run)
    chosen = basemap or made.scenario["map"]["basemap"]
    page = webmap.make_map(made, basemap=chosen, key=tile_key(chosen), language=language)
    files.write_whole(run / runfolder.MAP_HTML, page)
    screen.say(f"wrote {run / runfolder.MAP_HTML}")


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


def table(
    run: Annotated[Path, typer.Argument(help="A run folder, e.g. maps/yubei-2025.")],
    form: Annotated[
        Literal["xlsx", "gpkg", "geojson", "csv", "parquet"],
        typer.Option("--format", help="Workbook, GeoPackage with styles, or one file a layer."),
    ] = "xlsx",
    language: Annotated[
        Literal["zh", "en"] | None, typer.Option(help="Language of headers and layer names.")
    ] = None,
    crs: Annotated[
        str, typer.Option(help="CRS of layers, e.g. EPSG:4490 or metric.")
    ] = "EPSG:4490",
) -> None:
    """Write a run's workbook, or its layers for a GIS, into its folder tables.

    Example: [bold]siting table maps/yubei-2025 --format gpkg[/]
    """
    from siting.outputs import gis, workbook  # noqa: PLC0415  # heavy
    from siting.plan import folder as runfolder  # noqa: PLC0415  # heavy; --help stays quick

    made = runfolder.load_plan(run)
    words = language or made.language
    folder = run / runfolder.TABLES
    with files.merged_folder(folder) as part:
        if form == "xlsx":
            date = made.timings.date[:10]
            workbook.write_workbook(made, part / "plan.xlsx", language=words, date=date)
        else:
            wanted = made.crs if crs == "metric" else crs
            gis.write_layers(made, part, form, language=words, crs=wanted)
        names = sorted(path.name for path in part.iterdir())
    for name in names:
        screen.say(f"wrote {folder / name}")


def report(
    run: Annotated[Path, typer.Argument(help="A run folder, e.g. maps/yubei-2025.")],
    form: Annotated[
        Literal["docx", "md"], typer.Option("--format", help="Word document or Markdown.")
    ] = "docx",
    language: Annotated[
        Literal["zh", "en"] | None, typer.Option(help="Language of the report.")
    ] = None,
) -> None:
    """Write the planning report of a run: chapters filled from the plan, nothing invented.

    Example: [bold]siting report maps/yubei-2025[/]
    """
    from siting.outputs import paper  # noqa: PLC0415  # heavy
    from siting.outputs import report as writer  # noqa: PLC0415  # heavy
    from siting.outputs.report import MAP_NAME  # noqa: PLC0415  # with them
    from siting.plan import folder as runfolder  # noqa: PLC0415  # heavy; --help stays quick

    made = runfolder.load_plan(run)
    words: Any = language or made.language
    date = made.timings.date[:10]
    folder = run / runfolder.REPORT
    with files.merged_folder(folder) as part:
        paper.write_map(made, part / MAP_NAME, language=words, date=date)
        blocks = writer.make_report(made, language=words, date=date, picture=True)
        path = part / f"report.{form}"
        (writer.write_docx if form == "docx" else writer.write_markdown)(blocks, path)
    screen.say(f"wrote {folder / path.name}")
