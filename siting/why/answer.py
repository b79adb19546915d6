"""The answer to "why this site?" as frozen classes, and as JSON types.

``docs/why.md`` describes it. What is None is unknown, or does not arise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from siting.plan.parts import tidy

FORMAT = "siting-why"
FORMAT_VERSION = 1
_DECIMALS = 9
"""One station of hundreds moves the value of a plan in the fifth decimal."""


@dataclass(frozen=True)
class Reason:
    """A reason: the end of its key in the words, and the numbers and names in it."""

    key: str
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Site:
    """A candidate site as the plan has it."""

    site_id: str
    name: str | None
    kind: str
    zone_id: str
    zone: str | None
    verdict: str
    reason: str | None
    owner: str | None
    min_chargers: int
    max_chargers: int
    existing_chargers: int
    merged_ids: list[str]


@dataclass(frozen=True)
class ScorePart:
    """A criterion: its score, its weight, and their product."""

    criterion: str
    score: float
    weight: float
    part: float


@dataclass(frozen=True)
class Score:
    """The score of a site and its rank among the candidates that no rule stops.

    Attributes
    ----------
    sums
        Whether the parts add up to the score, as they do in a weighted sum.
    """

    value: float
    rank: int
    of: int
    parts: tuple[ScorePart, ...]
    sums: bool


@dataclass(frozen=True)
class Serves:
    """The demand that a station of the plan serves."""

    kwh_day: float
    share_of_demand: float
    points: int
    chargers: int
    utilisation: float | None
    mean_distance_m: float | None


@dataclass(frozen=True)
class OnlyHere:
    """The demand that only this station serves: by reach, and by room at the others."""

    points_in_reach_of_no_other: int
    kwh_day_in_reach_of_no_other: float
    kwh_day_unserved_if_closed: float
    needed_by: tuple[Reason, ...]


@dataclass(frozen=True)
class PlanFigures:
    """What a plan is worth; in a loss, what one plan has over another."""

    value: float
    served_kwh_day: float
    mean_distance_m: float | None

    def less(self, other: PlanFigures) -> PlanFigures:
        """Return what this plan has over another one."""
        one, two = self.mean_distance_m, other.mean_distance_m
        return PlanFigures(
            self.value - other.value,
            self.served_kwh_day - other.served_kwh_day,
            None if one is None or two is None else one - two,
        )


@dataclass(frozen=True)
class OtherSite:
    """A station that comes or goes where this one goes or comes, and what it takes over."""

    site_id: str
    name: str | None
    kind: str
    distance_m: float
    chargers: int
    takes_kwh_day: float | None


@dataclass(frozen=True)
class Again:
    """The plan solved again with and without the site.

    Attributes
    ----------
    change
        ``"with"`` or ``"without"`` it: how the changed plan differs from the saved one.
    possible
        Whether a plan so changed exists.
    method
        ``"whole"``, or ``"around"`` the site alone.
    free_sites
        How many sites were free to change.
    exact, finished
        Whether the loss is exact, and whether the time sufficed.
    saved, best, changed
        The plan as saved, the best one found, and the changed one.
    loss, loss_low, loss_high
        What the change costs against the best plan; the ends where they are proven.
    comes, goes
        Stations that only the changed plan has, and that only the kept one has.
    """

    change: str
    possible: bool
    method: str
    free_sites: int
    exact: bool
    finished: bool
    saved: PlanFigures
    best: PlanFigures
    best_has_it: bool
    better_than_saved: float
    changed: PlanFigures | None = None
    loss: PlanFigures | None = None
    loss_low: float | None = None
    loss_high: float | None = None
    comes: tuple[OtherSite, ...] = ()
    goes: tuple[OtherSite, ...] = ()


@dataclass(frozen=True)
class NearSwap:
    """A swap station of the plan that stands too near."""

    site_id: str
    distance_m: float


@dataclass(frozen=True)
class SwapAgain:
    """The swap stations chosen again with and without the site; worth is energy in reach."""

    change: str
    possible: bool
    saved_worth: float
    best_worth: float
    better_than_saved: float
    changed_worth: float | None = None
    loss: float | None = None
    comes: tuple[str, ...] = ()
    goes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Swap:
    """What the site is as a swap station: ``existing``, ``chosen`` or ``not_chosen``."""

    role: str
    kwh_day_in_reach_of_no_other: float
    too_near: tuple[NearSwap, ...]
    spacing_m: float
    again: SwapAgain | None = None


@dataclass(frozen=True, repr=False)
class Why:
    """Why a site is in a plan, or what keeps it out.

    Attributes
    ----------
    run, synthetic
        Name of the run, and whether an input of it is synthetic.
    place_id
        Id of the site, or of the place that is no candidate.
    merged
        Id that was asked for, where its place was merged into the site.
    site
        The candidate site; None for a place that is none.
    role
        ``no_candidate``, ``existing``, ``chosen`` or ``not_chosen``.
    planner
        What the planner's own lists say of it.
    score, serves, only_here
        Its score; the demand it serves, of a station of the plan.
    keeps_out
        What keeps it out.
    again, swap
        The plan solved again; the same of the swap stations.
    criteria
        Names of the criteria in both languages.
    """

    run: str
    synthetic: bool
    merged: str | None
    place_id: str
    role: str
    site: Site | None = None
    planner: tuple[Reason, ...] = ()
    score: Score | None = None
    serves: Serves | None = None
    only_here: OnlyHere | None = None
    keeps_out: tuple[Reason, ...] = ()
    again: Again | None = None
    swap: Swap | None = None
    criteria: dict[str, dict[str, str]] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Say the site, its role and what keeps it out."""
        reasons = ", ".join(reason.key for reason in self.keeps_out)
        return f"<Why {self.place_id} of {self.run}: {self.role}{reasons and f' ({reasons})'}>"

    def content(self) -> dict[str, Any]:
        """Return what ``siting why --json`` prints, as JSON types."""
        parts: dict[str, Any] = tidy(
            {
                "format": FORMAT,
                "format_version": FORMAT_VERSION,
                "run": self.run,
                "synthetic": self.synthetic,
                "merged": self.merged,
                "site": self.site or {"site_id": self.place_id},
                "role": self.role,
                "planner": self.planner,
                "score": self.score,
                "serves": self.serves,
                "only_here": self.only_here,
                "keeps_out": self.keeps_out,
                "again": self.again,
                "swap": self.swap,
            },
            _DECIMALS,
        )
        return parts | {"criteria": self.criteria}
