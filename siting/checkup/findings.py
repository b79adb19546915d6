"""What a check finds, as frozen classes; ``docs/check.md`` says what the parts are.

None is unknown, or has nothing to count.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from siting.notes import Note  # noqa: TC001  # json_types reads the fields' types
from siting.optimize.problem.inner_problem import Room  # noqa: TC001  # as above
from siting.plan.parts import tidy

FORMAT = "siting check 1"
UNCOVERED = "uncovered"
"""Zone of what lies in none."""


@dataclass(frozen=True)
class RunTitle:
    """Name, language and titles of the run."""

    name: str
    language: str
    title_zh: str
    title_en: str


@dataclass(frozen=True)
class Layer:
    """A layer: ``given`` by the scenario, of the ``map``, ``partly`` known, or ``missing``."""

    layer: str
    state: str
    count: int | None = None
    of: int | None = None


@dataclass(frozen=True)
class Step:
    """A step of the screening with the sites left after it."""

    step: str
    count: int


@dataclass(frozen=True)
class Zone:
    """A zone with its people, its steps of the screening, its sites and its demand."""

    zone_id: str
    name: str
    people: float | None
    people_quality: str
    steps: dict[str, int]
    sign_off: int
    stop: int
    existing_stations: int
    kwh_day: float
    out_of_reach_kwh_day: float
    out_of_reach_share: float | None


@dataclass(frozen=True)
class Names:
    """How many places and sites bear no name, and how many sites share theirs."""

    places: int
    places_nameless: int
    sites: int
    sites_nameless: int
    sites_sharing_a_name: int


@dataclass(frozen=True)
class Duplicates:
    """What was found twice and joined."""

    places_merged: int
    stations_merged: int


@dataclass(frozen=True)
class Snapping:
    """How far the sites are from their road nodes (m)."""

    median: float | None
    p95: float | None
    most: float | None
    too_far: int


@dataclass(frozen=True)
class People:
    """Zones and people of one quality of the figure."""

    zones: int
    people: float | None


@dataclass(frozen=True)
class Existing:
    """What stands today."""

    stations: int
    chargers: int
    swap_stations: int
    chargers_unknown: int


@dataclass(frozen=True)
class Need:
    """The demand by kind and quality, and what no site is in reach of (kWh a day)."""

    points: int
    kwh_day: float
    by_kind: dict[str, float]
    by_quality: dict[str, float]
    out_of_reach_kwh_day: float
    out_of_reach_share: float | None


@dataclass(frozen=True)
class Parameter:
    """A parameter in use: ``own`` (set by the planner), ``sourced`` or ``unverified``."""

    parameter: str
    value: float | None
    default: float | None
    low: float | None
    high: float | None
    unit: str
    source: str
    mark: str
    state: str


@dataclass(frozen=True)
class MarkedTable:
    """A table: its rows, those without a source, and whether the planner gave it."""

    table: str
    rows: int
    unverified: int
    own: bool


@dataclass(frozen=True)
class Rule:
    """A rule: ``checked``, ``by_hand``, ``no_figure`` or ``no_layer``."""

    rule: str
    verdict: str
    reason_zh: str
    reason_en: str
    mark: str
    state: str


@dataclass(frozen=True)
class DataSource:
    """An input and where it came from."""

    name: str
    origin: str
    as_of: str
    licence: str
    synthetic: bool


@dataclass(frozen=True)
class Measure:
    """One thing measured.

    Attributes
    ----------
    value
        In the unit of its row; None where there is nothing to measure.
    told
        Numbers and names for the advice.
    """

    value: float | None
    told: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Graded:
    """A measure with its thresholds, its grade and how far it falls short of good (0 to 1)."""

    measure: str
    value: float | None
    unit: str
    better: str
    good: float
    usable: float
    grade: str
    shortfall: float
    pull: float
    in_trouble: bool
    reason_zh: str
    reason_en: str
    mark: str
    told: dict[str, Any]


@dataclass(frozen=True)
class Stage:
    """A stage, its grade and its measures."""

    stage: str
    grade: str
    measures: tuple[Graded, ...]


@dataclass(frozen=True)
class Advice:
    """What would help: a measure that falls short, weighed by how much depends on it."""

    measure: str
    stage: str
    grade: str
    shortfall: float
    pull: float
    weight: float
    told: dict[str, Any]
    trouble: bool = False


@dataclass(frozen=True, repr=False)
class Checkup:
    """What a plan would rest on."""

    run: RunTitle
    synthetic: bool
    map: dict[str, Any]
    layers: tuple[Layer, ...]
    screening: tuple[Step, ...]
    zones: tuple[Zone, ...]
    sites_by_kind: dict[str, int]
    sites_by_verdict: dict[str, int]
    spaces_by_source: dict[str, int]
    names: Names
    duplicates: Duplicates
    snap_m: Snapping
    people_by_quality: dict[str, People]
    existing: Existing
    stations_read: int
    demand: Need
    pairs_in_reach: int
    capacity: dict[str, Room]
    parameters: tuple[Parameter, ...]
    tables: tuple[MarkedTable, ...]
    rules: tuple[Rule, ...]
    notes: tuple[Note, ...]
    sources: tuple[DataSource, ...]
    grades: tuple[Stage, ...] = field(default=())
    advice: tuple[Advice, ...] = field(default=())

    def __repr__(self) -> str:
        """Say the grades, and what would help most."""
        grades = ", ".join(f"{one.stage} {one.grade}" for one in self.grades)
        helps = ", ".join(one.measure for one in self.advice)
        return f"<Checkup of {self.run.name}: {grades}{helps and f'; would help: {helps}'}>"

    def content(self) -> dict[str, Any]:
        """Return what ``siting check --json`` prints, as JSON types."""
        return {"format": FORMAT, **tidy(self, None)}

    def ground_without_people(self) -> float:
        """Return the share of the area in no zone; 0 where its people are known all the same."""
        if any(zone.zone_id == UNCOVERED and zone.people is not None for zone in self.zones):
            return 0.0
        told = (dict(note.values) for note in self.notes if note.key == "area_without_zone")
        return float(next(told, {"share": 0.0})["share"])

    def unhoused(self) -> tuple[float, list[Any]]:
        """Return the people whose homes nobody mapped, and the names of their zones."""
        told = [
            dict(note.values)
            for note in self.notes
            if note.key in ("people_on_roads", "people_beyond_homes")
        ]
        return sum(one["people"] for one in told), [name for one in told for name in one["names"]]
