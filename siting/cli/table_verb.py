"""``siting table``: the workbook of a run, or its layers for a GIS."""

from __future__ import annotations

from pathlib import Path  # typer reads it
from typing import Annotated, Literal

import typer

from siting import files
from siting.cli.show import screen


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
