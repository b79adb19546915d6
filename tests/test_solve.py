"""The staged method: legal plans, honest words, the same bytes twice."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problem_cases import small_problem
from test_model import optimum, random_problem

from siting.errors import InfeasibleError, NoAnswerError, NoPlanError
from siting.optimize.model import selection
from siting.optimize.model.fill import Sizes, assign
from siting.optimize.model.selection import fair_chargers
from siting.optimize.problem.solution import Status, gap_of, outcome_of
from siting.optimize.search import improve, solve
from siting.optimize.search.solve import solve_problem
from siting.optimize.solver import solver as solver_module
from siting.optimize.solver.solver import Answer, State, open_solver
from siting.scenario import Solver

TOWN = {
    "demand": 150,
    "sites": 60,
    "stations": 15,
    "chargers": 60,
    "swap_stations": 2,
    "min_spacing_m": 150.0,
}


@pytest.fixture(autouse=True)
def short_search(monkeypatch):
    """Search less than for a district: towns are small, and seldom within the gap."""
    monkeypatch.setattr(solve, "_ROUNDS", (2, 40))
    monkeypatch.setattr(improve, "_SPOTS", 2)
    monkeypatch.setattr(improve, "_FREE_SITES", 12)


def town(seed=1, **changes):
    problem = small_problem(seed, **{**TOWN, **changes})
    return replace(problem, max_chargers=problem.max_chargers + 4, zone_floor=np.array([3, 3]))


def run(problem, **solver):
    return solve_problem(problem, solver=Solver(**{"time_limit_s": 60, **solver}), seed=7)


def positions(problem, solution):
    return np.flatnonzero(np.isin(problem.site_id, list(solution.chargers)))


def hold_rules(problem, solution):
    """Recount the rules of a plan from the arrays of its problem."""
    sites = positions(problem, solution)
    chargers = np.array(list(solution.chargers.values()))
    assert len(sites) == problem.stations
    assert chargers.sum() == problem.chargers
    assert (problem.min_chargers[sites] <= chargers).all()
    assert (chargers <= problem.max_chargers[sites]).all()
    assert set(np.flatnonzero(problem.forced)) <= set(sites.tolist())
    zones = np.bincount(problem.site_zone[sites], minlength=2)
    assert (zones >= problem.zone_floor).all()
    for chosen, spacing in (
        (sites, problem.min_spacing_m),
        (np.flatnonzero(np.isin(problem.site_id, solution.swap_ids)), problem.swap_spacing_m),
    ):
        gaps = np.linalg.norm(problem.site_xy[chosen][:, None] - problem.site_xy[chosen], axis=2)
        assert (gaps[np.triu_indices(len(chosen), 1)] >= spacing).all()
    assert len(solution.swap_ids) == problem.swap_stations
    table = solution.assignments
    served = table.groupby("demand_id")["kwh_day"].sum()
    need = dict(zip(problem.demand_id, problem.demand_kwh, strict=True))
    assert all(served[point] <= need[point] + 1e-6 for point in served.index)
    load = table.groupby("site_id")["kwh_day"].sum()
    kwh = dict(zip(problem.site_id, problem.kwh_day_per_charger, strict=True))
    for site, amount in load.items():
        assert amount <= kwh[site] * solution.chargers[site] + 1e-6
    worth = 1 - problem.distance_discount * table["distance_m"] / problem.cutoff_m
    value = float((worth * table["kwh_day"]).sum()) / problem.demand_kwh.sum()
    value += problem.suitability_weight * problem.score[sites].mean()
    assert value == pytest.approx(solution.outcome.value, abs=1e-9)
    assert solution.outcome.bound >= value - 1e-12


@settings(max_examples=15)
@given(st.integers(0, 10_000))
def test_a_small_problem_is_solved_to_its_optimum(seed):
    problem = random_problem(seed, sites=8, stations=3, chargers=6)
    best = optimum(problem)
    if not np.isfinite(best):
        with pytest.raises(NoPlanError):
            run(problem)
        return
    solution = run(problem)
    hold_rules(problem, solution)
    assert solution.outcome.status is Status.OPTIMAL
    assert solution.outcome.value == pytest.approx(best, abs=1e-6)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("chargers", [60, 110])
def test_the_stages_end_near_the_optimum_and_below_it(seed, chargers, monkeypatch):
    problem = town(seed, chargers=chargers)
    exact = run(problem, gap_share=0)
    monkeypatch.setattr(solve, "EXACT_PAIRS", 0)
    staged = run(problem, gap_share=0.002)
    hold_rules(problem, staged)
    assert [name for name, _ in staged.stages] == ["swap", "first_plan", "reduced", "bound"]
    assert staged.outcome.value <= exact.outcome.bound + 1e-9
    assert staged.outcome.bound >= exact.outcome.value - 1e-9
    assert staged.outcome.value >= 0.97 * exact.outcome.value
    assert staged.outcome.reduced_value <= staged.outcome.reduced_bound + 1e-6


def plain(solution):
    return (solution.chargers, solution.swap_ids, solution.outcome, solution.notes)


@pytest.mark.parametrize("pairs", [0, solve.EXACT_PAIRS])
def test_the_same_problem_gives_the_same_plan(pairs, monkeypatch):
    monkeypatch.setattr(solve, "EXACT_PAIRS", pairs)
    one, other = run(town()), run(town())
    assert plain(one) == plain(other)
    assert one.assignments.equals(other.assignments)


def test_progress_hears_of_each_stage():
    heard = []
    solution = solve_problem(
        town(), solver=Solver(), seed=7, progress=lambda name, _share: heard.append(name)
    )
    assert heard == [name for name, _ in solution.stages]


def test_thinning_that_costs_feasibility_falls_back_to_all_sites(monkeypatch):
    monkeypatch.setattr(solve, "EXACT_PAIRS", 0)
    monkeypatch.setattr(solve, "_SITE_CELLS_M", (2000.0, 4000.0))
    monkeypatch.setattr(solve, "_ROUNDS", (6, 100))
    problem = town()
    solution = run(problem, gap_share=0.05)
    hold_rules(problem, solution)
    assert solution.outcome.gap_share <= 0.05


@pytest.mark.parametrize("pairs", [0, solve.EXACT_PAIRS])
def test_cbc_solves_it_too_and_the_plan_says_so(pairs, monkeypatch):
    monkeypatch.setattr(solve, "EXACT_PAIRS", pairs)
    monkeypatch.setattr(solver_module, "_has_highs", lambda: False)
    problem = town(demand=60, sites=30, stations=8, chargers=30)
    solution = run(problem, gap_share=0.02)
    hold_rules(problem, solution)
    assert solution.outcome.solver == "cbc"
    assert ("solver_fallback", {"asked": "highs", "used": "cbc"}) in solution.notes


def test_rules_that_clash_are_told_with_numbers():
    """Five sites around a sixth: the squares leave room for two, the cliques for one."""
    angle = np.arange(5) * 2 * np.pi / 5
    ring = np.column_stack([np.cos(angle), np.sin(angle)]) * 150 + 1000
    problem = replace(
        small_problem(1, sites=6),
        site_xy=np.vstack([ring, [[1000, 1000]]]),
        min_spacing_m=290.0,
        stations=3,
    )
    with pytest.raises(InfeasibleError, match="290 m leaves room for at most 1 of 3") as caught:
        run(problem)
    assert "3 stations with 4 chargers among 6 sites" in str(caught.value)


def test_limits_that_clash_with_the_floors_are_told_with_numbers():
    problem = replace(
        small_problem(1, sites=6, stations=2, chargers=12),
        site_zone=np.array([0, 0, 0, 1, 1, 1], dtype=np.int32),
        site_xy=np.column_stack([np.arange(6) * 900.0, np.zeros(6)]),
        zone_floor=np.array([1, 1]),
        min_chargers=np.ones(6, dtype=np.int64),
        max_chargers=np.array([6, 6, 6, 5, 5, 5]),
    )
    with pytest.raises(InfeasibleError, match="2 stations with 12 chargers among 6 sites"):
        selection.select_stations(problem, problem.score, door())


def test_swap_stations_that_do_not_fit_are_told_with_numbers():
    problem = replace(small_problem(1, sites=6), swap_stations=3, swap_spacing_m=5000.0)
    with pytest.raises(InfeasibleError, match="3 swap stations do not fit among 6 sites"):
        run(problem)


def door(seconds=60.0):
    return open_solver("highs", threads=1, seed=7, time_limit_s=seconds)


def cut_off(state):
    """Return a stand-in for a solver whose time is over."""

    def maximise(self, lp, *, gap_share=0.0, **options):
        return Answer(state, float("nan"), float("inf"), 1.5)

    return maximise


def test_time_over_with_nothing_in_hand(monkeypatch):
    monkeypatch.setattr(solver_module.Solver, "maximise", cut_off(State.NOTHING))
    with pytest.raises(NoAnswerError, match=r"in 1\.5 s"):
        run(town())


def test_time_over_in_the_reduced_model_still_gives_a_plan_with_a_note(monkeypatch):
    monkeypatch.setattr(solve, "EXACT_PAIRS", 0)
    real = solver_module.Solver.maximise

    def maximise(self, lp, *, gap_share=1e-6, **options):
        if "solver" in options:
            return cut_off(State.NOTHING)(self, lp)
        return real(self, lp, gap_share=gap_share, **options)

    monkeypatch.setattr(solver_module.Solver, "maximise", maximise)
    problem = town()
    solution = run(problem)
    hold_rules(problem, solution)
    assert ("time_limit_reached", {"stage": "reduced"}) in solution.notes
    assert solution.outcome.reduced_bound == solution.outcome.bound


def test_time_over_in_the_exact_model_is_not_called_optimal(monkeypatch):
    real = solver_module.Solver.maximise

    def maximise(self, lp, *, gap_share=1e-6, **options):
        if "mip_max_nodes" in options:
            return cut_off(State.NOTHING)(self, lp)
        return real(self, lp, gap_share=gap_share, **options)

    monkeypatch.setattr(solver_module.Solver, "maximise", maximise)
    problem = town()
    solution = run(problem)
    hold_rules(problem, solution)
    assert solution.outcome.status is not Status.OPTIMAL
    assert ("time_limit_reached", {"stage": "exact"}) in solution.notes


def cut_if(condition):
    """Return a stand-in for the solver that has no time for some of the models."""
    real = solver_module.Solver.maximise

    def maximise(self, lp, *, gap_share=1e-6, **options):
        if condition(lp):
            return cut_off(State.NOTHING)(self, lp)
        return real(self, lp, gap_share=gap_share, **options)

    return maximise


def test_time_over_in_the_swap_covers_still_gives_a_legal_plan(monkeypatch):
    covers = cut_if(lambda lp: any(row.name.startswith("covered") for row in lp.constraints()))
    monkeypatch.setattr(solver_module.Solver, "maximise", covers)
    problem = town()
    solution = run(problem)
    hold_rules(problem, solution)
    assert ("time_limit_reached", {"stage": "swap"}) in solution.notes
    assert np.isnan(solution.outcome.swap_gap_share)
    assert solution.start.swap_key == ""


def test_time_over_after_the_first_plan_keeps_it(monkeypatch):
    """Every later choice of stations is cut off: the plan in hand comes out, with a note."""
    monkeypatch.setattr(solve, "EXACT_PAIRS", 0)
    seen = []

    def later(lp):
        seen.extend([lp] if lp.name == "select" else [])
        return lp.name in {"select", "siting"} and len(seen) > 1

    monkeypatch.setattr(solver_module.Solver, "maximise", cut_if(later))
    problem = town()
    solution = run(problem, gap_share=0)
    hold_rules(problem, solution)
    assert ("time_limit_reached", {"stage": "bound"}) in solution.notes
    assert solution.outcome.status is Status.FEASIBLE


@pytest.mark.parametrize("name", ["highs", "cbc"])
def test_with_hardly_any_time_there_is_still_a_plan(name, monkeypatch):
    monkeypatch.setattr(solve, "EXACT_PAIRS", 0)
    problem = town()
    solver = Solver(name=name).model_copy(update={"time_limit_s": 0.01})
    solution = solve_problem(problem, solver=solver, seed=7)
    hold_rules(problem, solution)
    assert any(key == "time_limit_reached" for key, _ in solution.notes)


def test_late_flows_are_greedy_legal_and_noted(monkeypatch):
    problem = town(chargers=40)
    sites = selection.select_stations(problem, problem.score, door())
    sizes = Sizes(problem.min_chargers[sites], problem.max_chargers[sites], problem.chargers)
    best = assign(problem, sites, sizes, door())
    assert best.exact
    monkeypatch.setattr(solver_module.Solver, "maximise", cut_off(State.NOTHING))
    rough = assign(problem, sites, sizes, door())
    assert not rough.exact
    assert 0 < problem.value(sites, rough.serve_kwh) <= problem.value(sites, best.serve_kwh)


@settings(max_examples=20)
@given(st.integers(0, 10_000), st.integers(30, 60))
def test_fair_chargers_hit_the_total_within_limits(seed, total):
    rng = np.random.default_rng(seed)
    least, need = rng.integers(0, 4, 10), rng.uniform(0, 8, 10)
    most = least + rng.integers(4, 9, 10)
    total = int(np.clip(total, least.sum(), most.sum()))
    fair = fair_chargers(need, least, most, total)
    assert fair.sum() == pytest.approx(total, abs=1e-6)
    assert (fair >= least - 1e-9).all()
    assert (fair <= most + 1e-9).all()


@settings(max_examples=20)
@given(st.integers(0, 10_000), st.integers(30, 60))
def test_whole_chargers_keep_the_sum_and_the_limits(seed, total):
    rng = np.random.default_rng(seed)
    least, need = rng.integers(0, 4, 10), rng.uniform(0, 8, 10)
    most = least + rng.integers(4, 9, 10)
    total = int(np.clip(total, least.sum(), most.sum()))
    whole = selection.whole_chargers(fair_chargers(need, least, most, total))
    assert whole.sum() == total
    assert (least <= whole).all()
    assert (whole <= most).all()


def test_time_over_in_the_sizing_still_gives_a_legal_plan(monkeypatch):
    monkeypatch.setattr(solve, "EXACT_PAIRS", 0)
    monkeypatch.setattr(solver_module.Solver, "maximise", cut_if(lambda lp: lp.name == "size"))
    problem = town()
    hold_rules(problem, run(problem))


@pytest.mark.parametrize(
    ("value", "bound", "status"),
    [
        (0.9, 0.9 + 5e-7, Status.OPTIMAL),
        (0.9, 0.903, Status.WITHIN_GAP),
        (0.9, 0.91, Status.FEASIBLE),
        (0.9, float("inf"), Status.FEASIBLE),
    ],
)
def test_words_follow_value_and_bound(value, bound, status):
    told = outcome_of(value, bound, None, gap_share=0.005, solver="highs")
    assert told.status is status
    assert told.gap_share == gap_of(value, bound)
