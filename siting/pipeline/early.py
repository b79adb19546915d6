"""What the planner gave besides the map: read and checked before it, made ready for the stages."""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import shapely

from siting.analysis.candidates.regimes import (
    Around,
    check_build_ratios,
    communities_room,
    projects_due,
)
from siting.analysis.candidates.site_kinds import check_site_kinds, require_kinds
from siting.analysis.candidates.site_rules import check_site_rules
from siting.analysis.demand.demand_chain import check_hour_profiles, check_nev_shares
from siting.analysis.demand.demand_points import Figures
from siting.analysis.demand.occasions import make_occasions
from siting.analysis.road_parts import Needing, needed_parts, without_crossed
from siting.analysis.station.chargers import make_chargers, with_mean_charger
from siting.analysis.station.costs import check_costs
from siting.errors import Collected, ScenarioError, TableError
from siting.inputs.files.sheets import read_rule_table
from siting.inputs.layers import ScoreFiles, load_score_files
from siting.inputs.people import with_people, with_people_at
from siting.inputs.world import Lists, read_lists
from siting.notes import Note
from siting.scenario import local_path
from siting.shipped import shipped_path

if TYPE_CHECKING:
    import pandas as pd

    from siting import scenario
    from siting.inputs.area_shape import AreaShape
    from siting.inputs.world import World

    Notes = list[Note]
    import geopandas as gpd

    from siting.analysis.candidates.site_rules import SiteRule
    from siting.analysis.demand.occasions import Occasions
    from siting.analysis.station.chargers import Chargers
    from siting.scenario import Factors, Scenario, Targets

_CHONGQING = (105.28, 28.15, 110.20, 32.21)
"""West, south, east, north of a box around the municipality, WGS-84."""

_FOR_RULES = ("red_lines", "protected", "flood", "slope")


def build_ratios(settings: scenario.Candidates) -> pd.DataFrame:
    """Return the checked table of the charging bays that building projects owe."""
    path = local_path(settings.build_ratios)
    return check_build_ratios(read_rule_table(path, key="candidates.build_ratios"))


def local_tables(scenario: Scenario, area: AreaShape) -> Notes:
    """Return a note of the shipped tables of Chongqing that a plan elsewhere rests on.

    Parameters
    ----------
    scenario
        The scenario.
    area
        The area; elsewhere if its middle lies outside a box around Chongqing.
    """
    middle = area.polygon.centroid
    if shapely.box(*_CHONGQING).contains(middle):
        return []
    settings = scenario.candidates
    used = {
        "costs.csv": scenario.costs.prices,
        "site_rules.csv": settings.site_rules,
        "build_ratios.csv": settings.build_ratios,
        "site_kinds.csv": settings.site_kinds,
    }
    shipped = [name for name, path in used.items() if local_path(path) == shipped_path(name)]
    names = [f"data/{name}" for name in shipped] + [
        f"model.chongqing: {rule}" for rule in scenario.model.chongqing
    ]
    return [Note("tables_of_chongqing", {"names": names})] if names else []


def counted_world(
    world: World, counting: scenario.Counting, *, max_snap_m: float
) -> tuple[World, Notes]:
    """Return the world with the roads and zones that count.

    The roads are cut by the barriers and lose the parts that nobody needs; the zones are those
    not left out.

    Parameters
    ----------
    world
        The world.
    counting
        Block ``counting`` of the scenario.
    max_snap_m
        The farthest that a road counts as that of a place.

    Raises
    ------
    ScenarioError
        If ``counting.leave_out_managed_by`` names nobody, or leaves no zone.
    """
    nodes, edges, notes = without_crossed(world.nodes, world.edges, world.layers.get("barriers"))
    bodies = sorted(set(world.zones["managed_by"].dropna()))
    unknown = [name for name in counting.leave_out_managed_by if name not in bodies]
    out = world.zones["managed_by"].isin(counting.leave_out_managed_by)
    if unknown or out.all():
        raise ScenarioError(
            f"no zone is run by {', '.join(unknown)}" if unknown else "no zone is left to plan",
            where="counting.leave_out_managed_by",
            cure=f"one of: {', '.join(bodies)}" if bodies else "the zones do not say who runs them",
        )
    if out.any():
        values = {"zones": int(out.sum()), "bodies": list(counting.leave_out_managed_by)}
        notes.append(Note("zones_left_out", values))
    zones = world.zones[~out].reset_index(drop=True)
    needing = Needing(
        world.places, world.stations, zones, world.people, world.landscape,
        world.layers.get("barriers"),
    )  # fmt: skip
    nodes, edges, told, report = needed_parts(nodes, edges, needing, within_m=max_snap_m)
    report = world.report | report
    return replace(world, nodes=nodes, edges=edges, zones=zones, report=report), notes + told


def around(
    world: World, kinds: pd.DataFrame, ratios: pd.DataFrame, *, by: int | None
) -> tuple[Around, Notes]:
    """Return what the candidates take from the layers and lists.

    Parameters
    ----------
    world
        The world.
    kinds, ratios
        Results of ``check_site_kinds`` and :func:`build_ratios`.
    by
        Year of the targets.
    """
    notes: Notes = []
    projects, communities = world.layers.get("projects"), world.layers.get("communities")
    if projects is not None:
        projects, notes = projects_due(projects, ratios, by=by)
    if communities is not None:
        communities = communities_room(communities, kinds)
    layers = {role: world.layers[role] for role in _FOR_RULES if role in world.layers}
    return Around(world.landscape, layers, projects, communities), notes


_ESTIMATED = "estimated"
_MONEY = "CNY"
_CASES = ["low", "base", "high"]
_PRICES = ["price_low_cny", "price_cny", "price_high_cny"]

Told = list[Note]


def factored_world(world: World, factors: Factors) -> tuple[World, Told]:
    """Return the world with headroom and estimated people multiplied, and a note of all factors.

    Unknown headroom stays unknown; people counted, rounded or suspect stay as they are.
    """
    zones, substations = world.zones, world.substations
    if factors.estimated_people != 1:
        share = zones["population_quality"].eq(_ESTIMATED) * (factors.estimated_people - 1.0) + 1.0
        zones = zones.assign(population=zones["population"] * share)
    if factors.headroom != 1 and substations is not None:
        substations = substations.assign(headroom_kw=substations["headroom_kw"] * factors.headroom)
    told: Told = []
    if any(value != 1 for value in factors.model_dump().values()):
        told.append(Note("factors", factors.model_dump()))
    return replace(world, zones=zones, substations=substations), told


def factored_prices(prices: pd.DataFrame, factors: Factors) -> pd.DataFrame:
    """Return the table of prices with all money multiplied; shares and lengths stay."""
    if factors.prices == 1:
        return prices
    factor = prices["unit"].str.startswith(_MONEY) * (factors.prices - 1.0) + 1.0
    return prices.assign(**{case: prices[case] * factor for case in _CASES})


def factored_chargers(chargers: Chargers, factors: Factors) -> Chargers:
    """Return the classes of chargers with their prices multiplied."""
    if factors.prices == 1:
        return chargers
    classes = chargers.classes.assign(
        **{name: chargers.classes[name] * factors.prices for name in _PRICES}
    )
    bay = chargers.swap_bay.copy()
    bay[_PRICES] = bay[_PRICES].astype(float) * factors.prices
    return replace(chargers, classes=classes, swap_bay=bay)


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
    made: dict[str, Any] = {"ratios": ()}
    with faults.of():
        made["ratios"] = build_ratios(scenario.candidates)
    with faults.of():
        made["kinds"], made["rules"], made["chargers"] = rule_tables(scenario)
    with faults.of():
        made["figures"] = _demand_figures(scenario)
    with faults.of():
        made["occasions"] = _occasions(scenario, made.get("chargers"))
    with faults.of():
        prices = read_rule_table(local_path(scenario.costs.prices), key="costs.prices")
        made["prices"] = check_costs(prices)

    def scores(area: AreaShape) -> None:
        made["files"] = load_score_files(scenario.scoring, area)

    kinds = tuple(getattr(made["ratios"], "index", ()))
    made["lists"] = read_lists(
        scenario.area, scenario.inputs, project_kinds=kinds, faults=faults, also=scores
    )
    _refuse_people_of_files(scenario, made["lists"])
    return Early(**made)


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
    return Figures(nev_shares=check_nev_shares(shares), hours=check_hour_profiles(hours))


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
