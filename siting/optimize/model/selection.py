"""The two small whole-number models: which stations, and how large.

A joint plan exists exactly if :func:`select_stations` finds one, since serving nothing is
always allowed: counts, limits, spacing and floors alone decide. So infeasibility is proven on
a model of a few thousand variables, and there is a legal plan from the first second on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pulp

from siting.errors import InfeasibleError, NoAnswerError
from siting.optimize.model import joint
from siting.optimize.model.joint import write_rules
from siting.optimize.problem.linear_rules import rows_among
from siting.optimize.solver.solver import State, linear, row, values_of

if TYPE_CHECKING:
    from siting.arrays import Floats, Ints
    from siting.optimize.problem.problem import SitingProblem
    from siting.optimize.solver.solver import Answer, Solver

    Sites = dict[int, pulp.LpVariable]

_HALF = 0.5
_SELECT_GAP = 1e-4
_SHORTAGE_PRICE = 100.0
_ROUNDING = 1e-6


def select_stations(
    problem: SitingProblem, wish: Floats, solver: Solver, *, gap_share: float = _SELECT_GAP
) -> Ints:
    """Choose the legal set of stations that fits a wish best.

    maximise ``sum_j wish_j open_j`` under station total, limits on the charger total
    ``sum_j min_j open_j <= chargers <= sum_j max_j open_j``, spacing cliques, zone floors and
    the rules of the scenario. Where a rule speaks of chargers, the chargers are decided too.

    Parameters
    ----------
    problem
        The problem, at full resolution or reduced.
    wish
        Worth of opening each site, e.g. the linear relaxation's ``open_j`` in 0..1.
    solver
        The solver.
    gap_share
        Gap at which to stop.

    Returns
    -------
    array of int
        Ints of the open sites, sorted.

    Raises
    ------
    InfeasibleError
        If no set of stations obeys the rules; proven.
    NoAnswerError
        If the time was up first.
    """
    answer, sites = try_stations(problem, wish, solver, gap_share=gap_share)
    if answer.state is State.INFEASIBLE:
        raise infeasible(problem, solver)
    if not answer.usable:
        raise no_answer(answer)
    return sites


def try_stations(
    problem: SitingProblem, wish: Floats, solver: Solver, *, gap_share: float = _SELECT_GAP
) -> tuple[Answer, Ints]:
    """Do as :func:`select_stations`, and return what the solver established instead of raising.

    The sites mean nothing unless the answer is usable.
    """
    return try_model(station_rules(problem), wish, solver, gap_share=gap_share)


def try_model(
    model: StationModel, wish: Floats, solver: Solver, *, gap_share: float = _SELECT_GAP
) -> tuple[Answer, Ints]:
    """Do as :func:`try_stations` with a model that holds more rows than the rules."""
    model.lp.setObjective(linear([(one, float(wish[j])) for j, one in model.open.items()]))
    answer = solver.maximise(model.lp, gap_share=gap_share)
    return answer, model.chosen()


class StationModel(NamedTuple):
    """A model of which stations open, with its variables by site position."""

    lp: pulp.LpProblem
    open: Sites
    chargers: Sites | None

    def chosen(self) -> Ints:
        """Return the sites that the answer opens, sorted."""
        sites = np.array(list(self.open), dtype=np.int64)
        return sites[values_of(list(self.open.values())) > _HALF]


def station_rules(
    problem: SitingProblem,
    name: str = "select",
    *,
    relaxed: bool = False,
    count_chargers: bool = False,
) -> StationModel:
    """Write every rule about the stations, and no objective.

    Parameters
    ----------
    problem
        The problem.
    name
        Name of the model.
    relaxed
        Leave out that stations and chargers are whole.
    count_chargers
        Decide the chargers too, even where no rule speaks of them.
    """
    lp = pulp.LpProblem(name, pulp.LpMaximize)
    opened = joint.open_variables(lp, problem, relaxed=relaxed)
    joint.station_total(lp, problem, opened)
    joint.spacing(lp, problem, opened)
    joint.zone_floors(lp, problem, opened)
    charger_room(lp, problem, opened)
    chargers = None
    if problem.rules.count_chargers or count_chargers:
        chargers = joint.charger_variables(lp, problem, opened, relaxed=relaxed)
        joint.charger_limits(lp, problem, opened, chargers)
        joint.charger_total(lp, problem, chargers)
    write_rules(lp, problem.rules, opened, chargers)
    return StationModel(lp, opened, chargers)


def charger_room(lp: pulp.LpProblem, problem: SitingProblem, opened: Sites) -> None:
    """Leave room for the charger total: ``sum min_j open_j <= chargers <= sum max_j open_j``."""
    least = [(variable, int(problem.min_chargers[j])) for j, variable in opened.items()]
    most = [(variable, int(problem.max_chargers[j])) for j, variable in opened.items()]
    if problem.charger_sense != ">=":
        row(lp, "room_least", least, "<", problem.chargers)
    if problem.charger_sense != "<=":
        row(lp, "room_most", most, ">", problem.chargers)


def infeasible(problem: SitingProblem, solver: Solver) -> InfeasibleError:
    """Return which rules clash, with the most stations that the spacing allows."""
    lp = pulp.LpProblem("room", pulp.LpMaximize)
    opened = joint.open_variables(lp, problem)
    joint.spacing(lp, problem, opened)
    lp.setObjective(linear([(variable, 1.0) for variable in opened.values()]))
    answer = solver.maximise(lp)
    room = int(answer.bound + 1e-6) if np.isfinite(answer.bound) else len(opened)
    numbers = (
        f"{problem.stations} stations with {problem.chargers} chargers among {len(opened)} sites, "
        f"{int(problem.forced.sum())} of them existing, spacing {problem.min_spacing_m:g} m, "
        f"floors in {int((problem.zone_floor > 0).sum())} zones"
    )
    if problem.rules.families:
        numbers += f", and the rules: {', '.join(problem.rules.families)}"
    if room < problem.stations and problem.station_sense != "<=":
        return InfeasibleError(
            f"a spacing of {problem.min_spacing_m:g} m leaves room for at most {room} of "
            f"{problem.stations} stations",
            where=f"no plan obeys all rules together: {numbers}",
            cure=f"lower model.min_spacing_m, or ask for at most {room} stations",
        )
    return InfeasibleError(
        f"no plan obeys all rules together: {numbers}",
        where="targets and model",
        cure="loosen one of: targets.chargers, model.min_spacing_m, model.stations_per_zone",
    )


def no_answer(answer: Answer) -> NoAnswerError:
    """Return that the time was up first."""
    return NoAnswerError(
        f"no plan was found in {answer.seconds:.1f} s, and none is proven impossible",
        where="solver.time_limit_s",
        cure="allow more time, or loosen model.min_spacing_m or model.stations_per_zone",
    )


def size_stations(
    problem: SitingProblem, open_site: Ints, load_kwh: Floats, solver: Solver
) -> Ints:
    """Give the open stations their chargers: exactly the target, all equally used.

    With ``fair_j`` the chargers at which every station would be used alike (within its
    limits, and enough for its load), minimise
    ``sum_j (over_j + under_j) / fair_j + price * sum_j short_j`` subject to
    ``chargers_j - over_j + under_j = fair_j``, ``kwh_jc chargers_j + short_jc >= load_jc``,
    ``min_j <= chargers_j <= max_j``, ``sum_j chargers_j = chargers`` and the scenario's rules.

    Parameters
    ----------
    problem
        The problem at full resolution.
    open_site
        Ints of the open sites.
    load_kwh
        Energy each slot of theirs should give (:meth:`SitingProblem.slots_of`), kWh/day: of each
        station where any charger serves any demand.
    solver
        The solver.

    Returns
    -------
    array of int
        Chargers of each open site.
    """
    least, most = problem.min_chargers[open_site], problem.max_chargers[open_site]
    pools, kwh = problem.classes, problem.slot_kwh[problem.slots_of(open_site)]
    need = (load_kwh / np.maximum(kwh, 1e-9)).reshape(len(least), pools).max(axis=1)
    total = problem.chargers
    if problem.charger_sense == ">=":
        total = max(total, int(np.clip(np.ceil(need), least, most).sum()))
    fair = fair_chargers(need, least, most, total)
    lp = pulp.LpProblem("size", pulp.LpMaximize)
    chargers, cost = [], []
    for k, target in enumerate(fair.tolist()):
        count = lp.add_variable(f"chargers_{k}", int(least[k]), int(most[k]), pulp.LpInteger)
        over, under = lp.add_variable(f"over_{k}", 0), lp.add_variable(f"under_{k}", 0)
        weight = 1.0 / max(target, 1.0)
        cost += [(over, -weight), (under, -weight)]
        shorts = []
        for slot in range(k * pools, (k + 1) * pools):
            short, load = lp.add_variable(f"short_{slot}", 0), float(load_kwh[slot])
            shorts.append((slot, short, load))
            cost.append((short, -_SHORTAGE_PRICE / max(load, 1.0)))
        row(lp, f"fair_{k}", [(count, 1), (over, -1), (under, 1)], "=", target)
        for slot, short, load in shorts:
            row(lp, f"load_{slot}", [(count, float(kwh[slot])), (short, 1)], ">", load)
        chargers.append(count)
    every = [(count, 1) for count in chargers]
    row(lp, "chargers", every, problem.charger_sense, problem.chargers)
    rules = rows_among(problem.rules, open_site)
    for name, places, coefs, sense, rhs in rules:
        terms = [(chargers[k], b) for k, b in zip(places, coefs, strict=True)]
        row(lp, name, terms, sense, rhs)
    lp.setObjective(linear(cost))
    answer = solver.maximise(lp, gap_share=_SELECT_GAP)
    if not answer.usable and not rules:
        return whole_chargers(fair)
    if not answer.usable:
        raise no_answer(answer)
    return np.rint(values_of(chargers)).astype(np.int64)


def whole_chargers(fair: Floats) -> Ints:
    """Round fair shares to whole chargers of the same sum, largest remainders first.

    Good enough where the clock leaves no time for the sizing model; whole limits still hold.
    """
    whole = np.floor(fair + _ROUNDING).astype(np.int64)
    left = round(float(fair.sum())) - int(whole.sum())
    order = np.lexsort((np.arange(len(fair)), whole - fair))
    whole[order[:left]] += 1
    return whole


def fair_chargers(need: Floats, least: Ints, most: Ints, total: int) -> Floats:
    """Return ``clip(k * need_j, max(least_j, need_j), most_j)`` with the k that gives the total.

    Where the total is too small for all needs, ``max(least_j, k * need_j)`` instead.
    """
    base = np.maximum(need, 1e-6)
    floor = np.maximum(least, np.minimum(need, most))
    if floor.sum() > total:
        floor = least.astype(float)
    low, high = 0.0, float(most.max()) / float(base.min())
    for _ in range(100):
        scale = (low + high) / 2
        short = np.clip(scale * base, floor, most).sum() < total
        low, high = (scale, high) if short else (low, scale)
    return np.clip(high * base, floor, most)
