"""A folder of files for people: filled beside its place, then put there whole."""

from __future__ import annotations

import secrets
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from siting.errors import FontMissingError, OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def filled_folder(folder: Path, *, whole: bool) -> Iterator[Path]:
    """Give an empty folder to fill, and put its files in place when the block ends well.

    Parameters
    ----------
    folder
        Where the files shall stand.
    whole
        Replace all that is there; else only files of the same names.

    Yields
    ------
    Path
        A hidden sibling to write into. If the block raises, nothing changes; without a Chinese
        font, the pages that could be made are put in place nevertheless.

    Raises
    ------
    OutputError
        If the folder cannot be written to, or a program holds one of its files open.
    """
    mark = secrets.token_hex(4)
    part = folder.with_name(f".{folder.name}.{mark}.part")
    try:
        part.mkdir(parents=True)
        try:
            yield part
        except FontMissingError:
            _put(part, folder, folder.with_name(f".{folder.name}.{mark}.old"), whole=whole)
            raise
        _put(part, folder, folder.with_name(f".{folder.name}.{mark}.old"), whole=whole)
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(
            f"'{folder.name}' cannot be written: {error.strerror}",
            where=str(folder),
            cure="close programs that hold its files open, and see that you may write there",
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _put(part: Path, folder: Path, old: Path, *, whole: bool) -> None:
    if not whole:
        folder.mkdir(exist_ok=True)
        for path in sorted(part.iterdir()):
            path.replace(folder / path.name)
        return
    if folder.exists():
        folder.rename(old)
    try:
        part.rename(folder)
    except OSError:
        if old.exists():
            old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)
