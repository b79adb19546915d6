"""Readers that are lied to: files that are not what they say, and shapes that are none."""

from __future__ import annotations

import io
import json
import random
import sqlite3
import subprocess
import sys
import threading
import zipfile
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer

import geopandas as gpd
import openpyxl
import pandas as pd
import pyogrio
import pytest
import shapely

from siting import files
from siting.errors import BrokenFileError, DataError, DatumError, InputMissingError, TableError
from siting.inputs.files import workbooks
from siting.inputs.files.sheets import read_table
from siting.inputs.files.vectors import read_layer, read_vector

SQUARE = shapely.box(106.60, 29.70, 106.61, 29.71)


@pytest.fixture
def asked():
    """Serve on a port of this machine; return its address and what it was asked."""
    seen = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append(self.path)
            self.send_response(404)
            self.end_headers()

        def do_HEAD(self):
            self.do_GET()

        def log_message(self, *_):
            pass

    web = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{web.server_port}", seen
    web.shutdown()
    thread.join()
    web.server_close()


def vrt(source):
    return (
        "<OGRVRTDataSource><OGRVRTLayer name='zones'><SrcDataSource>"
        f"{source}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"
    )


def read(path, **keys):
    return read_vector(path, **{"layer": None, "datum": "wgs84", "key": "area", **keys})


@pytest.mark.parametrize(
    "name", ["x.gpkg", "x.shp", "x.geojson", "x.json", "x.kml", "x.fgb", "x.vrt"]
)
@pytest.mark.parametrize("head", ["", " \n", '{"a": "', "<?xml version='1.0'?><!-- <kml> -->"])
def test_a_file_that_is_a_vrt_reads_nothing_and_asks_nobody(tmp_path, asked, name, head):
    address, seen = asked
    secret = tmp_path / "secret.geojson"
    gpd.GeoDataFrame({"name": ["secret"]}, geometry=[SQUARE], crs=4326).to_file(secret)
    for source in (str(secret), f"/vsicurl/{address}/x.geojson"):
        (tmp_path / name).write_text(head + vrt(source), encoding="utf-8")
        with pytest.raises(BrokenFileError, match=r"not what its name says|no form|no JSON"):
            read(tmp_path / name)
    assert not seen


def test_a_geopackage_with_tables_made_on_reading_is_refused(tmp_path):
    path = tmp_path / "x.gpkg"
    gpd.GeoDataFrame({"name": ["a"]}, geometry=[SQUARE], crs=4326).to_file(path)
    assert len(read(path)) == 1  # its index is a virtual table too
    with closing(sqlite3.connect(path)) as base, base:
        base.execute("PRAGMA writable_schema = ON")
        base.execute(
            "INSERT INTO sqlite_master (type, name, tbl_name, rootpage, sql) VALUES ('table', 'v', "
            "'v', 0, 'CREATE VIRTUAL  TABLE v USING VirtualOGR(''/etc/passwd'')')"
        )
    with pytest.raises(BrokenFileError, match="not what its name says"):
        read(path)


@pytest.mark.parametrize("name", ["x.gpkg", "x.shp", "x.geojson", "x.json", "x.kml"])
@pytest.mark.parametrize(
    "content", [b"", b"\0" * 100, b"PK\x03\x04", b"{", b"SQLite format 3\0" * 9]
)
def test_bytes_of_no_meaning_are_told(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as caught:
        read(tmp_path / name)
    assert caught.value.cure


def test_what_is_no_file_is_told(tmp_path):
    with pytest.raises(InputMissingError):
        read(tmp_path / "none.gpkg")
    with pytest.raises(InputMissingError):
        read(tmp_path)
    with pytest.raises(InputMissingError):
        read(tmp_path / ("a" * 300 + ".gpkg"))


def test_a_layer_without_shapes_is_told(tmp_path):
    path = tmp_path / "x.gpkg"
    pyogrio.write_dataframe(pd.DataFrame({"name": ["a"]}), path, layer="list", driver="GPKG")
    with pytest.raises(TableError, match="has no shapes"):
        read(path)
    empty = gpd.GeoDataFrame({"name": ["a", "b"]}, geometry=[None, None], crs=4326)
    pyogrio.write_dataframe(empty, path, layer="empty", driver="GPKG", append=True)
    with pytest.raises(TableError, match="has no shapes"):
        read(path, layer="empty")
    with pytest.raises(TableError, match="no layer") as caught:
        read(path, layer="none")
    assert "empty, list" in caught.value.cure


MOON = (
    'GEOGCS["GCS_Moon_2000",DATUM["D_Moon_2000",SPHEROID["Moon_2000_IAU_IAG",1737400.0,0.0]],'
    'PRIMEM["Reference_Meridian",0.0],UNIT["Degree",0.0174532925199433]]'
)


def test_a_crs_of_the_moon_is_told(tmp_path):
    gpd.GeoDataFrame({"name": ["a"]}, geometry=[SQUARE], crs=4326).to_file(tmp_path / "x.shp")
    (tmp_path / "x.prj").write_text(MOON, encoding="utf-8")
    with pytest.raises(DatumError, match=r"the CRS of 'x\.shp' cannot be read") as caught:
        read(tmp_path / "x.shp")
    assert ".prj" in caught.value.cure


@pytest.mark.parametrize("prj", ["", "garbage", "GEOGCS[", 'PROJCS["x",GEOGCS["y"]]', "\0\0"])
def test_a_broken_prj_is_told_or_as_good_as_none(tmp_path, prj):
    gpd.GeoDataFrame({"name": ["a"]}, geometry=[SQUARE], crs=4326).to_file(tmp_path / "x.shp")
    (tmp_path / "x.prj").write_text(prj, encoding="utf-8")
    try:
        found = read(tmp_path / "x.shp")
    except DatumError as error:
        assert ".prj" in error.cure + error.what  # noqa: PT017  # either is right
    else:
        assert found.total_bounds == pytest.approx(SQUARE.bounds, abs=1e-6)


def test_rings_that_do_not_close_are_told(tmp_path):
    ring = [[106.60, 29.70], [106.61, 29.70], [106.61, 29.71], [106.60, 29.71]]
    for rings in ([ring], [ring[:2]], [[]], []):
        feature = {
            "type": "Feature",
            "properties": {},
            "geometry": {"type": "Polygon", "coordinates": rings},
        }
        whole = {"type": "FeatureCollection", "features": [feature]}
        for content in (whole, [feature]):
            (tmp_path / "x.geojson").write_text(json.dumps(content), encoding="utf-8")
            try:
                read(tmp_path / "x.geojson")
            except DataError as error:
                assert error.cure  # noqa: PT017  # closed by the reader, or told


def test_a_file_held_open_or_closed_to_us_is_told(tmp_path, monkeypatch):
    path = tmp_path / "x.gpkg"
    gpd.GeoDataFrame({"name": ["a"]}, geometry=[SQUARE], crs=4326).to_file(path)
    opened = type(path).open

    def held(self, *args, **keys):
        if self.name == path.name:
            raise PermissionError(13, "held")
        return opened(self, *args, **keys)

    monkeypatch.setattr(type(path), "open", held)
    with pytest.raises(BrokenFileError, match="a program holds it open"):
        files.require_form(path)


# --- workbooks that unpack to more than a memory holds ----------------------------------------

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
SHARED = (
    '<Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-'
    'officedocument.spreadsheetml.sharedStrings+xml"/></Types>'
)


def workbook(path, pieces, *, texts=(), more=()):
    """Write a workbook whose sheet and shared texts are given as pieces of XML."""
    plain = io.BytesIO()
    openpyxl.Workbook().save(plain)
    sheet = [f'<worksheet xmlns="{MAIN}"><dimension ref="A1:XFD1048576"/><sheetData>',
             *pieces, "</sheetData></worksheet>"]  # fmt: skip
    members = {"xl/worksheets/sheet1.xml": sheet}
    if texts:
        members["xl/sharedStrings.xml"] = [f'<sst xmlns="{MAIN}">', *texts, "</sst>"]
    with (
        zipfile.ZipFile(plain) as source,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for name in source.namelist():
            content = source.read(name).decode()
            if name == "[Content_Types].xml" and texts:
                content = content.replace("</Types>", SHARED)
            if name not in members:
                packed.writestr(name, content)
        for name, parts in members.items():
            with packed.open(name, "w") as stream:
                for part in parts:
                    stream.write(part.encode())
        for name in more:
            packed.writestr(name, b"")
    return path


HEADER = '<row r="1"><c t="str"><v>name</v></c><c t="str"><v>lon</v></c></row>'
ROW = '<row r="2"><c t="str"><v>a</v></c><c><v>106.6</v></c></row>'
WIDE = [f'<row r="{n}"><c r="A{n}"><v>1</v></c><c r="XFD{n}"><v>1</v></c></row>'
        for n in range(2, 60_000)]  # fmt: skip
BOMBS = {
    "zeros": ([HEADER, *[" " * 10_000_000] * 60], {}, "MB unpack to 600 MB"),
    "cells in one row": (["<row>", *["<c/>" * 100_000] * 45, "</row>"], {}, "has 4,500,0"),
    "tags of no meaning": (["<x/>" * 100_000] * 45, {}, "has 4,500,0"),
    "ten million rows": (["<row><c><v>1</v></c></row>" * 100_000] * 100, {}, "MB unpack to"),
    "cells far to the right": ([HEADER, *WIDE], {}, "its rows reach over 100,0"),
    "values far to the right": (
        [f'<row r="{n}"><c r="BED{n}"><v>1</v></c></row>' for n in range(1, 14_000)], {},
        "its rows reach over 20,0"),
    "texts": ([HEADER], {"texts": ["<si><t/></si>" * 100_000] * 14}, "has 4,200,0"),
    "one text everywhere": (
        [f'<row r="{n}"><c t="s"><v>0</v></c></row>' for n in range(1, 9_000)],
        {"texts": [f"<si><t>{'ab' * 16_000} </t></si>"]}, "hold 256,0"),
    "members": ([HEADER], {"more": [f"m/{n}" for n in range(10_001)]}, "is packed of 10,0"),
}  # fmt: skip

IN_LITTLE = """
import json, resource, sys, time
from pathlib import Path
from siting.errors import TableError
from siting.inputs.files.sheets import read_table
resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
told = {}
for path in sorted(Path(sys.argv[1]).iterdir()):
    begun = time.process_time()
    try:
        said = f"{len(read_table(path))} rows"
    except TableError as error:
        said = str(error)
    told[path.stem] = [said, time.process_time() - begun]
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def refusals(tmp_path_factory):
    """What is said of each bomb, and how long it took, in a process of 3 GB."""
    if sys.platform == "win32":
        pytest.skip("Windows has no limit of a process's memory")
    folder = tmp_path_factory.mktemp("bombs")
    for kind, (pieces, options, _) in BOMBS.items():
        path = workbook(folder / f"{kind}.xlsx", pieces, **options)
        assert path.stat().st_size < 3_000_000
    done = subprocess.run(
        [sys.executable, "-c", IN_LITTLE, str(folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("kind", BOMBS)
def test_a_workbook_that_would_fill_the_memory_is_refused(refusals, kind):
    said, seconds = refusals[kind]
    assert BOMBS[kind][2] in said
    assert f"'{kind}.xlsx' is too large to be a list" in said
    assert "where: " in said
    assert "cure:  open it in Excel" in said
    assert seconds < 30


@pytest.mark.parametrize(
    "stray",
    [
        '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
        '<row r="99999999999"><c><v>1</v></c></row>',
        '<row r="3"><c r="XFD3"><v>1</v></c></row>',
        "".join(f'<row r="{n}"><c r="A{n}" s="0"/></row>' for n in range(3, 20_000)),
        "<row/>" * 100_000,
    ],
    ids=["last cell", "no such row", "last column", "blank cells", "blank rows"],
)
def test_what_lies_astray_in_a_sheet_costs_nothing(tmp_path, stray):
    path = workbook(tmp_path / "list.xlsx", [HEADER, ROW, stray])
    found = read_table(path)
    assert found.loc[0].to_dict() == {"name": "a", "lon": "106.6"}
    assert (found.drop(index=0) == "").all(axis=None)
    cells = workbooks.read_sheets(path, None)["Sheet"]
    assert len(cells) < 6_000
    assert max(map(len, cells)) == 2


def test_a_member_that_says_it_is_small_is_no_larger(tmp_path):
    path = workbook(tmp_path / "list.xlsx", [HEADER, ROW * 100_000])
    raw = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as packed:
        size = packed.getinfo("xl/worksheets/sheet1.xml").file_size
    raw = bytes(raw).replace(size.to_bytes(4, "little"), (9_000).to_bytes(4, "little"))
    path.write_bytes(raw)
    with pytest.raises(BrokenFileError, match="cannot be read"):
        read_table(path)


def test_pictures_in_a_workbook_are_no_bomb(tmp_path, monkeypatch):
    monkeypatch.setattr(workbooks, "_MOST_BYTES", 100_000)
    path = workbook(tmp_path / "list.xlsx", [HEADER, ROW])
    with zipfile.ZipFile(path, "a") as packed:
        packed.writestr("xl/media/image1.jpeg", random.Random(7).randbytes(500_000))
    assert len(read_table(path)) == 1


def test_a_day_that_is_none_in_a_layer_is_no_warning_of_a_library(tmp_path, recwarn):
    path = tmp_path / "dated.geojson"
    days = ["2023-01-31", "2023-02-31T00:00:00"]
    features = [
        {"type": "Feature", "properties": {"day": day},
         "geometry": {"type": "Point", "coordinates": [106.6, 29.7]}}
        for day in days
    ]  # fmt: skip
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    assert len(read_layer(path, layer=None, key="x")) == 2
    assert not [one for one in recwarn if issubclass(one.category, UserWarning)]
