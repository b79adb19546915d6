"""The files of a sweep: a line for each plan the moment it is made, and one table of all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pandas as pd

from siting.contrast.figures import directions
from siting.errors import OutputError
from siting.explore.tasks import LOST
from siting.runfolder import write_whole

if TYPE_CHECKING:
    from pathlib import Path

ROWS, ASKED = "rows.jsonl", "sweep.json"
_LISTS = ("site_ids", "site_chargers", "swap_site_ids")


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
        raise unwritable(path, error) from error
    finally:
        part.unlink(missing_ok=True)


def begin_rows(folder: Path, asked: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Make the folder of a sweep, write down what is asked, and return the rows it has by id.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        kept = read_rows(folder)
        path = folder / ROWS
        if path.exists() and path.stat().st_size and not path.read_bytes().endswith(b"\n"):
            with path.open("a", encoding="utf-8", newline="\n") as stream:
                stream.write("\n")  # half a line of a writer that was killed ends here
    except OSError as error:
        raise unwritable(folder, error) from error
    write_whole(folder / ASKED, json.dumps(asked, ensure_ascii=False, indent=1, sort_keys=True))
    return kept


def unwritable(path: Path, error: OSError) -> OutputError:
    """Return the error of a file or folder that cannot be written, with its cure."""
    return OutputError(
        f"'{path.name}' cannot be written: {error.strerror}",
        where=str(path),
        cure="name a folder you may write to with --out",
    )
