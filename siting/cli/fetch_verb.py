"""``siting fetch``: download an area into a pack."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from siting.cli.options import (
    ScenarioArgument,
    SetOption,
    read_scenario,
)
from siting.cli.show import screen


def fetch(
    scenario: ScenarioArgument,
    pack: Annotated[Path, typer.Argument(help="The pack to write, e.g. yubei.gpkg.")],
    overrides: SetOption = None,
) -> None:
    """Download roads and places from Overpass into a pack, one GeoPackage.

    Name the pack in the scenario afterwards: [bold]inputs.osm = "yubei.gpkg"[/].

    Example: [bold]siting fetch my-plan.toml yubei.gpkg[/]
    """
    from siting.cli.show import check_screen  # beside what it shows  # noqa: PLC0415  # heavy; --help stays quick
    from siting.pipeline import run as pipeline  # heavy; --help stays quick  # noqa: PLC0415  # heavy; --help stays quick

    read = read_scenario(scenario, overrides)
    with screen.progress(read.run.language) as meter:
        report = pipeline.fetch(read, pack, meter=meter)
    check_screen.show_report(report, read.run.language)
    screen.say(f"wrote {pack}")
