"""The elastic model: the rules of the selection, some of whose rows may give way for a price.

To a named row ``sum_j a_j x_j <sense> limit`` a slack is added, ``sum_j a_j x_j + c slack``,
and the sum of the slacks is made least while every other row holds: the smallest change of that
rule under all others. Elastic programs: Chinneck, "Feasibility and Infeasibility in
Optimization" (2008), ch. 6.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from siting.optimize.model.stations import station_rules
from siting.optimize.solver.solver import linear, values_of
from siting.optimize.swap.cover import swap_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pulp

    from siting.arrays import Floats
    from siting.optimize.problem.problem import SitingProblem
    from siting.optimize.solver.solver import Door

_GAP = 1e-6
STATIONS, SWAP = "stations", "swap"


@dataclass(frozen=True, eq=False)
class Least:
    """The least slack of each group of rows, and whether no smaller sum exists (proven)."""

    slack: Floats
    proven: bool


def least_slack(
    problem: SitingProblem, side: str, groups: Sequence[Mapping[str, float]], door: Door
) -> Least | None:
    """Return the least sum of slacks under which the rest of the rules can hold.

    Parameters
    ----------
    problem
        The problem.
    side
        ``"stations"`` or ``"swap"``: which of the two models.
    groups
        For each slack the rows it loosens with its coefficient there; rows that the model
        does not have are passed over.
    door
        The solver.

    Returns
    -------
    Least or None
        None if no slack helps, or nothing was found in time.
    """
    lp, _ = _side(problem, side)
    slacks = []
    for number, group in enumerate(groups):
        slack = lp.add_variable(f"slack_{number}", 0)
        for name, coef in group.items():
            row = lp.get_constraint_by_name(name)
            if row is not None:
                row.addInPlace(coef * slack)
        slacks.append(slack)
    lp.setObjective(linear([(slack, -1.0) for slack in slacks]))
    answer = door.maximise(lp, gap_share=_GAP)
    if not answer.usable:
        return None
    return Least(values_of(slacks), answer.proven)


def least_use(
    problem: SitingProblem, side: str, price: Mapping[int, float], door: Door
) -> tuple[list[int], bool] | None:
    """Return which of the priced sites a legal choice of least price opens, and if it is proven.

    A negative price asks for as many of the sites as can be.
    """
    lp, opened = _side(problem, side)
    terms = [(opened[site], -cost) for site, cost in price.items() if site in opened]
    lp.setObjective(linear(terms or [(next(iter(opened.values())), 0.0)]))
    answer = door.maximise(lp, gap_share=_GAP)
    if not answer.usable:
        return None
    chosen = values_of(list(opened.values())) > 0.5  # noqa: PLR2004  # 0 or 1
    sites = np.array(list(opened), dtype=np.int64)[chosen].tolist()
    return [site for site in sites if site in price], answer.proven


def _side(problem: SitingProblem, side: str) -> tuple[pulp.LpProblem, dict[int, pulp.LpVariable]]:
    if side == SWAP:
        return swap_rows(problem, problem.swap_ok)
    rules = station_rules(problem)
    return rules.lp, rules.open
