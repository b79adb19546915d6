"""Readers that are lied to: files that are not what they say, and shapes that are none."""

from __future__ import annotations

import json
import sqlite3
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
import shapely

from siting import files
from siting.errors import BrokenFileError, DataError, DatumError, InputMissingError, TableError
from siting.inputs.files.vectors import read_vector

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
