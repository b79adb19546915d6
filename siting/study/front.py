"""A trade-off: the best of one goal for each limit on one or two others, as far as it is proven.

Every point is a plan of its own with its bound (see :mod:`siting.study.pareto`). A plan that
keeps a tighter limit keeps a looser one too, and no plan under a tighter limit is better than the
bound of a looser one; both are used, so the front never bends back.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from siting import files
from siting.comparison.figure_lines import directions
from siting.errors import ScenarioError
from siting.optimize.problem.problem import LEAST
from siting.optimize.rules.budget import least_cost
from siting.outputs.charts import draw_front
from siting.pipeline import run as pipeline
from siting.pipeline.meter import Meter
from siting.plan.parts import tidy
from siting.scenario import changed_scenario, dump_scenario
from siting.study.engine import Execution, Held, hold
from siting.study.pareto import FEWEST, Seen, front_table
from siting.study.samples import Draw
from siting.study.sweep import make_tasks, run_kept
from siting.study.tasks import Shared

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from siting.arrays import Floats
    from siting.pipeline.prepare import Prepared
    from siting.scenario import Scenario
    from siting.study.pareto import Goal
    from siting.study.tasks import PlanRow


FRONT_CSV, FRONT_JSON, FRONT_PNG = "front.csv", "front.json", "front.png"
POWER_SHARES = (0.5, 1.0)
"""Ends of the free power that may be drawn, where the call gives none (a proposal)."""
_CHEAPEST = 1.005
_DIGITS = 6
_FIRST = 3


@dataclass(frozen=True)
class Asked:
    """What a front is to show.

    Attributes
    ----------
    goals
        The first is the objective, the others are limited; see ``read_goals``.
    points
        Points beside the one without a limit. With one limited goal a third of them is spread over
        its range, the rest where the front rises; with two the nearest square is made.
    ranges
        Ends of the limits by goal; what is left out is found.
    afresh
        As for a sweep.
    runs
        Write a run folder of each point too, below ``runs``.
    """

    goals: tuple[Goal, ...]
    points: int = 12
    ranges: dict[str, tuple[float, float]] | None = None
    afresh: bool = False
    runs: bool = False


def front(
    scenario: Scenario,
    folder: Path,
    asked: Asked,
    execution: Execution | None = None,
) -> pd.DataFrame:
    """Make the points of a front, and write them as table, data and picture.

    Parameters
    ----------
    scenario
        The scenario; its objective gives way to the first goal.
    folder
        Folder of the plans; those that it holds already are not made again.
    asked
        What to show.
    execution
        How the plans are made.

    Returns
    -------
    DataFrame
        As :func:`siting.study.pareto.front_table`.

    Raises
    ------
    SitingError
        As :func:`siting.study.sweep.sweep`.
    """
    execution = execution or Execution()
    goals = _directed(scenario, asked.goals)
    base = changed_scenario(scenario, goals[0].first or {})
    payloads, inputs = hold(base, execution.cache)
    prepared = pipeline.prepare(base, Meter(lambda *_: None), cache=Held(payloads))
    shared = Shared(base, payloads, folder.resolve() / "runs" if asked.runs else None)

    demand = prepared.demand
    zones = sorted(demand.loc[demand["kwh_day"] > 0, "zone_id"].astype(str).unique())

    def made(draws: list[Draw]) -> list[PlanRow]:
        tasks = make_tasks(base, [Draw(), *draws], inputs, afresh=asked.afresh)
        told = {"scenario": dump_scenario(base), "ids": [task.id for task in tasks]}
        return run_kept(tasks, shared, folder, execution, asked=told)[0]

    def seen(limits: list[tuple[float, ...]]) -> list[Seen]:
        free, *rows = made([Draw(grid=_settings(base, goals, one, zones)) for one in limits])
        pairs = zip(limits, rows, strict=True)
        return [Seen((), free), *(Seen(point, row) for point, row in pairs)]

    best = [Draw(grid=goal.first or {}) for goal in goals[1:] if goal.first is not None]
    ends = _planned(made(best))
    limits = _first_limits(goals, asked, ends, base, prepared)
    table = front_table(goals, seen(limits))
    if len(goals) == FEWEST:
        limits += _between(goals, table, asked.points - len(limits))
        table = front_table(goals, seen(limits))
    _write(table, goals, folder, prepared, base.run.language)
    return table


def _planned(rows: list[PlanRow]) -> list[PlanRow]:
    """Return rows that all have a plan.

    Raises
    ------
    ScenarioError
        If one has none.
    """
    for row in rows:
        if not row.planned:
            raise ScenarioError(
                f"without a limit there is no plan: {row.what}",
                where="siting front",
                cure="siting plan says what would help; then ask again",
            )
    return rows


def _first_limits(
    goals: tuple[Goal, ...],
    asked: Asked,
    ends: list[PlanRow],
    scenario: Scenario,
    prepared: Prepared,
) -> list[tuple[float, ...]]:
    """Return the limits of the first points: of one goal a third of them, of two a square."""
    free, *reached = ends
    given, left = asked.ranges or {}, iter(reached)
    scales = []
    for goal in goals[1:]:
        end = next(left) if goal.first is not None else None
        low, high = given.get(goal.name) or _range(goal, free, end, scenario, prepared)
        if len(goals) == FEWEST:
            number = min(asked.points, max(_FIRST, round(asked.points / 3)))
        else:
            number = max(2, round(asked.points**0.5))
        scales.append(_rounded(goal, np.linspace(low, high, number + 1)[: number + _binds(goal)]))
    return [tuple(point) for point in itertools.product(*scales)]


def _between(goals: tuple[Goal, ...], table: pd.DataFrame, number: int) -> list[tuple[float, ...]]:
    """Return the limits of the other points: where the front rises, and not where it is flat.

    Flat: the plan is as good as the best one, as far as the bound tells the two apart.
    """
    first, goal = goals
    known = table.dropna(subset=["plan", f"limit_{goal.name}"])
    if number < 1 or known.empty:
        return []
    sign = 1.0 if first.more else -1.0
    merit = sign * known[first.name]
    unproven = (sign * known["bound"] - merit).iloc[-1]
    limits = known[f"limit_{goal.name}"]
    tight, loose = limits.iloc[0], limits[merit >= merit.max() - unproven].iloc[0]
    if tight == loose:
        return []
    new = _rounded(goal, np.linspace(tight, loose, number + 2)[1:-1])
    return [(limit,) for limit in new if limit not in set(limits)]


def _directed(scenario: Scenario, goals: tuple[Goal, ...]) -> tuple[Goal, ...]:
    """Return the goals; the scenario's own objective as it is meant, more or less."""
    first, *others = goals
    if first.name == "value":
        first = replace(first, more=scenario.model.objective not in LEAST)
    return first, *others


def _range(
    goal: Goal,
    free: PlanRow,
    end: PlanRow | None,
    scenario: Scenario,
    prepared: Prepared,
) -> tuple[float, float]:
    """Return the tightest limit that is worth a try, and the one that no longer binds."""
    if goal.figure not in free.figures:
        return POWER_SHARES
    loose = float(free.figures[goal.figure])
    if end is not None:
        return float(end.figures[goal.figure]), loose
    problem = pipeline.pose(scenario, prepared, refuse=False)
    swaps = float(free.figures["swap_cost_cny"])
    return _CHEAPEST * least_cost(problem) + swaps, loose


def _binds(goal: Goal) -> int:
    """Return 1 if the loose end of a goal's limits binds too, and so is a point of its own."""
    return int(goal.figure not in directions())


def _rounded(goal: Goal, limits: Floats) -> list[float]:
    """Return limits as round numbers, never tighter than they were."""
    down = np.floor if goal.more else np.ceil
    scale = 10.0**_DIGITS if goal.form == "share" else 1e-4
    return [float(down(value * scale) / scale) for value in limits]


def _settings(
    scenario: Scenario, goals: tuple[Goal, ...], limits: tuple[float, ...], zones: list[str]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for goal, limit in zip(goals[1:], limits, strict=True):
        assert goal.limited is not None  # noqa: S101  # read_goals saw to it
        new = goal.limited(scenario, limit, zones)
        promises = [*found.get("model.promises", ()), *new.get("model.promises", ())]
        found |= new
        if promises:
            found["model.promises"] = list({json.dumps(one): one for one in promises}.values())
    return found


def _write(
    table: pd.DataFrame, goals: tuple[Goal, ...], folder: Path, prepared: Prepared, language: str
) -> None:
    files.write_whole(folder / FRONT_CSV, "\ufeff" + table.to_csv(index=False, lineterminator="\n"))
    content = {
        "goals": [goal.name for goal in goals],
        "points": table.to_dict("records"),
        "synthetic": any(source.synthetic for source in prepared.world.sources),
    }
    text = json.dumps(tidy(content), ensure_ascii=False, indent=1, sort_keys=True)
    files.write_whole(folder / FRONT_JSON, text + "\n")
    kinds = tuple((goal.name, goal.form, goal.more) for goal in goals)
    picture = draw_front(table, kinds, language=language, synthetic=bool(content["synthetic"]))
    files.write_whole(folder / FRONT_PNG, picture)
