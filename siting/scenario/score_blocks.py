"""The blocks of the scenario that say how a site is scored."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from siting.scenario._block import (
    AtLeastOne,
    Block,
    Count,
    Datum,
    File,
    MaybeFile,
    NonNegative,
    Positive,
    Share,
)

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
