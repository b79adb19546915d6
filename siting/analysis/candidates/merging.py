"""Find the places that are one place mapped twice, and those that are parts of another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from siting.analysis.candidates.site_kinds import CAPACITY_TAG, estimate_spaces, kind_by_place
from siting.tables.catalogue import NOT_PUBLIC, OTHER_USES

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from siting.arrays import Flags, Floats, Ints, Shapes


RESIDENTIAL = "residential"
SERVICE_AREA = "service_area"
PARKING = "parking"
_PARTS = (PARKING, "fuel", SERVICE_AREA)
"""Kinds of site that are parts of the service area they lie in."""

_QUARTER_M2 = 500_000.0
"""A residential area above 50 ha is a quarter: with one compound in it, the compound counts."""

_LARGE_M2 = 100_000.0
_COMPOUND_M2 = 10_000.0
"""In an area above 10 ha one of 1 ha and more is a compound of its own, not the same one again."""

_COMPOUNDS_SHARE = 0.2
"""A residential area above 10 ha is a quarter too where two or more compounds fill this share."""

_PART_SHARE = 0.5
"""A compound is less than this share of the quarter around it, else it is the same one again; a
part of a service area lies in it with more than this share."""


def with_whole_service_areas(
    places: gpd.GeoDataFrame, kinds: pd.DataFrame
) -> tuple[gpd.GeoDataFrame, dict[str, list[str]]]:
    """Return the places with each service area as one: its car parks and fuel are parts of it.

    Its spaces, where its own capacity is unknown, are those of the car parks in it that cars of
    the public may use, each counted once: the columns ``inner_spaces`` and ``inner_known`` (all
    of them by capacity tags), which :func:`spaces.estimate_spaces` reads.

    Parameters
    ----------
    places
        ``tables.PLACES``.
    kinds
        Result of ``check_site_kinds``.

    Returns
    -------
    places, parts
        The places without the parts, and the ids of the parts by the id of the service area.
    """
    kind = places["kind"].map(kind_by_place(kinds)).to_numpy(dtype=object)
    places = places.reset_index(drop=True).assign(inner_spaces=np.nan, inner_known=False)
    area = shapely.area(places.geometry.to_numpy())
    inner_rows = np.flatnonzero(np.isin(kind.astype(str), _PARTS))
    outer_rows = np.flatnonzero((kind == SERVICE_AREA) & (area > 0))
    inner, outer = _mostly_in(places.geometry.to_numpy(), inner_rows, outer_rows)
    # A part of two service areas is counted in the first.
    inner, first = np.unique(inner, return_index=True)
    outer = outer[first]
    if not len(inner):
        return places, {}
    ids = places["place_id"].to_numpy(dtype=object)
    parts: dict[str, list[str]] = {}
    for part, area_id in zip(ids[inner], ids[outer], strict=True):
        parts.setdefault(str(area_id), []).append(str(part))
    spaces, known = _spaces_in(places.iloc[inner], outer, kinds)
    places.loc[spaces.index, "inner_spaces"] = spaces
    places.loc[known.index, "inner_known"] = known
    parts = {area_id: sorted(some) for area_id, some in sorted(parts.items())}
    return places.drop(index=inner).reset_index(drop=True), parts


def _mostly_in(shapes: Shapes, inner_rows: Ints, outer_rows: Ints) -> tuple[Ints, Ints]:
    """Pairs of a shape and a larger one around it: its point and more than half of its area."""
    tree = shapely.STRtree(shapes[outer_rows])
    inner, outer = tree.query(shapely.point_on_surface(shapes[inner_rows]), predicate="within")
    inner, outer = inner_rows[inner], outer_rows[outer]
    area = shapely.area(shapes)
    shared = shapely.area(shapely.intersection(shapes[inner], shapes[outer]))
    kept = (area[inner] < area[outer]) & ((area[inner] == 0) | (shared > _PART_SHARE * area[inner]))
    return inner[kept], outer[kept]


def _spaces_in(
    parts: gpd.GeoDataFrame, outer: Ints, kinds: pd.DataFrame
) -> tuple[pd.Series, pd.Series]:
    """Sum the spaces of the open car parks of each service area; none where one is unknown."""
    kind = parts["kind"].map(kind_by_place(kinds))
    shut = parts["access"].isin((*NOT_PUBLIC, *OTHER_USES))
    is_open = (kind.eq(PARKING) & ~shut).to_numpy(dtype=bool)
    parks = parts[is_open].assign(kind=PARKING)
    rows = np.arange(len(parks))
    doubles, _ = _mostly_in(parks.geometry.to_numpy(), rows, rows)
    once = ~np.isin(rows, doubles)
    found = estimate_spaces(parks[once], kinds)
    by_outer = found.groupby(outer[is_open][once])
    spaces = by_outer["spaces"].agg(lambda values: values.sum(skipna=False))
    return spaces, by_outer["spaces_source"].agg(lambda values: bool(values.eq(CAPACITY_TAG).all()))


def quarters(geometry: Shapes, *, least_m2: float) -> tuple[Flags, Ints, Ints]:
    """Tell which residential areas are quarters drawn over the compounds in them.

    A quarter is an area above 50 ha with a compound in it, or one above 10 ha a fifth of which
    are two compounds or more. A compound is an area of at least ``least_m2`` whose point lies in
    the quarter and that is less than half as large.

    Parameters
    ----------
    geometry
        Residential areas and points (n,), in a metric CRS.
    least_m2
        Smallest ground of a compound.

    Returns
    -------
    quarter
        Mask (n,).
    inner, outer
        Positions of each compound and of each quarter around it.
    """
    area = shapely.area(geometry)
    large = np.flatnonzero(area > _LARGE_M2)
    tree = shapely.STRtree(geometry[large])
    inner, outer = tree.query(shapely.point_on_surface(geometry), predicate="within")
    outer = large[outer]
    compound = (area[inner] >= least_m2) & (area[inner] < _PART_SHARE * area[outer])
    inner, outer = inner[compound], outer[compound]
    count = np.bincount(outer, minlength=len(geometry))
    filled = np.bincount(outer, area[inner], minlength=len(geometry))
    some = (count > 1) & (filled >= _COMPOUNDS_SHARE * area)
    quarter = (count > 0) & ((area > _QUARTER_M2) | some)
    inside = quarter[outer]
    return quarter, inner[inside], outer[inside]


def main_places(places: gpd.GeoDataFrame, *, merge_m: float) -> Ints:
    """Return for each place the position of the place it is a duplicate of, or its own.

    Within one kind, DBSCAN (Ester et al. 1996, ``min_samples=1``) gathers the places whose
    points lie nearer than ``merge_m``. A chain of neighbours is not one place, so within a
    cluster the largest place takes only those within ``merge_m`` of itself, the largest of
    the rest does the same, and so on. A place whose point lies inside a larger one of its
    kind is a duplicate as well, however far their points are apart, but for a compound in a
    residential area above 10 ha.

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
    from sklearn.cluster import DBSCAN  # noqa: PLC0415  # most of a second

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


def _containers(places: gpd.GeoDataFrame, points: Shapes, order: Ints) -> Ints:
    """Position of the largest place of the same kind around each point, or -1."""
    inner, outer = places.sindex.query(points, predicate="within")
    kinds = places["kind"].to_numpy(dtype=object)
    larger = (kinds[inner] == kinds[outer]) & (order[outer] < order[inner])
    area = shapely.area(places.geometry.to_numpy())
    compound = (area[inner] >= _COMPOUND_M2) & (area[inner] < _PART_SHARE * area[outer])
    own = (kinds[inner] == RESIDENTIAL) & (area[outer] > _LARGE_M2) & compound
    inner, outer = inner[larger & ~own], outer[larger & ~own]
    result = np.full(len(points), -1, dtype=np.int64)
    least_first = np.argsort(-order[outer], kind="stable")
    result[inner[least_first]] = outer[least_first]
    return result


def _groups(rows: Ints, labels: Ints) -> list[Ints]:
    by_label = np.argsort(labels, kind="stable")
    borders = np.flatnonzero(np.diff(labels[by_label])) + 1
    return [rows[part] for part in np.split(by_label, borders) if len(part) > 1]


def _absorb(members: Ints, xy: Floats, main: Ints, merge_m: float) -> None:
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
