"""The area: three ways to give it, the datum declared, Yubei never geocoded."""

import datetime as dt
import json

import geopandas as gpd
import pytest
from shapely import MultiPolygon, Point, box

from siting import scenario
from siting.errors import (
    AreaError,
    BrokenFileError,
    DatumError,
    DownloadError,
    InputMissingError,
    TableError,
)
from siting.geo import distance_m
from siting.inputs.area import load_area

OVERPASS = scenario.Overpass()
YUBEI = box(106.5, 29.6, 106.9, 30.0)


def area(**keys):
    return load_area(scenario.Area(**keys), overpass=OVERPASS)


def save(path, shape=YUBEI, *, crs="EPSG:4326", **columns):
    frame = gpd.GeoDataFrame({"name": ["渝北区"], **columns}, geometry=[shape], crs=crs)
    frame.to_file(path)
    return str(path)


def test_a_box_is_an_area_in_its_utm_zone():
    shape = area(bbox=(7.40, 43.72, 7.45, 43.76))
    assert shape.polygon.bounds == (7.40, 43.72, 7.45, 43.76)
    assert shape.crs.to_epsg() == 32632
    assert 17 < shape.km2 < 19
    assert [key for key, _ in shape.notes] == ["area_undated"]


@pytest.mark.parametrize("ending", ["gpkg", "geojson", "shp"])
def test_a_boundary_file_of_each_format(tmp_path, ending):
    given = save(tmp_path / f"outline.{ending}")
    shape = area(boundary=given, datum="wgs84", epsg=4545, as_of=dt.date(2023, 12, 31))
    assert shape.polygon.equals_exact(YUBEI, 1e-9) or shape.polygon.equals(YUBEI)
    assert (shape.name, shape.as_of, shape.crs.to_epsg()) == ("渝北区", "2023-12-31", 4545)
    assert shape.source.origin == f"outline.{ending}"
    assert len(shape.source.sha256) == 64
    assert not shape.notes


def test_degrees_without_a_declared_datum_are_refused(tmp_path):
    with pytest.raises(DatumError) as caught:
        area(boundary=save(tmp_path / "outline.gpkg"))
    text = str(caught.value)
    assert "wgs84 would have been assumed" in text
    assert "475-504 m" in text
    assert "gcj02" in caught.value.cure
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("epsg", [4545, 4490, 32648])
def test_a_projected_or_national_crs_declares_the_datum(tmp_path, epsg):
    shape = gpd.GeoSeries([YUBEI], crs=4326).to_crs(epsg).iloc[0]
    given = save(tmp_path / "outline.gpkg", shape, crs=epsg)
    assert area(boundary=given).polygon.symmetric_difference(YUBEI).area < 1e-6


def test_web_mercator_declares_nothing(tmp_path):
    shape = gpd.GeoSeries([YUBEI], crs=4326).to_crs(3857).iloc[0]
    given = save(tmp_path / "outline.gpkg", shape, crs=3857)
    with pytest.raises(DatumError):
        area(boundary=given)
    moved = area(boundary=given, datum="gcj02").polygon.centroid
    assert 475 < distance_m(moved.x, moved.y, 106.7, 29.8) < 504


def test_metres_without_a_crs_are_refused(tmp_path):
    path = tmp_path / "outline.json"
    path.write_text(json.dumps([box(400000, 3280000, 410000, 3290000).__geo_interface__]))
    with pytest.raises(DatumError, match="not degrees"):
        area(boundary=str(path), datum="wgs84")


def test_the_real_outline_as_amap_exports_it_and_as_converted_agree(shared):
    folder = shared / "data" / "yubei-boundary"
    found = area(boundary=str(folder / "500112_gcj02_as_found.json"), datum="gcj02", epsg=4545)
    known = area(boundary=str(folder / "yubei_wgs84.geojson"), datum="wgs84", epsg=4545)
    assert found.name == known.name == "渝北区"
    assert known.km2 == pytest.approx(1455.5, abs=1)
    assert found.projected.hausdorff_distance(known.projected) < 1.5
    wrong = area(boundary=str(folder / "500112_gcj02_as_found.json"), datum="wgs84", epsg=4545)
    assert 400 < wrong.projected.centroid.distance(known.projected.centroid) < 520


def test_the_licence_is_that_of_the_project_or_of_the_file_or_unknown(tmp_path):
    shipped = area(boundary="shipped:yubei/boundary.gpkg", datum="wgs84").source
    assert (shipped.origin, shipped.licence) == ("boundary.gpkg", "MIT, the siting authors")
    own = save(tmp_path / "outline.gpkg", YUBEI)
    assert area(boundary=own, datum="wgs84").source.licence == "not stated"
    frame = gpd.read_file(own).assign(licence="CC BY 4.0")
    frame.to_file(tmp_path / "stated.gpkg")
    stated = area(boundary=str(tmp_path / "stated.gpkg"), datum="wgs84")
    assert stated.source.licence == "CC BY 4.0"


def test_an_array_of_bare_geometries_is_read(tmp_path):
    path = tmp_path / "outline.json"
    halves = [box(106.5, 29.6, 106.7, 30.0), box(106.7, 29.6, 106.9, 30.0)]
    path.write_text(json.dumps([half.__geo_interface__ for half in halves]), encoding="utf-8")
    assert area(boundary=str(path), datum="wgs84").polygon.equals(YUBEI)


def test_a_crossed_outline_is_repaired_and_noted(tmp_path):
    bow_tie = {"type": "Polygon", "coordinates": [[[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]]}
    path = tmp_path / "outline.json"
    path.write_text(json.dumps([bow_tie]), encoding="utf-8")
    shape = area(boundary=str(path), datum="wgs84")
    assert shape.polygon.is_valid
    assert isinstance(shape.polygon, MultiPolygon)
    assert ("area_repaired", {"count": 1}) in shape.notes


def test_rows_of_an_outline_that_are_no_areas_are_told_by_name(tmp_path):
    path = tmp_path / "outline.gpkg"
    rows = {"name": ["甲", "乙", None, "丁"]}
    shapes = [box(106.5, 29.6, 106.7, 30.0), Point(106.6, 29.7), None, box(106.7, 29.6, 106.9, 30)]
    gpd.GeoDataFrame(rows, geometry=shapes, crs=4326).to_file(path)
    shape = area(boundary=str(path), datum="wgs84")
    assert shape.polygon.equals(YUBEI)
    told = dict(shape.notes)["area_rows_left_out"]
    assert told == {"file": "outline.gpkg", "count": 2, "names": ["乙 (2)", "? (3)"]}


def test_an_outline_without_polygons_is_refused(tmp_path):
    with pytest.raises(AreaError, match="no polygon"):
        area(boundary=save(tmp_path / "outline.gpkg", Point(106.6, 29.7)), datum="wgs84")


def test_no_such_file_and_no_such_layer(tmp_path):
    with pytest.raises(InputMissingError, match=r"no such file: outline\.gpkg"):
        area(boundary=str(tmp_path / "outline.gpkg"), datum="wgs84")
    with pytest.raises(TableError, match="no layer 'other'") as caught:
        area(boundary=save(tmp_path / "outline.gpkg"), datum="wgs84", layer="other")
    assert "outline" in caught.value.cure


@pytest.mark.parametrize("name", ["outline.geojson", "outline.gpkg", "outline.json"])
def test_a_file_cut_short_is_broken(tmp_path, name):
    path = tmp_path / name
    whole = tmp_path / f"whole.{name.rpartition('.')[2]}"
    if name.endswith("json"):
        whole.write_text(json.dumps([YUBEI.__geo_interface__]), encoding="utf-8")
    else:
        save(whole)
    path.write_bytes(whole.read_bytes()[:90])
    with pytest.raises(BrokenFileError):
        area(boundary=str(path), datum="wgs84")


@pytest.mark.parametrize(
    "place", ["渝北区", "重庆市渝北区", "Yubei, Chongqing", "yu bei", "YÚBĚI District"]
)
def test_yubei_is_never_geocoded(place):
    with pytest.raises(AreaError, match="2025-11-06") as caught:
        area(place=place)
    assert "shipped:yubei/boundary.gpkg" in caught.value.cure


def test_the_shipped_outline_has_a_date():
    shape = area(boundary="shipped:yubei/boundary.gpkg", datum="wgs84", epsg=4545)
    assert shape.as_of == "2023-12-31"
    assert 1400 < shape.km2 < 1500


def test_a_place_without_a_network_is_a_download_error():
    nowhere = scenario.Overpass(nominatim="http://127.0.0.1:9/", connect_timeout_s=1)
    with pytest.raises(DownloadError):
        load_area(scenario.Area(place="Monaco"), overpass=nowhere)
