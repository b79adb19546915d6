"""``run(scenario) -> Plan``: the only place that knows the order of the stages.

Each stage gets tables and its own block of the scenario; only this module and
:mod:`siting.pipeline.prepare` carry them from one room to the next.
"""

from __future__ import annotations

import importlib.metadata
import platform
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siting import __version__
from siting.analysis.scores.scoring import rank_stability
from siting.audit.ground import OccasionEvidence
from siting.audit.recount import recount
from siting.geo import crs_name
from siting.inputs.area import load_area
from siting.inputs.osm.load import fetch as fetch_pack
from siting.notes import Note
from siting.optimize.search.baselines import BASELINES, make_baselines
from siting.optimize.search.solve import solve_problem
from siting.pipeline import assemble
from siting.pipeline.assemble import count_otherwise, count_pools
from siting.pipeline.early import rule_tables
from siting.pipeline.equip import (
    asked_of,
    class_table,
    equipped,
    equipped_swaps,
    figure_notes,
    ground_notes,
)
from siting.pipeline.hydrogen import with_hydrogen
from siting.pipeline.phases import in_phases, with_phases, without_phases, years_of
from siting.pipeline.pose import explained, ground_under, pose, standing_targets, with_site_ids
from siting.pipeline.prepare import Prepared, prepare
from siting.pipeline.sizes import LEAST_COST, carrying, reasons, same_service, sized
from siting.plan.figures import occasion_figures, plan_figures
from siting.plan.parts import Counts
from siting.plan.plan import Plan, Source
from siting.plan.supply_figures import build_figures
from siting.scenario import dump_scenario
from siting.tables.fields import TOTALS

if TYPE_CHECKING:
    import geopandas as gpd

    from siting.analysis.scores.weighting import ScoreSummary
    from siting.cache import Cache
    from siting.inputs.osm.map_notes import MapReport
    from siting.optimize.problem.solution import Start
    from siting.optimize.search.solve import Solution
    from siting.pipeline.equip import Ground
    from siting.pipeline.meter import Meter
    from siting.scenario import Scenario

__all__ = [
    "Prepared", "explained", "fetch", "pose", "prepare", "rule_tables", "run",
]  # fmt: skip

_LIBRARIES = (
    "osmnx", "osmium", "geopandas", "shapely", "pyproj", "scipy", "numpy", "pandas",
    "scikit-learn", "pulp", "highspy", "folium",
)  # fmt: skip


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
    scenario = with_site_ids(scenario, prepared.candidates.sites)
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
    cheapest = sized(scenario, prepared, problem, solution, surplus=LEAST_COST)
    solution = sized(scenario, prepared, problem, solution)
    others = {}
    if not lean:
        with meter.stage("baselines"):
            others = make_baselines(
                problem, solution, solver=scenario.solver, seed=scenario.run.seed
            )
            others = {
                name: sized(scenario, prepared, problem, other) for name, other in others.items()
            }
    plan = _plan(scenario, prepared, solution, folder=folder or Path.cwd())
    plan = replace(plan, figures={**plan.figures, **same_service(plan, cheapest)})
    plan = with_phases(plan, problem, years, phased)
    if scenario.hydrogen is not None:
        with meter.stage("hydrogen"):
            plan = with_hydrogen(plan, scenario, prepared.world, problem)
    with meter.stage("recount"):
        _recounted(plan, prepared)
        plan = plan if lean else _beside(plan, scenario, prepared, others)
    return replace(plan, timings=meter.timings())


def fetch(scenario: Scenario, pack: Path, *, meter: Meter) -> MapReport:
    """Download the roads and places of a scenario's area into a pack.

    Returns
    -------
    MapReport
        What was read, kept and dropped.

    Raises
    ------
    DownloadError
        Without a network within seconds, or if the server does not answer.
    """
    area = load_area(scenario.area, overpass=scenario.inputs.overpass)
    with meter.stage("fetch") as step:
        return fetch_pack(scenario.inputs, area, pack, progress=step)


def _plan(scenario: Scenario, prepared: Prepared, solution: Solution, *, folder: Path) -> Plan:
    world, language = prepared.world, scenario.run.language
    ground = ground_under(scenario, prepared)
    decided = _decided(scenario, prepared, solution, ground)
    told = [*solution.notes, *ground_notes(decided["sites"], ground)]
    told += figure_notes(decided["figures"], scenario.sizing)
    floor = scenario.model.stations_per_zone
    if short := assemble.short_zones(decided["zones"], floor, language):
        told.append(Note("zones_short", {"count": len(short), "floor": floor, "names": short}))
    return Plan(
        run=scenario.run.name,
        language=language,
        title_zh=scenario.run.title_zh,
        title_en=scenario.run.title_en,
        crs=crs_name(world.area.crs),
        targets=standing_targets(scenario.targets, prepared.candidates.sites).model_dump(
            include=set(TOTALS)
        ),
        **decided,
        baselines={},
        demand=prepared.demand,
        chain=prepared.chain,
        roads=assemble.road_table(world.edges),
        landscape=world.landscape,
        screening=tuple(prepared.candidates.screening),
        notes=(*prepared.notes, *(Note(key, dict(values)) for key, values in told)),
        sources=tuple(
            Source(**vars(source)) for source in (*world.sources, *prepared.score_sources)
        ),
        scenario=dump_scenario(scenario, folder=folder),
        versions=_versions(),
        scoring=_scoring(scenario, prepared, decided["sites"]),
        kinds=prepared.kind_names,
        start=solution.start,
    )


def _scoring(scenario: Scenario, prepared: Prepared, stations: gpd.GeoDataFrame) -> ScoreSummary:
    """Return how the sites were scored, and how far the chosen ones hang on the weights."""
    told = prepared.scoring
    stability = rank_stability(
        prepared.candidates.sites,
        prepared.scores,
        set(stations.loc[stations["is_new"], "site_id"]),
        weights=told.weights,
        spacing_m=scenario.model.min_spacing_m,
        settings=scenario.scoring,
        seed=scenario.run.seed,
    )
    return replace(told, stability=stability)


def _decided(
    scenario: Scenario, prepared: Prepared, solution: Solution, ground: Ground
) -> dict[str, Any]:
    """Return the fields of a plan that a solution decides."""
    demand, chargers = prepared.demand, prepared.chargers
    candidates = assemble.candidate_table(prepared.candidates.sites, prepared.scores, solution)
    stations = assemble.station_table(candidates, solution)
    here = prepared.occasions
    asked = asked_of(
        stations, solution.assignments, demand, chargers=chargers, sizing=scenario.sizing,
        occasions=None if here is None else here.occasions,
    )  # fmt: skip
    stations = equipped(stations, asked, chargers=chargers, ground=ground, given=scenario)
    stations = stations.assign(
        **reasons(stations, asked, scenario, carrying(stations, solution.assignments, here))
    )
    swaps = equipped_swaps(assemble.swap_table(candidates, solution), ground, scenario)
    assignments = (
        assemble.travel_times(solution.assignments, prepared.reach)
        if here is None
        else assemble.occasion_times(solution.assignments, here.ways)
    )
    zones = assemble.zone_table(prepared.world.zones, stations, swaps, demand, assignments)
    return {
        "totals": assemble.count_totals(stations, swaps),
        "figures": {
            **plan_figures(
                stations,
                demand,
                zones,
                assignments,
                prepared.reach,
                cover_m=scenario.model.cover.within_m,
            ),
            **build_figures(
                stations,
                swaps,
                promise_share=scenario.sizing.promise_share,
                diversity=scenario.model.diversity,
            ),
            **(
                {}
                if here is None
                else occasion_figures(
                    here.rows, here.ways, here.walking, stations["site_id"], assignments
                )
            ),
        },
        "charger_classes": class_table(stations, chargers),
        "counts": Counts(
            count_pools(stations, candidates),
            count_otherwise(stations, swaps, zones, chargers, unit=scenario.counting.charger),
        ),
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
    figures, ground = {}, ground_under(scenario, prepared)
    for name, solution in others.items():
        decided = _decided(scenario, prepared, solution, ground)
        other = without_phases(replace(plan, run=f"{plan.run}: {name}", **decided))
        _recounted(other, prepared)
        figures[name] = other.figures
    missing = [name for name in BASELINES if name not in others]
    note = Note("baselines_missing", {"count": len(missing), "of": len(BASELINES)})
    return replace(plan, baselines=figures, notes=(*plan.notes, *([note] if missing else [])))


def _recounted(plan: Plan, prepared: Prepared) -> None:
    """Hold a plan against every rule.

    Raises
    ------
    RecountError
        If it breaks one.
    """
    here = prepared.occasions
    recount(
        plan, prepared.reach, prepared.swap_reach,
        substations=prepared.world.substations, demand_factors=prepared.demand_factors.table,
        occasions=None if here is None
        else OccasionEvidence(here.occasions.tables, here.mix, here.reaches),
    )  # fmt: skip


def _versions() -> dict[str, str]:
    found = {name: importlib.metadata.version(name) for name in _LIBRARIES}
    return {"python": platform.python_version(), "siting": __version__, **found}
