"""Counts of through traffic: read by road number, every faulty row named at once."""

from __future__ import annotations

import grid_town as town
import numpy as np
import pandas as pd
import pytest

from siting.errors import InputMissingError, TableError
from siting.inputs.side_layers import load_traffic
from siting.scenario import TrafficInput
from siting.tables import TRAFFIC, check


def roads():
    edges = town.edges()
    refs = np.where(edges["road_class"] == "primary", "G50;G65", None)
    return edges.assign(ref=pd.Series(refs, dtype="str"))


def given(folder, text, name="traffic.csv", encoding="utf-8", **more):
    path = folder / name
    path.write_text(text, encoding=encoding, newline="\n")
    return TrafficInput(file=str(path), **more)


def test_without_a_file_nobody_counted():
    assert load_traffic(None, roads()) == (None, [], [])


def test_counts_are_read_with_their_shares_and_source(tmp_path):
    text = 'ref,vehicles_day,through_share\nG65,"12,000",0.4\nG50,30000,\n'
    traffic, _, sources = load_traffic(given(tmp_path, text), roads())
    check(traffic, TRAFFIC)
    assert traffic["ref"].tolist() == ["G50", "G65"]
    assert traffic["vehicles_day"].tolist() == [30000, 12000]
    assert traffic["through_share"].isna().tolist() == [True, False]
    assert [(one.name, one.origin) for one in sources] == [("traffic", "traffic.csv")]


def test_chinese_columns_in_gb_18030_are_mapped(tmp_path):
    text = "路线,日交通量\nG50,30000\n"
    wanted = given(
        tmp_path, text, encoding="gb18030", columns={"ref": "路线", "vehicles_day": "日交通量"}
    )
    traffic, _, _ = load_traffic(wanted, roads())
    assert traffic["vehicles_day"].tolist() == [30000]
    assert traffic["through_share"].isna().all()


def test_all_faults_come_at_once_with_their_rows(tmp_path):
    text = (
        "ref,vehicles_day,through_share\nG50,many,0.4\nG99,2000,0.4\nG65,3000,40\n"
        "G65,未知,0.4\nG50,-5,\n"
    )
    with pytest.raises(TableError) as caught:
        load_traffic(given(tmp_path, text), roads())
    told = str(caught.value)
    for fault in (
        "row 2: vehicles_day",
        "row 3: no road of the map has the number 'G99'",
        "row 4: through_share",
        "row 5: vehicles_day",
        "row 5: road G65 is counted in row 4 already",
        "row 6: vehicles_day",
        "numbers on the map: G50, G65",
    ):
        assert fault in told
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("road,vehicles_day\nG50,10\n", r"column 'ref' \(for ref\) is missing"),
        ("ref,vehicles_day\n", "no rows"),
    ],
)
def test_a_file_without_its_columns_or_rows_is_refused(tmp_path, text, told):
    with pytest.raises(TableError, match=told):
        load_traffic(given(tmp_path, text), roads())


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputMissingError, match=r"nowhere\.csv"):
        load_traffic(TrafficInput(file=str(tmp_path / "nowhere.csv")), roads())
