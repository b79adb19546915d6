"""People by zone, by the place of each row, or one figure for the area; joined on ids or names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from siting.errors import ScenarioError, TableError
from siting.inputs.files.columns import PointField, PointFile, texts
from siting.inputs.files.numbers import half_width
from siting.inputs.files.points import read_points
from siting.inputs.files.sheets import Reading, read_table
from siting.inputs.files.vectors import require_file
from siting.inputs.zone_columns import (
    COLUMNS,
    KEYS,
    PeopleCells,
    id_faults,
    map_zone_columns,
    people_of,
    quality_faults,
    refuse,
    source_of,
    tidy,
)
from siting.notes import Note
from siting.scenario import local_path

if TYPE_CHECKING:
    from pathlib import Path

    from siting import scenario
    from siting.inputs.area_shape import AreaShape
    from siting.inputs.files.points import Notes
    from siting.inputs.provenance import Provenance

PLACE = "place"
"""Value of ``inputs.zones.people_key`` for rows that say where they are."""

_FIELDS = (
    PointField("name", "text"),
    PointField("population", "number", required=True, unit="people"),
)
_HOMES = ("residential", "flats")
_SHOWN = 20


def read_people_at(
    zones: scenario.ZonesInput, area: AreaShape, notes: Notes
) -> tuple[gpd.GeoDataFrame, Provenance]:
    """Read a table of people whose rows say where they are, before the map is.

    Returns
    -------
    rows, source
        Name, population and the point of each row in WGS-84, and where they came from.

    Raises
    ------
    InputMissingError, BrokenFileError, DatumError, TableError
        As :func:`siting.inputs.files.points.read_points`.
    """
    reading = Reading(None, zones.people_encoding, zones.people_header_row, None)
    units = {} if zones.people_unit is None else {"population": zones.people_unit}
    wanted = PointFile(
        local_path(str(zones.people)), "inputs.zones.people", zones.people_datum,
        zones.people_columns, _FIELDS, reading, units,
    )  # fmt: skip
    return read_points(wanted, area, name="people", notes=notes)


def with_people_at(
    table: gpd.GeoDataFrame,
    zones: scenario.ZonesInput,
    area: AreaShape,
    notes: Notes,
    *,
    listed: tuple[gpd.GeoDataFrame, Provenance] | None = None,
) -> tuple[gpd.GeoDataFrame, Provenance]:
    """Join a table of people on the zone that each of its rows lies in; rows of a zone add up.

    Parameters
    ----------
    table
        The zones in WGS-84.
    zones
        people and what the scenario says of its form, columns, unit and datum.
    area
        The area.
    notes
        Takes up ``people_outside_zones``: rows in no zone.
    listed
        Result of :func:`read_people_at`, if the table is read already.

    Raises
    ------
    InputMissingError, BrokenFileError, DatumError, TableError
        As :func:`read_people_at`; also if no row lies in a zone.
    """
    path = local_path(str(zones.people))
    rows, source = listed or read_people_at(zones, area, notes)
    tree = shapely.STRtree(rows.geometry.to_numpy())
    zone, row = tree.query(table.geometry.to_numpy(), predicate="contains")
    row, first = np.unique(row, return_index=True)
    zone = zone[first]
    if not len(row):
        raise TableError(
            f"no row of '{path.name}' lies in a zone",
            where=str(path),
            cure="check inputs.zones.people_datum, lon and lat in inputs.zones.people_columns; "
            "siting zones lists the zones",
        )
    outside = np.setdiff1d(np.arange(len(rows)), row)
    if len(outside):
        lost = rows.iloc[outside]
        values = {"count": len(lost), "people": float(lost["population"].sum())}
        notes.append(Note("people_outside_zones", values))
    known = rows["population"].iloc[row].groupby(zone).sum(min_count=1)
    people = known.reindex(range(len(table))).to_numpy(dtype=float)
    counted = np.isfinite(people)
    quality = np.where(counted, "estimated", table["population_quality"])
    result = table.assign(
        population=np.where(counted, people, table["population"]),
        population_quality=texts(quality),
    )
    return result, source


def share_area_people(
    zones: gpd.GeoDataFrame, places: gpd.GeoDataFrame, area_people: float
) -> tuple[gpd.GeoDataFrame, Note]:
    """Give the zones without a figure their share of what the others leave of the area's people.

    By the homes mapped in them (ground times levels, 1 where unknown), or by their ground where
    the map has no homes in any of them. The figures are ``estimated``.

    Parameters
    ----------
    zones
        ``tables.ZONES``.
    places
        ``tables.PLACES``.
    area_people
        People of the whole area.

    Returns
    -------
    zones, note
        The zones with people, and ``people_shared`` that says how.

    Raises
    ------
    ScenarioError
        If every zone has a figure, or those that have one leave nothing.
    """
    bare = zones["population"].isna().to_numpy(dtype=bool)
    rest = area_people - float(zones["population"].sum())
    if not bare.any() or rest <= 0:
        what = "every zone has a figure of people" if not bare.any() else (
            f"the zones with a figure hold {zones['population'].sum():,.0f} people, which leaves "
            f"nothing of {area_people:,.0f} for the {bare.sum()} others"
        )  # fmt: skip
        raise ScenarioError(
            what,
            where="inputs.zones.area_people",
            cure="leave area_people out, or correct it; siting zones lists the figures",
        )
    weight = _homes_in(zones[bare], places)
    by_homes = bool(weight.sum() > 0)
    if not by_homes:
        weight = zones.geometry.area.to_numpy()[bare]
    people = zones["population"].to_numpy(dtype=float).copy()
    people[bare] = rest * weight / weight.sum()
    quality = np.where(bare, "estimated", zones["population_quality"])
    way = {"zh": "住宅面积", "en": "mapped homes"} if by_homes else {"zh": "面积", "en": "ground"}
    note = Note(
        "people_shared",
        {"people": round(rest), "zones": int(bare.sum()), "by": way, "of": round(area_people)},
    )
    return zones.assign(population=people, population_quality=texts(quality)), note


def _homes_in(zones: gpd.GeoDataFrame, places: gpd.GeoDataFrame) -> np.ndarray:
    """Return the ground of homes in each zone, times their levels where known (m2)."""
    homes = places.loc[places["kind"].isin(_HOMES), ["levels", "geometry"]]
    homes = homes[homes.geometry.area.to_numpy() > 0]
    if homes.empty:
        return np.zeros(len(zones))
    parts = gpd.overlay(
        homes, zones[["zone_id", "geometry"]], how="intersection", keep_geom_type=True
    )
    floor = parts.geometry.area * parts["levels"].where(parts["levels"] > 0, 1.0)
    sums = floor.groupby(parts["zone_id"]).sum()
    return sums.reindex(zones["zone_id"], fill_value=0.0).to_numpy(dtype=float)


def read_people(zones: scenario.ZonesInput, notes: Notes) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read the table of people, before the map is.

    Returns
    -------
    people
        population and population_quality by key.
    raw
        The cells, for the provenance.

    Raises
    ------
    InputMissingError, BrokenFileError, TableError
        As :func:`with_people`.
    """
    path, key = local_path(str(zones.people)), zones.people_key
    require_file(path, "inputs.zones.people")
    if key not in KEYS:
        raise TableError(
            f"people_key is '{key}'",
            where="inputs.zones.people_key",
            cure=f"one of: {', '.join((*KEYS, PLACE))}",
        )
    reading = Reading(None, zones.people_encoding, zones.people_header_row, None)
    asked = dict(zones.people_columns)
    raw = read_table(path, reading, wanted=(*asked.values(), *COLUMNS), notes=notes,
                     key="inputs.zones.people")  # fmt: skip
    mapping = map_zone_columns(
        asked, list(raw.columns), path, "inputs.zones.people_columns",
        must=(key, "population"), notes=notes,
    )  # fmt: skip
    return _people_table(raw, mapping, path, zones, notes), raw


def with_people(
    table: gpd.GeoDataFrame,
    zones: scenario.ZonesInput,
    notes: Notes,
    *,
    listed: tuple[pd.DataFrame, pd.DataFrame] | None = None,
) -> tuple[gpd.GeoDataFrame, Provenance]:
    """Join a table of people on zone_id or name; where both speak, the table wins.

    Names that differ by 街道, 镇 or 乡 alone are the same where that leaves no doubt, and the
    pairs are told.

    Parameters
    ----------
    table
        The zones.
    zones
        people, people_key and people_columns.
    notes
        Takes up the keys that match nothing, on either side.
    listed
        Result of :func:`read_people`, if the table is read already.

    Raises
    ------
    InputMissingError, BrokenFileError
        If the file is not there or cannot be read.
    TableError
        For missing columns, repeated keys, bad figures, or if no row matches a zone.
    """
    path, key = local_path(str(zones.people)), zones.people_key
    people, raw = listed or read_people(zones, notes)
    if key == "name":
        people = _by_zone_names(people, table, path, notes)
    _note_keys(table, people, key, path, notes)
    matched = table[key].isin(people.index)
    known = table[key].map(people["population"]).astype(float)
    quality = table[key].map(people["population_quality"])
    result = table.assign(
        population=known.where(matched, table["population"]),
        population_quality=texts(quality.where(matched, table["population_quality"])),
    )
    return tidy(result), source_of("people", path, raw)


def _people_table(
    raw: pd.DataFrame,
    mapping: dict[str, str],
    path: Path,
    zones: scenario.ZonesInput,
    notes: Notes,
) -> pd.DataFrame:
    """Return population and its quality by key, every fault of the table named at once."""
    key = zones.people_key
    rows = [f"row {number}" for number in raw.index + 2]
    faults: list[str] = []
    quality = [None] * len(raw)
    if "population_quality" in mapping:
        quality = raw[mapping["population_quality"]].tolist()
    keys = texts(raw[mapping[key]])
    values = {
        "population": people_of(raw, mapping, rows, faults, read=PeopleCells(path, notes, zones)),
        "population_quality": texts(quality),
    }
    id_faults(keys, key, rows, faults)
    quality_faults(values["population_quality"], rows, faults)
    refuse(faults, path)
    return pd.DataFrame(values, index=pd.Index(keys))


_ENDINGS = re.compile(r"(?:街道办事处|街道办|办事处|街道|地区|镇|乡|民族乡)$")


def _stem(name: str) -> str:
    """Return a name without blanks and without the ending of its kind."""
    return _ENDINGS.sub("", re.sub(r"\s+", "", half_width(name)))


def _by_zone_names(
    people: pd.DataFrame, table: pd.DataFrame, path: Path, notes: Notes
) -> pd.DataFrame:
    """Return the people under the names of the zones, where only the ending differs.

    A pair is made where exactly one zone and one row without a partner have the stem.
    """
    zones = [str(name) for name in table["name"].dropna()]
    loose = sorted(set(people.index) - set(zones))
    bare = sorted(set(zones) - set(people.index))
    pairs = {}
    for name in loose:
        there = [zone for zone in bare if _stem(zone) == _stem(name)]
        here = [other for other in loose if _stem(other) == _stem(name)]
        if len(there) == 1 and len(here) == 1:
            pairs[name] = there[0]
    if pairs:
        told = [f"{name} = {zone}" for name, zone in pairs.items()]
        notes.append(
            Note("names_paired", {"file": path.name, "count": len(pairs), "pairs": told[:_SHOWN]})
        )
    return people.rename(index=pairs)


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
            f"e.g. {', '.join(map(str, bare[:3]))}; join on the other of {', '.join(KEYS)}, "
            'or by place (people_key = "place", with lon and lat in the table); siting zones lists '
            "the zones",
        )
    if lost:
        notes.append(Note("people_without_zone", {"count": len(lost), "keys": lost[:_SHOWN]}))
    if bare:
        notes.append(Note("zones_without_people_row", {"count": len(bare), "keys": bare[:_SHOWN]}))
