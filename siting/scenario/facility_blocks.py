"""The blocks of the scenario about facilities besides chargers and battery swap."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from siting.scenario.fields import AtLeastOne, Block, Names, NonNegative, Positive
from siting.scenario.rule_blocks import Sense  # noqa: TC001  # pydantic reads it


class Hydrogen(Block):
    """Hydrogen stations; without this block there are none. The policy names no number."""

    stations: AtLeastOne
    """Hydrogen stations to place: the planner's number, for the policy gives none."""
    sense: Sense = "exactly"
    """Whether it is exactly, at least or at most so many."""
    kinds: Annotated[Names, Field(min_length=1)] = ("fuel", "logistics", "service_area")
    """Kinds of site where one may stand (a proposal)."""
    spacing_m: NonNegative = 5000
    """Least distance between two of them, straight line (a proposal)."""
    cutoff_m: Positive = 10000
    """Service radius along the road (a proposal)."""
