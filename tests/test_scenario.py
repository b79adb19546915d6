from __future__ import annotations

import datetime as dt
import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from siting.errors import (
    EXIT_DATA,
    EXIT_SCENARIO,
    InputMissingError,
    ScenarioError,
    UnknownKeyError,
)
from siting.scenario import Scenario, dump_scenario, load_scenario, local_path, scenario_from
from siting.scenario._block import IsPath
from siting.scenario._faults import block_of
from siting.shipped import shipped_path

SMALL = """
siting = 1
run = { name = "small" }
area = { bbox = [106.4, 29.5, 106.9, 30.1] }
inputs = { osm = "roads.osm.pbf" }
targets = { stations = 5, chargers = 60 }
"""


def write(folder: Path, text: str, name: str = "small.toml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def fault(path: Path, *overrides: str) -> ScenarioError:
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path, overrides=overrides)
    assert caught.value.exit_code == EXIT_SCENARIO
    assert caught.value.cure
    return caught.value


# What a file gives


def test_a_small_file_is_filled_with_the_defaults(tmp_path):
    scenario = load_scenario(write(tmp_path, SMALL))
    assert scenario.run.name == "small"
    assert scenario.targets.swap_stations == 0
    assert scenario.model.min_spacing_m == 300
    assert scenario.area.bbox == (106.4, 29.5, 106.9, 30.1)


def test_a_byte_order_mark_from_notepad_is_no_fault(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(SMALL, encoding="utf-8-sig")
    assert load_scenario(path).run.name == "small"


def test_it_is_frozen_to_the_leaves(tmp_path):
    scenario = load_scenario(write(tmp_path, SMALL))
    for block, key in (
        (scenario, "run"),
        (scenario.run, "seed"),
        (scenario.scoring.weights, "gap"),
    ):
        with pytest.raises(ValidationError, match="frozen"):
            setattr(block, key, 1)


def test_paths_are_relative_to_the_file_not_to_the_working_folder(tmp_path, monkeypatch):
    path = write(
        tmp_path / "plans" / "north",
        SMALL.replace(
            '"roads.osm.pbf"', '"../data/roads.osm.pbf", stations = [{file = "own.csv"}]'
        ),
    )
    monkeypatch.chdir(tmp_path)
    inputs = load_scenario(path.relative_to(tmp_path)).inputs
    assert Path(inputs.osm) == tmp_path / "plans" / "data" / "roads.osm.pbf"
    assert Path(inputs.stations[0].file) == tmp_path / "plans" / "north" / "own.csv"


def test_overpass_and_shipped_data_are_not_paths_of_the_folder(tmp_path):
    text = SMALL.replace('"roads.osm.pbf"', '"overpass"')
    scenario = load_scenario(write(tmp_path, text))
    assert scenario.inputs.osm == "overpass"
    assert scenario.inputs.speeds == "shipped:road_speeds.csv"
    assert local_path("shipped:yubei/units.csv") == shipped_path("yubei/units.csv")
    with pytest.raises(InputMissingError, match="nowhere"):
        local_path("shipped:nowhere.csv")


def test_every_key_that_holds_a_file_is_marked_as_a_path():
    """A new key for a file must be marked, or it would be looked for in the working folder."""
    texts = (
        "file",
        "boundary",
        "osm",
        "people",
        "place_kinds",
        "speeds",
        "site_kinds",
        "cache_dir",
    )
    marked = {path.rpartition(".")[2] for path, field in keys(Scenario) if is_path(field)}
    assert set(texts) <= marked
    for path, field in keys(Scenario):
        default = field.default
        if isinstance(default, str) and default.startswith("shipped:"):
            assert is_path(field), f"{path} holds a file"


def keys(block: type[BaseModel], prefix: str = ""):
    for name, field in block.model_fields.items():
        yield prefix + name, field
        inner = block_of(field.annotation)
        if inner is not None:
            yield from keys(inner, f"{prefix}{name}.")


def is_path(field) -> bool:
    return any(isinstance(mark, IsPath) for mark in field.metadata)


def test_every_key_has_its_meaning():
    for path, field in keys(Scenario):
        inner = block_of(field.annotation)
        assert field.description or (inner and inner.__doc__), path


# extends


def test_a_child_changes_what_it_names_and_keeps_the_rest(tmp_path):
    write(tmp_path, SMALL + "[model]\nmin_spacing_m = 500\nswap_spacing_m = 900\n")
    child = write(
        tmp_path,
        'extends = "small.toml"\n[run]\nname = "child"\n[model]\nmin_spacing_m = 250\n',
        "child.toml",
    )
    scenario = load_scenario(child)
    assert scenario.run.name == "child"
    assert scenario.targets.chargers == 60
    assert scenario.model.min_spacing_m == 250
    assert scenario.model.swap_spacing_m == 900


def test_each_file_of_a_chain_anchors_its_own_paths(tmp_path):
    write(tmp_path / "base", SMALL)
    write(
        tmp_path / "mid",
        'extends = "../base/small.toml"\n[inputs]\nspeeds = "slow.csv"\n',
        "m.toml",
    )
    top = write(
        tmp_path, 'extends = "mid/m.toml"\n[candidates]\nsite_kinds = "mine.csv"\n', "t.toml"
    )
    scenario = load_scenario(top)
    assert Path(scenario.inputs.osm) == tmp_path / "base" / "roads.osm.pbf"
    assert Path(scenario.inputs.speeds) == tmp_path / "mid" / "slow.csv"
    assert Path(scenario.candidates.site_kinds) == tmp_path / "mine.csv"


def test_another_area_takes_nothing_over_from_the_old_one(tmp_path):
    write(
        tmp_path,
        SMALL.replace(
            "bbox = [106.4, 29.5, 106.9, 30.1]", 'boundary = "a.json", datum = "gcj02", epsg = 4545'
        ),
    )
    child = write(tmp_path, 'extends = "small.toml"\narea = { place = "Vaduz" }\n', "child.toml")
    area = load_scenario(child).area
    assert (area.place, area.boundary, area.datum, area.epsg) == ("Vaduz", None, None, None)


def test_more_about_the_same_area_is_added(tmp_path):
    write(tmp_path, SMALL)
    child = write(tmp_path, 'extends = "small.toml"\narea = { epsg = 4545 }\n', "child.toml")
    area = load_scenario(child).area
    assert (area.bbox, area.epsg) == ((106.4, 29.5, 106.9, 30.1), 4545)


@pytest.mark.parametrize("circle", [["a"], ["a", "b"], ["a", "b", "c"]])
def test_a_circle_of_files_is_named(tmp_path, circle):
    for name, parent in zip(circle, [*circle[1:], circle[0]], strict=True):
        write(tmp_path, f'extends = "{parent}.toml"\n', f"{name}.toml")
    error = fault(tmp_path / "a.toml")
    assert " -> ".join(f"{name}.toml" for name in [*circle, "a"]) in error.what


def test_too_long_a_chain_is_refused(tmp_path):
    write(tmp_path, SMALL, "0.toml")
    for number in range(1, 12):
        write(tmp_path, f'extends = "{number - 1}.toml"\n', f"{number}.toml")
    assert load_scenario(tmp_path / "8.toml").run.name == "small"
    assert "more than 8 files deep" in fault(tmp_path / "11.toml").what


def test_extends_wants_one_path(tmp_path):
    assert "extends: one path" in fault(write(tmp_path, "extends = [1, 2]\n")).what


def test_a_parent_that_is_not_there_is_missing_data(tmp_path):
    with pytest.raises(InputMissingError, match=r"gone\.toml") as caught:
        load_scenario(write(tmp_path, 'extends = "gone.toml"\n'))
    assert caught.value.exit_code == EXIT_DATA


# --set


def test_an_override_wins_over_the_file_and_what_it_extends(tmp_path):
    write(tmp_path, SMALL)
    child = write(tmp_path, 'extends = "small.toml"\n[targets]\nstations = 7\n', "child.toml")
    scenario = load_scenario(child, overrides=("targets.stations=9", "run.title_en=North end"))
    assert scenario.targets.stations == 9
    assert scenario.run.title_en == "North end"


def test_values_of_overrides_are_toml(tmp_path):
    scenario = load_scenario(
        write(tmp_path, SMALL),
        overrides=(
            "area.bbox=[9.4, 47.0, 9.7, 47.3]",
            "inputs.osm_stations=false",
            "area.as_of=2023-12-31",
            'candidates.leave_out=["fuel"]',
            'run.language="en"',
        ),
    )
    assert scenario.area.bbox == (9.4, 47.0, 9.7, 47.3)
    assert scenario.inputs.osm_stations is False
    assert scenario.area.as_of == dt.date(2023, 12, 31)
    assert scenario.candidates.leave_out == ("fuel",)
    assert scenario.run.language == "en"


def test_a_path_of_an_override_is_relative_to_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = write(tmp_path / "plans", SMALL)
    scenario = load_scenario(path, overrides=("inputs.osm=mine.osm.pbf",))
    assert Path(scenario.inputs.osm) == tmp_path / "mine.osm.pbf"


@pytest.mark.parametrize("text", ["targets.stations", "=5", "targets.=5", ".stations=5", ""])
def test_an_override_without_key_and_value_is_refused(tmp_path, text):
    assert "key=value" in fault(write(tmp_path, SMALL), text).what


def test_an_unknown_key_of_an_override_is_refused_like_one_of_the_file(tmp_path):
    error = fault(write(tmp_path, SMALL), "target.stations=5")
    assert isinstance(error, UnknownKeyError)
    assert "unknown key 'target'; did you mean 'targets'?" in error.what


@settings(max_examples=40, deadline=None)
@given(stations=st.integers(1, 10**6), spacing=st.floats(0, 1e5))
def test_any_legal_override_arrives_as_given(tmp_path_factory, stations, spacing):
    path = tmp_path_factory.getbasetemp() / "override.toml"
    path.write_text(SMALL, encoding="utf-8")
    scenario = load_scenario(
        path, overrides=(f"targets.stations={stations}", f"model.min_spacing_m={spacing!r}")
    )
    assert (scenario.targets.stations, scenario.model.min_spacing_m) == (stations, spacing)


# What is refused


def test_a_missing_file_says_how_to_make_one(tmp_path):
    with pytest.raises(InputMissingError, match="siting new"):
        load_scenario(tmp_path / "gone.toml")


def test_a_folder_or_a_binary_file_is_no_scenario(tmp_path):
    assert "cannot be read" in fault(tmp_path).what
    path = tmp_path / "map.toml"
    path.write_bytes(b"\x89PNG\xff\xfe")
    assert "cannot be read" in fault(path).what


def test_what_is_not_toml_is_shown_with_its_line(tmp_path):
    error = fault(write(tmp_path, SMALL + "[run\n"))
    assert "not TOML" in error.what
    assert "line 7" in error.what


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        (
            "[candidates]\nmerg_m = 3",
            "unknown key 'candidates.merg_m'; did you mean 'candidates.merge_m'?",
        ),
        ("[candidates]\nmin_spacing_m = 3", "did you mean 'model.min_spacing_m'?"),
        ("[inputs.zones]\npeople_colums = {}", "did you mean 'inputs.zones.people_columns'?"),
        ("[solvr]\nthreads = 2", "unknown key 'solvr'; did you mean 'solver'?"),
        ("[scoring.weights]\nxyzzy = 2", "unknown key 'scoring.weights.xyzzy'"),
        (
            '[[inputs.stations]]\nfile = "a.csv"\ndatums = "wgs84"',
            "unknown key 'inputs.stations[1].datums'; did you mean 'inputs.stations[1].datum'?",
        ),
    ],
)
def test_an_unknown_key_is_refused_with_its_path_and_the_nearest_one(tmp_path, extra, said):
    text = SMALL.replace('inputs = { osm = "roads.osm.pbf" }', '[inputs]\nosm = "r.osm.pbf"')
    text = text.replace(
        "targets = { stations = 5, chargers = 60 }", "[targets]\nstations = 5\nchargers = 60"
    )
    error = fault(write(tmp_path, f"{text}\n{extra}\n"))
    assert isinstance(error, UnknownKeyError)
    assert said in error.what


def test_all_faults_are_listed_at_once(tmp_path):
    text = SMALL.replace("stations = 5", 'stations = "many"') + "[run2]\n[travel]\ncutoff_m = -1\n"
    error = fault(write(tmp_path, text))
    assert "3 fault(s)" in error.what
    for part in ("targets.stations", "run2", "travel.cutoff_m"):
        assert part in error.what
    assert error.where.endswith("small.toml")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"targets.stations": "0"}, "targets.stations"),
        ({"targets.stations": "5.5"}, "targets.stations"),
        ({"targets.stations": '"5"'}, "targets.stations"),
        ({"targets.stations": "true"}, "targets.stations"),
        ({"run.name": '"../../etc"'}, "run.name"),
        ({"run.name": '"ends."'}, "run.name"),
        ({"run.language": '"de"'}, "run.language"),
        ({"demand.nev_share": "1.5"}, "demand.nev_share"),
        ({"demand.nev_share": "nan"}, "demand.nev_share"),
        ({"travel.cutoff_m": "inf"}, "travel.cutoff_m"),
        (
            {"demand.home_share": "0.6"},
            "home_share + work_share + retail_share + visit_share + road_share must be 1, is 1.1",
        ),
        (
            {"scoring.weights": "{demand=0,gap=0,access=0,power=0,cost=0,safety=0}"},
            "at least one weight",
        ),
        ({"area.bbox": "[29.5, 106.4, 30.1, 106.9]"}, "west, south, east, north"),
        ({"area.bbox": "[106.9, 29.5, 106.4, 30.1]"}, "west, south, east, north"),
        ({"solver.name": '"gurobbi"'}, "solver.name"),
        ({"siting": "2"}, "siting"),
    ],
)
def test_values_out_of_range_or_of_another_type_are_refused(tmp_path, change, said):
    overrides = [f"{key}={value}" for key, value in change.items()]
    assert said in fault(write(tmp_path, SMALL), *overrides).what


def test_the_area_is_given_in_exactly_one_way(tmp_path):
    none = SMALL.replace("bbox = [106.4, 29.5, 106.9, 30.1]", "epsg = 4545")
    assert "given: none" in fault(write(tmp_path, none)).what
    two = SMALL.replace("bbox =", 'place = "Vaduz", bbox =')
    assert "given: bbox, place" in fault(write(tmp_path, two)).what


def test_an_empty_file_says_what_is_wanted(tmp_path):
    error = fault(write(tmp_path, ""))
    for key in ("siting", "area", "inputs", "targets"):
        assert f"- {key}: " in error.what


# What is written


def test_a_dumped_scenario_loads_to_the_same(tmp_path):
    text = SMALL.replace("30.1]", "30.1], as_of = 2023-12-31")
    scenario = load_scenario(write(tmp_path, text), overrides=('candidates.leave_out=["fuel"]',))
    assert scenario_from(json.loads(json.dumps(dump_scenario(scenario)))) == scenario


def test_the_dump_is_the_same_wherever_the_project_lies(tmp_path):
    dumps = []
    for place in ("here", "there/and/deeper"):
        path = write(tmp_path / place / "plans", SMALL)
        scenario = load_scenario(
            path, overrides=(f"inputs.speeds={shipped_path('road_speeds.csv')}",)
        )
        dumps.append(dump_scenario(scenario, folder=tmp_path / place / "maps" / "small"))
    assert dumps[0] == dumps[1]
    assert dumps[0]["inputs"]["osm"] == "../../plans/roads.osm.pbf"
    assert dumps[0]["inputs"]["speeds"] == "shipped:road_speeds.csv"
    assert dumps[0]["inputs"]["place_kinds"] == "shipped:place_kinds.csv"


def test_a_dump_leaves_the_scenario_as_it_was(tmp_path):
    scenario = load_scenario(write(tmp_path, SMALL))
    before = scenario.model_copy(deep=True)
    dump_scenario(scenario, folder=tmp_path)
    assert scenario == before


@pytest.mark.parametrize(
    "path", sorted(shipped_path("scenarios").glob("*.toml")), ids=lambda p: p.stem
)
def test_every_shipped_scenario_loads(path):
    scenario = load_scenario(path)
    named = tomllib.loads(path.read_text(encoding="utf-8"))
    assert scenario.run.name == named["run"]["name"] == path.stem
