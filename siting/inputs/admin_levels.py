"""Which level of the map's administrative areas tiles an area best."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely

from siting.inputs.files.vectors import surfaces

if TYPE_CHECKING:
    import geopandas as gpd

    from siting.inputs.area_shape import AreaShape

_USUAL = 8
"""Level of townships in most countries, and of subdistricts and towns in Yubei."""

_AS_GOOD = 0.05
_IN_ZONE_SHARE = 0.02


class Level(NamedTuple):
    """One level of boundaries.

    Attributes
    ----------
    level
        ``admin_level`` of OSM.
    zones
        Its areas that lie in the area with more than 2 % of their own ground or the area's.
    share
        Share of the area that they cover.
    """

    level: int
    zones: int
    share: float


def level_table(admin: gpd.GeoDataFrame, area: AreaShape) -> list[Level]:
    """Return each level of administrative areas with what it covers of an area, coarse to fine.

    Parameters
    ----------
    admin
        Administrative areas of the map, in the run's CRS.
    area
        The area.
    """
    shape, whole = area.projected, area.projected.area
    found = []
    for text, some in admin.groupby("admin_level"):
        geometry = surfaces(some.geometry.to_numpy())
        inside = shapely.intersection(geometry, shape)
        size = shapely.area(inside)
        own = np.maximum(shapely.area(geometry), 1.0)
        real = (size > _IN_ZONE_SHARE * own) | (size > _IN_ZONE_SHARE * whole)
        share = shapely.union_all(inside[real]).area / whole if real.any() else 0.0
        found.append(Level(int(str(text)), int(real.sum()), round(float(share), 4)))
    return sorted(found)


def best_level(levels: list[Level]) -> int:
    """Return the level that tiles an area best.

    That is the one that covers most of it; of those within 5 % of that, one with several zones
    before one with a single zone, and then the one nearest to level 8. Without any: 8.

    Examples
    --------
    >>> best_level([Level(6, 1, 1.0), Level(8, 3, 0.2), Level(9, 12, 0.99)])
    9
    """
    if not levels or max(one.share for one in levels) == 0:
        return _USUAL
    most = max(one.share for one in levels)
    good = [one for one in levels if one.share >= most - _AS_GOOD]
    return min(good, key=lambda one: (one.zones < 2, abs(one.level - _USUAL), one.level)).level  # noqa: PLR2004  # several
