"""Coverage promises: everyone of a group, or a share of it, has a facility near.

The location set covering problem (Toregas et al. 1971) as rows for everyone, maximal covering
(Church and ReVelle 1974) as one row for a share.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.spatial import cKDTree

from siting.arrays import groups
from siting.errors import ImpossibleTargetError, ScenarioError
from siting.notes import Note
from siting.optimize.problem.linear_rules import CoverPromise, LinearRule, row_of
from siting.optimize.rules.station_rules import check_names, chosen_zones, kinds_flags

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from siting import scenario
    from siting.arrays import Flags, Floats
    from siting.optimize.problem.pairs import Reach
    from siting.optimize.problem.problem import SitingProblem

_SHOWN = 5
_TINY = 1e-9


@dataclass(frozen=True, eq=False)
class Ground:
    """What promises are held against: the tables, aligned with the problem, and the reaches."""

    sites: gpd.GeoDataFrame
    demand: gpd.GeoDataFrame
    zone_kind: pd.Series
    reach: Reach
    swap_reach: Reach


@dataclass(frozen=True, eq=False)
class _Group:
    """Members of a group: their names, weights, and the usable sites near each."""

    names: list[str]
    weight: Floats
    near: list[tuple[int, ...]]


def promised(
    problem: SitingProblem, promise: scenario.Promise, ground: Ground, *, key: str, family: str
) -> tuple[list[LinearRule], list[CoverPromise], list[Note]]:
    """Return a promise as rows or, for a share, as one promise of covering; and a note.

    With ``N_m`` the usable sites within the distance or time of member ``m`` of weight ``w_m``:

    * for everyone, ``sum_{j in N_m} open_j >= 1`` for each distinct ``N_m``;
    * for a share ``s``, ``sum_m w_m cover_m >= s sum_m w_m`` (of all members, or of those that a
      site can reach where ``unreachable`` is ``"note"``) with
      ``cover_m <= sum_{j in N_m} open_j``, ``0 <= cover_m <= 1``.

    ``swap`` takes the place of ``open`` for swap stations. Members that have an existing
    facility near need no row.

    Raises
    ------
    ScenarioError
        If a filter names what is not there, or the distance lies beyond the service radius.
    ImpossibleTargetError
        If members are out of everyone's reach and ``unreachable`` is ``"refuse"``.
    """
    places = bool(promise.places or promise.place_kinds)
    usable = _usable(problem, promise, ground, key=key)
    make = _places if places else _points
    group = make(problem, promise, ground, usable, key=key)
    notes = _left_out(promise, group, key)
    whole = float(group.weight.sum())
    group = _without_lost(group)
    if promise.unreachable == "note":
        whole = float(group.weight.sum())
    standing = problem.existing_swap if promise.facility == "swap" else problem.forced
    values = {"key": key, "facility": promise.facility}
    if promise.share >= 1:
        lists = [near for near in dict.fromkeys(group.near) if not standing[list(near)].any()]
        what = "one {facility} station of those near enough ({key})"
        rows = [row_of(family, what, values, list(near), ">=", 1, opens=1.0) for near in lists]
        return rows, [], notes
    cover = _share(promise.share * whole, group, standing, family, values)
    return [], [] if cover is None else [cover], notes


def _usable(
    problem: SitingProblem, promise: scenario.Promise, ground: Ground, *, key: str
) -> Flags:
    usable = problem.swap_ok if promise.facility == "swap" else problem.openable
    strong = np.ones(len(usable), dtype=bool)
    if promise.facility == "charging" and promise.min_kw > 0:
        strong = ground.sites["strongest_kw"].to_numpy(dtype=float) >= promise.min_kw
    return usable & strong & kinds_flags(problem, promise.kinds, key=key)


def _points(
    problem: SitingProblem,
    promise: scenario.Promise,
    ground: Ground,
    usable: Flags,
    *,
    key: str,
) -> _Group:
    """Return the demand points of the group with the usable sites in reach of each."""
    kinds = ground.demand["kind"].to_numpy(dtype=object).astype(str)
    check_names(promise.group, kinds, key=f"{key}.group", what="kind of need")
    zones = chosen_zones(problem, promise.zones, promise.zone_kinds, ground.zone_kind, key=key)
    members = np.isin(problem.demand_zone, zones)
    if promise.group:
        members &= np.isin(kinds, list(promise.group))
    weight = np.nan_to_num(ground.demand[promise.weight].to_numpy(dtype=float))
    members &= weight > 0
    reach, cutoff_m = ground.reach, problem.cutoff_m
    if promise.facility == "swap":
        reach, cutoff_m = ground.swap_reach, problem.swap_cutoff_m
    if promise.within_m is not None and promise.within_m > cutoff_m:
        raise ScenarioError(
            f"{key}: {promise.within_m:g} m lies beyond the service radius of {cutoff_m:g} m",
            where=f"{key}.within_m",
            cure="raise travel.swap_cutoff_m" if promise.facility == "swap"
            else "raise travel.cutoff_m",
        )  # fmt: skip
    far = reach.distance_m if promise.within_m is not None else reach.time_s
    most = promise.within_m if promise.within_m is not None else promise.within_s
    assert most is not None  # noqa: S101  # the block holds exactly one of the two
    pairs = np.flatnonzero(members[reach.demand] & usable[reach.site] & (far <= most))
    near = {i: tuple(reach.site[pairs[rows]].tolist()) for i, rows in groups(reach.demand[pairs])}
    chosen = np.flatnonzero(members).tolist()
    names = problem.demand_id[chosen].tolist()
    return _Group(names, weight[chosen], [near.get(i, ()) for i in chosen])


def _places(
    problem: SitingProblem,
    promise: scenario.Promise,
    ground: Ground,
    usable: Flags,
    *,
    key: str,
) -> _Group:
    """Return the named places with the usable sites near each, straight line."""
    zones = chosen_zones(problem, promise.zones, promise.zone_kinds, ground.zone_kind, key=key)
    check_names(promise.places, problem.site_id, key=f"{key}.places", what="site")
    named = np.isin(problem.site_id.astype(str), list(promise.places))
    if promise.place_kinds:
        check_names(
            promise.place_kinds, problem.site_kind, key=f"{key}.place_kinds", what="kind of site"
        )
        named |= np.isin(problem.site_kind.astype(str), list(promise.place_kinds))
    members = np.flatnonzero(named & np.isin(problem.site_zone, zones))
    doors = np.flatnonzero(usable)
    within_m = float(promise.within_m or 0)
    near: list[tuple[int, ...]] = [()] * len(members)
    if len(doors):
        found = cKDTree(problem.site_xy[doors]).query_ball_point(
            problem.site_xy[members], within_m + _TINY
        )
        near = [tuple(sorted(doors[rows].tolist())) for rows in found]
    return _Group(problem.site_id[members].tolist(), np.ones(len(members)), near)


def _left_out(promise: scenario.Promise, group: _Group, key: str) -> list[Note]:
    """Refuse or note the members that no usable site can reach."""
    lost = [k for k, near in enumerate(group.near) if not near]
    total = float(group.weight.sum())
    share = float(group.weight[lost].sum()) / total if total else 0.0
    if promise.unreachable == "note":
        values = {"rule": key, "count": len(lost), "of": len(group.near), "share": share}
        return [Note("promise_unreachable", values)] if lost else []
    if not group.near:
        raise ImpossibleTargetError(
            f"{key}: nobody belongs to the group it names",
            where=key,
            cure="look at its group, places and zones",
        )
    if 1 - share < promise.share - _TINY:
        names = ", ".join(group.names[k] for k in lost[:_SHOWN])
        raise ImpossibleTargetError(
            f"{key}: {len(lost)} of {len(group.near)} members ({share:.1%} by weight) have no site "
            f"near enough where such a station may stand: {names}",
            where=key,
            cure=f"promise at most {1 - share:.1%}, allow more sites or a longer way, or say "
            'unreachable = "note"',
        )
    return []


def _without_lost(group: _Group) -> _Group:
    kept = [k for k, near in enumerate(group.near) if near]
    names, near = [group.names[k] for k in kept], [group.near[k] for k in kept]
    return _Group(names, group.weight[kept], near)


def _share(
    need: float,
    group: _Group,
    standing: Flags,
    family: str,
    values: dict[str, Any],
) -> CoverPromise | None:
    """Return the promise to a share; members with the same sites near count as one."""
    weights: dict[tuple[int, ...], float] = {}
    for near, weight in zip(group.near, group.weight.tolist(), strict=True):
        if standing[list(near)].any():
            need -= weight
        else:
            weights[near] = weights.get(near, 0.0) + weight
    if need <= _TINY:
        return None
    what = "a share of the group has a {facility} station near ({key})"
    return CoverPromise(
        family, what, values, np.array(list(weights.values())), tuple(weights), need
    )
