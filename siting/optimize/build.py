"""From the tables of a run to a siting problem: where geography stops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from siting.errors import TableError
from siting.notes import Note
from siting.optimize.problem.linear_rules import conflict_pairs
from siting.optimize.problem.occasions import by_occasion
from siting.optimize.problem.problem import (
    JOINT,
    NO_COSTS,
    SiteCosts,
    SitingProblem,
    pairs_of,
    positions,
    refuse_unknown,
)
from siting.optimize.rules.all_rules import FAMILIES, check_site_names, site_terms, with_rules
from siting.optimize.rules.family import Ground
from siting.optimize.rules.objective import goal_of

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from siting import scenario
    from siting.arrays import Flags, Floats, Names
    from siting.optimize.problem.occasions import OccasionTables


@dataclass(frozen=True, eq=False)
class PlaceTables:
    """What the analysis knows of a place, as in :mod:`siting.tables`.

    Attributes
    ----------
    sites, scores, demand, zones
        The candidates with their scores, who wants energy, and the zones both lie in; geometry in
        the run's metric CRS.
    reach, swap_reach
        Pairs in reach (``tables.REACH``) for charging and for swapping.
    """

    sites: gpd.GeoDataFrame
    scores: pd.DataFrame
    demand: gpd.GeoDataFrame
    reach: pd.DataFrame
    swap_reach: pd.DataFrame
    zones: gpd.GeoDataFrame


@dataclass(frozen=True, eq=False)
class PowerAndPrice:
    """Power and price at the sites; None and NaN where nobody gave them.

    Attributes
    ----------
    grid
        ``tables.GRID``, for ``model.headroom``.
    site_costs
        ``tables.SITE_COSTS``, for ``model.budget_cny`` and for ``min_cost``.
    swap_station_cny
        Price of a new swap station (CNY).
    """

    grid: pd.DataFrame | None = None
    site_costs: pd.DataFrame | None = None
    swap_station_cny: float = float("nan")


UNPRICED = PowerAndPrice()


def build_problem(  # noqa: PLR0913  # the tables of one run and the blocks that rule them
    place: PlaceTables,
    *,
    targets: scenario.Targets,
    model: scenario.Model,
    travel: scenario.Travel,
    supply: PowerAndPrice = UNPRICED,
    screening: tuple[tuple[str, int], ...] = (),
    occasions: OccasionTables | None = None,
    refuse: bool = True,
) -> SitingProblem:
    """Turn the tables of a run into a siting problem, refusing the impossible.

    Parameters
    ----------
    place
        The tables of the place.
    targets, model, travel
        Blocks of the scenario.
    supply
        Power and price at the sites.
    screening
        Steps from places to sites with the count left at each, quoted in refusals.
    occasions
        Who charges where, for the joint objective; None: any charger serves any demand in reach.
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
    check_site_names(place.sites, model)
    sites, zones = _standing(place.sites), place.zones
    demand = place.demand.sort_values("demand_id", kind="stable")
    zone_id = np.sort(zones["zone_id"].to_numpy(dtype=object))
    site_columns = _site_columns(sites, place.scores, zone_id)
    terms = site_terms(sites, site_columns["min_chargers"], zones, model)
    site_columns["min_chargers"] = terms.fewest
    openable = _openable(sites, site_columns, terms.spacing_m) & ~terms.banned
    pairs = pairs_of(place.reach, demand["demand_id"], sites["site_id"], openable, travel.cutoff_m)
    swap_ok = _swap_openable(sites, site_columns["site_xy"], model.swap_spacing_m)
    swap_ok &= ~terms.banned
    swap_pairs = pairs_of(
        place.swap_reach, demand["demand_id"], sites["site_id"], swap_ok, travel.swap_cutoff_m
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
        zone_floor=np.zeros(len(zone_id), dtype=np.int64),
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
        own_spacing_m=terms.spacing_m,
        goal=goal_of(model, travel.cutoff_m),
        swap_kwh=swap_kwh,
        notes=(*terms.notes, *swap_notes),
        costs=_site_costs(sites, supply.site_costs),
        swap_station_cny=supply.swap_station_cny,
    )
    if refuse and problem.total_kwh <= 0:
        raise TableError(
            "there is no demand to plan for: no zone has people, or they charge nothing in public",
            where="table 'demand'",
            cure="give people: a row a zone (inputs.zones.people), one figure for the whole area "
            "(inputs.zones.area_people) or a layer of role people; siting zones lists the zones; "
            "the parameters stand in [demand]",
        )
    ground = Ground(
        sites, demand, zones, pairs, swap_pairs, supply.grid, targets, model, FAMILIES,
        screening=screening, refuse=refuse,
    )  # fmt: skip
    problem = with_rules(problem, ground)
    if occasions is None or problem.goal.name != JOINT:
        return problem
    return by_occasion(problem, occasions)


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


def _xy(frame: gpd.GeoDataFrame) -> Floats:
    return np.column_stack([frame.geometry.x.to_numpy(), frame.geometry.y.to_numpy()])


def swap_needs(
    demand: gpd.GeoDataFrame, fleet_share: float
) -> tuple[Floats | None, tuple[Note, ...]]:
    """Return what a swap station near each demand point is worth, and a note.

    ``(1 - fleet_share) * d_i + fleet_share * f_i * sum(d) / sum(f)`` with public charging ``d``
    and the fleets' swapping ``f``: the fleets have their share of the whole, whatever their
    energy.

    Parameters
    ----------
    demand
        ``tables.DEMAND``.
    fleet_share
        ``model.swap_fleet_share``.

    Returns
    -------
    tuple
        Energy in kWh/day, summing to all public charging; None where no fleet is known to swap.
    """
    if "swap_kwh_day" not in demand.columns:
        return None, ()
    fleet = demand["swap_kwh_day"].to_numpy(dtype=float)
    total = float(fleet.sum())
    if total <= 0:
        return None, ()
    charging = demand["kwh_day"].to_numpy(dtype=float)
    need = (1 - fleet_share) * charging + fleet_share * fleet * (float(charging.sum()) / total)
    note = Note("swap_fleets", {"swap_kwh_day": round(total, 1), "share": fleet_share})
    return np.asarray(need, dtype=float), (note,)
