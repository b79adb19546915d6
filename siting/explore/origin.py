"""The base plan of a sweep, made first and once: where every other plan of it starts from."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from siting.errors import SitingError
from siting.explore.rows import unwritable
from siting.explore.tasks import OK, make_plan_row
from siting.startfile import RESTART_NPZ, read_start, write_start

if TYPE_CHECKING:
    from pathlib import Path

    from siting.explore.tasks import Shared, Task
    from siting.optimize.start import Start

_log = logging.getLogger(__name__)


def begin_from(
    base: Task, shared: Shared, folder: Path, kept: dict[str, Any] | None
) -> tuple[dict[str, Any], Shared]:
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
    dict, Shared
        The base's row, and what the other tasks are given: with the start, or as it was if the
        base has no plan, or one of an objective that leaves nothing.
    """
    place = folder / f"base-{base.id}"
    if kept is not None:
        if kept["state"] != OK:
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
    try:
        place.mkdir(exist_ok=True)
        part = place / f".part-{RESTART_NPZ}"
        write_start(start, part)
        part.replace(place / RESTART_NPZ)
    except OSError as error:
        raise unwritable(place, error) from error
