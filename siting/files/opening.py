"""Reading files: whatever keeps one from being opened or decoded becomes an error of ours."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siting.errors import BrokenFileError, InputMissingError, ScenarioError, SitingError

if TYPE_CHECKING:
    from collections.abc import Iterator

_COPY = "it may be cut short or not be what its name says: copy or download it again"


@contextmanager
def reading(path: Path, *, where: str = "", cure: str = "") -> Iterator[None]:
    """Make one of our errors of whatever keeps a file from being opened or decoded.

    Parameters
    ----------
    path
        The file.
    where
        Key of the scenario that names it; the path if not given.
    cure
        What to do where there is no such file, or not what there should be.

    Raises
    ------
    InputMissingError
        If there is no such file.
    BrokenFileError
        If it is a folder, may not be read, is held open by a program, or holds something else
        than it should.
    """
    place = f"{where}: {path}" if where else str(path)
    try:
        yield
    except SitingError:
        raise
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputMissingError(
            f"no such file: {path.name}",
            where=place,
            cure=cure or "check the path; paths in a scenario are relative to the scenario file",
        ) from error
    except OSError as error:
        raise _unreadable(path, place, error) from error
    except (RecursionError, UnicodeError, EOFError) as error:
        deep = isinstance(error, RecursionError)
        raise BrokenFileError(
            f"'{path.name}' cannot be read: {'it is nested too deeply' if deep else error}",
            where=place,
            cure=cure or _COPY,
        ) from error


def _unreadable(path: Path, place: str, error: OSError) -> BrokenFileError:
    if isinstance(error, IsADirectoryError) or _is_folder(path):
        return BrokenFileError(
            f"'{path.name}' is a folder, not a file",
            where=place,
            cure="name the file in it",
        )
    if isinstance(error, PermissionError):
        return BrokenFileError(
            f"'{path.name}' may not be read: a program holds it open, or the rights are missing",
            where=place,
            cure="close the program that has it open (Excel, QGIS, WPS), or ask for the rights",
        )
    return BrokenFileError(
        f"'{path.name}' cannot be read: {error.strerror or error}",
        where=place,
        cure="check the path and the disk, or copy the file anew",
    )


def read_bytes(path: Path, *, where: str = "", cure: str = "") -> bytes:
    """Return the bytes of a file; errors as :func:`reading`."""
    with reading(path, where=where, cure=cure):
        return path.read_bytes()


def read_text(path: Path, *, where: str = "", cure: str = "") -> str:
    """Return the text of a file in UTF-8, with or without a mark; errors as :func:`reading`."""
    with reading(path, where=where, cure=cure):
        return path.read_text(encoding="utf-8-sig")


def read_json(path: Path, *, where: str = "", cure: str = "") -> Any:  # noqa: ANN401  # any JSON type
    """Return the content of a JSON file; errors as :func:`reading`.

    Raises
    ------
    BrokenFileError
        If it is no JSON, is nested too deeply, or has a number longer than anybody's.
    """
    text = read_text(path, where=where, cure=cure)
    with reading(path, where=where, cure=cure):
        try:
            return json.loads(text)
        except ValueError as error:
            raise BrokenFileError(
                f"'{path.name}' is no JSON: {error}",
                where=f"{where}: {path}" if where else str(path),
                cure=cure or _COPY,
            ) from error


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False


def is_file(path: Path) -> bool:
    """Whether a file is there that can be looked at; False for names no system takes."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def expanded(text: str, *, where: str = "") -> Path:
    """Return a path as given, ``~`` and ``~name`` as the home folder they mean.

    Raises
    ------
    ScenarioError
        If nobody of that name has a home here, or no system takes such a path.
    """
    if "\0" in text:
        raise _no_path(text, where, "it holds a NUL character")
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise _no_path(text, where, str(error)) from error


def _no_path(text: str, where: str, why: str) -> ScenarioError:
    return ScenarioError(
        f"this is no path of this machine: {text!r}: {why}",
        where=where or "a path of the scenario",
        cure="write the path out, e.g. data/stations.csv",
    )
