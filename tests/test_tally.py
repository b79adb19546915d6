"""The screening counted by zone."""

from __future__ import annotations

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from siting.analysis.candidates.site_rules import Tally


@given(st.lists(st.sampled_from(["A", "B", None]), max_size=20))
def test_zones_sum_to_the_step_but_for_what_lies_in_none(found):
    tally = Tally()
    tally.add("places", pd.Series(found, dtype="str"))
    counts = tally.by_zone(["B", "A", "empty"])
    assert counts["zone_id"].tolist() == ["A", "B", "empty"]
    assert counts["places"].tolist() == [found.count("A"), found.count("B"), 0]
    assert tally.steps == [("places", len(found))]
    assert counts["places"].sum() == len(found) - found.count(None)
