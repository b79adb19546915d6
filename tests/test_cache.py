"""The cache: what comes out is what went in, or nothing; and what is computed again, and when."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import desk
import geopandas as gpd
import grimp
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from shapely.geometry import LineString, MultiPolygon, Point, box

from siting.cache import Cache, Memory, keys, open_cache
from siting.cache.codec import alike, pack, unpack
from siting.cache.keys import Unkeyable, table_print
from siting.cli.main import run
from siting.errors import ScenarioError
from siting.inputs.files.columns import tag_number, texts
from siting.inputs.provenance import says_synthetic
from siting.pipeline import run as pipeline
from siting.pipeline.meter import Meter
from siting.scenario import load_scenario

STAGES = ["inputs", "candidates", "demand", "travel", "scores"]


def prepare(path, cache, *overrides):
    """Prepare a scenario; return the result and the stages that were worked out anew."""
    meter = Meter(lambda *_: None)
    made = pipeline.prepare(load_scenario(path, overrides=overrides), meter, cache=cache)
    told = {entry.stage: entry.cached for entry in meter.timings().stages}
    assert list(told) == STAGES
    return made, [stage for stage in STAGES if not told[stage]]


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A desk and a cache that has seen it once."""
    folder = tmp_path_factory.mktemp("filled")
    path = desk.set_up(folder)
    cache = Cache(folder / "cache")
    prepare(path, cache)
    return path, cache


@pytest.fixture
def copy(filled, tmp_path):
    """The same, to spoil."""
    shutil.copytree(filled[0].parent, tmp_path / "desk")
    return tmp_path / "desk" / "town.toml", Cache(tmp_path / "desk" / "cache")


# What is computed again


def test_second_time_nothing_is_worked_out(filled):
    path, cache = filled
    fresh, anew = prepare(path, None)
    kept, from_cache = prepare(path, cache)
    assert (anew, from_cache) == (STAGES, [])
    assert alike(fresh.world, kept.world)
    assert alike(fresh.candidates, kept.candidates)
    for name in ("demand", "reach", "swap_reach", "scores"):
        assert alike(getattr(fresh, name), getattr(kept, name)), name
    assert fresh.notes == kept.notes


@pytest.mark.parametrize(
    ("override", "anew"),
    [
        ("scoring.weights.demand=0.9", ["scores"]),
        ("targets.stations=3", []),
        ("travel.cutoff_m=2000", ["travel", "scores"]),
        ("travel.swap_cutoff_m=2000", ["travel"]),
        ("demand.cars_per_person=0.3", ["demand", "travel", "scores"]),
        ('candidates.leave_out=["parking"]', ["candidates", "travel", "scores"]),
        ("candidates.merge_m=10", ["candidates"]),  # the sites come out the same
        ("inputs.merge_stations_m=10", ["inputs"]),  # the stations come out the same
    ],
)
def test_only_what_hangs_on_a_change_is_worked_out(copy, override, anew):
    path, cache = copy
    assert prepare(path, cache, override)[1] == anew
    assert prepare(path, cache, override)[1] == []


@pytest.mark.parametrize(
    ("file", "old", "new", "anew"),
    [
        ("people.csv", "9000", "8000", STAGES),
        ("existing.csv", ",6,360", ",5,360", ["inputs", "candidates", "travel", "scores"]),
        ("town.osm", "<osm ", "<osm  ", ["inputs"]),  # another space, the same town
    ],
)
def test_changed_bytes_of_a_file_are_seen(copy, file, old, new, anew):
    path, cache = copy
    status = (path.parent / file).stat()
    desk.edit(path.parent / file, old, new)
    os.utime(path.parent / file, ns=(status.st_atime_ns, status.st_mtime_ns))
    seen = prepare(path, cache)[1]
    assert set(seen) <= set(anew), seen
    assert "inputs" in seen
    if file == "people.csv":
        assert "demand" in seen


def test_a_file_in_another_folder_is_the_same_file(copy):
    path, cache = copy
    moved = path.parent.rename(path.parent.with_name("elsewhere")) / path.name
    assert prepare(moved, Cache(moved.parent / "cache"))[1] == []
    assert prepare(moved, cache)[1] == STAGES  # its folder is gone with the rest


def test_other_code_library_or_table_of_ours_finds_nothing(tmp_path, monkeypatch):
    def reused():
        memory = Memory(Cache(tmp_path), ())
        assert memory.call("inputs", says_synthetic, "合成") is True
        return memory.reused == ("inputs",)

    assert [reused(), reused()] == [False, True]
    for name in ("_code_print", "_shipped_tables", "_versions"):
        with monkeypatch.context() as patch:
            patch.setattr(keys, name, lambda *_: ["other"])
            assert [reused(), reused()] == [False, True], name
        assert reused()


def test_one_edited_line_changes_the_print_of_its_room(tmp_path, monkeypatch):
    shutil.copytree(keys._PACKAGE / "analysis", tmp_path / "analysis")
    monkeypatch.setattr(keys, "_PACKAGE", tmp_path)
    before = keys._code_print.__wrapped__("analysis")
    with (tmp_path / "analysis" / "travel.py").open("a", encoding="utf-8") as stream:
        stream.write("# a remark\n")
    assert keys._code_print.__wrapped__("analysis") != before


def test_every_module_a_stage_rests_on_is_in_its_key():
    graph = grimp.build_graph("siting")
    for room in ("inputs", "analysis"):
        modules = graph.find_descendants(f"siting.{room}")
        below = {other for name in modules for other in graph.find_upstream_modules(name)}
        covered = {name.removesuffix(".py") for name in (*keys.SHARED_CODE, room)}
        missed = {name.split(".")[1] for name in below if "." in name} - covered
        assert not missed, f"{room} rests on {sorted(missed)}"


def test_a_download_is_never_kept(tmp_path):
    memory = Memory(Cache(tmp_path), ())
    for _ in range(2):
        memory.call("inputs", texts, ["a"], keep=False)
    assert memory.reused == ()
    assert Cache(tmp_path).entries() == []


def test_arguments_that_cannot_be_told_apart_are_called_for_each_time(tmp_path):
    memory = Memory(Cache(tmp_path), ())
    for _ in range(2):
        assert memory.call("inputs", tag_number, object()) is not None
    assert memory.reused == ()
    assert Cache(tmp_path).entries() == []


# What is kept


@dataclass(frozen=True)
class Inner:
    notes: tuple
    report: dict


@dataclass(frozen=True)
class Outer:
    frame: pd.DataFrame
    inner: Inner
    area: object


def test_a_result_comes_back_bit_by_bit():
    shapes = [
        Point(0.1, 0.2),
        LineString([(0, 0), (1 / 3, 1)]),
        None,
        MultiPolygon([box(0, 0, 1, 1)]),
    ]
    frame = gpd.GeoDataFrame(
        {
            "id": pd.array(["乙", "甲", None, ""], dtype=pd.StringDtype(na_value=np.nan)),
            "mixed": pd.Series(["x", None, np.nan, "y"], dtype=object),
            "number": [0.1, np.nan, -0.0, 1e300],
            "count": np.array([1, 2, 3, 2**53 + 1]),
            "flag": [True, False, True, False],
            "kind": pd.Categorical(["b", "a", "b", "a"], categories=["c", "b", "a"]),
        },
        geometry=shapes,
        crs="EPSG:4545",
    )
    inner = Inner((("note", {"ids": ["a"], "share": 0.1, 3: None}),), {"a": (1, 2), "nan": np.nan})
    value = Outer(frame, inner, box(0, 0, 1, 1))
    back = unpack(pack(value, (Outer, Inner)), (Outer, Inner))
    assert alike(back, value)
    assert back.frame.crs.srs == "EPSG:4545"
    assert table_print(back.frame) == table_print(frame)


@pytest.mark.parametrize(
    "value",
    [
        pd.DataFrame({"a": [1, "x"]}),
        pd.DataFrame({"a": [(1, 2), (3, 4)]}),
        Inner((), {}),
        {"a": np.float64(1)},
        object(),
    ],
)
def test_what_would_not_come_back_is_not_kept(value):
    assert pack(value, (Outer,)) is None


def test_only_named_classes_are_made_again():
    payload = pack(Inner((), {}), (Inner,))
    with pytest.raises(ValueError, match="no class Inner"):
        unpack(payload, (Outer,))


@given(
    hnp.arrays(np.float64, st.integers(0, 20)),
    st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"])), max_size=20),
)
def test_any_numbers_and_texts_come_back(numbers, texts):
    size = min(len(numbers), len(texts))
    texts = pd.array(texts[:size], dtype=pd.StringDtype(na_value=np.nan))
    frame = pd.DataFrame({"n": numbers[:size], "t": texts})
    back = unpack(pack(frame))
    assert alike(back, frame)
    assert table_print(back) == table_print(frame)


def a_point(x, crs):
    return gpd.GeoDataFrame(geometry=[Point(x, 0)], crs=crs)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True), (1, 1.0), (None, np.nan), ([1], (1,)), ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        (pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [1.0]})),
        (pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]})),
        (pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [1]}, index=[1])),
        (a_point(0, 4326), a_point(0, 4545)),
        (a_point(0, 4326), a_point(1, 4326)),
    ],
)  # fmt: skip
def test_alike_is_strict(one, other):
    assert alike(one, one)
    assert not alike(one, other)
    if isinstance(one, pd.DataFrame):
        assert table_print(one) != table_print(other)


def test_a_part_of_a_table_has_the_print_of_its_content():
    frame = pd.DataFrame({"a": pd.array(["x", "y", "z"], dtype="str"), "b": [1.0, 2.0, 3.0]})
    part = frame[frame["b"] > 1]
    assert table_print(part) == table_print(unpack(pack(frame))[1:])
    assert table_print(part) != table_print(part.reset_index(drop=True))
    kinds = [
        pd.DataFrame({"a": pd.Categorical(["x"], categories=some)}) for some in (["x"], ["x", "y"])
    ]
    assert table_print(kinds[0]) != table_print(kinds[1])


def test_a_table_of_anything_has_no_print():
    assert table_print(pd.DataFrame({"a": [("x", 1), ("y", 2)]}))
    with pytest.raises(Unkeyable):
        table_print(pd.DataFrame({"a": [object()]}))


# The folder


def test_what_is_put_is_got(tmp_path):
    cache = Cache(tmp_path / "new" / "folder")
    assert cache.get("inputs", "k") is None
    cache.put("inputs", "k", b"some bytes")
    assert cache.get("inputs", "k") == b"some bytes"
    assert cache.get("inputs", "other") is None
    assert [(entry.stage, entry.size_bytes) for entry in cache.entries()] == [("inputs", 42)]


@pytest.mark.parametrize("spoil", ["cut", "flip", "swapped"])
def test_a_broken_entry_is_not_read_and_is_made_again(copy, spoil):
    path, cache = copy
    entry = next(one for one in cache.entries() if one.stage == "demand")
    content = bytearray(entry.path.read_bytes())
    if spoil == "flip":
        content[len(content) // 2] ^= 1
    elif spoil == "swapped":  # whole, but no parcel: an older program wrote it
        cache.put("demand", entry.path.stem.partition("-")[2], b"no archive")
    if spoil != "swapped":
        size = {"cut": len(content) // 2, "flip": len(content)}[spoil]
        entry.path.write_bytes(content[:size])
    assert prepare(path, cache)[1] == ["demand"]
    assert prepare(path, cache)[1] == []


KILLED = """
import os, signal, sys
from pathlib import Path
from siting.cache import store

plain = Path.open
def slow(path, mode, **_):
    stream = plain(path, mode, buffering=0)
    write = stream.write
    class Half:
        def __enter__(self): return self
        def __exit__(self, *_): stream.close()
        def write(self, data):
            write(data[: len(data) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
    return Half()

Path.open = slow
store.Cache(Path(sys.argv[1])).put("inputs", "k", b"x" * 1_000_000)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL to send")
def test_a_writer_that_is_killed_leaves_nothing_to_read(tmp_path):
    done = subprocess.run([sys.executable, "-c", KILLED, tmp_path], check=False)
    assert done.returncode == -signal.SIGKILL
    cache = Cache(tmp_path)
    assert cache.get("inputs", "k") is None
    assert cache.entries() == []
    left = list(tmp_path.iterdir())
    assert len(left) == 1  # what was written lies under another name
    os.utime(left[0], (time.time() - 172_800,) * 2)
    cache.put("inputs", "k", b"whole")
    assert [path.suffix for path in tmp_path.iterdir()] == [".siting"]


def test_a_writer_that_is_stopped_clears_up(tmp_path, monkeypatch):
    def stop(_path, _target):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", stop)
    with pytest.raises(KeyboardInterrupt):
        Cache(tmp_path).put("inputs", "k", b"bytes")
    assert list(tmp_path.iterdir()) == []


def test_the_entry_used_longest_ago_goes_first(tmp_path):
    cache = Cache(tmp_path, limit_bytes=350)
    for number, key in enumerate("abc"):
        cache.put("inputs", key, bytes(68))
        os.utime(cache._path("inputs", key), (number, number))
    assert cache.get("inputs", "a") is not None  # now the last one used
    cache.put("inputs", "d", bytes(68))
    assert cache.get("inputs", "b") is None or len(cache.entries()) <= 3
    cache.put("inputs", "e", bytes(68))
    kept = {entry.path.stem.partition("-")[2] for entry in cache.entries()}
    assert kept == {"a", "d", "e"}
    assert sum(entry.size_bytes for entry in cache.entries()) <= 350


def test_more_than_the_limit_is_not_kept(tmp_path):
    cache = Cache(tmp_path, limit_bytes=100)
    cache.put("inputs", "k", bytes(101))
    assert cache.entries() == []


def test_a_folder_that_cannot_be_written_costs_time_only(tmp_path, caplog):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    cache = Cache(tmp_path / "file" / "cache")
    cache.put("inputs", "k", b"bytes")
    assert "cannot be kept" in caplog.text
    assert cache.get("inputs", "k") is None
    assert cache.entries() == []


def test_windows_refuses_to_replace_what_is_read(tmp_path, monkeypatch):
    cache = Cache(tmp_path)
    cache.put("inputs", "k", b"bytes")

    def refuse(self, target):
        raise PermissionError(13, "in use")

    monkeypatch.setattr(Path, "replace", refuse)
    cache.put("inputs", "k", b"bytes")
    assert cache.get("inputs", "k") == b"bytes"
    assert len(list(tmp_path.iterdir())) == 1


TWO = """
import sys
from pathlib import Path
from siting.cache import Cache
cache = Cache(Path(sys.argv[1]), limit_bytes=3_000_000)
for turn in range(40):
    key = str(turn % 4)
    found = cache.get("inputs", key)
    assert found is None or found == key.encode() * 1_000_000, "half an entry"
    cache.put("inputs", key, key.encode() * 1_000_000)
"""


def test_processes_at_once_read_whole_entries(tmp_path):
    command = [sys.executable, "-W", "error", "-c", TWO, str(tmp_path)]
    running = [subprocess.Popen(command) for _ in range(2)]
    assert [process.wait(timeout=120) for process in running] == [0, 0]
    assert all(path.suffix == ".siting" for path in tmp_path.iterdir())


# Its environment and its verbs


def test_the_environment_names_the_folder_and_the_limit(tmp_path, monkeypatch):
    monkeypatch.setenv("SITING_CACHE", str(tmp_path))
    monkeypatch.setenv("SITING_CACHE_MB", "12.5")
    cache = open_cache()
    assert (cache.folder, cache.limit_bytes) == (tmp_path / "stages", 12.5e6)
    monkeypatch.setenv("SITING_CACHE", "OFF")
    assert open_cache() is None


@pytest.mark.parametrize("text", ["many", "-1", "nan", "inf"])
def test_a_limit_that_is_none_is_refused(monkeypatch, tmp_path, text):
    monkeypatch.setenv("SITING_CACHE", str(tmp_path))
    monkeypatch.setenv("SITING_CACHE_MB", text)
    with pytest.raises(ScenarioError, match="SITING_CACHE_MB"):
        open_cache()


def test_the_verbs(copy, monkeypatch, capsys):
    path, _ = copy
    monkeypatch.setenv("SITING_CACHE", str(path.parent / "mine"))
    assert run(["cache"]) == 0
    assert run(["check", str(path), "--no-cache"]) == 0
    assert not (path.parent / "mine").exists()
    assert run(["check", str(path)]) == 0
    capsys.readouterr()
    assert run(["cache", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert {entry["stage"] for entry in content["entries"]} == set(STAGES)
    assert content["size_bytes"] > 0
    assert run(["cache"]) == 0
    assert "demand" in capsys.readouterr().out
    assert run(["cache", "--clear"]) == 0
    assert "removed 6 entries" in capsys.readouterr().out
    assert list((path.parent / "mine" / "stages").iterdir()) == []
    monkeypatch.setenv("SITING_CACHE", "off")
    assert run(["cache"]) == 0
    assert "off" in capsys.readouterr().out


def test_a_plan_from_the_cache_has_the_same_bytes(copy, monkeypatch, capsys):
    path, _ = copy
    monkeypatch.setenv("SITING_CACHE", str(path.parent))
    monkeypatch.setenv("OGR_CURRENT_DATE", "2026-01-01T00:00:00.000Z")  # GDAL writes the time
    shutil.rmtree(path.parent / "cache")
    runs = []
    assert run(["check", str(path)]) == 0
    for name, more in (("none", ["--no-cache"]), ("kept", [])):
        out = path.parent / name
        assert run(["plan", str(path), "--out", str(out), *more]) == 0
        runs.append(out / "town")
    terminal = capsys.readouterr().out
    assert terminal.count("from the cache") == len(STAGES)
    names = sorted(file.name for file in runs[0].iterdir() if file.name != "timings.json")
    for name in names:
        assert (runs[0] / name).read_bytes() == (runs[1] / name).read_bytes(), name
    told = json.loads((runs[1] / "timings.json").read_text(encoding="utf-8"))["stages"]
    assert [entry["stage"] for entry in told if entry["cached"]] == STAGES
