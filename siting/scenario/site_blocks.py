"""The blocks of the scenario about figures of a station, and about how well figures are known."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from siting.scenario._block import Block, File, NonNegative, Positive, Share


class Sizing(Block):
    """How long people wait at a station; sources in data/parameters.csv."""

    peak_hour_share: Annotated[Share, Field(gt=0)] | None = None
    """Share of a day's energy asked for in the peak hour; left out, by demand.hour_profile."""
    promise_wait_min: NonNegative = 10
    """Wait that is promised not to be exceeded in the peak hour, minutes."""
    promise_share: Annotated[float, Field(gt=0, lt=1)] = 0.9
    """Share of the arrivals of the peak hour that it is promised to."""
    stay_cv: NonNegative = 1
    """Coefficient of variation of the time a session takes; 1 is M/M/c, 0 all alike."""


class Power(Block):
    """The connection of a station; sources in data/parameters.csv."""

    load_factor: Annotated[Share, Field(gt=0)] = 0.72
    """Share of its rated power a transformer is planned to carry (0.70 to 0.75)."""
    power_factor: Annotated[Share, Field(gt=0)] = 0.95
    """Power factor of the chargers."""
    assigned: dict[str, str] = Field(default_factory=dict)
    """Site id to the substation that feeds it, e.g. {"way/123" = "S07"}; the nearest elsewhere."""


class Costs(Block):
    """What a station costs to build."""

    prices: File = "shipped:costs.csv"
    """Table of prices with their range; chargers have theirs in candidates.charger_classes."""


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
