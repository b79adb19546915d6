"""Which assumption moves the plan most: each at its low and its high end, one at a time."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from siting import files
from siting.errors import ScenarioError
from siting.outputs.charts import draw_tornado
from siting.pipeline import run as pipeline
from siting.pipeline.meter import Meter
from siting.scenario import dump_scenario
from siting.shipped import shipped_path
from siting.study.engine import Execution, Held, hold
from siting.study.samples import Draw, fitted
from siting.study.sweep import make_tasks, run_kept
from siting.study.tasks import Shared

if TYPE_CHECKING:
    from pathlib import Path

    from siting.scenario import Scenario
    from siting.study.tasks import PlanRow

FIGURES = ("served_share", "mean_distance_m", "cost_cny", "access_gini")
"""Figures whose change is told beside that of the sites."""

SITES = "sites_changed_share"
TORNADO_CSV, TORNADO_PNG = "tornado.csv", "tornado.png"
_UNVERIFIED = ("U", "P")


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
    mark says that they are unverified (U) or a proposal (P).

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
        try:
            low, high = (fitted(scenario, key, float(row[end])) for end in ("low", "high"))
        except ScenarioError:
            continue  # a constant of a module, or a number that another key holds in bounds
        found[key] = Assumption(key, low, high, row["source"])
    return list(found.values())


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
    table = tornado_table(found, base, rows, stands)
    files.write_whole(folder / TORNADO_CSV, table.to_csv(index=False, lineterminator="\n"))
    synthetic = any(source.synthetic for source in prepared.world.sources)
    picture = draw_tornado(
        table, (SITES, *FIGURES), language=scenario.run.language, synthetic=synthetic
    )
    files.write_whole(folder / TORNADO_PNG, picture)
    return table


def tornado_table(
    found: list[Assumption], base: PlanRow, rows: list[PlanRow], stands: set[str]
) -> pd.DataFrame:
    """Return what each end of each assumption moves, the one that changes most sites first.

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

    Returns
    -------
    DataFrame
        ``key``, ``end``, ``value``, ``state``, ``sites_changed_share_change`` (share of the new
        sites of the base that the plan does not have), ``<figure>_change`` against the base,
        ``source``; missing where there is no plan.
    """
    new = set(base.site_ids) - stands
    told = []
    for place, row in enumerate(rows):
        one = found[place // 2]
        made = row.planned
        gone = len(new - set(row.site_ids)) / len(new) if made and new else np.nan
        figures = row.figures if made else {}
        told.append(
            {
                "key": one.key,
                "end": ("low", "high")[place % 2],
                "value": (one.low, one.high)[place % 2],
                "state": row.state,
                f"{SITES}_change": round(gone, 6),
                **{f"{name}_change": _less(figures, base.figures, name) for name in FIGURES},
                "source": one.source,
            }
        )
    table = pd.DataFrame(told)
    most = table.groupby("key")[f"{SITES}_change"].max().fillna(-1.0)
    order = sorted(dict.fromkeys(table["key"]), key=lambda key: (-most[key], key))
    rank = {key: place for place, key in enumerate(order)}
    return table.sort_values("key", key=lambda keys: keys.map(rank), kind="stable").reset_index(
        drop=True
    )


def _less(figures: dict[str, Any], base: dict[str, Any], name: str) -> float:
    one, other = figures.get(name), base.get(name)
    return float("nan") if one is None or other is None else round(one - other, 6)
