"""The phases of a plan as a table: for the terminal, the workbook and the report."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import geopandas as gpd

    from siting.notes import Say
    from siting.plan.plan import Plan


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

DOWN = ("year", "stations", "chargers", "swap_stations", "new_stations", "new_chargers",
        "new_swap_stations", "demand_factor", "served_share", "mean_distance_m", "cost_cny",
        "budget_cny", "regret", "by_year_regret")  # fmt: skip
"""Those of the terminal, where the years stand side by side."""

PANEL = ("year", "stations", "chargers", "swap_stations", "served_share")
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
    for row in plan.phases.get("years", ()):
        year = int(row["year"])
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
    return [tuple(_text(key, row[key], say) for key in columns) for row in phase_rows(plan)]


def _text(key: str, value: float | None, say: Say) -> str:
    if value is None:
        return say("phase.no_budget" if key == "budget_cny" else "fact.none")
    return _FORMATS[dict(COLUMNS)[key]].format(value)


def _known(value: Any) -> Any:  # noqa: ANN401  # a number of JSON
    return None if isinstance(value, float) and not math.isfinite(value) else value
