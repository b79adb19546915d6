"""One plan of a sweep: what identifies it, and making it on a worker."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import siting
from siting import pipeline
from siting.contrast.figures import all_figures
from siting.errors import SitingError
from siting.explore.held import Held
from siting.explore.making import make_run
from siting.meter import Meter
from siting.runfolder import tidy
from siting.scenario import changed_scenario, dump_scenario

if TYPE_CHECKING:
    from siting.explore.draws import Draw
    from siting.optimize.start import Start
    from siting.plan import Plan
    from siting.scenario import Scenario

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
        What its stages made; see :func:`siting.explore.held.hold`.
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
