"""The formulation, pinned as text and held against plain enumeration."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pulp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problem_cases import brute_force, small_problem

from siting.optimize.model import joint, reduce
from siting.optimize.problem.linear_rules import clique_cover, conflict_pairs, most_stations
from siting.optimize.solver.solver import State, open_solver

GOLDEN = Path(__file__).parent / "golden"


def tiny():
    """Return three sites (the first existing) and two demand points."""
    problem = small_problem(3, demand=2, sites=3)
    return replace(
        problem,
        site_xy=np.array([[0.0, 0.0], [900.0, 0.0], [1000.0, 0.0]]),
        forced=np.array([True, False, False]),
        min_chargers=np.array([2, 1, 1]),
        max_chargers=np.array([4, 3, 2]),
        demand_kwh=np.array([50.0, 80.0]),
        kwh_day_per_charger=np.array([20.0, 30.0, 40.0]),
        score=np.array([0.5, 0.25, 0.75]),
        pair_demand=np.array([0, 0, 1, 1], dtype=np.int32),
        pair_site=np.array([0, 1, 1, 2], dtype=np.int32),
        pair_distance_m=np.array([0.0, 600.0, 300.0, 1500.0]),
        pair_kwh=np.array([50.0, 50.0, 80.0, 80.0]),
        zone_floor=np.array([1, 0]),
    )


def empty(problem):
    lp = pulp.LpProblem("siting", pulp.LpMaximize)
    opened = joint.open_variables(lp, problem)
    chargers = joint.charger_variables(lp, problem, opened)
    return joint.JointModel(lp, opened, chargers, joint.serve_variables(lp, problem))


FAMILIES = {
    "objective": joint.objective,
    "station_total": lambda m, p: joint.station_total(m.lp, p, m.open),
    "charger_total": lambda m, p: joint.charger_total(m.lp, p, m.chargers),
    "charger_limits": lambda m, p: joint.charger_limits(m.lp, p, m.open, m.chargers),
    "spacing": lambda m, p: joint.spacing(m.lp, p, m.open),
    "zone_floors": lambda m, p: joint.zone_floors(m.lp, p, m.open),
    "demand_once": joint.demand_once,
    "service_capacity": joint.service_capacity,
    "strong_link": joint.strong_link,
}


def text_of(lp, folder):
    path = folder / "joint.lp"
    lp.writeLP(path)
    return path.read_text(encoding="utf-8")


def hold(name, text):
    path = GOLDEN / f"{name}.lp"
    if os.environ.get("SITING_WRITE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("family", FAMILIES)
def test_each_family_reads_as_pinned(family, tmp_path):
    problem = tiny()
    part = empty(problem)
    if family != "objective":
        part.lp.setObjective(joint.linear([(part.open[0], 1)]))
    FAMILIES[family](part, problem)
    hold(family, text_of(part.lp, tmp_path))


def test_the_joint_model_reads_as_pinned(tmp_path):
    hold("joint", text_of(joint.joint_model(tiny()).lp, tmp_path))


def optimum(problem):
    written = joint.joint_model(problem)
    answer = open_solver("highs", threads=1, seed=7, time_limit_s=60).maximise(
        written.lp, gap_share=0
    )
    if answer.state is State.INFEASIBLE:
        return -np.inf
    assert answer.state is State.SOLVED
    return answer.value / problem.total_kwh


def random_problem(seed, **changes):
    """Return a random problem with one existing station, whose neighbours are closed."""
    problem = small_problem(seed, **changes)
    forced = np.zeros(len(problem.site_id), dtype=bool)
    forced[seed % len(forced)] = True
    near = np.linalg.norm(problem.site_xy - problem.site_xy[forced], axis=1)
    keep = forced | (near >= problem.min_spacing_m)
    zones = np.bincount(problem.site_zone[keep], minlength=2)
    problem = replace(problem, forced=forced, zone_floor=np.minimum(zones, seed % 2))
    return reduce.keep_sites(problem, keep)


@settings(max_examples=20)
@given(st.integers(0, 10_000), st.integers(4, 7), st.integers(1, 3), st.integers(2, 7))
def test_the_model_agrees_with_enumeration(seed, sites, stations, chargers):
    problem = random_problem(seed, sites=sites, stations=stations, chargers=chargers)
    assert optimum(problem) == pytest.approx(brute_force(problem), abs=1e-6)


def test_enumeration_finds_something_to_agree_on():
    found = [brute_force(random_problem(seed)) for seed in range(8)]
    assert sum(np.isfinite(found)) >= 6


@settings(max_examples=10)
@given(st.integers(0, 10_000))
def test_one_more_candidate_never_hurts(seed):
    problem = small_problem(seed, sites=7)
    fewer = reduce.keep_sites(problem, np.arange(7) != seed % 7)
    assert optimum(fewer) <= optimum(problem) + 1e-6


@settings(max_examples=10)
@given(st.integers(0, 10_000), st.floats(0, 900))
def test_a_wider_spacing_never_helps(seed, spacing_m):
    problem = small_problem(seed, sites=7, stations=3, chargers=6)
    wider = replace(problem, min_spacing_m=problem.min_spacing_m + spacing_m)
    assert optimum(wider) <= optimum(problem) + 1e-6


@settings(max_examples=10)
@given(st.integers(0, 10_000), st.floats(0.1, 10))
def test_scaling_demand_and_capacity_alike_changes_nothing(seed, scale):
    problem = small_problem(seed)
    scaled = replace(
        problem,
        demand_kwh=problem.demand_kwh * scale,
        pair_kwh=problem.pair_kwh * scale,
        kwh_day_per_charger=problem.kwh_day_per_charger * scale,
    )
    assert optimum(scaled) == pytest.approx(optimum(problem), abs=1e-6)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.floats(0, 800))
def test_cliques_cover_every_conflict_and_nothing_else(seed, spacing_m):
    xy = np.random.default_rng(seed).uniform(0, 2000, (25, 2))
    members = np.arange(25)
    pairs = {tuple(pair) for pair in conflict_pairs(xy, members, spacing_m).tolist()}
    gaps = np.linalg.norm(xy[:, None] - xy[None, :], axis=2)
    near = {(a, b) for a, b in np.argwhere(gaps < spacing_m).tolist() if a < b}
    assert pairs == near
    cliques = clique_cover(conflict_pairs(xy, members, spacing_m))
    inside = {(a, b) for clique in cliques for a in clique for b in clique if a < b}
    assert inside == near


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.floats(10, 900))
def test_room_at_a_spacing_is_never_underestimated(seed, spacing_m):
    xy = np.random.default_rng(seed).uniform(0, 2000, (25, 2))
    stand = []
    for number in range(25):
        if all(np.linalg.norm(xy[number] - xy[other]) >= spacing_m for other in stand):
            stand.append(number)
    assert len(stand) <= most_stations(xy, np.arange(25), spacing_m) <= 25


def test_cells_are_worth_what_their_points_are():
    problem = small_problem(5, demand=40, sites=6)
    merged = reduce.cells(problem, 400, 800)
    assert len(merged.demand_id) < 40
    assert merged.total_kwh == pytest.approx(problem.total_kwh)
    for site in range(6):
        fine, coarse = problem.pair_site == site, merged.pair_site == site
        worth = problem.pair_worth[fine] @ problem.pair_kwh[fine]
        assert merged.pair_worth[coarse] @ merged.pair_kwh[coarse] == pytest.approx(worth)


def test_thinning_keeps_existing_stations_and_floors():
    problem = replace(
        small_problem(2, sites=40, demand=20),
        forced=np.arange(40) < 5,
        zone_floor=np.array([3, 3]),
    )
    thinned = reduce.thin(problem, 600, 1200)
    assert thinned.openable.sum() < 40
    assert thinned.openable[:5].all()
    assert (np.bincount(thinned.site_zone[thinned.openable]) >= 3).all()
    assert thinned.openable[thinned.pair_site].all()


def test_nearest_keeps_the_best_pairs():
    problem = small_problem(4, sites=20, demand=10)
    near = reduce.nearest(problem, 3)
    for demand in range(10):
        every = problem.pair_distance_m[problem.pair_demand == demand]
        kept = near.pair_distance_m[near.pair_demand == demand]
        assert sorted(kept) == sorted(every)[:3]
