"""What the verbs have in common: their options, and how they find a scenario."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from siting.scenario import Scenario, load_scenario
from siting.scenario.variants import find_scenario

DEFAULT_SCENARIO = "yubei-2025"

ScenarioArgument = Annotated[
    str, typer.Argument(help="A scenario file, or the name of a shipped one.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override a key; may be repeated."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
OutOption = Annotated[Path, typer.Option("--out", help="Folder that holds the run folders.")]
BasemapOption = Annotated[
    Literal["none", "tianditu", "gaode", "osm"] | None, typer.Option(help="Tiles under the map.")
]
LanguageOption = Annotated[Literal["zh", "en"] | None, typer.Option(help="Language of the map.")]
StartOption = Annotated[
    Path | None,
    typer.Option(metavar="RUN", help="Run folder of a plan of nearly the same, to start from."),
]
RunArgument = Annotated[Path, typer.Argument(help="A run folder, e.g. maps/yubei-2025.")]


def read_scenario(
    name: str, overrides: list[str] | tuple[str, ...] | None, variant: str | None = None
) -> Scenario:
    """Read a scenario by its file or shipped name."""
    return load_scenario(find_scenario(name), overrides=tuple(overrides or ()), variant=variant)


def folder_of(name: str) -> Path:
    """Return the folder that a plan's paths are written from: that of its scenario."""
    return find_scenario(name).resolve().parent


def basemap_override(basemap: str | None) -> tuple[str, ...]:
    """Return the override that names a basemap."""
    return (f'map.basemap="{basemap}"',) if basemap else ()
