"""The points of a trade-off: which plan stands for each, which are beaten, and the knee."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from siting.study.tasks import OK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from siting.arrays import Flags, Floats
    from siting.study.goals import Goal
    from siting.study.tasks import PlanRow


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
