"""The table of criteria and how a measured value becomes 0..1.

=============  ============================================================================
normalisation  from the measured value to 0..1, more being better (``down`` turns it round)
=============  ============================================================================
quantile       min-max between the 2nd and the 98th percentile, clipped: one odd site does
               not press all others together; a column without spread is 0.5 for all
log            the same on ``ln(1 + value)``
min_max        min-max between the ``low`` and ``high`` of the table, clipped
share          the value is a share already
=============  ============================================================================

Percentiles move when a site is added. Reference extremes, taken from an earlier run, hold them
still: then a site's score depends on nothing but the site.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from siting.errors import TableError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from siting.arrays import Floats

    Extremes = Mapping[str, tuple[float, float]]

BUILT_IN = ("demand", "gap", "access", "power", "cost", "safety", "learned")
"""Criteria the planner measures itself, in the order of the scores."""

DIRECTIONS = ("up", "down")
NORMALISATIONS = ("quantile", "min_max", "log", "share")
NEUTRAL = 0.5
"""Score of a value nobody knows, and of all values where they do not differ."""

_PERCENTILES = (2.0, 98.0)
_TEXTS = ("zh", "en", "direction", "normalisation", "unit", "source", "mark")


@dataclass(frozen=True)
class Criterion:
    """One criterion: its names, whether more is better, and its scale."""

    key: str
    zh: str
    en: str
    direction: str
    normalisation: str
    low: float | None = None
    high: float | None = None


class Scales:
    """Turns measured values into 0..1 and keeps the extremes it used.

    Parameters
    ----------
    stored
        Reference extremes of an earlier run by criterion, (low, high) in its unit.

    Attributes
    ----------
    used
        Extremes by criterion, in the order they were asked for; those of a column without
        any spread are alike.
    """

    def __init__(self, stored: Extremes | None = None) -> None:
        self._stored = dict(stored or {})
        self.used: dict[str, tuple[float, float]] = {}

    def score(self, criterion: Criterion, values: Floats) -> Floats:
        """Return values as 0..1, more being better; missing ones are 0.5."""
        low, high = self._extremes(criterion, values)
        self.used[criterion.key] = (low, high)
        if criterion.normalisation == "log":
            with np.errstate(invalid="ignore"):
                values, low, high = np.log1p(values), float(np.log1p(low)), float(np.log1p(high))
        if not high > low:
            return np.full(len(values), NEUTRAL)
        scaled = np.clip((values - low) / (high - low), 0.0, 1.0)
        scaled = 1.0 - scaled if criterion.direction == "down" else scaled
        return np.where(np.isnan(values), NEUTRAL, scaled)

    def _extremes(self, criterion: Criterion, values: Floats) -> tuple[float, float]:
        if criterion.normalisation == "share":
            return 0.0, 1.0
        if criterion.normalisation == "min_max":
            assert criterion.low is not None  # noqa: S101  # the table was checked
            assert criterion.high is not None  # noqa: S101
            return criterion.low, criterion.high
        if criterion.key in self._stored:
            return self._stored[criterion.key]
        return spread(values)


def spread(values: Floats) -> tuple[float, float]:
    """Return the 2nd and 98th percentile of the known values, or their ends where those meet.

    Examples
    --------
    >>> low, high = spread(np.array([0.0, 5.0, 10.0, np.nan]))
    >>> round(low, 1), round(high, 1)
    (0.2, 9.8)
    """
    known = values[~np.isnan(values)]
    if not known.size:
        return 0.0, 0.0
    low, high = np.percentile(known, _PERCENTILES)
    if high <= low:  # nearly all alike: let the few that differ speak
        low, high = known.min(), known.max()
    return float(low), float(high)


def check_criteria(frame: pd.DataFrame) -> dict[str, Criterion]:
    """Return the criteria of a table by key, in its order.

    Parameters
    ----------
    frame
        key, zh, en, direction, normalisation, low, high, unit, source, mark; one row for each
        of :data:`BUILT_IN`.

    Raises
    ------
    TableError
        Naming every fault at once, by row; the header is row 1.
    """
    lacking = [name for name in ("key", *_TEXTS, "low", "high") if name not in frame.columns]
    if lacking:
        raise _faulty([f"column '{name}' is missing" for name in lacking])
    faults: list[str] = []
    found: dict[str, Criterion] = {}
    seen: set[str] = set()
    for row, values in enumerate(frame.to_dict("records"), start=2):
        key = str(values["key"]).strip()
        wrong = _faults_of(key, values, seen)
        seen.add(key)
        faults += [f"row {row}: {text}" for text in wrong]
        if not wrong:
            texts = {name: str(values[name]) for name in ("zh", "en", "direction", "normalisation")}
            found[key] = Criterion(
                key=key, low=_number(values["low"]), high=_number(values["high"]), **texts
            )
    faults += [f"criterion '{key}' has no row" for key in BUILT_IN if key not in seen]
    if faults:
        raise _faulty(faults)
    return found


def _faults_of(key: str, values: dict[Any, Any], seen: set[str]) -> list[str]:
    faults = []
    if key not in BUILT_IN:
        faults.append(
            f"'{key}' is no criterion of the planner ({', '.join(BUILT_IN)}); "
            "one from a file of yours goes into scoring.layers"
        )
    if key in seen:
        faults.append(f"'{key}' stands there twice")
    for name, known in (("direction", DIRECTIONS), ("normalisation", NORMALISATIONS)):
        if values[name] not in known:
            faults.append(f"{name} '{values[name]}' is none of {', '.join(known)}")
    faults += [
        f"{name} is empty" for name in ("zh", "en", "source", "mark") if _empty(values[name])
    ]
    faults += [
        f"{name} is no number: '{values[name]}'"
        for name in ("low", "high")
        if not _empty(values[name]) and _number(values[name]) is None
    ]
    if values["normalisation"] == "min_max":
        low, high = _number(values["low"]), _number(values["high"])
        if low is None or high is None or low >= high:
            faults.append("min_max wants a low below a high")
    return faults


def _empty(cell: object) -> bool:
    return bool(pd.isna(cell)) or not str(cell).strip()  # type: ignore[call-overload]


def _number(cell: object) -> float | None:
    try:
        value = float(cell)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return value if np.isfinite(value) else None


def _faulty(faults: list[str]) -> TableError:
    return TableError(
        f"the table of criteria has {len(faults)} fault(s) (the header is row 1):\n    - "
        + "\n    - ".join(faults),
        where="scoring.criteria",
        cure="data/criteria.csv, the shipped one, shows the columns and what they hold",
    )
