"""The maximal covering location problem (MCLP), also with several radii or backup coverage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pulp
from scipy import sparse

from siting.arrays import sums
from siting.errors import ImpossibleTargetError
from siting.optimize.classic.choice import (
    GAP_SHARE,
    HALF,
    check_count,
    door_or_default,
    filled,
    gap_between,
    kept_flags,
    settle,
)
from siting.optimize.classic.interchange import Costs, improved
from siting.optimize.classic.shrink import (
    contained,
    members,
    merged_rows,
    ones_of,
    transposed,
    without_columns,
)
from siting.optimize.model.joint import row
from siting.optimize.solver.solver import linear, values_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from siting.arrays import Flags, Floats
    from siting.optimize.classic.choice import Choice
    from siting.optimize.classic.reach import Reach
    from siting.optimize.solver.solver import Door

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
    door: Door | None = None,
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
    keep
        Ids of sites that must be open; they count among the ``p``.
    door
        The solver with its time limit; HiGHS for a minute if left out.
    gap_share
        Relative gap at which the search may stop.

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
    door, kept = door_or_default(door), kept_flags(reach, keep)
    check_count(reach, p, kept)
    worth_of = _worths(radius, backup)
    whole = coverage(reach, worth_of, backup)
    part = whole.smaller(kept)
    best = _swapped(part, p, kept, _greedy(part, p, kept), door)
    bound = part.most
    if gap_between(part.value(best), bound) > GAP_SHARE:
        best, bound = _solved(part, p, kept, best, door, gap_share / 2)
    value = whole.value(best)
    near = reach.within(max(worth_of))
    return settle(reach, best, near.nearest(best)[0], (value, max(bound, value)), gap_share)


@dataclass(frozen=True, eq=False)
class Coverage:
    """Which sites cover what, and what a first and a second cover of it are worth.

    ``cover`` has a row for each demand point and radius, or for several alike, and a column
    for each site. ``sure`` is what is covered whatever opens.
    """

    cover: sparse.csr_array
    first: Floats
    second: Floats
    sure: float = 0.0

    @property
    def most(self) -> float:
        """What all sites together are worth."""
        return self.value(np.ones(self.cover.shape[1], dtype=bool))

    def value(self, opened: Flags) -> float:
        """Return what the open sites are worth."""
        times = self.cover @ opened.astype(np.int32)
        return self.sure + float(self.first @ (times > 0) + self.second @ (times > 1))

    def smaller(self, kept: Flags) -> Coverage:
        """Return the same with rows alike as one, and without what cannot matter.

        Without backup: rows that the kept sites cover are sure, and a site that covers part
        of what another one covers needs no column.
        """
        plain = not self.second.any()
        some = np.diff(self.cover.indptr) > 0
        sure = np.zeros(len(some), dtype=bool)
        if plain:
            sure = (self.cover @ kept.astype(np.int32)) > 0
        rest = self.cover[np.flatnonzero(some & ~sure)]
        if plain:
            rest = without_columns(rest, contained(transposed(rest), np.ones(rest.shape[1])))
        rows, place = merged_rows(rest)
        rest, count = rest[rows], len(rows)
        first = sums(place, self.first[some & ~sure], count)
        second = sums(place, self.second[some & ~sure], count)
        return Coverage(rest, first, second, self.sure + float(self.first[sure].sum()))


def coverage(reach: Reach, worth_of: Mapping[float, float], backup: float = 0.0) -> Coverage:
    """Return the coverage of a reach by what each radius is worth."""
    covers, first = [], []
    for radius, worth in sorted(worth_of.items()):
        covers.append(ones_of(reach.within(radius).distance))
        first.append(worth * reach.weight)
    worths = np.concatenate(first)
    return Coverage(sparse.csr_array(sparse.vstack(covers)), worths, backup * worths)


def max_cover_model(
    part: Coverage, p: int, kept: Flags, *, relaxed: bool = False
) -> tuple[pulp.LpProblem, dict[int, pulp.LpVariable]]:
    """Write the covering model; return it with ``open_j`` by column.

    A row with one site needs no variable of its own: its worth stands at the site. ``relaxed``
    leaves out that sites open as a whole.
    """
    lp = pulp.LpProblem("max_cover", pulp.LpMaximize)
    kind = pulp.LpContinuous if relaxed else pulp.LpInteger
    sites = np.union1d(part.cover.indices, np.flatnonzero(kept)).tolist()
    opened = {site: lp.add_variable(f"open_{site}", int(kept[site]), 1, kind) for site in sites}
    row(lp, "sites", [(variable, 1) for variable in opened.values()], "<", p)
    own = dict.fromkeys(sites, 0.0)
    terms = []
    first, second = part.first.tolist(), part.second.tolist()
    for number, near in enumerate(members(part.cover)):
        if len(near) == 1:
            own[near[0]] += first[number]
            continue
        covered = [(lp.add_variable(f"cover_{number}", 0, 1), first[number])]
        if second[number]:
            covered.append((lp.add_variable(f"second_{number}", 0, 1), second[number]))
        reached = [(variable, 1) for variable, _ in covered]
        row(lp, f"covered_{number}", [*reached, *((opened[j], -1) for j in near)], "<", 0)
        terms += covered
    lp.setObjective(linear([*terms, *((opened[site], worth) for site, worth in own.items())]))
    return lp, opened


def _worths(radius: float | Mapping[float, float], backup: float) -> Mapping[float, float]:
    worth_of = {radius: 1.0} if isinstance(radius, (int, float)) else dict(radius)
    if not worth_of or min(worth_of.values()) < 0 or not 0 <= backup <= 1:
        raise ImpossibleTargetError(
            f"{len(worth_of)} radii, and a backup worth {backup:g}",
            where="radius",
            cure="give at least one radius, worths of at least 0 and a backup of 0 to 1",
        )
    return worth_of


def _solved(  # a step of one function
    part: Coverage, p: int, kept: Flags, best: Flags, door: Door, gap_share: float
) -> tuple[Flags, float]:
    """Return the best choice and the bound; if cut off, try once more from the relaxation."""
    lp, opened = max_cover_model(part, p, kept)
    sites = np.array(list(opened))
    # The last part of the time is for a better choice, should there be no proof.
    answer = door.until(_PROOF_SHARE * door.left_s).maximise(lp, gap_share=gap_share, **_QUIET)
    if answer.usable:
        chosen = np.zeros(len(kept), dtype=bool)
        chosen[sites[values_of(list(opened.values())) > HALF]] = True
        best = max(best, filled(chosen, p), key=part.value)
    bound = answer.bound
    if not answer.proven and door.left_s > 0:
        lp, opened = max_cover_model(part, p, kept, relaxed=True)
        answer = door.maximise(lp, solver="ipx")
        if answer.usable:
            order = np.lexsort((sites, -values_of(list(opened.values()))))
            first = kept.copy()
            first[sites[order[: p - int(kept.sum())]]] = True
            best = max(best, _swapped(part, p, kept, first, door), key=part.value)
    return best, min(bound + part.sure, part.most)


def _swapped(part: Coverage, p: int, kept: Flags, opened: Flags, door: Door) -> Flags:
    """Fill a choice up and swap sites while that gains; a backup is left as it is.

    A cover is a p-median whose ways cost nothing and whose demand costs its worth if left out.
    """
    opened = filled(opened, p)
    if part.second.any():
        return opened
    rows = np.repeat(np.arange(part.cover.shape[0]), np.diff(part.cover.indptr))
    free, optional = np.zeros(len(rows)), np.ones(part.cover.shape[0], dtype=bool)
    columns, sites = part.cover.indices, len(kept)
    costs = Costs(rows, columns, free, part.first, optional, sites, p, whole=False)
    return improved(costs, kept, opened, door)


def _greedy(part: Coverage, p: int, kept: Flags) -> Flags:
    """Open the site that adds most, p times: an answer in hand before the solver starts."""
    opened = kept.copy()
    columns = transposed(part.cover)
    times = (part.cover @ kept.astype(np.int32)).astype(np.int64)
    for _ in range(p - int(kept.sum())):
        gain = np.where(times == 0, part.first, np.where(times == 1, part.second, 0.0))
        worth = columns @ gain
        worth[opened] = -1.0
        best = int(np.argmax(worth))
        if worth[best] <= 0:
            break
        opened[best] = True
        times[columns.indices[columns.indptr[best] : columns.indptr[best + 1]]] += 1
    return opened
