"""Where an input came from: name, origin, hash, licence, date, and whether it is made up."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from siting.shipped import shipped_name

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

OSM_LICENCE = "ODbL 1.0, © OpenStreetMap contributors"
SYNTHETIC_LICENCE = "synthetic, made by this project"
OWN_LICENCE = "MIT, the siting authors"
"""Of the data that ship with the project; see data/README.md."""
UNKNOWN_LICENCE = "not stated"
_LICENCE_COLUMNS = ("licence", "license")
_MARKS = ("合成", "synthetic", "样例")
_NAME_MARK = "（样例）"
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Provenance:
    """One input and where it came from; the fields of ``plan.Source``.

    Attributes
    ----------
    name
        Role of the input, e.g. ``"osm"``, ``"boundary"``, ``"stations"``.
    origin
        File name without its folder, or the address it was downloaded from.
    sha256
        Hash of the bytes read.
    licence
        Licence, as far as known.
    as_of
        ISO date or time the data speaks of; empty if nobody says.
    synthetic
        Whether the input marks itself as made up.
    """

    name: str
    origin: str
    sha256: str
    licence: str
    as_of: str
    synthetic: bool


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(_CHUNK):
            digest.update(piece)
    return digest.hexdigest()


def sha256_of_text(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8, for inputs that are no files."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def file_provenance(
    name: str, path: Path, *, as_of: str = "", synthetic: bool = False, licence: str = ""
) -> Provenance:
    """Describe an input file.

    Parameters
    ----------
    name
        Role of the input.
    path
        The file.
    as_of
        ISO date the data speaks of.
    synthetic
        Whether the input marks itself as made up; then its licence is this project's.
    licence
        Licence, if known; else that of this project for what it ships.
    """
    ours = OWN_LICENCE if shipped_name(path) else UNKNOWN_LICENCE
    fallback = SYNTHETIC_LICENCE if synthetic else ours
    return Provenance(name, path.name, sha256_of(path), licence or fallback, as_of, synthetic)


def says_synthetic(text: str) -> bool:
    """Tell whether a header or remark marks its data as made up."""
    lowered = text.casefold()
    return any(mark in lowered for mark in _MARKS)


def named_as_sample(name: str) -> bool:
    """Tell whether a name ends with the mark that every made-up name carries."""
    return name.endswith(_NAME_MARK)


def stated_licence(frame: pd.DataFrame) -> str:
    """Return the licences a table states in a ``licence`` column; empty if it states none."""
    found = [frame[column].dropna() for column in _LICENCE_COLUMNS if column in frame.columns]
    return "; ".join(sorted({str(cell).strip() for cells in found for cell in cells} - {""}))


def marked_synthetic(frame: pd.DataFrame) -> bool:
    """Tell whether a table marks its rows as made up in a ``note`` or ``synthetic`` column."""
    if "note" in frame.columns and frame["note"].dropna().astype(str).map(says_synthetic).any():
        return True
    if "synthetic" not in frame.columns:
        return False
    flags = frame["synthetic"].dropna().astype(str).str.casefold()
    return bool(flags.isin(["true", "1", "yes", "1.0", "是"]).any())
