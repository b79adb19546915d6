"""The one entry to the room: everything a plan takes from the world, as checked tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import shapely

from siting import tables
from siting.errors import Collected
from siting.geo import metric_crs
from siting.inputs.area import load_area
from siting.inputs.area_shape import AreaShape
from siting.inputs.files.vectors import require_file
from siting.inputs.layers import joined_places, load_layers, people_rows
from siting.inputs.osm.kinds import read_place_kinds
from siting.inputs.osm.load import NO_EXTRACT, load_osm
from siting.inputs.osm.roads import read_speeds
from siting.inputs.people import share_area_people
from siting.inputs.provenance import Provenance
from siting.inputs.side_layers import (
    TrafficSheet,
    load_substations,
    load_traffic,
    read_substations,
    read_traffic,
)
from siting.inputs.stations import StationLists, load_stations, read_stations, stations_beyond
from siting.inputs.zones import ZoneFiles, load_zones, read_zones
from siting.scenario import OVERPASS, local_path

if TYPE_CHECKING:
    from collections.abc import Callable

    import geopandas as gpd

    from siting import scenario
    from siting.notes import Note

    Layers = tuple[dict[str, gpd.GeoDataFrame], list[Note], list[Provenance]]
    Substations = tuple[gpd.GeoDataFrame, list[Note], Provenance]
    import pandas as pd

    from siting.inputs.osm.map_notes import MapReport
    from siting.notes import Note, Progress


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
        read_speeds(local_path(inputs.speeds))
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


@dataclass(frozen=True)
class World:
    """The area and its tables, all in metres of ``area.crs`` and held against their contracts.

    Attributes
    ----------
    area
        The area planned for.
    nodes, edges, places, landscape, zones, stations, substations
        As in :mod:`siting.tables`.
    traffic
        As ``tables.TRAFFIC``; None where nobody counted it.
    people
        As ``tables.PEOPLE``; None where no layer has them.
    layers
        The planner's own layers by role, but for places and people; see
        :func:`siting.inputs.layers.load_layers`.
    beyond
        Stations of the map near the area but beyond its border, as ``tables.STATIONS``; None where
        the map's stations are not asked for.
    report
        What was read from the map, kept and dropped.
    notes
        Notes for the reader: (key, values).
    sources
        Every input with origin, hash and licence.
    """

    area: AreaShape
    nodes: gpd.GeoDataFrame
    edges: gpd.GeoDataFrame
    places: gpd.GeoDataFrame
    landscape: gpd.GeoDataFrame
    zones: gpd.GeoDataFrame
    stations: gpd.GeoDataFrame
    substations: gpd.GeoDataFrame
    traffic: pd.DataFrame | None
    people: gpd.GeoDataFrame | None
    layers: dict[str, gpd.GeoDataFrame]
    beyond: gpd.GeoDataFrame | None
    report: MapReport
    notes: tuple[Note, ...]
    sources: tuple[Provenance, ...]


def load_world(
    area: scenario.Area,
    inputs: scenario.Inputs,
    *,
    progress: Progress | None = None,
    project_kinds: tuple[str, ...] = (),
    lists: Lists | None = None,
) -> World:
    """Load the area, the map, the zones, the stations and the substations.

    Parameters
    ----------
    area, inputs
        The scenario's blocks.
    progress
        Called with the name of a step and the share of it that is done.
    project_kinds
        Kinds that a list of building projects may name; any if empty.
    lists
        Result of :func:`siting.inputs.world.read_lists`, if the files are read already.

    Raises
    ------
    DataError
        Any leaf of it; see the functions called.
    TableError
        If a table breaks its contract.
    """
    lists = lists or read_lists(area, inputs, project_kinds=project_kinds)
    shape = lists.area
    osm = load_osm(inputs, shape, progress=progress)
    zones, zone_notes, zone_sources = load_zones(
        inputs.zones, osm.admin, shape, packed=osm.packed_zones, read=lists.zones
    )
    stations, station_notes, station_sources = load_stations(
        inputs, osm.stations, shape, listed=lists.stations
    )
    substations, power_notes, power_sources = load_substations(
        inputs.substations, osm.substations, shape, listed=lists.substations
    )
    found, layer_notes, layer_sources = lists.layers
    layers = dict(found)
    places = layers.pop("places", None)
    people = layers.pop("people", None)
    every_place = osm.places if places is None else joined_places(osm.places, places)
    if inputs.zones.area_people is not None:
        zones, shared = share_area_people(zones, every_place, inputs.zones.area_people)
        zone_notes = [*(note for note in zone_notes if note.key != "people_missing"), shared]
    traffic, traffic_notes, traffic_sources = load_traffic(
        inputs.traffic, osm.edges, read=lists.traffic
    )
    world = World(
        area=shape,
        nodes=osm.nodes,
        edges=osm.edges,
        places=every_place,
        landscape=osm.landscape,
        zones=zones,
        stations=stations,
        substations=substations,
        traffic=traffic,
        people=None if people is None else people_rows(people),
        layers=layers,
        beyond=stations_beyond(inputs, osm.stations, shape),
        report=osm.report,
        notes=(
            *shape.notes,
            *osm.notes,
            *zone_notes,
            *station_notes,
            *power_notes,
            *traffic_notes,
            *layer_notes,
        ),
        sources=(
            shape.source,
            *osm.sources,
            *zone_sources,
            *station_sources,
            *power_sources,
            *traffic_sources,
            *layer_sources,
        ),
    )
    for table in (
        tables.NODES, tables.EDGES, tables.PLACES, tables.LANDSCAPE, tables.ZONES,
        tables.STATIONS, tables.SUBSTATIONS,
    ):  # fmt: skip
        tables.check(getattr(world, table.name), table, where=f"inputs, table {table.name}")
    return world
