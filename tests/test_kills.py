"""Writers killed at a random moment: what stands under a name is the old one or the new one, whole.

A few kills a run; ``SITING_KILLS=100`` makes more of each.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest
from desk import edit, set_up

from siting.cache.store import Cache
from siting.cli.main import run
from siting.errors import EXIT_GOOD
from siting.plan.folder import load_plan

KILLS = int(os.environ.get("SITING_KILLS", "4"))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL to send"),
]

# For each line "what target seconds" it starts a writer and kills it so many seconds later. The
# writer puts two plans, that differ in every file, in one another's place again and again.
PROGRAM = """
import dataclasses, itertools, os, signal, sys, time
from pathlib import Path
from siting import files, load_plan, save_plan
from siting.cache.store import Cache
from siting.outputs import gis, workbook
from siting.study.tasks import PlanRow, write_table

plan = load_plan(Path(sys.argv[1]))
plans = [dataclasses.replace(plan, run=name, title_en=name) for name in ("one", "two")]

def write(what, target):
    for turn in itertools.count():
        made = plans[turn % 2]
        if what == "plan":
            save_plan(made, target)
        elif what == "table":
            with files.merged_folder(target / "tables") as part:
                gis.write_layers(made, part, "geojson", language="en", crs="EPSG:4490")
                workbook.write_workbook(made, part / "plan.xlsx", language="en", date=made.run)
        elif what == "handout":
            with files.whole_folder(target / "handouts", ours=lambda name: True) as part:
                for number in range(20):
                    files.write_whole(part / f"{number}.html", made.run * 10_000)
        elif what == "sweep":
            rows = [PlanRow(str(n), "ok", sample=n, error=made.run, site_ids=(made.run,),
                            site_chargers=(1,)) for n in range(300)]
            target.mkdir(exist_ok=True)
            write_table(rows, target / "results.csv")
        elif what == "cache":
            Cache(target).put("inputs", f"{turn % 3}", bytes([turn % 3]) * 3_000_000)

for line in sys.stdin:
    what, target, seconds = line.rstrip().split("\\t")
    writer = os.fork()
    if not writer:
        write(what, Path(target))
    time.sleep(float(seconds))
    os.kill(writer, signal.SIGKILL)
    print(os.waitpid(writer, 0)[1], flush=True)
"""


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    folder = tmp_path_factory.mktemp("desk")
    assert run(["plan", str(set_up(folder)), "--out", str(folder / "maps")]) == EXIT_GOOD
    return folder / "maps" / "town"


@pytest.fixture(scope="module")
def killer(planned):
    """Return a process that starts writers and kills them."""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(planned)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8",
    ) as process:  # fmt: skip
        yield process
        process.stdin.close()


def killed(killer, what, target, seed):
    """Start a writer, and kill it a moment after it began."""
    seconds = random.Random(f"{what} {seed}").uniform(0.02, 0.8)
    killer.stdin.write(f"{what}\t{target}\t{seconds}\n")
    killer.stdin.flush()
    assert int(killer.stdout.readline()) == signal.SIGKILL


@pytest.mark.parametrize("seed", range(KILLS))
def test_a_killed_plan(planned, killer, tmp_path, seed):
    target = tmp_path / "maps" / "town"
    shutil.copytree(planned, target)
    (target / "mine.docx").write_text("years of work", encoding="utf-8")
    killed(killer, "plan", target, seed)
    found = load_plan(target)
    assert found.run in {"town", "one", "two"}
    assert (target / "mine.docx").read_text("utf-8") == "years of work"
    content = json.loads((target / "plan.json").read_text("utf-8"))
    assert content["run"] == found.run
    page = (target / "map.html").read_text("utf-8")
    assert found.run == "town" or f"<title>{found.title_en}" in page
    assert run(["show", str(target)]) == EXIT_GOOD
    again = ["map", str(target), "--language", "en"]
    assert run(again) == EXIT_GOOD


@pytest.mark.parametrize("seed", range(KILLS))
def test_killed_tables(planned, killer, tmp_path, seed):
    target = tmp_path / "town"
    shutil.copytree(planned, target)
    (target / "tables").mkdir()
    (target / "tables" / "mine.csv").write_text("years of work", encoding="utf-8")
    killed(killer, "table", target, seed)
    load_plan(target)
    tables = target / "tables"
    assert (tables / "mine.csv").read_text("utf-8") == "years of work"
    made = sorted(path for path in tables.iterdir() if path.suffix == ".geojson")
    assert len(made) in {0, 3}
    for path in made:
        json.loads(path.read_text("utf-8"))
    assert (tables / "plan.xlsx").exists() == bool(made)


@pytest.mark.parametrize("seed", range(KILLS))
def test_killed_handouts(planned, killer, tmp_path, seed):
    target = tmp_path / "town"
    shutil.copytree(planned, target)
    killed(killer, "handout", target, seed)
    load_plan(target)
    if (target / "handouts").exists():
        found = {path.read_text("utf-8") for path in (target / "handouts").iterdir()}
        assert len(found) == 1
        assert len(list((target / "handouts").iterdir())) == 20


@pytest.mark.parametrize("seed", range(KILLS))
def test_a_killed_table_of_a_sweep(killer, tmp_path, seed):
    target = tmp_path / "sweep"
    killed(killer, "sweep", target, seed)
    if (target / "results.csv").exists():
        lines = (target / "results.csv").read_text("utf-8").splitlines()
        assert len(lines) == 301
        assert len({"one" in line for line in lines[1:]}) == 1


@pytest.mark.parametrize("seed", range(KILLS))
def test_a_killed_cache(killer, tmp_path, seed):
    killed(killer, "cache", tmp_path / "cache", seed)
    cache = Cache(tmp_path / "cache")
    for number in range(3):
        found = cache.get("inputs", str(number))
        assert found in (None, bytes([number]) * 3_000_000)
    assert all(entry.size_bytes == 3_000_032 for entry in cache.entries())


@pytest.mark.parametrize("seed", range(max(KILLS // 4, 1)))
def test_a_planner_who_kills_the_command_keeps_the_old_plan(planned, tmp_path, seed):
    scenario = set_up(tmp_path)
    edit(scenario, "chargers = 40", "chargers = 36")
    shutil.copytree(planned, tmp_path / "maps" / "town")
    command = [
        sys.executable,
        "-m",
        "siting",
        "plan",
        str(scenario),
        "--out",
        str(tmp_path / "maps"),
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          start_new_session=True) as writer:  # fmt: skip
        time.sleep(random.Random(seed).uniform(1.0, 8.0))
        os.killpg(writer.pid, signal.SIGKILL)
    assert load_plan(tmp_path / "maps" / "town").totals["chargers"] in {36, 40}
