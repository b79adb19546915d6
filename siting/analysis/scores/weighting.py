"""Weights of the criteria: given, by AHP, entropy or CRITIC, or a blend of experts and data.

Weights from data see nothing but the spread of the columns. They run over a fixed list, the
criteria with a given weight above 0, and a column that hardly differs weighs nothing and is
named: else a neutral column, or one odd site in it, would be taken for information.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from siting.analysis.scores.pairwise import pairwise_weights
from siting.errors import DataError, TableError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from siting import scenario
    from siting.arrays import Floats

Weights = dict[str, float]

FLAT_SD = 0.01
"""A column of scores with a standard deviation below this says nothing (a proposal)."""


@dataclass(frozen=True)
class Weighting:
    """The weights used and how they came about.

    Attributes
    ----------
    method
        ``given``, ``ahp``, ``entropy``, ``critic`` or ``blend``.
    weights
        By criterion, summing to 1.
    consistency_ratio
        Of the pairwise matrix; None where none was used.
    flat
        Criteria that hardly differ between sites and so got no weight from the data.
    """

    method: str
    weights: Weights
    consistency_ratio: float | None = None
    flat: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stability:
    """How many of the chosen sites the score keeps backing when the weights vary.

    Attributes
    ----------
    samples, change_share
        Sets of weights that were tried, and how far each weight was varied.
    chosen, backed
        New sites of the plan, and those of them that are among the best by score.
    stay_share, stay_least_share
        Mean and least share of the backed that stay; None where none is backed.
    """

    samples: int
    change_share: float
    chosen: int
    backed: int
    stay_share: float | None
    stay_least_share: float | None


@dataclass(frozen=True)
class FeatureEffect:
    """What a feature is worth to what is learned.

    Attributes
    ----------
    auc_loss, auc_loss_sd
        What the AUC loses when the feature is shuffled, and the standard deviation of that.
    change
        Of the prediction from the feature's 10th to its 90th percentile.
    """

    auc_loss: float
    auc_loss_sd: float
    change: float


@dataclass(frozen=True, repr=False)
class LearnedReport:
    """How well the suitability was learned, on held-out places alone.

    Attributes
    ----------
    places, stations, blocks, folds
        Rows, those with a station, blocks of the area, and folds with stations on both sides.
    auc, auc_sd, lift, lift_sd
        Of the prediction and of its top tenth; mean and standard deviation over folds.
    auc_by_fold, lift_by_fold
        The same, fold by fold.
    calibration_error
        Mean distance of predicted and observed share of labels over tenths.
    label_chance
        Elkan and Noto's c.
    weak
        Whether the AUC is below 0.65.
    effects
        By feature.
    """

    places: int
    stations: int
    blocks: int
    folds: int
    auc: float
    auc_sd: float
    lift: float
    lift_sd: float
    auc_by_fold: tuple[float, ...]
    lift_by_fold: tuple[float, ...]
    calibration_error: float
    label_chance: float
    weak: bool
    effects: dict[str, FeatureEffect]

    def __repr__(self) -> str:
        """Say the AUC and the lift, and whether that is weak."""
        told = f"AUC {self.auc:.2f} ± {self.auc_sd:.2f}, lift {self.lift:.1f} ± {self.lift_sd:.1f}"
        return f"<LearnedReport of {self.stations} stations: {told}{', weak' * self.weak}>"


@dataclass(frozen=True, repr=False)
class ScoreSummary:
    """How the sites were scored.

    Attributes
    ----------
    method, weights, consistency_ratio, flat
        As :class:`Weighting`.
    ranking
        ``weighted_sum`` or ``topsis``.
    names
        Of each criterion in both languages.
    extremes
        Reference extremes by criterion, low and high in its unit.
    learned
        What was learned from stations; None unless asked for.
    stability
        How far the choice depends on the weights; None where nothing was tried.
    """

    method: str
    ranking: str
    weights: Weights
    names: dict[str, dict[str, str]]
    consistency_ratio: float | None
    flat: tuple[str, ...]
    extremes: dict[str, tuple[float, ...]]
    learned: LearnedReport | None
    stability: Stability | None = None

    def __repr__(self) -> str:
        """Say the method and the weights, the largest first."""
        order = sorted(self.weights.items(), key=lambda entry: -entry[1])
        weights = ", ".join(f"{key} {weight:.1%}" for key, weight in order)
        return f"<ScoreSummary {self.method}, {self.ranking}: {weights}>"


def weigh(
    columns: Mapping[str, Floats], pairwise: pd.DataFrame | None, settings: scenario.Scoring
) -> Weighting:
    """Return the weights of the criteria in use, those with a given weight above 0.

    Parameters
    ----------
    columns
        Scores in 0..1 of all sites, by criterion.
    pairwise
        Pairwise matrix as text; wanted by ``ahp`` and by a blend of it.
    settings
        Block ``scoring`` of the scenario.

    Raises
    ------
    TableError
        If the matrix is at fault.
    DataError
        If it contradicts itself, or the data gives no weights.
    """
    given = settings.weights.model_dump() | {one.key: one.weight for one in settings.layers}
    given = {key: given[key] for key in columns if given[key] > 0}
    used = {key: columns[key] for key in given}
    method = settings.method
    experts, data = (
        (settings.blend_of, settings.blend_with) if method == "blend" else (method, method)
    )
    weights, ratio = normalised(given), None
    flat: tuple[str, ...] = ()
    if experts == "ahp":
        if pairwise is None:
            raise TableError("there is no pairwise matrix", where="scoring.pairwise")
        weights, ratio = pairwise_weights(
            pairwise, list(given), accept_inconsistent=settings.accept_inconsistent
        )
    if data in FROM_DATA:
        by_data, flat = FROM_DATA[data](used)
        share = settings.blend_data_share if method == "blend" else 1.0
        weights = blended(weights, by_data, share)
    return Weighting(method, weights, ratio, flat)


def normalised(weights: Mapping[str, float]) -> Weights:
    """Return weights that sum to 1."""
    total = sum(weights.values())
    return {key: float(value) / total for key, value in weights.items()}


def entropy_weights(columns: Mapping[str, Floats]) -> tuple[Weights, tuple[str, ...]]:
    """Return the entropy weights of columns of scores, and the flat ones.

    ``p_ij = x_ij / sum_i x_ij``, ``e_j = -sum_i p_ij ln p_ij / ln n``, ``w_j ~ 1 - e_j``
    (Shannon 1948; as weights in Hwang and Yoon, *Multiple Attribute Decision Making*, 1981).

    Raises
    ------
    DataError
        If every column is flat.

    Examples
    --------
    >>> found, _ = entropy_weights({"a": np.array([1.0, 0.0]), "b": np.array([0.5, 0.5001])})
    >>> found
    {'a': 1.0, 'b': 0.0}
    """
    varied, flat = _varied(columns)
    raw = {key: 1.0 - _entropy(values) for key, values in varied.items()}
    return _complete(raw, columns), flat


def critic_weights(columns: Mapping[str, Floats]) -> tuple[Weights, tuple[str, ...]]:
    """Return the CRITIC weights of columns of scores, and the flat ones.

    ``w_j ~ sd_j sum_k (1 - r_jk)`` with Pearson's r: a column weighs more the more it differs
    and the less it repeats the others (Diakoulaki, Mavrotas and Papayannakis, "Determining
    objective weights in multiple criteria problems: the CRITIC method", Computers & Operations
    Research 22, 1995). The standard deviation is that of a sample; its factor cancels.

    Raises
    ------
    DataError
        If every column is flat.
    """
    varied, flat = _varied(columns)
    matrix = np.column_stack(list(varied.values()))
    conflict = 1.0 - np.atleast_2d(np.corrcoef(matrix, rowvar=False))
    told = matrix.std(axis=0, ddof=1) * conflict.sum(axis=0)
    if not told.sum() > 0:  # one column, or copies of one: nothing tells them apart
        told = matrix.std(axis=0, ddof=1)
    raw = dict(zip(varied, np.maximum(told, 0.0).tolist(), strict=True))
    return _complete(raw, columns), flat


FROM_DATA = {"entropy": entropy_weights, "critic": critic_weights}


def blended(experts: Weights, data: Weights, data_share: float) -> Weights:
    """Return ``(1 - data_share) * experts + data_share * data``."""
    return {key: (1.0 - data_share) * experts[key] + data_share * data[key] for key in experts}


def _varied(columns: Mapping[str, Floats]) -> tuple[dict[str, Floats], tuple[str, ...]]:
    varied = {key: values for key, values in columns.items() if _sd(values) >= FLAT_SD}
    if not varied:
        raise DataError(
            "no criterion differs between the sites, so the data gives no weights",
            where="scoring.method",
            cure='give the weights yourself: scoring.method = "given"',
        )
    return varied, tuple(key for key in columns if key not in varied)


def _sd(values: Floats) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else 0.0


def _entropy(values: Floats) -> float:
    part = values[values > 0] / values.sum()
    return float(-(part * np.log(part)).sum() / np.log(len(values)))


def _complete(raw: Weights, columns: Mapping[str, Floats]) -> Weights:
    total = sum(raw.values())
    return {key: raw.get(key, 0.0) / total for key in columns}
