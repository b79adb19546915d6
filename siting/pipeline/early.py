"""Everything small, read and checked before the map is: every fault of every file at once."""

from __future__ import annotations

import csv
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from siting.analysis.candidates.site_kinds import check_site_kinds, require_kinds
from siting.analysis.candidates.site_rules import check_site_rules
from siting.analysis.demand.demand_chain import check_hour_profiles, check_nev_shares, nev_growth
from siting.analysis.demand.demand_points import Figures
from siting.analysis.demand.occasions import make_occasions
from siting.analysis.scores.criteria import check_criteria
from siting.analysis.station.chargers import make_chargers, with_mean_charger
from siting.analysis.station.costs import check_costs
from siting.analysis.station.power import check_demand_factors
from siting.errors import Collected, TableError
from siting.inputs.files.sheets import read_rule_table
from siting.inputs.layers import ScoreFiles, load_score_files
from siting.inputs.people import with_people, with_people_at
from siting.inputs.world import Lists, read_lists
from siting.pipeline.adjust import build_ratios
from siting.scenario import local_path
from siting.shipped import SHIPPED_PREFIX, shipped_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    import geopandas as gpd
    import pandas as pd

    from siting.analysis.candidates.site_rules import SiteRule
    from siting.analysis.demand.occasions import Occasions
    from siting.analysis.station.chargers import Chargers
    from siting.analysis.station.power import DemandFactors
    from siting.inputs.area_shape import AreaShape
    from siting.scenario import Scenario, Targets


_MOST_PEOPLE_KM2 = 150_000
"""The densest quarters of the world have fewer."""


_FEWEST_KM2 = 0.5
_M2_PER_KM2 = 1e6


@dataclass(frozen=True, eq=False)
class Early:
    """What a scenario names besides the map, as checked tables."""

    lists: Lists
    ratios: pd.DataFrame
    kinds: pd.DataFrame
    rules: tuple[SiteRule, ...]
    chargers: Chargers
    figures: Figures
    prices: pd.DataFrame
    demand_factors: DemandFactors
    files: ScoreFiles
    occasions: Occasions | None = None


def read_early(scenario: Scenario) -> Early:
    """Read and check every file of a scenario but the map.

    Raises
    ------
    DataError, ScenarioError
        What the files are at fault with: one fault as it is, several as a list.
    """
    faults = Collected()
    made: dict[str, Any] = {}
    with faults.of(), _own_files_named(scenario):
        made["ratios"] = build_ratios(scenario.candidates)
    with faults.of(), _own_files_named(scenario):
        made["kinds"], made["rules"], made["chargers"] = rule_tables(scenario)
    with faults.of(), _own_files_named(scenario):
        made["figures"] = _demand_figures(scenario)
    with faults.of(), _own_files_named(scenario):
        made["occasions"] = _occasions(scenario, made.get("chargers"))
    with faults.of(), _own_files_named(scenario):
        prices = read_rule_table(local_path(scenario.costs.prices), key="costs.prices")
        made["prices"] = check_costs(prices)
    with faults.of(), _own_files_named(scenario):
        path = local_path(scenario.power.demand_factors)
        made["demand_factors"] = check_demand_factors(
            read_rule_table(path, key="power.demand_factors")
        )

    def scores(area: AreaShape) -> None:
        made["files"] = load_score_files(scenario.scoring, area)
        check_criteria(made["files"].criteria)

    kinds = tuple(made["ratios"].index) if "ratios" in made else ()
    made["lists"] = read_lists(
        scenario.area, scenario.inputs, project_kinds=kinds, faults=faults, also=scores
    )
    _refuse_people_of_files(scenario, made["lists"])
    return Early(**made)


@contextmanager
def _own_files_named(scenario: Scenario) -> Iterator[None]:
    """Have a fault in a table of rules name the planner's file, where it is not the shipped one."""
    try:
        yield
    except TableError as error:
        where = error.where
        for block in (scenario.candidates, scenario.demand, scenario.power, scenario.costs):
            for name, field in type(block).model_fields.items():
                shipped, own = field.default, getattr(block, name)
                if isinstance(shipped, str) and shipped != own:
                    place = f"data/{shipped.removeprefix(SHIPPED_PREFIX)}"
                    where = where.replace(place, str(local_path(own)))
        raise TableError(error.what, where=where, cure=error.cure) from error


def rule_tables(scenario: Scenario) -> tuple[pd.DataFrame, tuple[SiteRule, ...], Chargers]:
    """Return the kinds of sites, the rules of the setting and the chargers of a scenario."""
    settings, language = scenario.candidates, scenario.run.language
    names = ("site_kinds", "site_rules", "charger_classes", "charger_mix")
    tables_ = {
        name: read_rule_table(local_path(getattr(settings, name)), key=f"candidates.{name}")
        for name in names
    }
    kinds = check_site_kinds(tables_["site_kinds"], language=language)
    named = {
        "candidates.leave_out": settings.leave_out,
        "counting.not_public": scenario.counting.not_public,
        "model.spacing_by_kind": tuple(scenario.model.spacing_by_kind),
    }
    require_kinds(kinds, {key: names for key, names in named.items() if names})
    kinds = kinds.assign(owner=kinds["owner"].replace(owner_names(scenario)))
    chargers = make_chargers(tables_["charger_classes"], tables_["charger_mix"], kinds)
    if scenario.counting.charger == "gun":
        chargers = chargers.by_gun()
    rules = check_site_rules(tables_["site_rules"], kinds, language=language)
    return with_mean_charger(kinds, chargers), rules, chargers


def occasion_names(scenario: Scenario) -> tuple[str, ...]:
    """Return the keys of ``demand`` that name the tables of the occasions; none if not asked."""
    if scenario.model.occasions == "one" or scenario.model.objective != "joint":
        return ()
    return ("occasions", "occasion_shares", "occasion_worth")


def _occasions(scenario: Scenario, chargers: Chargers | None) -> Occasions | None:
    """Return who charges where; None where the scenario does not ask, or has no chargers."""
    settings, names = scenario.demand, occasion_names(scenario)
    if not names or chargers is None:
        return None
    rows = {
        name: read_rule_table(local_path(getattr(settings, name)), key=f"demand.{name}")
        for name in names
    }
    return make_occasions(
        rows, chargers, case=settings.place_bound, cutoff_m=scenario.travel.cutoff_m
    )


def owner_names(scenario: Scenario) -> dict[str, str]:
    """Return the usual name of each body to the one the scenario gives it."""
    named = {one.body: one for one in scenario.handouts.bodies}
    text = shipped_path("handout_bodies.csv").read_text(encoding="utf-8")
    language = scenario.run.language
    return {
        row[f"name_{language}"]: getattr(named[row["body"]], f"name_{language}")
        or named[row["body"]].name_zh
        for row in csv.DictReader(text.splitlines())
        if row["body"] in named
    }


def _demand_figures(scenario: Scenario) -> Figures:
    settings = scenario.demand
    shares = read_rule_table(local_path(settings.nev_shares), key="demand.nev_shares")
    hours = read_rule_table(local_path(settings.hour_profile), key="demand.hour_profile")
    figures = Figures(nev_shares=check_nev_shares(shares), hours=check_hour_profiles(hours))
    if scenario.sizing.surplus == "growth":  # refused before the map is read
        growth_of(scenario, figures.nev_shares)
    return figures


def growth_of(scenario: Scenario, shares: pd.DataFrame) -> float:
    """Return the demand of ``sizing.growth_year`` over that of the plan's year.

    Raises
    ------
    ScenarioError
        If the table of NEV shares does not hold one of the years.
    """
    year = scenario.demand.year or scenario.targets.by
    return nev_growth(shares, scenario.demand, year=year, later=scenario.sizing.growth_year)


def _refuse_people_of_files(scenario: Scenario, lists: Lists) -> None:
    """Refuse people out of proportion before the map is read, where the files say how many."""
    zones, given = lists.zones, scenario.inputs.zones
    where = "inputs.zones" if given.people is None else "inputs.zones.people"
    if zones.zones is not None:
        table = zones.zones[0]
        if zones.people is not None:
            table, _ = with_people(table, given, [], listed=zones.people)
        elif zones.placed is not None:
            table, _ = with_people_at(table, given, lists.area, [], listed=zones.placed)
        refuse_people(table.to_crs(lists.area.crs), scenario.targets, where=where)
    elif (told := zones.people or zones.placed) is not None:
        people = told[0]["population"]
        _refuse_few(people, len(people), scenario.targets, where=where)


def refuse_people(zones: gpd.GeoDataFrame, targets: Targets, *, where: str) -> None:
    """Refuse numbers of people that cannot be: they are in another unit.

    Parameters
    ----------
    zones
        population and geometry in metres.
    targets
        The totals; a charger for every person is out of all proportion.
    where
        Key of the file with the people.

    Raises
    ------
    TableError
        With the numbers.
    """
    _refuse_few(zones["population"], len(zones), targets, where=where)
    known = zones[zones["population"].notna()]
    people, km2 = float(known["population"].sum()), float(known.geometry.area.sum()) / _M2_PER_KM2
    if km2 >= _FEWEST_KM2 and people / km2 > _MOST_PEOPLE_KM2:
        what = f"{people:,.0f} people on {km2:,.1f} km2, {people / km2:,.0f} on each"
        raise _out_of_proportion(len(known), what, where)


def _refuse_few(people: pd.Series, zones: int, targets: Targets, *, where: str) -> None:
    """Refuse fewer people than chargers, where most zones know theirs."""
    known = people.dropna()
    total = float(known.sum())
    if 0 < total < targets.chargers and 2 * len(known) >= zones:
        what = f"{total:,.4g} people for {targets.chargers:,} chargers (targets.chargers)"
        raise _out_of_proportion(len(known), what, where)


def _out_of_proportion(zones: int, what: str, where: str) -> TableError:
    return TableError(
        f"the people of {zones} zones are out of all proportion: {what}",
        where=where,
        cure='say their unit, inputs.zones.people_unit = "万人" or "人", or mend the figures',
    )
