"""Layers from files besides the map: the substations and their free capacity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siting.inputs.files.columns import PointField, PointFile, texts
from siting.inputs.files.points import read_points
from siting.notes import Note
from siting.scenario import local_path

if TYPE_CHECKING:
    import geopandas as gpd

    from siting import scenario
    from siting.inputs.area_shape import AreaShape
    from siting.inputs.files.points import Notes
    from siting.inputs.provenance import Provenance

SUBSTATION_FIELDS = (
    PointField("substation_id", "id"),
    PointField("name", "text"),
    PointField("headroom_kw", "number", required=True),
)


def load_substations(
    given: scenario.SubstationsInput | None, osm_substations: gpd.GeoDataFrame, area: AreaShape
) -> tuple[gpd.GeoDataFrame, Notes, list[Provenance]]:
    """Load the substations: the list of the scenario, else those of the map.

    Parameters
    ----------
    given
        The scenario's list with headroom in kW, or None.
    osm_substations
        Those of the map, in the run's CRS; their headroom is unknown.
    area
        The area; a list may reach beyond it, for the nearest may lie outside.

    Returns
    -------
    substations
        As ``tables.SUBSTATIONS``, sorted by id.
    notes, sources
        Notes for the reader, and where the list came from.

    Raises
    ------
    InputMissingError, BrokenFileError, DatumError, TableError
        As :func:`read_points`.
    """
    if given is None:
        note = Note("substations_from_map", {"count": len(osm_substations)})
        return osm_substations, [note], []
    path = local_path(given.file)
    wanted = PointFile(
        path, "inputs.substations", None, given.datum, given.columns, SUBSTATION_FIELDS
    )
    notes: Notes = []
    frame, source = read_points(wanted, area, name="substations", notes=notes)
    frame = frame.drop(columns="row").assign(
        substation_id=texts(f"file:{path.stem}/{key}" for key in frame["substation_id"]),
        source=texts([path.name] * len(frame)),
    )
    unknown = int(frame["headroom_kw"].isna().sum())
    if unknown:
        notes.append(Note("headroom_unknown", {"count": unknown, "of": len(frame)}))
    frame = frame.sort_values("substation_id", ignore_index=True)
    return frame.to_crs(area.crs), notes, [source]
