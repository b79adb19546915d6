"""Demand points: from people to kWh of public charging a day.

::

    public_kwh_day = people * cars_per_person * nev_share * kwh_per_nev_day * public_share

of which ``home_share`` arises where people live, ``work_share`` where they work and
``visit_share`` at the places they visit. One car is so never counted twice at full weight.
Figures and sources stand in ``data/parameters.csv``.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from siting.analysis.housing import home_parts
from siting.analysis.network import Network
from siting.analysis.site_kinds import kind_by_place
from siting.analysis.spaces import estimate_spaces
from siting.analysis.zoning import zone_ids
from siting.errors import DataError
from siting.tables import DEMAND, check, zone_names

if TYPE_CHECKING:
    from siting import scenario

_log = logging.getLogger(__name__)

DERIVED = "derived"
"""Quality of work and visit demand: drawn from the people of the whole area."""

_SHOWN = 10


@dataclass(frozen=True, eq=False)
class DemandResult:
    """Demand points, what they add up to, and remarks.

    Attributes
    ----------
    demand
        ``tables.DEMAND``, sorted by demand_id.
    totals
        ``people`` (in zones with a figure), ``kwh_day``, and ``home_kwh_day``,
        ``work_kwh_day``, ``visit_kwh_day``, which sum to it.
    notes
        Remarks for the reader: (key, values).
    """

    demand: gpd.GeoDataFrame
    totals: dict[str, float]
    notes: tuple[tuple[str, dict[str, Any]], ...]


def make_demand(
    places: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame,
    nodes: gpd.GeoDataFrame,
    edges: gpd.GeoDataFrame,
    *,
    kinds: pd.DataFrame,
    settings: scenario.Demand,
) -> DemandResult:
    """Return the demand points of an area.

    Home demand lies on the residential areas of each zone (``housing.home_parts``); work
    and visit demand of the whole area lies on its places by ``spaces * work_weight`` and
    ``spaces * visit_weight`` of their kind. Parts of one kind at one road node and in one
    zone are one demand point, at their mean place. A zone without a figure of people has
    no home demand and is named in the note ``no_home_demand``; it never counts as zero
    people. Work or visit demand without any place goes home (``work_at_home``,
    ``visit_at_home``).

    Parameters
    ----------
    places, zones, nodes, edges
        ``tables.PLACES``, ``ZONES``, ``NODES`` and ``EDGES`` in one metric CRS.
    kinds
        Result of ``check_site_kinds``.
    settings
        Block ``demand`` of the scenario.

    Raises
    ------
    DataError
        If no zone has people.
    """
    notes: list[tuple[str, dict[str, Any]]] = []
    known = zones[zones["population"] > 0]
    unknown = zones[zones["population"].isna()]
    if known.empty:
        raise DataError(
            "no zone has a figure of people, so there is no demand to plan for",
            where="table zones, column population",
            cure="join a table of people: inputs.zones.people and people_columns",
        )
    if len(unknown):
        names = zone_names(unknown.sort_values("zone_id"))
        notes.append(("no_home_demand", {"zones": len(names), "names": names[:_SHOWN]}))
    per_person = (
        settings.cars_per_person
        * settings.nev_share
        * settings.kwh_per_nev_day
        * settings.public_share
    )
    total = float(known["population"].sum()) * per_person
    network = Network.of(nodes, edges)
    homes, home_notes = home_parts(places, known, network, spread_over=settings.spread_over)
    notes.extend(home_notes)
    away = _away_parts(places, zones, kinds)
    shares = {"home": settings.home_share, "work": settings.work_share}
    shares["visit"] = 1.0 - shares["home"] - shares["work"]
    for kind in ("work", "visit"):
        if shares[kind] > 0 and not (away["kind"] == kind).any():
            notes.append((f"{kind}_at_home", {"kwh_day": round(total * shares[kind], 1)}))
            shares["home"] += shares.pop(kind)
    homes["kwh_day"] = homes["people"] * per_person * shares.pop("home")
    for kind, share in shares.items():
        rows = away["kind"] == kind
        away.loc[rows, "kwh_day"] = away.loc[rows, "share"] * total * share
    demand = _points(pd.concat([homes, away], ignore_index=True), network, crs=zones.crs)
    check(demand, DEMAND)
    _log.info("demand: %d points, %.0f kWh/day", len(demand), total)
    return DemandResult(demand=demand, totals=_totals(demand), notes=tuple(notes))


def _totals(demand: gpd.GeoDataFrame) -> dict[str, float]:
    by_kind = demand.groupby("kind")["kwh_day"].sum()
    return {
        "people": float(demand["people"].sum()),
        "kwh_day": float(demand["kwh_day"].sum()),
        **{f"{kind}_kwh_day": float(by_kind.get(kind, 0.0)) for kind in ("home", "work", "visit")},
    }


def _away_parts(
    places: gpd.GeoDataFrame, zones: gpd.GeoDataFrame, kinds: pd.DataFrame
) -> pd.DataFrame:
    """Places that draw work and visit demand, with their share of it (sums to 1 a kind)."""
    fed = places.assign(kind=places["kind"].map(kind_by_place(kinds)))
    fed = fed[fed["kind"].notna()].sort_values("place_id", ignore_index=True)
    fed = fed.join(estimate_spaces(fed, kinds))
    points = shapely.point_on_surface(fed.geometry.to_numpy())
    fed = fed.assign(point=points, zone_id=zone_ids(points, zones))
    fed = fed[fed["zone_id"].notna()]
    parts = []
    for kind in ("work", "visit"):
        pull = fed["spaces"].fillna(_typical(fed)) * fed["kind"].map(kinds[f"{kind}_weight"])
        draws = (pull > 0).to_numpy(dtype=bool)
        part = fed.loc[draws, ["zone_id", "point"]].assign(kind=kind, people=np.nan)
        parts.append(part.assign(share=pull[draws] / pull[draws].sum(), quality=DERIVED))
    return pd.concat(parts, ignore_index=True).assign(kwh_day=0.0)


def _typical(fed: pd.DataFrame) -> pd.Series:
    """Return the lower quartile of spaces of the same kind, for a place of unknown size.

    A place mapped as a point is mostly a small one; where no size of the kind is known, it
    counts like one space.
    """
    quartile = fed.groupby("kind")["spaces"].quantile(0.25)
    return fed["kind"].map(quartile).fillna(1.0)


def _points(parts: pd.DataFrame, network: Network, *, crs: object) -> gpd.GeoDataFrame:
    """Join the parts of one kind at one node and in one zone to a demand point."""
    parts = parts[parts["kwh_day"] > 0].reset_index(drop=True)
    xy = shapely.get_coordinates(parts["point"].to_numpy(dtype=object))
    node_id, _ = network.snap(xy)
    parts = parts.assign(
        node_id=node_id,
        x=xy[:, 0] * parts["kwh_day"],
        y=xy[:, 1] * parts["kwh_day"],
    )
    joined = parts.groupby(["kind", "zone_id", "node_id"], as_index=False).agg(
        kwh_day=("kwh_day", "sum"),
        people=("people", lambda values: values.sum(min_count=1)),
        quality=("quality", "first"),
        x=("x", "sum"),
        y=("y", "sum"),
    )
    joined["demand_id"] = (
        joined["kind"] + "/" + joined["zone_id"] + "/" + joined["node_id"].astype("str")
    )
    places = gpd.points_from_xy(joined["x"] / joined["kwh_day"], joined["y"] / joined["kwh_day"])
    frame = gpd.GeoDataFrame(joined.drop(columns=["x", "y"]), geometry=places, crs=crs)
    return frame.sort_values("demand_id", ignore_index=True)[DEMAND.column_names]
