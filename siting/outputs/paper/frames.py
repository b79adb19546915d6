"""Which part of the district each map shows: the whole, and zoom sheets where tags crowd.

A tag sits on its site where there is room; else beside it, at the end of a leader line; else, on a
map with zoom sheets, it is left to them. No tag lies on another. All lengths are mm on paper.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from collections.abc import Callable

    from siting.arrays import Flags, Floats, Ints


_ZOOMS = (2.0, 3.0, 4.0, 6.0, 9.0, 14.0, 20.0)
_MARGIN = 0.06
_LEADER_MM = 6.0
_LAST_LEADER_MM = 60.0
_ENOUGH = 0.02
_FINEST_SCALE = 10_000.0
SCALE_SHARE = 0.15
"""Longest scale bar as a share of the map's width."""


@dataclass(frozen=True)
class Frame:
    """One map: its window in metres, the sites it numbers, where their tags go.

    Attributes
    ----------
    name
        Letter of a zoom sheet; empty for the map of the whole district.
    west, south, width_m, height_m
        The window in the plan's metric CRS.
    box_mm
        Width and height on paper.
    sites
        Positions of the sites inside the window.
    tags
        Where their tags go, in mm from the window's south-west corner.
    scale_right
        Whether scale bar and north arrow stand in the south-east corner, not the south-west one.
    """

    name: str
    west: float
    south: float
    width_m: float
    height_m: float
    box_mm: tuple[float, float]
    sites: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    tags: Placed = field(default_factory=lambda: Placed(np.zeros((0, 2))))
    scale_right: bool = False

    @property
    def scale(self) -> float:
        """Metres in nature by metre on paper, e.g. 50,000."""
        return self.width_m / self.box_mm[0] * 1000

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north (m)."""
        return (self.west, self.south, self.west + self.width_m, self.south + self.height_m)

    def to_mm(self, xy: Floats) -> Floats:
        """Return points given in metres in mm from the window's south-west corner."""
        corner = np.array([self.west, self.south])
        return np.asarray((xy - corner) / self.width_m * self.box_mm[0])


def make_frames(
    xy: Floats,
    bounds: tuple[float, float, float, float],
    *,
    radius_mm: float,
    box_mm: tuple[float, float],
    zoom_box_mm: tuple[float, float],
    land: shapely.Geometry | None = None,
) -> list[Frame]:
    """Return the map of the whole, then as many zoom sheets as its tags need.

    Parameters
    ----------
    xy
        Sites (n, 2) in metres.
    bounds
        West, south, east, north of the district (m).
    radius_mm
        Radius of a tag on paper.
    box_mm, zoom_box_mm
        Width and height of the map on the first page and on a zoom sheet.
    land
        The district: the scale bar stands in the corner where less of it would be hidden.

    Returns
    -------
    list of Frame
        Every site's tag is on one of them at least.
    """
    numbered = partial(_numbered, xy=xy, radius_mm=radius_mm, land=land)
    whole = numbered(_whole(bounds, box_mm), reach_mm=_LEADER_MM)
    left = whole.sites[whole.tags.left]
    sheets: list[Frame] = []
    for zoom in _ZOOMS:
        if not len(left):
            break
        last = zoom == _ZOOMS[-1]
        scale = _round_scale(whole.scale / zoom)
        size = (zoom_box_mm[0] * scale / 1000, zoom_box_mm[1] * scale / 1000)
        found = [
            numbered(
                Frame("", *corner, *size, zoom_box_mm),
                reach_mm=_LAST_LEADER_MM if last else _LEADER_MM,
            )
            for corner in _cover(xy[left], size, whole)
        ]
        # sheets that would need sheets of their own again are made smaller instead
        good = [one for one in found if last or len(one.tags.left) <= _ENOUGH * len(one.sites)]
        shown = [one.sites[~np.isnan(one.tags.xy[:, 0])] for one in good]
        done = np.concatenate(shown) if shown else np.zeros(0, dtype=np.int64)
        sheets += [_tightened(one, xy, radius_mm, numbered) for one in good]
        left = np.setdiff1d(left, done)
    return [_without(whole, sheets), *_named(sheets)]


def _whole(bounds: tuple[float, float, float, float], box_mm: tuple[float, float]) -> Frame:
    """Return the window around the district in the shape of the map."""
    west, south, east, north = bounds
    least = max((east - west) / box_mm[0], (north - south) / box_mm[1]) * 1000
    scale = _round_scale(least * (1 + _MARGIN / 2))
    width, height = box_mm[0] * scale / 1000, box_mm[1] * scale / 1000
    middle = ((west + east) / 2, (south + north) / 2)
    return Frame("", middle[0] - width / 2, middle[1] - height / 2, width, height, box_mm)


def _tightened(frame: Frame, xy: Floats, radius_mm: float, numbered: Callable[..., Frame]) -> Frame:
    """Return a window closer around its sites, if their tags find room there as well."""
    sites = xy[frame.sites]
    low, high = sites.min(axis=0), sites.max(axis=0)
    room = np.array(frame.box_mm) * (1 - 2 * _MARGIN) - np.array([0.0, scale_corner_mm(radius_mm)])
    scale = _round_scale(max(float(((high - low) / room).max()) * 1000, _FINEST_SCALE))
    if scale >= frame.scale:
        return frame
    width, height = np.array(frame.box_mm) * scale / 1000
    middle = (low + high) / 2
    closer = numbered(
        Frame("", middle[0] - width / 2, middle[1] - height / 2, width, height, frame.box_mm),
        reach_mm=_LEADER_MM,
    )
    complete = not len(closer.tags.left) and np.isin(frame.sites, closer.sites).all()
    return closer if complete else frame


def _round_scale(least: float) -> float:
    """Return a scale of two digits, not below the one given."""
    power = 10.0 ** (math.floor(math.log10(least)) - 1)
    return power * math.ceil(least / power - 1e-9)


def _numbered(
    frame: Frame,
    *,
    xy: Floats,
    radius_mm: float,
    land: shapely.Geometry | None,
    reach_mm: float,
) -> Frame:
    """Return a window with its sites, and places for their tags and for the scale bar."""
    west, south, east, north = frame.bounds
    inside = (xy[:, 0] >= west) & (xy[:, 0] <= east) & (xy[:, 1] >= south) & (xy[:, 1] <= north)
    sites = np.flatnonzero(inside)
    corner = scale_corner(frame.box_mm, radius_mm)
    spots = frame.to_mm(xy[sites])
    right = _hidden(frame, spots, corner, land, right=True) < _hidden(
        frame, spots, corner, land, right=False
    )
    mirror = np.array([frame.box_mm[0], 0.0]), np.array([-1.0, 1.0])
    if right:  # tags keep clear of the left corner, so they are placed as in a mirror
        spots = mirror[0] + mirror[1] * spots
    tags = place_tags(spots, radius_mm, frame.box_mm, reach_mm=reach_mm, corner_mm=corner)
    if right:
        tags = Placed(mirror[0] + mirror[1] * tags.xy)
    return replace(frame, sites=sites, tags=tags, scale_right=right)


def _hidden(
    frame: Frame,
    spots_mm: Floats,
    corner_mm: tuple[float, float],
    land: shapely.Geometry | None,
    *,
    right: bool,
) -> tuple[int, float]:
    """Return what a scale bar in a bottom corner would hide: sites, and land (square mm)."""
    wide, high = corner_mm
    left = frame.box_mm[0] - wide if right else 0.0
    inside = (spots_mm >= [left, 0.0]) & (spots_mm <= [left + wide, high])
    if land is None:
        return (int(inside.all(axis=1).sum()), 0.0)
    by_mm = frame.scale / 1000
    west = frame.west + left * by_mm
    corner = shapely.box(west, frame.south, west + wide * by_mm, frame.south + high * by_mm)
    area = float(shapely.area(shapely.intersection(land, corner))) / by_mm**2
    return (int(inside.all(axis=1).sum()), round(area, 1))


def scale_corner(box_mm: tuple[float, float], radius_mm: float) -> tuple[float, float]:
    """Return width and height of the corner that scale bar and north arrow take (mm)."""
    return (SCALE_SHARE * box_mm[0] + 22 + 5 * radius_mm, scale_corner_mm(radius_mm))


def scale_corner_mm(radius_mm: float) -> float:
    """Return the height of that corner (mm)."""
    return 8.5 + radius_mm


def _cover(xy: Floats, size: tuple[float, float], whole: Frame) -> list[tuple[float, float]]:
    """Return south-west corners of windows that hold every point: strips, then steps in them.

    The windows lie inside the whole.
    """
    low = np.array([whole.west, whole.south])
    high = np.maximum(low + np.array([whole.width_m, whole.height_m]) - np.array(size), low)
    inner = (size[0] * (1 - 2 * _MARGIN), size[1] * (1 - 2 * _MARGIN))
    corners = []
    rest = xy
    while len(rest):
        west = rest[:, 0].min()
        in_strip = rest[:, 0] <= west + inner[0]
        strip, rest = rest[in_strip], rest[~in_strip]
        while len(strip):
            south = strip[:, 1].min()
            in_window = strip[:, 1] <= south + inner[1]
            window, strip = strip[in_window], strip[~in_window]
            middle = (window.min(axis=0) + window.max(axis=0)) / 2
            corner = np.clip(middle - np.array(size) / 2, low, high)
            corners.append((float(corner[0]), float(corner[1])))
    return corners


def _without(whole: Frame, sheets: list[Frame]) -> Frame:
    """Return the map of the whole with dots instead of tags where a zoom sheet has the tags."""
    tags = whole.tags.xy.copy()
    for sheet in sheets:
        tags[np.isin(whole.sites, sheet.sites)] = np.nan
    return replace(whole, tags=Placed(tags))


def _named(sheets: list[Frame]) -> list[Frame]:
    """Return the sheets with letters, from the north-west on."""
    order = sorted(sheets, key=lambda one: (-one.scale, -one.south, one.west))
    return [replace(one, name=_letter(place)) for place, one in enumerate(order)]


def _letter(place: int) -> str:
    """Return A to Z, then AA, AB and so on."""
    first, second = divmod(place, 26)
    return ("" if first == 0 else chr(ord("A") + first - 1)) + chr(ord("A") + second)


DOT_MM = 0.55
"""Radius of the dot that marks a site whose tag lies beside it."""

_GAP_MM = 0.25
_TURNS = 16


@dataclass(frozen=True)
class Placed:
    """Positions of tags (n, 2) in mm; a tag left to a zoom sheet has nan."""

    xy: Floats

    @property
    def left(self) -> Ints:
        """Positions of the tags that found no room."""
        return np.flatnonzero(np.isnan(self.xy[:, 0]))


def place_tags(
    sites_mm: Floats,
    radius_mm: float,
    box_mm: tuple[float, float],
    *,
    reach_mm: float,
    corner_mm: tuple[float, float] = (0.0, 0.0),
) -> Placed:
    """Place a round tag for each site.

    Parameters
    ----------
    sites_mm
        Sites (n, 2), in mm from a corner of the map.
    radius_mm
        Radius of a tag.
    box_mm
        Width and height of the map.
    reach_mm
        Longest leader line. Tags that find no room within it are left out.
    corner_mm
        Width and height kept free in the bottom left, for the scale bar.

    Returns
    -------
    Placed
        No two tags overlap, none covers another site's dot, none leaves the map.
    """
    count = len(sites_mm)
    placed = np.full((count, 2), np.nan)
    if not count:
        return Placed(placed)
    tree = shapely.STRtree(np.asarray(shapely.points(sites_mm)))
    clear = 2 * radius_mm + _GAP_MM
    near, _ = tree.query(tree.geometries, predicate="dwithin", distance=clear)
    alone = np.bincount(near, minlength=count) == 1  # near itself and no other
    inside = _inside(sites_mm, radius_mm, box_mm, corner_mm)
    placed[alone & inside] = sites_mm[alone & inside]
    for index in np.flatnonzero(~(alone & inside)).tolist():
        placed[index] = _spot(
            index, sites_mm, placed, tree, radius_mm, (box_mm, corner_mm), reach_mm
        )
    return Placed(placed)


def _spot(  # everything a spot must keep clear of
    index: int,
    sites: Floats,
    placed: Floats,
    tree: shapely.STRtree,
    radius: float,
    room: tuple[tuple[float, float], tuple[float, float]],
    reach: float,
) -> Floats:
    """Return the nearest free place for one tag; nan if there is none."""
    site = sites[index]
    here = tree.geometries[index]
    near = tree.query(here, predicate="dwithin", distance=reach + 2 * radius + 1)
    dots = sites[near[near != index]]
    near_tags = placed[~np.isnan(placed[:, 0])]
    near_tags = near_tags[np.hypot(*(near_tags - site).T) <= reach + 2 * radius + 1]
    length = 0.0
    while length <= reach:
        turns = 1 if length == 0 else _TURNS
        angles = np.arange(turns) * (2 * math.pi / turns) + math.pi / 4
        spots = site + length * np.column_stack([np.cos(angles), np.sin(angles)])
        free = _inside(spots, radius, *room)
        free &= _clear(spots, near_tags, 2 * radius + _GAP_MM)
        free &= _clear(spots, dots, radius + DOT_MM + _GAP_MM)
        if free.any():
            return np.asarray(spots[np.argmax(free)])
        length = radius + 2 * DOT_MM if length == 0 else length + radius / 2
    return np.array([np.nan, np.nan])


def _inside(
    spots: Floats,
    radius: float,
    box: tuple[float, float],
    corner: tuple[float, float],
) -> Flags:
    low = (spots >= radius).all(axis=1)
    high = (spots <= np.array(box) - radius).all(axis=1)
    clear = (spots >= np.array(corner) + radius).any(axis=1)
    return np.asarray(low & high & clear)


def _clear(spots: Floats, others: Floats, distance: float) -> Flags:
    """Return which spots keep a distance from every other point."""
    if not len(others):
        return np.ones(len(spots), dtype=bool)
    apart = np.hypot(*(spots[:, None, :] - others[None, :, :]).transpose(2, 0, 1))
    return np.asarray((apart >= distance).all(axis=1))
