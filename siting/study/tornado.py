"""Which assumption moves the plan most: each at its low and its high end, one at a time."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from siting import files
from siting.checkup.basis import in_use
from siting.errors import ScenarioError
from siting.outputs.charts import draw_tornado
from siting.pipeline import run as pipeline
from siting.pipeline.meter import Meter
from siting.scenario import dump_scenario
from siting.shipped import shipped_path
from siting.study.engine import Execution, Held, hold
from siting.study.robust import values_of
from siting.study.samples import Draw, fitted
from siting.study.shared_sites import Sample, SampledPlan, Valued
from siting.study.sweep import make_tasks, run_kept
from siting.study.tasks import Shared

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from siting.scenario import Scenario
    from siting.study.tasks import Figures, PlanRow

FIGURES = ("served_share", "mean_distance_m", "cost_cny", "access_gini")
"""Figures whose change is told beside that of the sites."""

REGRET = "regret_share"
"""What keeping the base's stations loses under the changed figure, as a share of the best."""
SITES = "sites_changed_share"
_COLUMNS = [
    "key", "end", "value", "state", "verdict", f"{REGRET}_change", "regret_most_share",
    f"{SITES}_change", *(f"{name}_change" for name in FIGURES), "source",
]  # fmt: skip
KEEPS, UNDECIDED, MOVES, MUST_CHANGE = "keeps", "undecided", "moves", "must_change"
NOT_VALUED, NO_PLAN = "not_valued", "no_plan"
TORNADO_CSV, TORNADO_PNG = "tornado.csv", "tornado.png"
_UNVERIFIED = ("U", "P")
_PROVEN = 1e-6  # what solvers count as nothing
_ACTS: dict[str, Callable[[Scenario], bool]] = {
    "model.coincidence": lambda scenario: scenario.model.headroom,
    "model.diversity": lambda scenario: scenario.model.headroom,
    "model.swap_station_kw": lambda scenario: scenario.model.headroom,
    "model.swap_fleet_share": lambda scenario: any(
        getattr(scenario.demand.fleets, name).vehicles
        for name in type(scenario.demand.fleets).model_fields
    ),
    "demand.public_share_": lambda scenario: scenario.demand.public_share is None,
    "demand.private_bay_share": lambda scenario: scenario.demand.public_share is None,
}
"""Keys, by how they begin, that act on a plan only where this holds."""


@dataclass(frozen=True)
class Assumption:
    """A key that may hold another number: its ends and where they come from."""

    key: str
    low: float
    high: float
    source: str


def assumptions(scenario: Scenario) -> list[Assumption]:
    """Return what is uncertain: the block ``uncertainty``, then ``data/parameters.csv``.

    Of the table the rows count whose name is a key of the scenario that takes both ends, and whose
    mark says that they are unverified (U) or a proposal (P). What cannot act in the scenario is
    left out: figures of fleets without a fleet, of substations that limit nothing, and the like.

    Raises
    ------
    ScenarioError
        If a range of the block does not fit its key.
    """
    found = {}
    for key, one in sorted(scenario.uncertainty.items()):
        low, high = fitted(scenario, key, one.low), fitted(scenario, key, one.high)
        found[key] = Assumption(key, low, high, one.source)
    with shipped_path("parameters.csv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["low"] and row["high"]]
    for row in rows:
        key = row["parameter"]
        marks = row["mark"].replace("/", ",").split(",")
        if key in found or not any(mark.strip() in _UNVERIFIED for mark in marks):
            continue
        if not in_use(key, scenario) or not _acts(key, scenario):
            continue
        try:
            low, high = (fitted(scenario, key, float(row[end])) for end in ("low", "high"))
        except ScenarioError:
            continue  # a constant of a module, or a number that another key holds in bounds
        found[key] = Assumption(key, low, high, row["source"])
    return list(found.values())


def _acts(key: str, scenario: Scenario) -> bool:
    return all(holds(scenario) for start, holds in _ACTS.items() if key.startswith(start))


def tornado(
    scenario: Scenario,
    folder: Path,
    execution: Execution | None = None,
    *,
    afresh: bool = False,
) -> pd.DataFrame:
    """Plan with each assumption at its ends, and write what that moves, as table and picture.

    Parameters
    ----------
    scenario
        The base scenario.
    folder
        Folder of the plans; those that it holds already are not made again.
    afresh
        Make each plan without starting from that of the base; what the search alone moves
        then counts too.
    execution
        How the plans are made.

    Returns
    -------
    DataFrame
        As :func:`tornado_table`.

    Raises
    ------
    SitingError
        As :func:`siting.study.sweep.sweep`.
    """
    execution = execution or Execution()
    found = assumptions(scenario)
    payloads, inputs = hold(scenario, execution.cache)
    prepared = pipeline.prepare(scenario, Meter(lambda *_: None), cache=Held(payloads))
    sites = prepared.candidates.sites
    stands = set(sites.loc[sites["existing_station"], "site_id"])
    draws = [Draw(drawn={one.key: end}) for one in found for end in (one.low, one.high)]
    tasks = make_tasks(scenario, [Draw(), *draws], inputs, afresh=afresh)
    asked = {"scenario": dump_scenario(scenario), "ids": [task.id for task in tasks]}
    base, *rows = run_kept(tasks, Shared(scenario, payloads), folder, execution, asked=asked)[0]
    if not base.planned:
        raise ScenarioError(
            f"the base has no plan: {base.what}",
            where="siting tornado",
            cure="siting plan says what would help; then ask again",
        )
    kept = _kept_values(scenario, payloads, base, draws, folder, execution)
    table = tornado_table(found, base, rows, stands, kept)
    files.write_whole(folder / TORNADO_CSV, table.to_csv(index=False, lineterminator="\n"))
    synthetic = any(source.synthetic for source in prepared.world.sources)
    picture = draw_tornado(
        table, (REGRET, SITES, *FIGURES), language=scenario.run.language, synthetic=synthetic
    )
    files.write_whole(folder / TORNADO_PNG, picture)
    return table


def _kept_values(
    scenario: Scenario,
    payloads: dict[tuple[str, str], bytes],
    base: PlanRow,
    draws: Sequence[Draw],
    folder: Path,
    execution: Execution,
) -> list[float]:
    """Return the value of the base's stations under each draw; NaN where they cannot stand.

    Only the joint objective of one year is valued; else all are NaN.
    """
    if scenario.model.objective != "joint" or scenario.phases:
        return [float("nan")] * len(draws)
    plan = SampledPlan(base.id, base.site_ids, base.swap_site_ids)
    samples = [Sample(str(place), draw.drawn) for place, draw in enumerate(draws)]
    values = values_of(folder, Valued(scenario, payloads, (plan,)), samples, execution)
    told: list[float] = values.iloc[:, 0].tolist()
    return told


def regret(row: PlanRow, base: PlanRow, kept: float) -> tuple[float, float, str]:
    """Return what keeping the base's stations loses under a changed figure, and what that says.

    With ``v`` the value found and ``b`` the bound under the changed figure and ``k`` that of the
    base's stations there, sized anew: at least ``max(0, v - k) / b`` is lost, at most
    ``max(0, b - k) / b``. The base's own plan is proven within its gap only, so a loss that is no
    larger may be the search's and not the figure's.

    Returns
    -------
    least, most
        Shares of the bound; NaN where nothing was valued.
    verdict
        ``KEEPS``: proven that nothing is lost; ``UNDECIDED`` within the gap; ``MOVES``: the loss
        is larger than the gap of the base; ``MUST_CHANGE``: the base's stations cannot stand;
        ``NOT_VALUED``; ``NO_PLAN``.
    """
    unknown = (float("nan"), float("nan"))
    if not row.planned:
        return *unknown, NO_PLAN
    value, bound = (row.figures.get(name) for name in ("value", "bound"))
    if not value or not bound:
        return *unknown, NOT_VALUED
    if np.isnan(kept):
        return *unknown, MUST_CHANGE
    least, most = (max(0.0, best - kept) / abs(bound) for best in (value, bound))
    if most <= _PROVEN:
        return least, most, KEEPS
    return least, most, MOVES if least > base.figures.get("gap_share", 0.0) + _PROVEN else UNDECIDED


def tornado_table(
    found: list[Assumption],
    base: PlanRow,
    rows: list[PlanRow],
    stands: set[str],
    kept: Sequence[float] | None = None,
) -> pd.DataFrame:
    """Return what each end of each assumption moves, the one whose neglect costs most first.

    Parameters
    ----------
    found
        The assumptions.
    base
        Row of the base plan.
    rows
        Rows of the plans, low and high of each assumption in turn.
    stands
        Sites that have a station today: they are in every plan and do not count.
    kept
        Value of the base's stations under each row's figure; None: nothing was valued.

    Returns
    -------
    DataFrame
        ``key``, ``end``, ``value``, ``state``, ``verdict``, ``regret_share_change`` and
        ``regret_most_share`` (:func:`regret`), ``sites_changed_share_change`` (share of the new
        sites of the base that the plan does not have), ``<figure>_change`` against the base,
        ``source``; missing where there is no plan. Assumptions that leave sites, chargers, value
        and figures as they are at both ends cannot act in this scenario and have no row.
    """
    new = set(base.site_ids) - stands
    told = []
    values = [float("nan")] * len(rows) if kept is None else list(kept)
    for place, row in enumerate(rows):
        one = found[place // 2]
        if all(_same(end, base) for end in rows[place // 2 * 2 : place // 2 * 2 + 2]):
            continue
        least, most, verdict = regret(row, base, values[place])
        made = row.planned
        gone = len(new - set(row.site_ids)) / len(new) if made and new else np.nan
        figures = row.figures if made else {}
        told.append(
            {
                "key": one.key,
                "end": ("low", "high")[place % 2],
                "value": (one.low, one.high)[place % 2],
                "state": row.state,
                "verdict": verdict,
                f"{REGRET}_change": round(least, 6),
                "regret_most_share": round(most, 6),
                f"{SITES}_change": round(gone, 6),
                **{f"{name}_change": _less(figures, base.figures, name) for name in FIGURES},
                "source": one.source,
            }
        )
    table = pd.DataFrame(told, columns=None if told else _COLUMNS)
    greatest = table.groupby("key")[[f"{REGRET}_change", f"{SITES}_change"]].max().fillna(-1.0)
    by = [str(name) for name in greatest.columns]
    order = greatest.sort_values(by, ascending=False, kind="stable").index.tolist()
    rank = {key: place for place, key in enumerate(order)}
    return table.sort_values("key", key=lambda keys: keys.map(rank), kind="stable").reset_index(
        drop=True
    )


def _same(row: PlanRow, base: PlanRow) -> bool:
    """Tell whether a plan is that of the base in sites, chargers, value and figures."""
    return (
        row.planned
        and (row.site_ids, row.site_chargers) == (base.site_ids, base.site_chargers)
        and all(row.figures.get(name) == base.figures.get(name) for name in ("value", *FIGURES))
    )


def _less(figures: Figures, base: Figures, name: str) -> float:
    one, other = figures.get(name), base.get(name)
    return float("nan") if one is None or other is None else round(one - other, 6)
