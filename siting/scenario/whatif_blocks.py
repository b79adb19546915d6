"""The blocks of the scenario for what is not known well: factors, and what may be drawn."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from siting.scenario.fields import Block, NonNegative, Positive


class Factors(Block):
    """What the data are multiplied by, to ask what if; a plan says so where it is not 1."""

    prices: Positive = 1
    """Prices of stations, chargers, transformers and cables."""
    headroom: NonNegative = 1
    """Free power of the substations where it is known."""
    estimated_people: NonNegative = 1
    """People of the zones whose number is an estimate."""


class Uncertain(Block):
    """A number that may be another: how it is distributed between its lowest and its highest."""

    shape: Literal["uniform", "triangular", "normal"] = "uniform"
    """All alike, a triangle with its peak at the mode, or a bell cut off at both ends."""
    low: float
    """Lowest value."""
    high: float
    """Highest value."""
    mode: float | None = None
    """Likeliest value of a triangle, or middle of a bell; left out, half-way."""
    sd: Annotated[float, Field(gt=0)] | None = None
    """Standard deviation of a bell; left out, a quarter of the range."""
    source: str = ""
    """Where the range comes from."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.low < self.high:
            msg = f"low = {self.low:g} must lie below high = {self.high:g}"
            raise ValueError(msg)
        if self.mode is not None and not self.low <= self.mode <= self.high:
            msg = (
                f"mode = {self.mode:g} must lie between low = {self.low:g} and high = {self.high:g}"
            )
            raise ValueError(msg)
        if self.mode is not None and self.shape == "uniform":
            msg = "a uniform distribution has no mode: leave it out, or take shape = triangular"
            raise ValueError(msg)
        if self.sd is not None and self.shape != "normal":
            msg = "only shape = normal has an sd"
            raise ValueError(msg)
        return self
