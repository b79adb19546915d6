"""The registry of a plan's columns: complete, read by every output, and held before saving."""

from __future__ import annotations

import ast
import csv
import dataclasses
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import get_args

import openpyxl
import pytest
from plans import HOSTILE, phased_plan, small_plan
from test_webmap import data_of

from siting.errors import BrokenFileError, TableError
from siting.outputs import words
from siting.outputs.gis import make_layers
from siting.outputs.map import make_map
from siting.outputs.paper import all_bodies
from siting.outputs.paper.bodies import TO_FILL, layout
from siting.outputs.report import Grid, make_report
from siting.outputs.workbook import write_workbook
from siting.plan import described as readable
from siting.plan.described import described, heading
from siting.plan.folder import load_plan, save_plan
from siting.scenario.model_blocks import Limit, Senses
from siting.tables.contract import DType
from siting.tables.fields import CHARGING, FACILITIES, OUTPUTS, TOTALS, ZONE, fields, shown

PACKAGE = Path(__file__).parents[1] / "siting"
EVERY = [*fields().values(), *fields(zone=True).values()]
SAY = words.speaker("en")
TABLES = {one.key for one in FACILITIES} | {"candidate", "stopped", ZONE}
SIGNS = {"kW": "kW", "kVA": "kVA", "kWh/day": "kWh", "min": "min", "m2": "m²"}


@pytest.fixture(scope="module")
def plan():
    return phased_plan(language="en")


@pytest.fixture(scope="module")
def page(plan):
    return data_of(make_map(plan))


@pytest.mark.parametrize("field", EVERY, ids=lambda field: field.word)
def test_each_row_says_what_its_column_is(field):
    assert field.column.dtype in get_args(DType)
    assert field.column.meaning
    assert field.of
    assert field.of <= TABLES
    assert field.quiet <= {*OUTPUTS, "paper"}
    made = readable._OF_ZONES if ZONE in field.of else readable._OF_PLACES
    assert field.made == (field.key in made)
    if field.sums:
        assert field.digits is not None
    if field.column.dtype in {"float", "int"} and field.places and field.column.unit != "year":
        files_only = set(field.places) == {"csv"}
        assert files_only or field.digits is not None, "people read it: say how many digits"


@pytest.mark.parametrize("field", EVERY, ids=lambda field: field.word)
def test_what_people_read_has_a_name_and_a_heading_with_its_unit(field):
    read = set(field.places) & {"popup", "workbook", "report"} or field.width is not None
    if read and field.key != "chargers_<class>":
        assert set(field.names) == set(field.heads) == {"zh", "en"}
        told = field.places.keys() & {"workbook"} or field.width is not None
        if told and field.column.unit in SIGNS:
            assert all(SIGNS[field.column.unit] in head for head in field.heads.values())


def test_a_restricted_column_is_in_no_output_for_others():
    for field in EVERY:
        assert not field.restricted or set(field.places) <= {"csv"}, field.key


def test_bodies_ask_for_columns_that_a_handout_can_have():
    for body in all_bodies(small_plan()):
        for key in body.columns:
            assert key in TO_FILL or layout(key).weight > 0


def test_each_popup_shows_the_columns_of_the_registry(plan, page):
    tables = {one.marks: (one.key, getattr(plan, one.table)) for one in plan.facilities}
    tables["candidates"] = ("candidate", plan.candidates)
    tables["zones"] = (ZONE, plan.zones)
    for name, (of, frame) in tables.items():
        rows = {key: label for label, key, *_ in page["facts"][name]}
        known = described(plan, frame, shown("popup", of, frame.columns), SAY).columns
        wanted = [key for key in shown("popup", of, frame.columns)
                  if key in known or key == "near"]  # fmt: skip
        assert list(rows) == wanted
        assert set(rows) <= set(page[name])
        for key, label in rows.items():
            assert label == SAY(fields(zone=of == ZONE)[key].word)


def test_sheets_layers_files_and_report_show_them_too(plan, tmp_path):
    write_workbook(plan, tmp_path / "plan.xlsx", language="en", date="")
    book = openpyxl.load_workbook(tmp_path / "plan.xlsx")
    layers = make_layers(plan, language="en", crs=plan.crs)
    save_plan(plan, tmp_path, say=SAY)
    for one in plan.facilities:
        frame = getattr(plan, one.table)
        heads = [heading(key, SAY) for key in shown("workbook", one.key, frame.columns)]
        sheet = book[SAY(f"book.{one.table}")]
        assert [cell.value for cell in sheet[4]] == heads
        layer = layers[SAY(f"layer.file_{one.table}")]
        assert list(layer.columns) == [*shown("layers", one.key, frame.columns), "geometry"]
        with (tmp_path / f"{one.table}.csv").open(encoding="utf-8-sig", newline="") as file:
            assert next(csv.reader(file)) == shown("csv", one.key, frame.columns)
    zones = [heading(key, SAY, zone=True) for key in shown("workbook", ZONE, plan.zones.columns)]
    assert [cell.value for cell in book[SAY("book.zones")][4]] == zones
    grids = [block for block in make_report(plan, language="en", date="", picture=False)
             if isinstance(block, Grid)]  # fmt: skip
    for of, frame in ((CHARGING.key, plan.sites), (ZONE, plan.zones)):
        keys = shown("report", of, frame.columns)
        heads = tuple(heading(key, SAY, zone=of == ZONE) for key in keys)
        assert heads in [grid.headers for grid in grids]


def test_a_new_column_takes_the_place_of_the_one_it_follows(monkeypatch):
    known = fields()
    twin = dataclasses.replace(
        known["power_kw"], column=dataclasses.replace(known["power_kw"].column, name="more_kw")
    )
    more = {}
    for key, field in known.items():
        more |= {key: field} | ({"more_kw": twin} if key == "power_kw" else {})
    monkeypatch.setattr("siting.tables.fields.fields", lambda *, zone=False: more)
    found = shown("workbook", "swap", ["power_kw", "kva", "more_kw"])
    at = found.index("power_kw")
    assert found[at : at + 3] == ["power_kw", "more_kw", "kva"]


@pytest.mark.parametrize(
    ("table", "changes", "fault"),
    [
        ("sites", {"chargers": -1}, "column 'chargers' is below 0"),
        ("sites", {"load_kwh_day": None}, "column 'load_kwh_day' has missing values"),
        ("sites", {"chargers_fast_dc": 0.5}, "column 'chargers_fast_dc' should be int"),
        ("swap_sites", {"power_kw": "much"}, "column 'power_kw' should be float"),
        ("zones", {"stations": 1.5}, "column 'stations' should be int"),
    ],
)
def test_a_table_that_breaks_its_contract_is_not_saved(tmp_path, table, changes, fault):
    plan = small_plan()
    bad = dataclasses.replace(plan, **{table: getattr(plan, table).assign(**changes)})
    with pytest.raises(TableError, match=fault):
        save_plan(bad, tmp_path, say=SAY)
    assert not list(tmp_path.iterdir())


def test_a_file_changed_by_others_is_refused_with_the_column(tmp_path):
    save_plan(small_plan(), tmp_path, say=SAY)
    with closing(sqlite3.connect(tmp_path / "plan.gpkg")) as base, base:
        base.execute("ALTER TABLE sites RENAME COLUMN chargers TO piles")
    with pytest.raises(BrokenFileError, match="column 'chargers' is missing") as caught:
        load_plan(tmp_path)
    assert "siting plan" in caught.value.cure


def test_plans_without_optional_columns_and_without_rows_are_read(tmp_path):
    plan = small_plan()
    optional = [key for key, one in fields().items() if one.column.optional]
    bare = plan.sites.drop(columns=[key for key in optional if key in plan.sites.columns])
    save_plan(dataclasses.replace(plan, sites=bare, swap_sites=plan.swap_sites.iloc[:0]),
              tmp_path, say=SAY)  # fmt: skip
    back = load_plan(tmp_path)
    assert len(back.sites) == len(plan.sites)
    assert back.swap_sites.empty
    assert data_of(make_map(back))["stations"]["chargers"] == plan.sites["chargers"].tolist()


def test_an_unknown_price_is_missing_and_not_told_as_an_existing_station():
    plan = small_plan()
    sites = plan.sites.assign(cost_cny=float("nan"), cost_high_cny=float("nan"))
    told = described(plan, sites, ["cost_range"], SAY)["cost_range"]
    assert told.isna().all()


def test_hostile_codes_stay_text():
    plan = small_plan()
    sites = plan.sites.assign(kind=HOSTILE)
    named = described(plan, sites, ["kind_name"], SAY)["kind_name"]
    assert set(named) == {HOSTILE}
    assert HOSTILE not in make_map(dataclasses.replace(plan, sites=sites))


def lists_of_texts():
    """Yield file and texts of each tuple, list and set of texts in the package."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
                texts = [getattr(one, "value", None) for one in node.elts]
                if texts and all(isinstance(text, str) for text in texts):
                    yield path.relative_to(PACKAGE).as_posix(), texts


def test_the_three_totals_are_written_once():
    found = {file for file, texts in lists_of_texts() if set(texts) == set(TOTALS)}
    assert found <= {"scenario/model_blocks.py"}  # the type of rules.limits.count
    assert tuple(Senses.model_fields) == TOTALS
    assert get_args(Limit.model_fields["count"].annotation) == TOTALS
    assert TOTALS == ("stations", "chargers", "swap_stations")


def test_no_output_lists_columns_of_its_own():
    keys = set(fields()) - {"kind", "name", "owner", "score"}
    own = {
        file: texts
        for file, texts in lists_of_texts()
        if file.startswith(("outputs/", "cli/", "comparison/"))
        and sum(text in keys for text in texts) > 3
    }
    # who sees what on paper, and in which order
    assert set(own) == {"outputs/paper/bodies.py"}


def test_every_column_a_plan_has_is_in_the_registry():
    known = fields()
    plan = small_plan()
    assert set(plan.swap_sites.columns) - {"geometry"} <= set(known)
    for name in ("sites", "zones"):
        frame = getattr(plan, name)
        table = fields(zone=name == "zones")
        for column in frame.columns.drop("geometry"):
            fits = [one for one in table.values() if one.column.part(column) is not None]
            assert column in table or fits, column
