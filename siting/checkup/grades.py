"""A grade for each stage, by stated thresholds, and the three things that would help most.

The thresholds stand in ``data/check_grades.csv``; they are proposals. A measure is ``good`` at its
first threshold, ``usable`` at its second, else ``weak``, and ``missing`` where there is nothing to
measure. A stage is as good as its worst measure, where a missing one counts as weak; a stage of
which nothing can be measured is missing itself.

What would help most is the measure with the largest ``shortfall * pull``: how far it is from good
(0 to 1; 1 where it is missing), times how much of a plan hangs on it (0 to 1, from the table).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from siting.tables import Column, Table, check

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

GRADES = ("good", "usable", "weak", "missing")
"""Best first."""

STAGES = ("inputs", "people", "candidates", "demand", "travel", "power", "parameters")
_HELPFUL = 3
_DIGITS = 4

CHECK_GRADES = Table(
    "check_grades",
    "data/check_grades.csv",
    (
        Column("measure", "str", "what is measured", unique=True),
        Column("stage", "str", "stage it belongs to", choices=STAGES),
        Column("unit", "str", "share, ratio or m", choices=("share", "ratio", "m")),
        Column("better", "str", "whether more or less of it is better", choices=("up", "down")),
        Column("good", "float", "from here on it is good", low=0),
        Column("usable", "float", "from here on it is usable", low=0),
        Column("pull", "float", "how much of a plan hangs on it", low=0, high=1),
        Column("reason_zh", "str", "why it matters, in Chinese"),
        Column("reason_en", "str", "the same in English"),
        Column("source", "str", "where the thresholds come from"),
        Column("mark", "str", "V verified, v weak, D derived, U unverified, P proposal"),
    ),
)


@dataclass(frozen=True)
class Measure:
    """One thing measured.

    Attributes
    ----------
    value
        In the unit of its row; None where there is nothing to measure.
    told
        Numbers and names for the advice.
    """

    value: float | None
    told: dict[str, Any] = field(default_factory=dict)


def grade_of(value: float | None, row: Mapping[Any, Any]) -> str:
    """Return the grade of one measure by its row of the table.

    Examples
    --------
    >>> row = {"better": "up", "good": 0.9, "usable": 0.5}
    >>> [grade_of(value, row) for value in (0.9, 0.5, 0.2, None)]
    ['good', 'usable', 'weak', 'missing']
    """
    if value is None:
        return "missing"
    sign = 1 if row["better"] == "up" else -1
    if sign * value >= sign * row["good"]:
        return "good"
    return "usable" if sign * value >= sign * row["usable"] else "weak"


def shortfall_of(value: float | None, row: Mapping[Any, Any]) -> float:
    """Return how far a measure is from good, 0 to 1.

    ``(good - value) / good`` where more is better, ``(value - good) / value`` where less is.

    Examples
    --------
    >>> shortfall_of(150.0, {"better": "down", "good": 75.0})
    0.5
    """
    if value is None:
        return 1.0
    good = float(row["good"])
    if row["better"] == "up":
        return min(max(1 - value / good, 0.0), 1.0) if good > 0 else 0.0
    return 1 - good / value if value > good else 0.0


def graded(measures: Mapping[str, Measure], table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the stages in their order, each with its grade and its measures.

    Parameters
    ----------
    measures
        What was measured, by name. One that is not there does not apply to the scenario.
    table
        ``data/check_grades.csv``.

    Returns
    -------
    list of dict
        ``stage``, ``grade``, ``measures``: list of dicts with ``measure``, ``value`` (None:
        missing), ``unit``, ``better``, ``good``, ``usable``, ``grade``, ``shortfall``, ``pull``,
        ``reason_zh``, ``reason_en``, ``mark`` and ``told``.

    Raises
    ------
    TableError
        If the table breaks its contract.
    """
    check(table, CHECK_GRADES)
    rows = [row for row in table.to_dict("records") if row["measure"] in measures]
    found = [{"stage": row["stage"], **_measured(measures[row["measure"]], row)} for row in rows]
    result = []
    for stage in STAGES:
        own = [{k: v for k, v in one.items() if k != "stage"} for one in found
               if one["stage"] == stage]  # fmt: skip
        result.append({"stage": stage, "grade": _stage_grade(own), "measures": own})
    return result


def advice(stages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the three things that would help most, the most helpful first.

    Parameters
    ----------
    stages
        Result of :func:`graded`.

    Returns
    -------
    list of dict
        ``measure``, ``stage``, ``grade``, ``shortfall``, ``pull``, ``weight`` (their product) and
        ``told``; fewer than three where fewer fall short of good.
    """
    short = [
        {
            "measure": one["measure"],
            "stage": stage["stage"],
            "grade": one["grade"],
            "shortfall": one["shortfall"],
            "pull": one["pull"],
            "weight": round(one["shortfall"] * one["pull"], _DIGITS),
            "told": one["told"],
        }
        for stage in stages
        for one in stage["measures"]
        if one["grade"] != GRADES[0]
    ]
    return sorted(short, key=lambda one: (-one["weight"], one["measure"]))[:_HELPFUL]


def _stage_grade(measures: list[dict[str, Any]]) -> str:
    found = {one["grade"] for one in measures}
    if found <= {"missing"}:
        return "missing"
    if "missing" in found:
        return "weak"
    return max(found, key=GRADES.index)


def _measured(measure: Measure, row: Mapping[Any, Any]) -> dict[str, Any]:
    value = measure.value
    if value is not None and not math.isfinite(value):
        value = None
    return {
        "measure": row["measure"],
        "value": None if value is None else round(float(value), _DIGITS),
        "unit": row["unit"],
        "better": row["better"],
        "good": float(row["good"]),
        "usable": float(row["usable"]),
        "grade": grade_of(value, row),
        "shortfall": round(shortfall_of(value, row), _DIGITS),
        "pull": float(row["pull"]),
        "reason_zh": row["reason_zh"],
        "reason_en": row["reason_en"],
        "mark": row["mark"],
        "told": measure.told,
    }
