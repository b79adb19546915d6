"""The numbers of the chain: people -> cars -> NEVs -> kWh a day -> public kWh -> peak hour.

::

    cars            = people * cars_per_person
    nevs            = cars * nev_share(year, scenario)
    charging_kwh    = nevs * kwh_per_nev_day
    public_share    = bay_share * share_with_bay + (1 - bay_share) * share_without_bay
    public_kwh      = charging_kwh * public_share
    kW in hour h    = sum over kinds of public_kwh(kind) * profile(kind, h)

Figures and sources stand in ``data/parameters.csv``, ``data/nev_share.csv`` and
``data/hour_profile.csv``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from siting.analysis.network import zone_ids
from siting.errors import ScenarioError, TableError
from siting.notes import Note
from siting.tables import Column, Table, check

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd

    from siting import scenario
    from siting.arrays import Floats
    from siting.notes import Notes

KINDS = ("home", "work", "retail", "visit", "road", "fleet")
"""Kinds of demand, in the order of the chain."""
YEAR = 2025
"""Year of the chain where neither demand.year, targets.by nor a last phase says one."""

_HOURS = tuple(f"h{hour:02d}" for hour in range(24))
_DAY_TOLERANCE = 1e-6


@dataclass(frozen=True)
class FleetEnergy:
    """A fleet's vehicles and its energy (kWh a day); None where nobody knows its size.

    Attributes
    ----------
    energy_kwh_day, public_kwh_day, swap_kwh_day
        All of it, what is charged at public stations, and what is swapped.
    """

    vehicles: float | None = None
    energy_kwh_day: float | None = None
    public_kwh_day: float | None = None
    swap_kwh_day: float | None = None


@dataclass(frozen=True)
class Peak:
    """The load of a day by hour (24 means, kW) and its peak; the hour is when it begins."""

    hour_kw: tuple[float, ...]
    peak_hour: int
    peak_kw: float
    peak_share: float


@dataclass(frozen=True, repr=False)
class DemandChain:
    """The numbers from people to the peak hour; None where nobody knows.

    Attributes
    ----------
    nev_scenario
        Course of the shares; None where the share is given.
    charging_kwh_day
        All charging of the residents.
    public_share, residents_kwh_day
        The part of it at public chargers, and its energy.
    through_kwh_day, fleet_kwh_day, swap_kwh_day, given_kwh_day
        Of through traffic, fleets, swapping, and of a layer of the planner's own.
    kwh_day, by_kind
        Residents, through traffic, fleets and given together, and by kind.
    hour_kw, peak_hour, peak_kw, peak_share
        As :class:`Peak`.
    """

    year: int
    nev_scenario: str | None
    nev_share: float
    people: float
    cars: float
    nevs: float
    charging_kwh_day: float
    public_share: float
    residents_kwh_day: float
    through_kwh_day: float | None
    fleet_kwh_day: float | None
    swap_kwh_day: float | None
    fleets: dict[str, FleetEnergy]
    people_by_quality: dict[str, float]
    kwh_day: float
    by_kind: dict[str, float | None]
    hour_kw: tuple[float, ...]
    peak_hour: int
    peak_kw: float
    peak_share: float
    given_kwh_day: float | None = None

    def __repr__(self) -> str:
        """Say people, cars and public charging of the year."""
        return (
            f"<DemandChain {self.year}: {self.people:,.0f} people, {self.nevs:,.0f} NEVs, "
            f"{self.kwh_day:,.0f} kWh/day, peak {self.peak_kw:,.0f} kW>"
        )


NEV_SHARES = Table(
    "nev_share",
    "data/nev_share.csv",
    (
        Column("year", "int", "year"),
        Column("scenario", "str", "course", choices=("low", "base", "high")),
        Column("nev_share", "float", "NEVs among cars", low=0, high=1),
        Column("source", "str", "where the figure comes from"),
        Column("mark", "str", "V verified, v weak, D derived, U unverified, P proposal"),
    ),
)

HOUR_PROFILES = Table(
    "hour_profile",
    "data/hour_profile.csv",
    (
        Column("kind", "str", "kind of demand", unique=True, choices=KINDS),
        *(
            Column(hour, "float", "share of the day's energy in this hour", low=0, high=1)
            for hour in _HOURS
        ),
        Column("source", "str", "where the figures come from"),
        Column("mark", "str", "V verified, v weak, D derived, U unverified, P proposal"),
    ),
)


def check_nev_shares(frame: pd.DataFrame) -> pd.DataFrame:
    """Check the table of NEV shares.

    Returns
    -------
    DataFrame
        Shares by year (rows, ascending) and scenario (columns); missing where no row says one.

    Raises
    ------
    TableError
        If a row breaks the contract, or a year of one scenario stands twice.
    """
    check(frame, NEV_SHARES)
    twice = frame.duplicated(["year", "scenario"])
    if twice.any():
        first = frame[twice].iloc[0]
        raise TableError(
            f"the share of {first['year']}, {first['scenario']}, stands twice",
            where="demand.nev_shares, columns year and scenario",
            cure="keep one row a year and scenario",
        )
    return frame.pivot_table(index="year", columns="scenario", values="nev_share").sort_index()


def check_hour_profiles(frame: pd.DataFrame) -> pd.DataFrame:
    """Check the table of hour profiles.

    Returns
    -------
    DataFrame
        Indexed by kind of demand, 24 columns; each row sums to 1.

    Raises
    ------
    TableError
        If a row breaks the contract, a kind is missing, or a day does not sum to 1.
    """
    check(frame, HOUR_PROFILES)
    hours = frame.set_index("kind")[list(_HOURS)].astype(float)
    days = hours.sum(axis=1)
    faults = [f"kind {kind} is missing" for kind in KINDS if kind not in hours.index]
    faults += [
        f"the hours of {kind} sum to {total:g}, not 1"
        for kind, total in days.items()
        if abs(total - 1) > _DAY_TOLERANCE
    ]
    if faults:
        raise TableError(
            "the profile of the hours is at fault:\n    - " + "\n    - ".join(faults),
            where="demand.hour_profile",
            cure="give each kind of demand one row whose 24 shares sum to 1",
        )
    return hours.div(days, axis=0).loc[list(KINDS)]


def nev_share(shares: pd.DataFrame, settings: scenario.Demand) -> float:
    """Return the share of NEVs among cars of the scenario's year and course.

    Parameters
    ----------
    shares
        Result of :func:`check_nev_shares`.
    settings
        Block ``demand``. ``nev_share`` goes before the table; between two years of the
        table a straight line holds.

    Raises
    ------
    ScenarioError
        If the year lies outside those of the table.
    """
    if settings.nev_share is not None:
        return settings.nev_share
    year = YEAR if settings.year is None else settings.year
    course = shares.get(settings.nev_scenario, pd.Series(dtype=float)).dropna()
    if course.empty or not course.index[0] <= year <= course.index[-1]:
        known = f"{course.index[0]} to {course.index[-1]}" if len(course) else "no year"
        raise ScenarioError(
            f"no share of NEVs is known for {year}, {settings.nev_scenario}",
            where="demand.year (left out: targets.by or the last phase)",
            cure=f"the table demand.nev_shares holds {known}: add rows, or give demand.nev_share",
        )
    return float(np.interp(year, course.index.to_numpy(dtype=float), course.to_numpy()))


def nev_growth(
    shares: pd.DataFrame, settings: scenario.Demand, *, year: int | None, later: int
) -> float:
    """Return the share of NEVs of a later year over that of a year, on the scenario's course.

    Parameters
    ----------
    shares
        Result of :func:`check_nev_shares`.
    settings
        Block ``demand``; a ``nev_share`` that is given stands for no year and is not read.
    year, later
        The two years; the chain's own year where the first is None. Never below 1.

    Raises
    ------
    ScenarioError
        If the table does not hold one of the years.
    """
    course = settings.model_copy(update={"nev_share": None})
    try:
        now, then = (
            nev_share(shares, course.model_copy(update={"year": one})) for one in (year, later)
        )
    except ScenarioError as error:
        raise ScenarioError(
            f"the growth to {later} is not known: the shares of NEVs hold {shares.index[0]} to "
            f"{shares.index[-1]}",
            where="sizing.growth_year",
            cure="name a year that the table demand.nev_shares holds, or add its rows there",
        ) from error
    return max(then / now, 1.0) if now > 0 else 1.0


def public_shares(zones: pd.DataFrame, settings: scenario.Demand) -> pd.Series:
    """Return the share of charging done at public chargers, by zone_id.

    Higher where fewer NEVs have a private bay; the bays of a zone are those of its id, else of
    its kind, else of everybody.

    Raises
    ------
    ScenarioError
        If a zone or kind of zone is named that is not there.
    """
    by_zone, by_kind = settings.private_bay_share_by_zone, settings.private_bay_share_by_zone_kind
    _refuse_unknown(by_zone, zones["zone_id"], "private_bay_share_by_zone")
    _refuse_unknown(by_kind, zones["kind"], "private_bay_share_by_zone_kind")
    ids = zones["zone_id"].to_numpy(dtype=object)
    if settings.public_share is not None:
        return pd.Series(settings.public_share, index=ids, dtype=float)
    bays = [
        by_zone.get(zone_id, by_kind.get(kind, settings.private_bay_share))
        for zone_id, kind in zip(ids, zones["kind"], strict=True)
    ]
    bay = pd.Series(bays, index=ids, dtype=float)
    return settings.public_share_with_bay * bay + settings.public_share_without_bay * (1 - bay)


def _refuse_unknown(named: Mapping[str, float], there: pd.Series, key: str) -> None:
    known = sorted(set(there.astype(str)))
    unknown = sorted(set(named) - set(known))
    if unknown:
        raise ScenarioError(
            f"demand.{key} names {', '.join(unknown)}, which is not there",
            where=f"demand.{key}",
            cure=f"there are: {', '.join(known)}",
        )


def peak(kwh_day: pd.Series, hours: pd.DataFrame) -> Peak:
    """Return the load of the day by hour and its peak.

    Parameters
    ----------
    kwh_day
        Energy by kind of demand, kWh/day.
    hours
        Result of :func:`check_hour_profiles`.
    """
    load: Floats = hours.mul(kwh_day.reindex(hours.index, fill_value=0.0), axis=0).sum().to_numpy()
    top = int(load.argmax())
    total = float(kwh_day.sum())
    return Peak(
        hour_kw=tuple(float(value) for value in load),
        peak_hour=top,
        peak_kw=float(load[top]),
        peak_share=float(load[top]) / total if total > 0 else float("nan"),
    )


_KIND = "visit"


def given_parts(
    layer: gpd.GeoDataFrame | None, zones: gpd.GeoDataFrame
) -> tuple[pd.DataFrame | None, Notes]:
    """Return the demand of a layer as parts of the demand, on top of all else.

    A row of no kind is a visit; an area counts at a point inside it. Rows outside all zones are
    left out and told by the note ``demand_outside``.

    Parameters
    ----------
    layer
        ``kwh_day``, ``kind`` and geometry, or None.
    zones
        ``tables.ZONES`` of the same metric CRS.

    Returns
    -------
    DataFrame or None
        ``kind``, ``zone_id``, ``point``, ``kwh_day``, ``quality`` (counted).
    notes
        Notes for the reader.
    """
    if layer is None:
        return None, []
    points = shapely.point_on_surface(layer.geometry.to_numpy())
    parts = pd.DataFrame(
        {
            "kind": layer["kind"].fillna(_KIND).astype(object),
            "zone_id": zone_ids(points, zones),
            "point": points,
            "kwh_day": layer["kwh_day"].astype(float),
            "quality": "counted",
        }
    )
    inside = parts[parts["zone_id"].notna()].reset_index(drop=True)
    whole, found = float(parts["kwh_day"].sum()), float(inside["kwh_day"].sum())
    values = {"rows": len(inside), "kwh_day": round(found, 1)}
    notes: Notes = [Note("demand_from_layer", values)]
    if len(inside) < len(parts):
        lost = {"rows": len(parts) - len(inside), "kwh_day": round(whole - found, 1)}
        notes.append(Note("demand_outside", lost))
    return inside, notes
