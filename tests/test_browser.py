"""The web map in a real browser with the network off: what a planner sees, and that nothing leaks.

Skipped, saying so, where no Chromium is found; in CI (``CI=true``) that is a failure instead.
"""

from __future__ import annotations

import itertools
import os
import shutil
from typing import TYPE_CHECKING

import pytest
from plans import HOSTILE, district_plan, small_plan

from siting.outputs.webmap import make_map

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


@pytest.mark.parametrize("name", ["small", "english", "plain", "district"])
def test_the_map_opens_without_a_request_or_a_word_of_complaint(visit, name):
    seen = visit(name)
    seen.page.wait_for_timeout(300)
    assert seen.said == []
    assert seen.failed == []
    assert seen.left_the_page == []
    assert len([url for url in seen.asked if url.startswith("file:")]) == 1


def test_a_map_of_true_size_is_drawn_in_two_seconds(visit):
    took = [int(visit("district").page.get_attribute("html", "data-drawn-ms")) for _ in range(3)]
    assert min(took) < 2000, took


def test_what_is_drawn_and_what_is_off_at_first(visit):
    seen = visit("district")
    assert seen.page.evaluate(COUNT_CIRCLES) == 550
    assert seen.page.locator(".leaflet-marker-icon.swap").count() == 25
    box = seen.page.get_by_label("候选站址")
    assert not box.is_checked()
    box.check()
    assert seen.page.evaluate(COUNT_CIRCLES) == 5050
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
    assert seen.page.evaluate(COUNT_CIRCLES) == 5 + 10, "candidates follow the same filter"
    entry.click()
    assert seen.page.evaluate(COUNT_CIRCLES) == 6 + 12
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
    for fact in ("（无名称）", "加油（气）站", "新增", "720 kW", "停车位\n缺失", "须会签",
                 "加油站须会签", "区经济信息委", "way/103"):  # fmt: skip
        assert fact in text, fact


def test_a_hostile_name_is_read_not_run(visit):
    seen = visit("small", view=at_site(1))
    assert HOSTILE in click_middle(seen)
    seen.page.locator("summary").first.click()
    assert HOSTILE in seen.page.inner_text("#about")
    assert seen.said == []
    assert seen.left_the_page == []


def test_a_zone_tells_its_people_where_no_station_stands(visit):
    point = small_plan().zones.geometry.iloc[[2]].centroid.to_crs("EPSG:4326").iloc[0]
    text = click_middle(visit("small", view=f"#16/{point.y + 0.004:.6f}/{point.x:.6f}"))
    for fact in ("木耳镇", "72,000 人", "取整"):
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
    wanted = {"toggle", "放大", "缩小", "回到全图", "候选站址", "新增充电站", "说明", "数据来源"}
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


def test_tiles_that_do_not_come_are_said_and_replaced(visit):
    seen = visit("gaode")
    seen.page.wait_for_selector(".notice")
    assert "底图未能加载" in seen.page.inner_text(".notice")
    assert seen.page.get_by_label("主要道路").is_checked()


def test_over_tiles_our_roads_are_off_at_first():
    shown = make_map(small_plan(), basemap="gaode")
    plain = make_map(small_plan())
    assert shown.count(".addTo(map_") < plain.count(".addTo(map_")
