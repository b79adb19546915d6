"""Trade-offs: what a goal asks for, which plan stands for a point, what is beaten, the knee."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from clusters import address
from desk import set_up
from hypothesis import given
from hypothesis import strategies as st

from siting.cli.main import run
from siting.errors import EXIT_GOOD, EXIT_SCENARIO, ScenarioError
from siting.outputs.charts import draw_front
from siting.scenario import changed_scenario, load_scenario
from siting.study.engine import Execution
from siting.study.front import Asked, front
from siting.study.pareto import GOALS, Seen, front_table, knee, read_goals, read_ranges, unbeaten
from siting.study.tasks import OK, PlanRow

SERVED_COST = read_goals("served,cost")
merits = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=9
).map(lambda rows: np.array(rows, dtype=float))


def plan(name, value, cost, bound):
    figures = {"value": value, "bound": bound, "cost_cny": cost}
    return PlanRow(name, OK, figures=figures)


def points():
    return [
        Seen((), plan("free", 0.90, 500.0, 0.91)),
        Seen((300.0,), plan("c3", 0.70, 290.0, 0.72)),
        Seen((400.0,), plan("c4", 0.69, 390.0, 0.93)),  # worse than what keeps a tighter limit
        Seen((200.0,), PlanRow("c2", "failed", what="too little money")),
        Seen((450.0,), plan("c45", 0.89, 440.0, 0.895)),
    ]


def test_a_tighter_plan_and_a_looser_bound_stand_in():
    table = front_table(SERVED_COST, points())
    assert table["limit_cost"].tolist()[:4] == [200.0, 300.0, 400.0, 450.0]
    assert np.isnan(table["limit_cost"].iloc[4])
    none, tight, worse, good, free = table.to_dict("records")
    assert (none["state"], none["what"]) == ("failed", "too little money")
    assert pd.isna(none["plan"])
    assert not none["front"]
    assert (tight["plan"], tight["served"], tight["cost"], tight["bound"]) == ("c3", 0.7, 290, 0.72)
    assert (worse["plan"], worse["served"]) == ("c3", 0.7)
    assert worse["bound"] == 0.895, "what no plan for 450 passes, none for 400 does"
    assert worse["gap_share"] == pytest.approx(0.195 / 0.895)
    assert not worse["front"], "the same plan as the point before"
    assert good["front"]
    assert free["front"]
    assert good["knee"]
    assert table["knee"].sum() == 1


@given(merits)
def test_what_is_left_is_beaten_by_nobody_and_beats_or_equals_the_rest(rows):
    flags = unbeaten(rows)
    assert flags.any()
    for place, row in enumerate(rows):
        better = (rows >= row).all(axis=1) & (rows > row).any(axis=1)
        same = np.flatnonzero((rows == row).all(axis=1))
        assert flags[place] == (not better.any() and same[0] == place)


def test_the_knee_is_farthest_from_the_line_between_the_ends():
    chosen = np.array([[0.0, 10.0], [6.0, 9.0], [8.0, 5.0], [10.0, 0.0]])
    line = np.array([10.0, -10.0]) / np.hypot(10, 10)
    off = chosen - chosen[0]
    far = np.abs(line[0] * off[:, 1] - line[1] * off[:, 0])
    assert knee(chosen, np.ones(4, dtype=bool)) == int(np.argmax(far))


def test_a_straight_or_hollow_front_has_no_knee():
    straight = np.array([[0.0, 2.0], [1.0, 1.0], [2.0, 0.0]])
    hollow = np.array([[0.0, 2.0], [0.5, 0.5], [2.0, 0.0]])
    everyone = np.ones(3, dtype=bool)
    assert knee(straight, everyone) is None
    assert knee(hollow, everyone) is None
    assert knee(straight[:2], everyone[:2]) is None


@pytest.mark.parametrize(
    "text", ["served", "cost,served", "served,travel", "served,served", "served,luck", "",
             "served,cost,equity,grid"],
)  # fmt: skip
def test_goals_that_make_no_front_are_refused(text):
    with pytest.raises(ScenarioError, match=r"goal|first|wanted"):
        read_goals(text)


@pytest.mark.parametrize(
    "text", ["cost=1", "cost=1,x", "grid=0.1,0.2", "cost", "cost=2,2", "cost=0,inf"]
)
def test_a_range_that_is_none_is_refused(text):
    with pytest.raises(ScenarioError, match="range"):
        read_ranges([text], SERVED_COST)


def test_the_tight_end_of_a_range_comes_first():
    goals = read_goals("value,cost,equity")
    found = read_ranges(["cost=5,3", "equity=0.2,0.4"], goals)
    assert found == {"cost": (3, 5), "equity": (0.4, 0.2)}


@pytest.mark.parametrize("name", [name for name, goal in GOALS.items() if goal.limited])
def test_each_limit_is_a_scenario_that_can_be_read(tmp_path, name):
    scenario = load_scenario(set_up(tmp_path))
    settings = GOALS[name].limited(scenario, 0.5 if name != "cost" else 3.3e6, ["a", "b"])
    changed = changed_scenario(scenario, settings)
    if name == "cost":
        assert changed.model.budget_cny == 3.3e6
    if name == "equity":
        assert [one.zones for one in changed.model.promises] == [("a",), ("b",)]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return folder and table of a small front, and the scenario."""
    folder = tmp_path_factory.mktemp("desk")
    scenario = load_scenario(set_up(folder))
    table = front(
        scenario, folder / "front", Asked(SERVED_COST, points=3), Execution(scheduler=address())
    )
    return folder / "front", table, scenario


def test_a_front_of_the_town_keeps_its_limits_and_its_bounds(made):
    _, table, _ = made
    assert len(table) == 4
    limited = table.dropna(subset="limit_cost")
    known = limited.dropna(subset="plan")
    assert len(known)
    assert (known["cost"] <= known["limit_cost"] + 1e-6).all()
    assert (known["served"] <= known["bound"] + 1e-9).all()
    assert known["served"].is_monotonic_increasing
    assert known["bound"].is_monotonic_increasing
    assert table["front"].any()


def test_a_front_is_written_and_made_once(made):
    folder, table, scenario = made
    told = json.loads((folder / "front.json").read_text(encoding="utf-8"))
    assert [row["plan"] for row in told["points"]] == table["plan"].replace({np.nan: None}).tolist()
    assert told["goals"] == ["served", "cost"]
    written = pd.read_csv(folder / "front.csv", encoding="utf-8-sig")
    assert written["served"].round(9).tolist() == table["served"].round(9).tolist()
    assert (folder / "front.png").read_bytes().startswith(b"\x89PNG")
    lines = (folder / "rows.jsonl").read_text(encoding="utf-8")
    again = front(scenario, folder, Asked(SERVED_COST, points=3), Execution(scheduler=address()))
    assert (folder / "rows.jsonl").read_text(encoding="utf-8") == lines
    pd.testing.assert_frame_equal(again, table)


def test_the_picture_has_both_languages_and_three_goals():
    goals = [("served", "share", True), ("cost", "cny", False), ("equity", "share", True)]
    table = pd.DataFrame(
        {
            "limit_cost": [1e8, 2e8, np.nan], "limit_equity": [0.3, 0.3, np.nan],
            "served": [0.8, 0.9, 0.95], "cost": [1e8, 2e8, 3e8], "equity": [0.3, 0.4, 0.2],
            "bound": [0.81, 0.91, 0.96], "plan": ["a", "b", "c"], "front": [True, True, False],
            "knee": [False, True, False],
        }
    )  # fmt: skip
    pictures = {
        language: draw_front(table, goals, language=language, synthetic=True)
        for language in ("zh", "en")
    }
    assert pictures["zh"] != pictures["en"]
    assert pictures["en"] == draw_front(table, goals, language="en", synthetic=True)


def test_the_verb_tells_the_points(tmp_path, capsys):
    path = set_up(tmp_path)
    asked = ["front", str(path), "--out", str(tmp_path / "maps"), "--scheduler", address()]
    assert run([*asked, "--goals", "value,equity", "--points", "2"]) == EXIT_GOOD
    out = capsys.readouterr().out
    assert "Coverage" in out
    assert "wrote" in out
    assert (tmp_path / "maps" / "town-front-value-equity" / "front.csv").is_file()
    assert run([*asked, "--goals", "cost,value"]) == EXIT_SCENARIO
