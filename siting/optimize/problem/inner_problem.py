"""The best stations for given worths, the inner problem of the bound; and what sites hold at most.

A linear program under count, cliques, floors, charger room and the rows of the scenario's
rules. Its bound is recomputed from the dual values, so a solver's tolerance cannot make it invalid.

The numbers are bounds: no plan lies beyond them, which does not say that one lies within, for other
rules may forbid it. The families of rules refuse targets beyond them; what would do is tried by
:mod:`siting.optimize.explain`, and takes the place of their cures.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from siting.optimize.problem.linear_rules import clique_cover, conflict_pairs, most_stations
from siting.optimize.problem.problem import kept_for_rules

if TYPE_CHECKING:
    from siting.arrays import Flags, Floats, Ints
    from siting.optimize.problem.linear_rules import LinearRule
    from siting.optimize.problem.problem import SitingProblem

_PROMISING = 2
_PRICES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Quantiles of a row's charger coefficients that are tried as the price of a charger."""
_SIGNS = {"<=": (1.0,), ">=": (-1.0,), "=": (1.0, -1.0)}


class Choice:
    """The best stations for given worths: a small linear program, bounded by its duals."""

    def __init__(self, problem: SitingProblem) -> None:
        self.sites = np.flatnonzero(problem.openable)
        self.size = len(problem.site_id)
        self.stations = problem.stations
        self.forced = problem.forced[self.sites].astype(float)
        self.exact = problem.station_sense == "="
        self.sense = problem.station_sense
        self.rows, self.limits = _choice_rows(problem, self.sites)
        self.needed = np.flatnonzero(kept_for_rules(problem)[self.sites])

    def best(self, worth: Floats) -> tuple[Floats, float]:
        """Return ``y`` for all sites and an upper bound on the worth of any legal choice."""
        value = worth[self.sites]
        for members in self._tries(value):
            answer = linprog(
                -value[members],
                A_ub=self.rows[:, members],
                b_ub=self.limits,
                A_eq=np.ones((1, len(members))) if self.exact else None,
                b_eq=[self.stations] if self.exact else None,
                bounds=np.column_stack([self.forced[members], np.ones(len(members))]),
                method="highs-ds",
                options={"presolve": False},
            )
            if answer.status == 0:
                y = np.zeros(self.size)
                y[self.sites[members]] = answer.x
                each = np.minimum(answer.ineqlin.marginals, 0.0)
                total = -float(answer.eqlin.marginals[0]) if self.exact else 0.0
                return y, self._from_duals(value, -each, total)
        return self._without_rows(value)

    def _tries(self, value: Floats) -> list[Ints]:
        """Try the promising sites first, then all."""
        everyone = np.arange(len(value))
        count = _PROMISING * self.stations
        if count >= len(value) or self.sense == ">=":
            return [everyone]
        top = np.argpartition(-value, count)[:count]
        top = np.union1d(top, self.needed)
        return [np.union1d(top, np.flatnonzero(self.forced)), everyone]

    def _from_duals(self, value: Floats, row_price: Floats, station_price: float) -> float:
        """Bound any choice by weak duality; valid for whatever prices come in."""
        rest = value - self.rows.T @ row_price - station_price
        best = np.maximum(rest, rest * self.forced)
        return float(row_price @ self.limits + station_price * self.stations + best.sum())

    def _without_rows(self, value: Floats) -> tuple[Floats, float]:
        """Fall back to the best stations without spacing and floors: weaker, still a bound."""
        order = np.lexsort((-value, -self.forced))
        most = len(value) if self.sense == ">=" else self.stations
        least = 0 if self.sense == "<=" else self.stations
        wanted = (value > 0) | (self.forced > 0)
        count = self.stations if self.exact else int(np.clip(wanted.sum(), least, most))
        order = order[:count]
        y = np.zeros(self.size)
        y[self.sites[order]] = 1.0
        return y, float(value[order].sum())


def _choice_rows(problem: SitingProblem, sites: Ints) -> tuple[sparse.csr_array, Floats]:
    """Return cliques, floors and charger room as rows ``A y <= b`` over openable sites."""
    place = np.full(len(problem.site_id), -1)
    place[sites] = np.arange(len(sites))
    cliques = clique_cover(problem.station_conflicts)
    sizes = [len(clique) for clique in cliques]
    columns = place[np.concatenate(cliques)] if cliques else np.empty(0, dtype=int)
    apart = sparse.csr_array(
        (np.ones(len(columns)), (np.repeat(np.arange(len(cliques)), sizes), columns)),
        shape=(len(cliques), len(sites)),
    )
    zones = np.flatnonzero(problem.zone_floor)
    floors = problem.site_zone[sites][None, :] == zones[:, None]
    room = np.vstack([problem.min_chargers[sites], -problem.max_chargers[sites]]).astype(float)
    rows = sparse.vstack([apart, sparse.csr_array(-floors.astype(float)), sparse.csr_array(room)])
    limits = [np.ones(len(cliques)), -problem.zone_floor[zones].astype(float)]
    limits.append(_room_limits(problem))
    more, bounds = _rule_rows(problem, sites)
    return sparse.vstack([rows, more]).tocsr(), np.concatenate([*limits, bounds])


def _priced(problem: SitingProblem, rule: LinearRule) -> list[tuple[Ints, Floats, float]]:
    """Return rows for a rule that limits chargers everywhere, with the charger total in them.

    With ``sum_j n_j >= N``, ``sum_j a_j y_j + b_j n_j <= r`` gives for each price ``p >= 0``
    ``sum_j (a_j + min_n (b_j - p) n) y_j <= r - p N``: what the loosened row alone forgets is
    that the chargers must stand somewhere.
    """
    if (
        rule.sense != "<="
        or problem.charger_sense == "<="
        or not rule.counts_chargers
        or len(rule.sites) < int(problem.openable.sum())
    ):
        return []
    least, most = problem.min_chargers[rule.sites], problem.max_chargers[rule.sites]
    parts = []
    for price in np.unique(np.quantile(rule.charger_coef, _PRICES, method="nearest")).tolist():
        if price > 0:
            each = rule.charger_coef - price
            loose = rule.open_coef + np.minimum(each * least, each * most)
            parts.append((rule.sites, loose, rule.rhs - price * problem.chargers))
    return parts


def _room_limits(problem: SitingProblem) -> Floats:
    """Return the limits of the charger room; where the total does not bind, ones always met."""
    least = int(problem.min_chargers.sum()) if problem.charger_sense == ">=" else problem.chargers
    most = 0 if problem.charger_sense == "<=" else -problem.chargers
    return np.array([least, most], dtype=float)


def _rule_rows(problem: SitingProblem, sites: Ints) -> tuple[sparse.csr_array, Floats]:
    """Return the rules, and a station total that is no equation, as rows ``A y <= b``.

    A charger counts with the most or the fewest its site may have, whichever loosens the row.
    """
    parts: list[tuple[Ints, Floats, float]] = []
    for rule in problem.rules.rows:
        for sign in _SIGNS[rule.sense]:
            each = sign * rule.charger_coef
            least, most = problem.min_chargers[rule.sites], problem.max_chargers[rule.sites]
            loose = sign * rule.open_coef + np.minimum(each * least, each * most)
            parts.append((rule.sites, loose, sign * rule.rhs))
        parts += _priced(problem, rule)
    if problem.station_sense != "=":
        sign = _SIGNS[problem.station_sense][0]
        parts.append((sites, np.full(len(sites), sign), sign * problem.stations))
    sizes = [len(members) for members, _, _ in parts]
    columns = np.concatenate([np.empty(0, dtype=np.int64), *(part[0] for part in parts)])
    amounts = np.concatenate([np.empty(0), *(part[1] for part in parts)])
    cells = (np.repeat(np.arange(len(parts)), sizes), columns)
    table = sparse.csr_array((amounts, cells), shape=(len(parts), len(problem.site_id)))
    return table[:, sites], np.array([part[2] for part in parts])


_ABSENT = {"absent": True}


@dataclass(frozen=True)
class Room:
    """A target beside what the sites allow; only one of chargers has ``fewest`` and ``most``.

    Attributes
    ----------
    target, sense
        What is asked for, and whether it is ``=``, ``<=`` or ``>=``.
    existing
        What stands today.
    sites
        Sites that may hold a station, standing ones too.
    fit, room
        A choice of so many keeps the spacing: it was made; no more do.
    fewest, most
        Chargers of as many stations as the target asks for.
    """

    target: int
    sense: str
    existing: int
    sites: int | None = field(default=None, metadata=_ABSENT)
    fit: int | None = field(default=None, metadata=_ABSENT)
    room: int | None = field(default=None, metadata=_ABSENT)
    fewest: int | None = field(default=None, metadata=_ABSENT)
    most: int | None = field(default=None, metadata=_ABSENT)

    @property
    def ends(self) -> tuple[int, int]:
        """What is sure to fit, and what is the most; of chargers the fewest and the most."""
        least, most = (self.fewest, self.most) if self.room is None else (self.fit, self.room)
        return least or 0, most or 0


def capacity(problem: SitingProblem) -> dict[str, Room]:
    """Hold the three targets, ``stations``, ``chargers`` and ``swap_stations``, against the sites.

    ``Room(400, "=", existing=60, sites=900, fit=410, room=520)`` says that 410 stations were laid
    out, and that no 521 fit.
    """
    fewest, most = charger_range(problem)
    return {
        "stations": Room(
            problem.stations,
            problem.station_sense,
            existing=int(problem.forced.sum()),
            sites=int(problem.openable.sum()),
            fit=_fit(problem, problem.openable, problem.forced, problem.site_spacing_m),
            room=station_room(problem)[0],
        ),
        "chargers": Room(
            problem.chargers,
            problem.charger_sense,
            existing=int(problem.existing_chargers[problem.forced].sum()),
            fewest=fewest,
            most=most,
        ),
        "swap_stations": Room(
            problem.swap_stations,
            problem.swap_sense,
            existing=int(problem.existing_swap.sum()),
            sites=int(problem.swap_ok.sum()),
            fit=_fit(problem, problem.swap_ok, problem.existing_swap, problem.swap_spacing_m),
            room=swap_room(problem),
        ),
    }


def station_room(problem: SitingProblem) -> tuple[int, float]:
    """Return an upper bound on the stations that fit, and the spacing it is counted at (m)."""
    fresh = np.flatnonzero(problem.openable & ~problem.forced)
    least_m = float(problem.site_spacing_m[fresh].min(initial=problem.min_spacing_m))
    return int(problem.forced.sum()) + most_stations(problem.site_xy, fresh, least_m), least_m


def swap_room(problem: SitingProblem) -> int:
    """Return an upper bound on the swap stations that fit."""
    fresh = np.flatnonzero(problem.swap_ok & ~problem.existing_swap)
    standing = int(problem.existing_swap.sum())
    return standing + most_stations(problem.site_xy, fresh, problem.swap_spacing_m)


def charger_range(problem: SitingProblem) -> tuple[int, int]:
    """Return the fewest and the most chargers of as many stations as the target asks for."""
    fresh = problem.openable & ~problem.forced
    new = max(problem.stations - int(problem.forced.sum()), 0)
    few = 0 if problem.station_sense == "<=" else new
    many = int(fresh.sum()) if problem.station_sense == ">=" else new
    fewest = int(problem.min_chargers[problem.forced].sum())
    fewest += int(np.sort(problem.min_chargers[fresh])[:few].sum())
    most = int(problem.max_chargers[problem.forced].sum())
    most += int(np.sort(problem.max_chargers[fresh])[::-1][:many].sum())
    return fewest, most


def _fit(problem: SitingProblem, allowed: Flags, standing: Flags, spacing_m: float | Floats) -> int:
    """Return the size of a choice that keeps the spacing: those with few neighbours go first."""
    fresh = np.flatnonzero(allowed & ~standing)
    neighbours: dict[int, list[int]] = {int(site): [] for site in fresh}
    for one, other in conflict_pairs(problem.site_xy, fresh, spacing_m).tolist():
        neighbours[one].append(other)
        neighbours[other].append(one)
    shut: set[int] = set()
    count = 0
    for site in sorted(neighbours, key=lambda site: (len(neighbours[site]), site)):
        if site not in shut:
            count += 1
            shut.update(neighbours[site])
    return int(standing.sum()) + count
