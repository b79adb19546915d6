"""Sites that a smaller problem must keep, for a rule with a floor asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pulp

    from siting.arrays import Flags
    from siting.optimize.problem.linear_rules import Rules
    from siting.optimize.problem.problem import SitingProblem

    Sites = dict[int, pulp.LpVariable]


def kept_for_rules(problem: SitingProblem) -> Flags:
    """Return the sites of rules with a floor: a choice without them may not exist."""
    keep = np.zeros(len(problem.site_id), dtype=bool)
    for rule in problem.rules.rows:
        if rule.sense != "<=":
            keep[rule.sites] = True
    return keep & problem.openable


def keep_for_rules(problem: SitingProblem, rules: Rules, keep: Flags) -> None:
    """Give rules with a floor their sites back where few are left, in place.

    A row keeps all of its sites unless twice its floor can be met by those already kept; a
    member of a promised group keeps its best site.
    """
    for rule in rules.rows:
        if rule.sense == "<=":
            continue
        chargers = np.maximum(rule.charger_coef * problem.max_chargers[rule.sites], 0.0)
        most = np.maximum(rule.open_coef, 0.0) + chargers
        if float(most[keep[rule.sites]].sum()) < 2 * rule.rhs:
            keep[rule.sites] = True
    for promise in rules.promises:
        for sites in promise.sites:
            if sites and not keep[list(sites)].any():
                keep[max(sites, key=lambda site: (problem.score[site], -site))] = True
