"""Rules written into a model, whichever model that is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulp

from siting.optimize.solver.solver import linear

if TYPE_CHECKING:
    from collections.abc import Sequence

    from siting.optimize.problem.linear_rules import CoverPromise, Rules

    Sites = dict[int, pulp.LpVariable]


SENSES = {
    "<=": pulp.LpConstraintLE,
    "=": pulp.LpConstraintEQ,
    ">=": pulp.LpConstraintGE,
}

_TINY = 1e-9


def write_rules(
    lp: pulp.LpProblem, rules: Rules, opened: Sites, chargers: Sites | None = None
) -> None:
    """Add every rule to a model that has the variables of its sites.

    Parameters
    ----------
    lp
        The model.
    rules
        The rules. Sites without a variable count as closed.
    opened, chargers
        Variables by site position. Without charger variables, rows that speak of chargers
        are left out.
    """
    for number, rule in enumerate(rules.rows):
        if chargers is None and rule.counts_chargers:
            continue
        sites = rule.sites.tolist()
        terms = [(opened[j], a) for j, a in zip(sites, rule.open_coef.tolist(), strict=True)
                 if a and j in opened]  # fmt: skip
        if chargers is not None:
            terms += [(chargers[j], b) for j, b in
                      zip(sites, rule.charger_coef.tolist(), strict=True)
                      if b and j in chargers]  # fmt: skip
        _add(lp, f"{rule.family}_{number}", terms, rule.sense, rule.rhs)
    for number, promise in enumerate(rules.promises):
        _write_promise(lp, promise, number, opened)


def _write_promise(lp: pulp.LpProblem, promise: CoverPromise, number: int, opened: Sites) -> None:
    """Add ``cover_m <= sum open_j`` for each member and their weighted sum as one row.

    Members that the same sites would do for are one member of their weight together.
    """
    weights: dict[tuple[int, ...], float] = {}
    for sites, weight in zip(promise.sites, promise.weight.tolist(), strict=True):
        here = tuple(j for j in sites if j in opened)
        if here:
            weights[here] = weights.get(here, 0.0) + weight
    terms = []
    for member, (sites, weight) in enumerate(weights.items()):
        doors = [(opened[j], -1.0) for j in sites]
        cover = lp.add_variable(f"{promise.family}_{number}_cover_{member}", 0, 1)
        _add(lp, f"{promise.family}_{number}_{member}", [(cover, 1.0), *doors], "<=", 0.0)
        terms.append((cover, weight))
    _add(lp, f"{promise.family}_{number}", terms, ">=", promise.need)


def _add(
    lp: pulp.LpProblem,
    name: str,
    terms: Sequence[tuple[pulp.LpVariable, float]],
    sense: str,
    limit: float,
) -> None:
    """Add a row; one without variables is left out if it holds, else nothing can hold it."""
    if not terms:
        held = {"<=": limit >= -_TINY, ">=": limit <= _TINY, "=": abs(limit) <= _TINY}[sense]
        if held:
            return
        never = lp.add_variable(f"never_{name}", 0, 0)
        terms = [(never, 1.0)]
    lp.addConstraint(pulp.LpConstraint(linear(terms), SENSES[sense], name, limit))
