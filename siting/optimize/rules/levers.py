"""How a rule can give way, as data: levers, their ways, and the steps that several families take.

A family says what its levers are; :mod:`siting.optimize.explain.ways` looks for the smallest change
of each way under which a plan exists.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from siting.optimize.problem.problem import SitingProblem
    from siting.optimize.rules.rulings import Path, Rulings

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
