"""People of a layer (points or areas), who stand where it says instead of being spread."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from siting.analysis.demand.housing import over_nodes_inside
from siting.analysis.zoning import zone_ids
from siting.errors import TableError
from siting.notes import Note
from siting.tables import PEOPLE, check

if TYPE_CHECKING:
    from siting.analysis.network import Network

    Notes = list[Note]

_NOBODY = ("kind", "zone_id", "point", "people", "quality")


def counted_parts(
    people: gpd.GeoDataFrame | None, zones: gpd.GeoDataFrame, network: Network
) -> tuple[pd.DataFrame, Notes]:
    """Return the people of a layer by place.

    A row has its people where it lies: a point there, an area over the zones it touches by its
    parts, large ones over the road nodes inside them. People outside all zones are left out
    and told by the note ``people_outside``.

    Parameters
    ----------
    people
        ``tables.PEOPLE``, or None: nobody.
    zones
        ``tables.ZONES`` in the same metric CRS.
    network
        The roads.

    Returns
    -------
    DataFrame
        ``kind`` (home), ``zone_id``, ``point``, ``people``, ``quality``.

    Raises
    ------
    TableError
        If the layer breaks its contract, or all its people stand outside the zones.
    """
    if people is None:
        return pd.DataFrame({name: [] for name in _NOBODY}), []
    check(people, PEOPLE)
    rows = people[people["people"] > 0].reset_index(drop=True)
    is_area = rows.geometry.area.to_numpy() > 0
    cut = gpd.overlay(
        rows[is_area].assign(whole_m2=rows[is_area].area),
        zones[["zone_id", "geometry"]],
        how="intersection",
        keep_geom_type=True,
    )
    cut["weight"] = cut["people"] * cut.geometry.area / cut["whole_m2"]
    dots = rows[~is_area].copy()
    # a point may be a multipoint of one: its middle has the people
    dots = dots.set_geometry(dots.geometry.centroid)
    dots = dots.assign(zone_id=zone_ids(dots.geometry.to_numpy(), zones), weight=dots["people"])
    dots = dots[dots["zone_id"].notna()]
    both = [part for part in (cut, dots) if len(part)]
    if not both:
        raise TableError(
            f"none of the {len(people)} rows of people lies in a zone",
            where="table people",
            cure="check the datum of the layer, and that it covers the area",
        )
    parts = []
    joined = gpd.GeoDataFrame(pd.concat(both, ignore_index=True), crs=zones.crs)
    for quality, some in joined.groupby("quality"):
        placed = over_nodes_inside(some.assign(holds=np.inf).reset_index(drop=True), network)
        parts.append(placed.assign(quality=str(quality)))
    inside = pd.concat(parts, ignore_index=True).rename(columns={"weight": "people"})
    notes = _notes(float(people["people"].sum()), inside, zones)
    return inside.drop(columns="holds").assign(kind="home")[list(_NOBODY)], notes


def _notes(total: float, inside: pd.DataFrame, zones: gpd.GeoDataFrame) -> Notes:
    by_zone = inside.groupby("zone_id")["people"].sum()
    told = zones.set_index("zone_id")["population"].reindex(by_zone.index)
    found = float(by_zone.sum())
    values = {
        "people": round(found),
        "zones": len(by_zone),
        "told": round(float(told.sum())),
    }
    notes: Notes = [Note("people_from_layer", values)]
    if total - found > 0.5:  # noqa: PLR2004  # half a person: rounding of areas
        notes.append(Note("people_outside", {"people": round(total - found), "of": round(total)}))
    return notes
