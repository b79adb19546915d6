"""All figures of several plans, with the better marked where better has a direction.

``data/figure_directions.csv`` says of each figure whether higher or lower is better, or
neither, and which blocks of the scenario must be the same for the mark to mean anything.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from siting.shipped import shipped_path
from siting.tables.fields import TOTALS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from siting.plan.plan import Plan

HIGHER, LOWER = "higher", "lower"
_TOTALS = (*TOTALS, *(f"new_{total}" for total in TOTALS))
_OUTCOME = ("value", "bound", "gap_share", "swap_gap_share")
_SAME = 1e-9


@dataclass(frozen=True)
class Direction:
    """How a figure is written, which way is better, and which blocks must be the same."""

    form: str
    better: str
    same: tuple[str, ...]


@dataclass(frozen=True)
class Line:
    """One figure of every plan.

    Attributes
    ----------
    figure
        Its name.
    form
        How it is written: count, share, m, min, kwh_day, kw, kva, cny, number.
    values
        One a plan; NaN where unknown.
    best
        Positions of the plans that are the best in it; none where there is no direction, where
        the plans are alike, or where other settings make the figure another one.
    """

    figure: str
    form: str
    values: tuple[float, ...]
    best: tuple[int, ...]


@cache
def directions() -> dict[str, Direction]:
    """Return the shipped table by figure, in its order."""
    text = shipped_path("figure_directions.csv").read_text(encoding="utf-8")
    return {
        row["figure"]: Direction(
            row["form"], row["better"], tuple(filter(None, row["same"].split(";")))
        )
        for row in csv.DictReader(text.splitlines())
    }


def all_figures(plan: Plan) -> dict[str, float]:
    """Return totals, figures, and what was proven, by name."""
    outcome = {name: float(getattr(plan.outcome, name)) for name in _OUTCOME}
    totals = {name: float(plan.totals[name]) for name in _TOTALS}
    return {**totals, **plan.figures, **outcome}


def missing_figures(names: Sequence[str]) -> list[str]:
    """Return the figures that the table of directions does not know."""
    return [name for name in names if name not in directions()]


def figure_lines(plans: Sequence[Plan]) -> list[Line]:
    """Return every figure that any of the plans knows, in the order of the table.

    Parameters
    ----------
    plans
        The plans. A figure that the table does not know comes last and is never marked.
    """
    found = [all_figures(plan) for plan in plans]
    known = [name for name in directions() if any(name in figures for figures in found)]
    further = sorted({name for figures in found for name in figures} - set(known))
    return [_line(name, found, plans) for name in (*known, *further)]


def _line(name: str, found: list[dict[str, float]], plans: Sequence[Plan]) -> Line:
    direction = directions().get(name, Direction("number", "", ()))
    values = tuple(figures.get(name, math.nan) for figures in found)
    comparable = bool(direction.better) and all(
        _block(plan, block) == _block(plans[0], block) for plan in plans for block in direction.same
    )
    return Line(name, direction.form, values, _best(values, direction) if comparable else ())


def _best(values: tuple[float, ...], direction: Direction) -> tuple[int, ...]:
    known = [value for value in values if math.isfinite(value)]
    if not known or math.isclose(min(known), max(known), rel_tol=_SAME, abs_tol=_SAME):
        return ()
    best = max(known) if direction.better == HIGHER else min(known)
    return tuple(
        place
        for place, value in enumerate(values)
        if math.isclose(value, best, rel_tol=_SAME, abs_tol=_SAME)
    )


def _block(plan: Plan, path: str) -> Any:  # noqa: ANN401  # a block as JSON types
    found: Any = plan.scenario
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found
