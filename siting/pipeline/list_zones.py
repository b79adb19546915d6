"""The planning zones of a scenario, as far as they are known, before anything is planned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from siting.errors import DataError
from siting.inputs.area import level_table, load_area
from siting.inputs.osm.load import load_osm
from siting.inputs.zones import load_zones
from siting.scenario import OVERPASS

if TYPE_CHECKING:
    import geopandas as gpd

    from siting.inputs.area import Level
    from siting.notes import Note
    from siting.pipeline.meter import Meter
    from siting.scenario import Scenario


_M2_PER_KM2 = 1e6


@dataclass(frozen=True, eq=False)
class ZoneList:
    """The zones, and what else the map could make zones of.

    Attributes
    ----------
    zones
        ``tables.ZONES`` with ``km2``.
    levels
        The map's levels of boundaries; see :func:`siting.inputs.area.level_table`.
    notes
        Notes of the zones.
    people_error
        Why the table of people could not be joined; None if it could, or there is none.
    """

    zones: gpd.GeoDataFrame
    levels: list[Level]
    notes: tuple[Note, ...]
    people_error: DataError | None


def list_zones(scenario: Scenario, *, meter: Meter) -> ZoneList:
    """Load the zones of a scenario, with their people where the table of people can be joined.

    Raises
    ------
    DataError
        If the area, the map or the zones are at fault; a table of people at fault is told in
        the result, for the list is what mends it.
    """
    inputs = scenario.inputs
    own = inputs.zones
    if inputs.osm != OVERPASS:  # a file is read once for all levels; a server is asked for one
        every = own.model_copy(update={"admin_level": None})
        inputs = inputs.model_copy(update={"zones": every})
    with meter.stage("inputs") as step:
        area = load_area(scenario.area, overpass=inputs.overpass)
        osm = load_osm(inputs, area, progress=step)
        fault = None
        try:
            zones, notes, _ = load_zones(own, osm.admin, area, packed=osm.packed_zones)
        except DataError as error:
            if own.people is None:
                raise
            fault = error
            bare = own.model_copy(update={"people": None})
            zones, notes, _ = load_zones(bare, osm.admin, area, packed=osm.packed_zones)
    km2 = (zones.geometry.area / _M2_PER_KM2).round(3)
    return ZoneList(zones.assign(km2=km2), level_table(osm.admin, area), tuple(notes), fault)
