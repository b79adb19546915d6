"""``siting map``: the map of a finished run."""

from __future__ import annotations

from siting import files
from siting.cli.options import (
    BasemapOption,
    LanguageOption,
    RunArgument,
)
from siting.cli.show import screen
from siting.outputs.basemaps import tile_key


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
