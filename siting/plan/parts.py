"""The parts of a plan beside its tables, and frozen classes as JSON types and back."""

from __future__ import annotations

import math
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

from siting.analysis.demand.demand_chain import DemandChain, FleetEnergy
from siting.analysis.scores.weighting import ScoreSummary, Stability

__all__ = [
    "BodyCount", "ChargerClass", "Counts", "DemandChain", "FleetEnergy", "Hydrogen", "OpenCount",
    "OtherTotals", "PhaseTotal", "PhaseYear", "Phases", "PoolCount", "ScoreSummary", "Stability",
    "StageTime", "Timings",
]  # fmt: skip


@dataclass(frozen=True)
class ChargerClass:
    """A class of charger: power (kW) and energy (kWh a day) of one, and how many the plan has."""

    power_kw: float
    kwh_day: float
    chargers: float


@dataclass(frozen=True)
class PoolCount:
    """What a regime of the policy has."""

    stations: int
    chargers: int
    candidates: int


@dataclass(frozen=True)
class BodyCount:
    """What stands in the zones that a body runs; None: nobody says which."""

    managed_by: str | None
    stations: int
    chargers: int
    swap_stations: int


@dataclass(frozen=True)
class OpenCount:
    """The totals without stations in homes' compounds."""

    stations: int
    chargers: int


@dataclass(frozen=True)
class OtherTotals:
    """The totals under other readings of what counts.

    Attributes
    ----------
    piles, guns
        Chargers either way; the one that the plan does not count is an estimate, since the
        classes of existing stations are.
    by_body
        By the body that runs the zone, the unknown one last.
    without_shared
        Without stations in homes' compounds.
    """

    piles: int
    guns: int
    by_body: tuple[BodyCount, ...]
    without_shared: OpenCount


@dataclass(frozen=True)
class Counts:
    """Stations, chargers and candidates by regime of the policy, and other totals."""

    pools: dict[str, PoolCount]
    otherwise: OtherTotals


@dataclass(frozen=True)
class Hydrogen:
    """What is proven of the hydrogen stations.

    Attributes
    ----------
    gap_share
        Of their own covering model; NaN where it is open.
    covered_share
        Share of the demand within their radius.
    """

    gap_share: float
    covered_share: float


@dataclass(frozen=True)
class PhaseYear:
    """One year of a plan in phases: what stands at its end, what it cost, and how good it is.

    Attributes
    ----------
    budget_cny
        None where nothing limits it.
    value, bound, best_alone, regret
        Of the year; the best plan of this year alone, and what is missed of it.
    by_year_value, by_year_regret
        The same for building year by year; NaN where that got stuck before.
    """

    year: int
    stations: int
    chargers: int
    swap_stations: int
    new_stations: int
    new_chargers: int
    new_swap_stations: int
    demand_factor: float
    cost_cny: float
    budget_cny: float | None
    demand_kwh_day: float
    served_share: float
    mean_distance_m: float
    value: float
    bound: float
    best_alone: float
    regret: float
    by_year_value: float
    by_year_regret: float


@dataclass(frozen=True)
class PhaseTotal:
    """Value, bound and regret over all years; those of building year by year None if stuck."""

    value: float
    bound: float
    gap_share: float
    regret: float
    by_year_value: float | None
    by_year_regret: float | None


@dataclass(frozen=True, repr=False)
class Phases:
    """The years of a plan in phases.

    Attributes
    ----------
    by_year_until
        Last year that building year by year reached.
    whole
        Whether all years were solved as one model.
    swap_gap_share
        Gap of the swap stations.
    """

    years: tuple[PhaseYear, ...]
    total: PhaseTotal
    by_year_until: int
    whole: bool
    swap_gap_share: float

    def __repr__(self) -> str:
        """Say the stations and chargers at the end of each year."""
        years = ", ".join(f"{one.year}: {one.stations} ({one.chargers})" for one in self.years)
        return f"<Phases {years}; gap {self.total.gap_share:.2%}>"


@dataclass(frozen=True)
class StageTime:
    """Seconds and peak memory (MB) of a stage, and whether its result came from the cache."""

    stage: str
    seconds: float
    peak_mb: float
    cached: bool = False


@dataclass(frozen=True, repr=False)
class Timings:
    """When a plan was made and how long each stage took; no part of its identity."""

    date: str = ""
    stages: tuple[StageTime, ...] = ()

    def __repr__(self) -> str:
        """Say the date and the seconds in all."""
        seconds = sum(one.seconds for one in self.stages)
        return f"<Timings {self.date}: {len(self.stages)} stages, {seconds:.1f} s>"


DECIMALS = 6
_Part = TypeVar("_Part")


def tidy(value: Any, decimals: int | None = DECIMALS) -> Any:  # noqa: ANN401  # any JSON type in and out
    """Return plain JSON types: classes as objects, numpy's numbers unwrapped, missing as None.

    A field with the metadata ``{"absent": True}`` is left out where it is None.

    Parameters
    ----------
    value
        A frozen class, or what JSON knows.
    decimals
        Decimals that floats are rounded to; None for all they have.
    """
    if is_dataclass(value):
        return {
            one.name: tidy(getattr(value, one.name), decimals)
            for one in fields(value)
            if getattr(value, one.name) is not None or not one.metadata.get("absent")
        }
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return tidy(value._asdict(), decimals)
    if isinstance(value, dict):
        return {str(key): tidy(entry, decimals) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [tidy(entry, decimals) for entry in value]
    value = value.item() if isinstance(value, np.generic) else value
    if not isinstance(value, float) or (decimals is None and math.isfinite(value)):
        return value
    return round(value, decimals) if math.isfinite(value) else None


def made(kind: type[_Part], content: Any) -> _Part:  # noqa: ANN401  # JSON types
    """Return a frozen class made of JSON types; the inverse of :func:`tidy`.

    A number that is missing becomes NaN where its field takes no None. Entries that the class
    does not know are left out; what it knows and has a default for may be missing.

    Raises
    ------
    KeyError
        If an entry is missing that has no default.
    TypeError, ValueError
        If an entry is of another kind than its field.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Year:
    ...     year: int
    ...     value: float
    >>> made(Year, tidy(Year(2025, float("nan"))))
    Year(year=2025, value=nan)
    """
    if not isinstance(content, dict):
        raise TypeError(f"a {kind.__name__} is made of an object, not of {content!r}")
    found = {}
    for name, (hint, needed) in _fields(kind).items():  # type: ignore[arg-type]  # a class hashes
        if name in content:
            found[name] = _value(hint, content[name])
        elif needed:
            raise KeyError(name)
    return kind(**found)


@cache
def _fields(kind: Any) -> dict[str, tuple[Any, bool]]:  # noqa: ANN401  # a dataclass
    """Return of each field its type, and whether it has no default."""
    hints = get_type_hints(kind)
    return {
        one.name: (hints[one.name], one.default is MISSING and one.default_factory is MISSING)
        for one in fields(kind)
    }


def _value(hint: Any, content: Any) -> Any:  # noqa: ANN401, PLR0911  # one return a kind
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        if content is None and NoneType in inner:
            return None
        (hint,) = (one for one in inner if one is not NoneType)
        return _value(hint, content)
    if origin is dict:
        return {str(key): _value(inner[1], entry) for key, entry in content.items()}
    if hasattr(hint, "_fields"):
        return hint(**content)
    if origin is tuple:
        return tuple(_value(inner[0], entry) for entry in content)
    if is_dataclass(hint):
        return made(hint, content)  # type: ignore[arg-type]  # a class, not one of it
    if hint is float:
        return math.nan if content is None else float(content)
    if hint is int:
        return int(content)
    return content
