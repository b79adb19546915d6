"""The objectives beside the joint one: brute force, laws, pinned text, honest words."""

import itertools
import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problem_cases import _legal, blocks, ids, small_problem, tables
from test_model import hold, text_of, tiny

from siting.errors import NoPlanError, ScenarioError
from siting.optimize import classic
from siting.optimize.build import PlaceTables, build_problem
from siting.optimize.classic.formulation import Levels
from siting.optimize.classic.p_center import counted
from siting.optimize.objectives import goal_models, goal_value
from siting.optimize.objectives.choose import choose_stations
from siting.optimize.objectives.measure import covered_shares, reach_of
from siting.optimize.problem.linear_rules import CoverPromise, Rules, row_of
from siting.optimize.problem.problem import Goal, SiteCosts
from siting.optimize.problem.solution import Status
from siting.optimize.search.solve import solve_problem
from siting.optimize.solver.solver import open_solver
from siting.scenario import Solver

OBJECTIVES = ("max_cover", "p_median", "p_center", "set_cover", "min_cost", "max_min")
FEWEST = ("set_cover", "min_cost")
LEAST = ("p_median", "p_center", "set_cover", "min_cost")
WITHIN_M, SHARE = 700.0, 0.5


def posed(name, seed, *, goal=None, **changes):
    """Return a random problem with an objective; the promise is one of its rules."""
    rng = np.random.default_rng(seed + 1)
    sizes = {"demand": 7, "sites": 8, "stations": 3, "chargers": 6, "swap_stations": 0}
    problem = small_problem(seed, **{**sizes, **changes})
    sites = len(problem.site_id)
    goal = goal or Goal(
        name, WITHIN_M, radii=((WITHIN_M, 1.0),), unserved_m=max(problem.cutoff_m, 1600.0)
    )
    costs = SiteCosts(rng.integers(1, 9, sites) * 1.0, rng.integers(1, 5, sites) * 1.0)
    zone = (problem.demand_xy[:, 0] > 1000).astype(np.int32)
    problem = replace(problem, goal=goal, costs=costs, demand_zone=zone)
    if name in FEWEST:
        problem = replace(problem, station_sense="<=", rules=promise(problem))
    return problem


def promise(problem):
    near = near_sets(problem, WITHIN_M)
    known = {i: tuple(sorted(sites)) for i, sites in near.items() if sites}
    weight = np.array([problem.demand_kwh[i] for i in known])
    need = SHARE * problem.demand_kwh.sum()
    cover = CoverPromise("promise", "", {}, weight, tuple(known.values()), need)
    return Rules(problem.rules.rows, (cover,))


def near_sets(problem, within_m):
    near = {i: set() for i in range(len(problem.demand_kwh))}
    for i, j, far in pairs(problem):
        if far <= within_m:
            near[i].add(j)
    return near


def pairs(problem):
    return zip(
        problem.pair_demand.tolist(),
        problem.pair_site.tolist(),
        problem.pair_distance_m.tolist(),
        strict=True,
    )


def legal_choices(problem):
    """Yield every legal set of stations, by enumeration alone."""
    members = np.flatnonzero(problem.openable).tolist()
    counts = range(1 if problem.station_sense == "<=" else problem.stations, problem.stations + 1)
    for count in counts:
        for chosen in itertools.combinations(members, count):
            least = problem.min_chargers[list(chosen)].sum()
            most = problem.max_chargers[list(chosen)].sum()
            fits = least <= problem.chargers <= most
            if fits and _legal(problem, chosen) and obeys(problem, chosen):
                yield chosen


def obeys(problem, chosen):
    for rule in problem.rules.rows:
        total = sum(a for j, a in zip(rule.sites.tolist(), rule.open_coef, strict=True)
                    if j in chosen)  # fmt: skip
        if rule.sense == "<=" and total > rule.rhs:
            return False
        if rule.sense == ">=" and total < rule.rhs:
            return False
    for cover in problem.rules.promises:
        held = sum(w for w, near in zip(cover.weight, cover.sites, strict=True)
                   if set(near) & set(chosen))  # fmt: skip
        if held < cover.need - 1e-9:
            return False
    return True


def worth(problem, chosen):
    """Return the objective of a set of stations, counted plainly; of min_cost at its cheapest."""
    goal, need = problem.goal, problem.demand_kwh
    far = np.full(len(need), goal.unserved_m)
    for i, j, metres in pairs(problem):
        if j in chosen:
            far[i] = min(far[i], metres)
    near = near_sets(problem, goal.within_m)
    if goal.name == "max_cover":
        got = most = 0.0
        for within_m, each in goal.radii:
            for i, sites in near_sets(problem, within_m).items():
                times = len(sites & set(chosen))
                got += each * need[i] * ((times > 0) + goal.backup * (times > 1))
                most += each * need[i] * (1 + goal.backup)
        return got / most
    if goal.name == "p_median":
        return float(need @ far) / need.sum()
    if goal.name == "p_center":
        known = sorted({i for i, _, _ in pairs(problem)})
        return float(far[known].max()) if known else 0.0
    if goal.name == "max_min":
        covered = np.array([bool(near[i] & set(chosen)) for i in range(len(need))])
        zones = np.unique(problem.demand_zone)
        shares = [need[(problem.demand_zone == z) & covered].sum()
                  / need[problem.demand_zone == z].sum() for z in zones]  # fmt: skip
        return float(min(shares))
    if goal.name == "set_cover":
        return float(len(chosen))
    sites = list(chosen)
    ranges = [range(problem.min_chargers[j], problem.max_chargers[j] + 1) for j in sites]
    fixed = sum(problem.costs.station[j] for j in sites if not problem.forced[j])
    return min(
        fixed + sum(problem.costs.charger[j] * n for j, n in zip(sites, counts, strict=True))
        for counts in itertools.product(*ranges)
        if sum(counts) == problem.chargers
    )


def brute(problem):
    values = [worth(problem, chosen) for chosen in legal_choices(problem)]
    if not values:
        return None
    return min(values) if problem.goal.least else max(values)


def solved(problem, **solver):
    options = {"time_limit_s": 30, "gap_share": 0.0, **solver}
    return solve_problem(problem, solver=Solver(**options), seed=7)


def door(seconds=30.0, name="highs"):
    return open_solver(name, threads=1, seed=7, time_limit_s=seconds)


def with_random_rules(problem, rng):
    """Return the problem with floors, spacing, an existing station and a quota, or without."""
    sites = len(problem.site_id)
    forced = np.zeros(sites, dtype=bool)
    forced[rng.integers(0, sites)] = rng.random() < 0.3
    members = np.flatnonzero(rng.random(sites) < 0.5)
    quota = row_of("quota", "", {}, members, rng.choice(["<=", ">="]), 1, opens=1.0)
    rows = (quota,) if len(members) and rng.random() < 0.5 else ()
    floor = rng.integers(0, 2, len(problem.zone_id))
    spacing_m = float(rng.choice([0, 300, 600]))
    # as when a problem is built: a new station keeps its distance to one that stands
    apart = np.linalg.norm(problem.site_xy[:, None] - problem.site_xy[None], axis=2)
    closed = ~forced & (apart[:, forced] < spacing_m).any(axis=1)
    openable = problem.openable & ~closed
    kept = openable[problem.pair_site]
    return replace(
        problem,
        forced=forced,
        openable=openable,
        pair_demand=problem.pair_demand[kept],
        pair_site=problem.pair_site[kept],
        pair_distance_m=problem.pair_distance_m[kept],
        pair_kwh=problem.pair_kwh[kept],
        zone_floor=floor,
        min_spacing_m=spacing_m,
        rules=Rules(rows, problem.rules.promises),
    )


@pytest.mark.parametrize("name", OBJECTIVES)
@settings(max_examples=6)
@given(st.integers(0, 10_000))
def test_every_objective_is_the_best_of_all_subsets(name, seed):
    problem = with_random_rules(posed(name, seed), np.random.default_rng(seed))
    best = brute(problem)
    if best is None:
        with pytest.raises(NoPlanError):
            solved(problem)
        return
    found = solved(problem)
    assert found.outcome.value == pytest.approx(best, abs=1e-6 * max(1.0, abs(best)))
    assert found.outcome.status is Status.OPTIMAL
    assert found.outcome.objective == name
    chosen = np.flatnonzero(np.isin(problem.site_id, list(found.chargers)))
    assert tuple(chosen.tolist()) in set(legal_choices(problem))
    assert sum(found.chargers.values()) == problem.chargers


@settings(max_examples=3)
@given(st.integers(0, 10_000))
def test_several_radii_and_a_backup_are_the_best_of_all_subsets(seed):
    goal = Goal("max_cover", WITHIN_M, radii=((400.0, 0.5), (900.0, 0.25)), backup=0.3)
    problem = posed("max_cover", seed, goal=goal, min_spacing_m=0.0)
    best = brute(problem)
    if best is None:
        return
    assert solved(problem).outcome.value == pytest.approx(best, abs=1e-9)


def better(problem, one, other):
    """Whether one value is at least as good as another."""
    return one <= other + 1e-6 if problem.goal.least else one >= other - 1e-6


@pytest.mark.parametrize("name", ["max_cover", "p_median", "p_center", "max_min"])
@settings(max_examples=3)
@given(st.integers(0, 5_000))
def test_one_more_station_never_hurts(name, seed):
    few = posed(name, seed, min_spacing_m=0.0, min_chargers=np.zeros(8, dtype=int))
    few = replace(few, max_chargers=np.full(8, 6))
    more = replace(few, stations=few.stations + 1)
    assert better(few, solved(more).outcome.value, solved(few).outcome.value)


CLASSIC = {
    "max_cover": lambda reach, problem: classic.max_cover(reach, problem.stations, WITHIN_M),
    "p_median": lambda reach, problem: classic.p_median(
        reach, problem.stations, unserved=problem.goal.unserved_m
    ),
    "p_center": lambda reach, problem: classic.p_center(reach, problem.stations),
    "set_cover": lambda reach, _: classic.set_cover(reach, WITHIN_M, share=SHARE),
    "max_min": lambda reach, problem: classic.max_min(
        reach, problem.stations, WITHIN_M, zone=problem.demand_zone.tolist()
    ),
}


@pytest.mark.parametrize("name", CLASSIC)
@settings(max_examples=5)
@given(st.integers(0, 5_000))
def test_without_further_rules_an_objective_is_the_classic_model(name, seed):
    problem = posed(name, seed, min_spacing_m=0.0, min_chargers=np.zeros(8, dtype=int))
    problem = replace(
        problem,
        max_chargers=np.full(8, 6),
        forced=np.zeros(8, dtype=bool),
        openable=np.ones(8, dtype=bool),
        zone_floor=np.zeros_like(problem.zone_floor),
    )
    reach = reach_of(problem)
    if name == "p_center":  # a demand point out of reach of every site does not count
        reach = replace(reach, weight=reach.weight * counted(reach))
    try:
        choice = CLASSIC[name](reach, problem)
    except NoPlanError:
        return
    if name == "set_cover" and choice.value > problem.stations:
        return
    scale = problem.total_kwh if name in {"max_cover", "p_median"} else 1.0
    assert solved(problem).outcome.value == pytest.approx(choice.value / scale, abs=1e-6, rel=1e-6)


@pytest.mark.parametrize("name", OBJECTIVES)
@settings(max_examples=2)
@given(st.integers(0, 5_000))
def test_a_tighter_rule_never_helps(name, seed):
    wide = posed(name, seed, min_spacing_m=100.0)
    tight = replace(wide, min_spacing_m=500.0)
    if brute(tight) is None:
        return
    assert better(wide, solved(wide).outcome.value, solved(tight).outcome.value)


@settings(max_examples=3)
@given(st.integers(0, 5_000))
def test_one_more_charger_allowed_never_costs_more(seed):
    few = replace(posed("min_cost", seed), charger_sense="<=")
    if brute(few) is None:
        return
    more = replace(few, chargers=few.chargers + 1)
    assert solved(more).outcome.value <= solved(few).outcome.value + 1e-6


@pytest.mark.parametrize("name", OBJECTIVES)
@settings(max_examples=2)
@given(st.integers(0, 5_000))
def test_scaling_the_demand_scales_the_answer(name, seed):
    problem = posed(name, seed)
    if brute(problem) is None:
        return
    larger = replace(
        problem,
        demand_kwh=problem.demand_kwh * 8,
        pair_kwh=problem.pair_kwh * 8,
    )
    if name in FEWEST:
        larger = replace(larger, rules=promise(larger))
    assert solved(larger).outcome.value == pytest.approx(solved(problem).outcome.value, rel=1e-6)


def turned(problem):
    """Return the problem with its sites in the opposite order, under other ids."""
    last = len(problem.site_id) - 1
    columns = ("site_xy", "site_kind", "site_zone", "openable", "min_chargers", "max_chargers",
               "existing_chargers", "forced", "swap_ok", "existing_swap", "kwh_day_per_charger",
               "score")  # fmt: skip
    site = last - problem.pair_site
    order = np.lexsort((site, problem.pair_demand))
    result = replace(
        problem,
        **{name: getattr(problem, name)[::-1] for name in columns},
        site_id=ids("other", last + 1),
        costs=SiteCosts(problem.costs.station[::-1], problem.costs.charger[::-1]),
        pair_site=site[order],
        pair_demand=problem.pair_demand[order],
        pair_distance_m=problem.pair_distance_m[order],
        pair_kwh=problem.pair_kwh[order],
    )
    return replace(result, rules=promise(result)) if problem.rules.promises else result


@pytest.mark.parametrize("name", OBJECTIVES)
@settings(max_examples=2)
@given(st.integers(0, 5_000))
def test_order_and_ids_of_the_sites_do_not_matter(name, seed):
    problem = posed(name, seed)
    if brute(problem) is None:
        return
    one, other = solved(problem).outcome, solved(turned(problem)).outcome
    assert one.value == pytest.approx(other.value, abs=1e-6 * max(1.0, abs(one.value)))


def town(name, seed=3):
    """Return a problem too large to enumerate."""
    sizes = {"demand": 150, "sites": 60, "stations": 15, "chargers": 60, "min_spacing_m": 150.0}
    problem = posed(name, seed, **sizes)
    return replace(problem, max_chargers=problem.max_chargers + 4)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_a_larger_town_is_proven_twice_alike(name):
    problem = town(name)
    one, two = solved(problem, gap_share=0.01), solved(problem, gap_share=0.01)
    assert str(one.outcome) == str(two.outcome)  # a NaN equals no NaN
    assert one.chargers == two.chargers
    assert one.assignments.equals(two.assignments)
    assert one.outcome.gap_share <= 0.01
    assert better(problem, one.outcome.bound, one.outcome.value)
    assert np.isfinite(one.outcome.bound)


def cheapest_chargers(problem, sites):
    """Return the chargers of stations that meet the total for the least money."""
    counts = problem.min_chargers[sites].copy()
    for place in np.argsort(problem.costs.charger[sites], kind="stable"):
        room = problem.max_chargers[sites[place]] - counts[place]
        counts[place] += min(room, problem.chargers - counts.sum())
    return counts


@pytest.mark.parametrize("solver", ["highs", "cbc"])
@pytest.mark.parametrize("name", OBJECTIVES)
def test_a_search_that_is_cut_off_is_never_called_optimal(name, solver):
    """No time is left: there is no plan, or one that is not called optimal."""
    problem = town(name)
    late = replace(door(name=solver), deadline=time.perf_counter() + 1e-3)
    try:
        chosen = choose_stations(problem, late, gap_share=0.0)
    except NoPlanError:
        return
    value = goal_value(problem, chosen.sites, cheapest_chargers(problem, chosen.sites))
    assert better(problem, chosen.bound, value)
    proven = abs(value - chosen.bound) <= 1e-6 * max(abs(value), abs(chosen.bound))
    assert chosen.cut or proven


def test_the_worst_zone_is_raised_before_all_demand():
    problem = town("max_min")
    found = solved(problem, gap_share=0.001)
    most = solved(replace(problem, goal=replace(problem.goal, name="max_cover")), gap_share=0.001)
    shares = [
        covered_shares(problem, np.flatnonzero(np.isin(problem.site_id, list(plan.chargers))))
        for plan in (found, most)
    ]
    assert shares[0].min() >= shares[1].min() - 1e-9


def pinned(name):
    problem = replace(
        tiny(),
        goal=Goal(name, 700.0, radii=((700.0, 1.0), (1500.0, 0.5)), backup=0.25, unserved_m=1500.0),
        costs=SiteCosts(np.array([9.0, 5.0, 7.0]), np.array([2.0, 3.0, 4.0])),
        demand_zone=np.array([0, 1], dtype=np.int32),
        stations=2,
    )
    if name == "max_cover":
        return goal_models.max_cover_model(problem)[0]
    if name == "p_median":
        return goal_models.p_median_model(goal_models.ways_only(problem))
    if name == "p_center":
        return goal_models.everyone_within(problem, 700.0)
    if name == "max_min":
        part = goal_models.demand_coverage(problem, 700.0, by_zone=True)
        return goal_models.max_min_model(problem, part, Levels([1], {0: 0.5}))
    problem = replace(problem, station_sense="<=", rules=promise(problem))
    if name == "set_cover":
        return goal_models.set_cover_model(problem)
    return goal_models.min_cost_model(problem)[0]


@pytest.mark.parametrize("name", OBJECTIVES)
def test_each_objective_reads_as_pinned(name, tmp_path):
    model = pinned(name)
    if name == "p_center":
        model.lp.setObjective(model.lp.variables()[0] * 0)
    hold(f"objective_{name}", text_of(model.lp, tmp_path))


def built(**model):
    content = tables(kw_per_charger=60.0)
    content["demand"] = content["demand"].assign(kind="home")
    return build_problem(PlaceTables(**content), **blocks(**model))


def test_the_scenario_poses_the_objective_and_its_promise():
    problem = built(objective="set_cover", cover={"within_m": 600, "share": 0.8})
    assert problem.goal.name == "set_cover"
    assert problem.station_sense == "<="
    assert problem.rules.promises
    assert ("stations_at_most", {"stations": 3}) in problem.notes
    assert built().goal.name == "joint"
    assert built().station_sense == "="


@pytest.mark.parametrize(
    ("model", "where"),
    [
        ({"objective": "max_cover", "cover": {"within_m": 2500}}, "model.cover"),
        ({"objective": "max_cover", "cover": {"radii": [{"within_m": 9000}]}}, "model.cover"),
        ({"objective": "p_median", "unserved_m": 1500}, "model.unserved_m"),
    ],
)
def test_a_distance_that_contradicts_the_radius_is_refused(model, where):
    with pytest.raises(ScenarioError) as caught:
        built(**model)
    assert where in str(caught.value)


def test_a_promise_out_of_reach_is_refused_with_the_share_that_would_do():
    with pytest.raises(NoPlanError, match="promise at most"):
        built(objective="set_cover", cover={"within_m": 1, "share": 1.0})


def test_no_costs_no_least_cost():
    problem = replace(posed("min_cost", 1), costs=SiteCosts(np.empty(0), np.empty(0)))
    with pytest.raises(ScenarioError, match="costs of the sites are not known"):
        solved(problem)
