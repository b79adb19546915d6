"""The report as JSON types, part by part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siting.analysis.station.power import make_grid
from siting.checkup import basis, counts
from siting.checkup.grades import advice, graded, measures
from siting.inputs.files.sheets import read_rule_table
from siting.optimize.build.refuse import capacity
from siting.scenario import local_path
from siting.shipped import shipped_path

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from siting.optimize.problem.problem import SitingProblem
    from siting.pipeline.prepare import Prepared
    from siting.scenario import Scenario

FORMAT = "siting check 1"


def make_checkup(scenario: Scenario, prepared: Prepared, problem: SitingProblem) -> dict[str, Any]:
    """Return what a plan would rest on, as JSON types.

    Parameters
    ----------
    scenario, prepared
        The scenario and what is known of its place.
    problem
        The problem posed without refusing impossible totals.

    Returns
    -------
    dict
        ``docs/check.md`` says what its parts are.

    Raises
    ------
    InputMissingError, TableError
        If a table of rules or thresholds is not there or at fault.
    """
    world, sites, notes = prepared.world, prepared.candidates.sites, prepared.notes
    files = _files(scenario)
    tables = {name: read_rule_table(path, key=name) for name, path in files.items()}
    need = counts.demand(prepared.demand, prepared.reach)
    content = {
        "format": FORMAT,
        "run": {
            "name": scenario.run.name,
            "language": scenario.run.language,
            "title_zh": scenario.run.title_zh,
            "title_en": scenario.run.title_en,
        },
        "synthetic": any(source.synthetic for source in world.sources),
        "map": world.report,
        "layers": basis.layers(
            scenario,
            world,
            table=tables["site_rules"],
            notes=notes,
            counted_people=need["by_quality"].get("counted", 0.0),
        ),
        "screening": [
            {"step": step, "count": int(count)} for step, count in prepared.candidates.screening
        ],
        "zones": counts.by_zone(
            world.zones, prepared.candidates.by_zone, sites, prepared.demand, prepared.reach
        ),
        "sites_by_kind": counts.counts_by(sites["kind"]),
        "sites_by_verdict": counts.counts_by(sites["verdict"]),
        "spaces_by_source": counts.counts_by(sites["spaces_source"]),
        "names": counts.names(world.places, sites),
        "duplicates": {
            "places_merged": counts.note_value(notes, "places_merged", "places"),
            "stations_merged": counts.note_value(notes, "stations_merged", "count"),
        },
        "snap_m": counts.snapping(sites, counts.note_value(notes, "snap_distance", "too_far")),
        "people_by_quality": counts.people(world.zones),
        "existing": counts.existing(world.stations, sites),
        "stations_read": int((~world.stations["swap"].astype(bool)).sum()),
        "demand": need,
        "pairs_in_reach": len(prepared.reach),
        "capacity": capacity(problem),
        "parameters": basis.parameters(_shipped("parameters"), scenario, files),
        "tables": basis.marked_tables(tables, files),
        "rules": basis.rules(tables["site_rules"], notes),
        "notes": [{"key": note.key, "values": dict(note.values)} for note in notes],
        "sources": [
            {
                "name": one.name,
                "origin": one.origin,
                "as_of": one.as_of,
                "licence": one.licence,
                "synthetic": one.synthetic,
            }
            for one in world.sources
        ],
    }
    grid = make_grid(sites, world.substations, assigned=scenario.power.assigned)
    found = measures(
        content, sites=sites, headroom_kw=grid["headroom_kw"].set_axis(sites.index),
        edges=world.edges,
    )  # fmt: skip
    stages = graded(found, _shipped("check_grades"))
    return content | {"grades": stages, "advice": advice(stages)}


def _files(scenario: Scenario) -> dict[str, Path]:
    """Return the tables of figures the scenario names."""
    given, demand = scenario.candidates, scenario.demand
    names = ("site_kinds", "site_rules", "charger_classes", "charger_mix")
    return {
        **{name: local_path(getattr(given, name)) for name in names},
        "costs": local_path(scenario.costs.prices),
        "nev_shares": local_path(demand.nev_shares),
        "hour_profile": local_path(demand.hour_profile),
        "road_speeds": local_path(scenario.inputs.speeds),
    }


def _shipped(name: str) -> pd.DataFrame:
    return read_rule_table(shipped_path(f"{name}.csv"), key=name)
