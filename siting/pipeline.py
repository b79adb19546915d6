"""``run(scenario) -> Plan``: the only place that knows the order of the stages.

Each stage gets tables and its own block of the scenario; only this module carries them
from one room to the next.
"""

from __future__ import annotations

import importlib.metadata
import platform
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siting import __version__, assembly, tables
from siting.analysis.candidates import make_candidates
from siting.analysis.chargers import make_chargers, with_mean_charger
from siting.analysis.demand import make_demand
from siting.analysis.scores.stability import rank_stability
from siting.analysis.scoring import make_scores
from siting.analysis.site_kinds import check_site_kinds, check_site_rules
from siting.analysis.travel import make_reach
from siting.figures import plan_figures
from siting.findings import findings
from siting.inputs.area import load_area
from siting.inputs.osm import fetch as fetch_pack
from siting.inputs.rules import read_rule_table
from siting.inputs.score_files import load_score_files
from siting.inputs.world import load_world
from siting.optimize.baselines import BASELINES, make_baselines
from siting.optimize.problem import build_problem
from siting.optimize.solve import solve_problem
from siting.plan import Note, Plan, Source
from siting.recount import recount
from siting.scenario import dump_scenario, local_path

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from siting.analysis.candidates import Candidates
    from siting.analysis.chargers import Chargers
    from siting.analysis.site_kinds import SiteRule
    from siting.inputs.provenance import Provenance
    from siting.inputs.world import World
    from siting.meter import Meter
    from siting.optimize.problem import SitingProblem
    from siting.optimize.solve import Solution
    from siting.scenario import Scenario

_LIBRARIES = (
    "osmnx", "osmium", "geopandas", "shapely", "pyproj", "scipy", "numpy", "pandas",
    "scikit-learn", "pulp", "highspy", "folium",
)  # fmt: skip


@dataclass(frozen=True)
class Prepared:
    """Everything known about the place before the optimiser is asked."""

    world: World
    candidates: Candidates
    demand: gpd.GeoDataFrame
    reach: pd.DataFrame
    swap_reach: pd.DataFrame
    scores: pd.DataFrame
    scoring: dict[str, Any]
    score_sources: tuple[Provenance, ...]
    notes: tuple[Note, ...]
    chargers: Chargers


def prepare(scenario: Scenario, meter: Meter) -> Prepared:
    """Load the place and work out candidates, demand, travel and scores.

    Raises
    ------
    DataError
        If an input is at fault; see :mod:`siting.errors`.
    """
    with meter.stage("inputs") as step:
        world = load_world(scenario.area, scenario.inputs, progress=step)
        kinds, rules, chargers = _rule_tables(scenario)
    with meter.stage("candidates"):
        candidates = make_candidates(
            world.places, world.zones, world.nodes, world.edges, world.stations,
            kinds=kinds, rules=rules, settings=scenario.candidates,
        )  # fmt: skip
    with meter.stage("demand"):
        demand = make_demand(
            world.places, world.zones, world.nodes, world.edges,
            kinds=kinds, settings=scenario.demand,
        )  # fmt: skip
    with meter.stage("travel"):
        reach, swap_reach = _reaches(scenario, world, candidates.sites, demand.demand)
    with meter.stage("scores"):
        files = load_score_files(scenario.scoring, world.area)
        scored = make_scores(
            candidates.sites, demand.demand, reach, world.nodes, world.edges,
            substations=world.substations, places=world.places, settings=scenario.scoring,
            criteria=files.criteria, pairwise=files.pairwise, layers=files.layers,
            extremes=files.extremes, seed=scenario.run.seed,
        )  # fmt: skip
    _check_all(candidates.sites, demand.demand, reach, scored.scores)
    told = (*world.notes, *candidates.notes, *demand.notes, *files.notes, *scored.notes)
    return Prepared(
        world=world,
        candidates=candidates,
        demand=demand.demand,
        reach=reach,
        swap_reach=swap_reach,
        scores=scored.scores,
        scoring=scored.summary,
        score_sources=files.sources,
        notes=tuple(Note(key, dict(values)) for key, values in told),
        chargers=chargers,
    )


def pose(scenario: Scenario, prepared: Prepared) -> SitingProblem:
    """Turn what is known of the place into a siting problem.

    Raises
    ------
    ImpossibleTargetError
        If no choice of sites can meet the targets.
    """
    return build_problem(
        prepared.candidates.sites, prepared.scores, prepared.demand, prepared.reach,
        prepared.swap_reach, prepared.world.zones,
        targets=scenario.targets, model=scenario.model, travel=scenario.travel,
        screening=prepared.candidates.screening, substations=prepared.world.substations,
    )  # fmt: skip


def run(scenario: Scenario, *, meter: Meter, folder: Path | None = None) -> Plan:
    """Make a plan: load, analyse, optimise, recount.

    Parameters
    ----------
    scenario
        The scenario.
    meter
        Told when stages begin and end; times them.
    folder
        Folder that the paths in the plan's copy of the scenario are written from; the
        working folder if not given.

    Raises
    ------
    DataError
        If an input is at fault.
    NoPlanError
        If no plan exists or none was found in time.
    RecountError
        If the finished plan breaks a rule: a bug, and nothing may be saved.
    """
    prepared = prepare(scenario, meter)
    with meter.stage("problem"):
        problem = pose(scenario, prepared)
    with meter.stage("solve") as step:
        solution = solve_problem(
            problem,
            solver=scenario.solver,
            seed=scenario.run.seed,
            progress=lambda name: step(name, 0.0),
        )
    with meter.stage("baselines"):
        others = make_baselines(problem, solution, solver=scenario.solver, seed=scenario.run.seed)
    with meter.stage("recount"):
        plan = _plan(scenario, prepared, solution, folder=folder or Path.cwd())
        substations = prepared.world.substations
        recount(plan, prepared.reach, prepared.swap_reach, substations=substations)
        plan = _beside(plan, prepared, others)
    return replace(plan, timings=meter.content())


def fetch(scenario: Scenario, pack: Path, *, meter: Meter) -> dict[str, Any]:
    """Download the roads and places of a scenario's area into a pack.

    Returns
    -------
    dict
        What was read, kept and dropped.

    Raises
    ------
    DownloadError
        Without a network within seconds, or if the server does not answer.
    """
    area = load_area(scenario.area, overpass=scenario.inputs.overpass)
    with meter.stage("fetch") as step:
        return fetch_pack(scenario.inputs, area, pack, progress=step)


def _rule_tables(scenario: Scenario) -> tuple[pd.DataFrame, tuple[SiteRule, ...], Chargers]:
    settings, language = scenario.candidates, scenario.run.language
    names = ("site_kinds", "site_rules", "charger_classes", "charger_mix")
    tables_ = {
        name: read_rule_table(local_path(getattr(settings, name)), key=f"candidates.{name}")
        for name in names
    }
    kinds = check_site_kinds(tables_["site_kinds"], language=language)
    chargers = make_chargers(tables_["charger_classes"], tables_["charger_mix"], kinds)
    rules = check_site_rules(tables_["site_rules"], language=language)
    return with_mean_charger(kinds, chargers), rules, chargers


def _reaches(
    scenario: Scenario, world: World, sites: gpd.GeoDataFrame, demand: gpd.GeoDataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    swap = sites[sites["swap_ok"] | sites["existing_swap"]]
    return (
        make_reach(demand, sites, world.nodes, world.edges, cutoff_m=scenario.travel.cutoff_m),
        make_reach(demand, swap, world.nodes, world.edges, cutoff_m=scenario.travel.swap_cutoff_m),
    )


def _check_all(
    sites: gpd.GeoDataFrame, demand: gpd.GeoDataFrame, reach: pd.DataFrame, scores: pd.DataFrame
) -> None:
    tables.check(sites, tables.SITES)
    tables.check(demand, tables.DEMAND)
    tables.check(reach, tables.REACH)
    tables.check(scores, tables.SCORES)


def look(prepared: Prepared) -> dict[str, Any]:
    """Return what a plan would rest on, as JSON types (``siting check``)."""
    synthetic = any(source.synthetic for source in prepared.world.sources)
    return {"synthetic": synthetic} | findings(
        report=prepared.world.report,
        screening=prepared.candidates.screening,
        sites=prepared.candidates.sites,
        zones=prepared.world.zones,
        demand=prepared.demand,
        reach=prepared.reach,
        notes=prepared.notes,
    )


def _plan(scenario: Scenario, prepared: Prepared, solution: Solution, *, folder: Path) -> Plan:
    world, language = prepared.world, scenario.run.language
    decided = _decided(prepared, solution)
    told = [*solution.notes]
    floor = scenario.model.stations_per_zone
    if short := assembly.short_zones(decided["zones"], floor, language):
        told.append(("zones_short", {"count": len(short), "floor": floor, "names": short}))
    return Plan(
        run=scenario.run.name,
        language=language,
        title_zh=scenario.run.title_zh,
        title_en=scenario.run.title_en,
        crs=f"EPSG:{world.area.crs.to_epsg()}",
        targets=scenario.targets.model_dump(include={"stations", "chargers", "swap_stations"}),
        **decided,
        baselines={},
        demand=prepared.demand,
        roads=assembly.road_table(world.edges),
        landscape=world.landscape,
        screening=tuple(prepared.candidates.screening),
        notes=(*prepared.notes, *(Note(key, dict(values)) for key, values in told)),
        sources=tuple(
            Source(**vars(source)) for source in (*world.sources, *prepared.score_sources)
        ),
        scenario=dump_scenario(scenario, folder=folder),
        versions=_versions(),
        timings={},
        scoring=_scoring(scenario, prepared, decided["sites"]),
    )


def _scoring(
    scenario: Scenario, prepared: Prepared, stations: gpd.GeoDataFrame
) -> dict[str, Any]:
    """Return how the sites were scored, and how far the chosen ones hang on the weights."""
    told = prepared.scoring
    stability = rank_stability(
        prepared.candidates.sites,
        prepared.scores,
        set(stations.loc[stations["is_new"], "site_id"]),
        weights=told["weights"],
        spacing_m=scenario.model.min_spacing_m,
        settings=scenario.scoring,
        seed=scenario.run.seed,
    )
    return {**told, "stability": stability}


def _decided(prepared: Prepared, solution: Solution) -> dict[str, Any]:
    """Return the fields of a plan that a solution decides."""
    demand = prepared.demand
    candidates = assembly.candidate_table(prepared.candidates.sites, prepared.scores, solution)
    stations = assembly.station_table(candidates, solution)
    swaps = assembly.swap_table(candidates, solution)
    assignments = assembly.travel_times(solution.assignments, prepared.reach)
    zones = assembly.zone_table(prepared.world.zones, stations, swaps, demand, assignments)
    return {
        "totals": assembly.count_totals(stations, swaps),
        "figures": plan_figures(stations, demand, zones, assignments, prepared.reach),
        "outcome": solution.outcome,
        "sites": stations,
        "swap_sites": swaps,
        "candidates": candidates,
        "assignments": assignments,
        "zones": zones,
    }


def _beside(plan: Plan, prepared: Prepared, others: dict[str, Solution]) -> Plan:
    """Return the plan with the figures of its baselines, each held against every rule too."""
    figures = {}
    for name, solution in others.items():
        other = replace(plan, run=f"{plan.run}: {name}", **_decided(prepared, solution))
        substations = prepared.world.substations
        recount(other, prepared.reach, prepared.swap_reach, substations=substations)
        figures[name] = other.figures
    missing = [name for name in BASELINES if name not in others]
    note = Note("baselines_missing", {"count": len(missing), "of": len(BASELINES)})
    return replace(plan, baselines=figures, notes=(*plan.notes, *([note] if missing else [])))


def _versions() -> dict[str, str]:
    found = {name: importlib.metadata.version(name) for name in _LIBRARIES}
    return {"python": platform.python_version(), "siting": __version__, **found}
