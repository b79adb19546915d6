"""Layers from files besides the map: the substations and their free capacity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siting.errors import TableError
from siting.inputs.files.columns import PointField, PointFile, texts
from siting.inputs.files.points import read_points
from siting.inputs.files.sheets import Reading
from siting.notes import Note
from siting.scenario import local_path

if TYPE_CHECKING:
    import geopandas as gpd

    from siting import scenario
    from siting.inputs.area_shape import AreaShape
    from siting.inputs.files.points import Notes
    from siting.inputs.provenance import Provenance

_KEY = "inputs.substations"
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
    wanted = PointFile(path, _KEY, given.datum, given.columns, SUBSTATION_FIELDS, reading, units)
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
        where=f"{_KEY}.headroom_unit",
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
