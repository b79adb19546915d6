"""The classic models, held against every subset, against laws, against clocks, and as text."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.optimize import linprog
from test_model import hold, text_of

from siting.errors import DataError, ImpossibleTargetError, InfeasibleError
from siting.optimize.classic import (
    Reach,
    capacitated,
    max_cover,
    max_min,
    min_cost_cover,
    p_center,
    p_median,
    set_cover,
)
from siting.optimize.classic.coverage import Coverage
from siting.optimize.classic.max_cover import Zones, max_cover_model, max_min_model
from siting.optimize.classic.p_median import capacitated_model, median_costs, median_model
from siting.optimize.classic.set_cover import cover_model, cover_part
from siting.optimize.problem.solution import Status
from siting.optimize.solver.solver import open_solver

RADIUS = 50.0
RINGS = {25.0: 0.5, 50.0: 0.3, 80.0: 0.2}


def random_reach(seed, demand=9, sites=7, *, holes=0.25, whole=False):
    """Return a random reach, dense matrix beside it: some pairs out of reach."""
    rng = np.random.default_rng(seed)
    ends = rng.uniform(0, 100, (demand, 2)), rng.uniform(0, 100, (sites, 2))
    dense = np.hypot(*(ends[0][:, None] - ends[1][None, :]).transpose(2, 0, 1))
    dense = dense.round(0 if whole else 3)
    dense[rng.random(dense.shape) < holes] = np.inf
    dense[rng.integers(demand), rng.integers(sites)] = 0.0
    weight = rng.integers(0, 9, demand).astype(float) if whole else rng.uniform(0.5, 9, demand)
    names = [f"s{number}" for number in rng.permutation(sites)]
    return Reach.of(dense, site_id=names, weight=weight)


def dense_of(reach):
    dense = np.full(reach.distance.shape, np.inf)
    dense[reach.rows, reach.distance.indices] = reach.distance.data
    return dense


def subsets(sites, p=None):
    sizes = range(1, sites + 1) if p is None else [p]
    for size in sizes:
        yield from (list(part) for part in itertools.combinations(range(sites), size))


def covered_worth(reach, opened, rings, backup):
    near = dense_of(reach)[:, opened]
    worth = 0.0
    for radius, value in rings.items():
        times = (near <= radius).sum(axis=1)
        worth += value * (reach.weight * ((times > 0) + backup * (times > 1))).sum()
    return worth


def way(reach, opened, unserved):
    nearest = dense_of(reach)[:, opened].min(axis=1)
    nearest = nearest if unserved is None else np.minimum(nearest, unserved)
    counted = reach.weight > 0
    return (reach.weight[counted] * nearest[counted]).sum()


def agrees(choice, best):
    assert choice.value == pytest.approx(best, abs=1e-6)
    assert choice.bound == pytest.approx(best, rel=2e-6, abs=1.1e-6)
    # A solver's rows hold to 1e-6 only, whatever the size of what is counted, so the bound may
    # stay a hair above: then it is not called optimal, and must not be.
    assert choice.gap_share <= 1e-6 + 1.1e-6 / max(best, 1e-6)
    assert (choice.status is Status.OPTIMAL) == (choice.gap_share <= 1e-6)


seeds = st.integers(0, 100_000)


@settings(max_examples=25)
@given(seeds, st.integers(1, 5), st.sampled_from([0.0, 0.4, 1.0]), st.booleans(), st.booleans())
def test_max_cover_agrees_with_every_subset(seed, p, backup, several, keeps):
    reach = random_reach(seed, sites=9)
    rings = RINGS if several else {RADIUS: 1.0}
    keep = reach.site_id[:1].tolist() if keeps else []
    choice = max_cover(reach, p, rings if several else RADIUS, backup=backup, keep=keep)
    legal = [part for part in subsets(9, p) if not keeps or 0 in part]
    agrees(choice, max(covered_worth(reach, part, rings, backup) for part in legal))
    assert len(choice.open_id) == p
    assert set(keep) <= set(choice.open_id)
    chosen = reach.positions(choice.open_id).tolist()
    assert choice.value == pytest.approx(covered_worth(reach, chosen, rings, backup))


@settings(max_examples=25)
@given(seeds, st.integers(1, 5), st.booleans(), st.booleans(), st.booleans())
def test_p_median_agrees_with_every_subset(seed, p, whole, partial, keeps):
    unserved = 70.0 if partial else None
    reach = random_reach(seed, sites=9, holes=0.25 if partial else 0.0, whole=whole)
    keep = reach.site_id[3:4].tolist() if keeps else []
    choice = p_median(reach, p, unserved=unserved, keep=keep)
    legal = [part for part in subsets(9, p) if not keeps or 3 in part]
    agrees(choice, min(way(reach, part, unserved) for part in legal))
    assert len(choice.open_id) == p
    assert set(keep) <= set(choice.open_id)


@settings(max_examples=40)
@given(seeds, st.integers(1, 4), st.booleans())
def test_p_median_serves_everyone_or_says_that_nobody_can(seed, p, whole):
    reach = random_reach(seed, demand=7, sites=7, holes=0.5, whole=whole)
    best = min(way(reach, part, None) for part in subsets(7, p))
    if np.isfinite(best):
        choice = p_median(reach, p)
        agrees(choice, best)
        assert None not in choice.assigned_id[reach.weight > 0].tolist()
    else:
        with pytest.raises(InfeasibleError):
            p_median(reach, p)


@settings(max_examples=25)
@given(seeds, st.integers(1, 4), st.booleans())
def test_p_center_agrees_with_every_subset(seed, p, keeps):
    reach = random_reach(seed, sites=9, holes=0.3)
    keep = reach.site_id[:1].tolist() if keeps else []
    far = dense_of(reach)
    legal = [part for part in subsets(9, p) if not keeps or 0 in part]
    best = min(far[:, part].min(axis=1).max() for part in legal)
    if np.isfinite(best):
        agrees(p_center(reach, p, keep=keep), best)
    else:
        with pytest.raises(InfeasibleError):
            p_center(reach, p, keep=keep)


@settings(max_examples=25)
@given(seeds, st.sampled_from([0.5, 0.9, 1.0]), st.booleans(), st.booleans())
def test_covering_at_least_cost_agrees_with_every_subset(seed, share, priced, keeps):
    reach = random_reach(seed, demand=14, sites=8)
    cost = np.random.default_rng(seed).integers(0, 5, 8) if priced else np.ones(8)
    keep = reach.site_id[2:3].tolist() if keeps else []
    near = dense_of(reach) <= RADIUS
    wanted = share * reach.weight.sum() * (1 - 1e-9)
    found = [
        cost[part].sum()
        for part in subsets(8)
        if reach.weight[near[:, part].any(axis=1)].sum() >= wanted and (not keeps or 2 in part)
    ]
    if not found:
        with pytest.raises(InfeasibleError):
            min_cost_cover(reach, RADIUS, cost=cost, share=share, keep=keep)
        return
    agrees(min_cost_cover(reach, RADIUS, cost=cost, share=share, keep=keep), min(found))
    if not priced:
        agrees(set_cover(reach, RADIUS, share=share, keep=keep), min(found))


@settings(max_examples=25)
@given(seeds, st.integers(1, 5), st.booleans())
def test_max_min_agrees_with_every_subset(seed, p, keeps):
    reach = random_reach(seed, demand=12, sites=8)
    zone = np.random.default_rng(seed).choice(["north", "south", "west"], 12)
    keep = reach.site_id[:1].tolist() if keeps else []
    near = dense_of(reach) <= RADIUS
    counted = [name for name in np.unique(zone) if reach.weight[zone == name].sum() > 0]

    def shares(part):
        covered = reach.weight * near[:, part].any(axis=1)
        return [covered[zone == z].sum() / reach.weight[zone == z].sum() for z in counted]

    legal = [part for part in subsets(8, p) if not keeps or 0 in part]
    best = max(min(shares(part)) for part in legal)
    choice = max_min(reach, p, RADIUS, zone=zone.tolist(), keep=keep)
    agrees(choice, best)
    # Of the choices that are as good for the worst zone, it covers most.
    most = max(
        reach.weight[near[:, part].any(axis=1)].sum()
        for part in legal
        if min(shares(part)) >= best - 1e-9
    )
    chosen = reach.positions(choice.open_id)
    assert reach.weight[near[:, chosen].any(axis=1)].sum() == pytest.approx(most, rel=1e-5)


def transport(cost, demand, capacity, opened):
    """Return the cheapest way to serve all demand from the open sites, inf if there is none."""
    rows, columns = cost.shape
    usable = [j for j in range(columns) if j in opened]
    once = sparse.kron(sparse.eye_array(rows), np.ones((1, len(usable))))
    load = sparse.kron(demand[None, :], sparse.eye_array(len(usable)))
    if capacity[usable].sum() < demand.sum():
        return np.inf
    found = linprog(cost[:, usable].ravel(), load, capacity[usable], once, np.ones(rows))
    return found.fun if found.status == 0 else np.inf


@settings(max_examples=8)
@given(seeds, st.booleans())
def test_capacitated_agrees_with_every_subset(seed, tight):
    rng = np.random.default_rng(seed)
    reach = random_reach(seed, demand=6, sites=6, holes=0.0)
    capacity = rng.uniform(8, 14 if tight else 30, 6).round(1)
    fixed = rng.uniform(0, 90, 6).round(1)
    if capacity.sum() < reach.weight.sum():
        with pytest.raises(ImpossibleTargetError):
            capacitated(reach, capacity=capacity, fixed_cost=fixed)
        return
    cost = dense_of(reach)
    best = min(
        fixed[part].sum() + transport(cost, reach.weight, capacity, part) for part in subsets(6)
    )
    choice = capacitated(reach, capacity=capacity, fixed_cost=fixed)
    agrees(choice, best)
    assert choice.share.sum(axis=1) == pytest.approx(np.ones(6))
    assert (choice.share.T @ reach.weight <= capacity + 1e-6).all()


MODELS = {
    "max_cover": lambda reach, p, solver=None: max_cover(reach, p, RADIUS, solver=solver),
    "backup": lambda reach, p, solver=None: max_cover(reach, p, RINGS, backup=0.5, solver=solver),
    "p_median": lambda reach, p, solver=None: p_median(reach, p, unserved=150.0, solver=solver),
    "p_center": lambda reach, p, solver=None: p_center(reach, p, solver=solver),
    "max_min": lambda reach, p, solver=None: max_min(
        reach, p, RADIUS, zone=[int(name) % 3 for name in reach.demand_id], solver=solver
    ),
}
LARGER_IS_BETTER = {"max_cover": 1, "backup": 1, "p_median": -1, "p_center": -1, "max_min": 1}


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=6)
@given(seed=seeds, p=st.integers(1, 5))
def test_one_more_site_never_hurts(name, seed, p):
    reach = random_reach(seed, demand=20, sites=10, holes=0.0)
    fewer, more = MODELS[name](reach, p), MODELS[name](reach, p + 1)
    assert LARGER_IS_BETTER[name] * (more.value - fewer.value) >= -1e-9


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=6)
@given(seed=seeds)
def test_order_and_names_do_not_matter(name, seed):
    reach = random_reach(seed, demand=20, sites=10, holes=0.0)
    rng = np.random.default_rng(seed)
    rows, columns = rng.permutation(20), rng.permutation(10)
    other = Reach.of(
        dense_of(reach)[np.ix_(rows, columns)],
        demand_id=reach.demand_id[rows],
        site_id=[f"other-{number}" for number in columns],
        weight=reach.weight[rows],
    )
    assert MODELS[name](other, 4).value == pytest.approx(MODELS[name](reach, 4).value)


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=6)
@given(seed=seeds, factor=st.sampled_from([1e-3, 7.0, 1e4]))
def test_scaling_demand_scales_the_answer(name, seed, factor):
    reach = random_reach(seed, demand=20, sites=10, holes=0.0)
    scaled = Reach(reach.distance, reach.demand_id, reach.site_id, factor * reach.weight)
    # A centre and a share of a zone do not hang on the unit of the demand.
    times = 1.0 if name in {"p_center", "max_min"} else factor
    assert MODELS[name](scaled, 4).value == pytest.approx(times * MODELS[name](reach, 4).value)


@settings(max_examples=10)
@given(seeds)
def test_a_wider_radius_never_takes_more_sites(seed):
    reach = random_reach(seed, demand=20, sites=10, holes=0.0)
    assert set_cover(reach, 90).value <= set_cover(reach, 75).value


def test_covering_frees_nothing_by_adding_a_dearer_promise():
    reach = random_reach(4, demand=20, sites=10, holes=0.0)
    shares = [min_cost_cover(reach, 40, share=share).value for share in (0.3, 0.6, 0.9)]
    assert shares == sorted(shares)
    assert shares[0] < shares[-1]


@pytest.mark.parametrize("solver", ["highs", "cbc"])
@pytest.mark.parametrize("name", [*MODELS, "set_cover"])
def test_a_cut_off_answer_is_never_called_optimal_unless_it_is(name, solver):
    reach = random_reach(11, demand=150, sites=150, holes=0.0)

    def run(limit, kind):
        solver = open_solver(kind, threads=1, seed=0, time_limit_s=limit)
        if name == "set_cover":
            return set_cover(reach, 13.0, solver=solver)
        return MODELS[name](reach, 12, solver=solver)

    cut, best = run(0.0, solver), run(60.0, "highs")
    assert best.status is Status.OPTIMAL
    sense = LARGER_IS_BETTER.get(name, -1)
    assert sense * (best.value - cut.value) >= -1e-6
    assert sense * (cut.bound - best.value) >= -1e-6 * abs(best.value)
    if cut.status is Status.OPTIMAL:
        assert cut.value == pytest.approx(best.value, rel=1e-6)
    else:
        assert cut.gap_share > 1e-6


def test_some_of_the_cut_off_answers_are_not_optimal():
    reach = random_reach(11, demand=150, sites=150, holes=0.0)
    solver = open_solver("highs", threads=1, seed=0, time_limit_s=0.0)
    assert p_median(reach, 12, unserved=150.0, solver=solver).status is Status.FEASIBLE
    assert max_cover(reach, 12, 13.0, solver=solver).bound >= max_cover(reach, 12, 13.0).value


def tiny():
    dense = [[0.0, 2.0, np.inf], [2.0, 1.0, 4.0], [np.inf, 1.0, 3.0], [np.inf, np.inf, 0.5]]
    return Reach.of(dense, site_id=["a", "b", "c"], weight=[1.0, 2.0, 3.0, 4.0])


def tiny_models():
    reach, kept = tiny(), np.zeros(3, dtype=bool)
    forced, zones = np.array([True, False, False]), ["x", "x", "y", "y"]
    rings = Coverage.of_radii(reach, {1.0: 0.5, 2.0: 0.5}, 0.4)
    part = cover_part(reach.within(2.0), np.array([1.0, 2.0, 3.0]), kept, 8.0)
    return {
        "max_cover": max_cover_model(Coverage.within(reach, 2.0), 2, kept),
        "max_cover_backup": max_cover_model(rings, 2, forced),
        "p_median": median_model(median_costs(reach, 2), kept),
        "p_median_unserved": median_model(median_costs(reach, 2, 5.0), forced),
        "min_cost_cover": cover_model(part),
        "max_min": max_min_model(Zones.of(reach, 2.0, zones), 2, kept),
        "capacitated": capacitated_model(reach, np.full(3, 6.0), np.array([1.0, 2.0, 3.0]), kept),
    }


@pytest.mark.parametrize("name", tiny_models())
def test_each_model_reads_as_pinned(name, tmp_path):
    hold(f"classic_{name}", text_of(tiny_models()[name][0], tmp_path))


def test_the_set_cover_model_reads_as_pinned(tmp_path):
    # A triangle: three demand points, any two sites; no reduction applies.
    dense = np.where(np.eye(3, dtype=bool), np.inf, 1.0)
    part = cover_part(Reach.of(dense), np.ones(3), np.zeros(3, dtype=bool), None)
    hold("classic_set_cover", text_of(cover_model(part)[0], tmp_path))


def test_a_reach_keeps_zeros_and_refuses_what_it_cannot_read():
    reach = Reach.from_pairs(["x", "y"], ["b", "a"], [0.0, 3.0], weight={"x": 1, "y": 2, "z": 0})
    assert reach.distance.nnz == 2
    assert reach.demand_id.tolist() == ["x", "y", "z"]
    assert max_cover(reach, 1, 0).open_id.tolist() == ["b"]
    with pytest.raises(DataError, match="twice"):
        Reach.from_pairs(["x", "x"], ["a", "a"], [1.0, 2.0])
    with pytest.raises(DataError, match="no weight"):
        Reach.from_pairs(["x"], ["a"], [1.0], weight={"y": 1.0})
    with pytest.raises(DataError, match="negative"):
        Reach.of([[-1.0]])
    with pytest.raises(DataError, match="weights"):
        Reach.of([[1.0]], weight=[np.nan])
    with pytest.raises(DataError, match="given twice"):
        Reach.of([[1.0, 2.0]], site_id=["a", "a"])
    with pytest.raises(DataError, match="2 site ids for 1"):
        Reach.of([[1.0]], site_id=["a", "b"])
    with pytest.raises(DataError, match="no site 'q'"):
        max_cover(reach, 1, 5, keep=["q"])


@pytest.mark.parametrize("p", [0, 4])
def test_a_number_of_sites_that_cannot_be_is_refused(p):
    for model in (lambda r: p_median(r, p), lambda r: max_cover(r, p, 1), lambda r: p_center(r, p)):
        with pytest.raises(ImpossibleTargetError, match="there are 3"):
            model(tiny())


def test_the_impossible_is_refused_with_numbers():
    with pytest.raises(InfeasibleError, match=r"1 demand points .* 10\.00%"):
        set_cover(Reach.of([[1.0], [9.0]], weight=[9, 1]), 2.0)
    with pytest.raises(ImpossibleTargetError, match="a demand of 10"):
        capacitated(tiny(), capacity=[1, 1, 1], fixed_cost=[0, 0, 0])
    with pytest.raises(InfeasibleError, match="cannot serve"):
        capacitated(tiny(), capacity=[9, 9, 1], fixed_cost=[0, 0, 0])
    with pytest.raises(ImpossibleTargetError, match="zones"):
        max_min(tiny(), 1, 2.0, zone=["x"])
    with pytest.raises(ImpossibleTargetError, match="backup"):
        max_cover(tiny(), 1, 2.0, backup=2.0)
