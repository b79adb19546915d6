"""What plans are made from: ``siting fetch``, ``zones`` and ``cache``."""

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
from siting.cli import screen
from siting.cli.options import (
    DEFAULT_SCENARIO,
    JsonOption,
    LanguageOption,
    ScenarioArgument,
    SetOption,
    open_unless,
    read_scenario,
)
from siting.errors import OutputError

if TYPE_CHECKING:
    from siting.pipeline.list_zones import ZoneList


def fetch(
    scenario: ScenarioArgument,
    pack: Annotated[Path, typer.Argument(help="The pack to write, e.g. yubei.gpkg.")],
    overrides: SetOption = None,
) -> None:
    """Download roads and places from Overpass into a pack, one GeoPackage.

    Name the pack in the scenario afterwards: [bold]inputs.osm = "yubei.gpkg"[/].

    Example: [bold]siting fetch my-plan.toml yubei.gpkg[/]
    """
    from siting.cli import check_screen  # beside what it shows  # noqa: PLC0415  # heavy; --help stays quick
    from siting.pipeline import run as pipeline  # heavy; --help stays quick  # noqa: PLC0415  # heavy; --help stays quick

    read = read_scenario(scenario, overrides)
    with screen.progress(read.run.language) as meter:
        report = pipeline.fetch(read, pack, meter=meter)
    check_screen.show_report(report, read.run.language)
    screen.say(f"wrote {pack}")


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


def show_cache(
    clear: Annotated[bool, typer.Option("--clear", help="Remove all that is kept.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Show what is kept of earlier runs, stage by stage, or remove it.

    Stages whose data and settings did not change are read from there. SITING_CACHE names another
    folder (off: none), SITING_CACHE_MB another limit; what was used longest ago goes first.

    Example: [bold]siting cache --clear[/]
    """
    kept = open_unless(no_cache=False)
    if kept is None:
        screen.say("the cache is off: SITING_CACHE=off")
        return
    removed = kept.clear() if clear else 0
    entries = kept.entries()
    if as_json:
        content = {
            "folder": str(kept.folder),
            "limit_bytes": int(kept.limit_bytes),
            "size_bytes": sum(entry.size_bytes for entry in entries),
            "removed": removed,
            "entries": [
                {"stage": entry.stage, "file": entry.path.name, "size_bytes": entry.size_bytes}
                for entry in entries
            ],
        }
        screen.emit(json.dumps(content, ensure_ascii=False, indent=1))
    elif clear:
        screen.say(f"removed {removed} entries from {kept.folder}")
    else:
        screen.show_entries(entries, kept.folder, kept.limit_bytes)
    if clear and entries:
        raise OutputError(
            f"{len(entries)} entries of the cache cannot be removed",
            where=str(kept.folder),
            cure="another run reads them now, or they belong to another user: try again later",
        )
