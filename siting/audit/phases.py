"""The phases of a plan, counted again; used by :mod:`siting.audit.recount`.

Shares no code with the model: it reads the tables of the plan and the scenario.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siting.plan.plan import Plan

_MONEY_SLACK = 1e-6


def phases_lead_to_the_plan(plan: Plan) -> Iterator[str]:
    """Count each year: its totals, that nothing built is lost, and its money."""
    phases = plan.scenario.get("phases") or ()
    if bool(phases) != bool(plan.phases) or bool(phases) != ("phase" in plan.sites.columns):
        yield "the scenario and the plan do not agree on whether there are phases"
        return
    if not phases:
        return
    had = plan.sites["existing_chargers"].to_numpy()
    there = ~plan.sites["is_new"].to_numpy(dtype=bool)
    swaps = int((~plan.swap_sites["is_new"]).sum())
    for phase, told in zip(phases, plan.years, strict=True):
        year = phase["year"]
        has = plan.sites[f"phase_{year}_chargers"].to_numpy()
        opened = _there(plan.sites, year)
        counted = {
            "stations": int(opened.sum()),
            "chargers": int(has.sum()),
            "swap_stations": int(_there(plan.swap_sites, year).sum()),
        }
        for key, number in counted.items():
            if not number == phase[key] == getattr(told, key):
                yield f"{number} {key} at the end of {year}, {phase[key]} asked for"
        yield from _nothing_lost(plan, year, (had, has), (there, opened))
        cost = _cost(plan, (had, has), opened & ~there)
        cost += (counted["swap_stations"] - swaps) * _swap_price(plan)
        yield from _money_fits(year, cost, phase["budget_cny"], told.cost_cny)
        had, there, swaps = has, opened, counted["swap_stations"]
    if (had != plan.sites["chargers"].to_numpy()).any():
        yield f"the chargers of {phases[-1]['year']} are not those of the plan"
    years = {phase["year"] for phase in phases}
    for table in (plan.sites, plan.swap_sites):
        unknown = ~table["phase"].isin(years) & table["is_new"]
        if unknown.any() or table["phase"].notna()[~table["is_new"]].any():
            yield "the years of the sites are not those of the phases"


def _there(table: pd.DataFrame, year: int) -> np.ndarray:
    """Return which rows stand at the end of a year."""
    opened = pd.to_numeric(table["phase"]).to_numpy(dtype=float, na_value=np.nan)
    return ~table["is_new"].to_numpy(dtype=bool) | (opened <= year)


def _nothing_lost(
    plan: Plan,
    year: int,
    chargers: tuple[np.ndarray, np.ndarray],
    opened: tuple[np.ndarray, np.ndarray],
) -> Iterator[str]:
    """Yield stations that lose chargers, or have some before they open or too few after."""
    ids = plan.sites["site_id"].to_numpy()
    least = np.where(plan.sites["is_new"], plan.sites["min_chargers"], 0)
    for wrong, what in (
        (chargers[1] < chargers[0], "has fewer chargers than a year before"),
        (opened[0] & ~opened[1], "is closed again"),
        (~opened[1] & (chargers[1] > 0), "has chargers before it opens"),
        (opened[1] & (chargers[1] < least), "has fewer chargers than a station must"),
    ):
        if wrong.any():
            yield f"{year}: {ids[wrong][0]} {what} ({int(wrong.sum())} such)"


def _cost(plan: Plan, chargers: tuple[np.ndarray, np.ndarray], fresh: np.ndarray) -> float:
    sites = plan.sites
    stations = float(sites["site_fixed_cny"].to_numpy()[fresh].sum())
    return stations + float(sites["charger_cny"].to_numpy() @ (chargers[1] - chargers[0]))


def _swap_price(plan: Plan) -> float:
    new = plan.swap_sites["cost_cny"][plan.swap_sites["is_new"]]
    return float(new.iloc[0]) if len(new) else 0.0


def _money_fits(
    year: int,
    cost_cny: float,
    budget_cny: float | None,
    told_cny: Any,  # noqa: ANN401  # JSON
) -> Iterator[str]:
    if budget_cny is not None and cost_cny > budget_cny * (1 + _MONEY_SLACK):
        yield f"what is new in {year} costs {cost_cny:,.0f} CNY, its budget is {budget_cny:,.0f}"
    if abs(cost_cny - float(told_cny)) > 1 + _MONEY_SLACK * cost_cny:
        yield f"what is new in {year} costs {cost_cny:,.0f} CNY, the plan says {told_cny:,.0f}"
