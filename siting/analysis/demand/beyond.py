"""What stations just beyond the border serve of the demand inside it.

They are none of the area's own: they count towards no target and no plan moves them. But a driver
at the border does not ask for it. A station's energy a day is shared with the ground beyond: the
part of its catchment (a circle of the service radius) that lies in the area counts for the demand
inside, which it serves from the nearest point on until the energy is spent::

    available = chargers * kwh_day_per_charger * share of the catchment inside

A proposal (P): nobody counts who crosses the border to charge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import shapely

from siting.analysis.candidates.site_kinds import EXISTING
from siting.analysis.network import Network
from siting.analysis.travel import make_reach
from siting.notes import Note

if TYPE_CHECKING:
    import pandas as pd

    from siting.analysis.barriers import Beside
    from siting.arrays import Floats
    from siting.notes import Notes

_SHOWN = 10


def less_served_beyond(  # noqa: PLR0913  # the tables of the place, and what lies between them
    demand: gpd.GeoDataFrame,
    beyond: gpd.GeoDataFrame | None,
    nodes: gpd.GeoDataFrame,
    edges: gpd.GeoDataFrame,
    *,
    beside: Beside,
    outline: shapely.Geometry,
    kinds: pd.DataFrame,
    cutoff_m: float,
) -> tuple[gpd.GeoDataFrame, Notes]:
    """Return the demand without what the stations beyond the border serve of it.

    Parameters
    ----------
    demand
        ``tables.DEMAND``.
    beyond
        ``tables.STATIONS`` outside the area but near it; None or empty: the demand is returned
        as it is. Stations that only swap serve none of it.
    nodes, edges
        ``tables.NODES`` and ``EDGES``, which reach beyond the area.
    beside
        The water and barriers that no way to a road crosses.
    outline
        The area, in the same metric CRS.
    kinds
        Result of ``with_mean_charger``: a station of unknown size counts with the fewest chargers
        of an existing one.
    cutoff_m
        Service radius along the road.

    Returns
    -------
    demand, notes
        ``kwh_day`` lessened, and the note ``served_from_beyond``.
    """
    if beyond is None or demand.empty:
        return demand, []
    charging = beyond[~beyond["swap"].astype(bool) | (beyond["chargers"] > 0)]
    if charging.empty:
        return demand, []
    network = Network.of(nodes, edges, beside)
    node_id, snap_m = network.snap(shapely.get_coordinates(charging.geometry.to_numpy()))
    sites = gpd.GeoDataFrame(
        {"site_id": charging["station_id"].to_numpy(dtype=object), "node_id": node_id},
        geometry=charging.geometry.to_numpy(), crs=demand.crs,
    )[snap_m <= cutoff_m]  # fmt: skip
    if sites.empty:
        return demand, []
    pairs = make_reach(demand, sites, nodes, edges, cutoff_m=cutoff_m)
    available = _available(charging, outline, kinds, cutoff_m)
    left = _left(demand, pairs, available)
    served = float(demand["kwh_day"].sum() - left.sum())
    if served <= 0:
        return demand, []
    values = {
        "stations": int(pairs["site_id"].nunique()),
        "kwh_day": round(served, 1),
        "share": served / float(demand["kwh_day"].sum()),
        "ids": sorted(map(str, pairs["site_id"].unique()))[:_SHOWN],
    }
    return demand.assign(kwh_day=left), [Note("served_from_beyond", values)]


def _available(
    stations: gpd.GeoDataFrame, outline: shapely.Geometry, kinds: pd.DataFrame, cutoff_m: float
) -> dict[str, float]:
    """Return the energy a day that each station has for the demand inside (kWh)."""
    fewest = float(kinds["min_chargers"].to_dict()[EXISTING])
    each = float(kinds["kwh_day_per_charger"].to_dict()[EXISTING])
    chargers = stations["chargers"].to_numpy(dtype=float, na_value=np.nan)
    chargers = np.where(chargers > 0, chargers, fewest)
    catchment = shapely.buffer(stations.geometry.to_numpy(), cutoff_m)
    inside = shapely.area(shapely.intersection(catchment, outline)) / shapely.area(catchment)
    energy = chargers * each * inside
    return dict(zip(stations["station_id"], energy.tolist(), strict=True))


def _left(demand: gpd.GeoDataFrame, pairs: pd.DataFrame, available: dict[str, float]) -> Floats:
    """Take from each point what its nearest stations have left; the nearest pairs go first."""
    need = dict(zip(demand["demand_id"], demand["kwh_day"].tolist(), strict=True))
    ordered = pairs.assign(
        demand_id=pairs["demand_id"].astype(str), site_id=pairs["site_id"].astype(str)
    ).sort_values(["distance_m", "site_id", "demand_id"])
    for point, station in zip(ordered["demand_id"], ordered["site_id"], strict=True):
        taken = min(need[point], available[station])
        need[point] -= taken
        available[station] -= taken
    return np.array([need[point] for point in demand["demand_id"]], dtype=float)
