"""Lists of item 14: sights, renewal, idle land, planned car parks, and what counts as public."""

from __future__ import annotations

import dataclasses

import desk
import pytest
import shapely
from test_user_layers import geojson, layer, note, planned, prepared, ready

from siting.analysis.barriers import Beside
from siting.analysis.candidates.sites import left_out_at
from siting.audit.ground import Evidence
from siting.audit.promises import chongqing_rules_hold
from siting.audit.rules import limits_hold
from siting.errors import ScenarioError, TableError
from siting.outputs.words import speaker
from siting.pipeline import run as pipeline
from siting.plan.described import column
from siting.scenario import load_scenario

__all__ = ["ready"]
OFFICE_BOX = shapely.box(106.6060, 29.7000, 106.6076, 29.7016)
FAR_BOX = shapely.box(106.6085, 29.7065, 106.6090, 29.7070)
SIGHTS = (
    "sight_id,name,a_level,bays,lon,lat\n"
    "J1,old gate,4A,80,106.6088,29.7050\nJ2,small wood,2A,,106.6010,29.7062\n"
)


def sites_of(given):
    return prepared(given).candidates.sites.set_index("site_id")


def with_model(given, **keys):
    return given.model_copy(update={"model": given.model.model_copy(update=keys)})


def not_public(given, *kinds):
    counting = given.counting.model_copy(update={"not_public": kinds})
    return given.model_copy(update={"counting": counting})


# --- what counts as public --------------------------------------------------------------------


def test_a_station_in_a_compound_leaves_with_it_and_is_not_relabelled(ready, tmp_path):
    """The stations that stand in compounds stayed, as 'existing' sites beside no place."""
    given = ready()
    desk.edit(
        tmp_path / "existing.csv", "E1,", "E2,大院站,106.6094,29.7010,9,540,0,2023-01-01\nE1,"
    )
    before = prepared(given).candidates.sites.set_index("site_id")
    assert before.loc["relation/700", "existing_chargers"] == 9
    found = prepared(not_public(given, "residential"))
    after = found.candidates.sites
    assert int(after["existing_chargers"].sum()) == int(before["existing_chargers"].sum()) - 9
    assert "residential" not in set(after["kind"])
    assert not after["merged_ids"].fillna("").str.contains("E2").any()
    assert "file:existing/E2" not in set(after["site_id"])
    told = note(found, "stations_not_public")
    assert (told["stations"], told["chargers"], told["ids"]) == (1, 9, ["relation/700"])


def test_a_compound_counts_with_the_bays_it_declares(ready, tmp_path):
    rows = "community_id,name,public_bays,lon,lat\nC1,大院,14,106.6094,29.7010\n"
    given = ready(layer("communities", "c.csv"), c__csv=rows)
    desk.edit(
        tmp_path / "existing.csv", "E1,", "E2,大院站,106.6094,29.7010,9,540,0,2023-01-01\nE1,"
    )
    sites = sites_of(not_public(given, "residential"))
    assert set(sites.index[sites["kind"] == "residential"]) == {"relation/700"}
    assert sites.loc["relation/700", ["existing_chargers", "max_chargers"]].tolist() == [9, 14]
    steps = dict(prepared(not_public(given, "residential")).candidates.screening)
    assert steps["merged"] >= len(sites) - 1


def test_why_says_that_a_compound_declares_no_bays(ready):
    given = not_public(ready(), "residential")
    world = prepared(given).world
    kinds, _, _ = pipeline.rule_tables(given)
    step, _ = left_out_at(
        world.places[world.places["place_id"] == "way/400"], world.zones, world.nodes, world.edges,
        beside=Beside(), kinds=kinds, settings=given.candidates,
        not_public=given.counting.not_public,
    )  # fmt: skip
    assert step == "not_left_out"


# --- sights -----------------------------------------------------------------------------------


def test_a_listed_sight_is_a_site_with_its_class_and_gets_a_station(ready):
    extra = layer("sights", "s.csv")
    given = ready(extra, s__csv=SIGHTS)
    sites = sites_of(given)
    assert sites.loc["file:s/J1", "listed"] == "sight_3a+sight_4a"
    assert (sites.loc["file:s/J1", "kind"], sites.loc["file:s/J1", "max_chargers"]) == ("sight", 16)
    assert sites.loc["file:s/J2", "listed"] is None or sites["listed"].isna()["file:s/J2"]
    asked = with_model(given, chongqing=("sight_3a_charging",), locked=("way/403",))
    plan = planned(asked)
    assert "file:s/J1" in set(plan.sites["site_id"])
    assert list(chongqing_rules_hold(plan, recount_evidence(asked))) == []
    without = dataclasses.replace(plan, sites=plan.sites[plan.sites["site_id"] != "file:s/J1"])
    assert len(list(chongqing_rules_hold(without, recount_evidence(asked)))) == 1


def recount_evidence(given):
    found = prepared(given)
    return Evidence(found.reach, found.swap_reach, found.world.substations)


def test_a_sight_without_a_site_is_told_by_name(ready):
    rows = SIGHTS.replace("106.6088,29.7050", "106.6188,29.7350")
    found = prepared(ready(layer("sights", "s.csv"), s__csv=rows))
    assert note(found, "sights_without_site")["ids"] == ["old gate"]


def test_the_rule_of_sights_without_a_list_is_refused(ready):
    given = with_model(ready(), chongqing=("sight_3a_charging",))
    with pytest.raises(ScenarioError, match="sight_3a"):
        planned(given)


def test_a_class_that_does_not_exist_is_refused_with_its_row(ready):
    rows = SIGHTS.replace("2A", "6A")
    with pytest.raises(TableError, match="row 3: a_level '6A'"):
        prepared(ready(layer("sights", "s.csv"), s__csv=rows))


# --- renewal, idle land, planned car parks ----------------------------------------------------


def test_renewal_areas_flag_sites_and_each_gets_its_floor(ready):
    areas = geojson(
        (OFFICE_BOX, {"area_id": "R1", "name": "old works"}),
        (FAR_BOX, {"area_id": "R2", "name": "empty"}),
    )
    floor = '\n[[model.limits]]\nlisted = ["renewal"]\neach_area = true\nat_least = 1\n'
    given = ready(layer("renewal", "r.json") + floor, r__json=areas)
    found = prepared(given)
    sites = found.candidates.sites.set_index("site_id")
    assert sites["listed"].dropna().to_dict() == {"way/403": "renewal+file:r/R1"}
    assert note(found, "renewal_without_site")["ids"] == ["file:r/R2"]
    plan = planned(with_model(given, locked=("way/404",)))
    assert "way/403" in set(plan.sites["site_id"])
    assert list(limits_hold(plan)) == []
    broken = dataclasses.replace(plan, sites=plan.sites[plan.sites["site_id"] != "way/403"])
    assert list(limits_hold(broken)) == ["0 in file:r/R1, at least 1 asked for"]


def test_idle_land_and_planned_car_parks_are_sites_of_pool_c(ready, tmp_path):
    idle = geojson((FAR_BOX, {"land_id": "K1", "name": "corner"}))
    parks = (
        "park_id,name,bays,year,lon,lat\nT1,soon,100,2025,106.6070,29.7060\n"
        "T2,late,100,2027,106.6080,29.7030\n"
    )
    extra = layer("idle_land", "i.json") + layer("planned_parking", "t.csv")
    given = ready(extra, i__json=idle, t__csv=parks)
    given = given.model_copy(update={"targets": given.targets.model_copy(update={"by": 2025})})
    found = prepared(given)
    sites = found.candidates.sites.set_index("site_id")
    land, park = sites.loc["file:i/K1"], sites.loc["file:t/T1"]
    assert (land["kind"], land["pool"], land["listed"]) == ("idle_land", "C", "idle_land")
    assert land["verdict"] == "sign_off"
    assert land["max_chargers"] == min(40, int(land["area_m2"] // 28)), "all of its bays charge"
    assert (park["kind"], park["pool"], park["max_chargers"]) == ("parking", "C", 30)
    assert "file:t/T2" not in sites.index
    assert note(found, "planned_parking_late") == {"parks": 1, "by": 2025}


def test_a_list_that_no_site_stands_in_is_refused_by_name(ready):
    given = ready('\n[[model.limits]]\nlisted = ["renewal"]\nat_least = 1\n')
    with pytest.raises(ScenarioError, match="listed"):
        planned(given)


def test_each_area_is_for_stations_and_not_with_each_zone(ready, tmp_path):
    ready()
    extra = "\n[[model.limits]]\neach_area = true\neach_zone = true\nat_least = 1\n"
    path = tmp_path / "town.toml"
    path.write_text(path.read_text(encoding="utf-8") + extra, encoding="utf-8")
    with pytest.raises(ScenarioError, match="each_area"):
        load_scenario(path)


def test_bays_along_the_kerb_are_a_kind_of_their_own(ready, tmp_path):
    given = ready()
    tag = '<tag k="parking" v="street_side"/>'
    text = (tmp_path / "town.osm").read_text(encoding="utf-8")
    at = text.index('<way id="402"')
    end = text.index("</way>", at)
    (tmp_path / "town.osm").write_text(text[:end] + tag + text[end:], encoding="utf-8")
    site = sites_of(given).loc["way/402"]
    assert (site["kind"], site["verdict"]) == ("kerbside", "sign_off")


def test_the_sheet_of_sights_has_the_class_of_the_list_and_a_gap_without(ready):
    plan = planned(
        with_model(ready(layer("sights", "s.csv"), s__csv=SIGHTS), locked=("file:s/J1",))
    )
    told = column(plan, plan.sites, "sight_class", speaker("en"))
    is_listed = plan.sites["site_id"] == "file:s/J1"
    assert told[is_listed].tolist() == ["4A"]
    assert told[~is_listed].isna().all(), "nobody guesses a class"
