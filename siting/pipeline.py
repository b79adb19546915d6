"""``run(scenario) -> Plan``: the only place that knows the order of the stages.

Each stage gets tables and its own block of the scenario; only this module and
:mod:`siting.preparation` carry them from one room to the next.
"""

from __future__ import annotations

import importlib.metadata
import platform
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siting import __version__, assembly
from siting.analysis.scores.ranking import rank_stability
from siting.checkup import make_checkup
from siting.counts import count_otherwise, count_pools
from siting.figures import build_figures, plan_figures
from siting.geo import crs_name
from siting.hydrogen import with_hydrogen
from siting.inputs.area import load_area
from siting.inputs.osm.load import fetch as fetch_pack
from siting.notes import Note
from siting.optimize.baselines import BASELINES, make_baselines
from siting.optimize.explain import Rulings, explaining
from siting.optimize.problem import build_problem
from siting.optimize.solve import solve_problem
from siting.phasing import in_phases, with_phases, without_phases, years_of
from siting.plan import Plan, Source
from siting.preparation import Prepared, prepare, rule_tables
from siting.recount import recount
from siting.scenario import dump_scenario
from siting.stationing import (
    class_table,
    equipped,
    equipped_swaps,
    figure_notes,
    ground_notes,
    ground_of,
)

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    import geopandas as gpd

    from siting.cache import Cache
    from siting.meter import Meter
    from siting.optimize.problem import SitingProblem
    from siting.optimize.solve import Solution
    from siting.optimize.start import Start
    from siting.scenario import Scenario
    from siting.stationing import Ground

__all__ = [
    "Prepared", "explained", "fetch", "look", "pose", "prepare", "rule_tables", "run",
]  # fmt: skip

_LIBRARIES = (
    "osmnx", "osmium", "geopandas", "shapely", "pyproj", "scipy", "numpy", "pandas",
    "scikit-learn", "pulp", "highspy", "folium",
)  # fmt: skip


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
    ground = _ground(scenario, prepared)
    return build_problem(
        prepared.candidates.sites, prepared.scores, prepared.demand, prepared.reach,
        prepared.swap_reach, prepared.world.zones,
        targets=scenario.targets, model=scenario.model, travel=scenario.travel,
        screening=prepared.candidates.screening,
        grid=ground.grid, site_costs=ground.costs.sites,
        swap_station_cny=ground.costs.swap_station_cny["base"], refuse=refuse,
    )  # fmt: skip


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

    rulings = Rulings(
        scenario.targets,
        scenario.model,
        cutoff_m=scenario.travel.cutoff_m,
        swap_cutoff_m=scenario.travel.swap_cutoff_m,
    )
    return explaining(build, rulings, solver=scenario.solver, run=scenario.run)


def _for_trials(prepared: Prepared, rulings: Rulings) -> Prepared:
    """Return what a trial needs: the ways only if a rule reads them, the power it may add."""
    model, world = rulings.model, prepared.world
    if rulings.more_kw and world.substations is not None:
        more = world.substations["substation_id"].map(dict(rulings.more_kw)).fillna(0.0)
        free_kw = world.substations["headroom_kw"] + more
        world = replace(world, substations=world.substations.assign(headroom_kw=free_kw))
    if any((model.promises, model.chongqing, model.headroom, model.budget_cny is not None)):
        return replace(prepared, world=world)
    none, swap_none = prepared.reach.iloc[:0], prepared.swap_reach.iloc[:0]
    return replace(prepared, world=world, reach=none, swap_reach=swap_none)


def run(
    scenario: Scenario,
    *,
    meter: Meter,
    folder: Path | None = None,
    cache: Cache | None = None,
    start: Start | None = None,
    lean: bool = False,
) -> Plan:
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
    cache
        As in :func:`prepare`.
    start
        What an earlier run of nearly the same left, to start from; see ``solve_problem``.
    lean
        Without baselines, and without an explanation where no plan exists: one of many plans.

    Raises
    ------
    DataError
        If an input is at fault.
    NoPlanError
        If no plan exists or none was found in time.
    RecountError
        If the finished plan breaks a rule: a bug, and nothing may be saved.
    """
    prepared = prepare(scenario, meter, cache=cache)
    told = (lambda *_: nullcontext()) if lean else explained
    with meter.stage("problem"), told(scenario, prepared):
        problem = pose(scenario, prepared)
        years = years_of(scenario, problem)
    with meter.stage("solve") as step, told(scenario, prepared):
        solution = solve_problem(
            problem,
            solver=scenario.solver,
            seed=scenario.run.seed,
            start=start,
            progress=step,
        )
    solution, phased = in_phases(scenario, problem, solution, years, meter)
    others = {}
    if not lean:
        with meter.stage("baselines"):
            others = make_baselines(
                problem, solution, solver=scenario.solver, seed=scenario.run.seed
            )
    plan = _plan(scenario, prepared, solution, folder=folder or Path.cwd())
    plan = with_phases(plan, problem, years, phased)
    if scenario.hydrogen is not None:
        with meter.stage("hydrogen"):
            plan = with_hydrogen(plan, scenario, prepared.world, problem)
    with meter.stage("recount"):
        substations = prepared.world.substations
        recount(plan, prepared.reach, prepared.swap_reach, substations=substations)
        plan = plan if lean else _beside(plan, scenario, prepared, others)
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


def look(scenario: Scenario, prepared: Prepared) -> dict[str, Any]:
    """Return what a plan would rest on, as JSON types (``siting check``)."""
    return make_checkup(scenario, prepared, pose(scenario, prepared, refuse=False))


def _ground(scenario: Scenario, prepared: Prepared) -> Ground:
    """Return power and price of every site."""
    return ground_of(
        prepared.candidates.sites, prepared.world.substations, prepared.chargers, prepared.prices,
        power=scenario.power, model=scenario.model,
    )  # fmt: skip


def _plan(scenario: Scenario, prepared: Prepared, solution: Solution, *, folder: Path) -> Plan:
    world, language = prepared.world, scenario.run.language
    ground = _ground(scenario, prepared)
    decided = _decided(scenario, prepared, solution, ground)
    told = [*solution.notes, *ground_notes(decided["sites"], ground)]
    told += figure_notes(decided["figures"], scenario.sizing)
    floor = scenario.model.stations_per_zone
    if short := assembly.short_zones(decided["zones"], floor, language):
        told.append(Note("zones_short", {"count": len(short), "floor": floor, "names": short}))
    return Plan(
        run=scenario.run.name,
        language=language,
        title_zh=scenario.run.title_zh,
        title_en=scenario.run.title_en,
        crs=crs_name(world.area.crs),
        targets=scenario.targets.model_dump(include={"stations", "chargers", "swap_stations"}),
        **decided,
        baselines={},
        demand=prepared.demand,
        chain=prepared.chain,
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
        start=solution.start,
    )


def _scoring(scenario: Scenario, prepared: Prepared, stations: gpd.GeoDataFrame) -> dict[str, Any]:
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


def _decided(
    scenario: Scenario, prepared: Prepared, solution: Solution, ground: Ground
) -> dict[str, Any]:
    """Return the fields of a plan that a solution decides."""
    demand, chargers = prepared.demand, prepared.chargers
    candidates = assembly.candidate_table(prepared.candidates.sites, prepared.scores, solution)
    stations = assembly.station_table(candidates, solution)
    stations = equipped(
        stations, solution.assignments, demand, chargers=chargers, ground=ground, given=scenario
    )
    swaps = equipped_swaps(assembly.swap_table(candidates, solution), ground, scenario)
    assignments = assembly.travel_times(solution.assignments, prepared.reach)
    zones = assembly.zone_table(prepared.world.zones, stations, swaps, demand, assignments)
    return {
        "totals": assembly.count_totals(stations, swaps),
        "figures": {
            **plan_figures(
                stations,
                demand,
                zones,
                assignments,
                prepared.reach,
                cover_m=scenario.model.cover.within_m,
            ),
            **build_figures(stations, swaps, promise_share=scenario.sizing.promise_share),
        },
        "charger_classes": class_table(stations, chargers),
        "counts": {
            "pools": count_pools(stations, candidates),
            "otherwise": count_otherwise(
                stations, swaps, zones, chargers, unit=scenario.counting.charger
            ),
        },
        "outcome": solution.outcome,
        "sites": stations,
        "swap_sites": swaps,
        "candidates": candidates,
        "assignments": assignments,
        "zones": zones,
    }


def _beside(
    plan: Plan, scenario: Scenario, prepared: Prepared, others: dict[str, Solution]
) -> Plan:
    """Return the plan with the figures of its baselines, each held against every rule too."""
    figures, ground = {}, _ground(scenario, prepared)
    for name, solution in others.items():
        decided = _decided(scenario, prepared, solution, ground)
        other = without_phases(replace(plan, run=f"{plan.run}: {name}", **decided))
        substations = prepared.world.substations
        recount(other, prepared.reach, prepared.swap_reach, substations=substations)
        figures[name] = other.figures
    missing = [name for name in BASELINES if name not in others]
    note = Note("baselines_missing", {"count": len(missing), "of": len(BASELINES)})
    return replace(plan, baselines=figures, notes=(*plan.notes, *([note] if missing else [])))


def _versions() -> dict[str, str]:
    found = {name: importlib.metadata.version(name) for name in _LIBRARIES}
    return {"python": platform.python_version(), "siting": __version__, **found}
