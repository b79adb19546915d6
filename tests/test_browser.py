"""The web map in a real browser with the network off: what a planner sees, and that nothing leaks.

Skipped, saying so, where no Chromium is found; in CI (``CI=true``) that is a failure instead.
"""

from __future__ import annotations

import dataclasses
import itertools
import os
import re
import shutil
from functools import cache
from typing import TYPE_CHECKING

import pytest
from plans import (
    CRS,
    EAST,
    HOSTILE,
    LONG,
    NORTH,
    district_plan,
    hard_plan,
    phased_plan,
    small_plan,
)
from shapely.geometry import Point

from siting.outputs import words as words_room
from siting.outputs.map import make_map
from siting.outputs.paper import all_bodies
from siting.outputs.paper.sheet import make_sheet

if TYPE_CHECKING:
    from pathlib import Path

NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "msedge",
)
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
    "--host-resolver-rules=MAP * ~NOTFOUND",
]  # fmt: skip
MARK = "合成样例数据，不可用于决策 / synthetic sample, not for decisions"
LEAFLET = "Object.values(window).find((one) => one instanceof L.Map)"
FOCUSED = """() => {
  const at = document.activeElement;
  return at.id || at.getAttribute("aria-label") || (at.closest("label") ?? at).textContent.trim();
}"""
COUNT_CIRCLES = f"""() => {{
  let count = 0;
  {LEAFLET}.eachLayer((layer) => {{ if (layer instanceof L.CircleMarker) count += 1; }});
  return count;
}}"""


CIRCLES = f"""() => {{
  const map = {LEAFLET}, found = [];
  const frame = map.getContainer().getBoundingClientRect();
  map.eachLayer((layer) => {{
    if (!(layer instanceof L.CircleMarker)) return;
    const at = map.latLngToContainerPoint(layer.getLatLng()), reach = layer.getRadius();
    const [x, y] = [frame.left + at.x, frame.top + at.y];
    found.push([x - reach, y - reach, x + reach, y + reach]);
  }});
  return found;
}}"""
VISIBLE_TEXTS = """() => {
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    if (!walk.currentNode.parentElement.closest("script, style, noscript")) {
      found.push(walk.currentNode.textContent.trim());
    }
  }
  for (const node of document.querySelectorAll("*")) {
    for (const name of ["aria-label", "title", "placeholder", "alt", "label"]) {
      if (node.hasAttribute(name)) found.push(node.getAttribute(name).trim());
    }
  }
  return found.filter((text) => /\\p{L}/u.test(text));
}"""


def crowded_plan():
    """Return the small plan with a station on the very middle of a township, and long figures."""
    plan = small_plan(language="en")
    points = plan.sites.geometry.to_list()
    points[2] = Point(EAST + 500, NORTH + 500)
    wide = {"mean_distance_m": 123456.7, "p95_distance_m": 234567.8, "cost_cny": 9.87e10,
            "cost_low_cny": 6.54e10, "cost_high_cny": 1.23e11}  # fmt: skip
    own = dataclasses.replace(plan.outcome, objective="max_cover", value=123456789.5)
    return dataclasses.replace(
        plan,
        sites=plan.sites.set_geometry(points, crs=CRS),
        figures=plan.figures | wide,
        baselines={name: figures | wide for name, figures in plan.baselines.items()},
        outcome=dataclasses.replace(own, bound=123456999.5),
    )


@pytest.fixture(scope="module")
def browser():
    program = os.environ.get("SITING_CHROMIUM") or next(
        filter(None, map(shutil.which, NAMES)), None
    )
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415  # may be missing
    except ImportError:
        program = None
    if program is None:
        reason = "no Chromium (or no playwright) here: set SITING_CHROMIUM to one"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def maps(tmp_path_factory):
    folder = tmp_path_factory.mktemp("maps")
    pages = {
        "small": make_map(small_plan()),
        "english": make_map(small_plan(language="en")),
        "plain": make_map(small_plan(synthetic=False)),
        "gaode": make_map(small_plan(), basemap="gaode"),
        "district": make_map(district_plan()),
        "hard": make_map(hard_plan()),
        "crowded": make_map(crowded_plan()),
        "phased": make_map(phased_plan()),
        "phased_en": make_map(phased_plan(language="en")),
    }
    for name, page in pages.items():
        (folder / f"{name}.html").write_text(page, encoding="utf-8")
    return folder


class Visit:
    """One page opened, with everything the browser said and asked for meanwhile."""

    def __init__(self, browser, file: Path, *, view="", size=(1280, 900)):
        self.page = browser.new_page(viewport={"width": size[0], "height": size[1]})
        self.said, self.asked, self.failed = [], [], []
        self.page.on("console", lambda line: self.said.append(f"{line.type}: {line.text}"))
        self.page.on("pageerror", lambda error: self.said.append(f"error: {error}"))
        self.page.on("dialog", lambda box: self.said.append(f"dialog: {box.message}"))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("requestfailed", lambda request: self.failed.append(request.url))
        self.page.goto(file.as_uri() + view)
        self.page.wait_for_selector("html[data-drawn-ms]", timeout=20_000)

    @property
    def left_the_page(self):
        return [url for url in self.asked if not url.startswith(("file:", "data:"))]

    def boxes(self, selector):
        return self.page.eval_on_selector_all(
            selector,
            """(nodes) => nodes.map((node) => {
                 const box = node.getBoundingClientRect();
                 return [box.left, box.top, box.right, box.bottom, node.textContent];
               })""",
        )


@pytest.fixture
def visit(browser, maps):
    opened = []

    def open_page(name, **options):
        opened.append(Visit(browser, maps / f"{name}.html", **options))
        return opened[-1]

    yield open_page
    for one in opened:
        one.page.close()


def overlap(one, other):
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


@pytest.mark.parametrize("name", ["small", "english", "plain", "district", "phased"])
def test_the_map_opens_without_a_request_or_a_word_of_complaint(visit, name):
    seen = visit(name)
    seen.page.wait_for_timeout(300)
    assert seen.said == []
    assert seen.failed == []
    assert seen.left_the_page == []
    assert len([url for url in seen.asked if url.startswith("file:")]) == 1


def test_a_map_of_true_size_is_drawn_in_two_seconds(visit):
    took = [int(visit("district").page.get_attribute("html", "data-drawn-ms")) for _ in range(2)]
    assert min(took) < 2000, took


def test_what_is_drawn_and_what_is_off_at_first(visit):
    seen = visit("district")
    assert seen.page.evaluate(COUNT_CIRCLES) == 550
    assert seen.page.locator(".leaflet-marker-icon.swap").count() == 25
    box = seen.page.get_by_label("候选站址")
    assert not box.is_checked()
    box.check()
    assert seen.page.evaluate(COUNT_CIRCLES) == 550 + 4142
    seen.page.get_by_label("规则否决的站址").check()
    assert seen.page.evaluate(COUNT_CIRCLES) == 5050
    seen.page.get_by_label("规则否决的站址").uncheck()
    box.uncheck()
    assert seen.page.evaluate(COUNT_CIRCLES) == 550
    assert seen.said == []


def test_a_kind_is_hidden_and_shown_by_its_legend_entry(visit):
    seen = visit("small")
    entry = seen.page.locator("[data-kind]", has_text="居民小区")
    entry.focus()
    seen.page.keyboard.press("Enter")
    assert entry.get_attribute("aria-pressed") == "false"
    assert seen.page.evaluate(COUNT_CIRCLES) == 5
    seen.page.get_by_label("候选站址").check()
    assert seen.page.evaluate(COUNT_CIRCLES) == 5 + 9, "candidates follow the same filter"
    entry.click()
    assert seen.page.evaluate(COUNT_CIRCLES) == 6 + 11
    assert seen.said == []


def at_site(row):
    point = small_plan().sites.geometry.to_crs("EPSG:4326").iloc[row]
    return f"#17/{point.y:.6f}/{point.x:.6f}"


def click_middle(seen):
    box = seen.page.locator(".folium-map").bounding_box()
    seen.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    seen.page.wait_for_selector(".leaflet-popup .facts")
    return seen.page.inner_text(".leaflet-popup .facts").replace("\N{NO-BREAK SPACE}", " ")


def test_a_station_tells_its_facts_and_what_is_missing(visit):
    text = click_middle(visit("small", view=at_site(3)))
    for fact in ("（无名称）", "加油（气）站", "新增", "508 kW", "停车位\n缺失", "须会签",
                 "加油站须会签", "区经济信息委", "way/103"):  # fmt: skip
        assert fact in text, fact


def test_a_hostile_name_is_read_not_run(visit):
    seen = visit("small", view=at_site(1))
    assert HOSTILE in click_middle(seen)
    seen.page.locator("summary", has_text="说明").click()
    assert HOSTILE in seen.page.inner_text("#about")
    assert seen.said == []
    assert seen.left_the_page == []


def test_a_zone_tells_its_people_where_no_station_stands(visit):
    point = small_plan().zones.geometry.iloc[[2]].centroid.to_crs("EPSG:4326").iloc[0]
    text = click_middle(visit("small", view=f"#16/{point.y + 0.004:.6f}/{point.x:.6f}"))
    for fact in ("木耳镇", "72,000 人", "取整", "得到服务的比例\n缺失", "1 公里内有站的人口\n缺失"):
        assert fact in text, fact


@pytest.mark.parametrize(
    ("size", "zoom"), [((1600, 1000), ""), ((390, 844), ""), ((1280, 800), 13)]
)
def test_no_name_stands_on_another_or_under_a_control(visit, size, zoom):
    view = f"#{zoom}/29.75/106.70" if zoom else ""
    seen = visit("district", size=size, view=view)
    names = seen.boxes(".name")
    assert len(names) > 3
    for one, other in itertools.combinations(names, 2):
        assert not overlap(one, other), (one[4], other[4])
    for one, control in itertools.product(names, seen.boxes(".leaflet-control, .swap svg")):
        assert not overlap(one, control), one[4]


@pytest.mark.parametrize("size", [(1600, 1000), (390, 844)])
@pytest.mark.parametrize("panel_used", [False, True])
def test_the_sample_mark_is_always_in_sight(visit, size, panel_used):
    seen = visit("small", size=size)
    if panel_used:
        seen.page.click("#toggle")
    left, top, right, bottom, text = seen.boxes("#mark")[0]
    assert text == MARK
    assert left >= 0
    assert right <= size[0]
    assert 0 <= top < bottom <= size[1]
    middle = [(left + right) / 2, (top + bottom) / 2]
    assert seen.page.evaluate("([x, y]) => document.elementFromPoint(x, y).id", middle) == "mark"


def test_without_a_sample_there_is_no_mark(visit):
    assert visit("plain").page.locator("#mark").count() == 0


def test_on_a_phone_the_panel_is_folded_and_opens_by_keyboard(visit):
    seen = visit("small", size=(390, 844))
    assert not seen.page.is_visible("#status")
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= 390
    seen.page.keyboard.press("Tab")
    assert seen.page.evaluate("document.activeElement.id") == "toggle"
    seen.page.keyboard.press("Enter")
    assert seen.page.is_visible("#status")
    assert seen.page.get_attribute("#toggle", "aria-expanded") == "true"
    map_box = seen.page.locator(".folium-map").bounding_box()
    assert map_box["height"] > 150


def test_every_control_is_reached_by_tab(visit):
    seen = visit("small")
    reached = set()
    for _ in range(60):
        seen.page.keyboard.press("Tab")
        reached.add(seen.page.evaluate(FOCUSED))
    wanted = {"toggle", "views", "find", "不显示", "打印", "放大", "缩小", "回到全图", "候选站址",
              "新增充电站", "说明", "数据来源"}  # fmt: skip
    assert wanted <= reached, wanted - reached


def test_the_corner_names_leaflet_in_plain_text(visit):
    corner = visit("small").page.locator(".leaflet-control-attribution")
    assert corner.locator("svg, a").count() == 0
    assert corner.inner_text() == "Leaflet | 内部工作用图"


def test_language_and_title_of_the_page(visit):
    seen = visit("english")
    assert seen.page.title() == "Small <siting> plan"
    assert seen.page.get_attribute("html", "lang") == "en"
    assert seen.page.get_by_label("Candidate sites").count() == 1
    assert "Targets for 2025" in seen.page.inner_text("h1")


def test_tiles_are_asked_of_their_owner_and_nobody_else(visit):
    seen = visit("gaode")
    seen.page.wait_for_timeout(300)
    assert seen.left_the_page
    assert all(".is.autonavi.com/" in url for url in seen.left_the_page)
    assert "GCJ-02" in seen.page.inner_text("#about")


def test_on_gaode_an_address_and_a_popup_are_in_wgs84(visit):
    seen = visit("gaode", view=at_site(3))  # the address of the place, in WGS-84
    point = small_plan().sites.geometry.to_crs("EPSG:4326").iloc[3]
    assert f"经纬度（WGS-84）\n{point.x:.5f}, {point.y:.5f}" in click_middle(seen)


def test_tiles_that_do_not_come_are_said_and_replaced(visit):
    seen = visit("gaode")
    seen.page.wait_for_selector(".notice")
    assert "底图未能加载" in seen.page.inner_text(".notice")
    assert seen.page.get_by_label("主要道路").is_checked()


def test_over_tiles_our_roads_are_off_at_first():
    shown = make_map(small_plan(), basemap="gaode")
    plain = make_map(small_plan())
    assert shown.count(".addTo(map_") < plain.count(".addTo(map_")


def rest(seen):
    """Wait until the map stands still, and return its middle: a popup makes it glide."""
    middle = None
    for _ in range(40):
        before, middle = middle, seen.page.evaluate(f"{LEAFLET}.getCenter()")
        if middle == before:
            return middle
        seen.page.wait_for_timeout(150)
    raise AssertionError("the map does not come to rest")


def popup(seen):
    seen.page.wait_for_selector(".leaflet-popup .facts")
    # the one before it may still be fading away
    text = seen.page.locator(".leaflet-popup .facts").last.inner_text()
    return text.replace("\N{NO-BREAK SPACE}", " ")


def find(seen, text, *keys):
    seen.page.fill("#find", text)
    for key in keys:
        seen.page.keyboard.press(key)


def test_a_view_shows_the_sites_of_a_handout_in_its_numbers_and_totals(visit):
    plan, seen = small_plan(), visit("small")
    body = next(body for body in all_bodies(plan) if body.key == "planning")
    sheet = make_sheet(plan, body, language="zh")
    assert 0 < len(sheet.sites) < len(plan.sites)
    seen.page.select_option("#views", label=body.name_zh)
    assert seen.page.evaluate(COUNT_CIRCLES) == len(sheet.sites)
    told = seen.page.inner_text("#view")
    for text in (body.name_zh, body.question_zh, f"充电站\t{len(sheet.sites)}\t6",
                 f"公共充电桩\t{sheet.sites['chargers'].sum()}\t90", "由本工具建议"):  # fmt: skip
        assert text in told, text
    last = sheet.sites.iloc[-1]
    find(seen, last["site_id"], "Enter")
    assert f"手册编号\n{len(sheet.sites)}\n" in popup(seen)
    legend = seen.page.locator("[data-kind] b").all_inner_texts()
    assert sum(map(int, legend)) == len(sheet.sites)
    seen.page.select_option("#views", "0")
    assert seen.page.evaluate(COUNT_CIRCLES) == 6
    assert not seen.page.is_visible("#view")
    assert seen.said == []


def test_a_township_without_stations_has_a_view_that_says_so(visit):
    seen = visit("hard", size=(390, 800))
    seen.page.locator("#views").select_option(label="未划入")
    assert seen.page.evaluate(COUNT_CIRCLES) == 1
    seen.page.locator("#views").select_option(label=LONG)
    assert seen.page.evaluate(COUNT_CIRCLES) == 0
    seen.page.click("#toggle")
    assert "充电站\t0\t6" in seen.page.inner_text("#view")
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= 390
    assert seen.said == []


def test_search_by_keyboard_goes_to_a_site_whatever_hides_it(visit):
    seen = visit("small")
    seen.page.locator("[data-kind]", has_text="居民小区").click()
    seen.page.select_option("#views", label="区交通局")
    find(seen, "WAY/100")
    assert seen.page.get_attribute("#find", "aria-expanded") == "true"
    seen.page.keyboard.press("ArrowDown")
    assert seen.page.get_attribute("#find", "aria-activedescendant") == "hit-0"
    seen.page.keyboard.press("Enter")
    assert "样例0·小区" in popup(seen)
    assert "已定位" in seen.page.inner_text("#said")
    assert seen.page.input_value("#views") == "0"
    find(seen, "样例9", "Enter")  # a candidate, its layer off
    assert "方案选用\n否" in popup(seen)
    find(seen, "way/111", "Enter")  # stopped by a rule
    assert "审查\n不可建\n依据\n缺失" in popup(seen)
    find(seen, "木耳", "Enter")  # a township
    assert "72,000 人" in popup(seen)
    find(seen, "样例5·小区", "ArrowDown", "ArrowDown", "Enter")  # the swap station there
    assert "换电站 ·" in popup(seen)
    find(seen, "no such place", "Enter")
    assert seen.page.inner_text("#hits") == "没有找到"
    seen.page.keyboard.press("Escape")
    assert not seen.page.is_visible("#hits")
    assert seen.said == []


def test_search_says_how_many_more_there_are(visit):
    seen = visit("district")
    find(seen, "小区停车场")
    assert seen.page.locator("#hits [role=option]").count() == 12
    assert re.fullmatch(r"另有 4,\d{3} 条，请多输几个字", seen.page.inner_text("#hits .more"))


def test_hard_names_are_read_in_selector_hits_and_popups_and_two_on_one_point(visit):
    seen = visit("hard", size=(390, 800))
    assert "<script>alert(1)</script>\"'" in seen.page.inner_text("#views")
    find(seen, "onerror")
    assert "</script><img src=x onerror=alert(1)>" in seen.page.inner_text("#hits")
    seen.page.keyboard.press("Enter")
    assert "</script><img src=x onerror=alert(1)>" in popup(seen)
    find(seen, LONG[:9], "ArrowDown", "Enter")
    assert LONG in popup(seen)
    find(seen, "way/111", "Enter")
    assert "距<b>变配电间</b>不足 3 米" in popup(seen)
    find(seen, "=1+1 第二行", "Enter")
    assert "垚䶮砀 🚗" in popup(seen)
    rest(seen)
    seen.page.locator(".there", has_text="垚䶮砀").click()
    rest(seen)
    assert popup(seen).startswith("垚䶮砀 🚗")
    assert seen.said == []
    assert seen.left_the_page == []


def test_coverage_before_and_after_by_keyboard(visit):
    seen = visit("small")
    seen.page.locator("[name=coverage][value='']").focus()
    counts = []
    for _ in range(4):
        seen.page.keyboard.press("ArrowDown")
        counts.append(seen.page.evaluate(COUNT_CIRCLES))
    # two places of demand, and: stations that stand, all stations, no stations under swap
    assert counts == [2 + 2, 2 + 6, 2, 2]
    assert seen.page.locator(".leaflet-marker-icon.swap").count() == 2
    assert seen.page.is_visible("#spots")
    find(seen, "way/102", "Enter")  # a new station, hidden by the coverage
    assert "way/102" in popup(seen)
    assert seen.page.is_checked("[name=coverage][value='']")
    assert seen.said == []


SHOWN = f"""() => {{
  const found = [];
  {LEAFLET}.eachLayer((layer) => {{
    if (layer instanceof L.CircleMarker) {{
      const {{ fillColor, color }} = layer.options;
      found.push([layer.row, layer.table.new[layer.row] ? fillColor : color, layer.getRadius()]);
    }}
  }});
  return found.sort((one, other) => one[0] - other[0]);
}}"""


def test_each_year_by_keyboard_in_its_colours_and_sizes(visit):
    seen = visit("phased")
    before = seen.page.evaluate(SHOWN)
    seen.page.locator("[name=phase][value='']").focus()
    seen.page.keyboard.press("ArrowDown")
    first = seen.page.evaluate(SHOWN)
    assert [row for row, *_ in first] == [0, 1, 2, 3]
    assert [colour for _, colour, _ in first] == ["#5a5d66"] * 2 + ["#440154"] * 2
    assert first[2][2] < before[2][2], "its size is that of its chargers of the year"
    assert seen.page.locator(".leaflet-marker-icon.swap").count() == 1
    assert seen.page.inner_text(".notice.year") == "2024 年末"
    seen.page.keyboard.press("ArrowDown")
    assert [colour for _, colour, _ in seen.page.evaluate(SHOWN)][4:] == ["#5ec962"] * 2
    assert seen.page.locator(".leaflet-marker-icon.swap").count() == 2
    assert any("#5ec962" in one.inner_html() for one in seen.page.locator(".swap").all())
    seen.page.keyboard.press("ArrowDown")  # round to the whole plan again
    assert seen.page.evaluate(SHOWN) == before
    assert seen.page.locator(".notice.year").count() == 0
    assert not any("#5ec962" in one.inner_html() for one in seen.page.locator(".swap").all())
    assert seen.said == []


def test_a_year_is_pressed_away_and_what_is_searched_for_comes_back(visit):
    seen = visit("phased")
    entry = seen.page.locator("[data-opens]", has_text="2025 年新增")
    assert entry.inner_text().split() == ["2025", "年新增", "2"]
    entry.focus()
    seen.page.keyboard.press("Enter")
    assert entry.get_attribute("aria-pressed") == "false"
    assert seen.page.evaluate(COUNT_CIRCLES) == 4
    seen.page.check("[name=phase][value='0']")
    find(seen, "way/104", "Enter")  # opens in 2025
    text = popup(seen)
    assert "way/104" in text
    assert "各年末桩数\n2024: 0 · 2025: 20" in text
    assert "新增（2025 年）" in text
    assert entry.get_attribute("aria-pressed") == "true"
    assert seen.page.is_checked("[name=phase][value='']")
    assert seen.page.evaluate(COUNT_CIRCLES) == 6
    assert seen.said == []


def test_years_and_a_view_and_coverage_go_together(visit):
    seen = visit("phased_en")
    seen.page.check("[name=phase][value='0']")
    seen.page.check("[name=coverage][value=near_now]")
    assert seen.page.evaluate(COUNT_CIRCLES) == 2 + 2
    seen.page.check("[name=coverage][value='']")
    seen.page.select_option("#views", label="Mu'er Town")
    assert [row for row, *_ in seen.page.evaluate(SHOWN)] == [2]
    told = "By the end of 2024: charging stations 1, chargers 6, swap stations 0"
    assert told in seen.page.inner_text("#view")
    seen.page.emulate_media(media="print")
    # The page changes for print when it is told so, a moment later.
    seen.page.wait_for_selector("#legend .kinds", state="hidden")
    assert seen.page.is_visible("#phases .kinds")
    assert seen.page.is_visible(".notice.year")
    parts = seen.boxes("#mark, .folium-map, #legend, #phases, footer, #view")
    for one, other in itertools.combinations(parts, 2):
        assert not overlap(one, other), (one[4], other[4])
    assert max(box[3] for box in parts) <= 194 / 25.4 * 96
    assert seen.said == []


def test_on_a_phone_the_years_are_large_enough_to_press(visit):
    seen = visit("phased_en", size=(390, 844))
    seen.page.click("#toggle")
    for selector in ("[data-opens]", "#phases .choice"):
        for left, top, right, bottom, text in seen.boxes(selector):
            assert bottom - top >= 30, text
            assert 0 <= left < right <= 390, text


def test_a_printed_page_is_clean_and_whole(visit):
    seen = visit("small")
    seen.page.select_option("#views", label="双龙湖街道")
    find(seen, "way/100", "Enter")
    pdf = seen.page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type /Page\b", pdf)) == 1
    before = rest(seen)
    seen.page.emulate_media(media="print")
    hidden = (".tools", "#toggle", ".leaflet-bar", ".leaflet-control-layers", ".leaflet-popup",
              "#chain")  # fmt: skip
    for selector in hidden:
        assert not any(box.is_visible() for box in seen.page.locator(selector).all()), selector
    for selector in ("#mark", "#legend", "h1", "footer", "#view", ".leaflet-control-scale"):
        assert seen.page.locator(selector).is_visible(), selector
    parts = seen.boxes("#mark, .folium-map, #legend, footer, #view")
    for one, other in itertools.combinations(parts, 2):
        assert not overlap(one, other), (one[4], other[4])
    assert max(box[2] for box in parts) <= 281 / 25.4 * 96
    assert max(box[3] for box in parts) <= 194 / 25.4 * 96
    seen.page.emulate_media(media="screen")
    assert rest(seen) == before
    assert seen.page.is_visible(".leaflet-bar")
    seen.page.evaluate("() => { window.print = () => { document.title = 'printed'; }; }")
    seen.page.get_by_label("打印").focus()
    seen.page.keyboard.press("Enter")
    assert seen.page.title() == "printed"
    assert (seen.said, seen.failed, seen.left_the_page) == ([], [], [])


def test_on_a_phone_selector_and_search_stand_ready(visit):
    seen = visit("small", size=(390, 800))
    for selector in ("#views", "#find"):
        box = seen.page.locator(selector).bounding_box()
        assert box["width"] >= 150
        assert box["height"] >= 40
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
    find(seen, "样例")
    left, _, right, _, _ = seen.boxes("#hits")[0]
    assert left >= 0
    assert right <= 390
    seen.page.locator("#hits [role=option]").first.click()
    seen.page.wait_for_timeout(500)  # the map glides until the popup has room
    layers = seen.boxes(".leaflet-control-layers")[0]
    assert not overlap(seen.boxes(".leaflet-popup-close-button")[0], layers)


def test_the_panel_has_no_scrollbar_across(visit):
    for name, size in (("crowded", (1280, 900)), ("hard", (390, 800)), ("phased_en", (1280, 900)),
                       ("phased_en", (390, 800))):  # fmt: skip
        seen = visit(name, size=size)
        if size[0] < 760:
            seen.page.click("#toggle")
        seen.page.eval_on_selector_all("details", "(all) => all.forEach((one) => one.open = true)")
        wide = seen.page.evaluate(
            "() => { const b = document.getElementById('about');"
            " return b.scrollWidth - b.clientWidth; }"
        )
        assert wide <= 0, name


def test_the_name_of_a_township_makes_way_for_a_station(visit):
    seen = visit("crowded")
    named = {box[4]: box for box in seen.boxes(".name.zone")}
    assert "Shuanglonghu" in named
    circles = seen.page.evaluate(CIRCLES)
    assert len(circles) == 6
    assert not any(overlap(named["Shuanglonghu"], circle) for circle in circles)


def test_every_text_of_the_page_comes_from_the_words(browser, tmp_path, monkeypatch):
    real = words_room.all_words()
    marked = {
        key: {language: f"\u2039{text}\u203a" for language, text in texts.items()}
        for key, texts in real.items()
    }
    monkeypatch.setattr(words_room, "all_words", cache(lambda: marked))
    plan = phased_plan(language="en")
    (tmp_path / "map.html").write_text(make_map(plan), encoding="utf-8")
    seen = Visit(browser, tmp_path / "map.html")
    for text in ("way/102", "way/110", "way/111", "Mu'er"):
        find(seen, text, "Enter")
        popup(seen)
    seen.page.select_option("#views", "9")
    seen.page.check("[name=phase][value='1']")
    find(seen, "样例")
    bodies = all_bodies(plan)
    own = {plan.title_en, plan.run, "way", "Leaflet", "EPSG", "kW", "kVA"}
    own |= {body.name_en for body in bodies} | {body.question_en for body in bodies}
    own |= set(plan.zones["name"]) | set(plan.zones["name_en"].dropna())
    own |= set(plan.candidates["name"].dropna()) | set(plan.candidates["owner"].dropna())
    own |= {source.origin for source in plan.sources} | {s.licence for s in plan.sources}
    own |= {"Mu'er", "碧津湖", "G65", "M", "m", HOSTILE[:35] + "…"}
    own |= set(plan.zones["managed_by"].dropna())
    strange = []
    for text in seen.page.evaluate(VISIBLE_TEXTS):
        left = re.sub(r"\bS\d+\b", " ", text)  # numbers of swap stations
        while left != (left := re.sub(r"\u2039[^\u2039\u203a]*\u203a", " ", left)):
            pass
        for known in sorted(own, key=len, reverse=True):
            left = left.replace(" ".join(known.split()), " ").replace(known, " ")
        if re.search(r"[^\W\d_]", left):
            strange.append(text)
    seen.page.close()
    assert strange == []
