"""Why a site: losses against brute force, each reason that keeps a site out, the verb."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from desk import edit, set_up
from hypothesis import given, settings
from hypothesis import strategies as st
from problem_cases import brute_force, ids
from test_model import random_problem

import siting
from siting.cli.main import run
from siting.errors import EXIT_DATA, EXIT_GOOD, EXIT_SCENARIO, InfeasibleError, ScenarioError
from siting.optimize.model.fill import Filled, Sizes, assign
from siting.optimize.problem.linear_rules import Rules, row_of
from siting.optimize.search import resolve
from siting.optimize.search.resolve import neighbourhood, solve_again, with_site, without_site
from siting.optimize.search.site_value import (
    compare,
    compare_swap,
    lost_kwh,
    only_in_reach,
    rules_in_the_way,
    rules_that_need,
    swap_worth,
    taken_over,
    too_near,
)
from siting.optimize.solver.solver import open_solver
from siting.outputs.words import all_words
from siting.why.ask import find_site


def door():
    return open_solver("highs", threads=1, seed=7, time_limit_s=60)


def solved(problem):
    """Return an optimal plan of a tiny problem."""
    free = np.ones(len(problem.site_id), dtype=bool)
    return solve_again(problem, np.flatnonzero(problem.forced), free, door()).plan


def with_row(problem, sites, sense, rhs, family="quota"):
    row = row_of(family, "a rule of the test", {}, sites, sense, rhs, opens=1.0)
    return replace(problem, rules=Rules((row,), ()))


# --- the loss ---------------------------------------------------------------------------------


@settings(max_examples=6)
@given(st.integers(0, 10_000))
def test_the_loss_is_the_difference_of_the_optima(seed):
    problem = random_problem(seed, sites=7, stations=3, chargers=6)
    best = brute_force(problem)
    if not np.isfinite(best):
        return
    plan = solved(problem)
    site = (
        int(plan.sites[~problem.forced[plan.sites]][0])
        if (~problem.forced[plan.sites]).any()
        else None
    )
    if site is None:
        return
    found = compare(problem, plan, site, door())
    closed = problem.openable.copy()
    closed[site] = False
    room = np.bincount(problem.site_zone[closed], minlength=len(problem.zone_id))
    without = brute_force(
        replace(problem, openable=closed, zone_floor=np.minimum(problem.zone_floor, room))
    )
    assert found.with_it.value == pytest.approx(best, abs=1e-6)
    if not np.isfinite(without):
        assert found.without_it is None
        return
    assert found.without_it.value == pytest.approx(without, abs=1e-6)
    assert found.exact
    assert found.low - 1e-6 <= best - without <= found.high + 1e-6
    assert site not in found.without_it.sites
    assert site in found.with_it.sites


@settings(max_examples=4)
@given(st.integers(0, 10_000))
def test_a_part_solved_again_is_legal_and_never_better_than_the_whole(seed):
    problem = random_problem(seed, sites=8, stations=3, chargers=6)
    if not np.isfinite(brute_force(problem)):
        return
    plan = solved(problem)
    fresh = plan.sites[~problem.forced[plan.sites]]
    if not len(fresh):
        return
    whole = compare(problem, plan, int(fresh[0]), door())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resolve, "EXACT_PAIRS", 0)
        part = compare(problem, plan, int(fresh[0]), door())
    assert np.isinf(part.high)
    assert not part.exact
    assert (part.without_it is None) == (whole.without_it is None)
    if part.without_it is not None:
        assert part.without_it.value <= whole.without_it.value + 1e-6
        assert len(part.without_it.sites) == problem.stations
        assert int(fresh[0]) not in part.without_it.sites


def test_a_wish_of_the_planner_is_lifted_to_see_what_it_costs():
    problem = random_problem(3, sites=7, stations=3, chargers=6)
    plan = solved(problem)
    site = int(plan.sites[~problem.forced[plan.sites]][0])
    locked = with_row(problem, [site], "=", 1, family="locked")
    assert without_site(locked, site).rules.rows == ()
    other = with_row(problem, [site], ">=", 1)
    assert len(without_site(other, site).rules.rows) == 1


def test_where_a_rule_needs_the_site_no_plan_is_told_without_it():
    problem = random_problem(3, sites=7, stations=3, chargers=6)
    site = int(solved(problem).sites[-1])
    needed = with_row(problem, [site], ">=", 1)
    plan = solved(needed)
    assert compare(needed, plan, site, door()).without_it is None
    assert [bar.family for bar in rules_that_need(needed, plan, site)] == ["quota"]
    free = neighbourhood(needed, plan.sites, site)
    with pytest.raises(InfeasibleError):
        solve_again(without_site(needed, site), plan.sites, free, door())


def line(**changes):
    """Return four sites and four points on a line, each point at its own site, 1 km apart."""
    base = random_problem(0, sites=4, demand=4, stations=2, chargers=4)
    xy = np.column_stack([np.arange(4) * 1000.0, np.zeros(4)])
    away = np.abs(xy[:, None, 0] - xy[None, :, 0])
    near = np.argwhere(away <= 1500).astype(np.int32)
    kwh = np.array([40.0, 30.0, 20.0, 10.0])
    content = {
        "demand_xy": xy, "site_xy": xy, "demand_kwh": kwh, "site_zone": np.zeros(4, dtype=int),
        "demand_zone": np.zeros(4, dtype=int), "openable": np.ones(4, dtype=bool),
        "min_chargers": np.ones(4, dtype=int), "max_chargers": np.full(4, 3),
        "existing_chargers": np.zeros(4, dtype=int), "forced": np.zeros(4, dtype=bool),
        "kwh_day_per_charger": np.full(4, 30.0), "score": np.full(4, 0.5),
        "pair_demand": near[:, 0], "pair_site": near[:, 1],
        "pair_distance_m": away[near[:, 0], near[:, 1]], "pair_kwh": kwh[near[:, 0]],
        "swap_pair_demand": near[:, 0], "swap_pair_site": near[:, 1],
        "swap_pair_distance_m": away[near[:, 0], near[:, 1]],
        "swap_ok": np.ones(4, dtype=bool), "existing_swap": np.zeros(4, dtype=bool),
        "min_spacing_m": 300.0, "swap_spacing_m": 300.0, "cutoff_m": 1500.0,
        "swap_cutoff_m": 1500.0, "zone_id": ids("z", 1), "zone_floor": np.zeros(1, dtype=int),
        "suitability_weight": 0.0, "own_spacing_m": None, "rules": Rules(), "swap_rules": Rules(),
        "swap_stations": 1,
    }  # fmt: skip
    return replace(base, **{**content, **changes})


def served(problem, sites, chargers):
    sites, chargers = np.array(sites), np.array(chargers)
    value, serve, *_ = worth_of(problem, sites, chargers)
    return Filled(sites, value, serve, chargers)


def worth_of(problem, sites, chargers):
    fixed = Sizes(chargers, chargers, int(chargers.sum()))
    serve = assign(problem, sites, fixed, door()).serve_kwh
    return problem.value(sites, serve), serve


def test_demand_only_it_serves_by_reach_and_by_room():
    problem = line()
    plan = served(problem, [0, 2], [2, 2])
    assert np.flatnonzero(only_in_reach(problem, plan, 0)).tolist() == [0]
    assert np.flatnonzero(only_in_reach(problem, plan, 2)).tolist() == [2, 3]
    # site 2 has room for 60 kWh: points 1, 2 and 3 ask for 60; point 0 is out of reach
    assert lost_kwh(problem, plan, 0) == pytest.approx(40.0)
    small = served(problem, [0, 2], [3, 1])
    assert lost_kwh(problem, small, 0) == pytest.approx(small.serve.sum() - 30.0)


def test_the_substitute_takes_over_what_the_site_served():
    problem = line()
    old, new = served(problem, [0, 2], [2, 2]), served(problem, [1, 2], [3, 1])
    taken = taken_over(problem, old, new, 0)
    mine = old.serve[problem.pair_site == 0].sum()
    assert taken.sum() <= mine + 1e-9
    assert taken[1] >= 40.0
    assert taken[0] == 0


def test_a_ceiling_without_room_is_in_the_way_and_one_with_room_is_not():
    problem = line()
    plan = served(problem, [0, 2], [2, 2])
    full = with_row(problem, [0, 1], "<=", 1)
    assert [bar.family for bar in rules_in_the_way(full, plan, 1)] == ["quota"]
    assert rules_in_the_way(with_row(problem, [0, 1], "<=", 2), plan, 1) == []
    assert rules_in_the_way(full, plan, 3) == []


def test_the_floor_of_a_zone_needs_its_only_station():
    problem = line(zone_floor=np.array([2]))
    plan = served(problem, [0, 2], [2, 2])
    assert [bar.family for bar in rules_that_need(problem, plan, 0)] == ["stations_per_zone"]


def test_a_station_demanded_keeps_the_spacing():
    problem = line(min_spacing_m=1100.0)
    plan = served(problem, [0, 2], [2, 2])
    found = compare(problem, plan, 1, door())
    assert found.with_it.sites.tolist() == [1, 3]
    forced = with_site(problem, 1)
    assert [rule.family for rule in forced.rules.rows] == [resolve.DEMANDED]


# --- swap stations ----------------------------------------------------------------------------


def test_a_swap_station_is_held_against_every_other_choice():
    problem = line()
    worths = {site: swap_worth(problem, np.array([site])) for site in range(4)}
    best = max(worths, key=worths.get)
    with_it, without_it = compare_swap(problem, np.array([best]), best, door())
    assert with_it.worth == pytest.approx(worths[best])
    second = max(value for site, value in worths.items() if site != best)
    assert without_it.worth == pytest.approx(second)
    worst = min(worths, key=worths.get)
    demanded, _ = compare_swap(problem, np.array([best]), worst, door())
    assert demanded.worth == pytest.approx(worths[worst])


def test_swap_stations_too_near_are_named():
    problem = line(swap_spacing_m=1500.0)
    assert too_near(problem, np.array([0, 3]), 1).tolist() == [0]


# --- finding ----------------------------------------------------------------------------------

SITES = pd.DataFrame(
    {
        "site_id": ["way/1", "way/2", "way/3"],
        "name": ["东湖花园", "东湖花园", "西站"],
        "merged_ids": [None, "way/9+node/4", None],
    }
)
PLACES = pd.DataFrame({"place_id": ["way/1", "way/7"], "name": ["东湖花园", "采石场"]})


@pytest.mark.parametrize(
    ("asked", "site", "candidate", "merged"),
    [
        ("way/3", "way/3", True, None),
        (" 西站 ", "way/3", True, None),
        ("node/4", "way/2", True, "node/4"),
        ("采石", "way/7", False, None),
        ("way/7", "way/7", False, None),
    ],
)
def test_a_site_is_found_by_id_merged_id_and_name(asked, site, candidate, merged):
    found = find_site(asked, SITES, PLACES)
    assert (found.place_id, found.candidate, found.merged) == (site, candidate, merged)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("东湖花园", "way/1 (东湖花园), way/2 (东湖花园)"),
        ("way/33", "way/3"),
        ("   ", "no site is named"),
        ("x" * 5000, "xxx…"),
        ("a\x1b[31m\nb", "a?[31m?b"),
        (".*", "no site or place"),
        ("'; DROP TABLE sites; --", "no site or place"),
    ],
)
def test_what_is_not_found_is_said_with_the_nearest(asked, told):
    with pytest.raises(ScenarioError) as caught:
        find_site(asked, SITES, PLACES)
    assert told in str(caught.value)
    assert len(str(caught.value)) < 400


# --- the verb ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    """Return a folder in which the town was planned, with a ban, a lock and an upgrade."""
    folder = tmp_path_factory.mktemp("why")
    scenario = set_up(folder)
    edit(
        scenario,
        "min_spacing_m = 100\n",
        'min_spacing_m = 100\nbanned = ["way/404"]\nlocked = ["way/400"]\n'
        'upgrades = { "way/401" = 7 }\n',
    )
    assert run(["plan", str(scenario), "--out", str(folder / "maps")]) == EXIT_GOOD
    return folder


def asked(folder, site, capsys):
    assert run(["why", site, str(folder / "maps" / "town"), "--json"]) == EXIT_GOOD
    return json.loads(capsys.readouterr().out)


KEYS = {
    "format", "format_version", "run", "synthetic", "merged", "site", "role", "planner", "score",
    "serves", "only_here", "keeps_out", "again", "swap", "criteria",
}  # fmt: skip


def test_a_chosen_site_is_explained(planned, capsys):
    answer = asked(planned, "way/400", capsys)
    assert set(answer) == KEYS
    assert (answer["role"], answer["planner"]) == ("chosen", [{"key": "locked", "values": {}}])
    score = answer["score"]
    assert score["sums"]
    assert sum(part["part"] for part in score["parts"]) == pytest.approx(score["value"], abs=1e-6)
    assert 1 <= score["rank"] <= score["of"]
    loss = answer["again"]
    assert loss["exact"]
    assert loss["method"] == "whole"
    assert loss["loss"]["value"] >= 0
    # the lock costs something: the plan without it is better, and that is said
    assert not loss["best_has_it"]
    assert loss["better_than_saved"] > 0


def test_an_existing_station_stays_because_it_exists(planned, capsys):
    answer = asked(planned, "file:existing/E1", capsys)
    assert answer["merged"] == "file:existing/E1"
    assert answer["site"]["site_id"] == "way/401"
    assert answer["role"] == "existing"
    assert answer["planner"] == [{"key": "upgrade", "values": {"chargers": 7}}]
    assert answer["again"] is None
    assert answer["serves"]["chargers"] >= 7


def test_a_banned_site_and_one_that_is_not_needed(planned, capsys):
    banned = asked(planned, "服务区", capsys)
    assert (banned["role"], banned["again"]) == ("not_chosen", None)
    assert [one["key"] for one in banned["keeps_out"]] == ["banned"]
    idle = asked(planned, "node/500", capsys)
    assert [one["key"] for one in idle["keeps_out"]] == ["total"]
    assert idle["again"]["change"] == "with"
    assert idle["again"]["loss"]["value"] > 0
    assert idle["again"]["goes"]


@pytest.fixture(scope="module")
def strict(planned):
    """Return the run of the same town under rules that close most of its sites."""
    command = ["plan", str(planned / "town.toml"), "--out", str(planned / "maps" / "other")]
    changes = (
        "run.name=strict", "model.min_spacing_m=200", "model.locked=[]",
        'model.banned=["relation/700"]',
        "targets.chargers=24", 'candidates.leave_out=["office"]', "candidates.max_snap_m=80",
    )  # fmt: skip
    for change in changes:
        command += ["--set", change]
    assert run(command) == EXIT_GOOD
    return planned / "maps" / "other" / "strict"


def why(folder, site, capsys):
    assert run(["why", site, str(folder), "--json", "--data", str(folder.parents[2])]) == EXIT_GOOD
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("site", "keys", "possible"),
    [
        ("way/402", ["near_existing"], None),
        ("way/405", ["spacing", "spacing", "total"], False),
        ("办公楼", ["left_out_not_left_out"], None),
        ("node/500", ["left_out_near_a_road"], None),
    ],
)
def test_each_thing_that_keeps_a_site_out_is_said(strict, capsys, site, keys, possible):
    answer = why(strict, site, capsys)
    assert [one["key"] for one in answer["keeps_out"]] == keys
    assert (answer["again"] and answer["again"]["possible"]) == possible
    for one in answer["keeps_out"]:
        if one["key"] in {"near_existing", "spacing"}:
            assert 150 < one["values"]["distance_m"] < one["values"]["spacing_m"] == 200


@pytest.mark.parametrize(
    ("language", "sites"),
    [("zh", ("way/400", "way/404")), ("en", ("node/500", "file:existing/E1"))],
)
def test_the_screen_says_it_in_words(planned, capsys, language, sites):
    plan = planned / "maps" / "town" / "plan.json"
    text = plan.read_text(encoding="utf-8")
    plan.write_text(text.replace('"language": "en"', f'"language": "{language}"'), encoding="utf-8")
    try:
        for site in sites:
            assert run(["why", site, str(planned / "maps" / "town")]) == EXIT_GOOD
            printed = capsys.readouterr().out
            assert "way/" in printed or "node/" in printed
            assert ("what keeps it out" in printed.lower()) == (
                language == "en" and site in {"way/404", "node/500"}
            )
    finally:
        plan.write_text(text, encoding="utf-8")


def test_data_that_changed_are_refused_and_moved_data_are_found(planned, tmp_path, capsys):
    run_folder = str(planned / "maps" / "town")
    people = planned / "people.csv"
    text = people.read_text(encoding="utf-8")
    people.write_text(text.replace("9000", "9001"), encoding="utf-8")
    try:
        assert run(["why", "way/400", run_folder]) == EXIT_DATA
        assert "have changed" in capsys.readouterr().err
    finally:
        people.write_text(text, encoding="utf-8")
    assert run(["why", "way/400", run_folder, "--data", str(tmp_path)]) == EXIT_GOOD
    away = planned.rename(planned.with_name(planned.name + "-away"))
    try:
        (away / "people.csv").rename(tmp_path / "people.csv")
        assert run(["why", "way/400", str(away / "maps" / "town")]) == EXIT_DATA
        assert "--data" in capsys.readouterr().err
        (tmp_path / "people.csv").rename(away / "people.csv")
    finally:
        away.rename(planned)


def test_without_a_run_it_says_how_to_make_one(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(["why", "way/1"]) == EXIT_DATA
    assert "siting plan" in capsys.readouterr().err


def test_the_newest_run_counts(planned, monkeypatch, capsys):
    monkeypatch.chdir(planned)
    assert run(["why", "no such place at all"]) == EXIT_SCENARIO
    assert "no site or place" in capsys.readouterr().err


def test_every_text_of_why_is_used_and_every_step_of_the_screening_has_one():
    room = Path(siting.__file__).parent
    files = (room / "cli" / "answer_screens.py", *sorted((room / "why").glob("*.py")))
    code = "".join(path.read_text(encoding="utf-8") for path in files)
    texts = [key for key in all_words() if key.startswith("why.")]
    parts = ("kind_known", "not_left_out", "public", "big_enough", "in_a_zone", "near_a_road")
    made = {f"why.bar.left_out_{step}" for step in (*parts, "merged", "across_water")}
    assert {f"step.{step}" for step in parts} <= set(all_words())
    assert made <= set(texts)
    for key in sorted(set(texts) - made):
        # whole, or put together from the last part of the key
        ends = (key, key.rpartition(".")[2], key.partition("_")[2], key.rpartition("_")[2])
        assert any(f"{mark}{end}{mark}" in code for end in ends for mark in "'\""), key
