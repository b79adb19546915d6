"""Files and folders written whole or not at all, also where the disk is full or a writer is killed.

A sibling of ``name`` is called ``.name.<eight digits>.<state>``, and ends in one of

====== ======================================================================================
part   half written; no use to anybody
new    written whole, to take the place of ``name``
old    what stood there; what a planner put into it moves to the new one, the rest goes
move   written whole, its files to be put into ``name`` one by one
====== ======================================================================================
"""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import secrets
import shutil
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siting.errors import OutputError, SitingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Ours = Callable[[str], bool]
    "Whether an entry of a folder is written by us, and goes when the folder is replaced."

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


_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
# Libraries whose own exceptions speak of the disk; none of them is imported for it.
_LIBRARIES = ("pyogrio", "sqlite3", "pyarrow")
_FREE = "free some space there, or name another folder; what was there before is untouched"
_ELSEWHERE = "name a folder you may write to (--out), and close programs that hold its files open"


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Make an :class:`OutputError` of whatever keeps a file from being written.

    Raises
    ------
    OutputError
        For a full disk, missing rights or a file held open, reported by the system, GDAL,
        SQLite or Arrow.
    """
    try:
        yield
    except SitingError:
        raise
    except Exception as error:
        if not _of_the_disk(error):
            raise
        raise unwritable(path, error) from error


def _of_the_disk(error: Exception) -> bool:
    home = type(error).__module__.partition(".")[0]
    return isinstance(error, OSError) or home in _LIBRARIES


def is_full(error: BaseException) -> bool:
    """Whether an error says that a disk, or what a user may put on it, is full."""
    return isinstance(error, OSError) and error.errno in _FULL


def unwritable(path: Path, error: Exception) -> OutputError:
    """Return the error of a file or folder that cannot be written, with its cure."""
    full = is_full(error) or "full" in str(error).lower()
    why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return OutputError(
        f"'{path.name}' cannot be written: {'the disk is full' if full else why}",
        where=str(path),
        cure=_FREE if full else _ELSEWHERE,
    )


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give the name of a hidden sibling to write, and rename it when the block ends well.

    Parameters
    ----------
    path
        The file. An older one stays as it is until the new one is whole.

    Yields
    ------
    Path
        A file of the same suffix that is not there yet.

    Raises
    ------
    OutputError
        If it cannot be written there, or is held open by a program.
    """
    place = Path(os.path.realpath(path))
    with writing(path):
        if place.is_dir():
            raise IsADirectoryError(errno.EISDIR, "a folder of this name is there")
    drop_dead(place)
    part = sibling(place, PART, suffix=place.suffix)
    try:
        with writing(path):
            yield part
            part.replace(place)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file, text in UTF-8, whole or not at all.

    Raises
    ------
    OutputError
        If it cannot be written there, or is held open by a program.
    """
    payload = content.encode("utf-8") if isinstance(content, str) else content
    with whole_file(path) as part:
        part.write_bytes(payload)


def write_layer(frame: Any, path: Path, *, layer: str, **options: Any) -> None:  # noqa: ANN401  # a frame of pandas or geopandas; options of GDAL
    """Add a layer to a GeoPackage, and see that it is there: GDAL may lose rows in silence.

    Parameters
    ----------
    frame
        A table, with or without geometry.
    path
        The GeoPackage; made if it is not there.
    layer
        Name of the layer.
    options
        Further options of :func:`pyogrio.write_dataframe`.

    Raises
    ------
    OutputError
        If it cannot be written, or not whole.
    """
    import pyogrio  # noqa: PLC0415  # heavy; most that write a file need none

    with writing(path):
        pyogrio.write_dataframe(
            frame, path, layer=layer, driver="GPKG", append=path.exists(), **options
        )
        there = pyogrio.read_info(path, layer=layer)["features"]
        if there != len(frame):
            raise OSError(errno.ENOSPC, f"{there} of {len(frame)} rows arrived")


_TRIES = 3


@contextmanager
def whole_folder(folder: Path, *, ours: Ours) -> Iterator[Path]:
    """Give an empty folder to fill, and put it in its place when the block ends well.

    Parameters
    ----------
    folder
        Where it shall stand.
    ours
        Entries of a folder there that go with it; all others move into the new one.

    Yields
    ------
    Path
        A hidden sibling to write into. If the block raises, nothing changes.

    Raises
    ------
    OutputError
        If the folder cannot be written, or a program holds one of its files open.
    """
    place = Path(os.path.realpath(folder))
    with _part_of(folder, place, ours) as part:
        yield part
        with writing(folder):
            new = renamed(part, NEW)
        try:
            with writing(folder):
                _swap_in(new, place, ours)
        except OutputError:
            shutil.rmtree(new, ignore_errors=True)
            raise


@contextmanager
def merged_folder(folder: Path) -> Iterator[Path]:
    """Give an empty folder to fill, and put its files into another one when the block ends well.

    Parameters
    ----------
    folder
        Where the files shall stand; those of other names stay.

    Yields
    ------
    Path
        A hidden sibling to write into. If the block raises, nothing changes.

    Raises
    ------
    OutputError
        If the folder cannot be written, or a program holds one of its files open.
    """
    place = Path(os.path.realpath(folder))
    with _part_of(folder, place, lambda _name: False) as part:
        yield part
        with writing(folder):
            place.mkdir(exist_ok=True)
            move = renamed(part, MOVE)
            _move_in(move, place)


@contextmanager
def _part_of(folder: Path, place: Path, ours: Ours) -> Iterator[Path]:
    settle(place, ours=ours)
    drop_dead(place)
    part = sibling(place, PART)
    with writing(folder):
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.exists() and not place.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "a file of this name is there")
        part.mkdir()
    try:
        yield part
    except OSError as error:
        if is_full(error):
            raise unwritable(folder, error) from error
        raise
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _swap_in(new: Path, place: Path, ours: Ours) -> None:
    """Put a whole folder in the place of an older one; another process may do the same."""
    for left in reversed(range(_TRIES)):
        old = sibling(place, OLD)
        with suppress(FileNotFoundError):
            place.rename(old)
        try:
            new.rename(place)
        except OSError:
            if not new.exists() and place.exists():
                break  # a reader has settled it
            if not place.exists() and old.exists():
                old.rename(place)
                raise
            if not left:
                raise
        else:
            break
    settle(place, ours=ours)


def settle(folder: Path, *, ours: Ours) -> None:
    """Finish what a writer left beside a folder when it was killed.

    A swap is finished where the new folder is whole and undone where there is none; files of
    the planner that wait in the old folder come back. Nothing raises: where this may
    not be done, as on a disk that cannot be written to, the reader sees what there is.

    Parameters
    ----------
    folder
        The folder that is going to be read or written.
    ours
        As :func:`whole_folder`.
    """
    place = Path(os.path.realpath(folder))
    waiting = siblings(place)
    for state in (NEW, OLD):
        for one in waiting[state]:
            if not os.path.lexists(place):
                with suppress(OSError):
                    one.rename(place)
                    _LOG.info("%s: a half-done swap is finished", place)
    for old in waiting[OLD]:
        _carry_over(old, place, ours)
    for move in waiting[MOVE]:
        with suppress(OSError):
            _move_in(move, place)


def _carry_over(old: Path, place: Path, ours: Ours) -> None:
    """Move what is not ours from a replaced folder to the new one, and drop the rest."""
    if not (old.is_dir() and place.is_dir()):
        return
    try:
        for entry in sorted(old.iterdir()):
            if not ours(entry.name) and not os.path.lexists(place / entry.name):
                with suppress(FileNotFoundError):  # another process was quicker
                    entry.rename(place / entry.name)
    except OSError as error:
        _LOG.warning("files of %s stay in %s: %s", place.name, old, error)
        return
    shutil.rmtree(old, ignore_errors=True)


def _move_in(move: Path, place: Path) -> None:
    for path in sorted(move.iterdir()):
        with suppress(FileNotFoundError):  # another process was quicker
            path.replace(place / path.name)
    shutil.rmtree(move, ignore_errors=True)
