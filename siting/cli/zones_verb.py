"""``siting zones``: the planning zones, to join people to them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from siting import files
from siting.cli.options import (
    DEFAULT_SCENARIO,
    JsonOption,
    LanguageOption,
    ScenarioArgument,
    SetOption,
    read_scenario,
)
from siting.cli.show import screen

if TYPE_CHECKING:
    from siting.pipeline.list_zones import ZoneList

_COLUMNS = ("zone_id", "name", "name_en", "kind", "km2", "population", "population_quality")


def zones(
    scenario: ScenarioArgument = DEFAULT_SCENARIO,
    overrides: SetOption = None,
    csv: Annotated[
        Path | None,
        typer.Option("--csv", metavar="FILE", help="Write them as a table to fill people into."),
    ] = None,
    language: LanguageOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the zones of a scenario with their people, and the levels of boundaries of the map.

    The table of --csv, its population filled in, is a table of people: inputs.zones.people.

    Example: [bold]siting zones my-plan.toml --csv people.csv[/]
    """
    from siting.pipeline.list_zones import list_zones  # noqa: PLC0415  # heavy; --help stays quick

    read = read_scenario(scenario, overrides)
    with screen.progress(read.run.language) as meter:
        found = list_zones(read, meter=meter)
    if csv is not None:
        table = found.zones[list(_COLUMNS)]
        # The mark at the start is what spreadsheets know UTF-8 by.
        files.write_whole(csv, "\ufeff" + table.to_csv(index=False, lineterminator="\n"))
    if as_json:
        screen.emit(json.dumps(_content(found), ensure_ascii=False, indent=1, allow_nan=False))
    else:
        _show(found, language or read.run.language)
        if csv is not None:
            screen.say(f"wrote {csv}")
    if found.people_error is not None:
        raise found.people_error


def _content(found: ZoneList) -> dict[str, Any]:
    rows = found.zones[list(_COLUMNS)].astype(object)
    error = found.people_error
    return {
        "format": "siting zones 1",
        "zones": rows.where(rows.notna(), None).to_dict("records"),
        "levels": [level._asdict() for level in found.levels],
        "notes": [{"key": note.key, "values": dict(note.values)} for note in found.notes],
        "people_error": None if error is None else str(error),
    }


def _show(found: ZoneList, language: str) -> None:
    from siting.outputs.words import note_text, speaker  # noqa: PLC0415  # geopandas behind it

    say = speaker(language)
    console = Console(highlight=False)
    table = Table(title=say("zones.title", count=len(found.zones)), box=box.SIMPLE_HEAD)
    for key in ("zone_id", "name", "kind", "km2", "people", "quality"):
        right = key in ("km2", "people")
        table.add_column(say(f"zones.{key}"), justify="right" if right else "left")
    for zone in found.zones.to_dict("records"):
        people = zone["population"]
        known = people == people  # noqa: PLR0124  # NaN is unknown
        table.add_row(
            escape(str(zone["zone_id"])), escape(str(zone["name"])), escape(str(zone["kind"])),
            f"{zone['km2']:,.2f}", f"{people:,.0f}" if known else say("fact.none"),
            say(f"quality.{zone['population_quality']}"),
        )  # fmt: skip
    console.print(table)
    for level in found.levels:
        values = {"level": level.level, "zones": level.zones, "share": level.share}
        console.print(f"  {say('zones.level', **values)}", soft_wrap=True)
    for note in found.notes:
        console.print(f"  · {escape(note_text(note, language))}", style="dim", soft_wrap=True)
