"""Demand points: from people to kWh of public charging a day.

The residents' public charging (:mod:`siting.analysis.demand.demand_chain`) is split by place:
near home, at work, at shops, at other places visited, along the road. Through traffic and the
fleets come on top; neither belongs to a resident, and what the residents' mean holds of a fleet is
taken off it. So nobody is counted twice: the points sum to the whole. Figures and sources stand in
``data/parameters.csv``.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from siting.analysis.demand.away_from_home import (
    ESTIMATED,
    counted_km,
    drawing_places,
    next_stops,
    node_parts,
    pool_parts,
    road_pull,
    through_kwh,
)
from siting.analysis.demand.demand_chain import (
    KINDS,
    YEAR,
    DemandChain,
    FleetEnergy,
    given_parts,
    nev_share,
    peak,
    public_shares,
)
from siting.analysis.demand.fleets import fleet_parts, residents_kwh_per_nev
from siting.analysis.demand.housing import counted_parts, home_parts
from siting.analysis.network import Network
from siting.analysis.road_parts import beside_dropped
from siting.notes import Note
from siting.tables import DEMAND, check, zone_names

if TYPE_CHECKING:
    from siting import scenario
    from siting.analysis.barriers import Beside
    from siting.arrays import Floats, Ints
    from siting.notes import Notes


QUALITIES = ("counted", "spread", "estimated")
"""How well people are known in their place, from the best to the worst."""


GATHER_M = 200.0
"""Demand along a street is gathered on marks at most so far apart."""


def demand_points(parts: pd.DataFrame, network: Network, *, crs: object) -> gpd.GeoDataFrame:
    """Join the parts of one kind at one mark of a road and in one zone to a demand point.

    Parameters
    ----------
    parts
        ``kind``, ``zone_id``, ``point``, ``kwh_day``, ``quality`` and, where they have them,
        ``people``, ``swap_kwh_day`` and ``node_id``; a part without one has the nearest mark.
    network
        The roads.
    crs
        The metric CRS of the points.

    Returns
    -------
    GeoDataFrame
        ``tables.DEMAND`` but for ``peak_share``, sorted by demand_id. A point lies in the middle
        of its parts by energy and has the worst of their qualities.
    """
    parts = parts.reindex(columns=["kind", "zone_id", "point", "people", "kwh_day",
                                   "swap_kwh_day", "node_id", "quality"])  # fmt: skip
    numbers = {name: parts[name].astype(float).fillna(0.0) for name in ("kwh_day", "swap_kwh_day")}
    parts = parts.assign(**numbers, people=parts["people"].astype(float))
    parts = parts.assign(amount=parts["kwh_day"] + parts["swap_kwh_day"])
    parts = parts[parts["amount"] > 0].reset_index(drop=True)
    xy = shapely.get_coordinates(parts["point"].to_numpy(dtype=object))
    nearest, _ = network.snap(xy, step_m=GATHER_M)
    own = parts["node_id"].notna().to_numpy(dtype=bool)
    nearest[own] = parts.loc[own, "node_id"].astype(np.int64)
    parts = parts.assign(
        node_id=nearest,
        x=xy[:, 0] * parts["amount"],
        y=xy[:, 1] * parts["amount"],
        worst=parts["quality"].map({name: rank for rank, name in enumerate(QUALITIES)}),
    )
    joined = parts.groupby(["kind", "zone_id", "node_id"], as_index=False).agg(
        kwh_day=("kwh_day", "sum"),
        swap_kwh_day=("swap_kwh_day", "sum"),
        people=("people", lambda values: values.sum(min_count=1)),
        worst=("worst", "max"),
        amount=("amount", "sum"),
        x=("x", "sum"),
        y=("y", "sum"),
    )
    joined["quality"] = np.array(QUALITIES, dtype=object)[joined["worst"].astype(int)]
    kind, zone, node = (joined[name].astype("str") for name in ("kind", "zone_id", "node_id"))
    joined["demand_id"] = kind + "/" + zone + "/" + node
    places = gpd.points_from_xy(joined["x"] / joined["amount"], joined["y"] / joined["amount"])
    frame = gpd.GeoDataFrame(joined, geometry=places, crs=crs)
    return frame.sort_values("demand_id", ignore_index=True)


_log = logging.getLogger(__name__)

_SHOWN = 10


@dataclass(frozen=True, eq=False)
class Figures:
    """Tables of figures behind the chain, as ``chain`` checks them.

    Attributes
    ----------
    nev_shares
        Result of ``check_nev_shares``.
    hours
        Result of ``check_hour_profiles``.
    """

    nev_shares: pd.DataFrame
    hours: pd.DataFrame


@dataclass(frozen=True, eq=False)
class Given:
    """What a planner gives beside the zones and the map; None where he gives nothing.

    Attributes
    ----------
    people
        ``tables.PEOPLE``: in the zones where it has a row, its people stand where it says, and
        the zone's own figure is not spread.
    traffic
        ``tables.TRAFFIC``.
    demand
        Demand of a layer of his own, on top of all else: ``kwh_day``, ``kind``.
    """

    people: gpd.GeoDataFrame | None = None
    traffic: pd.DataFrame | None = None
    demand: gpd.GeoDataFrame | None = None


NOTHING_GIVEN = Given()


@dataclass(frozen=True, eq=False)
class DemandResult:
    """Demand points, the numbers of the chain, and notes.

    Attributes
    ----------
    demand
        ``tables.DEMAND``, sorted by demand_id.
    chain
        The numbers from people to peak kW; see :func:`make_demand`.
    notes
        Notes for the reader: (key, values).
    """

    demand: gpd.GeoDataFrame
    chain: DemandChain
    notes: tuple[Note, ...]


@dataclass(frozen=True, eq=False)
class _Roads:
    """The roads as arrays and as a table, the zones, and where a driver at each node stops."""

    network: Network
    edges: gpd.GeoDataFrame
    zones: gpd.GeoDataFrame
    stops: Ints

    def parts(self, per_edge: Floats) -> pd.DataFrame:
        """Put a figure of each edge where its drivers stop."""
        return node_parts(self.network, self.zones, per_edge, self.stops)


def make_demand(  # noqa: PLR0913  # four tables of the place, three things that rule them
    places: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame,
    nodes: gpd.GeoDataFrame,
    edges: gpd.GeoDataFrame,
    *,
    kinds: pd.DataFrame,
    figures: Figures,
    settings: scenario.Demand,
    given: Given = NOTHING_GIVEN,
    beside: Beside | None = None,
) -> DemandResult:
    """Return the demand points of an area.

    Parts of one kind at one mark of a road and in one zone are one demand point, at their mean
    place. A zone without a figure of people has no home demand and is named in the note
    ``no_home_demand``; it never counts as zero people. Where no zone has one, the note ``nobody``
    says so and there may be no demand at all. A kind without any place goes home
    (``work_at_home`` and its like). Through traffic and fleets that nobody gave are not counted
    and named (``through_unknown``, ``fleets_unknown``).

    Parameters
    ----------
    places, zones, nodes, edges
        ``tables.PLACES``, ``ZONES``, ``NODES`` and ``EDGES`` in one metric CRS.
    kinds
        Result of ``check_site_kinds``.
    figures
        The tables behind the chain.
    settings
        Block ``demand`` of the scenario.
    given
        What the planner gives beside the zones and the map.
    beside
        The water and barriers that no way to a road crosses, and the roads that do not count;
        None: none is known.

    Returns
    -------
    DemandResult
        The demand with its chain.

    Raises
    ------
    ScenarioError
        If the year has no share of NEVs, or a zone, kind or fleet is named that is not there.
    """
    network = Network.of(nodes, edges, beside)
    share = nev_share(figures.nev_shares, settings)
    homes, notes = _people(places, zones, network, given.people, settings)
    public = homes["zone_id"].map(public_shares(zones, settings)).astype(float)
    per_nev, told_once = residents_kwh_per_nev(
        float(homes["people"].sum()) * settings.cars_per_person * share, settings
    )
    notes += told_once
    per_person = settings.cars_per_person * share * per_nev
    homes = homes.assign(kwh_day=homes["people"] * per_person * public)
    drawing = drawing_places(places, zones, kinds)
    open_to_carriageway = drawing["kind"].map(kinds["carriageway_ok"]).to_numpy(dtype=bool)
    stops = next_stops(network, drawing["point"].to_numpy(dtype=object)[open_to_carriageway])
    roads = _Roads(network, edges, zones, stops)
    parts, told = _resident_parts(homes, drawing, roads, settings)
    notes += told
    through, told = _through(roads, given.traffic, share, settings)
    notes += told
    fleet, energy, told = fleet_parts(settings.fleets, drawing, homes, kinds)
    notes += told
    own, told = given_parts(given.demand, zones)
    notes += told
    everything = [part for part in (*parts, through, fleet, own) if part is not None and len(part)]
    joined = pd.concat(everything, ignore_index=True) if everything else homes
    notes += beside_dropped(joined, network, zones)
    demand = demand_points(joined, network, crs=zones.crs)
    demand["peak_share"] = demand["kind"].map(figures.hours.max(axis=1)).astype(float)
    demand = demand[DEMAND.column_names]
    check(demand, DEMAND)
    by_quality = homes.groupby("quality")["people"].sum()
    by_kind = demand.groupby("kind")["kwh_day"].sum().reindex(list(KINDS), fill_value=0.0)
    top = peak(by_kind, figures.hours)
    chain = DemandChain(
        year=YEAR if settings.year is None else settings.year,
        nev_scenario=settings.nev_scenario if settings.nev_share is None else None,
        nev_share=share,
        **_resident_numbers(homes, per_person, share, settings),
        through_kwh_day=None if given.traffic is None else _energy(through),
        given_kwh_day=None if own is None else _energy(own),
        fleet_kwh_day=_known_sum(energy, "public_kwh_day"),
        swap_kwh_day=_known_sum(energy, "swap_kwh_day"),
        fleets=energy,
        people_by_quality={
            name: float(by_quality.get(name, 0.0)) for name in QUALITIES
        },
        kwh_day=float(by_kind.sum()),
        by_kind=_known_kinds(by_kind, fleets_known=_known_sum(energy, "vehicles") is not None),
        hour_kw=top.hour_kw,
        peak_hour=top.peak_hour,
        peak_kw=top.peak_kw,
        peak_share=top.peak_share,
    )  # fmt: skip
    _log.info("demand: %d points, %.0f kWh/day", len(demand), chain.kwh_day)
    notes += _quality_note(chain.people_by_quality)
    return DemandResult(demand=demand, chain=chain, notes=tuple(notes))


def _people(
    places: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame,
    network: Network,
    people: gpd.GeoDataFrame | None,
    settings: scenario.Demand,
) -> tuple[pd.DataFrame, Notes]:
    """Return the people of the area by place: those of the layer, and the other zones spread."""
    counted, notes = counted_parts(people, zones, network)
    others = zones[~zones["zone_id"].isin(counted["zone_id"])]
    unknown = others[others["population"].isna()]
    known = others[others["population"] > 0]
    if known.empty and counted.empty:
        notes.append(Note("nobody", {"zones": len(zones)}))
        return counted.astype({"people": float}), notes
    if len(unknown):
        names = zone_names(unknown.sort_values("zone_id"))
        notes.append(Note("no_home_demand", {"zones": len(names), "names": names[:_SHOWN]}))
    if known.empty:
        return counted, notes
    homes, told = home_parts(places, known, network, spread_over=settings.spread_over)
    both = [part for part in (counted, homes) if len(part)]
    return pd.concat(both, ignore_index=True), notes + told


def _resident_parts(
    homes: pd.DataFrame,
    drawing: pd.DataFrame,
    roads: _Roads,
    settings: scenario.Demand,
) -> tuple[list[pd.DataFrame], Notes]:
    """Split the residents' public charging by place; a kind without a place goes home."""
    by_zone = homes.groupby("zone_id")["kwh_day"].sum()
    local = {"work": settings.work_local_share, "retail": settings.retail_local_share, "visit": 0.0}
    parts, notes, at_home = [], [], settings.home_share
    for kind in ("work", "retail", "visit", "road"):
        share = getattr(settings, f"{kind}_share")
        if share == 0:
            continue
        energy = by_zone * share
        if kind == "road":
            part = _along_roads(roads, float(energy.sum()), settings)
        else:
            part = pool_parts(drawing, kind, energy, local_share=local[kind])
        if part.empty and not homes.empty:
            notes.append(Note(f"{kind}_at_home", {"kwh_day": round(float(energy.sum()), 1)}))
            at_home += share
        parts.append(part)
    return [homes.assign(kwh_day=homes["kwh_day"] * at_home), *parts], notes


def _along_roads(roads: _Roads, kwh_day: float, settings: scenario.Demand) -> pd.DataFrame:
    parts = roads.parts(road_pull(roads.edges, settings))
    return parts.assign(kwh_day=parts["amount"] / parts["amount"].sum() * kwh_day)


def _through(
    roads: _Roads, traffic: pd.DataFrame | None, share: float, settings: scenario.Demand
) -> tuple[pd.DataFrame | None, Notes]:
    """Return the charging of through traffic, None and a note where nobody counted it."""
    if traffic is None:
        corridor = roads.edges["road_class"].isin(settings.road_weights)
        km = float(counted_km(roads.edges)[corridor].sum())
        return None, [Note("through_unknown", {"km": round(km)})] if corridor.any() else []
    parts = roads.parts(through_kwh(roads.edges, traffic, share, settings))
    return parts.rename(columns={"amount": "kwh_day"}), []


def _resident_numbers(
    homes: pd.DataFrame, per_person: float, share: float, settings: scenario.Demand
) -> dict[str, float]:
    people = float(homes["people"].sum())
    cars = people * settings.cars_per_person
    public = float(homes["kwh_day"].sum())
    return {
        "people": people,
        "cars": cars,
        "nevs": cars * share,
        "charging_kwh_day": people * per_person,
        "public_share": public / (people * per_person) if people * per_person else float("nan"),
        "residents_kwh_day": public,
    }


def _known_kinds(by_kind: pd.Series, *, fleets_known: bool) -> dict[str, float | None]:
    found: dict[str, float | None] = {kind: float(by_kind[kind]) for kind in KINDS}
    return found if fleets_known else found | {"fleet": None}


def _energy(parts: pd.DataFrame | None) -> float:
    return 0.0 if parts is None else float(parts["kwh_day"].sum())


def _known_sum(energy: dict[str, FleetEnergy], key: str) -> float | None:
    """Sum what is known of the fleets; None where nothing is."""
    known = [value for fleet in energy.values() if (value := getattr(fleet, key)) is not None]
    return sum(known) if known else None


def _quality_note(people: dict[str, float]) -> Notes:
    if not people["counted"] and not people[ESTIMATED]:
        return []
    return [Note("people_quality", {name: round(people[name]) for name in QUALITIES})]
