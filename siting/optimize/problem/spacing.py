"""Spacing: which sites are too near to each other, as cliques.

Of the sites of a clique (all pairwise nearer than the spacing) at most one may open. One
row per clique is far stronger in a linear relaxation than one row per pair: half a
station at each of five sites obeys every pair but not the clique.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

if TYPE_CHECKING:
    from siting.arrays import Floats, Ints

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
