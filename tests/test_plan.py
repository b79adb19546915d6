"""Run folders: whole or not at all, the same bytes twice, and a plan read back unchanged."""

from __future__ import annotations

import copy
import csv
import dataclasses
import json
import math
import random

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
from geopandas.testing import assert_geodataframe_equal
from hypothesis import given, settings
from hypothesis import strategies as st
from plans import FORMULA, HOSTILE, small_plan, with_sites

from siting.errors import (
    EXIT_DATA,
    BrokenFileError,
    InputMissingError,
    OutputError,
    PlanExistsError,
    SitingError,
)
from siting.outputs.words import speaker
from siting.plan import folder as runfolder
from siting.plan import tables as plantables
from siting.plan.folder import load_plan, new_run_folder, save_plan
from siting.plan.parts import Timings

SAY = speaker("zh")


@pytest.fixture
def saved(tmp_path):
    with new_run_folder(tmp_path / "maps" / "small") as part:
        save_plan(small_plan(), part, say=SAY)
    return tmp_path / "maps" / "small"


def rows(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_a_plan_comes_back_as_it_was_saved(saved):
    plan, back = small_plan(), load_plan(saved)
    for name in ("sites", "swap_sites", "candidates", "demand", "zones", "roads", "landscape"):
        assert_geodataframe_equal(getattr(back, name), getattr(plan, name), check_like=True)
    labels = plan.assignments.astype({"demand_id": "str", "site_id": "str"})
    pd.testing.assert_frame_equal(back.assignments, labels)
    for name in ("run", "language", "title_zh", "crs", "totals", "targets", "figures", "baselines",
                 "screening", "notes", "sources", "scenario", "versions", "timings",
                 "synthetic"):  # fmt: skip
        assert getattr(back, name) == getattr(plan, name), name
    assert back.outcome == dataclasses.replace(plan.outcome, bound=0.934568)


def test_a_figure_that_is_unknown_is_null_on_disk_and_comes_back_unknown(tmp_path):
    figures = {"served_share": 0.5, "access_gini": float("nan")}
    plan = dataclasses.replace(small_plan(), figures=figures, baselines={"random": figures})
    with new_run_folder(tmp_path / "run") as part:
        save_plan(plan, part, say=SAY)
    content = json.loads((tmp_path / "run" / "plan.json").read_text(encoding="utf-8"))
    assert content["baselines"] == {"random": {"served_share": 0.5, "access_gini": None}}
    back = load_plan(tmp_path / "run")
    assert math.isnan(back.figures["access_gini"])
    assert math.isnan(back.baselines["random"]["access_gini"])


def test_the_keys_others_read_are_there(saved):
    content = json.loads((saved / "plan.json").read_text(encoding="utf-8"))
    assert content["totals"]["stations"] == 6
    assert content["totals"]["chargers"] == 90
    assert content["totals"]["swap_stations"] == 2
    assert content["status"] == "within_gap"
    assert content["bound"] == 0.934568
    assert content["gap_share"] == 0.00489
    assert content["seed"] == 7
    assert content["sources"][0]["sha256"] == "ab" * 32
    assert content["mark"] == "合成样例数据，不可用于决策 / synthetic sample, not for decisions"


def test_two_runs_give_the_same_bytes(tmp_path):
    texts = []
    for run, date in (("a", "2026-11-22"), ("b", "2027-01-01")):
        plan = dataclasses.replace(small_plan(), timings=Timings(date))
        with new_run_folder(tmp_path / run) as part:
            save_plan(plan, part, say=SAY)
        names = ("plan.json", "sites.csv", "swap_sites.csv")
        texts.append([(tmp_path / run / name).read_bytes() for name in names])
    assert texts[0] == texts[1]
    assert not any(b"\r" in text for text in texts[0])
    assert str(tmp_path).encode() not in b"".join(texts[0])


def test_the_table_opens_in_excel_with_chinese(saved):
    assert (saved / "sites.csv").read_bytes().startswith(b"\xef\xbb\xbfsite_id,name,kind,")
    row = rows(saved / "sites.csv")[0]
    assert row["name"] == "样例0·小区"
    assert row["kind_name"] == "居民小区"
    assert row["zone_name"] == "双龙湖街道"
    assert "合成样例" in row["mark"]
    point = small_plan().sites.geometry.to_crs("EPSG:4326").iloc[0]
    assert (row["lon"], row["lat"]) == (f"{point.x:.6f}".rstrip("0"), f"{point.y:.6f}".rstrip("0"))
    assert len(rows(saved / "sites.csv")) == 6
    assert len(rows(saved / "swap_sites.csv")) == 2


def test_missing_is_an_empty_cell_and_never_zero(saved):
    table = rows(saved / "sites.csv")
    assert [row["spaces"] for row in table] == ["50", "51", "52", "", "54", "55"]
    assert table[2]["utilisation"] == ""
    assert table[3]["name"] == ""
    plan = small_plan()
    unknown = dataclasses.replace(plan.outcome, bound=math.nan, gap_share=math.inf)
    content = runfolder.plan_content(dataclasses.replace(plan, outcome=unknown), say=SAY)
    assert content["bound"] is None
    assert content["gap_share"] is None


def test_a_name_that_is_a_formula_stays_a_name(saved):
    assert rows(saved / "sites.csv")[4]["name"] == "'" + FORMULA
    assert rows(saved / "sites.csv")[1]["name"] == HOSTILE


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=12))
def test_no_cell_starts_as_a_formula_or_breaks_its_row(text):
    cell = plantables.harmless(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert len(cell.splitlines()) <= 1


def test_the_layers_open_with_their_crs_and_mark(saved):
    layers = dict(pyogrio.list_layers(saved / "plan.gpkg"))
    assert set(layers) == {"sites", "swap_sites", "candidates", "assignments", "demand", "zones",
                           "roads", "landscape"}  # fmt: skip
    assert layers["assignments"] is None
    assert gpd.read_file(saved / "plan.gpkg", layer="sites").crs.to_epsg() == 4545
    info = pyogrio.read_info(saved / "plan.gpkg", layer="sites")
    assert "合成样例" in str(info["layer_metadata"])


def test_empty_layers_survive(tmp_path):
    plan = small_plan()
    bare = dataclasses.replace(
        plan, swap_sites=plan.swap_sites.iloc[:0], landscape=plan.landscape.iloc[:0]
    )
    with new_run_folder(tmp_path / "bare") as part:
        save_plan(bare, part, say=SAY)
    back = load_plan(tmp_path / "bare")
    assert set(back.swap_sites.columns) == set(plan.swap_sites.columns)
    assert len(back.landscape) == 0
    assert back.landscape.crs == plan.landscape.crs


def test_a_run_that_fails_leaves_nothing_and_keeps_the_old_one(saved):
    before = (saved / "plan.json").read_bytes()
    with pytest.raises(TypeError), new_run_folder(saved) as part:
        save_plan(dataclasses.replace(small_plan(), timings=object()), part, say=SAY)
    assert (saved / "plan.json").read_bytes() == before
    assert [path.name for path in saved.parent.iterdir()] == ["small"]


def test_a_new_run_replaces_the_old_one_whole(saved):
    (saved / "map.html").write_text("old", encoding="utf-8")
    with new_run_folder(saved) as part:
        save_plan(with_sites(small_plan(), chargers=[1, 1, 1, 1, 1, 1]), part, say=SAY)
    assert not (saved / "map.html").exists()
    assert load_plan(saved).sites["chargers"].tolist() == [1] * 6
    assert [path.name for path in saved.parent.iterdir()] == ["small"]


def test_a_folder_that_is_no_plan_is_not_touched(tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.docx").write_text("years of work", encoding="utf-8")
    with pytest.raises(PlanExistsError, match="is not a plan"), new_run_folder(mine) as part:
        (part / "x").touch()
    assert [path.name for path in tmp_path.rglob("*")] == ["mine", "thesis.docx"]


def test_an_old_plan_comes_back_when_the_last_step_fails(saved, monkeypatch):
    rename = type(saved).rename

    def fail_for_part(self, target):
        if self.name.endswith(".new"):
            raise PermissionError(13, "held open")
        return rename(self, target)

    monkeypatch.setattr(type(saved), "rename", fail_for_part)
    with pytest.raises(OutputError, match="held open"), new_run_folder(saved) as part:
        save_plan(small_plan(), part, say=SAY)
    assert load_plan(saved).run == "small"
    assert [path.name for path in saved.parent.iterdir()] == ["small"]


def test_no_such_run_folder(tmp_path):
    with pytest.raises(InputMissingError, match="no plan here") as caught:
        load_plan(tmp_path / "nowhere")
    assert "siting plan" in caught.value.cure


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": "other"}', "\x00\xff"])
def test_a_broken_plan_json_is_named(saved, text):
    (saved / "plan.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(BrokenFileError) as caught:
        load_plan(saved)
    assert "siting plan" in caught.value.cure


def test_a_plan_json_without_an_entry_is_named(saved):
    content = json.loads((saved / "plan.json").read_text(encoding="utf-8"))
    del content["solver"]
    (saved / "plan.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(BrokenFileError, match="solver"):
        load_plan(saved)


def test_tables_that_are_missing_or_cut_are_named(saved):
    tables = saved / "plan.gpkg"
    whole = tables.read_bytes()
    tables.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BrokenFileError, match=r"plan\.gpkg"):
        load_plan(saved)
    tables.unlink()
    with pytest.raises(InputMissingError, match="lacks its tables"):
        load_plan(saved)


@pytest.mark.parametrize("file", ["plan.json", "timings.json"])
def test_an_entry_that_is_gone_or_of_another_kind_is_told(saved, file):
    whole = json.loads((saved / file).read_text("utf-8"))

    def spoiled(content, depth=3):
        """Yield the content without one of its entries, or with something else in its place."""
        entries = content.items() if isinstance(content, dict) else enumerate(content)
        for key, value in list(entries):
            others = [None, [], {}, "x", -1e300, True]
            if isinstance(value, dict | list) and depth:
                others += spoiled(value, depth - 1)
            for other in others:
                made = copy.copy(content)
                made[key] = other
                yield made
            if isinstance(content, dict):
                yield {name: one for name, one in content.items() if name != key}

    found = list(spoiled(whole))
    told = 0
    for made in random.Random(7).sample(found, min(len(found), 120)):
        (saved / file).write_text(json.dumps(made), encoding="utf-8")
        try:
            load_plan(saved)
        except SitingError as error:
            told += 1
            assert error.exit_code == EXIT_DATA  # noqa: PT017  # what is no matter may pass
            assert error.cure  # noqa: PT017
    assert told


def test_tables_whose_text_is_none_are_broken(saved, monkeypatch):
    def garbled(*_args, **_options):
        return b"\xff".decode("utf-8")

    monkeypatch.setattr("siting.plan.tables.pyogrio.read_dataframe", garbled)
    with pytest.raises(BrokenFileError, match="cannot be read"):
        load_plan(saved)
