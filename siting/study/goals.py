"""What a plan may be good for, and how each of it is asked for: first, or up to a limit.

The epsilon-constraint method (Haimes, Lasdon and Wismer 1971) makes one goal the objective and
puts a limit on each other one. The first is asked for by the objective of the model, a limit by
one of its rules, so every point has the bound and the recount of any plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from siting.errors import ScenarioError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from siting.scenario import Scenario

    Settings = dict[str, Any]

FEWEST, MOST = 2, 3
"""Goals of one front."""


@dataclass(frozen=True)
class Goal:
    """One goal.

    Attributes
    ----------
    name
        What it is called on the command line.
    more
        Whether more of it is better.
    figure
        The figure of a plan it is read from; ``value`` is the value of the objective.
    form
        How its numbers are written: share, m, cny or number.
    first
        Settings under which it is the objective; None where it can only be limited.
    limited
        Makes the settings that put a limit on it; None where it can only come first.
    """

    name: str
    more: bool
    figure: str
    form: str
    first: Settings | None = None
    limited: Callable[[Scenario, float, Sequence[str]], Settings] | None = None


def _money(_: Scenario, limit: float, __: Sequence[str]) -> Settings:
    return {"model.budget_cny": float(np.floor(limit))}


def _covered(scenario: Scenario, limit: float, _: Sequence[str]) -> Settings:
    return _promised(scenario, [{"share": limit}])


def _fair(scenario: Scenario, limit: float, zones: Sequence[str]) -> Settings:
    return _promised(scenario, [{"share": limit, "zones": [zone]} for zone in zones])


def _promised(scenario: Scenario, more: list[Settings]) -> Settings:
    kept = [one.model_dump(mode="json") for one in scenario.model.promises]
    within = {"within_m": scenario.model.cover.within_m}
    return {"model.promises": [*kept, *({**within, **one} for one in more)]}


def _power(_: Scenario, limit: float, __: Sequence[str]) -> Settings:
    return {"model.headroom": True, "factors.headroom": limit}


GOALS = {
    goal.name: goal
    for goal in (
        Goal("value", more=True, figure="value", form="number", first={}),
        Goal("served", more=True, figure="value", form="share",
             first={"model.objective": "joint", "model.suitability_weight": 0.0}),
        Goal("travel", more=False, figure="value", form="m",
             first={"model.objective": "p_median"}),
        Goal("coverage", more=True, figure="covered_share", form="share",
             first={"model.objective": "max_cover"}, limited=_covered),
        Goal("equity", more=True, figure="least_zone_covered_share", form="share",
             first={"model.objective": "max_min"}, limited=_fair),
        Goal("cost", more=False, figure="cost_cny", form="cny", limited=_money),
        Goal("grid", more=False, figure="factors.headroom", form="share", limited=_power),
    )
}  # fmt: skip
"""Goals by name: the scenario's own objective, energy served and near, mean way, demand covered,
the zone covered least, money, and the share of the substations' free power that may be drawn."""


def read_goals(text: str) -> tuple[Goal, ...]:
    """Return the goals of a text such as ``served,cost``: the first is the objective.

    Raises
    ------
    ScenarioError
        If one is unknown, named twice, or cannot stand where it stands.
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    firsts = ", ".join(goal.name for goal in GOALS.values() if goal.first is not None)
    limits = ", ".join(goal.name for goal in GOALS.values() if goal.limited is not None)
    cure = f"first one of {firsts}; then one or two of {limits}; e.g. --goals served,cost"
    unknown = [name for name in names if name not in GOALS]
    if unknown:
        raise ScenarioError(f"unknown goal: {', '.join(unknown)}", where="--goals", cure=cure)
    if len(set(names)) < len(names) or not FEWEST <= len(names) <= MOST:
        raise ScenarioError("two or three different goals are wanted", where="--goals", cure=cure)
    goals = tuple(GOALS[name] for name in names)
    if goals[0].first is None:
        raise ScenarioError(f"'{names[0]}' cannot come first", where="--goals", cure=cure)
    if wrong := [goal.name for goal in goals[1:] if goal.limited is None]:
        raise ScenarioError(f"'{wrong[0]}' can only come first", where="--goals", cure=cure)
    return goals


def read_ranges(texts: Sequence[str], goals: tuple[Goal, ...]) -> dict[str, tuple[float, float]]:
    """Return the ends of limits from texts such as ``cost=3.0e8,4.5e8``, the tight end first.

    Raises
    ------
    ScenarioError
        If one has another form, or names a goal that is not limited.
    """
    limited = {goal.name: goal for goal in goals[1:]}
    found = {}
    for text in texts:
        name, _, rest = text.partition("=")
        try:
            low, high = sorted(float(part) for part in rest.split(","))
        except ValueError:
            low = high = float("nan")
        if name not in limited or not low < high:
            raise ScenarioError(
                f"'{text}' is no range of a goal that is limited",
                where="--range",
                cure=f"two numbers for one of {', '.join(limited)}; e.g. --range cost=3e8,4.5e8",
            )
        found[name] = (high, low) if limited[name].more else (low, high)
    return found
