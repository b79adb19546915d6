"""Take the README's pictures of a run's map: at district and at street level, network off.

    python docs/pictures.py maps/yubei-2025

Needs playwright (in the dev group) and a Chromium on the path.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

PICTURES = Path(__file__).parent / "pictures"
VIEWS = {"map-district.png": "", "map-street.png": "#15/29.6020/106.5350"}
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND"]


def main(run: Path) -> None:
    """Write the pictures of ``run/map.html`` beside this script."""
    PICTURES.mkdir(exist_ok=True)
    program = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program, args=ARGUMENTS)
        for name, view in VIEWS.items():
            page = browser.new_page(viewport={"width": 1600, "height": 1000})
            page.goto((run / "map.html").resolve().as_uri() + view)
            page.wait_for_selector("html[data-drawn-ms]")
            page.wait_for_timeout(500)
            page.screenshot(path=PICTURES / name)
            page.close()
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
