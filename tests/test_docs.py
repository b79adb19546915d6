from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from siting.scenario import Scenario
from siting.scenario._faults import block_of
from siting.tables import TABLES

ROOT = Path(__file__).resolve().parents[1]
spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
generate = importlib.util.module_from_spec(spec)
spec.loader.exec_module(generate)


@pytest.mark.parametrize("name", generate.PAGES)
def test_the_page_is_current(name):
    stands = (ROOT / "docs" / name).read_text(encoding="utf-8")
    assert stands == generate.PAGES[name](), "run: make docs"


def test_every_key_of_the_scenario_is_on_its_page():
    text = generate.scenario_page()

    def look(block, path=""):
        for name, field in block.model_fields.items():
            here = f"{path}.{name}" if path else name
            inner = block_of(field.annotation)
            if inner is None:
                assert f"| `{here}` |" in text
            else:
                assert re.search(rf"^## `\[+{re.escape(here)}\]+`$", text, re.MULTILINE)
                look(inner, here)

    look(Scenario)


def test_every_column_of_every_table_is_on_its_page():
    text = generate.tables_page()
    for table in TABLES.values():
        section = text.partition(f"\n## {table.name}\n")[2].partition("\n## ")[0]
        assert re.findall(r"^\| `([\w<>]+)`", section, re.MULTILINE) == table.column_names


def test_links_between_the_pages_lead_somewhere():
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(
            r"\]\((?!https?:|#|mailto:)([^)#]+)", page.read_text(encoding="utf-8")
        ):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_pages_the_messages_send_people_to_exist():
    for path in (ROOT / "siting").rglob("*.py"):
        for target in re.findall(r"docs/[\w-]+\.md", path.read_text(encoding="utf-8")):
            assert (ROOT / target).is_file(), f"{path.name} names {target}"


MADE_UP = {
    "siting/optimize/rules/same_name.py", "siting/outputs/gpx.py", "siting/cli/nearest_verb.py",
}  # fmt: skip
"""Files that the recipes add."""


def test_files_that_pages_and_docstrings_name_exist():
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "siting").rglob("*.py")]
    for page in pages:
        if page.name == "CHANGELOG.md":  # tells of what once was
            continue
        for name in re.findall(r"\bsiting/[\w/]+\.(?:py|csv)\b", page.read_text(encoding="utf-8")):
            assert name in MADE_UP or (ROOT / name).exists(), f"{page.name}: {name}"


def test_the_picture_of_the_rooms_shows_every_room():
    picture = (ROOT / "docs" / "pictures" / "rooms.svg").read_text(encoding="utf-8")
    rooms = [path.parent.name for path in (ROOT / "siting").glob("*/__init__.py")]
    assert [room for room in rooms if f">{room}<" not in picture] == []
