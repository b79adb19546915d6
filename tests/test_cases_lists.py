"""Lists and layers as offices keep them: each kind is made anew and must give its right answer."""

from __future__ import annotations

import datetime as dt
import json
import time

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st

from siting import scenario, tables
from siting.errors import BrokenFileError, DataError, ScenarioError, TableError
from siting.inputs.area import load_area
from siting.inputs.files.columns import texts
from siting.inputs.files.coordinates import read_pairs
from siting.inputs.files.decode import decoded, guess_encoding
from siting.inputs.files.numbers import read_number
from siting.inputs.files.services import polygon_of
from siting.inputs.files.sheets import MISSING, read_table
from siting.inputs.side_layers import load_substations
from siting.inputs.stations import load_stations
from siting.inputs.world import read_lists
from siting.inputs.zones import load_zones
from siting.outputs.words import note_text

BBOX = (106.5, 29.6, 106.7, 29.8)
AREA = load_area(scenario.Area(bbox=BBOX, epsg=4545), overpass=scenario.Overpass())
ROWS = [("北站", 106.601, 29.701, 10), ("东站", 106.6045, 29.7035, 4), ("南站", 106.596, 29.696, 2)]
NAMED = {"name": "名称", "lon": "经度", "lat": "纬度", "chargers": "桩数"}
HEAD = ["名称", "经度", "纬度", "桩数"]


def nothing():
    columns = ("station_id", "name", "operator", "as_of", "source", "kind")
    return gpd.GeoDataFrame(
        {name: texts([]) for name in columns}
        | {"chargers": np.empty(0), "power_kw": np.empty(0), "swap": np.empty(0, dtype=bool)},
        geometry=[], crs=4545,
    )  # fmt: skip


def load(path, **keys):
    given_list = scenario.StationsInput(file=str(path), **{"datum": "wgs84", **keys})
    inputs = scenario.Inputs(osm="x.osm", stations=(given_list,), osm_as_of=keys.pop("as_of", None))
    stations, notes, _ = load_stations(inputs, nothing(), AREA)
    tables.check(stations, tables.STATIONS)
    for note in notes:
        for language in ("zh", "en"):
            assert note_text(note, language)
    return stations.set_index("name"), dict(notes)


def text_file(folder, lines, name="list.csv", encoding="utf-8-sig"):
    path = folder / name
    path.write_bytes("\n".join(lines).encode(encoding))
    return path


def csv_of(rows, header=HEAD, separator=","):
    return [separator.join(header), *(separator.join(map(str, row)) for row in rows)]


def book(folder, *rows, name="ledger.xlsx", merged=()):
    path = folder / name
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(list(row))
    for cells in merged:
        made.active.merge_cells(cells)
    made.save(path)
    return path


def right(stations):
    """Whether the three stations stand with their 16 chargers where they should."""
    assert stations["chargers"].to_dict() == {"北站": 10, "东站": 4, "南站": 2}
    there = stations.geometry.to_crs(4326)
    for name, lon, lat, _ in ROWS:
        assert (there[name].x, there[name].y) == pytest.approx((lon, lat), abs=1e-6)


# --- reading: title, header, sums ------------------------------------------------------------


@pytest.mark.parametrize("titles", [0, 1, 3])
@pytest.mark.parametrize("total", [None, "合计", "总 计", "小计：", "Total"])
def test_a_ledger_with_titles_and_sums(tmp_path, titles, total):
    above = [["公共充电设施台账（截至2024年12月）"], ["填报单位：某局"], []][:titles]
    below = [[total, None, None, 16]] if total else []
    path = book(tmp_path, *above, HEAD, *ROWS, *below, merged=["A1:D1"] if titles else [])
    stations, notes = load(path, columns=NAMED)
    right(stations)
    assert ("header_found" in notes) == (titles > 0)
    assert ("sum_rows" in notes) == (total is not None)


def test_a_header_in_two_rows_and_sums_in_between(tmp_path):
    path = book(
        tmp_path, ["台账"], ["名称", "位置", None, "充电桩数", None],
        [None, "经度", "纬度", "快充", "慢充"],
        ["北站", 106.601, 29.701, 8, 2], ["小计", None, None, 8, 2],
        ["东站", 106.6045, 29.7035, 0, 4],
        ["南站", 106.596, 29.696, 2, None], ["合计", None, None, 10, 6],
        ["注：数据来自各运营商"],
        merged=["A1:E1", "A2:A3", "B2:C2", "D2:E2"],
    )  # fmt: skip
    columns = {**NAMED, "chargers": ["快充", "慢充"]}
    for more in ({}, {"header_row": [2, 3]}):
        stations, notes = load(path, columns=columns, **more)
        right(stations)
        assert notes["sum_rows"]["rows"] == [5, 8]
        assert notes["remark_rows"]["rows"] == [9]
        assert notes["header_found"]["rows"] == "2, 3"


def test_the_row_of_the_header_can_be_said_and_a_wrong_one_is_refused(tmp_path):
    path = book(tmp_path, ["甲", "乙", "丙", "丁"], HEAD, *ROWS)
    right(load(path, columns=NAMED, header_row=2)[0])
    with pytest.raises(TableError, match="does not have the columns"):
        load(path, columns=NAMED, header_row=1)
    with pytest.raises(TableError, match="no header in row 40"):
        load(path, columns=NAMED, header_row=40)


def test_a_title_above_a_csv_and_a_name_that_is_a_word_for_a_sum(tmp_path):
    rows = [*ROWS, ("总和广场站", 106.59, 29.69, 3), ("合计,,,19")[:2]]
    lines = ["某区台账", *csv_of(rows[:4]), "合计,,,19"]
    stations, notes = load(text_file(tmp_path, lines), columns=NAMED)
    assert stations["chargers"].sum() == 19
    assert notes["sum_rows"]["rows"] == [7]
    total = [*csv_of(ROWS), "Total,106.59,29.69,3"]  # a brand: it has a place
    assert load(text_file(tmp_path, total), columns=NAMED)[0].loc["Total", "chargers"] == 3


def test_the_sheet_with_the_columns_is_read_and_told(tmp_path):
    path = book(tmp_path, ["说明"], ["本表每月更新"])
    made = openpyxl.load_workbook(path)
    sheet = made.create_sheet("台账")
    for row in (HEAD, *ROWS):
        sheet.append(list(row))
    made.save(path)
    stations, notes = load(path, columns=NAMED)
    right(stations)
    assert notes["sheet_chosen"]["sheet"] == "台账"


@pytest.mark.parametrize("name", ["list.xls", "list.et", "list.ods", "list.pdf", "list.docx"])
def test_other_forms_are_refused_with_the_cure(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"\xd0\xcf\x11\xe0 not read")
    with pytest.raises(TableError, match="not read") as caught:
        load(path)
    assert ".xlsx" in caught.value.cure


def test_a_locked_workbook_and_a_workbook_called_csv_are_refused_with_the_cure(tmp_path):
    path = tmp_path / "list.xlsx"
    path.write_bytes(b"\xd0\xcf\x11\xe0" + bytes(600))
    with pytest.raises(BrokenFileError, match="password"):
        load(path)
    other = book(tmp_path, HEAD, *ROWS).rename(tmp_path / "list.csv")
    with pytest.raises(BrokenFileError, match="workbook, not text"):
        load(other)


def test_one_stray_cell_far_below_costs_nothing(tmp_path):
    path = book(tmp_path, HEAD, *ROWS)
    made = openpyxl.load_workbook(path)
    made.active.cell(row=1_048_576, column=16_000, value=" ")
    made.save(path)
    begin = time.perf_counter()
    right(load(path, columns=NAMED)[0])
    assert time.perf_counter() - begin < 20


# --- reading: encodings, separators, numbers ---------------------------------------------------


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "gb18030", "gbk"]
)
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_each_encoding_with_each_separator(tmp_path, encoding, separator):
    path = text_file(tmp_path, csv_of(ROWS, separator=separator), encoding=encoding)
    stations, notes = load(path, columns=NAMED)
    right(stations)
    assert ("encoding_guessed" in notes) == encoding.startswith("gb")
    right(load(path, columns=NAMED, encoding=encoding)[0])


def test_windows_1252_is_told_from_gb_18030(tmp_path):
    lines = [
        "Bezeichnung;Länge;Breite;Säulen",
        "Übach;106,601;29,701;10",
        "Köln;106,6045;29,7035;6",
    ]
    columns = {"name": "Bezeichnung", "lon": "Länge", "lat": "Breite", "chargers": "Säulen"}
    path = text_file(tmp_path, lines, encoding="cp1252")
    stations, notes = load(path, columns=columns)
    assert stations["chargers"].to_dict() == {"Übach": 10, "Köln": 6}
    assert notes["encoding_guessed"]["encoding"] == "Windows-1252"
    right_name, _ = load(path, columns=columns, encoding="windows-1252")
    assert list(right_name.index) == list(stations.index)
    with pytest.raises(BrokenFileError, match="not utf-8"):
        load(path, columns=columns, encoding="utf-8")
    with pytest.raises(ScenarioError, match="nobody knows the encoding"):
        load(path, columns=columns, encoding="klingon")


_LEVEL_1 = [bytes([high, low]).decode("gb2312") for high in range(0xB0, 0xD7)
            for low in range(0xA1, 0xFF)]  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.text(st.sampled_from(_LEVEL_1), min_size=2, max_size=8), min_size=1, max_size=30)
)
def test_everyday_chinese_is_known_as_gb_18030_however_short(tmp_path_factory, names):
    data = "\n".join(f"{name},106.5,{n}" for n, name in enumerate(names)).encode("gb18030")
    folder = tmp_path_factory.mktemp("gb")
    found = decoded(data, folder / "x.csv")
    assert found.encoding in {"gb18030", "utf-8"}
    assert found.confidence is None or 0.5 <= found.confidence <= 0.99


WEST = [
    "München", "Köln", "Düsseldorf", "Nürnberg", "Genève", "Zürich", "Évreux", "Orléans", "Straße",
    "Säule", "São", "Málaga", "Coruña", "Göteborg", "Île", "Château", "Übach", "Côté",
]  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from(WEST), min_size=1, max_size=30))
@example(["Île"])
def test_words_of_the_west_are_known_as_windows_1252(words):
    text = "\n".join(f"{word} {n};5,{n};{n}" for n, word in enumerate(words))
    assert guess_encoding(text.encode("cp1252"))[0] == "cp1252"


def test_decimal_commas_thousands_full_width_units_and_the_unknown(tmp_path):
    lines = csv_of(
        [("北站", "106,601", "29,701", "１０"), ("东站", "106,6045", "29,7035", "4个"),
         ("南站", "106,596", "29,696", "2台"), ("西站", "106,59", "29,69", "不详"),
         ("中站", "106,58", "29,68", "1.200")],
        separator=";",
    )  # fmt: skip
    stations, notes = load(text_file(tmp_path, lines), columns=NAMED)
    assert stations["chargers"].dropna().to_dict() == {
        "北站": 10,
        "东站": 4,
        "南站": 2,
        "中站": 1200,
    }
    assert np.isnan(stations.loc["西站", "chargers"])
    assert notes["cells_converted"]["count"] == 14
    assert notes["chargers_unknown"]["count"] == 1


def test_a_decimal_comma_in_a_comma_file_is_refused_and_not_shifted(tmp_path):
    lines = ["名称,经度,纬度,桩数", "北站,106,601,29,701,10"]
    with pytest.raises(TableError, match=r"more cells than columns \(4\) in row\(s\) 2"):
        load(text_file(tmp_path, lines), columns=NAMED)


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 10**9), st.sampled_from([",", ".", " ", "'", ""]), st.booleans(),
       st.sampled_from(["", "个", " 台", "把枪"]))  # fmt: skip
def test_a_grouped_number_is_read_as_what_it_is(number, grouping, wide, unit):
    decimal = "," if grouping == "." else "."
    cell = f"{number:,}".replace(",", grouping) + unit
    if wide:
        cell = cell.translate({48 + n: 0xFF10 + n for n in range(10)})
    found = read_number(cell, decimal=decimal, unit="count")
    assert found is not None
    assert found.value == number


# --- reading: coordinates ----------------------------------------------------------------------

FORMS = {
    "plain": "{lon},{lat}",
    "full width": "{lon}，{lat}",
    "brackets": "[{lon}, {lat}]",
    "blank": "{lon} {lat}",
    "semicolon": "{lon}; {lat}",
    "wkt": "POINT ({lon} {lat})",
    "geojson": '{{"type": "Point", "coordinates": [{lon}, {lat}]}}',
    "lat first": "{lat},{lon}",
    "marks": "N{lat} E{lon}",
    "chinese marks": "东经{lon}°，北纬{lat}°",
}


@pytest.mark.parametrize("form", FORMS)
def test_coordinates_in_one_column(tmp_path, form):
    rows = [[name, FORMS[form].format(lon=lon, lat=lat), count] for name, lon, lat, count in ROWS]
    path = book(tmp_path, ["名称", "坐标", "桩数"], *rows)
    for columns in (
        {"lon": "坐标", "lat": "坐标", "name": "名称", "chargers": "桩数"},
        {"coordinates": "坐标", "name": "名称", "chargers": "桩数"},
        {"name": "名称", "chargers": "桩数"},
    ):
        stations, notes = load(path, columns=columns)
        right(stations)
        assert any(key.startswith("coordinates_by_") for key in notes)


@settings(deadline=None, max_examples=200)
@given(st.floats(-179, 179), st.floats(-89, 89), st.sampled_from(["°'\"", "度分秒", "°′″"]),
       st.booleans(), st.sampled_from([", ", " ", "；"]))  # fmt: skip
def test_degrees_minutes_and_seconds(lon, lat, signs, first, between):
    def sexagesimal(value):
        whole, rest = divmod(round(abs(value) * 3600, 2), 3600)
        minutes, seconds = divmod(rest, 60)
        return f"{whole:.0f}{signs[0]}{minutes:.0f}{signs[1]}{seconds:.2f}{signs[2]}"

    east = sexagesimal(lon) + ("E" if lon >= 0 else "W")
    north = sexagesimal(lat) + ("N" if lat >= 0 else "S")
    cell = between.join((east, north) if first else (north, east))
    found = read_pairs([cell], missing=MISSING)
    assert not found.bad, cell
    assert (found.lon[0], found.lat[0]) == pytest.approx((lon, lat), abs=1e-5)


def test_a_cell_without_coordinates_is_named_with_its_row(tmp_path):
    path = book(tmp_path, ["名称", "坐标", "桩数"], ["北站", "某路口", 3], ["东站", None, 3])
    with pytest.raises(TableError) as caught:
        load(path, columns={"name": "名称", "coordinates": "坐标", "chargers": "桩数"})
    assert "row 2: '坐标' holds no pair of coordinates: '某路口'" in str(caught.value)
    assert "row 3: lon and lat are missing" in str(caught.value)


# --- reading: web services ---------------------------------------------------------------------


@pytest.mark.parametrize("wrap", ["bare", "pois", "nested"])
def test_the_answer_of_a_web_service(tmp_path, wrap):
    rows = [
        {"id": f"B{n}", "at": {"Latitude": lat, "Longitude": lon, "Title": name}, "points": count}
        for n, (name, lon, lat, count) in enumerate(ROWS)
    ]
    content = {"bare": rows, "pois": {"status": "1", "pois": rows},
               "nested": {"data": {"list": rows, "page": [{"n": 1}]}}}[wrap]  # fmt: skip
    path = tmp_path / "poi.json"
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    stations, notes = load(path, columns={"chargers": "points", "station_id": "id"})
    right(stations)
    assert "lon = at.Longitude" in notes["columns_found"]["names"]


def test_amap_s_points_and_its_preset(tmp_path):
    rows = [
        {"id": f"B{n}", "name": name, "location": f"{lon},{lat}", "typecode": "011100", "tel": []}
        for n, (name, lon, lat, _) in enumerate(ROWS)
    ]
    rows.append({**rows[0], "id": "B9", "name": "换电", "typecode": "011101"})
    path = tmp_path / "poi.json"
    path.write_text(json.dumps({"status": "1", "pois": rows}), encoding="utf-8")
    stations, notes = load(path, datum=None, preset="amap-poi")
    assert set(stations.index) == {"北站", "东站", "南站"}
    assert stations["chargers"].isna().all()
    assert notes["rows_left_out"]["count"] == 1


def test_json_that_is_no_map_is_refused_as_zones_and_amap_s_districts_are_read(tmp_path):
    path = tmp_path / "zones.json"
    path.write_text('[{"a": 1}]', encoding="utf-8")
    with pytest.raises(TableError, match="holds no shapes"):
        zones(file=str(path), datum="wgs84")
    west, south, east, north = BBOX
    ring = f"{west},{south};{east},{south};{east},{north};{west},{north};{west},{south}"
    hole = "106.6,29.7;106.61,29.7;106.61,29.71;106.6,29.71"
    answer = {"status": "1", "districts": [{"name": "某区", "adcode": "500999",
              "polyline": f"{ring}|{hole}", "districts": []}]}  # fmt: skip
    path.write_text(json.dumps(answer), encoding="utf-8")
    table, notes = zones(file=str(path), datum="wgs84", columns={"zone_id": "adcode"})
    assert table.loc["500999", "name"] == "某区"
    assert "area_without_zone" in notes, "the hole is no part of the district"
    assert polygon_of("nonsense") is None


# --- reading: shapefiles and zones -------------------------------------------------------------


def zones(**keys):
    none = texts([])
    admin = gpd.GeoDataFrame(
        {"admin_id": none, "admin_level": none, "name": none, "name_en": none, "ref": none},
        geometry=[], crs=4545,
    )  # fmt: skip
    found, notes, _ = load_zones(scenario.ZonesInput(**keys), admin, AREA)
    tables.check(found, tables.ZONES)
    for note in notes:
        assert note_text(note, "zh")
        assert note_text(note, "en")
    return found.set_index("zone_id"), dict(notes)


def halves(folder, names, name="zones.shp", encoding=None, **more):
    west, east = shapely.box(106.5, 29.6, 106.6, 29.8), shapely.box(106.6, 29.6, 106.7, 29.8)
    path = folder / name
    frame = gpd.GeoDataFrame({"zone_id": ["1", "2"], "name": names, **more}, geometry=[west, east],
                             crs=4326)  # fmt: skip
    frame.to_file(path, **({"encoding": encoding} if encoding else {}))
    if encoding:
        path.with_suffix(".cpg").unlink(missing_ok=True)
    return str(path)


@pytest.mark.parametrize(
    ("encoding", "names"),
    [
        ("gb18030", ["龙山街道", "王家镇"]),
        ("cp1252", ["Genève", "Zürich"]),
        ("utf-8", ["龙山街道", "乙镇"]),
    ],
)
def test_a_shapefile_without_its_encoding(tmp_path, encoding, names):
    path = halves(tmp_path, names, encoding=encoding)
    for more in ({}, {"encoding": encoding}):
        table, notes = zones(file=path, datum="wgs84", **more)
        assert table["name"].tolist() == names
        assert ("encoding_guessed" in notes) == (encoding != "utf-8" and not more)


@pytest.mark.parametrize(("unit", "cells"), [
    ("万人", ("6", "3.5")), ("人", ("60000", "3.5万")), (None, ("60,000", "35000人")),
])  # fmt: skip
def test_people_by_name_with_and_without_the_ending_and_in_each_unit(tmp_path, unit, cells):
    path = halves(tmp_path, ["龙山街道", "王家镇"], name="z.gpkg")
    lines = [
        "某区常住人口",
        "街道\t人口",
        f"龙山\t{cells[0]}",
        f"王家镇\t{cells[1]}",
        "合计\t95000",
    ]
    people = text_file(tmp_path, lines, "people.txt", "gb18030")
    table, notes = zones(
        file=path, datum="wgs84", people=str(people), people_key="name", people_unit=unit
    )
    assert table["population"].tolist() == [60000, 35000]
    assert notes["names_paired"]["pairs"] == ["龙山 = 龙山街道"]
    assert notes["sum_rows"]["count"] == 1


def test_a_unit_in_the_header_is_taken_and_may_not_be_contradicted(tmp_path):
    path = halves(tmp_path, ["甲镇", "乙镇"], name="z.gpkg")
    people = str(text_file(tmp_path, ["zone_id,人口（万人）", "1,6", "2,3.5"], "people.csv"))
    table, _ = zones(file=path, datum="wgs84", people=people,
                     people_columns={"population": "人口"})  # fmt: skip
    assert table["population"].tolist() == [60000, 35000]
    with pytest.raises(ScenarioError, match="says 万人 in the header"):
        zones(file=path, datum="wgs84", people=people, people_unit="人",
              people_columns={"population": "人口（万人）"})  # fmt: skip


def test_names_that_could_be_two_are_not_joined(tmp_path):
    path = halves(tmp_path, ["龙山街道", "龙山镇"], name="z.gpkg")
    people = text_file(tmp_path, ["name,population", "龙山,60000", "龙山镇,3"], "people.csv")
    table, notes = zones(file=path, datum="wgs84", people=str(people), people_key="name")
    assert notes["names_paired"]["pairs"] == ["龙山 = 龙山街道"], "the town has its own row"
    people.write_text("name,population\n龙山,60000\n丙,1\n龙山镇,2\n".replace("龙山镇", "丁"))
    table, notes = zones(
        file=halves(tmp_path, ["龙山街道", "龙山镇"], name="y.gpkg"), datum="wgs84",
        people=str(text_file(tmp_path, ["name,population", "龙山 ,60000", "王家,3", "龙山镇,5"],
                             "p.csv")),
        people_key="name",
    )  # fmt: skip
    assert table["population"].tolist() == [60000, 5]


# --- meaning: rows, states, sums ---------------------------------------------------------------


def points(per_row, *, ids=True):
    """One row a charge point."""
    header = ["id_station", "id_point", "name", "n", "lon", "lat"]
    rows = [
        [f"S{n}", f"S{n}-{k}" if ids else "", name, per_row(count), lon, lat]
        for n, (name, lon, lat, count) in enumerate(ROWS)
        for k in range(count)
    ]
    return csv_of(rows, header)


@pytest.mark.parametrize(("per_row", "whose"), [
    (lambda count: count, "station"), (lambda count: 1, "row"), (lambda count: "", "row"),
])  # fmt: skip
def test_rows_that_are_points_of_one_station(tmp_path, per_row, whose):
    path = text_file(tmp_path, points(per_row))
    stations, notes = load(path, columns={"chargers": "n"}, group_by="id_station")
    right(stations)
    assert notes[f"rows_grouped_by_{whose}"]["stations"] == 3
    assert set(stations["station_id"]) == {"file:list/S0", "file:list/S1", "file:list/S2"}
    stations, notes = load(path, columns={"chargers": "n", "station_id": "id_point"})
    if per_row(7) != "":
        right(stations)
        assert notes[f"rows_share_point_{whose}"]["stations"] == 3
        assert "group_by" in note_text(scenario_note(notes, f"rows_share_point_{whose}"), "zh")


def scenario_note(notes, key):
    from siting.notes import Note  # noqa: PLC0415  # one test wants it

    return Note(key, notes[key])


def test_numbers_that_leave_it_open_are_asked_for_with_both_totals(tmp_path):
    header = ["sid", "name", "n", "lon", "lat"]
    rows = [["A", "北站", 6, 106.601, 29.701]] * 2 + [["B", "东站", 3, 106.6045, 29.7035]] * 2
    path = text_file(tmp_path, csv_of(rows, header))
    keys = {"columns": {"chargers": "n"}, "group_by": "sid"}
    with pytest.raises(TableError, match=r"9 in all if.*18 if each row"):
        load(path, **keys)
    assert load(path, **keys, chargers_of="station")[0]["chargers"].sum() == 9
    assert load(path, **keys, chargers_of="row")[0]["chargers"].sum() == 18


def test_rows_alike_are_told_and_rows_at_one_place_stay_apart(tmp_path):
    lines = [*csv_of(ROWS), "东站,106.6045,29.7035,4", "南站,106.596,29.696,5"]
    stations, notes = load(text_file(tmp_path, lines), columns=NAMED)
    assert stations["chargers"].sum() == 21
    assert notes["rows_repeated"] == {"file": "list.csv", "count": 1, "rows": [5]}
    assert notes["rows_share_point"]["rows"] == 2


def test_a_station_id_on_many_rows_is_refused_with_the_key_that_groups(tmp_path):
    path = text_file(tmp_path, points(lambda count: count))
    with pytest.raises(TableError, match="is used 10 times") as caught:
        load(path, columns={"chargers": "n", "station_id": "id_station"})
    assert "group_by" in caught.value.cure


STATES = ["运营", "规划", "停运"]


def test_planned_and_closed_rows_are_left_out_once_said_and_told_before(tmp_path):
    rows = [(*row[:3], n, state) for row, n, state in zip(ROWS, (20, 30, 0), STATES, strict=True)]
    path = text_file(tmp_path, csv_of(rows, [*HEAD, "状态"]))
    for where in ({"状态": "运营"}, {"状态": ["运营", "试运营"]}, "状态 = 运营",
                  {"状态": {"besides": ["规划", "停运"]}}):  # fmt: skip
        stations, notes = load(path, columns=NAMED, where=where)
        assert stations["chargers"].to_dict() == {"北站": 20}
        assert notes["rows_left_out"]["count"] == 2
    mapped = load(path, columns={**NAMED, "status": "状态"}, where={"status": "运营"})[0]
    assert len(mapped) == 1
    stations, notes = load(path, columns=NAMED)
    assert "规划 (1)" in notes["state_not_read"]["states"]
    assert stations["chargers"].to_dict() == {"北站": 20, "东站": 30}, "0 is a number"
    assert notes["stations_without_chargers"]["count"] == 1
    with pytest.raises(TableError, match="no column '阶段'"):
        load(path, columns=NAMED, where={"阶段": "运营"})
    with pytest.raises(TableError, match="none of the 3 rows"):
        load(path, columns=NAMED, where={"状态": "x"})


def test_private_stations_and_dates(tmp_path):
    header = [*HEAD, "开放", "投运", "停运"]
    rows = [
        (*ROWS[0], "公共", "2020年5月", ""),
        (*ROWS[1], "专用", "2020/1/1", ""),
        (*ROWS[2], "公共", "2025-06-01", ""),
        ("旧站", 106.59, 29.69, 7, "公共", "2015", "20231231"),
    ]
    path = text_file(tmp_path, csv_of(rows, header))
    columns = {**NAMED, "public": "开放", "opened": "投运", "closed": "停运"}
    stations, notes = load(path, columns=columns, on=dt.date(2024, 12, 31))
    assert list(stations.index) == ["北站"]
    assert notes["rows_left_out"]["count"] == 3
    assert set(load(path, columns=columns, on=dt.date(2023, 6, 1))[0].index) == {"北站", "旧站"}
    assert len(load(path, columns={**NAMED, "opened": "投运"},
                    where={"投运": {"most": "2021-01-01"}})[0]) == 3  # fmt: skip


def test_chargers_of_several_columns_and_by_class(tmp_path):
    rows = [("北站", 106.601, 29.701, 8, 2), ("东站", 106.6045, 29.7035, 0, 4),
            ("南站", 106.596, 29.696, 2, "")]  # fmt: skip
    path = text_file(tmp_path, csv_of(rows, [*HEAD[:3], "快充", "慢充"]))
    named = {key: theirs for key, theirs in NAMED.items() if key != "chargers"}
    right(load(path, columns={**named, "chargers": ["快充", "慢充"]})[0])
    right(load(path, columns={**named, "chargers": "快充+慢充"})[0])
    stations, notes = load(path, columns=named, classes={"fast_dc": "快充", "slow_ac": "慢充"})
    right(stations)
    assert notes["chargers_by_class"]["classes"] == ["fast_dc 10", "slow_ac 6"]
    _, notes = load(path, columns={**named, "chargers": "快充"})
    assert notes["counts_not_read"]["columns"] == ["慢充"]
    with pytest.raises(TableError) as caught:
        load(path, columns=named)
    assert "chargers" in caught.value.cure


# --- meaning: registers ------------------------------------------------------------------------

AFDC = [
    "Fuel Type Code",
    "Station Name",
    "Status Code",
    "EV Level1 EVSE Num",
    "EV Level2 EVSE Num",
    "EV DC Fast Count",
    "EV Network",
    "Latitude",
    "Longitude",
    "ID",
    "Access Code",
    "Open Date",
]
BNETZA = ["Ladeeinrichtungs-ID", "Betreiber", "Status", "Anzahl Ladepunkte",
          "Nennleistung Ladeeinrichtung [kW]", "Breitengrad", "Längengrad", "Straße"]  # fmt: skip


def register(folder, name):
    """Make three stations with 16 chargers as a register has them, and rows that do not count."""
    (n, nx, ny, _), (e, ex, ey, _), (s, sx, sy, _) = ROWS
    if name == "afdc":
        rows = [["ELEC", n, "E", "", 8, 2, "X", ny, nx, 1, "public", "2020-01-01"],
                ["ELEC", e, "E", 4, "", "", "X", ey, ex, 2, "public", "2020-01-01"],
                ["ELEC", s, "E", "", 2, "", "X", sy, sx, 3, "public", "2020-01-01"],
                ["ELEC", "p", "P", "", 9, "", "X", sy, sx, 4, "public", ""],
                ["CNG", "g", "E", "", "", "", "X", sy, sx, 5, "public", ""],
                ["ELEC", "v", "E", "", 9, "", "X", sy, sx, 6, "private", ""]]  # fmt: skip
        return text_file(folder, csv_of(rows, AFDC))
    if name == "bundesnetzagentur":
        rows = [[n * 10 + k, "Stadt", "In Betrieb", 2, "22,5", f"{y}".replace(".", ","),
                 f"{x}".replace(".", ","), street]
                for n, (street, x, y, count) in enumerate(ROWS)
                for k in range(count // 2)]  # fmt: skip
        rows.append([99, "Stadt", "In Wartung", 2, "22", "29,6", "106,6", "zu"])
        title = ["Ladesäulenregister", "Stand: 01.01.2025", ""]
        return text_file(folder, [*title, *csv_of(rows, BNETZA, ";")])
    if name == "irve":
        head = ["nom_operateur", "id_station_itinerance", "nom_station", "coordonneesXY",
                "nbre_pdc", "id_pdc_itinerance", "puissance_nominale",
                "condition_acces"]  # fmt: skip
        rows = [["Op", f"FR{n}", name, f'"[{x}, {y}]"', count, f"FR{n}{k}", 22, "Accès libre"]
                for n, (name, x, y, count) in enumerate(ROWS) for k in range(count)]  # fmt: skip
        rows.append(["Op", "FR9", "fermé", '"[106.6, 29.6]"', 1, "FR90", 22, "Accès réservé"])
        return text_file(folder, csv_of(rows, head))
    if name == "ncr":
        head = ["chargeDeviceID", "name", "latitude", "longitude", "deviceControllerName",
                "chargeDeviceStatus"]  # fmt: skip
        rows = [[f"d{n}{k}", name, y, x, "Co", "In service"]
                for n, (name, x, y, count) in enumerate(ROWS) for k in range(count)]  # fmt: skip
        rows.append(["d99", "gone", 29.69, 106.59, "Co", "Decommissioned"])
        return text_file(folder, csv_of(rows, head))
    rows = [{"ID": n, "AddressInfo": {"Title": name, "Latitude": y, "Longitude": x},
             "NumberOfPoints": count, "OperatorInfo": {"Title": "Co"},
             "StatusType": {"Title": "Operational"},
             "Connections": [{"PowerKW": 22, "Quantity": 2}]}
            for n, (name, x, y, count) in enumerate(ROWS)]  # fmt: skip
    rows.append({**rows[0], "ID": 9, "StatusType": {"Title": "Planned For Future Date"}})
    path = folder / "poi.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["afdc", "bundesnetzagentur", "irve", "ncr", "openchargemap"])
def test_a_register_by_its_preset(tmp_path, name):
    stations, notes = load(register(tmp_path, name), datum=None, preset=name)
    right(stations)
    assert notes["rows_left_out"]["count"] == {"afdc": 3}.get(name, 1)


def test_every_preset_can_be_read_and_an_unknown_one_is_refused(tmp_path):
    assert set(scenario.preset_names()) == {
        "openchargemap", "afdc", "irve", "bundesnetzagentur", "ncr", "amap-poi",
    }  # fmt: skip
    for name in scenario.preset_names():
        assert scenario.read_preset(name, key="k").names
    with pytest.raises(ScenarioError, match="no preset 'osm'") as caught:
        load(text_file(tmp_path, csv_of(ROWS)), preset="osm")
    assert "afdc" in caught.value.cure


# --- units and sense ---------------------------------------------------------------------------


def substations(folder, cells, header="headroom_kw", **keys):
    lines = csv_of([[n, 106.60 + n / 100, 29.70, cell] for n, cell in enumerate(cells)],
                   ["substation_id", "lon", "lat", header])  # fmt: skip
    given_list = scenario.SubstationsInput(
        file=str(text_file(folder, lines, "s.csv")), datum="wgs84", **keys
    )
    return load_substations(given_list, nothing(), AREA)[0]["headroom_kw"].tolist()


@pytest.mark.parametrize(("unit", "cells", "kw"), [
    ("kW", ["12000", "800"], [12000, 800]), ("MW", ["12", "0.8"], [12000, 800]),
    ("MVA", ["12", "0.8"], [11400, 760]), ("kVA", ["12000", "800"], [11400, 760]),
    (None, ["12MW", "0.8兆瓦"], [12000, 800]), ("兆瓦", ["１２", "0.8"], [12000, 800]),
])  # fmt: skip
def test_headroom_in_each_unit(tmp_path, unit, cells, kw):
    assert substations(tmp_path, cells, headroom_unit=unit) == pytest.approx(kw)


def test_headroom_out_of_proportion_or_in_an_unknown_unit_is_refused(tmp_path):
    with pytest.raises(TableError, match=r"most headroom in 's\.csv' is 20 kW"):
        substations(tmp_path, ["20", "12"])
    with pytest.raises(TableError, match=r"50,000,000|5e\+07"):
        substations(tmp_path, ["50000"], headroom_unit="MW")
    with pytest.raises(ScenarioError, match="nobody knows the unit 'Wh'"):
        substations(tmp_path, ["20"], headroom_unit="Wh")
    keys = {"columns": {"headroom_kw": "可开放容量(MVA)"}}
    assert substations(tmp_path, ["10"], "可开放容量(MVA)", **keys) == pytest.approx([9500])


def test_power_out_of_proportion_and_too_many_chargers_are_refused(tmp_path):
    rows = [(*row, row[3] * 60000) for row in ROWS]
    path = text_file(tmp_path, csv_of(rows, [*HEAD, "功率"]))
    columns = {**NAMED, "power_kw": "功率"}
    with pytest.raises(TableError, match="kW a charger"):
        load(path, columns=columns)
    assert load(path, columns=columns, power_unit="W")[0]["power_kw"].sum() == 960
    many = text_file(tmp_path, csv_of([("北站", 106.601, 29.701, 10**30)]), "many.csv")
    with pytest.raises(TableError, match="above 10000"):
        load(many, columns=NAMED)


# --- early -------------------------------------------------------------------------------------


def test_all_faults_of_all_files_come_at_once_before_the_map(tmp_path):
    bad = text_file(tmp_path, csv_of([("北站", "x", 29.701, 3)]), "stations.csv")
    other = text_file(tmp_path, ["名称,经度"], "other.csv")
    power = text_file(tmp_path, ["substation_id,lon,lat,headroom_kw", "1,106.6,29.7,lots"], "p.csv")
    inputs = scenario.Inputs(
        osm=str(tmp_path / "gone.osm"),
        stations=(
            scenario.StationsInput(file=str(bad), datum="wgs84", columns=NAMED),
            scenario.StationsInput(file=str(other), datum="wgs84"),
        ),
        substations=scenario.SubstationsInput(file=str(power), datum="wgs84"),
        zones=scenario.ZonesInput(people=str(tmp_path / "nobody.csv")),
        traffic=scenario.TrafficInput(file=str(tmp_path / "no.csv")),
        layers=(scenario.Layer(role="places", file=str(tmp_path / "no.gpkg")),),
    )
    begin = time.perf_counter()
    with pytest.raises(DataError) as caught:
        read_lists(scenario.Area(bbox=BBOX), inputs)
    assert time.perf_counter() - begin < 3
    told = str(caught.value)
    for part in (
        "gone.osm",
        "stations.csv",
        "other.csv",
        "p.csv",
        "nobody.csv",
        "no.csv",
        "no.gpkg",
    ):
        assert part in told, part
    assert "inputs are at fault" in told.splitlines()[0]


def test_a_faulty_area_does_not_hide_the_faults_of_the_lists(tmp_path):
    bad = text_file(tmp_path, csv_of([("北站", "x", 29.701, 3)]), "stations.csv")
    lists = (scenario.StationsInput(file=str(bad), datum="wgs84", columns=NAMED),)
    inputs = scenario.Inputs(osm=str(bad), stations=lists)
    with pytest.raises(DataError, match="2 inputs are at fault") as caught:
        read_lists(scenario.Area(boundary=str(tmp_path / "gone.gpkg")), inputs)
    assert "gone.gpkg" in str(caught.value)


def test_a_table_read_for_itself_keeps_its_rows(tmp_path):
    frame = read_table(text_file(tmp_path, ["标题", "", *csv_of(ROWS)]))
    assert isinstance(frame, pd.DataFrame)
    assert (frame.index + 2).tolist() == [4, 5, 6]


# --- the examples beside the project -----------------------------------------------------------

ANSWERS = {
    "answer-of-a-web-service": ({}, 3, 16),
    "decimal-comma": ({}, 3, 16),
    "fast-and-slow": ({"columns": {**NAMED, "lon": "lon", "lat": "lat",
                                   "chargers": ["快充", "慢充"]}}, 3, 16),
    "gbk-shapefile": ({}, 0, 0),
    "ledger-with-title": ({}, 3, 16),
    "lonlat-in-one-column": ({}, 3, 0),
    "planned-and-closed": ({"where": {"状态": "运营"}}, 1, 20),
    "rows-are-points": ({}, 3, 16),
}  # fmt: skip
"""What a case lacks, and the right answer of its page: stations and known chargers."""


@pytest.mark.parametrize("name", ANSWERS)
def test_the_examples_of_offices_give_their_right_answers(shared, name):
    path = shared / "cases" / name / "case.toml"
    if not path.is_file():
        pytest.skip(f"no case {name} beside this checkout")
    more, count, chargers = ANSWERS[name]
    read = scenario.load_scenario(path)
    inputs = read.inputs
    if more:
        changed = inputs.stations[0].model_dump(mode="json", by_alias=True) | more
        lists = (scenario.StationsInput.model_validate(changed, strict=False),)
        inputs = inputs.model_copy(update={"stations": lists})
    found = read_lists(read.area, inputs)
    assert sum(len(frame) for frame in found.stations.lists) == count
    assert sum(frame["chargers"].sum() for frame in found.stations.lists) == chargers
    assert found.zones.zones is not None
    if name == "gbk-shapefile":
        assert found.zones.zones[0]["name"].tolist() == ["龙山街道"]
