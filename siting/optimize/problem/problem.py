"""The siting problem as arrays and ids: where geography stops and mathematics starts.

Everything a model needs stands in a :class:`SitingProblem`: no geometry, no frame, no
solver's object. Ids are sorted, so the order of the rows of the tables does not matter;
positions into these arrays are used inside ``optimize`` only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from siting.errors import TableError
from siting.optimize.problem.linear_rules import NO_RULES, Rules, conflict_pairs

if TYPE_CHECKING:
    from siting.arrays import Flags, Floats, Ints, Names
    from siting.notes import Note

JOINT = "joint"
FEWEST = frozenset({"set_cover", "min_cost"})
"""Objectives that keep a promise of coverage; their number of stations is an outcome."""
LEAST = frozenset({"p_median", "p_center", *FEWEST})
"""Objectives that are minimised."""


@dataclass(frozen=True)
class Goal:
    """The objective of a problem.

    Attributes
    ----------
    name
        ``joint``, ``max_cover``, ``p_median``, ``p_center``, ``set_cover``, ``min_cost`` or
        ``max_min``.
    within_m
        Distance along the road within which demand counts as covered (m).
    radii
        For ``max_cover``: pairs of a distance (m) and what covering within it is worth.
    backup
        For ``max_cover``: what a second station within the distance is worth beside the first.
    unserved_m
        For ``p_median`` and ``p_center``: the distance that demand without an open station in
        reach counts with (m).
    """

    name: str = JOINT
    within_m: float = 1000.0
    radii: tuple[tuple[float, float], ...] = ((1000.0, 1.0),)
    backup: float = 0.0
    unserved_m: float = 3000.0

    @property
    def least(self) -> bool:
        """Whether the objective is minimised; its bound then limits from below."""
        return self.name in LEAST


JOINTLY = Goal()
"""The joint objective."""


@dataclass(frozen=True, eq=False)
class SiteCosts:
    """Cost of a new station and of each of its new chargers, by site, in one unit."""

    station: Floats
    charger: Floats


NO_COSTS = SiteCosts(np.empty(0), np.empty(0))


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
    demand_class, class_kwh
        By charging occasion: the pool of charger classes that serves each demand row, and the
        energy that a charger of each site's mix gives through each pool (sites, pools), kWh/day.
        None: any charger serves any demand.
    demand_point, demand_occasion
        By charging occasion: the demand point each row is a part of, and the name of its occasion.
    pair_value
        By charging occasion: worth of a kWh over each pair. None: by distance alone.
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
    demand_class: Ints | None = None
    class_kwh: Floats | None = None
    demand_point: Names | None = None
    demand_occasion: Names | None = None
    pair_value: Floats | None = None

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
        if self.pair_value is not None:
            return self.pair_value
        return 1.0 - self.distance_discount * self.pair_distance_m / self.cutoff_m

    @cached_property
    def site_bonus(self) -> Floats:
        """What opening a site adds to the objective by its score alone."""
        return self.suitability_weight * self.score / self.stations

    @property
    def classes(self) -> int:
        """Number of pools of charger classes; 1 where any charger serves any demand.

        A *slot* is one pool at one site, at position ``site * classes + pool``.
        """
        return 1 if self.class_kwh is None else self.class_kwh.shape[1]

    @cached_property
    def slot_kwh(self) -> Floats:
        """Energy that a charger of the mix gives through each slot, kWh/day."""
        return self.kwh_day_per_charger if self.class_kwh is None else self.class_kwh.ravel()

    @cached_property
    def slot_most_kwh(self) -> Floats:
        """Most energy of each slot, kWh/day."""
        return self.slot_kwh * np.repeat(self.max_chargers, self.classes)

    @cached_property
    def pair_slot(self) -> Ints:
        """Slot that serves each pair."""
        if self.demand_class is None:
            return self.pair_site
        pool = self.demand_class[self.pair_demand]
        return self.pair_site.astype(np.int64) * self.classes + pool

    def slots_of(self, sites: Ints) -> Ints:
        """Return the slots of some sites, site by site."""
        pools = np.arange(self.classes)
        return (np.asarray(sites)[:, None] * self.classes + pools).ravel()

    def with_pairs(self, kept: Ints | Flags) -> SitingProblem:
        """Return the problem with some of its pairs, by position or as flags."""
        value = self.pair_value
        return replace(
            self,
            pair_demand=self.pair_demand[kept],
            pair_site=self.pair_site[kept],
            pair_distance_m=self.pair_distance_m[kept],
            pair_kwh=self.pair_kwh[kept],
            pair_value=None if value is None else value[kept],
        )

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


def after_swap(problem: SitingProblem, swap_sites: Ints) -> SitingProblem:
    """Return the problem with what its new swap stations take off what both classes share.

    Power of a substation, and money of the budget: rows with a name in ``LinearRule.shared``.
    """
    taken = {
        (rule.family, rule.shared): float(rule.open_coef[np.isin(rule.sites, swap_sites)].sum())
        for rule in problem.swap_rules.rows
        if rule.shared
    }
    if not taken:
        return problem
    rows = tuple(
        replace(rule, rhs=rule.rhs - taken.get((rule.family, rule.shared), 0.0))
        if rule.shared
        else rule
        for rule in problem.rules.rows
    )
    return replace(problem, rules=Rules(rows, problem.rules.promises))


def kept_for_rules(problem: SitingProblem) -> Flags:
    """Return the sites of rules with a floor: a choice without them may not exist."""
    keep = np.zeros(len(problem.site_id), dtype=bool)
    for rule in problem.rules.rows:
        if rule.sense != "<=":
            keep[rule.sites] = True
    return keep & problem.openable


def keep_for_rules(problem: SitingProblem, rules: Rules, keep: Flags) -> None:
    """Give rules with a floor their sites back where few are left, in place.

    A row keeps all of its sites unless twice its floor can be met by those already kept; a
    member of a promised group keeps its best site.
    """
    for rule in rules.rows:
        if rule.sense == "<=":
            continue
        chargers = np.maximum(rule.charger_coef * problem.max_chargers[rule.sites], 0.0)
        most = np.maximum(rule.open_coef, 0.0) + chargers
        if float(most[keep[rule.sites]].sum()) < 2 * rule.rhs:
            keep[rule.sites] = True
    for promise in rules.promises:
        for sites in promise.sites:
            if sites and not keep[list(sites)].any():
                keep[max(sites, key=lambda site: (problem.score[site], -site))] = True


_SHOWN = 5


class Reach(NamedTuple):
    """Pairs in reach: positions of demand and site, metres along the road, seconds."""

    demand: Ints
    site: Ints
    distance_m: Floats
    time_s: Floats


def pairs_of(
    reach: pd.DataFrame, demand_id: pd.Series, site_id: pd.Series, usable: Flags, cutoff_m: float
) -> Reach:
    """Return positions, distance and time of the pairs of usable sites, sorted by demand, site."""
    demand = known_positions(reach["demand_id"], demand_id.to_numpy(dtype=object))
    if (demand < 0).any():
        unknown = reach["demand_id"][demand < 0].astype(object).unique()
        refuse_unknown(np.asarray(unknown, dtype=object), "demand", "demand_id")
    site = known_positions(reach["site_id"], site_id.to_numpy(dtype=object))
    distance = reach["distance_m"].to_numpy(dtype=float)
    seconds = reach["time_s"].to_numpy(dtype=float)
    keep = (site >= 0) & (distance <= cutoff_m)
    keep[keep] = usable[site[keep]]
    demand, site, distance, seconds = demand[keep], site[keep], distance[keep], seconds[keep]
    order = np.lexsort((distance, site, demand))
    demand, site, distance = demand[order], site[order], distance[order]
    seconds = seconds[order]
    first = np.ones(len(demand), dtype=bool)
    first[1:] = (demand[1:] != demand[:-1]) | (site[1:] != site[:-1])
    return Reach(demand[first], site[first], distance[first], seconds[first])


def known_positions(column: pd.Series, ids: Names) -> Ints:
    """Return the position of each row's id; -1 where the id is not among ``ids``."""
    values = column.astype("category")
    table = pd.Index(ids).get_indexer(pd.Index(values.cat.categories).astype(object))
    return np.append(table, -1).astype(np.int32)[values.cat.codes.to_numpy()]


def positions(column: pd.Series, ids: Names, table: str, name: str) -> Ints:
    """Return the position of each row's id; refuse ids that are not among ``ids``."""
    codes = known_positions(column, ids)
    refuse_unknown(column.to_numpy(dtype=object)[codes < 0], "zones", name, user=table)
    return codes


def refuse_unknown(missing: Names, table: str, column: str, *, user: str = "") -> None:
    """Refuse ids that one table names and another lacks."""
    if not len(missing):
        return
    shown = ", ".join(str(value) for value in sorted(set(missing), key=str)[:_SHOWN])
    raise TableError(
        f"table '{table}' lacks {len(set(missing))} {column}(s) that other tables name: {shown}",
        where=user or "build_problem",
        cure="make both tables from the same run",
    )
