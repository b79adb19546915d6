"""A plan in phases from the scenario to the run folder: blocks, tables, outputs, recount."""

from __future__ import annotations

import dataclasses
import itertools
import json
import re

import desk
import openpyxl
import pandas as pd
import pytest
from plans import phased_plan

from siting.audit.recount import phases_lead_to_the_plan, recount
from siting.cli.main import run
from siting.cli.screen import show_plan
from siting.errors import RecountError, ScenarioError
from siting.outputs import map as webmap
from siting.outputs import palette
from siting.outputs.gis import make_layers
from siting.outputs.paper import all_bodies
from siting.outputs.paper.sheet import make_sheet
from siting.outputs.report import Grid, Heading, make_report
from siting.outputs.text.figure_tables import COLUMNS, count_years, phase_header
from siting.outputs.words import speaker
from siting.outputs.workbook import write_workbook
from siting.pipeline import run as pipeline
from siting.pipeline.meter import Meter
from siting.plan.folder import load_plan, save_plan
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
    sites, (first, last) = plan.sites, plan.phases.years
    assert set(sites["phase"].dropna()) <= {2024, 2025}
    assert (sites["phase"].isna() == ~sites["is_new"]).all()
    assert (first.stations, first.chargers) == (3, 25)
    assert (last.stations, last.chargers) == (4, 40)
    assert (sites["phase_2025_chargers"] == sites["chargers"]).all()
    assert (sites["phase_2024_chargers"] <= sites["chargers"]).all()
    assert sites["phase_2024_chargers"].sum() == 25
    assert (sites["phase_2024_chargers"][sites["phase"] == 2025] == 0).all()


def test_what_is_said_of_the_years_holds(made):
    plan = made[1]
    total = plan.phases.total
    rows = pd.DataFrame(plan.phases.years)
    assert plan.phases.whole
    assert rows["value"].sum() == pytest.approx(total.value)
    assert (rows["value"] <= rows["bound"] + 1e-9).all()
    assert (rows["regret"] >= -1e-9).all()
    assert rows["regret"].sum() == pytest.approx(total.regret)
    assert total.value <= total.bound + 1e-9
    assert rows["cost_cny"].sum() == pytest.approx(plan.figures["cost_cny"])
    assert rows["demand_kwh_day"].tolist() == pytest.approx(
        [0.5 * plan.chain.kwh_day, plan.chain.kwh_day]
    )
    assert rows["value"].iloc[-1] == pytest.approx(plan.outcome.value)


def test_it_is_the_same_after_saving(made, tmp_path):
    plan = made[1]
    save_plan(plan, tmp_path, say=speaker("en"))
    back = load_plan(tmp_path)
    assert back.sites["phase"].dtype == plan.sites["phase"].dtype == "Int64"
    assert back.sites["phase"].isna().tolist() == plan.sites["phase"].isna().tolist()
    assert back.phases.years[0].year == 2024
    assert list(phases_lead_to_the_plan(back)) == []
    sheet = pd.read_csv(tmp_path / "sites.csv", dtype=str)
    assert set(sheet["phase"].dropna()) <= {"2024", "2025"}
    assert {"phase_2024_chargers", "phase_2025_chargers"} <= set(sheet.columns)


def computed(book, sheet, cell):
    """Return what a cell of a phases sheet comes to, its formulas worked out."""
    value = book[sheet][cell].value
    if not isinstance(value, str) or not value.startswith("="):
        return value
    total = 0
    for sign, term in re.findall(r"([-=])((?:[^-'(]|'[^']*'|\([^)]*\))+)", value):
        counted = re.fullmatch(r"(COUNTA|COUNTIF|SUM)\((.+)\)", term)
        if counted is None:
            there, at = re.fullmatch(r"(?:'(.+)'!)?([A-Z]+\d+)", term).groups()
            number = computed(book, there or sheet, at)
        else:
            parts = counted[2].split(",")
            there, block = re.fullmatch(r"(?:'(.+)'!)?(.+)", parts[0]).groups()
            there = there or sheet
            cells = [computed(book, there, one.coordinate) for row in book[there][block]
                     for one in row]  # fmt: skip
            known = [one for one in cells if one is not None]
            if counted[1] == "COUNTIF":
                year = book[sheet][parts[1].split("&")[-1].replace("$", "")].value
                late = parts[1].startswith('">"')
                number = sum(one > year if late else one == year for one in known)
            else:
                number = len(known) if counted[1] == "COUNTA" else sum(known)
        total += -number if sign == "-" else number
    return total


def rows_of_phases(book, say):
    """Return the rows of the sheet as they come to, by the header of their columns."""
    sheet = book[say("book.phases")]
    top = next(row[0].row for row in sheet.iter_rows() if row[0].value == say("phase.year"))
    headers = [cell.value for cell in sheet[top]]
    return [
        {
            header: computed(book, sheet.title, cell.coordinate)
            for header, cell in zip(headers, sheet[top + place], strict=True)
        }
        for place in (1, 2, 3)
    ]


@pytest.mark.parametrize("source", ["desk", "small"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_terminal_map_workbook_handouts_and_report_agree(made, source, language, tmp_path, capsys):
    plan, say = made[1] if source == "desk" else phased_plan(), speaker(language)
    plan = dataclasses.replace(plan, language=language)
    rows = plan.phases.years
    keys = ("stations", "chargers", "swap_stations")
    totals = [[f"{row.year}", *(f"{getattr(row, key):,}" for key in keys)] for row in rows]

    write_workbook(plan, tmp_path / "plan.xlsx", language=language, date="2026-01-01")
    *years, in_all = rows_of_phases(openpyxl.load_workbook(tmp_path / "plan.xlsx"), say)
    for told, row in zip(years, rows, strict=True):
        for key, value in told.items():
            name = next(one for one, _ in COLUMNS if phase_header(one, say) == key)
            assert value == pytest.approx(getattr(row, name)), (row.year, name)
    assert in_all[phase_header("new_chargers", say)] == sum(row.new_chargers for row in rows)
    assert in_all[phase_header("cost_cny", say)] == pytest.approx(plan.figures["cost_cny"])

    blocks = make_report(plan, language=language, date="", picture=False)
    grid = blocks[blocks.index(Heading(say("report.phases"))) + 1]
    assert isinstance(grid, Grid)
    assert [list(row[:4]) for row in grid.rows] == totals
    zones = blocks[blocks.index(Heading(say("report.phases_by_zone"), 2)) + 1]
    sums = [sum(int(row[place].replace(",", "")) for row in zones.rows)
            for place in range(1, 1 + 2 * len(rows))]  # fmt: skip
    assert sums == [getattr(row, key) for row in rows for key in keys[:2]]

    show_plan(plan, tmp_path)
    shown = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    ends = " ".join(say("phase.end", year=total[0]) for total in totals)
    start = shown.index(ends)
    for place, key in enumerate(keys, start=1):
        numbers = " ".join(total[place] for total in totals)
        assert f"{phase_header(key, say)} {numbers}" in shown[start : start + 6]

    page = webmap.make_map(plan, language=language)
    for total in totals:
        end = say("phase.end", year=total[0])
        cells = "".join(f"<td>{text}</td>" for text in total[1:])
        assert re.search(rf'value="\d+">{re.escape(end)}</label></th>{re.escape(cells)}', page)

    sheet = make_sheet(plan, all_bodies(plan)[0], language=language)
    for year, *texts in totals:
        line = say("phase.handout", year=year, stations=texts[0], chargers=texts[1], swaps=texts[2])
        assert line in sheet.facts
    counts = count_years(plan, plan.sites, plan.swap_sites)
    assert [one.cost_cny for one in counts] == pytest.approx([row.cost_cny for row in rows])


def test_each_sheet_has_the_year_of_each_station_and_its_own_totals(made):
    plan = phased_plan()
    for body in all_bodies(plan):
        sheet = make_sheet(plan, body, language="zh")
        for table, rows in ((sheet.stations, sheet.sites), (sheet.swaps, sheet.swap_sites)):
            if table is None:
                continue
            place = table.headers.index("分期")
            told = [str(year) if new else "既有"
                    for year, new in zip(rows["phase"], rows["is_new"], strict=True)]  # fmt: skip
            assert [cells[place] for cells in table.cells] == told, body.key
        lines = [line for line in sheet.facts if "年末累计" in line]
        last = sheet.totals
        assert lines[-1] == (
            f"2025 年末累计：充电站 {last[0][1]} 座、充电桩 {last[1][1]} 个、换电站 {last[2][1]} 座"
        )
    zones = [make_sheet(plan, body, language="zh") for body in all_bodies(plan) if body.zone_id]
    stations = [int(re.search(r"2024 年末累计：充电站 (\d+)", line)[1])
                for sheet in zones for line in sheet.facts if "2024 年末" in line]  # fmt: skip
    assert sum(stations) == 4
    plain = make_sheet(made[0], all_bodies(made[0])[0], language="zh")
    assert "分期" not in plain.stations.headers
    assert not [line for line in plain.facts if "年末累计" in line]


def test_layers_have_the_chargers_of_each_year(made):
    plain, plan = made[0], made[1]
    layers = make_layers(plan, language="en", crs=plan.crs)
    table = next(frame for frame in layers.values() if "chargers" in frame.columns)
    assert table["phase_2024_chargers"].sum() == 25
    assert (table["phase_2025_chargers"] == table["chargers"]).all()
    for frame in make_layers(plain, language="en", crs=plan.crs).values():
        assert not [name for name in frame.columns if name.startswith("phase")]


def test_the_years_are_told_apart_with_any_colour_vision():
    for count in range(1, 6):
        colours = palette.phase_colours(count)
        light = [sum(share * int(colour[at : at + 2], 16) for share, at in
                     ((0.299, 1), (0.587, 3), (0.114, 5))) for colour in colours]  # fmt: skip
        # by lightness alone, as with no colour vision at all
        assert all(second - first > 20 for first, second in itertools.pairwise(light))


@pytest.mark.parametrize(
    ("blocks", "told"),
    [
        (LAST + FIRST, "2024 does not come after 2025"),
        (FIRST.replace("25\n", "50\n") + LAST, "40 after 50, but what is built stays"),
        (FIRST, "the last phase has 3, targets.stations is 4"),
        (LAST + "demand_factor = 0.9\n", "the last year is what the others are measured by"),
        (LAST + "swap_stations = 1\n", "the last phase has 1, targets.swap_stations is 0"),
        (LAST + "swaps = 1\n", "unknown key"),
        (LAST.replace("stations = 4\n", ""), r"phases\[1\]\.stations"),
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
    "do not agree": lambda plan: dataclasses.replace(plan, phases=None),
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
