"""Packs: whole and exact, for their own area and for a smaller one."""

import geopandas as gpd
import pytest
from osm_town import BBOX, make_town
from overpass_server import serving
from shapely import box

from siting import scenario
from siting.errors import BrokenFileError, CoverageError, InputMissingError
from siting.inputs import load_world
from siting.inputs.area import load_area
from siting.inputs.osm.load import fetch
from siting.inputs.osm.pack import read_pack

AREA = scenario.Area(bbox=BBOX)


def shape_of(bbox):
    return load_area(scenario.Area(bbox=bbox), overpass=scenario.Overpass())


def inputs(osm, **keys):
    return scenario.Inputs(osm=str(osm), **keys)


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pack")
    path = folder / "town.gpkg"
    with serving(make_town().write(folder / "town.osm")) as server:
        overpass = scenario.Overpass(endpoint=server.endpoint)
        fetch(inputs("overpass", overpass=overpass), shape_of(BBOX), path)
    return path


def test_its_layers_open_in_any_gis(pack):
    layers = {"nodes", "edges", "places", "landscape", "admin", "stations", "substations", "zones"}
    assert set(gpd.list_layers(pack)["name"]) == layers | {"provenance"}
    for layer in layers:
        frame = gpd.read_file(pack, layer=layer)
        assert frame.crs.to_epsg() == 4326
        assert len(frame) > 0
    assert "uncovered" in set(gpd.read_file(pack, layer="zones")["zone_id"])


def test_texts_that_are_missing_stay_missing(pack):
    layers, _ = read_pack(pack)
    assert layers.places["operator"].isna().all()
    assert layers.places["capacity"].notna().sum() == 1
    assert layers.stations["chargers"].tolist() == [6.0, 1.0]
    assert layers.stations["swap"].dtype == bool


def test_a_smaller_area_of_a_pack_keeps_its_own_places(pack):
    west = scenario.Area(bbox=(106.5985, 29.6985, 106.6042, 29.7125))
    small, large = load_world(west, inputs(pack)), load_world(AREA, inputs(pack))
    assert 0 < len(small.places) < len(large.places)
    assert set(small.places["place_id"]) < set(large.places["place_id"])


def test_another_area_is_not_in_the_pack(pack):
    with pytest.raises(CoverageError, match="covers 0% of the area") as caught:
        load_world(scenario.Area(bbox=(106.7, 29.8, 106.8, 29.9)), inputs(pack))
    assert "siting fetch" in caught.value.cure


def test_no_such_pack(tmp_path):
    with pytest.raises(InputMissingError):
        load_world(AREA, inputs(tmp_path / "gone.gpkg"))


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9])
def test_a_pack_cut_short_is_broken(tmp_path, pack, share):
    path = tmp_path / "cut.gpkg"
    whole = pack.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(BrokenFileError):
        load_world(AREA, inputs(path))


def test_a_geopackage_of_something_else_is_no_pack(tmp_path):
    path = tmp_path / "other.gpkg"
    gpd.GeoDataFrame({"a": [1]}, geometry=[box(0, 0, 1, 1)], crs=4326).to_file(path)
    with pytest.raises(BrokenFileError, match="no pack") as caught:
        load_world(AREA, inputs(path))
    assert "siting fetch" in caught.value.cure


def test_zones_of_a_file_travel_in_the_pack(tmp_path):
    zones = tmp_path / "zones.gpkg"
    halves = [box(106.59, 29.69, 106.605, 29.72), box(106.605, 29.69, 106.62, 29.72)]
    gpd.GeoDataFrame(
        {"zone_id": ["1", "2"], "name": ["西", "东"], "population": [100, 200]},
        geometry=halves, crs=4326,
    ).to_file(zones)  # fmt: skip
    own = scenario.ZonesInput(file=str(zones), datum="wgs84")
    pack = tmp_path / "town.gpkg"
    town = make_town().write(tmp_path / "town.osm")
    with serving(town) as server:
        overpass = scenario.Overpass(endpoint=server.endpoint)
        fetch(inputs("overpass", overpass=overpass, zones=own), shape_of(BBOX), pack)
    from_file = load_world(AREA, inputs(town, zones=own)).zones
    from_pack = load_world(AREA, inputs(pack)).zones
    assert from_pack["zone_id"].tolist() == ["1", "2"]
    assert from_pack["population"].sum() == pytest.approx(from_file["population"].sum())
