"""p sites with the least total way to them: p-median, and facility location with capacities.

Hakimi, "Optimum locations of switching centers and the absolute centers and medians of a
graph", Operations Research 12 (1964); as a program: ReVelle and Swain, "Central facilities
location", Geographical Analysis 2 (1970).

Solved by a choice from vertex substitution, a bound from prices that rules most sites and
pairs out, and an integer program of what is left. What was ruled out cannot be part of a
better choice, so the answer is proven for the whole problem.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pulp
from scipy import sparse

from siting.arrays import groups, sums
from siting.errors import ImpossibleTargetError, InfeasibleError, NoAnswerError
from siting.optimize.classic.formulation import Ways, bare_sites, go_nearest
from siting.optimize.classic.median_search import Costs, Dual, grown, improved, price_out, probed
from siting.optimize.classic.reach import GAP_SHARE, Choice, Question, each_of
from siting.optimize.classic.set_cover import set_cover
from siting.optimize.solver.solver import State, linear, row, values_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from siting.arrays import Flags, Floats
    from siting.optimize.classic.reach import Reach
    from siting.optimize.model.selection import StationModel
    from siting.optimize.solver.solver import Solver

_TINY = 1e-9
_SMALL = 2500
"""Pairs that an integer program handles quicker than probing does."""
_WHOLE = 2.0**50


def p_median(
    reach: Reach,
    p: int,
    *,
    unserved: float | None = None,
    keep: Iterable[object] = (),
    solver: Solver | None = None,
    gap_share: float = GAP_SHARE,
) -> Choice:
    """Open p sites so that the demand has the least way to its nearest one.

    minimise ``sum_ij w_i d_ij x_ij`` subject to ``sum_j x_ij = 1`` for each i,
    ``x_ij <= open_j``, ``sum_j open_j = p`` and ``open_j`` in {0, 1}; ``w_i`` is the weight of
    demand point i, ``d_ij`` its distance to site j, ``x_ij`` the share of it served there
    (ReVelle and Swain 1970).

    Parameters
    ----------
    reach
        Distances and weights.
    p
        Sites to open.
    unserved
        Distance counted for a demand point with no open site nearer than that. If left out,
        each demand point with a weight above 0 must have an open site in reach.
    keep
        Ids of sites that must be open; they count among the ``p``.
    solver
        The solver with its time limit; HiGHS for a minute if left out.
    gap_share
        Relative gap at which the search may stop.

    Returns
    -------
    Choice
        ``value`` in weight times distance; ``bound`` from below.

    Raises
    ------
    ImpossibleTargetError
        If p cannot be.
    InfeasibleError
        If no p sites have everyone in reach; proven.
    NoAnswerError
        If the time was up before p sites with everyone in reach were found.

    Examples
    --------
    >>> from siting.optimize.classic import Reach, p_median
    >>> far = [[0, 1, 4], [1, 0, 3], [4, 3, 0]]
    >>> line = Reach.of(far, site_id=["a", "b", "c"], weight=[1, 5, 2])
    >>> p_median(line, 2)
    Choice(2 sites, value 1, bound 1, optimal)
    >>> p_median(line, 1).open_id.tolist()
    ['b']
    """
    ask = Question.of(reach, keep, solver, gap_share, p)
    costs, kept = median_costs(reach, p, unserved), ask.kept
    start = improved(costs, kept, grown(costs, kept), ask.solver)
    if unserved is None and not _everyone(reach, start):
        start = improved(costs, kept, _covering(ask), ask.solver)
    dual = price_out(costs, kept, start, ask.solver)
    bound = min(costs.lifted(dual.bound), dual.value)
    if not costs.meets(dual.bound, dual.value) and dual.value - bound > gap_share * dual.value:
        dual, bound = _finished(costs, dual, ask)
    return _counted(ask, dual.opened, bound, unserved)


def median_model(costs: Costs, kept: Flags) -> StationModel:
    """Write the p-median model; a row that is optional may stay at its cost ``without_i``."""
    model = bare_sites("p_median", costs.site, kept, costs.p)
    stays = np.flatnonzero(costs.optional).tolist()
    without = {i: -float(costs.without[i]) for i in stays}
    ways = Ways(costs.row, costs.site, -costs.cost, np.ones(len(costs.row)))
    go_nearest(model, ways, range(len(costs.without)), without=without)
    return model


def median_costs(reach: Reach, p: int, unserved: float | None = None) -> Costs:
    """Return the costs of a reach.

    A row that must be served costs, without a site, more than all rows with their farthest:
    no choice that leaves it out can then be better than one that does not.
    """
    rows, sites = reach.rows, len(reach.site_id)
    cost = reach.weight[rows] * reach.distance.data
    farthest = np.zeros(len(reach.weight))
    np.maximum.at(farthest, rows, cost)
    if unserved is None:
        never = np.ceil(float(farthest.sum())) + 1.0
        partial = np.diff(reach.distance.indptr) < sites
        without = np.where(partial & (reach.weight > 0), never, farthest)
    else:
        without = reach.weight * unserved
    optional = (reach.weight == 0) | (unserved is not None)
    whole = bool((cost == np.rint(cost)).all() and (without == np.rint(without)).all())
    whole = whole and float(farthest.sum()) < _WHOLE
    return Costs(rows, reach.distance.indices, cost, without, optional, sites, p, whole)


def _everyone(reach: Reach, opened: Flags) -> bool:
    return bool(((reach.nearest(opened)[0] >= 0) | (reach.weight == 0)).all())


def _covering(ask: Question) -> Flags:
    """Return p sites that have everyone in reach, if there are such."""
    reach, p = ask.reach, ask.p
    cover = set_cover(reach, np.inf, keep=reach.site_id[ask.kept], solver=ask.solver)
    if len(cover.open_id) <= p:
        return ask.flags(reach.positions(cover.open_id))
    if cover.bound > p:
        raise InfeasibleError(
            f"no {p} sites have every demand point in reach; it takes {cover.bound:g}",
            where="p",
            cure=f"open {cover.bound:g} sites, widen the reach, or say what an unserved one costs",
        )
    raise NoAnswerError(
        f"no {p} sites with every demand point in reach were found in time",
        where="p",
        cure="allow more time, open more sites, or say what an unserved demand point costs",
    )


def _finished(costs: Costs, dual: Dual, ask: Question) -> tuple[Dual, float]:
    """Solve what the prices leave open; return the better choice and the bound."""
    if ask.solver.left_s <= 0:
        return dual, min(costs.lifted(dual.bound), dual.value)
    small, forced = _undecided(costs, ask.kept, dual)
    if len(small.row) > _SMALL:
        small = probed(small, forced, dual, ask.solver)
    model = median_model(small, forced)
    answer = ask.solver.maximise(model.lp, gap_share=ask.gap_share / 2)
    if answer.state is State.INFEASIBLE:
        return dual, dual.value
    best = dual
    if answer.usable:
        chosen = ask.flags(model.chosen())
        value = costs.total(chosen)
        if value < dual.value:
            best = replace(dual, opened=chosen, value=value)
    # Whatever was ruled out is no better than the choice the prices were held against.
    bound = costs.lifted(min(max(-answer.bound, dual.bound), dual.value))
    return best, min(bound, best.value)


def _undecided(costs: Costs, kept: Flags, dual: Dual) -> tuple[Costs, Flags]:
    """Return the costs of the pairs the prices leave, and the sites they keep.

    With ``w_q`` the least worth of the sites the bound opens, opening j instead lifts the
    bound by ``w_q - worth_j``, and serving i there by ``c_ij - u_i`` more.
    """
    better = 1.0 - _TINY if costs.whole else -_TINY
    room = dual.value - better * (1.0 if costs.whole else dual.value) - dual.bound
    free = np.sort(dual.worth[~kept])[::-1]
    count = costs.p - int(kept.sum())
    last = free[count - 1] if count else np.inf
    following = free[count] if count < len(free) else -np.inf
    lift = np.where(kept, 0.0, np.maximum(last - dual.worth, 0.0))
    forced = kept | (dual.worth - following > room)
    reduced = np.maximum(costs.cost - dual.price[costs.row], 0.0) + lift[costs.site]
    optional = costs.optional & (costs.without - dual.price <= room)
    return replace(costs.only(reduced <= room), optional=optional), forced


def _counted(ask: Question, opened: Flags, bound: float, unserved: float | None) -> Choice:
    """Count the value from the open sites."""
    weight = ask.reach.weight
    site, far = ask.reach.nearest(opened)
    if unserved is not None:
        site = np.where(far > unserved, -1, site)
        far = np.minimum(far, unserved)
    counts = weight > 0
    value = float(weight[counts] @ far[counts])
    return ask.answer(opened, site, value, min(bound, value))


_HALF = 0.5


@dataclass(frozen=True, eq=False, repr=False)
class SharedChoice(Choice):
    """A choice in which several sites may share a demand point.

    ``share`` (demand points, sites) is the part of each demand point served at each site;
    ``assigned_id`` names the site with the largest.
    """

    share: sparse.csr_array


def capacitated(
    reach: Reach,
    *,
    capacity: Iterable[float],
    fixed_cost: Iterable[float],
    keep: Iterable[object] = (),
    solver: Solver | None = None,
    gap_share: float = GAP_SHARE,
) -> SharedChoice:
    """Open sites of limited capacity and serve all demand at the least cost.

    minimise ``sum_j f_j open_j + sum_ij c_ij x_ij`` subject to ``sum_j x_ij = 1`` for each i,
    ``sum_i w_i x_ij <= s_j open_j`` for each j, ``x_ij <= open_j``, ``x_ij >= 0`` and ``open_j``
    in {0, 1}. ``x_ij`` is the part of demand point i served at j, ``w_i`` its demand, ``f_j``
    and ``s_j`` fixed cost and capacity of site j. ``x_ij <= open_j`` follows from the rest for
    whole ``open_j``, and makes the relaxation tight (Beasley, "An algorithm for solving large
    capacitated warehouse location problems", EJOR 33, 1988).

    Parameters
    ----------
    reach
        As distance the cost ``c_ij`` of serving ALL of a demand point from a site, as weight the
        demand.
    capacity
        ``s_j`` of each site in the unit of the weights, in the order of ``reach.site_id``.
    fixed_cost
        ``f_j`` of each site in the unit of the distances, in the same order.
    keep, solver, gap_share
        As in :func:`siting.optimize.classic.p_median`.

    Returns
    -------
    SharedChoice
        ``value`` is the cost, ``bound`` from below.

    Raises
    ------
    ImpossibleTargetError
        If a demand point is out of reach, or the capacity of all sites is less than the demand.
    InfeasibleError
        If the capacity does not suffice where the demand is; proven.
    NoAnswerError
        If the time was up first.

    Examples
    --------
    >>> from siting.optimize.classic import Reach, capacitated
    >>> costs = Reach.of([[1, 3], [4, 3]], site_id=["a", "b"], weight=[5, 5])
    >>> capacitated(costs, capacity=[10, 10], fixed_cost=[1, 1])
    SharedChoice(2 sites, value 6, bound 6, optimal)
    >>> capacitated(costs, capacity=[10, 10], fixed_cost=[9, 1]).open_id.tolist()
    ['b']
    """
    ask, count = Question.of(reach, keep, solver, gap_share), len(reach.site_id)
    room, fixed = each_of(capacity, count, "capacity"), each_of(fixed_cost, count, "fixed_cost")
    _check_room(reach, room)
    lp, opened, serve = capacitated_model(reach, room, fixed, ask.kept)
    answer = ask.solver.maximise(lp, gap_share=gap_share / 2)
    if not answer.usable:
        raise _failed(answer.state is State.INFEASIBLE)
    chosen = ask.kept | (values_of(opened) > _HALF)
    share = _tidied(reach, values_of(serve), chosen)
    value = float(fixed[chosen].sum() + share @ reach.distance.data)
    bound = max(-answer.bound, float(fixed[ask.kept].sum()))
    # A demand point counts as served where most of it is.
    parts = sparse.csr_array(
        (share, reach.distance.indices, reach.distance.indptr), shape=reach.distance.shape
    )
    largest = np.lexsort((reach.distance.indices, -share, reach.rows))
    first = np.searchsorted(reach.rows[largest], np.arange(len(reach.demand_id)))
    assigned = reach.distance.indices[largest][first]
    plain = ask.answer(chosen, assigned, value, min(bound, value))
    return SharedChoice(**vars(plain), share=parts)


def capacitated_model(
    reach: Reach, capacity: Floats, fixed_cost: Floats, kept: Flags
) -> tuple[pulp.LpProblem, list[pulp.LpVariable], list[pulp.LpVariable]]:
    """Write the model; return it with ``open_j`` by column and ``x_ij`` by pair.

    The costs are negative, since solvers are asked to maximise.
    """
    lp = pulp.LpProblem("capacitated", pulp.LpMaximize)
    opened = [
        lp.add_variable(f"open_{site}", int(forced), 1, pulp.LpInteger)
        for site, forced in enumerate(kept.tolist())
    ]
    rows, columns = reach.rows, reach.distance.indices
    pairs = list(zip(rows.tolist(), columns.tolist(), strict=True))
    serve = [lp.add_variable(f"serve_{demand}_{site}", 0) for demand, site in pairs]
    costs = zip(serve, (-reach.distance.data).tolist(), strict=True)
    fixed = zip(opened, (-fixed_cost).tolist(), strict=True)
    lp.setObjective(linear([*fixed, *costs]))
    for demand, own in groups(rows):
        row(lp, f"once_{demand}", [(serve[k], 1) for k in own], "=", 1)
    for site, own in groups(columns):
        load = [(serve[k], float(reach.weight[rows[k]])) for k in own]
        row(lp, f"capacity_{site}", [*load, (opened[site], -float(capacity[site]))], "<", 0)
    for variable, (demand, site) in zip(serve, pairs, strict=True):
        row(lp, f"link_{demand}_{site}", [(variable, 1), (opened[site], -1)], "<", 0)
    return lp, opened, serve


def _check_room(reach: Reach, capacity: Floats) -> None:
    alone = int((np.diff(reach.distance.indptr) == 0).sum())
    demand, room = float(reach.weight.sum()), float(capacity.sum())
    if alone or room < demand:
        raise ImpossibleTargetError(
            f"{alone} demand points have no site in reach; "
            f"a demand of {demand:g} meets a capacity of {room:g}",
            where="reach" if alone else "capacity",
            cure="widen the reach, or add sites or capacity",
        )


def _tidied(reach: Reach, share: Floats, opened: Flags) -> Floats:
    """Take a solver's tolerance off: nothing negative, nothing at closed sites, all served."""
    share = np.where(opened[reach.distance.indices] & (share > _TINY), share, 0.0)
    return share / sums(reach.rows, share, len(reach.demand_id))[reach.rows]


def _failed(proven: bool) -> InfeasibleError | NoAnswerError:  # noqa: FBT001  # a private step
    if proven:
        return InfeasibleError(
            "the sites in reach of some demand points cannot serve all of them",
            where="capacity",
            cure="widen the reach, or add sites or capacity there",
        )
    return NoAnswerError(
        "no choice of sites that serves all demand was found in time",
        where="solver",
        cure="allow more time",
    )
