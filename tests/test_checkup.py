"""``siting check``: what is counted, what flips a grade, and what the pages say."""

from __future__ import annotations

import copy
import html
import itertools
import json
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from desk import set_up
from hypothesis import given
from hypothesis import strategies as st
from problem_cases import small_problem

from siting.checkup import Checkup, basis
from siting.checkup.findings import Measure
from siting.checkup.grades import STAGES, advice, graded, measures
from siting.cli.check_screen import show_checkup
from siting.cli.main import run
from siting.errors import EXIT_GOOD, EXIT_NO_PLAN, EXIT_SCENARIO
from siting.notes import Note
from siting.optimize.problem.inner_problem import capacity
from siting.outputs.pages import make_check_page
from siting.outputs.words import all_words
from siting.plan.parts import made
from siting.scenario import load_scenario
from siting.shipped import shipped_path

TABLE = pd.read_csv(shipped_path("check_grades.csv"), encoding="utf-8")
HOSTILE = '<script>alert("x")</script>{{ 7 * 7 }}[bold]'


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    return set_up(tmp_path_factory.mktemp("desk"))


@pytest.fixture(scope="module")
def checked(desk):
    """Return the report of the town as JSON, with its page beside it."""
    page = desk.with_name("check.html")
    with pytest.MonkeyPatch.context() as patch:
        printed = []
        patch.setattr("siting.cli.screen.emit", printed.append)
        assert run(["check", str(desk), "--json", "--html", str(page)]) == EXIT_GOOD
    return json.loads(printed[0]), page.read_text(encoding="utf-8")


def test_the_json_is_the_whole_of_what_was_found(checked):
    content, _ = checked
    found = made(Checkup, content)
    assert found.content() == content
    assert repr(found).startswith("<Checkup of ")
    assert len(repr(found)) < 400


# --- counts --------------------------------------------------------------------------------


def test_the_report_has_its_parts(checked):
    content, _ = checked
    assert content["format"] == "siting check 1"
    assert {
        "run", "synthetic", "map", "layers", "screening", "zones", "names", "duplicates", "snap_m",
        "people_by_quality", "existing", "demand", "capacity", "parameters", "tables", "rules",
        "notes", "sources", "grades", "advice",
    } <= content.keys()  # fmt: skip
    assert "error" not in content
    assert [stage["stage"] for stage in content["grades"]] == list(STAGES)
    assert all(stage["measures"] for stage in content["grades"])
    assert len(content["advice"]) == 3


def test_zones_sum_to_the_whole(checked):
    content, _ = checked
    for entry in content["screening"]:
        in_zones = sum(zone["steps"][entry["step"]] for zone in content["zones"])
        assert in_zones <= entry["count"]
        if entry["step"] in {"in_a_zone", "merged", "near_a_road", "with_existing"}:
            assert in_zones == entry["count"]
    need = content["demand"]
    for key in ("kwh_day", "out_of_reach_kwh_day"):
        total = sum(zone[key] for zone in content["zones"])
        assert total == pytest.approx(need[key], abs=0.1 * len(content["zones"]))


def test_layers_tell_what_was_given_and_what_nobody_has(checked):
    state = {row["layer"]: row["state"] for row in checked[0]["layers"]}
    assert state["stations"] == "given"
    assert state["slope"] == state["flood"] == state["traffic"] == "missing"
    assert state["roads"] == "map"
    assert {f"check.layer.{name}" for name in state} == {
        key for key in all_words() if key.startswith("check.layer.")
    }


def test_a_layer_of_ones_own_is_told_as_given(desk, tmp_path):
    project = tmp_path / "projects.csv"
    project.write_text("project_id,name,kind,bays,lon,lat\n", encoding="utf-8")
    given = f'inputs.layers=[{{role="projects", file="{project.as_posix()}", datum="wgs84"}}]'
    scenario = load_scenario(desk, overrides=(given,))
    world = SimpleNamespace(
        edges=[], places=[], stations=[], zones=pd.DataFrame({"population": [1.0, np.nan]}),
        substations=pd.DataFrame({"headroom_kw": []}), traffic=None,
    )  # fmt: skip
    table = pd.DataFrame({"rule": ["steep"], "test": ["layer"], "values": ["slope"]})
    lacking = (Note("rules_without_layer", {"count": 1, "names": ["steep"]}),)
    for notes, slope in (((), "given"), (lacking, "missing")):
        found = basis.layers(scenario, world, table=table, notes=notes, counted_people=5.0)
        state = {row.layer: row.state for row in found}
        assert state["projects"] == state["people_in_place"] == "given"
        assert state["communities"] == state["barriers"] == "missing"
        assert state["people"] == "partly"
        assert state["substations"] == state["headroom"] == "missing"
        assert state["slope"] == slope


@given(st.integers(0, 50), st.sampled_from([0.0, 300.0, 700.0, 1500.0]))
def test_the_room_lies_between_what_was_laid_out_and_the_bound(seed, spacing_m):
    problem = small_problem(seed, sites=7, min_spacing_m=spacing_m)
    pairs = {tuple(sorted(pair)) for pair in problem.station_conflicts.tolist()}
    most = max(
        size
        for size in range(8)
        for chosen in itertools.combinations(range(7), size)
        if not pairs & set(itertools.combinations(chosen, 2))
    )
    room = capacity(problem)["stations"]
    assert room.fit <= most <= room.room
    assert room.fit >= min(1, most)


# --- grades --------------------------------------------------------------------------------


@pytest.mark.parametrize("row", TABLE.to_dict("records"), ids=TABLE["measure"].tolist())
def test_each_threshold_flips_its_stage(row):
    sign = 1 if row["better"] == "up" else -1
    tiny = 1e-3 * sign
    cases = {row["good"]: "good", row["good"] - tiny: "usable", row["usable"]: "usable"}
    if row["usable"] > 0:
        cases[row["usable"] - tiny] = "weak"
    for value, grade in {**cases, None: "missing"}.items():
        stages = graded({row["measure"]: Measure(value)}, TABLE)
        found = {stage.stage: stage.grade for stage in stages}
        assert found.pop(row["stage"]) == grade, value
        assert set(found.values()) == {"missing"}, "nothing measured there"


def test_a_missing_measure_makes_a_stage_weak_and_not_missing():
    own = TABLE.loc[TABLE["stage"] == "inputs", "measure"].tolist()
    found = {name: Measure(1.0) for name in own}
    assert graded(found, TABLE)[0].grade == "good"
    assert graded(found | {own[0]: Measure(None)}, TABLE)[0].grade == "weak"


def test_advice_goes_by_shortfall_times_pull():
    found = {
        "people_sourced_share": Measure(0.45),  # 0.5 short of 0.9, pull 1
        "headroom_known_share": Measure(None),  # 1 x 0.8
        "speeds_known_share": Measure(0.0),  # 1 x 0.1
        "sites_named_share": Measure(0.4),  # 0.5 x 0.2 and not among three
        "in_reach_share": Measure(1.0),  # good: no advice
    }
    told = advice(graded(found, TABLE))
    assert [one.measure for one in told][:2] == ["headroom_known_share", "people_sourced_share"]
    assert [one.weight for one in told] == [0.8, 0.5, 0.1]
    assert advice(graded({"in_reach_share": Measure(1.0)}, TABLE)) == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("stations_room_ratio", 0.02),  # 1 candidate for 50 stations
        ("in_reach_share", 0.47),
        ("roads_kept_share", 0.85),  # an island lost
        ("area_in_zones_share", 0.2),
        ("zones_counted_share", 0.0),
    ],
)
def test_the_real_trouble_comes_before_what_is_not_known(name, value):
    unknown = ("existing_known_share", "headroom_known_share", "people_sourced_share")
    found = {**dict.fromkeys(unknown, Measure(None)), name: Measure(value)}
    first, *others = advice(graded(found, TABLE))
    assert (first.measure, first.trouble) == (name, True)
    assert not any(one.trouble for one in others)
    assert len(others) == 2


def change(path, value):
    def edit(content):
        here = content
        for key in path[:-1]:
            here = here[key]
        here[path[-1]] = value

    return edit


def layer(name, **values):
    def edit(content):
        next(row for row in content["layers"] if row["layer"] == name).update(values)

    return edit


def every(part, **values):
    def edit(content):
        for row in content[part]:
            row.update(values)

    return edit


ASKED = {"target": 2, "sense": "=", "existing": 0}
SOUND = {"people": 1000.0, "people_quality": "exact"}
FLIPS = {
    "area_near_road_share": (change(["map", "area_near_road_share"], 1.0),
                             change(["map", "area_near_road_share"], 0.1)),
    "roads_kept_share": (lambda c: c["map"].update(km=100.0, km_before=100.0),
                         lambda c: c["map"].update(km=50.0, km_before=100.0)),
    "existing_known_share": (change(["existing", "chargers_unknown"], 0),
                             layer("stations", state="map")),
    "sources_dated_share": (every("sources", as_of="2024-01-01"), every("sources", as_of="")),
    "people_sourced_share": (every("zones", **SOUND), every("zones", people=5.0,
                                                             people_quality="estimated")),
    "zones_counted_share": (every("zones", **SOUND), every("zones", people=None)),
    "area_in_zones_share": (lambda c: c.update(notes=[]), lambda c: c.update(notes=[
        {"key": "area_without_zone", "values": {"km2": 8.0, "share": 0.8}}])),
    "people_housed_share": (lambda c: c.update(notes=[]), lambda c: c.update(notes=[
        {"key": "people_on_roads", "values": {"zones": 1, "people": 1e9, "names": ["z"]}}])),
    "sites_named_share": (change(["names", "sites_nameless"], 0),
                          lambda c: c["names"].update(sites_nameless=c["names"]["sites"])),
    "rules_checked_share": (every("rules", state="checked"), every("rules", state="no_layer")),
    "stations_room_ratio": (change(["capacity", "stations", "fit"], 9000),
                            change(["capacity", "stations", "fit"], 1)),
    "chargers_room_ratio": (change(["capacity", "chargers", "most"], 9000),
                            change(["capacity", "chargers", "most"], 1)),
    "swap_stations_room_ratio": (
        change(["capacity", "swap_stations"], ASKED | {"fit": 9}),
        change(["capacity", "swap_stations"], ASKED | {"fit": 1})),
    "people_in_place_share": (change(["demand", "by_quality"], {"counted": 9.0}),
                              change(["demand", "by_quality"], {"spread": 9.0})),
    "fleets_known_share": (layer("fleets", count=3), layer("fleets", count=0)),
    "through_traffic_share": (layer("traffic", state="given"), layer("traffic", state="missing")),
    "in_reach_share": (change(["demand", "out_of_reach_share"], 0.0),
                       change(["demand", "out_of_reach_share"], 0.5)),
    "snap_p95_m": (change(["snap_m", "p95"], 20.0), change(["snap_m", "p95"], 900.0)),
    "speeds_known_share": (change(["map", "share_with_speed_tag"], 0.9),
                           change(["map", "share_with_speed_tag"], 0.0)),
    "parameters_sourced_share": (every("parameters", state="own"),
                                 every("parameters", state="unverified")),
}  # fmt: skip


def grade(content, name, *, sites=None, headroom_kw=None):
    sites = sites if sites is not None else site_table()
    free = headroom_kw if headroom_kw is not None else pd.Series(np.nan, index=sites.index)
    edges = pd.DataFrame({"road_class": ["motorway"]})
    found = measures(made(Checkup, content), sites=sites, headroom_kw=free, edges=edges)
    stages = graded({name: found[name]}, TABLE)
    return next(one.grade for stage in stages for one in stage.measures)


def site_table(source="capacity tag"):
    return pd.DataFrame(
        {"existing_station": [False] * 4, "verdict": ["ok"] * 4, "spaces_source": [source] * 4}
    )


@pytest.mark.parametrize("name", sorted(FLIPS))
def test_what_was_found_flips_the_grade(checked, name):
    grades = []
    for edit in FLIPS[name]:
        content = copy.deepcopy(checked[0])
        edit(content)
        grades.append(grade(content, name))
    assert grades[0] == "good"
    assert grades[1] in {"usable", "weak", "missing"}


def test_guessed_spaces_and_unknown_power_flip_theirs(checked):
    content = checked[0]
    assert grade(content, "spaces_known_share") == "good"
    assert grade(content, "spaces_known_share", sites=site_table("area rule")) == "weak"
    for known, expected in ((4, "good"), (2, "usable"), (1, "weak"), (0, "missing")):
        free = pd.Series([100.0] * known + [np.nan] * (4 - known))
        assert grade(content, "headroom_known_share", headroom_kw=free) == expected
    assert set(FLIPS) | {"spaces_known_share", "headroom_known_share"} == set(TABLE["measure"])


def test_every_measure_has_its_words():
    for prefix in ("check.measure.", "check.do."):
        named = {key.removeprefix(prefix) for key in all_words() if key.startswith(prefix)}
        assert named == set(TABLE["measure"])


# --- parameters and rules --------------------------------------------------------------------


def parameters(desk, *overrides):
    scenario = load_scenario(desk, overrides=overrides)
    table = pd.read_csv(shipped_path("parameters.csv"), encoding="utf-8")
    names = ("site_kinds", "charger_classes", "charger_mix")
    files = {name: shipped_path(f"{name}.csv") for name in names}
    return {row.parameter: row for row in basis.parameters(table, scenario, files)}


def test_a_parameter_is_unverified_until_somebody_sets_it(desk):
    before = parameters(desk)
    assert before["demand.home_share"].state == "unverified"
    assert before["demand.cars_per_person"].state == "sourced"
    after = parameters(desk, "travel.cutoff_m=2500")
    assert before["travel.cutoff_m"].state == "unverified"
    own = after["travel.cutoff_m"]
    assert (own.state, own.value, own.default) == ("own", 2500.0, 3000.0)
    assert parameters(desk, "scoring.weights.gap=0.4")["scoring.weights"].state == "own"


def test_what_nobody_reads_is_not_held_against_a_scenario(desk):
    taxi = "demand.fleets.taxi.kwh_per_vehicle_day"
    assert taxi not in parameters(desk)
    assert taxi in parameters(desk, "demand.fleets.taxi.vehicles=100")
    assert "hydrogen.spacing_m" not in parameters(desk)


def test_rules_nobody_checked_are_told():
    table = pd.DataFrame(
        {"rule": ["b", "a"], "verdict": ["stop", "stop"], "reason_zh": ["乙", "甲"],
         "reason_en": ["B", "A"], "mark": ["P", "P"], "test": ["layer", "place"],
         "values": ["slope", "fuel"]}
    )  # fmt: skip
    note = Note("rules_without_layer", {"count": 1, "names": ["b"]})
    assert {row.rule: row.state for row in basis.rules(table, (note,))} == {
        "a": "checked", "b": "no_layer",
    }  # fmt: skip
    assert {row.state for row in basis.rules(table, ())} == {"checked"}


# --- pages -----------------------------------------------------------------------------------


def test_the_page_stands_alone_and_says_the_grades(checked):
    content, page = checked
    assert page.startswith("<!doctype html>")
    assert "<script" not in page
    assert not re.search(r"""(?:src|href|url)\s*[=(]\s*["']?(?:https?:)?//""", page)
    for language, title, word in (("en", "What the plan rests on", "weak"),
                                  ("zh", "方案依据检查", "薄弱")):  # fmt: skip
        text = make_check_page(made(Checkup, content), language)
        assert title in text
        assert word in text
    marked = make_check_page(made(Checkup, content | {"synthetic": True}), "zh")
    assert all_words()["mark.sample"]["zh"] in marked
    assert all_words()["mark.sample"]["zh"] not in page


def test_the_terminal_ends_with_what_would_help(checked, capsys):
    for language, title in (("en", "The three things that would help most"),
                            ("zh", "最有帮助的三件事")):  # fmt: skip
        show_checkup(made(Checkup, checked[0]), language)
        printed = capsys.readouterr().out
        assert printed.index(title) > len(printed) / 2
        assert printed.count("\n3. ") == 1


def test_hostile_names_stay_text(checked, capsys):
    content = copy.deepcopy(checked[0])
    content["zones"][0]["name"] = HOSTILE
    content["run"]["title_en"] = HOSTILE
    content["sources"][0]["origin"] = HOSTILE
    content["advice"][0] |= {"measure": "zones_counted_share",
                             "told": {"count": 1, "names": [HOSTILE]}}  # fmt: skip
    found = made(Checkup, content)
    page = make_check_page(found, "en", refusal=[HOSTILE])
    assert "<script" not in page
    assert page.count(html.escape(HOSTILE).replace("&quot;", "&#34;")) == 6  # its zone twice
    show_checkup(found, "en")
    assert "[bold]" in capsys.readouterr().out.replace("\n", "")


def test_an_impossible_target_has_its_report_and_its_code(desk, tmp_path, capsys):
    page = tmp_path / "check.html"
    command = ["check", str(desk), "--set", "targets.stations=400", "--html", str(page)]
    assert run([*command, "--json"]) == EXIT_NO_PLAN
    told = capsys.readouterr()
    content = json.loads(told.out)
    assert content["exit_code"] == EXIT_NO_PLAN
    assert content["error"] == "ImpossibleTargetError"
    assert content["explanation"]
    assert content["capacity"]["stations"]["room"] < 400
    stations = [one for one in content["advice"] if one["measure"] == "stations_room_ratio"]
    assert stations or content["grades"][2]["grade"] == "weak"
    assert "error" in told.err
    text = page.read_text(encoding="utf-8")
    assert "No plan exists for these targets and rules" in text
    assert "the target is out of reach" in text
    assert run(command) == EXIT_NO_PLAN
    assert "A grade for each stage" in capsys.readouterr().out


def test_a_page_that_cannot_be_written_is_no_bug(desk, tmp_path, capsys):
    page = tmp_path / "no folder" / "check.html"
    assert run(["check", str(desk), "--html", str(page)]) == EXIT_SCENARIO
    assert "check.html" in capsys.readouterr().err
