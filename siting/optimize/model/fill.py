"""From a set of stations to a plan: whole chargers, who is served where, and its value.

Where nobody's nearest station is overloaded, the nearest station is optimal. Else a linear
program decides, on the pairs that may matter: it starts with the nearest few stations of
each demand point and takes in every pair whose worth exceeds the prices, until none is left
(column generation), which is the optimum over all pairs.

Every set of stations is valued here, at full resolution, and never by a model's word.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pulp

from siting.arrays import groups, running_before, sums
from siting.errors import NoAnswerError
from siting.optimize.model.selection import size_stations
from siting.optimize.problem.linear_rules import rows_among
from siting.optimize.solver.run_log import Run
from siting.optimize.solver.solver import linear, row, values_of

if TYPE_CHECKING:
    from siting.arrays import Flags, Floats, Ints
    from siting.notes import Note
    from siting.optimize.problem.linear_rules import Among
    from siting.optimize.problem.problem import SitingProblem
    from siting.optimize.solver.solver import Solver

_FIRST_COLUMNS = 4
_ROUNDS = 30
_PRICE_TOLERANCE = 1e-7
_HAIR = 1e-12


@dataclass(frozen=True, eq=False)
class Assignment:
    """Energy by pair (kWh/day), as long as ``pair_demand``; ``exact`` if proven optimal."""

    serve_kwh: Floats
    exact: bool


@dataclass(frozen=True, eq=False)
class Sizes:
    """Limits on the chargers of each open site, their total, and the rows of rules among them."""

    least: Ints
    most: Ints
    total: int
    sense: str = "="
    rows: tuple[Among, ...] = ()

    @classmethod
    def of(cls, problem: SitingProblem, open_site: Ints) -> Sizes:
        """Return what a problem asks of the chargers of given stations."""
        return cls(
            problem.min_chargers[open_site],
            problem.max_chargers[open_site],
            problem.chargers,
            problem.charger_sense,
            tuple(rows_among(problem.rules, open_site)),
        )


def assign(problem: SitingProblem, open_site: Ints, sizes: Sizes, solver: Solver) -> Assignment:
    """Serve the demand from given stations, worth as much as possible.

    Parameters
    ----------
    problem
        The problem.
    open_site
        Ints of the open sites, sorted.
    sizes
        Chargers of each between limits with a given total; equal limits fix them.
    solver
        The solver.

    Returns
    -------
    Assignment
        Never breaks a limit; ``exact`` is False if the time ended first.
    """
    net = _Net.of(problem, open_site)
    serve = np.where(net.rank == 0, net.most_kwh, 0.0)
    if not net.whole or not _fits(problem, open_site, sizes, net, serve):
        solved = _solve(problem, open_site, sizes, net, solver)
        if solved is None:
            return Assignment(net.spread(_greedy(problem, sizes, net)), exact=False)
        serve = solved
    return Assignment(net.spread(serve), exact=True)


@dataclass(frozen=True, eq=False)
class _Net:
    """The pairs of open sites, the best of each demand point first.

    ``place`` is the site among the open ones, ``slot`` its pool of chargers that serves the pair
    (:attr:`SitingProblem.classes`), ``slot_kwh`` a charger's energy through each slot. ``whole``:
    each pair may carry all energy of its demand point, as at full resolution.
    """

    pairs: Ints
    demand: Ints
    place: Ints
    slot: Ints
    slot_kwh: Floats
    worth: Floats
    most_kwh: Floats
    rank: Ints
    size: int
    whole: bool

    @classmethod
    def of(cls, problem: SitingProblem, open_site: Ints) -> _Net:
        place = np.full(len(problem.site_id), -1)
        place[open_site] = np.arange(len(open_site))
        pairs = np.flatnonzero(place[problem.pair_site] >= 0)
        worth, demand = problem.pair_worth[pairs], problem.pair_demand[pairs]
        order = np.lexsort((problem.pair_site[pairs], -worth, demand))
        pairs, worth, demand = pairs[order], worth[order], demand[order].astype(np.int64)
        rank = running_before(demand, np.ones(len(demand))).astype(np.int64)
        most_kwh = problem.pair_kwh[pairs]
        whole = bool((most_kwh >= problem.demand_kwh[demand]).all())
        where, pools = place[problem.pair_site[pairs]], problem.classes
        slot = where * pools + problem.pair_slot[pairs] % pools
        kwh = problem.slot_kwh[problem.slots_of(open_site)]
        size = len(problem.pair_site)
        return cls(pairs, demand, where, slot, kwh, worth, most_kwh, rank, size, whole)

    def of_slots(self, chargers: Ints | Floats) -> Floats:
        """Return the energy of each slot with so many chargers at its site."""
        pools = len(self.slot_kwh) // max(len(chargers), 1)
        return self.slot_kwh * np.repeat(chargers, pools)

    def load(self, serve: Floats) -> Floats:
        """Return the energy that each slot gives."""
        return sums(self.slot, serve, len(self.slot_kwh))

    def spread(self, serve: Floats) -> Floats:
        """Return the energy on all pairs of the problem."""
        result = np.zeros(self.size)
        result[self.pairs] = serve
        return result


def _fits(problem: SitingProblem, open_site: Ints, sizes: Sizes, net: _Net, serve: Floats) -> bool:
    load = net.load(serve)
    if bool((load > net.of_slots(sizes.most)).any()):
        return False
    if sizes.rows:
        return False
    need = np.maximum(needed_chargers(problem, open_site, load), sizes.least)
    few = sizes.sense == ">=" or float(need.sum()) <= sizes.total
    return few and (sizes.sense == "<=" or sizes.total <= int(sizes.most.sum()))


def needed_chargers(problem: SitingProblem, open_site: Ints, load_kwh: Floats) -> Floats:
    """Return the chargers each open station needs for a load by slot, fractions too.

    By occasion the pool that wants most of them decides: its share of the mix is what it is.
    """
    kwh = problem.slot_kwh[problem.slots_of(open_site)]
    need = load_kwh / np.where(kwh > 0, kwh, np.inf)
    return np.asarray(need.reshape(len(open_site), problem.classes).max(axis=1))


def _solve(
    problem: SitingProblem, open_site: Ints, sizes: Sizes, net: _Net, solver: Solver
) -> Floats | None:
    """Solve by column generation; None if the time ended."""
    columns = _first_columns(problem, open_site, sizes, net)
    for _ in range(_ROUNDS):
        chosen = np.flatnonzero(columns)
        solved = _solve_columns(problem, open_site, sizes, (net, chosen), solver)
        if solved is None:
            return None
        serve, demand_price, site_price = solved
        gain = net.worth - demand_price[net.demand] - site_price[net.slot]
        fresh = (gain > _PRICE_TOLERANCE) & ~columns
        if not fresh.any():
            return _tidied(problem, sizes, net, serve)
        columns = columns | fresh
    return None


def _first_columns(problem: SitingProblem, open_site: Ints, sizes: Sizes, net: _Net) -> Flags:
    """Return the pairs to start with: the nearest few where the nearest station may be too small.

    Elsewhere the nearest alone; the prices bring in what is missing.
    """
    load = net.load(np.where(net.rank == 0, net.most_kwh, 0.0))
    need = np.clip(needed_chargers(problem, open_site, load), sizes.least, sizes.most)
    small = load > net.of_slots(sizes.most)
    if sizes.rows or not small.any() or float(need.sum()) > sizes.total:
        return net.rank < _FIRST_COLUMNS
    crowded = np.zeros(len(problem.demand_kwh), dtype=bool)
    crowded[net.demand[(net.rank == 0) & small[net.slot]]] = True
    return (net.rank == 0) | (crowded[net.demand] & (net.rank < _FIRST_COLUMNS))


def _solve_columns(
    problem: SitingProblem,
    open_site: Ints,
    sizes: Sizes,
    part: tuple[_Net, Ints],
    solver: Solver,
) -> tuple[Floats, Floats, Floats] | None:
    """Solve on some pairs; return the energy, and the prices of demand points and slots."""
    net, chosen = part
    lp = pulp.LpProblem("assign", pulp.LpMaximize)
    # where the demand row says as much, a limit would only take the price away from it
    most = np.where(net.most_kwh < problem.demand_kwh[net.demand], net.most_kwh, np.inf)[chosen]
    limits = [limit if np.isfinite(limit) else None for limit in most.tolist()]
    serve = [lp.add_variable(f"serve_{k}", 0, limit) for k, limit in enumerate(limits)]
    chargers = [
        lp.add_variable(f"chargers_{k}", int(sizes.least[k]), int(sizes.most[k]))
        for k in range(len(open_site))
    ]
    lp.setObjective(linear(list(zip(serve, net.worth[chosen].tolist(), strict=True))))
    every = [(count, 1.0) for count in chargers]
    row(lp, "chargers", every, sizes.sense, sizes.total)
    for name, places, coefs, sense, rhs in sizes.rows:
        terms = [(chargers[k], b) for k, b in zip(places, coefs, strict=True)]
        row(lp, name, terms, sense, rhs)
    for demand, members in groups(net.demand[chosen]):
        terms = [(serve[k], 1.0) for k in members]
        row(lp, f"demand_{demand}", terms, "<", float(problem.demand_kwh[demand]))
    for slot, members in groups(net.slot[chosen]):
        site, kwh = slot // problem.classes, float(net.slot_kwh[slot])
        terms = [(serve[k], 1.0) for k in members]
        row(lp, f"capacity_{slot}", [*terms, (chargers[site], -kwh)], "<", 0.0)
    answer = solver.maximise(lp)
    if not answer.proven:
        return None
    energy = np.zeros(len(net.worth))
    energy[chosen] = values_of(serve)
    demand_price, site_price = np.zeros(len(problem.demand_kwh)), np.zeros(len(net.slot_kwh))
    for constraint in lp.constraints():
        kind, _, number = constraint.name.partition("_")
        if kind == "demand":
            demand_price[int(number)] = abs(constraint.pi)
        elif kind == "capacity":
            site_price[int(number)] = abs(constraint.pi)
    return energy, demand_price, site_price


def _tidied(problem: SitingProblem, sizes: Sizes, net: _Net, serve: Floats) -> Floats:
    """Take a solver's tolerance off: nothing negative, no demand or limit exceeded."""
    serve = np.where(serve > _PRICE_TOLERANCE, serve, 0.0)
    served = sums(net.demand, serve, len(problem.demand_kwh))
    serve = serve * np.minimum(1.0, problem.demand_kwh / np.maximum(served, 1e-12))[net.demand]
    # a hair below, so that no other order of adding up comes out above the limit
    limit = net.of_slots(sizes.most) * (1 - _HAIR)
    load = net.load(serve)
    return serve * np.minimum(1.0, limit / np.maximum(load, 1e-12))[net.slot]


def _greedy(problem: SitingProblem, sizes: Sizes, net: _Net) -> Floats:
    """Serve the best pairs first: a legal answer when the time for the best one is over."""
    left = problem.demand_kwh.copy()
    room = net.of_slots(fixed_chargers(sizes))
    serve = np.zeros(len(net.worth))
    for k in np.argsort(-net.worth, kind="stable").tolist():
        amount = min(left[net.demand[k]], room[net.slot[k]], net.most_kwh[k])
        if amount > 0:
            serve[k] = amount
            left[net.demand[k]] -= amount
            room[net.slot[k]] -= amount
    return serve


def fixed_chargers(sizes: Sizes) -> Ints:
    """Return chargers within limits and total, shared out alike; for want of anything better."""
    spare = sizes.total - int(sizes.least.sum())
    share = (sizes.most - sizes.least) / max(int((sizes.most - sizes.least).sum()), 1)
    return np.floor(sizes.least + spare * share).astype(np.int64)


_TINY = 1e-9


@dataclass(frozen=True, eq=False)
class Filled:
    """A legal plan: open sites (sorted), value, energy by pair (kWh/day) and chargers."""

    sites: Ints
    value: float
    serve: Floats
    chargers: Ints


def filled(run: Run, sites: Ints, chargers: Ints | None = None) -> Filled:
    """Size a set of stations, all used alike, and serve the demand from them.

    Where the chargers bind, flows and sizes come from one linear program first, and the flows
    anew once the sizes are whole. Chargers that are given stay if sizing anew would lose.
    """
    problem = run.problem
    given = None if chargers is None else _served(run, sites, chargers)
    loose = assign(problem, sites, Sizes.of(problem, sites), run.finishing())
    slots = problem.slots_of(sites)
    load = sums(problem.pair_slot, loose.serve_kwh, len(problem.slot_kwh))[slots]
    sized = size_stations(problem, sites, load, run.finishing())
    room = problem.slot_kwh[slots] * np.repeat(sized, problem.classes)
    if loose.exact and bool((load <= room).all()):
        fair = Filled(sites, problem.value(sites, loose.serve_kwh), loose.serve_kwh, sized)
    else:
        fair = _served(run, sites, sized)
    return given if given is not None and given.value > fair.value + _TINY else fair


def try_filled(run: Run, sites: Ints, stage: str, chargers: Ints | None = None) -> Filled | None:
    """Do as :func:`filled`; None, and a note on the stage, where the clock left no answer."""
    try:
        return filled(run, sites, chargers)
    except NoAnswerError:
        run.cut(stage)
        return None


def _served(run: Run, sites: Ints, chargers: Ints) -> Filled:
    """Serve the demand from stations of given size."""
    problem = run.problem
    done = assign(problem, sites, Sizes(chargers, chargers, int(chargers.sum())), run.finishing())
    if not done.exact:
        run.cut("assign")
    return Filled(sites, problem.value(sites, done.serve_kwh), done.serve_kwh, chargers)


def better(best: Filled, found: Filled | None) -> Filled:
    """Return the plan of more value; the first in a tie."""
    return found if found is not None and found.value > best.value else best


def fill_stations(
    problem: SitingProblem, sites: Ints, solver: Solver
) -> tuple[float, Floats, Ints, tuple[Note, ...]]:
    """Size given stations and serve the demand from them, the way every plan of ours is.

    Parameters
    ----------
    problem
        The problem at full resolution.
    sites
        Positions of the open sites, sorted; a legal set.
    solver
        The solver.

    Returns
    -------
    float, array, array, tuple
        The value, energy by pair (kWh/day), chargers of each site, and a note if the
        clock ended the work.
    """
    run = Run(problem, solver, gap_share=0.0, limit_s=solver.left_s)
    done = filled(run, sites)
    return done.value, done.serve, done.chargers, tuple(run.notes)
