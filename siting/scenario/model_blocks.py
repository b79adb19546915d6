"""The blocks of the scenario about the model: targets, rules, promises, phases, the solver."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator

from siting.scenario._block import AtLeastOne, Block, Count, Names, NonNegative, Positive, Share

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


Sense = Literal["exactly", "at_least", "at_most"]
ChongqingRule = Literal[
    "township_charging",
    "service_area_charging",
    "sight_3a_charging",
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
    listed: Names = ()
    """Lists and areas of your layers: renewal, idle_land, planned_parking, sight_3a, sight_4a,
    sight_5a (of that class or above), or the id of a renewal area."""
    each_area: bool = False
    """Hold each renewal area that has a candidate to the numbers by itself."""
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
        if self.each_area and (self.each_zone or self.count == "swap_stations"):
            msg = (
                "each_area holds stations or chargers of areas: not with each_zone or swap_stations"
            )
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
    place_lists: Names = ()
    """Lists whose sites each get a facility, e.g. sight_3a (limits.listed names them)."""
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
        places = bool(self.places or self.place_kinds or self.place_lists)
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


class Phase(Block):
    """What must stand at the end of one year, existing and new together."""

    year: Annotated[int, Field(ge=1900, le=2200)]
    """The year; each phase is later than the one before."""
    stations: AtLeastOne
    """Charging stations at the end of the year; those of the last phase are targets.stations."""
    chargers: AtLeastOne
    """Public chargers at the end of the year."""
    swap_stations: Count = 0
    """Battery-swap stations at the end of the year."""
    budget_cny: Positive | None = None
    """Most that what is new in this phase may cost, at base prices; what is left is not kept."""
    demand_factor: Positive | None = None
    """Demand of the year over that of the last phase; left out, the ratio of their shares of
    NEVs (demand.nev_shares)."""


def phase_faults(phases: Sequence[Phase], targets: Targets, model: Model) -> Iterator[str]:
    """Yield what is wrong with the phases beside the targets, each with its cure."""
    if not phases:
        return
    yield from _out_of_order(phases)
    last, place = phases[-1], f"phases[{len(phases)}]"
    for key in Senses.model_fields:
        asked, has = getattr(targets, key), getattr(last, key)
        if asked != has:
            yield (f"{place}.{key}: the last phase has {has}, targets.{key} is {asked}; "
                   "make them equal")  # fmt: skip
        if getattr(targets.sense, key) != "exactly":
            yield f"phases: targets.sense.{key} must be exactly; leave it out, or the phases"
    if targets.by is not None and targets.by != last.year:
        yield (f"{place}.year: the last phase is {last.year}, targets.by is {targets.by}; "
               "make them equal")  # fmt: skip
    if last.demand_factor not in (None, 1.0):
        yield (f"{place}.demand_factor: the last year is what the others are measured by; "
               "leave it out")  # fmt: skip
    if model.objective != "joint":
        yield f"phases: not with model.objective = {model.objective}; take joint"


def _out_of_order(phases: Sequence[Phase]) -> Iterator[str]:
    """Yield years that do not rise and totals that fall."""
    for number, (before, after) in enumerate(itertools.pairwise(phases), start=2):
        if after.year <= before.year:
            yield (f"phases[{number}].year: {after.year} does not come after {before.year}; "
                   "put the phases in order of their years")  # fmt: skip
        for key in Senses.model_fields:
            had, has = getattr(before, key), getattr(after, key)
            if has < had:
                yield (f"phases[{number}].{key}: {has} after {had}, but what is built stays; "
                       f"give the number at the end of the year, at least {had}")  # fmt: skip


class Targets(Block):
    """What must stand at the end: existing and new together."""

    stations: AtLeastOne
    """Charging stations."""
    chargers: AtLeastOne
    """Public chargers."""
    swap_stations: Count = 0
    """Battery-swap stations."""
    by: int | None = None
    """Year."""
    sense: Senses = Senses()
    """How each total binds."""


class Model(Block):
    """The joint siting model."""

    objective: Objective = "joint"
    """What the stations are chosen for: docs/model.md says what each objective asks for."""
    occasions: Literal["one", "by_class"] = "one"
    """Who charges where, for the joint objective: by_class splits demand into the occasions of
    demand.occasions, each with its classes of chargers, kinds of site and distance; one lets any
    charger serve any demand within travel.cutoff_m."""
    cover: Cover = Cover()
    """What counts as covered, for max_cover, set_cover, min_cost and max_min."""
    unserved_m: Positive | None = None
    """Distance that demand without an open station in reach counts with, for p_median and p_center;
    at least travel.cutoff_m, which is taken if left out."""
    min_spacing_m: NonNegative = 300
    """Least distance between a new station and any other, straight line."""
    swap_spacing_m: NonNegative = 1500
    """Least distance between a new swap station and any other, straight line."""
    stations_per_zone: Count = 1
    """At least this many stations in each zone that has a candidate."""
    distance_discount: Share = 0.5
    """Worth of a kWh served at the cutoff against one served on the spot is 1 less this."""
    suitability_weight: NonNegative = 0.1
    """Weight of the mean score of the stations against the share of demand served."""
    locked: Names = ()
    """Sites where a station must stand, by id or name, e.g. ["揽月家园"]."""
    banned: Names = ()
    """Sites where no new station, charging or swap, may stand, by id or name."""
    upgrades: dict[str, AtLeastOne] = Field(default_factory=dict)
    """Site, by id or name, to the fewest chargers there, e.g. {"way/123" = 20}; it must stand."""
    limits: Annotated[tuple[Limit, ...], Field(strict=False)] = ()
    """Floors, ceilings and quotas."""
    spacing_by_kind: dict[str, NonNegative] = Field(default_factory=dict)
    """Kind of site to the distance a new station there keeps, instead of min_spacing_m."""
    spacing_by_zone_kind: dict[str, NonNegative] = Field(default_factory=dict)
    """Kind of zone to the same, e.g. {town = 800}; spacing_by_kind goes before it."""
    headroom: bool = False
    """Keep new chargers and swap stations within the free power of the nearest substation."""
    coincidence: Annotated[Share, Field(gt=0)] | None = None
    """Share of its power that a station of any size draws at once; left out, by the number of its
    chargers (power.demand_factors)."""
    diversity: Annotated[Share, Field(gt=0)] = 0.9
    """Share of the sum of what the stations at a substation each draw that they draw together."""
    swap_fleet_share: Share = 0.5
    """Share of the worth of swap stations that the fleets' swapping has, where it is known."""
    swap_station_kw: Positive = 900
    """Power of a new swap station (0.6 to 1.2 MVA; unverified)."""
    budget_cny: Positive | None = None
    """Most that all new stations, chargers and swap stations may cost, at base prices."""
    promises: Annotated[tuple[Promise, ...], Field(strict=False)] = ()
    """Promises of coverage."""
    chongqing: Annotated[tuple[ChongqingRule, ...], Field(strict=False)] = ()
    """Rules of Chongqing's plans to switch on; docs/model.md says what each is."""
    sights_4a: Names = ()
    """Sights of class 4A and above, by id or name, for sight_4a_charging."""
    super_fast_5km_share: Annotated[Share, Field(gt=0)] = 0.95
    """Share of the demand promised a super-fast station by super_fast_5km."""
    swap_5km_share: Annotated[Share, Field(gt=0)] = 0.95
    """Share of the demand promised a swap station by swap_5km; all of it may take many more."""


class Solver(Block):
    """How hard to try."""

    name: Literal["highs", "cbc", "scip", "gurobi", "cplex", "copt", "xpress"] = "highs"
    """Solver, through PuLP. If HiGHS is not there, CBC is used and the plan says so."""
    time_limit_s: Annotated[float, Field(ge=5, le=1e6)] = 180
    """Time for all solving and bounding."""
    gap_share: Share = 0.002
    """Stop improving the bound when the gap is below this."""
    threads: Annotated[int, Field(ge=1, le=1024)] = 1
    """Threads of HiGHS; the plan is the same with one and two. Other solvers get one."""
