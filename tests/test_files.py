"""The one writer and the one reader: whole or not at all, and every library's error ours."""

from __future__ import annotations

import errno
import os
import pickle
import sqlite3
import threading
from contextlib import suppress
from pathlib import Path

import geopandas as gpd
import pyogrio
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from siting import files
from siting.errors import BrokenFileError, InputMissingError, OutputError, ScenarioError
from siting.files import whole


def ours(name: str) -> bool:
    return name.startswith("our")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def fill(folder: Path, text: str) -> None:
    for name in ("our-one", "our-two"):
        (folder / name).write_text(text, encoding="utf-8")


def stand(folder: Path, text: str) -> None:
    """Make a folder with files of ours and of the planner."""
    folder.mkdir()
    fill(folder, text)
    (folder / "mine.docx").write_text("years of work", encoding="utf-8")


def texts(folder: Path) -> set[str]:
    return {path.read_text("utf-8") for path in folder.iterdir() if ours(path.name)}


def fail(_done: object, fault: Exception) -> None:
    raise fault


class Killed(BaseException):
    """What a kill is to the code: nothing after it runs."""


@pytest.mark.parametrize("last", range(12))
def test_a_kill_between_any_two_steps_leaves_the_old_or_the_new(tmp_path, monkeypatch, last):
    folder = tmp_path / "run"
    stand(folder, "old")
    steps = iter(range(100))
    rename, rmtree = Path.rename, whole.shutil.rmtree

    def dying(self, target):
        if next(steps) >= last:
            raise Killed
        return rename(self, target)

    def write():
        with files.whole_folder(folder, ours=ours) as part:
            fill(part, "new")

    monkeypatch.setattr(Path, "rename", dying)
    monkeypatch.setattr("shutil.rmtree", lambda *_args, **_kwargs: None)
    try:
        write()
        died = False
    except Killed:
        died = True
    monkeypatch.setattr(Path, "rename", rename)
    monkeypatch.setattr("shutil.rmtree", rmtree)
    files.settle(folder, ours=ours)
    assert texts(folder) in ({"old"}, {"new"})
    assert (folder / "mine.docx").read_text("utf-8") == "years of work"
    assert not died or last < 4
    write()
    assert names(folder) == ["mine.docx", "our-one", "our-two"]
    assert texts(folder) == {"new"}


def test_a_killed_merge_is_finished_at_the_next_access(tmp_path, monkeypatch):
    folder = tmp_path / "tables"
    stand(folder, "old")
    replace = Path.replace
    steps = iter(range(100))

    def dying(self, target):
        if next(steps):
            raise Killed
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", dying)
    with pytest.raises(Killed), files.merged_folder(folder) as part:
        fill(part, "new")
    assert texts(folder) == {"old", "new"}
    monkeypatch.setattr(Path, "replace", replace)
    files.settle(folder, ours=ours)
    assert texts(folder) == {"new"}
    assert names(tmp_path) == ["tables"]


def test_a_block_that_raises_changes_nothing(tmp_path):
    folder = tmp_path / "run"
    stand(folder, "old")
    for made in (files.whole_folder(folder, ours=ours), files.merged_folder(folder)):
        with pytest.raises(ZeroDivisionError), made as part:
            fail(fill(part, "new"), ZeroDivisionError())
    with pytest.raises(ZeroDivisionError), files.whole_file(tmp_path / "a") as part:
        fail(part.write_text("half", encoding="utf-8"), ZeroDivisionError())
    assert names(tmp_path) == ["run"]
    assert texts(folder) == {"old"}


def test_a_reader_that_settles_in_the_middle_of_a_swap_does_no_harm(tmp_path):
    folder = tmp_path / "run"
    stand(folder, "old")
    seen, stop = [], threading.Event()

    def read():
        while not stop.is_set():
            files.settle(folder, ours=ours)
            seen.append((folder / "mine.docx").exists())

    reader = threading.Thread(target=read)
    reader.start()
    for turn in range(60):
        with files.whole_folder(folder, ours=ours) as part:
            fill(part, str(turn))
    stop.set()
    reader.join()
    files.settle(folder, ours=ours)
    assert seen
    assert texts(folder) == {"59"}
    assert names(folder) == ["mine.docx", "our-one", "our-two"]
    assert names(tmp_path) == ["run"]


def test_what_a_dead_writer_left_goes_after_a_day(tmp_path):
    place = tmp_path / "plan.gpkg"
    dead = whole.sibling(place, whole.PART, suffix=".gpkg")
    dead.write_text("half", encoding="utf-8")
    files.write_whole(place, "one")
    assert dead.exists()
    os.utime(dead, (0, 0))
    files.write_whole(place, "two")
    assert names(tmp_path) == ["plan.gpkg"]


@pytest.mark.parametrize("name", ["名" * 80, "a" * 250, "x.tar.gz", ".hidden"])
def test_any_name_that_fits_can_be_written_whole(tmp_path, name):
    path = tmp_path / name
    try:
        path.write_text("old", encoding="utf-8")
    except OSError:
        pytest.skip("this file system takes no such name")
    files.write_whole(path, "新\n")
    assert path.read_bytes() == "新\n".encode()
    assert names(tmp_path) == [name]
    path.unlink()
    with files.whole_folder(path, ours=ours) as part:
        fill(part, "new")
    assert names(path) == ["our-one", "our-two"]


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "disk").mkdir()
    stand(tmp_path / "disk" / "run", "old")
    (tmp_path / "run").symlink_to(tmp_path / "disk" / "run")
    with files.whole_folder(tmp_path / "run", ours=ours) as part:
        fill(part, "new")
    assert (tmp_path / "run").is_symlink()
    assert texts(tmp_path / "disk" / "run") == {"new"}
    assert names(tmp_path / "disk") == ["run"]


FAULTS = [
    OSError(errno.ENOSPC, "No space left on device"),
    OSError(errno.EDQUOT, "Disk quota exceeded"),
    PermissionError(errno.EACCES, "Permission denied"),
    sqlite3.OperationalError("database or disk is full"),
    pyogrio.errors.DataSourceError("sqlite3_exec failed: disk is full"),
    pyogrio.errors.FeatureError("Could not add feature to layer"),
]


@pytest.mark.parametrize("fault", FAULTS, ids=repr)
def test_what_every_library_says_of_the_disk_is_one_error_of_ours(tmp_path, fault):
    path = tmp_path / "plan.gpkg"
    path.write_text("good", encoding="utf-8")
    with pytest.raises(OutputError) as caught, files.whole_file(path) as part:
        fail(part.write_text("half", encoding="utf-8"), fault)
    assert caught.value.exit_code == 2
    assert caught.value.cure
    assert path.read_text("utf-8") == "good"
    assert names(tmp_path) == ["plan.gpkg"]
    assert isinstance(pickle.loads(pickle.dumps(caught.value)), OutputError)  # noqa: S301  # ours


def test_a_fault_of_ours_stays_a_fault_of_ours(tmp_path):
    with pytest.raises(KeyError), files.writing(tmp_path):
        raise KeyError
    with pytest.raises(InputMissingError), files.writing(tmp_path):
        raise InputMissingError("no such file")


def test_rows_that_gdal_loses_in_silence_are_missed(tmp_path, monkeypatch):
    frame = gpd.GeoDataFrame({"a": [1, 2]}, geometry=[shapely.Point(0, 0)] * 2, crs=4326)
    write = pyogrio.write_dataframe
    monkeypatch.setattr(
        pyogrio, "write_dataframe", lambda rows, *args, **kwargs: write(rows[:1], *args, **kwargs)
    )
    with pytest.raises(OutputError, match="full"):
        files.write_layer(frame, tmp_path / "a.gpkg", layer="one")


@pytest.mark.parametrize("there", ["file", "folder"])
def test_the_wrong_kind_of_thing_in_the_way_is_named(tmp_path, there):
    place = tmp_path / "x"
    if there == "file":
        place.write_text("mine", encoding="utf-8")
        with pytest.raises(OutputError), files.whole_folder(place, ours=ours):
            pass
        with pytest.raises(OutputError), files.merged_folder(place / "y"):
            pass
        assert place.read_text("utf-8") == "mine"
    else:
        place.mkdir()
        with pytest.raises(OutputError):
            files.write_whole(place, "x")
    assert names(tmp_path) == ["x"]


def test_a_file_that_cannot_be_read_says_why(tmp_path, monkeypatch):
    with pytest.raises(InputMissingError, match="no such file"):
        files.read_text(tmp_path / "none.csv", where="inputs.osm")
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(InputMissingError):
        files.read_text(tmp_path / "file" / "below")
    with pytest.raises(BrokenFileError, match="is a folder"):
        files.read_text(tmp_path)
    with pytest.raises(BrokenFileError, match="cannot be read"):
        files.read_bytes(tmp_path / ("a" * 300))
    (tmp_path / "bad").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BrokenFileError):
        files.read_text(tmp_path / "bad")

    def held(self):
        raise PermissionError(errno.EACCES, "held")

    monkeypatch.setattr(Path, "read_bytes", held)
    with pytest.raises(BrokenFileError, match="a program holds it open") as caught:
        files.read_bytes(tmp_path / "open-in-excel.xlsx")
    assert "Excel" in caught.value.cure


@pytest.mark.parametrize("text", ["{", "[" * 200_000, "1" * 5000, "", "nul\0", '{"a": 1}x'])
def test_a_json_nobody_can_read_is_named(tmp_path, text):
    path = tmp_path / "x.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BrokenFileError):
        files.read_json(path)


@given(st.text(max_size=40))
def test_a_path_is_one_or_an_error_of_ours(text):
    with suppress(ScenarioError):
        files.is_file(files.expanded(text))


def test_nobody_of_that_name_has_a_home():
    with pytest.raises(ScenarioError, match="nosuch"):
        files.expanded("~nosuch/x")
