"""From what is known of a place to its siting problem, or to why it has no plan."""

from __future__ import annotations

import difflib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from siting.errors import ScenarioError
from siting.optimize.build import PlaceTables, PowerAndPrice, build_problem
from siting.optimize.explain import Rulings, explaining
from siting.optimize.problem.occasions import OccasionTables
from siting.optimize.rules.all_rules import needs_reach
from siting.pipeline.equip import ground_of

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    import geopandas as gpd

    from siting.optimize.problem.problem import SitingProblem
    from siting.pipeline.equip import Ground
    from siting.pipeline.prepare import Prepared
    from siting.scenario import Scenario, Targets

_SHOWN = 5
_NEAR = 0.6
_LISTS = ("locked", "banned", "sights_4a")


def with_site_ids(scenario: Scenario, sites: gpd.GeoDataFrame) -> Scenario:
    """Return the scenario with the sites it names by their ids; ids stay as they are.

    A name means the one site that is called so, or the site that a place of that id was merged
    into. What nobody is called stays, and is refused where the rules are built.

    Parameters
    ----------
    scenario
        Read are model.locked, banned, upgrades and sights_4a, and power.assigned.
    sites
        ``tables.SITES``.

    Raises
    ------
    ScenarioError
        If several sites have the name, or none has and one is called nearly so.
    """
    model, power = scenario.model, scenario.power
    asked = [*model.locked, *model.banned, *model.sights_4a, *model.upgrades, *power.assigned]
    if set(asked) <= set(sites["site_id"]):
        return scenario
    find = _Finder(sites)
    changes: dict[str, Any] = {
        key: tuple(find.id_of(text, f"model.{key}") for text in getattr(model, key))
        for key in _LISTS
    }
    changes["upgrades"] = {
        find.id_of(text, "model.upgrades"): least for text, least in model.upgrades.items()
    }
    assigned = {find.id_of(text, "power.assigned"): name for text, name in power.assigned.items()}
    blocks = {
        "model": model.model_copy(update=changes),
        "power": power.model_copy(update={"assigned": assigned}),
    }
    return scenario.model_copy(update=blocks)


class _Finder:
    """Finds sites by id, by the id of a merged place, or by name."""

    def __init__(self, sites: gpd.GeoDataFrame) -> None:
        self.ids = set(sites["site_id"].astype(str))
        self.merged: dict[str, str] = {}
        self.names: dict[str, list[str]] = {}
        for site, joined, name in zip(
            sites["site_id"], sites["merged_ids"], sites["name"], strict=True
        ):
            for one in joined.split("+") if isinstance(joined, str) else ():
                self.merged.setdefault(one, str(site))
            if isinstance(name, str):
                self.names.setdefault(name.strip(), []).append(str(site))

    def id_of(self, text: str, key: str) -> str:
        if text in self.ids:
            return text
        if text in self.merged:
            return self.merged[text]
        found = self.names.get(text.strip(), [])
        if len(found) > 1:
            raise ScenarioError(
                f"'{text}' names {len(found)} sites: {', '.join(sorted(found)[:_SHOWN])}",
                where=key,
                cure="give the id of one of them",
            )
        near = [] if found else difflib.get_close_matches(text, self.names, n=1, cutoff=_NEAR)
        if near:
            raise ScenarioError(
                f"no site is called '{text}'",
                where=key,
                cure=f"did you mean '{near[0]}' ({', '.join(self.names[near[0]][:_SHOWN])})?",
            )
        return found[0] if found else text


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
        PlaceTables(
            prepared.candidates.sites, prepared.scores, prepared.demand, prepared.reach,
            prepared.swap_reach, prepared.world.zones,
        ),
        targets=standing_targets(scenario.targets, prepared.candidates.sites),
        model=scenario.model, travel=scenario.travel,
        supply=PowerAndPrice(
            ground.grid, ground.costs.sites, ground.costs.swap_station_cny["base"]
        ),
        screening=prepared.candidates.screening, occasions=occasion_tables(prepared),
        refuse=refuse,
    )  # fmt: skip


def occasion_tables(prepared: Prepared) -> OccasionTables | None:
    """Return who charges where, as the problem wants it; None where any charger serves all."""
    here = prepared.occasions
    if here is None:
        return None
    return OccasionTables(here.rows, here.ways, here.class_kwh)


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
    prepared = replace(prepared, world=world, occasions=None)
    if needs_reach(rulings.model):
        return prepared
    none, swap_none = prepared.reach.iloc[:0], prepared.swap_reach.iloc[:0]
    return replace(prepared, reach=none, swap_reach=swap_none)


def ground_under(scenario: Scenario, prepared: Prepared) -> Ground:
    """Return power and price of every site."""
    return ground_of(
        prepared.candidates.sites, prepared.world.substations, prepared.chargers, prepared.prices,
        factors=prepared.demand_factors, power=scenario.power, model=scenario.model,
    )  # fmt: skip
