"""The problem of a saved plan, put up again from the plan's own scenario."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from siting.errors import ChangedDataError, InputMissingError
from siting.optimize.model.fill import Filled
from siting.optimize.problem.occasions import row_ids
from siting.optimize.problem.problem import after_swap
from siting.pipeline import run as pipeline
from siting.scenario.reading import missing_files, scenario_of_plan

if TYPE_CHECKING:
    from pathlib import Path

    from siting.arrays import Ints, Names
    from siting.cache import Cache
    from siting.optimize.problem.problem import SitingProblem
    from siting.pipeline.meter import Meter
    from siting.pipeline.run import Prepared
    from siting.plan.plan import Plan
    from siting.scenario import Scenario


_AGREES = 1e-5

_SHOWN = 3

_CURE = "make the plan again with: siting plan SCENARIO"


@dataclass(frozen=True, eq=False)
class Rebuilt:
    """A plan's problem and the plan on its positions.

    Attributes
    ----------
    scenario, prepared
        The plan's scenario and what is known of the place.
    problem
        The problem with the power of the plan's swap stations taken off.
    stands
        The plan's stations on the problem's positions.
    swap_sites
        Positions of the plan's swap stations, sorted.
    """

    scenario: Scenario
    prepared: Prepared
    problem: SitingProblem
    stands: Filled
    swap_sites: Ints


def rebuild(plan: Plan, folders: list[Path], meter: Meter, cache: Cache | None = None) -> Rebuilt:
    """Put up the problem of a plan again.

    Parameters
    ----------
    plan
        The plan.
    folders
        Folders that the paths of its scenario may be seen from; the first in which every file
        is there counts.
    meter
        Told of the stages.
    cache
        As in :func:`siting.pipeline.run.prepare`.

    Raises
    ------
    InputMissingError
        If a file is in none of the folders.
    ChangedDataError
        If the data, or what the planner makes of them, are not those of the plan.
    """
    scenario = scenario_of_plan(plan.scenario, folder=_folder_of(plan, folders))
    prepared = pipeline.prepare(scenario, meter, cache=cache)
    _refuse_other_data(plan, prepared)
    with meter.stage("problem"):
        problem = pipeline.pose(scenario, prepared)
        swap_sites = _places(plan, problem.site_id, plan.swap_sites["site_id"])
        problem = after_swap(problem, swap_sites)
        stands = _stands(plan, problem)
    return Rebuilt(scenario, prepared, problem, stands, swap_sites)


def _folder_of(plan: Plan, folders: list[Path]) -> Path:
    lacking = {folder: missing_files(plan.scenario, folder=folder) for folder in folders}
    for folder, files in lacking.items():
        if not files:
            return folder
    first = folders[0]
    raise InputMissingError(
        f"the data of this plan are not found: {', '.join(lacking[first][:_SHOWN])}",
        where=f"seen from {', '.join(str(folder) for folder in folders)}",
        cure="name the folder of the plan's scenario file with --data",
    )


def _refuse_other_data(plan: Plan, prepared: Prepared) -> None:
    """Compare the hash of every input with the one that the plan was made from."""
    then = {(one.name, one.origin): one.sha256 for one in plan.sources}
    used = (*prepared.world.sources, *prepared.score_sources)
    now = {(one.name, one.origin): one.sha256 for one in used}
    other = sorted(key for key in then.keys() | now.keys() if then.get(key) != now.get(key))
    if other:
        named = ", ".join(f"{name} ({origin})" for name, origin in other[:_SHOWN])
        raise ChangedDataError(
            f"the data have changed since the plan was made: {named}",
            where=f"run {plan.run}",
            cure=f"{_CURE}; then ask again",
        )


def _stands(plan: Plan, problem: SitingProblem) -> Filled:
    """Put the plan's stations and trips on the positions of the problem."""
    chosen = plan.sites.sort_values("site_id", kind="stable")
    sites = _places(plan, problem.site_id, chosen["site_id"])
    trips = plan.assignments
    width = len(problem.site_id)
    keys = problem.pair_demand.astype(np.int64) * width + problem.pair_site
    rows = trips["demand_id"]
    if "occasion" in trips.columns:
        rows = row_ids(rows, trips["occasion"])
    points = _places(plan, problem.demand_id, rows).astype(np.int64)
    asked = points * width + _places(plan, problem.site_id, trips["site_id"])
    place = np.minimum(np.searchsorted(keys, asked), max(len(keys) - 1, 0))
    if len(asked) and not (len(keys) and (keys[place] == asked).all()):
        raise _other_planner(plan)
    serve = np.zeros(len(keys))
    serve[place] = trips["kwh_day"].to_numpy(dtype=float)
    value = problem.value(sites, serve)
    if not problem.openable[sites].all() or (
        plan.outcome.objective == "joint" and abs(value - plan.outcome.value) > _AGREES
    ):
        raise _other_planner(plan)
    order = np.argsort(sites)
    return Filled(sites[order], value, serve, chosen["chargers"].to_numpy(dtype=np.int64)[order])


def _places(plan: Plan, ids: Names, wanted: pd.Series) -> Ints:
    """Return the positions of ids; the data are the same, so all must be there."""
    found = pd.Index(ids).get_indexer(pd.Index(wanted.astype(object)))
    if (found < 0).any():
        raise _other_planner(plan)
    return found


def _other_planner(plan: Plan) -> ChangedDataError:
    return ChangedDataError(
        "the plan cannot be put up again as it was: another version of siting made it",
        where=f"run {plan.run}, made with siting {plan.versions.get('siting', '?')}",
        cure=_CURE,
    )
