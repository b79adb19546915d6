"""Demand that a layer of the planner gives, on top of all else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import shapely

from siting.analysis.zoning import zone_ids
from siting.notes import Note

if TYPE_CHECKING:
    import geopandas as gpd

    Notes = list[Note]

_KIND = "visit"


def given_parts(
    layer: gpd.GeoDataFrame | None, zones: gpd.GeoDataFrame
) -> tuple[pd.DataFrame | None, Notes]:
    """Return the demand of a layer as parts of the demand, on top of all else.

    A row of no kind is a visit; an area counts at a point inside it. Rows outside all zones are
    left out and told by the note ``demand_outside``.

    Parameters
    ----------
    layer
        ``kwh_day``, ``kind`` and geometry, or None.
    zones
        ``tables.ZONES`` of the same metric CRS.

    Returns
    -------
    DataFrame or None
        ``kind``, ``zone_id``, ``point``, ``kwh_day``, ``quality`` (counted).
    notes
        Notes for the reader.
    """
    if layer is None:
        return None, []
    points = shapely.point_on_surface(layer.geometry.to_numpy())
    parts = pd.DataFrame(
        {
            "kind": layer["kind"].fillna(_KIND).astype(object),
            "zone_id": zone_ids(points, zones),
            "point": points,
            "kwh_day": layer["kwh_day"].astype(float),
            "quality": "counted",
        }
    )
    inside = parts[parts["zone_id"].notna()].reset_index(drop=True)
    whole, found = float(parts["kwh_day"].sum()), float(inside["kwh_day"].sum())
    values = {"rows": len(inside), "kwh_day": round(found, 1)}
    notes: Notes = [Note("demand_from_layer", values)]
    if len(inside) < len(parts):
        lost = {"rows": len(parts) - len(inside), "kwh_day": round(whole - found, 1)}
        notes.append(Note("demand_outside", lost))
    return inside, notes
