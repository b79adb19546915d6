"""Ways in which a rule can give way, each looking for its own smallest change that is legal."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from siting.optimize.explain.elastic import STATIONS, SWAP, least_slack, least_use
from siting.optimize.rules.budget import FAMILY as BUDGET
from siting.optimize.rules.budget import MILLION
from siting.optimize.rules.headroom import FAMILY as HEADROOM

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from siting.optimize.explain.rulings import Path, Rulings
    from siting.optimize.explain.trial import Trials
    from siting.optimize.problem.problem import SitingProblem

_TINY = 1e-6
_ROUNDS = 5
_ROUND_CNY = 10_000


class Found(NamedTuple):
    """Changed rulings under which a plan exists, and whether no smaller change of this way does."""

    rulings: Rulings
    smallest: bool


class Way(Protocol):
    """One way of loosening one rule."""

    @property
    def path(self) -> Path:
        """The setting it changes."""

    def find(self, trials: Trials, base: Rulings) -> Found | None:
        """Return the smallest change of ``base`` that is legal; None if none was found."""


@dataclass(frozen=True)
class Soft:
    """Rows of the elastic model that give way as one, with the coefficient of their slack."""

    side: str
    rows: Callable[[SitingProblem], Mapping[str, float]]


@dataclass(frozen=True)
class Stepwise:
    """A setting loosened in whole steps: each step allows all that the one before did.

    With ``soft`` the elastic model names the step, and the trial confirms it; else, and where the
    elastic model could not prove its step the least, the interval is halved.
    """

    path: Path
    steps: int
    step: Callable[[Rulings, int], Rulings]
    soft: Soft | None = None

    def find(self, trials: Trials, base: Rulings) -> Found | None:
        """Return the first step that is legal."""
        if self.steps < 1:
            return None
        high, proven = self.steps, False
        if self.soft is not None:
            told = self._told(trials, base)
            if told is None:
                return None
            high, proven = told
        if trials.legal(self.step(base, high)) is not True:
            return None
        if proven:
            return Found(self.step(base, high), smallest=True)
        return self._halved(trials, base, high)

    def _told(self, trials: Trials, base: Rulings) -> tuple[int, bool] | None:
        assert self.soft is not None  # noqa: S101  # asked by find alone
        problem = trials.station_side(base, refuse=False)
        if problem is None:
            return None
        least = least_slack(problem, self.soft.side, [self.soft.rows(problem)], trials.probe())
        if least is None:
            return None
        step = math.ceil(float(least.slack[0]) - _TINY)
        return (step, least.proven) if 1 <= step <= self.steps else None

    def _halved(self, trials: Trials, base: Rulings, high: int) -> Found:
        low, sure = 0, True
        while high - low > 1:
            middle = (low + high) // 2
            legal = trials.legal(self.step(base, middle))
            if legal:
                high = middle
            else:
                low = middle
                sure = sure and legal is False
        return Found(self.step(base, high), smallest=sure)


@dataclass(frozen=True)
class Release:
    """Names taken off a list of sites: as few as can be.

    Attributes
    ----------
    path
        The list (or the table by site).
    opened
        Whether the list asks for open sites (locked, upgrades) or for closed ones (banned).
    """

    path: Path
    opened: bool

    def find(self, trials: Trials, base: Rulings) -> Found | None:
        """Return the rulings with the fewest names released."""
        names = tuple(base.at(self.path))
        empty = self._with(base, ())
        problem = trials.station_side(empty, refuse=False)
        if problem is None or trials.legal(empty) is not True:
            return None
        listed = np.flatnonzero(np.isin(problem.site_id, list(names))).tolist()
        used: set[int] = set()
        proven = True
        for side in (STATIONS,) if self.opened else (STATIONS, SWAP):
            price = dict.fromkeys(listed, -1.0 if self.opened else 1.0)
            told = least_use(problem, side, price, trials.probe())
            if told is None:
                return Found(empty, smallest=len(names) == 1)
            used |= set(told[0])
            proven = proven and told[1]
        kept_sites = used if self.opened else set(listed) - used
        kept_ids = {str(problem.site_id[site]) for site in kept_sites}
        result = self._with(base, tuple(name for name in names if name in kept_ids))
        if trials.legal(result):
            return Found(result, smallest=proven)
        return Found(empty, smallest=len(names) == 1)

    def _with(self, base: Rulings, names: tuple[str, ...]) -> Rulings:
        value = base.at(self.path)
        if isinstance(value, dict):
            return base.put(self.path, {name: value[name] for name in names})
        return base.put(self.path, names)


@dataclass(frozen=True)
class MorePower:
    """Free power added at the substations that lack it: the least sum (kW)."""

    path: Path = ("more_kw",)

    def find(self, trials: Trials, base: Rulings) -> Found | None:
        """Add what the elastic model lacks until a trial is legal."""

        def added(rulings: Rulings, lacking: list[Lack]) -> Rulings:
            more = dict(rulings.more_kw)
            for name, kw in lacking:
                more[name] = more.get(name, 0.0) + math.ceil(kw - _TINY)
            return replace(rulings, more_kw=tuple(sorted(more.items())))

        return _filled(trials, base, HEADROOM, added)


@dataclass(frozen=True)
class MoreMoney:
    """A larger budget, rounded up to 10,000 CNY."""

    path: Path

    def find(self, trials: Trials, base: Rulings) -> Found | None:
        """Add what the elastic model lacks until a trial is legal."""

        def added(rulings: Rulings, lacking: list[Lack]) -> Rulings:
            lack_cny = MILLION * sum(amount for _, amount in lacking)
            steps = math.ceil((rulings.at(self.path) + lack_cny) / _ROUND_CNY - _TINY)
            return rulings.put(self.path, steps * _ROUND_CNY)

        return _filled(trials, base, BUDGET, added)


Lack = tuple[str, float]
"""A substation (or nothing) and what it lacks."""


def _filled(
    trials: Trials,
    base: Rulings,
    family: str,
    added: Callable[[Rulings, list[Lack]], Rulings],
) -> Found | None:
    rulings = base
    for turn in range(_ROUNDS):
        lacking, proven = _lacking(trials, rulings, family)
        if not lacking:
            return None
        rulings = added(rulings, lacking)
        if trials.legal(rulings):
            return Found(rulings, smallest=proven and turn == 0)
    return None


def _lacking(trials: Trials, rulings: Rulings, family: str) -> tuple[list[Lack], bool]:
    """Return what the rows of a family lack, and if it is the least: swap stations first."""
    problem = trials.station_side(rulings, refuse=False)
    if problem is None:
        return [], False
    for side, rules in ((SWAP, problem.swap_rules), (STATIONS, problem.rules)):
        names = {f"{family}_{number}": str(rule.values.get("substation", ""))
                 for number, rule in enumerate(rules.rows) if rule.family == family}  # fmt: skip
        if not names or (side == SWAP and not problem.swap_ok.any()):
            continue
        least = least_slack(problem, side, [{name: -1.0} for name in names], trials.probe())
        if least is None:
            return [], False
        slack = least.slack.tolist()
        found = [(name, x) for name, x in zip(names.values(), slack, strict=True) if x > _TINY]
        if found:
            return found, least.proven
    return [], False
