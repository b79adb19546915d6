"""Substation headroom: its rows, the plan it changes, the recount that sees a breach."""

from __future__ import annotations

import dataclasses

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from problem_cases import CRS, tables
from shapely.geometry import Point
from test_model import hold, optimum
from test_recount import legal_plan
from test_rule_families import chargers, plan_with, quiet, rows, town, under

from siting.analysis.station.power import DemandFactors, draw_line, make_grid
from siting.audit.recount import recount
from siting.errors import RecountError
from siting.optimize.build import PlaceTables, PowerAndPrice, build_problem
from siting.optimize.problem.problem import after_swap
from siting.pipeline import run as pipeline
from siting.scenario import Model, Targets, Travel, scenario_from

__all__ = ["plan_with", "town"]


def substations(*rows_, crs=CRS):
    return gpd.GeoDataFrame(
        {
            "substation_id": [f"S{number}" for number in range(len(rows_))],
            "headroom_kw": [kw for _, kw in rows_],
        },
        geometry=[point for point, _ in rows_],
        crs=crs,
    )


TWO = substations((Point(0, 0), 1000.0), (Point(3500, 0), 200.0), (Point(1700, 0), np.nan))


def road(known=TWO, *, assigned=None, **keys):
    """Return the straight road with two substations of known headroom, one station existing."""
    content = tables(existing_station=np.arange(8) == 7, existing_chargers=[0] * 7 + [3])
    content["sites"] = content["sites"].assign(kw_per_charger=50.0)
    model = Model(
        **{"headroom": True, "coincidence": 0.8, "diversity": 1, "swap_station_kw": 600, **keys}
    )
    grid = None if known is None else make_grid(content["sites"], known, assigned=assigned or {})
    return build_problem(
        PlaceTables(**content),
        targets=Targets(stations=3, chargers=12, swap_stations=1),
        model=model,
        travel=Travel(cutoff_m=2000, swap_cutoff_m=2000),
        supply=PowerAndPrice(grid),
    )


def test_the_rows_read_as_pinned(tmp_path):
    hold("rule_headroom", rows(road(), tmp_path))


def test_a_swap_station_takes_its_power_first():
    problem = road()
    before = [rule.rhs for rule in problem.rules.rows]
    after = [rule.rhs for rule in after_swap(problem, np.array([1])).rules.rows]
    assert [a - b for a, b in zip(after, before, strict=True)] == [-600, 0]


def test_where_nobody_knows_what_is_free_there_is_no_rule_but_a_note():
    problem = road()  # sites 2 to 5 hang on the substation in the middle, which says nothing
    assert [rule.sites.tolist() for rule in problem.rules.rows] == [[0, 1], [6, 7]]
    assert ("headroom_not_everywhere", {"count": 4, "of": 8}) in problem.notes


def test_an_assigned_substation_takes_the_place_of_the_nearest():
    problem = road(assigned={"way/2": "S0"})
    assert [rule.sites.tolist() for rule in problem.rules.rows] == [[0, 1, 2], [6, 7]]


def test_stations_that_peak_apart_share_the_power_but_none_has_more_than_all():
    problem = road(diversity=0.5)
    one, two, *large = problem.rules.rows
    assert one.charger_coef.tolist() == two.charger_coef.tolist() == [20, 20]
    assert [(rule.sites.tolist(), rule.charger_coef.tolist()) for rule in large] == [
        ([6], [40]), ([7], [40]),
    ]  # fmt: skip
    assert [rule.rhs for rule in (one, two, *large)] == [1000, 200 + 60, 200, 200 + 120]


def test_a_row_of_demand_factors_holds_what_the_recount_will_count():
    content = tables(existing_station=np.arange(8) == 7, existing_chargers=[0] * 7 + [3])
    sites = content["sites"].assign(kw_per_charger=50.0)
    factors = DemandFactors(np.array([1, 5]), np.array([1.0, 0.6]))
    opens, each = draw_line(sites, factors, np.ones(len(sites)))
    for size in range(1, 11):
        drawn = 50 * factors.at_once(np.array([size]))
        assert opens[0] + each[0] * size >= drawn - 1e-9


def test_without_any_known_headroom_there_is_a_note_and_no_rule():
    problem = road(substations((Point(0, 0), np.nan)))
    assert problem.rules.rows == ()
    assert problem.notes == (("headroom_without_figures", {}),)
    assert road(None).notes == problem.notes


def test_more_headroom_never_hurts():
    values = []
    for kw in (200.0, 300.0, 900.0):
        known = substations((Point(0, 0), kw), (Point(3500, 0), 120.0))
        values.append(optimum(road(known)))
    values.append(optimum(road(headroom=False)))
    assert values == sorted(values)
    assert values[0] < values[-1]


@pytest.fixture
def office_short_of_power(town, monkeypatch):
    """Plan the town with 60 kW free at the office and plenty elsewhere."""
    content, prepared = town
    sites = prepared.candidates.sites.set_index("site_id").geometry
    known = substations((sites["way/403"], 60.0), (sites["way/400"], 1e6), crs=sites.crs)
    world = dataclasses.replace(prepared.world, substations=known)
    powered = dataclasses.replace(prepared, world=world)
    monkeypatch.setattr(pipeline, "prepare", lambda *_, **__: powered)
    model = {**content["model"], "headroom": True}
    return pipeline.run(scenario_from({**content, "model": model}), meter=quiet())


def test_headroom_moves_the_plan(plan_with, office_short_of_power):
    assert chargers(office_short_of_power).get("way/403", 0) * 30 * 0.7 <= 60


def test_the_town_without_headroom_gives_the_office_more(plan_with):
    assert chargers(plan_with())["way/403"] * 30 * 0.7 > 60


def test_a_substation_overdrawn_is_named():
    plan = under(headroom=True, coincidence=0.7, diversity=1.0, swap_station_kw=900.0)
    plan = dataclasses.replace(plan, scenario={**plan.scenario})
    first = plan.sites.geometry.iloc[0]
    with pytest.raises(RecountError, match="kW drawn at substation S0, 5 kW are free"):
        recount(plan, substations=substations((first, 5.0), crs=plan.crs))
    recount(plan, substations=substations((first, 1e6), crs=plan.crs))
    with pytest.raises(RecountError, match="no table of substations"):
        recount(plan)


def test_the_recount_reads_demand_factors_and_diversity_of_its_own():
    plan = under(headroom=True, coincidence=None, diversity=0.5, swap_station_kw=900.0)
    point = plan.sites.geometry.iloc[0]
    factors = pd.DataFrame({"from_chargers": [1, 5], "base": [1.0, 0.6]})
    counted = DemandFactors(factors["from_chargers"].to_numpy(), factors["base"].to_numpy())
    sites, swaps = plan.sites, int(plan.swap_sites["is_new"].sum())
    each = sites["kw_per_charger"] * (
        counted.at_once(sites["chargers"].to_numpy())
        - counted.at_once(sites["existing_chargers"].to_numpy())
    )
    drawn = max(0.5 * float(each.sum()), float(each.max())) + 900.0 * swaps
    enough, short = (substations((point, kw), crs=plan.crs) for kw in (drawn + 0.01, drawn - 0.01))
    recount(plan, substations=enough, demand_factors=factors)
    with pytest.raises(RecountError, match="drawn at substation S0"):
        recount(plan, substations=short, demand_factors=factors)
    with pytest.raises(RecountError, match="no table of demand factors"):
        recount(plan, substations=enough)


def test_a_plan_without_the_rule_needs_no_substations():
    recount(legal_plan())
