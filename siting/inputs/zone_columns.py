"""The columns of zones and of their people: found, read, and every fault named at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from siting.errors import ScenarioError, TableError
from siting.inputs.files.columns import texts
from siting.inputs.files.header import find_field, match_name
from siting.inputs.files.numbers import (
    decimal_sign,
    half_width,
    header_unit,
    read_number,
    unit_factor,
)
from siting.inputs.files.sheets import MISSING
from siting.inputs.files.values import Converted
from siting.inputs.provenance import file_provenance, marked_synthetic, stated_licence
from siting.notes import Note

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd

    from siting import scenario
    from siting.inputs.provenance import Provenance
    from siting.notes import Notes

QUALITIES = ("exact", "rounded", "suspect", "estimated", "missing")
TEXTS = ("zone_id", "name", "name_en", "kind", "managed_by", "population_quality")
COLUMNS = (*TEXTS, "population")
KEYS = ("zone_id", "name")
_SHOWN = 20


def map_zone_columns(  # the columns asked for, those there, and whom to tell
    asked: dict[str, str],
    there: list[str],
    path: Path,
    key: str,
    *,
    must: tuple[str, ...] = ("zone_id", "name"),
    notes: Notes,
) -> dict[str, str]:
    """Return our column -> file column, naming every missing one at once.

    What must be there and nobody mapped is found under the names offices give it, and told; a file
    with names and no ids goes by its names.
    """
    faults = [f"'{name}' is no column of the zones" for name in asked if name not in COLUMNS]
    mapping, found = {}, {}
    lacking = []
    for name in COLUMNS:
        source = match_name(asked.get(name, name), there)
        theirs = find_field(name, there) if name in must and name not in asked else None
        if source is not None:
            mapping[name] = source
        elif theirs is not None:
            mapping[name] = found[name] = theirs
        elif name in asked or name in must:
            lacking.append(name)
    if lacking == ["zone_id"] and "zone_id" not in asked and "name" in mapping:
        mapping["zone_id"] = found["zone_id"] = mapping["name"]
        lacking = []
    faults += [f"column '{asked.get(name, name)}' (for {name}) is missing" for name in lacking]
    if faults:
        raise TableError(
            f"'{path.name}' does not have the columns asked for:\n    - " + "\n    - ".join(faults),
            where=str(path),
            cure=f'map them in {key}, e.g. {{ {must[0]} = "code" }}; '
            f"the file has: {', '.join(there) or 'none'}"
            + ('; a table without ids joins by people_key = "name"' if "people" in key else ""),
        )
    if found:
        names = [f"{own} = {theirs}" for own, theirs in found.items()]
        notes.append(Note("columns_found", {"file": path.name, "names": names}))
    return mapping


def zone_cells(column: pd.Series) -> list[str | None]:
    """Return cells as text; whole floats, as codes come back from files, without their .0."""
    return [
        None
        if pd.isna(cell)
        else str(int(cell))
        if isinstance(cell, float) and cell.is_integer()
        else str(cell)
        for cell in column
    ]


@dataclass(frozen=True)
class PeopleCells:
    """How the people of a file are read: its name, whom to tell, and the unit declared."""

    path: Path
    notes: Notes
    zones: scenario.ZonesInput


def people_of(
    frame: pd.DataFrame,
    mapping: dict[str, str],
    rows: list[str],
    faults: list[str],
    *,
    read: PeopleCells,
) -> np.ndarray:
    """Return people as numbers; an empty cell is missing, anything else is a fault."""
    result = np.full(len(frame), np.nan)
    if "population" not in mapping:
        return result
    column = mapping["population"]
    cells = zone_cells(frame[column])
    decimal = decimal_sign(cell for cell in cells if cell)
    per = _people_unit(column, read)
    converted = Converted()
    for position, cell in enumerate(cells):
        if cell is None or half_width(cell).casefold() in MISSING:
            continue
        number = read_number(cell, decimal=decimal, unit="people", per=per)
        if number is None:
            faults.append(f"{rows[position]}: population is no number: '{cell}'")
        elif 0 <= number.value < np.inf:
            result[position] = number.value
            if number.converted:
                converted.add(cell, f"{number.value:,.0f}")
        else:
            faults.append(f"{rows[position]}: population cannot be {cell}")
    converted.note(read.path.name, read.notes)
    return result


def _people_unit(column: str, read: PeopleCells) -> float:
    """Return how many people a bare number stands for: as declared, else as the header says."""
    key = "inputs.zones.people_unit"
    headed, stated = header_unit(column, "people"), read.zones.people_unit
    if stated is None:
        return 1.0 if headed is None else unit_factor("people", headed, key=key)
    factor = unit_factor("people", stated, key=key)
    if headed is not None and unit_factor("people", headed, key=key) != factor:
        raise ScenarioError(
            f"the scenario says {stated}, but '{read.path.name}' says {headed} in the header "
            f"'{column}'",
            where=key,
            cure="make the two agree",
        )
    return factor


def id_faults(ids: Any, name: str, rows: list[str], faults: list[str]) -> None:  # noqa: ANN401 - a text array
    """Name rows without an id, and ids that several rows have."""
    where: dict[str, list[str]] = {}
    for one, row in zip(ids, rows, strict=True):
        where.setdefault("" if pd.isna(one) else str(one), []).append(row)
    for one, found in where.items():
        if not one:
            faults.extend(f"{row}: {name} is missing" for row in found)
        elif len(found) > 1:
            listed = ", ".join(found[:_SHOWN])
            faults.append(f"{listed}: {name} '{one}' is used {len(found)} times")


def quality_faults(quality: Any, rows: list[str], faults: list[str]) -> None:  # noqa: ANN401 - a text array
    """Name qualities that are none."""
    faults.extend(
        f"{row}: population_quality is '{one}', not one of {', '.join(QUALITIES)}"
        for one, row in zip(quality, rows, strict=True)
        if not pd.isna(one) and one not in QUALITIES
    )


def refuse(faults: list[str], path: Path) -> None:
    """Raise the faults of a file in the order of their rows, if there are any."""
    if faults:
        faults = sorted(faults, key=_row_of)
        more = f"\n    - and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
        raise TableError(
            f"'{path.name}' has {len(faults)} fault(s):\n    - "
            + "\n    - ".join(faults[:_SHOWN])
            + more,
            where=str(path),
            cure="each zone wants one row with an id and an area of its own (join its parts to a "
            "multipolygon; draw what has none, or take its row out); leave a figure empty where "
            "it is unknown",
        )


def _row_of(fault: str) -> int:
    """Return the number of the row, or the first of the rows, that a fault names."""
    return int(fault.split(maxsplit=2)[1].rstrip(":,"))


def tidy(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Fill name, kind and quality where the file leaves them open."""
    stated = table["population_quality"].fillna("estimated")
    quality = stated.where(table["population"].notna(), "missing")
    return table.assign(
        name=texts(table["name"].fillna(table["zone_id"])),
        kind=texts(table["kind"].fillna("other")),
        population=table["population"].where(quality != "missing"),
        population_quality=texts(quality),
    )


def source_of(name: str, path: Path, frame: pd.DataFrame) -> Provenance:
    """Return where a file came from, with what its columns say of itself."""
    synthetic = marked_synthetic(frame)
    return file_provenance(name, path, synthetic=synthetic, licence=stated_licence(frame))
