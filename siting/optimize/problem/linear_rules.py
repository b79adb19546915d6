"""Rules as data: linear rows, and spacing as cliques, the same for every model of ours.

A rule of the scenario becomes a :class:`LinearRule` over the sites or, where a share of a group is
promised, a :class:`CoverPromise`. The families of :mod:`siting.optimize.rules` make them, and
:func:`siting.optimize.model.joint.write_rules` writes them into a model, whichever model that is.

Of the sites of a clique (all pairwise nearer than the spacing) at most one may open. One
row per clique is far stronger in a linear relaxation than one row per pair: half a
station at each of five sites obeys every pair but not the clique.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.spatial import cKDTree

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


_OFFSETS = 4


def conflict_pairs(xy: Floats, members: Ints, spacing_m: float | Floats) -> Ints:
    """Return the pairs of members nearer than the spacing, straight line.

    Parameters
    ----------
    xy
        Metric coordinates of all sites, (n, 2).
    members
        Ints of the sites to look at.
    spacing_m
        Least distance, one for all or one for each site of which a pair keeps the larger;
        exactly this far apart is allowed.

    Returns
    -------
    array (m, 2)
        Ints, lower first, sorted.
    """
    members = np.sort(members)
    own = np.broadcast_to(np.asarray(spacing_m, dtype=float), len(xy))[members]
    if len(members) < 2 or own.max() <= 0:  # noqa: PLR2004  # a pair takes two
        return np.empty((0, 2), dtype=np.int32)
    near = cKDTree(xy[members]).query_pairs(float(own.max()), output_type="ndarray")
    gap = xy[members[near[:, 0]]] - xy[members[near[:, 1]]]
    asked = np.maximum(own[near[:, 0]], own[near[:, 1]])
    near = np.sort(near[np.hypot(gap[:, 0], gap[:, 1]) < asked], axis=1)
    order = np.lexsort((near[:, 1], near[:, 0]))
    return members[near[order]].astype(np.int32)


def clique_cover(pairs: Ints) -> list[Ints]:
    """Cover every pair by cliques, greedily and always in the same order.

    Parameters
    ----------
    pairs
        Pairs in conflict, (m, 2).

    Returns
    -------
    list of arrays
        Sorted positions of each clique; every pair lies in at least one.
    """
    neighbours: dict[int, set[int]] = {}
    for one, other in pairs.tolist():
        neighbours.setdefault(one, set()).add(other)
        neighbours.setdefault(other, set()).add(one)
    covered: set[tuple[int, int]] = set()
    cliques: list[Ints] = []
    for one, other in pairs.tolist():
        if (one, other) in covered:
            continue
        clique = _grown([one, other], neighbours)
        covered.update((a, b) for k, a in enumerate(clique) for b in clique[k + 1 :])
        cliques.append(np.array(clique, dtype=np.int32))
    return cliques


def _grown(clique: list[int], neighbours: dict[int, set[int]]) -> list[int]:
    """Add sites adjacent to all, the one leaving most room to grow first."""
    common = neighbours[clique[0]] & neighbours[clique[1]]
    while common:
        best = min(common, key=lambda site: (-len(neighbours[site] & common), site))
        clique.append(best)
        common = common & neighbours[best]
    return sorted(clique)


def most_stations(xy: Floats, members: Ints, spacing_m: float) -> int:
    """Return an upper bound on how many of the members fit at the spacing.

    Sites within one half-open square of side ``spacing_m / sqrt(2)`` are all nearer than the
    spacing, so at most one of them opens; the best of several offsets of the grid is taken.
    """
    if spacing_m <= 0 or not len(members):
        return len(members)
    side = spacing_m / np.sqrt(2.0)
    fewest = len(members)
    for east in range(_OFFSETS):
        for north in range(_OFFSETS):
            shift = np.array([east, north]) / _OFFSETS
            cells = np.floor(xy[members] / side + shift).astype(np.int64)
            fewest = min(fewest, len(np.unique(cells, axis=0)))
    return fewest
