"""Hard input on paper, pages, sheets and layers: names, zones of parts, none, 300, one point."""

from __future__ import annotations

import csv
import dataclasses
import logging
import re
import shutil
import subprocess

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest
from plans import CRS, EAST, LONG, NORTH, hard_plan, small_plan
from shapely.geometry import Point

from siting.outputs import palette, words
from siting.outputs.gis import write_layers
from siting.outputs.paper import Order, all_bodies, find_body, lettering, write_handouts
from siting.outputs.paper.base_map import make_ground
from siting.outputs.paper.document import Setting, draw_first_page
from siting.outputs.paper.paper import FORMATS
from siting.outputs.paper.sheet import make_sheet
from siting.outputs.workbook import write_workbook
from siting.plan.tables import write_sheet
from siting.tables.fields import CHARGING

ORDER = Order("zh", "A4", "2026-01-01")
CROWD = 300


@pytest.fixture(scope="module")
def face():
    return lettering.find_face()


@pytest.fixture(scope="module")
def plan():
    """The hard plan; its third township has no swap station either."""
    plan = hard_plan()
    return dataclasses.replace(plan, swap_sites=plan.swap_sites.assign(zone_id="Z1"))


@pytest.fixture(scope="module")
def pack(plan, face, tmp_path_factory):
    """The overview and the townships of the hard plan, on paper and as pages."""
    folder = tmp_path_factory.mktemp("pack")
    bodies = all_bodies(plan)
    wanted = [bodies[0], *(body for body in bodies if body.zone_id is not None)]
    write_handouts(plan, wanted, folder, ORDER)
    return folder


def text_of(path, *options):
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed: the text of the PDF cannot be read")
    done = subprocess.run(["pdftotext", *options, path, "-"], capture_output=True, check=True)
    return done.stdout.decode("utf-8")


def test_file_names_of_hard_names_are_safe_and_short(pack):
    names = sorted(path.name for path in pack.iterdir())
    assert len(names) == 5 * 3 + 1
    for name in names:
        assert not re.search(r'[<>:"/\\|?*\x00-\x1f]', name)
        assert len(name.encode("utf-8")) < 200
    assert any("=1+1 换行" in name for name in names)


def test_names_stay_on_their_line_and_rare_characters_are_printed(pack):
    text = text_of(pack / "00-总览.pdf", "-layout")
    assert "垚䶮砀" in text
    assert "=1+1 第二行" in text
    assert "onerror" in text.replace("\n", "")
    assert LONG not in text.replace("\n", ""), "250 signs are cut to the lines of a cell"
    assert LONG[:8] in text


def test_a_sign_no_font_has_is_a_box_and_a_line_in_the_log(face, plan, tmp_path, caplog):
    caplog.set_level(logging.WARNING, logger=lettering.__name__)
    names = plan.sites["name"].astype(object).copy()
    names.iloc[0] = "站\U000e1234\U0010fffd"
    odd = dataclasses.replace(plan, sites=plan.sites.assign(name=names))
    [pdf] = [path for path in write_handouts(odd, all_bodies(odd)[:1], tmp_path, ORDER)
             if path.suffix == ".pdf"]  # fmt: skip
    assert "站□" in text_of(pdf)
    assert "stands in" in caplog.text


def test_pages_hold_hard_names_as_text(pack):
    page = (pack / "00-总览.html").read_text(encoding="utf-8")
    assert not re.search(r"<script|<img src=x", page)
    assert "{{7*7}}" in page
    assert "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;" in page
    assert "垚䶮砀 🚗" in page
    assert LONG in page


def test_a_township_without_stations_says_so_on_paper_and_page(pack, plan):
    body = next(body for body in all_bodies(plan) if body.zone_id == "Z3")
    sheet = make_sheet(plan, body, language="zh")
    assert not sheet.tables
    [page] = [path for path in pack.glob("*.html")
              if f"<h1>{body.name_zh}" in path.read_text(encoding="utf-8")]  # fmt: skip
    empty = words.words("handout.empty", "zh")
    assert empty in page.read_text(encoding="utf-8")
    assert empty in text_of(page.with_suffix(".pdf"))


def test_a_zone_of_two_parts_stands_out_in_both(plan, face):
    body = next(body for body in all_bodies(plan) if body.zone_id == "Z1")
    setting = Setting(plan, make_ground(plan), face, FORMATS["A4"], "zh", "")
    page = draw_first_page(setting, make_sheet(plan, body, language="zh"))
    [shown] = [
        artist
        for axes in page.figure.axes
        for artist in axes.collections
        if artist.get_facecolor().size and palette_hex(artist) == palette.OWN.lower()
    ]
    assert len(shown.get_paths()) == 2


def palette_hex(artist):
    red, green, blue = (round(255 * part) for part in artist.get_facecolor()[0][:3])
    return f"#{red:02x}{green:02x}{blue:02x}"


def test_two_stations_on_one_point_both_have_a_number(plan, pack):
    same = plan.sites.geometry.to_wkt()
    assert same[2] == same[3]
    shown = text_of(pack / "00-总览.pdf", "-f", "1", "-l", "1")
    assert {str(place) for place in range(1, 7)} <= set(shown.split())


def test_300_stations_of_one_township_are_all_listed_and_numbered(face, tmp_path):
    plan = small_plan()
    rng = np.random.default_rng(3)
    rows = plan.sites.iloc[[2] * CROWD].reset_index(drop=True)
    spots = [Point(EAST + x, NORTH + y) for x, y in rng.uniform(0, 900, (CROWD, 2))]
    rows = rows.set_geometry(gpd.GeoSeries(spots, crs=CRS)).assign(
        site_id=[f"way/{place}" for place in range(CROWD)], zone_id="Z1", chargers=10,
        name=[f"样例第{place}停车场" for place in range(CROWD)],
    )  # fmt: skip
    crowd = dataclasses.replace(plan, sites=rows)
    town = find_body(all_bodies(crowd), "Z1")
    assert make_sheet(crowd, town, language="zh").totals[1][1] == CROWD * 10
    [pdf] = [path for path in write_handouts(crowd, [town], tmp_path, ORDER)
             if path.suffix == ".pdf"]  # fmt: skip
    pages = text_of(pdf, "-layout").split("\f")[:-1]
    listed = [page for page in pages if "样例第" in page]
    assert len(listed) > 3
    assert all("编号" in page for page in listed), "the header is repeated"
    found = re.findall(r"样例第(\d+)停车场", "".join(listed))
    assert sorted(map(int, found)) == list(range(CROWD))
    maps = " ".join(page for page in pages if "样例第" not in page).split()
    assert {str(place) for place in range(1, CROWD + 1)} <= set(maps)
    assert re.search(rf"第 \d+ 页，共 {len(pages)} 页", pages[-1])


def test_sheets_and_layers_hold_hard_names_as_text(plan, tmp_path):
    write_workbook(plan, tmp_path / "plan.xlsx", language="zh", date="")
    book = openpyxl.load_workbook(tmp_path / "plan.xlsx")
    cells = {cell.value: cell.data_type for row in book["充电站"] for cell in row}
    names = [name for name in plan.sites["name"] if isinstance(name, str)]
    assert {cells[name] for name in names} == {"s"}
    assert "=1+1\n换行" in {cell.value for row in book["分镇街"] for cell in row}
    [path] = write_layers(plan, tmp_path, "gpkg", language="zh", crs="EPSG:4490")
    back = pyogrio.read_dataframe(path, layer="充电站")
    assert back["name"].dropna().tolist() == names
    zones = pyogrio.read_dataframe(path, layer="镇街")
    assert zones["name"].tolist() == plan.zones["name"].tolist()
    assert zones.geometry.geom_type.tolist()[0] == "MultiPolygon"


def test_a_spreadsheet_runs_nothing_from_the_csv(plan, tmp_path):
    write_sheet(plan, CHARGING, tmp_path / "sites.csv", say=words.speaker("zh"))
    with (tmp_path / "sites.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(plan.sites)
    given = [name if isinstance(name, str) else "" for name in plan.sites["name"]]
    for row, name in zip(rows, given, strict=True):
        assert not row["name"].startswith(("=", "+", "-", "@"))
        assert row["name"].lstrip("'") == " ".join(name.split()).lstrip("'")
    back = pd.read_csv(tmp_path / "sites.csv")
    assert back["chargers"].sum() == plan.sites["chargers"].sum()
