"""Planning zones: from a file or from the map's administrative areas, people joined on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from siting.errors import AreaError, Collected, TableError
from siting.geo import WGS84
from siting.inputs.admin_levels import best_level, level_table
from siting.inputs.files.columns import texts
from siting.inputs.files.sheets import refuse_form
from siting.inputs.files.vectors import read_vector, surfaces
from siting.inputs.people import PLACE, read_people, read_people_at, with_people, with_people_at
from siting.inputs.zone_columns import (
    TEXTS,
    PeopleCells,
    id_faults,
    map_zone_columns,
    people_of,
    quality_faults,
    refuse,
    source_of,
    tidy,
    zone_cells,
)
from siting.notes import Note
from siting.scenario import local_path
from siting.tables import zone_names

if TYPE_CHECKING:
    from pathlib import Path

    from siting import scenario
    from siting.inputs.area_shape import AreaShape
    from siting.inputs.provenance import Provenance
    from siting.notes import Notes


def zones_of_file(
    zones: scenario.ZonesInput, path: Path, notes: Notes
) -> tuple[gpd.GeoDataFrame, Provenance]:
    """Read zones from a vector file.

    Parameters
    ----------
    zones
        Layer, datum and columns.
    path
        The file.
    notes
        Takes up what was found or converted: the encoding, columns, people.

    Returns
    -------
    zones, source
        The columns of ``tables.ZONES`` in EPSG:4326, and where they came from.

    Raises
    ------
    InputMissingError, BrokenFileError, DatumError
        As :func:`siting.inputs.files.vectors.read_vector`.
    TableError
        For no rows, missing columns, repeated ids, bad figures and zones without an area, all at
        once.
    """
    refuse_form(path, "inputs.zones")
    frame = read_vector(
        path, layer=zones.layer, datum=zones.datum, key="inputs.zones",
        encoding=zones.encoding, notes=notes,
    )  # fmt: skip
    there = [str(column) for column in frame.columns if column != frame.geometry.name]
    if frame.empty:
        raise TableError(
            f"the zone file '{path.name}' has no rows",
            where=str(path),
            cure="inputs.zones.layer picks another layer",
        )
    mapping = map_zone_columns(
        dict(zones.columns), there, path, "inputs.zones.columns", notes=notes
    )
    rows = [f"feature {number}" for number in range(1, len(frame) + 1)]
    faults: list[str] = []
    values: dict[str, Any] = {
        name: texts(zone_cells(frame[mapping[name]]) if name in mapping else [None] * len(frame))
        for name in TEXTS
    }
    values["population"] = people_of(
        frame, mapping, rows, faults, read=PeopleCells(path, notes, zones)
    )
    id_faults(values["zone_id"], "zone_id", rows, faults)
    quality_faults(values["population_quality"], rows, faults)
    _shape_faults(frame, values, rows, faults)
    refuse(faults, path)
    table = gpd.GeoDataFrame(values, geometry=frame.geometry.to_numpy(), crs=WGS84)
    return tidy(table), source_of("zones", path, frame)


def _shape_faults(
    frame: gpd.GeoDataFrame, values: dict[str, Any], rows: list[str], faults: list[str]
) -> None:
    """Name the zones that have no area, with their people: they would be lost in silence."""
    geometry = frame.geometry.to_numpy()
    for place in np.flatnonzero(shapely.is_empty(surfaces(geometry))).tolist():
        shape = geometry[place]
        bare = shape is None or shape.is_empty
        what = "has no geometry" if bare else f"is a {shape.geom_type}, not an area"
        name = next((str(one[place]) for one in (values["name"], values["zone_id"])
                     if not pd.isna(one[place])), "without a name")  # fmt: skip
        people = values["population"][place]
        more = "" if np.isnan(people) else f" ({people:,.0f} people)"
        faults.append(f"{rows[place]}: '{name}'{more} {what}")


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


def _kind(name: object) -> str:
    """Tell a subdistrict from a town by the end of its Chinese name."""
    text = name if isinstance(name, str) else ""
    if text.endswith("街道"):
        return "subdistrict"
    return "town" if text.endswith(("镇", "乡")) else "other"


UNCOVERED = "uncovered"
_REST = ("未划入分区", "ground without a zone")
_WHOLE = ("全区", "the whole area")
_SLIVER_HALF_WIDTH_M = 50.0
_SLIVER_KM2 = 0.1
_TOUCHING_SHARE = 0.02
_WHOLE_SHARE = 0.95
_OVERLAP_SHARE = 0.01
_M2_PER_KM2 = 1e6
_SHOWN = 20


@dataclass(frozen=True, eq=False)
class ZoneFiles:
    """The files of the zones, read before the map is.

    Attributes
    ----------
    zones
        The zones of the file and where they came from; None without a file.
    people
        The table of people by id or name; None without one.
    placed
        Its rows where they say where they are; None otherwise.
    notes
        Notes for the reader.
    """

    zones: tuple[gpd.GeoDataFrame, Provenance] | None
    people: tuple[pd.DataFrame, pd.DataFrame] | None
    placed: tuple[gpd.GeoDataFrame, Provenance] | None
    notes: tuple[Note, ...]


def read_zones(zones: scenario.ZonesInput, area: AreaShape) -> ZoneFiles:
    """Read the files of the zones; every fault of both at once.

    Raises
    ------
    InputMissingError, BrokenFileError, DatumError, TableError, ScenarioError
        As :func:`load_zones`.
    """
    notes: Notes = []
    found, people, placed = None, None, None
    faults = Collected()
    with faults.of():
        if zones.file is not None:
            found = zones_of_file(zones, local_path(zones.file), notes)
    with faults.of():
        if zones.people is not None and zones.people_key == PLACE:
            placed = read_people_at(zones, area, notes)
        elif zones.people is not None:
            people = read_people(zones, notes)
    faults.refuse()
    return ZoneFiles(found, people, placed, tuple(notes))


def load_zones(
    zones: scenario.ZonesInput,
    admin: gpd.GeoDataFrame,
    area: AreaShape,
    *,
    packed: gpd.GeoDataFrame | None = None,
    read: ZoneFiles | None = None,
) -> tuple[gpd.GeoDataFrame, Notes, list[Provenance]]:
    """Load the planning zones, cut to the area.

    A zone cut by the outline keeps the share of its people that its ground has, marked
    ``estimated``. What no zone covers, slivers aside, becomes the zone ``uncovered``; its
    people are unknown.

    Parameters
    ----------
    zones
        The scenario's block: file with datum and columns, or admin_level; people table.
    admin
        Administrative areas of the map, in the run's CRS.
    area
        The area.
    packed
        Zones that came with a pack; used if the scenario names no file.
    read
        Result of :func:`read_zones`, if the files are read already.

    Returns
    -------
    zones
        As ``tables.ZONES``, in the run's CRS, sorted by id.
    notes, sources
        Notes for the reader, and where the zones and people came from.

    Raises
    ------
    InputMissingError, BrokenFileError, DatumError
        As :func:`siting.inputs.files.vectors.read_vector`.
    TableError
        For missing columns, repeated ids, or people that are no numbers.
    AreaError
        If no zone of a file touches the area. Where the map has no zones, all of the area is
        ``uncovered``.
    """
    read = read or read_zones(zones, area)
    notes: Notes = list(read.notes)
    sources: list[Provenance] = []
    if read.zones is not None:
        found, source = read.zones
        sources.append(source)
    elif packed is not None:
        found = packed[packed["zone_id"] != UNCOVERED].to_crs(WGS84).reset_index(drop=True)
    else:
        level = zones.admin_level or _best_level(admin, area, notes)
        found = zones_of_map(admin, level)
    if zones.people is not None:
        if read.placed is not None:
            found, source = with_people_at(found, zones, area, notes, listed=read.placed)
        else:
            found, source = with_people(found, zones, notes, listed=read.people)
        sources.append(source)
    found = found.to_crs(area.crs)
    found = found.assign(geometry=surfaces(found.geometry.to_numpy()))
    _report_overlaps(found, notes)
    table = _cut(found, area, notes)
    if table.empty and zones.file is not None:
        raise AreaError(
            f"no zone of '{local_path(zones.file).name}' lies in the area",
            where=zones.file,
            cure="check the area and inputs.zones.datum; inputs.zones.layer picks a layer",
        )
    if table.empty:
        asked = zones.admin_level or {"zh": "4–11", "en": "4 to 11"}
        notes.append(Note("no_zones", {"admin_level": asked}))
    table = _with_rest(table, area, notes)
    _note_people(table, notes)
    return table.sort_values("zone_id", ignore_index=True), notes, sources


def _best_level(admin: gpd.GeoDataFrame, area: AreaShape, notes: Notes) -> int:
    """Return the level that tiles the area best, and say so."""
    levels = level_table(admin, area)
    best = best_level(levels)
    chosen = [one for one in levels if one.level == best and one.zones]
    others = [f"{one.level}: {one.share:.0%}" for one in levels if one.level != best] or ["—"]
    for one in chosen:
        values = {"level": best, "zones": one.zones, "share": one.share, "others": others}
        notes.append(Note("admin_level_chosen", values))
    return best


def _cut(table: gpd.GeoDataFrame, area: AreaShape, notes: Notes) -> gpd.GeoDataFrame:
    """Cut the zones to the area; neighbours that only touch it are left out."""
    whole = table.geometry.area.to_numpy()
    geometry = surfaces(shapely.intersection(table.geometry.to_numpy(), area.projected))
    inside = shapely.area(geometry)
    share = np.divide(inside, whole, out=np.zeros(len(table)), where=whole > 0)
    touching = (share < _TOUCHING_SHARE) & (inside < _SLIVER_KM2 * _M2_PER_KM2)
    if touching.any():
        names = zone_names(table[touching].sort_values("name"))
        notes.append(Note("zones_outside", {"count": int(touching.sum()), "names": names[:_SHOWN]}))
    cut = (share < _WHOLE_SHARE) & ~touching
    if cut.any():
        names = zone_names(table[cut].sort_values("name"))
        notes.append(Note("zones_cut", {"count": int(cut.sum()), "names": names[:_SHOWN]}))
    people = table["population"].to_numpy()
    guessed = cut & np.isfinite(people)
    table = table.assign(
        population=np.where(guessed, people * share, people),
        population_quality=texts(np.where(guessed, "estimated", table["population_quality"])),
        geometry=geometry,
    )
    return table[~touching].reset_index(drop=True)


def _with_rest(table: gpd.GeoDataFrame, area: AreaShape, notes: Notes) -> gpd.GeoDataFrame:
    """Make what no zone covers a zone of its own, slivers between zones aside."""
    rest = shapely.difference(area.projected, shapely.union_all(table.geometry.to_numpy()))
    parts = shapely.get_parts(surfaces(np.array([rest], dtype=object)))
    broad = ~shapely.is_empty(shapely.buffer(parts, -_SLIVER_HALF_WIDTH_M))
    parts = parts[broad & (shapely.area(parts) > _SLIVER_KM2 * _M2_PER_KM2)]
    if not len(parts):
        return table
    shape = shapely.union_all(parts)
    km2 = round(float(shape.area) / _M2_PER_KM2, 2)
    notes.append(
        Note(
            "area_without_zone",
            {"km2": km2, "share": round(float(shape.area / area.projected.area), 4)},
        )
    )
    name, name_en = _WHOLE if table.empty else _REST
    row = gpd.GeoDataFrame(
        {
            "zone_id": texts([UNCOVERED]),
            "name": texts([name]),
            "name_en": texts([name_en]),
            "kind": texts([UNCOVERED]),
            "managed_by": texts([None]),
            "population_quality": texts(["missing"]),
            "population": [np.nan],
        },
        geometry=[shape],
        crs=area.crs,
    )
    return gpd.GeoDataFrame(pd.concat([table, row], ignore_index=True), crs=area.crs)


def _report_overlaps(table: gpd.GeoDataFrame, notes: Notes) -> None:
    geometry = table.geometry.to_numpy()
    first, second = shapely.STRtree(geometry).query(geometry, predicate="intersects")
    pairs = []
    names = zone_names(table)
    for one, other in sorted(zip(first.tolist(), second.tolist(), strict=True)):
        if one >= other:
            continue
        shared = shapely.area(shapely.intersection(geometry[one], geometry[other]))
        smaller = min(geometry[one].area, geometry[other].area)
        if shared > _OVERLAP_SHARE * smaller and shared > _SLIVER_KM2 * _M2_PER_KM2 / 10:
            pairs.append([names[one], names[other], round(float(shared) / _M2_PER_KM2, 2)])
    if pairs:
        notes.append(Note("zones_overlap", {"count": len(pairs), "pairs": pairs[:_SHOWN]}))


def _note_people(table: gpd.GeoDataFrame, notes: Notes) -> None:
    unknown = table[table["population"].isna() & (table["zone_id"] != UNCOVERED)]
    if len(unknown):
        names = zone_names(unknown.sort_values("name"))
        of = int((table["zone_id"] != UNCOVERED).sum())
        notes.append(
            Note("people_missing", {"count": len(names), "of": of, "names": names[:_SHOWN]})
        )
