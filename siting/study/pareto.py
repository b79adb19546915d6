"""What a plan may be good for, and the points of a trade-off: beaten ones, and the knee.

The epsilon-constraint method (Haimes, Lasdon and Wismer 1971) makes one goal the objective and
puts a limit on each other one. The first is asked for by the objective of the model, a limit by
one of its rules, so every point has the bound and the recount of any plan.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from siting.errors import ScenarioError
from siting.study.tasks import OK

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from siting.scenario import Scenario

    Settings = dict[str, Any]
    from siting.arrays import Flags, Floats
    from siting.study.tasks import PlanRow

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
        if name not in limited or not low < high or math.isinf(high - low):
            raise ScenarioError(
                f"'{text}' is no range of a goal that is limited",
                where="--range",
                cure=f"two numbers for one of {', '.join(limited)}; e.g. --range cost=3e8,4.5e8",
            )
        found[name] = (high, low) if limited[name].more else (low, high)
    return found


_SLACK = 1e-9
_FEWEST = 3
_STRAIGHT = 1.0


@dataclass(frozen=True)
class Seen:
    """One point: its limits, none for the point that has none, and the row of its plan."""

    limits: tuple[float, ...]
    row: PlanRow


def front_table(goals: tuple[Goal, ...], seen: Sequence[Seen]) -> pd.DataFrame:
    """Return the points of a front, the tightest first.

    Parameters
    ----------
    goals
        The first is the objective, the others are limited.
    seen
        The points.

    Returns
    -------
    DataFrame
        One row a point: ``limit_<goal>`` for each limited goal, missing without a limit;
        ``state``; ``<goal>`` for every goal, as the best known plan within the limits has it;
        ``bound``, that no plan within the limits can pass; ``gap_share``; ``plan``, id of that
        plan, which may have been found for a tighter limit; ``front``, whether no other point is
        as good in everything and better in something; ``knee``; ``what``, why there is no plan.
    """
    plans = [one for one in seen if one.row.planned]
    table = pd.DataFrame([_record(goals, point, plans) for point in seen])
    limits = pd.DataFrame(
        {
            f"limit_{goal.name}": table[f"limit_{goal.name}"] * (-1.0 if goal.more else 1.0)
            for goal in goals[1:]
        }
    )
    order = limits.sort_values([*limits], kind="stable", na_position="last").index
    table = table.loc[order].reset_index(drop=True)
    signs = np.array([_sign(goal) for goal in goals])
    merits = table[[goal.name for goal in goals]].to_numpy(dtype=float) * signs
    table["front"] = unbeaten(merits)
    best = knee(merits, table["front"].to_numpy())
    table["knee"] = table.index == (-1 if best is None else best)
    return table


def _record(goals: tuple[Goal, ...], point: Seen, plans: Sequence[Seen]) -> dict[str, Any]:
    """Return one row of the table: the best of the plans that keep the point's limits."""
    first, limited, sign = goals[0], goals[1:], _sign(goals[0])
    within = [one for one in plans if _keeps(one, point, limited)]
    best = max(within, key=lambda one: sign * one.row.figures["value"], default=None)
    looser = [sign * one.row.figures["bound"] for one in plans if _looser(one, point, limited)]
    limits = point.limits or (np.nan,) * len(limited)
    record: dict[str, Any] = {
        **{f"limit_{goal.name}": limit for goal, limit in zip(limited, limits, strict=True)},
        "state": point.row.state if best is None else OK,
        **dict.fromkeys([goal.name for goal in goals], np.nan),
        "bound": sign * min(looser, default=np.nan),
        "gap_share": np.nan,
        "plan": None,
        "what": point.row.what,
    }
    if best is None:
        return record
    value = best.row.figures["value"]
    return record | {
        first.name: value,
        **{goal.name: _reached(best, goal, place) for place, goal in enumerate(limited)},
        "gap_share": _gap(value, record["bound"]),
        "plan": best.row.id,
        "what": None,
    }


def unbeaten(merits: Floats) -> Flags:
    """Return the points that no other one equals in every goal and beats in one.

    Of points alike in everything the first counts.

    Parameters
    ----------
    merits
        One row a point, one column a goal, more is better; a row with NaN is no point.

    Examples
    --------
    >>> unbeaten(np.array([[1.0, 3.0], [2.0, 2.0], [1.0, 2.0], [2.0, 2.0]])).tolist()
    [True, True, False, False]
    """
    return np.array([not _beaten(merits, place) for place in range(len(merits))])


def _beaten(merits: Floats, place: int) -> bool:
    if np.isnan(merits[place]).any():
        return True
    as_good = (merits >= merits[place] - _SLACK).all(axis=1)
    better = as_good & (merits > merits[place] + _SLACK).any(axis=1)
    return bool(better.any()) or int(np.flatnonzero(as_good)[0]) < place


def knee(merits: Floats, front: Flags) -> int | None:
    """Return the point of a front that gives up least in all goals together.

    Each goal counts as the share of its span over the front that a point gives up, 0 to 1. With
    two goals it is the point farthest from the straight line between the ends (Das 1999).

    Parameters
    ----------
    merits
        As in :func:`unbeaten`.
    front
        Points of the front.

    Returns
    -------
    int or None
        None with fewer than three points, or where no point lies on the good side of the line
        (of two goals) or gives up less in all than one goal's whole span (of three).

    References
    ----------
    Das, "On characterizing the 'knee' of the Pareto curve based on normal-boundary intersection",
    Structural Optimization 18 (1999).

    Examples
    --------
    >>> points = np.array([[0.0, 1.0], [0.9, 0.8], [1.0, 0.0]])
    >>> knee(points, np.array([True, True, True]))
    1
    """
    places = np.flatnonzero(front)
    if len(places) < _FEWEST:
        return None
    chosen = merits[places]
    span = np.ptp(chosen, axis=0)
    given_up = ((chosen.max(axis=0) - chosen) / np.where(span > 0, span, 1.0)).sum(axis=1)
    best = int(np.argmin(given_up))
    return int(places[best]) if given_up[best] < _STRAIGHT - _SLACK else None


def _reached(one: Seen, goal: Goal, place: int) -> float:
    """Return what a plan reaches in a limited goal; the limit itself where no figure tells it."""
    figures = one.row.figures
    if goal.figure in figures:
        return float(figures[goal.figure])
    return one.limits[place] if one.limits else float("nan")


def _keeps(one: Seen, point: Seen, limited: Sequence[Goal]) -> bool:
    """Tell whether a plan keeps the limits of a point."""
    for place, (goal, limit) in enumerate(zip(limited, point.limits, strict=False)):
        reached = _reached(one, goal, place)
        slack = _SLACK * max(1.0, abs(limit))
        if not (reached >= limit - slack if goal.more else reached <= limit + slack):
            return False
    return True


def _looser(one: Seen, point: Seen, limited: Sequence[Goal]) -> bool:
    """Tell whether every plan within the limits of a point is within those of another."""
    if not one.limits:
        return True
    if not point.limits:
        return False
    return all(
        mine <= other if goal.more else mine >= other
        for goal, mine, other in zip(limited, one.limits, point.limits, strict=True)
    )


def _sign(goal: Goal) -> float:
    return 1.0 if goal.more else -1.0


def _gap(value: float, bound: float) -> float:
    largest = max(abs(value), abs(bound))
    return abs(bound - value) / largest if largest > 0 else 0.0
