"""Weights and ranking: textbook figures, laws, bad tables and matrices by row."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siting import scenario
from siting.analysis.scores.criteria import BUILT_IN, Criterion, Scales, check_criteria
from siting.analysis.scores.pairwise import eigenvector, pairwise_weights
from siting.analysis.scores.scoring import RANKINGS, topsis, weighted_sum
from siting.analysis.scores.weighting import critic_weights, entropy_weights, weigh
from siting.errors import DataError, TableError
from siting.shipped import shipped_path

SITES = np.array(
    [
        [0.2, 0.9, 0.5, 0.1],
        [0.8, 0.3, 0.6, 0.4],
        [0.5, 0.5, 0.1, 0.9],
        [1.0, 0.1, 0.9, 0.3],
        [0.1, 0.7, 0.3, 0.6],
    ]
)
COLUMNS = {key: SITES[:, place] for place, key in enumerate("abcd")}
WEIGHTS = {"a": 0.4, "b": 0.3, "c": 0.2, "d": 0.1}
# Saaty, "How to make a decision: the analytic hierarchy process", EJOR 48, 1990: the house.
HOUSE = """1 5 3 7 6 6 1/3 1/4
1/5 1 1/3 5 3 3 1/5 1/7
1/3 3 1 6 3 4 6 1/5
1/7 1/5 1/6 1 1/3 1/4 1/7 1/8
1/6 1/3 1/3 3 1 1/2 1/5 1/6
1/6 1/3 1/4 4 2 1 1/5 1/6
3 5 1/6 7 5 5 1 1/2
4 7 5 8 6 6 2 1"""
HOUSE_WEIGHTS = [0.173, 0.054, 0.188, 0.018, 0.031, 0.036, 0.167, 0.333]


def matrix(text, keys):
    cells = [line.split(" ") for line in text.splitlines()]
    frame = pd.DataFrame(cells, columns=list(keys))
    frame.insert(0, "criterion", list(keys))
    return frame


def table():
    return pd.read_csv(shipped_path("criteria.csv"), encoding="utf-8")


# AHP


def test_the_house_of_saaty_has_his_weights_and_is_refused_for_its_contradictions():
    keys = "abcdefgh"
    with pytest.raises(DataError, match=r"consistency ratio 0\.17, at most 0\.10"):
        pairwise_weights(matrix(HOUSE, keys), keys)
    weights, ratio = pairwise_weights(matrix(HOUSE, keys), keys, accept_inconsistent=True)
    assert list(weights.values()) == pytest.approx(HOUSE_WEIGHTS, abs=0.0015)
    assert ratio == pytest.approx(0.169, abs=0.001)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0.1, 1.0), min_size=2, max_size=9))
def test_a_matrix_made_of_weights_gives_them_back_without_contradiction(values):
    weights = np.array(values) / sum(values)
    found, ratio = eigenvector(weights[:, None] / weights[None, :])
    assert found == pytest.approx(weights, abs=1e-9)
    assert ratio == pytest.approx(0.0, abs=1e-9)


def test_the_order_of_rows_and_columns_does_not_matter_and_half_a_matrix_will_do():
    whole = pairwise_weights(matrix("1 3 5\n1/3 1 3\n1/5 1/3 1", "abc"), "abc")
    half = matrix("1 3 5\n. 1 3\n. . 1", "abc").replace(".", "")
    turned = half.iloc[[2, 0, 1]][["criterion", "c", "b", "a"]].reset_index(drop=True)
    for frame in (half, turned, matrix("1 3 5\n0.33 1 3\n0.2 0.33 1", "abc")):
        weights, ratio = pairwise_weights(frame, "abc")
        assert weights == pytest.approx(whole[0])
        assert ratio == pytest.approx(whole[1])
    assert whole[0] == pytest.approx({"a": 0.637, "b": 0.258, "c": 0.105}, abs=0.001)


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ("1 x 5\n1/3 1 3\n1/5 1/3 1", ["row 2, column b: 'x' is no number"]),
        ("1 2026-01-03 5\n. 1 3\n. . 1", ["row 2, column b", "made a date of a fraction"]),
        ("1 12 5\n1/12 1 3\n1/5 1/3 1", ["row 2, column b: 12 is not within 1/9 and 9",
                                         "row 3, column a: 1/12 is not within"]),
        ("2 3 5\n1/3 1 3\n1/5 1/3 1", ["row 2, column a: a criterion weighs as much as itself"]),
        ("1 3 5\n3 1 3\n1/5 1/3 1", ["row 3, column a: 3 is not 1 by the 3 of row 2, column b"]),
        ("1 . 5\n. 1 3\n1/5 1/3 1", ["row 2, column b: is empty, and so is row 3, column a"]),
        ("1 0 5\n1/3 1 1/0\n1/5 1/3 -1", ["row 2, column b: 0 is not", "row 3, column c: '1/0'",
                                          "row 4, column c: -1 is not", "has 3 fault(s)"]),
    ],
)  # fmt: skip
def test_a_bad_matrix_is_refused_with_row_and_column_of_every_fault(cells, told):
    with pytest.raises(TableError) as caught:
        pairwise_weights(matrix(cells, "abc").replace(".", ""), "abc")
    for text in told:
        assert text in str(caught.value)


def test_a_matrix_names_the_criteria_in_use_and_no_others():
    with pytest.raises(TableError) as caught:
        pairwise_weights(matrix("1 3 5\n1/3 1 3\n1/5 1/3 1", "abx"), "abc")
    for text in ("no row for criterion 'c'", "row 4: 'x' is no criterion", "column 'x' is no"):
        assert text in str(caught.value)
    with pytest.raises(TableError, match="'a' names 2 rows"):
        pairwise_weights(matrix("1 3\n1/3 1", "ab").assign(criterion=["a", "a"]), "ab")


# weights from the data: figures of scikit-criteria 0.10 on the same matrix


def test_entropy_and_critic_give_the_figures_of_another_library():
    by_entropy, flat = entropy_weights(COLUMNS)
    told = [0.30671927, 0.23059593, 0.22518166, 0.23750314]
    assert list(by_entropy.values()) == pytest.approx(told, abs=1e-8)
    assert flat == ()
    by_critic, _ = critic_weights(COLUMNS)
    told = [0.25558599, 0.28882019, 0.21819281, 0.23740101]
    assert list(by_critic.values()) == pytest.approx(told, abs=1e-8)


@pytest.mark.parametrize("method", [entropy_weights, critic_weights])
def test_a_neutral_or_nearly_constant_column_weighs_nothing_and_is_named(method):
    plain, _ = method({"a": COLUMNS["a"], "c": COLUMNS["c"]})
    almost = np.full(5, 0.5) + np.array([0, 0, 0, 0, 0.001])
    odd = {"a": COLUMNS["a"], "none": np.full(5, 0.5), "c": COLUMNS["c"], "almost": almost}
    found, flat = method(odd)
    assert flat == ("none", "almost")
    assert found["none"] == found["almost"] == 0.0
    assert {key: found[key] for key in "ac"} == pytest.approx(plain)
    with pytest.raises(DataError, match="no criterion differs"):
        method({"none": np.full(5, 0.5)})


def test_two_copies_of_one_column_are_weighed_by_critic_without_a_nan():
    found, _ = critic_weights({"a": COLUMNS["a"], "copy": COLUMNS["a"]})
    assert found == pytest.approx({"a": 0.5, "copy": 0.5})


def in_use(**keys):
    return scenario.Scoring(
        weights=scenario.Weights(**dict.fromkeys(BUILT_IN, 0.0) | {"demand": 3.0, "gap": 1.0}),
        **keys,
    )


def test_a_blend_lies_between_experts_and_data_and_leaves_out_what_weighs_nothing():
    columns = {"demand": COLUMNS["a"], "gap": COLUMNS["b"], "cost": COLUMNS["c"]}
    given_ones = weigh(columns, None, in_use()).weights
    data = weigh(columns, None, in_use(method="entropy")).weights
    both = weigh(columns, None, in_use(method="blend", blend_data_share=0.25)).weights
    assert given_ones == {"demand": 0.75, "gap": 0.25}
    for key in ("demand", "gap"):
        assert both[key] == pytest.approx(0.75 * given_ones[key] + 0.25 * data[key])
    experts = in_use(method="blend", blend_of="ahp", pairwise="m.csv", blend_data_share=0.0)
    found = weigh(columns, matrix("1 9\n1/9 1", ["demand", "gap"]), experts)
    assert found.weights == pytest.approx({"demand": 0.9, "gap": 0.1})
    assert found.consistency_ratio == 0.0


# ranking


def test_topsis_with_fixed_ideals_gives_the_figures_of_another_library():
    # scikit-criteria 0.10 on the same rows and two more, one of ones and one of zeros
    told = [0.46182815, 0.59116886, 0.46366454, 0.61178211, 0.36587929]
    assert topsis(COLUMNS, WEIGHTS) == pytest.approx(told, abs=1e-8)
    assert weighted_sum(COLUMNS, WEIGHTS) == pytest.approx(SITES @ list(WEIGHTS.values()))


def classic_topsis(values, weights):
    """TOPSIS of the textbooks: ideals are the best and the worst there is."""
    scaled = values / np.sqrt((values**2).sum(axis=0)) * weights
    best, worst = scaled.max(axis=0), scaled.min(axis=0)
    to_best = np.sqrt(((scaled - best) ** 2).sum(axis=1))
    to_worst = np.sqrt(((scaled - worst) ** 2).sum(axis=1))
    return to_worst / (to_best + to_worst)


def test_classic_topsis_reverses_two_sites_when_a_third_comes_and_ours_does_not():
    sites, more = np.array([[2.0, 6.0], [3.0, 5.0], [6.0, 9.0]]), np.array([[9.0, 1.0]])
    both = np.vstack([sites, more])
    before, after = classic_topsis(sites, [0.5, 0.5]), classic_topsis(both, [0.5, 0.5])
    assert before[0] < before[1]
    assert after[0] > after[1]
    scales = {"x": (1.0, 9.0), "y": (1.0, 9.0)}

    def ours(values):
        made = Scales(scales)
        columns = {
            key: made.score(Criterion(key, key, key, "up", "quantile"), values[:, place])
            for place, key in enumerate("xy")
        }
        return topsis(columns, {"x": 0.5, "y": 0.5})

    assert ours(both)[:3].tolist() == ours(sites).tolist()


@settings(max_examples=60, deadline=None)
@given(
    sites=st.lists(st.tuples(*[st.floats(-10, 20)] * 3), min_size=2, max_size=8),
    more=st.tuples(*[st.floats(-100, 100)] * 3),
    weights=st.tuples(*[st.floats(0.01, 1)] * 3),
    ranking=st.sampled_from(sorted(RANKINGS)),
    direction=st.sampled_from(["up", "down"]),
)
def test_with_stored_extremes_a_further_site_changes_no_other_score(
    sites, more, weights, ranking, direction
):
    stored = dict.fromkeys("xyz", (0.0, 10.0))
    weight = {key: value / sum(weights) for key, value in zip("xyz", weights, strict=True)}

    def score(rows):
        scales, values = Scales(stored), np.array(rows)
        columns = {
            key: scales.score(Criterion(key, key, key, direction, "quantile"), values[:, place])
            for place, key in enumerate("xyz")
        }
        return RANKINGS[ranking](columns, weight)

    before, after = score(sites), score([*sites, more])
    assert after[:-1].tolist() == before.tolist()
    assert ((after >= 0) & (after <= 1)).all()


# the table of criteria


def test_the_shipped_table_has_every_criterion():
    found = check_criteria(table())
    assert tuple(found) == BUILT_IN
    assert found["cost"].direction == "down"


def test_a_bad_table_is_refused_with_the_row_of_every_fault():
    frame = table()
    frame.loc[0, "direction"] = "sideways"
    frame.loc[1, "normalisation"] = "min_max"
    frame["low"] = frame["low"].astype(object)
    frame.loc[2, "low"] = "few"
    frame.loc[3, "source"] = ""
    frame.loc[4, "key"] = "colour"
    frame.loc[5, "key"] = "access"
    with pytest.raises(TableError) as caught:
        check_criteria(frame)
    for text in (
        "row 2: direction 'sideways' is none of up, down", "row 3: min_max wants a low below",
        "row 4: low is no number: 'few'", "row 5: source is empty", "row 6: 'colour' is no",
        "row 7: 'access' stands there twice", "'cost' has no row", "'safety' has no row",
    ):  # fmt: skip
        assert text in str(caught.value)
    with pytest.raises(TableError, match="column 'unit' is missing"):
        check_criteria(table().drop(columns="unit"))


def test_each_normalisation_and_direction():
    values = np.array([0.0, 9.0, 99.0, np.nan])

    def scored(direction, kind, low=None, high=None):
        made = Scales({"one": (0.0, 99.0)})
        return made.score(Criterion("one", "一", "one", direction, kind, low, high), values)

    assert scored("up", "quantile").tolist() == pytest.approx([0, 1 / 11, 1, 0.5])
    assert scored("down", "quantile").tolist() == pytest.approx([1, 10 / 11, 0, 0.5])
    assert scored("up", "log").tolist() == pytest.approx([0, 0.5, 1, 0.5])
    assert scored("up", "min_max", 0, 18).tolist() == pytest.approx([0, 0.5, 1, 0.5])
    flat = Scales().score(Criterion("one", "一", "one", "down", "quantile"), np.full(3, 7.0))
    assert flat.tolist() == [0.5, 0.5, 0.5]
