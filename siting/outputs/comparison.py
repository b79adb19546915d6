"""The figures of a plan beside its baselines, as text: one table for terminal and map."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from siting.notes import Say
    from siting.plan.plan import Plan


_MILLION = 1e6
_COLUMNS = ("top_score", "random")


@dataclass(frozen=True)
class Comparison:
    """Headings of the columns, this plan first, and each figure's name with a text a column."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class _Row:
    """A row: its word, the figures it shows, and how they are written."""

    word: str
    figures: tuple[str, ...]
    write: Say


def _row(figure: str, form: str) -> _Row:
    return _Row(figure, (figure,), form.format)


def _spread(low: float, high: float) -> str:
    return f"{100 * low:.0f}–{high:.0%}"


def _money(cny: float) -> str:
    return f"¥{cny / _MILLION:,.1f} M"


def _money_range(low: float, high: float) -> str:
    return f"{low / _MILLION:,.0f}–{high / _MILLION:,.0f}"


_ROWS = (
    _row("served_share", "{:.1%}"),
    _row("served_within_500m_share", "{:.1%}"),
    _row("served_within_1km_share", "{:.1%}"),
    _row("served_within_5min_share", "{:.1%}"),
    _row("mean_distance_m", "{:,.0f} m"),
    _row("p95_distance_m", "{:,.0f} m"),
    _row("mean_time_min", "{:.1f} min"),
    _row("p95_time_min", "{:.1f} min"),
    _row("mean_score", "{:.2f}"),
    _Row("utilisation_spread", ("utilisation_p10", "utilisation_p90"), _spread),
    _row("overloaded_sites", "{:,.0f}"),
    _row("access_gini", "{:.2f}"),
    _Row("cost", ("cost_cny",), _money),
    _Row("cost_range", ("cost_low_cny", "cost_high_cny"), _money_range),
    _row("mean_wait_min", "{:.1f} min"),
    _row("sites_over_wait", "{:,.0f}"),
)


def comparison(plan: Plan, say: Say) -> Comparison:
    """Return the plan's figures beside those of its baselines.

    Parameters
    ----------
    plan
        The plan. A baseline it lacks has no column; a figure the plan knows nothing of has no
        row, one that could not be counted is written as missing.
    say
        Words in one language.
    """
    beside = [name for name in _COLUMNS if name in plan.baselines]
    plans = (plan.figures, *(plan.baselines[name] for name in beside))
    return Comparison(
        columns=tuple(say(f"column.{name}") for name in ("plan", *beside)),
        rows=tuple(
            (say(f"figure.{row.word}"), tuple(_text(row, figures, say) for figures in plans))
            for row in _ROWS
            if all(figure in plan.figures for figure in row.figures)
        ),
    )


def _text(row: _Row, figures: dict[str, float], say: Say) -> str:
    values = [figures.get(figure, math.nan) for figure in row.figures]
    known = all(math.isfinite(value) for value in values)
    return row.write(*values) if known else say("fact.none")
