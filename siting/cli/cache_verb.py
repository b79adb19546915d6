"""``siting cache``: what is kept on disk, and emptying it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from siting.cli.show import screen
from siting.errors import OutputError

if TYPE_CHECKING:
    from siting.cache import Cache

NoCacheOption = Annotated[
    bool, typer.Option("--no-cache", help="Work out every stage anew, and keep nothing.")
]


def open_unless(no_cache: bool) -> Cache | None:  # noqa: FBT001  # the option as it came
    """Return the cache, unless the planner or the environment wants none."""
    from siting.cache import open_cache  # noqa: PLC0415  # heavy; --help stays quick

    return None if no_cache else open_cache()


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
