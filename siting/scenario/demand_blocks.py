"""The block ``demand`` of the scenario: from people to kWh of public charging a day."""

from __future__ import annotations

import math
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from siting.scenario._block import Block, File, Names, NonNegative, Positive, Share  # fmt: skip

_SHARE_TOLERANCE = 1e-9
_FIRST_YEAR, _LAST_YEAR = 2000, 2100
SHARES = ("home_share", "work_share", "retail_share", "visit_share", "road_share")
"""Keys that split the public charging of the residents; they sum to 1."""


class Fleet(Block):
    """A fleet of electric vehicles that no resident owns."""

    vehicles: NonNegative | None = None
    """Electric vehicles; left out, unknown: not counted, and the plan says so."""
    kwh_per_vehicle_day: Positive = 50
    """Energy of one vehicle, kWh a day."""
    swap_share: Share = 0
    """Share of it taken by swapping batteries; the rest is charged."""
    public_share: Share = 0.9
    """Share of the charging at public stations; the rest is in yards of its own."""
    places: Names = ()
    """Kinds of site where it charges and swaps, by their spaces."""


class Taxi(Fleet):
    """Electric taxis."""

    swap_share: Share = 0.3
    """Share of the energy taken by swapping batteries; the rest is charged."""
    places: Names = ("transport_hub", "retail", "fuel")
    """Kinds of site where they charge and swap, by their spaces."""


class RideHailing(Fleet):
    """Electric cars of ride-hailing."""

    places: Names = ("transport_hub", "retail", "parking")
    """Kinds of site where they charge and swap, by their spaces."""


class HeavyTruck(Fleet):
    """Electric heavy trucks."""

    kwh_per_vehicle_day: Positive = 280
    """Energy of one vehicle, kWh a day."""
    swap_share: Share = 0.5
    """Share of it taken by swapping batteries; the rest is charged."""
    public_share: Share = 0.5
    """Share of the charging at public stations; the rest is in yards of its own."""
    places: Names = ("logistics", "service_area", "fuel")
    """Kinds of site where they charge and swap, by their spaces."""


class Fleets(Block):
    """Fleets that come on top of the residents' cars."""

    taxi: Taxi = Taxi()
    """Taxis."""
    ride_hailing: RideHailing = RideHailing()
    """Ride-hailing."""
    heavy_truck: HeavyTruck = HeavyTruck()
    """Heavy trucks."""


class Demand(Block):
    """From people to kWh of public charging a day; sources in data/parameters.csv."""

    year: Annotated[int, Field(ge=_FIRST_YEAR, le=_LAST_YEAR)] | None = None
    """Year of the share of NEVs; left out, that of targets.by, else 2025."""
    nev_scenario: Literal["low", "base", "high"] = "base"
    """Which course of the share of NEVs."""
    nev_shares: File = "shipped:nev_share.csv"
    """Table of the share of NEVs by year and scenario; between its years, a straight line."""
    nev_share: Share | None = None
    """Share of cars that are new-energy vehicles, instead of the table."""
    cars_per_person: Positive = 0.25
    """Cars per resident."""
    kwh_per_nev_day: Positive = 8.4
    """All charging of one NEV, kWh a day."""
    private_bay_share: Share = 0.4
    """Share of NEVs that charge on a private bay."""
    private_bay_share_by_zone_kind: dict[str, Share] = Field(default_factory=dict)
    """Kind of zone to that share there, e.g. {town = 0.7}."""
    private_bay_share_by_zone: dict[str, Share] = Field(default_factory=dict)
    """Zone id to that share there; goes before the kind of zone."""
    public_share_with_bay: Share = 0.3
    """Share of its charging that an NEV with a private bay does at public chargers."""
    public_share_without_bay: Share = 0.8
    """The same of an NEV without one."""
    public_share: Share | None = None
    """One share at public chargers for all NEVs, instead of the two by private bay."""
    home_share: Share = 0.5
    """Share of public charging near home."""
    work_share: Share = 0.2
    """Share of it at work."""
    retail_share: Share = 0.15
    """Share of it at shops."""
    visit_share: Share = 0.1
    """Share of it at other places visited."""
    road_share: Share = 0.05
    """Share of it along expressways and trunk roads."""
    work_local_share: Share = 0.3
    """Share of the charging at work that stays in the zone of the home."""
    retail_local_share: Share = 0.6
    """The same of the charging at shops."""
    road_weights: dict[str, NonNegative] = Field(
        default_factory=lambda: {"motorway": 1.0, "trunk": 0.6}
    )
    """Road class to the pull of a kilometre on charging along the road."""
    through_share: Share = 0.5
    """Share of counted vehicles that come from elsewhere, where the count does not say."""
    through_kwh_per_km: Positive = 0.17
    """Energy of an NEV on such a road, kWh a km."""
    through_charged_share: Share = 0.5
    """Share of the energy used on the road that is charged beside it."""
    fleets: Fleets = Fleets()
    """Taxis, ride-hailing and heavy trucks."""
    hour_profile: File = "shipped:hour_profile.csv"
    """Table of the hours of the day by kind of demand."""
    spread_over: Literal["residential", "nodes"] = "residential"
    """Spread people over residential areas by floor, or over road nodes."""

    @model_validator(mode="after")
    def _sum(self) -> Self:
        total = math.fsum(getattr(self, key) for key in SHARES)
        if abs(total - 1) > _SHARE_TOLERANCE:
            msg = f"{' + '.join(SHARES)} must be 1, is {total:g}"
            raise ValueError(msg)
        return self
