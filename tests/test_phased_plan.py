"""A plan in phases from the scenario to the run folder: blocks, tables, outputs, recount."""

from __future__ import annotations

import dataclasses
import json

import desk
import openpyxl
import pandas as pd
import pytest

from siting import pipeline
from siting.cli.main import run
from siting.errors import RecountError, ScenarioError
from siting.meter import Meter
from siting.outputs import webmap
from siting.outputs.report.blocks import Grid, Heading
from siting.outputs.report.chapters import make_report
from siting.outputs.words import speaker
from siting.outputs.workbook import write_workbook
from siting.phasecheck import phases_lead_to_the_plan
from siting.recount import recount
from siting.runfolder import load_plan, save_plan
from siting.scenario import load_scenario

FIRST = "[[phases]]\nyear = 2024\nstations = 3\nchargers = 25\ndemand_factor = 0.5\n"
LAST = "[[phases]]\nyear = 2025\nstations = 4\nchargers = 40\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return the desk's plan without phases, the same in two, and its scenario."""
    path = desk.set_up(tmp_path_factory.mktemp("phases"))
    plain = pipeline.run(load_scenario(path), meter=Meter(lambda *_: None))
    with path.open("a", encoding="utf-8") as file:
        file.write(FIRST + LAST)
    return plain, pipeline.run(load_scenario(path), meter=Meter(lambda *_: None)), path


def test_off_unless_asked_for(made, tmp_path):
    plain = made[0]
    assert not plain.phases
    assert not [name for name in plain.sites.columns if name.startswith("phase")]
    assert "phase" not in plain.swap_sites.columns
    assert not [note for note in plain.notes if note.key.startswith("phased")]
    save_plan(plain, tmp_path, say=speaker("en"))
    assert "phases" not in json.loads((tmp_path / "plan.json").read_text(encoding="utf-8"))


def test_each_new_station_has_its_year_and_its_chargers_by_year(made):
    plan = made[1]
    sites, (first, last) = plan.sites, plan.phases["years"]
    assert set(sites["phase"].dropna()) <= {2024, 2025}
    assert (sites["phase"].isna() == ~sites["is_new"]).all()
    assert (first["stations"], first["chargers"]) == (3, 25)
    assert (last["stations"], last["chargers"]) == (4, 40)
    assert (sites["phase_2025_chargers"] == sites["chargers"]).all()
    assert (sites["phase_2024_chargers"] <= sites["chargers"]).all()
    assert sites["phase_2024_chargers"].sum() == 25
    assert (sites["phase_2024_chargers"][sites["phase"] == 2025] == 0).all()


def test_what_is_said_of_the_years_holds(made):
    plan = made[1]
    total = plan.phases["total"]
    rows = pd.DataFrame(plan.phases["years"])
    assert plan.phases["whole"]
    assert rows["value"].sum() == pytest.approx(total["value"])
    assert (rows["value"] <= rows["bound"] + 1e-9).all()
    assert (rows["regret"] >= -1e-9).all()
    assert rows["regret"].sum() == pytest.approx(total["regret"])
    assert total["value"] <= total["bound"] + 1e-9
    assert rows["cost_cny"].sum() == pytest.approx(plan.figures["cost_cny"])
    assert rows["demand_kwh_day"].tolist() == pytest.approx(
        [0.5 * plan.chain["kwh_day"], plan.chain["kwh_day"]]
    )
    assert rows["value"].iloc[-1] == pytest.approx(plan.outcome.value)


def test_it_is_the_same_after_saving(made, tmp_path):
    plan = made[1]
    save_plan(plan, tmp_path, say=speaker("en"))
    back = load_plan(tmp_path)
    assert back.sites["phase"].dtype == plan.sites["phase"].dtype == "Int64"
    assert back.sites["phase"].isna().tolist() == plan.sites["phase"].isna().tolist()
    assert back.phases["years"][0]["year"] == 2024
    assert list(phases_lead_to_the_plan(back)) == []
    sheet = pd.read_csv(tmp_path / "sites.csv", dtype=str)
    assert set(sheet["phase"].dropna()) <= {"2024", "2025"}
    assert {"phase_2024_chargers", "phase_2025_chargers"} <= set(sheet.columns)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_workbook_report_and_map_show_it(made, tmp_path, language):
    plan, say = made[1], speaker(language)
    write_workbook(plan, tmp_path / "plan.xlsx", language=language, date="2026-01-01")
    book = openpyxl.load_workbook(tmp_path / "plan.xlsx")
    cells = {cell for row in book[say("book.phases")].iter_rows(values_only=True) for cell in row}
    assert {2024, 2025, 25, 40} <= cells
    blocks = make_report(plan, language=language, date="", picture=False)
    at = blocks.index(Heading(say("report.phases")))
    assert isinstance(blocks[at + 1], Grid)
    assert [row[0] for row in blocks[at + 1].rows] == ["2024", "2025"]
    page = webmap.make_map(plan, language=language)
    year = int(plan.sites["phase"].dropna().iloc[0])
    assert say("fact.state_year", year=str(year)) in page


@pytest.mark.parametrize(
    ("blocks", "told"),
    [
        (LAST + FIRST, "2024 does not come after 2025"),
        (FIRST.replace("25\n", "50\n") + LAST, "40 after 50, but what is built stays"),
        (FIRST, "the last phase has 3, targets.stations is 4"),
        (LAST + "demand_factor = 0.9\n", "the last year is what the others are measured by"),
        (LAST + "swap_stations = 1\n", "the last phase has 1, targets.swap_stations is 0"),
        (LAST + "swaps = 1\n", "unknown key"),
        (LAST.replace("stations = 4\n", ""), "phases.0.stations"),
    ],
)
def test_bad_blocks_are_refused(blocks, told, tmp_path):
    path = desk.set_up(tmp_path)
    with path.open("a", encoding="utf-8") as file:
        file.write(blocks)
    with pytest.raises(ScenarioError, match=told):
        load_scenario(path)


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("targets.by=2030", "targets.by is 2030"),
        ('targets.sense.chargers="at_least"', "must be exactly"),
        ('model.objective="p_median"', "not with model.objective = p_median"),
    ],
)
def test_what_does_not_go_with_phases_is_refused(made, override, told):
    with pytest.raises(ScenarioError, match=told):
        load_scenario(made[2], overrides=(override,))


@pytest.mark.parametrize(
    ("old", "new", "code", "told"),
    [
        ("stations = 3\nchargers = 25", "stations = 1\nchargers = 25", 4, "2 exist and stay"),
        ("stations = 3\nchargers = 25", "stations = 3\nchargers = 5", 4, "12 exist and stay"),
        ("demand_factor = 0.5", "budget_cny = 1.0", 4, "1 CNY for charging stations, but what"),
        ("year = 2024", "year = 2001", 2, "no share of NEVs is known for 2001"),
    ],
)
def test_phases_that_cannot_be_are_named(old, new, code, told, tmp_path, capsys):
    path = desk.set_up(tmp_path)
    first = FIRST.replace("demand_factor = 0.5\n", "") if "2001" in new else FIRST
    with path.open("a", encoding="utf-8") as file:
        file.write(first + LAST)
    desk.edit(path, old, new)
    out = tmp_path / "out"
    assert run(["plan", str(path), "--out", str(out)]) == code
    assert told in " ".join(capsys.readouterr().err.split())
    assert not out.exists() or list(out.iterdir()) == []


def changed(plan, **columns):
    return dataclasses.replace(plan, sites=plan.sites.assign(**columns))


def with_phase(plan, place, **keys):
    phases = [dict(phase) for phase in plan.scenario["phases"]]
    phases[place] |= keys
    return dataclasses.replace(plan, scenario={**plan.scenario, "phases": phases})


BROKEN = {
    "do not agree": lambda plan: dataclasses.replace(plan, phases={}),
    "24 chargers at the end of 2024": lambda plan: with_phase(
        changed(plan, phase_2024_chargers=plan.sites["phase_2024_chargers"] - (
            plan.sites["phase_2024_chargers"] == plan.sites["phase_2024_chargers"].max())),
        0, chargers=25),
    "9 asked for": lambda plan: with_phase(plan, 0, stations=9),
    "fewer chargers than a year before": lambda plan: changed(
        plan, phase_2024_chargers=plan.sites["existing_chargers"] - 1),
    "has chargers before it opens": lambda plan: changed(
        plan, phase=plan.sites["phase"].where(plan.sites["phase"].isna(), 2025)),
    "its budget is 1": lambda plan: with_phase(plan, 1, budget_cny=1.0),
    "not those of the plan": lambda plan: changed(plan, chargers=plan.sites["chargers"] + 1),
    "not those of the phases": lambda plan: changed(
        plan, phase=plan.sites["phase"].where(plan.sites["phase"].isna(), 2020)),
}  # fmt: skip


@pytest.mark.parametrize("fault", BROKEN)
def test_the_count_finds_each_fault(made, fault):
    plan = made[1]
    assert list(phases_lead_to_the_plan(plan)) == []
    found = list(phases_lead_to_the_plan(BROKEN[fault](plan)))
    assert any(fault in line for line in found), found


def test_the_recount_asks_for_it(made):
    with pytest.raises(RecountError, match="phases lead to the plan"):
        recount(with_phase(made[1], 0, stations=2))
