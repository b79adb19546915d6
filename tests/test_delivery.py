"""Workbook, layers and report: one master total in all of them, and hostile names do no harm."""

from __future__ import annotations

import dataclasses
import re
import sqlite3
import xml.etree.ElementTree as ET

import docx
import geopandas as gpd
import openpyxl
import pandas as pd
import pyogrio
import pytest
from plans import small_plan

from siting.errors import ScenarioError
from siting.outputs.gis import make_layers, write_layers
from siting.outputs.paper import all_bodies
from siting.outputs.paper.sheet import make_sheet
from siting.outputs.report import make_report
from siting.outputs.report_files import write_docx, write_markdown
from siting.outputs.workbook import write_workbook
from siting.plan.parts import Hydrogen

HOSTILE = '=1+1<script>|*_`\x00"\n\U0001f50c垚' + "x" * 40_000
SUM = re.compile(r"=SUM\(([A-Z]+)(\d+):\1(\d+)\)")


@pytest.fixture(scope="module")
def plan():
    made = small_plan()
    names = made.sites["name"].astype(object).copy()
    names.iloc[0] = HOSTILE
    return dataclasses.replace(made, sites=made.sites.assign(name=names))


@pytest.fixture(scope="module")
def book(plan, tmp_path_factory):
    path = tmp_path_factory.mktemp("book") / "plan.xlsx"
    write_workbook(plan, path, language="zh", date="2026-01-01")
    return openpyxl.load_workbook(path)


def worth(sheet, cell):
    """Return what a cell shows: of a sum, what its rows add up to."""
    found = SUM.fullmatch(str(cell.value))
    if not found:
        return cell.value
    column, first, last = found.groups()
    rows = sheet[f"{column}{first}:{column}{last}"]
    return sum(row[0].value or 0 for row in rows)


def column_of(sheet, header):
    for row in sheet.iter_rows(min_row=1, max_row=6):
        for cell in row:
            if cell.value == header:
                return cell
    raise AssertionError(header)


def total_of(sheet, header):
    head = column_of(sheet, header)
    for cell in sheet[head.column_letter][head.row :]:
        if SUM.fullmatch(str(cell.value)):
            return worth(sheet, cell)
    raise AssertionError(header)


def test_every_sheet_layer_and_handout_has_one_master_total(plan, book, tmp_path):
    chargers = plan.totals["chargers"]
    assert total_of(book["充电站"], "充电桩") == chargers
    assert total_of(book["分镇街"], "公共充电桩") == chargers
    assert total_of(book["分部门"], "公共充电桩") == chargers
    assert total_of(book["分镇街"], "充电站") == total_of(book["分部门"], "充电站") == 6
    by_class = [f"chargers_{name}" for name in plan.charger_classes]
    assert plan.sites[by_class].to_numpy().sum() == chargers
    [path] = write_layers(plan, tmp_path, "gpkg", language="zh", crs="EPSG:4490")
    assert pyogrio.read_dataframe(path, layer="充电站")["chargers"].sum() == chargers
    assert pyogrio.read_dataframe(path, layer="镇街")["chargers"].sum() == chargers
    sheets = [make_sheet(plan, body, language="zh") for body in all_bodies(plan)]
    towns = [sheet for sheet in sheets if sheet.body.zone_id is not None]
    assert sum(sheet.totals[1][1] for sheet in towns) == chargers
    blocks = make_report(plan, language="zh", date="", picture=False)
    write_markdown(blocks, tmp_path / "report.md")
    assert f"| 公共充电桩 | {chargers:,} | {chargers:,} |" in (tmp_path / "report.md").read_text(
        encoding="utf-8"
    )


def test_hydrogen_stations_add_up_everywhere_apart_from_charging(plan, tmp_path):
    able = plan.candidates.iloc[[0, 3]]
    rows = able[["site_id", "kind", "name", "zone_id", "geometry"]]
    some = dataclasses.replace(
        plan,
        hydrogen_sites=rows.assign(is_new=True, verdict="sign_off").reset_index(drop=True),
        hydrogen=Hydrogen(gap_share=0.0, covered_share=0.5),
        totals=plan.totals | {"hydrogen_stations": 2},
        targets=plan.targets | {"hydrogen_stations": 2},
    )
    shown = {body.key: make_sheet(some, body, language="zh") for body in all_bodies(some)}
    seen = {"overview", "economy_informatization", "development_reform", "planning",
            "emergency", "fire", "market"}  # fmt: skip
    for key, sheet in shown.items():
        own = [total for total in sheet.totals if total[0] == "加氢站"]
        if key in seen:
            assert own == [("加氢站", 2, 2, 2)]
            assert [row[0] for row in sheet.hydrogen.cells] == ["H1", "H2"]
        elif sheet.body.zone_id is None:
            assert not own
            assert sheet.hydrogen is None
        assert sheet.totals[:3] == make_sheet(plan, sheet.body, language="zh").totals
    towns = [sheet for sheet in shown.values() if sheet.body.zone_id is not None]
    assert sum(sheet.totals[3][1] for sheet in towns) == 2
    write_workbook(some, tmp_path / "plan.xlsx", language="zh", date="")
    book = openpyxl.load_workbook(tmp_path / "plan.xlsx")
    ids = rows["site_id"].tolist()
    assert [cell.value for row in book["加氢站"] for cell in row if cell.value in ids] == ids
    [path] = write_layers(some, tmp_path, "gpkg", language="zh", crs="EPSG:4490")
    assert len(pyogrio.read_dataframe(path, layer="加氢站")) == 2


def test_the_overview_counts_by_formulas_over_the_other_sheets(plan, book):
    sheet = book["总览"]
    formulas = {row[0].value: row[2].value for row in sheet.iter_rows(min_row=5, max_row=7)}
    assert set(formulas) == {"充电站", "公共充电桩", "换电站"}
    found = re.fullmatch(r"='(.+)'!([A-Z]+\d+)", formulas["公共充电桩"])
    other = book[found[1]]
    assert worth(other, other[found[2]]) == plan.totals["chargers"]
    count = re.fullmatch(r"=COUNTA\('(.+)'!\$A\$?(\d+):\$A\$?(\d+)\)", formulas["充电站"])
    assert int(count[3]) - int(count[2]) + 1 == plan.totals["stations"]


def test_cells_are_numbers_and_names_are_text(book):
    sheet = book["充电站"]
    assert column_of(sheet, "充电桩").offset(1).data_type == "n"
    name = column_of(sheet, "名称").offset(1)
    assert name.data_type == "s"
    assert name.value.startswith("=1+1<script>")
    assert "\x00" not in name.value
    assert sheet.freeze_panes is not None
    assert sheet.auto_filter.ref is not None
    assert sheet.print_title_rows
    assert book["分镇街"]._charts
    assert sheet["A2"].value.startswith("合成样例数据")


def test_the_geopackage_has_names_crs_and_styles_that_qgis_takes(plan, tmp_path):
    [path] = write_layers(plan, tmp_path, "gpkg", language="zh", crs="EPSG:4490")
    names = {name for name, kind in pyogrio.list_layers(path) if kind is not None}
    assert names == {"充电站", "换电站", "镇街"}
    assert pyogrio.read_info(path, layer="充电站")["crs"] == "EPSG:4490"
    sites = pyogrio.read_dataframe(path, layer="充电站")
    assert not {"substation_id", "headroom_kw", "substation_m"} & set(sites.columns)
    assert (sites["mark"].str.startswith("合成")).all()
    with sqlite3.connect(path) as base:
        styles = base.execute(
            "SELECT f_table_name, styleQML, useAsDefault FROM layer_styles"
        ).fetchall()
    base.close()
    assert {name for name, _, default in styles if default} == names
    for _, qml, _ in styles:
        tree = ET.fromstring(qml.split("\n", 1)[1])  # noqa: S314  # our own text
        assert tree.find("renderer-v2") is not None


@pytest.mark.parametrize("form", ["geojson", "csv", "parquet"])
def test_other_formats_are_read_back(plan, tmp_path, form):
    written = write_layers(plan, tmp_path, form, language="en", crs="EPSG:4490")
    assert [path.name for path in written] == [
        f"{name}.{form}" for name in ("charging_stations", "swap_stations", "townships")
    ]
    if form == "csv":
        raw = written[0].read_bytes()
        assert raw.startswith(b"\xef\xbb\xbf")
        table = pd.read_csv(written[0])
        assert table["name"].iloc[0].startswith("'=1+1")
    elif form == "parquet":
        table = gpd.read_parquet(written[0])
    else:
        table = gpd.read_file(written[0])
    assert table["chargers"].sum() == plan.totals["chargers"]


@pytest.mark.parametrize("crs", ["EPSG:99999999", "IAU_2015:30100", "", "x" * 9000])
def test_an_unknown_crs_is_refused_with_the_ones_that_do(plan, crs):
    with pytest.raises(ScenarioError, match="no coordinate reference system") as caught:
        make_layers(plan, language="zh", crs=crs)
    assert "EPSG:4490" in caught.value.cure


def test_the_report_has_its_chapters_and_invents_nothing(plan, tmp_path):
    blocks = make_report(plan, language="zh", date="2026-01-01", picture=False)
    write_docx(blocks, tmp_path / "report.docx")
    document = docx.Document(str(tmp_path / "report.docx"))
    chapters = [p.text for p in document.paragraphs if p.style.name == "Heading 1"]
    assert [text[0] for text in chapters] == list("一二三四五六七八九")
    text = "\n".join(p.text for p in document.paragraphs)
    assert "合成样例数据" in text
    assert "本方案未分期" in text
    write_markdown(blocks, tmp_path / "report.md")
    plain = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "<script" not in plain
    assert "nan" not in plain.replace("finance", "")
