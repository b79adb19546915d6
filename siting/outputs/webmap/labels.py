"""Names on the web map: townships, roads, waters; where each stands and at which zooms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from siting.outputs.webmap import shapes

if TYPE_CHECKING:
    import geopandas as gpd

    from siting.plan.plan import Plan

STATION_NAMES_FROM = 15
"""Zoom from which stations carry their names, and townships no longer theirs."""

_SHIELD_SPACING_M = 9000.0
_NAMED_ROAD_M = 1500.0
_NAMED_WATER_M2 = 60_000.0
_WIDE_WATER_M2 = 2_000_000.0
_NO_ZOOM_END = 30
_SHIELD_ZOOM = {"motorway": 9, "trunk": 12}
_LETTERS, _LATIN_LETTERS = 20, 36
_HAN_FROM = "\u2e80"


def map_labels(
    plan: Plan, thin_zones: shapes.Shapes, zone_names: dict[str, str], to: shapes.Degrees
) -> list[dict[str, Any]]:
    """Return the names of the map, the weightiest first: what comes first gets the room.

    Parameters
    ----------
    plan
        The plan.
    thin_zones
        Outlines of its zones as drawn.
    zone_names
        Names of the zones by id, in the language of the map.
    to
        Brings points to the drawn degrees.

    Returns
    -------
    list
        JSON objects; a township's has its row in ``zone``.
    """
    return [
        *_zone_labels(plan.zones, thin_zones, zone_names, to),
        *_road_labels(plan.roads, to),
        *_water_labels(plan.landscape, to),
    ]


def _zone_labels(
    zones: gpd.GeoDataFrame, thin: shapes.Shapes, names: dict[str, str], to: shapes.Degrees
) -> list[dict[str, Any]]:
    lon, lat = shapes.lonlat(shapes.middle_points(thin), to)
    largest_first = np.argsort(-zones.geometry.area.to_numpy(), kind="stable")
    return [
        _label(_short_name(names[zones["zone_id"].iloc[row]]), lon[row], lat[row], "zone", 12.5)
        | {"to": STATION_NAMES_FROM, "zone": int(row)}
        for row in largest_first
        if zones["kind"].iloc[row] != "uncovered"
    ]


def _short_name(name: str) -> str:
    """Return a zone's name as a map writes it: English ones without the word for its kind."""
    return name.removesuffix(" Subdistrict").removesuffix(" Town") or name


def _road_labels(roads: gpd.GeoDataFrame, to: shapes.Degrees) -> list[dict[str, Any]]:
    """Return road numbers along expressways and trunk roads, and names of long streets."""
    labels = []
    for road_class, zoom in _SHIELD_ZOOM.items():
        named = roads[(roads["road_class"] == road_class) & roads["ref"].notna()]
        for ref, lines in named.groupby("ref").geometry:
            text = str(ref).split(";")[0]
            labels += _labels_at(_spread(lines, _SHIELD_SPACING_M), to, text, "shield", 10, zoom)
    minor = roads["road_class"].isin(["trunk", "primary", "secondary"])
    for name, lines in roads[minor & roads["name"].notna()].groupby("name").geometry:
        if lines.length.sum() >= _NAMED_ROAD_M:
            labels += _labels_at(_spread(lines, _NAMED_ROAD_M), to, str(name), "road", 11, 14)
    return labels


def _water_labels(landscape: gpd.GeoDataFrame, to: shapes.Degrees) -> list[dict[str, Any]]:
    water = landscape[
        (landscape["kind"] == "water")
        & landscape["name"].notna()
        & (landscape.geometry.area >= _NAMED_WATER_M2)
    ]
    labels = []
    for name, areas in water.groupby("name").geometry:
        widest = areas.loc[areas.area.idxmax()]
        points = shapes.middle_points(np.array([widest], dtype=object))
        zoom = 9 if widest.area >= _WIDE_WATER_M2 else 13
        labels += _labels_at(points, to, str(name), "water", 12, zoom)
    return labels


def _labels_at(
    points: list[Any], to: shapes.Degrees, text: str, look: str, size: float, zoom: int
) -> list[dict[str, Any]]:
    lon, lat = shapes.lonlat(points, to)
    pairs = zip(lon, lat, strict=True)
    return [_label(text, east, north, look, size) | {"from": zoom} for east, north in pairs]


def _label(text: str, lon: float, lat: float, look: str, size: float) -> dict[str, Any]:
    most = _LETTERS if max(text, default="") >= _HAN_FROM else _LATIN_LETTERS
    short = text if len(text) <= most else text[: most - 1] + "…"
    return {
        "text": short, "lon": lon, "lat": lat, "look": look, "size": size,
        "from": 0, "to": _NO_ZOOM_END,
    }  # fmt: skip


def _spread(lines: gpd.GeoSeries, spacing_m: float) -> list[Any]:
    """Return points along the lines, one about every so many metres, at least one."""
    joined = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(
        [part for line in lines for part in shapely.get_parts(line)]
    )))  # fmt: skip
    longest_first = joined[np.argsort(-shapely.length(joined), kind="stable")]
    points: list[Any] = []
    for line in longest_first:
        count = max(1, int(line.length // spacing_m))
        for step in range(count):
            point = line.interpolate((step + 0.5) / count, normalized=True)
            if all(point.distance(other) >= spacing_m / 2 for other in points):
                points.append(point)
    return points
