"""Finished runs side by side: read, checked to rest on the same data, and written for people."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from siting import files
from siting.comparison import MOVED_M, Contrast, contrast
from siting.errors import ChangedDataError, ScenarioError
from siting.outputs.map.difference_map import make_contrast_map
from siting.outputs.pages import make_contrast_page
from siting.outputs.workbook.book import write_contrast_book
from siting.plan import folder as runfolder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_FEWEST = 2


def compare_runs(
    folders: Sequence[Path], *, different_data: bool = False, moved_m: float = MOVED_M
) -> Contrast:
    """Put the plans of run folders side by side; the first is what the others are held against.

    Parameters
    ----------
    folders
        Two run folders or more.
    different_data
        Compare although the plans rest on different data; every output then says so.
    moved_m
        See :func:`siting.comparison.comparison`.

    Raises
    ------
    ScenarioError
        If there are fewer than two, or two runs have the same name.
    InputMissingError, BrokenFileError
        If a folder holds no plan.
    ChangedDataError
        If the plans rest on different data and nobody allowed it.
    """
    if len(folders) < _FEWEST:
        raise ScenarioError(
            "one plan cannot be compared",
            where=", ".join(map(str, folders)),
            cure="name two run folders or more, e.g. maps/yubei-base maps/yubei-equity",
        )
    plans = [runfolder.load_plan(folder) for folder in folders]
    if len({plan.run for plan in plans}) < len(plans):
        # copies, or runs of other folders: then the folder tells them apart
        plans = [
            replace(plan, run=folder.name) for plan, folder in zip(plans, folders, strict=True)
        ]
    names = [plan.run for plan in plans]
    if len(set(names)) < len(names):
        raise ScenarioError(
            f"two of the runs have the same name: {', '.join(names)}",
            where=", ".join(map(str, folders)),
            cure="name each run once, and rename the folder of one of two alike",
        )
    made = contrast(plans, moved_m=moved_m)
    if made.other_inputs and not different_data:
        raise ChangedDataError(
            f"the plans rest on different data: {', '.join(made.other_inputs)}",
            where=", ".join(map(str, folders)),
            cure="plan them on the same data, or compare them nevertheless with --different-data",
        )
    return made


def write_contrast(
    made: Contrast,
    *,
    language: str,
    xlsx: Path | None = None,
    page: Path | None = None,
    map_page: Path | None = None,
) -> list[Path]:
    """Write what was asked for of a contrast, each file whole or not at all.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    OutputError
        If one cannot be written.
    """
    written = []
    if xlsx is not None:
        write_contrast_book(made, xlsx, language=language)
        written.append(xlsx)
    for path, make in ((page, make_contrast_page), (map_page, make_contrast_map)):
        if path is not None:
            files.write_whole(path, make(made, language=language))
            written.append(path)
    return written
