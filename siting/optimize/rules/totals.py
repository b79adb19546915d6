"""The totals of the scenario: stations, chargers and swap stations, each with how it binds.

Their rows are part of every model (:func:`siting.optimize.model.joint.station_total` and its
like); here stand what the targets ask for and what no choice of sites can meet.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from siting.errors import ImpossibleTargetError
from siting.optimize.problem.inner_problem import charger_range, swap_room
from siting.optimize.problem.problem import FEWEST
from siting.optimize.rules.family import Family
from siting.optimize.rules.rulings import NO_END, STATIONS, SWAP, Lever, Soft, Stepwise, moved

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siting.optimize.problem.problem import SitingProblem
    from siting.optimize.rules.family import Ground
    from siting.optimize.rules.rulings import Path, Rulings, Way

SENSES = {"exactly": "=", "at_least": ">=", "at_most": "<="}


class _Total(NamedTuple):
    """A total: where its sense stands in the problem, its rows in the models, and its least."""

    sense: str
    rows: tuple[str, ...]
    side: str
    least: int


_TOTALS = {
    "stations": _Total("station_sense", ("stations",), STATIONS, 1),
    "chargers": _Total("charger_sense", ("chargers", "room_least", "room_most"), STATIONS, 1),
    "swap_stations": _Total("swap_sense", ("swaps",), SWAP, 0),
}


def let_go(problem: SitingProblem, names: frozenset[str]) -> SitingProblem:
    """Return the problem without some of its totals: any number will do."""
    changes: dict[str, Any] = {}
    for name in names & _TOTALS.keys():
        changes |= {name: 0, _TOTALS[name].sense: ">="}
    return replace(problem, **changes)


def _levers(name: str, rulings: Rulings) -> Iterator[Lever]:
    sense, now = getattr(rulings.targets.sense, name), getattr(rulings.targets, name)
    path: Path = ("targets", name)
    least = _TOTALS[name].least
    if now == least == 0:
        return
    ways: list[Way] = []
    if sense != "at_most":
        ways.append(Stepwise(path, now - least, partial(moved, path, -1), _soft(name, 1.0)))
    if sense != "at_least":
        ways.append(Stepwise(path, NO_END, partial(moved, path, 1), _soft(name, -1.0)))
    yield Lever(name, path, partial(_freed, name), tuple(ways))


def _soft(name: str, coef: float) -> Soft:
    """Loosen every row of a total alike: the total itself moves."""
    return Soft(_TOTALS[name].side, lambda _: dict.fromkeys(_TOTALS[name].rows, coef))


def _freed(name: str, rulings: Rulings) -> Rulings:
    return replace(rulings, free=rulings.free | {name})


# ---- charging stations


def _stations(problem: SitingProblem, ground: Ground) -> SitingProblem:
    """Bind the station total: "exactly" is "at most" where the number is an outcome.

    Raises
    ------
    ImpossibleTargetError
        If there are too few sites, or more stations exist than asked for.
    """
    sense = SENSES[ground.targets.sense.stations]
    if ground.model.objective in FEWEST and sense == "=":
        sense = "<="
    problem = replace(problem, station_sense=sense)
    if not ground.refuse:
        return problem
    sites, forced = int(problem.openable.sum()), int(problem.forced.sum())
    if sites < problem.stations and sense != "<=":
        steps = "".join(f"\n    {n:>7,} {step.replace('_', ' ')}" for step, n in ground.screening)
        raise ImpossibleTargetError(
            f"{problem.stations} stations of {sites} sites: the target cannot be met"
            + (f"; left after each screening step:{steps}" if steps else ""),
            where="targets.stations",
            cure=f"no more than {sites} can stand; ask for fewer, or allow more sites (candidates, "
            "model.min_spacing_m)",
        )
    if forced > problem.stations and sense != ">=":
        raise ImpossibleTargetError(
            f"{forced} stations exist and stay, but the target is {problem.stations}",
            where="targets.stations",
            cure=f"the target counts existing and new together: no fewer than {forced} can stand",
        )
    return problem


STATION_TOTAL = Family("stations", firm=9, levers=partial(_levers, "stations"), rows=_stations)


# ---- chargers


def _chargers(problem: SitingProblem, ground: Ground) -> SitingProblem:
    """Bind the charger total.

    Raises
    ------
    ImpossibleTargetError
        If as many stations as asked for hold more chargers at least, or fewer at most.
    """
    problem = replace(problem, charger_sense=SENSES[ground.targets.sense.chargers])
    if not ground.refuse:
        return problem
    fewest, most = charger_range(problem)
    below = problem.chargers < fewest and problem.charger_sense != ">="
    above = problem.chargers > most and problem.charger_sense != "<="
    if below or above:
        raise ImpossibleTargetError(
            f"{problem.chargers} chargers, but {problem.stations} stations hold between {fewest} "
            f"and {most} by the limits of the sites",
            where="targets.chargers",
            cure=f"no fewer than {fewest} and no more than {most} chargers will do; or change the "
            "limits of the site kinds",
        )
    return problem


CHARGER_TOTAL = Family("chargers", firm=8, levers=partial(_levers, "chargers"), rows=_chargers)


# ---- swap stations


def _swaps(problem: SitingProblem, ground: Ground) -> SitingProblem:
    """Bind the total of swap stations.

    Raises
    ------
    ImpossibleTargetError
        If more exist than asked for, or fewer sites or less room at the spacing is there.
    """
    problem = replace(problem, swap_sense=SENSES[ground.targets.sense.swap_stations])
    if not ground.refuse:
        return problem
    sites, standing = int(problem.swap_ok.sum()), int(problem.existing_swap.sum())
    room = swap_room(problem)
    at_least, at_most = problem.swap_sense == ">=", problem.swap_sense == "<="
    if standing > problem.swap_stations and not at_least:
        what = f"{standing} swap stations exist and stay, but the target is {problem.swap_stations}"
        cure = f"the target counts existing and new together: no fewer than {standing} can stand"
    elif sites < problem.swap_stations and not at_most:
        what = f"{problem.swap_stations} swap stations of {sites} sites that may hold one"
        cure = f"no more than {sites} can stand; or let more kinds swap (candidates.site_kinds)"
    elif room < problem.swap_stations and not at_most:
        what = (
            f"{problem.swap_stations} swap stations, but {sites} sites have room for at most "
            f"{room} at a spacing of {problem.swap_spacing_m:g} m"
        )
        cure = f"lower model.swap_spacing_m, or ask for fewer: no more than {room} can stand"
    else:
        return problem
    raise ImpossibleTargetError(what, where="targets.swap_stations", cure=cure)


SWAP_TOTAL = Family("swap_stations", firm=7, levers=partial(_levers, "swap_stations"), rows=_swaps)
