"""The two plans to compare with: legal, worse or equal, the same each time."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from desk import set_up
from problem_cases import small_problem

from siting.errors import NoAnswerError, RecountError
from siting.optimize.search import baselines
from siting.optimize.search.baselines import BASELINES, make_baselines
from siting.optimize.search.solve import solve_problem
from siting.pipeline import run as pipeline
from siting.pipeline.meter import Meter
from siting.scenario import Solver, load_scenario

SOLVER = Solver(time_limit_s=20)


def cases():
    """Problems with rules that bind: floors, an existing station, spacing, chargers."""
    fits = {"stations": 4, "chargers": 12, "max_chargers": np.full(12, 5)}
    forced = np.arange(12) == 3
    return {
        "free": small_problem(1, sites=12, demand=20, **fits),
        "floors": small_problem(2, sites=12, demand=20, zone_floor=np.array([2, 1]), **fits),
        "existing": small_problem(3, sites=12, demand=20, forced=forced, **fits),
        "tight": small_problem(4, sites=12, demand=20, min_spacing_m=450.0, **fits),
    }


@pytest.fixture(scope="module", params=sorted(cases()))
def solved(request):
    problem = cases()[request.param]
    plan = solve_problem(problem, solver=SOLVER, seed=7)
    return problem, plan, make_baselines(problem, plan, solver=SOLVER, seed=7)


def positions(problem, solution):
    return np.flatnonzero(np.isin(problem.site_id, list(solution.chargers)))


@pytest.mark.parametrize("name", BASELINES)
def test_a_baseline_obeys_every_rule_of_the_plan(solved, name):
    problem, plan, found = solved
    sites = positions(problem, found[name])
    chargers = np.array(list(found[name].chargers.values()))
    assert len(sites) == problem.stations
    assert chargers.sum() == problem.chargers
    assert (chargers >= problem.min_chargers[sites]).all()
    assert (chargers <= problem.max_chargers[sites]).all()
    assert set(np.flatnonzero(problem.forced)) <= set(sites)
    floors = np.bincount(problem.site_zone[sites], minlength=2)
    assert (floors >= problem.zone_floor).all()
    near = problem.station_conflicts
    assert not np.isin(near, sites).all(axis=1).any()
    assert found[name].swap_ids == plan.swap_ids


@pytest.mark.parametrize("name", BASELINES)
def test_a_baseline_lies_below_the_bound_of_the_plan_and_serves_no_more_than_it_can(solved, name):
    problem, plan, found = solved
    assert found[name].outcome.value <= plan.outcome.bound + 1e-9
    assert found[name].outcome.bound == plan.outcome.bound
    load = found[name].assignments.groupby("site_id")["kwh_day"].sum()
    kwh = dict(zip(problem.site_id, problem.kwh_day_per_charger, strict=True))
    assert all(load[site] <= kwh[site] * found[name].chargers[site] + 1e-6 for site in load.index)


def test_top_score_has_the_best_scores_of_all_three(solved):
    problem, plan, found = solved
    scores = [problem.score[positions(problem, one)].mean() for one in (plan, found["random"])]
    best = problem.score[positions(problem, found["top_score"])].mean()
    assert best >= max(scores) * 0.99 - 1e-9


def test_the_same_seed_gives_the_same_and_another_seed_another_random_plan():
    problem = small_problem(5, sites=40, demand=30, stations=10, chargers=30,
                            max_chargers=np.full(40, 5), min_spacing_m=10.0)  # fmt: skip
    plan = solve_problem(problem, solver=SOLVER, seed=7)
    first, again, other = (
        make_baselines(problem, plan, solver=SOLVER, seed=seed) for seed in (7, 7, 8)
    )
    for name in BASELINES:
        assert first[name].chargers == again[name].chargers
        assert first[name].assignments.equals(again[name].assignments)
    assert list(first["random"].chargers) != list(other["random"].chargers)
    assert list(first["top_score"].chargers) == list(other["top_score"].chargers)


def test_one_the_clock_cut_off_is_left_out(monkeypatch):
    problem = cases()["free"]
    plan = solve_problem(problem, solver=SOLVER, seed=7)
    asked = []

    def second_only(*args, **kwargs):
        asked.append(args)
        if len(asked) == 1:
            raise NoAnswerError("no plan", where="here", cure="more time")
        return np.flatnonzero(np.isin(problem.site_id, list(plan.chargers)))

    monkeypatch.setattr(baselines, "select_stations", second_only)
    assert list(make_baselines(problem, plan, solver=SOLVER, seed=7)) == ["top_score"]
    note = ("time_limit_reached", {"stage": "assign"})
    cut = (0.5, np.zeros(len(problem.pair_site)), np.full(4, 3), (note,))
    monkeypatch.setattr(baselines, "fill_stations", lambda *_: cut)
    assert make_baselines(problem, plan, solver=SOLVER, seed=7) == {}


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    folder = tmp_path_factory.mktemp("desk")
    return load_scenario(set_up(folder))


def test_a_run_brings_the_figures_of_both_beside_its_own(town):
    plan = pipeline.run(town, meter=Meter(lambda *_: None))
    assert tuple(plan.baselines) == BASELINES
    for figures in plan.baselines.values():
        assert set(figures) == set(plan.figures) - {"same_service_cny"}  # of the plan alone
        assert figures["demand_kwh_day"] == plan.figures["demand_kwh_day"]
        assert not math.isnan(figures["p95_time_min"])
    assert plan.assignments["time_s"].notna().all()
    assert "baselines" in [entry.stage for entry in plan.timings.stages]


def test_a_baseline_that_breaks_a_rule_is_never_shown(town, monkeypatch):
    def broken(problem, plan, **_):
        fewer = dict(list(plan.chargers.items())[1:])
        return {"random": dataclasses.replace(plan, chargers=fewer)}

    monkeypatch.setattr(pipeline, "make_baselines", broken)
    with pytest.raises(RecountError, match="town: random"):
        pipeline.run(town, meter=Meter(lambda *_: None))


def test_a_baseline_not_found_in_time_is_said(town, monkeypatch):
    monkeypatch.setattr(pipeline, "make_baselines", lambda *_, **__: {})
    plan = pipeline.run(town, meter=Meter(lambda *_: None))
    assert plan.baselines == {}
    note = plan.notes[-1]
    assert (note.key, note.values) == ("baselines_missing", {"count": 2, "of": 2})
