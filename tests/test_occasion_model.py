"""Demand by charging occasion in the siting model: pools of chargers that share their number.

Everything is held against plain enumeration with a linear program for each choice, which shares no
code with the model (:func:`problem_cases.brute_force`).
"""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problem_cases import brute_force, in_classes, small_problem
from test_bounds import SLACK, never, start, with_rows
from test_model import hold, optimum, random_problem, text_of

from siting.arrays import sums
from siting.optimize.bound import Prices, Relaxation, prices_from, uniform_wish
from siting.optimize.model import joint, reduce
from siting.optimize.model.fill import Sizes, assign, fill_stations
from siting.optimize.search.resolve import without_site
from siting.optimize.search.site_value import lost_kwh
from siting.optimize.search.solve import solve_problem
from siting.optimize.search.subproblem import flags_of, part_of, shut_beside
from siting.optimize.solver.solver import open_solver
from siting.scenario import Solver


def pooled(seed, pools=3, **changes):
    return in_classes(random_problem(seed, **changes), seed, pools)


def solver():
    return open_solver("highs", threads=1, seed=7, time_limit_s=60)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 4), st.integers(2, 7))
def test_the_model_agrees_with_enumeration(seed, pools, chargers):
    problem = pooled(seed, pools, sites=6, stations=2, chargers=chargers, demand=8)
    assert optimum(problem) == pytest.approx(brute_force(problem), abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 4), st.floats(-20, 40), st.integers(2, 7))
def test_every_price_gives_a_bound(seed, pools, charger, chargers):
    problem = pooled(seed, pools, sites=6, stations=2, chargers=chargers, demand=8)
    price = np.random.default_rng(seed).uniform(0, 1.1, len(problem.demand_id))
    bound = Relaxation(problem).evaluate(Prices(price, charger))[0] / problem.total_kwh
    assert bound >= brute_force(problem) - SLACK


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(-5, 5), st.floats(0.3, 1), st.floats(0, 3))
def test_every_price_of_rows_gives_a_bound(seed, charger, share, height):
    problem = with_rows(pooled(seed, sites=7, stations=3, chargers=6), seed, share)
    random = np.random.default_rng(seed)
    relaxation = Relaxation(problem)
    prices = relaxation.rows.kept(random.uniform(-height, height, 3))
    price = random.uniform(0, 1.1, len(problem.demand_id))
    bound = relaxation.evaluate(Prices(price, charger, prices))[0] / problem.total_kwh
    assert bound >= optimum(problem) - SLACK


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.01, 30))
def test_a_site_alone_takes_the_chargers_that_are_worth_most(seed, charger):
    """The worth of each site is the best over its numbers of chargers, fractions too."""
    problem = pooled(seed, sites=5, demand=12)
    price = np.random.default_rng(seed).uniform(0, 0.8, len(problem.demand_id))
    relaxation = Relaxation(problem)
    found = relaxation._sites(price, np.full(5, charger)).worth
    gain = problem.pair_worth - price[problem.pair_demand]
    for site in range(5):
        least, most = problem.min_chargers[site], problem.max_chargers[site]
        tried = [
            _alone(problem, gain, site, n) - charger * n for n in np.linspace(least, most, 400)
        ]
        assert found[site] >= max(tried) - 1e-9
        assert found[site] <= max(tried) + (charger + 200) * (most - least) / 399 + 1e-9


def _alone(problem, gain, site, chargers):
    total = 0.0
    for pool in range(problem.classes):
        room = chargers * problem.class_kwh[site, pool]
        mine = (problem.pair_site == site) & (problem.demand_class[problem.pair_demand] == pool)
        for k in sorted(np.flatnonzero(mine), key=lambda k: -gain[k]):
            take = min(room, problem.pair_kwh[k])
            if gain[k] > 0:
                total += gain[k] * take
                room -= take
    return total


@pytest.mark.parametrize("seed", [1, 3, 5])
@pytest.mark.parametrize("chargers", [24, 40])
def test_it_falls_close_to_the_linear_relaxation(seed, chargers):
    problem = small_problem(seed, demand=60, sites=30, stations=10, chargers=chargers)
    problem = in_classes(replace(problem, max_chargers=problem.max_chargers + 2), seed)
    written = joint.joint_model(problem, relaxed=True)
    value = solver().maximise(written.lp).value / problem.total_kwh
    proof = start(problem).run(400, value, out_of_time=never)
    assert value - SLACK <= proof.bound <= value * 1.005


def test_narrowing_changes_nothing_above_the_floor():
    problem = in_classes(small_problem(4, demand=60, sites=30, stations=10, chargers=24), 4)
    whole = Relaxation(problem)
    prices = prices_from(problem, uniform_wish(problem))
    narrow = whole.narrowed(prices.demand * 0.8)
    assert len(narrow.worth) < len(whole.worth)
    for factor in (0.8, 1.0, 1.1):
        here = Prices(prices.demand * factor, 0.5)
        assert narrow.evaluate(here)[0] == pytest.approx(whole.evaluate(here)[0])


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_a_solve_finds_the_best_plan_and_keeps_every_pool(seed):
    problem = pooled(seed, sites=6, stations=2, chargers=5, demand=8, swap_stations=0)
    best = brute_force(problem)
    if not np.isfinite(best):
        return
    found = solve_problem(problem, solver=Solver(time_limit_s=60), seed=7)
    assert found.outcome.bound >= best - SLACK
    assert found.outcome.value == pytest.approx(best, abs=2e-3)
    _holds(problem, found)


def _holds(problem, found):
    """Hold a solution's loads against each pool and each row with plain loops."""
    table = found.assignments
    rows = {(p, o): i for i, (p, o) in enumerate(zip(problem.demand_point, problem.demand_occasion,
                                                     strict=True))}  # fmt: skip
    given_kwh, load = np.zeros(len(rows)), {}
    for one in table.itertuples():
        i = rows[one.demand_id, one.occasion]
        given_kwh[i] += one.kwh_day
        key = (one.site_id, int(problem.demand_class[i]))
        load[key] = load.get(key, 0.0) + one.kwh_day
    assert (given_kwh <= problem.demand_kwh + 1e-6).all()
    place = {name: j for j, name in enumerate(problem.site_id)}
    for (site, pool), kwh in load.items():
        assert kwh <= found.chargers[site] * problem.class_kwh[place[site], pool] + 1e-6


@pytest.mark.parametrize("seed", range(6))
def test_one_pool_of_all_chargers_is_the_old_model(seed):
    old = random_problem(seed, sites=7, stations=3, chargers=6, swap_stations=0)
    new = replace(
        old,
        demand_class=np.zeros(len(old.demand_id), dtype=np.int64),
        class_kwh=old.kwh_day_per_charger[:, None],
        demand_point=old.demand_id,
        demand_occasion=np.array(["any"] * len(old.demand_id), dtype=object),
        pair_value=old.pair_worth,
    )
    if not np.isfinite(brute_force(old)):
        return
    one, other = (solve_problem(p, solver=Solver(time_limit_s=60), seed=7) for p in (old, new))
    assert one.chargers == other.chargers
    assert replace(one.outcome, swap_gap_share=0.0) == replace(other.outcome, swap_gap_share=0.0)
    assert one.assignments.equals(other.assignments.drop(columns="occasion"))


def loose(problem, seed):
    """Return a problem in pools whose sites may stand side by side and take 0 to 4 chargers."""
    count = len(problem.site_id)
    least, most = np.zeros(count, dtype=np.int64), np.full(count, 4)
    free = replace(problem, min_spacing_m=0.0, min_chargers=least, max_chargers=most)
    return in_classes(free, seed)


def all_open(seed, chargers):
    problem = small_problem(seed, demand=40, sites=8, stations=8, chargers=chargers)
    return loose(problem, seed)


@pytest.mark.parametrize("seed", range(4))
def test_stations_of_many_pools_serve_as_much_as_one_linear_program(seed):
    problem = all_open(seed, chargers=20)
    sites = np.arange(8)
    sizes = Sizes.of(problem, sites)
    served = assign(problem, sites, sizes, solver())
    assert served.exact
    model = joint.joint_model(problem, relaxed=True)
    best = solver().maximise(model.lp).value / problem.total_kwh
    assert problem.value(sites, served.serve_kwh) == pytest.approx(best, abs=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_filled_stations_keep_the_total_and_every_pool(seed):
    problem = all_open(seed, chargers=14)
    value, serve, chargers, notes = fill_stations(problem, np.arange(8), solver())
    assert chargers.sum() == 14
    assert not notes
    load = sums(problem.pair_slot, serve, len(problem.slot_kwh))
    assert (load <= problem.slot_kwh * np.repeat(chargers, problem.classes) + 1e-6).all()
    model = joint.joint_model(problem, relaxed=True)
    assert value <= solver().maximise(model.lp).value / problem.total_kwh + 1e-6


@pytest.mark.parametrize("seed", range(4))
def test_cells_keep_energy_pools_and_worth(seed):
    problem = in_classes(small_problem(seed, demand=60, sites=10), seed)
    small = reduce.cells(problem, 700.0, 900.0)
    for pool in range(3):
        mine = problem.demand_class == pool
        assert small.demand_kwh[small.demand_class == pool].sum() == pytest.approx(
            problem.demand_kwh[mine].sum()
        )
    assert (small.pair_worth * small.pair_kwh).sum() == pytest.approx(
        (problem.pair_worth * problem.pair_kwh).sum()
    )


@pytest.mark.parametrize("seed", range(4))
def test_a_part_with_its_plan_is_worth_what_the_plan_is(seed):
    """What stays and what is free, solved again, is never worse than the plan it starts from."""
    problem = loose(small_problem(seed, demand=40, sites=10, stations=5, chargers=12), seed)
    kept = np.arange(5)
    value, *_ = fill_stations(problem, kept, solver())
    free = flags_of(problem, np.array([1, 2, 7, 8]))
    free &= ~shut_beside(problem, flags_of(problem, kept) & ~free)
    answer = solver().maximise(joint.joint_model(part_of(problem, kept, free)).lp)
    assert answer.value / problem.total_kwh >= value - 1e-4


def test_without_a_site_its_pairs_go_and_their_worths_with_them():
    problem = in_classes(small_problem(2, demand=20, sites=6), 2)
    less = without_site(problem, 3)
    assert len(less.pair_value) == len(less.pair_site)
    assert set(less.pair_site) == set(problem.pair_site) - {3}


def test_what_only_a_station_serves_counts_its_pools_apart():
    """Two stations, two pools: the one closed leaves its slow demand unserved, not the fast."""
    problem = small_problem(1, demand=2, sites=2, stations=2, chargers=4)
    pairs = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    problem = replace(
        problem,
        demand_kwh=np.array([50.0, 40.0]),
        pair_demand=pairs[:, 0], pair_site=pairs[:, 1], pair_distance_m=np.zeros(4),
        pair_kwh=np.array([50.0, 50.0, 40.0, 40.0]), pair_value=np.ones(4),
        demand_class=np.array([0, 1]), class_kwh=np.array([[30.0, 0.0], [0.0, 30.0]]),
        demand_occasion=np.array(["slow", "fast"], dtype=object), demand_point=problem.demand_id,
    )  # fmt: skip
    from siting.optimize.model.fill import Filled  # noqa: PLC0415

    plan = Filled(np.array([0, 1]), 1.0, np.array([50.0, 0, 0, 40.0]), np.array([2, 2]))
    assert lost_kwh(problem, plan, 0) == pytest.approx(50.0)
    assert lost_kwh(problem, plan, 1) == pytest.approx(40.0)


def test_the_model_by_occasion_reads_as_pinned(tmp_path):
    problem = in_classes(small_problem(5, demand=3, sites=3, stations=2, chargers=4), 5, pools=2)
    hold("joint_by_occasion", text_of(joint.joint_model(problem).lp, tmp_path))
