"""A small plan made by hand, for tests of what is saved and drawn. All of it is invented."""

from __future__ import annotations

import dataclasses

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely.geometry import LineString, MultiPolygon, Point, box

from siting.notes import Note
from siting.optimize.problem.solution import Outcome, Status
from siting.plan.parts import (
    ChargerClass,
    DemandChain,
    FleetEnergy,
    Phases,
    PhaseTotal,
    PhaseYear,
    StageTime,
    Timings,
)
from siting.plan.plan import Plan, Source

CRS = "EPSG:4545"
EAST, NORTH = 367000.0, 3289000.0  # about 106.63 E, 29.72 N in EPSG:4545
HOSTILE = "<script>alert(1)</script>\"'`{{ 7*7 }}{% x %}</script>&amp;"
FORMULA = '=HYPERLINK("http://example.invalid")'

KINDS = ("residential", "parking", "service_area", "fuel", "sight", "office")


def small_plan(*, language="zh", synthetic=True):
    """Return a plan of 6 stations, 2 swap stations, 12 candidates and 4 zones."""
    candidates = _candidates()
    sites = _sites(candidates)
    swap = candidates.loc[[2, 5], ["site_id", "kind", "name", "zone_id", "geometry"]]
    swap = swap.assign(
        is_new=[True, False], power_kw=900.0, kva=1316.0, drawn_kw=[900.0, 0.0], substation_id="S1",
        substation_m=800.0, headroom_kw=np.nan, cost_low_cny=[1.5e6, 0.0], cost_cny=[2e6, 0.0],
        cost_high_cny=[3e6, 0.0],
    ).reset_index(drop=True)  # fmt: skip
    cost = {
        name: float(sites[name].sum() + swap[name].sum())
        for name in ("cost_low_cny", "cost_cny", "cost_high_cny")
    }
    return Plan(
        run="small",
        language=language,
        title_zh="小样例 <选址> 方案",
        title_en="Small <siting> plan",
        crs=CRS,
        totals={
            "stations": 6,
            "chargers": 90,
            "swap_stations": 2,
            "existing_stations": 2,
            "existing_chargers": 30,
            "existing_swap_stations": 1,
            "new_stations": 4,
            "new_chargers": 60,
            "new_swap_stations": 1,
        },
        targets={"stations": 6, "chargers": 90, "swap_stations": 2},
        figures={"served_share": 0.9321, "mean_distance_m": 1234.5, "access_gini": 0.31, **cost},
        baselines={
            "random": {
                "served_share": 0.9021,
                "mean_distance_m": 1734.5,
                "access_gini": 0.42,
                **cost,
            },
            "top_score": {
                "served_share": 0.9111,
                "mean_distance_m": 1634.5,
                "access_gini": 0.25,
                **cost,
            },
        },
        outcome=Outcome(
            status=Status.WITHIN_GAP,
            value=0.93,
            bound=0.9345678901,
            gap_share=0.00489,
            reduced_value=0.94,
            reduced_bound=0.9405,
            reduced_gap_share=0.0005,
            solver="HiGHS 1.15.1 through PuLP 3.3.2",
        ),
        sites=sites,
        swap_sites=swap,
        candidates=candidates,
        assignments=_assignments(),
        demand=_demand(),
        chain=_chain(),
        zones=_zones(),
        roads=_roads(),
        landscape=_landscape(),
        screening=(("places", 20), ("with_existing", 12)),
        notes=(
            Note("places_merged", {"places": 3}),
            Note("zones_cut", {"count": 1, "names": [HOSTILE]}),
        ),
        sources=(
            Source("osm", "sample/yubei-sample.osm.pbf", "ab" * 32, "CC0", "2023-12-31", synthetic),
        ),
        scenario={"siting": 1, "run": {"name": "small", "seed": 7}, "targets": {"by": 2025}},
        versions={"python": "3.11", "pulp": "3.3.2"},
        charger_classes={
            "slow_ac": ChargerClass(7.0, 25.0, float(sites["chargers_slow_ac"].sum())),
            "fast_dc": ChargerClass(60.0, 170.0, float(sites["chargers_fast_dc"].sum())),
        },
        timings=Timings("2026-11-22", (StageTime("solve", 1.5, 200),)),
    )


def district_plan():
    """Return a plan of the size of Yubei's: 550 stations, 4,500 candidates, 30 zones, 400 roads."""
    random = np.random.default_rng(7)
    base, width, height = small_plan(), 40_000.0, 50_000.0
    rows = random.integers(0, 12, 4500)
    points = [Point(EAST + x, NORTH + y) for x, y in random.random((4500, 2)) * [width, height]]
    candidates = base.candidates.iloc[rows].reset_index(drop=True).set_geometry(points, crs=CRS)
    candidates["site_id"] = [f"way/{100_000 + n}" for n in range(4500)]
    candidates["name"] = [f"样例{n}·某某小区停车场" for n in range(4500)]
    candidates["chosen"] = candidates.index < 550
    swap = candidates.iloc[600:625][["site_id", "kind", "name", "zone_id", "geometry"]]
    cells = [(x, y) for x in range(5) for y in range(6)]
    zones = base.zones.iloc[[n % 4 for n in range(30)]].reset_index(drop=True)
    zones["zone_id"] = [f"Z{n + 1}" for n in range(30)]
    zones["name"] = [f"样例第{n + 1}街道" for n in range(30)]
    zones["kind"] = "subdistrict"
    side, rise = width / 5, height / 6
    corners = [(EAST + x * side, NORTH + y * rise) for x, y in cells]
    shapes = [box(x, y, x + side, y + rise) for x, y in corners]
    roads = []
    for start in random.random((400, 2)) * [width, height]:
        steps = random.normal(0, 40, (60, 2)).cumsum(axis=0)
        roads.append(LineString(steps + start + [EAST, NORTH]))
    kept = np.arange(400) % 2
    return dataclasses.replace(
        base,
        candidates=candidates,
        sites=_sites(candidates, chargers=random.integers(4, 60, 550)),
        swap_sites=swap.assign(
            is_new=True,
            power_kw=900.0,
            kva=1316.0,
            drawn_kw=900.0,
            substation_id="S1",
            substation_m=800.0,
            headroom_kw=np.nan,
            cost_low_cny=1.5e6,
            cost_cny=2e6,
            cost_high_cny=3e6,
        ).reset_index(drop=True),
        zones=zones.set_geometry(shapes, crs=CRS),
        roads=base.roads.iloc[kept].reset_index(drop=True).set_geometry(roads, crs=CRS),
    )


LONG = "很长的名字垚䶮砀🚗" * 25


def hard_plan(*, language="zh"):
    """Return the small plan with names, zones and places that are hard to draw.

    Names that look like script, formulas, of two lines, of 250 signs, rare and emoji; a zone of
    two parts, one without stations; two stations on one point; a site that a rule stops.
    """
    plan = small_plan(language=language)
    zones = plan.zones.assign(
        name=["=1+1\n换行", "<script>alert(1)</script>\"'", LONG, "未划入"],
        name_en=pd.Series([None] * 4, dtype="str"),
        stations=[2, 2, 0, 1],
    )
    shapes = zones.geometry.to_list()
    island = box(EAST + 4000, NORTH, EAST + 4500, NORTH + 600)
    shapes[0] = MultiPolygon([shapes[0], island])
    names = [
        LONG, "</script><img src=x onerror=alert(1)>", "=1+1\n第二行", "垚䶮砀 🚗", None,
        "\"quoted\" 'x' & {{7*7}}",
    ]  # fmt: skip
    points = plan.sites.geometry.to_list()
    points[3] = points[2]
    homes = plan.sites["zone_id"].replace("Z3", "Z1").to_numpy()
    sites = plan.sites.assign(name=pd.Series(names, dtype="str"), zone_id=homes)
    stops = plan.candidates["verdict"] == "stop"
    reason = plan.candidates["reason"].mask(stops, "距<b>变配电间</b>不足 3 米")
    return dataclasses.replace(
        plan,
        zones=zones.set_geometry(shapes, crs=CRS),
        sites=sites.set_geometry(points, crs=CRS),
        candidates=plan.candidates.assign(reason=reason),
    )


def phased_plan(*, language="zh"):
    """Return the small plan built in two years: two stations open in each, one grows."""
    plan = small_plan(language=language)
    opens = pd.Series([None, None, 2024, 2024, 2025, 2025], dtype="Int64")
    first, last = [15, 15, 6, 12, 0, 0], plan.sites["chargers"].tolist()
    sites = plan.sites.assign(phase=opens, phase_2024_chargers=first, phase_2025_chargers=last)
    swaps = plan.swap_sites.assign(phase=pd.Series([2025, None], dtype="Int64"))
    shared = {"bound": 0.95, "best_alone": 0.94, "value": 0.93, "regret": 0.01,
              "by_year_regret": 0.02, "by_year_value": 0.92, "mean_distance_m": 700.0,
              "served_share": 0.9,
              "demand_kwh_day": 60.5}  # fmt: skip
    years = (
        PhaseYear(year=2024, stations=4, chargers=48, swap_stations=1, new_stations=2,
         new_chargers=18, new_swap_stations=0, demand_factor=0.5, budget_cny=1e6,
         cost_cny=2 * 100_000.0 + 18 * 20_000.0, **shared),
        PhaseYear(year=2025, stations=6, chargers=90, swap_stations=2, new_stations=2,
         new_chargers=42, new_swap_stations=1, demand_factor=1.0, budget_cny=None,
         cost_cny=2 * 100_000.0 + 42 * 20_000.0 + 2e6, **shared),
    )  # fmt: skip
    total = PhaseTotal(1.86, 1.9, 0.02, regret=0.02, by_year_value=1.84, by_year_regret=0.04)
    keys = ("year", "stations", "chargers", "swap_stations", "budget_cny", "demand_factor")
    asked = [{key: getattr(row, key) for key in keys} for row in years]
    return dataclasses.replace(
        plan, sites=sites, swap_sites=swaps,
        phases=Phases(years, total, by_year_until=2025, whole=True, swap_gap_share=0.0),
        scenario={**plan.scenario, "phases": asked},
    )  # fmt: skip


def with_sites(plan, **columns):
    """Return the plan with columns of its sites replaced."""
    return dataclasses.replace(plan, sites=plan.sites.assign(**columns))


def _candidates():
    number = np.arange(12)
    points = [Point(EAST + 900 * (n % 4), NORTH + 900 * (n // 4)) for n in number]
    names = [f"样例{n}·小区" for n in number]
    names[1], names[3], names[4] = HOSTILE, None, FORMULA
    frame = {
        "site_id": [f"way/{100 + n}" for n in number],
        "kind": [KINDS[n % 6] for n in number],
        "name": pd.Series(names, dtype=pd.StringDtype(na_value=np.nan)),
        "zone_id": [f"Z{1 + n % 4}" for n in number],
        "node_id": 9000 + number,
        "snap_m": 12.34567 + number,
        "spaces": np.where(number == 3, np.nan, 50.0 + number),
        "spaces_source": np.where(number == 3, "missing", "capacity tag"),
        "area_m2": np.where(number < 6, 1500.5, np.nan),
        "min_chargers": np.full(12, 4),
        "max_chargers": np.full(12, 40),
        "existing_chargers": np.where(number < 2, 15, 0),
        "existing_station": number < 2,
        "swap_ok": number % 3 == 2,
        "existing_swap": number == 5,
        "kwh_day_per_charger": np.full(12, 120.0),
        "kw_per_charger": np.full(12, 60.0),
        "strongest_kw": np.where(number < 2, np.nan, 250.0),
        "verdict": np.where(number == 3, "sign_off", np.where(number == 11, "stop", "ok")),
        "reason": pd.Series(["加油站须会签" if n == 3 else None for n in number], dtype="str"),
        "owner": pd.Series(["区经济信息委" if n == 3 else None for n in number], dtype="str"),
        "merged_ids": pd.Series([None] * 12, dtype="str"),
        "demand_score": 0.5 + number / 100,
        "gap_score": np.full(12, 0.5),
        "access_score": np.full(12, 0.5),
        "power_score": np.full(12, 0.5),
        "cost_score": np.full(12, 0.5),
        "safety_score": np.full(12, 0.5),
        "score": 0.5 + number / 123,
        "chosen": number < 6,
    }
    return gpd.GeoDataFrame(frame, geometry=points, crs=CRS)


def _sites(candidates, chargers=(15, 15, 8, 12, 20, 20)):
    opened = candidates[candidates["chosen"]].drop(columns="chosen").reset_index(drop=True)
    chargers, number = np.array(chargers), np.arange(len(chargers))
    return opened.assign(
        chargers=chargers,
        chargers_slow_ac=chargers // 3,
        chargers_fast_dc=chargers - chargers // 3,
        power_kw=(chargers // 3) * 7.0 + (chargers - chargers // 3) * 60.0,
        kva=chargers * 60.0,
        substation_id="S1",
        substation_m=800.0,
        headroom_kw=np.nan,
        drawn_kw=(chargers - opened["existing_chargers"]) * 60.0 * 0.7,
        site_fixed_cny=np.where(opened["existing_station"], 0.0, 100_000.0),
        charger_cny=20_000.0,
        wait_min=np.where(number == 2, np.nan, 1.5),
        wait_over_promise_share=np.where(number == 2, 1.0, 0.05),
        chargers_needed=chargers - 1,
        peak_busy_share=0.4,
        size_promise=(chargers - opened["existing_chargers"] - 1).clip(lower=0),
        size_floor=0,
        size_growth=0,
        size_target=(chargers - opened["existing_chargers"]).clip(upper=1),
        **_prices(chargers - opened["existing_chargers"], opened["existing_station"]),
        load_kwh_day=chargers * 55.5,
        utilisation=np.where(number == 2, np.nan, 0.1234567 + number / 1000),
        is_new=~opened["existing_station"],
        swap=np.isin(number, [2, 5]),
    )


def _prices(new, stands):
    base = np.where(stands, 0.0, 100_000.0) + 20_000.0 * new
    return {"cost_low_cny": base / 2, "cost_cny": base, "cost_high_cny": base * 2}


def _assignments():
    return pd.DataFrame(
        {
            "demand_id": pd.Categorical(["d1", "d2", "d2"]),
            "site_id": pd.Categorical(["way/100", "way/100", "way/101"]),
            "kwh_day": [10.0, 20.0, 30.5],
            "distance_m": [100.0, 200.0, 300.0],
            "time_s": [20.0, 40.0, 60.0],
        }
    )


def _demand():
    return gpd.GeoDataFrame(
        {
            "demand_id": ["d1", "d2"],
            "kind": ["home", "work"],
            "kwh_day": [10.0, 50.5],
            "swap_kwh_day": [0.0, 0.0],
            "peak_share": [0.096, 0.112],
            "people": [120.0, np.nan],
            "zone_id": ["Z1", "Z2"],
            "node_id": [9000, 9001],
            "quality": ["spread", "estimated"],
        },
        geometry=[Point(EAST, NORTH), Point(EAST + 900, NORTH)],
        crs=CRS,
    )


def _chain():
    by_kind = {"home": 10.0, "work": 50.5, "retail": 0.0, "visit": 0.0, "road": 0.0, "fleet": None}
    return DemandChain(
        year=2025, nev_scenario="base", nev_share=0.15, people=120.0, cars=30.0, nevs=4.5,
        charging_kwh_day=100.8, public_share=0.6, residents_kwh_day=60.5, through_kwh_day=None,
        fleet_kwh_day=None, swap_kwh_day=None, fleets={"taxi": FleetEnergy()}, kwh_day=60.5,
        by_kind=by_kind, people_by_quality={"counted": 0.0, "spread": 120.0, "estimated": 0.0},
        hour_kw=(2.5,) * 23 + (3.0,), peak_hour=23, peak_kw=3.0, peak_share=0.05,
    )  # fmt: skip


def _zones():
    corners = [(0, 0), (1, 0), (0, 1), (1, 1)]
    boxes = [
        box(
            EAST - 500 + 2000 * x, NORTH - 500 + 2000 * y,
            EAST + 1500 + 2000 * x, NORTH + 1500 + 2000 * y,
        )
        for x, y in corners
    ]  # fmt: skip
    return gpd.GeoDataFrame(
        {
            "zone_id": ["Z1", "Z2", "Z3", "Z4"],
            "name": ["双龙湖街道", HOSTILE, "木耳镇", "未划入"],
            "name_en": pd.Series(["Shuanglonghu", None, "Mu'er Town", None], dtype="str"),
            "kind": ["subdistrict", "subdistrict", "town", "uncovered"],
            "managed_by": pd.Series(["渝北区", None, "渝北区", None], dtype="str"),
            "population": [112000.0, np.nan, 72000.0, np.nan],
            "population_quality": ["estimated", "missing", "rounded", "missing"],
            "stations": [2, 2, 1, 1],
            "chargers": [30, 30, 10, 20],
            "swap_stations": [0, 1, 1, 0],
            "demand_kwh_day": [10.0, 50.5, 0.0, 0.0],
            "served_kwh_day": [10.0, 50.5, 0.0, 0.0],
            "demand_quality": pd.Series(["spread", None, None, None], dtype="str"),
        },
        geometry=boxes,
        crs=CRS,
    )


def _roads():
    return gpd.GeoDataFrame(
        {
            "road_class": ["motorway", "primary"],
            "name": pd.Series(["渝邻高速", None], dtype="str"),
            "ref": pd.Series(["G65", None], dtype="str"),
        },
        geometry=[
            LineString([(EAST - 500, NORTH + 700), (EAST + 3500, NORTH + 900)]),
            LineString([(EAST + 400, NORTH - 500), (EAST + 500, NORTH + 3500)]),
        ],
        crs=CRS,
    )


def _landscape():
    return gpd.GeoDataFrame(
        {"kind": ["water", "water"], "name": pd.Series(["碧津湖", None], dtype="str")},
        geometry=[
            Point(EAST + 1500, NORTH + 1500).buffer(200),
            LineString([(EAST - 500, NORTH), (EAST + 3500, NORTH + 200)]),
        ],
        crs=CRS,
    )
