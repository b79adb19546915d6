"""Planning zones: from a file or from the map's administrative areas, people joined on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from siting.errors import AreaError, TableError
from siting.geo import WGS84
from siting.inputs.frames import texts
from siting.inputs.places import surfaces
from siting.inputs.provenance import file_provenance, marked_synthetic
from siting.inputs.sheets import read_table
from siting.inputs.vectors import read_vector, require_file
from siting.scenario import local_path

if TYPE_CHECKING:
    from siting import scenario
    from siting.inputs.area import AreaShape
    from siting.inputs.points import Notes
    from siting.inputs.provenance import Provenance

UNCOVERED = "uncovered"
QUALITIES = ("exact", "rounded", "suspect", "estimated", "missing")
_TEXTS = ("zone_id", "name", "name_en", "kind", "managed_by", "population_quality")
_COLUMNS = (*_TEXTS, "population", "geometry")
_SLIVER_HALF_WIDTH_M = 50.0
_SLIVER_KM2 = 0.1
_TOUCHING_SHARE = 0.02
_WHOLE_SHARE = 0.95
_OVERLAP_SHARE = 0.01
_M2_PER_KM2 = 1e6
_SHOWN = 20


def load_zones(
    zones: scenario.ZonesInput,
    admin: gpd.GeoDataFrame,
    area: AreaShape,
    *,
    packed: gpd.GeoDataFrame | None = None,
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

    Returns
    -------
    zones
        As ``tables.ZONES``, in the run's CRS, sorted by id.
    notes, sources
        Remarks for the reader, and where the zones and people came from.

    Raises
    ------
    InputMissingError, BrokenFileError, DatumError
        As :func:`siting.inputs.vectors.read_vector`.
    TableError
        For missing columns, repeated ids, or people that are no numbers.
    AreaError
        If no zone of a file touches the area. Where the map has no zones, all of the area is
        ``uncovered``.
    """
    notes: Notes = []
    sources: list[Provenance] = []
    if zones.file is not None:
        found, source = _from_file(zones, local_path(zones.file))
        sources.append(source)
    elif packed is not None:
        found = packed[packed["zone_id"] != UNCOVERED].to_crs(WGS84).reset_index(drop=True)
    else:
        found = _from_map(admin, zones.admin_level)
    if zones.people is not None:
        found, source = _with_people(found, zones, notes)
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
        notes.append(("no_zones", {"admin_level": zones.admin_level}))
    table = _with_rest(table, area, notes)
    _remark_people(table, notes)
    return table.sort_values("zone_id", ignore_index=True), notes, sources


def _from_file(
    zones: scenario.ZonesInput,
    path: Any,  # noqa: ANN401 - a Path
) -> tuple[gpd.GeoDataFrame, Provenance]:
    frame = read_vector(path, layer=zones.layer, datum=zones.datum, key="inputs.zones")
    there = [str(column) for column in frame.columns if column != frame.geometry.name]
    if frame.empty:
        raise TableError(
            f"the zone file '{path.name}' has no rows",
            where=str(path),
            cure="inputs.zones.layer picks another layer",
        )
    mapping = _mapping(dict(zones.columns), there, path.name, "inputs.zones.columns")
    values: dict[str, Any] = {
        name: texts(_cells(frame[mapping[name]]) if name in mapping else [None] * len(frame))
        for name in _TEXTS
    }
    values["population"] = _people(frame, mapping, path.name)
    table = gpd.GeoDataFrame(values, geometry=frame.geometry.to_numpy(), crs=WGS84)
    _require_ids(table, path.name)
    return _tidy(table), file_provenance("zones", path, synthetic=marked_synthetic(frame))


def _mapping(
    asked: dict[str, str],
    there: list[str],
    file: str,
    key: str,
    must: tuple[str, ...] = ("zone_id", "name"),
) -> dict[str, str]:
    """Return our column -> file column, naming every missing one at once."""
    ours = [name for name in _COLUMNS if name != "geometry"]
    faults = [f"'{name}' is no column of the zones" for name in asked if name not in ours]
    mapping = {}
    for name in ours:
        source = asked.get(name, name)
        if source in there:
            mapping[name] = source
        elif name in asked or name in must:
            faults.append(f"column '{source}' (for {name}) is missing")
    if faults:
        raise TableError(
            f"'{file}' does not have the columns asked for:\n    - " + "\n    - ".join(faults),
            where=key,
            cure=f'map them, e.g. columns = {{ zone_id = "code" }}; '
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


def _people(frame: pd.DataFrame, mapping: dict[str, str], file: str) -> np.ndarray:
    """Return people as numbers; empty cells are missing, anything else is a fault."""
    result = np.full(len(frame), np.nan)
    if "population" not in mapping:
        return result
    faults = []
    for row, cell in enumerate(_cells(frame[mapping["population"]])):
        if cell is None or not cell.strip():
            continue
        try:
            result[row] = float(cell)
        except ValueError:
            faults.append(f"row {row + 2}: population is no number: '{cell}'")
            continue
        if not 0 <= result[row] < np.inf:
            faults.append(f"row {row + 2}: population cannot be {cell}")
    if faults:
        raise TableError(
            f"'{file}' has {len(faults)} fault(s):\n    - " + "\n    - ".join(faults[:_SHOWN]),
            where=file,
            cure="leave a cell empty where the figure is unknown",
        )
    return result


def _require_ids(table: pd.DataFrame, file: str) -> None:
    ids = table["zone_id"]
    faults = [f"row {row + 2}: zone_id is missing" for row in np.flatnonzero(ids.isna())]
    for zone_id, rows in table[ids.notna()].groupby("zone_id").groups.items():
        if len(rows) > 1:
            listed = ", ".join(str(row + 2) for row in rows)
            faults.append(f"rows {listed}: zone_id '{zone_id}' is used {len(rows)} times")
    if faults:
        raise TableError(
            f"'{file}' has {len(faults)} fault(s):\n    - " + "\n    - ".join(faults[:_SHOWN]),
            where=file,
            cure="each zone wants an id of its own; join the parts of a zone to a multipolygon",
        )


def _tidy(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Fill name, kind and quality where the file leaves them open."""
    stated = table["population_quality"].where(table["population_quality"].isin(QUALITIES))
    quality = stated.fillna("estimated").where(table["population"].notna(), "missing")
    unknown = quality == "missing"
    return table.assign(
        name=texts(table["name"].fillna(table["zone_id"])),
        kind=texts(table["kind"].fillna("other")),
        population=table["population"].where(~unknown),
        population_quality=texts(quality),
    )


def _from_map(admin: gpd.GeoDataFrame, level: int) -> gpd.GeoDataFrame:
    found = admin[admin["admin_level"] == str(level)].to_crs(WGS84).reset_index(drop=True)
    none = texts([None] * len(found))
    table = gpd.GeoDataFrame(
        {
            "zone_id": texts(found["admin_id"]),
            "name": texts(found["name"].fillna(found["admin_id"])),
            "name_en": texts(found["name_en"]),
            "kind": texts(_kind(name) for name in found["name"]),
            "managed_by": none,
            "population_quality": texts(["missing"] * len(found)),
            "population": np.full(len(found), np.nan),
        },
        geometry=found.geometry.to_numpy(),
        crs=WGS84,
    )
    return table


def _kind(name: object) -> str:
    """Tell a subdistrict from a town by the end of its Chinese name."""
    text = name if isinstance(name, str) else ""
    if text.endswith("街道"):
        return "subdistrict"
    return "town" if text.endswith(("镇", "乡")) else "other"


def _with_people(
    table: gpd.GeoDataFrame, zones: scenario.ZonesInput, notes: Notes
) -> tuple[gpd.GeoDataFrame, Provenance]:
    """Join the table of people on zone_id or name; its figures win, what matches is told."""
    path = local_path(str(zones.people))
    require_file(path, "inputs.zones.people")
    key = zones.people_key
    if key not in {"zone_id", "name"}:
        raise TableError(
            f"people_key must be zone_id or name, is '{key}'", where="inputs.zones.people_key"
        )
    raw = read_table(path)
    must = (key, "population")
    mapping = _mapping(
        dict(zones.people_columns),
        list(raw.columns),
        path.name,
        "inputs.zones.people_columns",
        must,
    )
    raw = raw.reset_index(drop=True)
    people = pd.DataFrame(
        {
            "key": texts(raw[mapping[key]]),
            "population": _people(raw, mapping, path.name),
            "population_quality": texts(raw[mapping["population_quality"]])
            if "population_quality" in mapping
            else texts([None] * len(raw)),
        }
    )
    repeated = people["key"][people["key"].duplicated()].dropna().unique()
    if len(repeated):
        raise TableError(
            f"'{path.name}' has several rows for {key} {', '.join(map(str, repeated[:_SHOWN]))}",
            where=str(path),
            cure="one row for each zone",
        )
    people = people.dropna(subset=["key"]).set_index("key")
    _remark_keys(table, people, key, path.name, notes)
    joined = table[key].map(people["population"]).astype(float)
    quality = table[key].map(people["population_quality"])
    matched = table[key].isin(people.index)
    result = table.assign(
        population=joined.where(matched, table["population"]),
        population_quality=texts(quality.where(matched, table["population_quality"])),
    )
    source = file_provenance("people", path, synthetic=marked_synthetic(raw))
    return _tidy(result), source


def _remark_keys(
    table: pd.DataFrame, people: pd.DataFrame, key: str, file: str, notes: Notes
) -> None:
    lost = sorted(set(people.index) - set(table[key].dropna()))
    bare = sorted(set(table[key].dropna()) - set(people.index))
    if len(lost) == len(people):
        raise TableError(
            f"no row of '{file}' matches a zone by {key}",
            where="inputs.zones.people_key",
            cure=f"the file has e.g. {', '.join(map(str, lost[:3]))}; "
            f"the zones have e.g. {', '.join(map(str, bare[:3]))}",
        )
    if lost:
        notes.append(("people_without_zone", {"count": len(lost), "keys": lost[:_SHOWN]}))
    if bare:
        notes.append(("zones_without_people_row", {"count": len(bare), "keys": bare[:_SHOWN]}))


def _cut(table: gpd.GeoDataFrame, area: AreaShape, notes: Notes) -> gpd.GeoDataFrame:
    """Cut the zones to the area; neighbours that only touch it are left out."""
    whole = table.geometry.area.to_numpy()
    geometry = surfaces(shapely.intersection(table.geometry.to_numpy(), area.projected))
    inside = shapely.area(geometry)
    share = np.divide(inside, whole, out=np.zeros(len(table)), where=whole > 0)
    touching = (share < _TOUCHING_SHARE) & (inside < _SLIVER_KM2 * _M2_PER_KM2)
    if touching.any():
        names = sorted(map(str, table.loc[touching, "name"]))
        notes.append(("zones_outside", {"count": int(touching.sum()), "names": names[:_SHOWN]}))
    cut = (share < _WHOLE_SHARE) & ~touching
    if cut.any():
        names = sorted(map(str, table.loc[cut, "name"]))
        notes.append(("zones_cut", {"count": int(cut.sum()), "names": names[:_SHOWN]}))
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
        ("area_without_zone", {"km2": km2, "share": round(shape.area / area.projected.area, 4)})
    )
    row = gpd.GeoDataFrame(
        {
            "zone_id": texts([UNCOVERED]),
            "name": texts(["未划入分区"]),
            "name_en": texts(["not in any zone"]),
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
    for one, other in sorted(zip(first.tolist(), second.tolist(), strict=True)):
        if one >= other:
            continue
        shared = shapely.area(shapely.intersection(geometry[one], geometry[other]))
        smaller = min(geometry[one].area, geometry[other].area)
        if shared > _OVERLAP_SHARE * smaller and shared > _SLIVER_KM2 * _M2_PER_KM2 / 10:
            names = [str(table["name"].iloc[one]), str(table["name"].iloc[other])]
            pairs.append([*names, round(shared / _M2_PER_KM2, 2)])
    if pairs:
        notes.append(("zones_overlap", {"count": len(pairs), "pairs": pairs[:_SHOWN]}))


def _remark_people(table: gpd.GeoDataFrame, notes: Notes) -> None:
    unknown = table[table["population"].isna() & (table["zone_id"] != UNCOVERED)]
    if len(unknown):
        names = sorted(map(str, unknown["name"]))
        of = int((table["zone_id"] != UNCOVERED).sum())
        notes.append(("people_missing", {"count": len(names), "of": of, "names": names[:_SHOWN]}))
