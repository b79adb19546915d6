"""``siting cache``: what is kept on disk, and emptying it."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from siting.cli.options import open_unless
from siting.cli.show import screen
from siting.errors import OutputError


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
