"""A sweep: many plans of one scenario, each kept the moment it is made, and one table of all.

The folder of a sweep holds ``rows.jsonl``, one line a plan, written as the plans come in;
``results.parquet`` (or ``.csv``), the same as a table in the order of the samples, without the
times; and ``sweep.json``, what was asked. A sweep started again in its folder makes only what is
not in ``rows.jsonl`` yet: the id of a plan is the hash of all it depends on.

The base plan is made first, and every other one starts from it unless each is wanted afresh.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from siting import files
from siting.errors import SitingError
from siting.plan.start import RESTART_NPZ, read_start, write_start
from siting.scenario import changed_scenario, dump_scenario
from siting.study.engine import Execution, hold, run_tasks, workers
from siting.study.samples import Draw, make_draws
from siting.study.tasks import (
    ROWS,
    PlanRow,
    Shared,
    Task,
    begin_rows,
    line_of,
    lost_row,
    make_plan_row,
    make_row,
    started_id,
    task_id,
    write_table,
)

if TYPE_CHECKING:
    from pathlib import Path

    from siting.optimize.problem.solution import Start
    from siting.scenario import Scenario


_log = logging.getLogger(__name__)


def begin_from(
    base: Task, shared: Shared, folder: Path, kept: PlanRow | None
) -> tuple[PlanRow, Shared]:
    """Make the base plan, or take what an earlier call left of it, and hand it to all others.

    Parameters
    ----------
    base
        The task of the base, without any setting.
    shared
        What every task is given.
    folder
        Folder of the sweep; what the base plan left is kept there, in a folder named by its id.
    kept
        Row of the base from an earlier call, if there is one.

    Returns
    -------
    PlanRow, Shared
        The base's row, and what the other tasks are given: with the start, or as it was if the
        base has no plan, or one of an objective that leaves nothing.
    """
    place = folder / f"base-{base.id}"
    if kept is not None:
        if not kept.planned:
            return kept, shared
        try:
            return kept, _from(read_start(place), base, shared)
        except SitingError:
            _log.info("the base plan's start is not there any more, and is made again")
    row, plan = make_plan_row(base, shared)
    if plan is None or plan.start is None:
        return row, shared
    _keep(plan.start, place)
    return row, _from(plan.start, base, shared)


def _from(start: Start, base: Task, shared: Shared) -> Shared:
    return replace(shared, start=replace(start, run=shared.scenario.run.name, sha256=base.id))


def _keep(start: Start, place: Path) -> None:
    """Write what the base plan left, whole or not at all."""
    with files.writing(place):
        place.mkdir(exist_ok=True)
    write_start(start, place / RESTART_NPZ)


Form = Literal["parquet", "csv"]


@dataclass(frozen=True, eq=False)
class Swept:
    """A finished sweep: its rows in the order of the draws, and how many were there before."""

    rows: list[PlanRow]
    reused: int
    table: Path

    @property
    def failed(self) -> int:
        """How many draws have no plan."""
        return sum(not row.planned for row in self.rows)


@dataclass(frozen=True)
class Wanted:
    """What a sweep is to make.

    Attributes
    ----------
    grid, samples, seed
        See :func:`siting.study.samples.make_draws`.
    form
        Form of the table.
    runs
        Write a run folder of each plan too, below ``runs``.
    afresh
        Make each plan without starting from that of the base.
    """

    grid: dict[str, tuple[Any, ...]]
    samples: int = 0
    seed: int = 7
    form: Form = "parquet"
    runs: bool = False
    afresh: bool = False


def sweep(
    scenario: Scenario,
    folder: Path,
    wanted: Wanted,
    execution: Execution | None = None,
) -> Swept:
    """Make the plans of a grid and of samples.

    Parameters
    ----------
    scenario
        The base scenario; its block ``uncertainty`` says what is drawn.
    folder
        Folder of the sweep; plans that it holds already are not made again.
    wanted
        What to make.
    execution
        How the plans are made.

    Raises
    ------
    ScenarioError
        If nothing is to be varied, or a value does not fit its key.
    DataError
        If an input is at fault.
    OutputError
        If the folder cannot be written.
    """
    execution = execution or Execution()
    draws = make_draws(scenario, wanted.grid, samples=wanted.samples, seed=wanted.seed)
    payloads, inputs = hold(scenario, execution.cache)
    shared = Shared(scenario, payloads, folder.resolve() / "runs" if wanted.runs else None)
    asked: dict[str, Any] = {
        "scenario": dump_scenario(scenario),
        "samples": wanted.samples,
        "seed": wanted.seed,
        "grid": {key: list(values) for key, values in wanted.grid.items()},
        "afresh": wanted.afresh,
    }
    tasks = make_tasks(scenario, draws, inputs, afresh=wanted.afresh)
    asked["ids"] = [task.id for task in tasks]
    rows, reused = run_kept(tasks, shared, folder, execution, asked=asked)
    table = folder / f"results.{wanted.form}"
    write_table(rows, table)
    return Swept(rows, reused, table)


def run_kept(
    tasks: list[Task],
    shared: Shared,
    folder: Path,
    execution: Execution,
    *,
    asked: dict[str, Any],
) -> tuple[list[PlanRow], int]:
    """Run the tasks that a folder has no row of; return all rows in order, and how many it had.

    The first task is the base; it is made first if others start from its plan.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    """
    kept = begin_rows(folder, asked)
    known = {task.id: kept[task.id] for task in tasks if task.id in kept}
    reused = len(known)
    missing = list({task.id: task for task in tasks if task.id not in known}.values())

    def tell() -> None:
        execution.progress(len(known), len(tasks), sum(not row.planned for row in known.values()))

    tell()
    if missing:
        with (
            files.writing(folder / ROWS),
            (folder / ROWS).open("a", encoding="utf-8", newline="\n") as stream,
        ):

            def done(row: PlanRow) -> None:
                known[row.id] = row
                stream.write(line_of(row))
                stream.flush()
                os.fsync(stream.fileno())
                tell()

            if any(task.origin for task in missing):
                row, shared = begin_from(tasks[0], shared, folder, known.get(tasks[0].id))
                if tasks[0].id not in known:
                    done(row)
                missing = [task for task in missing if task.id not in known]
            with workers(execution.count, execution.scheduler) as client:
                run_tasks(client, make_row, missing, shared, lost=lost_row, done=done)
    # the same plan may be asked for by two draws under other names
    return [_as_asked(known[task.id], task) for task in tasks], reused


def make_tasks(
    scenario: Scenario, draws: list[Draw], inputs: list[str], *, afresh: bool = False
) -> list[Task]:
    """Return draws with the ids of their plans; the first is the base.

    Unless they are made afresh, the plans of the others hang on that of the base too.
    """
    tasks = [
        Task(task_id(changed_scenario(scenario, draw.settings), inputs), draw) for draw in draws
    ]
    return tasks if afresh else [_from_base(task, tasks[0].id) for task in tasks]


def _from_base(task: Task, base: str) -> Task:
    """Return a task with the base's plan as its start, which its own id then hangs on."""
    return task if task.id == base else replace(task, id=started_id(task.id, base), origin=base)


def _as_asked(row: PlanRow, task: Task) -> PlanRow:
    draw = task.draw
    return replace(row, sample=draw.sample, grid=draw.grid, drawn=draw.drawn)
