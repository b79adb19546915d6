"""From what is known of a place to its siting problem, or to why it has no plan."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from siting.optimize.build import build_problem
from siting.optimize.explain import Rulings, explaining
from siting.optimize.rules.all_rules import needs_reach
from siting.pipeline.equip import (
    ground_of,
)
from siting.pipeline.site_names import with_site_ids

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    import geopandas as gpd

    from siting.optimize.problem.problem import SitingProblem
    from siting.pipeline.equip import Ground
    from siting.pipeline.prepare import Prepared
    from siting.scenario import Scenario, Targets


def pose(scenario: Scenario, prepared: Prepared, *, refuse: bool = True) -> SitingProblem:
    """Turn what is known of the place into a siting problem.

    Parameters
    ----------
    scenario, prepared
        The scenario and what is known of its place.
    refuse
        Refuse totals that no choice of sites can meet.

    Raises
    ------
    ImpossibleTargetError
        If no choice of sites can meet the targets.
    """
    scenario = with_site_ids(scenario, prepared.candidates.sites)
    ground = ground_under(scenario, prepared)
    return build_problem(
        prepared.candidates.sites, prepared.scores, prepared.demand, prepared.reach,
        prepared.swap_reach, prepared.world.zones,
        targets=standing_targets(scenario.targets, prepared.candidates.sites),
        model=scenario.model, travel=scenario.travel,
        screening=prepared.candidates.screening,
        grid=ground.grid, site_costs=ground.costs.sites,
        swap_station_cny=ground.costs.swap_station_cny["base"], refuse=refuse,
    )  # fmt: skip


def standing_targets(targets: Targets, sites: gpd.GeoDataFrame) -> Targets:
    """Return the targets; where no swap station is asked for, those that stand are the target."""
    standing = int(sites["existing_swap"].sum())
    if targets.swap_stations or not standing:
        return targets
    return targets.model_copy(update={"swap_stations": standing})


def explained(scenario: Scenario, prepared: Prepared) -> AbstractContextManager[None]:
    """Explain, where the steps inside find that no plan exists, what clashes and what would help.

    Raises
    ------
    NoPlanError
        With its explanation, instead of the bare one.
    """

    def build(rulings: Rulings, *, refuse: bool) -> SitingProblem:
        blocks = {"targets": rulings.targets, "model": rulings.model}
        changed = scenario.model_copy(update=blocks)
        return pose(changed, _for_trials(prepared, rulings), refuse=refuse)

    scenario = with_site_ids(scenario, prepared.candidates.sites)
    rulings = Rulings(
        scenario.targets,
        scenario.model,
        cutoff_m=scenario.travel.cutoff_m,
        swap_cutoff_m=scenario.travel.swap_cutoff_m,
    )
    return explaining(build, rulings, solver=scenario.solver, run=scenario.run)


def _for_trials(prepared: Prepared, rulings: Rulings) -> Prepared:
    """Return what a trial needs: the ways only if a rule reads them, the power it may add."""
    world = prepared.world
    if rulings.more_kw and world.substations is not None:
        more = world.substations["substation_id"].map(dict(rulings.more_kw)).fillna(0.0)
        free_kw = world.substations["headroom_kw"] + more
        world = replace(world, substations=world.substations.assign(headroom_kw=free_kw))
    if needs_reach(rulings.model):
        return replace(prepared, world=world)
    none, swap_none = prepared.reach.iloc[:0], prepared.swap_reach.iloc[:0]
    return replace(prepared, world=world, reach=none, swap_reach=swap_none)


def ground_under(scenario: Scenario, prepared: Prepared) -> Ground:
    """Return power and price of every site."""
    return ground_of(
        prepared.candidates.sites, prepared.world.substations, prepared.chargers, prepared.prices,
        power=scenario.power, model=scenario.model,
    )  # fmt: skip
