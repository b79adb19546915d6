"""What a plan would rest on: counted on the way to the sites, and graded."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from siting.analysis.station.power import make_grid
from siting.checkup import basis
from siting.checkup.findings import (
    Checkup,
    DataSource,
    Duplicates,
    Existing,
    Names,
    Need,
    People,
    RunTitle,
    Snapping,
    Step,
    Zone,
)
from siting.checkup.grades import advice, graded, measures
from siting.inputs.files.sheets import read_rule_table
from siting.optimize.problem.inner_problem import capacity
from siting.pipeline.early import occasion_names
from siting.scenario import local_path
from siting.shipped import shipped_path

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd

    from siting.notes import Note
    from siting.optimize.problem.problem import SitingProblem
    from siting.pipeline.prepare import Prepared
    from siting.scenario import Scenario


def make_checkup(scenario: Scenario, prepared: Prepared, problem: SitingProblem) -> Checkup:
    """Return what a plan would rest on.

    Parameters
    ----------
    scenario, prepared
        The scenario and what is known of its place.
    problem
        The problem posed without refusing impossible totals.

    Raises
    ------
    InputMissingError, TableError
        If a table of rules or thresholds is not there or at fault.
    """
    world, sites = prepared.world, prepared.candidates.sites
    found = _findings(scenario, prepared, problem)
    grid = make_grid(sites, world.substations, assigned=scenario.power.assigned)
    measured = measures(
        found, sites=sites, headroom_kw=grid["headroom_kw"].set_axis(sites.index),
        edges=world.edges,
    )  # fmt: skip
    stages = graded(measured, _shipped("check_grades"))
    return replace(found, grades=stages, advice=advice(stages))


def _findings(scenario: Scenario, prepared: Prepared, problem: SitingProblem) -> Checkup:
    """Return all that is counted, before it is graded."""
    world, sites, notes = prepared.world, prepared.candidates.sites, prepared.notes
    files = _files(scenario)
    tables = {name: read_rule_table(path, key=name) for name, path in files.items()}
    need, run = _need(prepared.demand, prepared.reach), scenario.run
    return Checkup(
        run=RunTitle(run.name, run.language, run.title_zh, run.title_en),
        synthetic=any(source.synthetic for source in world.sources),
        map=world.report,
        layers=basis.layers(
            scenario, world, table=tables["site_rules"], notes=notes,
            counted_people=need.by_quality.get("counted", 0.0),
        ),
        screening=tuple(Step(step, int(count)) for step, count in prepared.candidates.screening),
        zones=_by_zone(
            world.zones, prepared.candidates.by_zone, sites, prepared.demand, prepared.reach
        ),
        sites_by_kind=_counts_by(sites["kind"]),
        sites_by_verdict=_counts_by(sites["verdict"]),
        spaces_by_source=_counts_by(sites["spaces_source"]),
        names=_names(world.places, sites),
        duplicates=_duplicates(notes),
        snap_m=_snapping(sites, _note_value(notes, "snap_distance", "too_far")),
        people_by_quality=_people(world.zones),
        existing=_existing(world.stations, sites),
        stations_read=int((~world.stations["swap"].astype(bool)).sum()),
        demand=need,
        pairs_in_reach=len(prepared.reach),
        capacity=capacity(problem),
        parameters=basis.parameters(_shipped("parameters"), scenario, files),
        tables=basis.marked_tables(tables, files),
        rules=basis.rules(tables["site_rules"], notes),
        notes=notes,
        sources=tuple(
            DataSource(one.name, one.origin, one.as_of, one.licence, one.synthetic)
            for one in world.sources
        ),
        kinds=prepared.kind_names,
    )  # fmt: skip


def _files(scenario: Scenario) -> dict[str, Path]:
    """Return the tables of figures the scenario names."""
    given, demand = scenario.candidates, scenario.demand
    names = ("site_kinds", "site_rules", "charger_classes", "charger_mix")
    return {
        **{name: local_path(getattr(given, name)) for name in names},
        "costs": local_path(scenario.costs.prices),
        "demand_factors": local_path(scenario.power.demand_factors),
        "nev_shares": local_path(demand.nev_shares),
        "hour_profile": local_path(demand.hour_profile),
        "road_speeds": local_path(scenario.inputs.speeds),
        **{name: local_path(getattr(demand, name)) for name in occasion_names(scenario)},
    }


def _shipped(name: str) -> pd.DataFrame:
    return read_rule_table(shipped_path(f"{name}.csv"), key=name)


def _note_value(notes: tuple[Note, ...], key: str, field: str) -> int:
    """Return a number that a stage told in a note; 0 where it had nothing to tell."""
    return next((int(dict(note.values)[field]) for note in notes if note.key == key), 0)


def _counts_by(values: pd.Series) -> dict[str, int]:
    """Return how often each value stands, by its name."""
    counted = values.value_counts().sort_index()
    return {str(key): int(count) for key, count in counted.items()}


def _duplicates(notes: tuple[Note, ...]) -> Duplicates:
    return Duplicates(
        _note_value(notes, "places_merged", "places"),
        _note_value(notes, "stations_merged", "count"),
    )


def _snapping(sites: gpd.GeoDataFrame, too_far: int) -> Snapping:
    far = sites["snap_m"]
    if far.empty:
        return Snapping(None, None, None, too_far)
    median, p95, most = (
        round(float(end), 1) for end in (far.median(), far.quantile(0.95), far.max())
    )
    return Snapping(median, p95, most, too_far)


def _names(places: gpd.GeoDataFrame, sites: gpd.GeoDataFrame) -> Names:
    nameless = _nameless(sites["name"])
    return Names(
        places=len(places),
        places_nameless=int(_nameless(places["name"]).sum()),
        sites=len(sites),
        sites_nameless=int(nameless.sum()),
        sites_sharing_a_name=int(sites.loc[~nameless, "name"].duplicated(keep=False).sum()),
    )


def _existing(stations: gpd.GeoDataFrame, sites: gpd.GeoDataFrame) -> Existing:
    """Return what stands already; chargers of unknown number are estimated in the sites."""
    unknown = stations["chargers"].isna() & ~stations["swap"].astype(bool)
    return Existing(
        stations=int(sites["existing_station"].sum()),
        chargers=int(sites["existing_chargers"].sum()),
        swap_stations=int(sites["existing_swap"].sum()),
        chargers_unknown=int(unknown.sum()),
    )


def _people(zones: gpd.GeoDataFrame) -> dict[str, People]:
    """Return zones and people by the quality of the figure; people without one are missing."""
    grouped = zones.groupby("population_quality")["population"]
    return {
        str(name): People(len(some), float(some.sum()) if some.notna().any() else None)
        for name, some in grouped
    }


def _need(table: gpd.GeoDataFrame, reach: pd.DataFrame) -> Need:
    need = float(table["kwh_day"].sum())
    far = float(table.loc[_out_of_reach(table, reach), "kwh_day"].sum())
    return Need(
        points=len(table),
        kwh_day=round(need, 1),
        by_kind=_sums(table, "kind", "kwh_day"),
        by_quality=_sums(table, "quality", "people"),
        out_of_reach_kwh_day=round(far, 1),
        out_of_reach_share=round(far / need, 4) if need else None,
    )


def _by_zone(
    zones: gpd.GeoDataFrame,
    screening: pd.DataFrame,
    sites: gpd.GeoDataFrame,
    table: gpd.GeoDataFrame,
    reach: pd.DataFrame,
) -> tuple[Zone, ...]:
    steps = screening.set_index("zone_id")
    need = table.groupby("zone_id")["kwh_day"].sum()
    far = table[_out_of_reach(table, reach)].groupby("zone_id")["kwh_day"].sum()
    verdicts = pd.crosstab(sites["zone_id"], sites["verdict"])
    standing = sites.groupby("zone_id")["existing_station"].sum()
    found = []
    for zone in zones.sort_values("zone_id").to_dict("records"):
        key = zone["zone_id"]
        kwh_day, out = float(need.get(key, 0.0)), float(far.get(key, 0.0))
        found.append(
            Zone(
                zone_id=str(key),
                name=str(zone["name"]),
                people=None if pd.isna(zone["population"]) else float(zone["population"]),
                people_quality=str(zone["population_quality"]),
                steps={str(step): int(steps.loc[key, step]) for step in steps.columns},
                sign_off=_cell(verdicts, key, "sign_off"),
                stop=_cell(verdicts, key, "stop"),
                existing_stations=int(standing.get(key, 0)),
                kwh_day=round(kwh_day, 1),
                out_of_reach_kwh_day=round(out, 1),
                out_of_reach_share=round(out / kwh_day, 4) if kwh_day else None,
            )
        )
    return tuple(found)


def _nameless(name: pd.Series) -> pd.Series:
    return name.isna() | name.astype("str").str.strip().eq("")


def _out_of_reach(table: gpd.GeoDataFrame, reach: pd.DataFrame) -> pd.Series:
    return ~table["demand_id"].isin(reach["demand_id"].unique())


def _sums(table: gpd.GeoDataFrame, by: str, column: str) -> dict[str, float]:
    sums = table.groupby(by)[column].sum()
    return {str(name): round(float(value), 1) for name, value in sums.items()}


def _cell(table: pd.DataFrame, row: str, column: str) -> int:
    return int(table[column].get(row, 0)) if column in table.columns else 0
