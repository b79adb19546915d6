"""Which column of a file is which of ours, and the values of such a column."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from siting.errors import TableError
from siting.inputs.files.header import find_field, match_name
from siting.inputs.files.sheets import AS_FOUND, Reading
from siting.notes import Note

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    Notes = list[Note]

COORDINATES = ("lon", "lat")
PAIR = "coordinates"
"""Our name of a column that holds both."""

_PAIR_TOO = frozenset({"location", "lonlat", "lnglat", "lon_lat", "wkt"})
"""Other names the scenario may give it."""

_FOUND_BY_NAME = ("lon", "lat", PAIR, "name")
"""Fields looked for under the names offices give them; others are proposed, not taken."""


@dataclass(frozen=True)
class PointField:
    """One column of a point table.

    Attributes
    ----------
    name
        Column of our table.
    kind
        ``id``, ``text``, ``number``, ``count`` (whole number), ``flag`` or ``date``.
    required
        Whether the file must have the column (its cells may be empty).
    filled
        Whether each cell must have a value.
    choices
        The texts it may hold; none means any.
    high
        Most a number may be.
    unit
        What a number counts, a key of :data:`siting.inputs.files.numbers.UNITS`.
    """

    name: str
    kind: str
    required: bool = False
    filled: bool = False
    choices: tuple[str, ...] = ()
    high: float = math.inf
    unit: str = ""


@dataclass(frozen=True)
class PointFile:
    """How to read one file of points.

    Attributes
    ----------
    path
        The file.
    key
        Scenario key, for messages, e.g. ``"inputs.stations[0]"``.
    datum, columns
        From the scenario; several columns for one of ours are added up.
    fields
        The columns of our table besides the coordinates.
    reading
        What the scenario says of the form of the file.
    units
        Field to the unit the scenario says its numbers are in.
    repeated_ids
        Whether rows may share an id: those of a list of devices.
    """

    path: Path
    key: str
    datum: str | None
    columns: Mapping[str, str | tuple[str, ...]]
    fields: tuple[PointField, ...]
    reading: Reading = AS_FOUND
    units: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    repeated_ids: bool = False

    @property
    def wanted(self) -> tuple[str, ...]:
        """Names of columns that would be good to find: they show where the header is."""
        theirs = [name for one in self.columns.values() for name in names_of(one)]
        return (*theirs, *COORDINATES, *(one.name for one in self.fields))

    @property
    def places(self) -> tuple[str, ...]:
        """Names of the columns with coordinates, as the scenario maps them."""
        return tuple(
            name for own in (*COORDINATES, PAIR) for name in names_of(self.columns.get(own, ()))
        )


def names_of(column: str | tuple[str, ...]) -> tuple[str, ...]:
    """Return the columns that one of ours is made of; none if the file is said to have none."""
    return tuple(name for name in ((column,) if isinstance(column, str) else column) if name)


def map_columns(
    wanted: PointFile,
    there: list[str],
    coordinates: tuple[str, ...],
    notes: Notes | None = None,
) -> dict[str, tuple[str, ...]]:
    """Return our column -> columns of the file; an empty name in the scenario says it has none.

    A name that differs in case, width or filling alone is the same; coordinates and names that
    nobody mapped are found under the names offices give them, and told.

    Parameters
    ----------
    wanted
        The file and its mapping.
    there
        Columns of the file.
    coordinates
        Those of :data:`COORDINATES` the file must have; none for a vector file. One column that
        holds both, ``coordinates``, does as well.
    notes
        Takes up the columns that were found.

    Raises
    ------
    TableError
        Naming every missing column at once.
    """
    ours = [*coordinates, *(one.name for one in wanted.fields)]
    known = [*ours, *([PAIR] if coordinates else [])]
    wanted = replace(wanted, columns=_under_our_names(wanted.columns)) if coordinates else wanted
    must = {*coordinates, *(one.name for one in wanted.fields if one.required)}
    mapping: dict[str, tuple[str, ...]] = {}
    found: dict[str, str] = {}
    lacking: dict[str, list[str]] = {}
    for name in known:
        sources = _sources(wanted.columns.get(name, name), there)
        theirs = None if name in wanted.columns else _find(name, there)
        if all(source in there for source in sources) and (sources or name not in coordinates):
            mapping |= {name: sources} if sources else {}
        elif theirs is not None:
            found[name], mapping[name] = theirs, (theirs,)
        elif name in must or name in wanted.columns:
            lacking[name] = [one for one in sources or [name] if one not in there]
    if PAIR in mapping:
        lacking = {name: gone for name, gone in lacking.items() if name not in COORDINATES}
    strange = [name for name in wanted.columns if name not in known]
    if strange or lacking:
        raise _no_columns(wanted, known, strange, lacking, there)
    if set(COORDINATES) <= mapping.keys():
        found.pop(PAIR, None)
    if found and notes is not None:
        names = [f"{own} = {theirs}" for own, theirs in found.items()]
        notes.append(Note("columns_found", {"file": wanted.path.name, "names": names}))
    return mapping


def _under_our_names(
    columns: Mapping[str, str | tuple[str, ...]],
) -> dict[str, str | tuple[str, ...]]:
    """Return the mapping with a column that holds both coordinates under our name for it."""
    return {PAIR if name in _PAIR_TOO else name: theirs for name, theirs in columns.items()}


def _no_columns(
    wanted: PointFile,
    ours: list[str],
    strange: list[str],
    lacking: dict[str, list[str]],
    there: list[str],
) -> TableError:
    faults = [
        f"'{name}' is no column of this table (they are {', '.join(ours)})" for name in strange
    ]
    faults += [
        f"column '{one}' (for {name}) is missing" for name, gone in lacking.items() for one in gone
    ]
    return TableError(
        f"'{wanted.path.name}' does not have the columns asked for:\n    - "
        + "\n    - ".join(faults),
        where=str(wanted.path),
        cure=_mapping_cure(wanted.key, list(lacking), there),
    )


def _find(name: str, there: list[str]) -> str | None:
    return find_field(name, there) if name in _FOUND_BY_NAME else None


def _sources(declared: str | tuple[str, ...], there: list[str]) -> tuple[str, ...]:
    """Return the columns of the file a declared name, or a sum of them, means."""
    names = names_of(declared)
    if len(names) == 1 and match_name(names[0], there) is None and "+" in names[0]:
        names = tuple(part.strip() for part in names[0].split("+"))
    return tuple(match_name(name, there) or name for name in names)


def _mapping_cure(key: str, lacking: list[str], there: list[str]) -> str:
    """Say how to map columns, and how to say that a file truly lacks one that may lack."""
    example = ", ".join(f'{name} = "{find_field(name, there) or "<its name>"}"' for name in lacking)
    cure = f"the file has: {', '.join(there)}; map them in {key}.columns"
    cure += f", as in columns = {{ {example} }}" if lacking else ""
    none = next((name for name in lacking if name not in COORDINATES), None)
    if none:
        cure += f'; where it truly has none, say so: columns = {{ {none} = "" }}'
    return cure


TEXT = pd.StringDtype(na_value=np.nan)
"""Text type of every table; the same as pandas 3's ``str``."""

_NUMBER = re.compile(r"\s*(\d+(?:\.\d+)?)\s*$")


def texts(values: Iterable[Any]) -> pd.api.extensions.ExtensionArray:
    """Return values as a text array; None, NaN and blank texts are missing.

    Examples
    --------
    >>> texts(["a", None, " "]).tolist()
    ['a', nan, nan]
    """
    cleaned = [
        value.strip() or None if isinstance(value, str) else None if pd.isna(value) else str(value)
        for value in values
    ]
    return pd.array(cleaned, dtype=TEXT)


def tag_number(value: object) -> float:
    """Return a plain non-negative number of an OSM tag, else NaN.

    Examples
    --------
    >>> tag_number("120"), tag_number("about 50"), tag_number(None)
    (120.0, nan, nan)
    """
    found = _NUMBER.match(value) if isinstance(value, str) else None
    return float(found.group(1)) if found else np.nan
