"""Where zones are read from: a file, or the map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np

from siting.errors import TableError
from siting.geo import WGS84
from siting.inputs.files.columns import texts
from siting.inputs.files.sheets import refuse_form
from siting.inputs.files.vectors import read_vector

if TYPE_CHECKING:
    from pathlib import Path

    from siting import scenario
    from siting.inputs.files.points import Notes
    from siting.inputs.provenance import Provenance

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
        For no rows, missing columns, repeated ids and bad figures, all at once.
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
    refuse(faults, path)
    table = gpd.GeoDataFrame(values, geometry=frame.geometry.to_numpy(), crs=WGS84)
    return tidy(table), source_of("zones", path, frame)


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
