"""One plan among many: what identifies it, making it on a worker, and the files of all."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, replace
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

import siting
from siting import files
from siting.comparison.figure_lines import all_figures, directions
from siting.errors import SitingError
from siting.outputs import map as webmap
from siting.outputs import words
from siting.pipeline import run as pipeline
from siting.pipeline.meter import Meter
from siting.plan import folder as runfolder
from siting.plan.json_types import tidy
from siting.scenario import changed_scenario, dump_scenario
from siting.study.memory_cache import Held

if TYPE_CHECKING:
    from siting.cache import Cache
    from siting.optimize.problem.solution import Start
    from siting.plan.plan import Plan
    from siting.scenario import Scenario
    from siting.study.samples import Draw


def make_run(
    scenario: Scenario,
    folder: Path,
    *,
    data: Path,
    meter: Meter,
    cache: Cache | None = None,
    start: Start | None = None,
    key: str | None = None,
) -> Plan:
    """Make a plan and its map, and put them into a run folder.

    Parameters
    ----------
    scenario
        The scenario.
    folder
        The run folder; an older plan there is replaced when this one is whole.
    data
        Folder that the paths in the plan's copy of the scenario are written from.
    meter
        Told of the stages.
    cache, start
        As in :func:`siting.pipeline.run.run`.
    key
        Key of the tiles of the scenario's basemap, if it wants one.

    Raises
    ------
    SitingError
        As :func:`siting.pipeline.run.run`; then the folder is as it was.
    """
    with runfolder.new_run_folder(folder) as part:
        made = pipeline.run(scenario, meter=meter, folder=data, start=start, cache=cache)
        with meter.stage("map"):
            page = webmap.make_map(made, basemap=scenario.map.basemap, key=key)
            files.write_whole(part / runfolder.MAP_HTML, page)
        made = replace(made, timings=meter.timings())
        runfolder.save_plan(made, part, say=words.speaker(made.language, made.kinds))
    return made


OK, FAILED, LOST = "ok", "failed", "lost"
"""A plan was made; the task says why there is none; its worker died again and again."""

_ID_LENGTH = 16


@dataclass(frozen=True)
class Task:
    """One plan to make.

    Attributes
    ----------
    id
        Hash of all it depends on.
    draw
        What is changed for it.
    origin
        Id of the plan it starts from; empty if it is made afresh.
    """

    id: str
    draw: Draw
    origin: str = ""


@dataclass(frozen=True, eq=False)
class Shared:
    """What every task of a sweep needs: carried to each worker once.

    Attributes
    ----------
    scenario
        The base scenario.
    payloads
        What its stages made; see :func:`siting.study.memory_cache.hold`.
    runs
        Folder for run folders, seen from the worker; None for none.
    start
        What the base plan left, for every other plan to start from; None: each is made afresh.
    """

    scenario: Scenario
    payloads: dict[tuple[str, str], bytes]
    runs: Path | None = None
    start: Start | None = None


def task_id(scenario: Scenario, inputs: list[str]) -> str:
    """Return the id of a plan: the hash of its scenario, its inputs and our code.

    Parameters
    ----------
    scenario
        The changed scenario. Name, titles and language of the run, the map and the block of
        uncertainty change no plan, and do not count; nor do folders.
    inputs
        Hashes of the inputs.
    """
    content = dump_scenario(scenario, folder=Path.cwd())
    for key in ("map", "uncertainty"):
        content.pop(key)
    content["run"] = {"seed": content["run"]["seed"]}
    text = json.dumps([content, inputs, _code()], sort_keys=True)
    return _hashed(text)


def started_id(name: str, origin: str) -> str:
    """Return the id of a plan that starts from another one."""
    return _hashed(f"{name} from {origin}")


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:_ID_LENGTH]


@cache
def _code() -> str:
    """Return the hash of our modules and tables."""
    digest = hashlib.sha256()
    package = Path(siting.__file__).resolve().parent
    for path in sorted(package.rglob("*.py")):
        digest.update(path.relative_to(package).as_posix().encode("utf-8"))
        digest.update(path.read_bytes())
    return digest.hexdigest()


def make_row(task: Task, shared: Shared) -> dict[str, Any]:
    """Make one plan and return what a sweep keeps of it; runs on a worker.

    An error of ours becomes a row that says so; any other goes up to the engine.

    Returns
    -------
    dict
        JSON types: ``id``, ``sample``, ``grid``, ``drawn``, ``state``; of a plan ``figures``,
        ``status``, ``site_ids``, ``site_chargers``, ``swap_site_ids``, else ``error``, ``what``;
        and what alone differs between two runs, ``seconds``, ``cpu_seconds``, ``stages`` and
        ``peak_mb``.
    """
    return make_plan_row(task, shared)[0]


def make_plan_row(task: Task, shared: Shared) -> tuple[dict[str, Any], Plan | None]:
    """Return the row of :func:`make_row`, and the plan if there is one."""
    clock, cpu = time.perf_counter(), time.process_time()
    meter = Meter(lambda *_: None)
    row, plan = _head(task), None
    try:
        scenario = changed_scenario(shared.scenario, task.draw.settings)
        plan = _plan(scenario, shared, task, meter)
        row |= _told(plan)
    except SitingError as error:
        row |= {"state": FAILED, "error": type(error).__name__, "what": error.what}
    row |= {
        "seconds": round(time.perf_counter() - clock, 3),
        "cpu_seconds": round(time.process_time() - cpu, 3),
        "stages": dict(meter.seconds),
        "peak_mb": max(meter.peak_mb.values(), default=None),
    }
    return row, plan


def lost_row(task: Task, error: BaseException | None) -> dict[str, Any]:
    """Return the row of a task that no worker came back from, or that met a bug of ours."""
    what = "its worker was lost" if error is None else str(error)
    return _head(task) | {"state": LOST, "error": type(error).__name__, "what": what}


def _head(task: Task) -> dict[str, Any]:
    draw = task.draw
    return {"id": task.id, "sample": draw.sample, "grid": draw.grid, "drawn": draw.drawn}


def _plan(scenario: Scenario, shared: Shared, task: Task, meter: Meter) -> Plan:
    held, start = Held(shared.payloads), shared.start
    if shared.runs is None:
        return pipeline.run(scenario, meter=meter, cache=held, start=start, lean=True)
    named = changed_scenario(scenario, {"run.name": f"sweep-{task.id}"})
    folder = shared.runs / named.run.name
    return make_run(named, folder, data=Path.cwd(), meter=meter, cache=held, start=start)


def _told(plan: Plan) -> dict[str, Any]:
    sites = plan.sites.sort_values("site_id", kind="stable")
    return {
        "state": OK,
        "status": str(plan.outcome.status),
        "figures": tidy(all_figures(plan)),
        "site_ids": sites["site_id"].tolist(),
        "site_chargers": [int(count) for count in sites["chargers"]],
        "swap_site_ids": sorted(plan.swap_sites["site_id"]),
    }


ROWS, ASKED = "rows.jsonl", "sweep.json"
_LISTS = ("site_ids", "site_chargers", "swap_site_ids")


def read_rows(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the rows of a sweep by id; half a line of a writer that was killed is left out.

    Plans lost with their worker count as not made.
    """
    path = folder / ROWS
    rows: dict[str, dict[str, Any]] = {}
    if not files.is_file(path):
        return rows
    for line in files.read_bytes(path).decode("utf-8", errors="replace").splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict) and row.get("state") != LOST:
            rows[str(row.get("id"))] = row
    return rows


def results_frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Return rows as a table: settings, state, figures, and the sites as lists in JSON."""
    flat = [
        {
            "id": row["id"],
            "sample": row["sample"],
            **{f"grid.{key}": value for key, value in row["grid"].items()},
            **{f"drawn.{key}": value for key, value in row["drawn"].items()},
            "state": row["state"],
            "error": row.get("error"),
            "what": row.get("what"),
            "status": row.get("status"),
            **{name: row["figures"][name] for name in _in_order(row.get("figures", {}))},
            **{name: json.dumps(row[name]) if name in row else None for name in _LISTS},
        }
        for row in rows
    ]
    return pd.DataFrame(flat).astype({"sample": "Int64"})


def _in_order(figures: dict[str, Any]) -> list[str]:
    known = [name for name in directions() if name in figures]
    return [*known, *sorted(set(figures) - set(known))]


def write_table(rows: list[dict[str, Any]], path: Path) -> None:
    """Write rows as Parquet or CSV, whole or not at all.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    frame = results_frame(rows)
    if path.suffix == ".csv":
        files.write_whole(path, frame.to_csv(index=False, lineterminator="\n"))
        return
    packed = BytesIO()
    frame.to_parquet(packed, index=False)
    files.write_whole(path, packed.getvalue())


def begin_rows(folder: Path, asked: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Make the folder of a sweep, write down what is asked, and return the rows it has by id.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    """
    with files.writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        kept = read_rows(folder)
        path = folder / ROWS
        if path.exists() and path.stat().st_size and not path.read_bytes().endswith(b"\n"):
            with path.open("a", encoding="utf-8", newline="\n") as stream:
                stream.write("\n")  # half a line of a writer that was killed ends here
    files.write_whole(
        folder / ASKED, json.dumps(asked, ensure_ascii=False, indent=1, sort_keys=True)
    )
    return kept
