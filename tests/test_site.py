"""The pages of docs/ as a site: built strictly, Chinese first, asking no other host."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(path.stem for path in (ROOT / "docs").glob("*.md"))
NOWHERE = "http://127.0.0.1:9"
_LOADED = ("src", "srcset", "data", "poster")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    shut = {"http_proxy": NOWHERE, "https_proxy": NOWHERE, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT, env=os.environ | shut, capture_output=True, text=True, encoding="utf-8",
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder


class _Asked(HTMLParser):
    """Collects the addresses that a browser loads when it shows a page; links are not loaded."""

    def __init__(self):
        super().__init__()
        self.addresses = []

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.addresses += [
            found[key] for key in ("src", "srcset", "data", "poster") if key in found
        ]
        if tag == "link" and found.get("rel") not in {"canonical", "next", "prev"}:
            self.addresses.append(found["href"])


def asked_by(text):
    page = _Asked()
    page.feed(text)
    return page.addresses


def leaves(address):
    return re.match(r"(?:[a-z]+:)?//|(?!data:)[a-z]+:", address.strip(), re.IGNORECASE) is not None


def test_the_check_of_addresses_sees_those_that_leave():
    text = (
        '<script src="https://a.example/x.js"></script><link rel="icon" href="//b.example/i.png">'
    )
    assert [leaves(address) for address in asked_by(text)] == [True, True]
    assert asked_by('<a href="https://a.example/">') == []
    assert not any(map(leaves, ["assets/x.js", "../x.css", "data:image/png;base64,x"]))


def test_every_page_is_in_the_site_and_in_its_menu(site):
    start = (site / "index.html").read_text(encoding="utf-8")
    for name in PAGES:
        assert (site / f"{name}.html").is_file()
        assert name == "index" or f'href="{name}.html"' in start, name
    assert not list(site.rglob("*.py"))


def test_chinese_comes_first(site):
    start = (site / "index.html").read_text(encoding="utf-8")
    assert '<html lang="zh"' in start
    assert "十分钟入门" in start
    entries = re.findall(r'<a href="([\w-]+\.html)" class="md-nav__link', start)
    assert entries.index("index.html") < entries.index("start.html")
    assert len(entries) == len(set(entries)), "a page stands twice in mkdocs.yml"


def test_no_page_asks_another_host_for_anything(site):
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > len(PAGES)
    for page in pages:
        for address in asked_by(page.read_text(encoding="utf-8")):
            assert not leaves(address), (page.name, address)
    for sheet in site.rglob("*.css"):
        for address in re.findall(r"url\(['\"]?([^)'\"]+)", sheet.read_text(encoding="utf-8")):
            assert not leaves(address), (sheet.name, address)
