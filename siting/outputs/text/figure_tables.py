"""Figures as tables of text: the phases of a plan, its baselines, and several plans."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from siting.comparison.comparison import CARRIED, KINDS_OF_CHANGE, count_changes
from siting.plan.described import heading
from siting.tables.fields import TOTALS

if TYPE_CHECKING:
    import geopandas as gpd

    from siting.comparison import Contrast
    from siting.notes import Say
    from siting.plan.plan import Plan

COLUMNS: tuple[tuple[str, str], ...] = (
    ("year", "0"), *((total, "#,##0") for total in TOTALS),
    *((f"new_{total}", "#,##0") for total in TOTALS),
    ("demand_factor", "0.00"), ("cost_cny", "#,##0"), ("budget_cny", "#,##0"),
    ("served_share", "0.0%"), ("mean_distance_m", "#,##0"), ("value", "0.0000"),
    ("bound", "0.0000"), ("regret", "0.00%"), ("by_year_regret", "0.00%"),
)  # fmt: skip
"""What is told of each year, and the format of its number in a workbook."""

BRIEF = ("year", *TOTALS, "cost_cny", "served_share", "mean_distance_m", "regret",
         "by_year_regret")  # fmt: skip
"""The columns that fit on a page."""

DOWN = ("year", *TOTALS, *(f"new_{total}" for total in TOTALS), "demand_factor", "served_share",
        "mean_distance_m", "cost_cny", "budget_cny", "regret", "by_year_regret")  # fmt: skip
"""Those of the terminal, where the years stand side by side."""

PANEL = ("year", *TOTALS, "served_share")
"""Those that fit beside the web map."""

_FORMATS = {"0": "{:.0f}", "#,##0": "{:,.0f}", "0.00": "{:.2f}", "0.0000": "{:.4f}",
            "0.0%": "{:.1%}", "0.00%": "{:.2%}"}  # fmt: skip


@dataclass(frozen=True)
class YearCount:
    """What some rows of a plan come to at the end of a year, and what they add in it."""

    year: int
    stations: int
    chargers: int
    swap_stations: int
    cost_cny: float


def count_years(
    plan: Plan, sites: gpd.GeoDataFrame, swaps: gpd.GeoDataFrame
) -> tuple[YearCount, ...]:
    """Count rows of a plan by the years of its phases; nothing without phases.

    Parameters
    ----------
    plan
        The plan.
    sites, swaps
        Rows of its ``sites`` and ``swap_sites``.

    Returns
    -------
    tuple
        One entry a year. The cost is NaN where a price is missing.
    """
    counts, had = [], sites["existing_chargers"].to_numpy(dtype=float)
    for year in (one.year for one in plan.years):
        has = sites[f"phase_{year}_chargers"].to_numpy(dtype=float)
        counts.append(
            YearCount(
                year=year,
                stations=int(_stands(sites, year).sum()),
                chargers=int(has.sum()),
                swap_stations=int(_stands(swaps, year).sum()),
                cost_cny=_cost(sites, swaps, year, has - had),
            )
        )
        had = has
    return tuple(counts)


def _stands(rows: gpd.GeoDataFrame, year: int) -> Any:  # noqa: ANN401  # flags
    opened = rows["phase"].to_numpy(dtype=float, na_value=np.nan)
    return ~rows["is_new"].to_numpy(dtype=bool) | (opened <= year)


def _cost(sites: gpd.GeoDataFrame, swaps: gpd.GeoDataFrame, year: int, more: Any) -> float:  # noqa: ANN401  # an array
    """Return what opens and grows in a year costs (CNY)."""
    if not {"site_fixed_cny", "charger_cny"} <= set(sites.columns) or "cost_cny" not in swaps:
        return math.nan
    opens, swapped = ((rows["phase"] == year).fillna(value=False).to_numpy(dtype=bool)
                      for rows in (sites, swaps))  # fmt: skip
    stations = sites["site_fixed_cny"].to_numpy(dtype=float)[opens].sum()
    chargers = sites["charger_cny"].to_numpy(dtype=float) @ more
    return float(stations + chargers + swaps["cost_cny"].to_numpy(dtype=float)[swapped].sum())


def phase_header(key: str, say: Say) -> str:
    """Return the header of a column."""
    if key in TOTALS:
        return say(f"total.{key}")
    return say(f"phase.{key}")


def phase_rows(plan: Plan) -> list[dict[str, float | None]]:
    """Return the years of a plan, missing numbers as None; no row without phases."""
    return [{key: _known(getattr(row, key)) for key, _ in COLUMNS} for row in plan.years]


def phase_texts(plan: Plan, say: Say, columns: tuple[str, ...] = BRIEF) -> list[tuple[str, ...]]:
    """Return the years of a plan as text; unknown numbers are said to be."""
    return [tuple(_text(key, row[key], say) for key in columns) for row in phase_rows(plan)]


def _text(key: str, value: float | None, say: Say) -> str:
    if value is None:
        return say("phase.no_budget" if key == "budget_cny" else "fact.none")
    return _FORMATS[dict(COLUMNS)[key]].format(value)


def _known(value: Any) -> Any:  # noqa: ANN401  # a number of JSON
    return None if isinstance(value, float) and not math.isfinite(value) else value


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
    _row("occasion_overnight_share", "{:.1%}"),
    _row("occasion_work_share", "{:.1%}"),
    _row("occasion_destination_share", "{:.1%}"),
    _row("occasion_quick_share", "{:.1%}"),
    _row("occasion_corridor_share", "{:.1%}"),
    _row("occasion_fleet_share", "{:.1%}"),
    _row("walk_covered_share", "{:.1%}"),
    _row("refused_far_kwh_day", "{:,.0f}"),
    _row("refused_full_kwh_day", "{:,.0f}"),
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
    _Row("same_service", ("same_service_cny",), _money),
    _Row("cost_range", ("cost_low_cny", "cost_high_cny"), _money_range),
    _row("mean_wait_min", "{:.1f} min"),
    _row("sites_over_wait", "{:,.0f}"),
    _row("chargers_needed", "{:,.0f}"),
    _row("chargers_over_need", "{:,.0f}"),
    _row("kwh_per_charger_day", "{:,.0f} kWh"),
    _row("hours_per_day_in_use", "{:.1f} h"),
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
            (
                say(f"figure.{row.word}"),
                tuple(_text_comparison(row, figures, say) for figures in plans),
            )
            for row in _ROWS
            if all(figure in plan.figures for figure in row.figures)
        ),
    )


def _text_comparison(row: _Row, figures: dict[str, float], say: Say) -> str:
    values = [figures.get(figure, math.nan) for figure in row.figures]
    known = all(math.isfinite(value) for value in values)
    return row.write(*values) if known else say("fact.none")


_FORMS = {
    "count": "{:,.0f}",
    "share": "{:.1%}",
    "m": "{:,.0f} m",
    "min": "{:.2f} min",
    "kwh_day": "{:,.0f} kWh",
    "kw": "{:,.0f} kW",
    "kva": "{:,.0f} kVA",
    "cny": "¥{:,.0f}",
    "number": "{:.4f}",
}
NUMBERS = {
    "count": "#,##0", "share": "0.0%", "m": "#,##0", "min": "0.00", "kwh_day": "#,##0",
    "kw": "#,##0", "kva": "#,##0", "cny": "#,##0", "number": "0.0000",
}  # fmt: skip
"""Form of a figure to the number format of a spreadsheet."""

_FINE = {"gap_share": "{:.2%}", "swap_gap_share": "{:.2%}"}
_AREA_FORMS = {
    **dict.fromkeys(TOTALS, "count"), "served_kwh_day": "kwh_day", "cost_cny": "cny",
}  # fmt: skip
_SWAP_CHANGES = ("swap_added", "swap_dropped", "swap_moved")


@dataclass(frozen=True)
class Cell:
    """One cell: its value (None: missing), how it is written, whether it is the best."""

    value: Any
    form: str | None = None
    best: bool = False
    text: str = ""


@dataclass(frozen=True)
class Grid:
    """One table: its key, a title, headings, rows of cells; the first columns are texts."""

    key: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def contrast_warnings(made: Contrast, say: Say) -> list[str]:
    """Return what every output of a contrast must say first; empty if nothing."""
    lines = [say("mark.sample")] if made.synthetic else []
    if made.other_inputs:
        lines.append(say("contrast.other_data", names=[*made.other_inputs]))
    return lines


def contrast_grids(
    made: Contrast, say: Say, *, areas: tuple[str, ...] = tuple(_AREA_FORMS)
) -> list[Grid]:
    """Return the tables of a contrast: figures, counts of changes, zones, departments.

    Parameters
    ----------
    made
        The plans side by side.
    say
        Words in one language.
    areas
        What is shown of zones and departments.
    """
    forms = {name: form for name, form in _AREA_FORMS.items() if name in areas}
    return [
        _figures(made, say),
        _counts(made, say),
        _by(made.zones, made.names, "zones", forms, say),
        _by(made.departments, made.names, "departments", forms, say),
    ]


def change_grids(made: Contrast, say: Say) -> list[Grid]:
    """Return the list of changed sites of each plan but the first."""
    names = made.names
    return [
        _changed(frame, say, f"changes_{place}", say("contrast.sites", run=name, base=names[0]))
        for place, (name, frame) in enumerate(zip(names[1:], made.changes, strict=True), start=1)
    ]


def _cell(value: Any, form: str, say: Say, *, best: bool = False, name: str = "") -> Cell:  # noqa: ANN401  # a number or None
    if value is None or not math.isfinite(value):
        return Cell(None, form, text=say("fact.none"))
    return Cell(float(value), form, best, _FINE.get(name, _FORMS[form]).format(value))


def _text_cell(value: Any, say: Say) -> Cell:  # noqa: ANN401  # a text or missing
    known = value is not None and not pd.isna(value) and str(value) != ""
    text = str(value) if known else say("fact.none")
    return Cell(text if known else None, None, text=text)


def _figures(made: Contrast, say: Say) -> Grid:
    rows = tuple(
        (
            _text_cell(say(f"contrast.figure.{line.figure}"), say),
            *(
                _cell(value, line.form, say, best=place in line.best, name=line.figure)
                for place, value in enumerate(line.values)
            ),
        )
        for line in made.figures
    )
    return Grid("figures", say("contrast.figures"), ("", *made.names), rows)


def _counts(made: Contrast, say: Say) -> Grid:
    counted = [count_changes(frame) for frame in made.changes]
    rows = tuple(
        (
            _text_cell(say(f"contrast.change.{change}", moved_m=made.moved_m), say),
            *(_cell(counts[change], "count", say) for counts in counted),
        )
        for change in (*KINDS_OF_CHANGE, *_SWAP_CHANGES)
    )
    return Grid("changes", say("contrast.changes", base=made.names[0]), ("", *made.names[1:]), rows)


def _by(
    table: pd.DataFrame, runs: tuple[str, ...], key: str, forms: dict[str, str], say: Say
) -> Grid:
    """Return a table by zone or department, with those of the counts that it has."""
    labels = [name for name in ("zone_id", "name", "owner") if name in table.columns]
    counts = [
        (f"{count}_{place}", form, f"{say(f'contrast.count.{count}')} · {run}")
        for count, form in forms.items()
        for place, run in enumerate(runs)
        if f"{count}_{place}" in table.columns
    ]
    rows = tuple(
        (
            *(_text_cell(row[label], say) for label in labels),
            *(_cell(row[column], form, say) for column, form, _ in counts),
        )
        for row in table.to_dict("records")
    )
    heads = (*(say(f"contrast.{label}") for label in labels), *(head for *_, head in counts))
    return Grid(key, say(f"contrast.{key}"), heads, rows)


def _changed(frame: pd.DataFrame, say: Say, key: str, title: str) -> Grid:
    texts = ("change", "facility", "site_id", "from_id", *CARRIED)
    counts = ("chargers_before", "chargers_after")
    rows = []
    for row in frame.to_dict("records"):
        words = {
            "change": say(f"contrast.word.{row['change']}"),
            "facility": say(f"contrast.word.{row['facility']}"),
            "kind": say(f"kind.{row['kind']}"),
        }
        cells = [_text_cell(words.get(name, row[name]), say) for name in texts]
        cells += [_cell(row[name], "count", say) for name in counts]
        rows.append((*cells, _cell(row["moved_m"], "m", say)))
    heads = tuple(
        heading("kind_name" if name == "kind" else name, say)
        if name in CARRIED
        else say(f"contrast.col.{name}")
        for name in (*texts, *counts, "moved_m")
    )
    return Grid(key, title, heads, tuple(rows))
