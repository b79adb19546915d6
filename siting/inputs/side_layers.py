"""Two layers beside the map: substations with free capacity, and counts of through traffic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from siting.errors import TableError
from siting.inputs.files.columns import PointField, PointFile, map_columns, texts
from siting.inputs.files.numbers import read_number
from siting.inputs.files.points import read_points
from siting.inputs.files.sheets import MISSING, Reading, read_table
from siting.inputs.files.values import Converted, decimal_of
from siting.inputs.files.vectors import require_file
from siting.inputs.provenance import file_provenance, marked_synthetic, stated_licence
from siting.notes import Note
from siting.scenario import local_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd

    from siting import scenario
    from siting.inputs.area_shape import AreaShape
    from siting.inputs.files.points import Notes
    from siting.inputs.provenance import Provenance

_SUBSTATIONS = "inputs.substations"
_LEAST_KW, _MOST_KW = 100, 2_000_000
"""The most headroom of a list lies between: less feeds no station, more is a power plant."""

SUBSTATION_FIELDS = (
    PointField("substation_id", "id"),
    PointField("name", "text"),
    PointField("headroom_kw", "number", required=True, unit="kW"),
)


def read_substations(
    given: scenario.SubstationsInput, area: AreaShape
) -> tuple[gpd.GeoDataFrame, Notes, Provenance]:
    """Read the list of substations, before the map is.

    Parameters
    ----------
    given
        The block of the scenario.
    area
        The area; a list may reach beyond it, for the nearest may lie outside.

    Returns
    -------
    substations
        As ``tables.SUBSTATIONS``, in the run's CRS, sorted by id.
    notes, source
        Notes for the reader, and where the list came from.

    Raises
    ------
    InputMissingError, BrokenFileError, DatumError, TableError
        As :func:`read_points`; also for headroom out of all proportion.
    """
    path = local_path(given.file)
    reading = Reading(given.layer, given.encoding, given.header_row, given.decimal)
    units = {} if given.headroom_unit is None else {"headroom_kw": given.headroom_unit}
    wanted = PointFile(
        path, _SUBSTATIONS, given.datum, given.columns, SUBSTATION_FIELDS, reading, units
    )
    notes: Notes = []
    frame, source = read_points(wanted, area, name="substations", notes=notes)
    _refuse_headroom(frame, wanted)
    frame = frame.drop(columns="row").assign(
        substation_id=texts(f"file:{path.stem}/{key}" for key in frame["substation_id"]),
        source=texts([path.name] * len(frame)),
    )
    unknown = int(frame["headroom_kw"].isna().sum())
    if unknown:
        notes.append(Note("headroom_unknown", {"count": unknown, "of": len(frame)}))
    frame = frame.sort_values("substation_id", ignore_index=True)
    return frame.to_crs(area.crs), notes, source


def _refuse_headroom(frame: gpd.GeoDataFrame, wanted: PointFile) -> None:
    """Refuse headroom that no substation has: it is in another unit."""
    known = frame["headroom_kw"].dropna()
    most = float(known.max()) if len(known) else 0.0
    if most == 0 or _LEAST_KW <= most <= _MOST_KW:
        return
    raise TableError(
        f"the most headroom in '{wanted.path.name}' is {most:,.4g} kW at one of {len(known)} "
        f"substations; from {_LEAST_KW:,} to {_MOST_KW:,} kW is usual",
        where=f"{_SUBSTATIONS}.headroom_unit",
        cure='say the unit: headroom_unit = "MVA", "MW" or "kVA"; or map another column',
    )


def load_substations(
    given: scenario.SubstationsInput | None,
    osm_substations: gpd.GeoDataFrame,
    area: AreaShape,
    *,
    listed: tuple[gpd.GeoDataFrame, Notes, Provenance] | None = None,
) -> tuple[gpd.GeoDataFrame, Notes, list[Provenance]]:
    """Load the substations: the list of the scenario, else those of the map.

    Parameters
    ----------
    given
        The scenario's list with headroom, or None.
    osm_substations
        Those of the map, in the run's CRS; their headroom is unknown.
    area
        The area.
    listed
        Result of :func:`read_substations`, if the list is read already.

    Returns
    -------
    substations
        As ``tables.SUBSTATIONS``, sorted by id.
    notes, sources
        Notes for the reader, and where the list came from.

    Raises
    ------
    InputMissingError, BrokenFileError, DatumError, TableError
        As :func:`read_substations`.
    """
    if given is None:
        note = Note("substations_from_map", {"count": len(osm_substations)})
        return osm_substations, [note], []
    frame, notes, source = listed or read_substations(given, area)
    return frame, notes, [source]


_TRAFFIC = "inputs.traffic"
_FIELDS = (
    PointField("ref", "text", required=True),
    PointField("vehicles_day", "number", required=True),
    PointField("through_share", "number"),
)
_SHOWN = 20
_FIRST_ROW = 2


@dataclass(frozen=True, eq=False)
class TrafficSheet:
    """A file of counts, read: its rows, notes for the reader, and where it came from."""

    rows: tuple[tuple[int, str, float | None, float | None], ...]
    notes: tuple[Note, ...]
    source: Provenance


def read_traffic(given: scenario.TrafficInput) -> TrafficSheet:
    """Read the counts of through traffic, before the map is.

    Raises
    ------
    InputMissingError, BrokenFileError, TableError
        If the file is not there, cannot be read, lacks columns, or has faulty rows: all at once.
    """
    sheet = _read(given)
    _refuse(local_path(given.file).name, sheet.rows, None)
    return sheet


def _read(given: scenario.TrafficInput) -> TrafficSheet:
    path = local_path(given.file)
    require_file(path, _TRAFFIC)
    reading = Reading(given.layer, given.encoding, given.header_row, given.decimal)
    wanted = PointFile(path, _TRAFFIC, None, given.columns, _FIELDS, reading)
    notes: list[Note] = []
    sheet = read_table(path, reading, wanted=wanted.wanted, notes=notes, key=_TRAFFIC)
    columns = map_columns(wanted, list(sheet.columns), ())
    decimal = given.decimal or decimal_of(sheet, columns, _FIELDS)
    converted = Converted()

    def number(cell: str) -> float | None:
        return _number(cell, decimal, converted)

    refs = sheet[columns["ref"][0]].str.strip().tolist()
    vehicles = [number(cell) for cell in sheet[columns["vehicles_day"][0]]]
    shares: list[float | None] = [None] * len(sheet)
    if "through_share" in columns:
        shares = [number(cell) for cell in sheet[columns["through_share"][0]]]
    rows = [int(index) + _FIRST_ROW for index in sheet.index]
    found = tuple(zip(rows, refs, vehicles, shares, strict=True))
    converted.note(path.name, notes)
    source = file_provenance(
        "traffic", path, synthetic=marked_synthetic(sheet), licence=stated_licence(sheet)
    )
    return TrafficSheet(found, tuple(notes), source)


def load_traffic(
    given: scenario.TrafficInput | None,
    edges: gpd.GeoDataFrame,
    *,
    read: TrafficSheet | None = None,
) -> tuple[pd.DataFrame | None, list[Note], list[Provenance]]:
    """Load the counts of through traffic.

    Parameters
    ----------
    given
        The scenario's file, or None: nobody counted.
    edges
        ``tables.EDGES``, whose road numbers the file must name.
    read
        Result of :func:`read_traffic`, if the file is read already.

    Returns
    -------
    traffic
        As ``tables.TRAFFIC``, sorted by ref; None without a file.
    notes, sources
        Notes for the reader, and where it came from.

    Raises
    ------
    InputMissingError, BrokenFileError
        If the file is not there, or cannot be read.
    TableError
        Naming every faulty row at once: no number of vehicles, a share beyond 0 to 1, a road
        counted twice or not on the map.
    """
    if given is None:
        return None, [], []
    sheet = read or _read(given)
    _refuse(local_path(given.file).name, sheet.rows, _on_map(edges))
    frame = pd.DataFrame(
        {
            "ref": texts(row[1] for row in sheet.rows),
            "vehicles_day": np.array([row[2] for row in sheet.rows], dtype=float),
            "through_share": np.array([row[3] for row in sheet.rows], dtype=float),
        }
    )
    return frame.sort_values("ref", ignore_index=True), list(sheet.notes), [sheet.source]


def _on_map(edges: gpd.GeoDataFrame) -> set[str]:
    named = edges["ref"].dropna().str.split(";").explode()
    return set(named.str.strip())


def _number(cell: str, decimal: str, converted: Converted) -> float | None:
    """Return a number, None where the cell says that nobody knows, NaN where it is no number."""
    if cell.casefold() in MISSING:
        return None
    found = read_number(cell, decimal=decimal, unit="count")
    if found is None:
        return float("nan")
    if found.converted:
        converted.add(cell, f"{found.value:g}")
    return found.value


def _refuse(
    name: str,
    rows: Sequence[tuple[int, str, float | None, float | None]],
    there: set[str] | None,
) -> None:
    """Refuse faulty rows; roads that are not on the map only where the map is known."""
    faults: list[str] = []
    seen: dict[str, int] = {}
    for row, ref, vehicles, share in rows:
        if vehicles is None or not 0 <= vehicles < float("inf"):
            faults.append(f"row {row}: vehicles_day is no number of vehicles")
        if share is not None and not 0 <= share <= 1:
            faults.append(f"row {row}: through_share is no share from 0 to 1")
        if ref in seen:
            faults.append(f"row {row}: road {ref} is counted in row {seen[ref]} already")
        elif there is not None and ref not in there:
            faults.append(f"row {row}: no road of the map has the number '{ref}'")
        seen.setdefault(ref, row)
    if not rows:
        faults.append("it has no rows")
    if faults:
        known = ", ".join(sorted(there or ())[:_SHOWN]) or ("none" if there is not None else "")
        raise TableError(
            f"'{name}' is at fault:\n    - " + "\n    - ".join(faults[:_SHOWN]),
            where=f"{_TRAFFIC}.file",
            cure="one row a road, counted in both directions"
            + (f"; numbers on the map: {known}" if known else ""),
        )
