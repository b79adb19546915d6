"""The blocks of the scenario about a single station: its queue, its power, its price."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from siting.scenario.fields import Block, File, NonNegative, Share


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
