"""What a scenario rules, as one value that can be changed a little, and how a rule gives way.

A family says what its levers are; :mod:`siting.optimize.explain.trial` looks for the smallest change
of each way under which a plan exists.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from siting import scenario
    from siting.optimize.problem.problem import SitingProblem

Path = tuple[str | int, ...]
"""Where a setting stands, e.g. ``("model", "limits", 0, "at_least")``."""
FARTHEST_M = 20_000.0
"""Longest distance that is tried where nothing else limits it (m)."""


@dataclass(frozen=True)
class Rulings:
    """The blocks that hold the rules, and what a trial changes beside them.

    Attributes
    ----------
    targets, model
        Blocks of the scenario.
    more_kw
        Free power added to substations, by id (kW).
    free
        Totals let go of while looking for the clash: ``stations``, ``chargers``,
        ``swap_stations``.
    cutoff_m, swap_cutoff_m
        Service radius: a promise can ask for no longer way (m).
    """

    targets: scenario.Targets
    model: scenario.Model
    more_kw: tuple[tuple[str, float], ...] = ()
    free: frozenset[str] = frozenset()
    cutoff_m: float = FARTHEST_M
    swap_cutoff_m: float = FARTHEST_M

    def at(self, path: Path) -> Any:  # noqa: ANN401  # whatever the setting holds
        """Return a setting."""
        value: Any = getattr(self, str(path[0]))
        for step in path[1:]:
            value = getattr(value, str(step)) if hasattr(value, "model_copy") else value[step]
        return value

    def put(self, path: Path, value: Any) -> Rulings:  # noqa: ANN401  # whatever it holds
        """Return the rulings with one setting changed."""
        name = str(path[0])
        content: dict[str, Any] = {name: _put(getattr(self, name), path[1:], value)}
        return replace(self, **content)

    @property
    def text(self) -> str:
        """The same text for the same rulings."""
        blocks = (self.targets.model_dump_json(), self.model.model_dump_json())
        return "\n".join((*blocks, repr(self.more_kw), repr(sorted(self.free))))


class Build(Protocol):
    """Makes the problem of some rulings: the door to the tables of a run."""

    def __call__(self, rulings: Rulings, *, refuse: bool) -> SitingProblem:
        """Return the problem; with ``refuse`` totals out of range are refused.

        Raises
        ------
        ImpossibleTargetError
            If a rule cannot be met by any choice of sites.
        """


def key_of(path: Path) -> str:
    """Return a setting's key as people write it; lists count from 1.

    Examples
    --------
    >>> key_of(("model", "limits", 0, "at_least"))
    'model.limits[1].at_least'
    """
    text = str(path[0])
    for step in path[1:]:
        text += f"[{step + 1}]" if isinstance(step, int) else f".{step}"
    return text


def _put(block: Any, path: Path, value: Any) -> Any:  # noqa: ANN401  # blocks, lists, tables
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        inner = _put(block[step], rest, value)
        return (*block[:step], inner, *block[step + 1 :])
    if isinstance(block, dict):
        return {**block, step: _put(block[step], rest, value)}
    return block.model_copy(update={step: _put(getattr(block, step), rest, value)})


STATIONS, SWAP = "stations", "swap"
"""The two models whose rows may give way: of the stations, and of the swap stations."""
PER_MILLE = 1000
NO_END = 10**9
"""Steps of a setting that may rise as far as it takes."""


@dataclass(frozen=True)
class Way:
    """One way of loosening one rule.

    Attributes
    ----------
    path
        The setting it changes.
    fallback
        Try it only where no way before it on the same setting found a change.
    """

    path: Path
    fallback: bool = field(default=False, kw_only=True)


@dataclass(frozen=True)
class Soft:
    """Rows of the elastic model that give way as one, with the coefficient of their slack."""

    side: str
    rows: Callable[[SitingProblem], Mapping[str, float]]


@dataclass(frozen=True)
class Stepwise(Way):
    """A setting loosened in whole steps: each step allows all that the one before did.

    Attributes
    ----------
    steps
        The most steps.
    step
        Returns rulings so many steps looser.
    soft
        The rows it loosens, where the elastic model can name the step.
    partial
        Makes the change on rulings whose setting says more than this rule; None: the setting is
        taken over whole.
    """

    steps: int
    step: Callable[[Rulings, int], Rulings]
    soft: Soft | None = None
    partial: Callable[[Rulings], Rulings] | None = field(default=None, kw_only=True)


@dataclass(frozen=True)
class Release(Way):
    """Names taken off a list of sites, or off a table by site: as few as can be.

    Attributes
    ----------
    opened
        Whether the list asks for open sites (locked, upgrades) or for closed ones (banned).
    """

    opened: bool


@dataclass(frozen=True)
class Filled(Way):
    """A limit raised by what its rows lack.

    Attributes
    ----------
    rows
        Family of the rows in the model.
    added
        Returns rulings with what each row lacks, by the name of what the row limits.
    """

    rows: str
    added: Callable[[Rulings, list[Lack]], Rulings]


Lack = tuple[str, float]
"""What a row limits (``LinearRule.shared``), and what it lacks."""


@dataclass(frozen=True)
class Lever:
    """A rule of the scenario.

    Attributes
    ----------
    family
        Its family; ``clash.rule.<family>`` has the words.
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


# ---- steps: each takes the path, then rulings and the number of the step


def put(path: Path, value: Any, rulings: Rulings, _: int = 0) -> Rulings:  # noqa: ANN401
    """Put a value, whatever the step."""
    return rulings.put(path, value)


def moved(path: Path, sign: int, rulings: Rulings, step: int) -> Rulings:
    """Move a whole number by some steps."""
    return rulings.put(path, rulings.at(path) + sign * step)


def metres_less(path: Path, rulings: Rulings, step: int) -> Rulings:
    """Shorten a distance to whole metres, by some of them."""
    return rulings.put(path, float(max(math.ceil(rulings.at(path)) - step, 0)))


def metres_more(path: Path, rulings: Rulings, step: int) -> Rulings:
    """Lengthen a distance to whole metres, by some of them."""
    return rulings.put(path, float(math.floor(rulings.at(path)) + step))


def share_less(path: Path, rulings: Rulings, step: int) -> Rulings:
    """Lower a share to whole per mille, by some of them."""
    return rulings.put(path, (math.ceil(rulings.at(path) * PER_MILLE) - step) / PER_MILLE)


def share_more(path: Path, rulings: Rulings, step: int) -> Rulings:
    """Raise a share to whole per mille, by some of them."""
    return rulings.put(path, (math.floor(rulings.at(path) * PER_MILLE) + step) / PER_MILLE)
