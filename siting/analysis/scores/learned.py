"""Suitability learned from the places where stations stand.

Stations tell where one stands, never where none should: the other places are unlabelled, not
unsuitable (presence only). Elkan and Noto, "Learning classifiers from only positive and
unlabeled data" (KDD 2008): a calibrated classifier of labelled against unlabelled places gives
``g(x)``; with ``c``, its mean over held-out labelled places, ``g(x) / c`` is the chance that a
place is of the kind where stations stand. It assumes that those labelled are a fair draw of all
such places, which stations never quite are.

Every prediction is made for a block of the grid that the classifier has not seen: neighbours
are alike, and a random split would let it look the answer up (Roberts et al., "Cross-validation
strategies for data with temporal, spatial, hierarchical, or phylogenetic structure",
Ecography 40, 2017). Since unlabelled places may be suitable, AUC and lift are too low rather
than too high for the true question.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from siting.analysis.scores.weighting import FeatureEffect, LearnedReport
from siting.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

    from siting import scenario
    from siting.arrays import Flags, Floats, Ints


_log = logging.getLogger(__name__)

WEAK_AUC = 0.65
"""Below this mean AUC the pattern is called weak (a proposal)."""

_INNER_FOLDS = 3
_TOP_SHARE = 0.1
_TENTHS = 10
_SHUFFLES = 5
_LOW, _HIGH = 10.0, 90.0


@dataclass(frozen=True, eq=False)
class Learned:
    """What was learned.

    Attributes
    ----------
    suitability
        Chance of each place to be of the kind where stations stand, 0..1, predicted without
        its own block.
    report
        How well it was learned.
    """

    suitability: Floats
    report: LearnedReport


@dataclass(frozen=True, eq=False)
class _Fold:
    """One held-out part, its model, and what the model says of it."""

    held: Ints
    model: Any
    said: Floats


def learn_suitability(
    features: pd.DataFrame,
    labelled: Flags,
    xy: Floats,
    *,
    settings: scenario.Learned,
    seed: int,
) -> Learned:
    """Learn from labelled places how suitable each place is.

    Parameters
    ----------
    features
        One row a place; no missing values.
    labelled
        Whether a station stands there.
    xy
        Metric coordinates, (n, 2), for the blocks.
    settings
        Block ``scoring.learned`` of the scenario.
    seed
        Of folds and shuffles.

    Raises
    ------
    DataError
        If there are fewer labelled places than ``min_stations``, no unlabelled ones, or
        stations in fewer blocks than folds.
    """
    blocks = _blocks(xy, settings.block_m)
    _refuse_few(labelled, blocks, settings)
    folds = _folds(features, labelled, blocks, settings.folds, seed)
    said = np.zeros(len(features))
    for fold in folds:
        said[fold.held] = fold.said
    chance = float(said[labelled].mean())
    judged = [fold for fold in folds if 0 < labelled[fold.held].sum() < len(fold.held)]
    auc = [float(roc_auc_score(labelled[fold.held], fold.said)) for fold in judged]
    lift = [top_lift(labelled[fold.held], fold.said) for fold in judged]
    report = LearnedReport(
        places=len(features),
        stations=int(labelled.sum()),
        blocks=len(np.unique(blocks)),
        folds=len(judged),
        auc=float(np.mean(auc)),
        auc_sd=float(np.std(auc, ddof=1)),
        lift=float(np.mean(lift)),
        lift_sd=float(np.std(lift, ddof=1)),
        auc_by_fold=tuple(auc),
        lift_by_fold=tuple(lift),
        calibration_error=calibration_error(labelled, said),
        label_chance=chance,
        weak=bool(np.mean(auc) < WEAK_AUC),
        effects=_effects(features, labelled, judged, chance, seed),
    )
    _log.info("learned: AUC %.3f, lift %.2f", report.auc, report.lift)
    return Learned(np.clip(said / chance, 0.0, 1.0), report)


def top_lift(labelled: Flags, said: Floats) -> float:
    """Return how many times more labels the best tenth by prediction holds than a fair tenth.

    Places that tie at its edge count in part, so that their order does not matter.

    Examples
    --------
    >>> top_lift(np.array([True] + [False] * 9), np.array([0.9] + [0.1] * 9))
    10.0
    >>> top_lift(np.array([True] + [False] * 9), np.full(10, 0.5))
    1.0
    """
    room = len(said) * _TOP_SHARE
    edge = float(np.sort(said)[::-1][int(np.ceil(room)) - 1])
    above, level = said > edge, said == edge
    part = (room - above.sum()) / level.sum()
    hits = labelled[above].sum() + part * labelled[level].sum()
    return float(hits / labelled.sum() / _TOP_SHARE)


def calibration_error(labelled: Flags, said: Floats) -> float:
    """Return the mean distance between predicted and observed share of labels over tenths."""
    order = np.argsort(said, kind="stable")
    parts = np.array_split(order, _TENTHS)
    gaps = [
        abs(said[part].mean() - labelled[part].mean()) * len(part) for part in parts if len(part)
    ]
    return float(sum(gaps) / len(said))


def _blocks(xy: Floats, block_m: float) -> Ints:
    cells = np.floor(xy / block_m).astype(np.int64)
    _, number = np.unique(cells, axis=0, return_inverse=True)
    return np.asarray(number, dtype=np.int64).reshape(-1)


def _refuse_few(labelled: Flags, blocks: Ints, settings: scenario.Learned) -> None:
    count = int(labelled.sum())
    cure = "set scoring.weights.learned = 0, or list more existing stations in inputs.stations"
    if count < settings.min_stations:
        raise DataError(
            f"suitability cannot be learned from {count} sites with a station; "
            f"at least {settings.min_stations} are wanted",
            where="scoring.learned.min_stations",
            cure=cure,
        )
    if count == len(labelled):
        raise DataError(
            "every site has a station: there is nothing to tell them from",
            where="scoring.weights.learned",
            cure="set scoring.weights.learned = 0",
        )
    spread = len(np.unique(blocks[labelled]))
    if spread < settings.folds * 2:
        raise DataError(
            f"the sites with a station lie in {spread} blocks of {settings.block_m:g} m; "
            f"{settings.folds * 2} are wanted to hold parts of the area out",
            where="scoring.learned.block_m",
            cure="lower scoring.learned.block_m or scoring.learned.folds; or " + cure,
        )


def _folds(
    features: pd.DataFrame, labelled: Flags, blocks: Ints, count: int, seed: int
) -> list[_Fold]:
    table = features.to_numpy(dtype=float)
    outer = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    folds = []
    for train, held in outer.split(table, labelled, blocks):
        model = _fitted(table[train], labelled[train], blocks[train], seed)
        folds.append(_Fold(held, model, _chance(model, table[held])))
    return folds


def _fitted(table: Floats, labelled: Flags, blocks: Ints, seed: int) -> Any:  # noqa: ANN401  # untyped library
    """Return a logistic regression, calibrated on blocks it has not seen (Platt 1999).

    Plain on purpose: with a few hundred stations, forests and boosted trees held up worse on
    unseen blocks of Shenzhen (docs/learned-suitability.md).
    """
    plain = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    inner = StratifiedGroupKFold(_INNER_FOLDS, shuffle=True, random_state=seed)
    parts = list(inner.split(table, labelled, blocks))
    return CalibratedClassifierCV(plain, method="sigmoid", cv=parts).fit(table, labelled)


def _chance(model: Any, table: Floats) -> Floats:  # noqa: ANN401  # untyped library
    return np.asarray(model.predict_proba(table)[:, 1], dtype=float)


def _effects(
    features: pd.DataFrame, labelled: Flags, folds: list[_Fold], chance: float, seed: int
) -> dict[str, FeatureEffect]:
    """Return each feature's worth on held-out places, and which way it pulls."""
    table = features.to_numpy(dtype=float)
    rng = np.random.default_rng(seed)
    effects = {}
    for column, name in enumerate(features.columns):
        low, high = np.percentile(table[:, column], [_LOW, _HIGH])
        losses, changes = [], []
        for fold in folds:
            held, truth = table[fold.held], labelled[fold.held]
            full = roc_auc_score(truth, fold.said)
            for _ in range(_SHUFFLES):
                mixed = held.copy()
                mixed[:, column] = rng.permutation(mixed[:, column])
                losses.append(full - roc_auc_score(truth, _chance(fold.model, mixed)))
            ends = []
            for value in (low, high):
                fixed = held.copy()
                fixed[:, column] = value
                ends.append(np.clip(_chance(fold.model, fixed) / chance, 0.0, 1.0).mean())
            changes.append(ends[1] - ends[0])
        effects[str(name)] = FeatureEffect(
            auc_loss=float(np.mean(losses)),
            auc_loss_sd=float(np.std(losses, ddof=1)),
            change=float(np.mean(changes)),
        )
    return effects
