"""What a scenario rules, as one value that can be changed a little and asked again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
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
