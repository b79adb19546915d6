"""The figures of a plan beside its baselines, as people read them."""

from __future__ import annotations

import dataclasses

import pytest
from plans import small_plan

from siting.outputs.text.figure_tables import _ROWS, comparison
from siting.outputs.words import all_words, speaker

FIGURES = {
    "served_share": 0.93212,
    "mean_distance_m": 1234.5,
    "mean_time_min": 2.345,
    "utilisation_p10": 0.194,
    "utilisation_p90": 0.841,
    "overloaded_sites": 3.0,
    "access_gini": float("nan"),
}


def compared(baselines, language="en"):
    plan = dataclasses.replace(small_plan(), figures=FIGURES, baselines=baselines)
    return comparison(plan, speaker(language))


def test_this_plan_stands_first_and_random_last():
    both = compared({"random": FIGURES, "top_score": {**FIGURES, "overloaded_sites": 12.0}})
    assert both.columns == ("This plan", "Top score", "Random")
    assert dict(both.rows)["Overrun stations"] == ("3", "12", "3")


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("Demand served", "93.2%"),
        ("Mean distance", "1,234 m"),
        ("Mean time", "2.3 min"),
        ("Use of design energy, p10–p90", "19–84%"),
        ("Gini of access", "missing"),
    ],
)
def test_each_figure_is_written_with_its_unit_and_missing_is_said(label, text):
    assert dict(compared({}).rows)[label] == (text,)


def test_a_figure_the_plan_knows_nothing_of_has_no_row():
    labels = [label for label, _ in compared({}).rows]
    assert "Cost index" not in labels
    assert len(labels) == len(FIGURES) - 1  # the two of utilisation share a row


def test_a_figure_a_baseline_lacks_is_missing_there_only():
    rows = dict(compared({"random": {"served_share": 0.5}}, "zh").rows)
    assert rows["需求得到服务"] == ("93.2%", "50.0%")
    assert rows["平均到站距离"] == ("1,234 m", "缺失")


def test_no_figure_word_is_left_over():
    shown = {f"figure.{row.word}" for row in _ROWS}
    assert {key for key in all_words() if key.startswith("figure.")} == shown
