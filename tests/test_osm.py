"""The corridor: what osmnx makes of an extract, and the tables that come out of it."""

import csv
from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from osm_town import BBOX, SOUTH, STEP, WEST, cross, make_town
from osmnx.distance import great_circle

from siting import scenario, tables
from siting.errors import InputMissingError, TableError
from siting.inputs import load_world
from siting.inputs.area import load_area
from siting.inputs.osm.kinds import read_place_kinds
from siting.inputs.osm.load import load_osm
from siting.inputs.osm.roads import read_speeds
from siting.shipped import shipped_path

AREA = load_area(scenario.Area(bbox=BBOX), overpass=scenario.Overpass())
SMALL = settings(deadline=None, max_examples=40)


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    return make_town().write(tmp_path_factory.mktemp("town") / "town.osm")


@pytest.fixture(scope="module")
def osm(town):
    return load_osm(scenario.Inputs(osm=str(town)), AREA)


def changed(tmp_path, change):
    """Load the town after a change to it."""
    town = make_town()
    change(town)
    return load_osm(scenario.Inputs(osm=str(town.write(tmp_path / "changed.osm"))), AREA)


def edge(osm, start, end):
    rows = osm.edges[(osm.edges["from_node"] == start) & (osm.edges["to_node"] == end)]
    return rows.iloc[0] if len(rows) else None


def test_the_tables_keep_their_contracts(osm):
    for table in (tables.NODES, tables.EDGES, tables.PLACES, tables.LANDSCAPE, tables.SUBSTATIONS):
        tables.check(getattr(osm, table.name), table)
        assert getattr(osm, table.name).crs == AREA.crs


def test_from_each_node_one_can_drive_to_each_other_of_its_part(osm):
    pairs = osm.edges[["from_node", "to_node"]].itertuples(index=False)
    graph = nx.DiGraph(list(pairs))
    strong = {frozenset(part) for part in nx.strongly_connected_components(graph)}
    assert strong == {frozenset(part) for part in nx.weakly_connected_components(graph)}
    assert set(graph) == set(osm.nodes["node_id"])


def test_what_hangs_on_nothing_is_kept_and_a_street_without_a_way_back_opened(osm):
    assert {1900, 1901, 1910} <= set(osm.nodes["node_id"])
    assert not {1902, 1903} & set(osm.nodes["node_id"])
    assert (osm.report.components_strong, osm.report.components_weak) == (3, 2)
    back = edge(osm, 1910, cross(5, 2))
    assert back["opened"]
    assert back["street_id"] == edge(osm, cross(5, 2), 1910)["street_id"]
    assert osm.edges["opened"].sum() == osm.report.oneway_opened == 1
    assert dict(osm.notes)["oneway_opened"] == {
        "streets": 1,
        "km": osm.report.oneway_opened_km,
    }


def test_two_carriageways_cut_by_the_edge_of_the_map_are_joined(tmp_path):
    # The town as two halves: only the dual carriageway that leaves the map joins them.
    def halves(town):
        for row in range(6):
            refs, tags = town.ways.pop(100 + row)
            town.way(100 + row, refs[:3], **tags)
            town.way(110 + row, refs[3:], **tags)
        town.node(3000, 106.605, 29.690)
        town.way(330, [cross(2, 0), 3000], highway="trunk", oneway="yes")
        town.way(331, [3000, cross(3, 0)], highway="trunk", oneway="yes")

    osm = changed(tmp_path, halves)
    graph = nx.DiGraph(list(osm.edges[["from_node", "to_node"]].itertuples(index=False)))
    assert nx.has_path(graph, cross(0, 1), cross(5, 4))
    assert nx.has_path(graph, cross(5, 4), cross(0, 1))


def test_a_ring_without_a_junction_is_a_road(tmp_path):
    def ring(town):
        corners = [(0, 0), (0.001, 0), (0.001, 0.001), (0, 0.001)]
        for number, (dx, dy) in enumerate(corners):
            town.node(3100 + number, 106.614 + dx, 29.702 + dy)
        town.way(340, [3100, 3101, 3102, 3103, 3100], highway="residential")

    osm = changed(tmp_path, ring)
    lines = osm.edges.geometry[osm.edges["from_node"].isin(range(3100, 3104))]
    # 110 m by 97 m around, in either direction
    assert lines.length.sum() == pytest.approx(2 * 2 * (111 + 97), rel=0.02)


def test_a_road_that_leaves_the_area_is_there_up_to_its_next_junction(tmp_path):
    def long(town):
        town.node(3200, 106.80, 29.71)
        town.way(350, [cross(5, 5), 3200], highway="secondary")

    osm = changed(tmp_path, long)
    assert edge(osm, cross(5, 5), 3200)["length_m"] > 15_000


def test_a_street_counts_once_and_each_carriageway_once(tmp_path):
    def dual(town):
        town.way(320, [cross(0, 0), cross(1, 1)], highway="residential", oneway="yes")
        town.way(321, [cross(1, 1), cross(0, 0)], highway="residential", oneway="yes")

    def metres(town):
        drivable = [
            refs
            for refs, tags in town.ways.values()
            if tags.get("highway", "services") != "services" and "access" not in tags
        ]
        legs = [pair for refs in drivable for pair in pairwise(refs)]
        at = {key: (lat, lon) for key, (lon, lat, _) in town.nodes.items()}
        # the one-way pair is one line there and back: a street of both directions
        return sum(great_circle(*at[one], *at[other]) for one, other in legs[:-1])

    town = make_town()
    dual(town)
    found = changed(tmp_path, dual)
    assert found.report.km == pytest.approx(metres(town) / 1000, abs=0.05)


def test_a_street_has_one_id_in_both_directions_and_no_other_has_it(osm):
    key = osm.edges.geometry.normalize().to_wkb()
    both = osm.edges.assign(line=key).groupby("street_id")
    assert (both["line"].nunique() == 1).all()
    assert both.ngroups == key.nunique()


def test_a_tunnel_is_told_from_the_street_before_it(tmp_path):
    def bore(town):
        town.node(3300, WEST + 0.3 * STEP, SOUTH)
        town.node(3301, WEST + 0.6 * STEP, SOUTH)
        _, tags = town.ways[100]
        town.way(100, [cross(0, 0), 3300], **tags)
        town.way(360, [3300, 3301], tunnel="yes", **tags)
        rest = [3301, *(cross(column, 0) for column in range(1, 6))]
        town.way(361, rest, tunnel="building_passage", **tags)

    osm = changed(tmp_path, bore)
    assert edge(osm, 3300, 3301)["tunnel"]
    assert osm.edges["tunnel"].sum() == 2


def test_one_row_for_each_direction_allowed(osm):
    assert edge(osm, cross(1, 1), cross(1, 2)) is not None
    assert edge(osm, cross(1, 2), cross(1, 1)) is not None
    assert edge(osm, cross(0, 1), cross(0, 2)) is not None
    assert edge(osm, cross(0, 2), cross(0, 1)) is None


def test_lengths_and_lines_agree(osm):
    # osmnx measures on a sphere, the projection on the ellipsoid: they differ by under 1 %.
    assert np.allclose(osm.edges.length, osm.edges["length_m"], rtol=0.01)
    ends = osm.edges.geometry.iloc[5]
    row = osm.edges.iloc[5]
    at = osm.nodes.set_index("node_id").geometry
    assert at[row["from_node"]].distance(ends.interpolate(0)) < 0.01
    assert at[row["to_node"]].distance(ends.interpolate(1, normalized=True)) < 0.01


def test_speed_by_tag_in_kph_and_mph_else_by_class(osm):
    speeds = read_speeds(shipped_path("road_speeds.csv"))
    tagged = edge(osm, cross(1, 1), cross(2, 1))
    assert tagged["speed_tagged"]
    assert tagged["drive_s"] == pytest.approx(tagged["length_m"] / (60 / 3.6))
    miles = edge(osm, cross(1, 3), cross(2, 3))
    assert miles["drive_s"] == pytest.approx(miles["length_m"] / (30 * 1.60934 / 3.6))
    for row, kind in ((2, "primary"), (4, "residential")):
        plain = edge(osm, cross(1, row), cross(2, row))
        assert not plain["speed_tagged"]
        assert plain["road_class"] == kind
        assert plain["drive_s"] == pytest.approx(plain["length_m"] / (speeds[kind] / 3.6))


def test_two_streets_between_one_pair_of_junctions_are_both_there(tmp_path):
    def detour(town):
        town.node(3000, WEST + 0.5 * STEP, 29.6990)
        town.way(310, [cross(0, 0), 3000, cross(1, 0)], highway="residential", name="绕路")
        town.way(311, [cross(0, 0), cross(1, 0)], highway="residential", name="重复")

    osm = changed(tmp_path, detour)
    pair = osm.edges[
        (osm.edges["from_node"] == cross(0, 0)) & (osm.edges["to_node"] == cross(1, 0))
    ]
    assert pair["name"].tolist() == ["横0路", "绕路"]
    assert pair["street_id"].is_unique
    assert osm.report.edges_repeated == 2


def test_an_edge_has_one_class_for_a_junction_is_where_it_changes(tmp_path):
    def rename(town):
        middle = town.node(3001, WEST + 0.5 * STEP, 29.700)
        town.ways[100] = ([cross(0, 0), middle], {"highway": "residential"})
        rest = [middle, *(cross(column, 0) for column in range(1, 6))]
        town.way(311, rest, highway="tertiary")

    osm = changed(tmp_path, rename)
    assert 3001 in set(osm.nodes["node_id"])
    assert edge(osm, 3001, cross(1, 0))["road_class"] == "tertiary"
    assert not osm.edges["road_class"].str.contains(";").any()


def test_names_of_one_edge_are_joined_in_a_fixed_order(tmp_path):
    def rename(town):
        middle = town.node(3001, WEST + 0.5 * STEP, 29.700)
        town.ways[100] = ([cross(0, 0), middle], {"highway": "residential", "name": "乙路"})
        rest = [middle, *(cross(column, 0) for column in range(1, 6))]
        town.way(311, rest, highway="residential", name="甲路")

    osm = changed(tmp_path, rename)
    assert edge(osm, cross(0, 0), cross(1, 0))["name"] == "乙路;甲路"


def test_places_of_nodes_ways_and_relations(osm):
    places = osm.places.set_index("place_id")
    kinds = {
        "node/500": "fuel", "relation/700": "residential", "way/400": "residential",
        "way/401": "parking", "way/403": "office", "way/404": "service_area",
        "way/405": "school", "way/406": "hospital", "way/407": "military",
    }  # fmt: skip
    assert {key: places.loc[key, "kind"] for key in kinds} == kinds
    assert places.loc["way/400", "name"] == "江北·花园"
    assert places.loc["way/401", "capacity"] == 120
    assert places.loc["way/401", "parking"] == "surface"
    assert np.isnan(places.loc["way/402", "capacity"])
    assert places.loc["way/402", "access"] == "customers"
    assert places.loc["way/403", "levels"] == 12
    assert osm.report.capacity_unread == 1
    assert places.geometry["node/500"].geom_type == "Point"
    assert places.geometry["way/404"].geom_type == "Polygon"


def test_a_relation_has_its_courtyard_cut_out(osm):
    yard = osm.places.set_index("place_id").geometry["relation/700"]
    assert len(yard.interiors) == 1
    assert yard.area == pytest.approx(12**2 * 8 / 9 * 107, rel=0.03)


def test_places_beyond_the_area_are_dropped_and_counted(tmp_path):
    osm = changed(tmp_path, lambda town: town.node(505, 106.6135, 29.705, amenity="fuel"))
    assert "node/505" not in set(osm.places["place_id"])
    assert dict(osm.notes)["places_outside"] == {"count": 2}


def test_a_crossed_ring_is_repaired_and_counted(tmp_path):
    def twist(town):
        refs = town.ways[401][0]
        refs[1], refs[2] = refs[2], refs[1]

    osm = changed(tmp_path, twist)
    assert osm.report.rings_invalid == 1
    assert osm.places.set_index("place_id").geometry["way/401"].is_valid


def test_landscape_and_power(osm):
    assert osm.landscape["kind"].tolist() == ["water", "wood"]
    assert osm.substations["substation_id"].tolist() == ["node/503"]
    assert osm.substations["headroom_kw"].isna().all()


def test_a_row_of_the_table_of_kinds_changes_the_result(tmp_path, town, osm):
    rows = shipped_path("place_kinds.csv").read_text(encoding="utf-8").splitlines()
    less = [row for row in rows if not row.startswith("places,fuel,")]
    more = [*less, "places,sight,natural,wood,,10,林子,grove,test"]
    table = tmp_path / "kinds.csv"
    table.write_text("\n".join(more) + "\n", encoding="utf-8")
    other = load_osm(scenario.Inputs(osm=str(town), place_kinds=str(table)), AREA)
    assert set(osm.places["place_id"]) - set(other.places["place_id"]) == {"node/500"}
    assert other.places.set_index("place_id")["kind"]["way/851"] == "sight"


def test_a_row_of_the_table_of_speeds_changes_the_result(tmp_path, town, osm):
    text = shipped_path("road_speeds.csv").read_text(encoding="utf-8")
    table = tmp_path / "speeds.csv"
    table.write_text(text.replace("residential,25", "residential,50"), encoding="utf-8")
    other = load_osm(scenario.Inputs(osm=str(town), speeds=str(table)), AREA)
    slow = (osm.edges["road_class"] == "residential") & ~osm.edges["speed_tagged"]
    assert slow.any()
    assert np.allclose(other.edges["drive_s"][slow], osm.edges["drive_s"][slow] / 2)
    assert np.allclose(other.edges["drive_s"][~slow], osm.edges["drive_s"][~slow])


def test_the_shipped_tables_say_where_their_rows_come_from():
    for name, column in (("place_kinds.csv", "source"), ("road_speeds.csv", "mark")):
        with shipped_path(name).open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        assert rows
        assert all(row[column].strip() for row in rows)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("road_class,speed_kph\nprimary,fast\nother,30\n", "row 2"),
        ("road_class,speed_kph\nprimary,0\nother,30\n", "above 0"),
        ("road_class,speed_kph\nprimary,50\n", "'other'"),
        ("class,kph\nprimary,50\n", "row 2"),
    ],
)
def test_a_bad_table_of_speeds_is_named(tmp_path, text, fault):
    table = tmp_path / "speeds.csv"
    table.write_text(text, encoding="utf-8")
    with pytest.raises(TableError, match=fault):
        read_speeds(table)


def test_a_bad_table_of_kinds_names_every_row(tmp_path):
    table = tmp_path / "kinds.csv"
    table.write_text(
        "layer,kind,key,value,also,priority\n"
        "shops,retail,shop,*,,1\n"
        "places,retail,shop,,,1\n"
        "places,retail,shop,*,name,1\n"
        "places,retail,shop,*,,first\n",
        encoding="utf-8",
    )
    with pytest.raises(TableError) as caught:
        read_place_kinds(table)
    assert [row for row in (2, 3, 4, 5) if f"row {row}:" in str(caught.value)] == [2, 3, 4, 5]
    with pytest.raises(InputMissingError):
        read_place_kinds(tmp_path / "gone.csv")


KINDS = read_place_kinds(shipped_path("place_kinds.csv"))
TAGS = st.dictionaries(
    st.sampled_from([*KINDS.keys, "name", "access"]),
    st.sampled_from(sorted({value for rule in KINDS.rules for value in rule.values} | {"no"})),
    max_size=4,
)


@SMALL
@given(TAGS)
def test_the_query_asks_for_everything_that_can_match(tags):
    asked = KINDS.query_tags()
    if KINDS.match(tags):
        assert any(
            key in tags and (values is True or tags[key] in values) for key, values in asked.items()
        )


@SMALL
@given(TAGS)
def test_no_rule_of_lower_priority_wins(tags):
    for layer, kind in KINDS.match(tags).items():
        fitting = [rule for rule in KINDS.rules if rule.layer == layer and rule.fits(tags)]
        assert kind == min(fitting, key=lambda rule: (rule.priority, rule.kind)).kind


def test_the_kinds_the_analysis_relies_on_are_there():
    kinds = {rule.kind for rule in KINDS.rules if rule.layer == "places"}
    assert kinds >= {
        "residential", "parking", "service_area", "fuel", "sight", "office", "retail",
        "public_facility", "transport_hub", "logistics", "school", "hospital", "cemetery",
        "military",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({"landuse": "residential"}, "residential"),
        ({"building": "apartments"}, "flats"),
        ({"building": "residential", "name": "楼"}, "flats"),
        ({"building": "apartments", "name": "楼"}, "residential"),
        ({"amenity": "parking", "building": "retail"}, "parking"),
        ({"office": "government"}, "public_facility"),
        ({"office": "no"}, None),
        ({"landuse": "military", "amenity": "parking"}, "military"),
        ({"historic": "memorial", "name": "碑"}, None),
    ],
)
def test_the_kind_of_some_tags(tags, kind):
    assert KINDS.match(tags).get("places") == kind


def world(path, bbox):
    return load_world(scenario.Area(bbox=bbox), scenario.Inputs(osm=str(path)))


def test_liechtenstein(shared):
    osm = world(shared / "data/osm-liechtenstein-2021/liechtenstein.osm.pbf",
                (9.47, 47.045, 9.64, 47.275))  # fmt: skip
    counts = osm.places["kind"].value_counts()
    assert (counts["parking"], counts["kerb_parking"]) == (367, 6)
    assert 300 <= counts["residential"] <= 315
    assert (counts["fuel"], counts["service_area"]) == (12, 1)
    assert len(osm.stations) == 3
    assert len(osm.substations) == 2
    assert 1900 < len(osm.nodes) < 2000
    names = {"Vaduz", "Schaan", "Balzers", "Triesen", "Triesenberg", "Planken", "Eschen",
             "Mauren", "Gamprin", "Ruggell", "Schellenberg"}  # fmt: skip
    assert set(osm.zones["name"]) - names == {"未划入分区"}
    assert "area_partly_covered" in dict(osm.notes)


def test_nantong_has_no_speeds_and_node_ids_out_of_order(shared):
    osm = world(shared / "data/osm-nantong-pilot-cn-2025/nantong_pilot.osm.gz",
                (121.0627, 31.9549, 121.0873, 31.9673))  # fmt: skip
    assert not osm.edges["speed_tagged"].any()
    assert osm.edges["name"].isna().all()
    assert (osm.places["kind"] == "residential").sum() == 2


def test_sao_paulo_has_hardly_any_places(shared):
    osm = world(shared / "data/saopaulo-centre-2020/spo.osm.pbf", (-46.70, -23.59, -46.59, -23.47))
    assert 0 < len(osm.places) < 60
    assert len(osm.nodes) > 2500
    assert osm.zones["zone_id"].tolist() == ["uncovered"]


def test_a_nameless_piece_of_a_border_is_no_zone_and_is_noted(tmp_path):
    level = {"boundary": "administrative", "admin_level": "8"}

    def borders(town):
        town.block(8200, 106.6000, 29.7000, **level)
        town.block(8300, 106.6020, 29.7000, name__en="Enclave", **level)
        town.relation(820, [(8200, "outer")], type="boundary", **level)

    found = changed(tmp_path, borders)
    assert found.admin["name"].tolist() == ["甲街道", "乙镇", "Enclave"]
    assert dict(found.notes)["admin_nameless"] == {"count": 2}


def test_a_missing_extract_says_how_to_name_one(tmp_path):
    with pytest.raises(InputMissingError, match=r"nowhere\.osm\.pbf") as caught:
        load_osm(scenario.Inputs(osm=str(tmp_path / "nowhere.osm.pbf")), AREA)
    assert "--set inputs.osm=PATH" in caught.value.cure
    assert "Geofabrik" in caught.value.cure
