"""Max-min coverage: the worst-served zone first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pulp
from scipy import sparse

from siting.arrays import groups, sums
from siting.errors import ImpossibleTargetError
from siting.optimize.classic.choice import (
    GAP_SHARE,
    HALF,
    check_count,
    door_or_default,
    filled,
    kept_flags,
    settle,
)
from siting.optimize.classic.shrink import members, merged_rows, ones_of
from siting.optimize.model.joint import row
from siting.optimize.solver.solver import linear, values_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from siting.arrays import Flags, Floats, Ints
    from siting.optimize.classic.choice import Choice
    from siting.optimize.classic.reach import Reach
    from siting.optimize.solver.solver import Door

_SLACK = 1e-9


def max_min(
    reach: Reach,
    p: int,
    radius: float,
    *,
    zone: Sequence[object],
    keep: Iterable[object] = (),
    door: Door | None = None,
    gap_share: float = GAP_SHARE,
) -> Choice:
    """Open p sites so that the worst-served zone is served as well as possible.

    maximise ``worst`` subject to ``worst <= sum_{i in z} w_i cover_i / sum_{i in z} w_i`` for
    each zone z, ``cover_i <= sum_{j within radius of i} open_j``, ``0 <= cover_i <= 1``,
    ``sum_j open_j = p`` and ``open_j`` in {0, 1}. Of the choices that reach it, one that covers
    most demand is taken, as far as the time allows. Rawls' principle on the covering model of
    Church and ReVelle (1974); compare Marsh and Schilling, "Equity measurement in facility
    location analysis", EJOR 74 (1994).

    Parameters
    ----------
    reach
        Distances and weights.
    p
        Sites to open.
    radius
        Farthest a covered demand point may be from its site, that distance included.
    zone
        The zone of each demand point, in the order of ``reach.demand_id``. Zones without
        weight do not count.
    keep
        Ids of sites that must be open; they count among the ``p``.
    door
        The solver with its time limit; HiGHS for a minute if left out.
    gap_share
        Relative gap at which the search may stop.

    Returns
    -------
    Choice
        ``value`` is the covered share of the worst-served zone, ``bound`` from above.

    Raises
    ------
    ImpossibleTargetError
        If p cannot be, or zones and demand points differ in number.

    Examples
    --------
    >>> from siting.optimize.classic import Reach, max_min
    >>> far = [[0, 1, 4], [1, 0, 3], [4, 3, 0]]
    >>> line = Reach.of(far, site_id=["a", "b", "c"], weight=[1, 5, 2])
    >>> max_min(line, 2, 1, zone=["town", "town", "hill"]).open_id.tolist()
    ['a', 'c']
    """
    door, kept = door_or_default(door), kept_flags(reach, keep)
    check_count(reach, p, kept)
    near = reach.within(radius)
    part = zone_cover(near, zone)
    best = _greedy(part, p, kept)
    lp, opened, worst = max_min_model(part, p, kept)
    answer = door.maximise(lp, gap_share=gap_share / 2)
    if answer.usable:
        best = _better(part, best, _chosen(opened, kept, p))
    value = part.worst(best)
    bound = min(answer.bound, part.best_worst)
    _then_most(lp, part, worst, value)
    if door.maximise(lp, gap_share=max(gap_share, GAP_SHARE)).usable:
        best = _better(part, best, _chosen(opened, kept, p))
    value = part.worst(best)
    return settle(reach, best, near.nearest(best)[0], (value, max(bound, value)), gap_share)


@dataclass(frozen=True, eq=False)
class ZoneCover:
    """Which sites cover what of which zone; rows of a zone alike are one.

    ``share`` is each row's part of its zone's weight, ``weight`` the weight itself.
    """

    cover: sparse.csr_array
    zone: Ints
    share: Floats
    weight: Floats
    zones: int

    def shares(self, opened: Flags) -> Floats:
        """Return the covered share of each zone."""
        covered = (self.cover @ opened.astype(np.int32)) > 0
        return sums(self.zone[covered], self.share[covered], self.zones)

    def worst(self, opened: Flags) -> float:
        """Return the least covered share of a zone; 1 if there is none."""
        return float(min(self.shares(opened).min(initial=1.0), 1.0))

    def total(self, opened: Flags) -> float:
        """Return the covered weight."""
        covered = (self.cover @ opened.astype(np.int32)) > 0
        return float(self.weight[covered].sum())

    @property
    def best_worst(self) -> float:
        """What all sites together give the worst zone."""
        return self.worst(np.ones(self.cover.shape[1], dtype=bool))


def zone_cover(near: Reach, zone: Sequence[object]) -> ZoneCover:
    """Return the coverage of each zone within the reach.

    Raises
    ------
    ImpossibleTargetError
        If zones and demand points differ in number.
    """
    if len(zone) != len(near.demand_id):
        raise ImpossibleTargetError(
            f"{len(zone)} zones for {len(near.demand_id)} demand points",
            where="zone",
            cure="name the zone of each demand point, in the order of demand_id",
        )
    number_of: dict[object, int] = {}
    numbers = np.array(
        [number_of.setdefault(name, len(number_of)) for name in zone], dtype=np.int64
    )
    totals = sums(numbers, near.weight, len(number_of))
    # Zones without weight are left out: their share is nothing of nothing.
    counted = np.flatnonzero(totals > 0)
    place = np.full(len(totals), -1)
    place[counted] = np.arange(len(counted))
    rows = np.flatnonzero(near.weight > 0)
    cover = ones_of(near.distance)[rows]
    first, group = merged_rows(cover, numbers[rows])
    weight = sums(group, near.weight[rows], len(first))
    zones = numbers[rows][first]
    return ZoneCover(cover[first], place[zones], weight / totals[zones], weight, len(counted))


def max_min_model(
    part: ZoneCover, p: int, kept: Flags
) -> tuple[pulp.LpProblem, dict[int, pulp.LpVariable], pulp.LpVariable]:
    """Write the model; return it with ``open_j`` by column and ``worst``."""
    lp = pulp.LpProblem("max_min", pulp.LpMaximize)
    sites = np.union1d(part.cover.indices, np.flatnonzero(kept)).tolist()
    opened = {
        site: lp.add_variable(f"open_{site}", int(kept[site]), 1, pulp.LpInteger) for site in sites
    }
    worst = lp.add_variable("worst", 0, 1)
    row(lp, "sites", [(variable, 1) for variable in opened.values()], "<", p)
    covered = []
    for number, near in enumerate(members(part.cover)):
        covered.append(lp.add_variable(f"cover_{number}", 0, 1))
        terms = [(covered[-1], 1), *((opened[site], -1) for site in near)]
        row(lp, f"covered_{number}", terms, "<", 0)
    for zone, rows in groups(part.zone):
        shares = [(covered[k], -float(part.share[k])) for k in rows]
        row(lp, f"zone_{zone}", [(worst, 1), *shares], "<", 0)
    lp.setObjective(linear([(worst, 1)]))
    return lp, opened, worst


def _then_most(lp: pulp.LpProblem, part: ZoneCover, worst: pulp.LpVariable, value: float) -> None:
    """Hold the worst zone's share and ask for the most covered demand instead."""
    row(lp, "reached", [(worst, 1)], ">", value - _SLACK)
    covered = {variable.name: variable for variable in lp.variables()}
    total = max(float(part.weight.sum()), _SLACK)
    terms = [(covered[f"cover_{k}"], w / total) for k, w in enumerate(part.weight.tolist())]
    lp.setObjective(linear(terms or [(worst, 1)]))


def _chosen(opened: dict[int, pulp.LpVariable], kept: Flags, p: int) -> Flags:
    chosen = np.zeros(len(kept), dtype=bool)
    chosen[np.array(list(opened))[values_of(list(opened.values())) > HALF]] = True
    return filled(chosen, p)


def _better(part: ZoneCover, one: Flags, other: Flags) -> Flags:
    """Return the choice with the better worst zone, of equal ones that with more covered."""
    gain = part.worst(other) - part.worst(one)
    if abs(gain) <= _SLACK:
        gain = part.total(other) - part.total(one)
    return other if gain > 0 else one


def _greedy(part: ZoneCover, p: int, kept: Flags) -> Flags:
    """Open p times the site that adds most to the worst zone that can still gain."""
    opened = kept.copy()
    columns = sparse.csr_array(part.cover.T)
    while int(opened.sum()) < p:
        left = (part.cover @ opened.astype(np.int32)) == 0
        shares = part.shares(opened)
        for zone in np.argsort(shares, kind="stable").tolist():
            worth = columns @ np.where(left & (part.zone == zone), part.weight, 0.0)
            best = int(np.argmax(worth))
            if worth[best] > 0:
                opened[best] = True
                break
        else:
            return filled(opened, p)
    return opened
