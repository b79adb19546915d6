"""Folders filled beside their place and put there whole, also where a writer was killed."""

from __future__ import annotations

import errno
import logging
import os
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from siting.errors import OutputError
from siting.files import _hidden
from siting.files.whole import is_full, unwritable, writing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Ours = Callable[[str], bool]
    """Whether an entry of a folder is written by us, and goes when the folder is replaced."""

_LOG = logging.getLogger(__name__)
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
            new = _hidden.renamed(part, _hidden.NEW)
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
            move = _hidden.renamed(part, _hidden.MOVE)
            _move_in(move, place)


@contextmanager
def _part_of(folder: Path, place: Path, ours: Ours) -> Iterator[Path]:
    settle(place, ours=ours)
    _hidden.drop_dead(place)
    part = _hidden.sibling(place, _hidden.PART)
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
        old = _hidden.sibling(place, _hidden.OLD)
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
    waiting = _hidden.siblings(place)
    for state in (_hidden.NEW, _hidden.OLD):
        for one in waiting[state]:
            if not os.path.lexists(place):
                with suppress(OSError):
                    one.rename(place)
                    _LOG.info("%s: a half-done swap is finished", place)
    for old in waiting[_hidden.OLD]:
        _carry_over(old, place, ours)
    for move in waiting[_hidden.MOVE]:
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
