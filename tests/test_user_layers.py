"""Layers of the planner's own: each changes the plan as it should, bad ones are refused by row."""

from __future__ import annotations

import dataclasses
import json
import sys

import desk
import geopandas as gpd
import grid_town as town
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely

from siting.analysis.barriers import without_crossed
from siting.analysis.candidates.regimes import check_build_ratios, projects_due
from siting.analysis.candidates.site_rules import (
    Setting,
    SiteRule,
    check_site_rules,
    judge,
    not_checked,
)
from siting.audit.rules import limits_hold
from siting.cache.codec import pack, unpack
from siting.errors import BrokenFileError, InputMissingError, ScenarioError, TableError
from siting.inputs.area_shape import AreaShape
from siting.inputs.osm.map_notes import MapReport
from siting.inputs.provenance import Provenance
from siting.inputs.world import World
from siting.outputs.text.plan_lines import facility_lines
from siting.outputs.words import note_text, speaker
from siting.pipeline import run as pipeline
from siting.pipeline.meter import Meter
from siting.plan.folder import load_plan, save_plan
from siting.scenario import load_scenario
from siting.shipped import shipped_path

OFFICE = "way/403"  # at 106.6064 29.7004, 0.0008 degrees wide


def layer(role, file, **columns):
    """Return a block of the scenario."""
    mapped = ", ".join(f'{ours} = "{theirs}"' for ours, theirs in columns.items())
    return (
        f'\n[[inputs.layers]]\nrole = "{role}"\nfile = "{file}"\ndatum = "wgs84"\n'
        f"columns = {{ {mapped} }}\n"
    )


def geojson(*features):
    """Return GeoJSON of (shape, properties)."""
    return json.dumps(
        {
            "type": "FeatureCollection",
            "features": [
                {"type": "Feature", "properties": told, "geometry": shapely.geometry.mapping(shape)}
                for shape, told in features
            ],
        }
    )


@pytest.fixture
def ready(tmp_path):
    """Return a function that sets up a desk with layers and gives what is known of its place."""

    def make(extra="", **files):
        path = desk.set_up(tmp_path)
        for name, content in files.items():
            (tmp_path / name.replace("__", ".")).write_text(content, encoding="utf-8")
        path.write_text(path.read_text(encoding="utf-8") + extra, encoding="utf-8")
        return load_scenario(path)

    return make


def prepared(given):
    return pipeline.prepare(given, Meter(lambda *_: None))


def planned(given):
    return pipeline.run(given, meter=Meter(lambda *_: None))


def note(found, key):
    return next(one.values for one in found.notes if one.key == key)  # noqa: PD011  # of a note


# --- red lines, barriers, demand, people, places -------------------------------------------


def test_a_red_line_stops_the_sites_in_it_and_says_its_name(ready):
    box = shapely.box(106.6060, 29.7000, 106.6076, 29.7016)
    red = geojson((box, {"name": "north park"}))
    before, after = planned(ready()), planned(ready(layer("red_lines", "red.json"), red__json=red))
    assert OFFICE in set(before.sites["site_id"]), "the layer would change nothing"
    assert OFFICE not in set(after.sites["site_id"])
    row = after.candidates.set_index("site_id").loc[OFFICE]
    assert (row["verdict"], row["rule"]) == ("stop", "red_line")
    assert "north park" in row["reason"]
    assert after.totals["stations"] == before.totals["stations"] == 4
    lacking = note(after, "rules_without_layer")["names"]
    assert "red_line" not in lacking
    assert {"steep_slope", "flood_zone"} <= set(lacking)


def test_slope_flood_and_protected_ground_have_the_verdicts_of_the_table(ready):
    box = shapely.box(106.6060, 29.7000, 106.6076, 29.7016)
    for role, told, verdict in (
        ("slope", {"grade": 26}, "stop"),
        ("slope", {"grade": 25}, "ok"),
        ("flood", {}, "sign_off"),
        ("protected", {}, "stop"),
    ):
        columns = {"slope_percent": "grade"} if role == "slope" else {}
        extra = layer(role, "area.json", **columns)
        sites = prepared(ready(extra, area__json=geojson((box, told)))).candidates.sites
        assert sites.set_index("site_id").loc[OFFICE, "verdict"] == verdict, role


def test_a_barrier_cuts_the_roads_and_so_the_reach(ready):
    line = shapely.LineString([(106.6030, 29.60), (106.6030, 29.80)])
    wall = geojson((line, {"name": "river"}))
    before, after = prepared(ready()), prepared(ready(layer("barriers", "w.json"), w__json=wall))
    told = note(after, "barriers_cut")
    assert told["roads"] == len(before.world.edges) - len(after.world.edges) > 0
    assert len(after.reach) < len(before.reach)
    sites = after.candidates.sites.set_index("site_id").geometry.to_crs(4326).x
    points = after.demand.set_index("demand_id").geometry.to_crs(4326).x
    east = after.reach["site_id"].astype(str).map(sites) > 106.6035
    west = after.reach["demand_id"].astype(str).map(points) < 106.6025
    assert not (east & west).any()


def test_barriers_that_meet_every_road_are_refused():
    nodes, edges = town.nodes(), town.edges()
    wall = gpd.GeoDataFrame(geometry=[shapely.box(-9e6, -9e6, 9e6, 9e6)], crs=edges.crs)
    with pytest.raises(TableError, match="nothing can be reached"):
        without_crossed(nodes, edges, wall)
    assert without_crossed(nodes, edges, None) == (nodes, edges, [])


def test_given_demand_comes_on_top_and_the_parts_sum_to_the_whole(ready):
    rows = "kind,kwh_day,lon,lat\nwork,500,106.6044,29.7044\n,300,106.6024,29.7004\n,9,106,29\n"
    before = prepared(ready())
    after = prepared(ready(layer("demand", "d.csv"), d__csv=rows))
    assert after.chain.given_kwh_day == pytest.approx(800)
    assert after.chain.kwh_day == pytest.approx(before.chain.kwh_day + 800)
    assert after.chain.kwh_day == pytest.approx(sum(
        filter(None, (getattr(after.chain, f"{part}_kwh_day")
                      for part in ("residents", "through", "fleet", "given")))
    ))  # fmt: skip
    assert note(after, "demand_outside") == {"rows": 1, "kwh_day": 9.0}
    assert before.chain.given_kwh_day is None


@pytest.mark.parametrize("suffix", ["gpkg", "shp", "json"])
def test_a_grid_of_people_puts_them_where_it_says(ready, tmp_path, suffix):
    cells = [shapely.box(106.5990, 29.6990, 106.6010, 29.7010), shapely.Point(106.6060, 29.7060)]
    cells[1] = cells[1].buffer(0.0005, quad_segs=1)
    frame = gpd.GeoDataFrame({"POP": [4000.0, 100.0]}, geometry=cells, crs=4326)
    given = ready(layer("people", f"grid.{suffix}", people="POP"))
    frame.to_file(tmp_path / f"grid.{suffix}")
    found = prepared(given)
    homes = found.demand[found.demand["kind"] == "home"]
    assert homes["people"].sum() == pytest.approx(4100, rel=0.02)
    assert set(homes["quality"]) == {"counted"}
    west = homes.geometry.to_crs(4326).x < 106.602
    assert homes.loc[west, "people"].sum() == pytest.approx(4000, rel=0.02)


def test_places_of_a_workbook_become_candidates(ready, tmp_path):
    given = ready(layer("places", "own.xlsx", place_id="号", kind="类", capacity="车位",
                        lon="经度", lat="纬度"))  # fmt: skip
    pd.DataFrame(
        {"号": ["X1"], "类": ["parking"], "车位": [200], "经度": [106.6080], "纬度": [29.7060]}
    ).to_excel(tmp_path / "own.xlsx", index=False)
    sites = prepared(given).candidates.sites.set_index("site_id")
    assert sites.loc["file:own/X1", "max_chargers"] == 60
    assert sites.loc["file:own/X1", "pool"] == "B"


# --- the three regimes ----------------------------------------------------------------------

PROJECTS = (
    "project_id,name,kind,bays,year,built_bays,reserved_bays,public_bays,lon,lat\n"
    "P1,car park,public_parking,200,2025,5,5,,106.6080,29.7060\n"
    "P2,homes,residential,900,2025,,,,106.6080,29.7020\n"
    "P3,late,office,400,2026,,,,106.6020,29.7060\n"
    "P4,shared,居民小区,900,2024,,,12,106.6020,29.7020\n"
)


def test_building_projects_owe_bays_and_count_only_where_public(ready):
    given = ready(layer("projects", "p.csv"), p__csv=PROJECTS)
    given = given.model_copy(update={"targets": given.targets.model_copy(update={"by": 2025})})
    plan = planned(given)
    told = note(plan, "projects_due")
    assert told == {"projects": 4, "due": 20 + 900 + 40 + 900, "in_time": 3, "public": 2,
                    "room": 20 + 12}  # fmt: skip
    new = plan.candidates[plan.candidates["pool"] == "A"].set_index("site_id")
    assert new["max_chargers"].to_dict() == {"file:p/P1": 20, "file:p/P4": 12}
    assert plan.counts.pools["A"].candidates == 2
    assert new["due_bays"].to_dict() == {"file:p/P1": 20.0, "file:p/P4": 900.0}
    assert new["short_bays"]["file:p/P1"] == 10.0
    assert np.isnan(new["short_bays"]["file:p/P4"])
    elsewhere = plan.candidates[plan.candidates["pool"] != "A"]
    assert elsewhere[["due_bays", "short_bays"]].isna().all(axis=None)


def test_what_is_owed_counts_built_and_reserved_and_unknown_is_not_zero():
    ratios = check_build_ratios(pd.read_csv(shipped_path("build_ratios.csv"), encoding="utf-8"))
    rows = gpd.GeoDataFrame(
        {
            "project_id": ["a", "b", "c"], "kind": ["office", "office", "public_facility"],
            "bays": [101.0, 100.0, 50.0], "year": [2025.0, np.nan, 2025.0],
            "built_bays": [4.0, np.nan, np.nan], "reserved_bays": [np.nan, np.nan, np.nan],
            "public_bays": [np.nan] * 3,
        },
        geometry=[shapely.Point(0, 0)] * 3,
    )  # fmt: skip
    table, notes = projects_due(rows, ratios, by=2025)
    assert table["due_bays"].tolist()[:2] == [11.0, 10.0]
    assert np.isnan(table["due_bays"][2])
    assert table["short_bays"][0] == 7
    assert np.isnan(table["short_bays"][1])
    assert table["room"].tolist() == [11.0, 0.0, 0.0]
    assert [key for key, _ in notes] == [
        "projects_due", "projects_unknown_year", "projects_no_ratio",
    ]  # fmt: skip


def test_old_communities_are_a_pool_with_a_floor_of_its_own(ready):
    rows = "community_id,name,idle_m2,planned_bays,lon,lat\nC1,old,560,6,106.6020,29.7020\n"
    floor = '\n[[model.limits]]\npools = ["C"]\nat_least = 1\n'
    given = ready(layer("communities", "c.csv") + floor, c__csv=rows)
    plan = planned(given)
    row = plan.candidates.set_index("site_id").loc["file:c/C1"]
    assert (row["pool"], row["max_chargers"]) == ("C", 26)
    assert plan.counts.pools["C"].stations == 1
    assert plan.zones["stations_pool_c"].sum() == 1
    assert list(limits_hold(plan)) == []
    broken = dataclasses.replace(plan, sites=plan.sites[plan.sites["pool"] != "C"])
    assert len(list(limits_hold(broken))) == 1


def test_a_floor_for_a_pool_without_sites_is_refused_by_name(ready):
    given = ready('\n[[model.limits]]\npools = ["C"]\nat_least = 1\n')
    with pytest.raises(ScenarioError, match="pools"):
        planned(given)


def test_age_makes_a_home_an_old_community(ready, tmp_path):
    given = ready()
    tag = '<tag k="start_date" v="1998-05"/>'
    desk.edit(tmp_path / "town.osm", 'v="江北·花园"/>', f'v="江北·花园"/>{tag}')
    sites = prepared(given).candidates.sites.set_index("site_id")
    assert sites.loc["way/400", "pool"] == "C"
    assert sites.loc["relation/700", "pool"] == "B"


# --- bad files: every fault at once, with its row --------------------------------------------


def faults_of(given):
    with pytest.raises(TableError) as caught:
        prepared(given)
    return str(caught.value)


def test_a_bad_project_list_names_every_row_at_once(ready):
    rows = (
        "project_id,name,kind,bays,year,address,lon,lat\n"
        "P1,a,palace,10,2025,,106.6,29.7\n"
        "P2,b,office,,2025,,106.6,29.7\n"
        "P3,c,office,12.5,2025,,106.6,29.7\n"
        "P4,d,office,12,2025,Main Street 5,,\n"
        "P4,e,office,-2,2025,,29.7,106.6\n"
    )
    text = faults_of(ready(layer("projects", "p.csv"), p__csv=rows))
    for part in (
        "row 2: kind 'palace'", "row 3: bays is missing", "row 4: bays is no whole",
        "row 5: lon is missing", "row 5: lat is missing", "rows 5, 6: project_id 'P4'",
        "row 6: bays is below 0", "row 6: coordinates are swapped",
    ):  # fmt: skip
        assert part in text


@pytest.mark.parametrize(
    ("role", "rows", "parts"),
    [
        ("people", "people,lon,lat\n-5,106.6,29.7\nmany,106.6,29.7\n,106.6,29.7\n",
         ["row 2: people is below 0", "row 3: people is no number", "row 4: people is missing"]),
        ("people", "count,lon,lat\n5,106.6,29.7\n", ["column 'people'", "count"]),
        ("demand", "kwh_day,kind,lon,lat\n5,sport,106.6,29.7\n,home,0,0\n",
         ["row 2: kind 'sport'", "row 3: kwh_day is missing", "row 3: coordinates are 0, 0"]),
        ("places", "place_id,kind,lon,lat\n1,castle,106.6,29.7\n2,,106.6,29.7\n",
         ["row 2: kind 'castle'", "row 3: kind is missing"]),
        ("communities", "community_id,built_year,lon,lat\n1,19980,106.6,29.7\n",
         ["row 2: built_year is above 2200"]),
        ("red_lines", "name,lon,lat\na,106.6,29.7\nb,106.6,29.7\n", ["areas", "row(s) 2, 3"]),
        ("people", "people,lon,lat\n5,16.6,49.7\n", ["lie outside the area"]),
    ],
)  # fmt: skip
def test_bad_layers_are_refused_with_their_rows(ready, role, rows, parts):
    text = faults_of(ready(layer(role, "bad.csv"), bad__csv=rows))
    for part in parts:
        assert part in text


def test_a_bad_substation_list_names_every_row_at_once(ready):
    extra = '\n[inputs.substations]\nfile = "s.csv"\ndatum = "wgs84"\n'
    rows = "substation_id,lon,lat,headroom_kw\nS1,106.6,29.7,lots\nS1,,29.7,-1\n"
    text = faults_of(ready(extra, s__csv=rows))
    for part in ("row 2: headroom_kw", "row 3: lon is missing", "row 3: headroom_kw is below 0",
                 "'S1' is used 2 times"):  # fmt: skip
        assert part in text


def test_a_substation_without_power_keeps_new_chargers_out(ready):
    extra = '\n[inputs.substations]\nfile = "s.csv"\ndatum = "wgs84"\n'
    rows = "substation_id,lon,lat,headroom_kw\nS1,106.6004,29.7004,0\nS2,106.6090,29.7004,90000\n"
    given = ready(extra, s__csv=rows)
    model = given.model.model_copy(update={"headroom": True})
    plan = planned(given.model_copy(update={"model": model}))
    new = plan.sites[plan.sites["is_new"]]
    assert set(new["substation_id"]) == {"file:s/S2"}


def test_a_missing_file_a_picture_and_a_shape_without_geometry_are_refused(
    ready, tmp_path, monkeypatch
):
    with pytest.raises(InputMissingError, match=r"gone\.csv"):
        prepared(ready(layer("people", "gone.csv")))
    assert 'give role = "people"' in faults_of(ready(layer("red_lines", "g.tif"), g__tif="x"))
    with pytest.raises(BrokenFileError):
        prepared(ready(layer("people", "g.tif"), g__tif="x"))
    monkeypatch.setitem(sys.modules, "rasterio", None)
    assert "gdal_translate" in faults_of(ready(layer("people", "g.tif"), g__tif="x"))
    given = ready(layer("red_lines", "r.json"))
    hollow = {"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": {}, "geometry": None},
        {"type": "Feature", "properties": {},
         "geometry": shapely.geometry.mapping(shapely.box(106.6, 29.7, 106.61, 29.71))},
    ]}  # fmt: skip
    (tmp_path / "r.json").write_text(json.dumps(hollow), encoding="utf-8")
    assert "row 2: it has no geometry" in faults_of(given)


# --- what counts -----------------------------------------------------------------------------


def test_guns_piles_and_shared_bays_are_told_both_ways(ready, tmp_path):
    given = ready()
    plan = planned(given)
    other = plan.counts.otherwise
    assert other.piles == plan.totals["chargers"] == 40
    by_class = plan.sites.filter(regex="^chargers_(slow_ac|fast_dc|super_fast)$").sum()
    assert other.guns == 40 + by_class["chargers_fast_dc"]
    lines = " ".join(facility_lines(plan, speaker("en")))
    assert str(other.guns) in lines
    (tmp_path / "run").mkdir()
    save_plan(plan, tmp_path / "run", say=speaker("en"))
    content = json.loads((tmp_path / "run" / "plan.json").read_text(encoding="utf-8"))
    assert content["totals_otherwise"]["guns"] == other.guns
    assert load_plan(tmp_path / "run").counts == plan.counts
    guns = planned(given.model_copy(
        update={"counting": given.counting.model_copy(update={"charger": "gun"})}
    ))  # fmt: skip
    assert guns.counts.otherwise.guns == 40
    assert guns.counts.otherwise.piles < 40
    assert guns.charger_classes["fast_dc"].power_kw == 30


def test_zones_of_a_body_can_be_left_out_and_kinds_that_are_not_public(ready):
    given = ready()
    counting = given.counting.model_copy(update={"leave_out_managed_by": ("nobody",)})
    with pytest.raises(ScenarioError, match="nobody"):
        prepared(given.model_copy(update={"counting": counting}))
    counting = given.counting.model_copy(update={"not_public": ("residential",)})
    sites = prepared(given.model_copy(update={"counting": counting})).candidates.sites
    assert "residential" not in set(sites["kind"])


# --- rules -----------------------------------------------------------------------------------


def rules_of(**changes):
    """Return one rule with changes."""
    bare = SiteRule("r", "place", ("school",), (), 50.0, "m", "stop", "because")
    return (dataclasses.replace(bare, **changes),)


def site(kind="parking", **values):
    row = {"kind": kind, "verdict": "ok", "reason": None, "parking": None, "spaces": np.nan,
           "existing_station": False, "existing_swap": False, **values}  # fmt: skip
    return gpd.GeoDataFrame([row], geometry=[shapely.Point(0, 0)], crs=town.CRS)


def landscape(kind, shape):
    return gpd.GeoDataFrame({"kind": [kind]}, geometry=[shape], crs=town.CRS)


def verdict(setting, rules, ground=None, **values):
    ground = np.array([ground or shapely.Point(0, 0)], dtype=object)
    row = judge(site(**values), ground, setting, rules).iloc[0]
    return row["verdict"], row["rule"]


def test_half_of_the_ground_on_water_stops_a_place_and_less_does_not():
    rules = rules_of(test="landscape", looks_at=("water",), number=0.5, unit="share")
    bare = town.places(town.place("p", "school", shapely.Point(900, 900)))
    for width, expected in ((4.9, "ok"), (5.0, "stop")):
        water = landscape("water", shapely.box(0, 0, width, 10))
        found, _ = verdict(Setting(bare, water), rules, shapely.box(0, 0, 10, 10))
        assert found == expected
    water = landscape("water", shapely.box(-1, -1, 1, 1))
    assert verdict(Setting(bare, water), rules) == ("stop", "r")


def test_a_track_stops_all_but_the_kinds_the_rule_is_not_for_and_never_what_stands():
    rules = rules_of(
        test="landscape", looks_at=("rail",), number=10.0, applies_to=("!transport_hub",)
    )
    bare = town.places(town.place("p", "school", shapely.Point(900, 900)))
    track = Setting(bare, landscape("rail", shapely.LineString([(9, -50), (9, 50)])))
    assert verdict(track, rules) == ("stop", "r")
    assert verdict(track, rules, kind="transport_hub")[0] == "ok"
    assert verdict(track, rules, existing_station=True)[0] == "sign_off"
    assert verdict(track, rules_of(test="landscape", looks_at=("rail",), number=8.0))[0] == "ok"


def test_a_rule_without_a_figure_hits_nothing_and_is_told():
    near = town.places(town.place("p", "school", shapely.Point(0, 0)))
    open_rule = rules_of(number=np.nan)
    assert verdict(Setting(near), open_rule)[0] == "ok"
    assert not_checked(Setting(near), open_rule) == [
        ("rules_without_figure", {"count": 1, "names": ["r"]})
    ]
    by_hand = rules_of(test="manual", looks_at=())
    assert not_checked(Setting(near), by_hand)[0][0] == "rules_by_hand"


def test_the_table_of_rules_is_held_against_its_units_and_kinds():
    frame = pd.read_csv(shipped_path("site_rules.csv"), encoding="utf-8")
    assert {"stop", "sign_off", "note"} == {rule.verdict for rule in town.rules()}
    rows = frame["rule"]
    bad = frame.assign(
        unit=frame["unit"].where(rows != "water", "bays"),
        applies_to=frame["applies_to"].where(rows != "rail_side", "!ship"),
        values=frame["values"].where(rows != "red_line", "gardens"),
    )
    with pytest.raises(TableError) as caught:
        check_site_rules(bad, town.kinds())
    for part in ("water: unit 'bays'", "'ship'", "no layer 'gardens'"):
        assert part in str(caught.value)


def test_the_world_with_layers_can_be_kept(ready):
    rows = "people,lon,lat\n5,106.6044,29.7044\n"
    world = prepared(ready(layer("people", "p.csv"), p__csv=rows)).world
    classes = (World, AreaShape, MapReport, Provenance)
    kept = unpack(pack(world, classes), classes)
    assert kept.people.equals(world.people)


def test_every_remark_can_be_said(ready):
    plan = planned(ready(layer("projects", "p.csv"), p__csv=PROJECTS))
    for language in ("zh", "en"):
        assert all(note_text(one, language) for one in plan.notes)


def write_grid(path, cells, *, crs="EPSG:4326", nodata=-1.0):
    """Write cells of 0.001 degrees from 106.60 E, 29.71 N on, north first."""
    values = np.array(cells, dtype="float32")
    with rasterio.open(
        path, "w", driver="GTiff", height=values.shape[0], width=values.shape[1], count=1,
        dtype="float32", crs=crs, nodata=nodata,
        transform=rasterio.transform.from_origin(106.600, 29.710, 0.001, 0.001),
    ) as grid:  # fmt: skip
        grid.write(values, 1)


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_a_people_grid_replaces_the_spread(ready, tmp_path):
    given = ready(layer("people", "g.tif"))
    cells = np.zeros((10, 10))
    cells[2, 3], cells[7, 8], cells[0, 0] = 4000, 1000, -1
    write_grid(tmp_path / "g.tif", cells)
    world = prepared(given).world
    assert sorted(world.people["people"]) == [1000, 4000]
    assert set(world.people["quality"]) == {"counted"}
    middle = world.people.to_crs("EPSG:4326").geometry.iloc[0].centroid
    assert abs(middle.x - 106.6035) < 1e-6
    assert abs(middle.y - 29.7075) < 1e-6


@pytest.mark.parametrize(
    ("cells", "options", "fault"),
    [
        (np.full((10, 10), -5.0), {"nodata": None}, "fewer than 0 people"),
        (np.zeros((10, 10)), {}, "nobody in the area"),
        (np.ones((10, 10)), {"crs": None}, "does not say its CRS"),
    ],
)
@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_a_bad_grid_is_refused(ready, tmp_path, cells, options, fault):
    given = ready(layer("people", "g.tif"))
    write_grid(tmp_path / "g.tif", cells, **options)
    assert fault in faults_of(given)
