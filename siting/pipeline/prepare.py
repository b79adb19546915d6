"""Everything known about the place before the optimiser is asked, stage by stage.

Each stage gets tables and its own block of the scenario, and is called through the
:class:`~siting.cache.Memory`: what it made of the same arguments before comes from the cache.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from siting import tables
from siting.analysis.candidates.site_kinds import check_site_kinds, own_names
from siting.analysis.candidates.sites import Candidates, make_candidates
from siting.analysis.demand.beyond import less_served_beyond
from siting.analysis.demand.demand_chain import YEAR, DemandChain, FleetEnergy
from siting.analysis.demand.demand_points import DemandResult, Given, make_demand
from siting.analysis.scores.scoring import Scored, Surroundings, Yardsticks, make_scores
from siting.analysis.scores.weighting import FeatureEffect, LearnedReport, ScoreSummary
from siting.analysis.station.chargers import with_listed_power
from siting.analysis.travel import make_reach, unreached
from siting.cache import Memory
from siting.inputs.area_shape import AreaShape
from siting.inputs.files.sheets import read_rule_table
from siting.inputs.osm.map_notes import MapReport
from siting.inputs.provenance import Provenance
from siting.inputs.world import World, load_world
from siting.notes import Note
from siting.pipeline.adjust import (
    around,
    counted_world,
    factored_chargers,
    factored_prices,
    factored_world,
    local_tables,
)
from siting.pipeline.early import read_early, refuse_people
from siting.pipeline.hydrogen import check_hydrogen
from siting.pipeline.occasions import PlaceOccasions, place_occasions
from siting.scenario import OVERPASS
from siting.shipped import shipped_path

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from siting.analysis.barriers import Beside
    from siting.analysis.station.chargers import Chargers
    from siting.analysis.station.power import DemandFactors
    from siting.cache import Cache
    from siting.pipeline.meter import Meter
    from siting.scenario import Demand as DemandBlock
    from siting.scenario import Scenario

_KEPT = (World, AreaShape, MapReport, Provenance, Candidates, DemandResult, DemandChain,
         FleetEnergy, Scored, ScoreSummary, LearnedReport, FeatureEffect)  # fmt: skip
"""Dataclasses that the cache may hold."""


@dataclass(frozen=True)
class Prepared:
    """Everything known about the place before the optimiser is asked."""

    world: World
    candidates: Candidates
    demand: gpd.GeoDataFrame
    chain: DemandChain
    reach: pd.DataFrame
    swap_reach: pd.DataFrame
    scores: pd.DataFrame
    scoring: ScoreSummary
    score_sources: tuple[Provenance, ...]
    beside: Beside
    notes: tuple[Note, ...]
    chargers: Chargers
    prices: pd.DataFrame
    demand_factors: DemandFactors
    kind_names: dict[str, dict[str, str]]
    occasions: PlaceOccasions | None = None


def prepare(scenario: Scenario, meter: Meter, *, cache: Cache | None = None) -> Prepared:
    """Load the place and work out candidates, demand, travel and scores.

    Parameters
    ----------
    scenario
        The scenario.
    meter
        Told when stages begin and end, and which of them the cache had.
    cache
        What stages made of the same tables, files and settings before; None to
        work out everything anew and keep nothing. The result is the same either way.

    Raises
    ------
    DataError
        If an input is at fault; see :mod:`siting.errors`.
    """
    memory = Memory(cache, _KEPT)
    with meter.stage("inputs") as step:
        early = read_early(scenario)
        ratios, kinds = early.ratios, early.kinds
        world = memory.call(
            "inputs", load_world, scenario.area, scenario.inputs,
            project_kinds=tuple(ratios.index),
            silent={"progress": step, "lists": early.lists}, keep=not _downloads(scenario),
        )  # fmt: skip
        refuse_people(world.zones, scenario.targets, where="inputs.zones")
        world, beside, told_counted = counted_world(
            world, scenario.counting, max_snap_m=scenario.candidates.max_snap_m
        )
        world, told_factors = factored_world(world, scenario.factors)
        lists, told_lists = around(
            world,
            beside,
            kinds,
            ratios,
            by=scenario.end_year,
            not_public=scenario.counting.not_public,
        )
    with meter.stage("candidates"):
        candidates = memory.call(
            "candidates", make_candidates,
            world.places, world.zones, world.nodes, world.edges, world.stations,
            kinds=kinds, rules=early.rules, settings=scenario.candidates,
            around=lists,
        )  # fmt: skip
    chargers = factored_chargers(early.chargers, scenario.factors)
    sites = with_listed_power(candidates.sites, chargers)
    candidates = replace(candidates, sites=sites)
    check_hydrogen(scenario, candidates.sites, kinds.index)
    with meter.stage("demand"):
        demand = memory.call(
            "demand", make_demand,
            world.places, world.zones, world.nodes, world.edges,
            kinds=kinds, figures=early.figures, settings=_demand_settings(scenario),
            given=Given(world.people, world.traffic, world.layers.get("demand")),
            beside=beside,
        )  # fmt: skip
        need, told_beyond = less_served_beyond(
            demand.demand, world.beyond, world.nodes, world.edges,
            beside=beside, outline=world.area.projected, kinds=kinds,
            cutoff_m=scenario.travel.cutoff_m,
        )  # fmt: skip
    with meter.stage("travel"):
        reach, swap_reach = _reaches(scenario, world, candidates.sites, need, memory)
        occasions = None
        if early.occasions is not None:
            occasions = place_occasions(
                early.occasions, world, need, candidates.sites, reach, memory,
                cutoff_m=scenario.travel.cutoff_m,
            )  # fmt: skip
    with meter.stage("scores"):
        files = early.files
        scored = memory.call(
            "scores", make_scores,
            candidates.sites, need, reach,
            Surroundings(world.nodes, world.edges, world.substations, world.places),
            yardsticks=Yardsticks(files.criteria, files.pairwise, files.layers, files.extremes),
            settings=scenario.scoring, seed=scenario.run.seed,
        )  # fmt: skip
    meter.reused(memory.reused)
    _check_all(candidates.sites, need, reach, scored.scores)
    told = (
        *world.notes, *local_tables(scenario, world.area), *told_counted, *told_factors,
        *told_lists, *candidates.notes, *demand.notes, *told_beyond,
        *unreached(need, reach, world.zones), *files.notes, *scored.notes,
    )  # fmt: skip
    return Prepared(
        world=world,
        candidates=candidates,
        demand=need,
        chain=demand.chain,
        reach=reach,
        swap_reach=swap_reach,
        scores=scored.scores,
        scoring=scored.summary,
        score_sources=files.sources,
        beside=beside,
        notes=tuple(Note(key, dict(values)) for key, values in told),
        chargers=chargers,
        prices=factored_prices(early.prices, scenario.factors),
        demand_factors=early.demand_factors,
        kind_names=own_names(kinds, _shipped_kinds()),
        occasions=occasions,
    )


def _shipped_kinds() -> pd.DataFrame:
    path = shipped_path("site_kinds.csv")
    return check_site_kinds(read_rule_table(path, key="candidates.site_kinds"))


def _demand_settings(scenario: Scenario) -> DemandBlock:
    """Return the block of demand with its year: its own, else that of the targets or last phase."""
    year = scenario.demand.year or scenario.end_year or YEAR
    return scenario.demand.model_copy(update={"year": year})


def _downloads(scenario: Scenario) -> bool:
    """Tell whether the world comes from a network: then it may be another one tomorrow."""
    return scenario.inputs.osm == OVERPASS or scenario.area.place is not None


def _reaches(
    scenario: Scenario,
    world: World,
    sites: gpd.GeoDataFrame,
    demand: gpd.GeoDataFrame,
    memory: Memory,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    travel, swap = scenario.travel, sites[sites["swap_ok"] | sites["existing_swap"]]
    reach, swap_reach = (
        memory.call(
            "travel", make_reach, demand, goals, world.nodes, world.edges, cutoff_m=cutoff_m
        )
        for goals, cutoff_m in ((sites, travel.cutoff_m), (swap, travel.swap_cutoff_m))
    )
    return reach, swap_reach


def _check_all(
    sites: gpd.GeoDataFrame, demand: gpd.GeoDataFrame, reach: pd.DataFrame, scores: pd.DataFrame
) -> None:
    tables.check(sites, tables.SITES)
    tables.check(demand, tables.DEMAND)
    tables.check(reach, tables.REACH)
    tables.check(scores, tables.SCORES)
