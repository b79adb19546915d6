"""Point tables from files: CSV, workbook or vector file, every fault named at once.

The reader is shared by the existing stations and the substations: columns are mapped in the
scenario, the datum is declared, and all faults of a file come in one error with their rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from siting.errors import DatumError, TableError
from siting.geo import DATUMS, WGS84, distance_m, to_wgs84
from siting.inputs.files.columns import COORDINATES, PointField, PointFile, map_columns, texts
from siting.inputs.files.sheets import MISSING, TABLE_SUFFIXES, read_table
from siting.inputs.files.vectors import read_vector, require_file, undeclared
from siting.inputs.provenance import (
    Provenance,
    file_provenance,
    marked_synthetic,
    stated_licence,
)
from siting.notes import Note

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from siting.inputs.area_shape import AreaShape

_TRUE = frozenset({"true", "1", "1.0", "yes", "y", "是", "有"})
_FALSE = frozenset({"false", "0", "0.0", "no", "n", "否", "无"})
_SHOWN = 20
_MAX_LON, _MAX_LAT = 180.0, 90.0

Notes = list[Note]


@dataclass
class _Faults:
    """The faults of a file, by row; ``rows`` are its row numbers, the header being 1."""

    rows: np.ndarray
    found: list[tuple[int, str]] = field(default_factory=list)

    def at(self, position: int | np.integer[Any], text: str) -> None:
        """Note a fault in the row at a position."""
        row = int(self.rows[position])
        self.found.append((row, f"row {row}: {text}"))

    def among(self, rows: list[int], text: str) -> None:
        """Note a fault that several rows share; it stands with the first of them."""
        label = "rows" if len(rows) > 1 else "row"
        self.found.append((rows[0], f"{label} {', '.join(map(str, rows[:_SHOWN]))}: {text}"))

    def lines(self) -> list[str]:
        """Return the faults in the order of their rows."""
        return [text for _, text in sorted(self.found, key=lambda fault: fault[0])]


def read_points(
    wanted: PointFile, area: AreaShape, *, name: str, notes: Notes, shapes: bool = False
) -> tuple[gpd.GeoDataFrame, Provenance]:
    """Read a file of points and bring it to WGS-84.

    Parameters
    ----------
    wanted
        File, mapping, datum and columns.
    area
        The area, to tell swapped coordinates.
    name
        Role of the file in the provenance.
    notes
        Takes up the note that the rows have no ids of their own.
    shapes
        Keep lines and areas of a vector file as they are, instead of a point on each.

    Returns
    -------
    frame
        The fields, ``row`` (row number in the file, the header being row 1) and the point in
        EPSG:4326. Numbers that are not given are NaN; a flag that is not given is False; a
        file without ids gets ``row-<row>``.
    source
        Where it came from.

    Raises
    ------
    InputMissingError, BrokenFileError
        If the file is not there or cannot be read.
    DatumError
        If nobody declares the datum, or the file contradicts the scenario.
    TableError
        With every fault at once: missing columns, then by row text in a number, missing,
        swapped or impossible coordinates, repeated ids.
    """
    require_file(wanted.path, wanted.key)
    geometry: gpd.GeoSeries | None = None
    if wanted.path.suffix.lower() in TABLE_SUFFIXES:
        raw = read_table(wanted.path, wanted.layer)
        mapping = map_columns(wanted, list(raw.columns), COORDINATES)
        datum = _declared(wanted, raw)
        faults = _Faults(_file_rows(raw))
        lon = _numbers(raw, mapping["lon"], "lon", faults, needed=True)
        lat = _numbers(raw, mapping["lat"], "lat", faults, needed=True)
    else:
        raw, lon, lat, geometry = _vector_points(wanted)
        mapping = map_columns(wanted, [str(column) for column in raw.columns], ())
        datum, faults = "wgs84", _Faults(_file_rows(raw))
        for position in np.flatnonzero(np.isnan(lon)):
            faults.at(position, "it has no geometry")
    values = _values(raw, mapping, wanted.fields, faults)
    _coordinate_faults(lon, lat, datum, area, faults)
    if faults.found:
        raise _faulty(wanted, faults.lines())
    if any(one.kind == "id" and one.name not in mapping for one in wanted.fields):
        notes.append(Note("ids_by_row", {"file": wanted.path.name, "count": len(raw)}))
    x, y = to_wgs84(lon, lat, datum)
    points = gpd.points_from_xy(x, y)
    kept = points if geometry is None or not shapes else geometry.to_numpy()
    frame = gpd.GeoDataFrame(values | {"row": faults.rows}, geometry=kept, crs=WGS84)
    dates = frame["as_of"].dropna() if "as_of" in frame.columns else pd.Series(dtype=object)
    as_of = str(dates.max()) if len(dates) else ""
    synthetic, licence = marked_synthetic(raw), stated_licence(raw)
    return frame, file_provenance(
        name, wanted.path, as_of=as_of, synthetic=synthetic, licence=licence
    )


def _file_rows(raw: pd.DataFrame) -> np.ndarray:
    """Return the row number of each row in the file; the header is row 1."""
    return raw.index.to_numpy(dtype=np.int64) + 2


def _vector_points(
    wanted: PointFile,
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray, gpd.GeoSeries]:
    frame = read_vector(wanted.path, layer=wanted.layer, datum=wanted.datum, key=wanted.key)
    points = frame.geometry.representative_point()
    raw = pd.DataFrame(frame.drop(columns=frame.geometry.name))
    cells = {
        column: ["" if pd.isna(cell) else _plain(cell) for cell in raw[column]] for column in raw
    }
    table = pd.DataFrame(cells, index=raw.index)
    return table, points.x.to_numpy(), points.y.to_numpy(), frame.geometry


def _plain(cell: object) -> str:
    """Write a whole float as a whole number, as ids and counts come back from vector files."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def _declared(wanted: PointFile, raw: pd.DataFrame) -> str:
    """Return the declared datum, and refuse a file whose own ``datum`` column contradicts it."""
    if wanted.datum is None:
        raise undeclared(wanted.path.name, wanted.key)
    if "datum" in raw.columns:
        named = {cell.casefold().replace("-", "") for cell in raw["datum"]} & set(DATUMS)
        if named - {wanted.datum}:
            raise DatumError(
                f"the scenario says {wanted.datum}, but '{wanted.path.name}' says "
                f"{', '.join(sorted(named))} in its column 'datum'",
                where=f"{wanted.key}.datum",
                cure="make the two agree; split a file that mixes datums",
            )
    return wanted.datum


def _numbers(
    raw: pd.DataFrame, column: str, name: str, faults: _Faults, *, needed: bool
) -> np.ndarray:
    result = np.full(len(raw), np.nan)
    for position, cell in enumerate(raw[column]):
        if cell.casefold() in MISSING:
            if needed:
                faults.at(position, f"{name} is missing")
            continue
        try:
            value = float(cell)
        except ValueError:
            faults.at(position, f"{name} is no number: '{cell}'")
            continue
        if np.isfinite(value):
            result[position] = value
        else:
            faults.at(position, f"{name} is no finite number: '{cell}'")
    return result


def _values(
    raw: pd.DataFrame,
    mapping: Mapping[str, str],
    fields: tuple[PointField, ...],
    faults: _Faults,
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for one in fields:
        column = mapping.get(one.name)
        if one.kind in {"number", "count"}:
            numbers = np.full(len(raw), np.nan)
            if column is not None:
                numbers = _numbers(raw, column, one.name, faults, needed=one.filled)
                _range_faults(numbers, one, faults)
            values[one.name] = numbers
        elif one.kind == "flag":
            cells = list(raw[column]) if column is not None else [""] * len(raw)
            values[one.name] = _flags(cells, one.name, faults)
        else:
            cells = list(raw[column]) if column is not None else [""] * len(raw)
            if one.kind == "id" and column is None:
                cells = [f"row-{row}" for row in faults.rows]
            elif one.kind == "id":
                _id_faults(cells, one.name, faults)
            else:
                _text_faults(cells, one, faults)
            values[one.name] = texts(cells)
    return values


def _range_faults(numbers: np.ndarray, one: PointField, faults: _Faults) -> None:
    for position in np.flatnonzero(numbers < 0):
        faults.at(position, f"{one.name} is below 0: {numbers[position]:g}")
    for position in np.flatnonzero(numbers > one.high):
        faults.at(position, f"{one.name} is above {one.high:g}: {numbers[position]:g}")
    if one.kind == "count":
        for position in np.flatnonzero(np.isfinite(numbers) & (numbers % 1 != 0)):
            faults.at(position, f"{one.name} is no whole number: {numbers[position]:g}")


def _text_faults(cells: list[str], one: PointField, faults: _Faults) -> None:
    for position, cell in enumerate(cells):
        if not cell and one.filled:
            faults.at(position, f"{one.name} is missing")
        elif cell and one.choices and cell not in one.choices:
            known = ", ".join(one.choices[:_SHOWN])
            faults.at(position, f"{one.name} '{cell}' is none of {known}")


def _flags(cells: Sequence[str], name: str, faults: _Faults) -> np.ndarray:
    flags = np.zeros(len(cells), dtype=bool)
    for position, cell in enumerate(cells):
        plain = cell.casefold()
        if plain in _TRUE:
            flags[position] = True
        elif plain not in _FALSE and plain not in MISSING:
            faults.at(position, f"{name} is neither yes nor no: '{cell}'")
    return flags


def _id_faults(cells: list[str], name: str, faults: _Faults) -> None:
    rows: dict[str, list[int]] = {}
    for position, cell in enumerate(cells):
        rows.setdefault(cell, []).append(int(faults.rows[position]))
    for cell, numbers in rows.items():
        if not cell:
            faults.among(numbers, f"{name} is missing")
        elif len(numbers) > 1:
            faults.among(numbers, f"{name} '{cell}' is used {len(numbers)} times")


def _coordinate_faults(
    lon: np.ndarray, lat: np.ndarray, datum: str, area: AreaShape, faults: _Faults
) -> None:
    """Name coordinates that cannot be, and those that lie in the area once swapped."""
    known = np.isfinite(lon) & np.isfinite(lat)
    bad = known & ((np.abs(lon) > _MAX_LON) | (np.abs(lat) > _MAX_LAT))
    null = known & (lon == 0) & (lat == 0)
    swapped = _swapped(lon, lat, known, datum, area)
    for position in np.flatnonzero(bad | null | swapped):
        pair = f"lon {lon[position]:g}, lat {lat[position]:g}"
        if swapped[position]:
            what = "coordinates are swapped: the other way round they lie in the area"
        elif null[position]:
            what = "coordinates are 0, 0"
        else:
            what = "coordinates are outside the world"
        faults.at(position, f"{what} ({pair})")


def _swapped(
    lon: np.ndarray, lat: np.ndarray, known: np.ndarray, datum: str, area: AreaShape
) -> np.ndarray:
    swapped = np.zeros(len(lon), dtype=bool)
    sane = known & (np.abs(lon) <= _MAX_LAT) & (np.abs(lat) <= _MAX_LON)
    if sane.any():
        there = np.column_stack(to_wgs84(lat[sane], lon[sane], datum))
        here = np.column_stack(to_wgs84(lon[sane], lat[sane], datum))
        swapped[sane] = area.covers(there) & ~area.covers(here)
    return swapped


def _faulty(wanted: PointFile, faults: list[str]) -> TableError:
    more = f"\n    - and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
    return TableError(
        f"'{wanted.path.name}' has {len(faults)} fault(s) (the header is row 1):\n    - "
        + "\n    - ".join(faults[:_SHOWN])
        + more,
        where=str(wanted.path),
        cure=f"mend these rows, or map other columns in {wanted.key}.columns",
    )


def how_far(area: AreaShape, frame: gpd.GeoDataFrame) -> float:
    """Return the geodesic distance in km from the area's middle to the middle of some points."""
    middle = area.polygon.centroid
    x, y = float(frame.geometry.x.median()), float(frame.geometry.y.median())
    return distance_m(middle.x, middle.y, x, y) / 1000
