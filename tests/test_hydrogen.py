"""Hydrogen stations: off by default; chosen by a covering model, counted again, drawn."""

import dataclasses
import itertools
from pathlib import Path

import desk
import numpy as np
import pandas as pd
import pytest
from plans import small_plan
from problem_cases import small_problem

from siting.audit.recount import hydrogen_stations_are_as_asked, recount
from siting.cli.main import run
from siting.errors import InfeasibleError, RecountError, ScenarioError
from siting.optimize import swap
from siting.outputs import map as webmap
from siting.outputs.words import speaker
from siting.pipeline import run as pipeline
from siting.pipeline.meter import Meter
from siting.plan.folder import load_plan, save_plan
from siting.scenario import Hydrogen, Scenario, Solver, load_scenario

GOLDEN = Path(__file__).parent / "golden" / "hydrogen.lp"
BLOCK = """
[hydrogen]
stations = 2
kinds = ["parking", "fuel", "residential"]
spacing_m = 200
cutoff_m = 1500
"""


def asked(**changes):
    return Hydrogen(**{"stations": 2, "spacing_m": 500.0, "cutoff_m": 900.0, **changes})


def tables(problem, members):
    """Return the ids of some sites of a problem, and their pairs in reach."""
    able = pd.Series(problem.site_id[list(members)])
    xy = problem.site_xy[list(members)]
    distance = np.hypot(*(problem.demand_xy[:, None] - xy[None, :]).transpose(2, 0, 1))
    at = np.argwhere(distance <= 900)
    reach = pd.DataFrame(
        {
            "demand_id": problem.demand_id[at[:, 0]],
            "site_id": able.to_numpy()[at[:, 1]],
            "distance_m": distance[at[:, 0], at[:, 1]],
            "time_s": 1.0,
        }
    )
    return able, reach


def choose(problem, able, reach, **changes):
    solver = Solver(time_limit_s=60)
    return swap.choose_hydrogen(problem, able, reach, block=asked(**changes), solver=solver, seed=7)


def worth(problem, reach, ids):
    """Return the gradual coverage of a set of sites, in plain loops."""
    total = 0.0
    for share, value in ((1 / 3, 0.5), (2 / 3, 0.3), (1.0, 0.2)):
        near = reach[reach["site_id"].isin(ids) & (reach["distance_m"] <= share * 900)]
        total += value * problem.demand_kwh[np.isin(problem.demand_id, near["demand_id"])].sum()
    return total


@pytest.mark.parametrize("seed", range(3))
def test_no_other_choice_covers_more(seed, monkeypatch):
    monkeypatch.setattr(swap, "_DEMAND_CELLS_M", (1.0, 1.0))
    monkeypatch.setattr(swap, "_SITE_CELLS_M", (1.0, 1.0))
    monkeypatch.setattr(swap, "_GAP", 0.0)
    problem = small_problem(seed, demand=30, sites=12)
    able, reach = tables(problem, range(2, 12))
    where = dict(zip(problem.site_id, problem.site_xy, strict=True))
    legal = [
        pair
        for pair in itertools.combinations(able, 2)
        if np.linalg.norm(where[pair[0]] - where[pair[1]]) >= 500
    ]
    ids, gap = choose(problem, able, reach)
    assert ids in legal
    assert set(ids) <= set(able)
    assert gap == pytest.approx(0, abs=1e-6)
    best = max(worth(problem, reach, pair) for pair in legal)
    assert worth(problem, reach, ids) == pytest.approx(best)


def test_the_model_is_the_one_that_is_written_down():
    problem = small_problem(3, demand=4, sites=5)
    own = swap.covering_problem(problem, *tables(problem, range(1, 5)), block=asked())
    lp, _ = swap._cover_model(own, own.swap_ok)
    assert str(lp) == GOLDEN.read_text(encoding="utf-8")


def test_no_room_is_said_in_words_of_its_own():
    problem = small_problem(1, demand=30, sites=12)
    words = r"(?s)2 hydrogen stations.*hydrogen\.spacing_m"
    with pytest.raises(InfeasibleError, match=words) as met:
        choose(problem, *tables(problem, range(12)), spacing_m=9000.0)
    assert met.value.where == "hydrogen.stations"


# A whole plan


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The town's plan without and with hydrogen stations."""
    folder = tmp_path_factory.mktemp("hydrogen")
    path = desk.set_up(folder)
    plain = pipeline.run(load_scenario(path), meter=Meter(lambda *_: None))
    path.write_text(path.read_text(encoding="utf-8") + BLOCK, encoding="utf-8")
    return plain, pipeline.run(load_scenario(path), meter=Meter(lambda *_: None)), path


def test_off_unless_asked_for(made, tmp_path):
    plain, _, _ = made
    assert Scenario.model_fields["hydrogen"].default is None
    assert plain.hydrogen_sites is None
    assert not [key for key in (*plain.totals, *plain.targets) if "hydrogen" in key]
    assert all(note.key != "hydrogen_sign_off" for note in plain.notes)
    save_plan(plain, tmp_path, say=speaker("en"))
    assert not (tmp_path / "hydrogen_sites.csv").exists()
    assert load_plan(tmp_path).hydrogen_sites is None
    assert "H₂" not in webmap.make_map(plain).split("<script>")[0]


def test_nothing_else_of_the_plan_changes(made):
    plain, with_them, _ = made
    pd.testing.assert_frame_equal(plain.sites, with_them.sites)
    pd.testing.assert_frame_equal(plain.swap_sites, with_them.swap_sites)
    assert plain.outcome.value == with_them.outcome.value
    assert plain.baselines == with_them.baselines


def test_the_plan_says_what_it_has_and_that_it_needs_sign_off(made, tmp_path):
    _, plan, _ = made
    sites = plan.hydrogen_sites
    assert plan.totals["hydrogen_stations"] == plan.targets["hydrogen_stations"] == len(sites) == 2
    assert set(sites["kind"]) <= {"parking", "fuel", "residential"}
    assert set(sites["verdict"]) == {"sign_off"}
    assert 0 <= plan.hydrogen.gap_share <= 0.002
    assert 0 < plan.hydrogen.covered_share <= 1
    assert any(note.key == "hydrogen_sign_off" for note in plan.notes)
    save_plan(plan, tmp_path, say=speaker("en"))
    sheet = pd.read_csv(tmp_path / "hydrogen_sites.csv")
    assert sheet["site_id"].tolist() == sites["site_id"].tolist()
    back = load_plan(tmp_path)
    assert vars(back.hydrogen) == pytest.approx(vars(plan.hydrogen))
    assert back.hydrogen_sites["site_id"].tolist() == sites["site_id"].tolist()
    assert back.hydrogen_sites.crs == sites.crs


def test_the_map_draws_them(made):
    page = webmap.make_map(made[1], language="en")
    assert "Hydrogen station (needs sign-off)" in page
    assert 'siting.layer("hydrogen")' in page
    assert 'siting.layer("hydrogen")' not in webmap.make_map(made[0], language="en")


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ('hydrogen.kinds=["feul"]', "did you mean 'fuel'"),
        ("hydrogen.stations=50", "50 hydrogen stations are asked for, and"),
        ("hydrogen.spacing_m=90000", "do not fit among"),
    ],
)
def test_bad_input_is_named(made, override, message, tmp_path, capsys):
    code = run(["plan", str(made[2]), "--set", override, "--out", str(tmp_path)])
    assert code == (2 if "kinds" in override else 4)
    assert message in " ".join(capsys.readouterr().err.split())
    assert list(tmp_path.iterdir()) == []


def test_a_block_without_a_number_is_refused(made, tmp_path):
    path = tmp_path / "town.toml"
    text = made[2].read_text(encoding="utf-8").replace("stations = 2\nkinds", "kinds")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"hydrogen\.stations"):
        load_scenario(path)


# Counted again


def legal():
    """Return the small plan with two hydrogen stations, and what it was asked for."""
    plan = small_plan()
    able = plan.candidates[plan.candidates["verdict"] != "stop"].iloc[[0, 3]]
    sites = able[["site_id", "kind", "name", "zone_id", "geometry"]].assign(
        is_new=True, verdict="sign_off"
    )
    block = asked(spacing_m=100.0, kinds=tuple(sorted(set(sites["kind"])))).model_dump()
    return dataclasses.replace(
        plan,
        hydrogen_sites=sites.reset_index(drop=True),
        totals=plan.totals | {"hydrogen_stations": 2},
        scenario={**plan.scenario, "hydrogen": block},
    )


def with_block(plan, **changes):
    block = plan.scenario["hydrogen"] | changes
    return dataclasses.replace(plan, scenario={**plan.scenario, "hydrogen": block})


def with_sites(plan, **columns):
    return dataclasses.replace(plan, hydrogen_sites=plan.hydrogen_sites.assign(**columns))


def banned(plan):
    site = plan.hydrogen_sites["site_id"].iloc[0]
    return dataclasses.replace(plan, scenario={**plan.scenario, "model": {"banned": [site]}})


def stopped(plan):
    candidates = plan.candidates.assign(verdict="stop")
    return dataclasses.replace(plan, candidates=candidates)


BROKEN = {
    "asked for": lambda plan: with_block(plan, stations=3),
    "of a kind": lambda plan: with_block(plan, kinds=("sight",)),
    "m apart": lambda plan: with_block(plan, spacing_m=1e6),
    "stands twice": lambda plan: with_sites(plan, site_id=plan.hydrogen_sites["site_id"].iloc[0]),
    "no candidate": lambda plan: with_sites(plan, site_id=["way/1x", "way/2x"]),
    "sign-off": lambda plan: with_sites(plan, verdict="ok"),
    "stopped or banned": banned,
    "stopped": stopped,
    "totals say": lambda plan: dataclasses.replace(
        plan, totals=plan.totals | {"hydrogen_stations": 9}
    ),
    "other way round": lambda plan: dataclasses.replace(plan, hydrogen_sites=None),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_the_count_finds_each_fault(fault):
    assert list(hydrogen_stations_are_as_asked(legal())) == []
    found = list(hydrogen_stations_are_as_asked(BROKEN[fault](legal())))
    assert any(fault in line for line in found), found


@pytest.mark.parametrize(
    ("sense", "number", "holds"),
    [("at_least", 1, True), ("at_least", 3, False), ("at_most", 3, True), ("at_most", 1, False)],
)
def test_the_sense_of_the_number(sense, number, holds):
    plan = with_block(legal(), sense=sense, stations=number)
    assert (list(hydrogen_stations_are_as_asked(plan)) == []) is holds


def test_the_recount_asks_for_it(made):
    broken = with_sites(made[1], verdict="ok")
    with pytest.raises(RecountError, match="not marked for sign-off"):
        recount(broken)
