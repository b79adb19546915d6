"""Where the people of each zone live: on its residential areas, else along its roads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from siting.analysis.zoning import zone_ids
from siting.tables import zone_names

if TYPE_CHECKING:
    from siting.analysis.network import Network

    Notes = list[tuple[str, dict[str, Any]]]

RESIDENTIAL = "residential"

_LARGE_M2 = 100_000.0
"""A residential area above 10 ha (some 300 m across, the cell of the siting model) is
spread over the road nodes inside it: one point would stand for too many."""

_DENSEST = 0.1
"""People that a square metre of residential ground holds at most: plot ratio 3 at 30 m2 of
floor each, a proposal (data/parameters.csv). More people than the mapped areas hold live on
areas nobody mapped."""

_TYPICAL_M2 = 10_000.0
"""Ground of a residential area mapped as a point where no mapped one tells."""

_COLUMNS = ["zone_id", "point", "weight"]


def home_parts(
    places: gpd.GeoDataFrame, zones: gpd.GeoDataFrame, network: Network, *, spread_over: str
) -> tuple[pd.DataFrame, Notes]:
    """Return the people of zones by place.

    Parameters
    ----------
    places
        ``tables.PLACES``.
    zones
        Zones with people.
    network
        The roads.
    spread_over
        ``residential``: over the parts of residential areas in the zone by ground area,
        large ones over the road nodes inside them; a zone without any over its road nodes
        (note ``people_on_roads``), and likewise the people for whom the mapped areas are
        too small (note ``people_beyond_homes``). ``nodes``: always over the road nodes.

    Returns
    -------
    DataFrame
        ``kind`` (home), ``zone_id``, ``point``, ``people``, ``quality``; the people of a
        zone sum to its population.
    """
    zones = zones.sort_values("zone_id", ignore_index=True)
    homes = pd.DataFrame({name: [] for name in _COLUMNS})
    if spread_over == RESIDENTIAL:
        homes = _over_nodes_inside(_residential_parts(places, zones), network)
    people = zones.set_index("zone_id")["population"]
    ground_m2 = homes.groupby("zone_id")["weight"].sum().reindex(people.index, fill_value=0.0)
    housed = np.minimum(people, ground_m2.astype(float) * _DENSEST)
    outside = people - housed
    crowded = zones[zones["zone_id"].map(outside > 0)]
    roads = _over_road_nodes(crowded, network)
    parts = [_shared(homes, housed), _shared(roads, outside)]
    joined = pd.concat([part for part in parts if len(part)], ignore_index=True)
    quality = zones.set_index("zone_id")["population_quality"]
    notes = _remarks(zones, ground_m2, outside) if spread_over == RESIDENTIAL else []
    return joined.assign(kind="home", quality=joined["zone_id"].map(quality)), notes


def _shared(parts: pd.DataFrame, people: pd.Series) -> pd.DataFrame:
    """Share the people of each zone over its parts by weight."""
    share = parts["weight"] / parts.groupby("zone_id")["weight"].transform("sum")
    return parts.drop(columns="weight").assign(people=share * parts["zone_id"].map(people))


def _remarks(zones: gpd.GeoDataFrame, ground_m2: pd.Series, outside: pd.Series) -> Notes:
    named = zones.set_index("zone_id")
    bare = zone_names(named[ground_m2 == 0])
    crowded = (ground_m2 > 0) & (outside > 0)
    notes: Notes = []
    if bare:
        notes.append(("people_on_roads", {"zones": len(bare), "names": bare}))
    if crowded.any():
        notes.append(
            (
                "people_beyond_homes",
                {
                    "zones": int(crowded.sum()),
                    "people": round(float(outside[crowded].sum())),
                    "names": zone_names(named[crowded]),
                },
            )
        )
    return notes


def _residential_parts(places: gpd.GeoDataFrame, zones: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Pieces of residential areas by zone, with their area; nested ones count once."""
    homes = places.loc[places["kind"] == RESIDENTIAL, ["place_id", "geometry"]]
    homes = homes.sort_values("place_id", ignore_index=True)
    homes = homes[~_nested(homes)].reset_index(drop=True)
    is_point = homes.geometry.area.to_numpy() == 0
    cut = gpd.overlay(
        homes[~is_point], zones[["zone_id", "geometry"]], how="intersection", keep_geom_type=True
    )
    cut["weight"] = cut.geometry.area
    dots = homes[is_point].copy()
    dots["zone_id"] = zone_ids(dots.geometry.to_numpy(), zones)
    dots = dots[dots["zone_id"].notna()]
    # A residential area mapped as a point has a size nobody knows: that of the middle one.
    dots["weight"] = float(cut["weight"].median()) if len(cut) else _TYPICAL_M2
    both = [part for part in (cut, dots) if len(part)]
    if not both:
        return gpd.GeoDataFrame({"zone_id": [], "weight": []}, geometry=[], crs=zones.crs)
    joined = gpd.GeoDataFrame(pd.concat(both, ignore_index=True), crs=zones.crs)
    return joined.sort_values(["place_id", "zone_id"], ignore_index=True)


def _nested(homes: gpd.GeoDataFrame) -> np.ndarray:
    """Residential areas whose point lies in a larger one: mapped twice."""
    points = shapely.point_on_surface(homes.geometry.to_numpy())
    inner, outer = homes.sindex.query(points, predicate="within")
    area = homes.geometry.area.to_numpy()
    smaller = (area[inner] < area[outer]) | ((area[inner] == area[outer]) & (inner > outer))
    result = np.zeros(len(homes), dtype=bool)
    result[inner[smaller]] = True
    return result


def _over_nodes_inside(parts: gpd.GeoDataFrame, network: Network) -> pd.DataFrame:
    """Spread each large part evenly over the ordinary road nodes inside it."""
    parts = parts.assign(point=shapely.point_on_surface(parts.geometry.to_numpy()))
    large = (parts.geometry.area > _LARGE_M2).to_numpy(dtype=bool)
    part, node = _nodes_inside(parts[large], network)
    rows = np.flatnonzero(large)[part]
    inside = np.bincount(rows, minlength=len(parts))
    spread = pd.DataFrame(
        {
            "zone_id": parts["zone_id"].to_numpy(dtype=object)[rows],
            "point": shapely.points(network.xy[node]),
            "weight": parts["weight"].to_numpy(dtype=float)[rows] / inside[rows],
        }
    )
    whole = pd.DataFrame(parts.loc[inside == 0, _COLUMNS])
    filled = [frame for frame in (whole, spread) if len(frame)]
    return pd.concat(filled, ignore_index=True) if filled else whole


def _over_road_nodes(zones: gpd.GeoDataFrame, network: Network) -> pd.DataFrame:
    """Spread each zone evenly over its ordinary road nodes; over its middle without any."""
    zone, node = _nodes_inside(zones, network)
    lonely = np.setdiff1d(np.arange(len(zones)), zone)
    names = zones["zone_id"].to_numpy(dtype=object)
    points = [
        *shapely.points(network.xy[node]),
        *shapely.point_on_surface(zones.geometry.to_numpy()[lonely]),
    ]
    return pd.DataFrame({"zone_id": [*names[zone], *names[lonely]], "point": points, "weight": 1.0})


def _nodes_inside(areas: gpd.GeoDataFrame, network: Network) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of area position and node position, sorted."""
    usable = np.flatnonzero(network.ordinary)
    points = np.asarray(shapely.points(network.xy[usable]), dtype=object)
    area, found = shapely.STRtree(points).query(areas.geometry.to_numpy(), predicate="contains")
    order = np.lexsort((found, area))
    return area[order], usable[found[order]]
