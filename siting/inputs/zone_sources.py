"""Where zones and their people are read from: a file, the map, a table of people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from siting.errors import TableError
from siting.geo import WGS84
from siting.inputs.files.columns import texts
from siting.inputs.files.sheets import MISSING, read_table
from siting.inputs.files.vectors import read_vector, require_file
from siting.inputs.provenance import file_provenance, marked_synthetic, stated_licence
from siting.notes import Note
from siting.scenario import local_path

if TYPE_CHECKING:
    from pathlib import Path

    from siting import scenario
    from siting.inputs.files.points import Notes
    from siting.inputs.provenance import Provenance

QUALITIES = ("exact", "rounded", "suspect", "estimated", "missing")
_TEXTS = ("zone_id", "name", "name_en", "kind", "managed_by", "population_quality")
_COLUMNS = (*_TEXTS, "population")
_KEYS = ("zone_id", "name")
_SHOWN = 20


def zones_of_file(zones: scenario.ZonesInput, path: Path) -> tuple[gpd.GeoDataFrame, Provenance]:
    """Read zones from a vector file.

    Parameters
    ----------
    zones
        Layer, datum and columns.
    path
        The file.

    Returns
    -------
    zones, source
        The columns of ``tables.ZONES`` in EPSG:4326, and where they came from.

    Raises
    ------
    InputMissingError, BrokenFileError, DatumError
        As :func:`siting.inputs.files.vectors.read_vector`.
    TableError
        For no rows, missing columns, repeated ids and bad figures, all at once.
    """
    frame = read_vector(path, layer=zones.layer, datum=zones.datum, key="inputs.zones")
    there = [str(column) for column in frame.columns if column != frame.geometry.name]
    if frame.empty:
        raise TableError(
            f"the zone file '{path.name}' has no rows",
            where=str(path),
            cure="inputs.zones.layer picks another layer",
        )
    mapping = _mapping(dict(zones.columns), there, path, "inputs.zones.columns")
    rows = [f"feature {number}" for number in range(1, len(frame) + 1)]
    faults: list[str] = []
    values: dict[str, Any] = {
        name: texts(_cells(frame[mapping[name]]) if name in mapping else [None] * len(frame))
        for name in _TEXTS
    }
    values["population"] = _people(frame, mapping, rows, faults)
    _id_faults(values["zone_id"], "zone_id", rows, faults)
    _quality_faults(values["population_quality"], rows, faults)
    _refuse(faults, path)
    table = gpd.GeoDataFrame(values, geometry=frame.geometry.to_numpy(), crs=WGS84)
    return _tidy(table), _source("zones", path, frame)


def zones_of_map(admin: gpd.GeoDataFrame, level: int) -> gpd.GeoDataFrame:
    """Make zones of the map's administrative areas of one level; their people are unknown.

    Parameters
    ----------
    admin
        admin_id, admin_level, name, name_en, geometry.
    level
        The ``admin_level`` to take.
    """
    found = admin[admin["admin_level"] == str(level)].to_crs(WGS84).reset_index(drop=True)
    return gpd.GeoDataFrame(
        {
            "zone_id": texts(found["admin_id"]),
            "name": texts(found["name"].fillna(found["admin_id"])),
            "name_en": texts(found["name_en"]),
            "kind": texts(_kind(name) for name in found["name"]),
            "managed_by": texts([None] * len(found)),
            "population_quality": texts(["missing"] * len(found)),
            "population": np.full(len(found), np.nan),
        },
        geometry=found.geometry.to_numpy(),
        crs=WGS84,
    )


def with_people(
    table: gpd.GeoDataFrame, zones: scenario.ZonesInput, notes: Notes
) -> tuple[gpd.GeoDataFrame, Provenance]:
    """Join a table of people on zone_id or name; where both speak, the table wins.

    Parameters
    ----------
    table
        The zones.
    zones
        people, people_key and people_columns.
    notes
        Takes up the keys that match nothing, on either side.

    Raises
    ------
    InputMissingError, BrokenFileError
        If the file is not there or cannot be read.
    TableError
        For missing columns, repeated keys, bad figures, or if no row matches a zone.
    """
    path = local_path(str(zones.people))
    require_file(path, "inputs.zones.people")
    key = zones.people_key
    if key not in _KEYS:
        raise TableError(
            f"people_key is '{key}'",
            where="inputs.zones.people_key",
            cure=f"one of: {', '.join((*_KEYS, 'place'))}",
        )
    raw = read_table(path)
    mapping = _mapping(
        dict(zones.people_columns), list(raw.columns), path, "inputs.zones.people_columns",
        must=(key, "population"),
    )  # fmt: skip
    people = _people_table(raw, mapping, key, path)
    _note_keys(table, people, key, path, notes)
    matched = table[key].isin(people.index)
    known = table[key].map(people["population"]).astype(float)
    quality = table[key].map(people["population_quality"])
    result = table.assign(
        population=known.where(matched, table["population"]),
        population_quality=texts(quality.where(matched, table["population_quality"])),
    )
    return _tidy(result), _source("people", path, raw)


def _source(name: str, path: Path, frame: pd.DataFrame) -> Provenance:
    synthetic = marked_synthetic(frame)
    return file_provenance(name, path, synthetic=synthetic, licence=stated_licence(frame))


def _people_table(raw: pd.DataFrame, mapping: dict[str, str], key: str, path: Path) -> pd.DataFrame:
    """Return population and its quality by key, every fault of the table named at once."""
    rows = [f"row {number}" for number in raw.index + 2]
    faults: list[str] = []
    quality = [None] * len(raw)
    if "population_quality" in mapping:
        quality = raw[mapping["population_quality"]].tolist()
    keys = texts(raw[mapping[key]])
    values = {
        "population": _people(raw, mapping, rows, faults),
        "population_quality": texts(quality),
    }
    _id_faults(keys, key, rows, faults)
    _quality_faults(values["population_quality"], rows, faults)
    _refuse(faults, path)
    return pd.DataFrame(values, index=pd.Index(keys))


def _mapping(
    asked: dict[str, str],
    there: list[str],
    path: Path,
    key: str,
    *,
    must: tuple[str, ...] = ("zone_id", "name"),
) -> dict[str, str]:
    """Return our column -> file column, naming every missing one at once."""
    faults = [f"'{name}' is no column of the zones" for name in asked if name not in _COLUMNS]
    mapping = {}
    for name in _COLUMNS:
        source = asked.get(name, name)
        if source in there:
            mapping[name] = source
        elif name in asked or name in must:
            faults.append(f"column '{source}' (for {name}) is missing")
    if faults:
        raise TableError(
            f"'{path.name}' does not have the columns asked for:\n    - " + "\n    - ".join(faults),
            where=str(path),
            cure=f'map them in {key}, e.g. {{ {must[0]} = "code" }}; '
            f"the file has: {', '.join(there) or 'none'}",
        )
    return mapping


def _cells(column: pd.Series) -> list[str | None]:
    """Return cells as text; whole floats, as codes come back from files, without their .0."""
    return [
        None
        if pd.isna(cell)
        else str(int(cell))
        if isinstance(cell, float) and cell.is_integer()
        else str(cell)
        for cell in column
    ]


def _people(
    frame: pd.DataFrame, mapping: dict[str, str], rows: list[str], faults: list[str]
) -> np.ndarray:
    """Return people as numbers; an empty cell is missing, anything else is a fault."""
    result = np.full(len(frame), np.nan)
    if "population" not in mapping:
        return result
    for position, cell in enumerate(_cells(frame[mapping["population"]])):
        if cell is None or cell.strip().casefold() in MISSING:
            continue
        try:
            value = float(cell)
        except ValueError:
            faults.append(f"{rows[position]}: population is no number: '{cell}'")
            continue
        if 0 <= value < np.inf:
            result[position] = value
        else:
            faults.append(f"{rows[position]}: population cannot be {cell}")
    return result


def _id_faults(ids: Any, name: str, rows: list[str], faults: list[str]) -> None:  # noqa: ANN401 - a text array
    where: dict[str, list[str]] = {}
    for one, row in zip(ids, rows, strict=True):
        where.setdefault("" if pd.isna(one) else str(one), []).append(row)
    for one, found in where.items():
        if not one:
            faults.extend(f"{row}: {name} is missing" for row in found)
        elif len(found) > 1:
            listed = ", ".join(found[:_SHOWN])
            faults.append(f"{listed}: {name} '{one}' is used {len(found)} times")


def _quality_faults(quality: Any, rows: list[str], faults: list[str]) -> None:  # noqa: ANN401 - a text array
    faults.extend(
        f"{row}: population_quality is '{one}', not one of {', '.join(QUALITIES)}"
        for one, row in zip(quality, rows, strict=True)
        if not pd.isna(one) and one not in QUALITIES
    )


def _refuse(faults: list[str], path: Path) -> None:
    if faults:
        faults = sorted(faults, key=_row_of)
        more = f"\n    - and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
        raise TableError(
            f"'{path.name}' has {len(faults)} fault(s):\n    - "
            + "\n    - ".join(faults[:_SHOWN])
            + more,
            where=str(path),
            cure="each zone wants one row with an id of its own (join its parts to a "
            "multipolygon); leave a figure empty where it is unknown",
        )


def _row_of(fault: str) -> int:
    """Return the number of the row, or the first of the rows, that a fault names."""
    return int(fault.split(maxsplit=2)[1].rstrip(":,"))


def _tidy(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Fill name, kind and quality where the file leaves them open."""
    stated = table["population_quality"].fillna("estimated")
    quality = stated.where(table["population"].notna(), "missing")
    return table.assign(
        name=texts(table["name"].fillna(table["zone_id"])),
        kind=texts(table["kind"].fillna("other")),
        population=table["population"].where(quality != "missing"),
        population_quality=texts(quality),
    )


def _kind(name: object) -> str:
    """Tell a subdistrict from a town by the end of its Chinese name."""
    text = name if isinstance(name, str) else ""
    if text.endswith("街道"):
        return "subdistrict"
    return "town" if text.endswith(("镇", "乡")) else "other"


def _note_keys(
    table: pd.DataFrame, people: pd.DataFrame, key: str, path: Path, notes: Notes
) -> None:
    """Tell which keys match nothing on the other side; refuse if none match, or too many."""
    keys = table[key].dropna()
    lost = sorted(set(people.index) - set(keys))
    bare = sorted(set(keys) - set(people.index))
    shared = sorted(set(keys[keys.duplicated()]) & set(people.index))
    if len(lost) == len(people) or shared:
        what = f"no row of '{path.name}' matches a zone by {key}"
        if shared:
            what = f"several zones share the {key} {', '.join(map(str, shared[:_SHOWN]))}"
        raise TableError(
            what,
            where="inputs.zones.people_key",
            cure=f"the file has e.g. {', '.join(map(str, lost[:3])) or 'no rows'}; the zones have "
            f"e.g. {', '.join(map(str, bare[:3]))}; join on the other of {', '.join(_KEYS)}, "
            'or by place (people_key = "place", with lon and lat in the table); siting zones lists '
            "the zones",
        )
    if lost:
        notes.append(Note("people_without_zone", {"count": len(lost), "keys": lost[:_SHOWN]}))
    if bare:
        notes.append(Note("zones_without_people_row", {"count": len(bare), "keys": bare[:_SHOWN]}))
