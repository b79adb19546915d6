"""Learned suitability: it finds a pattern, not noise, and says what it is worth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from siting import scenario
from siting.analysis.scores.learned import calibration_error, learn_suitability, top_lift
from siting.errors import DataError

SETTINGS = scenario.Learned()


@pytest.fixture(scope="module")
def town():
    """1,500 places of a square of 20 km; the likelier a station, the nearer to the middle."""
    rng = np.random.default_rng(3)
    xy = rng.uniform(0, 20_000, (1500, 2))
    near = np.exp(-np.hypot(*(xy - 10_000).T) / 4000)
    noise = rng.normal(size=1500)
    labelled = rng.random(1500) < 0.5 * near
    return pd.DataFrame({"near": near, "noise": noise}), labelled, xy


@pytest.fixture(scope="module")
def learned(town):
    return learn_suitability(*town, settings=SETTINGS, seed=7)


def test_a_pattern_is_found_and_its_worth_told_with_its_spread(town, learned):
    features, labelled, _ = town
    report = learned.report
    assert 0.65 < report.auc < 0.9
    assert 0 < report.auc_sd < 0.15
    assert report.lift > 1.5
    assert report.folds == len(report.auc_by_fold) == SETTINGS.folds
    assert report.stations == labelled.sum()
    assert not report.weak
    assert report.calibration_error < 0.05
    assert np.corrcoef(learned.suitability, features["near"])[0, 1] > 0.7
    assert ((learned.suitability >= 0) & (learned.suitability <= 1)).all()


def test_the_effects_name_the_feature_that_matters_and_its_way(learned):
    near, noise = (learned.report.effects[key] for key in ("near", "noise"))
    assert near.auc_loss > 10 * abs(noise.auc_loss)
    assert near.change > 0.3
    assert abs(noise.change) < 0.1


def test_noise_is_called_weak(town):
    features, labelled, xy = town
    report = learn_suitability(features[["noise"]], labelled, xy, settings=SETTINGS, seed=7).report
    assert report.weak
    assert 0.4 < report.auc < 0.6


def test_places_of_one_block_are_held_out_together(town):
    """Labels that only copy the place's block are not learned: the split keeps blocks whole."""
    _, _, xy = town
    cells = np.floor(xy / 2000).astype(int)
    rng = np.random.default_rng(5)
    luck = rng.random((10, 10)) < 0.5
    labelled = luck[cells[:, 0], cells[:, 1]]
    features = pd.DataFrame({"x": xy[:, 0], "y": xy[:, 1], "block": cells @ [10.0, 1.0]})
    report = learn_suitability(features, labelled, xy, settings=SETTINGS, seed=7).report
    assert report.auc < 0.65


def test_the_same_seed_gives_the_same_bytes(town, learned):
    again = learn_suitability(*town, settings=SETTINGS, seed=7)
    assert again.report == learned.report
    assert again.suitability.tobytes() == learned.suitability.tobytes()


def test_too_few_stations_are_refused_with_the_number_wanted(town):
    features, labelled, xy = town
    few = labelled & (np.cumsum(labelled) <= 12)
    with pytest.raises(DataError, match="from 12 sites with a station; at least 50") as caught:
        learn_suitability(features, few, xy, settings=SETTINGS, seed=7)
    assert "scoring.weights.learned = 0" in caught.value.cure
    wide = scenario.Learned(block_m=90_000.0)
    with pytest.raises(DataError, match="blocks of 90000 m"):
        learn_suitability(features, labelled, xy, settings=wide, seed=7)
    with pytest.raises(DataError, match="every site has a station"):
        learn_suitability(features, np.ones(1500, bool), xy, settings=SETTINGS, seed=7)


def test_lift_and_calibration_by_hand():
    labelled = np.array([True] * 5 + [False] * 15)
    said = np.linspace(1, 0, 20)
    assert top_lift(labelled, said) == pytest.approx(2 / 5 / 0.1)
    assert top_lift(labelled, -said) == 0.0
    assert calibration_error(labelled, labelled.astype(float)) == 0.0
    assert calibration_error(labelled, np.full(20, 0.25)) == pytest.approx(
        (4 * 0.75 + 16 * 0.25) / 20
    )
