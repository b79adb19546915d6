"""Roads and places from OpenStreetMap: three doors, one corridor.

Overpass, a local extract and a pack all end in the same layers. A download is written down
as an extract, an extract is cut to the area by pyosmium and built by osmnx, and a pack is
these layers as they were on the day it was fetched.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import gc
import logging
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import shapely

from siting.errors import CoverageError, ScenarioError
from siting.geo import WGS84
from siting.inputs.files.vectors import require_file
from siting.inputs.osm.elements import read_header, write_elements
from siting.inputs.osm.extract import reduce_extract, sea_area, with_sea
from siting.inputs.osm.kinds import read_place_kinds
from siting.inputs.osm.map_notes import (
    map_notes,
    measure_coverage,
    no_places,
    no_roads,
    report_of,
    require_coverage,
)
from siting.inputs.osm.pack import OsmLayers, portable, read_pack, write_pack
from siting.inputs.osm.places import build_features
from siting.inputs.osm.roads import build_roads, drive_seconds, read_speeds, street_ids
from siting.inputs.provenance import (
    OSM_LICENCE,
    SYNTHETIC_LICENCE,
    Provenance,
    sha256_of,
)
from siting.inputs.zones import load_zones
from siting.scenario import OVERPASS, local_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from shapely import MultiPolygon, Polygon

    from siting import scenario
    from siting.inputs.area_shape import AreaShape
    from siting.inputs.osm.map_notes import MapReport, Tallies
    from siting.notes import Note, Progress

log = logging.getLogger(__name__)

ROAD_MARGIN_M = 3000.0
"""Roads, landscape and substations reach this far beyond the area."""

RIM_M = 1500.0
"""Roads are read this much farther out: what hangs together there is known to do so."""

_OUTLINE_TOLERANCE_M = 200.0
_QUERY_TOLERANCE_M = 400.0
_LEVELS_ASKED = ("7", "8", "9", "10")
_PACK_SUFFIX = ".gpkg"
_MIN_IN_PACK = 0.99
NO_EXTRACT = (
    "name yours on the command line, --set inputs.osm=PATH (relative to the folder you work in), "
    'or in the file, [inputs] osm = "PATH" (relative to the scenario file); a country\'s extract '
    "can be had from a public server of OSM extracts such as Geofabrik"
)


@dataclass(frozen=True)
class OsmData:
    """What the area takes from OSM, in metres of the run's CRS.

    Attributes
    ----------
    nodes, edges, places, landscape, substations
        As in :mod:`siting.tables`.
    stations
        As ``tables.STATIONS`` plus ``kind``: not yet merged with the lists of the scenario; those
        within 3 km beyond the border are in.
    admin
        admin_id, admin_level, name, name_en, ref, geometry: for the zones.
    packed_zones
        Zones that came with a pack and were made from a file; None otherwise.
    report
        What was read, kept and dropped.
    notes
        Notes for the reader: (key, values).
    sources
        Where it came from.
    """

    nodes: gpd.GeoDataFrame
    edges: gpd.GeoDataFrame
    places: gpd.GeoDataFrame
    landscape: gpd.GeoDataFrame
    admin: gpd.GeoDataFrame
    stations: gpd.GeoDataFrame
    substations: gpd.GeoDataFrame
    packed_zones: gpd.GeoDataFrame | None
    report: MapReport
    notes: tuple[Note, ...]
    sources: tuple[Provenance, ...]


def load_osm(
    inputs: scenario.Inputs, area: AreaShape, *, progress: Progress | None = None
) -> OsmData:
    """Load roads and places of an area through the door the scenario names.

    Parameters
    ----------
    inputs
        ``osm`` is an extract, a pack (``.gpkg``) or ``"overpass"``; also read are
        osm_as_of, place_kinds, speeds, zones.admin_level and overpass.
    area
        The area planned for.
    progress
        Told of each step and the share done.

    Raises
    ------
    InputMissingError, BrokenFileError, IncompleteExtractError
        If the file is not there, cut short, or cut without complete ways.
    CoverageError
        If it does not cover the area.
    EmptyLayerError
        If no road or no place is left, naming the filter that emptied it.
    DownloadError
        If Overpass cannot be reached.
    """
    speeds = read_speeds(local_path(inputs.speeds))
    layers, zones, source = _through_a_door(inputs, area, progress)
    report = report_of(layers.facts.get("report"), source.origin)
    if layers.places.empty:
        raise no_places(report, source)
    edges = layers.edges.assign(
        drive_s=drive_seconds(layers.edges, speeds),
        speed_tagged=layers.edges["tag_speed_kph"].notna(),
        street_id=street_ids(layers.edges),
        **{name: _flags(layers.edges, name) for name in ("tunnel", "opened")},
    )
    from_file = zones is not None and layers.facts.get("zones_from") == "file"
    return OsmData(
        nodes=layers.nodes.to_crs(area.crs),
        edges=edges.to_crs(area.crs),
        places=layers.places.to_crs(area.crs),
        landscape=layers.landscape.to_crs(area.crs),
        admin=layers.admin.to_crs(area.crs),
        stations=layers.stations.to_crs(area.crs),
        substations=layers.substations.to_crs(area.crs),
        packed_zones=zones if from_file else None,
        report=report,
        notes=map_notes(report, source),
        sources=(source,),
    )


def _flags(edges: gpd.GeoDataFrame, name: str) -> pd.Series | bool:
    """Return a column of flags; False from a pack of an earlier version, which lacks it."""
    return edges[name].astype(bool) if name in edges else False


def fetch(
    inputs: scenario.Inputs, area: AreaShape, out: Path, *, progress: Progress | None = None
) -> MapReport:
    """Download the roads, places and zones of an area and write them as a pack.

    Parameters
    ----------
    inputs
        Whatever ``osm`` says, Overpass is asked; the other keys as in :func:`load_osm`.
    area
        The area planned for.
    out
        The ``.gpkg`` to write, whole or not at all.
    progress
        Told of each step and the share done.

    Returns
    -------
    MapReport
        What was read, kept and dropped.

    Raises
    ------
    ScenarioError
        If the name does not end in ``.gpkg``.
    DownloadError
        If Overpass cannot be reached or the pack cannot be written; nothing is left then.
    """
    if out.suffix.lower() != _PACK_SUFFIX:
        raise ScenarioError(
            f"a pack is a GeoPackage, and '{out.name}' is none by its name",
            where=str(out),
            cure=f"name it {out.stem}{_PACK_SUFFIX}",
        )
    inputs = inputs.model_copy(update={"osm": OVERPASS})
    layers, _, source = _through_a_door(inputs, area, progress)
    report = report_of(layers.facts.get("report"), source.origin)
    if layers.places.empty:
        raise no_places(report, source)
    zones, _, _ = load_zones(inputs.zones, layers.admin.to_crs(area.crs), area)
    zones_from = "file" if inputs.zones.file else "osm"
    facts = {**layers.facts, "zones_from": zones_from}
    packed = OsmLayers(**layers.tables(), facts=facts)
    write_pack(out, packed, zones.to_crs(WGS84))
    return report


def _through_a_door(
    inputs: scenario.Inputs, area: AreaShape, progress: Progress | None
) -> tuple[OsmLayers, gpd.GeoDataFrame | None, Provenance]:
    if inputs.osm == OVERPASS:
        return _from_overpass(inputs, area, progress)
    path = local_path(inputs.osm)
    require_file(path, "inputs.osm", cure=NO_EXTRACT)
    if path.suffix.lower() == _PACK_SUFFIX:
        return _from_pack(path, area, progress)
    header = read_header(path)
    as_of = inputs.osm_as_of.isoformat() if inputs.osm_as_of else header.as_of
    layers = _from_extract(path, inputs, area, progress, as_of=as_of)
    synthetic = header.synthetic or bool(layers.facts["synthetic"])
    source = _source(path.name, sha256_of(path), as_of, synthetic=synthetic)
    return layers, None, source


def _levels(asked: int | None) -> list[str]:
    """Return the levels to download; a province around the area would come whole."""
    return list(_LEVELS_ASKED) if asked is None else [str(asked)]


def _source(origin: str, digest: str, as_of: str, *, synthetic: bool) -> Provenance:
    licence = SYNTHETIC_LICENCE if synthetic else OSM_LICENCE
    return Provenance("osm", origin, digest, licence, as_of, synthetic)


def _from_overpass(
    inputs: scenario.Inputs, area: AreaShape, progress: Progress | None
) -> tuple[OsmLayers, None, Provenance]:
    """Download, write down as an extract, and go on as with any extract."""
    kinds = read_place_kinds(local_path(inputs.place_kinds))
    tags = kinds.query_tags() | {"admin_level": _levels(inputs.zones.admin_level)}
    polygon = _outline(area, ROAD_MARGIN_M + RIM_M, _QUERY_TOLERANCE_M)
    from siting.inputs.osm.download import download  # noqa: PLC0415  # heavy: osmnx, requests

    answers = download(polygon, tags, inputs.overpass, progress=progress)
    with tempfile.TemporaryDirectory(prefix="siting-") as folder:
        path = Path(folder) / "overpass.osm.pbf"
        write_elements(path, answers.elements, answers.as_of)
        layers = _from_extract(path, inputs, area, progress, as_of=answers.as_of, complete=True)
        digest = sha256_of(path)
    source = _source(inputs.overpass.endpoint, digest, answers.as_of, synthetic=False)
    facts = layers.facts | {
        "endpoint": inputs.overpass.endpoint,
        "query": {"network_type": "drive", "tags": tags, "polygon": polygon.wkt},
        "date": dt.datetime.now(tz=dt.UTC).isoformat(timespec="seconds"),
        "licence": source.licence,
        "osm_timestamp": answers.as_of,
        "sha256": digest,
    }
    return OsmLayers(**layers.tables(), facts=facts), None, source


def _from_extract(
    path: Path,
    inputs: scenario.Inputs,
    area: AreaShape,
    progress: Progress | None,
    *,
    as_of: str,
    complete: bool = False,
) -> OsmLayers:
    """Cut an extract to the area and let osmnx build roads and features of it."""
    kinds = read_place_kinds(local_path(inputs.place_kinds))
    clip = _outline(area, ROAD_MARGIN_M, _OUTLINE_TOLERANCE_M)
    rim = _outline(area, ROAD_MARGIN_M + RIM_M, _OUTLINE_TOLERANCE_M)
    tell = progress or (lambda _step, _share: None)
    tell("read extract", 0.0)
    with _uncollected(), tempfile.TemporaryDirectory(prefix="siting-") as folder:
        reduced = reduce_extract(
            path,
            box=rim.bounds,
            kinds=kinds,
            admin_level=inputs.zones.admin_level,
            folder=Path(folder),
            as_of=as_of,
        )
        sea = sea_area(reduced.coast, clip, area.polygon)
        covered, near = measure_coverage(area, reduced.road_points, sea=sea)
        if not complete:
            require_coverage(path, area, covered, near)
        if reduced.roads is None:
            raise no_roads(path, reduced.counts)
        tell("build roads", 0.3)
        nodes, edges, road_tallies = build_roads(reduced.roads, clip)
        tell("build places", 0.7)
        features, feature_tallies = build_features(reduced.features, area, clip)
    features["landscape"] = with_sea(features["landscape"], sea)
    tallies: Tallies = {**reduced.counts, **road_tallies, **feature_tallies}
    tallies |= {"area_in_hull_share": round(covered, 4), "area_near_road_share": round(near, 4)}
    tell("read extract", 1.0)
    facts = {
        "area_wkt": area.polygon.wkt,
        "area_name": area.name,
        "area_as_of": area.as_of,
        "report": portable(tallies),
        "synthetic": reduced.synthetic,
    }
    return OsmLayers(nodes=nodes, edges=edges, **features, facts=facts)


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the cyclic garbage collector out while osmnx builds.

    It walks the million dicts of a graph again and again and finds no cycle: measured on the
    sample, 25 s of CPU with it and 15 s without.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _from_pack(
    path: Path, area: AreaShape, progress: Progress | None
) -> tuple[OsmLayers, gpd.GeoDataFrame, Provenance]:
    """Read a pack; one of a larger area is cut to this one."""
    if progress:
        progress("read pack", 0.0)
    layers, zones = read_pack(path)
    facts = layers.facts
    fetched = shapely.from_wkt(str(facts["area_wkt"]))
    if not fetched.equals_exact(area.polygon, 1e-9):
        share = shapely.intersection(fetched, area.polygon).area / area.polygon.area
        if share < _MIN_IN_PACK:
            raise CoverageError(
                f"the pack '{path.name}' was fetched for '{facts.get('area_name')}' and covers "
                f"{share:.0%} of the area",
                where=str(path),
                cure="fetch a pack of this area with: siting fetch",
            )
        layers = _cut(layers, area)
    as_of = str(facts.get("osm_timestamp", ""))
    source = _source(path.name, sha256_of(path), as_of, synthetic=facts.get("synthetic") is True)
    if progress:
        progress("read pack", 1.0)
    return layers, zones, source


def _cut(layers: OsmLayers, area: AreaShape) -> OsmLayers:
    """Keep of a pack's places those in the area, of its stations those near it."""
    tables = layers.tables()
    frame = tables["places"]
    points = shapely.get_coordinates(frame.geometry.representative_point().to_numpy())
    tables["places"] = frame[area.covers(points)].reset_index(drop=True)
    near = tables["stations"].within(_outline(area, ROAD_MARGIN_M, _OUTLINE_TOLERANCE_M))
    tables["stations"] = tables["stations"][near].reset_index(drop=True)
    return OsmLayers(**tables, facts=layers.facts)


def _outline(area: AreaShape, margin_m: float, tolerance_m: float) -> Polygon | MultiPolygon:
    """Return the area widened by a margin, with few corners, in WGS-84."""
    wide = area.projected.buffer(margin_m).simplify(tolerance_m)
    return gpd.GeoSeries([wide], crs=area.crs).to_crs(WGS84).iloc[0]
