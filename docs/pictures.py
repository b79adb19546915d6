"""Take the pictures of a run: its map, network off, and first pages of its handouts.

    python docs/pictures.py maps/yubei-2025
    python docs/pictures.py maps/yubei-phases    # of a plan in phases: the map at the end of a year

Needs playwright (in the dev group) and a Chromium on the path.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from PIL import Image
from playwright.sync_api import sync_playwright

from siting.outputs.map import make_map
from siting.outputs.paper import Order, all_bodies, find_body, write_handouts
from siting.plan.folder import load_plan

if TYPE_CHECKING:
    from siting.plan.plan import Plan

PICTURES = Path(__file__).parent / "pictures"
# picture: language, place, whose view, what is chosen in the panel
VIEWS = {
    "map-district.png": ("zh", "", "", ""),
    "map-street.png": ("zh", "#15/29.6020/106.5350", "", ""),
    "map-district-en.png": ("en", "", "", ""),
    "map-view.png": ("zh", "", "区交通局", ""),
    "map-coverage.png": ("en", "", "", "[name=coverage][value=near_plan]"),
}
PHASES = {"map-phases.png": ("zh", "", "", "[name=phase][value='1']")}
# picture: whose sheet, in both languages; a dense township and a rural one among them
HANDOUTS = {
    "handout-overview": "overview",
    "handout-transport": "transport",
    "handout-grid": "grid",
    "handout-housing": "housing",
    "handout-dense": "龙山街道",
    "handout-town": "石船镇",
}
ENDS = {"zh": ".png", "en": "-en.png"}
COLOURS = 255  # and by the octree, which keeps colours of small areas as well
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND"]


def main(run: Path) -> None:
    """Write the pictures of a run folder beside this script."""
    PICTURES.mkdir(exist_ok=True)
    plan = load_plan(run)
    with TemporaryDirectory() as name:
        maps = {}
        for language in ("zh", "en"):
            maps[language] = Path(name, f"{language}.html")
            page = make_map(plan, basemap="none", key=None, language=language)
            maps[language].write_text(page, encoding="utf-8", newline="\n")
        photograph(maps, PHASES if plan.phases else VIEWS)
        if not plan.phases:
            copy_handouts(plan, Path(name))


def photograph(maps: dict[str, Path], views: dict[str, tuple[str, str, str, str]]) -> None:
    """Photograph the maps, by language, at some views."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program, args=ARGUMENTS)
        for name, (language, view, body, choice) in views.items():
            page = browser.new_page(viewport={"width": 1600, "height": 1000})
            page.goto(maps[language].resolve().as_uri() + view)
            page.wait_for_selector("html[data-drawn-ms]")
            if body:
                page.select_option("#views", label=body)
            if choice:
                page.check(choice)
            page.wait_for_timeout(500)
            page.screenshot(path=PICTURES / name)
            page.close()
        browser.close()


def copy_handouts(plan: Plan, folder: Path) -> None:
    """Draw the sheets of ``HANDOUTS`` and keep the pictures of their first pages, small."""
    bodies = all_bodies(plan)
    date = plan.timings.date[:10]
    wanted = [(name + ENDS[language], language, who)
              for name, who in HANDOUTS.items() for language in ENDS]  # fmt: skip
    for name, language, who in wanted:
        part = folder / name
        part.mkdir()
        order = Order(language, "A4", date)
        written = write_handouts(plan, [find_body(bodies, who)], part, order)
        [picture] = [path for path in written if path.suffix == ".png"]
        few = Image.open(picture).convert("RGB").quantize(COLOURS, Image.Quantize.FASTOCTREE)
        few.save(PICTURES / name, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
