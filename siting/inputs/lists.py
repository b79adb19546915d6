"""Everything small that a scenario names, read and checked before the map is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import shapely

from siting.errors import Collected
from siting.geo import metric_crs
from siting.inputs.area import load_area
from siting.inputs.area_shape import AreaShape
from siting.inputs.files.vectors import require_file
from siting.inputs.layers import load_layers
from siting.inputs.osm.kinds import read_place_kinds
from siting.inputs.osm.load import NO_EXTRACT
from siting.inputs.provenance import Provenance
from siting.inputs.stations import StationLists, read_stations
from siting.inputs.substations import read_substations
from siting.inputs.traffic import TrafficSheet, read_traffic
from siting.inputs.zones import ZoneFiles, read_zones
from siting.scenario import OVERPASS, local_path

if TYPE_CHECKING:
    from collections.abc import Callable

    import geopandas as gpd

    from siting import scenario
    from siting.notes import Note

    Layers = tuple[dict[str, gpd.GeoDataFrame], list[Note], list[Provenance]]
    Substations = tuple[gpd.GeoDataFrame, list[Note], Provenance]


@dataclass(frozen=True, eq=False)
class Lists:
    """The area and what the files besides the map hold; None where the scenario names none."""

    area: AreaShape
    layers: Layers
    zones: ZoneFiles
    stations: StationLists
    substations: Substations | None
    traffic: TrafficSheet | None


def read_lists(
    area: scenario.Area,
    inputs: scenario.Inputs,
    *,
    project_kinds: tuple[str, ...] = (),
    faults: Collected | None = None,
    also: Callable[[AreaShape], None] | None = None,
) -> Lists:
    """Read the area and every file besides the map; all faults of all files come at once.

    Parameters
    ----------
    area, inputs
        The scenario's blocks.
    project_kinds
        Kinds that a list of building projects may name; any if empty.
    faults
        Faults found before, to be told together with these.
    also
        Reads what wants the area besides; its faults are told together with these.

    Raises
    ------
    DataError, ScenarioError
        What the files are at fault with: one fault as it is, several as a list.
    """
    faults = faults or Collected()
    shape = _anywhere()
    with faults.of():
        shape = load_area(area, overpass=inputs.overpass)
    with faults.of():
        if inputs.osm != OVERPASS:
            require_file(local_path(inputs.osm), "inputs.osm", cure=NO_EXTRACT)
    kinds: dict[str, tuple[str, ...]] = {}
    with faults.of():
        kinds = _known_kinds(inputs, project_kinds)
    with faults.of():
        layers = load_layers(inputs.layers, shape, kinds=kinds)
    with faults.of():
        zones = read_zones(inputs.zones, shape)
    with faults.of():
        stations = read_stations(inputs, shape)
    substations = traffic = None
    with faults.of():
        if inputs.substations is not None:
            substations = read_substations(inputs.substations, shape)
    with faults.of():
        if inputs.traffic is not None:
            traffic = read_traffic(inputs.traffic)
    if also is not None:
        with faults.of():
            also(shape)
    faults.refuse()
    return Lists(shape, layers, zones, stations, substations, traffic)


def _anywhere() -> AreaShape:
    """Return the world as an area: files are checked even where the area is at fault."""
    nowhere = Provenance("area", "", "", "", as_of="", synthetic=False)
    crs = metric_crs(0.0, 0.0, epsg=None)
    return AreaShape(shapely.box(-180, -90, 180, 90), crs, "", "", (), nowhere)


def _known_kinds(
    inputs: scenario.Inputs, project_kinds: tuple[str, ...]
) -> dict[str, tuple[str, ...]]:
    """Return the kinds that rows of a layer may name, by role."""
    table = read_place_kinds(local_path(inputs.place_kinds))
    kinds = sorted({rule.kind for rule in table.rules if rule.layer == "places"})
    return {"places": tuple(kinds), "projects": project_kinds}
