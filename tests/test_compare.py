"""Plans side by side: what is marked, what changed, and what is refused."""

from __future__ import annotations

import csv
import dataclasses
import json
import math

import numpy as np
import openpyxl
import pytest
from desk import set_up
from hypothesis import given
from hypothesis import strategies as st
from plans import EAST, HOSTILE, NORTH, small_plan
from shapely.geometry import Point

from siting.cli.main import run
from siting.comparison import changes, contrast, count_changes, figure_lines, missing_figures
from siting.comparison.figure_lines import directions
from siting.errors import EXIT_DATA, EXIT_GOOD, EXIT_SCENARIO
from siting.outputs.map.difference_map import make_contrast_map
from siting.outputs.pages import make_contrast_page
from siting.outputs.text.figure_tables import contrast_warnings
from siting.outputs.words import all_words, speaker
from siting.outputs.workbook.book import write_contrast_book
from siting.plan.plan import Source
from siting.shipped import shipped_path

VARIANTS = "[variants.base]\n[variants.fewer.targets]\nstations = 3\nchargers = 34\n"


def other(plan, **changed):
    return dataclasses.replace(plan, run="other", **changed)


def without(frame, *ids):
    return frame[~frame["site_id"].isin(ids)].reset_index(drop=True)


def at(plan, site_id, x_m, y_m, **changed):
    """Return the plan's stations with the last one somewhere else under another id."""
    sites = plan.sites.copy()
    last = sites.index[-1]
    sites.loc[last, "site_id"] = site_id
    for name, value in changed.items():
        sites.loc[last, name] = value
    geometry = [*sites.geometry.iloc[:-1], Point(x_m, y_m)]
    return sites.set_geometry(geometry, crs=plan.crs)


def test_each_figure_has_a_row_of_directions_and_words():
    table = directions()
    assert {row.better for row in table.values()} == {"higher", "lower", ""}
    assert {f"contrast.figure.{name}" for name in table} == {
        key for key in all_words() if key.startswith("contrast.figure.")
    }
    with shipped_path("figure_directions.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert all(row["why"] for row in rows)


def test_the_better_is_marked_only_where_better_has_a_direction():
    one = small_plan()
    two = other(one, figures=one.figures | {"served_share": 0.99, "access_gini": 0.4,
                                            "power_kw": 7.0, "own": 1.0})  # fmt: skip
    lines = {line.figure: line for line in figure_lines([one, two])}
    assert lines["served_share"].best == (1,)
    assert lines["access_gini"].best == (0,)
    assert lines["mean_distance_m"].best == (), "they are alike"
    assert lines["power_kw"].best == lines["own"].best == lines["stations"].best == ()
    assert math.isnan(lines["power_kw"].values[0])
    assert list(lines)[-1] == "own", "what nobody knows comes last"


def test_a_figure_under_other_settings_is_not_marked():
    one = small_plan()
    cheap = {**one.figures, "cost_cny": 1.0, "served_share": 1.0}
    two = other(one, figures=cheap, scenario={**one.scenario, "costs": {"prices": "mine.csv"}})
    lines = {line.figure: line for line in figure_lines([one, two])}
    assert lines["cost_cny"].best == ()
    assert lines["served_share"].best == (1,)


@given(st.lists(st.one_of(st.floats(0, 1), st.just(math.nan)), min_size=2, max_size=5))
def test_the_best_is_never_missing_and_never_beaten(values):
    base = small_plan()
    plans = [dataclasses.replace(base, figures={"served_share": value}) for value in values]
    line = next(line for line in figure_lines(plans) if line.figure == "served_share")
    for place in line.best:
        assert values[place] == pytest.approx(np.nanmax(values), abs=1e-8)
    assert len(line.best) < len(values)


def test_added_dropped_moved_grown_and_shrunk():
    one = small_plan()
    sites = at(one, "way/999", EAST + 900 + 300, NORTH + 900, chargers=20)
    sites.loc[0, "chargers"] += 3
    sites.loc[1, "chargers"] -= 2
    two = other(one, sites=without(sites, "way/102"), swap_sites=without(one.swap_sites, "way/102"))
    frame = changes(one, two)
    found = dict(zip(frame["site_id"], frame["change"], strict=True))
    assert count_changes(frame) == {
        "added": 0, "dropped": 1, "moved": 1, "grown": 1, "shrunk": 1,
        "swap_added": 0, "swap_dropped": 1, "swap_moved": 0,
    }  # fmt: skip
    assert found["way/999"] == "moved"
    moved = frame[frame["change"] == "moved"].iloc[0]
    assert (moved["from_id"], moved["moved_m"]) == ("way/105", 300.0)
    near = changes(one, two, moved_m=299)
    assert count_changes(near) == count_changes(frame) | {"moved": 0, "added": 1, "dropped": 2}


def test_no_difference_is_no_change_and_back_is_the_mirror():
    one = small_plan()
    assert changes(one, other(one)).empty
    two = other(one, sites=at(one, "way/999", EAST, NORTH + 5000))
    there, back = (count_changes(changes(a, b)) for a, b in ((one, two), (two, one)))
    assert (there["added"], there["dropped"]) == (back["dropped"], back["added"]) == (1, 1)


def test_a_move_takes_each_site_once():
    one = small_plan()
    sites = at(one, "way/999", EAST + 900, NORTH + 900 + 100)
    two = other(one, sites=without(sites, "way/104"))
    counts = count_changes(changes(one, two, moved_m=5000))
    assert (counts["moved"], counts["dropped"], counts["added"]) == (1, 1, 0)


def test_other_data_are_named_on_every_output(tmp_path):
    one = small_plan()
    source = Source("osm", "other.osm.pbf", "cd" * 32, "CC0", "2024-12-31", synthetic=False)
    made = contrast([one, other(one, sources=(source,))])
    assert made.other_inputs == ("osm",)
    warning = contrast_warnings(made, speaker("en"))[-1]
    assert "osm" in warning
    assert warning in make_contrast_page(made, language="en")
    assert warning in make_contrast_map(made, language="en")
    write_contrast_book(made, tmp_path / "book.xlsx", language="en")
    book = openpyxl.load_workbook(tmp_path / "book.xlsx")
    assert all(warning in str(sheet.cell(2, 1).value) for sheet in book.worksheets)


def test_names_from_a_map_stay_text_on_page_and_map():
    one = small_plan()
    two = other(one, sites=without(one.sites, "way/101"))
    made = contrast([one, two])
    for page in (make_contrast_page(made, language="zh"), make_contrast_map(made, language="zh")):
        assert "<script>alert" not in page
        assert "49" not in page.partition("7*7")[0][-5:]
        assert "合成样例数据" in page
        assert 'http-equiv="Content-Security-Policy"' in page
    assert HOSTILE in set(made.changes[0]["name"])
    again = make_contrast_map(contrast([one, two]), language="zh")
    assert again == make_contrast_map(made, language="zh")


def test_zones_and_departments_add_up():
    one = small_plan()
    made = contrast([one, other(one, sites=without(one.sites, "way/101"))])
    assert made.zones["stations_0"].sum() == one.totals["stations"]
    assert made.departments["stations_0"].sum() == len(one.sites)
    assert made.departments["stations_1"].sum() == len(one.sites) - 1
    assert made.departments["owner"].iloc[-1] == "", "the unnamed come last"


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """Return a folder with two planned variants, compared in one command."""
    folder = tmp_path_factory.mktemp("desk")
    scenario = set_up(folder)
    with scenario.open("a", encoding="utf-8", newline="\n") as handle:
        handle.write(VARIANTS)
    files = ["--xlsx", str(folder / "c.xlsx"), "--html", str(folder / "c.html")]
    out = ["--out", str(folder / "maps"), "--map", str(folder / "m.html")]
    assert run(["compare", "--plan", str(scenario), *out, *files]) == EXIT_GOOD
    return folder


def test_a_scenario_is_planned_and_compared_in_one_command(compared):
    assert {path.name for path in (compared / "maps").iterdir()} == {"town-base", "town-fewer"}
    book = openpyxl.load_workbook(compared / "c.xlsx")
    assert len(book.worksheets) == 5
    assert {"c.xlsx", "c.html", "m.html"} <= {path.name for path in compared.iterdir()}


def test_json_tells_what_the_tables_show(compared, capsys):
    runs = [str(compared / "maps" / name) for name in ("town-base", "town-fewer")]
    assert run(["compare", *runs, "--json"]) == EXIT_GOOD
    told = json.loads(capsys.readouterr().out)
    assert told["runs"] == ["town-base", "town-fewer"]
    figures = {entry["figure"]: entry for entry in told["figures"]}
    assert missing_figures(list(figures)) == []
    assert figures["stations"]["values"] == [4, 3]
    counts = told["changes"]["town-fewer"]["counts"]
    assert counts["dropped"] - counts["added"] == 1


def test_other_data_are_refused_unless_allowed(compared, tmp_path, capsys):
    scenario = set_up(tmp_path)
    people = tmp_path / "people.csv"
    people.write_text(people.read_text(encoding="utf-8").replace("9000", "9500"), encoding="utf-8")
    asked = ["plan", str(scenario), "--out", str(tmp_path / "maps")]
    assert run(asked) == EXIT_GOOD
    runs = [str(compared / "maps" / "town-base"), str(tmp_path / "maps" / "town")]
    assert run(["compare", *runs]) == EXIT_DATA
    assert "--different-data" in capsys.readouterr().err
    assert run(["compare", *runs, "--different-data"]) == EXIT_GOOD
    assert "different data" in capsys.readouterr().out


def test_one_run_or_the_same_twice_is_refused(compared, tmp_path):
    base = str(compared / "maps" / "town-base")
    assert run(["compare", base]) == EXIT_SCENARIO
    assert run(["compare", base, base]) == EXIT_SCENARIO
    assert run(["compare", base, str(tmp_path)]) == EXIT_DATA
