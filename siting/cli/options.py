"""What the verbs have in common: their options, and how they find a scenario."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

import typer

from siting.errors import InputMissingError, ScenarioError
from siting.scenario import Scenario, load_scenario
from siting.shipped import shipped_path

DEFAULT_SCENARIO = "yubei-2025"
KEY_VARIABLE = "SITING_TIANDITU_KEY"

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
    return load_scenario(scenario_path(name), overrides=tuple(overrides or ()), variant=variant)


def scenario_path(name: str) -> Path:
    """Return the file of a scenario: a path, or the name of a shipped one.

    Raises
    ------
    ScenarioError
        If there is none.
    """
    path = Path(name)
    if path.suffix or path.is_file():
        return path
    try:
        return shipped_path(f"scenarios/{name}.toml")
    except InputMissingError as error:
        known = sorted(entry.stem for entry in shipped_path("scenarios").glob("*.toml"))
        raise ScenarioError(
            f"no scenario file or shipped scenario is called '{name}'",
            where=str(Path.cwd()),
            cure=f"shipped ones: {', '.join(known)}; or give the path of a .toml file",
        ) from error


def folder_of(name: str) -> Path:
    """Return the folder that a plan's paths are written from: that of its scenario."""
    return scenario_path(name).resolve().parent


def basemap_override(basemap: str | None) -> tuple[str, ...]:
    """Return the override that names a basemap."""
    return (f'map.basemap="{basemap}"',) if basemap else ()


def tile_key(basemap: str) -> str | None:
    """Return the key of the tiles of a basemap from the environment, if it wants one."""
    return os.environ.get(KEY_VARIABLE) if basemap == "tianditu" else None
