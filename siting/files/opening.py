"""Reading files: what keeps one from being opened, decoded or trusted becomes an error of ours.

GDAL opens a file by its content: one called ``x.gpkg`` that holds a VRT is opened as one, reads
other files of the machine and asks servers. So the first bytes must be those of the form that the
name stands for, and a GeoPackage may hold no tables that are made on reading.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing, contextmanager
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


_HEAD = 1 << 16
_SQLITE = b"SQLite format 3\0"
_JSON = (b"{", b"[")
_MARK = b"\xef\xbb\xbf"
_MAGIC: dict[str, tuple[bytes, ...]] = {
    ".gpkg": (_SQLITE,),
    ".shp": (b"\x00\x00\x27\x0a",),
    ".geojson": _JSON,
    ".json": _JSON,
    ".geojsonl": _JSON,
    ".geojsons": (b"{", b"\x1e"),
    ".fgb": (b"fgb\x03",),
    ".kml": (b"<",),
}
FORMS = tuple(_MAGIC)
"""Endings of the files of layers that are read."""
_TEXT = (".kml", *(form for form, magic in _MAGIC.items() if magic[0] == b"{"))
# What makes GDAL read something else than the file itself; it looks for the first anywhere.
_FOREIGN = (b"<OGRVRT", b"<VRTDATASET", b"<GDAL_WMS", b"<OGRWFS")
_NOT_OF_THE_DISK = "/vsi"  # of GDAL's file systems: archives, servers, memory
_VIRTUAL = "SELECT sql FROM sqlite_master WHERE sql LIKE 'create virtual%'"
_INDEX = "rtree"


def require_form(path: Path, *, where: str = "") -> Path:
    """Return the path of a file of layers as GDAL may have it: whole, on a disk of this machine.

    Raises
    ------
    InputMissingError
        If it is not there.
    BrokenFileError
        If its ending stands for no form that is read, its content is of another, or it would make
        GDAL read other files.
    """
    place = f"{where}: {path}" if where else str(path)
    form = path.suffix.lower()
    if form not in _MAGIC:
        raise BrokenFileError(
            f"'{path.name}' is of no form that is read",
            where=place,
            cure="save it as a GeoPackage (.gpkg), GeoJSON or shapefile; unpack an archive first",
        )
    with reading(path, where=where), path.open("rb") as stream:
        head = stream.read(_HEAD)
    begin = head.removeprefix(_MARK).lstrip() if form in _TEXT else head
    foreign = form in _TEXT and any(sign in head.upper() for sign in _FOREIGN)
    foreign |= form == ".kml" and b"<KML" not in head.upper()
    foreign |= str(path.absolute()).startswith(_NOT_OF_THE_DISK)
    if not begin.startswith(_MAGIC[form]) or foreign or _has_virtual_tables(path, form):
        raise BrokenFileError(
            f"'{path.name}' cannot be read: its content is not what its name says ({form})",
            where=place,
            cure="it may be cut short, or of another form: save it again as GeoPackage or GeoJSON",
        )
    return Path(path.absolute())


def _has_virtual_tables(path: Path, form: str) -> bool:
    """Whether a GeoPackage holds tables that a module makes on reading, its index aside."""
    if form != ".gpkg":
        return False
    try:
        address = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        with closing(sqlite3.connect(address, uri=True)) as base:
            base.text_factory = bytes  # garbled text is no reason to fail
            made = [
                bytes(row[0]).decode("utf-8", errors="replace").lower()
                for row in base.execute(_VIRTUAL)
            ]
    except (sqlite3.Error, UnicodeDecodeError):  # the latter of its own message
        return True
    return any(f"using {_INDEX}" not in " ".join(sql.split()) for sql in made)
