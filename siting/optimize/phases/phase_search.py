"""Search for a plan in phases: its stations among a pool of sites, its swap stations by year.

The swap stations of the last year are chosen as in any plan. Which of them stand in the years
before is chosen together: the sum over the years of what they cover is largest, each year has
its number, and what is built stays.

The linear relaxation over all years, demand in cells, says how much of each station each year
wants. The nested stations nearest to that are the first plan; then a few sites at a time are
decided anew in all years, where wish and plan disagree most, everything else as it is
(large-neighbourhood search, as in :mod:`siting.optimize.search.improve`). Every plan is sized and
valued year by year at full resolution; the models only say where to look.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from siting.errors import InfeasibleError, NoAnswerError
from siting.optimize.model import reduce
from siting.optimize.model.fill import filled
from siting.optimize.model.joint import joint_model
from siting.optimize.model.selection import station_rules
from siting.optimize.phases.years import APART_M, Built, all_years, built_in, standing, year_problem
from siting.optimize.problem.linear_rules import Rules, row_of
from siting.optimize.problem.solution import PROVEN, assignment_table
from siting.optimize.search.improve import decide_part, disputed_spots
from siting.optimize.solver.run_log import Run
from siting.optimize.solver.solver import linear, values_of
from siting.optimize.swap import swap_cover

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from siting.arrays import Flags, Floats, Ints
    from siting.optimize.phases.years import Year
    from siting.optimize.problem.problem import SitingProblem
    from siting.optimize.solver.solver import Option, Solver


def swaps_by_year(
    problem: SitingProblem, final: Ints, years: Sequence[Year], solver: Solver
) -> tuple[list[Ints], float]:
    """Return the swap stations at the end of each year, and the gap proven before the last.

    Parameters
    ----------
    problem
        The problem as posed, with its swap sites.
    final
        Positions of the swap stations at the end, sorted.
    years
        The phases; no year has fewer than exist.
    solver
        The solver.

    Raises
    ------
    InfeasibleError, NoAnswerError
        As :func:`siting.optimize.swap.swap_cover`.
    """
    exist = np.flatnonzero(problem.existing_swap)
    counts = [year.swap_stations for year in years[:-1]]
    if all(count in (len(exist), len(final)) for count in counts):
        return [exist if count == len(exist) else final for count in counts] + [final], 0.0
    sites = len(problem.site_id)
    cover = swap_cover(_all_years(problem, final, years[:-1]), solver)
    place, site = np.divmod(cover.sites, sites)
    earlier = [np.sort(site[place == number]) for number in range(len(counts))]
    return [*earlier, final], cover.gap_share


def _all_years(problem: SitingProblem, final: Ints, years: Sequence[Year]) -> SitingProblem:
    """Return the covering of all years as one, the sites those of the end."""
    count, sites, points = len(years), len(problem.site_id), len(problem.demand_kwh)
    usable = np.zeros(sites, dtype=bool)
    usable[final] = True
    usable &= problem.swap_ok
    pairs = usable[problem.swap_pair_site]

    def shifted(positions: Ints, size: int) -> Ints:
        return np.concatenate([positions + place * size for place in range(count)])

    def away(xy: Floats) -> Floats:
        return np.concatenate([xy + np.array([place * APART_M, 0.0]) for place in range(count)])

    new = final[~problem.existing_swap[final]]
    rows = [
        row_of("phase_swaps", "swap stations at the end of {year}", {"year": year.year},
               np.flatnonzero(usable) + place * sites, "=", year.swap_stations, opens=1.0)
        for place, year in enumerate(years)
    ]  # fmt: skip
    rows += [
        row_of("nested_swap", "stays open", {}, [site + place * sites, site + (place + 1) * sites],
               "<=", 0.0, opens=np.array([1.0, -1.0]))
        for place in range(count - 1)
        for site in new.tolist()
    ]  # fmt: skip
    need = np.concatenate([problem.swap_need] * count)
    return replace(
        problem,
        demand_kwh=np.concatenate([problem.demand_kwh] * count),
        demand_xy=away(problem.demand_xy),
        site_xy=away(problem.site_xy),
        score=np.concatenate([problem.score] * count),
        max_chargers=np.concatenate([problem.max_chargers] * count),
        swap_ok=np.concatenate([usable] * count),
        existing_swap=np.concatenate([problem.existing_swap & usable] * count),
        swap_kwh=need,
        swap_pair_demand=shifted(problem.swap_pair_demand[pairs], points),
        swap_pair_site=shifted(problem.swap_pair_site[pairs], sites),
        swap_pair_distance_m=np.concatenate([problem.swap_pair_distance_m[pairs]] * count),
        swap_rules=Rules(tuple(rows)),
        swap_stations=sum(year.swap_stations for year in years),
        swap_sense="=",
    )


_DEMAND_CELLS_M = (300.0, 800.0)
_NEAREST_SITES = 20
_SELECT_GAP = 1e-3
_LP_TIME_SHARE = 0.4
_RESERVE_SHARE = 0.15
_FREE = 75
"""Sites times years that are decided anew at a time."""
_SPOTS = 12
_SWEEPS = 3
_LEAST_WISH = 0.01
_LEAST_GAIN = 1e-4
_HALF = 0.5


@dataclass(frozen=True, eq=False)
class Path:
    """One nested plan: what stands, who is served where, and the value, year by year."""

    built: tuple[Built, ...]
    assignments: tuple[pd.DataFrame, ...]
    worth: tuple[float, ...]

    @property
    def total(self) -> float:
        """Sum of the values of the years."""
        return float(sum(self.worth))


class PhaseSearch:
    """The search among the sites of a pool.

    Parameters
    ----------
    base
        Result of :func:`siting.optimize.phases.years.charging_only`.
    years
        The phases.
    pool
        Sites to choose among.
    solver
        The solver and its deadline.
    """

    def __init__(
        self, base: SitingProblem, years: tuple[Year, ...], pool: Flags, solver: Solver
    ) -> None:
        self.base, self.years, self.solver = base, years, solver
        self.big = all_years(reduce.keep_sites(base, pool), years)
        self.limit_s = solver.left_s
        self.late = False

    def best(self, start: Path | None) -> Path | None:
        """Return the best path found, not worse than a start; None if none was found."""
        wish, trusted = self._wish()
        found = self._selected(wish)
        best = max(
            [one for one in (found, start) if one is not None],
            key=lambda one: one.total,
            default=None,
        )
        if best is None or not trusted:
            return best
        for _ in range(_SWEEPS):
            before = best.total
            best = self._swept(best, wish)
            if self.late or best.total - before < _LEAST_GAIN:
                break
        return best

    def _wish(self) -> tuple[Floats, bool]:
        """Return how much of each station the relaxation opens; the scores where time was up."""
        small = reduce.nearest(reduce.cells(self.big, *_DEMAND_CELLS_M), _NEAREST_SITES)
        model = joint_model(small, relaxed=True)
        options: dict[str, Option] = {"solver": "ipx"} if self.solver.name == "highs" else {}
        solver = self.solver.until(_LP_TIME_SHARE * self.solver.left_s)
        answer = solver.maximise(model.lp, gap_share=PROVEN, **options)
        if not answer.proven:
            self.late |= solver.left_s <= 0
            return self.big.score, False
        wish = np.zeros(len(self.big.site_id))
        wish[list(model.open)] = values_of(list(model.open.values()))
        return wish, True

    def _selected(self, wish: Floats) -> Path | None:
        """Return the nested stations nearest to a wish, sized and valued."""
        rules = station_rules(self.big)
        rules.lp.setObjective(linear([(one, float(wish[j])) for j, one in rules.open.items()]))
        answer = self.solver.maximise(rules.lp, gap_share=_SELECT_GAP)
        if not answer.usable or rules.chargers is None:
            self.late |= self.solver.left_s <= 0
            return None
        chargers = np.zeros(len(self.big.site_id), dtype=np.int64)
        chargers[list(rules.chargers)] = np.rint(values_of(list(rules.chargers.values())))
        opened = np.zeros(len(self.big.site_id), dtype=bool)
        opened[rules.chosen()] = True
        built = built_in(self.base, chargers, opened, len(self.years))
        return self._sized(built, fixed=False) or self._sized(built, fixed=True)

    def _swept(self, path: Path, wish: Floats) -> Path:
        """Return the path after the most disputed spots were decided anew in all years."""
        best = path
        for members in self._spots(self._opened(path), wish):
            if self.solver.left_s < _RESERVE_SHARE * self.limit_s:
                self.late = True
                break
            opened = self._decided(best, members)
            if opened is None or np.array_equal(opened, self._opened(best)):
                continue
            chargers = np.zeros(len(opened), dtype=np.int64)
            built = built_in(self.base, chargers, opened, len(self.years))
            found = self._sized(built, fixed=False)
            if found is not None and found.total > best.total:
                best = found
        return best

    def _opened(self, path: Path) -> Flags:
        """Return what a path opens as flags over the sites of all years."""
        opened = np.zeros((len(self.years), len(self.base.site_id)), dtype=bool)
        for place, built in enumerate(path.built):
            opened[place, built.sites] = True
        return opened.ravel()

    def _spots(self, opened: Flags, wish: Floats) -> list[Ints]:
        """Return the sites to free at each spot, the most disputed first, none at two."""
        shape = (len(self.years), len(self.base.site_id))
        movable = (self.big.openable & ~self.big.forced).reshape(shape)[-1]
        wanted = (opened | (wish > _LEAST_WISH)).reshape(shape).any(axis=0)
        members = np.flatnonzero(movable & wanted)
        off = np.abs(wish - opened).reshape(shape).sum(axis=0)[members]
        size = _FREE // len(self.years)
        return disputed_spots(self.base.site_xy, members, off, size=size, most=_SPOTS)

    def _decided(self, path: Path, members: Ints) -> Flags | None:
        """Decide some sites anew in all years; None where the solver has no answer."""
        opened = self._opened(path)
        free = np.zeros((len(self.years), len(self.base.site_id)), dtype=bool)
        free[:, members] = True
        free = free.ravel() & self.big.openable
        return decide_part(self.big, opened, free, self.solver, whole=False)

    def _sized(self, built: Sequence[Built], *, fixed: bool) -> Path | None:
        """Size the stations year by year, none losing a charger; or take the sizes as given."""
        done, tables, worth = [standing(self.base)], [], []
        for place, (year, here) in enumerate(zip(self.years, built, strict=True)):
            asked = year_problem(
                self.base, year, last=place == len(self.years) - 1, before=done[-1],
                most_cny=year.budget_cny,
            )  # fmt: skip
            if fixed:
                held = asked.min_chargers.copy()
                held[here.sites] = here.chargers
                asked = replace(asked, min_chargers=held, max_chargers=held)
            run = Run(asked, self.solver, gap_share=0.0, limit_s=self.solver.left_s)
            try:
                one = filled(run, here.sites, here.chargers if fixed else None)
            except (InfeasibleError, NoAnswerError):
                return None
            self.late |= bool(run.notes)
            if int(one.chargers.sum()) != year.chargers:
                return None
            done.append(Built(one.sites, one.chargers))
            tables.append(assignment_table(asked, one.serve))
            worth.append(one.value)
        return Path(tuple(done[1:]), tuple(tables), tuple(worth))
