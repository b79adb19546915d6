"""Local extracts: every format, any order, and what happens to broken ones."""

import bz2
import gzip
import inspect

import numpy as np
import osmium
import osmnx as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from osm_town import BBOX, cross, make_town
from osmnx import _overpass

from siting import scenario
from siting.errors import (
    BrokenFileError,
    CoverageError,
    EmptyLayerError,
    IncompleteExtractError,
    InputMissingError,
)
from siting.inputs.area import load_area
from siting.inputs.osm.elements import (
    _NOT_DRIVABLE,
    id_batches,
    is_drivable,
    read_content,
    read_header,
)
from siting.inputs.osm.kinds import read_place_kinds
from siting.inputs.osm.load import load_osm
from siting.shipped import shipped_path

AREA = load_area(scenario.Area(bbox=BBOX), overpass=scenario.Overpass())


def load(path, area=AREA, **keys):
    return load_osm(scenario.Inputs(osm=str(path), **keys), area)


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    return make_town().write(tmp_path_factory.mktemp("town") / "town.osm")


@pytest.fixture(scope="module")
def loaded(town):
    return load(town)


def as_pbf(path, source):
    with osmium.SimpleWriter(str(path)) as writer:
        for thing in osmium.FileProcessor(str(source)):
            writer.add(thing)
    return path


def same(one, other):
    for name in ("nodes", "edges", "places", "landscape", "admin", "stations", "substations"):
        a, b = getattr(one, name), getattr(other, name)
        assert a.drop(columns="geometry").equals(b.drop(columns="geometry")), name
        assert (a.geometry.to_wkb() == b.geometry.to_wkb()).all(), name


@pytest.mark.parametrize("ending", ["osm.pbf", "osm.gz", "osm.bz2"])
def test_every_format_gives_the_same(tmp_path, town, loaded, ending):
    path = tmp_path / f"town.{ending}"
    if ending == "osm.pbf":
        as_pbf(path, town)
    else:
        pack = {"osm.gz": gzip.compress, "osm.bz2": bz2.compress}[ending]
        path.write_bytes(pack(town.read_bytes()))
    same(load(path), loaded)


def test_the_order_of_ids_and_types_does_not_matter(tmp_path, loaded):
    same(load(make_town().write(tmp_path / "town.osm", reverse=True)), loaded)


def test_the_drivable_rule_is_osmnx_own():
    theirs = _overpass._get_network_filter("drive")
    for key, pattern in _NOT_DRIVABLE.items():
        assert f'["{key}"!~"{pattern.pattern}"]' in theirs
    assert theirs.count("!~") == len(_NOT_DRIVABLE)
    assert inspect.signature(ox.graph_from_polygon).parameters["network_type"].default == "all"


@pytest.mark.parametrize(
    ("tags", "drivable"),
    [
        ({"highway": "primary"}, True),
        ({"highway": "motorway_link"}, True),
        ({"highway": "service"}, False),
        ({"highway": "services"}, False),
        ({"highway": "residential", "access": "private"}, False),
        ({"highway": "residential", "motor_vehicle": "no"}, False),
        ({"highway": "residential", "area": "yes"}, False),
        ({"building": "yes"}, False),
    ],
)
def test_what_is_drivable(tags, drivable):
    assert is_drivable(tags) is drivable


def test_no_such_file(tmp_path):
    with pytest.raises(InputMissingError, match=r"no such file: gone\.osm\.pbf"):
        load(tmp_path / "gone.osm.pbf")


@pytest.mark.parametrize("share", [0.02, 0.3, 0.5, 0.9, 0.999])
def test_a_pbf_cut_anywhere_is_broken(tmp_path, town, share):
    whole = as_pbf(tmp_path / "whole.osm.pbf", town).read_bytes()
    path = tmp_path / "cut.osm.pbf"
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(BrokenFileError, match=r"cut\.osm\.pbf") as caught:
        load(path)
    assert caught.value.exit_code == 3


def test_a_large_pbf_cut_between_blocks_is_caught_by_what_is_missing(tmp_path, shared):
    whole = (shared / "data/osm-liechtenstein-2021/liechtenstein.osm.pbf").read_bytes()
    area = load_area(scenario.Area(bbox=(9.47, 47.045, 9.64, 47.275)), overpass=scenario.Overpass())
    path = tmp_path / "cut.osm.pbf"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises((BrokenFileError, EmptyLayerError)):
        load(path, area)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("text.osm.pbf", b"this is no protobuf at all, whatever its name says"),
        ("empty.osm.pbf", b""),
        ("empty.osm", b""),
        ("html.osm", b"<html><body>404</body></html>"),
        ("text.osm.gz", b"not gzip"),
        ("town.osm.zip", b"PK"),
    ],
)
def test_what_is_not_what_its_name_says_is_broken(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(BrokenFileError):
        load(path)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lambda data: data])
def test_cut_text_is_broken(tmp_path, town, pack):
    ending = {gzip.compress: ".gz", bz2.compress: ".bz2"}.get(pack, "")
    path = tmp_path / f"cut.osm{ending}"
    whole = pack(town.read_bytes())
    path.write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises(BrokenFileError):
        load(path)


def test_an_extract_without_complete_ways_is_refused_with_counts(tmp_path):
    town = make_town()
    for row in range(6):
        del town.nodes[cross(3, row)]
    with pytest.raises(IncompleteExtractError, match="of 14 drivable ways 6 lack some") as caught:
        load(town.write(tmp_path / "town.osm"))
    assert "1 all of them" in str(caught.value)
    assert "complete_ways" in caught.value.cure


def test_an_extract_of_ways_without_any_node_is_refused(tmp_path):
    town = make_town()
    town.nodes = {key: node for key, node in town.nodes.items() if node[2]}
    with pytest.raises(IncompleteExtractError, match="14 all of them"):
        load(town.write(tmp_path / "town.osm"))


def test_one_incomplete_way_among_many_is_mended_and_noted(tmp_path):
    town = make_town()
    for number in range(60):
        refs = [
            town.node(20000 + 2 * number + end, 106.60 + number * 1e-4, 29.7001 + end * 1e-4)
            for end in (0, 1)
        ]
        town.way(5000 + number, refs, highway="residential")
    del town.nodes[cross(5, 0)]
    town.ways[205][0].remove(cross(5, 0))
    found = load(town.write(tmp_path / "town.osm"))
    assert found.report.ways_incomplete == 1
    assert ("ways_incomplete", {"count": 1}) in found.notes
    assert cross(3, 0) in set(found.nodes["node_id"])


def test_another_area_is_not_covered(town):
    far = load_area(
        scenario.Area(bbox=(106.70, 29.80, 106.80, 29.90)), overpass=scenario.Overpass()
    )
    with pytest.raises(CoverageError, match="span 0% of it"):
        load(town, far)


def test_a_much_larger_area_is_not_covered(town):
    wide = load_area(scenario.Area(bbox=(106.5, 29.6, 106.8, 29.9)), overpass=scenario.Overpass())
    with pytest.raises(CoverageError, match="does not cover the area"):
        load(town, wide)


def test_an_extract_of_features_has_no_roads(tmp_path):
    town = make_town()
    town.ways = {key: way for key, way in town.ways.items() if "highway" not in way[1]}
    with pytest.raises(EmptyLayerError, match=r"filter 'drivable'.*0 of 16 ways"):
        load(town.write(tmp_path / "town.osm"))


def test_an_extract_of_roads_has_no_places(tmp_path):
    town = make_town()
    town.ways = {key: way for key, way in town.ways.items() if key < 400}
    town.nodes = {key: (lon, lat, {}) for key, (lon, lat, _) in town.nodes.items()}
    town.relations = {}
    with pytest.raises(EmptyLayerError, match="filter 'place_kinds'"):
        load(town.write(tmp_path / "town.osm"))


def test_places_beyond_the_area_are_named_as_the_reason(tmp_path):
    town = make_town()
    town.ways = {key: way for key, way in town.ways.items() if key < 400}
    town.nodes = {
        key: (lon, lat, tags if key == 504 else {}) for key, (lon, lat, tags) in town.nodes.items()
    }
    town.relations = {}
    with pytest.raises(EmptyLayerError, match="filter 'area' left 0 of 1 places"):
        load(town.write(tmp_path / "town.osm"))


def test_a_made_up_extract_says_so(tmp_path, town):
    assert not read_header(town).synthetic
    marked = make_town().write(tmp_path / "town.osm", generator="siting synthetic sample")
    assert read_header(marked).synthetic
    assert load(marked).sources[0].synthetic
    named = make_town()
    named.ways[400][1]["name"] = "江北花园（样例）"
    source = load(named.write(tmp_path / "named.osm")).sources[0]
    assert source.synthetic
    assert source.licence == "synthetic, made by this project"


def test_the_provenance_of_a_real_extract(loaded):
    (source,) = loaded.sources
    assert (source.name, source.origin, source.synthetic) == ("osm", "town.osm", False)
    assert "ODbL" in source.licence
    assert ("osm_undated", {"origin": "town.osm"}) in loaded.notes


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.integers(-(10**6), 14 * 10**9), max_size=300, unique=True),
    st.integers(0, 300),
)
def test_a_filter_of_ids_takes_memory_by_their_number_not_their_size(ids, close):
    every = np.array([*ids, *(n + 15 * 10**9 for n in range(close))], dtype=np.int64)
    batches = list(id_batches(every))
    assert np.concatenate([np.empty(0, np.int64), *batches]).tolist() == sorted(every.tolist())
    # pyosmium holds 4 MB for each block of 2^25 ids that it meets
    assert all(len(np.unique(some >> 25)) * 4 <= 64 for some in batches)


def test_ids_all_over_the_range_are_read(tmp_path):
    town = make_town()
    number = {key: 1 + 397_000_003 * place % 13_000_000_000 for place, key in enumerate(town.nodes)}
    town.nodes = {number[key]: value for key, value in town.nodes.items()}
    town.ways = {
        key: ([number[ref] for ref in refs], tags) for key, (refs, tags) in town.ways.items()
    }
    path = town.write(tmp_path / "wide.osm")
    content = read_content(path, read_place_kinds(shipped_path("place_kinds.csv")), 8, {})
    wanted = {ref for way in content.ways.values() for ref in way.refs} | set(content.points)
    assert set(content.ids.tolist()) == wanted


@pytest.mark.parametrize("ref", [-1, 0, 1 << 41])
def test_a_way_through_a_node_that_no_map_can_have_is_refused(tmp_path, ref):
    path = tmp_path / "odd.osm"
    path.write_text(
        '<osm version="0.6"><node id="1" lat="29.7" lon="106.6"/><way id="2"><nd ref="1"/>'
        f'<nd ref="{ref}"/><tag k="highway" v="primary"/></way></osm>',
        encoding="utf-8",
    )
    with pytest.raises(BrokenFileError, match="no node of OpenStreetMap"):
        load(path)
