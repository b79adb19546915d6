"""The verbs, as a planner types them, on a small town."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from desk import edit, set_up
from typer.main import get_command

import siting
from siting.cli.main import app, run
from siting.errors import EXIT_BUG, EXIT_DATA, EXIT_GOOD, EXIT_SCENARIO
from siting.outputs.words import all_words

VERBS = sorted(get_command(app).commands)


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    """Return a folder in which the town was planned."""
    folder = tmp_path_factory.mktemp("desk")
    scenario = set_up(folder)
    assert run(["plan", str(scenario), "--out", str(folder / "maps")]) == EXIT_GOOD
    return folder


def content(folder, name="town"):
    return json.loads((folder / "maps" / name / "plan.json").read_text(encoding="utf-8"))


def test_a_plan_hits_its_targets_and_leaves_a_whole_folder(planned):
    made = content(planned)
    assert made["totals"] | {"stations": 4, "chargers": 40, "swap_stations": 0} == made["totals"]
    assert made["totals"]["existing_stations"] >= 1
    assert made["status"] in {"optimal", "within_gap"}
    assert made["bound"] >= made["value"] - 1e-6
    assert 0 <= made["gap_share"] <= 0.005
    files = {path.name for path in (planned / "maps" / "town").iterdir()}
    assert files == {
        "map.html", "plan.gpkg", "plan.json", "restart.npz", "sites.csv", "swap_sites.csv",
        "timings.json",
    }  # fmt: skip
    assert [path.name for path in (planned / "maps").iterdir()] == ["town"], "leftovers"


def test_two_runs_give_the_same_bytes(planned, tmp_path):
    again = ["plan", str(planned / "town.toml"), "--out", str(tmp_path)]
    assert run(again) == EXIT_GOOD
    for name in ("plan.json", "sites.csv", "swap_sites.csv", "map.html"):
        one = (planned / "maps" / "town" / name).read_bytes()
        assert one == (tmp_path / "town" / name).read_bytes(), name


def test_no_path_of_the_machine_stands_in_the_plan(planned):
    text = (planned / "maps" / "town" / "plan.json").read_text(encoding="utf-8")
    assert str(planned) not in text
    assert content(planned)["scenario"]["inputs"]["osm"] == "town.osm"


def test_set_overrides_a_key_and_json_goes_to_stdout_alone(planned, tmp_path, capsys):
    command = ["plan", str(planned / "town.toml"), "--out", str(tmp_path), "--json"]
    changes = ["--set", "targets.chargers=36", "--set", "run.name=smaller"]
    assert run([*command, *changes]) == EXIT_GOOD
    printed = capsys.readouterr().out
    assert json.loads(printed)["totals"]["chargers"] == 36
    assert json.loads(printed) == json.loads(
        (tmp_path / "smaller" / "plan.json").read_text(encoding="utf-8")
    )


def test_show_prints_totals_and_the_way_to_the_map(planned, capsys):
    assert run(["show", str(planned / "maps" / "town")]) == EXIT_GOOD
    printed = capsys.readouterr().out
    assert re.search(r"Charging stations\s+4\s+4", printed)
    assert re.search(r"Public chargers\s+40\s+40", printed)
    assert "map.html" in printed.replace("\n", "")
    assert run(["show", str(planned / "maps" / "town"), "--json"]) == EXIT_GOOD
    assert json.loads(capsys.readouterr().out) == content(planned)


def test_map_draws_a_run_again_in_the_other_language(planned, capsys):
    page = planned / "maps" / "town" / "map.html"
    before = page.read_text(encoding="utf-8")
    assert run(["map", str(planned / "maps" / "town"), "--language", "zh"]) == EXIT_GOOD
    chinese = page.read_text(encoding="utf-8")
    assert chinese != before
    assert '<html lang="zh-CN">' in chinese
    assert run(["map", str(planned / "maps" / "town")]) == EXIT_GOOD
    assert page.read_text(encoding="utf-8") == before
    assert "wrote" in capsys.readouterr().out


def test_check_counts_without_planning(planned, capsys):
    assert run(["check", str(planned / "town.toml"), "--json"]) == EXIT_GOOD
    found = json.loads(capsys.readouterr().out)
    steps = [entry["count"] for entry in found["screening"]]
    assert steps[0] >= steps[1] > 0
    assert found["existing"]["stations"] >= 1
    assert found["synthetic"] is False
    for language, words in (("en", "places on the map"), ("zh", "地图上的场所")):
        setting = ["--set", f"run.language={language}"]
        assert run(["check", str(planned / "town.toml"), *setting]) == EXIT_GOOD
        assert words in capsys.readouterr().out


def test_new_writes_a_scenario_that_loads_and_never_overwrites(tmp_path, capsys):
    file = tmp_path / "my plan.toml"
    assert run(["new", str(file)]) == EXIT_GOOD
    assert 'name = "my-plan"' in file.read_text(encoding="utf-8")
    assert run(["new", str(file)]) == EXIT_SCENARIO
    assert "there already" in capsys.readouterr().err
    assert run(["new", str(tmp_path / "no folder" / "x.toml")]) == EXIT_SCENARIO
    assert run(["new", str(tmp_path / "plan.yaml")]) == EXIT_SCENARIO


def test_a_foreign_folder_is_not_replaced(planned, tmp_path, capsys):
    (tmp_path / "town").mkdir()
    (tmp_path / "town" / "thesis.docx").write_text("years of work", encoding="utf-8")
    assert run(["plan", str(planned / "town.toml"), "--out", str(tmp_path)]) == EXIT_SCENARIO
    assert (tmp_path / "town" / "thesis.docx").exists()
    assert "is not a plan" in capsys.readouterr().err


def test_a_failed_run_leaves_the_older_plan_as_it_was(planned, tmp_path):
    scenario = set_up(tmp_path)
    out = ["--out", str(tmp_path / "maps")]
    assert run(["plan", str(scenario), *out]) == EXIT_GOOD
    before = (tmp_path / "maps" / "town" / "plan.json").read_bytes()
    edit(scenario, "stations = 4", "stations = 400")
    assert run(["plan", str(scenario), *out]) != EXIT_GOOD
    assert (tmp_path / "maps" / "town" / "plan.json").read_bytes() == before
    assert [path.name for path in (tmp_path / "maps").iterdir()] == ["town"]


def test_what_a_planner_put_into_the_run_folder_survives_the_next_run(planned, tmp_path, capsys):
    command = ["plan", str(planned / "town.toml"), "--out", str(tmp_path)]
    assert run(command) == EXIT_GOOD
    (tmp_path / "town" / "mine.qgz").write_text("a day's work", encoding="utf-8")
    capsys.readouterr()
    assert run(command) == EXIT_GOOD
    assert (tmp_path / "town" / "mine.qgz").read_text(encoding="utf-8") == "a day's work"
    assert "Replaced the older plan" in capsys.readouterr().out


def test_a_folder_that_cannot_be_written_is_no_bug(planned, tmp_path, capsys):
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    command = ["plan", str(planned / "town.toml"), "--out", str(tmp_path / "file")]
    assert run(command) == EXIT_SCENARIO
    assert "--out" in capsys.readouterr().err


def test_an_unknown_language_or_basemap_is_refused(planned, capsys):
    for option in ("--language=fr", "--basemap=google"):
        assert run(["map", str(planned / "maps" / "town"), option]) == EXIT_SCENARIO
        assert option.split("=")[1] in capsys.readouterr().err


def test_a_folder_named_as_a_preset_does_not_hide_it(tmp_path, monkeypatch, capsys):
    (tmp_path / "liechtenstein").mkdir()
    monkeypatch.chdir(tmp_path)
    assert run(["check", "liechtenstein", "--set", "inputs.osm=nowhere.osm.pbf"]) == EXIT_DATA
    assert "nowhere.osm.pbf" in capsys.readouterr().err


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_an_example(verb, capsys):
    assert run([verb, "--help"]) == EXIT_GOOD
    printed = capsys.readouterr().out
    assert f"siting {verb}" in printed
    assert "Example" in printed


def test_the_readmes_show_every_verb():
    for name in ("README.md", "README.zh.md"):
        text = (Path(__file__).parents[1] / name).read_text(encoding="utf-8")
        assert [verb for verb in VERBS if f"siting {verb}" not in text] == []


def test_an_unknown_option_or_scenario_is_the_scenarios_fault(capsys):
    assert run(["plan", "--no-such-option"]) == EXIT_SCENARIO
    assert run(["plan", "atlantis"]) == EXIT_SCENARIO
    assert "yubei-2025" in capsys.readouterr().err


def test_a_bug_of_ours_shows_no_traceback(monkeypatch, capsys, planned):
    def broken(*_args, **_kwargs):
        message = "an index went wild"
        raise IndexError(message)

    monkeypatch.setattr("siting.plan.folder.load_plan", broken)
    monkeypatch.delenv("SITING_DEBUG", raising=False)
    assert run(["show", str(planned / "maps" / "town")]) == EXIT_BUG
    printed = capsys.readouterr().err
    assert "an index went wild" in printed
    assert "Traceback" not in printed


def test_every_finding_has_words_in_both_languages(planned, capsys):
    assert run(["check", str(planned / "town.toml"), "--json"]) == EXIT_GOOD
    found = json.loads(capsys.readouterr().out)
    blocks = ("map", "snap_m", "people_by_quality", "existing", "demand")
    keys = {key for block in blocks for key in found[block]} - set(found["people_by_quality"])
    assert sorted(key for key in (*blocks, *keys) if f"found.{key}" not in all_words()) == []


def test_from_a_checkout_it_runs_as_a_module_and_tells_its_version():
    root = Path(__file__).parents[1]
    command = [sys.executable, "-m", "siting", "--help"]
    done = subprocess.run(command, cwd=root, capture_output=True, check=False, timeout=60)
    assert done.returncode == EXIT_GOOD
    assert b"fetch" in done.stdout
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert siting.__version__ == project["version"]


def test_it_says_its_version(capsys):
    assert run(["--version"]) == EXIT_GOOD
    assert capsys.readouterr().out == f"siting {siting.__version__}\n"


def numbers():
    """Return each option of a verb that takes a number."""
    for verb, command in sorted(get_command(app).commands.items()):
        for option in command.params:
            if option.type_descriptor.annotation in {int, float}:
                yield verb, option.opts[0]


@pytest.mark.parametrize(("verb", "option"), list(numbers()))
@pytest.mark.parametrize("number", ["1000000000000", "-1000000000000", "9" * 5000, "nan"])
def test_a_number_beyond_all_measure_is_refused_before_anything_is_read(
    tmp_path, capsys, verb, option, number
):
    needed = {"robust": [str(tmp_path)], "new": [str(tmp_path / "new.toml")]}
    assert run([verb, *needed.get(verb, []), option, number]) == EXIT_SCENARIO
    text = capsys.readouterr().err
    assert option in text
    assert "cure:" in text
    told = "less than or equal|greater than or equal|valid integer|maximum size|is no number"
    assert re.search(told, text)
    assert len(text) < 6000
    assert list(tmp_path.iterdir()) == []
