"""The siting problem as arrays and ids: where geography stops and mathematics starts.

Everything a model needs stands in a :class:`SitingProblem`: no geometry, no frame, no
solver's object. Ids are sorted, so the order of the rows of the tables does not matter;
positions into these arrays are used inside ``optimize`` only.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from siting.errors import TableError
from siting.optimize.budget import with_budget
from siting.optimize.chongqing import with_bays
from siting.optimize.families import banned_sites, upgraded_minimum
from siting.optimize.goal import JOINTLY, NO_COSTS, Goal, SiteCosts, goal_of
from siting.optimize.headroom import with_headroom
from siting.optimize.needs import swap_needs
from siting.optimize.pairs import pairs_of, positions, refuse_unknown
from siting.optimize.refuse import refuse_impossible
from siting.optimize.rulebook import check_site_names, site_spacings, with_rules
from siting.optimize.rules import NO_RULES, Rules
from siting.optimize.spacing import conflict_pairs

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from siting import scenario
    from siting.arrays import Flags, Floats, Ints, Names
    from siting.notes import Note


@dataclass(frozen=True, eq=False)
class SitingProblem:
    """One siting problem; ``i`` counts demand points, ``j`` sites, ``z`` zones.

    Attributes
    ----------
    demand_id, demand_kwh, demand_xy, demand_zone
        Demand points: id, energy (kWh/day), metric coordinates (n, 2), zone position.
    site_id, site_xy, site_kind, site_zone
        Sites that no rule stops, and those where something stands already.
    openable
        A charging station may stand here: allowed, room for a charger, and not nearer
        to an existing station than the least spacing.
    min_chargers, max_chargers
        Chargers of the station if open; an existing one never loses any.
    existing_chargers, forced
        Chargers that stand here, and whether the station exists and stays open.
    swap_ok, existing_swap
        A swap station may stand here; one stands here and stays.
    kwh_day_per_charger, score
        Energy of one charger (kWh/day); suitability in 0..1.
    zone_id, zone_floor
        Zones, and the fewest stations in each.
    pair_demand, pair_site, pair_distance_m, pair_kwh
        Pairs within reach: positions, road distance (m), most energy of the pair
        (kWh/day). Sorted by demand, then site; openable sites only.
    swap_pair_demand, swap_pair_site, swap_pair_distance_m
        The same for swap sites.
    stations, chargers, swap_stations
        Targets; existing ones count.
    min_spacing_m, swap_spacing_m
        Least straight-line distance of a new station to any other (m).
    cutoff_m, swap_cutoff_m
        Service radius along the road (m).
    distance_discount, suitability_weight
        Parameters of the objective (``scenario.Model``).
    rules, swap_rules
        Rules of the scenario beyond those above, over charging and over swap stations.
    station_sense, charger_sense, swap_sense
        How the totals bind: ``"="``, ``">="`` or ``"<="``.
    own_spacing_m
        Distance a new station at each site keeps from any other (m), where it differs from
        ``min_spacing_m``.
    swap_kwh
        What a swap station near a demand point is worth (kWh/day), where fleets that swap are
        known; summing to all demand. Else None: ``demand_kwh``.
    notes
        Notes for the reader of the plan: key and numbers.
    goal
        The objective with its parameters.
    costs
        Cost of a new station and of each new charger (CNY), for ``min_cost`` and a budget.
    swap_station_cny
        Price of a new swap station (CNY).
    """

    demand_id: Names
    demand_kwh: Floats
    demand_xy: Floats
    demand_zone: Ints
    site_id: Names
    site_xy: Floats
    site_kind: Names
    site_zone: Ints
    openable: Flags
    min_chargers: Ints
    max_chargers: Ints
    existing_chargers: Ints
    forced: Flags
    swap_ok: Flags
    existing_swap: Flags
    kwh_day_per_charger: Floats
    score: Floats
    zone_id: Names
    zone_floor: Ints
    pair_demand: Ints
    pair_site: Ints
    pair_distance_m: Floats
    pair_kwh: Floats
    swap_pair_demand: Ints
    swap_pair_site: Ints
    swap_pair_distance_m: Floats
    stations: int
    chargers: int
    swap_stations: int
    min_spacing_m: float
    swap_spacing_m: float
    cutoff_m: float
    swap_cutoff_m: float
    distance_discount: float
    suitability_weight: float
    rules: Rules = NO_RULES
    swap_rules: Rules = NO_RULES
    station_sense: str = "="
    charger_sense: str = "="
    swap_sense: str = "="
    own_spacing_m: Floats | None = None
    swap_kwh: Floats | None = None
    notes: tuple[Note, ...] = ()
    goal: Goal = JOINTLY
    costs: SiteCosts = NO_COSTS
    swap_station_cny: float = float("nan")

    @property
    def swap_need(self) -> Floats:
        """What a swap station near each demand point is worth, kWh/day."""
        return self.demand_kwh if self.swap_kwh is None else self.swap_kwh

    @cached_property
    def total_kwh(self) -> float:
        """All demand, kWh/day."""
        return float(self.demand_kwh.sum())

    @cached_property
    def pair_worth(self) -> Floats:
        """Worth of a kWh served over each pair: 1 on the spot, less with distance."""
        return 1.0 - self.distance_discount * self.pair_distance_m / self.cutoff_m

    @cached_property
    def site_bonus(self) -> Floats:
        """What opening a site adds to the objective by its score alone."""
        return self.suitability_weight * self.score / self.stations

    @cached_property
    def site_kwh(self) -> Floats:
        """Most energy of each site, kWh/day."""
        return self.kwh_day_per_charger * self.max_chargers

    @cached_property
    def station_conflicts(self) -> Ints:
        """Pairs (n, 2) of openable new sites too near to each other to open both."""
        fresh = np.flatnonzero(self.openable & ~self.forced)
        return conflict_pairs(self.site_xy, fresh, self.site_spacing_m)

    @cached_property
    def site_spacing_m(self) -> Floats:
        """Distance a new station at each site keeps from any other; of a pair the larger (m)."""
        if self.own_spacing_m is not None:
            return self.own_spacing_m
        return np.full(len(self.site_id), self.min_spacing_m)

    def value(self, open_site: Ints, serve_kwh: Floats) -> float:
        """Return the objective: worth of the energy served as a share of all demand, plus score.

        Parameters
        ----------
        open_site
            Ints of the open sites.
        serve_kwh
            Energy by pair, kWh/day, as long as ``pair_demand``.
        """
        served = float(self.pair_worth @ serve_kwh) / self.total_kwh if self.total_kwh else 0.0
        return served + float(self.site_bonus[open_site].sum())


def build_problem(  # noqa: PLR0913  # the tables of one run and the blocks that rule them
    sites: gpd.GeoDataFrame,
    scores: pd.DataFrame,
    demand: gpd.GeoDataFrame,
    reach: pd.DataFrame,
    swap_reach: pd.DataFrame,
    zones: gpd.GeoDataFrame,
    *,
    targets: scenario.Targets,
    model: scenario.Model,
    travel: scenario.Travel,
    screening: tuple[tuple[str, int], ...] = (),
    grid: pd.DataFrame | None = None,
    site_costs: pd.DataFrame | None = None,
    swap_station_cny: float = float("nan"),
    refuse: bool = True,
) -> SitingProblem:
    """Turn the tables of a run into a siting problem, refusing the impossible.

    Parameters
    ----------
    sites, scores, demand, zones
        As in :mod:`siting.tables`; geometry in the run's metric CRS.
    reach, swap_reach
        Pairs in reach (``tables.REACH``) for charging and for swapping.
    targets, model, travel
        Blocks of the scenario.
    screening
        Steps from places to sites with the count left at each, quoted in refusals.
    grid
        ``tables.GRID``, for ``model.headroom``.
    site_costs
        ``tables.SITE_COSTS``, for ``model.budget_cny`` and for ``min_cost``.
    swap_station_cny
        Price of a new swap station (CNY).
    refuse
        Hold the totals against what the sites allow at best, and refuse the impossible.

    Raises
    ------
    TableError
        If a table speaks of ids that another one does not know.
    ScenarioError
        If a rule names a site, zone or kind that is not there.
    ImpossibleTargetError
        If no choice of sites can meet the targets, with the numbers.
    """
    check_site_names(sites, model)
    sites = _standing(sites)
    demand = demand.sort_values("demand_id", kind="stable")
    zone_id = np.sort(zones["zone_id"].to_numpy(dtype=object))
    site_columns = _site_columns(sites, scores, zone_id)
    fewest = upgraded_minimum(sites, site_columns["min_chargers"], model.upgrades)
    site_columns["min_chargers"], notes = with_bays(sites, fewest, model)
    banned = banned_sites(sites, model.banned)
    spacing_m = site_spacings(sites, zones, model)
    openable = _openable(sites, site_columns, spacing_m) & ~banned
    pairs = pairs_of(reach, demand["demand_id"], sites["site_id"], openable, travel.cutoff_m)
    swap_ok = _swap_openable(sites, site_columns["site_xy"], model.swap_spacing_m) & ~banned
    swap_pairs = pairs_of(
        swap_reach, demand["demand_id"], sites["site_id"], swap_ok, travel.swap_cutoff_m
    )
    demand_kwh = demand["kwh_day"].to_numpy(dtype=float)
    swap_kwh, swap_notes = swap_needs(demand, model.swap_fleet_share)
    problem = SitingProblem(
        demand_id=demand["demand_id"].to_numpy(dtype=object),
        demand_kwh=demand_kwh,
        demand_xy=_xy(demand),
        demand_zone=positions(demand["zone_id"], zone_id, "demand", "zone_id"),
        **site_columns,
        openable=openable,
        swap_ok=swap_ok,
        zone_id=zone_id,
        zone_floor=_zone_floor(site_columns, openable, len(zone_id), model.stations_per_zone),
        pair_demand=pairs.demand,
        pair_site=pairs.site,
        pair_distance_m=pairs.distance_m,
        pair_kwh=demand_kwh[pairs.demand],
        swap_pair_demand=swap_pairs.demand,
        swap_pair_site=swap_pairs.site,
        swap_pair_distance_m=swap_pairs.distance_m,
        stations=targets.stations,
        chargers=targets.chargers,
        swap_stations=targets.swap_stations,
        min_spacing_m=model.min_spacing_m,
        swap_spacing_m=model.swap_spacing_m,
        cutoff_m=travel.cutoff_m,
        swap_cutoff_m=travel.swap_cutoff_m,
        distance_discount=model.distance_discount,
        suitability_weight=model.suitability_weight,
        own_spacing_m=spacing_m,
        goal=goal_of(model, travel.cutoff_m),
        swap_kwh=swap_kwh,
        notes=(*notes, *swap_notes),
        costs=_site_costs(sites, site_costs),
        swap_station_cny=swap_station_cny,
    )
    if problem.total_kwh <= 0:
        raise TableError(
            "there is no demand: kwh_day is 0 at every point",
            where="table 'demand'",
            cure="look at the people of the zones and the parameters of [demand]",
        )
    tables = (sites, demand, zones)
    problem = with_rules(problem, tables, (pairs, swap_pairs), targets=targets, model=model)
    problem = with_headroom(problem, sites, grid, model)
    if refuse:
        refuse_impossible(problem, screening)
    return with_budget(problem, model, refuse=refuse)


def _standing(sites: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Keep the sites no rule stops, and those where something stands already."""
    keep = (sites["verdict"] != "stop") | sites["existing_station"] | sites["existing_swap"]
    return sites[keep].sort_values("site_id", kind="stable")


def _site_columns(sites: gpd.GeoDataFrame, scores: pd.DataFrame, zone_id: Names) -> dict[str, Any]:
    score = scores.set_index("site_id")["score"].reindex(sites["site_id"])
    refuse_unknown(sites["site_id"].to_numpy(dtype=object)[score.isna()], "scores", "site_id")
    existing = sites["existing_chargers"].to_numpy(dtype=np.int64)
    fewest = np.maximum(sites["min_chargers"].to_numpy(dtype=np.int64), existing)
    return {
        "site_id": sites["site_id"].to_numpy(dtype=object),
        "site_xy": _xy(sites),
        "site_kind": sites["kind"].to_numpy(dtype=object),
        "site_zone": positions(sites["zone_id"], zone_id, "sites", "zone_id"),
        "min_chargers": fewest,
        "max_chargers": np.maximum(sites["max_chargers"].to_numpy(dtype=np.int64), existing),
        "existing_chargers": existing,
        "forced": sites["existing_station"].to_numpy(dtype=bool),
        "existing_swap": sites["existing_swap"].to_numpy(dtype=bool),
        "kwh_day_per_charger": sites["kwh_day_per_charger"].to_numpy(dtype=float),
        "score": score.to_numpy(dtype=float),
    }


def _site_costs(sites: gpd.GeoDataFrame, costs: pd.DataFrame | None) -> SiteCosts:
    if costs is None:
        return NO_COSTS
    found = costs.set_index("site_id").reindex(sites["site_id"])
    unknown = found["charger_cny"].isna().to_numpy()
    refuse_unknown(sites["site_id"].to_numpy(dtype=object)[unknown], "site_costs", "site_id")
    return SiteCosts(
        found["site_fixed_cny"].to_numpy(dtype=float), found["charger_cny"].to_numpy(dtype=float)
    )


def _openable(sites: gpd.GeoDataFrame, columns: dict[str, Any], spacing_m: Floats) -> Flags:
    forced: Flags = columns["forced"]
    allowed = (sites["verdict"] != "stop").to_numpy(dtype=bool, copy=True)
    allowed &= (columns["max_chargers"] > 0) & (columns["max_chargers"] >= columns["min_chargers"])
    return _clear_of_existing(allowed, forced, columns["site_xy"], spacing_m)


def _swap_openable(sites: gpd.GeoDataFrame, site_xy: Floats, spacing_m: float) -> Flags:
    standing = sites["existing_swap"].to_numpy(dtype=bool)
    allowed = (sites["swap_ok"] & (sites["verdict"] != "stop")).to_numpy(dtype=bool)
    return _clear_of_existing(allowed, standing, site_xy, np.full(len(sites), spacing_m))


def _clear_of_existing(allowed: Flags, standing: Flags, xy: Floats, spacing_m: Floats) -> Flags:
    """Close new sites nearer than the spacing to one that stands; the standing stay open."""
    result = allowed | standing
    members = np.flatnonzero(result)
    near = conflict_pairs(xy, members, np.where(standing, 0.0, spacing_m))
    result[near[standing[near[:, 0]] & ~standing[near[:, 1]], 1]] = False
    result[near[standing[near[:, 1]] & ~standing[near[:, 0]], 0]] = False
    return result


def _zone_floor(columns: dict[str, Any], openable: Flags, zones: int, floor: int) -> Ints:
    """Ask for no more stations in a zone than it has sites."""
    count = np.bincount(columns["site_zone"][openable], minlength=zones)
    return np.minimum(count, floor).astype(np.int64)


def _xy(frame: gpd.GeoDataFrame) -> Floats:
    return np.column_stack([frame.geometry.x.to_numpy(), frame.geometry.y.to_numpy()])
