"""People by other ways than a row a zone: by the place of each row, or one figure for the area."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import shapely

from siting.errors import ScenarioError, TableError
from siting.inputs.files.columns import PointField, PointFile, texts
from siting.inputs.files.points import read_points
from siting.inputs.files.sheets import Reading
from siting.notes import Note
from siting.scenario import local_path

if TYPE_CHECKING:
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
