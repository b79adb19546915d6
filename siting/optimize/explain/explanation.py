"""Which rules clash, the smallest changes that help, and the explanation for people."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from siting.errors import (
    ClashingRule,
    Explanation,
    ImpossibleTargetError,
    InfeasibleError,
    Setting,
    TriedChange,
)
from siting.optimize.explain.trial import Trials, find
from siting.optimize.rules.all_rules import levers_of
from siting.optimize.rules.rulings import Stepwise, key_of
from siting.optimize.solver.solver import open_solver

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from siting import scenario
    from siting.errors import NoPlanError
    from siting.optimize.rules.rulings import Build, Lever, Rulings, Way

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


_POWER = "substations.headroom_kw"


@contextmanager
def explaining(
    build: Build, rulings: Rulings, *, solver: scenario.Solver, run: scenario.Run
) -> Iterator[None]:
    """Give an error that says no plan exists its explanation.

    Parameters
    ----------
    build
        Makes the problem of changed rulings.
    rulings
        What the scenario rules.
    solver, run
        Blocks of the scenario; the explanation has ``solver.time_limit_s`` of its own.

    Raises
    ------
    ImpossibleTargetError, InfeasibleError
        The error of the wrapped steps, its cure made of changes that were tried and
        ``explanation`` filled in.
    """
    try:
        yield
    except (ImpossibleTargetError, InfeasibleError) as error:
        told = explain(build, rulings, solver=solver, seed=run.seed)
        if told is None:
            raise
        raise _explained(error, replace(told, language=run.language)) from error


def explain(
    build: Build, rulings: Rulings, *, solver: scenario.Solver, seed: int
) -> Explanation | None:
    """Say which rules clash and which changes make a plan possible.

    Returns
    -------
    Explanation or None
        None if a plan exists.
    """
    backend = open_solver(
        solver.name, threads=solver.threads, seed=seed, time_limit_s=solver.time_limit_s
    )
    trials = Trials(build, backend, solver.time_limit_s)
    if trials.legal(rulings):
        return None
    levers = levers_of(rulings)
    core = clashing(trials, rulings, levers)
    cut_off = trials.over
    changes: list[Change] = []
    no_help: list[ClashingRule] = []
    not_tried: list[ClashingRule] = []
    for number, lever in enumerate(core):
        share_s = trials.solver.left_s / (len(core) - number)
        slice_ = replace(trials, solver=trials.solver.until(share_s))
        found = alone(slice_, rulings, lever) if slice_.legal(lever.drop(rulings)) else []
        changes += found
        if not found:
            sure = trials.legal(lever.drop(rulings)) is False
            (no_help if sure else not_tried).append(_rule(lever, rulings))
    if not changes and core:
        changes = together(trials, rulings, levers, core)
    return Explanation(
        clash=tuple(_rule(lever, rulings) for lever in core),
        clash_cut_off=cut_off,
        changes=_unlike([_change(change, rulings) for change in changes]),
        no_help=tuple(no_help),
        not_tried=tuple(not_tried),
    )


def _rule(lever: Lever, rulings: Rulings) -> ClashingRule:
    now = rulings.at(lever.path)
    if hasattr(now, "model_dump"):
        now = now.model_dump(mode="json", exclude_defaults=True)
    return ClashingRule(lever.family, key_of(lever.path), lever.part, _plain(now))


def _change(change: Change, rulings: Rulings) -> TriedChange:
    settings = []
    for lever, way in change.settings:
        if way.path == ("more_kw",):
            more = dict(change.rulings.more_kw)
            settings.append(Setting(lever.family, lever.part, _POWER, None, more))
            continue
        now, then = rulings.at(way.path), change.rulings.at(way.path)
        listed = isinstance(now, (tuple, dict))
        settings.append(
            Setting(
                lever.family, lever.part, key_of(way.path), _plain(now), _plain(then),
                off=tuple(name for name in now if name not in then) if listed else None,
            )
        )  # fmt: skip
    return TriedChange(tuple(settings), tried=True, smallest=change.smallest)


def _plain(value: Any) -> Any:  # noqa: ANN401  # a setting
    return list(value) if isinstance(value, tuple) else value


def _unlike(changes: list[TriedChange]) -> tuple[TriedChange, ...]:
    """Return the changes without repetitions, in order."""
    kept: list[TriedChange] = []
    for change in changes:
        if all(change.settings != one.settings for one in kept):
            kept.append(change)
    return tuple(kept)


def _explained(error: NoPlanError, told: Explanation) -> NoPlanError:
    offers = [
        " and ".join(_offer(setting) for setting in change.settings) for change in told.changes
    ]
    keys = ", ".join(rule.rule for rule in told.clash)
    if offers:
        cure = "one of these, each tried: " + "; ".join(offers)
    elif keys:
        cure = f"no change was found in the time given; the rules that clash: {keys}"
    else:
        cure = "no rule of the scenario is to blame: look at the sites and at what exists"
    result = type(error)(error.what, where=keys or error.where, cure=cure)
    result.explanation = told
    return result


def _offer(setting: Setting) -> str:
    if setting.off:
        return f"take {', '.join(setting.off)} off {setting.rule}"
    if setting.now is None:
        more = ", ".join(f"{name} {kw:,.0f} kW" for name, kw in setting.change.items())
        return f"more {setting.rule}: {more}"
    return f"{setting.rule} = {setting.change} (now {setting.now})"
