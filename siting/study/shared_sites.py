"""What holds in all samples: the sites that nearly every plan chooses, and the robust plan.

Of a sweep's samples: the share of plans that choose a site; and each plan's stations valued under
every sample (sized and assigned anew, :func:`siting.optimize.model.fill.fill_stations`), from which
the best on the mean, the best in the worst case and the best by CVaR follow.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from siting import files
from siting.errors import BrokenFileError, InputMissingError, NoPlanError, ScenarioError
from siting.optimize.model.fill import fill_stations
from siting.optimize.problem.problem import after_swap
from siting.optimize.solver.solver import open_solver
from siting.pipeline import run as pipeline
from siting.pipeline.meter import Meter
from siting.scenario import changed_scenario, scenario_from
from siting.study.engine import Held
from siting.study.tasks import ASKED, read_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from siting.arrays import Floats
    from siting.scenario import Scenario, Settings
    from siting.study.tasks import PlanRow


CORE_SHARE = 0.9
"""A site that at least this share of the samples chooses is core (a proposal)."""
TAIL_SHARE = 0.1
"""CVaR is the mean of this share of the samples, the worst ones (a proposal)."""

_AGAIN = "name the folder of a sweep; siting sweep SCENARIO --samples 20 makes one"
CORE, SWING, NEVER = "core", "swing", "never"
MEASURES = ("expected", "worst", "cvar")


@dataclass(frozen=True)
class SampledPlan:
    """The stations of one plan of a sweep, and the first row that had them."""

    id: str
    site_ids: tuple[str, ...]
    swap_site_ids: tuple[str, ...]


@dataclass(frozen=True)
class Sample:
    """One draw of what is uncertain, as a task; the base has no settings."""

    id: str
    settings: Settings


@dataclass(frozen=True, eq=False)
class Valued:
    """What :func:`value_plans` needs on every worker."""

    scenario: Scenario
    payloads: dict[tuple[str, str], bytes]
    plans: tuple[SampledPlan, ...]


def read_sweep(folder: Path) -> tuple[Scenario, list[PlanRow]]:
    """Return the base scenario of a sweep, and its rows in the order of its draws.

    Raises
    ------
    InputMissingError, BrokenFileError
        If the folder holds no sweep, or what was asked of it cannot be read.
    ScenarioError
        If no sample of it has a plan.
    """
    path = folder / ASKED
    if not path.is_file():
        raise InputMissingError(
            f"no sweep here: {ASKED} is missing",
            where=str(folder),
            cure=_AGAIN,
        )
    asked = files.read_json(path, cure=_AGAIN)
    known = read_rows(folder)
    try:
        base = scenario_from(asked["scenario"], where=str(path))
        rows = [known[name] for name in asked["ids"] if name in known]
    except (KeyError, TypeError) as error:
        raise BrokenFileError(
            f"{ASKED} does not say what was asked of the sweep", where=str(path), cure=_AGAIN
        ) from error
    if not any(row.sampled for row in rows):
        raise ScenarioError(
            "no sample of this sweep has a plan",
            where=str(folder),
            cure="draw some: siting sweep SCENARIO --samples 20",
        )
    return base, rows


def site_shares(rows: Sequence[PlanRow]) -> dict[str, float]:
    """Return of each site chosen at all the share of the sampled plans that choose it.

    Examples
    --------
    >>> from siting.study.tasks import OK, PlanRow
    >>> rows = [PlanRow("1", OK, 0, site_ids=("a", "b")), PlanRow("2", OK, 1, site_ids=("a",))]
    >>> site_shares(rows)
    {'a': 1.0, 'b': 0.5}
    """
    made = _sampled(rows)
    counts = Counter(site for row in made for site in row.site_ids)
    return {site: counts[site] / len(made) for site in sorted(counts)}


def holding(share: float) -> str:
    """Return whether a site is core, swing or never chosen."""
    if share >= CORE_SHARE:
        return CORE
    return SWING if share > 0 else NEVER


def distinct_plans(rows: Sequence[PlanRow], most: int) -> tuple[SampledPlan, ...]:
    """Return the plan of the base and the distinct ones of the samples, the likeliest first.

    Likeliest: the mean share of its sites is highest; ties by id.

    Parameters
    ----------
    rows
        Rows of a sweep.
    most
        Most plans to return, the base not counted.
    """
    shares = site_shares(rows)
    base = [row for row in rows if row.sample is None and row.planned][:1]
    found: dict[tuple[tuple[str, ...], tuple[str, ...]], SampledPlan] = {}
    order = sorted(_sampled(rows), key=lambda row: (-_likely(row, shares), row.id))
    for row in (*base, *order):
        sites, swaps = tuple(row.site_ids), tuple(row.swap_site_ids)
        found.setdefault((sites, swaps), SampledPlan(row.id, sites, swaps))
    return tuple(found.values())[: most + len(base)]


def samples_of(rows: Sequence[PlanRow]) -> list[Sample]:
    """Return the base and the distinct draws of a sweep."""
    found = {"base": Sample("base", {})}
    for row in rows:
        if row.sample is not None:
            found.setdefault(str(row.sample), Sample(str(row.sample), row.drawn))
    return list(found.values())


def value_plans(sample: Sample, shared: Valued) -> tuple[str, list[float | None]]:
    """Value every plan's stations under one sample; runs on a worker.

    Returns
    -------
    str, list
        The sample, and of each plan the value of the joint objective; None where its stations
        cannot be sized, or may not stand.
    """
    scenario = changed_scenario(shared.scenario, sample.settings)
    held = Held(shared.payloads)
    prepared = pipeline.prepare(scenario, Meter(lambda *_: None), cache=held)
    problem = pipeline.pose(scenario, prepared, refuse=False)
    places = pd.Index(problem.site_id)
    values: list[float | None] = []
    for plan in shared.plans:
        sites = np.sort(places.get_indexer(pd.Index(plan.site_ids)))
        swaps = np.sort(places.get_indexer(pd.Index(plan.swap_site_ids)))
        if (sites < 0).any() or (swaps < 0).any() or not problem.openable[sites].all():
            values.append(None)
            continue
        solver = scenario.solver
        backend = open_solver(
            solver.name,
            threads=solver.threads,
            seed=scenario.run.seed,
            time_limit_s=solver.time_limit_s,
        )
        try:
            value, *_ = fill_stations(after_swap(problem, swaps), sites, backend)
        except NoPlanError:
            values.append(None)
        else:
            values.append(float(value))
    return sample.id, values


def measures(values: Floats) -> dict[str, Floats]:
    """Return mean, worst case and CVaR of each plan over the samples.

    Parameters
    ----------
    values
        One row a sample, one column a plan; NaN where a plan cannot be.

    Returns
    -------
    dict
        By name of ``MEASURES`` one number a plan; minus infinity for a plan that cannot be under
        some sample. CVaR is the mean of the worst ``TAIL_SHARE`` of the samples, at least one.

    Examples
    --------
    >>> found = measures(np.array([[1.0, 3.0], [2.0, 1.0]]))
    >>> found["expected"].tolist(), found["worst"].tolist()
    ([1.5, 2.0], [1.0, 1.0])
    """
    filled = np.where(np.isnan(values), -np.inf, values)
    tail = max(1, round(TAIL_SHARE * len(filled)))
    return {
        "expected": filled.mean(axis=0),
        "worst": filled.min(axis=0),
        "cvar": np.sort(filled, axis=0)[:tail].mean(axis=0),
    }


@dataclass(frozen=True)
class RobustPlan:
    """The robust plan by one measure.

    Attributes
    ----------
    plan
        Its id.
    value, value_of_base_plan
        Its number under the measure, and that of the base's plan.
    price
        What it is worth less than the base's plan if all comes as in the base.
    """

    plan: str
    value: float
    value_of_base_plan: float
    price: float


def robust_choice(
    plans: Sequence[SampledPlan], values: Floats, base: Floats
) -> dict[str, RobustPlan]:
    """Return the robust plan by each measure, with its price against the plan of the base.

    Parameters
    ----------
    plans
        The plans, that of the base first.
    values
        One row a sample (the base not among them), one column a plan.
    base
        Value of each plan under the base.

    Returns
    -------
    dict
        The robust plan by name of ``MEASURES``.
    """
    told = {}
    for name, numbers in measures(values).items():
        best = int(np.argmax(numbers))
        told[name] = RobustPlan(
            plan=plans[best].id,
            value=float(numbers[best]),
            value_of_base_plan=float(numbers[0]),
            price=float(base[0] - base[best]),
        )
    return told


def _sampled(rows: Sequence[PlanRow]) -> list[PlanRow]:
    return [row for row in rows if row.sampled]


def _likely(row: PlanRow, shares: dict[str, float]) -> float:
    return float(np.mean([shares[site] for site in row.site_ids]))
