"""Ask a run folder why: load, find the site, put the problem up again, explain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siting.analysis.candidates.sites import left_out_at
from siting.errors import InputMissingError
from siting.pipeline import run as pipeline
from siting.plan import folder as runfolder
from siting.why.answer import explain
from siting.why.find import find_site, wanted
from siting.why.rebuild import Rebuilt, rebuild

if TYPE_CHECKING:
    from pathlib import Path

    from siting.cache import Cache
    from siting.pipeline.meter import Meter
    from siting.plan.plan import Plan
    from siting.why.facts import Reason


_DECIMALS = 9
"""One station of hundreds moves the value of a plan in the fifth decimal."""


def last_run(folder: Path) -> Path:
    """Return the run folder whose plan is the newest.

    Raises
    ------
    InputMissingError
        If the folder holds no run.
    """
    runs = sorted(folder.iterdir()) if folder.is_dir() else []
    made = [run for run in runs if not run.name.startswith(".") and runfolder.is_run_folder(run)]
    if not made:
        raise InputMissingError(
            "there is no run yet",
            where=str(folder),
            cure="make a plan with: siting plan; or name a run folder",
        )
    return max(made, key=lambda run: ((run / runfolder.PLAN_JSON).stat().st_mtime, run.name))


def why(
    site: str, run: Path, *, plan: Plan, folders: list[Path], meter: Meter, cache: Cache | None
) -> dict[str, Any]:
    """Explain a site of a run, as JSON types.

    Parameters
    ----------
    site
        Id or name.
    run
        The run folder.
    plan
        Its plan.
    folders
        Folders that the paths of the plan's scenario may be seen from.
    meter
        Told of the stages.
    cache
        As in :func:`siting.pipeline.run.prepare`.

    Raises
    ------
    ScenarioError
        If no place is called so.
    DataError
        If the data are not there, or no longer those of the plan.
    """
    wanted(site)  # before the work begins
    built = rebuild(plan, [*folders, run.resolve().parent.parent, run.resolve().parent], meter,
                    cache)  # fmt: skip
    found = find_site(site, plan.candidates, built.prepared.world.places)
    reason = None if found.candidate else _left_out(built, found.place_id)
    with meter.stage("why"):
        answer = explain(
            plan, built, found, weights=built.prepared.scoring["weights"], left_out=reason
        )
    return runfolder.tidy(answer, _DECIMALS) | {"criteria": built.prepared.scoring["names"]}


def _left_out(built: Rebuilt, place_id: str) -> Reason:
    """Return the step of the screening that took a place away."""
    world = built.prepared.world
    kinds, _, _ = pipeline.rule_tables(built.scenario)
    step, values = left_out_at(
        world.places[world.places["place_id"] == place_id],
        world.zones, world.nodes, world.edges,
        kinds=kinds, settings=built.scenario.candidates,
    )  # fmt: skip
    return {"key": f"left_out_{step}", "values": values}
