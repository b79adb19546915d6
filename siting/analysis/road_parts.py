"""The parts of the road network that hang together.

An island, or a valley whose pass the map cuts off, is a part of its own and stays one. A piece of
road beside a larger part (a compound's lane whose gate nobody mapped) would only cut off those
who live on it: what stands there opens onto the larger part, where that is near.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from siting.analysis.network import Network, zone_positions
from siting.notes import Note
from siting.tables import zone_names

if TYPE_CHECKING:
    import geopandas as gpd

    from siting.analysis.barriers import Beside
    from siting.arrays import Flags, Floats, Ints, Shapes
    from siting.notes import Notes


_KM = 1000.0
_LANE_KM = 2.0
"""A loose part with more street is no lane whose gate nobody mapped."""

_SHOWN = 10


@dataclass(frozen=True, eq=False)
class Needing:
    """Who wants a road.

    Attributes
    ----------
    places, stations, zones
        ``tables.PLACES``, ``STATIONS`` and ``ZONES``.
    people
        ``tables.PEOPLE``; None where no layer has them.
    """

    places: gpd.GeoDataFrame
    stations: gpd.GeoDataFrame
    zones: gpd.GeoDataFrame
    people: gpd.GeoDataFrame | None

    def points(self) -> Shapes:
        """Return a point of each place, station and row of people."""
        layers = [self.places, self.stations, *([] if self.people is None else [self.people])]
        return np.concatenate([shapely.point_on_surface(one.geometry.to_numpy()) for one in layers])


@dataclass(frozen=True)
class KeptParts:
    """How many parts of the roads are kept, with their junctions and km of street, and the rest."""

    parts: int
    junctions_before: int
    junctions: int
    km_before: float
    km: float
    km_dropped: float


def needed_parts(
    nodes: gpd.GeoDataFrame,
    edges: gpd.GeoDataFrame,
    needing: Needing,
    *,
    within_m: float,
    beside: Beside | None = None,
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, Notes, KeptParts]:
    """Return the roads without the parts that nobody needs.

    A place needs the largest part that passes within ``within_m`` of it with no wide water or
    barrier on the straight way there; beside a part of more than 2 km of street, that one. The
    largest part of all is always kept; so is, in a zone with people where no road would be left,
    the largest part there.

    Parameters
    ----------
    nodes, edges
        ``tables.NODES`` and ``EDGES``.
    needing
        Who wants a road.
    within_m
        The farthest that a road counts as that of a place.
    beside
        The water and barriers that no way to a road crosses; None: nothing is in the way.

    Returns
    -------
    nodes, edges
        What is kept.
    notes
        ``roads_dropped`` (parts, junctions, km, where) and ``road_islands`` (what is kept besides
        the largest part, and the zones that have no other road).
    counts
        How much that is.
    """
    network = Network.of(nodes, edges, beside)
    part = _parts(network)
    street_part = part[network.streets.first]
    km = np.bincount(street_part, network.streets.length_m, minlength=part.max() + 1) / _KM
    rank = _ranks(km)
    kept = rank == 0
    if len(km) > 1:
        lane = km <= _LANE_KM
        kept[_wanted(network, street_part, rank, lane, needing=needing, within_m=within_m)] = True
        kept[_only_ones(network, part, rank, needing.zones, kept)] = True
    stays = kept[part]
    counts = KeptParts(
        parts=int(kept.sum()),
        junctions_before=len(part),
        junctions=int(stays.sum()),
        km_before=round(float(km.sum()), 1),
        km=round(float(km[kept].sum()), 1),
        km_dropped=round(float(km[~kept].sum()), 1),
    )
    notes = _notes(network, part, kept, rank, needing.zones, counts)
    ids = network.node_id[stays]
    return (
        nodes[nodes["node_id"].isin(ids)].reset_index(drop=True),
        edges[edges["from_node"].isin(ids)].reset_index(drop=True),
        notes,
        counts,
    )


def _parts(network: Network) -> Ints:
    """Return the part of each node: what hangs together whichever way streets are driven."""
    count = len(network.node_id)
    graph = csr_array((np.ones(len(network.start)), (network.start, network.end)), (count, count))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _ranks(km: Floats) -> Ints:
    """Return the rank of each part by size, 0 the largest; of equals the one with lower ids."""
    rank = np.empty(len(km), dtype=np.int64)
    rank[np.lexsort((np.arange(len(km)), -np.round(km, 6)))] = np.arange(len(km))
    return rank


def _wanted(
    network: Network,
    street_part: Ints,
    rank: Ints,
    lane: Flags,
    *,
    needing: Needing,
    within_m: float,
) -> Ints:
    """Return the parts that places need."""
    points = needing.points()
    nearest, away_m = network.nearest_open(shapely.get_coordinates(points))
    # Who stands beside the largest part needs no other.
    aside = (nearest >= 0) & (rank[street_part[nearest]] > 0) & (away_m <= within_m)
    if not aside.any():
        return np.empty(0, dtype=np.int64)
    points, own = points[aside], street_part[nearest[aside]]
    lines = network.streets.line[network.open_streets]
    point, street = shapely.STRtree(lines).query(points, predicate="dwithin", distance=within_m)
    other = street_part[network.open_streets[street]]
    larger = (rank[other] < rank[own[point]]) & lane[own[point]]
    point, street, other = point[larger], street[larger], other[larger]
    dry = ~network.beside.cross(shapely.shortest_line(points[point], lines[street]))
    best = rank[own]
    np.minimum.at(best, point[dry], rank[other[dry]])
    return np.flatnonzero(np.isin(rank, best))


def _only_ones(
    network: Network, part: Ints, rank: Ints, zones: gpd.GeoDataFrame, kept: Flags
) -> Ints:
    """Return the largest part in each zone with people that keeps no road a place opens onto."""
    node = np.flatnonzero(network.ordinary)
    points = np.asarray(shapely.points(network.xy[node]), dtype=object)
    found = pd.DataFrame({"zone": zone_positions(points, zones), "part": part[node]})
    found = found[found["zone"] >= 0]
    found = found.assign(kept=kept[found["part"]], rank=rank[found["part"]])
    peopled = np.flatnonzero((zones["population"] > 0).to_numpy(dtype=bool))
    bare = found[found["zone"].isin(peopled) & ~found.groupby("zone")["kept"].transform("any")]
    return np.flatnonzero(np.isin(rank, bare.groupby("zone")["rank"].min().to_numpy()))


def _notes(
    network: Network,
    part: Ints,
    kept: Flags,
    rank: Ints,
    zones: gpd.GeoDataFrame,
    counts: KeptParts,
) -> Notes:
    notes: Notes = []
    zone = zone_positions(np.asarray(shapely.points(network.xy), dtype=object), zones)
    inside = zone >= 0
    gone, beside = ~kept[part], kept[part] & (rank[part] > 0)
    if gone.any():
        values = {
            "parts": int((~kept).sum()),
            "junctions": int(gone.sum()),
            "of": counts.junctions_before,
            "km": counts.km_dropped,
            "names": _names(zones, zone[gone & inside]),
        }
        notes.append(Note("roads_dropped", values))
    if beside.any():
        here = np.setdiff1d(zone[beside & inside], zone[(rank[part] == 0) & inside])
        own = zones.iloc[here]
        values = {
            "parts": int(kept.sum()) - 1,
            "junctions": int(beside.sum()),
            "zones": len(here),
            "people": round(float(own["population"].sum())),
            "names": _names(zones, zone[beside & inside]),
        }
        notes.append(Note("road_islands", values))
    return notes


def _names(zones: gpd.GeoDataFrame, positions: Ints) -> list[Any]:
    rows = zones.iloc[np.unique(positions)].sort_values("zone_id")
    return list(zone_names(rows))[:_SHOWN]


def beside_dropped(parts: pd.DataFrame, network: Network, zones: gpd.GeoDataFrame) -> Notes:
    """Return a note of those who have a dropped road nearer than any that counts, by township.

    Parameters
    ----------
    parts
        ``zone_id``, ``point``, ``people``, ``kwh_day``.
    network
        The roads that count, and beside them the dropped ones.
    zones
        ``tables.ZONES``.

    Returns
    -------
    list
        ``beside_dropped_roads``: people, energy, and the zones, those with the most energy first.
    """
    dropped = network.beside.dropped
    parts = parts.reindex(columns=["zone_id", "point", "people", "kwh_day"])
    parts = parts[parts["kwh_day"] > 0]
    if dropped is None or dropped.empty or parts.empty:
        return []
    points = parts["point"].to_numpy(dtype=object)
    to_dropped, to_kept = (
        shapely.STRtree(lines).query_nearest(points, return_distance=True, all_matches=False)[1]
        for lines in (dropped.geometry.to_numpy(), network.streets.line[network.open_streets])
    )
    lost = parts[to_dropped < to_kept]
    if lost.empty:
        return []
    by_zone = lost.groupby("zone_id")["kwh_day"].sum().sort_index()
    order = by_zone.sort_values(ascending=False, kind="stable").index
    named = zones.set_index("zone_id").loc[order[:_SHOWN]]
    values = {
        "people": round(float(lost["people"].sum())),
        "kwh_day": round(float(lost["kwh_day"].sum())),
        "zones": len(order),
        "names": zone_names(named),
    }
    return [Note("beside_dropped_roads", values)]
