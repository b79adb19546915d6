"""Zones: from a file or the map, people joined, what is left over, what overlaps."""

import geopandas as gpd
import numpy as np
import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import GeometryCollection, LineString, MultiPoint, Point, Polygon, box

from siting import scenario, tables
from siting.errors import (
    AreaError,
    BrokenFileError,
    DatumError,
    InputMissingError,
    TableError,
)
from siting.inputs.area import load_area
from siting.inputs.files.columns import texts
from siting.inputs.zones import load_zones

BBOX = (106.5, 29.6, 106.7, 29.8)
AREA = load_area(scenario.Area(bbox=BBOX, epsg=4545), overpass=scenario.Overpass())
WEST, EAST = box(106.5, 29.6, 106.6, 29.8), box(106.6, 29.6, 106.7, 29.8)


def admin(*rows):
    """Make administrative areas of the map: (id, level, name, shape)."""
    ids, levels, names, shapes = zip(*rows, strict=True) if rows else ([], [], [], [])
    none = texts([None] * len(ids))
    return gpd.GeoDataFrame(
        {
            "admin_id": texts(ids), "admin_level": texts(levels), "name": texts(names),
            "name_en": none, "ref": none,
        },
        geometry=list(shapes), crs=4326,
    ).to_crs(4545)  # fmt: skip


def save(tmp_path, shapes=(WEST, EAST), file="zones.gpkg", **columns):
    count = len(shapes)
    values = {
        "zone_id": [f"Z{number}" for number in range(count)],
        "name": [f"街道{number}" for number in range(count)],
        **columns,
    }
    path = tmp_path / file
    values = {key: value for key, value in values.items() if value is not None}
    gpd.GeoDataFrame(values, geometry=list(shapes), crs=4326).to_file(path)
    return path


def load(path=None, map_areas=None, **keys):
    if path is not None:
        keys = {"file": str(path), "datum": "wgs84", **keys}
    map_areas = admin() if map_areas is None else map_areas
    zones, notes, sources = load_zones(scenario.ZonesInput(**keys), map_areas, AREA)
    tables.check(zones, tables.ZONES)
    return zones.set_index("zone_id"), dict(notes), sources


def people(tmp_path, text, name="people.csv", encoding="utf-8-sig"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return str(path)


def test_zones_of_a_file(tmp_path):
    path = save(tmp_path, kind=["subdistrict", "town"], population=[1000, 500],
                population_quality=["exact", "suspect"])  # fmt: skip
    zones, notes, sources = load(path)
    assert zones["population"].tolist() == [1000, 500]
    assert zones["population_quality"].tolist() == ["exact", "suspect"]
    assert zones["kind"].tolist() == ["subdistrict", "town"]
    assert zones.area.sum() == pytest.approx(AREA.projected.area, rel=1e-3)
    assert not notes
    assert sources[0].origin == "zones.gpkg"


@pytest.mark.parametrize("name", ["zones.geojson", "zones.shp"])
def test_other_formats_and_mapped_columns(tmp_path, name):
    path = save(tmp_path, file=name, zone_id=None, code=["7", "8"])
    zones, _, _ = load(path, columns={"zone_id": "code"})
    assert zones.index.tolist() == ["7", "8"]


def test_missing_people_are_missing_with_a_note(tmp_path):
    zones, notes, _ = load(save(tmp_path, population=[1000, None]))
    assert np.isnan(zones["population"].iloc[1])
    assert zones["population_quality"].tolist() == ["estimated", "missing"]
    assert notes["people_missing"] == {"count": 1, "of": 2, "names": ["街道1"]}
    none, notes, _ = load(save(tmp_path, file="none.gpkg"))
    assert none["population"].isna().all()
    assert notes["people_missing"]["count"] == 2


def test_the_datum_is_declared(tmp_path):
    with pytest.raises(DatumError, match="wgs84 would have been assumed"):
        load(save(tmp_path), datum=None)


def test_a_wrong_datum_leaves_a_strip_and_is_seen(tmp_path):
    _, notes, _ = load(save(tmp_path), datum="gcj02")
    assert notes["area_without_zone"]["km2"] > 10


def test_bad_zone_files(tmp_path):
    with pytest.raises(InputMissingError):
        load(tmp_path / "gone.gpkg")
    broken = tmp_path / "broken.gpkg"
    broken.write_bytes(save(tmp_path).read_bytes()[:3000])
    with pytest.raises(BrokenFileError):
        load(broken)
    empty = tmp_path / "empty.gpkg"
    gpd.GeoDataFrame({"zone_id": texts([])}, geometry=[], crs=4326).to_file(empty)
    with pytest.raises(TableError, match="has no rows"):
        load(empty)


def test_missing_columns_are_named_with_those_there(tmp_path):
    path = save(tmp_path, zone_id=None, name=None, kode=["1", "2"], label=["a", "b"])
    with pytest.raises(TableError) as caught:
        load(path, columns={"population": "人口", "size": "x"})
    text = str(caught.value)
    for part in ("'zone_id'", "'name'", "'人口' (for population)", "'size' is no column"):
        assert part in text
    assert "kode, label" in caught.value.cure


def test_every_fault_of_a_zone_file_at_once(tmp_path):
    path = save(
        tmp_path, (WEST, EAST, WEST), zone_id=["A", "A", None],
        population=["many", "-5", "7"], population_quality=["exact", "good", "exact"],
    )  # fmt: skip
    with pytest.raises(TableError) as caught:
        load(path)
    for part in (
        "feature 1, feature 2: zone_id 'A' is used 2 times",
        "feature 3: zone_id is missing",
        "feature 1: population is no number: 'many'",
        "feature 2: population cannot be -5",
        "feature 2: population_quality is 'good'",
    ):
        assert part in str(caught.value), part
    lines = [line for line in str(caught.value).splitlines() if "- feature" in line]
    assert [line.split()[2].strip(",:") for line in lines] == ["1", "1", "2", "2", "3"]


def test_what_no_zone_covers_is_a_zone_of_its_own(tmp_path):
    zones, notes, _ = load(save(tmp_path, (WEST, box(106.6, 29.6, 106.69, 29.8))))
    assert zones.loc["uncovered", "kind"] == "uncovered"
    assert zones.loc["uncovered", "population_quality"] == "missing"
    km2 = zones.loc[["uncovered"]].area.sum() / 1e6
    assert notes["area_without_zone"] == {
        "km2": pytest.approx(km2, abs=0.01), "share": pytest.approx(0.05, abs=0.001),
    }  # fmt: skip
    assert zones.area.sum() == pytest.approx(AREA.projected.area, rel=1e-6)


def test_slivers_between_zones_are_none(tmp_path):
    zones, notes, _ = load(save(tmp_path, (WEST, box(106.6005, 29.6, 106.7, 29.8))))
    assert "uncovered" not in zones.index
    assert "area_without_zone" not in notes


def test_overlaps_are_told_and_touching_is_none(tmp_path):
    _, notes, _ = load(save(tmp_path, (WEST, box(106.59, 29.6, 106.7, 29.8))))
    ((one, other, km2),) = notes["zones_overlap"]["pairs"]
    assert {one, other} == {"街道0", "街道1"}
    assert km2 == pytest.approx(21.5, abs=0.5)
    assert "zones_overlap" not in load(save(tmp_path, file="good.gpkg"))[1]


def test_a_zone_cut_by_the_outline_keeps_its_share_of_people(tmp_path):
    wide = box(106.6, 29.6, 106.8, 29.8)
    path = save(tmp_path, (WEST, wide), population=[1000, 500],
                population_quality=["exact", "exact"])  # fmt: skip
    zones, notes, _ = load(path)
    assert zones["population"].tolist() == [1000, pytest.approx(250, rel=0.01)]
    assert zones["population_quality"].tolist() == ["exact", "estimated"]
    assert notes["zones_cut"] == {"count": 1, "names": ["街道1"]}


def test_neighbours_are_left_out_and_told(tmp_path):
    next_door = box(106.7, 29.6, 106.8, 29.8)
    zones, notes, _ = load(save(tmp_path, (WEST, EAST, next_door)))
    assert zones.index.tolist() == ["Z0", "Z1"]
    assert notes["zones_outside"] == {"count": 1, "names": ["街道2"]}


def test_a_file_of_another_place_is_refused(tmp_path):
    with pytest.raises(AreaError, match=r"no zone of 'zones\.gpkg' lies in the area"):
        load(save(tmp_path, (box(0, 0, 1, 1),)))


LINE = LineString([(106.55, 29.65), (106.6, 29.7)])


@pytest.mark.parametrize("file", ["zones.gpkg", "zones.geojson"])
@pytest.mark.parametrize(
    ("shape", "what"),
    [
        (None, "has no geometry"),
        (Polygon(), "has no geometry"),
        (Point(106.55, 29.65), "is a Point, not an area"),
        (MultiPoint([(106.55, 29.65)]), "is a MultiPoint, not an area"),
        (LINE, "is a LineString, not an area"),
        (GeometryCollection([Point(106.55, 29.65), LINE]), "is a GeometryCollection, not an area"),
        (Polygon([(106.5, 29.6), (106.6, 29.6), (106.5, 29.6)]), "is a Polygon, not an area"),
    ],
    ids=["null", "empty", "point", "points", "line", "collection", "flat"],
)
def test_a_zone_without_an_area_is_refused_by_name(tmp_path, file, shape, what):
    path = save(
        tmp_path, (WEST, shape, EAST), file=file, name=["甲街道", "乙镇", "丙乡"],
        population=[9000.0, 6000.0, 1.0],
    )  # fmt: skip
    with pytest.raises(TableError) as caught:
        load(path)
    assert f"feature 2: '乙镇' (6,000 people) {what}" in str(caught.value)
    assert "has 1 fault(s)" in str(caught.value)
    assert "take its row out" in caught.value.cure


def test_every_zone_without_an_area_is_refused(tmp_path):
    points = (Point(106.6, 29.7), Point(106.65, 29.7))
    with pytest.raises(TableError, match=r"feature 1: '街道0' is a Point.*\n.*feature 2: '街道1'"):
        load(save(tmp_path, points))


def test_a_zone_of_an_area_and_a_point_is_its_area(tmp_path):
    zones, notes, _ = load(save(tmp_path, (WEST, GeometryCollection([EAST, Point(106.6, 29.7)]))))
    assert list(zones.index) == ["Z0", "Z1"]
    assert "area_without_zone" not in notes


def test_zones_of_the_map_by_level():
    areas = admin(
        ("relation/1", "8", "甲街道", WEST), ("relation/2", "8", "乙镇", EAST),
        ("relation/3", "6", "某区", box(*BBOX)),
    )  # fmt: skip
    zones, notes, sources = load(map_areas=areas)
    assert zones["kind"].to_dict() == {"relation/1": "subdistrict", "relation/2": "town"}
    assert notes["people_missing"]["count"] == 2
    assert not sources
    assert load(map_areas=areas, admin_level=6)[0].index.tolist() == ["relation/3"]


def test_a_map_without_zones_makes_one_zone_of_all():
    zones, notes, _ = load()
    assert zones.index.tolist() == ["uncovered"]
    assert notes["no_zones"] == {"admin_level": {"zh": "4–11", "en": "4 to 11"}}
    assert zones.area.iloc[0] == pytest.approx(AREA.projected.area)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_people_are_joined_by_id(tmp_path, encoding):
    table = people(tmp_path, "zone_id,population,population_quality\nZ0,1200,exact\nZ1,,\n",
                   encoding=encoding)  # fmt: skip
    zones, notes, sources = load(save(tmp_path, population=[5, 6]), people=table)
    assert zones["population"].iloc[0] == 1200
    assert np.isnan(zones["population"].iloc[1])
    assert zones["population_quality"].tolist() == ["exact", "missing"]
    assert [source.name for source in sources] == ["zones", "people"]
    assert notes["people_missing"]["names"] == ["街道1"]


def test_people_are_joined_by_name_with_mapped_columns(tmp_path):
    table = people(tmp_path, "名称,人口,note\n街道0,1200,合成样例\n街道1,800,合成样例\n")
    zones, _, sources = load(
        save(tmp_path), people=table, people_key="name",
        people_columns={"name": "名称", "population": "人口"},
    )  # fmt: skip
    assert zones["population"].tolist() == [1200, 800]
    assert sources[1].synthetic


def test_people_of_a_workbook(tmp_path):
    book = openpyxl.Workbook()
    for row in (["zone_id", "population"], ["Z0", 1200], ["Z1", 800.0]):
        book.active.append(row)
    book.save(tmp_path / "people.xlsx")
    zones, _, _ = load(save(tmp_path), people=str(tmp_path / "people.xlsx"))
    assert zones["population"].tolist() == [1200, 800]


def test_keys_that_match_nothing_are_told_both_ways(tmp_path):
    table = people(tmp_path, "zone_id,population\nZ0,1200\nZ9,1\n")
    zones, notes, _ = load(save(tmp_path), people=table)
    assert notes["people_without_zone"] == {"count": 1, "keys": ["Z9"]}
    assert notes["zones_without_people_row"] == {"count": 1, "keys": ["Z1"]}
    assert np.isnan(zones["population"].iloc[1])


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("zone_id,population\nX,1\n", "no row of 'people.csv' matches"),
        ("zone_id,population\nZ0,lots\n", "row 2: population is no number: 'lots'"),
        ("zone_id,population\nZ0,-1\n", "row 2: population cannot be -1"),
        ("zone_id,population\nZ0,1\n\nZ0,2\n", "row 2, row 4: zone_id 'Z0' is used 2 times"),
        ("zone_id,居民\nZ0,1\n", "column 'population' "),
    ],
)
def test_bad_tables_of_people(tmp_path, text, fault):
    with pytest.raises(TableError) as caught:
        load(save(tmp_path), people=people(tmp_path, text))
    assert fault in str(caught.value)


def test_a_name_two_zones_share_cannot_be_joined_on(tmp_path):
    table = people(tmp_path, "name,population\n同名,1\n")
    with pytest.raises(TableError, match="several zones share the name 同名"):
        load(save(tmp_path, name=["同名", "同名"]), people=table, people_key="name")
    with pytest.raises(TableError, match="people_key is 'label'"):
        load(save(tmp_path), people=table, people_key="label")


@settings(deadline=None, max_examples=20)
@given(
    st.lists(
        st.tuples(
            st.floats(106.45, 106.70), st.floats(29.55, 29.80),
            st.floats(0.01, 0.2), st.floats(0.01, 0.2),
        ),
        min_size=1,
        max_size=5,
    )
)  # fmt: skip
def test_zones_and_the_rest_fill_the_area_but_for_slivers(boxes):
    rows = [
        (f"relation/{number}", "8", f"区{number}", box(x, y, x + width, y + height))
        for number, (x, y, width, height) in enumerate(boxes)
    ]
    zones, _, _ = load(map_areas=admin(*rows))
    whole = zones.union_all()
    assert whole.difference(AREA.projected).area < 1
    # At most a strip 100 m wide along each edge is left as a sliver.
    left = AREA.projected.difference(whole)
    assert left.buffer(-60).area < 0.5e6
