"""Covering the most with p sites: of all demand (MCLP), or of the worst-served zone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from siting.arrays import sums
from siting.errors import ImpossibleTargetError
from siting.optimize.classic.coverage import Coverage, transposed, zone_shares
from siting.optimize.classic.formulation import (
    Levels,
    bare_sites,
    cover_most,
    maximise,
    raise_worst,
)
from siting.optimize.classic.median_search import Costs, improved
from siting.optimize.classic.reach import GAP_SHARE, Question
from siting.optimize.problem.solution import gap_between
from siting.optimize.solver.solver import values_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from siting.arrays import Flags, Floats
    from siting.optimize.classic.reach import Choice, Reach
    from siting.optimize.model.selection import StationModel
    from siting.optimize.solver.solver import Solver

_SLACK = 1e-9
_PROOF_SHARE = 0.8
_QUIET: dict[str, float | bool] = {
    "mip_heuristic_effort": 0.0,
    "mip_heuristic_run_rins": False,
    "mip_heuristic_run_rens": False,
    "mip_heuristic_run_root_reduced_cost": False,
}
"""HiGHS without its own search for choices: its cuts prove more in the same time, and a choice
from swaps is in hand (3.0 s of CPU instead of 7.8 s on 8,000 demand points and 4,000 sites)."""


def max_cover(
    reach: Reach,
    p: int,
    radius: float | Mapping[float, float],
    *,
    backup: float = 0.0,
    keep: Iterable[object] = (),
    solver: Solver | None = None,
    gap_share: float = GAP_SHARE,
) -> Choice:
    """Open p sites that cover as much demand as possible.

    maximise ``sum_r b_r sum_i w_i (cover_ir + backup * second_ir)`` subject to
    ``cover_ir + second_ir <= sum_{j within r of i} open_j``, ``0 <= cover_ir, second_ir <= 1``,
    ``sum_j open_j = p`` and ``open_j`` in {0, 1}; ``w_i`` is the weight of demand point i and
    ``b_r`` what covering within radius r is worth.

    One radius is the MCLP of Church and ReVelle, "The maximal covering location problem",
    Papers in Regional Science 32 (1974); several are its generalised form (Church and Roberts,
    "Generalized coverage models and public facility location", 1983); the second cover
    is the backup coverage of Hogan and ReVelle, "Concepts and applications of backup
    coverage", Management Science 32 (1986).

    Parameters
    ----------
    reach
        Distances and weights.
    p
        Sites to open.
    radius
        Farthest a covered demand point may be from a site, that distance included; or what
        covering is worth by radius. The worths of all radii that cover add up.
    backup
        What a second site within the radius is worth beside the first, 0 to 1.
    keep, solver, gap_share
        As in :func:`siting.optimize.classic.p_median`.

    Returns
    -------
    Choice
        ``value`` in weight times worth, ``bound`` from above. A demand point is assigned to its
        nearest open site within the largest radius.

    Raises
    ------
    ImpossibleTargetError
        If p, a worth or the backup cannot be.

    Examples
    --------
    >>> from siting.optimize.classic import Reach, max_cover
    >>> far = [[0, 1, 4], [1, 0, 3], [4, 3, 0]]
    >>> line = Reach.of(far, site_id=["a", "b", "c"], weight=[1, 5, 2])
    >>> max_cover(line, 1, 1)
    Choice(1 sites, value 6, bound 6, optimal)
    >>> max_cover(line, 1, {1: 0.5, 3: 0.5}).open_id.tolist()
    ['b']
    """
    ask = Question.of(reach, keep, solver, gap_share, p)
    worth_of = _worths(radius, backup)
    whole = Coverage.of_radii(reach, worth_of, backup)
    part = smaller(whole, ask.kept)
    best = _swapped(part, ask, _greedy(part, ask))
    bound = part.most
    if gap_between(part.value(best), bound) > GAP_SHARE:
        best, bound = _solved(part, ask, best)
    value = whole.value(best)
    near = reach.within(max(worth_of)).nearest(best)[0]
    return ask.answer(best, near, value, max(bound, value))


def smaller(whole: Coverage, kept: Flags) -> Coverage:
    """Return a coverage in fewer rows; without a backup, without lesser sites too."""
    if whole.second.any():
        return whole.fewer(np.zeros(len(whole.first), dtype=bool))
    return whole.fewer(whole.times(kept) > 0, lesser_sites=True)


def max_cover_model(part: Coverage, p: int, kept: Flags, *, relaxed: bool = False) -> StationModel:
    """Write the covering model; ``relaxed`` leaves out that sites open as a whole."""
    model = bare_sites("max_cover", part.cover.indices, kept, p, relaxed=relaxed)
    maximise(model, cover_most(model, part, fold=True))
    return model


def _worths(radius: float | Mapping[float, float], backup: float) -> Mapping[float, float]:
    worth_of = {radius: 1.0} if isinstance(radius, (int, float)) else dict(radius)
    if not worth_of or min(worth_of.values()) < 0 or not 0 <= backup <= 1:
        raise ImpossibleTargetError(
            f"{len(worth_of)} radii, and a backup worth {backup:g}",
            where="radius",
            cure="give at least one radius, worths of at least 0 and a backup of 0 to 1",
        )
    return worth_of


def _solved(part: Coverage, ask: Question, best: Flags) -> tuple[Flags, float]:
    """Return the best choice and the bound; if cut off, try once more from the relaxation."""
    model, solver = max_cover_model(part, ask.p, ask.kept), ask.solver
    # The last part of the time is for a better choice, should there be no proof.
    first = solver.until(_PROOF_SHARE * solver.left_s)
    answer = first.maximise(model.lp, gap_share=ask.gap_share / 2, **_QUIET)
    if answer.usable:
        best = max(best, ask.flags(model.chosen()), key=part.value)
    bound = answer.bound
    if not answer.proven and solver.left_s > 0:
        model = max_cover_model(part, ask.p, ask.kept, relaxed=True)
        answer = solver.maximise(model.lp, solver="ipx")
        if answer.usable:
            sites, opens = np.array(list(model.open)), values_of(list(model.open.values()))
            chosen = ask.kept.copy()
            chosen[sites[np.lexsort((sites, -opens))[: ask.free]]] = True
            best = max(best, _swapped(part, ask, chosen), key=part.value)
    return best, min(bound + float(part.sure.sum()), part.most)


def _swapped(part: Coverage, ask: Question, opened: Flags) -> Flags:
    """Fill a choice up and swap sites while that gains; a backup is left as it is.

    A cover is a p-median whose ways cost nothing and whose demand costs its worth if left out.
    """
    opened = ask.filled(opened)
    if part.second.any():
        return opened
    rows = np.repeat(np.arange(part.cover.shape[0]), np.diff(part.cover.indptr))
    free, optional = np.zeros(len(rows)), np.ones(part.cover.shape[0], dtype=bool)
    columns, sites = part.cover.indices, len(ask.kept)
    costs = Costs(rows, columns, free, part.first, optional, sites, ask.p, whole=False)
    return improved(costs, ask.kept, opened, ask.solver)


def _greedy(part: Coverage, ask: Question) -> Flags:
    """Open the site that adds most, p times: an answer in hand before the solver starts."""
    opened = ask.kept.copy()
    columns = transposed(part.cover)
    times = part.times(opened)
    for _ in range(ask.free):
        gain = np.where(times == 0, part.first, np.where(times == 1, part.second, 0.0))
        worth = columns @ gain
        worth[opened] = -1.0
        best = int(np.argmax(worth))
        if worth[best] <= 0:
            break
        opened[best] = True
        times[columns.indices[columns.indptr[best] : columns.indptr[best + 1]]] += 1
    return opened


def max_min(
    reach: Reach,
    p: int,
    radius: float,
    *,
    zone: Sequence[object],
    keep: Iterable[object] = (),
    solver: Solver | None = None,
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
    keep, solver, gap_share
        As in :func:`siting.optimize.classic.p_median`.

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
    ask = Question.of(reach, keep, solver, gap_share, p)
    zones = Zones.of(reach, radius, zone)
    best = _raised(zones, ask)
    model = max_min_model(zones, p, ask.kept)
    answer = ask.solver.maximise(model.lp, gap_share=gap_share / 2)
    if answer.usable:
        best = zones.better(best, ask.flags(model.chosen()))
    bound = min(answer.bound, zones.worst(np.ones(len(ask.kept), dtype=bool)))
    model = max_min_model(zones, p, ask.kept, reached=zones.worst(best))
    if ask.solver.maximise(model.lp, gap_share=max(gap_share, GAP_SHARE)).usable:
        best = zones.better(best, ask.flags(model.chosen()))
    value = zones.worst(best)
    return ask.answer(best, reach.within(radius).nearest(best)[0], value, max(bound, value))


@dataclass(frozen=True, eq=False)
class Zones:
    """Which sites cover what of which zone, and the weight ``need`` of each zone."""

    part: Coverage
    need: Floats

    @classmethod
    def of(cls, reach: Reach, radius: float, zone: Sequence[object]) -> Zones:
        """Return the zones of a reach, counted in the order in which they appear.

        Raises
        ------
        ImpossibleTargetError
            If zones and demand points differ in number.
        """
        if len(zone) != len(reach.demand_id):
            raise ImpossibleTargetError(
                f"{len(zone)} zones for {len(reach.demand_id)} demand points",
                where="zone",
                cure="name the zone of each demand point, in the order of demand_id",
            )
        number_of: dict[object, int] = {}
        numbers = np.array([number_of.setdefault(z, len(number_of)) for z in zone], dtype=np.int64)
        part = Coverage.within(reach, radius, numbers).fewer(reach.weight <= 0)
        return cls(part, sums(numbers, reach.weight, len(number_of)))

    @property
    def counted(self) -> list[int]:
        """Zones with weight: the share of another is nothing of nothing."""
        return np.flatnonzero(self.need > 0).tolist()

    def shares(self, opened: Flags) -> Floats:
        """Return the covered share of each zone, NaN where there is nothing to cover."""
        part = self.part
        return zone_shares(part.first, part.times(opened) > 0, part.zone, self.need)

    def worst(self, opened: Flags) -> float:
        """Return the least covered share of a zone; 1 if there is none."""
        return float(min(np.nan_to_num(self.shares(opened), nan=1.0).min(initial=1.0), 1.0))

    def better(self, one: Flags, other: Flags) -> Flags:
        """Return the choice with the better worst zone, of equal ones that with more covered."""
        gain = self.worst(other) - self.worst(one)
        if abs(gain) <= _SLACK:
            gain = self.part.value(other) - self.part.value(one)
        return other if gain > 0 else one


def max_min_model(
    zones: Zones, p: int, kept: Flags, *, reached: float | None = None
) -> StationModel:
    """Write the model; with the share that is ``reached`` held, cover the most instead."""
    model = bare_sites("max_min", zones.part.cover.indices, kept, p)
    counted = zones.counted
    levels = Levels(counted, {}) if reached is None else Levels((), dict.fromkeys(counted, reached))
    raise_worst(model, zones.part, zones.need, levels)
    return model


def _raised(zones: Zones, ask: Question) -> Flags:
    """Open p times the site that adds most to the worst zone that can still gain."""
    opened, part = ask.kept.copy(), zones.part
    columns = transposed(part.cover)
    while int(opened.sum()) < ask.p:
        left = part.times(opened) == 0
        for zone in np.argsort(zones.shares(opened), kind="stable").tolist():
            worth = columns @ np.where(left & (part.zone == zone), part.first, 0.0)
            best = int(np.argmax(worth))
            if worth[best] > 0:
                opened[best] = True
                break
        else:
            return ask.filled(opened)
    return opened
