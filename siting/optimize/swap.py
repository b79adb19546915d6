"""Swap and hydrogen stations: a covering model of their own.

A swap station serves by standing near, not by the number of its chargers, so it needs
no flows. Demand counts within several radii with falling worth (gradual covering: Church and
Roberts 1983; Berman and Krass 2002), which spreads the stations even where
everything lies within the largest radius. Hydrogen stations take the same model over sites of
their own. What they cover is the public charging demand, for nobody has figures of the demand for
hydrogen.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pulp

from siting.arrays import first_of_each, groups, sums
from siting.errors import InfeasibleError, NoAnswerError
from siting.optimize.model.joint import write_rules
from siting.optimize.model.reduce import cell_codes
from siting.optimize.problem.linear_rules import NO_RULES, clique_cover, conflict_pairs
from siting.optimize.problem.occasions import by_point
from siting.optimize.problem.problem import keep_for_rules, pairs_of
from siting.optimize.rules.totals import SENSES
from siting.optimize.solver.run_log import FINISH_S
from siting.optimize.solver.solver import State, linear, open_solver, row, values_of

if TYPE_CHECKING:
    from siting import scenario
    from siting.arrays import Flags, Floats, Ints
    from siting.optimize.problem.problem import SitingProblem
    from siting.optimize.solver.solver import Answer, Solver

    Sites = dict[int, pulp.LpVariable]

RADII = ((1 / 3, 0.5), (2 / 3, 0.3), (1.0, 0.2))
"""Radius as a share of the service radius, and what covering within it is worth."""
_DEMAND_CELLS_M = (600.0, 1200.0)
_SITE_CELLS_M = (500.0, 800.0)
_GAP = 2e-3
_QUICK_GAP = 0.01
_HALF = 0.5
_TINY = 1e-9


@dataclass(frozen=True, eq=False)
class SwapCover:
    """Ints of the swap stations, and the gap proven on the covering model."""

    sites: Ints
    gap_share: float
    state: State


def swap_cover(problem: SitingProblem, solver: Solver) -> SwapCover:
    """Choose the swap stations.

    maximise ``sum_r b_r sum_i d_i cover_ir`` where ``cover_ir <= sum_{k within r of i} swap_k``
    and ``cover_ir <= 1``, with ``sum_k swap_k = swap_stations`` (or at least, or at most), spacing
    cliques, the scenario's rules, and existing stations kept. Near-identical new sites are
    thinned first and demand is counted in cells; if the thinned sites do not suffice, all are
    used.

    The linear relaxation gives the bound; the sites that it opens in part are mostly enough to
    come within the gap of it. Where they are not, the whole model is searched.

    Raises
    ------
    InfeasibleError
        If the spacing leaves no room; proven.
    NoAnswerError
        If the time was up first.
    """
    if problem.swap_stations == 0 and problem.swap_sense != ">=" and not problem.swap_rules.rows:
        return SwapCover(np.empty(0, dtype=np.int64), 0.0, State.SOLVED)
    for members in (_thinned(problem), problem.swap_ok):
        lp, swap = _cover_model(problem, members)
        bound, support = _relaxed(lp, swap, solver)
        if support is not None:
            found = _solved(*_cover_model(problem, _flags(problem, support)), bound, solver)
            if found is not None and found.gap_share <= _GAP:
                return found
        answer = solver.maximise(lp, gap_share=_GAP)
        if answer.usable:
            return _chosen(swap, answer, min(bound, answer.bound))
    if answer.state is State.NOTHING:
        return _any_legal(problem, solver, answer)
    raise _failed(problem, answer)


def swap_again(problem: SitingProblem, sites: Ints, solver: Solver) -> SwapCover | None:
    """Prove a choice that somebody made: legal, and within the gap of the relaxation's bound.

    Returns
    -------
    SwapCover or None
        The choice with the gap proven here; None where it breaks a rule, is not near enough to the
        bound, or the clock ended.
    """
    chosen = np.zeros(len(problem.site_id), dtype=bool)
    chosen[sites] = True
    if not len(sites) or (problem.existing_swap & problem.swap_ok & ~chosen).any():
        return None
    for members in (_thinned(problem), problem.swap_ok):
        if (chosen & ~members).any():
            continue
        lp, swap = _cover_model(problem, members)
        bound, _ = _relaxed(lp, swap, solver)
        for site, variable in swap.items():
            variable.lowBound = variable.upBound = int(chosen[site])
        found = _solved(lp, swap, bound, solver)
        return found if found is not None and found.gap_share <= _GAP else None
    return None


def _relaxed(lp: pulp.LpProblem, swap: Sites, solver: Solver) -> tuple[float, Ints | None]:
    """Solve the linear relaxation: its bound, and the sites it opens at least in part."""
    for variable in swap.values():
        variable.cat = pulp.LpContinuous
    answer = solver.maximise(lp)
    share = values_of(list(swap.values())) if answer.proven else np.empty(0)
    for variable in swap.values():
        variable.cat = pulp.LpInteger
    if not answer.proven:
        return np.inf, None
    return answer.bound, np.array(list(swap), dtype=np.int64)[share > _TINY]


def _solved(lp: pulp.LpProblem, swap: Sites, bound: float, solver: Solver) -> SwapCover | None:
    """Solve a cover model of few sites; its gap is held against the bound of all of them."""
    answer = solver.maximise(lp, gap_share=_GAP / 4)
    return _chosen(swap, answer, bound) if answer.usable else None


def _chosen(swap: Sites, answer: Answer, bound: float) -> SwapCover:
    sites = np.array(list(swap), dtype=np.int64)
    chosen = sites[values_of(list(swap.values())) > _HALF]
    gap = _gap(replace(answer, bound=bound))
    return SwapCover(chosen, gap, State.SOLVED if gap <= _GAP else answer.state)


def _flags(problem: SitingProblem, sites: Ints) -> Flags:
    result = problem.existing_swap & problem.swap_ok
    result[sites] = True
    return result


def _any_legal(problem: SitingProblem, solver: Solver, answer: Answer) -> SwapCover:
    """Find a legal choice without the covers when the clock left none: few rows, quickly solved.

    Each site counts with the demand in its reach, so that the choice is not the worst either.
    """
    lp, swap = swap_rows(problem, problem.swap_ok)
    energy = problem.swap_need[problem.swap_pair_demand]
    reached = sums(problem.swap_pair_site, energy, len(problem.site_id))
    worth = (reached / max(problem.total_kwh, _TINY)).tolist()
    lp.setObjective(linear([(variable, worth[site]) for site, variable in swap.items()]))
    quick = solver.at_least(FINISH_S).maximise(lp, gap_share=_QUICK_GAP)
    if not quick.usable:
        raise _failed(problem, quick if quick.state is State.INFEASIBLE else answer)
    sites = np.array(list(swap), dtype=np.int64)
    chosen = sites[values_of(list(swap.values())) > _HALF]
    return SwapCover(chosen, float("nan"), State.STOPPED)


def swap_key(problem: SitingProblem) -> str:
    """Return a hash of everything the swap stage reads: with the same key it answers the same."""
    thinned = _thinned(problem)
    digest = hashlib.sha256()
    for names in (problem.site_id[problem.swap_ok], problem.site_id[thinned], problem.demand_id):
        digest.update("\n".join(map(str, names)).encode() + b"\0")
    for array in (
        problem.site_xy[problem.swap_ok],
        problem.existing_swap[problem.swap_ok],
        problem.swap_need,
        problem.demand_xy,
        problem.swap_pair_demand,
        np.cumsum(problem.swap_ok)[problem.swap_pair_site],
        problem.swap_pair_distance_m,
    ):
        digest.update(np.ascontiguousarray(array).tobytes())
    numbers = (problem.swap_stations, problem.swap_sense, problem.swap_spacing_m,
               problem.swap_cutoff_m)  # fmt: skip
    digest.update(repr(numbers).encode())
    for rule in problem.swap_rules.rows:
        ids = problem.site_id[rule.sites].tolist()
        row_ = (ids, rule.open_coef.tolist(), rule.sense, rule.rhs)
        digest.update(repr(row_).encode())
    for promise in problem.swap_rules.promises:
        lists = [problem.site_id[list(sites)].tolist() for sites in promise.sites]
        digest.update(repr((promise.weight.tolist(), lists, promise.need)).encode())
    return digest.hexdigest()


def _thinned(problem: SitingProblem) -> Flags:
    codes = cell_codes(problem, problem.site_xy, *_SITE_CELLS_M)
    fresh = np.flatnonzero(problem.swap_ok & ~problem.existing_swap)
    order = fresh[np.lexsort((fresh, -problem.score[fresh], codes[fresh]))]
    keep = problem.existing_swap.copy()
    keep[order[first_of_each(codes[order])]] = True
    keep_for_rules(problem, problem.swap_rules, keep)
    return keep & problem.swap_ok


def _cover_model(problem: SitingProblem, members: Flags) -> tuple[pulp.LpProblem, Sites]:
    lp, swap = swap_rows(problem, members)
    lp.setObjective(linear(_coverage(lp, problem, members, swap)))
    return lp, swap


def swap_rows(problem: SitingProblem, members: Flags) -> tuple[pulp.LpProblem, Sites]:
    """Write every rule about the swap stations at some of the sites, and no objective."""
    lp = pulp.LpProblem("swap", pulp.LpMaximize)
    swap = {
        site: lp.add_variable(f"swap_{site}", int(problem.existing_swap[site]), 1, pulp.LpInteger)
        for site in np.flatnonzero(members).tolist()
    }
    total = [(variable, 1) for variable in swap.values()]
    row(lp, "swaps", total, problem.swap_sense, problem.swap_stations)
    write_rules(lp, problem.swap_rules, swap)
    fresh = np.flatnonzero(members & ~problem.existing_swap)
    near = conflict_pairs(problem.site_xy, fresh, problem.swap_spacing_m)
    for number, clique in enumerate(clique_cover(near)):
        row(lp, f"apart_{number}", [(swap[site], 1) for site in clique.tolist()], "<", 1)
    return lp, swap


def _coverage(
    lp: pulp.LpProblem, problem: SitingProblem, members: Flags, swap: Sites
) -> list[tuple[pulp.LpVariable, float]]:
    """Add covered cells by radius; return their terms of the objective.

    Cells with the same sites in reach count as one: they are covered together.
    """
    code = cell_codes(problem, problem.demand_xy, *_DEMAND_CELLS_M)
    energy = sums(code, problem.swap_need, int(code.max()) + 1)
    usable = members[problem.swap_pair_site]
    cell = code[problem.swap_pair_demand[usable]]
    site, distance = problem.swap_pair_site[usable], problem.swap_pair_distance_m[usable]
    near = _cell_distance(cell, site, distance)
    worth: dict[tuple[int, ...], float] = {}
    for share, value in RADII:
        within = near[2] <= share * problem.swap_cutoff_m
        cells, sites = near[0][within], near[1][within]
        for number, rows in groups(cells):
            key = tuple(sites[rows].tolist())
            worth[key] = worth.get(key, 0.0) + value * float(energy[number])
    terms = []
    for number, (key, value) in enumerate(sorted(worth.items())):
        covered = lp.add_variable(f"cover_{number}", 0, 1)
        row(lp, f"covered_{number}", [(covered, 1), *((swap[k], -1) for k in key)], "<", 0)
        terms.append((covered, value))
    return terms or [(variable, 0.0) for variable in swap.values()]


def _cell_distance(cell: Ints, site: Ints, distance: Floats) -> tuple[Ints, Ints, Floats]:
    """Return the mean distance of each cell to each site, over its points in reach."""
    key = cell * (int(site.max()) + 1 if len(site) else 1) + site
    keys, first, group = np.unique(key, return_index=True, return_inverse=True)
    count = np.bincount(group, minlength=len(keys))
    mean = sums(group, distance, len(keys)) / count
    return cell[first], site[first], mean


def _gap(answer: Answer) -> float:
    if not np.isfinite(answer.bound) or answer.bound <= 0:
        return 0.0 if answer.state is State.SOLVED else float("nan")
    return max(0.0, (answer.bound - answer.value) / answer.bound)


def _rules_too(problem: SitingProblem) -> str:
    families = ", ".join(problem.swap_rules.families)
    return f", and the rules: {families}" if families else ""


def _failed(problem: SitingProblem, answer: Answer) -> InfeasibleError | NoAnswerError:
    if answer.state is State.INFEASIBLE:
        return InfeasibleError(
            f"{problem.swap_stations} swap stations do not fit among "
            f"{int(problem.swap_ok.sum())} sites at a spacing of {problem.swap_spacing_m:g} m "
            f"({int(problem.existing_swap.sum())} exist and stay)" + _rules_too(problem),
            where="targets.swap_stations",
            cure="lower model.swap_spacing_m, or ask for fewer swap stations",
        )
    return NoAnswerError(
        f"no choice of {problem.swap_stations} swap stations was found in {answer.seconds:.1f} s",
        where="solver.time_limit_s",
        cure="allow more time, or lower model.swap_spacing_m",
    )


# ---- hydrogen


def choose_hydrogen(
    problem: SitingProblem,
    able: pd.Series,
    reach: pd.DataFrame,
    *,
    block: scenario.Hydrogen,
    solver: scenario.Solver,
    seed: int,
) -> tuple[tuple[str, ...], float]:
    """Choose the hydrogen stations.

    The algebra is that of :func:`swap_cover`, with the number, sense,
    spacing and radius of the block and without the rules over swap stations.

    Parameters
    ----------
    problem
        The problem of the plan: its sites, demand and scores.
    able
        Ids of the sites where one may stand.
    reach
        Pairs in reach of these sites (``tables.REACH``).
    block, solver, seed
        Blocks of the scenario, and its seed.

    Returns
    -------
    ids
        Sites of the hydrogen stations, sorted.
    gap_share
        Gap proven on the thinned covering model; NaN if the time was up.

    Raises
    ------
    InfeasibleError
        If the spacing leaves no room; proven.
    NoAnswerError
        If the time was up first.
    """
    own = covering_problem(problem, able, reach, block=block)
    backend = open_solver(
        solver.name, threads=solver.threads, seed=seed, time_limit_s=solver.time_limit_s / 4
    )
    try:
        cover = swap_cover(own, backend)
    except InfeasibleError as error:
        raise InfeasibleError(
            f"{block.stations} hydrogen stations do not fit among {len(able)} sites of the kinds "
            f"{', '.join(block.kinds)} at a spacing of {block.spacing_m:g} m",
            where="hydrogen.stations",
            cure="lower hydrogen.spacing_m, allow more kinds, or ask for fewer",
        ) from error
    except NoAnswerError as error:
        raise NoAnswerError(
            f"no choice of {block.stations} hydrogen stations was found in time",
            where="solver.time_limit_s",
            cure="allow more time, or lower hydrogen.spacing_m",
        ) from error
    return tuple(sorted(own.site_id[cover.sites].tolist())), cover.gap_share


def covering_problem(
    problem: SitingProblem, able: pd.Series, reach: pd.DataFrame, *, block: scenario.Hydrogen
) -> SitingProblem:
    """Return the problem with hydrogen stations in the place of its swap stations."""
    problem = by_point(problem)
    usable = np.isin(problem.site_id, able.to_numpy(dtype=object))
    pairs = pairs_of(
        reach, pd.Series(problem.demand_id), pd.Series(problem.site_id), usable, block.cutoff_m
    )
    return replace(
        problem,
        swap_ok=usable,
        existing_swap=np.zeros(len(usable), dtype=bool),
        swap_pair_demand=pairs.demand,
        swap_pair_site=pairs.site,
        swap_pair_distance_m=pairs.distance_m,
        swap_stations=block.stations,
        swap_sense=SENSES[block.sense],
        swap_spacing_m=block.spacing_m,
        swap_cutoff_m=block.cutoff_m,
        swap_rules=NO_RULES,
        swap_kwh=None,
    )
