"""The blocks of the scenario that state its rules: totals, limits, promises, what is aimed for."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from siting.scenario._block import AtLeastOne, Block, Count, Names, NonNegative, Positive, Share

Sense = Literal["exactly", "at_least", "at_most"]
ChongqingRule = Literal[
    "township_charging",
    "service_area_charging",
    "sight_4a_charging",
    "swap_5km",
    "centre_1km",
    "super_fast_5km",
    "service_area_bays",
]


class Senses(Block):
    """How the totals bind: exactly, at least or at most the target."""

    stations: Sense = "exactly"
    """Charging stations."""
    chargers: Sense = "exactly"
    """Public chargers."""
    swap_stations: Sense = "exactly"
    """Battery-swap stations."""


class Limit(Block):
    """A floor, a ceiling or a quota on what stands at some of the sites.

    Filters left out take everything; a site counts if it passes all filters given.
    """

    count: Literal["stations", "chargers", "swap_stations"] = "stations"
    """What is counted; existing ones count too."""
    zones: Names = ()
    """Zone ids."""
    zone_kinds: Names = ()
    """Kinds of zone, e.g. town."""
    kinds: Names = ()
    """Kinds of site, e.g. service_area."""
    pools: Annotated[tuple[Literal["A", "B", "C"], ...], Field(strict=False)] = ()
    """Regimes of the policy: A new build, B existing places, C communities."""
    each_zone: bool = False
    """Hold each zone to the numbers by itself, not all together."""
    at_least: Count | None = None
    """Fewest."""
    at_most: Count | None = None
    """Most."""
    at_least_share: Share | None = None
    """Fewest as a share of the target of what is counted; rounded up."""
    at_most_share: Share | None = None
    """Most as a share of the target of what is counted; rounded down."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        ends = ("at_least", "at_most", "at_least_share", "at_most_share")
        if all(getattr(self, key) is None for key in ends):
            msg = f"a limit wants one of {', '.join(ends)}"
            raise ValueError(msg)
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            msg = f"at_least = {self.at_least} lies above at_most = {self.at_most}"
            raise ValueError(msg)
        return self


class Promise(Block):
    """Everyone of a group, or a share of it, has a facility near.

    The group is demand points by the kind of their need, or sites of some kinds or ids.
    """

    group: Names = ()
    """Kinds of need: home, work, visit, road, fleet; left out with no places, all of them."""
    places: Names = ()
    """Site ids that each get a facility, instead of a group of demand."""
    place_kinds: Names = ()
    """Kinds of site that each get a facility, e.g. service_area."""
    zones: Names = ()
    """Only the members in these zones."""
    zone_kinds: Names = ()
    """Only the members in zones of these kinds."""
    facility: Literal["charging", "swap"] = "charging"
    """What they get."""
    kinds: Names = ()
    """Only facilities at sites of these kinds count."""
    min_kw: NonNegative = 0
    """Only new stations that have a charger of this power count, whatever their size."""
    within_m: NonNegative | None = None
    """For demand: metres along the road; for places: straight line, 0 is at the place itself."""
    within_s: Positive | None = None
    """For demand: free-flow seconds along the same road."""
    share: Annotated[float, Field(gt=0, le=1)] = 1
    """Share of the group promised to."""
    weight: Literal["kwh_day", "people"] = "kwh_day"
    """What the share of a group of demand is counted in."""
    unreachable: Literal["refuse", "note"] = "refuse"
    """Members that no site can reach: refuse the plan, or leave them out and say how many."""

    @model_validator(mode="after")
    def _one_group_one_measure(self) -> Self:
        places = bool(self.places or self.place_kinds)
        if places and self.group:
            msg = "give group or places, not both"
            raise ValueError(msg)
        if (self.within_m is None) == (self.within_s is None):
            msg = "give exactly one of within_m, within_s"
            raise ValueError(msg)
        if places and self.within_s is not None:
            msg = "places are reached in metres: give within_m"
            raise ValueError(msg)
        return self


Objective = Literal[
    "joint", "max_cover", "p_median", "p_center", "set_cover", "min_cost", "max_min"
]


class Radius(Block):
    """A distance, and what covering within it is worth."""

    within_m: Positive
    """Distance along the road, at most travel.cutoff_m."""
    worth: Positive = 1
    """Worth beside the other distances; the worths of all distances that cover add up."""


class Cover(Block):
    """What counts as covered, for the objectives of coverage."""

    within_m: Positive = 1000
    """Distance along the road within which demand counts as covered, at most travel.cutoff_m."""
    share: Annotated[float, Field(gt=0, le=1)] = 0.95
    """Share of all demand to be covered, for set_cover and min_cost."""
    radii: Annotated[tuple[Radius, ...], Field(strict=False)] = ()
    """Several distances for max_cover, instead of within_m."""
    backup: Share = 0
    """For max_cover: worth of a second station within the distance beside the first."""


class Hydrogen(Block):
    """Hydrogen stations; without this block there are none. The policy names no number."""

    stations: AtLeastOne
    """Hydrogen stations to place: the planner's number, for the policy gives none."""
    sense: Sense = "exactly"
    """Whether it is exactly, at least or at most so many."""
    kinds: Annotated[Names, Field(min_length=1)] = ("fuel", "logistics", "service_area")
    """Kinds of site where one may stand (a proposal)."""
    spacing_m: NonNegative = 5000
    """Least distance between two of them, straight line (a proposal)."""
    cutoff_m: Positive = 10000
    """Service radius along the road (a proposal)."""
