"""Sweeps: what is drawn, what a row says, going on after a stop, and workers that die."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from clusters import address, kill_a_worker
from desk import set_up
from hypothesis import given
from hypothesis import strategies as st

from siting.cli.main import run
from siting.errors import EXIT_DATA, EXIT_GOOD, EXIT_SCENARIO, ScenarioError
from siting.outputs.charts import draw_tornado
from siting.pipeline import run as pipeline
from siting.pipeline.adjust import factored_prices
from siting.pipeline.meter import Meter
from siting.scenario import Factors, Uncertain, changed_scenario, load_scenario
from siting.study import engine
from siting.study.engine import Execution, Held, hold, run_tasks, workers
from siting.study.samples import make_draws, quantile, read_grid
from siting.study.shared_sites import distinct_plans, holding, measures, site_shares
from siting.study.sweep import Wanted, make_tasks, sweep
from siting.study.tasks import LOST, OK, ROWS, PlanRow, Task, line_of, lost_row, read_rows
from siting.study.tornado import Assumption, assumptions, regret, tornado_table

UNCERTAIN = """
[uncertainty]
"demand.nev_share" = { shape = "triangular", low = 0.1, high = 0.3, mode = 0.15 }
"factors.prices" = { low = 0.8, high = 1.3 }
"""
UNIFORM = st.tuples(st.floats(-10, 10), st.floats(0.1, 10)).map(
    lambda pair: Uncertain(low=pair[0], high=pair[0] + pair[1])
)
TRIANGLE = st.tuples(st.floats(-10, 10), st.floats(0.1, 10), st.floats(0, 1)).map(
    lambda t: Uncertain(
        shape="triangular", low=t[0], high=t[0] + t[1], mode=min(t[0] + t[1] * t[2], t[0] + t[1])
    )
)
BELL = st.tuples(st.floats(-10, 10), st.floats(0.1, 10), st.floats(0.1, 5)).map(
    lambda t: Uncertain(shape="normal", low=t[0], high=t[0] + t[1], sd=t[2])
)


def desk(folder, text=UNCERTAIN):
    path = set_up(folder)
    with path.open("a", encoding="utf-8", newline="\n") as handle:
        handle.write(text)
    return load_scenario(path)


@given(st.one_of(UNIFORM, TRIANGLE, BELL), st.floats(0, 1), st.floats(0, 1))
def test_a_quantile_lies_in_its_range_and_grows(one, first, second):
    low, high = sorted((first, second))
    slack = 1e-9 * (1 + abs(one.low) + abs(one.high))
    assert one.low - slack <= quantile(one, low) <= quantile(one, high) + slack
    assert quantile(one, high) <= one.high + slack


@pytest.mark.parametrize("bad", [
    {"low": 2, "high": 1}, {"low": 0, "high": 1, "mode": 2, "shape": "triangular"},
    {"low": 0, "high": 1, "mode": 0.5}, {"low": 0, "high": 1, "sd": 1},
])  # fmt: skip
def test_a_distribution_that_contradicts_itself_is_refused(bad):
    with pytest.raises(ValueError, match=r"mode|sd|below"):
        Uncertain(**{key: float(v) if key != "shape" else v for key, v in bad.items()})


def test_more_samples_keep_the_first_ones_and_each_meets_the_whole_grid(tmp_path):
    scenario = desk(tmp_path)
    grid = read_grid(["targets.stations=3,4", "model.min_spacing_m=100"])
    few = make_draws(scenario, grid, samples=3, seed=7)
    many = make_draws(scenario, grid, samples=5, seed=7)
    assert len(few) == 1 + 2 * 3
    assert few[0].settings == {}
    keep = [draw for draw in many if draw.sample is None or draw.sample < 3]
    assert few == keep
    assert make_draws(scenario, grid, samples=3, seed=8)[1].drawn != few[1].drawn
    for draw in few[1:]:
        assert 0.1 <= draw.drawn["demand.nev_share"] <= 0.3


def test_a_key_that_counts_is_drawn_whole(tmp_path):
    scenario = desk(tmp_path, '[uncertainty]\n"targets.stations" = { low = 2, high = 5 }\n')
    values = {draw.drawn["targets.stations"] for draw in make_draws(
        scenario, {}, samples=20, seed=1)[1:]}  # fmt: skip
    assert values <= {2, 3, 4, 5}
    assert all(isinstance(value, int) for value in values)


@pytest.mark.parametrize(
    ("text", "grid", "samples", "fault"),
    [
        ("", [], 0, "nothing is to be varied"),
        ("", [], 5, "says of nothing"),
        (UNCERTAIN, ["factors.prices=1,2"], 5, "at once"),
        (UNCERTAIN, [], 10**9, "1,000,000,000 plans are wanted"),
        (
            UNCERTAIN,
            [
                f"targets.{key}={','.join(map(str, range(400, 500)))}"
                for key in ("stations", "chargers")
            ],
            11,
            "110,000 plans",
        ),
        (UNCERTAIN, ["targets.statons=1,2"], 0, "statons"),
        (UNCERTAIN, ["targets.stations=0"], 0, r"targets\.stations"),
        (UNCERTAIN, ["targets.stations"], 0, "key=value"),
        (UNCERTAIN, ["travel.cutoff_m=900", "travel.cutoff_m=800"], 0, "twice"),
        ('[uncertainty]\n"demand.nev_shar" = { low = 0.1, high = 0.2 }\n', [], 2, "nev_shar"),
        ('[uncertainty]\n"demand.nev_share" = { low = 0.1, high = 2.0 }\n', [], 2, "nev_share"),
    ],
)
def test_what_cannot_be_varied_is_refused(tmp_path, text, grid, samples, fault):
    scenario = desk(tmp_path, text)
    with pytest.raises(ScenarioError, match=fault):
        make_draws(scenario, read_grid(grid), samples=samples, seed=7)


def test_factors_change_money_only_and_the_plan_says_so(tmp_path):
    prices = pd.DataFrame({"item": ["cable", "install_share"], "unit": ["CNY a metre", "share"],
                           "low": [1.0, 0.3], "base": [2.0, 0.5], "high": [3.0, 1.0]})  # fmt: skip
    twice = factored_prices(prices, Factors(prices=2.0))
    assert twice["base"].tolist() == [4.0, 0.5]
    assert factored_prices(prices, Factors()) is prices


def test_an_id_is_the_plan_and_not_its_name(tmp_path):
    scenario = desk(tmp_path)
    inputs = ["osm 00"]
    draws = make_draws(scenario, read_grid(["targets.chargers=40,44"]), samples=0, seed=7)
    base, same, other = make_tasks(scenario, draws, inputs)
    assert base.id == same.id != other.id, "40 is what the base has"
    named = changed_scenario(scenario, {"run.name": "another", "run.language": "zh"})
    assert make_tasks(named, draws, inputs)[0].id == base.id
    assert make_tasks(scenario, draws, ["osm 01"])[0].id != base.id


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """Return scenario, folder and result of four plans, one of which cannot be."""
    folder = tmp_path_factory.mktemp("desk")
    scenario = desk(folder)
    wanted = Wanted(read_grid(["targets.stations=4,4000"]), samples=2, form="csv")
    told = []
    execution = Execution(scheduler=address(), progress=lambda *state: told.append(state))
    result = sweep(scenario, folder / "sweep", wanted, execution)
    return scenario, folder / "sweep", wanted, result, told


def test_one_that_fails_does_not_stop_the_rest(swept):
    _, folder, _, result, told = swept
    states = [row.state for row in result.rows]
    assert states == [OK, OK, OK, "failed", "failed"]
    assert result.failed == 2
    assert "4,000" in result.rows[3].what or "4000" in result.rows[3].what
    assert told[0] == (0, 5, 0)
    assert told[-1] == (5, 5, 2)
    frame = pd.read_csv(folder / "results.csv")
    assert len(frame) == 5
    assert frame["stations"].iloc[0] == 4
    assert len(json.loads(frame["site_ids"].iloc[0])) == 4


def test_a_sweep_goes_on_where_it_was_stopped(swept, tmp_path):
    scenario, folder, wanted, result, _ = swept
    lines = (folder / ROWS).read_text(encoding="utf-8").splitlines()
    again = tmp_path / "sweep"
    again.mkdir()
    text = "\n".join([*lines[:3], lines[3][: len(lines[3]) // 2]])  # killed while writing
    (again / ROWS).write_text(text, encoding="utf-8", newline="\n")
    second = sweep(scenario, again, wanted, Execution(scheduler=address()))
    assert second.reused == 3
    assert second.table.read_bytes() == result.table.read_bytes()
    assert len(read_rows(again)) == 5


def test_plans_start_from_the_base_unless_made_afresh(swept, tmp_path):
    scenario, folder, wanted, result, _ = swept
    base, *others = [row.id for row in result.rows]
    assert (folder / f"base-{base}" / "restart.npz").is_file()
    afresh = sweep(
        scenario, tmp_path / "afresh", replace(wanted, afresh=True), Execution(scheduler=address())
    )
    assert afresh.rows[0].id == base
    assert not {row.id for row in afresh.rows[1:]} & set(others)
    assert not list((tmp_path / "afresh").glob("base-*"))
    for one, other in zip(result.rows, afresh.rows, strict=True):
        assert one.state == other.state
        if one.state == OK:
            assert one.figures["value"] <= other.figures["bound"] + 1e-9
            assert other.figures["value"] <= one.figures["bound"] + 1e-9


def test_a_start_that_is_gone_is_made_again(swept, tmp_path):
    scenario, folder, wanted, result, _ = swept
    again = tmp_path / "sweep"
    again.mkdir()
    lines = (folder / ROWS).read_text(encoding="utf-8").splitlines()
    (again / ROWS).write_text(lines[0] + "\n", encoding="utf-8", newline="\n")
    assert json.loads(lines[0])["id"] == result.rows[0].id, "the base comes first"
    second = sweep(scenario, again, wanted, Execution(scheduler=address()))
    assert second.reused == 1
    assert second.table.read_bytes() == result.table.read_bytes()


def test_a_row_lost_with_its_worker_is_made_again(tmp_path):
    row = lost_row(Task("ab", make_draws(desk(tmp_path), {"targets.stations": (4,)},
                                         samples=0, seed=7)[0]), None)  # fmt: skip
    assert row.state == LOST
    (tmp_path / ROWS).write_text(line_of(row), encoding="utf-8")
    assert read_rows(tmp_path) == {}


def test_a_worker_killed_in_the_middle_costs_a_retry_and_no_plan(swept, tmp_path):
    _, _, _, result, _ = swept
    scenario = swept[0]
    killed = []

    def progress(done, total, failed):
        if done == 1 and not killed:
            killed.append(total)
            kill_a_worker(address())

    wanted = Wanted(read_grid(["targets.chargers=36,38"]))
    made = sweep(
        scenario, tmp_path / "sweep", wanted, Execution(scheduler=address(), progress=progress)
    )
    assert killed
    assert [row.state for row in made.rows] == [OK] * 3
    assert made.rows[0].site_ids == result.rows[0].site_ids


def test_four_districts_on_two_workers(tmp_path):
    towns = []
    for number in range(4):
        folder = tmp_path / f"town{number}"
        folder.mkdir()
        towns.append(changed_scenario(desk(folder), {"targets.chargers": 38 + 2 * number}))
    payloads, inputs = {}, []
    for town in towns:
        held, hashes = hold(town, None)
        payloads |= held
        inputs.append(hashes)
    rows = {}
    with workers(scheduler=address()) as client:
        run_tasks(
            client,
            plan_town,
            [Town(str(n), town) for n, town in enumerate(towns)],
            payloads,
            lost=lambda task, error: (task.id, repr(error)),
            done=lambda row: rows.update([row]),
        )
    assert rows == {"0": 38, "1": 40, "2": 42, "3": 44}


class Town:
    """A district as a task."""

    def __init__(self, name, scenario):
        self.id, self.scenario = name, scenario


def plan_town(town, payloads):
    held, meter = Held(payloads), Meter(lambda *_: None)
    made = pipeline.run(town.scenario, meter=meter, cache=held, lean=True)
    return town.id, made.totals["chargers"]


def test_no_scheduler_is_a_clear_error(tmp_path, monkeypatch):
    monkeypatch.setattr(engine, "_CONNECT_S", 1)
    scenario = desk(tmp_path)
    wanted = Wanted(read_grid(["targets.chargers=36"]))
    with pytest.raises(ScenarioError, match="no scheduler"):
        sweep(scenario, tmp_path / "sweep", wanted, Execution(scheduler="tcp://127.0.0.1:9"))


def test_the_verb_counts_and_tells(tmp_path, capsys):
    desk(tmp_path)
    asked = ["sweep", str(tmp_path / "town.toml"), "--out", str(tmp_path / "maps"), "--json",
             "--scheduler", address(), "--grid", "targets.chargers=40", "--runs"]  # fmt: skip
    assert run(asked) == EXIT_GOOD
    told = json.loads(capsys.readouterr().out)
    assert (told["plans"], told["failed"]) == (2, 0)
    made = list((tmp_path / "maps" / "town-sweep" / "runs").iterdir())
    assert len(made) == 1, "one plan, asked for twice"
    assert (made[0] / "plan.json").is_file()
    assert run(["sweep", str(tmp_path / "town.toml")]) == EXIT_SCENARIO


def test_the_share_of_samples_makes_core_swing_and_never(tmp_path):
    rows = [PlanRow(str(n), OK, n, site_ids=("a", "b") if n else ("a",)) for n in range(4)]
    rows.append(PlanRow("4", "failed", 4))
    assert site_shares(rows) == {"a": 1.0, "b": 0.75}
    assert [holding(share) for share in (1.0, 0.75, 0.0)] == ["core", "swing", "never"]
    assert [plan.site_ids for plan in distinct_plans(rows, 5)] == [("a",), ("a", "b")]


@given(st.integers(1, 5).flatmap(lambda width: st.lists(
    st.lists(st.one_of(st.floats(0, 1), st.just(float("nan"))), min_size=width, max_size=width),
    min_size=1, max_size=12)))  # fmt: skip
def test_the_worst_case_is_below_the_tail_and_the_tail_below_the_mean(rows):
    values = np.array(rows)
    found = measures(values)
    assert (found["worst"] <= found["cvar"] + 1e-12).all()
    assert (found["cvar"] <= found["expected"] + 1e-12).all()
    cannot = np.isnan(values).any(axis=0)
    assert (np.isneginf(found["worst"]) == cannot).all()


def test_what_holds_in_a_sweep(swept, capsys):
    _, folder, _, result, _ = swept
    assert run(["robust", str(folder), "--scheduler", address(), "--json"]) == EXIT_GOOD
    told = json.loads(capsys.readouterr().out)
    assert (told["samples"], told["cannot_be"]) == (2, 0)
    values = pd.read_csv(folder / "values.csv").set_index("sample")
    assert values.loc["base"].iloc[0] == pytest.approx(result.rows[0].figures["value"])
    for row in result.rows[1:3]:
        valued = values.loc[str(row.sample)]
        assert valued.max() <= row.figures["bound"] + 1e-6, "no plan beats the bound"
    for one in told["robust"].values():
        assert one["value"] >= one["value_of_base_plan"] - 1e-9
        assert one["price"] >= -1e-6
    shares = pd.read_csv(folder / "site_shares.csv")
    assert (shares["holds"] == "core").sum() == told["sites"]["core"] >= 2
    standing = shares[shares["existing_station"]]
    assert len(standing) == told["stand_today"] == (standing["share"] == 1).sum()
    page = (folder / "site_shares.html").read_text(encoding="utf-8")
    assert "Content-Security-Policy" in page


def test_a_folder_without_a_sweep_is_refused(tmp_path):
    assert run(["robust", str(tmp_path)]) == EXIT_DATA


def test_assumptions_are_what_is_uncertain_and_what_nobody_verified(tmp_path):
    found = {one.key: one for one in assumptions(desk(tmp_path))}
    assert list(found)[:2] == ["demand.nev_share", "factors.prices"]
    assert (found["travel.cutoff_m"].low, found["travel.cutoff_m"].high) == (900, 3000)
    assert "demand.cars_per_person" not in found, "its mark says verified"
    assert "scoring.connection_share" not in found, "no key of the scenario"


def test_what_cannot_act_in_a_scenario_is_no_assumption_of_it(tmp_path):
    """Thirteen of the tornado's rows were figures of fleets and counts that nobody gave."""
    path = desk(tmp_path)
    bare = {one.key for one in assumptions(path)}
    assert "model.diversity" not in bare, "the substations limit nothing"
    assert not [key for key in bare if key.startswith(("demand.fleets.", "demand.through_"))]
    given_more = {"model.headroom": True, "demand.fleets.taxi.vehicles": 200}
    found = {one.key: one for one in assumptions(changed_scenario(path, given_more))}
    rich = set(found)
    assert (found["model.diversity"].low, found["model.diversity"].high) == (0.8, 1)
    assert {"model.diversity", "demand.fleets.taxi.kwh_per_vehicle_day"} <= rich - bare


@pytest.mark.parametrize(
    ("value", "bound", "kept", "verdict", "least", "most"),
    [
        (1.0, 1.002, 0.9995, "undecided", 0.0005, 0.0025),  # less than the base's own gap
        (1.0, 1.002, 1.001, "undecided", 0.0, 0.001),  # keeping is better than what was found
        (1.0, 1.002, 0.95, "moves", 0.05, 0.052),
        (1.0, 1.0, 1.0, "keeps", 0.0, 0.0),
        (1.0, 1.002, float("nan"), "must_change", None, None),
    ],
)
def test_a_loss_within_the_gap_of_the_base_is_undecided(value, bound, kept, verdict, least, most):
    base = PlanRow("0", OK, figures={"value": 1.0, "bound": 1.001, "gap_share": 0.001})
    row = PlanRow("1", OK, figures={"value": value, "bound": bound})
    told = regret(row, base, kept)
    assert told[2] == verdict
    if least is not None:
        assert told[:2] == (pytest.approx(least, abs=2e-4), pytest.approx(most, abs=2e-4))
    assert regret(PlanRow("2", "failed"), base, kept)[2] == "no_plan"
    assert regret(PlanRow("3", OK), base, kept)[2] == "not_valued"


def test_what_leaves_plan_value_and_figures_alone_has_no_row():
    told = {"value": 1.0, "bound": 1.001, "gap_share": 0.001, "cost_cny": 5.0}
    base = PlanRow("0", OK, site_ids=("x",), site_chargers=(4,), figures=told)
    other = PlanRow("1", OK, site_ids=("x",), site_chargers=(4,), figures=told | {"value": 1.1})
    found = [Assumption("idle", 1, 2, ""), Assumption("acts", 1, 2, "")]
    table = tornado_table(found, base, [base, base, base, other], set(), [1.0, 1.0, 1.0, 1.0])
    assert table["key"].tolist() == ["acts", "acts"]
    assert table["verdict"].tolist() == ["undecided", "moves"]
    assert tornado_table(found[:1], base, [base, base], set()).empty


def test_the_tornado_counts_new_sites_and_puts_the_greatest_first():
    found = [Assumption("a", 1, 2, ""), Assumption("b", 1, 2, "")]
    base = PlanRow("0", OK, site_ids=("x", "y", "old"), figures={"cost_cny": 5.0})
    same = PlanRow("1", OK, site_ids=("x", "y", "old"), figures={"cost_cny": 7.0})
    half = PlanRow("2", OK, site_ids=("x", "z", "old"))
    table = tornado_table(found, base, [same, PlanRow("3", "failed"), half, same], {"old"})
    assert table["key"].tolist() == ["b", "b", "a", "a"]
    assert table["sites_changed_share_change"].iloc[:3].tolist() == [0.5, 0.0, 0.0]
    assert np.isnan(table["sites_changed_share_change"].iloc[3])
    assert table["cost_cny_change"].iloc[1] == 2.0
    picture = _picture(table)
    assert picture.startswith(b"\x89PNG")
    assert picture == _picture(table)


def _picture(table):
    panels = ("sites_changed_share", "cost_cny")
    return draw_tornado(table, panels, language="zh", synthetic=True)


def test_the_verb_of_the_tornado(tmp_path, monkeypatch, capsys):
    desk(tmp_path)
    few = [Assumption("factors.prices", 0.8, 1.3, ""), Assumption("travel.cutoff_m", 900, 3000, "")]
    monkeypatch.setattr("siting.study.tornado.assumptions", lambda _: few)
    asked = ["tornado", str(tmp_path / "town.toml"), "--out", str(tmp_path / "maps"), "--json"]
    assert run([*asked, "--scheduler", address()]) == EXIT_GOOD
    told = {(row["key"], row["end"]): row for row in json.loads(capsys.readouterr().out)}
    prices = told["factors.prices", "high"]
    assert prices["sites_changed_share_change"] == 0, "no budget: prices choose nothing"
    assert prices["regret_share_change"] == 0
    assert prices["verdict"] in {"keeps", "undecided"}
    assert prices["cost_cny_change"] > 0 > told["factors.prices", "low"]["cost_cny_change"]
    assert (tmp_path / "maps" / "town-tornado" / "tornado.png").is_file()
