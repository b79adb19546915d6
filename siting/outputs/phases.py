"""The phases of a plan as a table: for the terminal, the workbook and the report."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from siting.plan import Plan

    Say = Callable[..., str]

COLUMNS: tuple[tuple[str, str], ...] = (
    ("year", "0"), ("stations", "#,##0"), ("chargers", "#,##0"), ("swap_stations", "#,##0"),
    ("new_stations", "#,##0"), ("new_chargers", "#,##0"), ("new_swap_stations", "#,##0"),
    ("demand_factor", "0.00"), ("cost_cny", "#,##0"), ("budget_cny", "#,##0"),
    ("served_share", "0.0%"), ("mean_distance_m", "#,##0"), ("value", "0.0000"),
    ("bound", "0.0000"), ("regret", "0.00%"), ("by_year_regret", "0.00%"),
)  # fmt: skip
"""What is told of each year, and the format of its number in a workbook."""

BRIEF = ("year", "stations", "chargers", "swap_stations", "cost_cny", "served_share",
         "mean_distance_m", "regret", "by_year_regret")  # fmt: skip
"""The columns that fit on a page."""

NARROW = ("year", "stations", "chargers", "swap_stations", "served_share", "regret",
          "by_year_regret")  # fmt: skip
"""Those that fit into a terminal."""

_FORMATS = {"0": "{:.0f}", "#,##0": "{:,.0f}", "0.00": "{:.2f}", "0.0000": "{:.4f}",
            "0.0%": "{:.1%}", "0.00%": "{:.2%}"}  # fmt: skip


def phase_header(key: str, say: Say) -> str:
    """Return the header of a column."""
    if key in {"stations", "chargers", "swap_stations"}:
        return say(f"total.{key}")
    return say(f"phase.{key}")


def phase_rows(plan: Plan) -> list[dict[str, Any]]:
    """Return the years of a plan, missing numbers as None; no row without phases."""
    return [
        {key: _known(row.get(key)) for key, _ in COLUMNS} for row in plan.phases.get("years", ())
    ]


def phase_texts(plan: Plan, say: Say, columns: tuple[str, ...] = BRIEF) -> list[tuple[str, ...]]:
    """Return the years of a plan as text; unknown numbers are said to be."""
    formats = dict(COLUMNS)
    return [
        tuple(
            say("fact.none") if row[key] is None else _FORMATS[formats[key]].format(row[key])
            for key in columns
        )
        for row in phase_rows(plan)
    ]


def _known(value: Any) -> Any:  # noqa: ANN401  # a number of JSON
    return None if isinstance(value, float) and not math.isfinite(value) else value
