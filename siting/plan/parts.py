"""The parts of a plan beside its tables: counts, classes, years, hydrogen and times."""

from __future__ import annotations

from dataclasses import dataclass

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
