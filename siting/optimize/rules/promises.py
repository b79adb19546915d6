"""Coverage promises: everyone of a group, or a share of it, has a facility near.

The location set covering problem (Toregas et al. 1971) as rows for everyone, maximal covering
(Church and ReVelle 1974) as one row for a share. The rows of every promise are made here, also of
those that other families stand for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from siting.arrays import groups
from siting.errors import ImpossibleTargetError, ScenarioError
from siting.notes import Note
from siting.optimize.problem.linear_rules import CoverPromise, LinearRule, Rules, row_of
from siting.optimize.rules.family import (
    AskedPromise,
    Family,
    check_names,
    chosen_zones,
    kinds_flags,
    listed_flags,
    lists_of,
)
from siting.optimize.rules.rulings import (
    FARTHEST_M,
    PER_MILLE,
    Lever,
    Stepwise,
    metres_more,
    put,
    share_less,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siting import scenario
    from siting.arrays import Flags, Floats
    from siting.notes import Values
    from siting.optimize.problem.problem import SitingProblem
    from siting.optimize.rules.family import Ground
    from siting.optimize.rules.rulings import Path, Rulings, Way

_SHOWN = 5
_TINY = 1e-9
_NOTHING = 1e-18

EVERY_SERVICE_AREA = "service_area_charging"
"""A rule of the policy: where an area has no service area, it holds."""


@dataclass(frozen=True, eq=False)
class _Group:
    """Members of a group: their names, weights, and the usable sites near each."""

    names: list[str]
    weight: Floats
    near: list[tuple[int, ...]]


def _asked(model: scenario.Model, _: float) -> list[AskedPromise]:
    asked = enumerate(model.promises, start=1)
    return [AskedPromise(f"model.promises[{n}]", "promise", one) for n, one in asked]


def _rows(problem: SitingProblem, ground: Ground) -> SitingProblem:
    """Add every promise."""
    rows: dict[str, list[LinearRule]] = {"charging": [], "swap": []}
    covers: dict[str, list[CoverPromise]] = {"charging": [], "swap": []}
    notes = list(problem.notes)
    for key, family, one in ground.promises(problem.cutoff_m):
        found, shares, told = promised(problem, one, ground, key=key, family=family)
        rows[one.facility].extend(found)
        covers[one.facility].extend(shares)
        notes.extend(told)
    return replace(
        problem,
        rules=_with(problem.rules, rows["charging"], covers["charging"]),
        swap_rules=_with(problem.swap_rules, rows["swap"], covers["swap"]),
        notes=tuple(notes),
    )


def _with(rules: Rules, rows: list[LinearRule], covers: list[CoverPromise]) -> Rules:
    return Rules((*rules.rows, *rows), (*rules.promises, *covers))


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
    places = bool(promise.places or promise.place_kinds or promise.place_lists)
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
        if key != EVERY_SERVICE_AREA:
            check_names(
                promise.place_kinds, problem.site_kind,
                key=f"{key}.place_kinds", what="kind of site",
            )  # fmt: skip
        named |= np.isin(problem.site_kind.astype(str), list(promise.place_kinds))
    if promise.place_lists:
        named |= listed_flags(lists_of(ground.sites), promise.place_lists, key=key)
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
    if key == EVERY_SERVICE_AREA and not group.near:
        return []
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
    values: Values,
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


def _levers(rulings: Rulings) -> Iterator[Lever]:
    for number, promise in enumerate(rulings.model.promises):
        path: Path = ("model", "promises", number)
        share: Path = (*path, "share")
        ways: list[Way] = [
            Stepwise(share, math.ceil(promise.share * PER_MILLE) - 1, partial(share_less, share))
        ]
        if promise.within_m is not None:
            within: Path = (*path, "within_m")
            most = math.floor(_farthest_m(rulings, promise)) - math.floor(promise.within_m)
            ways.append(Stepwise(within, most, partial(metres_more, within)))
        if promise.unreachable == "refuse":
            lost: Path = (*path, "unreachable")
            ways.append(Stepwise(lost, 1, partial(put, lost, "note")))
        yield Lever("promise", path, partial(_kept_by_none, path), tuple(ways))


def _farthest_m(rulings: Rulings, promise: scenario.Promise) -> float:
    if promise.places or promise.place_kinds or promise.place_lists:
        return FARTHEST_M
    return rulings.swap_cutoff_m if promise.facility == "swap" else rulings.cutoff_m


def _kept_by_none(path: Path, rulings: Rulings) -> Rulings:
    """Promise to so small a share that nothing is owed; the numbers of the others stay."""
    return rulings.put((*path, "share"), _NOTHING).put((*path, "unreachable"), "note")


PROMISES = Family(
    "promise",
    firm=1,
    levers=_levers,
    promises=_asked,
    rows=_rows,
    needs_reach=lambda model: bool(model.promises),
)
