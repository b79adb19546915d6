"""Rules as data: one linear row each, so that every model of ours holds the same rules.

A rule of the scenario becomes a :class:`LinearRule` over the sites or, where a share of a group is
promised, a :class:`CoverPromise`. The families of :mod:`siting.optimize.rules` make them, and
:func:`siting.optimize.model.joint.write_rules` writes them into a model, whichever model that is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from siting.arrays import Floats, Ints


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
    shared
        Name of what charging and swap stations draw on together, e.g. a substation: rows of both
        classes with the same family and name limit the same thing. Empty where a row binds one
        class alone.
    """

    family: str
    what: str
    values: dict[str, Any]
    sites: Ints
    open_coef: Floats
    charger_coef: Floats
    sense: str
    rhs: float
    shared: str = ""

    @property
    def counts_chargers(self) -> bool:
        """Whether chargers stand in the row."""
        return bool(np.any(self.charger_coef))

    @property
    def is_ceiling(self) -> bool:
        """Whether fewer stations and chargers always keep the row."""
        least = min(self.open_coef.min(initial=0.0), self.charger_coef.min(initial=0.0))
        return self.sense == "<=" and bool(least >= 0)

    def demands(self, site: int) -> bool:
        """Whether the row says that a station stands at a site, and nothing else."""
        return self.sense == "=" and self.sites.tolist() == [site]

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


def row_of(  # noqa: PLR0913  # the parts of a row
    family: str,
    what: str,
    values: dict[str, Any],
    sites: Ints | list[int],
    sense: str,
    rhs: float,
    *,
    opens: Floats | float = 0.0,
    chargers: Floats | float = 0.0,
    shared: str = "",
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
        shared,
    )


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
