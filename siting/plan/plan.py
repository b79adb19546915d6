"""The finished plan: everything people read, and nothing the solver needs.

A :class:`Plan` is what ``pipeline.run`` returns, what a run folder holds, and all that
``outputs`` ever sees.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from siting.notes import Note
from siting.plan.parts import Timings
from siting.tables.fields import FACILITIES

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from siting.files import JsonObject
    from siting.optimize.problem.solution import Outcome, Start
    from siting.plan.parts import (
        ChargerClass,
        Counts,
        DemandChain,
        Hydrogen,
        Phases,
        PhaseYear,
        ScoreSummary,
    )
    from siting.tables.fields import Facility

_SAME_M = 1e-6


@dataclass(frozen=True)
class Source:
    """One input of a plan and where it came from."""

    name: str
    origin: str
    sha256: str
    licence: str
    as_of: str
    synthetic: bool


@dataclass(frozen=True)
class Plan:
    """A finished plan.

    Attributes
    ----------
    run, language, title_zh, title_en
        From the scenario.
    crs
        Metric CRS of every geometry, e.g. ``"EPSG:4545"``.
    totals
        ``stations``, ``chargers``, ``swap_stations`` (existing and new together) and the
        same with ``existing_`` and ``new_`` in front.
    targets
        ``stations``, ``chargers``, ``swap_stations`` asked for.
    figures
        Further figures of the plan, e.g. ``served_share``, ``mean_distance_m``; see
        :mod:`siting.plan.figures`.
    baselines
        The same figures of other plans under the same rules: ``random``, a random legal one,
        and ``top_score``, the one of the best scores. One that was not found in time is absent.
    outcome
        Value, bound, gap and status.
    sites
        Open stations: the columns of ``tables.SITES`` and ``tables.SCORES`` plus
        ``chargers`` (int), ``chargers_<class>`` (int) for each class of charger, which sum to
        them, ``power_kw`` of those classes, ``load_kwh_day``, ``utilisation`` (share),
        ``is_new`` (bool), ``swap`` (bool); sorted by site_id. The columns of ``tables.GRID``;
        ``kva`` of the transformer, ``drawn_kw`` that the new chargers draw at the substation;
        ``site_fixed_cny``, ``charger_cny`` (price of the opening and of each new charger),
        ``cost_cny`` with ``cost_low_cny`` and ``cost_high_cny``; ``wait_min``,
        ``wait_over_promise_share``, ``chargers_needed`` and ``peak_busy_share``, see
        :func:`siting.analysis.station.queues.station_queues`; ``size_promise``, ``size_floor``,
        ``size_growth`` and ``size_target``, which with those that stand sum to ``chargers``, see
        :func:`siting.pipeline.sizes.reasons`.
    swap_sites
        Swap stations: site_id, kind, name, zone_id, is_new, geometry, and grid, power, kva,
        drawn_kw and cost as of the sites.
    candidates
        All candidate sites with ``verdict``, ``reason``, ``score`` and ``chosen``.
    assignments
        demand_id, site_id, kwh_day, distance_m, time_s.
    demand
        As ``tables.DEMAND``.
    chain
        The numbers behind the demand, from people to the peak hour; None of a plan that has none.
    zones
        As ``tables.ZONES`` plus stations, chargers, swap_stations, demand_kwh_day,
        served_kwh_day, demand_quality (of the people there; missing without any).
    roads
        Main roads to draw: road_class, name, ref, geometry.
    landscape
        As ``tables.LANDSCAPE``.
    screening
        Steps from places to candidate sites, each with the count left: (key, count).
    notes
        Notes for the reader.
    sources
        Every input with hash, origin and licence.
    scenario
        The resolved scenario as JSON types.
    versions
        Of Python and the libraries that decide the numbers.
    scoring
        How the sites were scored; None where nobody told.
    charger_classes
        Each class of charger by its name.
    counts
        Counts by regime of the policy, and totals under other readings of what counts; None where
        nobody told.
    timings
        Seconds and peak memory (MB) by stage, and the date; not part of the plan's identity.
    hydrogen_sites
        Hydrogen stations: the columns of ``swap_sites`` and ``verdict``; None where the scenario
        asks for none. Then ``totals`` and ``targets`` have ``hydrogen_stations`` too.
    hydrogen
        What is proven of them.
    phases
        The years of a plan in phases, None otherwise. Then ``sites`` and ``swap_sites`` have
        ``phase``, the year a new one opens in (missing where it stands today), and ``sites`` the
        chargers at the end of each year, ``phase_<year>_chargers``.
    kinds
        Names of the planner's own kinds of site, ``zh`` and ``en``, by kind; those that the
        outputs have words for are left out.
    start
        Where a later solve may start from; None for a plan read back from its folder.
    """

    run: str
    language: str
    title_zh: str
    title_en: str
    crs: str
    totals: dict[str, int]
    targets: dict[str, int]
    figures: dict[str, float]
    baselines: dict[str, dict[str, float]]
    outcome: Outcome
    sites: gpd.GeoDataFrame
    swap_sites: gpd.GeoDataFrame
    candidates: gpd.GeoDataFrame
    assignments: pd.DataFrame
    demand: gpd.GeoDataFrame
    chain: DemandChain | None
    zones: gpd.GeoDataFrame
    roads: gpd.GeoDataFrame
    landscape: gpd.GeoDataFrame
    screening: tuple[tuple[str, int], ...]
    notes: tuple[Note, ...]
    sources: tuple[Source, ...]
    scenario: JsonObject
    versions: dict[str, str]
    timings: Timings = field(default_factory=Timings)
    scoring: ScoreSummary | None = None
    charger_classes: dict[str, ChargerClass] = field(default_factory=dict)
    counts: Counts | None = None
    hydrogen_sites: gpd.GeoDataFrame | None = None
    hydrogen: Hydrogen | None = None
    phases: Phases | None = None
    kinds: dict[str, dict[str, str]] = field(default_factory=dict)
    start: Start | None = None

    @property
    def years(self) -> tuple[PhaseYear, ...]:
        """The years of a plan in phases; none without."""
        return self.phases.years if self.phases else ()

    @property
    def facilities(self) -> tuple[Facility, ...]:
        """The classes of facility it has a table of."""
        return tuple(one for one in FACILITIES if getattr(self, one.table) is not None)

    @property
    def answer(self) -> Note:
        """What value and bound say in the objective's own unit: a key of the words, its numbers."""
        outcome, model = self.outcome, self.scenario.get("model", {})
        cover = model.get("cover", {})
        kind = outcome.objective
        if kind == "max_cover" and (cover.get("radii") or cover.get("backup")):
            kind = "max_cover_weighed"
        if kind == "p_center" and outcome.value >= self._unserved_m - _SAME_M:
            kind = "p_center_unserved"
        values = {
            "value": outcome.value,
            "bound": outcome.bound,
            "gap": outcome.gap_share,
            "within_m": cover.get("within_m", 0),
            "share": cover.get("share", 0),
        }
        unknown = kind == "joint" and not math.isfinite(outcome.bound)
        return Note("goal.joint_unbounded" if unknown else f"goal.{kind}", values)

    def meets(self, key: str) -> bool:
        """Whether a total meets its target the way it binds; ``key`` is e.g. ``"stations"``.

        Under an objective that looks for the fewest stations the target is the most allowed.
        """
        sense = self.scenario.get("targets", {}).get("sense", {}).get(key, "exactly")
        if key == "stations" and self.outcome.objective in {"set_cover", "min_cost"}:
            sense = "at_most" if sense == "exactly" else sense
        spare = self.totals[key] - self.targets[key]
        return (spare >= 0 or sense == "at_most") and (spare <= 0 or sense == "at_least")

    @property
    def _unserved_m(self) -> float:
        """Distance that a demand point without a station in reach counts as (m)."""
        asked = self.scenario.get("model", {}).get("unserved_m")
        return float(asked or self.scenario.get("travel", {}).get("cutoff_m", math.inf))

    @property
    def judgement(self) -> Note:
        """How good the plan is by its objective: a key of the words, its numbers."""
        outcome = self.outcome
        if not math.isfinite(outcome.gap_share) or not math.isfinite(outcome.bound):
            return Note("status.unbounded")
        own = "" if outcome.objective == "joint" else "own_"
        return Note(f"status.{own}{outcome.status}", {"gap": outcome.gap_share})

    @property
    def synthetic(self) -> bool:
        """Whether any input is synthetic; then every page must say so."""
        return any(source.synthetic for source in self.sources)
