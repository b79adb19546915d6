"""One plan among many: what identifies it, making it on a worker, and the files of all."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, field, replace
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

import siting
from siting import files
from siting.comparison.figure_lines import all_figures, directions
from siting.errors import SitingError
from siting.outputs import words
from siting.pipeline import run as pipeline
from siting.pipeline.meter import Meter
from siting.plan import folder as runfolder
from siting.plan.parts import made, tidy
from siting.scenario import Settings, changed_scenario, dump_scenario
from siting.study.engine import Held

if TYPE_CHECKING:
    from siting.cache import Cache
    from siting.files import JsonObject
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
        plan = pipeline.run(scenario, meter=meter, folder=data, start=start, cache=cache)
        with meter.stage("map"):
            from siting.outputs import map as webmap  # noqa: PLC0415  # after the files are checked

            page = webmap.make_map(plan, basemap=scenario.map.basemap, key=key)
            files.write_whole(part / runfolder.MAP_HTML, page)
        plan = replace(plan, timings=meter.timings())
        runfolder.save_plan(plan, part, say=words.speaker(plan.language, plan.kinds))
    return plan


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


_ABSENT = {"absent": True}

Figures = dict[str, Any]
"""Every figure of a plan as JSON types, by name; None where it is missing."""


@dataclass(frozen=True)
class PlanRow:
    """What a sweep keeps of a plan; what is not known is left out of its line.

    Attributes
    ----------
    id, sample, grid, drawn
        Of the task.
    state
        ``OK``, ``FAILED`` or ``LOST``.
    status, figures, site_ids, site_chargers, swap_site_ids
        Of the plan, if there is one.
    error, what
        Why there is none.
    seconds, cpu_seconds, stages, peak_mb
        What alone differs between two runs.
    """

    id: str
    state: str
    sample: int | None = None
    grid: Settings = field(default_factory=dict)
    drawn: Settings = field(default_factory=dict)
    status: str | None = field(default=None, metadata=_ABSENT)
    figures: Figures = field(default_factory=dict)
    site_ids: tuple[str, ...] = ()
    site_chargers: tuple[int, ...] = ()
    swap_site_ids: tuple[str, ...] = ()
    error: str | None = field(default=None, metadata=_ABSENT)
    what: str | None = field(default=None, metadata=_ABSENT)
    seconds: float | None = field(default=None, metadata=_ABSENT)
    cpu_seconds: float | None = field(default=None, metadata=_ABSENT)
    stages: dict[str, float] | None = field(default=None, metadata=_ABSENT)
    peak_mb: float | None = field(default=None, metadata=_ABSENT)

    @property
    def planned(self) -> bool:
        """Whether there is a plan."""
        return self.state == OK

    @property
    def sampled(self) -> bool:
        """Whether there is a plan, and of a sample."""
        return self.planned and self.sample is not None


@dataclass(frozen=True, eq=False)
class Shared:
    """What every task of a sweep needs: carried to each worker once.

    Attributes
    ----------
    scenario
        The base scenario.
    payloads
        What its stages made; see :func:`siting.study.engine.hold`.
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


def make_row(task: Task, shared: Shared) -> PlanRow:
    """Make one plan and return what a sweep keeps of it; runs on a worker.

    An error of ours becomes a row that says so; any other goes up to the engine.
    """
    return make_plan_row(task, shared)[0]


def make_plan_row(task: Task, shared: Shared) -> tuple[PlanRow, Plan | None]:
    """Return the row of :func:`make_row`, and the plan if there is one."""
    clock, cpu = time.perf_counter(), time.process_time()
    meter = Meter(lambda *_: None)
    plan = None
    try:
        scenario = changed_scenario(shared.scenario, task.draw.settings)
        plan = _plan(scenario, shared, task, meter)
        row = _row_of(task, plan)
    except SitingError as error:
        row = _failed(task, FAILED, type(error).__name__, error.what)
    row = replace(
        row,
        seconds=round(time.perf_counter() - clock, 3),
        cpu_seconds=round(time.process_time() - cpu, 3),
        stages=dict(meter.seconds),
        peak_mb=max(meter.peak_mb.values(), default=None),
    )
    return row, plan


def lost_row(task: Task, error: BaseException | None) -> PlanRow:
    """Return the row of a task that no worker came back from, or that met a bug of ours."""
    what = "its worker was lost" if error is None else str(error)
    return _failed(task, LOST, type(error).__name__, what)


def _failed(task: Task, state: str, error: str, what: str) -> PlanRow:
    draw = task.draw
    return PlanRow(task.id, state, draw.sample, draw.grid, draw.drawn, error=error, what=what)


def _plan(scenario: Scenario, shared: Shared, task: Task, meter: Meter) -> Plan:
    held, start = Held(shared.payloads), shared.start
    if shared.runs is None:
        return pipeline.run(scenario, meter=meter, cache=held, start=start, lean=True)
    named = changed_scenario(scenario, {"run.name": f"sweep-{task.id}"})
    folder = shared.runs / named.run.name
    return make_run(named, folder, data=Path.cwd(), meter=meter, cache=held, start=start)


def _row_of(task: Task, plan: Plan) -> PlanRow:
    sites, draw = plan.sites.sort_values("site_id", kind="stable"), task.draw
    return PlanRow(
        task.id, OK, draw.sample, draw.grid, draw.drawn,
        status=str(plan.outcome.status),
        figures=tidy(all_figures(plan)),
        site_ids=tuple(sites["site_id"]),
        site_chargers=tuple(int(count) for count in sites["chargers"]),
        swap_site_ids=tuple(sorted(plan.swap_sites["site_id"])),
    )  # fmt: skip


ROWS, ASKED = "rows.jsonl", "sweep.json"
_LISTS = ("site_ids", "site_chargers", "swap_site_ids")


def read_rows(folder: Path) -> dict[str, PlanRow]:
    """Return the rows of a sweep by id; half a line of a writer that was killed is left out.

    Plans lost with their worker count as not made.
    """
    path = folder / ROWS
    rows: dict[str, PlanRow] = {}
    if not files.is_file(path):
        return rows
    for line in files.read_bytes(path).decode("utf-8", errors="replace").splitlines():
        try:
            row = made(PlanRow, json.loads(line))
        except (KeyError, TypeError, ValueError):
            continue
        if row.state != LOST:
            rows[row.id] = row
    return rows


def line_of(row: PlanRow) -> str:
    """Return the line of JSON that is kept of a row."""
    return json.dumps(tidy(row, None), ensure_ascii=False, sort_keys=True) + "\n"


def results_frame(rows: list[PlanRow]) -> pd.DataFrame:
    """Return rows as a table: settings, state, figures, and the sites as lists in JSON."""
    flat = [
        {
            "id": row.id,
            "sample": row.sample,
            **{f"grid.{key}": value for key, value in row.grid.items()},
            **{f"drawn.{key}": value for key, value in row.drawn.items()},
            "state": row.state,
            "error": row.error,
            "what": row.what,
            "status": row.status,
            **{name: row.figures[name] for name in _in_order(row.figures)},
            **{name: json.dumps(getattr(row, name)) if row.planned else None for name in _LISTS},
        }
        for row in rows
    ]
    return pd.DataFrame(flat).astype({"sample": "Int64"})


def _in_order(figures: Figures) -> list[str]:
    known = [name for name in directions() if name in figures]
    return [*known, *sorted(set(figures) - set(known))]


def write_table(rows: list[PlanRow], path: Path) -> None:
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


def begin_rows(folder: Path, asked: JsonObject) -> dict[str, PlanRow]:
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
