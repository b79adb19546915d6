"""How many chargers each station of a plan gets beyond what its load takes.

The mathematics chooses the stations, who is served where, and sizes that carry it. Any whole sizes
between the least that carry a station's load and the most of its site serve the same energy over
the same ways, so the plan keeps its value however the rest is shared out. It is shared out in
rounds: each gives one charger at a time, where it is wanted most, until all have what the round
gives or the total is used up. Rules that speak of chargers hold: a ceiling closes a site that would
break it; the stations of a floor keep what they have at least, those of an equation exactly.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from siting.arrays import Floats, Ints
    from siting.optimize.problem.linear_rules import LinearRule
    from siting.optimize.problem.problem import SitingProblem

_TINY = 1e-6


@dataclass(frozen=True, eq=False)
class Round:
    """A round of sharing out, over the stations of a plan.

    Attributes
    ----------
    up_to
        Chargers that a station has at most after it.
    use
        What a charger more relieves: of two stations that with more ``use`` a charger goes first.
    group, size
        Group of each station and the size of each group: the group with the fewest chargers for
        its size goes first, use decides within it. None: one group.
    price
        Price of a charger at each station: the cheapest goes first, whatever its use. None: use
        decides.
    """

    up_to: Ints
    use: Floats
    group: Ints | None = None
    size: Floats | None = None
    price: Floats | None = None


def share_out(
    problem: SitingProblem,
    sites: Ints,
    chargers: Ints,
    *,
    least: Ints,
    rounds: Sequence[Round],
) -> Ints:
    """Return the chargers of a plan's stations shared out anew, their sum as before.

    Parameters
    ----------
    problem
        The problem.
    sites, chargers
        Positions of the open stations, sorted, and the chargers the mathematics gave them.
    least
        Fewest chargers of each: no more than it has.
    rounds
        Who gets more, in order. What no round gives away goes back to where it was.

    Returns
    -------
    array of int
        Chargers of each station.
    """
    limits = _Limits.of(problem, sites, chargers)
    low = np.maximum(least, limits.kept)
    count = np.minimum(low, chargers).astype(np.int64)
    most = np.minimum(problem.max_chargers[sites], limits.most)
    spare = int(chargers.sum() - count.sum())
    limits.take(count)
    back = Round(chargers, np.maximum(chargers - count, 0).astype(float))
    for one in (*rounds, back):
        spare -= _give(count, np.minimum(one.up_to, most), one, limits, spare)
    return count if spare == 0 else chargers.copy()


@dataclass(eq=False)
class _Limits:
    """What the rules allow: the least and most of each station, and the room under each ceiling."""

    kept: Ints
    most: Ints
    rows: list[tuple[Ints, Floats]]
    room: list[float]
    of_station: list[list[tuple[int, float]]]

    @classmethod
    def of(cls, problem: SitingProblem, sites: Ints, chargers: Ints) -> _Limits:
        kept = np.zeros(len(sites), dtype=np.int64)
        most = np.full(len(sites), np.iinfo(np.int64).max)
        found = cls(kept, most, [], [], [[] for _ in sites])
        for rule in problem.rules.rows:
            if rule.counts_chargers:
                found._add(rule, sites, chargers)
        return found

    def _add(self, rule: LinearRule, sites: Ints, chargers: Ints) -> None:
        stands = np.isin(rule.sites, sites) & (rule.charger_coef != 0)
        places, coef = np.searchsorted(sites, rule.sites[stands]), rule.charger_coef[stands]
        if rule.sense != "<=" or bool((coef < 0).any()):
            self.kept[places] = chargers[places]
        if rule.sense == "=" or bool((coef < 0).any()):
            self.most[places] = chargers[places]
            return
        if rule.sense == "<=":
            opened = rule.open_coef[np.isin(rule.sites, sites)].sum()
            for place, each in zip(places.tolist(), coef.tolist(), strict=True):
                self.of_station[place].append((len(self.rows), each))
            self.rows.append((places, coef))
            self.room.append(float(rule.rhs - opened))

    def take(self, count: Ints) -> None:
        """Take what so many chargers use off the room."""
        for number, (places, coef) in enumerate(self.rows):
            self.room[number] -= float(coef @ count[places])

    def add(self, place: int) -> bool:
        """Take one charger more off the room, if there is enough."""
        if any(each > self.room[row] + _TINY for row, each in self.of_station[place]):
            return False
        for row, each in self.of_station[place]:
            self.room[row] -= each
        return True


def _give(count: Ints, up_to: Ints, one: Round, limits: _Limits, spare: int) -> int:
    """Give chargers of a round, in place; return how many."""
    group = np.zeros(len(count), dtype=np.int64) if one.group is None else one.group
    size = np.zeros(int(group.max(initial=0)) + 1) if one.size is None else one.size
    held = np.bincount(group, weights=count, minlength=len(size)).astype(float)

    def rank(place: int) -> tuple[float, float, int]:
        people = float(size[group[place]])
        a_head = held[group[place]] / people if people > 0 else np.inf
        return (
            0.0 if one.group is None else float(a_head),
            float(one.price[place])
            if one.price is not None
            else -float(one.use[place]) / max(int(count[place]), 1),
            place,
        )

    heap = [rank(place) for place in np.flatnonzero(count < up_to).tolist()]
    heapq.heapify(heap)
    given = 0
    while heap and given < spare:
        asked = heapq.heappop(heap)
        place = asked[2]
        if (now := rank(place)) != asked:  # its group has grown since
            heapq.heappush(heap, now)
            continue
        if not limits.add(place):
            continue
        count[place] += 1
        held[group[place]] += 1
        given += 1
        if count[place] < up_to[place]:
            heapq.heappush(heap, rank(place))
    return given
