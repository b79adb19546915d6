"""Variants of a scenario: who wins, what is refused, and one run folder each."""

from __future__ import annotations

import json

import pytest
from desk import set_up

from siting.cli.main import run
from siting.errors import EXIT_GOOD, EXIT_NO_PLAN, EXIT_SCENARIO, ScenarioError, UnknownKeyError
from siting.scenario import load_scenario, variant_names
from siting.shipped import shipped_path

VARIANTS = """
[variants.same]

[variants.fewer.targets]
stations = 3
chargers = 30

[variants.far.travel]
cutoff_m = 2000

[variants.never.targets]
stations = 4000
"""


@pytest.fixture
def desk(tmp_path):
    path = set_up(tmp_path)
    with path.open("a", encoding="utf-8", newline="\n") as handle:
        handle.write(VARIANTS)
    return path


def child(desk, text):
    path = desk.with_name("child.toml")
    path.write_text('siting = 1\nextends = "town.toml"\n' + text, encoding="utf-8")
    return path


def test_a_variant_changes_its_keys_and_no_other(desk):
    assert variant_names(desk) == ("same", "fewer", "far", "never")
    base, fewer = load_scenario(desk), load_scenario(desk, variant="fewer")
    assert (fewer.targets.stations, fewer.targets.chargers) == (3, 30)
    assert fewer.run.name == "town-fewer"
    same = {"targets", "run"}
    assert fewer.model_dump(exclude=same) == base.model_dump(exclude=same)
    again = load_scenario(desk, variant="same")
    assert again.run.name == "town-same"
    assert again.model_dump(exclude={"run"}) == base.model_dump(exclude={"run"})


def test_default_then_extends_then_file_then_variant_then_set(desk):
    text = "[targets]\nchargers = 44\n[variants.fewer.targets]\nstations = 2\n"
    path = child(desk, text)
    made = load_scenario(path, variant="fewer")
    assert (made.targets.stations, made.targets.chargers) == (2, 30)
    plain = load_scenario(path)
    assert (plain.targets.stations, plain.targets.chargers) == (4, 44)
    overrides = ("targets.stations=1", "run.name=other")
    set_over = load_scenario(path, variant="fewer", overrides=overrides)
    assert set_over.targets.stations == 1
    assert set_over.run.name == "other-fewer"


def test_paths_of_a_variant_are_seen_from_its_file(desk):
    (desk.parent / "deep").mkdir()
    path = desk.parent / "deep" / "child.toml"
    text = '[variants.own.candidates]\nsite_rules = "rules.csv"\n'
    path.write_text(f'siting = 1\nextends = "../town.toml"\n{text}', encoding="utf-8")
    made = load_scenario(path, variant="own")
    assert made.candidates.site_rules == str(desk.parent / "deep" / "rules.csv")


def test_an_unknown_key_is_named_with_its_path_even_of_a_variant_not_asked_for(desk):
    path = child(desk, "[variants.far.travel]\ncutof_m = 1\n")
    with pytest.raises(UnknownKeyError, match=r"variants\.far\.travel\.cutof_m.*cutoff_m"):
        load_scenario(path, variant="fewer")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[variants]\nfewer = 3\n", "tables are wanted"),
        ('[variants."a/b".targets]\nstations = 3\n', "name of a folder"),
        ('[variants.a.run]\nname = "x"\n', "does not name its run"),
        ("[variants.a.targets]\nstations = 0\n", r"variants\.a\.targets\.stations"),
    ],
)
def test_bad_variants_are_refused(desk, text, fault):
    with pytest.raises(ScenarioError, match=fault):
        load_scenario(child(desk, text))


def test_a_circle_of_files_is_refused(desk):
    one, two = desk.with_name("one.toml"), desk.with_name("two.toml")
    one.write_text('extends = "two.toml"\n[variants.a]\n', encoding="utf-8")
    two.write_text('extends = "one.toml"\n', encoding="utf-8")
    with pytest.raises(ScenarioError, match="circle"):
        variant_names(one)


def test_a_wrong_name_is_answered_with_the_nearest(desk):
    with pytest.raises(ScenarioError, match=r"did you mean 'fewer'(?s:.*)same, fewer, far, never"):
        load_scenario(desk, variant="fewr")


def test_each_variant_gets_its_folder_and_a_failure_does_not_stop_the_rest(desk, capsys):
    out = desk.parent / "maps"
    asked = ["--variant", "never", "--variant", "same", "--variant", "fewer", "--variant", "same"]
    code = run(["plan", str(desk), *asked, "--out", str(out), "--json"])
    assert code == EXIT_NO_PLAN
    printed = capsys.readouterr()
    told = json.loads(printed.out)
    assert list(told) == ["town-never", "town-same", "town-fewer"]
    assert told["town-never"]["exit_code"] == EXIT_NO_PLAN
    assert told["town-fewer"]["totals"]["stations"] == 3
    assert "town-never" in printed.err
    assert sorted(path.name for path in out.iterdir()) == ["town-fewer", "town-same"]


def test_a_stage_that_no_variant_changes_is_worked_out_once(desk, monkeypatch):
    monkeypatch.setenv("SITING_CACHE", str(desk.parent / "cache"))
    out = desk.parent / "maps"
    asked = ["--variant", "same", "--variant", "far"]
    assert run(["plan", str(desk), *asked, "--out", str(out)]) == EXIT_GOOD
    text = (out / "town-far" / "timings.json").read_text(encoding="utf-8")
    cached = {entry["stage"] for entry in json.loads(text)["stages"] if entry["cached"]}
    assert cached == {"inputs", "candidates", "demand"}


def test_a_scenario_without_variants_says_so(tmp_path):
    assert run(["plan", str(set_up(tmp_path)), "--all-variants"]) == EXIT_SCENARIO


def test_the_shipped_variants_are_whole():
    path = shipped_path("scenarios/yubei-variants.toml")
    names = variant_names(path)
    assert names[0] == "base"
    for name in names:
        made = load_scenario(path, variant=name)
        assert made.run.name == f"yubei-variants-{name}"
        assert (made.targets.stations, made.targets.chargers) == (550, 12000)
