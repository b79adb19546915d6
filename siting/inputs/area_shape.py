"""The area planned for, as a shape: in degrees, in metres, with a name and a date."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import geopandas as gpd
import shapely
from shapely import MultiPolygon, Polygon

from siting.geo import WGS84

if TYPE_CHECKING:
    import numpy as np
    from pyproj import CRS

    from siting.inputs.provenance import (
        Provenance,
    )
    from siting.notes import Note


@dataclass(frozen=True)
class AreaShape:
    """The area planned for.

    Attributes
    ----------
    polygon
        Valid Polygon or MultiPolygon in WGS-84 degrees.
    crs
        Metric CRS of the run.
    name
        Name of the area, for titles.
    as_of
        ISO date the outline was valid; empty if nobody says.
    notes
        Notes for the reader: (key, values).
    source
        Where the outline came from.
    """

    polygon: Polygon | MultiPolygon
    crs: CRS
    name: str
    as_of: str
    notes: tuple[Note, ...]
    source: Provenance

    @cached_property
    def projected(self) -> Polygon | MultiPolygon:
        """The polygon in metres of the run's CRS."""
        return gpd.GeoSeries([self.polygon], crs=WGS84).to_crs(self.crs).iloc[0]

    @property
    def km2(self) -> float:
        """Area of the polygon in square kilometres."""
        return float(self.projected.area) / 1e6

    def covers(self, points: np.ndarray) -> np.ndarray:
        """Tell which WGS-84 points, an array of shape (n, 2), lie in the area."""
        shapely.prepare(self.polygon)
        return shapely.contains_xy(self.polygon, points[:, 0], points[:, 1])
