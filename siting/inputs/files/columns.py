"""Which column of a file is which of ours, and the values of such a column."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from siting.errors import TableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


COORDINATES = ("lon", "lat")


@dataclass(frozen=True)
class PointField:
    """One column of a point table.

    Attributes
    ----------
    name
        Column of our table.
    kind
        ``id``, ``text``, ``number``, ``count`` (whole number) or ``flag``.
    required
        Whether the file must have the column (its cells may be empty).
    filled
        Whether each cell must have a value.
    choices
        The texts it may hold; none means any.
    high
        Most a number may be.
    """

    name: str
    kind: str
    required: bool = False
    filled: bool = False
    choices: tuple[str, ...] = ()
    high: float = math.inf


@dataclass(frozen=True)
class PointFile:
    """How to read one file of points.

    Attributes
    ----------
    path
        The file.
    key
        Scenario key, for messages, e.g. ``"inputs.stations[0]"``.
    layer, datum, columns
        From the scenario.
    fields
        The columns of our table besides the coordinates.
    """

    path: Path
    key: str
    layer: str | None
    datum: str | None
    columns: Mapping[str, str]
    fields: tuple[PointField, ...]


def map_columns(
    wanted: PointFile, there: list[str], coordinates: tuple[str, ...]
) -> dict[str, str]:
    """Return our column -> file column; an empty name in the scenario says the file has none.

    Parameters
    ----------
    wanted
        The file and its mapping.
    there
        Columns of the file.
    coordinates
        Those of :data:`COORDINATES` the file must have; none for a vector file.

    Raises
    ------
    TableError
        Naming every missing column at once.
    """
    ours = [*coordinates, *(one.name for one in wanted.fields)]
    must = [*coordinates, *(one.name for one in wanted.fields if one.required)]
    faults = [
        f"'{name}' is no column of this table (they are {', '.join(ours)})"
        for name in wanted.columns
        if name not in ours
    ]
    mapping = {}
    lacking = []
    for name in ours:
        source = wanted.columns.get(name, name)
        if source in there:
            mapping[name] = source
        elif source == "" and name not in coordinates:
            continue
        elif name in must or name in wanted.columns:
            faults.append(f"column '{source}' (for {name}) is missing")
            lacking.append(name)
    if faults:
        raise TableError(
            f"'{wanted.path.name}' does not have the columns asked for:\n    - "
            + "\n    - ".join(faults),
            where=str(wanted.path),
            cure=_mapping_cure(wanted.key, lacking, there),
        )
    return mapping


def _mapping_cure(key: str, lacking: list[str], there: list[str]) -> str:
    """Say how to map columns, and how to say that a file truly lacks one that may lack."""
    example = ", ".join(f'{name} = "<its name>"' for name in lacking)
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
