"""The policy of our pages: the hash of each script and style sheet, and no style beside them."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest
from plans import HOSTILE, phased_plan, small_plan

from siting.comparison import contrast
from siting.outputs.map import make_map
from siting.outputs.map.difference_map import make_contrast_map
from siting.outputs.pages import MARK, guarded, make_contrast_page
from siting.outputs.paper import all_bodies
from siting.outputs.paper.handout_pack import make_sheet_page
from siting.outputs.paper.sheet import make_sheet


def policy(page):
    (found,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', page)
    return {part.split()[0]: part.split()[1:] for part in found.split("; ")}


NAMES = ("map", "map with phases", "tiles", "handout", "comparison", "map of a comparison")


@pytest.fixture(scope="module")
def pages():
    return dict(made_pages())


def made_pages():
    plan = small_plan()
    sheet = make_sheet(plan, all_bodies(plan)[0], language="zh")
    yield "map", make_map(plan)
    yield "map with phases", make_map(phased_plan())
    yield "tiles", make_map(plan, basemap="osm")
    yield "handout", make_sheet_page(plan, sheet, language="zh", date="", picture=b"png")
    yield "comparison", make_contrast_page(contrast([plan, plan]), language="en")
    yield "map of a comparison", make_contrast_map(contrast([plan, plan]), language="en")


@pytest.mark.parametrize("name", NAMES)
def test_only_what_we_wrote_may_run_or_draw(pages, name):
    page = pages[name]
    rules = policy(page)
    assert rules["default-src"] == ["'none'"]
    assert "unsafe" not in str(rules)
    for kind in ("script", "style"):
        blocks = re.findall(rf"<{kind}[^>]*>(.*?)</{kind}>", page, re.DOTALL)
        wanted = {
            f"'sha256-{base64.b64encode(hashlib.sha256(one.encode()).digest()).decode()}'"
            for one in blocks
        }
        assert set(rules.get(f"{kind}-src", ())) == wanted
    assert page.index("Content-Security-Policy") < page.index("<style")
    outside = re.sub(r"<(script|style)[^>]*>.*?</\1>", "", page, flags=re.DOTALL)
    assert not re.findall(r'<[^<>]*\s(style|on\w+)="', outside)
    assert rules["img-src"][0] == "data:"
    assert (len(rules["img-src"]) > 1) is (name == "tiles")


def test_a_style_of_an_element_goes_to_the_sheet_and_texts_stay():
    page = f'<html><head>{MARK}</head><body><i class="a" style="color:#123456"></i>'
    page += "<p>5 &lt; 6 style=&#34;x&#34;</p><script>a = ' style=\"y\"'</script></body></html>"
    made = guarded(page)
    assert '<i class="a" data-style="1">' in made
    assert '[data-style="1"]{color:#123456}' in made
    assert "a = ' style=\"y\"'" in made
    assert "style=&#34;x&#34;" in made


def test_a_hostile_name_adds_nothing_to_the_policy():
    plan = small_plan()
    plan.sites.loc[plan.sites.index[0], "name"] = HOSTILE
    assert len(policy(make_map(plan))["script-src"]) == len(
        policy(make_map(small_plan()))["script-src"]
    )
