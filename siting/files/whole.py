"""Writing a file whole or not at all, with one error for a disk that is full."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siting.errors import OutputError, SitingError
from siting.files import _hidden

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    _hidden.drop_dead(place)
    part = _hidden.sibling(place, _hidden.PART, suffix=place.suffix)
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
