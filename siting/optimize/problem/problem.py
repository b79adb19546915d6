"""The siting problem as arrays and ids: where geography stops and mathematics starts.

Everything a model needs stands in a :class:`SitingProblem`: no geometry, no frame, no
solver's object. Ids are sorted, so the order of the rows of the tables does not matter;
positions into these arrays are used inside ``optimize`` only.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from siting.optimize.problem.goal import JOINTLY, NO_COSTS, Goal, SiteCosts
from siting.optimize.problem.linear_rules import NO_RULES, Rules
from siting.optimize.problem.spacing import conflict_pairs

if TYPE_CHECKING:
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
