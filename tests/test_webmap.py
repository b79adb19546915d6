"""The web map as a file: self-contained, small, the same twice, honest, and safe with any name."""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
import re
from functools import cache
from importlib import resources

import numpy as np
import pytest
import shapely
from plans import HOSTILE, LONG, district_plan, hard_plan, phased_plan, small_plan

from siting import geo
from siting.errors import ScenarioError
from siting.notes import Note
from siting.optimize.problem.solution import Status
from siting.outputs import palette
from siting.outputs.map import make_map, shapes
from siting.outputs.map.map_data import charging_reach, near_people, swap_reach
from siting.outputs.pages import find_basemap
from siting.outputs.paper import all_bodies
from siting.outputs.paper.sheet import make_sheet
from siting.outputs.text.plan_lines import date_text
from siting.outputs.words import speaker, words

MARK = "合成样例数据，不可用于决策 / synthetic sample, not for decisions"
DATA = re.compile(r"var siting = sitingAtlas\(\w+, (\{.*\})\);\n")


def data_of(page):
    return json.loads(DATA.search(page).group(1))


def metres_between(here, there):
    return [
        geo.distance_m(*one, *other)
        for one, other in zip(
            zip(here["lon"], here["lat"], strict=True),
            zip(there["lon"], there["lat"], strict=True),
            strict=True,
        )
    ]


@cache
def district():
    return district_plan()


@cache
def district_page(language="zh"):
    return make_map(district(), language=language)


@pytest.fixture(scope="module")
def page():
    return make_map(small_plan())


def test_everything_of_the_plan_is_on_the_map(page):
    data = data_of(page)
    assert len(data["stations"]["lat"]) == 6
    assert len(data["swaps"]["lat"]) == 2
    assert len(data["candidates"]["lat"]) == 11
    assert data["stopped"]["site_id"] == ["way/111"]
    assert len(data["coverage"]["lat"]) == 2
    assert len(data["zones"]["shape"]) == 4
    assert [road["class"] for road in data["roads"]] == ["primary", "motorway"]
    assert [part["kind"] for part in data["landscape"]] == ["water"]
    assert {label["text"] for label in data["labels"]} >= {"双龙湖街道", "木耳镇", "G65", "碧津湖"}
    assert data["stations"]["new"] == [0, 0, 1, 1, 1, 1]
    assert data["stations"]["chargers"] == [15, 15, 8, 12, 20, 20]


def test_points_lie_where_the_plan_has_them_within_two_metres(page):
    plan, table = small_plan(), data_of(page)["stations"]
    at = shapely.get_coordinates(plan.sites.geometry.to_crs("EPSG:4326").to_numpy())
    true = {"lon": at[:, 0].tolist(), "lat": at[:, 1].tolist()}
    assert max(metres_between(table, true)) < 2


def test_missing_is_null_and_never_zero(page):
    data = data_of(page)
    assert data["stations"]["spaces"] == [50, 51, 52, None, 54, 55]
    assert data["stations"]["utilisation"][2] is None
    assert data["stations"]["name"][3] is None
    assert data["zones"]["population"] == [112000, None, 72000, None]


def test_a_station_says_its_classes_its_price_and_its_wait(page):
    data = data_of(page)
    stations, texts = data["stations"], data["lookups"]["classes"]
    assert texts[stations["classes"][0]] == "5 慢充 · 10 快充"
    assert stations["cost_range"][:3] == ["既有站，无新增费用"] * 2 + ["26.0 万元（13.0–52.0）"]
    assert stations["wait_min"] == [1.5, 1.5, None, 1.5, 1.5, 1.5]
    assert stations["wait_over_promise_share"][2] == 100
    assert data["swaps"]["cost_range"] == ["200.0 万元（150.0–300.0）", "既有站，无新增费用"]
    assert "按类型 28 慢充 · 62 快充" in page
    turned = dict(reversed(small_plan().charger_classes.items()))  # as read back from plan.json
    again = make_map(dataclasses.replace(small_plan(), charger_classes=turned))
    assert again == page
    assert "substation" not in page  # nothing about the grid is for the public


def test_totals_targets_status_and_sources_are_told(page):
    for text in ("小样例 &lt;选址&gt; 方案", "规划目标年 2025", "已证明与最优方案相差不超过 0.49%",
                 "目标值 0.9300", "上界 0.9346", "需求得到服务", "93.2%", "1,234 m", "得分最高",
                 "随机合规", "90.2%", "1,634 m",
                 "数据截至 2023年12月31日", "sample/yubei-sample.osm.pbf", "内部工作用图",
                 "坐标：WGS-84", "既有 2 · 新增 4"):  # fmt: skip
        assert text in page, text


def test_a_missed_target_and_an_unproven_gap_are_not_dressed_up():
    plan = small_plan(language="en")
    loose = dataclasses.replace(plan.outcome, status=Status.FEASIBLE, gap_share=0.061)
    page = make_map(
        dataclasses.replace(plan, outcome=loose, targets={**plan.targets, "chargers": 95})
    )
    assert "up to 6.10% below the best possible, more than asked for" in page
    assert 'class="missed"' in page
    open_end = dataclasses.replace(plan.outcome, bound=math.inf, gap_share=math.nan)
    page = make_map(dataclasses.replace(plan, outcome=open_end))
    assert "the distance to the best plan is not proven" in page
    assert "upper bound" not in page


def test_an_unlisted_baseline_is_called_unknown_and_not_zero():
    plan = small_plan(language="en")
    assert "2 existing · 4 new" in make_map(plan)
    page = make_map(dataclasses.replace(plan, notes=(Note("no_baseline", {"from_map": 2}),)))
    assert "existing unknown (2 on the map) · 4 new" in page
    panel = page[page.index("<aside") : page.index("</aside>")]
    assert "2 existing" not in panel
    assert "may be less than there is" in panel, "coverage now rests on a list that is missing"


def test_the_sample_mark_stands_on_maps_of_samples_only():
    for language in ("zh", "en"):
        assert MARK in make_map(small_plan(), language=language)
    assert MARK not in make_map(small_plan(synthetic=False))


def test_the_page_speaks_the_language_asked_for():
    chinese, english = make_map(small_plan()), make_map(small_plan(), language="en")
    assert '<html lang="zh-CN">' in chinese
    assert '<html lang="en">' in english
    assert "<title>Small &lt;siting&gt; plan</title>" in english
    for key in ("layer.new", "layer.candidates", "map.legend", "kind.parking", "legend.existing"):
        assert words(key, "zh") in chinese or json.dumps(words(key, "zh")) in chinese
        assert words(key, "en") in english
    assert "Mu\\u0027er" in english or "Mu'er" in english
    assert data_of(english)["lookups"]["owner"] == ["Economy and Informatization Commission"]


def test_candidates_are_off_at_first_and_the_rest_is_on(page):
    names = dict(re.findall(r'var (atlas_layer_\d+) = siting\.layer\("(\w+)"\)', page))
    shown = {names[name] for name in re.findall(r"(atlas_layer_\d+)\.addTo\(", page)}
    assert set(names.values()) - shown == {"candidates", "stopped"}


def test_two_pages_of_one_plan_are_the_same_bytes(page):
    assert make_map(small_plan()) == page


def test_nothing_is_loaded_from_anywhere(page):
    assert "default-src 'none'" in page
    assert "img-src data:;" in page
    assert not re.search(r'<(script|link|img|iframe)[^>]+(src|href)="(?!data:)', page)
    assert "@import" not in page
    urls = re.findall(r"url\([\"']?([^)]+)\)", page)
    assert all(url.startswith(("data:", "#default#VML")) for url in urls)


def test_a_hostile_name_is_text_and_nothing_else(page):
    assert page.count("<script>") == page.count("</script>")
    assert "<script>alert" not in page
    assert "49" not in data_of(page)["stations"]["name"][1]
    assert data_of(page)["stations"]["name"][1] == HOSTILE
    assert data_of(page)["lookups"]["zone"][1] == HOSTILE
    assert "&lt;script&gt;alert(1)" in page, "the note names the zone, escaped"


def test_a_map_of_true_size_is_under_three_megabytes():
    page = district_page()
    data = data_of(page)
    sites = len(data["candidates"]["lat"]) + len(data["stopped"]["lat"])
    assert (len(data["stations"]["lat"]), sites) == (550, 4500)
    assert len(data["zones"]["shape"]) == 30
    assert len(page.encode("utf-8")) < 3e6


def test_kinds_of_an_own_table_get_a_colour_and_their_name():
    plan = small_plan()
    page = make_map(
        dataclasses.replace(
            plan,
            sites=plan.sites.assign(kind="boat_dock"),
            candidates=plan.candidates.assign(kind="boat_dock"),
            swap_sites=plan.swap_sites.assign(kind="boat_dock"),
        )
    )
    assert data_of(page)["lookups"]["kind"] == ["boat_dock"]
    assert palette.OTHER_KIND in page


def test_every_pair_of_kind_colours_differs():
    colours = [*palette.KIND_COLOURS.values(), palette.OTHER_KIND]
    rgb = np.array([[int(one[i : i + 2], 16) for i in (1, 3, 5)] for one in colours])
    distances = np.linalg.norm(rgb[:, None] - rgb[None, :], axis=2) + 999 * np.eye(len(rgb))
    assert distances.min() > 35


# Machado, Oliveira and Fernandes (2009), severity 1: what is left of linear RGB
WITHOUT = {
    "red": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "green": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "blue": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}
TO_XYZ = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]


def lab(colour, left):
    """Return CIE L*a*b* of a colour as eyes without one kind of cone see it."""
    rgb = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    linear = np.where(rgb > 0.04045, ((rgb + 0.055) / 1.055) ** 2.4, rgb / 12.92)
    seen = np.clip(np.array(left) @ linear, 0, 1)
    x, y, z = np.cbrt(np.array(TO_XYZ) @ seen / [0.9505, 1.0, 1.089])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("missing", sorted(WITHOUT))
def test_coverage_is_told_apart_with_any_colour_vision(missing):
    seen = [lab(colour, WITHOUT[missing]) for colour in (*palette.COVERAGE, palette.LAND)]
    for one, other in itertools.combinations(seen, 2):
        assert np.linalg.norm(one - other) > 20


def test_on_gaode_the_drawn_copy_is_shifted_and_says_so(page):
    shifted = make_map(small_plan(), basemap="gaode")
    moved = metres_between(data_of(page)["stations"], data_of(shifted)["stations"])
    assert 475 < min(moved) <= max(moved) < 504
    assert data_of(shifted)["bounds"] != data_of(page)["bounds"]
    stations, plain = data_of(shifted)["stations"], data_of(page)["stations"]
    assert stations["true_lon"] == plain["lon"], "popups tell WGS-84 on any tiles"
    assert stations["true_lat"] == plain["lat"]
    assert data_of(page)["shift"] == [0, 0]
    assert "true_lon" not in plain
    assert words("map.datum_gcj02", "zh") in shifted
    assert "img-src data: https://*.is.autonavi.com;" in shifted
    assert "webrd0{s}.is.autonavi.com" in shifted
    assert data_of(shifted)["style"]["land"] is None, "our own ground would hide the tiles"


def test_on_other_tiles_the_map_stays_in_wgs84(page):
    for basemap, key in (("osm", None), ("tianditu", "0123456789abcdef")):
        drawn = make_map(small_plan(), basemap=basemap, key=key)
        assert data_of(drawn)["stations"] == data_of(page)["stations"]
        assert words("map.datum_wgs84", "zh") in drawn
    assert "tk=0123456789abcdef" in drawn
    assert "天地图" in drawn


@pytest.mark.parametrize(
    ("basemap", "key", "cure"),
    [
        ("tianditu", None, "SITING_TIANDITU_KEY"),
        ("tianditu", "  ", "SITING_TIANDITU_KEY"),
        ("tianditu", 'x"><script>', "console.tianditu.gov.cn"),
        ("baidu", None, "gaode"),
    ],
)
def test_tiles_that_cannot_be_are_refused_with_the_cure(basemap, key, cure):
    with pytest.raises(ScenarioError) as caught:
        find_basemap(basemap, key=key)
    assert cure in caught.value.cure
    assert find_basemap("none") is None


def test_osm_is_named_where_the_data_is_from_there():
    plan = small_plan()
    osm = dataclasses.replace(plan.sources[0], licence="ODbL 1.0, © OpenStreetMap contributors")
    named = data_of(make_map(dataclasses.replace(plan, sources=(osm,))))["attribution"]
    assert "© OpenStreetMap contributors" in named
    assert "OpenStreetMap" not in data_of(make_map(plan))["attribution"]


def test_neighbours_still_share_an_edge_after_thinning():
    zones = district_plan().zones
    thin = shapes.thin_zones(zones)
    assert shapely.union_all(thin).area == pytest.approx(shapely.area(thin).sum(), rel=1e-9)
    outline = shapes.outline(thin)
    assert outline.geom_type == "MultiPolygon"
    assert outline.area == pytest.approx(zones.geometry.area.sum(), rel=1e-3)
    inner = shapes.borders(thin, outline)
    assert inner.length == pytest.approx(4 * 50_000 + 5 * 40_000, rel=0.01), "each edge once"


def test_an_empty_landscape_and_no_swap_stations_make_a_map_too():
    plan = small_plan()
    bare = dataclasses.replace(
        plan,
        landscape=plan.landscape.iloc[:0],
        roads=plan.roads.iloc[:0],
        swap_sites=plan.swap_sites.iloc[:0],
    )
    data = data_of(make_map(bare))
    assert data["landscape"] == []
    assert data["roads"] == []
    assert data["swaps"]["lat"] == []


@pytest.mark.parametrize("make", [small_plan, hard_plan, district])
def test_each_view_has_the_rows_numbers_and_totals_of_its_handout(make):
    plan = make()
    data = data_of(district_page() if make is district else make_map(plan))
    bodies = all_bodies(plan)
    assert len(data["views"]) == len(bodies)
    for view, body in zip(data["views"], bodies, strict=True):
        sheet = make_sheet(plan, body, language="zh")
        rows = [data["stations"]["site_id"][row] for row in view["sites"]]
        assert rows == sheet.sites["site_id"].tolist(), body.key
        swaps = [data["swaps"]["site_id"][row] for row in view["swaps"]]
        assert swaps == sheet.swap_sites["site_id"].tolist(), body.key
        chargers = sum(data["stations"]["chargers"][row] for row in view["sites"])
        assert [total[1] for total in view["totals"]] == [len(rows), chargers, len(swaps)]
        if body.zone_id is not None:
            assert plan.zones["zone_id"].iloc[view["zone"]] == body.zone_id


def test_the_townships_add_up_to_the_plan():
    views = [view for view in data_of(district_page())["views"] if view["zone"] is not None]
    seen = [row for view in views for row in view["sites"]]
    assert sorted(seen) == list(range(550))


def test_coverage_is_counted_by_the_straight_line():
    plan = small_plan()  # demand stands on the sites way/100 and way/101, both there already
    reach = charging_reach(plan)
    assert reach.states() == [0, 0]
    assert (reach.before_share, reach.after_share) == (1.0, 1.0)
    new = plan.sites.assign(is_new=True)
    assert charging_reach(dataclasses.replace(plan, sites=new)).states() == [1, 1]
    far = new.iloc[[2]]  # 1,800 m east of the first demand, 900 m east of the second
    reach = charging_reach(dataclasses.replace(plan, sites=far))
    assert reach.states() == [2, 1]
    assert reach.before_share == 0
    assert reach.after_share == pytest.approx(50.5 / 60.5)
    assert near_people(plan, reach, "Z1") == (0, 0)
    assert near_people(plan, reach, "Z2") is None, "nobody known to live there"


def test_swap_coverage_takes_the_service_radius_of_the_scenario():
    plan = small_plan()
    assert swap_reach(plan).within_m == 5000
    near = dataclasses.replace(plan, scenario={**plan.scenario, "travel": {"swap_cutoff_m": 950}})
    assert swap_reach(near).within_m == 950
    assert swap_reach(near).states() == [2, 0], (
        "one stands 900 m off the second, 1.3 km off the first"
    )


def test_coverage_of_no_demand_is_unknown_and_not_zero():
    plan = small_plan()
    bare = dataclasses.replace(plan, demand=plan.demand.iloc[:0])
    assert math.isnan(charging_reach(bare).after_share)
    assert "方案：– 的需求" in make_map(bare)


def test_zones_tell_what_is_served_and_who_is_near(page):
    zones = data_of(page)["zones"]
    assert zones["served_share"] == [100, 100, None, None]
    assert zones["near"] == ["现状 100%，方案 100%", None, None, None]


def test_regime_and_phase_are_told_where_the_plan_has_them(page):
    assert "pool_name" not in data_of(page)["stations"]
    plan = small_plan()
    years = [np.nan, np.nan, 2024, 2025, 2025, 2025]
    sites = plan.sites.assign(pool=list("BBACBB"), phase=years)
    data = data_of(make_map(dataclasses.replace(plan, sites=sites)))
    stations, lookups = data["stations"], data["lookups"]
    states = [lookups["state_year"][at] for at in stations["state_year"]]
    assert states[1:4] == ["既有", "新增（2024 年）", "新增（2025 年）"]
    assert lookups["pool_name"][stations["pool_name"][2]] == words("pool.A", "zh")


def test_without_phases_the_page_has_nothing_of_them(page):
    phased = make_map(phased_plan())
    marks = ("sitingPhases", 'id="phases"', "atlas.resized", '"phases":', ".phasing", '"opens":')
    for mark in marks:
        assert mark in phased, mark
        assert mark not in page, mark
    assert "//: phases" not in phased + page
    assert "phases" not in data_of(page)
    told = data_of(phased)
    assert told["phases"]["chargers"][0] == [15, 15, 6, 12, 0, 0]
    assert told["stations"]["opens"] == [-1, -1, 0, 0, 1, 1]
    assert told["swaps"]["opens"] == [1, -1]


def test_substations_stand_nowhere_on_the_map():
    for language in ("zh", "en"):
        data = data_of(district_page(language))
        for table in ("stations", "swaps", "candidates", "stopped", "zones", "coverage"):
            hidden = {"substation_id", "substation_m", "headroom_kw", "drawn_kw"}
            assert not hidden & set(data[table])


def test_hard_names_are_text_in_panel_selector_and_data():
    page = make_map(hard_plan())
    assert page.count("<script>") == page.count("</script>")
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page, "the selector has the township, escaped"
    data = data_of(page)
    assert data["stations"]["name"][1] == "</script><img src=x onerror=alert(1)>"
    assert data["zones"]["name"][2] == LONG
    assert LONG[:19] + "…" in {label["text"] for label in data["labels"]}
    assert len(data["zones"]["shape"][0]) == 2, "a zone of two parts"


def test_a_plan_without_stopped_sites_has_no_layer_for_them():
    plan = small_plan()
    page = make_map(dataclasses.replace(plan, candidates=plan.candidates.assign(verdict="ok")))
    assert "stopped" not in data_of(page)
    assert words("legend.stopped", "zh") not in page


@pytest.mark.parametrize(
    ("date", "chinese", "english"),
    [
        ("2023-12-31", "2023年12月31日", "31 December 2023"),
        ("2025-02", "2025年2月", "February 2025"),
        ("2023", "2023", "2023"),
        ("2023-13-01", "2023-13-01", "2023-13-01"),
    ],
)
def test_dates_stand_in_the_form_of_the_language(date, chinese, english):
    assert date_text(date, speaker("zh")) == chinese
    assert date_text(date, speaker("en")) == english


def test_the_scripts_hold_no_text_of_their_own():
    scripts = sorted((resources.files("siting.outputs") / "assets").glob("*.js"), key=str)
    for file in scripts:
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"[\u4e00-\u9fff]", text), file.name
