"""How drivers get to a charger, by occasion: on foot, by car, or on the carriageway ahead.

On foot the streets count both ways, and no carriageway; by car the roads in driving direction, as
in :mod:`siting.analysis.travel`. Drivers on an expressway may also wait for a service area ahead:
it lies on their way and is no detour.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from siting.analysis.network import CARRIAGEWAYS

if TYPE_CHECKING:
    import geopandas as gpd

    from siting.analysis.demand.occasions import Occasions
    from siting.arrays import Flags, Floats, Ints

TOWN_KIND = "subdistrict"
"""Zones of this kind are town, however thinly peopled."""

TOWN_PEOPLE_KM2 = 1500.0
"""Other zones count as town from so many people a km2 on (ours)."""

WALK_M_S = 1.3
"""Speed on foot (m/s), about 4.7 km/h (ours)."""

SERVICE_AREA = "service_area"
"""Kind of site that lies on the carriageway."""

_SHUT_M = 1e7
"""Length of a road that may not be taken: beyond every radius (m)."""
_M2_PER_KM2 = 1e6
_FIGURES = ("distance_m", "time_s", "limit_m", "worth")


def town_zones(zones: gpd.GeoDataFrame) -> set[str]:
    """Return the zones that are town: subdistricts, and others of many people on little ground.

    Parameters
    ----------
    zones
        ``tables.ZONES`` of a metric CRS.
    """
    dense = zones["population"] >= TOWN_PEOPLE_KM2 * zones.geometry.area / _M2_PER_KM2
    kind = zones["kind"] == TOWN_KIND if "kind" in zones.columns else False
    return set(zones.loc[dense.fillna(value=False) | kind, "zone_id"])


def walkable(edges: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the streets as people on foot take them: both ways, and no carriageway.

    Paths that no car may use are not in the network, so that ways on foot are rather too long.
    """
    back = edges.assign(
        from_node=edges["to_node"], to_node=edges["from_node"], geometry=edges.geometry.reverse()
    )
    both = pd.concat([edges, back], ignore_index=True)
    shut = both["road_class"].isin(CARRIAGEWAYS)
    length = both["length_m"].where(~shut, _SHUT_M)
    return both.assign(length_m=length, drive_s=length / WALK_M_S)


def on_carriageway(edges: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the roads of which only carriageways may be taken: expressways and trunk roads."""
    shut = ~edges["road_class"].isin(CARRIAGEWAYS)
    return edges.assign(length_m=edges["length_m"].where(~shut, _SHUT_M))


def occasion_demand(demand: pd.DataFrame, occasions: Occasions) -> pd.DataFrame:
    """Return the demand of each point by occasion.

    Returns
    -------
    DataFrame
        ``demand_id``, ``occasion``, ``kwh_day`` and the ``pool`` of classes that serves it; sorted
        by both ids. The energy of a point's rows sums to its own.
    """
    rows = demand[["demand_id", "kind", "kwh_day"]].merge(
        occasions.shares, left_on="kind", right_on="demand_kind", how="inner"
    )
    rows = rows.assign(
        kwh_day=rows["kwh_day"] * rows["share"], pool=rows["occasion"].map(occasions.pools)
    )
    rows = rows.sort_values(["demand_id", "occasion"], kind="stable", ignore_index=True)
    return rows[["demand_id", "occasion", "kwh_day", "pool"]]


def occasion_ways(
    demand: pd.DataFrame,
    sites: pd.DataFrame,
    occasions: Occasions,
    reaches: dict[str, pd.DataFrame],
    town: set[str],
) -> pd.DataFrame:
    """Return the sites that may serve each point at each occasion.

    Parameters
    ----------
    demand, sites
        ``tables.DEMAND`` and ``SITES``.
    occasions
        The occasions.
    reaches
        Pairs in reach (``tables.REACH``) on foot (``walk``), by car (``drive``) and on the
        carriageway ahead (``ahead``).
    town
        Result of :func:`town_zones`.

    Returns
    -------
    DataFrame
        ``demand_id``, ``occasion``, ``site_id``; ``distance_m`` along the way, 0 of a service area
        ahead; ``time_s``; ``limit_m``, the farthest of the occasion there; ``worth`` of the kind
        of site, above 0. Of two ways the shorter.
    """
    kind, zone = (demand[name].to_numpy(dtype=object) for name in ("kind", "zone_id"))
    place = _Places(
        pd.Index(demand["demand_id"]), pd.Index(sites["site_id"]),
        sites["kind"].to_numpy(dtype=object), np.isin(zone, list(town)),
    )  # fmt: skip
    class_kwh = occasions.kwh_at(sites)
    coded = {name: place.codes(reach) for name, reach in reaches.items()}
    parts = []
    for name, row in occasions.table.iterrows():
        worth = occasions.worth[occasions.worth["occasion"] == name].set_index("kind")["worth"]
        site_kind = pd.Series(place.site_kind)
        gives = class_kwh[occasions.pools[str(name)]].to_numpy(dtype=float) > 0
        each = np.where(gives, site_kind.map(worth).fillna(0.0).to_numpy(dtype=float), 0.0)
        has = occasions.shares.loc[occasions.shares["occasion"] == name, "demand_kind"]
        asks = np.isin(kind, list(has))
        limit = np.where(place.town, row["town_m"], row["country_m"])
        pairs = place.pairs(coded[row["way"]], asks, each, limit)
        if row["ahead_m"] > 0:
            area = np.where(place.site_kind == SERVICE_AREA, each, 0.0)
            far = np.full(len(demand), row["ahead_m"])
            ahead = place.pairs(coded["ahead"], asks, area, far).assign(distance_m=0.0)
            pairs = pd.concat([pairs, ahead]).sort_values(["at", "to", "distance_m"], kind="stable")
            pairs = pairs.drop_duplicates(["at", "to"])
        parts.append(pairs)
    found = pd.concat(parts, ignore_index=True)
    number = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    names = occasions.table.index.astype(str)
    ids = {
        "demand_id": pd.Categorical.from_codes(found["at"], categories=place.demand_id),
        "occasion": pd.Categorical.from_codes(number, categories=names),
        "site_id": pd.Categorical.from_codes(found["to"], categories=place.site_id),
    }
    return pd.DataFrame({**ids, **{name: found[name] for name in _FIGURES}})


@dataclass(frozen=True, eq=False)
class _Places:
    """Demand points and sites by position."""

    demand_id: pd.Index
    site_id: pd.Index
    site_kind: np.ndarray
    town: Flags

    def codes(self, reach: pd.DataFrame) -> tuple[Ints, Ints, Floats, Floats]:
        """Return positions of point and site, metres and seconds of pairs in reach."""
        at, to = _codes(reach["demand_id"], self.demand_id), _codes(reach["site_id"], self.site_id)
        both = (at >= 0) & (to >= 0)
        metres, seconds = (reach[name].to_numpy(dtype=float) for name in ("distance_m", "time_s"))
        return at[both], to[both], metres[both], seconds[both]

    def pairs(
        self,
        coded: tuple[Ints, Ints, Floats, Floats],
        asks: Flags,
        worth: Floats,
        limit: Floats,
    ) -> pd.DataFrame:
        """Return the pairs of points that ask with sites of worth, near enough."""
        at, to, metres, seconds = coded
        keep = asks[at] & (worth[to] > 0) & (metres <= limit[at])
        at, to = at[keep], to[keep]
        return pd.DataFrame(
            {
                "at": at,
                "to": to,
                "distance_m": metres[keep],
                "time_s": seconds[keep],
                "limit_m": limit[at],
                "worth": worth[to],
            }
        )


def _codes(column: pd.Series, ids: pd.Index) -> Ints:
    """Return the position of each row's id among some ids; -1 where it is none of them."""
    values = column.astype("category")
    table = ids.get_indexer(pd.Index(values.cat.categories.astype(object)))
    return np.append(table, -1)[values.cat.codes.to_numpy()]
