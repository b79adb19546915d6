"""A sweep: many plans of one scenario, each kept the moment it is made, and one table of all.

The folder of a sweep holds ``rows.jsonl``, one line a plan, written as the plans come in;
``results.parquet`` (or ``.csv``), the same as a table in the order of the draws, without the
times; and ``sweep.json``, what was asked. A sweep started again in its folder makes only what is
not in ``rows.jsonl`` yet: the id of a plan is the hash of all it depends on.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from siting.contrast.figures import directions
from siting.errors import OutputError
from siting.explore.draws import Draw, make_draws
from siting.explore.engine import run_tasks, workers
from siting.explore.held import hold
from siting.explore.tasks import LOST, OK, Shared, Task, lost_row, make_row, task_id
from siting.runfolder import write_whole
from siting.scenario import changed_scenario, dump_scenario

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from siting.cache import Cache
    from siting.scenario import Scenario

ROWS, ASKED = "rows.jsonl", "sweep.json"
_LISTS = ("site_ids", "site_chargers", "swap_site_ids")

Form = Literal["parquet", "csv"]


@dataclass(frozen=True, eq=False)
class Swept:
    """A finished sweep: its rows in the order of the draws, and how many were there before."""

    rows: list[dict[str, Any]]
    reused: int
    table: Path

    @property
    def failed(self) -> int:
        """How many draws have no plan."""
        return sum(row["state"] != OK for row in self.rows)


@dataclass(frozen=True)
class Wanted:
    """What a sweep is to make.

    Attributes
    ----------
    grid, samples, seed
        See :func:`siting.explore.draws.make_draws`.
    form
        Form of the table.
    runs
        Write a run folder of each plan too, below ``runs``.
    """

    grid: dict[str, tuple[Any, ...]]
    samples: int = 0
    seed: int = 7
    form: Form = "parquet"
    runs: bool = False


def sweep(
    scenario: Scenario,
    folder: Path,
    wanted: Wanted,
    *,
    count: int | None = None,
    scheduler: str | None = None,
    cache: Cache | None = None,
    progress: Callable[[int, int, int], None] = lambda *_: None,
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
    count, scheduler
        See :func:`siting.explore.engine.workers`.
    cache
        As in :func:`siting.pipeline.prepare`, for the base scenario.
    progress
        Told plans done, plans in all, and plans failed.

    Raises
    ------
    ScenarioError
        If nothing is to be varied, or a value does not fit its key.
    DataError
        If an input is at fault.
    OutputError
        If the folder cannot be written.
    """
    draws = make_draws(scenario, wanted.grid, samples=wanted.samples, seed=wanted.seed)
    payloads, inputs = hold(scenario, cache)
    shared = Shared(scenario, payloads, folder.resolve() / "runs" if wanted.runs else None)
    asked = {
        "scenario": dump_scenario(scenario),
        "samples": wanted.samples,
        "seed": wanted.seed,
        "grid": {key: list(values) for key, values in wanted.grid.items()},
    }
    tasks = make_tasks(scenario, draws, inputs)
    rows, reused = run_kept(
        tasks, shared, folder,
        asked=asked | {"ids": [task.id for task in tasks]},
        count=count, scheduler=scheduler, progress=progress,
    )  # fmt: skip
    table = folder / f"results.{wanted.form}"
    write_table(rows, table)
    return Swept(rows, reused, table)


def run_kept(  # as sweep
    tasks: list[Task],
    shared: Shared,
    folder: Path,
    *,
    asked: dict[str, Any],
    count: int | None = None,
    scheduler: str | None = None,
    progress: Callable[[int, int, int], None] = lambda *_: None,
) -> tuple[list[dict[str, Any]], int]:
    """Run the tasks that a folder has no row of; return all rows in order, and how many it had.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    """
    kept = _begin(folder, asked)
    known = {task.id: kept[task.id] for task in tasks if task.id in kept}
    reused = len(known)
    missing = list({task.id: task for task in tasks if task.id not in known}.values())

    def tell() -> None:
        progress(len(known), len(tasks), sum(row["state"] != OK for row in known.values()))

    tell()
    if missing:
        with (folder / ROWS).open("a", encoding="utf-8", newline="\n") as stream:

            def done(row: dict[str, Any]) -> None:
                known[row["id"]] = row
                stream.write(json.dumps(row, ensure_ascii=False, sort_keys=True) + "\n")
                stream.flush()
                os.fsync(stream.fileno())
                tell()

            with workers(count, scheduler) as client:
                run_tasks(client, make_row, missing, shared, lost=lost_row, done=done)
    # the same plan may be asked for by two draws under other names
    return [known[task.id] | _asked(task) for task in tasks], reused


def read_rows(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the rows of a sweep by id; half a line of a writer that was killed is left out.

    Plans lost with their worker count as not made.
    """
    path = folder / ROWS
    rows: dict[str, dict[str, Any]] = {}
    if not path.exists():
        return rows
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
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
        write_whole(path, frame.to_csv(index=False, lineterminator="\n"))
        return
    part = path.with_name(f".{path.name}.part")
    try:
        frame.to_parquet(part, index=False)
        part.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        part.unlink(missing_ok=True)


def make_tasks(scenario: Scenario, draws: list[Draw], inputs: list[str]) -> list[Task]:
    """Return draws with the ids of their plans."""
    return [
        Task(task_id(changed_scenario(scenario, draw.settings), inputs), draw) for draw in draws
    ]


def _asked(task: Task) -> dict[str, Any]:
    return {"sample": task.draw.sample, "grid": task.draw.grid, "drawn": task.draw.drawn}


def _begin(folder: Path, asked: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Make the folder, write down what is asked, and return the rows it has."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        kept = read_rows(folder)
        path = folder / ROWS
        if path.exists() and path.stat().st_size and not path.read_bytes().endswith(b"\n"):
            with path.open("a", encoding="utf-8", newline="\n") as stream:
                stream.write("\n")  # half a line of a writer that was killed ends here
    except OSError as error:
        raise _unwritable(folder, error) from error
    write_whole(folder / ASKED, json.dumps(asked, ensure_ascii=False, indent=1, sort_keys=True))
    return kept


def _unwritable(path: Path, error: OSError) -> OutputError:
    return OutputError(
        f"'{path.name}' cannot be written: {error.strerror}",
        where=str(path),
        cure="name a folder you may write to with --out",
    )
