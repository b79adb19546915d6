"""Existing stations and substations: lists of every form, all faults at once, merging."""

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer
from shapely import Point

from siting import scenario, tables
from siting.errors import BrokenFileError, DatumError, InputMissingError, TableError
from siting.geo import wgs84_to_gcj02
from siting.inputs.area import load_area
from siting.inputs.files.columns import texts
from siting.inputs.side_layers import load_substations
from siting.inputs.stations import load_stations

BBOX = (106.5, 29.6, 106.7, 29.8)
AREA = load_area(scenario.Area(bbox=BBOX, epsg=4545), overpass=scenario.Overpass())
METRES = Transformer.from_crs(4326, 4545, always_xy=True)
HEAD = "station_id,name,operator,lon,lat,chargers,power_kw,swap,as_of\n"
GOOD = HEAD + (
    "S1,一号站,甲,106.60,29.70,12,720,0,2023-12-31\nS2,二号站,,106.61,29.71,,,是,2023-06-30\n"
)


def on_map(*rows):
    """Make stations of the map: (id, lon, lat, chargers, kind)."""
    ids, lon, lat, chargers, kinds = zip(*rows, strict=True) if rows else ([], [], [], [], [])
    none = [None] * len(ids)
    return gpd.GeoDataFrame(
        {
            "station_id": texts(ids), "name": texts(none), "operator": texts(["图"] * len(ids)),
            "chargers": np.array(chargers, dtype=float), "power_kw": np.full(len(ids), np.nan),
            "swap": np.zeros(len(ids), dtype=bool), "as_of": texts(none),
            "source": texts(["osm"] * len(ids)), "kind": texts(kinds),
        },
        geometry=[Point(METRES.transform(*place)) for place in zip(lon, lat, strict=True)],
        crs=4545,
    )  # fmt: skip


def load(*files, osm=None, datum="wgs84", columns=None, **keys):
    lists = tuple(
        scenario.StationsInput(file=str(file), datum=datum, columns=columns or {}) for file in files
    )
    inputs = scenario.Inputs(osm="x.osm.pbf", stations=lists, **keys)
    stations, notes, sources = load_stations(inputs, on_map() if osm is None else osm, AREA)
    tables.check(stations, tables.STATIONS)
    return stations.set_index("station_id"), dict(notes), sources


def csv(tmp_path, text=GOOD, name="existing.csv", encoding="utf-8-sig"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_csv_in_each_encoding(tmp_path, encoding):
    stations, _, sources = load(csv(tmp_path, encoding=encoding))
    one = stations.loc["file:existing/S1"]
    assert (one["name"], one["operator"], one["chargers"], one["power_kw"]) == (
        "一号站",
        "甲",
        12,
        720,
    )
    assert not one["swap"]
    assert one.geometry.distance(Point(METRES.transform(106.60, 29.70))) < 0.01
    assert (sources[0].origin, sources[0].as_of) == ("existing.csv", "2023-12-31")


def test_an_unknown_number_is_missing_and_not_zero(tmp_path):
    stations, notes, _ = load(csv(tmp_path))
    two = stations.loc["file:existing/S2"]
    assert np.isnan(two["chargers"])
    assert np.isnan(two["power_kw"])
    assert pd.isna(two["operator"])
    assert two["swap"]
    assert notes["chargers_unknown"] == {"count": 1, "of": 2}


@pytest.mark.parametrize("separator", [";", "\t"])
def test_other_separators(tmp_path, separator):
    stations, _, _ = load(csv(tmp_path, GOOD.replace(",", separator)))
    assert len(stations) == 2


def test_columns_are_mapped(tmp_path):
    text = GOOD.replace("station_id", "编号").replace("chargers", "桩数").replace("lon", "经度")
    columns = {"station_id": "编号", "chargers": "桩数", "lon": "经度"}
    stations, _, _ = load(csv(tmp_path, text), columns=columns)
    assert stations["chargers"].sum() == 12


def test_missing_columns_are_named_with_those_there(tmp_path):
    text = GOOD.replace("lon,lat", "x,y").replace("chargers", "桩数")
    with pytest.raises(TableError) as caught:
        load(csv(tmp_path, text), columns={"name": "名称", "stalls": "n"})
    text = str(caught.value)
    for part in (
        "'lon' (for lon)",
        "'lat' (for lat)",
        "'chargers'",
        "'名称'",
        "'stalls' is no column",
    ):
        assert part in text
    assert "x, y, 桩数" in caught.value.cure


def test_a_file_that_truly_has_no_counts_can_say_so(tmp_path):
    text = "\n".join(
        ",".join(line.split(",")[:5]) for line in GOOD.splitlines()
    )  # fmt: skip
    stations, _, _ = load(csv(tmp_path, text), columns={"chargers": ""})
    assert stations["chargers"].isna().all()


def test_a_list_without_ids_goes_by_its_rows_and_says_so(tmp_path):
    text = "桩数,经度,纬度\n12,106.60,29.70\n\n4,106.61,29.71\n"
    columns = {"chargers": "桩数", "lon": "经度", "lat": "纬度"}
    stations, notes, _ = load(csv(tmp_path, text), columns=columns)
    assert stations["chargers"].to_dict() == {
        "file:existing/row-2": 12,
        "file:existing/row-4": 4,
    }
    assert notes["ids_by_row"] == {"file": "existing.csv", "count": 2}
    assert "ids_by_row" not in load(csv(tmp_path))[1]


def test_an_id_that_is_asked_for_must_be_there(tmp_path):
    with pytest.raises(TableError, match=r"column '编号' \(for station_id\)"):
        load(csv(tmp_path), columns={"station_id": "编号"})


def test_the_cure_for_missing_columns_can_be_copied(tmp_path):
    text = GOOD.replace("chargers", "桩数")
    with pytest.raises(TableError) as caught:
        load(csv(tmp_path, text))
    assert 'columns = { chargers = "" }' in caught.value.cure
    assert 'columns = { chargers = "桩数" }' in caught.value.cure


def test_faults_stand_in_the_order_of_their_rows(tmp_path):
    rows = [f"S,a{number},,106.6,29.7,1,,," for number in range(4)] + [
        "T,a,,x,29.7,1,,,",
        "U,a,,106.6,29.7,-1,,maybe,",
    ]
    with pytest.raises(TableError) as caught:
        load(csv(tmp_path, HEAD + "\n".join(rows) + "\n"))
    lines = [line for line in str(caught.value).splitlines() if "- row" in line]
    assert [line.split()[2].strip(",:") for line in lines] == ["2", "6", "7", "7"]


def test_every_fault_of_a_file_is_named_at_once_with_its_row(tmp_path):
    text = HEAD + (
        "S1,a,,106.60,29.70,twelve,,,\n"
        "S2,b,,,29.70,3,,,\n"
        "S3,c,,29.70,106.60,3,,,\n"
        "S4,d,,406.60,29.70,3,,,\n"
        "S1,e,,106.61,29.71,3,,,\n"
        "\n"
        ",f,,106.62,29.71,-3,1e999,maybe,\n"
        "S7,g,,0,0,2.5,,,\n"
    )
    with pytest.raises(TableError) as caught:
        load(csv(tmp_path, text))
    found = str(caught.value)
    for part in (
        "row 2: chargers is no number: 'twelve'",
        "row 3: lon is missing",
        "row 4: coordinates are swapped",
        "row 5: coordinates are outside the world",
        "rows 2, 6: station_id 'S1' is used 2 times",
        "row 8: station_id is missing",
        "row 8: chargers is below 0: -3",
        "row 8: power_kw is no finite number",
        "row 8: swap is neither yes nor no: 'maybe'",
        "row 9: coordinates are 0, 0",
        "row 9: chargers is no whole number: 2.5",
        "has 11 fault(s)",
    ):
        assert part in found, part
    assert caught.value.exit_code == 3


def test_the_datum_must_be_declared_and_may_not_be_contradicted(tmp_path):
    with pytest.raises(DatumError, match="wgs84 would have been assumed"):
        load(csv(tmp_path), datum=None)
    lines = GOOD.splitlines()
    text = "\n".join([lines[0] + ",datum", *(line + ",GCJ-02" for line in lines[1:])])
    with pytest.raises(DatumError, match="says gcj02"):
        load(csv(tmp_path, text))


def test_a_list_in_gcj02_lands_where_it_belongs(tmp_path):
    lon, lat = wgs84_to_gcj02(np.array([106.60]), np.array([29.70]))
    text = HEAD + f"S1,a,,{lon[0]:.7f},{lat[0]:.7f},3,,,\n"
    stations, _, _ = load(csv(tmp_path, text), datum="gcj02")
    assert stations.geometry.iloc[0].distance(Point(METRES.transform(106.60, 29.70))) < 0.05


def test_stations_outside_are_dropped_and_counted(tmp_path):
    text = GOOD + "S3,c,,106.80,29.70,3,,,\n"
    stations, notes, _ = load(csv(tmp_path, text))
    assert len(stations) == 2
    assert notes["stations_outside"] == {"file": "existing.csv", "count": 1, "rows": [4]}


def test_a_list_that_lies_outside_altogether_is_refused(tmp_path):
    text = HEAD + "S1,a,,114.06,22.54,3,,,\nS2,b,,114.07,22.55,3,,,\n"
    with pytest.raises(TableError, match=r"all 2 stations.*lie outside the area") as caught:
        load(csv(tmp_path, text))
    assert "swapped" in caught.value.cure
    assert "datum" in caught.value.cure


def test_a_workbook(tmp_path):
    path = tmp_path / "existing.xlsx"
    book = openpyxl.Workbook()
    book.active.append(HEAD.strip().split(","))
    book.active.append([500112, "一号站", None, 106.60, 29.70, 12, 720.5, 0, "2023-12-31"])
    book.save(path)
    stations, _, _ = load(path)
    assert stations.index.tolist() == ["file:existing/500112"]
    assert stations["chargers"].tolist() == [12]


def test_a_broken_workbook_a_missing_sheet_an_empty_file(tmp_path):
    path = tmp_path / "existing.xlsx"
    path.write_bytes(b"PK not really")
    with pytest.raises(BrokenFileError):
        load(path)
    with pytest.raises(TableError, match="is empty"):
        load(csv(tmp_path, ""))
    with pytest.raises(InputMissingError):
        load(tmp_path / "gone.csv")


@pytest.mark.parametrize("ending", ["gpkg", "geojson"])
def test_a_vector_file(tmp_path, ending):
    path = tmp_path / f"existing.{ending}"
    gpd.GeoDataFrame(
        {"station_id": ["S1", "S2"], "chargers": [12.0, None], "swap": [True, False]},
        geometry=[Point(106.60, 29.70), Point(106.61, 29.71)], crs=4326,
    ).to_file(path)  # fmt: skip
    stations, _, _ = load(path)
    assert stations.loc["file:existing/S1", "chargers"] == 12
    assert np.isnan(stations.loc["file:existing/S2", "chargers"])
    assert stations["swap"].tolist() == [True, False]


def test_a_station_of_the_map_near_a_listed_one_is_the_same(tmp_path):
    osm = on_map(
        ("node/1", 106.6003, 29.70, 99, "charging_station"),
        ("node/2", 106.6102, 29.71, 8, "charging_station"),
        ("node/3", 106.65, 29.75, 4, "charging_station"),
    )
    stations, notes, _ = load(csv(tmp_path), osm=osm)
    assert sorted(stations.index) == ["file:existing/S1", "file:existing/S2", "node/3"]
    one, two = stations.loc["file:existing/S1"], stations.loc["file:existing/S2"]
    assert (one["chargers"], one["operator"], one["merged_ids"]) == (12, "甲", "node/1")
    assert (two["chargers"], two["operator"], two["merged_ids"]) == (8, "图", "node/2")
    assert one["source"] == "existing.csv+osm"
    assert notes["stations_merged"]["ids"] == ["file:existing/S1", "file:existing/S2"]


def test_the_distance_of_merging_is_a_setting(tmp_path):
    osm = on_map(("node/1", 106.6003, 29.70, 99, "charging_station"))
    assert len(load(csv(tmp_path), osm=osm, merge_stations_m=20)[0]) == 3
    assert len(load(csv(tmp_path), osm=osm, merge_stations_m=0)[0]) == 3
    assert len(load(csv(tmp_path), osm=osm, osm_stations=False)[0]) == 2


def test_rows_of_one_list_are_never_merged(tmp_path):
    text = HEAD + "S1,a,,106.6000,29.70,3,,,\nS2,b,,106.6001,29.70,4,,,\n"
    assert load(csv(tmp_path, text))[0]["chargers"].tolist() == [3, 4]


def test_an_earlier_list_wins_over_a_later_one(tmp_path):
    first = csv(tmp_path, HEAD + "S1,a,,106.6000,29.70,,60,,\n", "first.csv")
    second = csv(tmp_path, HEAD + "S1,b,,106.6001,29.70,7,90,1,\n", "second.csv")
    stations, _, sources = load(first, second)
    (one,) = stations.itertuples()
    assert (one.Index, one.name, one.chargers, one.power_kw) == ("file:first/S1", "a", 7, 60)
    assert one.swap
    assert one.merged_ids == "file:second/S1"
    assert [source.origin for source in sources] == ["first.csv", "second.csv"]


def test_lists_of_one_name_keep_their_ids_apart(tmp_path):
    (tmp_path / "b").mkdir()
    one = csv(tmp_path, HEAD + "S1,a,,106.60,29.70,3,,,\n")
    two = csv(tmp_path / "b", HEAD + "S1,b,,106.65,29.70,3,,,\n")
    assert sorted(load(one, two)[0].index) == ["file:existing-2/S1", "file:existing/S1"]


def test_the_map_alone_is_no_baseline_and_the_plan_says_so():
    osm = on_map(("node/1", 106.60, 29.70, None, "charging_station"))
    stations, notes, sources = load(osm=osm)
    assert stations.index.tolist() == ["node/1"]
    assert notes["no_baseline"] == {"from_map": 1}
    assert not sources
    assert load()[1]["no_baseline"] == {"from_map": 0}


def test_charge_points_count_towards_the_station_they_stand_at():
    osm = on_map(
        ("node/1", 106.6000, 29.70, None, "charging_station"),
        ("node/2", 106.6001, 29.70, 1, "charge_point"),
        ("node/3", 106.6002, 29.70, 1, "charge_point"),
        ("node/4", 106.6500, 29.70, 1, "charge_point"),
        ("node/5", 106.6501, 29.70, 1, "charge_point"),
        ("node/6", 106.6800, 29.70, 6, "charging_station"),
        ("node/7", 106.6801, 29.70, 1, "charge_point"),
        ("way/8", 106.6802, 29.70, None, "charging_station"),
    )
    stations, _, _ = load(osm=osm)
    assert stations["chargers"].to_dict() == {"node/1": 2, "node/4": 2, "node/6": 6}
    assert stations["merged_ids"].to_dict() == {
        "node/1": "node/2+node/3", "node/4": "node/5", "node/6": "way/8+node/7",
    }  # fmt: skip


@settings(deadline=None, max_examples=25)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 60), st.integers(0, 60), st.one_of(st.none(), st.integers(1, 20)),
            st.sampled_from(["charging_station", "charge_point"]),
        ),
        max_size=12,
    )
)  # fmt: skip
def test_no_station_of_the_map_is_lost_or_counted_twice(spots):
    rows = [
        (f"node/{number}", 106.60 + x * 1e-4, 29.70 + y * 1e-4, chargers, kind)
        for number, (x, y, chargers, kind) in enumerate(spots)
    ]
    stations, _, _ = load(osm=on_map(*rows))
    names = [*stations.index]
    for merged in stations["merged_ids"].dropna():
        names += merged.split("+")
    assert sorted(names) == sorted(row[0] for row in rows)


def test_real_lists_of_shenzhen(shared):
    area = load_area(scenario.Area(bbox=(113.7, 22.4, 114.7, 22.9)), overpass=scenario.Overpass())
    given_list = scenario.StationsInput(
        file=str(shared / "data/shenzhen-stations/stevcdp_stations.csv"), datum="gcj02",
        columns={"lon": "longitude", "lat": "latitude", "chargers": "count"},
    )  # fmt: skip
    inputs = scenario.Inputs(osm="x.osm.pbf", stations=(given_list,))
    stations, _, _ = load_stations(inputs, on_map().to_crs(area.crs), area)
    assert len(stations) == 1706 - 62, "62 of the list have 0 chargers"
    assert stations["chargers"].sum() == 22872


def substations(tmp_path, text, **keys):
    path = tmp_path / "substations.csv"
    path.write_text(text, encoding="utf-8")
    given_list = scenario.SubstationsInput(file=str(path), **{"datum": "wgs84", **keys})
    none = gpd.GeoDataFrame({"substation_id": texts([])}, geometry=[], crs=4545)
    return load_substations(given_list, none, AREA)


def test_substations_of_a_list(tmp_path):
    text = "substation_id,name,lon,lat,headroom_kw\nA,甲站,106.60,29.70,6600\nB,,106.75,29.70,\n"
    frame, notes, sources = substations(tmp_path, text)
    tables.check(frame, tables.SUBSTATIONS)
    assert frame["substation_id"].tolist() == ["file:substations/A", "file:substations/B"]
    assert np.isnan(frame["headroom_kw"].iloc[1])
    assert dict(notes)["headroom_unknown"] == {"count": 1, "of": 2}
    assert sources[0].name == "substations"


def test_substations_have_the_same_faults(tmp_path):
    text = "substation_id,name,lon,lat,headroom_kw\nA,甲站,106.60,29.70,lots\nA,,29.70,106.60,\n"
    with pytest.raises(TableError, match=r"has 3 fault\(s\)"):
        substations(tmp_path, text)
    with pytest.raises(DatumError):
        substations(tmp_path, text, datum=None)


def test_without_a_list_the_map_s_are_used_and_told():
    osm = gpd.GeoDataFrame({"substation_id": texts(["node/1"])}, geometry=[Point(0, 0)], crs=4545)
    frame, notes, sources = load_substations(None, osm, AREA)
    assert frame is osm
    assert dict(notes) == {"substations_from_map": {"count": 1}}
    assert not sources


def test_made_up_lists_say_so(tmp_path):
    lines = GOOD.splitlines()
    text = "\n".join([lines[0] + ",note", *(line + ",合成样例" for line in lines[1:])])
    assert load(csv(tmp_path, text))[2][0].synthetic
    assert not load(csv(tmp_path))[2][0].synthetic
