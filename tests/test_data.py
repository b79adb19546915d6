"""The data that ship: each file is described, each mark and number of a source resolves."""

from __future__ import annotations

import csv
import re
import subprocess
from pathlib import Path

import pytest

DATA = Path(__file__).resolve().parents[1] / "data"
TABLES = sorted(path for path in DATA.rglob("*.csv") if path.name != "sources.csv")


def rows(path):
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def sources(kind):
    return {row["key"]: row for row in rows(DATA / "sources.csv") if row["kind"] == kind}


def described():
    """Return the paths that the tables of the page name; a folder ends with a slash."""
    found, folder = {"README.md"}, ""
    for line in (DATA / "README.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            named = re.match(r"## `(\w+/)`", line)
            folder = named.group(1) if named else ""
        elif line.startswith("| `"):
            names = re.findall(r"`([^`]+)`", line.split("|")[1])
            found.update(folder + name for name in names)
    return found


def test_the_page_names_each_file_and_no_other():
    done = subprocess.run(
        ["git", "ls-files", "--cached", "--", "."], cwd=DATA, capture_output=True, check=False,
        encoding="utf-8",
    )  # fmt: skip
    if done.returncode or not done.stdout:
        pytest.skip("no git checkout: nobody says which files are tracked")
    named = described()
    folders = tuple(name for name in named if name.endswith("/"))
    tracked = set(done.stdout.splitlines())
    bare = {name for name in tracked if not name.startswith(folders)}
    assert bare == named - set(folders)
    for folder in folders:
        assert any(name.startswith(folder) for name in tracked), folder


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.relative_to(DATA).as_posix())
def test_each_number_of_a_source_resolves_with_its_grade(path):
    known, notes = sources("source"), sources("note")
    text = path.read_text(encoding="utf-8-sig")
    for grade, number in re.findall(r"\b([Vv]) (\d+[a-z]?)\b", text):
        assert known[number]["grade"] == grade, number
        assert known[number]["text"]
    for note in re.findall(r"\bfacts \d+(?:\.\d+)?", text):
        assert note in notes


def test_each_mark_has_a_meaning():
    marks = sources("mark")
    seen = 0
    for path in TABLES:
        for row in rows(path):
            cited = row.get("mark") or ""
            parts = [cited] if cited in marks else re.split(r"[,/] ?", cited)
            for part in filter(None, parts):
                seen += 1
                assert part.split(" ")[0] in marks or part in marks, f"{path.name}: {part}"
    assert seen > 50, "few marks found: the test has lost its aim"


def test_no_source_is_left_over():
    text = "\n".join(path.read_text(encoding="utf-8-sig") for path in TABLES)
    for number in sources("source"):
        assert re.search(rf"\b[Vv] {number}\b", text), number
    for note in sources("note"):
        assert note in text
