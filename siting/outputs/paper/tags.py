"""Where the numbered tags of a map go, so that no tag lies on another.

All lengths are mm on paper. A tag sits on its site where there is room; else beside it, at the
end of a leader line; else, on a map with zoom sheets, it is left to them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

DOT_MM = 0.55
"""Radius of the dot that marks a site whose tag lies beside it."""

_GAP_MM = 0.25
_TURNS = 16


@dataclass(frozen=True)
class Placed:
    """Positions of tags (n, 2) in mm; a tag left to a zoom sheet has nan."""

    xy: NDArray[np.float64]

    @property
    def left(self) -> NDArray[np.int64]:
        """Positions of the tags that found no room."""
        return np.flatnonzero(np.isnan(self.xy[:, 0]))


def place_tags(
    sites_mm: NDArray[np.float64],
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
    sites: NDArray[np.float64],
    placed: NDArray[np.float64],
    tree: shapely.STRtree,
    radius: float,
    room: tuple[tuple[float, float], tuple[float, float]],
    reach: float,
) -> NDArray[np.float64]:
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
    spots: NDArray[np.float64],
    radius: float,
    box: tuple[float, float],
    corner: tuple[float, float],
) -> NDArray[np.bool_]:
    low = (spots >= radius).all(axis=1)
    high = (spots <= np.array(box) - radius).all(axis=1)
    clear = (spots >= np.array(corner) + radius).any(axis=1)
    return np.asarray(low & high & clear)


def _clear(
    spots: NDArray[np.float64], others: NDArray[np.float64], distance: float
) -> NDArray[np.bool_]:
    """Return which spots keep a distance from every other point."""
    if not len(others):
        return np.ones(len(spots), dtype=bool)
    apart = np.hypot(*(spots[:, None, :] - others[None, :, :]).transpose(2, 0, 1))
    return np.asarray((apart >= distance).all(axis=1))
