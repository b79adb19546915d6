"""Point tables from files: CSV, workbook, JSON or vector file, every fault named at once.

The reader is shared by the existing stations, the substations and the layers: columns are mapped
in the scenario, the datum is declared, and all faults of a file come in one error with their rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from siting.errors import DatumError, TableError
from siting.geo import DATUMS, WGS84, distance_m, to_wgs84
from siting.inputs.files.columns import COORDINATES, PAIR, PointFile, map_columns
from siting.inputs.files.coordinates import read_angle, read_pairs
from siting.inputs.files.numbers import half_width
from siting.inputs.files.services import SERVICE_SUFFIXES, districts, is_geographic, read_json
from siting.inputs.files.sheets import MISSING, TABLE_SUFFIXES, read_table, refuse_form
from siting.inputs.files.values import Cells, Converted, Faults, decimal_of
from siting.inputs.files.vectors import read_vector, require_file, undeclared
from siting.inputs.provenance import (
    Provenance,
    file_provenance,
    marked_synthetic,
    stated_licence,
)
from siting.notes import Note

if TYPE_CHECKING:
    from pathlib import Path

    from siting.arrays import Flags, Floats
    from siting.inputs.area_shape import AreaShape
    from siting.notes import Notes

_SHOWN = 20
_MAX_LON, _MAX_LAT = 180.0, 90.0

_ORDER_NOTES = {
    "marks": "coordinates_by_marks",
    "range": "coordinates_by_range",
    "area": "coordinates_by_area",
    "header": "coordinates_by_header",
    "usual": "coordinates_by_usual",
}
"""By what decided the order of coordinates in one column."""


@dataclass(frozen=True)
class RawPoints:
    """A file of points before its cells are read.

    Attributes
    ----------
    cells
        Cells as text; the index is the row in the file less 2.
    geometry
        Shapes of a vector file in EPSG:4326; None for a table, whose places are in its cells.
    """

    cells: pd.DataFrame
    geometry: gpd.GeoSeries | None


def read_points(  # the file, the area, and what is asked of both
    wanted: PointFile,
    area: AreaShape,
    *,
    name: str,
    notes: Notes,
    shapes: bool = False,
    raw: RawPoints | None = None,
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
        Takes up what was found, converted or left out.
    shapes
        Keep lines and areas of a vector file as they are, instead of a point on each.
    raw
        The cells if they are read already, some rows of them perhaps left out.

    Returns
    -------
    frame
        The fields, ``row`` (row number in the file as a spreadsheet counts) and the point in
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
    raw = raw or read_raw(wanted, notes)
    cells, geometry = raw.cells, raw.geometry
    faults, converted = Faults(file_rows(cells)), Converted()
    there = [str(column) for column in cells.columns]
    mapping = map_columns(wanted, there, COORDINATES if geometry is None else (), notes)
    decimal = wanted.reading.decimal or decimal_of(cells, mapping, wanted.fields)
    table = Cells(cells, mapping, wanted, faults, converted, decimal)
    if geometry is None:
        datum = _declared(wanted, cells)
        lon, lat = _places(table, area, datum, notes)
    else:
        datum = "wgs84"
        points = geometry.representative_point()
        lon, lat = points.x.to_numpy(), points.y.to_numpy()
        for position in np.flatnonzero(np.isnan(lon)):
            faults.at(position, "it has no geometry")
    values = table.values(wanted.fields)
    _coordinate_faults(lon, lat, datum, area, faults)
    if faults.found:
        raise _faulty(wanted, faults.lines())
    converted.note(wanted.path.name, notes)
    if any(one.kind == "id" and one.name not in mapping for one in wanted.fields):
        notes.append(Note("ids_by_row", {"file": wanted.path.name, "count": len(cells)}))
    kept = gpd.points_from_xy(*to_wgs84(lon, lat, datum))
    if geometry is not None and shapes:
        kept = geometry.to_numpy()
    frame = gpd.GeoDataFrame(values | {"row": faults.rows}, geometry=kept, crs=WGS84)
    return frame, _provenance(name, wanted, frame, cells)


def _provenance(
    name: str, wanted: PointFile, frame: gpd.GeoDataFrame, cells: pd.DataFrame
) -> Provenance:
    dates = frame["as_of"].dropna() if "as_of" in frame.columns else pd.Series(dtype=object)
    as_of = str(dates.max()) if len(dates) else ""
    synthetic, licence = marked_synthetic(cells), stated_licence(cells)
    return file_provenance(name, wanted.path, as_of=as_of, synthetic=synthetic, licence=licence)


def read_raw(wanted: PointFile, notes: Notes) -> RawPoints:
    """Read the cells of a file, and its shapes if it is a vector file.

    Raises
    ------
    InputMissingError, BrokenFileError, TableError, DatumError
        If it is not there, cannot be read, or is a vector file whose datum nobody declares.
    """
    require_file(wanted.path, wanted.key)
    refuse_form(wanted.path, wanted.key)
    if is_table(wanted.path):
        cells = read_table(
            wanted.path, wanted.reading, wanted=wanted.wanted, places=wanted.places, notes=notes,
            key=wanted.key,
        )  # fmt: skip
        return RawPoints(cells, None)
    frame = read_vector(
        wanted.path, layer=wanted.reading.layer, datum=wanted.datum, key=wanted.key,
        encoding=wanted.reading.encoding, notes=notes,
    )  # fmt: skip
    raw = pd.DataFrame(frame.drop(columns=frame.geometry.name))
    texts = {
        str(column): ["" if _is_empty(cell) else _plain(cell) for cell in raw[column]]
        for column in raw
    }
    return RawPoints(pd.DataFrame(texts, index=raw.index), frame.geometry)


def is_table(path: Path) -> bool:
    """Tell a file whose places stand in its cells from one with shapes."""
    if path.suffix.lower() in TABLE_SUFFIXES:
        return True
    if path.suffix.lower() not in SERVICE_SUFFIXES:
        return False
    content = read_json(path)
    return not is_geographic(content) and districts(content) is None


def file_rows(cells: pd.DataFrame) -> np.ndarray:
    """Return the row number of each row in the file; the header mostly is row 1."""
    return cells.index.to_numpy(dtype=np.int64) + 2


def _is_empty(cell: Any) -> bool:  # noqa: ANN401  # whatever a vector file holds
    return cell is None or bool(np.all(pd.isna(cell)))


def _places(table: Cells, area: AreaShape, datum: str, notes: Notes) -> tuple[Floats, Floats]:
    """Return lon and lat of a table, from two columns or from one that holds both."""
    columns = table.columns
    if PAIR in columns and not set(COORDINATES) <= columns.keys():
        return _pairs(table, columns[PAIR][0], area, datum, notes)
    if columns["lon"] == columns["lat"]:
        return _pairs(table, columns["lon"][0], area, datum, notes)
    return _angles(table, "lon"), _angles(table, "lat")


def _pairs(
    table: Cells, column: str, area: AreaShape, datum: str, notes: Notes
) -> tuple[Floats, Floats]:
    cells = [str(cell) for cell in table.raw[column]]

    def inside(points: Floats) -> Flags:
        sane = (np.abs(points[:, 0]) <= _MAX_LON) & (np.abs(points[:, 1]) <= _MAX_LAT)
        there = np.zeros(len(points), dtype=bool)
        lon, lat = points[sane, 0], points[sane, 1]
        there[sane] = area.covers(np.column_stack(to_wgs84(lon, lat, datum)))
        return there

    found = read_pairs(cells, missing=MISSING, header=column, inside=inside)
    for position, cell in enumerate(cells):
        if position in found.bad:
            table.faults.at(position, f"'{column}' holds no pair of coordinates: '{cell}'")
        elif np.isnan(found.lon[position]):
            table.faults.at(position, "lon and lat are missing")
    values = {"file": table.wanted.path.name, "column": column, "order": found.order,
              "example": next((cell for cell in cells if cell), "")}  # fmt: skip
    notes.append(Note(_ORDER_NOTES[found.proof], values))
    return found.lon, found.lat


def _angles(table: Cells, name: str) -> Floats:
    result = np.full(len(table.raw), np.nan)
    for position, cell in enumerate(table.raw[table.columns[name][0]]):
        if half_width(cell).casefold() in MISSING:
            table.faults.at(position, f"{name} is missing")
            continue
        angle = read_angle(cell, decimal=table.decimal)
        if angle is None:
            table.faults.at(position, f"{name} is no number: '{cell}'")
        elif not np.isfinite(angle[0]):
            table.faults.at(position, f"{name} is no finite number: '{cell}'")
        elif angle[1] not in {"", name}:
            table.faults.at(position, f"{name} is marked as {angle[1]}: '{cell}'")
        else:
            result[position] = angle[0]
            if not _is_plain(cell):
                table.converted.add(cell, f"{angle[0]:.6f}".rstrip("0"))
    return result


def _is_plain(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return cell.isascii()


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


def _coordinate_faults(
    lon: np.ndarray, lat: np.ndarray, datum: str, area: AreaShape, faults: Faults
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
    again = any(" is used " in fault for fault in faults) and "stations" in wanted.key
    group = f"; where rows are points of one station, say {wanted.key}.group_by" if again else ""
    more = f"\n    - and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
    return TableError(
        f"'{wanted.path.name}' has {len(faults)} fault(s) (rows as in a spreadsheet):\n    - "
        + "\n    - ".join(faults[:_SHOWN])
        + more,
        where=str(wanted.path),
        cure=f"mend these rows, or map other columns in {wanted.key}.columns{group}",
    )


def how_far(area: AreaShape, frame: gpd.GeoDataFrame) -> float:
    """Return the geodesic distance in km from the area's middle to the middle of some points."""
    middle = area.polygon.centroid
    x, y = float(frame.geometry.x.median()), float(frame.geometry.y.median())
    return distance_m(middle.x, middle.y, x, y) / 1000
