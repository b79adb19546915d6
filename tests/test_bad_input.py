"""Bad input, as a planner meets it: a clear error, its exit code, the cure, nothing written.

Each case spoils one thing on the desk of a small town and runs ``siting plan``.
"""

from __future__ import annotations

import gzip
import json
import re

import pytest
from desk import edit, set_up
from osm_town import make_town

from siting import errors
from siting.cli.main import run
from siting.errors import EXIT_DATA, EXIT_NO_PLAN, EXIT_SCENARIO
from siting.pipeline.early import _RULE_TABLES


@pytest.fixture
def desk(tmp_path):
    """Return a folder with the town, its lists and its scenario."""
    set_up(tmp_path)
    return tmp_path


def scenario_missing(desk):
    (desk / "town.toml").unlink()


def scenario_no_toml(desk):
    edit(desk / "town.toml", 'name = "town"', "name = town")


def unknown_key(desk):
    edit(desk / "town.toml", "min_spacing_m", "min_spaceing_m")


def extract_missing(desk):
    (desk / "town.osm").unlink()


def extract_cut_short(desk):
    text = (desk / "town.osm").read_text(encoding="utf-8")
    (desk / "town.osm").write_text(text[: len(text) // 2], encoding="utf-8")


def gzip_cut_short(desk):
    packed = gzip.compress((desk / "town.osm").read_bytes())
    (desk / "town.osm.gz").write_bytes(packed[: len(packed) // 2])
    edit(desk / "town.toml", '"town.osm"', '"town.osm.gz"')


def pbf_cut_short(desk):
    (desk / "town.osm.pbf").write_bytes(b"\x00\x00\x00\x0d\x0a\x09OSMHeader\x18\x99")
    edit(desk / "town.toml", '"town.osm"', '"town.osm.pbf"')


def ways_without_nodes(desk):
    town = make_town()
    for key in [key for key in town.nodes if 1000 <= key < 1060 and key % 2]:
        del town.nodes[key]
    town.write(desk / "town.osm")


def area_elsewhere(desk):
    text = (desk / "town.toml").read_text(encoding="utf-8")
    text = re.sub(r"bbox = .*", "bbox = [106.70, 29.80, 106.72, 29.82]", text)
    (desk / "town.toml").write_text(text, encoding="utf-8")


def no_roads(desk):
    town = make_town()
    for _, tags in town.ways.values():
        tags.pop("highway", None)
    town.write(desk / "town.osm")


def no_places(desk):
    town = make_town()
    others = [tags for _, tags in town.ways.values() if tags.get("highway") in {None, "services"}]
    for key in [key for key, (_, tags) in town.ways.items() if tags and tags in others]:
        del town.ways[key]
    del town.relations[700]
    for _, _, tags in town.nodes.values():
        tags.clear()
    town.write(desk / "town.osm")


def boundary_without_datum(desk):
    ring = [[106.5985, 29.6985], [106.6125, 29.6985], [106.6125, 29.7125], [106.5985, 29.6985]]
    feature = {
        "type": "Feature",
        "properties": {"name": "town"},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    (desk / "outline.json").write_text(json.dumps([feature]), encoding="utf-8")
    text = (desk / "town.toml").read_text(encoding="utf-8")
    text = re.sub(r"bbox = .*", 'boundary = "outline.json"', text)
    (desk / "town.toml").write_text(text, encoding="utf-8")


def stations_without_datum(desk):
    edit(desk / "town.toml", 'datum = "wgs84"', "")


def csv_with_wrong_columns(desk):
    text = (desk / "existing.csv").read_text(encoding="utf-8-sig")
    text = text.replace("lon,lat", "横,纵")
    (desk / "existing.csv").write_text(text, encoding="utf-8-sig")


def text_in_a_number(desk):
    with (desk / "existing.csv").open("a", encoding="utf-8") as file:
        file.write("E2,新站,106.60690,29.70080,约10个,120,0,2023-01-01\n")


def coordinates_swapped(desk):
    with (desk / "existing.csv").open("a", encoding="utf-8") as file:
        file.write("E2,新站,29.70080,106.60690,10,120,0,2023-01-01\n")


def coordinates_outside(desk):
    text = (desk / "existing.csv").read_text(encoding="utf-8-sig")
    text = text.replace("106.60280", "116.39000")
    (desk / "existing.csv").write_text(text, encoding="utf-8-sig")


def duplicate_ids(desk):
    with (desk / "existing.csv").open("a", encoding="utf-8") as file:
        file.write("E1,同号站,106.60690,29.70080,10,120,0,2023-01-01\n")


def people_missing_everywhere(desk):
    edit(desk / "town.toml", 'people = "people.csv"\npeople_key = "name"\n', "")


def people_table_matches_nothing(desk):
    (desk / "people.csv").write_text("name,population\n丙镇,100\n", encoding="utf-8")


def text_for_people(desk):
    edit(desk / "people.csv", "9000", "九千")


def too_many_stations(desk):
    edit(desk / "town.toml", "stations = 4", "stations = 312")


def too_many_chargers(desk):
    edit(desk / "town.toml", "chargers = 40", "chargers = 9000")


def too_many_swap_stations(desk):
    edit(desk / "town.toml", "swap_stations = 0", "swap_stations = 30")


def tiles_without_a_key(desk):
    edit(desk / "town.toml", "[model]", '[map]\nbasemap = "tianditu"\n\n[model]')


CASES = [
    (scenario_missing, errors.InputMissingError, EXIT_DATA, "no such scenario file"),
    (scenario_no_toml, errors.ScenarioError, EXIT_SCENARIO, "not TOML"),
    (unknown_key, errors.UnknownKeyError, EXIT_SCENARIO, "did you mean 'model.min_spacing_m'"),
    (extract_missing, errors.InputMissingError, EXIT_DATA, "town.osm"),
    (extract_cut_short, errors.BrokenFileError, EXIT_DATA, "town.osm"),
    (gzip_cut_short, errors.BrokenFileError, EXIT_DATA, "town.osm.gz"),
    (pbf_cut_short, errors.BrokenFileError, EXIT_DATA, "town.osm.pbf"),
    (ways_without_nodes, errors.IncompleteExtractError, EXIT_DATA, "complete"),
    (area_elsewhere, errors.TableError, EXIT_DATA, "outside the area"),
    (no_roads, errors.EmptyLayerError, EXIT_DATA, "road"),
    (no_places, errors.EmptyLayerError, EXIT_DATA, "place"),
    (boundary_without_datum, errors.DatumError, EXIT_DATA, "wgs84"),
    (stations_without_datum, errors.DatumError, EXIT_DATA, "wgs84"),
    (csv_with_wrong_columns, errors.TableError, EXIT_DATA, "横"),
    (text_in_a_number, errors.TableError, EXIT_DATA, "row 3"),
    (coordinates_swapped, errors.TableError, EXIT_DATA, "swapped"),
    (coordinates_outside, errors.TableError, EXIT_DATA, "outside"),
    (duplicate_ids, errors.TableError, EXIT_DATA, "E1"),
    (people_missing_everywhere, errors.DataError, EXIT_DATA, "people"),
    (people_table_matches_nothing, errors.TableError, EXIT_DATA, "丙镇"),
    (text_for_people, errors.TableError, EXIT_DATA, "九千"),
    (too_many_stations, errors.ImpossibleTargetError, EXIT_NO_PLAN, "312 stations of"),
    (too_many_chargers, errors.ImpossibleTargetError, EXIT_NO_PLAN, "9000 chargers"),
    (too_many_swap_stations, errors.ImpossibleTargetError, EXIT_NO_PLAN, "30 swap stations"),
    (tiles_without_a_key, errors.ScenarioError, EXIT_SCENARIO, "SITING_TIANDITU_KEY"),
]


@pytest.mark.parametrize(
    ("spoil", "kind", "code", "said"), CASES, ids=[case[0].__name__ for case in CASES]
)
def test_bad_input_is_named_cured_and_leaves_nothing(
    desk, capsys, monkeypatch, spoil, kind, code, said
):
    monkeypatch.delenv("SITING_TIANDITU_KEY", raising=False)
    seen = []
    spoil(desk)
    before = {path.name for path in desk.iterdir()}
    original = errors.SitingError.__init__

    def noting(self, *args, **kwargs):
        seen.append(type(self))
        original(self, *args, **kwargs)

    monkeypatch.setattr(errors.SitingError, "__init__", noting)
    assert run(["plan", str(desk / "town.toml"), "--out", str(desk / "maps")]) == code
    printed = " ".join(capsys.readouterr().err.split())
    assert said in printed
    # where no plan exists the changes that help stand in the cure's place
    assert "cure:" in printed or "each was tried" in printed
    assert "Traceback" not in printed
    assert issubclass(seen[-1], kind), seen
    assert {path.name for path in desk.iterdir()} - {"maps"} == before - {"maps"}
    assert list((desk / "maps").glob("*")) == []


def test_the_refusal_of_too_many_stations_counts_each_screening_step(desk, capsys):
    too_many_stations(desk)
    assert run(["plan", str(desk / "town.toml"), "--out", str(desk / "maps")]) == EXIT_NO_PLAN
    printed = capsys.readouterr().err
    assert re.search(r"\d+ places", printed)
    assert re.search(r"\d+ merged", printed)


@pytest.mark.parametrize("key", sorted(_RULE_TABLES.values()))
def test_a_fault_in_an_own_table_of_rules_names_the_planner_s_file(tmp_path, key, capsys):
    path = set_up(tmp_path)
    (tmp_path / "mine.csv").write_text("no,such,columns\n1,2,3\n", encoding="utf-8")
    assert run(["check", str(path), "--set", f"{key}={tmp_path / 'mine.csv'}"]) == EXIT_DATA
    told = capsys.readouterr().err
    assert f"where: {key}: {tmp_path / 'mine.csv'}" in " ".join(told.split())
    assert "where: data/" not in told
