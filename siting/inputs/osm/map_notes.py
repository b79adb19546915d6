"""What must be told of the map: how much of the area it covers, and what it lacks.

An extract does not say what it covers; its roads do.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely
from scipy.spatial import cKDTree

from siting.errors import BrokenFileError, CoverageError, EmptyLayerError
from siting.geo import WGS84
from siting.notes import Note

if TYPE_CHECKING:
    from pathlib import Path

    from shapely import MultiPolygon, Polygon

    from siting.inputs.area_shape import AreaShape
    from siting.inputs.provenance import Provenance
    from siting.notes import Values


Tallies = dict[str, int | float | list[str] | dict[str, int]]
"""What is counted of a map as it is read, by the field of :class:`MapReport`."""

_ABSENT: Any = {"absent": True}
_GRID_POINTS = 2500
_NEAR_ROAD_M = 5000.0
_MIN_IN_HULL = 0.75
_MIN_NEAR_ROAD = 0.5
_HULL_MARGIN_M = 3000.0


def measure_coverage(
    area: AreaShape, road_points: np.ndarray, *, sea: Polygon | MultiPolygon
) -> tuple[float, float]:
    """Measure how much of the area's land the roads of an extract cover.

    Parameters
    ----------
    area
        The area.
    road_points
        WGS-84 coordinates of all drivable nodes of the extract, shape (n, 2).
    sea
        The sea in WGS-84, which needs no roads; may be empty.

    Returns
    -------
    in_hull, near
        Share of the area inside the convex hull of all drivable nodes (widened by the
        margin), and share within 5 km of one of them.
    """
    points = gpd.GeoSeries(gpd.points_from_xy(*road_points.T), crs=WGS84).to_crs(area.crs)
    xy = shapely.get_coordinates(points.to_numpy())
    xy = xy[np.isfinite(xy).all(axis=1)]
    if len(xy) == 0:
        return 0.0, 0.0
    water = gpd.GeoSeries([sea], crs=WGS84).to_crs(area.crs).iloc[0]
    shape = shapely.difference(area.projected, water)
    if shape.is_empty:
        shape = area.projected
    hull = shapely.buffer(shapely.convex_hull(shapely.multipoints(xy)), _HULL_MARGIN_M)
    in_hull = shapely.area(shapely.intersection(hull, shape)) / shape.area
    west, south, east, north = shape.bounds
    step = np.sqrt((east - west) * (north - south) / _GRID_POINTS)
    x, y = np.meshgrid(np.arange(west, east, step), np.arange(south, north, step))
    grid = np.column_stack([x.ravel(), y.ravel()])
    shapely.prepare(shape)
    grid = grid[shapely.contains_xy(shape, grid[:, 0], grid[:, 1])]
    if len(grid) == 0:
        return float(in_hull), float(in_hull)
    away = cKDTree(xy).query(grid, distance_upper_bound=_NEAR_ROAD_M)[0]
    return float(in_hull), float(np.isfinite(away).mean())


def require_coverage(path: Path, area: AreaShape, in_hull: float, near: float) -> None:
    """Raise unless roads span enough of the area and lie near enough to most of it.

    Parameters
    ----------
    path
        The extract, for the message.
    area
        The area.
    in_hull, near
        Of :func:`measure_coverage`.

    Raises
    ------
    CoverageError
        Below 75 % in the hull (a box around a valley has corners without roads: 88 % for
        Liechtenstein) or below 50 % near a road.
    """
    if in_hull >= _MIN_IN_HULL and near >= _MIN_NEAR_ROAD:
        return
    raise CoverageError(
        f"'{path.name}' does not cover the area '{area.name}': its roads span {in_hull:.0%} of "
        f"it, and {near:.0%} of it lies within {_NEAR_ROAD_M / 1000:g} km of one of them",
        where=str(path),
        cure="use an extract of the whole area, check the datum of the boundary, or draw the "
        "area tighter where it reaches over sea or wilderness",
    )


_NOTED_SHARE = 0.995


def no_roads(path: Path, counts: dict[str, int]) -> EmptyLayerError:
    """Return the error for an area without a drivable road."""
    return EmptyLayerError(
        f"no drivable road lies in the area: the filter 'area' left 0 of "
        f"{counts['ways_drivable']} drivable ways",
        where=str(path),
        cure="check that the extract and the area are the same place (lon, lat; the datum)",
    )


@dataclass(frozen=True, kw_only=True, repr=False)
class MapReport:
    """What was read of a map, kept and dropped; None: a pack of an earlier version lacks it.

    Attributes
    ----------
    ways_read, ways_drivable, ways_in_box, ways_incomplete, ways_without_nodes
        Ways of the extract; those with a node missing, and those without any.
    features_in_box, rings_invalid, elements_tagged, features_built
        Features of the extract.
    junctions, edges, edges_repeated, components_strong, components_weak
        The network of roads.
    oneway_opened, oneway_opened_km
        One-way streets that may be driven both ways here.
    km, share_with_speed_tag
        Length of all streets, each once, and the share of edges whose speed the map tells.
    places_not_running, stations_left_out, places_for_others
        What was left out, or is not for cars of the public: count by reason.
    stations_left_out_ids, swap_stations_read
        Ids.
    stations_read, stations_outside, places_read, places_outside
        Features, and those of them beyond the area.
    places_without_surface, capacity_unread, admin_nameless, places_by_kind
        Counts.
    area_in_hull_share, area_near_road_share
        How much of the area the roads cover.
    parts, junctions_before, km_before, km_dropped
        Parts of the network that are kept, and what went with those that nobody needs; None
        before anybody has looked.
    """

    ways_read: int | None = field(default=None, metadata=_ABSENT)
    ways_drivable: int | None = field(default=None, metadata=_ABSENT)
    ways_in_box: int | None = field(default=None, metadata=_ABSENT)
    ways_incomplete: int
    ways_without_nodes: int
    features_in_box: int | None = field(default=None, metadata=_ABSENT)
    rings_invalid: int | None = field(default=None, metadata=_ABSENT)
    elements_tagged: int | None = field(default=None, metadata=_ABSENT)
    junctions: int | None = field(default=None, metadata=_ABSENT)
    edges: int | None = field(default=None, metadata=_ABSENT)
    edges_repeated: int | None = field(default=None, metadata=_ABSENT)
    components_strong: int | None = field(default=None, metadata=_ABSENT)
    components_weak: int | None = field(default=None, metadata=_ABSENT)
    oneway_opened: int | None = field(default=None, metadata=_ABSENT)
    oneway_opened_km: float | None = field(default=None, metadata=_ABSENT)
    km: float
    share_with_speed_tag: float
    features_built: int | None = field(default=None, metadata=_ABSENT)
    places_not_running: dict[str, int] | None = field(default=None, metadata=_ABSENT)
    stations_left_out: dict[str, int] | None = field(default=None, metadata=_ABSENT)
    stations_left_out_ids: tuple[str, ...] | None = field(default=None, metadata=_ABSENT)
    swap_stations_read: tuple[str, ...] | None = field(default=None, metadata=_ABSENT)
    stations_read: int | None = field(default=None, metadata=_ABSENT)
    stations_outside: int | None = field(default=None, metadata=_ABSENT)
    places_without_surface: int | None = field(default=None, metadata=_ABSENT)
    capacity_unread: int | None = field(default=None, metadata=_ABSENT)
    places_read: int | None = field(default=None, metadata=_ABSENT)
    places_outside: int
    admin_nameless: int | None = field(default=None, metadata=_ABSENT)
    places_by_kind: dict[str, int] | None = field(default=None, metadata=_ABSENT)
    places_for_others: dict[str, int] | None = field(default=None, metadata=_ABSENT)
    area_in_hull_share: float
    area_near_road_share: float
    parts: int | None = field(default=None, metadata=_ABSENT)
    junctions_before: int | None = field(default=None, metadata=_ABSENT)
    km_before: float | None = field(default=None, metadata=_ABSENT)
    km_dropped: float | None = field(default=None, metadata=_ABSENT)

    def __repr__(self) -> str:
        """Say the roads and the places."""
        places = self.places_by_kind or {}
        return f"<MapReport: {self.km:,.1f} km of street, {sum(places.values()):,} places>"


def report_of(tallies: object, origin: str) -> MapReport:
    """Return the report of what a pack, or reading an extract, has counted.

    Parameters
    ----------
    tallies
        JSON types, by field of the report; others are left out.
    origin
        Name of the pack or extract.

    Raises
    ------
    BrokenFileError
        If a count is missing that every pack has.
    """
    known = tallies if isinstance(tallies, dict) else {}
    found: Any = {
        one.name: tuple(known[one.name]) if isinstance(known[one.name], list) else known[one.name]
        for one in fields(MapReport)
        if one.name in known
    }
    try:
        return MapReport(**found)
    except TypeError as error:
        raise BrokenFileError(
            f"'{origin}' does not say what was counted of its map: {error}",
            where="inputs.osm",
            cure="a pack is what 'siting fetch' writes; fetch it again",
        ) from error


def no_places(report: MapReport, source: Provenance) -> EmptyLayerError:
    """Return the error for an area without places, naming the filter that emptied it."""
    tagged, built = report.elements_tagged, report.places_read
    if not tagged:
        step = "the filter 'place_kinds' (tags of data/place_kinds.csv) left 0 elements"
    elif not built:
        step = f"the filter 'area' (a box around it) left 0 places of {tagged} tagged elements"
    else:
        step = f"the filter 'area' left 0 of {built} places"
    return EmptyLayerError(
        f"no place is left to make a candidate of: {step}",
        where=f"places of {source.origin}",
        cure="use an extract with all features, not one of roads only; see inputs.place_kinds",
    )


_REASONS = {
    "disused": "已停用", "closed": "已关闭", "planned": "规划或在建",
    "bicycles": "非机动车", "motorcycles": "摩托车", "lorries": "货车", "buses": "大客车",
    "taxis": "出租车", "boats": "船舶", "campers": "房车", "lock_ups": "私家车库",
}  # fmt: skip
"""Chinese words of the reasons; a value of an access key stands as it is on the map."""


def _reasons(by_reason: dict[str, int]) -> list[dict[str, str]]:
    """Return each reason with its count, in both languages."""
    return [
        {
            "zh": f"{_REASONS.get(reason, f'access={reason}')} {count}",
            "en": f"{reason.replace('_', '-') if reason in _REASONS else f'access={reason}'} "
            f"{count}",
        }
        for reason, count in sorted(by_reason.items(), key=lambda item: (-item[1], item[0]))
    ]


def _use_notes(report: MapReport) -> list[Note]:
    """Tell what was left out for what it is for; a pack of an earlier version does not know."""
    notes = []
    for key, by_reason in (
        ("map_stations_left_out", report.stations_left_out),
        ("places_not_running", report.places_not_running),
        ("places_for_others", report.places_for_others),
    ):
        if by_reason:
            values: Values = {"count": sum(by_reason.values()), "reasons": _reasons(by_reason)}
            if key == "map_stations_left_out":
                values["ids"] = list(report.stations_left_out_ids or ())
            notes.append(Note(key, values))
    if swaps := report.swap_stations_read:
        notes.append(Note("map_swap_stations", {"count": len(swaps), "ids": list(swaps)}))
    return notes


def map_notes(report: MapReport, source: Provenance) -> tuple[Note, ...]:
    """Turn the report's figures that a reader must know into notes."""
    notes: list[Note] = []
    if report.oneway_opened:
        values = {"streets": report.oneway_opened, "km": report.oneway_opened_km}
        notes.append(Note("oneway_opened", values))
    if report.share_with_speed_tag < 1:
        notes.append(Note("speeds_by_class", {"share": 1 - report.share_with_speed_tag}))
    if report.places_outside:
        notes.append(Note("places_outside", {"count": report.places_outside}))
    notes += _use_notes(report)
    if report.admin_nameless:
        notes.append(Note("admin_nameless", {"count": report.admin_nameless}))
    if report.ways_incomplete + report.ways_without_nodes:
        count = report.ways_incomplete + report.ways_without_nodes
        notes.append(Note("ways_incomplete", {"count": count}))
    if min(report.area_in_hull_share, report.area_near_road_share) < _NOTED_SHARE:
        notes.append(
            Note(
                "area_partly_covered",
                {"in_hull": report.area_in_hull_share, "near": report.area_near_road_share},
            )
        )
    if not source.as_of:
        notes.append(Note("osm_undated", {"origin": source.origin}))
    return tuple(notes)
