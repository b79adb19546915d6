"""The face of a family of rules: all that the rest of the program knows of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import geopandas as gpd

    from siting import scenario
    from siting.arrays import Flags, Floats, Ints
    from siting.notes import Note
    from siting.optimize.problem.pairs import Reach
    from siting.optimize.problem.problem import SitingProblem
    from siting.optimize.rules.levers import Lever
    from siting.optimize.rules.rulings import Rulings


class AskedLimit(NamedTuple):
    """A floor, a ceiling or a quota, and the key that asks for it."""

    key: str
    limit: scenario.Limit


class AskedPromise(NamedTuple):
    """A promise of coverage, the key that makes it, and the family its rows carry."""

    key: str
    family: str
    promise: scenario.Promise


@dataclass(frozen=True, eq=False)
class SiteTerms:
    """What the rules ask of each site by itself, aligned with the table of sites.

    Attributes
    ----------
    fewest
        Fewest chargers of a station.
    banned
        Where nothing new may stand.
    spacing_m
        Distance a new station keeps from any other (m).
    notes
        Notes for the reader of the plan.
    """

    fewest: Ints
    banned: Flags
    spacing_m: Floats
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, eq=False)
class Ground:
    """What the rules are held against.

    Attributes
    ----------
    sites, demand, zones
        As in :mod:`siting.tables`; the first two aligned with the problem.
    reach, swap_reach
        Pairs in reach for charging and for swapping.
    grid
        ``tables.GRID``; None if nothing is known.
    targets, model
        Blocks of the scenario.
    families
        All families.
    screening
        Steps from places to sites with the count left at each, quoted in refusals.
    refuse
        Whether totals beyond what the sites allow at best are refused.
    """

    sites: gpd.GeoDataFrame
    demand: gpd.GeoDataFrame
    zones: gpd.GeoDataFrame
    reach: Reach
    swap_reach: Reach
    grid: pd.DataFrame | None
    targets: scenario.Targets
    model: scenario.Model
    families: tuple[Family, ...]
    screening: tuple[tuple[str, int], ...] = ()
    refuse: bool = True

    @property
    def zone_kind(self) -> pd.Series:
        """Kind of each zone by id; empty where the table has none."""
        return zone_kinds(self.zones)

    @property
    def limits(self) -> Iterator[AskedLimit]:
        """Every limit, family by family."""
        for family in self.families:
            yield from family.limits(self.model) if family.limits else ()

    def promises(self, cutoff_m: float) -> Iterator[AskedPromise]:
        """Yield every promise, family by family, for a service radius (m)."""
        for family in self.families:
            yield from family.promises(self.model, cutoff_m) if family.promises else ()


def zone_kinds(zones: gpd.GeoDataFrame) -> pd.Series:
    """Return the kind of each zone by id; nothing where the table has none."""
    if "kind" not in zones.columns:
        return pd.Series(dtype="str")
    return pd.Series(zones["kind"].to_numpy(dtype=object), index=zones["zone_id"].to_numpy(object))


@dataclass(frozen=True)
class Family:
    """A family of rules. What is left out it does not have.

    A family that stands for general rules says which (``limits``, ``promises``); their own families
    turn them into rows.

    Attributes
    ----------
    name
        Its name; ``clash.rule.<name>`` has its words, and ``siting.audit`` its twin.
    firm
        How late a planner lets go of it where rules clash: the lowest first.
    levers
        How it can give way.
    named
        Sites it names: ids by the key that lists them.
    on_sites
        Adds what it asks of each site by itself. Takes the terms so far, sites, zones and block.
    limits
        Limits it stands for.
    promises
        Promises it stands for; takes the block and the service radius (m).
    rows
        Adds its rows to a problem, or refuses what no choice of sites can meet.
    before_end
        Returns the problem as it holds before the last year of a plan in phases, where that takes
        more than leaving out its floors.
    station_keys
        Keys of the block that the swap stations do not ask for.
    needs_reach
        Whether a trial of this block has to know who reaches which site.
    """

    name: str
    firm: int = 0
    levers: Callable[[Rulings], Iterable[Lever]] | None = None
    named: Callable[[scenario.Model], Mapping[str, Iterable[str]]] | None = None
    on_sites: (
        Callable[[SiteTerms, gpd.GeoDataFrame, gpd.GeoDataFrame, scenario.Model], SiteTerms] | None
    ) = None
    limits: Callable[[scenario.Model], Iterable[AskedLimit]] | None = None
    promises: Callable[[scenario.Model, float], Iterable[AskedPromise]] | None = None
    rows: Callable[[SitingProblem, Ground], SitingProblem] | None = None
    before_end: Callable[[SitingProblem], SitingProblem] | None = None
    station_keys: tuple[str, ...] = ()
    needs_reach: Callable[[scenario.Model], bool] | None = None
