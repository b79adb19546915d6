"""Which plans a sweep makes: a grid of settings, and samples of what is uncertain."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats

from siting.errors import ScenarioError
from siting.scenario import changed_scenario, setting_values

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from siting.scenario import Scenario, Uncertain

_DIGITS = 6
_BELL = 4.0
_MOST_PLANS = 100_000
"""More plans than a cluster makes in a week; the list of them alone fills a memory."""


@dataclass(frozen=True)
class Draw:
    """One plan to make.

    Attributes
    ----------
    grid
        Settings of the grid, key to value.
    drawn
        Settings that were drawn, key to value.
    sample
        Number of the sample, from 0; None without.
    """

    grid: dict[str, Any] = field(default_factory=dict)
    drawn: dict[str, Any] = field(default_factory=dict)
    sample: int | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """All settings; what was drawn goes before the grid."""
        return {**self.grid, **self.drawn}


def read_grid(texts: Sequence[str]) -> dict[str, tuple[Any, ...]]:
    """Return key to values of ``key=value,value`` texts.

    Raises
    ------
    ScenarioError
        If one has another form, or a key stands twice.
    """
    grid: dict[str, tuple[Any, ...]] = {}
    for text in texts:
        key, values = setting_values(text)
        if key in grid:
            raise ScenarioError(
                f"--grid names '{key}' twice",
                where="--grid",
                cure="give all values of a key in one --grid, with commas between",
            )
        grid[key] = values
    return grid


def make_draws(
    scenario: Scenario, grid: dict[str, tuple[Any, ...]], *, samples: int, seed: int
) -> list[Draw]:
    """Return the plans of a sweep: every point of the grid with every sample, the base first.

    Sample n hangs on the seed, n and the keys alone: more samples later keep the first ones.

    Parameters
    ----------
    scenario
        The scenario; its block ``uncertainty`` says what is drawn.
    grid
        Result of :func:`read_grid`.
    samples
        How many to draw; 0: the grid alone.
    seed
        Seed of the draws.

    Raises
    ------
    ScenarioError
        If nothing is to be varied, nothing is uncertain though samples are wanted, a key is in
        both, a value does not fit its key, or there are too many plans.
    """
    _refuse(scenario, grid, samples)
    ranges = {key: scenario.uncertainty[key] for key in sorted(scenario.uncertainty)}
    whole = {key: _whole(scenario, key, one) for key, one in ranges.items()} if samples else {}
    for key, values in grid.items():
        for value in values:
            changed_scenario(scenario, {key: value})
    drawn = [_drawn(ranges, whole, seed, number) for number in range(samples)]
    points = [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]
    return [Draw(), *_all(points if grid else [{}], drawn)]


def _all(points: list[dict[str, Any]], drawn: list[dict[str, Any]]) -> Iterator[Draw]:
    for point in points:
        if not drawn:
            yield Draw(grid=point)
        for number, values in enumerate(drawn):
            yield Draw(grid=point, drawn=values, sample=number)


def quantile(one: Uncertain, share: float) -> float:
    """Return the value that a share of a distribution lies below.

    Examples
    --------
    >>> from siting.scenario import Uncertain
    >>> quantile(Uncertain(low=0.0, high=2.0), 0.25)
    0.5
    """
    width = one.high - one.low
    middle = one.low + width / 2 if one.mode is None else one.mode
    if one.shape == "uniform":
        return one.low + width * share
    if one.shape == "triangular":
        peak = (middle - one.low) / width
        return float(stats.triang.ppf(share, peak, loc=one.low, scale=width))
    sd = width / _BELL if one.sd is None else one.sd
    ends = (one.low - middle) / sd, (one.high - middle) / sd
    return float(stats.truncnorm.ppf(share, *ends, loc=middle, scale=sd))


def fitted(scenario: Scenario, key: str, value: float) -> float | int:
    """Return a number as its key takes it: whole where the key counts.

    Raises
    ------
    ScenarioError
        If the key takes neither.
    """
    try:
        changed_scenario(scenario, {key: float(value)})
    except ScenarioError:
        changed_scenario(scenario, {key: round(value)})
        return round(value)
    return float(value)


def _whole(scenario: Scenario, key: str, one: Uncertain) -> bool:
    """Tell whether a key counts; both ends of its range must fit it."""
    try:
        ends = [fitted(scenario, key, end) for end in (one.low, one.high)]
    except ScenarioError as error:
        raise ScenarioError(
            f'uncertainty."{key}": {error.what}',
            where="[uncertainty]",
            cure="name a key that holds a number, with a range that it takes",
        ) from error
    return all(isinstance(end, int) for end in ends)


def _drawn(
    ranges: dict[str, Uncertain], whole: dict[str, bool], seed: int, number: int
) -> dict[str, Any]:
    shares = np.random.default_rng([seed, number]).random(len(ranges))
    values = {
        key: round(quantile(one, float(share)), _DIGITS)
        for (key, one), share in zip(ranges.items(), shares, strict=True)
    }
    return {key: round(value) if whole[key] else value for key, value in values.items()}


def _refuse(scenario: Scenario, grid: dict[str, tuple[Any, ...]], samples: int) -> None:
    if samples and not scenario.uncertainty:
        raise ScenarioError(
            "samples are wanted, but the scenario says of nothing that it is uncertain",
            where="[uncertainty]",
            cure='e.g. [uncertainty] "demand.nev_share" = { low = 0.12, high = 0.17 }',
        )
    if not grid and not samples:
        raise ScenarioError(
            "nothing is to be varied",
            where="siting sweep",
            cure='give --grid "key=value,value", or --samples with a block [uncertainty]',
        )
    plans = math.prod(map(len, grid.values())) * max(samples, 1)
    if plans > _MOST_PLANS:
        raise ScenarioError(
            f"{plans:,} plans are wanted, and a sweep makes {_MOST_PLANS:,} at most",
            where="--grid, --samples",
            cure="give fewer values or samples: 100 to 1,000 samples show what holds",
        )
    if both := sorted(set(grid) & set(scenario.uncertainty)) if samples else []:
        raise ScenarioError(
            f"in the grid and uncertain at once: {', '.join(both)}",
            where="--grid, [uncertainty]",
            cure="leave it out of one of them",
        )
