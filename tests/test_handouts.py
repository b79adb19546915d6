"""Handouts: everybody's sheet adds up, no tag on another, hostile names, no font."""

from __future__ import annotations

import dataclasses
import logging
import re
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import matplotlib as mpl
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from matplotlib import font_manager
from matplotlib.backends.backend_pdf import PdfFile
from plans import small_plan
from pylopdf_fonts_zh_cn import sans_path

from siting.errors import ScenarioError
from siting.outputs.paper import (
    Order,
    all_bodies,
    find_body,
    handout_pack,
    lettering,
    write_handouts,
)
from siting.outputs.paper.frames import make_frames, place_tags, scale_corner
from siting.outputs.paper.lettering import wrap
from siting.outputs.paper.paper import FORMATS, Page
from siting.outputs.paper.sheet import make_say, make_sheet
from siting.tables.fields import fields

HOSTILE = "<script>alert(1)</script>\"&' =1+1 垚䶮砀 \U0001f50c " + "长" * 200


@pytest.fixture(scope="module")
def plan():
    return small_plan()


@pytest.fixture(scope="module")
def face():
    return lettering.find_face()


def sheets(plan, language="zh"):
    return {body.key: make_sheet(plan, body, language=language) for body in all_bodies(plan)}


def test_townships_add_up_to_the_plan_and_each_owner_counts_once(plan):
    made = sheets(plan)
    towns = [sheet for key, sheet in made.items() if key.startswith("zone/")]
    whole = made["overview"]
    for place in range(3):
        assert sum(sheet.totals[place][1] for sheet in towns) == whole.totals[place][1]
        assert whole.totals[place][1] == whole.totals[place][2]
    owned = [
        sheet.sites["site_id"][sheet.sites["owner"] == sheet.body.name_zh].tolist()
        for sheet in made.values()
        if sheet.body.role
    ]
    named = [site for sites in owned for site in sites]
    assert sorted(named) == sorted(set(named))
    owners = {sheet.body.name_zh for sheet in made.values() if sheet.body.role}
    assert set(named) == set(plan.sites["site_id"][plan.sites["owner"].isin(owners)])


def test_a_sheet_counts_its_own_rows(plan):
    for sheet in sheets(plan).values():
        rows = 0 if sheet.stations is None else len(sheet.stations.cells)
        assert rows == sheet.totals[0][1] == len(sheet.sites)
        assert sheet.totals[1][1] == sheet.sites["chargers"].sum()
        swaps = 0 if sheet.swaps is None else len(sheet.swaps.cells)
        assert swaps == sheet.totals[2][1]


def test_substations_are_for_the_grid_company_alone(plan):
    restricted = {key for key, field in fields().items() if field.restricted}
    assert "substation_id" in restricted
    for sheet in sheets(plan).values():
        for table in (sheet.stations, sheet.swaps):
            keys = set() if table is None else {column.key for column in table.columns}
            if sheet.body.key != "grid":
                assert not keys & restricted
                assert sheet.clusters is None
                assert not sheet.body.restricted


def test_bays_due_stand_where_they_are_known_and_say_why_they_do_not(plan):
    mine = plan.sites.assign(
        owner=np.where(plan.sites["kind"] == "service_area", "区交通局", "区住房城乡建委")
    )
    plan = dataclasses.replace(plan, sites=mine)
    due = np.full(len(plan.sites), np.nan)
    home = int(np.flatnonzero(plan.sites["kind"] == "residential")[0])
    due[home] = 60.0
    listed = plan.sites.assign(due_bays=due, short_bays=np.nan)
    some = dataclasses.replace(plan, sites=listed)
    housing = find_body(all_bodies(plan), "housing")
    for made, wanted, key in ((some, "60", "handout.due"), (plan, "", "handout.due_unlisted")):
        sheet = make_sheet(made, housing, language="zh")
        keys = [column.key for column in sheet.stations.columns]
        row = sheet.sites["site_id"].tolist().index(plan.sites["site_id"].iloc[home])
        cells = [cells[keys.index("due")] for cells in sheet.stations.cells]
        assert cells[row] == wanted
        assert not any(cells[:row] + cells[row + 1 :])
        assert make_say("zh")(key) in sheet.notes
    transport = make_sheet(plan, find_body(all_bodies(plan), "transport"), language="zh")
    at = [column.key for column in transport.stations.columns].index("due")
    spaces = transport.sites.loc[transport.sites["kind"] == "service_area", "spaces"].tolist()
    shown = [cells[at] for cells in transport.stations.cells if cells[at]]
    assert shown == [f"{np.ceil(count / 10):.0f}" for count in spaces if not np.isnan(count)]
    assert shown


def test_a_body_is_found_by_any_of_its_names_or_refused_with_the_nearest(plan):
    bodies = all_bodies(plan)
    assert find_body(bodies, "区交通局") is find_body(bodies, "transport")
    with pytest.raises(ScenarioError, match="nobody called '区交通'") as caught:
        find_body(bodies, "区交通")
    assert "区交通局" in caught.value.cure


@given(
    arrays.arrays(float, st.tuples(st.integers(0, 60), st.just(2)),
                  elements=st.floats(0, 100, allow_nan=False)),
    st.floats(1.0, 3.0),
)  # fmt: skip
def test_no_tag_lies_on_another_or_leaves_the_map(sites, radius):
    tags = place_tags(sites, radius, (100.0, 100.0), reach_mm=8.0, corner_mm=(20.0, 5.0)).xy
    shown = tags[~np.isnan(tags[:, 0])]
    if len(shown) > 1:
        apart = np.hypot(*(shown[:, None] - shown[None]).transpose(2, 0, 1))
        assert apart[np.triu_indices(len(shown), 1)].min() >= 2 * radius - 1e-9
    assert ((shown >= radius) & (shown <= 100 - radius)).all()
    assert not ((shown[:, 0] < 20) & (shown[:, 1] < 5)).any()


@pytest.mark.parametrize("kind", ["grid", "one_point", "clusters"])
def test_every_site_has_its_number_on_some_map(kind):
    rng = np.random.default_rng(1)
    points = {
        "grid": rng.uniform(0, 40_000, (300, 2)),
        "one_point": np.vstack([np.tile([[20_000.0, 20_000.0]], (30, 1)), [[20_000.0, 20_000.0]]]),
        "clusters": np.vstack(
            [rng.normal(9_000, 300, (150, 2)), rng.normal(30_000, 900, (150, 2))]
        ),
    }[kind]
    frames = make_frames(
        points, (0, 0, 40_000, 40_000), radius_mm=1.8, box_mm=(150, 150), zoom_box_mm=(250, 160)
    )
    shown = {
        int(site)
        for frame in frames
        for site, tag in zip(frame.sites, frame.tags.xy, strict=True)
        if not np.isnan(tag[0])
    }
    assert shown == set(range(len(points)))
    assert len(frames) < 20


def test_the_scale_bar_stands_where_it_hides_less():
    west = np.array([[500.0, 500.0], [900.0, 300.0], [20_000.0, 30_000.0]])
    paper = {"radius_mm": 1.8, "box_mm": (150, 150), "zoom_box_mm": (250, 160)}
    bounds = (0, 0, 40_000, 40_000)
    at_east = west * [-1, 1] + [40_000, 0]
    assert make_frames(west, bounds, **paper)[0].scale_right
    assert not make_frames(at_east, bounds, **paper)[0].scale_right
    land = shapely.box(0, 0, 25_000, 40_000)
    assert make_frames(west[2:], bounds, **paper, land=land)[0].scale_right
    for points in (west, at_east):
        for frame in make_frames(points, bounds, **paper):
            tags = frame.tags.xy[~np.isnan(frame.tags.xy[:, 0])]
            x = frame.box_mm[0] - tags[:, 0] if frame.scale_right else tags[:, 0]
            corner = scale_corner(frame.box_mm, 1.8)
            assert not ((x < corner[0] + 1.79) & (tags[:, 1] < corner[1] + 1.79)).any()


def test_lines_fit_and_lose_nothing(face):
    text = "渝北区 charging stations，既有社区：incomprehensibilities（样例）" * 3
    lines = wrap(face, text, 7.0, 30.0)
    assert all(face.width_mm(line, 7.0) <= 30.0 for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert wrap(face, text, 7.0, 30.0, most=2)[-1].endswith("…")


def test_a_character_no_font_has_gets_a_stand_in_and_a_line_in_the_log(face, caplog):
    caplog.set_level(logging.WARNING, logger=lettering.__name__)
    assert face.visible("垚砀\U000e0041") in {"垚砀□", "垚砀"}
    assert face.visible("站\U0001fae8") == "站□"
    assert "stands in" in caplog.text
    assert face.visible("a\nb\x00c") == "a bc"


def hostile(plan):
    names = plan.sites["name"].astype(object).copy()
    names.iloc[0] = HOSTILE
    zones = plan.zones.assign(name=[HOSTILE, *plan.zones["name"].iloc[1:]])
    return dataclasses.replace(plan, sites=plan.sites.assign(name=names), zones=zones)


def test_the_pack_is_written_with_text_and_fonts_and_hostile_names_do_no_harm(plan, face, tmp_path):
    bad = hostile(plan)
    bodies = all_bodies(bad)
    wanted = [bodies[0], find_body(bodies, "grid"), bodies[-1]]
    written = write_handouts(bad, wanted, tmp_path, Order("both", "A4", "2026-01-01"))
    ends = [path.suffix for path in written]
    assert (ends.count(".pdf"), ends.count(".html"), ends.count(".png")) == (3, 3, 4)
    page = next(path for path in written if path.suffix == ".html" and "总览" in path.name)
    html = page.read_text(encoding="utf-8")
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert not re.search(r'(?:src|href)="(?!data:)', html)
    if shutil.which("pdffonts") is None:
        pytest.skip("pdffonts is not installed: the fonts of the PDF were not looked at")
    for path in written:
        if path.suffix == ".pdf":
            fonts_of = subprocess.run(
                ["pdffonts", path], capture_output=True, text=True, check=True
            ).stdout.splitlines()[2:]
            assert fonts_of
            assert all(re.search(r" yes (yes|no)\s+yes ", line) for line in fonts_of)
    text = subprocess.run(
        ["pdftotext", next(path for path in written if path.suffix == ".pdf"), "-"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert "内部工作用图" in text


def test_a_page_written_at_once_says_what_the_library_would_write(face, tmp_path, monkeypatch):
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed: the text of the PDF cannot be read")
    lines = [
        "渝北区 <a>&\\(b)", "AVAVA 12,000 · 0.16%", "é ß Ω Ж 垚䶮砀 □ …",
        "cafe\u0301 سوق", "\U0001f50c \U0002b817",
    ]  # fmt: skip

    def words_of(name):
        page = Page(FORMATS["A4"], face)
        for place, line in enumerate(lines):
            for at, align, bold in (
                (10, "left", False),
                (140, "center", True),
                (280, "right", False),
            ):
                page.text(at, 20 + 10 * place, face.visible(line), align=align, bold=bold)
        page.finish()
        with mpl.rc_context(face.settings):
            page.figure.savefig(tmp_path / name)
        found = subprocess.run(
            ["pdftotext", "-layout", tmp_path / name, "-"], capture_output=True, check=True
        ).stdout.decode("utf-8")
        return found.split()

    quick = words_of("quick.pdf")
    assert "12,000" in quick
    assert "垚䶮砀" in quick
    shown = [text for text in map(face.visible, lines) if lettering.is_plain(text)]
    assert len(shown) == len(lines) - 1
    if lettering.can_write(SimpleNamespace(file=object.__new__(PdfFile))):
        monkeypatch.setattr(lettering, "can_write", lambda _renderer: False)
        assert quick == words_of("slow.pdf")


def test_two_packs_of_one_plan_are_the_same_bytes(plan, face, tmp_path):
    packs = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        written = write_handouts(
            plan, all_bodies(plan)[:1], tmp_path / name, Order("zh", "A4", "2026-01-01")
        )
        packs.append([path.read_bytes() for path in written])
    assert packs[0] == packs[1]


def test_no_font_of_the_system_takes_the_place_of_ours(face):
    properties = font_manager.FontProperties(family=face.family)
    assert Path(font_manager.findfont(properties)).samefile(sans_path())
    known = [one for one in font_manager.fontManager.ttflist if one.name == face.family]
    assert {Path(one.fname) for one in known} == {Path(sans_path())}


@pytest.mark.parametrize(
    ("text", "name"),
    [("a/b\\c:d*e?f", "a_b_c_d_e_f"), ("..", "_"), ("名" * 99, "名" * 40), (" x. ", "x")],
)
def test_file_names_are_legal_everywhere(text, name):
    assert handout_pack.file_name(text) == name
