"""Rules as data: one linear row each, so that every model of ours holds the same rules.

A rule of the scenario becomes a :class:`LinearRule` over the sites or, where a share of a group is
promised, a :class:`CoverPromise`. The functions that build them stand in
:mod:`siting.optimize.families`, one for each family; this module writes them into a model,
whichever model that is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pulp

from siting.optimize.solver import linear

if TYPE_CHECKING:
    from collections.abc import Sequence

    from siting.arrays import Flags, Floats, Ints
    from siting.optimize.problem import SitingProblem

    Sites = dict[int, pulp.LpVariable]

SENSES = {
    "<=": pulp.LpConstraintLE,
    "=": pulp.LpConstraintEQ,
    ">=": pulp.LpConstraintGE,
}
_TINY = 1e-9


@dataclass(frozen=True, eq=False)
class LinearRule:
    """One row ``sum_j open_coef_j open_j + charger_coef_j chargers_j  <sense>  rhs``.

    Attributes
    ----------
    family
        Name of the family of rules, e.g. ``"locked"``.
    what, values
        What the row says: a template and its values, for people.
    sites
        Positions of the sites in the row, each once.
    open_coef, charger_coef
        Coefficients, as long as ``sites``.
    sense
        ``"<="``, ``"="`` or ``">="``.
    rhs
        Right-hand side.
    """

    family: str
    what: str
    values: dict[str, Any]
    sites: Ints
    open_coef: Floats
    charger_coef: Floats
    sense: str
    rhs: float

    @property
    def counts_chargers(self) -> bool:
        """Whether chargers stand in the row."""
        return bool(np.any(self.charger_coef))

    @property
    def text(self) -> str:
        """What the row says, in words."""
        return self.what.format(**self.values)


@dataclass(frozen=True, eq=False)
class CoverPromise:
    """A share of a group must have an open site of its own list.

    ``sum_m weight_m cover_m >= share * total`` with ``cover_m <= sum_{j in sites_m} open_j`` and
    ``0 <= cover_m <= 1``: maximal covering (Church and ReVelle 1974) turned into a promise.

    Attributes
    ----------
    family, what, values
        As in :class:`LinearRule`.
    weight
        Weight of each member, e.g. people.
    sites
        Positions of the sites that would do for each member.
    need
        Weight to cover: the share times the weight of the whole group, members out of
        everyone's reach included.
    """

    family: str
    what: str
    values: dict[str, Any]
    weight: Floats
    sites: tuple[tuple[int, ...], ...]
    need: float

    @property
    def text(self) -> str:
        """What the promise says, in words."""
        return self.what.format(**self.values)


@dataclass(frozen=True, eq=False)
class Rules:
    """All rules of one facility class: rows, and promises to a share of a group."""

    rows: tuple[LinearRule, ...] = ()
    promises: tuple[CoverPromise, ...] = ()

    @property
    def families(self) -> tuple[str, ...]:
        """Families of the rules, each once, in order."""
        named = [rule.family for rule in self.rows] + [one.family for one in self.promises]
        return tuple(dict.fromkeys(named))

    @property
    def count_chargers(self) -> bool:
        """Whether any row speaks of chargers."""
        return any(rule.counts_chargers for rule in self.rows)


NO_RULES = Rules()


def row_of(  # noqa: PLR0913  # the seven parts of a row
    family: str,
    what: str,
    values: dict[str, Any],
    sites: Ints | list[int],
    sense: str,
    rhs: float,
    *,
    opens: Floats | float = 0.0,
    chargers: Floats | float = 0.0,
) -> LinearRule:
    """Return a row whose coefficients may be given as one number for all of its sites."""
    shape = np.shape(sites)
    return LinearRule(
        family,
        what,
        values,
        np.asarray(sites, dtype=np.int64),
        np.broadcast_to(np.asarray(opens, dtype=float), shape).copy(),
        np.broadcast_to(np.asarray(chargers, dtype=float), shape).copy(),
        sense,
        float(rhs),
    )


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


Among = tuple[str, list[int], list[float], str, float]
"""A row over the chargers of given stations: name, places, coefficients, sense, limit."""


def rows_among(rules: Rules, open_site: Ints) -> list[Among]:
    """Return the rows that speak of chargers, over given stations instead of all sites."""
    result = []
    for number, rule in enumerate(rules.rows):
        if not rule.counts_chargers:
            continue
        stands = np.isin(rule.sites, open_site)
        places = np.searchsorted(open_site, rule.sites[stands])
        counted = rule.charger_coef[stands] != 0
        if not counted.any():
            continue
        coefs = rule.charger_coef[stands][counted].tolist()
        rest = rule.rhs - float(rule.open_coef[stands].sum())
        name = f"{rule.family}_{number}"
        result.append((name, places[counted].tolist(), coefs, rule.sense, rest))
    return result


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
