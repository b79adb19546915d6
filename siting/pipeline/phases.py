"""The phases of a plan: from the scenario to years, and from what opens when to tables."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from siting.analysis.demand.demand_chain import check_nev_shares, nev_share
from siting.errors import ImpossibleTargetError
from siting.inputs.files.sheets import read_rule_table
from siting.notes import Note
from siting.optimize.phases.phases import solve_phases
from siting.optimize.phases.years import Year, spent_cny, standing
from siting.optimize.problem.solution import outcome_of
from siting.plan.parts import Phases, PhaseTotal, PhaseYear
from siting.scenario import local_path
from siting.tables.fields import TOTALS

if TYPE_CHECKING:
    import geopandas as gpd

    from siting.optimize.phases.phase_search import Path
    from siting.optimize.phases.phases import Phased
    from siting.optimize.problem.problem import SitingProblem
    from siting.optimize.problem.solution import Solution
    from siting.pipeline.meter import Meter
    from siting.plan.plan import Plan
    from siting.scenario import Scenario

PHASE = "phase"


def years_of(scenario: Scenario, problem: SitingProblem) -> tuple[Year, ...]:
    """Return the phases of a scenario, what their swap stations cost taken off the budgets.

    Parameters
    ----------
    scenario
        The scenario; none where it has no phases.
    problem
        The problem of the last year.

    Raises
    ------
    ImpossibleTargetError
        If more stands today than at the end of the first phase, or a budget does not even pay
        the swap stations.
    ScenarioError
        If the demand of a year is not known.
    """
    phases = scenario.phases
    if not phases:
        return ()
    exist = {
        "stations": int(problem.forced.sum()),
        "chargers": int(problem.existing_chargers[problem.forced].sum()),
        "swap_stations": int(problem.existing_swap.sum()),
    }
    for key in TOTALS:
        if getattr(phases[0], key) < exist[key]:
            raise ImpossibleTargetError(
                f"{getattr(phases[0], key)} {key} at the end of {phases[0].year}, but "
                f"{exist[key]} exist and stay",
                where=f"phases[1].{key}",
                cure=f"ask for at least {exist[key]}: existing ones count",
            )
    factors = _demand_factors(scenario)
    years, swaps = [], exist["swap_stations"]
    for number, (phase, factor) in enumerate(zip(phases, factors, strict=True), start=1):
        more = phase.swap_stations - swaps
        swaps = phase.swap_stations
        money, swap_cny = phase.budget_cny, more * problem.swap_station_cny if more else 0.0
        if money is not None and swap_cny > money:
            raise ImpossibleTargetError(
                f"the {more} swap stations of {phase.year} cost {swap_cny:,.0f} CNY, its budget "
                f"is {money:,.0f}",
                where=f"phases[{number}].budget_cny",
                cure="allow more money in this phase, or build the swap stations later",
            )
        years.append(
            Year(
                phase.year, phase.stations, phase.chargers, phase.swap_stations, factor,
                None if money is None else money - swap_cny,
            )
        )  # fmt: skip
    return tuple(years)


def in_phases(
    scenario: Scenario,
    problem: SitingProblem,
    solution: Solution,
    years: tuple[Year, ...],
    meter: Meter,
) -> tuple[Solution, Phased | None]:
    """Return the plan of the last year as the phases leave it, and what opens when.

    The same solution and nothing where there are no phases.

    Parameters
    ----------
    scenario, problem
        What is solved.
    solution
        The plan of the last year alone.
    years
        Result of :func:`years_of`.
    meter
        Told of the stage.

    Raises
    ------
    NoPlanError
        If no plan in phases exists or none was found in time.
    """
    if not years:
        return solution, None
    with meter.stage("phases") as step:
        phased = solve_phases(
            problem, solution, years,
            solver=scenario.solver, seed=scenario.run.seed, progress=step,
        )  # fmt: skip
    return _last_year(solution, phased, gap_share=scenario.solver.gap_share), phased


def _last_year(solution: Solution, phased: Phased, *, gap_share: float) -> Solution:
    """Return the plan of the last year, held against the bound of that year alone."""
    path, alone = phased.together, solution.outcome
    outcome = outcome_of(
        path.worth[-1], alone.bound, (alone.reduced_value, alone.reduced_bound),
        gap_share=gap_share, solver=alone.solver,
    )  # fmt: skip
    late = [Note("time_limit_reached", {"stage": "phases"})] if phased.late else []
    return replace(
        solution,
        chargers=dict(zip(phased.site_id[path.built[-1].sites].tolist(),
                          path.built[-1].chargers.tolist(), strict=True)),
        assignments=path.assignments[-1],
        outcome=replace(outcome, swap_gap_share=alone.swap_gap_share),
        notes=(*solution.notes, *late),
    )  # fmt: skip


def without_phases(plan: Plan) -> Plan:
    """Return a plan that stands beside one in phases, and has none itself."""
    return replace(plan, phases=None, scenario={**plan.scenario, "phases": []})


def with_phases(
    plan: Plan, problem: SitingProblem, years: tuple[Year, ...], phased: Phased | None
) -> Plan:
    """Return the plan with the year of each station, its chargers by year, and what is proven.

    Parameters
    ----------
    plan
        The plan of the last year.
    problem, years, phased
        What it was made of; the plan itself where nothing was phased.
    """
    if phased is None:
        return plan
    sites = plan.sites.assign(**{PHASE: _opened(plan.sites, _stations(phased), years)})
    for year, built in zip(years, phased.together.built, strict=True):
        count = dict(zip(phased.site_id[built.sites], built.chargers.tolist(), strict=True))
        sites[f"phase_{year.year}_chargers"] = (
            sites["site_id"].map(count).fillna(0).astype("int64").to_numpy()
        )
    swaps = [set(phased.site_id[there].tolist()) for there in phased.swaps]
    content = _content(plan, problem, years, phased)
    told = Note(
        "phased",
        {
            "years": ", ".join(str(year.year) for year in years),
            "together": content.total.regret,
            "gap": content.total.gap_share,
        },
    )
    return replace(
        plan,
        sites=sites,
        swap_sites=plan.swap_sites.assign(**{PHASE: _opened(plan.swap_sites, swaps, years)}),
        phases=content,
        notes=(*plan.notes, told, *_by_year_notes(content)),
    )


def _demand_factors(scenario: Scenario) -> list[float]:
    """Return the demand of each year over that of the last one.

    What a phase gives goes first, else the shares of NEVs on the scenario's course.
    """
    phases = scenario.phases
    if all(phase.demand_factor is not None for phase in phases[:-1]):
        return [phase.demand_factor or 1.0 for phase in phases]
    shares = check_nev_shares(
        read_rule_table(local_path(scenario.demand.nev_shares), key="demand.nev_shares")
    )

    def share(year: int) -> float:
        changed = {"year": year, "nev_share": None}
        return nev_share(shares, scenario.demand.model_copy(update=changed))

    last = share(phases[-1].year)
    return [phase.demand_factor or share(phase.year) / last for phase in phases]


def _stations(phased: Phased) -> list[set[str]]:
    return [set(phased.site_id[built.sites].tolist()) for built in phased.together.built]


def _opened(table: gpd.GeoDataFrame, by_year: list[set[str]], years: tuple[Year, ...]) -> pd.Series:
    """Return the year each new station opens in; missing where it stands today."""
    first: dict[str, int] = {}
    for year, there in zip(years, by_year, strict=True):
        for name in sorted(there):
            first.setdefault(name, year.year)
    opened = table["site_id"].map(first).where(table["is_new"])
    return pd.Series(opened.to_numpy(), index=table.index).astype("Int64")


def _content(plan: Plan, problem: SitingProblem, years: tuple[Year, ...], phased: Phased) -> Phases:
    rows = [_row(plan, problem, years, phased, place) for place in range(len(years))]
    path, other = phased.together, phased.by_year
    best = sum(phased.best)
    finished = len(other.worth) == len(years)
    return Phases(
        years=tuple(rows),
        total=PhaseTotal(
            value=path.total,
            bound=phased.bound,
            gap_share=(phased.bound - path.total) / phased.bound if phased.bound else 0.0,
            regret=best - path.total,
            by_year_value=other.total if finished else None,
            by_year_regret=best - other.total if finished else None,
        ),
        by_year_until=years[len(other.worth) - 1].year,
        whole=phased.whole,
        swap_gap_share=phased.swap_gap_share,
    )


def _row(
    plan: Plan, problem: SitingProblem, years: tuple[Year, ...], phased: Phased, place: int
) -> PhaseYear:
    """Return one year: what stands, what it cost, how good it is alone and beside the other way."""
    year, path = years[place], phased.together
    before = path.built[place - 1] if place else standing(problem)
    money = plan.scenario["phases"][place]["budget_cny"]
    swaps = [int(problem.existing_swap.sum()), *(len(there) for there in phased.swaps)]
    new_swaps = swaps[place + 1] - swaps[place]
    built = path.built[place]
    return PhaseYear(
        year=year.year,
        stations=len(built.sites),
        chargers=int(built.chargers.sum()),
        swap_stations=swaps[place + 1],
        new_stations=len(built.sites) - len(before.sites),
        new_chargers=int(built.chargers.sum() - before.chargers.sum()),
        new_swap_stations=new_swaps,
        demand_factor=year.demand_factor,
        cost_cny=spent_cny(problem, before, built)
        + (new_swaps * problem.swap_station_cny if new_swaps else 0.0),
        budget_cny=money,
        **_service(problem, year, path, place),
        value=path.worth[place],
        bound=phased.bounds[place],
        best_alone=phased.best[place],
        regret=phased.best[place] - path.worth[place],
        **_by_year(phased, place),
    )


def _service(problem: SitingProblem, year: Year, path: Path, place: int) -> dict[str, float]:
    """Return the demand served in a year and how far people drive for it."""
    table = path.assignments[place]
    energy = table["kwh_day"].to_numpy(dtype=float)
    total = problem.total_kwh * year.demand_factor
    far = float(energy @ table["distance_m"].to_numpy(dtype=float))
    given = float(energy.sum())
    return {
        "demand_kwh_day": total,
        "served_share": given / total,
        "mean_distance_m": far / given if given > 0 else float("nan"),
    }


def _by_year(phased: Phased, place: int) -> dict[str, float]:
    worth = phased.by_year.worth
    value = worth[place] if place < len(worth) else float("nan")
    return {"by_year_value": value, "by_year_regret": phased.best[place] - value}


def _by_year_notes(phases: Phases) -> list[Note]:
    """Return what became of building year by year."""
    regret = phases.total.by_year_regret
    if regret is None or not np.isfinite(regret):
        return [Note("phased_by_year_stuck", {"year": phases.by_year_until})]
    return [Note("phased_by_year", {"regret": regret})]
