"""Ask a run folder why: find the site, put the problem up again, and put the answer together."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from siting.analysis.candidates.sites import left_out_at
from siting.errors import InputMissingError, ScenarioError
from siting.notes import Note
from siting.optimize.solver.solver import open_solver
from siting.pipeline import run as pipeline
from siting.plan import folder as runfolder
from siting.why import facts
from siting.why.answer import Why
from siting.why.facts import as_swap, solved_again
from siting.why.rebuild import rebuild

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from siting.cache import Cache
    from siting.optimize.solver.solver import Solver
    from siting.pipeline.meter import Meter
    from siting.plan.plan import Plan
    from siting.why.rebuild import Rebuilt

_SHOWN = 5
_LONGEST = 60
_TIME_S = 60.0


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
) -> Why:
    """Explain a site of a run.

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
    around = [*folders, run.resolve().parent.parent, run.resolve().parent]
    built = rebuild(plan, around, meter, cache)
    found = find_site(site, plan.candidates, built.prepared.world.places)
    with meter.stage("why"):
        return _why(plan, built, found)


def _why(plan: Plan, built: Rebuilt, found: Found) -> Why:
    scoring = built.prepared.scoring
    answer = Why(
        run=plan.run,
        synthetic=plan.synthetic,
        merged=found.merged,
        place_id=found.place_id,
        role="no_candidate",
        planner=facts.planner_says(plan, found.place_id),
        criteria=scoring.names,
    )
    if not found.candidate:
        return replace(answer, keeps_out=(_left_out(built, found.place_id),))
    site = plan.candidates.set_index("site_id", drop=False).loc[found.place_id]
    settings = built.scenario.solver
    solver = open_solver(
        settings.name, threads=settings.threads, seed=built.scenario.run.seed, time_limit_s=_TIME_S
    )
    answer = replace(
        answer,
        site=facts.site_of(plan, site),
        score=facts.score_of(plan, site, scoring.weights),
    )
    answer = _as_station(answer, plan, built, site, solver)
    return replace(answer, swap=as_swap(built, str(site["site_id"]), solver))


def _as_station(answer: Why, plan: Plan, built: Rebuilt, site: pd.Series, solver: Solver) -> Why:
    """Add to the answer what the site is as a charging station."""
    problem = built.problem
    here = np.flatnonzero(problem.site_id == site["site_id"])
    position = int(here[0]) if len(here) else -1
    if position in built.stands.sites:
        existing = bool(problem.forced[position])
        return replace(
            answer,
            role="existing" if existing else "chosen",
            serves=facts.served_by(built, position),
            only_here=facts.only_here(built, position),
            again=None if existing else solved_again(plan, built, position, solver),
        )
    shut = facts.shut_out(plan, built, site)
    if shut or position < 0 or not problem.openable[position]:
        return replace(answer, role="not_chosen", keeps_out=shut)
    again = solved_again(plan, built, position, solver)
    held = facts.held_back(built, position)
    return replace(answer, role="not_chosen", keeps_out=held, again=again)


def _left_out(built: Rebuilt, place_id: str) -> Note:
    """Return the step of the screening that took a place away."""
    world = built.prepared.world
    kinds, _, _ = pipeline.rule_tables(built.scenario)
    step, values = left_out_at(
        world.places[world.places["place_id"] == place_id],
        world.zones, world.nodes, world.edges,
        beside=built.prepared.beside, kinds=kinds, settings=built.scenario.candidates,
        not_public=built.scenario.counting.not_public,
    )  # fmt: skip
    return Note(f"left_out_{step}", values)


@dataclass(frozen=True)
class Found:
    """What was meant.

    Attributes
    ----------
    place_id
        Id of the candidate site, or of a place that is none.
    candidate
        Whether it is a candidate site.
    merged
        Id asked for, where its place was merged into the site; None otherwise.
    """

    place_id: str
    candidate: bool
    merged: str | None = None


def find_site(asked: str, candidates: pd.DataFrame, places: pd.DataFrame) -> Found:
    """Return the site or place a text means.

    An id goes before a name, a candidate before a place that is none, a whole name before a part
    of one.

    Parameters
    ----------
    asked
        What the planner typed.
    candidates
        Columns ``site_id``, ``name``, ``merged_ids``.
    places
        Columns ``place_id``, ``name``.

    Raises
    ------
    ScenarioError
        If nothing is called so, or several are, with the nearest ones.
    """
    text = wanted(asked)
    ids = candidates["site_id"].astype(str)
    if ids.eq(text).any():
        return Found(text, candidate=True)
    into = _merged_into(text, candidates)
    if into is not None:
        return Found(into, candidate=True, merged=text)
    if places["place_id"].astype(str).eq(text).any():
        return Found(text, candidate=False)
    for whole in (True, False):
        for table, column in ((candidates, "site_id"), (places, "place_id")):
            names = table["name"].fillna("").astype(str)
            same = names.eq(text) if whole else names.str.contains(text, case=False, regex=False)
            hits = table.loc[same, column].astype(str).tolist()
            if len(hits) > 1:
                raise _several(text, hits, names[same].tolist())
            if hits:
                return Found(hits[0], candidate=column == "site_id")
    raise _unknown(text, candidates, places)


def wanted(asked: str) -> str:
    """Return what was typed, without blanks around it.

    Raises
    ------
    ScenarioError
        If nothing is left.
    """
    text = asked.strip()
    if not text:
        raise ScenarioError(
            "no site is named", where="SITE", cure="give an id or a name, e.g. siting why way/123"
        )
    return text


def _merged_into(text: str, candidates: pd.DataFrame) -> str | None:
    merged = candidates["merged_ids"].fillna("").astype(str)
    holds = merged.str.contains(text, regex=False)
    for site, joined in zip(candidates.loc[holds, "site_id"], merged[holds], strict=True):
        if text in joined.split("+"):
            return str(site)
    return None


def _several(text: str, ids: list[str], names: list[str]) -> ScenarioError:
    pairs = [f"{site} ({name})" for site, name in zip(ids, names, strict=True)]
    more = f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
    return ScenarioError(
        f"'{_short(text)}' names {len(ids)} places: {', '.join(pairs[:_SHOWN])}{more}",
        where="SITE",
        cure="give the id of one of them",
    )


def _unknown(text: str, candidates: pd.DataFrame, places: pd.DataFrame) -> ScenarioError:
    short = _short(text)
    ids = candidates["site_id"].astype(str).tolist() + places["place_id"].astype(str).tolist()
    names = candidates["name"].dropna().astype(str).tolist()
    near = difflib.get_close_matches(short, sorted(set(ids)), n=3)
    near += difflib.get_close_matches(short, sorted(set(names)), n=3)
    return ScenarioError(
        f"no site or place of this run is called '{short}'",
        where="SITE",
        cure=f"did you mean: {', '.join(near)}"
        if near
        else "sites.csv of the run and the layer 'candidates' of its plan.gpkg list ids and names",
    )


def _short(text: str) -> str:
    kept = "".join(sign if sign.isprintable() else "?" for sign in text)
    return kept if len(kept) <= _LONGEST else f"{kept[:_LONGEST]}…"
