"""A solve started from an earlier one: as good, quicker, and it says where it came from."""

import zipfile
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problem_cases import small_problem
from test_solve import hold_rules, plain, run, short_search, town  # noqa: F401  # a fixture

from siting.errors import BrokenFileError, InputMissingError, ScenarioError
from siting.optimize.search import solve
from siting.optimize.search.solve import solve_problem
from siting.optimize.swap import swap_key
from siting.plan.start import RESTART_NPZ, read_start, write_start
from siting.scenario import Solver

GAP = 0.01


@pytest.fixture(autouse=True)
def staged(monkeypatch):
    """Take the way of large problems."""
    monkeypatch.setattr(solve, "EXACT_PAIRS", 0)


@pytest.fixture(scope="module")
def base():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(solve, "EXACT_PAIRS", 0)
        return run(town(), gap_share=GAP)


def again(problem, start, **solver):
    settings = Solver(**{"time_limit_s": 60, "gap_share": GAP, **solver})
    return solve_problem(problem, solver=settings, seed=7, start=start)


def stages(solution):
    return [name for name, _ in solution.stages]


def test_the_same_problem_is_done_at_once(base):
    solution = again(town(), base.start)
    assert stages(solution) == ["swap", "start"]
    assert solution.chargers == base.chargers
    assert solution.swap_ids == base.swap_ids
    assert solution.outcome.value == base.outcome.value
    assert solution.outcome.bound == pytest.approx(base.outcome.bound, abs=1e-9)


@pytest.mark.parametrize(
    "change",
    [
        {"score": np.linspace(0, 1, 60)},
        {"chargers": 70},
        {"stations": 17, "chargers": 70},
        {"zone_floor": np.array([5, 5])},
        {"min_spacing_m": 220.0},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_changed_problem_is_solved_to_its_gap_under_its_own_rules(base, change):
    problem = replace(town(), **change)
    solution = again(problem, base.start)
    hold_rules(problem, solution)
    cold = run(problem, gap_share=GAP)
    assert solution.outcome.gap_share <= GAP
    assert solution.outcome.bound >= cold.outcome.value - 1e-9
    assert solution.outcome.value <= cold.outcome.bound + 1e-9


def test_a_start_that_does_not_reach_the_gap_takes_the_long_way(base, monkeypatch):
    monkeypatch.setattr(solve, "_ROUNDS_FROM_START", (1, 1))
    solution = again(replace(town(), score=np.linspace(1, 0, 60)), base.start, gap_share=1e-4)
    assert stages(solution) == ["swap", "start", "bound", "reduced", "bound"]


def test_the_plan_says_where_it_started_and_two_starts_agree(base, tmp_path):
    write_start(base.start, tmp_path / RESTART_NPZ)
    start = read_start(tmp_path)
    problem = replace(town(), chargers=65)
    one, other = (again(problem, start) for _ in range(2))
    assert plain(one) == plain(other)
    note = ("started_from", {"run": tmp_path.name, "sha256": start.sha256[:12]})
    assert note in one.notes
    assert all(key != "started_from" for key, _ in run(problem, gap_share=GAP).notes)


def test_sites_and_demand_may_come_and_go(base):
    problem = town()
    gone = next(iter(base.chargers))
    openable = problem.openable & (problem.site_id != gone)
    renamed = problem.demand_id.copy()
    renamed[:20] = [f"new{number:03d}" for number in range(20)]
    kept = openable[problem.pair_site]
    changed = replace(
        problem,
        openable=openable,
        demand_id=renamed,
        **{
            name: getattr(problem, name)[kept]
            for name in ("pair_demand", "pair_site", "pair_distance_m", "pair_kwh")
        },
    )
    solution = again(changed, base.start)
    hold_rules(changed, solution)
    assert gone not in solution.chargers


def test_a_start_from_elsewhere_is_refused(base):
    elsewhere = town()
    elsewhere = replace(elsewhere, site_id=np.array([f"x{k}" for k in range(60)], dtype=object))
    with pytest.raises(ScenarioError, match="none of the stations of run"):
        again(elsewhere, base.start)


def test_the_swap_stage_is_reused_only_where_it_reads_the_same(base):
    problem = town()
    assert swap_key(problem) == swap_key(replace(problem, chargers=99, stations=3))
    changes = (
        {"swap_stations": 3},
        {"swap_spacing_m": 900.0},
        {"demand_kwh": problem.demand_kwh * 2},
        {"swap_ok": np.arange(60) < 50},
        {"swap_pair_distance_m": problem.swap_pair_distance_m + 1},
        {"swap_sense": ">="},
    )
    keys = {swap_key(replace(problem, **change)) for change in changes}
    assert len(keys | {swap_key(problem)}) == len(changes) + 1
    assert base.start.swap_key == swap_key(problem)


def test_a_file_gives_back_what_was_written_and_the_same_bytes_twice(base, tmp_path):
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        write_start(base.start, tmp_path / name / RESTART_NPZ)
    one, other = ((tmp_path / name / RESTART_NPZ).read_bytes() for name in ("one", "other"))
    assert one == other
    read = read_start(tmp_path / "one")
    assert read.run == "one"
    assert read.stations.tolist() == base.start.stations.tolist()
    assert np.array_equal(read.price, base.start.price)
    assert (read.charger_price, read.swap_key) == (base.start.charger_price, base.start.swap_key)


def test_a_missing_or_broken_file_is_told(base, tmp_path):
    with pytest.raises(InputMissingError, match=r"restart\.npz is missing"):
        read_start(tmp_path)
    path = tmp_path / RESTART_NPZ
    write_start(base.start, path)
    raw = path.read_bytes()
    for broken in (b"", b"no zip", raw[: len(raw) // 2]):
        path.write_bytes(broken)
        with pytest.raises(BrokenFileError, match="cannot be read"):
            read_start(tmp_path)
    write_start(replace(base.start, price=base.start.price[:-1]), path)
    with pytest.raises(BrokenFileError, match="differ in length"):
        read_start(tmp_path)
    write_start(replace(base.start, wish=base.start.wish * np.nan), path)
    with pytest.raises(BrokenFileError, match="is no number"):
        read_start(tmp_path)


@settings(max_examples=150)
@given(data=st.data())
def test_a_file_with_bytes_turned_is_read_or_told(base, tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("start")
    write_start(base.start, folder / RESTART_NPZ)
    raw = bytearray((folder / RESTART_NPZ).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    (folder / RESTART_NPZ).write_bytes(raw)
    try:
        read_start(folder)
    except BrokenFileError as error:
        told = error.cure
    else:
        told = "read"
    assert told


@pytest.mark.parametrize(
    "forged",
    [{"price": np.inf}, {"price": 1e300}, {"wish": -np.inf}, {"charger_price": np.nan}],
    ids=repr,
)
def test_numbers_beyond_all_measure_are_told(base, tmp_path, forged):
    ((name, value),) = forged.items()
    wrong = value if name == "charger_price" else getattr(base.start, name) * 0 + value
    write_start(replace(base.start, **{name: wrong}), tmp_path / RESTART_NPZ)
    with pytest.raises(BrokenFileError, match="no number, or beyond all measure"):
        read_start(tmp_path)


def test_a_start_that_would_unpack_to_gigabytes_is_told(tmp_path):
    with (
        zipfile.ZipFile(tmp_path / RESTART_NPZ, "w", zipfile.ZIP_DEFLATED) as packed,
        packed.open("price.npy", "w", force_zip64=True) as stream,
    ):
        for _ in range(1100):
            stream.write(bytes(1_000_000))
    with pytest.raises(BrokenFileError, match="unpack"):
        read_start(tmp_path)


def test_forged_swap_stations_are_proven_anew(base):
    """Whatever swap stations a start names, the plan's are legal and near a bound proven here."""
    problem = town()
    could = problem.site_id[problem.swap_ok]
    for swap_ids in (could[:1], could[-2:], could, could[:0]):
        found = again(problem, replace(base.start, swap_ids=swap_ids))
        hold_rules(problem, found)
        assert 0 <= found.outcome.swap_gap_share <= 0.002
        assert len(found.swap_ids) == len(base.swap_ids)


def test_a_problem_without_swap_stations_starts_too():
    problem = replace(small_problem(3, demand=40, sites=30), stations=8, chargers=20,
                      swap_stations=0, max_chargers=np.full(30, 6))  # fmt: skip
    first = run(problem, gap_share=GAP)
    assert again(problem, first.start).chargers == first.chargers
