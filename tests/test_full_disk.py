"""A full disk, at every stage that writes: exit 2 with the cure, and what was there stays whole.

The disk is a small tmpfs, which only root may mount; elsewhere these tests are skipped.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from contextlib import contextmanager

import pytest
from desk import set_up

from siting.cli.main import run
from siting.errors import EXIT_GOOD, EXIT_SCENARIO
from siting.plan.folder import load_plan

KB = 1024


@contextmanager
def disk(folder, size_kb):
    """Mount a disk of a size on a folder."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size_kb}k", "tmpfs", str(folder)]
    try:
        done = subprocess.run(command, check=False, capture_output=True)
    except OSError as error:
        pytest.skip(f"no small disk can be mounted: {error}")
    if done.returncode:
        pytest.skip("only root may mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    """Return a folder in which the town was planned."""
    folder = tmp_path_factory.mktemp("desk")
    scenario = set_up(folder)
    assert run(["plan", str(scenario), "--out", str(folder / "maps")]) == EXIT_GOOD
    return folder


def prints(folder):
    """Return the hash of every file, hidden ones too."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def fill(folder, leave_kb):
    """Leave so much room on a disk."""
    free = shutil.disk_usage(folder).free - leave_kb * KB
    with (folder / "ballast").open("wb") as stream:
        stream.write(b"x" * max(free, 0))


def told(capsys):
    text = capsys.readouterr().err
    assert "Traceback" not in text
    assert "bug" not in text
    assert "cannot be written" in text, text
    assert "cure:" in text


STAGES = {
    "handout": ["handout", "RUN", "--for", "overview"],
    "everybody": ["handout", "RUN"],
    "xlsx": ["table", "RUN", "--format", "xlsx"],
    "gpkg": ["table", "RUN", "--format", "gpkg"],
    "geojson": ["table", "RUN", "--format", "geojson"],
    "csv": ["table", "RUN", "--format", "csv"],
    "parquet": ["table", "RUN", "--format", "parquet"],
    "docx": ["report", "RUN"],
    "md": ["report", "RUN", "--format", "md"],
    "map": ["map", "RUN", "--language", "zh"],
    "compare xlsx": ["compare", "RUN", "RUN2", "--xlsx", "DISK/compared.xlsx"],
    "compare page": ["compare", "RUN", "RUN2", "--html", "DISK/compared.html"],
    "compare map": ["compare", "RUN", "RUN2", "--map", "DISK/map.html"],
    "check": ["check", "SCENARIO", "--html", "DISK/check.html"],
    "new": ["new", "DISK/new.toml"],
    "sweep": [
        "sweep",
        "SCENARIO",
        "--grid",
        "targets.chargers=40,44",
        "--workers",
        "1",
        "--out",
        "DISK/studies",
    ],
    "zones": ["zones", "SCENARIO", "--csv", "DISK/people.csv"],
    "new for files": ["new", "DISK/new.toml", "--from", "PEOPLE", "--no-ask"],
    "front": ["front", "SCENARIO", "--points", "2", "--workers", "1", "--out", "DISK/studies"],
    "tornado": ["tornado", "SCENARIO", "--workers", "1", "--out", "DISK/studies"],
    "plan": ["plan", "SCENARIO", "--out", "DISK/maps"],
    "first plan": ["plan", "SCENARIO", "--out", "DISK/maps", "--set", "run.name=other"],
}


LONG = {"front", "tornado"}  # many plans where the first file fits


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stage", "leave_kb"),
    [(one, kb) for one in STAGES for kb in (0, 24) if not kb or one not in LONG],
)
def test_a_full_disk_is_told_and_nothing_is_lost(planned, tmp_path, capsys, stage, leave_kb):
    other = tmp_path / "town2"
    shutil.copytree(planned / "maps" / "town", other)
    with disk(tmp_path / "disk", 2000) as small:
        shutil.copytree(planned / "maps", small / "maps")
        fill(small, leave_kb)
        before = prints(small)
        names = {"RUN2": other, "RUN": small / "maps" / "town", "DISK": small,
                 "SCENARIO": planned / "town.toml", "PEOPLE": planned / "people.csv"}  # fmt: skip
        words = []
        for word in STAGES[stage]:
            head, slash, rest = word.partition("/")
            words.append(f"{names[head]}{slash}{rest}" if head in names else word)
        capsys.readouterr()
        code = run(words)
        after = prints(small)
        if code != EXIT_GOOD:  # a small file may fit
            assert code == EXIT_SCENARIO
            told(capsys)
            kept = {name: one for name, one in after.items() if not name.startswith("studies")}
            assert kept == before
            assert not [name for name in after if "/." in f"/{name}"], "leftovers"
        assert code == EXIT_SCENARIO or leave_kb
        (small / "ballast").unlink()
        assert load_plan(small / "maps" / "town").run == "town"


@pytest.mark.slow
@pytest.mark.parametrize("size_kb", [40, 120, 250, 300, 420, 500])
def test_a_plan_that_meets_a_full_disk_anywhere_leaves_nothing(planned, tmp_path, capsys, size_kb):
    with disk(tmp_path / "disk", size_kb) as small:
        code = run(["plan", str(planned / "town.toml"), "--out", str(small / "maps")])
        assert code == EXIT_SCENARIO
        told(capsys)
        assert prints(small) == {}


@pytest.mark.slow
def test_a_cache_on_a_full_disk_is_no_reason_to_stop(planned, tmp_path, monkeypatch):
    with disk(tmp_path / "disk", 40) as small:
        monkeypatch.setenv("SITING_CACHE", str(small))
        command = ["plan", str(planned / "town.toml"), "--out", str(tmp_path / "maps")]
        assert run(command) == EXIT_GOOD
        assert not [name for name in prints(small) if "/." in f"/{name}"], "leftovers"


@pytest.mark.slow
def test_an_output_that_is_full_is_no_bug(planned):
    try:
        stream = open("/dev/full", "w", encoding="utf-8")  # noqa: SIM115, PTH123  # closed below
    except OSError:
        pytest.skip("this system has no /dev/full")
    with stream:
        done = subprocess.run(
            [sys.executable, "-m", "siting", "show", str(planned / "maps" / "town")],
            stdout=stream, stderr=subprocess.PIPE, check=False,
        )  # fmt: skip
    assert done.returncode == EXIT_SCENARIO
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr


@pytest.mark.slow
def test_what_holds_in_a_sweep_is_not_lost_on_a_full_disk(planned, tmp_path, capsys):
    scenario = set_up(tmp_path)
    with scenario.open("a", encoding="utf-8") as stream:
        stream.write('[uncertainty]\n"demand.nev_share" = { low = 0.12, high = 0.17 }\n')
    with disk(tmp_path / "disk", 4000) as small:
        command = ["sweep", str(scenario), "--samples", "2", "--workers", "1", "--out", str(small)]
        assert run(command) == EXIT_GOOD
        fill(small, 0)
        before = prints(small)
        capsys.readouterr()
        assert run(["robust", str(small / "town-sweep"), "--workers", "1"]) == EXIT_SCENARIO
        told(capsys)
        assert prints(small) == before
