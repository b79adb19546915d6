"""Where people charge away from home: at destinations and along expressways.

The energy of a kind is pooled. A share of it stays in the zone of the home and lies on that
zone's places; the rest, and what a zone has no place for, is one pool over the whole area.
In a pool each place has a part by ``spaces * weight`` of its kind of site.

::

    residents   public_kwh * road_share, over the road nodes by km * weight of the road class
    through     km * vehicles_day * through_share * nev_share * kwh_per_km * charged_share

Half of each road section counts at either end, and from there at the next place where a driver
can stop: a service area, or an exit onto an ordinary road. Through traffic comes on top of the
residents: only vehicles from elsewhere are counted in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from siting.analysis.candidates.merging import with_whole_service_areas
from siting.analysis.candidates.site_kinds import estimate_spaces, kind_by_place
from siting.analysis.network import zone_ids
from siting.errors import ScenarioError
from siting.tables.catalogue import OTHER_USES

if TYPE_CHECKING:
    import geopandas as gpd

    from siting import scenario
    from siting.analysis.network import Graph, Network
    from siting.arrays import Floats, Ints, Shapes

ESTIMATED = "estimated"
"""Quality of demand away from home: drawn from people who live elsewhere."""

RETAIL = "retail"
"""Kind of site that draws charging at shops; of the others, the visit weight counts."""


def drawing_places(
    places: gpd.GeoDataFrame, zones: gpd.GeoDataFrame, kinds: pd.DataFrame
) -> pd.DataFrame:
    """Return the places in the zones that are a kind of site for cars, with what they draw.

    Returns
    -------
    DataFrame
        ``kind`` (of site), ``zone_id``, ``point``, ``spaces`` and the pull on ``work``,
        ``retail`` and ``visit``; sorted by place.
    """
    whole, _ = with_whole_service_areas(places, kinds)
    whole = whole[~whole["access"].isin(OTHER_USES).to_numpy(dtype=bool)]
    fed = whole.assign(kind=whole["kind"].map(kind_by_place(kinds)))
    fed = fed[fed["kind"].notna()].sort_values("place_id", ignore_index=True)
    fed = fed.join(estimate_spaces(fed, kinds))
    points = shapely.point_on_surface(fed.geometry.to_numpy())
    fed = fed.assign(point=points, zone_id=zone_ids(points, zones))
    fed = fed[fed["zone_id"].notna()].reset_index(drop=True)
    spaces = fed["spaces"].fillna(_typical(fed)).astype(float)
    visit = spaces * fed["kind"].map(kinds["visit_weight"]).astype(float)
    shop = (fed["kind"] == RETAIL).to_numpy(dtype=bool)
    return pd.DataFrame(
        {
            "kind": fed["kind"],
            "zone_id": fed["zone_id"],
            "point": fed["point"],
            "spaces": spaces,
            "work": spaces * fed["kind"].map(kinds["work_weight"]).astype(float),
            "retail": visit.where(shop, 0.0),
            "visit": visit.where(~shop, 0.0),
        }
    )


def pool_parts(
    places: pd.DataFrame, kind: str, kwh_day: pd.Series, *, local_share: float
) -> pd.DataFrame:
    """Share the energy of one kind over its places.

    Parameters
    ----------
    places
        Result of :func:`drawing_places`.
    kind
        ``work``, ``retail`` or ``visit``.
    kwh_day
        Energy of the kind by the zone of the home.
    local_share
        Share of it that stays in that zone, where it has a place of the kind.

    Returns
    -------
    DataFrame
        ``kind``, ``zone_id``, ``point``, ``kwh_day``, ``quality``; the energy sums to that
        given. Empty if there is no place of the kind.
    """
    drawn = places[places[kind] > 0]
    pull = drawn[kind].to_numpy(dtype=float)
    by_zone = drawn.groupby("zone_id")[kind].transform("sum").to_numpy(dtype=float)
    local = kwh_day[kwh_day.index.isin(drawn["zone_id"])] * local_share
    near = drawn["zone_id"].map(local).fillna(0.0).to_numpy(dtype=float) * pull / by_zone
    far = float(kwh_day.sum()) - float(local.sum())
    energy = near + far * pull / pull.sum() if len(pull) else near
    return drawn[["zone_id", "point"]].assign(kind=kind, kwh_day=energy, quality=ESTIMATED)


def _typical(fed: pd.DataFrame) -> pd.Series:
    """Return the lower quartile of spaces of the same kind, for a place of unknown size.

    A place mapped as a point is mostly a small one; where no size of the kind is known, it
    counts like one space.
    """
    quartile = fed.groupby("kind")["spaces"].quantile(0.25)
    return fed["kind"].map(quartile).fillna(1.0)


_KM = 1000.0
_SHORTEST_M = 1e-3
"""Length of an edge that has none: a zero would be no edge at all."""


def road_pull(edges: gpd.GeoDataFrame, settings: scenario.Demand) -> Floats:
    """Return the pull of each edge on charging along the road: km by weight of its class.

    Raises
    ------
    ScenarioError
        If no weight is above 0 although road_share is.
    """
    weights = settings.road_weights
    if settings.road_share > 0 and not any(weights.values()):
        raise ScenarioError(
            "no road class draws charging along the road",
            where="demand.road_weights",
            cure="give a class a weight above 0, or set demand.road_share = 0",
        )
    weight = edges["road_class"].map(weights).fillna(0.0).to_numpy(dtype=float)
    return counted_km(edges) * weight


def counted_km(edges: gpd.GeoDataFrame) -> Floats:
    """Return the length of each edge in km; of one opened against a one-way street 0."""
    km = edges["length_m"].to_numpy(dtype=float) / _KM
    return np.where(edges["opened"].to_numpy(dtype=bool), 0.0, km)


def through_kwh(
    edges: gpd.GeoDataFrame, traffic: pd.DataFrame, nev_share: float, settings: scenario.Demand
) -> Floats:
    """Return the energy that vehicles from elsewhere charge beside each edge, kWh/day.

    A count is of both directions: each directed edge takes half of it.

    Parameters
    ----------
    edges
        ``tables.EDGES``; an edge of several numbers takes the largest count among them.
    traffic
        ``tables.TRAFFIC``.
    nev_share
        Share of NEVs among the vehicles.
    settings
        Block ``demand``.
    """
    through = traffic["vehicles_day"] * traffic["through_share"].fillna(settings.through_share)
    by_ref = dict(zip(traffic["ref"], through.astype(float), strict=True))
    vehicles = np.array([_counted(ref, by_ref) for ref in edges["ref"]], dtype=float) / 2
    energy: Floats = counted_km(edges) * vehicles * nev_share * settings.through_kwh_per_km
    return energy * settings.through_charged_share


def next_stops(network: Network, service_areas: Shapes) -> Ints:
    """Return the id of the place on the road where a driver at each node stops next.

    The nearest one in driving direction that touches an ordinary road or is that of a service
    area; the node itself where no such way leads on. In the order of the nodes.

    Parameters
    ----------
    network
        The roads.
    service_areas
        Points of the places that open onto a carriageway.
    """
    xy = shapely.get_coordinates(service_areas)
    own, _ = network.snap(xy, anywhere=np.ones(len(xy), dtype=bool))
    roads, count = network.split(own, opened=False), len(network.node_id)
    stops = np.zeros(len(roads.node_id), dtype=bool)
    stops[:count] = network.ordinary
    stops[roads.positions(own)] = True
    if not stops.any():
        return network.node_id
    _, _, nearest = dijkstra(
        _against(roads), indices=np.flatnonzero(stops), min_only=True, return_predecessors=True
    )
    here = np.arange(count)
    return roads.node_id[np.where(nearest[:count] >= 0, nearest[:count], here)]


def node_parts(
    network: Network, zones: gpd.GeoDataFrame, per_edge: Floats, stops: Ints
) -> pd.DataFrame:
    """Put a figure of each edge, half and half, where drivers at its ends stop next.

    Parameters
    ----------
    network
        The roads.
    zones
        ``tables.ZONES``; ends of roads outside all of them are left out.
    per_edge
        The figure (m,).
    stops
        Result of :func:`next_stops`; nobody goes to a stop outside all zones.

    Returns
    -------
    DataFrame
        ``kind`` (road), ``zone_id``, ``point``, ``node_id``, ``amount`` (above 0), ``quality``;
        by node.
    """
    amount = np.bincount(network.start, per_edge / 2, minlength=len(network.node_id))
    amount += np.bincount(network.end, per_edge / 2, minlength=len(network.node_id))
    at = np.flatnonzero(amount > 0)
    zone = pd.Series(zone_ids(_points(network.xy[at]), zones), dtype=object)
    inside = zone.notna().to_numpy(dtype=bool)
    at, zone = at[inside], zone[inside].reset_index(drop=True)
    there = pd.Series(zone_ids(_points(network.at(stops[at])), zones), dtype=object)
    to = np.where(there.notna(), stops[at], network.node_id[at])
    parts = pd.DataFrame(
        {
            "zone_id": there.where(there.notna(), zone),
            "point": _points(network.at(to)),
            "node_id": to,
            "amount": amount[at],
        }
    )
    return parts.assign(kind="road", quality=ESTIMATED)


def _points(xy: Floats) -> Shapes:
    return np.asarray(shapely.points(xy), dtype=object)


def _against(roads: Graph) -> csr_array:
    """Return the lengths of the edges against their direction, of parallel ones the shortest."""
    order = np.lexsort((roads.length_m, roads.start, roads.end))
    end, start = roads.end[order], roads.start[order]
    first = np.ones(len(order), dtype=bool)
    first[1:] = (np.diff(end) != 0) | (np.diff(start) != 0)
    keep = first & (end != start)
    count = len(roads.node_id)
    length = np.maximum(roads.length_m[order][keep], _SHORTEST_M)
    return csr_array((length, (end[keep], start[keep])), shape=(count, count))


def _counted(ref: object, by_ref: dict[str, float]) -> float:
    if not isinstance(ref, str):
        return 0.0
    return max((by_ref.get(one.strip(), 0.0) for one in ref.split(";")), default=0.0)
