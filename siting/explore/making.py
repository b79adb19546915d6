"""A scenario in, a finished run folder out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from siting import pipeline, runfolder
from siting.outputs import webmap, words

if TYPE_CHECKING:
    from pathlib import Path

    from siting.cache import Cache
    from siting.meter import Meter
    from siting.optimize.start import Start
    from siting.plan import Plan
    from siting.scenario import Scenario


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
        As in :func:`siting.pipeline.run`.
    key
        Key of the tiles of the scenario's basemap, if it wants one.

    Raises
    ------
    SitingError
        As :func:`siting.pipeline.run`; then the folder is as it was.
    """
    with runfolder.new_run_folder(folder) as part:
        made = pipeline.run(scenario, meter=meter, folder=data, start=start, cache=cache)
        with meter.stage("map"):
            page = webmap.make_map(made, basemap=scenario.map.basemap, key=key)
            (part / runfolder.MAP_HTML).write_text(page, encoding="utf-8", newline="\n")
        made = replace(made, timings=meter.content())
        runfolder.save_plan(made, part, say=words.speaker(made.language))
    return made
