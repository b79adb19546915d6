"""What the objective of a scenario rules: its parameters, and a promise of its own."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from siting.errors import ScenarioError
from siting.notes import Note
from siting.optimize.problem.problem import FEWEST, Goal
from siting.optimize.rules.family import AskedPromise, Family
from siting.optimize.rules.rulings import PER_MILLE, Lever, Stepwise, metres_more, put, share_less
from siting.scenario import Promise

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siting import scenario
    from siting.optimize.problem.problem import SitingProblem
    from siting.optimize.rules.family import Ground
    from siting.optimize.rules.rulings import Path, Rulings


_NOTHING = 1e-9
"""A share so small that nothing is owed."""
_COVERING = frozenset({"max_cover", "max_min", *FEWEST})


def goal_of(model: scenario.Model, cutoff_m: float) -> Goal:
    """Return the objective of a scenario.

    Parameters
    ----------
    model
        Block of the scenario.
    cutoff_m
        Service radius along the road (m): no pair is known beyond it.

    Raises
    ------
    ScenarioError
        If a distance of the objective contradicts the service radius.
    """
    cover = model.cover
    radii = tuple((one.within_m, one.worth) for one in cover.radii)
    unserved_m = cutoff_m if model.unserved_m is None else model.unserved_m
    farthest = max([cover.within_m, *(far for far, _ in radii)])
    if model.objective in _COVERING and farthest > cutoff_m:
        raise ScenarioError(
            f"model.cover: {farthest:g} m lies beyond the service radius of {cutoff_m:g} m",
            where="model.cover",
            cure=f"give at most {cutoff_m:g} m, or raise travel.cutoff_m",
        )
    if unserved_m < cutoff_m:
        raise ScenarioError(
            f"model.unserved_m: {unserved_m:g} m lies within the service radius of {cutoff_m:g} m: "
            "to be left out would be better than to be served",
            where="model.unserved_m",
            cure=f"give at least {cutoff_m:g} m, or leave it out",
        )
    return Goal(
        name=model.objective,
        within_m=cover.within_m,
        radii=radii or ((cover.within_m, 1.0),),
        backup=cover.backup,
        unserved_m=unserved_m,
    )


def _promise(model: scenario.Model, _: float) -> list[AskedPromise]:
    """Return the promise that an objective which keeps one makes of its own."""
    if model.objective not in FEWEST:
        return []
    promise = Promise(within_m=model.cover.within_m, share=model.cover.share)
    return [AskedPromise("model.cover", "promise", promise)]


def _rows(problem: SitingProblem, ground: Ground) -> SitingProblem:
    """Note that the station total is read as "at most", where its number is an outcome."""
    targets = ground.targets
    if ground.model.objective not in FEWEST or targets.sense.stations != "exactly":
        return problem
    note = Note("stations_at_most", {"stations": targets.stations})
    return replace(problem, notes=(*problem.notes, note))


def _levers(rulings: Rulings) -> Iterator[Lever]:
    """Yield the share of the objective's own promise, which may be less or reach farther."""
    model, cover = rulings.model, rulings.model.cover
    if model.objective not in FEWEST:
        return
    share: Path = ("model", "cover", "share")
    within: Path = ("model", "cover", "within_m")
    ways = (
        Stepwise(share, math.ceil(cover.share * PER_MILLE) - 1, partial(share_less, share)),
        Stepwise(within, math.floor(rulings.cutoff_m) - math.floor(cover.within_m),
                 partial(metres_more, within)),
    )  # fmt: skip
    yield Lever("objective", share, partial(put, share, _NOTHING), ways)


OBJECTIVE = Family(
    "objective",
    levers=_levers,
    promises=_promise,
    rows=_rows,
    needs_reach=lambda model: model.objective in FEWEST,
)
