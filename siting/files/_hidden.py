"""Hidden siblings of a file or folder: what half-written and half-swapped things are called.

A sibling of ``name`` is called ``.name.<eight digits>.<state>``, and ends in one of

====== ======================================================================================
part   half written; no use to anybody
new    written whole, to take the place of ``name``
old    what stood there; what a planner put into it moves to the new one, the rest goes
move   written whole, its files to be put into ``name`` one by one
====== ======================================================================================
"""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
import shutil
import time
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_LOG = logging.getLogger(__name__)

PART, NEW, OLD, MOVE = "part", "new", "old", "move"
_LONGEST = 180  # bytes of a name; most file systems stop at 255
_DEAD_S = 86_400.0
_MARK_BYTES = 4


def sibling(place: Path, state: str, *, suffix: str = "") -> Path:
    """Return a hidden name beside a file or folder that nobody has."""
    mark = secrets.token_hex(_MARK_BYTES)
    return place.with_name(f".{_short(place.name)}.{mark}.{state}{suffix}")


def siblings(place: Path) -> dict[str, list[Path]]:
    """Return the hidden siblings that are there by state, the newest first."""
    found: dict[str, list[Path]] = {PART: [], NEW: [], OLD: [], MOVE: []}
    start = f".{_short(place.name)}."
    times: dict[Path, float] = {}
    with suppress(OSError), os.scandir(place.parent) as entries:
        for entry in entries:
            rest = entry.name.removeprefix(start)
            mark, _, state = rest.partition(".")
            state = state.partition(".")[0]
            if rest != entry.name and _is_mark(mark) and state in found:
                with suppress(OSError):
                    path = place.parent / entry.name
                    times[path] = entry.stat(follow_symlinks=False).st_ctime
                    found[state].append(path)
    return {state: sorted(paths, key=lambda one: -times[one]) for state, paths in found.items()}


def drop_dead(place: Path) -> None:
    """Remove what writers that died a day ago left half written."""
    waiting = siblings(place)
    for path in (*waiting[PART], *waiting[NEW]):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _DEAD_S:
                _LOG.info("removed %s, left by a run that was killed", path)
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink()


def renamed(part: Path, state: str) -> Path:
    """Rename a half-written folder that is whole now; return its new name."""
    return part.rename(part.with_name(part.name.removesuffix(PART) + state))


def _is_mark(text: str) -> bool:
    return len(text) == 2 * _MARK_BYTES and set(text) <= set("0123456789abcdef")


def _short(name: str) -> str:
    """Return a name, or one made of it where a longer one would not fit a file system."""
    if len(os.fsencode(name)) <= _LONGEST:
        return name
    return hashlib.sha256(os.fsencode(name)).hexdigest()[:32]
