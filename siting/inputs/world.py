"""The one entry to the room: everything a plan takes from the world, as checked tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from siting import tables
from siting.inputs.area_people import share_area_people
from siting.inputs.layers import joined_places, people_rows
from siting.inputs.lists import Lists, read_lists
from siting.inputs.osm.load import load_osm
from siting.inputs.stations import load_stations, stations_beyond
from siting.inputs.substations import load_substations
from siting.inputs.traffic import load_traffic
from siting.inputs.zones import load_zones

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from siting import scenario
    from siting.inputs.area_shape import AreaShape
    from siting.inputs.provenance import Provenance
    from siting.notes import Note, Progress


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
    report: dict[str, Any]
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
        Result of :func:`siting.inputs.lists.read_lists`, if the files are read already.

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
