"""Charging along expressways and trunk roads: of the residents, and of through traffic.

::

    residents   public_kwh * road_share, over the road nodes by km * weight of the road class
    through     km * vehicles_day * through_share * nev_share * kwh_per_km * charged_share

Half of each road section counts at either end. Through traffic comes on top of the residents:
only vehicles from elsewhere are counted in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from siting.analysis.pools import ESTIMATED
from siting.analysis.zoning import zone_ids
from siting.errors import ScenarioError

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from siting import scenario
    from siting.analysis.network import Network

    Floats = NDArray[np.float64]

_KM = 1000.0


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
    km: Floats = edges["length_m"].to_numpy(dtype=float) / _KM
    return km * weight


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
    km = edges["length_m"].to_numpy(dtype=float) / _KM
    energy: Floats = km * vehicles * nev_share * settings.through_kwh_per_km
    return energy * settings.through_charged_share


def node_parts(network: Network, zones: gpd.GeoDataFrame, per_edge: Floats) -> pd.DataFrame:
    """Put a figure of each edge on the road nodes at its ends, half and half.

    Parameters
    ----------
    network
        The roads.
    zones
        ``tables.ZONES``; nodes outside all of them are left out.
    per_edge
        The figure (m,).

    Returns
    -------
    DataFrame
        ``kind`` (road), ``zone_id``, ``point``, ``node_id``, ``amount`` (above 0), ``quality``;
        by node.
    """
    amount = np.bincount(network.start, per_edge / 2, minlength=len(network.node_id))
    amount += np.bincount(network.end, per_edge / 2, minlength=len(network.node_id))
    at = np.flatnonzero(amount > 0)
    points = np.asarray(shapely.points(network.xy[at]), dtype=object)
    parts = pd.DataFrame(
        {
            "zone_id": zone_ids(points, zones),
            "point": points,
            "node_id": network.node_id[at],
            "amount": amount[at],
        }
    ).assign(kind="road", quality=ESTIMATED)
    return parts[parts["zone_id"].notna()].reset_index(drop=True)


def _counted(ref: object, by_ref: dict[str, float]) -> float:
    if not isinstance(ref, str):
        return 0.0
    return max((by_ref.get(one.strip(), 0.0) for one in ref.split(";")), default=0.0)
