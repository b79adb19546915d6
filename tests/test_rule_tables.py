"""Tables of rules that a planner may replace: read through one door, whatever became of them."""

from __future__ import annotations

import csv
import errno
import io
import re
from pathlib import Path

import pytest
from desk import set_up
from rule_tables import TABLES

from siting.errors import EXIT_DATA, EXIT_SCENARIO, SitingError
from siting.pipeline.early import read_early
from siting.scenario import load_scenario
from siting.shipped import shipped_path


def read(folder, key, path):
    more = ('scoring.method="ahp"',) if key == "scoring.pairwise" else ()
    more += ('model.occasions="by_class"',) if key.startswith("demand.occasion") else ()
    return read_early(load_scenario(folder / "town.toml", overrides=(f'{key}="{path}"', *more)))


def read_or_told(folder, key, path):
    """Read a table, or see that it is refused as the planner's with its place and the cure."""
    try:
        return read(folder, key, path)
    except SitingError as error:
        told = error
    assert told.exit_code in {EXIT_SCENARIO, EXIT_DATA}
    assert path.name in str(told) or key in told.where or key in told.what
    assert "data/" not in told.where
    assert told.cure
    return str(told)


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rules")
    set_up(folder)
    return folder


def test_every_table_is_tried():
    assert len(TABLES) >= 12
    assert {"candidates.site_rules", "inputs.speeds", "inputs.place_kinds"} <= TABLES.keys()


@pytest.mark.parametrize("key", TABLES)
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16", "utf-16-le"])
def test_a_table_saved_by_any_office_is_read(desk, tmp_path, key, encoding):
    text = shipped_path(TABLES[key]).read_text("utf-8")
    path = tmp_path / "own.csv"
    path.write_bytes(text.encode(encoding))
    told = read_or_told(desk, key, path)
    if key == "handouts.bodies" and encoding != "utf-8":
        assert "UTF-8" in told
    else:
        assert not isinstance(told, str), told


@pytest.mark.parametrize("key", TABLES)
def test_a_table_with_semicolons_is_read(desk, tmp_path, key):
    path = tmp_path / "own.csv"
    text = io.StringIO()
    with shipped_path(TABLES[key]).open(encoding="utf-8", newline="") as stream:
        csv.writer(text, delimiter=";").writerows(csv.reader(stream))
    path.write_text(text.getvalue(), encoding="utf-8-sig")
    told = read_or_told(desk, key, path)
    assert isinstance(told, str) == (key == "handouts.bodies"), told


@pytest.mark.parametrize("key", TABLES)
@pytest.mark.parametrize(
    "content",
    [b"", b"\n\n", b"PK\x03\x04" + bytes(60), b"\xd0\xcf\x11\xe0" + bytes(60), bytes(range(256)),
     b"a,b\n", b"a,b\n1,2\n", b'a,"b\n1,2\n', b"a\n1,2,3\n", b"{}", None],
    ids=["empty", "blank", "xlsx", "xls", "bytes", "strange header", "strange", "open quote",
         "longer", "json", "header alone"],
)  # fmt: skip
def test_a_table_that_is_none_is_told(desk, tmp_path, key, content):
    if content is None:
        content = shipped_path(TABLES[key]).read_bytes().partition(b"\n")[0]
    path = tmp_path / "own.csv"
    path.write_bytes(content)
    told = isinstance(read_or_told(desk, key, path), str)
    # a matrix of other names is one; its names are looked at where the criteria are weighed
    assert told or (key == "scoring.pairwise" and content == b"a,b\n1,2\n")


@pytest.mark.parametrize("key", TABLES)
def test_a_table_that_is_not_there_or_a_folder_is_told(desk, tmp_path, key):
    (tmp_path / "folder.csv").mkdir()
    for name in ("gone.csv", "folder.csv"):
        assert isinstance(read_or_told(desk, key, tmp_path / name), str)


@pytest.mark.parametrize("key", TABLES)
def test_a_table_held_open_is_told(desk, tmp_path, monkeypatch, key):
    path = tmp_path / "own.csv"
    path.write_bytes(shipped_path(TABLES[key]).read_bytes())

    def held(name):
        kept = getattr(Path, name)

        def opened(self, *args, **keys):
            if self.name == "own.csv":
                raise PermissionError(errno.EACCES, "Permission denied")
            return kept(self, *args, **keys)

        return opened

    for name in ("open", "read_bytes", "read_text"):
        monkeypatch.setattr(Path, name, held(name))
    told = read_or_told(desk, key, path)
    assert "a program holds it open" in told


@pytest.mark.parametrize(
    ("key", "column", "row"),
    [("candidates.site_kinds", "verdict", 4), ("candidates.charger_classes", "power_kw", 2),
     ("costs.prices", "base", 3), ("inputs.speeds", "speed_kph", 2),
     ("inputs.place_kinds", "priority", 5), ("scoring.criteria", "direction", 2)],
)  # fmt: skip
def test_rows_count_as_a_spreadsheet_does(desk, tmp_path, key, column, row):
    lines = shipped_path(TABLES[key]).read_text("utf-8").splitlines()
    table = list(csv.reader(lines))
    table[row - 1][table[0].index(column)] = ""
    path = tmp_path / "own.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(table)
    told = read_or_told(desk, key, path)
    assert isinstance(told, str)
    assert re.search(rf"row(\(s\))? {row}\b", told), told
