"""Which rules clash, and the smallest changes under which a plan exists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from siting.optimize.explain.ways import find
from siting.optimize.rules.levers import Stepwise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from siting.optimize.explain.trial import Trials
    from siting.optimize.rules.levers import Lever, Way
    from siting.optimize.rules.rulings import Rulings

_MOST_TOGETHER = 4


@dataclass(frozen=True)
class Change:
    """A change that was tried and makes a plan possible.

    Attributes
    ----------
    settings
        The levers that give way with the way each takes, in order.
    rulings
        The changed rulings.
    smallest
        Whether a smaller change of the last lever is proven not to do.
    """

    settings: tuple[tuple[Lever, Way], ...]
    rulings: Rulings
    smallest: bool


def clashing(trials: Trials, base: Rulings, levers: Sequence[Lever]) -> tuple[Lever, ...]:
    """Return rules that cannot hold together, none of which can be missed (deletion filter).

    Each rule in turn is let go of; if there is still no plan, it is not part of the clash and stays
    out. A rule whose trial the time cut off stays in: then one may be too many.

    Source: Chinneck and Dravnieks, "Locating minimal infeasible constraint sets in linear
    programs", ORSA Journal on Computing 3 (1991).
    """
    kept = list(levers)
    for lever in levers:
        rest = [one for one in kept if one is not lever]
        if trials.legal(_only(base, levers, rest)) is False:
            kept = rest
    return tuple(kept)


def _only(base: Rulings, levers: Sequence[Lever], kept: Sequence[Lever]) -> Rulings:
    """Return the rulings with all levers dropped but those kept."""
    for lever in levers:
        if lever not in kept:
            base = lever.drop(base)
    return base


def alone(trials: Trials, base: Rulings, lever: Lever) -> list[Change]:
    """Return the changes of one rule that help by themselves, one for each of its ways."""
    changes: list[Change] = []
    for way in lever.ways:
        told = {change.settings[0][1].path for change in changes}
        if way.fallback and way.path in told:
            continue
        found = find(way, trials, base)
        if found is not None:
            changes.append(Change(((lever, way),), found.rulings, found.smallest))
    return changes


def together(
    trials: Trials, base: Rulings, levers: Sequence[Lever], core: Sequence[Lever]
) -> list[Change]:
    """Return changes of two rules together, or of more where two do not help.

    Another clash is left after any one rule of the first is let go of: the second rule
    comes from that one, and so on.
    """
    changes: list[Change] = []
    chains: list[tuple[Lever, ...]] = [(lever,) for lever in core]
    seen: set[frozenset[int]] = set()
    for _ in range(1, _MOST_TOGETHER):
        longer: list[tuple[Lever, ...]] = []
        for chain in chains:
            rest = [lever for lever in levers if lever not in chain]
            loose = _dropped(base, chain)
            for other in clashing(trials, loose, rest):
                more = (*chain, other)
                names = frozenset(id(lever) for lever in more)
                if names in seen or trials.over:
                    continue
                seen.add(names)
                if trials.legal(_dropped(base, more)):
                    change = _tightened(trials, base, more)
                    changes += [change] if change is not None else []
                else:
                    longer.append(more)
        if changes or trials.over:
            break
        chains = longer
    return changes


def _dropped(base: Rulings, levers: Sequence[Lever]) -> Rulings:
    for lever in levers:
        base = lever.drop(base)
    return base


def _tightened(trials: Trials, base: Rulings, levers: Sequence[Lever]) -> Change | None:
    """Give each rule in turn its smallest change while those after it are let go of."""
    rulings, settings = base, []
    smallest = True
    for number, lever in enumerate(levers):
        loose = _dropped(rulings, levers[number + 1 :])
        found = next(
            ((way, hit) for way in lever.ways if (hit := find(way, trials, loose)) is not None),
            None,
        )
        if found is None:
            return None
        way, hit = found
        rulings = _taken(rulings, hit.rulings, way)
        settings.append((lever, way))
        smallest = smallest and hit.smallest
    return Change(tuple(settings), rulings, smallest) if trials.legal(rulings) else None


def _taken(rulings: Rulings, found: Rulings, way: Way) -> Rulings:
    """Return the rulings with the one setting that was found."""
    if isinstance(way, Stepwise) and way.partial is not None:
        return way.partial(rulings)
    return rulings.put(way.path, found.at(way.path))
