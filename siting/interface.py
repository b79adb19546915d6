"""The Python interface: what a notebook or a program may rely on.

The names of ``siting.__all__`` lead here; everything else may change. They say nothing on the
screen and read nothing but what the scenario names.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from siting import files
from siting.cache import open_cache
from siting.checkup import Checkup, make_checkup
from siting.comparison import Contrast, contrast
from siting.outputs import map as webmap
from siting.outputs import paper as handouts
from siting.outputs import words
from siting.outputs.pages import tile_key
from siting.pipeline import run as pipeline
from siting.pipeline.meter import Meter
from siting.plan import folder as runfolder
from siting.plan import start as startfile
from siting.plan.plan import Plan
from siting.scenario import Scenario
from siting.scenario import load_scenario as load_file
from siting.scenario.variants import find_scenario

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from siting.notes import RunProgress

    PathLike = str | os.PathLike[str]

__all__ = [
    "Plan", "Scenario", "check", "compare", "load_plan", "load_scenario", "make_map", "make_plan",
    "save_plan", "write_handouts",
]  # fmt: skip


def load_scenario(
    name: PathLike = "yubei-2025", *changes: str, variant: str | None = None
) -> Scenario:
    """Read a scenario.

    Parameters
    ----------
    name
        A scenario file, or the name of a shipped one.
    changes
        Keys to change on the way, as after ``--set``: ``"targets.stations=400"``.
    variant
        Name of a variant of the file.

    Raises
    ------
    ScenarioError
        If there is no such scenario, or a key or value is at fault.

    Examples
    --------
    >>> scenario = load_scenario("yubei-2025", "targets.stations=400")
    >>> scenario.targets.stations, scenario.targets.chargers
    (400, 12000)
    """
    return load_file(find_scenario(str(name)), overrides=changes, variant=variant)


def check(
    scenario: Scenario, *, cache: bool = True, progress: RunProgress | None = None
) -> Checkup:
    """Load the data of a scenario and say what a plan would rest on, without solving.

    Parameters
    ----------
    scenario
        The scenario.
    cache
        Use what stages made before, and keep what they make; the result is the same.
    progress
        Told ``(stage, step, share done)``.

    Returns
    -------
    Checkup
        Counts, doubts and grades; ``found.content()`` is what ``siting check --json`` prints.

    Raises
    ------
    DataError
        If an input is at fault.
    NoPlanError
        If the totals cannot be met, with what would help.

    Examples
    --------
    >>> found = check(load_scenario("town.toml"))
    >>> found.synthetic, found.sites_by_kind["parking"]
    (False, 2)
    """
    prepared = pipeline.prepare(scenario, _meter(progress), cache=open_cache() if cache else None)
    with pipeline.explained(scenario, prepared):
        pipeline.pose(scenario, prepared)
    return make_checkup(scenario, prepared, pipeline.pose(scenario, prepared, refuse=False))


def make_plan(
    scenario: Scenario,
    *,
    start: PathLike | None = None,
    folder: PathLike = ".",
    cache: bool = True,
    progress: RunProgress | None = None,
) -> Plan:
    """Make a plan: load, analyse, optimise, recount. Nothing is saved.

    Parameters
    ----------
    scenario
        The scenario.
    start
        Run folder of a plan of nearly the same, to start from.
    folder
        Folder that the paths in the plan's copy of the scenario are written from.
    cache, progress
        As in :func:`check`.

    Raises
    ------
    DataError
        If an input is at fault.
    NoPlanError
        If no plan exists, with what clashes and what would help.

    Examples
    --------
    >>> plan = make_plan(load_scenario("town.toml"))
    >>> plan.totals["stations"], plan.totals["chargers"], plan.meets("stations")
    (4, 40, True)
    """
    begun = None
    if start is not None:
        runfolder.settle_run(Path(start))
        begun = startfile.read_start(Path(start))
    return pipeline.run(
        scenario,
        meter=_meter(progress),
        folder=Path(folder).resolve(),
        cache=open_cache() if cache else None,
        start=begun,
    )


def load_plan(folder: PathLike) -> Plan:
    """Read a plan back from its run folder.

    Parameters
    ----------
    folder
        A run folder, e.g. ``maps/yubei-2025``.

    Raises
    ------
    InputMissingError
        If there is no such folder, or no plan in it.
    BrokenFileError
        If a file of it is cut short, changed, or of a newer format.

    Examples
    --------
    >>> load_plan("maps/town").totals["chargers"]
    90
    """
    return runfolder.load_plan(Path(folder))


def save_plan(plan: Plan, folder: PathLike) -> Path:
    """Write a plan with its map into a run folder, whole or not at all.

    Parameters
    ----------
    plan
        The plan. One read by :func:`load_plan` leaves nothing for a later start.
    folder
        Where it shall stand; an older plan there is replaced, anything else is not.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    PlanExistsError
        If something that is no plan stands there.

    Examples
    --------
    >>> folder = save_plan(load_plan("maps/town"), "maps/copy")
    >>> sorted(path.name for path in folder.iterdir())[:3]
    ['map.html', 'plan.gpkg', 'plan.json']
    """
    target = Path(folder)
    with runfolder.new_run_folder(target) as part:
        page = make_map(plan, basemap=plan.scenario.get("map", {}).get("basemap", "none"))
        files.write_whole(part / runfolder.MAP_HTML, page)
        runfolder.save_plan(plan, part, say=words.speaker(plan.language, plan.kinds))
    return target


def make_map(
    plan: Plan, *, basemap: str = "none", language: Literal["zh", "en"] | None = None
) -> str:
    """Return the map of a plan as one page of HTML that asks nobody for anything.

    Parameters
    ----------
    plan
        The plan.
    basemap
        ``none``, or tiles to load when the page is looked at: ``tianditu``, ``gaode``, ``osm``.
    language
        The plan's own if not given.

    Raises
    ------
    ScenarioError
        If the basemap is unknown, or the key of Tianditu is missing.

    Examples
    --------
    >>> page = make_map(load_plan("maps/town"), language="en")
    >>> page[:15], "http-equiv" in page
    ('<!DOCTYPE html>', True)
    """
    return webmap.make_map(plan, basemap=basemap, key=tile_key(basemap), language=language)


def write_handouts(
    plan: Plan,
    folder: PathLike,
    *,
    only: Iterable[str] = (),
    language: Literal["zh", "en", "both"] | None = None,
    paper: Literal["A3", "A4"] = "A4",
) -> list[Path]:
    """Write the handouts of a plan: a PDF, a page and a picture for each addressee.

    Parameters
    ----------
    plan
        The plan.
    folder
        Where the files go, e.g. ``handouts`` in the run folder; files of other names stay.
    only
        Names of bodies or townships in either language, or ``"overview"``; everybody if empty.
    language
        The plan's own if not given.
    paper
        Size of the sheets.

    Returns
    -------
    list
        Files written, sorted.

    Raises
    ------
    ScenarioError
        If nobody is called so.
    OutputError
        If the folder cannot be written.

    Examples
    --------
    >>> files = write_handouts(load_plan("maps/town"), "maps/town/handouts", only=["overview"])
    >>> [path.name for path in files]
    ['00-总览.html', '00-总览.pdf', '00-总览.png']
    """
    target = Path(folder)
    everybody = handouts.all_bodies(plan)
    wanted = [handouts.find_body(everybody, name) for name in only] or everybody
    date = plan.timings.date[:10]
    order = handouts.Order(language or plan.language, paper, date)  # type: ignore[arg-type]
    with files.merged_folder(target) as part:
        written = handouts.write_handouts(plan, wanted, part, order)
    return sorted(target / path.name for path in written)


def compare(*plans: Plan) -> Contrast:
    """Put plans side by side; the first is what the others are held against.

    Parameters
    ----------
    plans
        Two or more plans of one place.

    Returns
    -------
    Contrast
        ``figures`` of all, ``changes`` of sites from the first to each other, ``zones``,
        ``departments``, and ``other_inputs``: inputs that are not the same in all.

    Raises
    ------
    ValueError
        For fewer than two plans.

    Examples
    --------
    >>> plan = load_plan("maps/town")
    >>> beside = compare(plan, plan)
    >>> [line.values for line in beside.figures if line.figure == "stations"], len(beside.changes)
    ([(6.0, 6.0)], 1)
    """
    if len(plans) < 2:  # noqa: PLR2004  # one plan has no other
        raise ValueError("compare wants two plans or more")
    return contrast(plans)


def _meter(progress: RunProgress | None) -> Meter:
    return Meter(progress or (lambda *_: None))
