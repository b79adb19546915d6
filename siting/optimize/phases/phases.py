"""A plan in phases: which stations open in which year, all years together and year by year.

*Together*: the sum over the years of each year's value is made as large as a nested plan can make
it. A small problem is solved whole over all years (:func:`siting.optimize.phases.years.all_years`).
A large one in steps: each year alone and year by year first; the sites any of them opens are the
pool, and :mod:`siting.optimize.phases.phase_search` looks among them. It begins with the plan year
by year too, so that its answer is never worse.

*Year by year*: each year is the best one given what stands: what a planner gets who never looks
ahead.

No nested plan is worth more in a year than the bound of that year alone, so the sum of those
bounds is one on every nested plan. On a small problem the whole model gives a better one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from siting.errors import ImpossibleTargetError, InfeasibleError, NoAnswerError
from siting.optimize.phases.phase_search import Path, PhaseSearch, swaps_by_year
from siting.optimize.phases.years import (
    Built,
    all_years,
    built_in,
    charging_only,
    spent_cny,
    standing,
    year_problem,
)
from siting.optimize.problem.occasions import table_worth
from siting.optimize.rules.budget import least_cost
from siting.optimize.search.solve import EXACT_PAIRS, solve_problem
from siting.optimize.solver.solver import open_solver

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from siting import scenario
    from siting.arrays import Flags, Ints, Names
    from siting.notes import Progress
    from siting.optimize.phases.years import Year
    from siting.optimize.problem.problem import SitingProblem
    from siting.optimize.problem.solution import Solution, Start
    from siting.optimize.solver.solver import Solver


@dataclass(frozen=True, eq=False)
class Phased:
    """What was found about the years.

    Attributes
    ----------
    site_id
        Site ids by position.
    together
        The plan over all years.
    by_year
        The plan that never looks ahead; as many years as it got.
    best, bounds
        Best value known of each year alone, and an upper bound on it.
    bound
        Upper bound on the sum of the values of every nested plan.
    whole
        Whether the model over all years was solved whole.
    swaps
        Positions of the swap stations at the end of each year.
    swap_gap_share
        Gap proven on their covering model over the years before the last.
    late
        Whether the clock, not the work, ended some step.
    """

    site_id: Names
    together: Path
    by_year: Path
    best: tuple[float, ...]
    bounds: tuple[float, ...]
    bound: float
    whole: bool
    swaps: tuple[Ints, ...]
    swap_gap_share: float
    late: bool


def solve_phases(
    problem: SitingProblem,
    solution: Solution,
    years: Sequence[Year],
    *,
    solver: scenario.Solver,
    seed: int,
    progress: Progress | None = None,
) -> Phased:
    """Decide what opens in which year.

    Parameters
    ----------
    problem
        The problem of the last year.
    solution
        Its plan: gives the swap stations, and a bound of the last year.
    years
        The phases, the last with the totals of the problem.
    solver, seed
        As for ``solve_problem``, each time.
    progress
        Called with the name of each step as it starts.

    Raises
    ------
    ImpossibleTargetError
        If a year alone cannot be built.
    InfeasibleError, NoAnswerError
        If no nested plan exists, or none was found in time.
    """
    tell = progress or (lambda _step, _share: None)
    work = _Work(problem, solution, tuple(years), solver, seed)
    backend = work.whole_time()
    with_swaps, swap_gap = swaps_by_year(problem, work.swap_sites, work.years, backend)
    tell("years alone", 0.0)
    alone = [work.alone(place) for place in range(len(years))]
    tell("year by year", 0.0)
    by_year = work.year_by_year(alone[0])
    tell("together", 0.0)
    bounds = tuple(one.outcome.bound for one in alone)
    together, bound, whole = work.together(alone, by_year)
    paths = [path.worth for path in (together, by_year)]
    best = tuple(
        max([one.outcome.value, *(worth[place] for worth in paths if place < len(worth))])
        for place, one in enumerate(alone)
    )
    return Phased(
        site_id=problem.site_id,
        together=together,
        by_year=by_year,
        best=best,
        bounds=tuple(max(pair) for pair in zip(bounds, best, strict=True)),
        bound=max(min(bound, sum(bounds)), together.total),
        whole=whole,
        swaps=tuple(with_swaps),
        swap_gap_share=swap_gap,
        late=work.late,
    )


class _Work:
    """The problem of the years, and what is tried on it."""

    def __init__(
        self,
        problem: SitingProblem,
        solution: Solution,
        years: tuple[Year, ...],
        solver: scenario.Solver,
        seed: int,
    ) -> None:
        self.solution, self.years, self.solver, self.seed = solution, years, solver, seed
        self.swap_sites = np.flatnonzero(np.isin(problem.site_id, list(solution.swap_ids)))
        self.base = charging_only(problem, self.swap_sites)
        self.late = False

    def whole_time(self) -> Solver:
        """Return the solver with the whole time."""
        given = self.solver
        return open_solver(
            given.name, threads=given.threads, seed=self.seed, time_limit_s=given.time_limit_s
        )

    def last(self, place: int) -> bool:
        """Whether a place is that of the last year."""
        return place == len(self.years) - 1

    def alone(self, place: int) -> Solution:
        """Return the best plan of one year alone, with the money of all years up to it.

        Raises
        ------
        ImpossibleTargetError
            If there is none.
        """
        year = self.years[place]
        budgets = [one.budget_cny for one in self.years[: place + 1]]
        known = [money for money in budgets if money is not None]
        most_cny = sum(known) if len(known) == len(budgets) else None
        if self.last(place):
            spent = spent_cny(self.base, standing(self.base), self.built(self.solution))
            if most_cny is None or spent <= most_cny:
                return self.solution
        asked = year_problem(self.base, year, last=self.last(place), most_cny=most_cny)
        if most_cny is not None:
            _refuse_poor(
                year_problem(self.base, year, last=self.last(place)), place, year, most_cny
            )
        try:
            return self.solved(asked, self.solution.start)
        except InfeasibleError as error:
            raise ImpossibleTargetError(
                f"no plan stands at the end of {year.year}, other years aside: {error.what}",
                where=f"phases[{place + 1}]",
                cure="change the numbers of this phase, or its budget_cny and those before it",
            ) from error

    def solved(self, problem: SitingProblem, start: Start | None) -> Solution:
        """Solve a problem like any other, and note whether the clock ended it."""
        found = solve_problem(problem, solver=self.solver, seed=self.seed, start=start)
        self.late |= any(key == "time_limit_reached" for key, _ in found.notes)
        return found

    def built(self, solution: Solution) -> Built:
        """Return what stands in a solution of one year."""
        ids = np.array(list(solution.chargers), dtype=object)
        sites = np.searchsorted(self.base.site_id, ids)
        chargers = np.array(list(solution.chargers.values()), dtype=np.int64)
        order = np.argsort(sites)
        return Built(sites[order], chargers[order])

    def year_by_year(self, first: Solution) -> Path:
        """Return the plan whose every year is the best one given what stands.

        It ends before a year in which what stands leaves no legal plan.
        """
        found = [first]
        for place, year in enumerate(self.years[1:], start=1):
            built = self.built(found[-1])
            asked = year_problem(
                self.base, year, last=self.last(place), before=built, most_cny=year.budget_cny
            )
            try:
                found.append(self.solved(asked, self._start_with(built)))
            except (InfeasibleError, NoAnswerError):
                break
        return Path(
            tuple(self.built(one) for one in found),
            tuple(one.assignments for one in found),
            tuple(one.outcome.value for one in found),
        )

    def _start_with(self, built: Built) -> Start | None:
        """Return the plan's start with what stands among its stations."""
        start = self.solution.start
        if start is None:
            return None
        ids = {*start.stations.tolist(), *self.base.site_id[built.sites].tolist()}
        return replace(start, stations=np.array(sorted(ids), dtype=object))

    def together(self, alone: list[Solution], by_year: Path) -> tuple[Path, float, bool]:
        """Return the best nested plan found, a bound on the sum of its values, and if whole."""
        whole = len(self.years) * len(self.base.pair_demand) <= EXACT_PAIRS
        if whole:
            big = all_years(self.base, self.years)
            try:
                found = self.solved(big, None)
            except InfeasibleError as error:
                raise InfeasibleError(
                    "each year can be built alone, but not one on top of the other",
                    where="phases",
                    cure="move money, stations or chargers between the phases",
                ) from error
            return self._split(big, found), found.outcome.bound * len(self.years), True
        start = by_year if len(by_year.worth) == len(self.years) else None
        search = PhaseSearch(self.base, self.years, self._pool(alone, by_year), self.whole_time())
        path = search.best(start)
        self.late |= search.late
        if path is None:
            raise NoAnswerError(
                "no plan in phases was found among the sites that the years want, and none is "
                "proven impossible",
                where="phases",
                cure="allow more money or chargers in the early years, or fewer stations",
            )
        return path, np.inf, False

    def _pool(self, alone: list[Solution], by_year: Path) -> Flags:
        """Return the sites that some year wants, alone or year by year."""
        wanted = np.zeros(len(self.base.site_id), dtype=bool)
        for built in (*(self.built(one) for one in alone), *by_year.built):
            wanted[built.sites] = True
        return wanted

    def _split(self, big: SitingProblem, found: Solution) -> Path:
        """Return the path of a solution of all years."""
        place = {name: number for number, name in enumerate(big.site_id.tolist())}
        opened = np.zeros(len(big.site_id), dtype=bool)
        chargers = np.zeros(len(big.site_id), dtype=np.int64)
        for name, count in found.chargers.items():
            opened[place[name]], chargers[place[name]] = True, count
        built = built_in(self.base, chargers, opened, len(self.years))
        tables, values = [], []
        for year, here in zip(self.years, built, strict=True):
            mark = f"{year.year}/"
            table = found.assignments
            table = table[table["demand_id"].str.startswith(mark)].reset_index(drop=True)
            table = table.assign(
                demand_id=table["demand_id"].str.removeprefix(mark),
                site_id=table["site_id"].str.removeprefix(mark),
                kwh_day=table["kwh_day"] * year.demand_factor,
            )
            tables.append(table)
            values.append(self._value(year, here, table))
        return Path(tuple(built), tuple(tables), tuple(values))

    def _value(self, year: Year, built: Built, table: pd.DataFrame) -> float:
        """Return the value of a year from who is served where."""
        base = self.base
        worth = table_worth(base, table)
        served = float((worth * table["kwh_day"]).sum()) / (base.total_kwh * year.demand_factor)
        bonus = base.suitability_weight * base.score[built.sites].sum() / year.stations
        return served + float(bonus)


def _refuse_poor(problem: SitingProblem, place: int, year: Year, most_cny: float) -> None:
    """Refuse money that does not pay the cheapest plan of a year, with a proven least cost."""
    least_cny = least_cost(problem)
    if least_cny > most_cny:
        raise ImpossibleTargetError(
            f"up to {year.year} there are {most_cny:,.0f} CNY for charging stations, but what must "
            f"stand at the end of that year costs at least {least_cny:,.0f}",
            where=f"phases[{place + 1}].budget_cny",
            cure="allow more money in this phase or before it, or ask for less",
        )
