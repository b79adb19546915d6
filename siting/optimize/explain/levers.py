"""Every rule of a scenario as a lever: what it says, how to let it go, how it can give way."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from siting.optimize.explain.elastic import STATIONS, SWAP
from siting.optimize.explain.rulings import FARTHEST_M
from siting.optimize.explain.ways import MoreMoney, MorePower, Release, Soft, Stepwise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from siting import scenario
    from siting.optimize.explain.rulings import Path, Rulings
    from siting.optimize.explain.ways import Way
    from siting.optimize.problem.problem import SitingProblem

_PER_MILLE = 1000
_MORE = 10**9
_NOTHING = 1e-18
_TOTAL_ROWS = {
    "stations": ("stations",),
    "chargers": ("chargers", "room_least", "room_most"),
    "swap_stations": ("swaps",),
}


@dataclass(frozen=True)
class Lever:
    """A rule of the scenario.

    Attributes
    ----------
    family
        Its family; ``why.rule.<family>`` has the words.
    path
        Where it stands in the scenario.
    drop
        Returns rulings without it.
    ways
        How it can give way.
    part
        Which entry of the setting is meant, where the setting holds several rules.
    """

    family: str
    path: Path
    drop: Callable[[Rulings], Rulings]
    ways: tuple[Way, ...]
    part: str = ""


def levers_of(rulings: Rulings) -> list[Lever]:
    """Return the levers of a scenario, those that a planner would let go of first in front."""
    return [
        *_chongqing(rulings),
        *_promises(rulings),
        *_limits(rulings),
        *_named(rulings),
        *_power_and_money(rulings),
        *_zone_floor(rulings),
        *_spacings(rulings),
        *_totals(rulings),
    ]


def _totals(rulings: Rulings) -> Iterator[Lever]:
    for name in ("swap_stations", "chargers", "stations"):
        sense, now = getattr(rulings.targets.sense, name), getattr(rulings.targets, name)
        path: Path = ("targets", name)
        if name == "swap_stations" and now == 0:
            continue
        least = 0 if name == "swap_stations" else 1
        ways: list[Way] = []
        if sense != "at_most":
            ways.append(Stepwise(path, now - least, partial(_moved, path, -1), _total(name, 1.0)))
        if sense != "at_least":
            ways.append(Stepwise(path, _MORE, partial(_moved, path, 1), _total(name, -1.0)))
        yield Lever(name, path, partial(_freed, name), tuple(ways))


def _total(name: str, coef: float) -> Soft:
    """Loosen every row of a total alike: the total itself moves."""

    def rows(_: SitingProblem) -> dict[str, float]:
        return dict.fromkeys(_TOTAL_ROWS[name], coef)

    return Soft(SWAP if name == "swap_stations" else STATIONS, rows)


def _freed(name: str, rulings: Rulings) -> Rulings:
    return replace(rulings, free=rulings.free | {name})


def _moved(path: Path, sign: int, rulings: Rulings, step: int) -> Rulings:
    """Move a whole number by some steps."""
    return rulings.put(path, rulings.at(path) + sign * step)


def _put(path: Path, value: Any, rulings: Rulings, _: int = 0) -> Rulings:  # noqa: ANN401
    """Put a value, whatever the step."""
    return rulings.put(path, value)


def _metres_less(path: Path, rulings: Rulings, step: int) -> Rulings:
    return rulings.put(path, float(max(math.ceil(rulings.at(path)) - step, 0)))


def _metres_more(path: Path, rulings: Rulings, step: int) -> Rulings:
    return rulings.put(path, float(math.floor(rulings.at(path)) + step))


def _share_less(path: Path, rulings: Rulings, step: int) -> Rulings:
    return rulings.put(path, (math.ceil(rulings.at(path) * _PER_MILLE) - step) / _PER_MILLE)


def _share_more(path: Path, rulings: Rulings, step: int) -> Rulings:
    return rulings.put(path, (math.floor(rulings.at(path) * _PER_MILLE) + step) / _PER_MILLE)


def _spacings(rulings: Rulings) -> Iterator[Lever]:
    model = rulings.model
    paths: list[Path] = [("model", "spacing_by_kind", kind) for kind in model.spacing_by_kind]
    paths += [("model", "spacing_by_zone_kind", kind) for kind in model.spacing_by_zone_kind]
    paths += [("model", "swap_spacing_m"), ("model", "min_spacing_m")]
    for path in paths:
        now = float(rulings.at(path))
        if path[1] == "swap_spacing_m" and rulings.targets.swap_stations == 0:
            continue
        if now > 0:
            way = Stepwise(path, math.ceil(now), partial(_metres_less, path))
            family = "swap_spacing" if path[1] == "swap_spacing_m" else "spacing"
            yield Lever(family, path, partial(_put, path, 0.0), (way,))


def _zone_floor(rulings: Rulings) -> Iterator[Lever]:
    path: Path = ("model", "stations_per_zone")
    now = rulings.model.stations_per_zone
    if now > 0:
        way = Stepwise(path, now, partial(_moved, path, -1))
        yield Lever("zone_floor", path, partial(_put, path, 0), (way,))


def _limits(rulings: Rulings) -> Iterator[Lever]:
    for number, limit in enumerate(rulings.model.limits):
        key = f"model.limits[{number + 1}]"
        swap = limit.count == "swap_stations"
        for end, sign, sense in (("at_least", -1, ">="), ("at_most", 1, "<=")):
            path: Path = ("model", "limits", number, end)
            drop = partial(_put, path, None)
            now = getattr(limit, end)
            if now is not None:
                soft = _limit(key, sense, swap=swap)
                steps = now if sign < 0 else _MORE
                ways: tuple[Way, ...] = (Stepwise(path, steps, partial(_moved, path, sign), soft),
                                         Stepwise(path, min(steps, 10 * (now + _PER_MILLE)),
                                                  partial(_moved, path, sign)))  # fmt: skip
                yield Lever("limit", path, drop, ways, part=end)
            share_path: Path = ("model", "limits", number, f"{end}_share")
            share = getattr(limit, f"{end}_share")
            if share is not None:
                move = _share_less if sign < 0 else _share_more
                most = math.ceil(share * _PER_MILLE) if sign < 0 else math.floor(
                    _PER_MILLE - share * _PER_MILLE)  # fmt: skip
                way = Stepwise(share_path, most, partial(move, share_path))
                yield Lever("limit", share_path, partial(_put, share_path, None), (way,), part=end)


def _limit(key: str, sense: str, *, swap: bool) -> Soft:
    """Loosen the rows of one end of a limit alike, all zones of ``each_zone`` together."""

    def rows(problem: SitingProblem) -> dict[str, float]:
        rules = problem.swap_rules if swap else problem.rules
        return {
            f"{rule.family}_{number}": 1.0 if sense == ">=" else -1.0
            for number, rule in enumerate(rules.rows)
            if rule.values.get("key") == key and rule.sense == sense
        }

    return Soft(SWAP if swap else STATIONS, rows)


def _named(rulings: Rulings) -> Iterator[Lever]:
    model = rulings.model
    for name in ("locked", "banned"):
        path: Path = ("model", name)
        if getattr(model, name):
            way = Release(path, opened=name == "locked")
            yield Lever(name, path, partial(_put, path, ()), (way,))
    if model.upgrades:
        path = ("model", "upgrades")
        most = max(model.upgrades.values())
        ways: tuple[Way, ...] = (Stepwise(path, most - 1, _lower_upgrades),
                                 Release(path, opened=True))  # fmt: skip
        yield Lever("upgrades", path, partial(_put, path, {}), ways)


def _lower_upgrades(rulings: Rulings, step: int) -> Rulings:
    """Ask no upgrade for more than the largest of today less the step."""
    asked = rulings.model.upgrades
    cap = max(asked.values()) - step
    lower = {site: min(number, cap) for site, number in asked.items()}
    return rulings.put(("model", "upgrades"), lower)


def _power_and_money(rulings: Rulings) -> Iterator[Lever]:
    if rulings.model.headroom:
        path: Path = ("model", "headroom")
        off = partial(_put, path, False)  # noqa: FBT003  # the value of the key
        yield Lever("headroom", path, off, (MorePower(), Stepwise(path, 1, off)))
    if rulings.model.budget_cny is not None:
        path = ("model", "budget_cny")
        yield Lever("budget", path, partial(_put, path, None), (MoreMoney(path),))


def _promises(rulings: Rulings) -> Iterator[Lever]:
    for number, promise in enumerate(rulings.model.promises):
        path: Path = ("model", "promises", number)
        share: Path = (*path, "share")
        ways: list[Way] = [
            Stepwise(share, math.ceil(promise.share * _PER_MILLE) - 1, partial(_share_less, share))
        ]
        if promise.within_m is not None:
            within: Path = (*path, "within_m")
            most = math.floor(_farthest_m(rulings, promise)) - math.floor(promise.within_m)
            ways.append(Stepwise(within, most, partial(_metres_more, within)))
        if promise.unreachable == "refuse":
            lost: Path = (*path, "unreachable")
            ways.append(Stepwise(lost, 1, partial(_put, lost, "note")))
        yield Lever("promise", path, partial(_kept_by_none, path), tuple(ways))


def _farthest_m(rulings: Rulings, promise: scenario.Promise) -> float:
    if promise.places or promise.place_kinds:
        return FARTHEST_M
    return rulings.swap_cutoff_m if promise.facility == "swap" else rulings.cutoff_m


def _kept_by_none(path: Path, rulings: Rulings) -> Rulings:
    """Promise to so small a share that nothing is owed; the numbers of the others stay."""
    return rulings.put((*path, "share"), _NOTHING).put((*path, "unreachable"), "note")


def _chongqing(rulings: Rulings) -> Iterator[Lever]:
    path: Path = ("model", "chongqing")
    for rule in rulings.model.chongqing:
        off = partial(_without, rule)
        ways: list[Way] = [Stepwise(path, 1, off)]
        if rule == "swap_5km":
            share: Path = ("model", "swap_5km_share")
            most = math.ceil(rulings.model.swap_5km_share * _PER_MILLE) - 1
            ways.insert(0, Stepwise(share, most, partial(_share_less, share)))
        yield Lever("chongqing", path, off, tuple(ways), part=rule)


def _without(rule: str, rulings: Rulings, _: int = 0) -> Rulings:
    path: Path = ("model", "chongqing")
    return rulings.put(path, tuple(name for name in rulings.at(path) if name != rule))
