"""The capacitated facility-location problem."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pulp
from scipy import sparse

from siting.arrays import groups, sums
from siting.errors import ImpossibleTargetError, InfeasibleError, NoAnswerError
from siting.optimize.classic.choice import GAP_SHARE, Choice, Question, each_of
from siting.optimize.solver.solver import State, linear, row, values_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from siting.arrays import Flags, Floats
    from siting.optimize.classic.reach import Reach
    from siting.optimize.solver.solver import Solver

_TINY = 1e-9
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
