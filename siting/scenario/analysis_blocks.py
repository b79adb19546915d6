"""The blocks of the scenario about demand, scores, and how well figures are known."""

from __future__ import annotations

import math
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from siting.scenario._block import (
    AtLeastOne,
    Block,
    Count,
    Datum,
    File,
    MaybeFile,
    Names,
    NonNegative,
    Positive,
    Share,
)


class Sizing(Block):
    """How long people wait at a station; sources in data/parameters.csv."""

    peak_hour_share: Annotated[Share, Field(gt=0)] | None = None
    """Share of a day's energy asked for in the peak hour; left out, by demand.hour_profile."""
    promise_wait_min: NonNegative = 10
    """Wait that is promised not to be exceeded in the peak hour, minutes."""
    promise_share: Annotated[float, Field(gt=0, lt=1)] = 0.9
    """Share of the arrivals of the peak hour that it is promised to."""
    stay_cv: NonNegative = 1
    """Coefficient of variation of the energy a session takes; 1 is M/M/c, 0 all alike."""
    busiest_day: Annotated[float, Field(ge=1, le=7)] = 1.1
    """Energy of the busiest weekday over that of the mean day."""
    availability: Annotated[Share, Field(gt=0)] = 0.92
    """Share of the guns that work; of a class at a station the nearest whole number, at least 1."""
    surplus: Literal["equal_use", "growth", "township_floor"] = "equal_use"
    """Who gets the chargers beyond need: whoever uses theirs most, the need of growth_year first,
    or the township with the fewest chargers a head."""
    growth_year: Annotated[int, Field(ge=1900, le=2200)] = 2030
    """Year whose demand surplus = "growth" builds for, by the share of NEVs (demand.nev_shares)."""


class Power(Block):
    """The connection of a station; sources in data/parameters.csv."""

    demand_factors: File = "shipped:demand_factors.csv"
    """Table of the share of their power that chargers draw at once, by number at a station."""
    load_factor: Annotated[Share, Field(gt=0)] = 1
    """Share of its rating a transformer may carry at the peak: 1 on a single bus, at most 0.6 on
    a split one, 0.70 to 0.75 where a compound's substation keeps a reserve."""
    power_factor: Annotated[Share, Field(gt=0)] = 0.95
    """Power factor of the chargers."""
    assigned: dict[str, str] = Field(default_factory=dict)
    """Site id to the substation that feeds it, e.g. {"way/123" = "S07"}; the nearest elsewhere."""


class Costs(Block):
    """What a station costs to build."""

    prices: File = "shipped:costs.csv"
    """Table of prices with their range; chargers have theirs in candidates.charger_classes."""


class Factors(Block):
    """What the data are multiplied by, to ask what if; a plan says so where it is not 1."""

    prices: Positive = 1
    """Prices of stations, chargers, transformers and cables."""
    headroom: NonNegative = 1
    """Free power of the substations where it is known."""
    estimated_people: NonNegative = 1
    """People of the zones whose number is an estimate."""


class Uncertain(Block):
    """A number that may be another: how it is distributed between its lowest and its highest."""

    shape: Literal["uniform", "triangular", "normal"] = "uniform"
    """All alike, a triangle with its peak at the mode, or a bell cut off at both ends."""
    low: float
    """Lowest value."""
    high: float
    """Highest value."""
    mode: float | None = None
    """Likeliest value of a triangle, or middle of a bell; left out, half-way."""
    sd: Annotated[float, Field(gt=0)] | None = None
    """Standard deviation of a bell; left out, a quarter of the range."""
    source: str = ""
    """Where the range comes from."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.low < self.high:
            msg = f"low = {self.low:g} must lie below high = {self.high:g}"
            raise ValueError(msg)
        if self.mode is not None and not self.low <= self.mode <= self.high:
            msg = (
                f"mode = {self.mode:g} must lie between low = {self.low:g} and high = {self.high:g}"
            )
            raise ValueError(msg)
        if self.mode is not None and self.shape == "uniform":
            msg = "a uniform distribution has no mode: leave it out, or take shape = triangular"
            raise ValueError(msg)
        if self.sd is not None and self.shape != "normal":
            msg = "only shape = normal has an sd"
            raise ValueError(msg)
        return self


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
    in_mean: bool = False
    """Its energy is in kwh_per_nev_day already: it is taken off the residents' and counts once."""
    places: Names = ()
    """Kinds of site where it charges and swaps, by their spaces."""


class Taxi(Fleet):
    """Electric taxis."""

    in_mean: bool = True
    """Its energy is in kwh_per_nev_day already: it is taken off the residents' and counts once."""
    swap_share: Share = 0.3
    """Share of the energy taken by swapping batteries; the rest is charged."""
    places: Names = ("transport_hub", "retail", "fuel")
    """Kinds of site where they charge and swap, by their spaces."""


class RideHailing(Fleet):
    """Electric cars of ride-hailing."""

    in_mean: bool = True
    """Its energy is in kwh_per_nev_day already: it is taken off the residents' and counts once."""
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
    """Year of the share of NEVs; left out, that of targets.by or the last phase, else 2025."""
    nev_scenario: Literal["low", "base", "high"] = "base"
    """Which course of the share of NEVs."""
    nev_shares: File = "shipped:nev_share.csv"
    """Table of the share of NEVs by year and scenario; between its years, a straight line."""
    nev_share: Share | None = None
    """Share of cars that are new-energy vehicles, instead of the table."""
    cars_per_person: Positive = 0.2
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
    occasions: File = "shipped:occasions.csv"
    """Table of the charging occasions, for model.occasions = "by_class": classes of chargers, way
    and distance, stay."""
    occasion_shares: File = "shipped:occasion_shares.csv"
    """Table of the occasions of each kind of demand."""
    occasion_worth: File = "shipped:occasion_worth.csv"
    """Table of what a kWh is worth to an occasion at each kind of site; a pair left out is none."""
    place_bound: Literal["low", "base", "high"] = "base"
    """Which column of demand.occasion_shares counts: little, some or much is charged while
    parked near home, at work or at a destination."""
    spread_over: Literal["residential", "nodes"] = "residential"
    """Spread people over residential areas by floor, or over road nodes."""

    @model_validator(mode="after")
    def _sum(self) -> Self:
        total = math.fsum(getattr(self, key) for key in SHARES)
        if abs(total - 1) > _SHARE_TOLERANCE:
            msg = f"{' + '.join(SHARES)} must be 1, is {total:g}"
            raise ValueError(msg)
        return self


_OWN_KEY = r"^[a-z][a-z0-9_]{0,39}$"


class Weights(Block):
    """Weights of the criteria; normalised to sum 1. One of weight 0 is out, whatever the method."""

    demand: NonNegative = 0.30
    """Demand in reach."""
    gap: NonNegative = 0.20
    """Gap to existing supply."""
    access: NonNegative = 0.15
    """Access to main roads."""
    power: NonNegative = 0.15
    """Nearness of power."""
    cost: NonNegative = 0.10
    """Low cost."""
    safety: NonNegative = 0.10
    """Safety of the setting."""
    learned: NonNegative = 0
    """Likeness to the places where stations stand; above 0 it is learned from them."""

    @model_validator(mode="after")
    def _not_all_zero(self) -> Self:
        if not any(weight for _, weight in self):
            msg = "at least one weight must be above 0"
            raise ValueError(msg)
        return self


class ScoreLayer(Block):
    """A criterion from a file of points or polygons."""

    key: Annotated[str, Field(pattern=_OWN_KEY)]
    """Its name in tables and matrices: small letters, digits, underscores."""
    zh: str = ""
    """Its Chinese name on maps and pages; left out, the key."""
    en: str = ""
    """Its English name; left out, the key."""
    file: File
    """CSV or XLSX of points, or GeoPackage, GeoJSON, shapefile of points, lines or polygons."""
    layer: str | None = None
    """Layer or sheet; the first if not given."""
    datum: Datum | None = None
    """Datum of the coordinates. Must be said."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Table column to file column, e.g. {value = "客流", lon = "经度", lat = "纬度"}."""
    measure: Literal["count", "sum", "distance", "value"]
    """count or sum of the values of features near, distance to the nearest, or value there."""
    within_m: Positive = 500
    """How near counts, straight line; for value, how far the nearest may lie."""
    direction: Literal["up", "down"]
    """up: more is better (for distance: farther is better); down: less is better."""
    normalisation: Literal["quantile", "log", "min_max"] = "quantile"
    """How the measure becomes 0 to 1; docs/scoring.md."""
    low: float | None = None
    """Measure that is 0 (1 for down); wanted by min_max."""
    high: float | None = None
    """Measure that is 1 (0 for down); wanted by min_max."""
    weight: NonNegative = 0.1
    """Weight beside those of scoring.weights, before they are normalised."""

    @model_validator(mode="after")
    def _has_ends(self) -> Self:
        if self.normalisation != "min_max":
            return self
        if self.low is None or self.high is None or self.low >= self.high:
            msg = "min_max wants a low below a high"
            raise ValueError(msg)
        return self


class Learned(Block):
    """Suitability learned from existing stations (scoring.weights.learned above 0)."""

    min_stations: AtLeastOne = 50
    """Fewest sites with a station to learn from; below it is refused."""
    block_m: Positive = 2000
    """Side of the squares that are held out together to judge what was learned."""
    folds: Annotated[int, Field(ge=2)] = 5
    """Parts of the area held out in turn."""


class Stability(Block):
    """How far the choice hangs on the weights."""

    change_share: Annotated[Share, Field(gt=0)] = 0.2
    """Each weight is varied up to this share up and down."""
    samples: Count = 200
    """Random sets of weights tried; 0 leaves it out."""


class Scoring(Block):
    """The score of a candidate site; docs/scoring.md says how it is made."""

    method: Literal["given", "ahp", "entropy", "critic", "blend"] = "given"
    """Where the weights come from."""
    weights: Weights = Weights()
    """Given weights of the criteria."""
    pairwise: MaybeFile = None
    """CSV or XLSX with the pairwise matrix of ahp."""
    accept_inconsistent: bool = False
    """Use a pairwise matrix whose consistency ratio is above 0.10."""
    blend_of: Literal["given", "ahp"] = "given"
    """Experts' part of a blend."""
    blend_with: Literal["entropy", "critic"] = "entropy"
    """Data's part of a blend."""
    blend_data_share: Share = 0.5
    """Share of the data's part in a blend."""
    ranking: Literal["weighted_sum", "topsis"] = "weighted_sum"
    """How weights and criteria become one score."""
    criteria: File = "shipped:criteria.csv"
    """Table of the criteria: direction and normalisation of each."""
    extremes: MaybeFile = None
    """plan.json of an earlier run whose extremes of the criteria are used again."""
    layers: Annotated[tuple[ScoreLayer, ...], Field(strict=False)] = ()
    """Criteria of your own."""
    unknown_headroom_score: Share = 0.5
    """Score of a substation's headroom where it is unknown: 0.5 is neutral, less a penalty."""
    learned: Learned = Learned()
    """Suitability learned from existing stations."""
    stability: Stability = Stability()
    """How far the choice hangs on the weights."""

    @model_validator(mode="after")
    def _has_its_matrix(self) -> Self:
        used = self.method == "ahp" or (self.method == "blend" and self.blend_of == "ahp")
        if used and self.pairwise is None:
            msg = 'ahp wants a matrix: pairwise = "shipped:pairwise.csv" is one to start from'
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _keys_differ(self) -> Self:
        keys = [*Weights.model_fields, *(layer.key for layer in self.layers)]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            msg = f"layers: the key '{twice[0]}' is used already"
            raise ValueError(msg)
        return self
