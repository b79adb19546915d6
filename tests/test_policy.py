"""docs/policy.md, row by row: each phrase names a check, and the check holds on the sample."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
import shapely

from siting.audit.ground import OccasionEvidence
from siting.audit.recount import recount
from siting.pipeline import run as pipeline
from siting.pipeline.meter import Meter
from siting.scenario import load_scenario
from siting.shipped import shipped_path

PAGE = Path(__file__).resolve().parents[1] / "docs" / "policy.md"
ROW = re.compile(r"^\| (?P<phrase>.+?) \|.*\| `(?P<check>\w+)` \|$")
ITEM_14 = {
    "区经济信息委", "区发展改革委", "区住房城乡建委", "区交通局", "区文化旅游委",
    "区规划自然资源局", "区城管局", "国网市北电力公司",
}  # fmt: skip
ITEM_15 = {"区应急局", "区市场监管局", "区大数据发展局", "区公安分局", "区消防救援支队"}


def rows():
    """Return phrase and check of each row of the page."""
    found = [ROW.match(line) for line in PAGE.read_text(encoding="utf-8").splitlines()]
    return [(one["phrase"], one["check"]) for one in found if one]


@pytest.fixture(scope="module")
def sample():
    """Return the shipped scenario, what is known of its place, and its plan."""
    scenario = load_scenario(shipped_path("scenarios/yubei-2025.toml"))
    kept = {}

    def keep(*asked, **named):
        kept["prepared"] = pipeline_prepare(*asked, **named)
        return kept["prepared"]

    pipeline_prepare = pipeline.prepare
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "prepare", keep)
        plan = pipeline.run(scenario, meter=Meter(lambda *_: None))
    prepared = kept["prepared"]
    notes = {one.key: dict(one.values) for one in plan.notes}  # of a note
    sites, candidates = plan.sites, plan.candidates
    return SimpleNamespace(
        scenario=scenario, prepared=prepared, plan=plan, sites=sites, notes=notes,
        candidates=candidates, new=sites[sites["is_new"]],
        bodies={one.name_zh: one for one in scenario.handouts.bodies},
    )  # fmt: skip


def listed(table, name):
    """Return the rows of a table that stand in a list or area."""
    return table[table["listed"].fillna("").str.split("+").map(lambda names: name in names)]


def stands(sample, ids):
    return sample.sites["site_id"].isin(ids)


def charging_and_swapping(sample):
    totals = sample.plan.totals
    assert totals["new_stations"] > 0
    assert totals["new_swap_stations"] > 0
    assert sample.scenario.hydrogen is None


def basis_is_written(sample):
    policy = sample.plan.scenario["policy"]
    assert "渝北府发〔2023〕8号" in policy["basis_zh"]
    assert len(policy["asks_zh"]) == len(policy["asks_en"]) == 3


def projects_owe_bays(sample):
    assert sample.notes["projects_due"]["projects"] == 80
    due = sample.candidates["due_bays"]
    short = sample.candidates["short_bays"]
    assert due.notna().sum() == (sample.candidates["pool"] == "A").sum() > 0
    assert short.notna().any()
    assert short[due.notna()].isna().any(), "unknown is not zero"
    assert "due" in sample.bodies["区住房城乡建委"].columns


def public_facilities(sample):
    assert (sample.sites["kind"] == "public_facility").sum() >= 40


def renewal_areas(sample):
    areas = sample.prepared.world.layers["renewal"]
    assert len(areas) == 19
    bare = sample.notes.get("renewal_without_site", {"areas": 0})["areas"]
    full = sample.notes.get("areas_without_room", {"count": 0})["count"]
    held = 0
    for area in areas.itertuples():
        inside = shapely.intersects(sample.sites.geometry.to_numpy(), area.geometry)
        held += bool(inside.any())
    assert held >= len(areas) - bare - full >= 12


def sights(sample):
    high = sample.prepared.world.layers["sights"]["a_level"].isin(["3A", "4A", "5A"]).sum()
    there = listed(sample.candidates, "sight_3a")
    lost = sample.notes.get("sights_without_site", {"sights": 0})["sights"]
    assert len(there) == high - lost > 5
    doors = sample.sites.geometry.union_all()
    assert there.geometry.distance(doors).max() <= 300


def fuel_stations(sample):
    fuel = sample.sites[sample.sites["kind"] == "fuel"]
    assert len(fuel) >= 10
    assert set(fuel["verdict"]) == {"sign_off"}


def service_areas(sample):
    sides = sample.candidates[sample.candidates["kind"] == "service_area"]
    sides = sides[sides["verdict"] != "stop"]
    there = sample.sites[stands(sample, sides["site_id"])]
    assert len(there) == len(sides) >= 12
    known = there[there["spaces"].notna()]
    assert (known["chargers"] >= 0.1 * known["spaces"] - 1e-9).all()


def compounds(sample):
    assert "residential" not in set(sample.candidates["kind"])
    told = sample.notes["stations_not_public"]
    assert told["stations"] > 0
    assert not sample.candidates["merged_ids"].fillna("").str.contains(told["ids"][0]).any()
    otherwise = sample.plan.counts.otherwise.without_shared
    assert otherwise.stations == sample.plan.totals["stations"]


def idle_land(sample):
    land = sample.candidates[sample.candidates["kind"] == "idle_land"]
    assert len(land) > 20
    assert set(land["verdict"]) <= {"sign_off", "stop"}
    assert set(land["pool"]) == {"C"}
    both = [listed(sample.candidates, name)["site_id"] for name in ("idle_land", "planned_parking")]
    assert sum(int(stands(sample, ids).sum()) for ids in both) >= 20


def planned_parking(sample):
    parks = sample.prepared.world.layers["planned_parking"]
    late = int((parks["year"] > 2025).sum())
    assert sample.notes["planned_parking_late"]["parks"] == late > 0
    there = listed(sample.candidates, "planned_parking")
    assert 0 < len(there) <= len(parks) - late
    assert set(there["pool"]) == {"C"}


def homes_are_served(sample):
    asked = sample.prepared.occasions.rows
    given = sample.plan.assignments
    asked, given = (
        table[table["demand_id"].str.startswith("home/")].groupby("occasion")["kwh_day"].sum()
        for table in (asked, given)
    )
    assert set(asked.index) == {"quick", "overnight"}
    assert given["quick"] > 0.95 * asked["quick"]
    assert given["overnight"] / asked["overnight"] == pytest.approx(0.16, abs=0.02)
    mine = sample.plan.figures
    for other in sample.plan.baselines.values():
        for name in ("served_home_share", "occasion_overnight_share", "occasion_quick_share"):
            assert mine[name] >= other[name]


def every_township(sample):
    assert len(sample.plan.zones) == 30
    assert set(sample.sites["zone_id"]) == set(sample.plan.zones["zone_id"])


def totals(sample):
    plan = sample.plan
    counted = (len(plan.sites), int(plan.sites["chargers"].sum()), len(plan.swap_sites))
    assert counted == (550, 12000, 25)
    assert sample.scenario.targets.by == 2025


def bodies_of_item_14(sample):
    told = {name for name, one in sample.bodies.items() if one.role in {"lead14", "support14"}}
    assert told == ITEM_14
    assert sample.bodies["区经济信息委"].role == "lead14"


def safety_verdicts(sample):
    assert "stop" not in set(sample.new["verdict"])
    signed = sample.new[sample.new["verdict"] == "sign_off"]
    assert len(signed) > 0
    assert signed["reason"].notna().all()


def fire_sheets(sample):
    for name in ("区应急局", "区消防救援支队"):
        one = sample.bodies[name]
        assert "risk" in one.also
        assert {"verdict_name", "reason", "hydrant"} <= set(one.columns)
    assert "fire_unit" in sample.bodies["区消防救援支队"].columns


def metering_sheet(sample):
    assert {"maker", "verification"} <= set(sample.bodies["区市场监管局"].columns)


def not_of_siting(sample):
    keys = {word for block in sample.plan.scenario for word in block.split("_")}
    assert not keys & {"manufacture", "construction", "supervision"}


def bodies_of_item_15(sample):
    told = {name for name, one in sample.bodies.items() if one.role in {"lead15", "support15"}}
    assert told == ITEM_15
    assert sample.bodies["区应急局"].role == "lead15"


CHECKS = {
    check.__name__: check
    for check in (
        charging_and_swapping, basis_is_written, projects_owe_bays, public_facilities,
        renewal_areas, sights, fuel_stations, service_areas, compounds, idle_land,
        planned_parking, homes_are_served, every_township, totals, bodies_of_item_14,
        safety_verdicts, fire_sheets, metering_sheet, not_of_siting, bodies_of_item_15,
    )
}  # fmt: skip


def test_each_row_names_a_check_and_each_check_has_a_row():
    assert [check for _, check in rows()] == list(CHECKS)
    headings = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line[:2] == "| "]
    assert len(headings) == len(CHECKS) + 2, "a row without a check is no row"


@pytest.mark.slow
@pytest.mark.parametrize(("phrase", "check"), rows(), ids=[check for _, check in rows()])
def test_the_sample_keeps_the_phrase(phrase, check, sample):
    CHECKS[check](sample)


@pytest.mark.slow
def test_the_plan_of_the_sample_stands_up_to_the_recount(sample):
    made, here = sample.prepared, sample.prepared.occasions
    recount(
        sample.plan, made.reach, made.swap_reach, substations=made.world.substations,
        occasions=OccasionEvidence(here.occasions.tables, here.mix, here.reaches),
    )  # fmt: skip
