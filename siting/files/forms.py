"""Whether a file of layers is what its name says, looked at before GDAL does.

GDAL opens a file by its content: one called ``x.gpkg`` that holds a VRT is opened as one, reads
other files of the machine and asks servers. So the first bytes must be those of the form that the
name stands for, and a GeoPackage may hold no tables that are made on reading.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from siting.errors import BrokenFileError
from siting.files.opening import reading

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
