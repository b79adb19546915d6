"""A plan on disk: the run folder, written whole or not at all.

A run folder holds ``plan.gpkg`` (every table, for QGIS and for :func:`load_plan`),
``sites.csv`` and ``swap_sites.csv`` (for Excel), ``plan.json`` (totals, status, provenance),
``restart.npz`` (what ``siting plan --start`` reads),
``timings.json`` (the only file that differs between two runs of one scenario, the bytes of
GeoPackages apart) and the pages that ``outputs`` adds.

A folder is built beside its place under a hidden name and renamed into it when complete,
so a reader never meets half a plan; an older plan of the same name goes only then.
"""

from __future__ import annotations

import json
import logging
import math
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from siting import files
from siting.errors import (
    BrokenFileError,
    DataError,
    InputMissingError,
    PlanExistsError,
    TableError,
)
from siting.notes import Note
from siting.optimize.problem.solution import Outcome, Status
from siting.plan.parts import (
    ChargerClass,
    Counts,
    DemandChain,
    Hydrogen,
    Phases,
    ScoreSummary,
    Timings,
    made,
    tidy,
)
from siting.plan.plan import Plan, Source
from siting.plan.start import RESTART_NPZ, write_start
from siting.plan.tables import read_tables, write_sheet, write_tables
from siting.tables import PLAN_ZONES, check
from siting.tables.fields import FACILITIES, plan_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from siting.files import JsonObject
    from siting.notes import Say

_LOG = logging.getLogger(__name__)

FORMAT = "siting-plan"
FORMAT_VERSION = 1
PLAN_JSON = "plan.json"
PLAN_TABLES = "plan.gpkg"
TIMINGS_JSON = "timings.json"
_GARBLED = (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError)
"""What entries raise that are gone or of another kind than they should be."""
MAP_HTML = "map.html"
HANDOUTS = "handouts"
TABLES = "tables"
REPORT = "report"
# Files of a run; whatever else a planner puts beside them survives the next run.
_OURS = frozenset({PLAN_JSON, PLAN_TABLES, TIMINGS_JSON, MAP_HTML, RESTART_NPZ, HANDOUTS,
                   *(f"{one.table}.csv" for one in FACILITIES),
                   f"{PLAN_TABLES}-wal", f"{PLAN_TABLES}-shm"})  # fmt: skip


@contextmanager
def new_run_folder(folder: Path) -> Iterator[Path]:
    """Give an empty folder to fill, and put it in its place when the block ends well.

    Parameters
    ----------
    folder
        Where the run folder shall stand. An older plan there is replaced, another folder not;
        what a planner put into the older one moves to the new one.

    Yields
    ------
    Path
        A hidden sibling to write into. If the block raises, it is removed and an older plan
        stays as it was.

    Raises
    ------
    PlanExistsError
        If something that is no plan stands there.
    OutputError
        If the folder cannot be written to, or its files are held open by a program.
    """
    _refuse_foreign(folder)
    with files.whole_folder(folder, ours=_is_ours) as part:
        yield part
        _refuse_foreign(folder)
    _LOG.info("run folder %s", folder)


def _is_ours(name: str) -> bool:
    return name in _OURS


def is_run_folder(folder: Path) -> bool:
    """Whether a folder holds a plan of ours."""
    settle_run(folder)
    try:
        content = files.read_json(folder / PLAN_JSON)
    except DataError:
        return False
    return isinstance(content, dict) and content.get("format") == FORMAT


def settle_run(folder: Path) -> None:
    """Finish what a writer of a run folder, or of its pages, left when it was killed."""
    files.settle(folder, ours=_is_ours)
    for name in (HANDOUTS, TABLES, REPORT):
        files.settle(folder / name, ours=_all_ours)


def _all_ours(_name: str) -> bool:
    return True


def save_plan(plan: Plan, folder: Path, *, say: Say) -> None:
    """Write a plan's tables and figures into an empty folder, mostly of `new_run_folder`.

    Parameters
    ----------
    plan
        The plan; its geometries in ``plan.crs``.
    folder
        An existing folder.
    say
        Words in the plan's language, for notes, kinds and the sample mark.

    Raises
    ------
    TableError
        If a table breaks its contract: a slip of ours, and nothing may be saved.
    """
    _check_tables(vars(plan))
    write_tables(plan, folder / PLAN_TABLES, say=say)
    for facility in plan.facilities:
        write_sheet(plan, facility, folder / f"{facility.table}.csv", say=say)
    _write_json(folder / PLAN_JSON, plan_content(plan, say=say))
    _write_json(folder / TIMINGS_JSON, tidy(plan.timings, None))
    if plan.start is not None:
        write_start(plan.start, folder / RESTART_NPZ)


def _check_tables(tables: Mapping[str, Any]) -> None:
    """Hold the tables that outputs read columns of against their contracts."""
    for facility in FACILITIES:
        if tables.get(facility.table) is not None:
            check(tables[facility.table], plan_table(facility))
    check(tables["zones"], PLAN_ZONES)


def plan_content(plan: Plan, *, say: Say) -> JsonObject:
    """Return what ``plan.json`` holds: JSON types, no time, no path of a machine.

    ``totals.stations``, ``totals.chargers``, ``totals.swap_stations``, ``status``, ``bound``
    and ``gap_share`` are read by other programs and keep their names. Missing numbers are null.
    """
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "run": plan.run,
        "language": plan.language,
        "title_zh": plan.title_zh,
        "title_en": plan.title_en,
        "crs": plan.crs,
        "synthetic": plan.synthetic,
        "mark": say("mark.sample") if plan.synthetic else None,
        "totals": plan.totals,
        "targets": plan.targets,
        "charger_classes": tidy(plan.charger_classes),
        "pools": tidy(plan.counts.pools) if plan.counts else {},
        "totals_otherwise": tidy(plan.counts.otherwise) if plan.counts else {},
        "figures": tidy(plan.figures),
        "baselines": tidy(plan.baselines),
        "demand": tidy(plan.chain or {}),
        **({"hydrogen": tidy(plan.hydrogen)} if plan.hydrogen else {}),
        **({"phases": tidy(plan.phases)} if plan.phases else {}),
        **({"kinds": plan.kinds} if plan.kinds else {}),
        **tidy(asdict(plan.outcome)),
        "answer": _answer(plan, say),
        "scoring": tidy(plan.scoring or {}),
        "screening": [{"step": step, "count": count} for step, count in plan.screening],
        "notes": [
            {
                "key": note.key,
                "values": tidy(note.values),
                "text": say(f"note.{note.key}", **note.values),
            }
            for note in plan.notes
        ],
        "sources": [asdict(source) for source in plan.sources],
        "seed": plan.scenario.get("run", {}).get("seed"),
        "scenario": plan.scenario,
        "versions": plan.versions,
    }


def _answer(plan: Plan, say: Say) -> str:
    """Return what value and bound say, in words with their unit."""
    key, values = plan.answer
    return say(key, **values)


def load_plan(folder: Path) -> Plan:
    """Read a plan back from its run folder.

    Raises
    ------
    InputMissingError
        If there is no such folder, or no plan in it.
    BrokenFileError
        If a file of it is cut short, changed, or of a newer format.
    """
    settle_run(folder)
    content = _read_json(folder / PLAN_JSON)
    if content.get("format") != FORMAT or content.get("format_version") != FORMAT_VERSION:
        raise BrokenFileError(
            f"{PLAN_JSON} is not a plan of format {FORMAT_VERSION}",
            where=str(folder),
            cure="make the plan again with: siting plan SCENARIO",
        )
    tables = read_tables(folder / PLAN_TABLES)
    try:
        _check_tables(tables)
    except TableError as error:
        raise BrokenFileError(
            f"{PLAN_TABLES} holds no plan of this version: {error.what}",
            where=str(folder / PLAN_TABLES),
            cure="make the plan again with: siting plan SCENARIO",
        ) from error
    try:
        plan = _from_content(content, tables)
    except _GARBLED as error:
        if isinstance(error, (BrokenFileError, InputMissingError)):
            raise
        raise BrokenFileError(
            f"{PLAN_JSON} lacks or garbles an entry: {error!r}",
            where=str(folder / PLAN_JSON),
            cure="make the plan again with: siting plan SCENARIO",
        ) from error
    return replace(plan, timings=_timings(folder / TIMINGS_JSON))


def _timings(path: Path) -> Timings:
    """Return what the stages took; nothing where the file is gone."""
    if not path.exists():
        return Timings()
    try:
        return made(Timings, _read_json(path))
    except _GARBLED as error:
        if isinstance(error, (BrokenFileError, InputMissingError)):
            raise
        raise BrokenFileError(
            f"{TIMINGS_JSON} lacks or garbles an entry: {error!r}",
            where=str(path),
            cure="delete it: it only says how long the stages took",
        ) from error


def _refuse_foreign(folder: Path) -> None:
    if not folder.exists() or is_run_folder(folder):
        return
    if folder.is_dir() and not any(folder.iterdir()):
        return
    raise PlanExistsError(
        f"'{folder.name}' is there already and is not a plan",
        where=str(folder),
        cure="move it away, or give the run another name: --set run.name=other",
    )


def _write_json(path: Path, content: JsonObject) -> None:
    text = json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False)
    files.write_whole(path, text + "\n")


def _read_json(path: Path) -> JsonObject:
    if not files.is_file(path):
        raise InputMissingError(
            f"no plan here: {path.name} is missing",
            where=str(path.parent),
            cure="name a run folder, e.g. maps/yubei-2025; siting plan SCENARIO makes one",
        )
    content = files.read_json(path, cure="make the plan again with: siting plan SCENARIO")
    if not isinstance(content, dict):
        raise BrokenFileError(
            f"{path.name} does not hold a plan",
            where=str(path),
            cure="make the plan again with: siting plan SCENARIO",
        )
    return content


def _from_content(content: dict[str, Any], tables: dict[str, Any]) -> Plan:
    numbers = ("value", "bound", "gap_share", "reduced_value", "reduced_bound",
               "reduced_gap_share", "swap_gap_share")  # fmt: skip
    return Plan(
        **{key: content[key] for key in ("run", "language", "title_zh", "title_en", "crs")},
        totals=content["totals"],
        targets=content["targets"],
        figures=_numbers(content["figures"]),
        baselines={name: _numbers(values) for name, values in content["baselines"].items()},
        chain=made(DemandChain, content["demand"]) if content["demand"] else None,
        outcome=Outcome(
            status=Status(content["status"]),
            solver=content["solver"],
            objective=content.get("objective", "joint"),
            **{key: _number(content[key]) for key in numbers},
        ),
        screening=tuple((entry["step"], entry["count"]) for entry in content["screening"]),
        notes=tuple(Note(entry["key"], entry["values"]) for entry in content["notes"]),
        sources=tuple(Source(**entry) for entry in content["sources"]),
        scenario=content["scenario"],
        scoring=made(ScoreSummary, content["scoring"]) if content.get("scoring") else None,
        charger_classes={
            name: made(ChargerClass, entry)
            for name, entry in content.get("charger_classes", {}).items()
        },
        counts=_counts(content),
        hydrogen=made(Hydrogen, content["hydrogen"]) if content.get("hydrogen") else None,
        phases=made(Phases, content["phases"]) if content.get("phases") else None,
        kinds={
            kind: {language: str(names[language]) for language in ("zh", "en")}
            for kind, names in dict(content.get("kinds", {})).items()
        },
        versions=content["versions"],
        **tables,
    )


def _counts(content: JsonObject) -> Counts | None:
    """Return the counts of a plan; none of one that was made before they were counted."""
    if not content.get("totals_otherwise"):
        return None
    parts = {"pools": content["pools"], "otherwise": content["totals_otherwise"]}
    return made(Counts, parts)


def _numbers(values: dict[str, float | None]) -> dict[str, float]:
    return {key: _number(value) for key, value in values.items()}


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
