"""The embedded sample: the same bytes each time, true at the skeleton, as rich as promised."""

import csv
import hashlib
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import osmium
import osmnx as ox
import pytest
import shapely

from siting.geo import gcj02_to_wgs84

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "data" / "sample"
YUBEI = ROOT / "data" / "yubei"
FILES = (
    "yubei-sample.osm.pbf", "zones.gpkg", "existing.csv", "substations.csv", "projects.csv",
    "sights.csv", "planned-parks.csv", "renewal.geojson", "idle-land.geojson",
)  # fmt: skip
CENTRE_PEOPLE, PUBLIC_BAYS, TEMPORARY_BAYS, KERB_BAYS = 10.34e6, 27_800, 93_600, 63_400
"""Central Chongqing in February 2023, answer 0063 of the City Management Bureau (V 80)."""
MARK = "（样例）"
DRIVABLE = {
    "motorway", "motorway_link", "trunk", "trunk_link", "primary", "secondary", "tertiary",
    "unclassified", "residential", "living_street",
}  # fmt: skip
DUAL = {"motorway", "trunk", "primary", "secondary"}


@dataclass
class Extract:
    """What an independent reading of the map finds."""

    tags: Counter[tuple[str, str]] = field(default_factory=Counter)
    roads: list[dict[str, str]] = field(default_factory=list)
    relations: Counter[str] = field(default_factory=Counter)
    names: Counter[str] = field(default_factory=Counter)
    parkings: list[tuple[dict[str, str], shapely.Geometry]] = field(default_factory=list)
    homes: list[shapely.Geometry] = field(default_factory=list)
    points: list[tuple[dict[str, str], tuple[float, float]]] = field(default_factory=list)
    services: list[tuple[dict[str, str], shapely.Geometry]] = field(default_factory=list)
    spots: list[tuple[float, float]] = field(default_factory=list)
    broken: int = 0


def rows_of(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def shape_of(area, factory):
    """Build an area's shape; nothing where its outline crosses itself."""
    try:
        return shapely.from_wkb(factory.create_multipolygon(area))
    except RuntimeError:
        return None


@pytest.fixture(scope="module")
def extract():
    found = Extract()
    factory = osmium.geom.WKBFactory()
    kinds = ("amenity", "landuse", "shop", "office", "tourism", "leisure", "historic", "highway",
             "building", "power", "railway", "natural", "aeroway", "junction")  # fmt: skip
    for item in osmium.FileProcessor(str(SAMPLE / FILES[0])).with_areas():
        tags = {tag.k: tag.v for tag in item.tags}
        if item.is_area():
            _area(found, tags, shape_of(item, factory))
            continue
        found.tags.update((key, tags[key]) for key in kinds if key in tags)
        found.tags.update((key, "*") for key in kinds if key in tags)
        found.names.update(value for key, value in tags.items() if key == "name")
        if item.is_way() and tags.get("highway") in DRIVABLE:
            found.roads.append(tags)
        if item.is_relation():
            found.relations[tags["type"]] += 1
        if item.is_node() and tags:
            found.points.append((tags, (item.lon, item.lat)))
            if tags.get("amenity") == "parking":
                found.parkings.append((tags, shapely.Point(item.lon, item.lat)))
            found.spots.append((item.lon, item.lat))
    return found


def _area(found, tags, shape):
    if shape is None:
        found.broken += 1
        return
    if tags.get("amenity") == "parking":
        found.parkings.append((tags, shape))
    if tags.get("landuse") == "residential":
        found.homes.append(shape)
    if tags.get("highway") in {"services", "rest_area"}:
        found.services.append((tags, shape))
    found.spots.append(tuple(shape.representative_point().coords[0]))


@pytest.fixture(scope="module")
def outline():
    return gpd.read_file(YUBEI / "boundary.gpkg", layer="boundary").geometry.iloc[0]


@pytest.fixture(scope="module")
def zones():
    return gpd.read_file(SAMPLE / "zones.gpkg", layer="zones")


@pytest.fixture(scope="module")
def network():
    """Load the drivable roads with osmnx, as the planner will have to: from OSM XML."""
    pbf = str(SAMPLE / FILES[0])
    with tempfile.TemporaryDirectory() as folder:
        xml = Path(folder) / "drive.osm"
        ways, nodes = set(), set()
        for way in osmium.FileProcessor(pbf, osmium.osm.WAY):
            if way.tags.get("highway") in DRIVABLE:
                ways.add(way.id)
                nodes.update(node.ref for node in way.nodes)
        with osmium.SimpleWriter(str(xml)) as writer:
            for item in osmium.FileProcessor(pbf):
                if item.id in (nodes if item.is_node() else ways if item.is_way() else ()):
                    writer.add(item)
        return ox.graph_from_xml(xml, simplify=True, retain_all=True)


@pytest.mark.slow
def test_the_maker_writes_the_committed_bytes_whatever_the_hash_seed(tmp_path):
    runs = []
    for seed in ("1", "2024"):
        out = tmp_path / seed
        command = [sys.executable, str(SAMPLE / "make_sample.py"), "--out", str(out)]
        runs.append((out, subprocess.Popen(command, env={**os.environ, "PYTHONHASHSEED": seed})))
    for out, run in runs:
        assert run.wait(timeout=600) == 0
        for name in FILES:
            made, kept = (hashlib.sha256((at / name).read_bytes()) for at in (out, SAMPLE))
            assert made.hexdigest() == kept.hexdigest(), name


def test_the_files_together_are_about_five_megabytes():
    assert 4.0e6 < sum((SAMPLE / name).stat().st_size for name in FILES) < 5.5e6


def test_the_boundary_is_the_known_outline(outline):
    table = gpd.read_file(YUBEI / "boundary.gpkg", layer="boundary")
    assert table.to_crs(4545).area.sum() / 1e6 == pytest.approx(1458, abs=1)
    assert "not a legal boundary" in table["quality"].iloc[0]
    assert str(table["as_of"].iloc[0])[:10] == "2023-12-31"


def test_at_least_sixteen_thousand_junctions_in_one_piece(network, outline):
    strong = ox.truncate.largest_component(network, strongly=True)
    inside = _inside(strong, outline)
    assert len(inside) >= 16_000
    assert len(network) > len(strong), "an extract has traps and strays"
    both = strong.subgraph(inside)
    single = _single_km(ox.convert.to_undirected(both))
    assert single >= 3300, "each street counted once, a pair of carriageways as one"


def _inside(graph, outline):
    ids = list(graph)
    points = np.array([(graph.nodes[n]["x"], graph.nodes[n]["y"]) for n in ids])
    return [n for n, hit in zip(ids, shapely.contains_xy(outline, points), strict=True) if hit]


def _single_km(graph):
    total = 0.0
    for _, _, edge in graph.edges(data=True):
        kind = edge["highway"] if isinstance(edge["highway"], str) else edge["highway"][0]
        paired = edge.get("oneway") in (True, "yes") and kind in DUAL
        total += edge["length"] / (2000.0 if paired else 1000.0)
    return total


def test_roads_are_of_all_classes_and_as_roads_are_tagged(extract):
    assert {tags["highway"] for tags in extract.roads} == DRIVABLE
    limited = sum("maxspeed" in tags for tags in extract.roads) / len(extract.roads)
    assert 0.03 < limited < 0.15
    fast = [tags for tags in extract.roads if tags["highway"] == "motorway"]
    assert all(tags.get("oneway") == "yes" for tags in fast)
    refs = {tags.get("ref") for tags in extract.roads}
    assert {"G50", "G50S", "G65", "G5001", "G75"} <= refs
    assert sum("tunnel" in tags for tags in extract.roads) >= 12
    assert sum("bridge" in tags for tags in extract.roads) > 100
    assert extract.tags["junction", "roundabout"] > 40


def test_ordinary_roads_cross_the_ridges_only_at_a_few_gaps_and_tunnels(extract):
    crests, roads, factory = [], [], osmium.geom.WKBFactory()
    for way in osmium.FileProcessor(str(SAMPLE / FILES[0])).with_locations():
        if not way.is_way():
            continue
        tags = {tag.k: tag.v for tag in way.tags}
        if tags.get("natural") == "ridge":
            crests.append(shapely.from_wkb(factory.create_linestring(way)))
        elif tags.get("highway") in DRIVABLE:
            roads.append((tags, shapely.from_wkb(factory.create_linestring(way))))
    assert len(crests) == 3
    crossing = [tags for tags, line in roads if any(line.crosses(crest) for crest in crests)]
    ordinary = [t for t in crossing if not t["highway"].startswith(("motorway", "trunk"))]
    assert 6 <= len(ordinary) <= 16
    assert sum("tunnel" in tags for tags in ordinary) >= 3
    assert all("tunnel" in tags for tags in crossing if tags not in ordinary)


def test_places_are_as_many_as_promised(extract):
    tags = extract.tags
    assert len(extract.homes) >= 1900
    assert 2100 <= tags["amenity", "parking"] <= 2500
    assert tags["building", "office"] + tags["office", "*"] + tags["landuse", "commercial"] >= 440
    assert tags["shop", "*"] + tags["landuse", "retail"] >= 320
    public = ("hospital", "clinic", "school", "kindergarten", "university", "library", "townhall",
              "community_centre")  # fmt: skip
    assert sum(tags["amenity", kind] for kind in public) >= 750
    assert tags["tourism", "*"] + tags["leisure", "park"] >= 110
    assert tags["amenity", "fuel"] >= 110
    assert tags["highway", "services"] >= 12
    assert tags["highway", "rest_area"] >= 2
    assert tags["railway", "station"] >= 70
    assert tags["amenity", "bus_station"] >= 38
    assert tags["landuse", "industrial"] + tags["building", "warehouse"] >= 280
    assert tags["power", "substation"] >= 55
    assert 100 <= tags["amenity", "charging_station"] <= 150


def test_service_areas_have_two_sides_that_can_be_reached(extract, network):
    strong = ox.truncate.largest_component(network, strongly=True)
    names = Counter(tags.get("name", "").split("（")[0] for tags, _ in extract.services)
    assert sum(count == 2 for name, count in names.items() if name) >= 6
    links = [
        edge["geometry"]
        for _, _, edge in strong.edges(data=True)
        if "motorway_link" in edge["highway"] and "geometry" in edge
    ]
    for tags, shape in extract.services:
        assert min(line.distance(shape) for line in links) < 0.0006, tags.get("name")


def test_the_third_terminal_hall_has_no_car_park(extract):
    halls = {name[:3] for name in extract.names if "航站楼（" in name}
    assert halls == {"T2航", "T3A", "T3B"}
    parks = [tags.get("name", "") for tags, _ in extract.parkings]
    assert any(name.startswith("T2") for name in parks)
    assert any(name.startswith("T3A") for name in parks)
    assert not any(name.startswith("T3B") for name in parks)


def test_it_is_as_messy_as_the_real_thing(extract, outline):
    assert extract.relations["multipolygon"] > 60
    assert extract.relations["boundary"] == 31
    assert sum("·" in name for name in extract.names) > 40
    unnamed = sum("name" not in tags for tags, _ in extract.parkings) / len(extract.parkings)
    assert 0.25 < unnamed < 0.8
    assert max(extract.names.values()) > 3, "some names stand for several things"
    away = np.mean(~shapely.contains_xy(outline, np.array(extract.spots)))
    assert 0.01 < away < 0.08
    assert extract.broken >= 5, "outlines that cross themselves"
    tree = shapely.STRtree([shape for _, shape in extract.parkings])
    first, second = tree.query([shape for _, shape in extract.parkings], predicate="intersects")
    assert np.sum(first < second) >= 50, "car parks mapped twice"


def _bays(tags, square_m):
    """Return the bays of a car park as they are mapped, else by its ground."""
    if "capacity" in tags:
        return float(tags["capacity"])
    if square_m == 0:
        return 0.0
    if tags.get("parking") in {"underground", "multi-storey"}:
        return square_m * float(tags.get("building:levels", 1)) / 35
    return square_m / (15 if tags.get("parking") == "street_side" else 28)


def test_bays_open_to_all_are_as_many_a_head_as_in_central_chongqing(extract, zones):
    """The public car parks held five to twenty-four times too many bays."""
    inside = zones.geometry.union_all()
    parks = [(tags, s) for tags, s in extract.parkings if inside.contains(s.representative_point())]
    shapes = gpd.GeoSeries([shape for _, shape in parks], crs=4326).to_crs(4545)
    found = Counter()
    for (tags, _), square_m in zip(parks, shapes.area, strict=True):
        access = tags.get("access")
        kerb = tags.get("parking") == "street_side"
        whose = "kerb" if kerb else access if access in {"customers", "private"} else "open"
        whose = "private" if access == "residents" else whose
        found[whose] += _bays(tags, square_m)
    share = zones["population"].sum() / CENTRE_PEOPLE
    assert found["open"] == pytest.approx((PUBLIC_BAYS + TEMPORARY_BAYS) * share, rel=0.1)
    assert found["kerb"] == pytest.approx(KERB_BAYS * share, rel=0.05)
    assert found["customers"] < 30_000, "they belong to buildings, as 2.54 million bays do"


def test_a_station_at_a_place_without_a_name_says_where_it_is(zones):
    rows = rows_of(SAMPLE / "existing.csv")
    townships = tuple(zones["name"])
    told = [row["name"] for row in rows if any(name in row["name"] for name in townships)]
    assert len(told) > 50
    assert all(
        re.search(r"(口[东南西北]{1,2}角|[东南西北]{1,2}侧)(充电|换电)站（样例）$", name)
        for name in told
    )
    bare = [
        row["name"] for row in rows if re.fullmatch(r".{2,4}(充电|换电)站（样例）", row["name"])
    ]
    assert bare == []


def test_the_lists_of_offices_are_marked_and_lie_in_the_district(outline):
    sights, parks = rows_of(SAMPLE / "sights.csv"), rows_of(SAMPLE / "planned-parks.csv")
    assert {row["a_level"] for row in sights} == {"2A", "3A", "4A"}
    assert {row["name"] for row in sights if row["a_level"] == "4A"} >= {
        f"统景温泉{MARK}", f"两江国际影视城{MARK}",
    }  # fmt: skip
    assert {row["year"] for row in parks} == {"2024", "2025", "2026"}
    for row in [*sights, *parks]:
        assert MARK in row["name"]
        assert outline.contains(shapely.Point(float(row["lon"]), float(row["lat"])))
    for name, count in (("renewal.geojson", 19), ("idle-land.geojson", 60)):
        areas = gpd.read_file(SAMPLE / name)
        assert len(areas) == count
        assert areas["name"].str.contains(MARK).all()
        assert areas.geometry.representative_point().within(outline).all()
    hectares = gpd.read_file(SAMPLE / "renewal.geojson").to_crs(4545).area.sum() / 1e4
    assert hectares == pytest.approx(4253, rel=0.01), "as in the district's plan (V 82)"


def test_stray_roads_hang_on_nothing(network):
    pieces = sorted(map(len, nx.weakly_connected_components(network)))
    assert len(pieces) > 60
    assert pieces[-2] < 10


def test_every_name_is_marked_as_a_sample(extract):
    assert [name for name in extract.names if MARK not in name] == []


def test_zones_carry_the_true_units_and_cover_the_outline(zones, outline):
    units = rows_of(YUBEI / "units.csv")
    assert list(zones["zone_id"]) == sorted(unit["zone_id"] for unit in units)
    told = {unit["zone_id"]: unit for unit in units}
    for row in zones.itertuples():
        assert row.name == told[row.zone_id]["name_zh"]
        assert row.population == int(told[row.zone_id]["population_2020"])
        assert row.population_quality == told[row.zone_id]["population_quality"]
        assert "合成" in row.note
    assert zones.geometry.is_valid.all()
    metric = zones.to_crs(4545).geometry
    whole = gpd.GeoSeries([outline], crs=4326).to_crs(4545).iloc[0]
    assert metric.area.sum() == pytest.approx(whole.area, rel=1e-5)
    assert metric.union_all().symmetric_difference(whole).area < 2000
    overlap = sum(a.intersection(b).area for a, b in combinations(metric, 2))
    assert overlap < 2000


def test_existing_stations_are_in_gcj02_and_apart(outline):
    rows = rows_of(SAMPLE / "existing.csv")
    assert {row["datum"] for row in rows} == {"gcj02"}
    assert {row["note"] for row in rows} == {"合成样例"}
    lon, lat = (np.array([float(row[key]) for row in rows]) for key in ("lon", "lat"))
    lon, lat = gcj02_to_wgs84(lon, lat)
    assert shapely.contains_xy(outline, lon, lat).mean() > 0.98
    points = gpd.GeoSeries(gpd.points_from_xy(lon, lat), crs=4326).to_crs(4545)
    xy = shapely.get_coordinates(points)
    apart = np.hypot(*(xy[:, None] - xy[None]).T) + 1e9 * np.eye(len(xy))
    assert apart.min() > 60
    assert (apart.min(axis=0) < 300).sum() >= 4
    assert sum(int(row["chargers"]) for row in rows) == pytest.approx(3300, rel=0.1)
    assert sum(row["swap"] == "1" for row in rows) == 6


def test_some_chargers_are_on_the_map_and_in_the_table(extract):
    rows = rows_of(SAMPLE / "existing.csv")
    lon, lat = gcj02_to_wgs84(*(np.array([float(r[k]) for r in rows]) for k in ("lon", "lat")))
    mapped = [at for tags, at in extract.points if tags.get("amenity") == "charging_station"]
    near = gpd.GeoSeries(gpd.points_from_xy(*zip(*mapped, strict=True)), crs=4326).to_crs(4545)
    table = gpd.GeoSeries(gpd.points_from_xy(lon, lat), crs=4326).to_crs(4545)
    both = sum(table.distance(point).min() < 50 for point in near)
    assert 30 < both < len(mapped) - 20


def test_substations_and_projects_are_marked_and_partly_unknown(outline):
    substations = rows_of(SAMPLE / "substations.csv")
    projects = rows_of(SAMPLE / "projects.csv")
    assert len(substations) >= 55
    assert len(projects) == 80
    assert 3 <= sum(row["headroom_kw"] == "" for row in substations) <= 20
    for row in [*substations, *projects]:
        assert row["note"] == "合成样例"
    assert all(outline.contains(shapely.Point(float(r["lon"]), float(r["lat"]))) for r in projects)
    assert {row["year"] for row in projects} == {"2024", "2025", "2026"}


def test_people_have_homes_where_they_live(extract, zones):
    homes = gpd.GeoSeries(extract.homes, crs=4326).to_crs(4545)
    spots = homes.representative_point()
    hectares = [homes.area[spots.within(zone)].sum() / 1e4 for zone in zones.to_crs(4545).geometry]
    people = zones["population"].to_numpy()
    assert np.corrcoef(hectares, people)[0, 1] > 0.85
    assert (np.array(hectares) > 0).all()
