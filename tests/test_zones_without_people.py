"""People by one figure, by place or not at all; levels of boundaries; ``siting zones``."""

from __future__ import annotations

import json

import pytest
from osm_town import make_town
from typer.testing import CliRunner

from siting.cli.main import app, run
from siting.errors import EXIT_DATA, EXIT_GOOD, ScenarioError, TableError
from siting.inputs.admin_levels import Level, best_level
from siting.plan.folder import load_plan

WHOLE = (106.5975, 29.6975, 106.6125, 29.7135)
"""An area around both subdistricts of the town: none is cut."""


def write_town(folder, *, zones="", town=None, targets="stations = 2\nchargers = 12"):
    """Write a town whose boundaries are two subdistricts of level 8, and its scenario."""
    (town or make_town()).write(folder / "town.osm")
    path = folder / "own.toml"
    path.write_text(
        f"""siting = 1
[run]
name = "own"
language = "en"
[area]
bbox = {list(WHOLE)}
[inputs]
osm = "town.osm"
osm_as_of = 2024-01-01
[inputs.zones]
{zones}
[targets]
{targets}
[model]
min_spacing_m = 100
stations_per_zone = 0
""",
        encoding="utf-8",
    )
    return path


def asked(*arguments):
    done = CliRunner().invoke(app, [str(one) for one in arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.stdout


def zones_of(path):
    found = json.loads(asked("zones", path, "--json"))
    return {zone["name"]: zone for zone in found["zones"]}, found


def test_one_figure_for_the_area_makes_a_plan(tmp_path):
    path = write_town(tmp_path, zones="area_people = 30000")
    assert run(["plan", str(path), "--out", str(tmp_path / "maps")]) == EXIT_GOOD
    plan = load_plan(tmp_path / "maps" / "own")
    assert plan.chain.people == pytest.approx(30000)
    told = {note.key: note.values for note in plan.notes}
    assert told["people_shared"]["zones"] == 3
    assert told["people_shared"]["by"]["en"] == "mapped homes"


def test_zones_without_a_figure_share_what_the_others_leave(tmp_path):
    (tmp_path / "people.csv").write_text("name,population\n甲街道,8000\n", encoding="utf-8")
    zones = 'people = "people.csv"\npeople_key = "name"\narea_people = 20000'
    path = write_town(tmp_path, zones=zones)
    report = json.loads(asked("check", path, "--json", "--no-cache"))
    people = {zone["name"]: (zone["people"], zone["people_quality"]) for zone in report["zones"]}
    assert people["甲街道"] == (8000, "estimated")
    assert sum(figure for figure, _ in people.values()) == pytest.approx(20000)


@pytest.mark.parametrize("figure", [8000, 5000])
def test_a_figure_that_leaves_nothing_is_refused_with_numbers(tmp_path, figure):
    (tmp_path / "people.csv").write_text("name,population\n甲街道,8000\n", encoding="utf-8")
    zones = f'people = "people.csv"\npeople_key = "name"\narea_people = {figure}'
    with pytest.raises(ScenarioError, match="8,000"):
        asked("check", write_town(tmp_path, zones=zones), "--no-cache")


def test_check_reports_what_is_missing_where_nobody_gave_people(tmp_path, capsys):
    path = write_town(tmp_path)
    assert run(["check", str(path), "--json", "--no-cache"]) == EXIT_DATA
    printed = capsys.readouterr()
    report = json.loads(printed.out)
    assert report["demand"]["points"] == 0
    assert report["advice"][0]["measure"] == "zones_counted_share"
    assert report["advice"][0]["trouble"]
    assert "inputs.zones.area_people" in report["cure"]
    assert "nobody" in {note["key"] for note in report["notes"]}
    assert run(["plan", str(path), "--out", str(tmp_path / "maps")]) == EXIT_DATA
    assert run(["check", str(path), "--no-cache", "--html", str(tmp_path / "c.html")]) == EXIT_DATA
    assert "area_people" in (tmp_path / "c.html").read_text(encoding="utf-8")


def test_people_by_place_add_up_where_names_repeat(tmp_path):
    town = make_town()
    town.relations[811][1]["name"] = "甲街道"
    rows = "name,population,lon,lat\n甲街道,100,106.6000,29.7000\n甲街道,50,106.6001,29.7001\n"
    rows += "甲街道,700,106.6080,29.7050\n外地,9,106.9,29.9\n"
    (tmp_path / "people.csv").write_text(rows, encoding="utf-8")
    zones = 'people = "people.csv"\npeople_key = "{key}"\npeople_datum = "wgs84"'
    path = write_town(tmp_path, zones=zones.format(key="place"), town=town)
    found = json.loads(asked("zones", path, "--json"))
    people = {zone["zone_id"]: zone["population"] for zone in found["zones"]}
    assert people["relation/810"] == 150
    assert people["relation/811"] == 700
    assert {"people_outside_zones"} <= {note["key"] for note in found["notes"]}
    path = write_town(tmp_path, zones=zones.format(key="name"), town=town)
    with pytest.raises(TableError):
        asked("zones", path)


def test_the_list_comes_before_the_fault_of_the_people(tmp_path, capsys):
    (tmp_path / "people.csv").write_text("name,population\n丙街道,8000\n", encoding="utf-8")
    zones = 'people = "people.csv"\npeople_key = "name"'
    path = write_town(tmp_path, zones=zones)
    assert run(["zones", str(path), "--json"]) == EXIT_DATA
    found = json.loads(capsys.readouterr().out)
    assert {"甲街道", "乙镇"} <= {zone["name"] for zone in found["zones"]}
    assert "丙街道" in found["people_error"]


def test_the_table_of_zones_comes_back_as_a_table_of_people(tmp_path):
    path = write_town(tmp_path)
    asked("zones", path, "--csv", tmp_path / "people.csv")
    text = (tmp_path / "people.csv").read_text(encoding="utf-8-sig")
    lines = [f"{line.rsplit(',', 2)[0]},500,estimated" for line in text.splitlines()[1:]]
    body = "\n".join([text.splitlines()[0], *lines]) + "\n"
    (tmp_path / "people.csv").write_text(body, encoding="utf-8")
    path = write_town(tmp_path, zones='people = "people.csv"')
    found, _ = zones_of(path)
    assert found["甲街道"]["population"] == 500


def test_the_level_that_tiles_best_is_taken_and_told(tmp_path):
    town = make_town()
    for key in (810, 811):
        town.relations[key][1]["admin_level"] = "9"
    found, told = zones_of(write_town(tmp_path, town=town))
    assert {"甲街道", "乙镇"} <= set(found)
    assert [level["level"] for level in told["levels"]] == [9]
    [note] = [note for note in told["notes"] if note["key"] == "admin_level_chosen"]
    assert note["values"]["level"] == 9
    bare, _ = zones_of(write_town(tmp_path, town=town, zones="admin_level = 8"))
    assert set(bare) == {"全区"}


@pytest.mark.parametrize(
    ("levels", "best"),
    [
        ([], 8),
        ([Level(6, 1, 1.0), Level(8, 3, 0.2), Level(9, 12, 0.99)], 9),
        ([Level(6, 1, 1.0), Level(8, 3, 0.97), Level(9, 12, 1.0)], 8),
        ([Level(8, 1, 1.0), Level(9, 4, 1.0)], 9),
        ([Level(6, 1, 1.0)], 6),
        ([Level(8, 0, 0.0)], 8),
    ],
)
def test_the_best_level(levels, best):
    assert best_level(levels) == best
