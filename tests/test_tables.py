from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from siting import tables
from siting.errors import TableError
from siting.tables import TABLES, Column, Table, check

CRS = "EPSG:4545"


def zones(**changes):
    columns = {
        "zone_id": ["500112001", "500112002", "uncovered"],
        "name": ["双龙湖街道", "回兴街道", "未覆盖"],
        "name_en": ["Shuanglonghu", None, None],
        "kind": ["subdistrict", "subdistrict", "uncovered"],
        "managed_by": ["district", "district", None],
        "population": [120_000.0, 90_000.0, np.nan],
        "population_quality": ["exact", "rounded", "missing"],
        "geometry": [shapely.box(i, 0, i + 1, 1) for i in range(3)],
    }
    return gpd.GeoDataFrame(columns | changes, crs=CRS)


def faults(frame, table=tables.ZONES):
    with pytest.raises(TableError) as caught:
        check(frame, table)
    return [
        line.removeprefix("    - ") for line in str(caught.value).splitlines() if "    - " in line
    ]


def test_a_good_table_passes_and_stays_as_it_was():
    frame = zones(further=["a", "b", "c"])
    before = frame.copy(deep=True)
    check(frame, tables.ZONES)
    assert frame.equals(before)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"zone_id": ["a", "b", "a"]}, "column 'zone_id' repeats a"),
        ({"zone_id": [1, 2, 3]}, "column 'zone_id' should be str, is int64"),
        ({"name": ["甲", None, "丙"]}, "column 'name' has missing values in row(s) 3"),
        ({"population": ["many", "few", None]}, "column 'population' should be float"),
        ({"population": [True, False, True]}, "column 'population' should be float, is bool"),
        ({"population": [5.0, -1.0, -2.0]}, "column 'population' is below 0 people in row(s) 3, 4"),
        ({"population": [5.0, np.inf, np.nan]}, "column 'population' is infinite in row(s) 3"),
        (
            {"population_quality": ["exact", "guess", "exact"]},
            "column 'population_quality' holds guess; allowed: exact, rounded, suspect",
        ),
        (
            {"geometry": [shapely.Point(), shapely.Point(1, 1), shapely.Point(2, 2)]},
            "column 'geometry' is empty in row(s) 2",
        ),
        (
            {"geometry": [shapely.Point(0, 0), None, shapely.Point(2, 2)]},
            "column 'geometry' has missing values in row(s) 3",
        ),
    ],
)
def test_each_fault_is_named(changes, fault):
    (line,) = faults(zones(**changes))
    assert line.startswith(fault)


def test_an_object_column_of_mixed_values_is_no_text():
    (line,) = faults(zones(name=pd.Series(["甲", 5, "丙"], dtype=object)))
    assert line == "column 'name' should be str, is object"


def test_a_missing_or_doubled_column_is_named():
    assert faults(zones().drop(columns="kind")) == ["column 'kind' is missing"]
    twice = pd.concat([zones(), zones()[["kind"]]], axis=1)
    assert faults(twice) == ["column 'kind' stands twice"]


def test_an_empty_table_is_a_fault_unless_it_may_be():
    assert faults(zones().iloc[:0])[0] == "it has no rows"
    stations = gpd.GeoDataFrame(
        {column.name: pd.Series(dtype=dtype_of(column)) for column in tables.STATIONS.columns[:-1]},
        geometry=gpd.GeoSeries(dtype="geometry"),
        crs=CRS,
    )
    check(stations, tables.STATIONS)


def dtype_of(column):
    return {"str": "str", "float": "float64", "bool": "bool", "int": "int64"}[column.dtype]


def test_the_frame_must_be_in_metres():
    assert faults(zones().to_crs(4326)) == ["geometry is not in a metric CRS (it is in WGS 84)"]
    feet = zones().to_crs(2263)
    assert faults(feet)[0].startswith("geometry is not in a metric CRS (it is in NAD83")
    assert faults(zones().set_crs(None, allow_override=True)) == ["geometry has no CRS"]


def test_every_fault_is_named_at_once_with_the_place():
    bad = zones(zone_id=["a", "a", "b"], population=[-1.0, 1.0, 2.0]).drop(columns=["kind", "name"])
    with pytest.raises(TableError) as caught:
        check(bad, tables.ZONES, where="zones.gpkg")
    text = str(caught.value)
    assert "table 'zones' breaks its contract in 4 place(s) (the header is row 1)" in text
    assert caught.value.where == "zones.gpkg"
    for part in ("'zone_id' repeats a", "'kind' is missing", "'name' is missing", "below 0 people"):
        assert part in text


def test_long_lists_are_cut_and_counted():
    table = Table("t", "a test", (Column("n", "int", "a number", low=0),))
    (line,) = faults(pd.DataFrame({"n": np.full(12, -1)}), table)
    assert line == "column 'n' is below 0 in row(s) 2, 3, 4, 5, 6 and 7 more"


@settings(max_examples=50, deadline=None)
@given(st.lists(st.one_of(st.none(), st.floats(-2, 2)), min_size=1, max_size=8))
def test_a_share_is_refused_exactly_when_a_value_lies_outside(values):
    table = Table("t", "a test", (Column("x", "float", "x", nullable=True, low=0, high=1),))
    frame = pd.DataFrame({"x": pd.Series(values, dtype=float)})
    if all(value is None or 0 <= value <= 1 for value in values):
        check(frame, table)
    else:
        assert faults(frame, table)


def test_reach_holds_its_ids_as_categories():
    reach = pd.DataFrame(
        {
            "demand_id": pd.Categorical(["d1", "d2"]),
            "site_id": pd.Categorical(["s1", "s1"]),
            "distance_m": [10.0, 20.0],
            "time_s": [1.0, 2.0],
        }
    )
    check(reach, tables.REACH)
    assert faults(reach.astype({"site_id": "str"}), tables.REACH)[0].startswith(
        "column 'site_id' should be category"
    )


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_the_contracts_keep_the_house_rules(table):
    names = table.column_names
    assert len(set(names)) == len(names)
    for column in table.columns:
        assert column.meaning
        ending = column.name.rpartition("_")[2]
        unit = {"m": "m", "s": "s", "kw": "kW", "m2": "m2"}.get(ending)
        if unit is not None:
            assert column.unit == unit, column.name
        if column.dtype in {"int", "float"} and column.unit:
            assert column.low is not None, (
                f"{column.name}: a quantity with a unit has a least value"
            )
    if table.has_geometry:
        assert names[-1] == "geometry"


def test_the_catalogue_holds_every_table_under_its_name():
    declared = {value.name: value for value in vars(tables).values() if isinstance(value, Table)}
    assert declared == TABLES
