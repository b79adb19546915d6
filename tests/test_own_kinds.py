"""A planner's own kinds of site go by the names of his own table, in every output."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from contextlib import closing

import desk
import openpyxl
import pandas as pd
import pytest
from plans import FORMULA, HOSTILE, small_plan
from test_webmap import data_of

from siting import compare, load_scenario, make_map, make_plan
from siting.analysis.candidates.site_kinds import check_site_kinds, own_names
from siting.cli.answer_screens import show_why
from siting.errors import BrokenFileError
from siting.outputs import words
from siting.outputs.gis import write_layers
from siting.outputs.map.difference_map import make_contrast_map
from siting.outputs.pages import make_contrast_page
from siting.outputs.paper import all_bodies
from siting.outputs.paper.sheet import make_sheet
from siting.outputs.report import make_report, write_markdown
from siting.outputs.workbook import write_workbook
from siting.plan.folder import load_plan, plan_content, save_plan
from siting.shipped import shipped_path
from siting.why.answer import Site, Why

NAMES = {"boat_dock": {"zh": "游船码头", "en": "Boat dock"}}


def with_docks(names=NAMES):
    """Return the small plan with a kind of somebody's own in place of the compounds."""
    plan = small_plan()
    tables = {
        name: getattr(plan, name).replace({"kind": {"residential": "boat_dock"}})
        for name in ("sites", "swap_sites", "candidates")
    }
    return dataclasses.replace(plan, kinds=names, **tables)


def shipped():
    return pd.read_csv(shipped_path("site_kinds.csv"), encoding="utf-8")


def test_only_names_that_differ_from_the_shipped_table_are_a_plans_own():
    table = shipped()
    assert own_names(check_site_kinds(table), check_site_kinds(shipped())) == {}
    table.loc[table["kind"] == "sight", "name_en"] = "Lookout"
    dock = table[table["kind"] == "parking"].assign(
        kind="boat_dock", place_kinds=None, name_zh="游船码头", name_en="Boat dock"
    )
    own = own_names(check_site_kinds(pd.concat([table, dock])), check_site_kinds(shipped()))
    assert own == NAMES | {"sight": {"zh": "旅游景点", "en": "Lookout"}}


def test_the_names_of_a_scenarios_table_reach_its_plan(tmp_path):
    path = desk.set_up(tmp_path)
    table = shipped()
    table.loc[table["kind"] == "residential", ["name_zh", "name_en"]] = ["院落", "Courtyard"]
    table.to_csv(tmp_path / "kinds.csv", index=False)
    desk.edit(path, "[model]", '[candidates]\nsite_kinds = "kinds.csv"\n\n[model]')
    plan = make_plan(load_scenario(path), cache=False)
    assert plan.kinds == {"residential": {"zh": "院落", "en": "Courtyard"}}
    assert "residential" in set(plan.candidates["kind"])
    assert "Courtyard" in data_of(make_map(plan))["lookups"]["kind"]


def test_shipped_plans_hold_no_names_and_own_ones_are_read_back(tmp_path):
    assert "kinds" not in plan_content(small_plan(), say=words.speaker("en"))
    save_plan(with_docks(), tmp_path, say=words.speaker("en", NAMES))
    assert load_plan(tmp_path).kinds == NAMES
    sites = pd.read_csv(tmp_path / "sites.csv")
    assert set(sites.loc[sites["kind"] == "boat_dock", "kind_name"]) == {"Boat dock"}
    content = json.loads((tmp_path / "plan.json").read_text(encoding="utf-8"))
    for bad in ([1], {"boat_dock": "Boat dock"}, {"boat_dock": {"zh": "游船码头"}}):
        (tmp_path / "plan.json").write_text(json.dumps(content | {"kinds": bad}), encoding="utf-8")
        with pytest.raises(BrokenFileError):
            load_plan(tmp_path)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_map_paper_workbook_layers_report_and_terminal_call_it_so(language, tmp_path, capsys):
    plan, name = with_docks(), NAMES["boat_dock"][language]
    data = data_of(make_map(plan, language=language))
    assert name in data["lookups"]["kind"]
    sheet = make_sheet(plan, all_bodies(plan)[0], language=language)
    at = [column.key for column in sheet.stations.columns].index("kind_name")
    assert name in {cells[at] for cells in sheet.stations.cells}
    write_workbook(plan, tmp_path / "plan.xlsx", language=language, date="")
    book = openpyxl.load_workbook(tmp_path / "plan.xlsx")
    shown = [sheet for sheet in book if any(cell.value == name for row in sheet for cell in row)]
    assert len(shown) >= 2  # the stations, and the cost by kind
    [path] = write_layers(plan, tmp_path, "gpkg", language=language, crs=plan.crs)
    with closing(sqlite3.connect(path)) as base:
        assert any(name in style for (style,) in base.execute("SELECT styleQML FROM layer_styles"))
    write_markdown(make_report(plan, language=language, date="", picture=False), tmp_path / "r.md")
    assert f"| {name} |" in (tmp_path / "r.md").read_text(encoding="utf-8")
    fewer = dataclasses.replace(plan, run="fewer", sites=plan.sites.iloc[1:])
    made = compare(plan, fewer)
    assert name in make_contrast_page(made, language=language)
    assert name in make_contrast_map(made, language=language)
    site = Site(
        site_id="way/1", name=None, kind="boat_dock", zone_id="1", zone="Z", verdict="ok",
        reason=None, owner=None, min_chargers=4, max_chargers=8, existing_chargers=0, merged_ids=[],
    )  # fmt: skip
    answer = Why("small", synthetic=True, merged=None, place_id="way/1", role="not_chosen",
                 site=site)  # fmt: skip
    show_why(answer, dataclasses.replace(plan, language=language))
    assert f" · {name} · " in capsys.readouterr().out


def test_a_hostile_name_of_a_kind_stays_text(tmp_path, capsys):
    for bad in (HOSTILE, FORMULA, "[red]x[/]{0}{name}", "a\nb"):
        names = {"boat_dock": {"zh": bad, "en": bad}}
        plan = with_docks(names)
        page = make_map(plan)
        assert HOSTILE not in page
        assert bad in data_of(page)["lookups"]["kind"]
        assert HOSTILE not in make_contrast_map(compare(plan, plan), language="en")
        write_workbook(plan, tmp_path / "plan.xlsx", language="en", date="")
        book = openpyxl.load_workbook(tmp_path / "plan.xlsx")
        for cell in (cell for sheet in book for row in sheet for cell in row):
            assert cell.value != bad or cell.data_type == "s"
        folder = tmp_path / str(abs(hash(bad)))
        folder.mkdir()
        save_plan(plan, folder, say=words.speaker("en", names))
        sites = pd.read_csv(folder / "sites.csv")
        named = set(sites.loc[sites["kind"] == "boat_dock", "kind_name"])
        assert named == {f"'{bad}" if bad == FORMULA else " ".join(bad.splitlines())}
        write_markdown(make_report(plan, language="en", date="", picture=False), tmp_path / "r.md")
        assert "<script" not in (tmp_path / "r.md").read_text(encoding="utf-8")
