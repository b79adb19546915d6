"""The face of a family of rules, and the filters by which a rule names its sites and zones."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from siting.errors import ScenarioError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import geopandas as gpd

    from siting import scenario
    from siting.arrays import Flags, Floats, Ints, Names
    from siting.notes import Note
    from siting.optimize.problem.problem import Reach, SitingProblem
    from siting.optimize.rules.rulings import Lever, Rulings


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


_SHOWN = 5


def check_names(asked: Iterable[str], there: Iterable[Any], *, key: str, what: str) -> None:
    """Refuse names that nothing in the data has, with the nearest one that is there.

    Raises
    ------
    ScenarioError
        Naming every unknown name.
    """
    names = {str(name) for name in there}
    unknown = sorted(set(asked) - names)
    if not unknown:
        return
    parts = []
    for name in unknown[:_SHOWN]:
        near = difflib.get_close_matches(name, sorted(names), n=1)
        parts.append(f"'{name}'" + (f" (did you mean '{near[0]}'?)" if near else ""))
    few = sorted(names) if len(names) <= 2 * _SHOWN else []
    raise ScenarioError(
        f"{key}: no {what} {', '.join(parts)} in the data of this run",
        where=key,
        cure=f"one of: {', '.join(few)}"
        if few
        else "the layer candidates of a run's plan.gpkg lists ids and names",
    )


def chosen_zones(
    problem: SitingProblem,
    zones: tuple[str, ...],
    zone_kinds: tuple[str, ...],
    zone_kind: pd.Series,
    *,
    key: str,
) -> Ints:
    """Return the positions of the zones that pass both filters; an empty one lets all pass."""
    keep = np.ones(len(problem.zone_id), dtype=bool)
    if zones:
        check_names(zones, problem.zone_id, key=f"{key}.zones", what="zone")
        keep &= np.isin(problem.zone_id, list(zones))
    if zone_kinds:
        kinds = zone_kind.reindex(problem.zone_id).to_numpy(dtype=object)
        check_names(zone_kinds, kinds, key=f"{key}.zone_kinds", what="kind of zone")
        keep &= np.isin(kinds.astype(str), list(zone_kinds))
    return np.flatnonzero(keep)


def kinds_flags(problem: SitingProblem, kinds: tuple[str, ...], *, key: str) -> Flags:
    """Return which sites are of the kinds; of any if none is named."""
    if not kinds:
        return np.ones(len(problem.site_id), dtype=bool)
    check_names(kinds, problem.site_kind, key=f"{key}.kinds", what="kind of site")
    return np.isin(problem.site_kind.astype(str), list(kinds))


def lists_of(sites: pd.DataFrame) -> list[frozenset[str]]:
    """Return the lists and areas that each site stands in; none where the table has no column."""
    if "listed" not in sites.columns:
        return [frozenset()] * len(sites)
    return [
        frozenset(told.split("+")) if isinstance(told, str) else frozenset()
        for told in sites["listed"]
    ]


def listed_flags(lists: list[frozenset[str]], asked: tuple[str, ...], *, key: str) -> Flags:
    """Return which sites stand in one of the lists; all if none is named.

    Raises
    ------
    ScenarioError
        If no site stands in a list that is named.
    """
    if not asked:
        return np.ones(len(lists), dtype=bool)
    check_names(asked, frozenset().union(*lists), key=f"{key}.listed", what="list or area")
    return np.array([not told.isdisjoint(asked) for told in lists], dtype=bool)


def pool_flags(
    problem: SitingProblem, pools: tuple[str, ...], pool: Names | None, *, key: str
) -> Flags:
    """Return which sites are in the pools; all if none is named."""
    if not pools or pool is None:
        return np.ones(len(problem.site_id), dtype=bool)
    check_names(pools, pool, key=f"{key}.pools", what="site of pool")
    return np.isin(pool.astype(str), list(pools))
