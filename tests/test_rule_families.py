"""Each family of rules: its rows as text, the plan it changes, the recount that sees a breach."""

from __future__ import annotations

import dataclasses

import numpy as np
import pulp
import pytest
from desk import set_up
from problem_cases import blocks, tables
from test_model import hold, text_of
from test_recount import changed, legal_plan

from siting.audit.recount import recount
from siting.errors import ImpossibleTargetError, NoPlanError, RecountError, ScenarioError
from siting.optimize.build import PlaceTables, PowerAndPrice, build_problem
from siting.optimize.model import joint
from siting.optimize.model.joint import write_rules
from siting.pipeline import run as pipeline
from siting.pipeline.meter import Meter
from siting.scenario import Targets, Travel, dump_scenario, load_scenario, scenario_from


def quiet():
    return Meter(lambda *_: None)


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """Return the small town's scenario as a dict, and what is known of the place."""
    scenario = load_scenario(set_up(tmp_path_factory.mktemp("town")))
    return dump_scenario(scenario), pipeline.prepare(scenario, quiet())


@pytest.fixture
def plan_with(town, monkeypatch):
    """Return a function that plans the town with other keys of [model] and [targets]."""
    content, prepared = town
    monkeypatch.setattr(pipeline, "prepare", lambda *_, **__: prepared)

    def plan(targets=None, **keys):
        over = {**content, "model": {**content["model"], **keys}}
        over["targets"] = {**content["targets"], **(targets or {})}
        return pipeline.run(scenario_from(over), meter=quiet())

    return plan


def chargers(plan):
    return dict(zip(plan.sites["site_id"], plan.sites["chargers"], strict=True))


def build(content=None, **keys):
    """Return the problem of a straight road with other keys of [model]."""
    targets = {key: keys.pop(key) for key in ("stations", "chargers", "sense") if key in keys}
    travel_m = keys.pop("travel", None)
    setting = blocks(**keys)
    setting["targets"] = Targets(**{**setting["targets"].model_dump(), **targets})
    content = content or tables()
    content["zones"] = content["zones"].assign(kind=["town", "subdistrict"])
    if travel_m is not None:
        setting["travel"] = Travel(cutoff_m=2000, swap_cutoff_m=travel_m)
    prices = {key: content.pop(key) for key in ("site_costs", "swap_station_cny") if key in content}
    return build_problem(PlaceTables(**content), **setting, supply=PowerAndPrice(**prices))


def rows(problem, tmp_path):
    """Return the rows of the rules alone, as LP text."""
    lp = pulp.LpProblem("rules", pulp.LpMaximize)
    opened = joint.open_variables(lp, problem)
    counts = joint.charger_variables(lp, problem, opened)
    lp.setObjective(joint.linear([(variable, 1) for variable in opened.values()]))
    write_rules(lp, problem.rules, opened, counts)
    swaps = pulp.LpProblem("swap_rules", pulp.LpMaximize)
    swap = {j: swaps.add_variable(f"swap_{j}", 0, 1, pulp.LpInteger)
            for j in np.flatnonzero(problem.swap_ok).tolist()}  # fmt: skip
    if problem.swap_rules.families:
        swaps.setObjective(joint.linear([(variable, 1) for variable in swap.values()]))
        write_rules(swaps, problem.swap_rules, swap)
        return text_of(lp, tmp_path) + text_of(swaps, tmp_path)
    return text_of(lp, tmp_path)


FOUR_QUOTAS = [
    {"zones": ["west"], "at_most": 2},
    {"count": "chargers", "zone_kinds": ["subdistrict"], "at_least_share": 0.3},
    {"count": "swap_stations", "kinds": ["parking"], "each_zone": True, "at_most": 1},
]

GOLDEN = {
    "rule_locked": {"locked": ["way/3"], "upgrades": {"way/5": 7}},
    "rule_quota": {"limits": FOUR_QUOTAS},
}


@pytest.mark.parametrize("name", GOLDEN)
def test_the_rows_of_a_family_read_as_pinned(name, tmp_path):
    hold(name, rows(build(**GOLDEN[name]), tmp_path))


def test_totals_that_bind_one_way_read_as_pinned(tmp_path):
    sense = {"stations": "at_most", "chargers": "at_least", "swap_stations": "at_most"}
    problem = build(sense=sense)
    lp = pulp.LpProblem("totals", pulp.LpMaximize)
    opened = joint.open_variables(lp, problem)
    counts = joint.charger_variables(lp, problem, opened)
    lp.setObjective(joint.linear([(variable, 1) for variable in opened.values()]))
    joint.station_total(lp, problem, opened)
    joint.charger_total(lp, problem, counts)
    hold("rule_totals", text_of(lp, tmp_path))
    assert problem.swap_sense == "<="


# ---- the plan changes as it should


def test_a_locked_site_gets_its_station(plan_with):
    assert "node/500" not in chargers(plan_with())
    assert "node/500" in chargers(plan_with(locked=["node/500"]))


def test_a_banned_site_stays_empty(plan_with):
    assert "way/403" in chargers(plan_with())
    assert "way/403" not in chargers(plan_with(banned=["way/403"]))


def test_an_upgrade_is_made(plan_with):
    assert chargers(plan_with())["way/401"] < 25
    assert chargers(plan_with(upgrades={"way/401": 25}))["way/401"] >= 25


def test_a_ceiling_on_chargers_of_a_kind_binds(plan_with):
    limit = {"count": "chargers", "kinds": ["office"], "at_most": 5}
    assert chargers(plan_with())["way/403"] > 5
    assert chargers(plan_with(limits=[limit])).get("way/403", 0) <= 5


def test_a_floor_by_kind_of_zone_binds(plan_with):
    def in_town(plan):
        return int(plan.sites["zone_id"].eq("relation/811").sum())

    limit = {"zone_kinds": ["town"], "at_least": 3}
    assert in_town(plan_with()) == 2
    assert in_town(plan_with(limits=[limit], min_spacing_m=0)) == 3


def test_at_most_and_at_least_let_the_totals_move(plan_with):
    fewer = plan_with({"sense": {"stations": "at_most"}, "stations": 12})
    assert 2 <= len(fewer.sites) < 12
    more = plan_with({"sense": {"stations": "at_least", "chargers": "at_least"}})
    assert len(more.sites) >= 4
    assert more.sites["chargers"].sum() >= 40


def test_more_freedom_in_the_totals_never_hurts(plan_with):
    exact = plan_with().outcome
    free = plan_with({"sense": {"stations": "at_least", "chargers": "at_least"}}).outcome
    assert free.bound >= exact.value - 1e-9
    assert free.value >= exact.value - 1e-3


def test_swap_stations_obey_their_limits(plan_with):
    one = {"swap_stations": 1}
    first = plan_with(one).swap_sites["zone_id"].item()
    limit = {"count": "swap_stations", "zones": [first], "at_most": 0}
    if first != "relation/810":
        pytest.fail("the only swap sites lie in relation/810 and relation/811")
    kinds = {"count": "swap_stations", "kinds": ["service_area"], "at_least": 1}
    assert plan_with(one, limits=[kinds]).swap_sites["kind"].item() == "service_area"
    with pytest.raises(NoPlanError, match="and the rules: quota"):
        plan_with(one, limits=[limit])


# ---- refused with a cure


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"locked": ["way/33"]}, "model.locked: no site 'way/33' (did you mean 'way/3'?)"),
        ({"banned": ["nowhere"]}, "model.banned: no site 'nowhere'"),
        ({"upgrades": {"road/1": 3}}, "model.upgrades: no site 'road/1'"),
        ({"limits": [{"zones": ["wst"], "at_most": 1}]}, "no zone 'wst' (did you mean 'west'?)"),
        ({"limits": [{"kinds": ["parkin"], "at_most": 1}]}, "did you mean 'parking'?"),
        ({"limits": [{"zone_kinds": ["twn"], "at_most": 1}]}, "did you mean 'town'?"),
    ],
)
def test_names_that_are_not_there_are_refused(keys, told):
    with pytest.raises(ScenarioError) as caught:
        build(**keys)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"upgrades": {"way/3": 11}}, "way/3 11 of 10"),
        ({"locked": ["way/3"], "banned": ["way/3"]}, "a station must stand at way/3, but none may"),
        ({"limits": [{"zones": ["west"], "at_least": 5}]}, "its 4 sites have room for 4"),
    ],
)
def test_rules_no_choice_can_meet_are_refused_with_numbers(keys, told):
    with pytest.raises(ImpossibleTargetError) as caught:
        build(**keys)
    assert told in str(caught.value)


def test_a_ban_on_what_exists_is_refused():
    content = tables(existing_station=np.arange(8) == 2)
    with pytest.raises(ScenarioError, match="exists and stays: way/2"):
        build(content, banned=["way/2"])


def test_a_ceiling_below_what_exists_is_refused():
    content = tables(existing_station=np.arange(8) < 2)
    with pytest.raises(ImpossibleTargetError, match="but 2 exist and stay"):
        build(content, limits=[{"zones": ["west"], "at_most": 1}])


@pytest.mark.parametrize("limit", [{"kinds": ["parking"]}, {"at_least": 3, "at_most": 2}])
def test_a_limit_that_says_nothing_or_too_much_is_refused(limit, town):
    content = {**town[0], "model": {**town[0]["model"], "limits": [limit]}}
    with pytest.raises(ScenarioError, match=r"limits\[1\]"):
        scenario_from(content)


# ---- the recount sees each breach

LIMIT = {
    "count": "stations", "zones": [], "zone_kinds": [], "kinds": [], "each_zone": False,
    "at_least": None, "at_most": None, "at_least_share": None, "at_most_share": None,
}  # fmt: skip


def under(**keys):
    """Return a legal plan with further rules in its scenario."""
    plan = legal_plan()
    rules = {**plan.scenario["model"], **keys}
    return dataclasses.replace(plan, scenario={**plan.scenario, "model": rules})


def sensed(plan, **senses):
    return dataclasses.replace(plan, scenario={**plan.scenario, "targets": {"sense": senses}})


@pytest.mark.parametrize(
    ("plan", "told"),
    [
        (under(locked=["way/111"]), "way/111 is locked"),
        (under(banned=["way/104"]), "way/104 is banned, but a station"),
        (under(upgrades={"way/104": 99}), "its upgrade asks for 99"),
        (under(limits=[{**LIMIT, "at_least": 7}]), "6 stations in 4 zones, at least 7"),
        (under(limits=[{**LIMIT, "at_most": 5}]), "at most 5 allowed"),
        (under(limits=[{**LIMIT, "count": "chargers", "at_most_share": 0.5}]), "at most 50.0% of"),
        (under(limits=[{**LIMIT, "kinds": ["fuel"], "at_least_share": 0.9}]), "at least 90.0% of"),
        (under(limits=[{**LIMIT, "each_zone": True, "at_most": 0}]), "stations in zone"),
        (
            under(limits=[{**LIMIT, "count": "swap_stations", "at_most": 1}]),
            "2 swap_stations in 4 zones, at most 1",
        ),
    ],
)
def test_each_broken_rule_of_the_scenario_is_named(plan, told):
    with pytest.raises(RecountError) as caught:
        recount(plan)
    assert told in str(caught.value)


def test_totals_are_counted_the_way_they_bind():
    plan = legal_plan()
    # four slow chargers more at way/103, and all that hangs on them
    extra, row = 4 * (plan.sites.index == 3), plan.sites
    more = changed(
        plan, "sites", chargers=row["chargers"] + extra,
        chargers_slow_ac=row["chargers_slow_ac"] + extra, power_kw=row["power_kw"] + 7 * extra,
        size_target=row["size_target"] + extra,
        **{name: row[name] + 20_000 * extra for name in row.columns if name.startswith("cost_")
           and name.endswith("_cny")},
    )  # fmt: skip
    slow = plan.charger_classes["slow_ac"]
    slow = dataclasses.replace(slow, chargers=slow.chargers + 4)
    more = dataclasses.replace(
        more,
        totals={**plan.totals, "chargers": 94, "new_chargers": 64},
        charger_classes={**plan.charger_classes, "slow_ac": slow},
        figures={
            name: value + 80_000 * name.startswith("cost_") for name, value in plan.figures.items()
        },
    )
    recount(sensed(more, chargers="at_least"))
    with pytest.raises(RecountError, match="94 chargers counted, 90 asked for"):
        recount(sensed(more, chargers="at_most"))
