"""Who charges where at one place: the demand by occasion, and the ways to the sites."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
from scipy.spatial import cKDTree

from siting.analysis.demand.occasion_ways import (
    SERVICE_AREA,
    occasion_demand,
    occasion_ways,
    on_carriageway,
    town_zones,
    walkable,
)
from siting.analysis.network import point_xy
from siting.analysis.travel import make_reach

if TYPE_CHECKING:
    import geopandas as gpd

    from siting.analysis.demand.occasions import Occasions
    from siting.cache import Memory
    from siting.inputs.world import World


@dataclass(frozen=True, eq=False)
class PlaceOccasions:
    """The occasions of a place.

    Attributes
    ----------
    occasions
        The occasions of the scenario.
    rows
        Demand by occasion (:func:`siting.analysis.demand.occasion_ways.occasion_demand`).
    ways
        Sites that may serve it (:func:`siting.analysis.demand.occasion_ways.occasion_ways`).
    reaches
        Pairs in reach (``tables.REACH``) on foot, by car and on the carriageway ahead.
    mix
        Share of each class of charger (column) at each site (row).
    class_kwh
        What a charger of each site gives a day through each pool (column), kWh/day.
    """

    occasions: Occasions
    rows: pd.DataFrame
    ways: pd.DataFrame
    reaches: dict[str, pd.DataFrame]
    mix: pd.DataFrame
    class_kwh: pd.DataFrame

    @property
    def walking(self) -> tuple[str, ...]:
        """Occasions whose drivers go on foot."""
        table = self.occasions.table
        return tuple(str(name) for name in table.index[table["way"] == "walk"])

    def carried(self, assignments: pd.DataFrame, site_id: pd.Series) -> pd.Series:
        """Return the chargers that carry the energy of each station, by its fullest pool.

        Parameters
        ----------
        assignments
            ``site_id``, ``occasion``, ``kwh_day``.
        site_id
            The stations.
        """
        pool = assignments["occasion"].astype("str").map(self.occasions.pools)
        load = assignments["kwh_day"].groupby([assignments["site_id"].astype("str"), pool]).sum()
        each = load.unstack().fillna(0.0)  # noqa: PD010  # one figure a pair
        ratio = each / self.class_kwh.loc[each.index, each.columns]
        return ratio.max(axis=1).reindex(site_id).fillna(0.0)


def place_occasions(
    occasions: Occasions,
    world: World,
    demand: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    reach: pd.DataFrame,
    memory: Memory,
    *,
    cutoff_m: float,
) -> PlaceOccasions:
    """Return who charges where at a place.

    Parameters
    ----------
    occasions
        The occasions of the scenario.
    world, demand, sites
        What is known of the place.
    reach
        Pairs in reach by car within ``cutoff_m`` (m), travel.cutoff_m.
    memory
        Gives the reaches from the cache where it has them.
    """
    town = town_zones(world.zones)
    reaches = {
        "walk": _walked(occasions, world, demand, sites, memory),
        "drive": _driven(occasions, world, demand, sites, reach, town, memory, cutoff_m=cutoff_m),
        "ahead": _ahead(occasions, world, demand, sites, memory),
    }
    return PlaceOccasions(
        occasions,
        occasion_demand(demand, occasions),
        occasion_ways(demand, sites, occasions, reaches, town),
        reaches,
        occasions.mix_at(sites),
        occasions.kwh_at(sites),
    )


def _walked(
    occasions: Occasions,
    world: World,
    demand: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    memory: Memory,
) -> pd.DataFrame:
    on_foot = demand[demand["kind"].isin(occasions.kinds_going(way="walk"))]
    streets = walkable(world.edges)
    return _reach(memory, on_foot, sites, world.nodes, streets, occasions.walk_m)


def _driven(  # noqa: PLR0913  # the tables of the place
    occasions: Occasions,
    world: World,
    demand: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    reach: pd.DataFrame,
    town: set[str],
    memory: Memory,
    *,
    cutoff_m: float,
) -> pd.DataFrame:
    """Return who is in reach by car: farther than the service radius only where an occasion is."""
    cars = occasions.table[occasions.table["way"] == "drive"]
    if occasions.drive_m <= cutoff_m:
        return reach
    in_town = demand["zone_id"].isin(town)
    farther = demand if float(cars["town_m"].max()) > cutoff_m else demand[~in_town]
    farther = farther[farther["kind"].isin(occasions.kinds_going(way="drive"))]
    if farther.empty:
        return reach
    away = cKDTree(point_xy(farther)).query(point_xy(sites))[0]
    near = sites[away <= occasions.drive_m]
    more = _reach(memory, farther, near, world.nodes, world.edges, occasions.drive_m)
    rest = reach[~reach["demand_id"].isin(farther["demand_id"])]
    same = {name: more[name].cat.set_categories(rest[name].cat.categories)
            for name in ("demand_id", "site_id")}  # fmt: skip
    return pd.concat([rest, more.assign(**same)], ignore_index=True)


def _ahead(
    occasions: Occasions,
    world: World,
    demand: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    memory: Memory,
) -> pd.DataFrame:
    waits = occasions.table.index[occasions.table["ahead_m"] > 0]
    kinds = occasions.shares.loc[occasions.shares["occasion"].isin(waits), "demand_kind"]
    drivers = demand[demand["kind"].isin(kinds)]
    areas = sites[sites["kind"] == SERVICE_AREA]
    roads = on_carriageway(world.edges)
    return _reach(memory, drivers, areas, world.nodes, roads, occasions.ahead_m)


def _reach(
    memory: Memory,
    demand: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    nodes: gpd.GeoDataFrame,
    edges: gpd.GeoDataFrame,
    cutoff_m: float,
) -> pd.DataFrame:
    if demand.empty or sites.empty or cutoff_m <= 0:  # nothing to keep
        return make_reach(demand.iloc[:0], sites.iloc[:0], nodes, edges, cutoff_m=1.0)
    found: pd.DataFrame = memory.call(
        "travel", make_reach, demand, sites, nodes, edges, cutoff_m=cutoff_m
    )
    return found
