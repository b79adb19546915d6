"""What a key of the scenario may hold: types, ranges, and the frozen block."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


@dataclass(frozen=True)
class IsPath:
    """Marks a key that holds a path, relative to the file it stands in or ``shipped:``."""


Datum = Literal["wgs84", "gcj02", "bd09"]
# No quantity of a district is larger; sums and products of numbers below these stay exact enough.
_MOST = 1e15
_MOST_THINGS = 1_000_000_000
Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0, le=_MOST)]
NonNegative = Annotated[float, Field(ge=0, le=_MOST)]
Count = Annotated[int, Field(ge=0, le=_MOST_THINGS)]
AtLeastOne = Annotated[int, Field(ge=1, le=_MOST_THINGS)]
File = Annotated[str, IsPath()]
MaybeFile = Annotated[str | None, IsPath()]
# Strict types elsewhere; TOML has no tuples and --set and JSON have no dates.
MaybeDate = Annotated[dt.date | None, Field(strict=False)]
Bbox = Annotated[tuple[float, float, float, float], Field(strict=False)]
Names = Annotated[tuple[str, ...], Field(strict=False)]


class Block(BaseModel):
    """A frozen block of the scenario; unknown keys and loose types are refused."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        # a default has the type of its key, as the same number read from a file has
        validate_default=True,
        use_attribute_docstrings=True,
    )
