"""The blocks of the scenario about the years in which a plan is built."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from siting.scenario.fields import AtLeastOne, Block, Count, Positive

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from siting.scenario.blocks import Model, Targets

_TOTALS = ("stations", "chargers", "swap_stations")


class Phase(Block):
    """What must stand at the end of one year, existing and new together."""

    year: Annotated[int, Field(ge=1900, le=2200)]
    """The year; each phase is later than the one before."""
    stations: AtLeastOne
    """Charging stations at the end of the year; those of the last phase are targets.stations."""
    chargers: AtLeastOne
    """Public chargers at the end of the year."""
    swap_stations: Count = 0
    """Battery-swap stations at the end of the year."""
    budget_cny: Positive | None = None
    """Most that what is new in this phase may cost, at base prices; what is left is not kept."""
    demand_factor: Positive | None = None
    """Demand of the year over that of the last phase; left out, the ratio of their shares of
    NEVs (demand.nev_shares)."""


def phase_faults(phases: Sequence[Phase], targets: Targets, model: Model) -> Iterator[str]:
    """Yield what is wrong with the phases beside the targets, each with its cure."""
    if not phases:
        return
    yield from _out_of_order(phases)
    last, place = phases[-1], f"phases[{len(phases)}]"
    for key in _TOTALS:
        asked, has = getattr(targets, key), getattr(last, key)
        if asked != has:
            yield (f"{place}.{key}: the last phase has {has}, targets.{key} is {asked}; "
                   "make them equal")  # fmt: skip
        if getattr(targets.sense, key) != "exactly":
            yield f"phases: targets.sense.{key} must be exactly; leave it out, or the phases"
    if targets.by is not None and targets.by != last.year:
        yield (f"{place}.year: the last phase is {last.year}, targets.by is {targets.by}; "
               "make them equal")  # fmt: skip
    if last.demand_factor not in (None, 1.0):
        yield (f"{place}.demand_factor: the last year is what the others are measured by; "
               "leave it out")  # fmt: skip
    if model.objective != "joint":
        yield f"phases: not with model.objective = {model.objective}; take joint"


def _out_of_order(phases: Sequence[Phase]) -> Iterator[str]:
    """Yield years that do not rise and totals that fall."""
    for number, (before, after) in enumerate(itertools.pairwise(phases), start=2):
        if after.year <= before.year:
            yield (f"phases[{number}].year: {after.year} does not come after {before.year}; "
                   "put the phases in order of their years")  # fmt: skip
        for key in _TOTALS:
            had, has = getattr(before, key), getattr(after, key)
            if has < had:
                yield (f"phases[{number}].{key}: {has} after {had}, but what is built stays; "
                       f"give the number at the end of the year, at least {had}")  # fmt: skip
