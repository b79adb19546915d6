"""Find the places that are one place mapped twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely
from sklearn.cluster import DBSCAN

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from siting.arrays import Ints

    Objects = NDArray[np.object_]


def main_places(places: gpd.GeoDataFrame, *, merge_m: float) -> Ints:
    """Return for each place the position of the place it is a duplicate of, or its own.

    Within one kind, DBSCAN (Ester et al. 1996, ``min_samples=1``) gathers the places whose
    points lie nearer than ``merge_m``. A chain of neighbours is not one place, so within a
    cluster the largest place takes only those within ``merge_m`` of itself, the largest of
    the rest does the same, and so on. A place whose point lies inside a larger one of its
    kind is a duplicate as well, however far their points are apart.

    Parameters
    ----------
    places
        Columns ``site_id``, ``kind``, ``area_m2``, ``spaces_known`` (bool), ``point`` and
        the geometry, in a metric CRS. The main place is the largest; then one with a
        capacity tag; then the first by id.
    merge_m
        Distance in metres; 0 merges nothing.

    Returns
    -------
    array of int
        Positions (n,); a main place holds its own.
    """
    count = len(places)
    main = np.arange(count, dtype=np.int64)
    if merge_m <= 0:
        return main
    order = _by_importance(places)
    points = places["point"].to_numpy(dtype=object)
    containers = _containers(places, points, order)
    xy = shapely.get_coordinates(points)
    kinds = places["kind"].to_numpy(dtype=object)
    for kind in sorted(set(kinds)):
        rows = np.flatnonzero(kinds == kind)
        labels = DBSCAN(eps=merge_m, min_samples=1).fit_predict(xy[rows])
        for members in _groups(rows, labels):
            _absorb(members[np.argsort(order[members])], xy, main, merge_m)
    main = np.where((main == np.arange(count)) & (containers >= 0), containers, main)
    return _roots(main)


def _by_importance(places: gpd.GeoDataFrame) -> Ints:
    """Rank of each place: 0 is the largest."""
    area = places["area_m2"].fillna(0.0).to_numpy(dtype=float)
    known = places["spaces_known"].to_numpy(dtype=bool)
    names = places["site_id"].to_numpy(dtype=object).astype(str)
    rank = np.empty(len(places), dtype=np.int64)
    rank[np.lexsort((names, ~known, -area))] = np.arange(len(places))
    return rank


def _containers(places: gpd.GeoDataFrame, points: Objects, order: Ints) -> Ints:
    """Position of the largest place of the same kind around each point, or -1."""
    inner, outer = places.sindex.query(points, predicate="within")
    kinds = places["kind"].to_numpy(dtype=object)
    larger = (kinds[inner] == kinds[outer]) & (order[outer] < order[inner])
    inner, outer = inner[larger], outer[larger]
    result = np.full(len(points), -1, dtype=np.int64)
    least_first = np.argsort(-order[outer], kind="stable")
    result[inner[least_first]] = outer[least_first]
    return result


def _groups(rows: Ints, labels: Ints) -> list[Ints]:
    by_label = np.argsort(labels, kind="stable")
    borders = np.flatnonzero(np.diff(labels[by_label])) + 1
    return [rows[part] for part in np.split(by_label, borders) if len(part) > 1]


def _absorb(
    members: Ints, xy: NDArray[np.float64], main: NDArray[np.int64], merge_m: float
) -> None:
    """Let the most important members take their neighbours, in place; members in order."""
    while len(members) > 1:
        head = members[0]
        apart = np.hypot(*(xy[members] - xy[head]).T)
        near = apart <= merge_m
        main[members[near]] = head
        members = members[~near]


def _roots(main: Ints) -> Ints:
    """Follow duplicates of duplicates to the place that stays."""
    while True:
        further = main[main]
        if np.array_equal(further, main):
            return main
        main = further
