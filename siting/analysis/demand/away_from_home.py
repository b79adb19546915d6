"""Where people charge away from home: at destinations, along expressways, and in fleets.

The energy of a kind is pooled. A share of it stays in the zone of the home and lies on that
zone's places; the rest, and what a zone has no place for, is one pool over the whole area.
In a pool each place has a part by ``spaces * weight`` of its kind of site.

::

    residents   public_kwh * road_share, over the road nodes by km * weight of the road class
    through     km * vehicles_day * through_share * nev_share * kwh_per_km * charged_share

Half of each road section counts at either end, and from there at the next place where a driver
can stop: a service area, or an exit onto an ordinary road. Through traffic comes on top of the
residents: only vehicles from elsewhere are counted in it.

::

    swap_kwh    = vehicles * kwh_per_vehicle_day * swap_share
    public_kwh  = vehicles * kwh_per_vehicle_day * (1 - swap_share) * public_share

``kwh_per_nev_day`` is a mean of all NEVs of a city, taxis and ride-hailing among them: the energy
of such a fleet (``in_mean``) is taken off what the residents charge, so that it counts once.

A fleet of unknown size is not counted, and named in a note; it never counts as no vehicles.
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
from siting.analysis.demand.demand_chain import FleetEnergy
from siting.analysis.network import zone_ids
from siting.errors import ScenarioError
from siting.notes import Note
from siting.tables.catalogue import OTHER_USES

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from siting import scenario
    from siting.analysis.network import Graph, Network
    from siting.arrays import Floats, Ints

    Notes = list[Note]

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


def next_stops(network: Network, service_areas: NDArray[np.object_]) -> Ints:
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


def _points(xy: Floats) -> NDArray[np.object_]:
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


NAMES = {
    "taxi": {"zh": "出租车", "en": "taxis"},
    "ride_hailing": {"zh": "网约车", "en": "ride-hailing"},
    "heavy_truck": {"zh": "重型卡车", "en": "heavy trucks"},
}
"""What the fleets are called in notes."""


def fleet_energy(fleet: scenario.Fleet) -> FleetEnergy:
    """Return a fleet's vehicles and its energy in kWh/day."""
    if fleet.vehicles is None:
        return FleetEnergy()
    energy = fleet.vehicles * fleet.kwh_per_vehicle_day
    return FleetEnergy(
        vehicles=float(fleet.vehicles),
        energy_kwh_day=energy,
        public_kwh_day=energy * (1 - fleet.swap_share) * fleet.public_share,
        swap_kwh_day=energy * fleet.swap_share,
    )


def residents_kwh_per_nev(nevs: float, settings: scenario.Demand) -> tuple[float, Notes]:
    """Return what an NEV of the residents charges a day without the fleets in the mean, and a note.

    ``max(0, kwh_per_nev_day - sum of the energy of the fleets in it / nevs)``

    Parameters
    ----------
    nevs
        NEVs of the area by its people.
    settings
        Block ``demand``.
    """
    held = {
        name: fleet.vehicles * fleet.kwh_per_vehicle_day
        for name, fleet in settings.fleets
        if fleet.in_mean and fleet.vehicles
    }
    mean = settings.kwh_per_nev_day
    if not held or nevs <= 0:
        return mean, []
    energy = sum(held.values())
    left = max(0.0, mean - energy / nevs)
    values = {
        "names": [NAMES[name] for name in held],
        "kwh_day": round(energy, 1),
        "mean_kwh": mean,
        "left_kwh": round(left, 2),
    }
    return left, [Note("fleets_once" if left > 0 else "fleets_above_mean", values)]


def fleet_parts(
    fleets: scenario.Fleets, places: pd.DataFrame, homes: pd.DataFrame, kinds: pd.DataFrame
) -> tuple[pd.DataFrame, dict[str, FleetEnergy], Notes]:
    """Share the energy of the fleets over their places by spaces.

    Parameters
    ----------
    fleets
        Block ``demand.fleets``.
    places
        Result of ``pools.drawing_places``.
    homes
        ``zone_id``, ``point``, ``people``: where a fleet without any place of its kinds goes,
        which the note ``fleets_at_home`` tells.
    kinds
        Result of ``check_site_kinds``.

    Returns
    -------
    parts
        ``kind`` (fleet), ``zone_id``, ``point``, ``kwh_day``, ``swap_kwh_day``, ``quality``.
    energy
        :func:`fleet_energy` by name of the fleet.
    notes
        Notes for the reader.

    Raises
    ------
    ScenarioError
        If a fleet names a kind of site that is not there.
    """
    parts, energy, unknown, homeless = [], {}, [], []
    for name, fleet in fleets:
        _check_kinds(name, fleet, kinds)
        energy[name] = fleet_energy(fleet)
        if fleet.vehicles is None:
            unknown.append(NAMES[name])
            continue
        at = places[places["kind"].isin(fleet.places)].rename(columns={"spaces": "weight"})
        if not at["weight"].sum() > 0:
            homeless.append(NAMES[name])
            at = homes.rename(columns={"people": "weight"})
        share = at["weight"] / at["weight"].sum()
        parts.append(
            at[["zone_id", "point"]].assign(
                kwh_day=share * (energy[name].public_kwh_day or 0.0),
                swap_kwh_day=share * (energy[name].swap_kwh_day or 0.0),
            )
        )
    notes: Notes = []
    if unknown:
        notes.append(Note("fleets_unknown", {"names": unknown}))
    if homeless:
        notes.append(Note("fleets_at_home", {"names": homeless}))
    columns = ["zone_id", "point", "kwh_day", "swap_kwh_day"]
    joined = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    return joined.assign(kind="fleet", quality=ESTIMATED), energy, notes


def _check_kinds(name: str, fleet: scenario.Fleet, kinds: pd.DataFrame) -> None:
    unknown = sorted(set(fleet.places) - set(kinds.index))
    if unknown:
        raise ScenarioError(
            f"the fleet {name} names {', '.join(unknown)}, which is no kind of site",
            where=f"demand.fleets.{name}.places",
            cure=f"the kinds are: {', '.join(kinds.index)}",
        )
