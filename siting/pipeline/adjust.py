"""What the planner gave besides the map, made ready for the stages: lists, layers, factors."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import shapely

from siting.analysis.barriers import Beside, without_crossed
from siting.analysis.candidates.regimes import (
    Around,
    check_build_ratios,
    communities_room,
    projects_due,
)
from siting.analysis.road_parts import Needing, needed_parts
from siting.errors import ScenarioError
from siting.inputs.files.sheets import read_rule_table
from siting.notes import Note
from siting.scenario import local_path
from siting.shipped import shipped_path

if TYPE_CHECKING:
    import pandas as pd

    from siting import scenario
    from siting.analysis.station.chargers import Chargers
    from siting.inputs.area_shape import AreaShape
    from siting.inputs.world import World
    from siting.notes import Notes
    from siting.scenario import Factors, Scenario

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
) -> tuple[World, Beside, Notes]:
    """Return the world with the roads and zones that count, and what lies beside those roads.

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
    beside = Beside(world.landscape, world.layers.get("barriers"))
    nodes, edges, notes = without_crossed(world.nodes, world.edges, beside.barriers)
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
    needing = Needing(world.places, world.stations, zones, world.people)
    nodes, kept, told, counts = needed_parts(
        nodes, edges, needing, within_m=max_snap_m, beside=beside
    )
    report = replace(world.report, **asdict(counts))
    world = replace(world, nodes=nodes, edges=kept, zones=zones, report=report)
    dropped = edges[~edges["street_id"].isin(kept["street_id"])].reset_index(drop=True)
    return world, replace(beside, dropped=dropped), notes + told


def around(
    world: World,
    beside: Beside,
    kinds: pd.DataFrame,
    ratios: pd.DataFrame,
    *,
    by: int | None,
    not_public: tuple[str, ...] = (),
) -> tuple[Around, Notes]:
    """Return what the candidates take from the layers and lists.

    Parameters
    ----------
    world
        The world.
    beside
        What lies beside its roads, a result of :func:`counted_world`.
    kinds, ratios
        Results of ``check_site_kinds`` and :func:`build_ratios`.
    by
        Year of the targets.
    not_public
        Kinds of site that count as public with declared bays only.
    """
    notes: Notes = []
    projects, communities = world.layers.get("projects"), world.layers.get("communities")
    if projects is not None:
        projects, notes = projects_due(projects, ratios, by=by)
    if communities is not None:
        communities = communities_room(communities, kinds)
    layers = {role: world.layers[role] for role in _FOR_RULES if role in world.layers}
    planned = world.layers.get("planned_parking")
    if planned is not None and by is not None:
        late = planned["year"] > by
        if late.any():
            notes.append(Note("planned_parking_late", {"parks": int(late.sum()), "by": by}))
        planned = planned[~late]
    given = {role: world.layers.get(role) for role in ("sights", "renewal", "idle_land")}
    lists = Around(
        beside, layers, projects, communities,
        **given, planned_parking=planned, not_public=not_public,
    )  # fmt: skip
    return lists, notes


_ESTIMATED = "estimated"
_MONEY = "CNY"
_CASES = ["low", "base", "high"]
_PRICES = ["price_low_cny", "price_cny", "price_high_cny"]


def factored_world(world: World, factors: Factors) -> tuple[World, Notes]:
    """Return the world with headroom and estimated people multiplied, and a note of all factors.

    Unknown headroom stays unknown; people counted, rounded or suspect stay as they are.
    """
    zones, substations = world.zones, world.substations
    if factors.estimated_people != 1:
        share = zones["population_quality"].eq(_ESTIMATED) * (factors.estimated_people - 1.0) + 1.0
        zones = zones.assign(population=zones["population"] * share)
    if factors.headroom != 1 and substations is not None:
        substations = substations.assign(headroom_kw=substations["headroom_kw"] * factors.headroom)
    told: Notes = []
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
