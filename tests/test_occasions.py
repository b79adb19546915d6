"""Who charges where: tables of the occasions, ways, and a plan made and recounted by them."""

from dataclasses import replace

import desk
import grid_town as town
import numpy as np
import pandas as pd
import pytest
import shapely
from test_demand_plan import FLEETS
from test_phased_plan import FIRST, LAST

from siting import check
from siting.analysis.demand.occasion_ways import (
    occasion_demand,
    occasion_ways,
    on_carriageway,
    town_zones,
    walkable,
)
from siting.analysis.demand.occasions import make_occasions
from siting.analysis.station.queues import station_queues
from siting.analysis.travel import make_reach
from siting.audit.ground import OccasionEvidence
from siting.audit.recount import recount
from siting.cache import Cache
from siting.errors import RecountError, TableError
from siting.outputs.text.figure_tables import comparison
from siting.outputs.words import speaker, words
from siting.pipeline import run as pipeline
from siting.pipeline.equip import asked_of
from siting.pipeline.meter import Meter
from siting.plan.folder import load_plan, new_run_folder, save_plan
from siting.scenario import Sizing, load_scenario
from siting.shipped import shipped_path
from siting.why.ask import why
from siting.why.rebuild import rebuild

NAMES = ("occasions", "occasion_shares", "occasion_worth")
BY_CLASS = 'model.occasions="by_class"'


def rows():
    return {name: pd.read_csv(shipped_path(f"{name}.csv"), encoding="utf-8") for name in NAMES}


def made(tables=None, *, case="base", cutoff_m=3000.0):
    return make_occasions(tables or rows(), town.chargers(), case=case, cutoff_m=cutoff_m)


def of_kinds(kinds):
    """Return sites of some kinds on which nothing stands."""
    return pd.DataFrame(
        {"site_id": kinds, "kind": kinds, "existing_kw": np.nan, "existing_chargers": 0}
    )


def test_the_shipped_tables_are_whole_and_each_row_says_where_it_is_from():
    found = made()
    assert set(found.table.index) == {
        "overnight", "work", "destination", "quick", "corridor", "fleet",
    }  # fmt: skip
    for table in rows().values():
        assert table["source"].str.len().gt(10).all()
        assert table["mark"].str.len().gt(0).all()
    for case in ("low", "base", "high"):
        total = made(case=case).shares.groupby("demand_kind")["share"].sum()
        assert total.to_numpy() == pytest.approx(1.0)
    mean = town.chargers().mean("kwh_day")
    kwh = found.kwh_at(of_kinds(mean.index))
    assert kwh.sum(axis=1).to_numpy() == pytest.approx(mean.to_numpy())
    assert found.pools["overnight"] == found.pools["work"] == 0
    assert found.pools["quick"] == found.pools["corridor"] == 1


def test_only_dc_serves_quick_corridor_and_fleet_and_walks_are_300_to_500_m():
    table = made().table
    for name in ("quick", "corridor", "fleet"):
        assert "slow_ac" not in table.loc[name, "charger_classes"]
        assert table.loc[name, "way"] == "drive"
    walks = table[table["way"] == "walk"]
    assert walks[["town_m", "country_m"]].to_numpy().min() >= 300
    assert walks[["town_m", "country_m"]].to_numpy().max() <= 500


def test_an_empty_distance_is_the_service_radius():
    assert made(cutoff_m=2500.0).table.loc["quick", "town_m"] == 2500.0
    assert made(cutoff_m=6000.0).table.loc["quick", "country_m"] == 6000.0, "never nearer"


SLIPS = {
    "a share too much": ("occasion_shares", 0, "share", 0.9, "sums to 1.5, not 1"),
    "an unknown occasion": ("occasion_shares", 0, "occasion", "lunch", "no occasion: lunch"),
    "an unknown class": ("occasions", 0, "charger_classes", "steam", "no class"),
    "classes that overlap": ("occasions", 3, "charger_classes", "fast_dc", "share a class"),
    "a stay too short": ("occasions", 0, "stay_high_min", 100, "does not hold"),
    "a session too long": ("occasions", 3, "charger_classes", "slow_ac", "does not fit"),
    "an unknown kind": ("occasion_worth", 0, "kind", "moon", "no kind of site: moon"),
    "a worth above 1": ("occasion_worth", 0, "worth", 2.0, "worth"),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_in_a_table_is_named(slip):
    name, row, column, value, says = SLIPS[slip]
    tables = rows()
    tables[name] = tables[name].astype({column: object})
    tables[name].loc[row, column] = value
    if column in ("share", "worth", "stay_high_min"):
        tables[name] = tables[name].astype({column: float})
    with pytest.raises(TableError, match=says) as error:
        made(tables)
    assert name in str(error.value)


def test_a_kind_the_table_does_not_name_is_worth_what_others_are():
    tables = rows()
    worth = tables["occasion_worth"]
    tables["occasion_worth"] = worth[worth["kind"] != "sight"]
    found = made(tables).worth
    sight = found[found["kind"] == "sight"].set_index("occasion")["worth"]
    other = worth[worth["kind"] == "other"].set_index("occasion")["worth"]
    assert sight.to_dict() == other.to_dict()


def test_the_occasions_of_a_point_sum_to_its_own():
    points = pd.DataFrame(
        {"demand_id": ["a", "b"], "kind": ["home", "road"], "kwh_day": [100.0, 30.0]}
    )
    found = occasion_demand(points, made())
    assert found.groupby("demand_id")["kwh_day"].sum().to_dict() == {"a": 100.0, "b": 30.0}
    assert found.set_index("occasion")["kwh_day"].to_dict() == pytest.approx(
        {"overnight": 40.0, "quick": 60.0, "corridor": 30.0}
    )


def points(kind, *places, name="demand_id"):
    """Return rows at crossings (column, row) of the grid town."""
    import geopandas as gpd  # noqa: PLC0415

    node = [town.crossing(x, y) for x, y in places]
    geometry = [shapely.Point(x * town.STEP_M, y * town.STEP_M) for x, y in places]
    return gpd.GeoDataFrame(
        {name: [f"{name[0]}{k}" for k in range(len(places))], "kind": kind, "zone_id": "z",
         "node_id": np.array(node, dtype=np.int64), "kwh_day": 100.0},
        geometry=geometry, crs=town.CRS,
    )  # fmt: skip


def test_people_walk_against_a_one_way_street_and_on_no_carriageway():
    one_way = town.edge_table([(100, 101, 200, 20, "residential"), (101, 102, 200, 10, "trunk"),
                               (102, 101, 200, 10, "trunk")])  # fmt: skip
    here, there = points("home", (1, 0)), points("parking", (0, 0), (2, 0), name="site_id")
    nodes = town.nodes()
    driven = make_reach(here, there, nodes, one_way, cutoff_m=500)
    walked = make_reach(here, there, nodes, walkable(one_way), cutoff_m=500)
    assert driven["site_id"].tolist() == ["s1"], "cars reach only the end of the trunk road"
    assert walked["site_id"].tolist() == ["s0"], "people only the start of the one-way street"
    assert walked["distance_m"].tolist() == [200.0]
    assert walked["time_s"].iloc[0] == pytest.approx(200 / 1.3, rel=1e-3)
    ahead = make_reach(here, there, nodes, on_carriageway(one_way), cutoff_m=500)
    assert ahead["site_id"].tolist() == ["s1"]


def ways_of(kind, site_kinds, *, in_town=True):
    """Ways from the corner of the grid to sites 200, 400, 600 m away along its edge."""
    demand = points(kind, (0, 0))
    sites = points(site_kinds, (1, 0), (2, 0), (3, 0), name="site_id")
    sites = sites.assign(existing_chargers=0, existing_kw=np.nan)
    nodes, edges = town.nodes(), town.edges()
    reaches = {
        "walk": make_reach(demand, sites, nodes, walkable(edges), cutoff_m=500),
        "drive": make_reach(demand, sites, nodes, edges, cutoff_m=3000),
        "ahead": make_reach(demand, sites[sites["kind"] == "service_area"], nodes,
                            on_carriageway(edges), cutoff_m=25_000),
    }  # fmt: skip
    return occasion_ways(demand, sites, made(), reaches, {"z"} if in_town else set())


def test_a_home_walks_overnight_and_drives_to_a_quick_charger():
    found = ways_of("home", ["residential", "parking", "parking"])
    near = {(o, s): d for o, s, d in found[["occasion", "site_id", "distance_m"]].to_numpy()}
    assert near == {
        ("overnight", "s0"): 200.0, ("overnight", "s1"): 400.0,
        ("quick", "s0"): 200.0, ("quick", "s1"): 400.0, ("quick", "s2"): 600.0,
    }  # fmt: skip
    worth = found.set_index(["occasion", "site_id"])["worth"]
    assert worth["quick", "s0"] < worth["quick", "s1"], "behind a gate"


def test_nobody_drives_into_a_compound_from_the_expressway_nor_to_a_service_area_from_home():
    assert "residential" not in set(
        made().worth.loc[made().worth["occasion"] == "corridor", "kind"]
    )
    found = ways_of("home", ["service_area", "residential", "fuel"])
    assert "s0" not in set(found["site_id"])
    assert set(found.loc[found["site_id"] == "s2", "occasion"]) == {"quick"}
    road = ways_of("road", ["residential", "fuel", "service_area"])
    assert set(road["site_id"]) == {"s1", "s2"}
    assert set(road["occasion"]) == {"corridor"}


def test_a_site_without_the_chargers_of_an_occasion_serves_nobody_there():
    found = ways_of("home", ["fuel", "logistics", "office"])
    assert set(found.loc[found["site_id"] == "s0", "occasion"]) == {"quick"}
    slow = made().kwh_at(of_kinds(["logistics"]))[made().pools["overnight"]]
    assert slow.tolist() == [0]
    assert set(found.loc[found["site_id"] == "s1", "occasion"]) == {"quick"}


def test_subdistricts_and_dense_zones_are_town():
    zones = points("town", (0, 0), (1, 0), (2, 0), name="zone_id")
    zones["zone_id"] = ["z0", "z1", "z2"]
    zones["kind"] = ["subdistrict", "town", "other"]
    zones["population"] = [np.nan, 100.0, 5000.0]
    zones["geometry"] = shapely.box(0, 0, 1000, 1000)
    assert town_zones(zones) == {"z0", "z2"}


# ---- a small town, from the scenario to the plan


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return desk.set_up(tmp_path_factory.mktemp("occasions"))


def run(path, *more):
    scenario = load_scenario(path, overrides=(BY_CLASS, *more))
    meter = Meter(lambda *_: None)
    return (
        pipeline.prepare(scenario, meter),
        pipeline.run(scenario, meter=meter, folder=path.parent),
    )


@pytest.fixture(scope="module")
def both(path):
    return run(path)


def evidence(prepared):
    here = prepared.occasions
    return OccasionEvidence(here.occasions.tables, here.mix, here.reaches)


def held(prepared, plan):
    return recount(
        plan, prepared.reach, prepared.swap_reach,
        substations=prepared.world.substations, occasions=evidence(prepared),
    )  # fmt: skip


def test_a_plan_by_occasion_is_made_counted_again_and_told(both):
    prepared, plan = both
    assert "occasions are served as asked" in held(prepared, plan)
    trips = plan.assignments
    assert set(trips["occasion"]) <= set(prepared.occasions.occasions.table.index)
    assert trips["time_s"].notna().all()
    figures = plan.figures
    asked = prepared.occasions.rows.groupby("occasion")["kwh_day"].sum()
    for name, kwh in asked.items():
        served = trips.loc[trips["occasion"] == name, "kwh_day"].sum()
        assert figures[f"occasion_{name}_share"] == pytest.approx(served / kwh)
    unserved = figures["demand_kwh_day"] - figures["served_kwh_day"]
    refused = figures["refused_far_kwh_day"] + figures["refused_full_kwh_day"]
    assert refused == pytest.approx(unserved, abs=1e-6)
    assert set(plan.baselines) == {"random", "top_score"}
    for other in plan.baselines.values():
        assert other["walk_covered_share"] <= 1
    say = speaker("zh")
    labels = [label for label, _ in comparison(plan, say).rows]
    assert say("figure.occasion_overnight_share") in labels
    assert say("figure.refused_far_kwh_day") in labels


def test_an_own_occasion_goes_by_its_key():
    assert words("contrast.figure.occasion_lunch_share", "en") == "figure.occasion_lunch_share"


def moved(plan, **columns):
    """Return the plan with its first trip on foot changed."""
    trips = plan.assignments.copy()
    first = trips.index[trips["occasion"] == "overnight"][0]
    for name, value in columns.items():
        trips.loc[first, name] = value
    return replace(plan, assignments=trips)


def dearer(plan):
    value = replace(plan.outcome, value=plan.outcome.value + 1e-3, bound=plan.outcome.bound + 1e-3)
    return replace(plan, outcome=value)


def elsewhere(plan):
    shut = plan.candidates.loc[~plan.candidates["chosen"], "site_id"].iloc[0]
    return moved(plan, site_id=shut)


BREACHES = {
    "served at a site that is closed": (elsewhere, "serves, yet closed"),
    "served at an occasion it has not": (lambda p: moved(p, occasion="corridor"), "has not"),
    "a way that is none": (lambda p: moved(p, distance_m=1.0), "no way"),
    "more than it asks": (lambda p: moved(p, kwh_day=1e6), "more than it asks"),
    "more than a pool gives": (
        lambda p: replace(p, charger_classes={
            name: replace(one, kwh_day=one.kwh_day / (50 if name == "slow_ac" else 1))
            for name, one in p.charger_classes.items()
        }), "through slow_ac"),
    "a value that is another": (dearer, "the tables give"),
    "no occasion asked for": (
        lambda p: replace(p, scenario={**p.scenario, "model": {**p.scenario["model"],
                                                               "occasions": "one"}}),
        "does not ask for"),
}  # fmt: skip


@pytest.mark.parametrize("breach", BREACHES)
def test_the_recount_finds(breach, both):
    prepared, plan = both
    breaking, says = BREACHES[breach]
    with pytest.raises(RecountError, match=says):
        held(prepared, breaking(plan))


def test_without_the_tables_a_plan_by_occasion_is_refused(both):
    prepared, plan = both
    with pytest.raises(RecountError, match="no tables of the occasions"):
        recount(plan, prepared.reach, prepared.swap_reach)


def test_a_saved_plan_is_put_up_again_and_asked_why(both, path, tmp_path):
    _, plan = both
    with new_run_folder(tmp_path / plan.run) as folder:
        save_plan(plan, folder, say=speaker(plan.language, plan.kinds))
    read = load_plan(tmp_path / plan.run)
    assert read.assignments["occasion"].tolist() == plan.assignments["occasion"].tolist()
    meter = Meter(lambda *_: None)
    built = rebuild(read, [path.parent], meter)
    assert built.stands.value == pytest.approx(plan.outcome.value, abs=1e-6)
    site = plan.sites.loc[plan.sites["is_new"], "site_id"].iloc[0]
    answer = why(site, tmp_path / plan.run, plan=read, folders=[path.parent], meter=meter,
                 cache=None)  # fmt: skip
    assert answer.role == "chosen"
    assert answer.again.loss is None or answer.again.loss.value >= -1e-9


def test_a_start_from_its_own_plan_gives_no_worse_a_plan(both, path):
    _, plan = both
    scenario = load_scenario(path, overrides=(BY_CLASS,))
    again = pipeline.run(scenario, meter=Meter(lambda *_: None), folder=path.parent,
                         start=replace(plan.start, run="before", sha256="0" * 64))  # fmt: skip
    assert again.outcome.value >= plan.outcome.value - scenario.solver.gap_share


def test_fleets_that_only_swap_keep_their_worth(path):
    """A point whose energy is all swapped asks for no charger, yet draws swap stations."""
    prepared, plan = run(path, *FLEETS)
    problem = pipeline.pose(load_scenario(path, overrides=(BY_CLASS, *FLEETS)), prepared)
    one = pipeline.pose(load_scenario(path, overrides=FLEETS), replace(prepared, occasions=None))
    assert problem.swap_need.sum() == pytest.approx(one.swap_need.sum())
    pairs = problem.swap_need[problem.swap_pair_demand].sum()
    assert pairs == pytest.approx(one.swap_need[one.swap_pair_demand].sum())
    assert len(plan.swap_sites) == 1


HYDROGEN = ('hydrogen.kinds=["fuel"]', "hydrogen.stations=1")


def test_hydrogen_stations_stand_where_they_do_without_occasions(path):
    _, plan = run(path, *HYDROGEN)
    other = pipeline.run(load_scenario(path, overrides=HYDROGEN), meter=Meter(lambda *_: None),
                         folder=path.parent, lean=True)  # fmt: skip
    assert plan.hydrogen_sites["site_id"].tolist() == other.hydrogen_sites["site_id"].tolist()


def whys(prepared, plan, path, folder, monkeypatch):
    """Return the answer for every candidate of a plan that was saved and read, by role."""
    monkeypatch.setattr(pipeline, "prepare", lambda *_, **__: prepared)
    with new_run_folder(folder / plan.run) as saved:
        save_plan(plan, saved, say=speaker(plan.language, plan.kinds))
    read = load_plan(folder / plan.run)
    found = {}
    for site in plan.candidates["site_id"]:
        answer = why(site, folder / plan.run, plan=read, folders=[path.parent],
                     meter=Meter(lambda *_: None), cache=None)  # fmt: skip
        found.setdefault(answer.role, []).append(answer)
    return found


def test_every_candidate_of_a_plan_by_occasion_has_its_why(both, path, tmp_path, monkeypatch):
    found = whys(*both, path, tmp_path, monkeypatch)
    assert set(found) == {"existing", "chosen", "not_chosen"}
    assert sum(map(len, found.values())) == len(both[1].candidates)
    for answer in (*found["chosen"], *found["not_chosen"]):
        assert answer.again.loss.value >= -1e-9


def test_a_plan_in_phases_counts_by_occasion_in_each_year(tmp_path, monkeypatch):
    path = desk.set_up(tmp_path)
    with path.open("a", encoding="utf-8") as file:
        file.write(FIRST + LAST)
    prepared, plan = run(path)
    assert "phases lead to the plan" in held(prepared, plan)
    assert [year.stations for year in plan.years] == [3, 4]
    for year in plan.years:
        assert year.value <= year.bound + 1e-9
    assert plan.years[-1].value == pytest.approx(plan.outcome.value, abs=1e-9)
    assert set(plan.baselines) == {"random", "top_score"}, "each recounted"
    sites = plan.sites
    late = sites["wait_over_promise_share"] > 0.1 + 1e-9
    assert late.any()
    assert (late == (sites["chargers_needed"] > sites["chargers"])).all()
    assert whys(prepared, plan, path, tmp_path / "runs", monkeypatch)["chosen"]


@pytest.mark.parametrize("chargers", [40, 60])
@pytest.mark.parametrize("surplus", ["equal_use", "growth", "township_floor"])
def test_no_new_station_is_oversized_while_a_pool_of_another_waits(
    both, path, surplus, chargers, monkeypatch
):
    """What the target adds comes after what each pool of classes needs for its own drivers."""
    prepared, _ = both
    monkeypatch.setattr(pipeline, "prepare", lambda *_, **__: prepared)
    _, plan = run(path, f'sizing.surplus="{surplus}"', f"targets.chargers={chargers}")
    sites = plan.sites
    assert sites["chargers"].sum() == chargers
    short = sites["chargers_needed"] > sites["chargers"]
    late = sites["wait_over_promise_share"] > 0.1 + 1e-9
    assert (late == short).all()
    room = short & (sites["chargers"] < sites["max_chargers"])
    spare = sites["is_new"] & (sites[["size_growth", "size_target"]].sum(axis=1) > 0)
    assert not (room.any() and spare.any())
    assert room.any() == (chargers == 40), "60 are enough for all"
    parts = sites[["size_promise", "size_floor", "size_growth", "size_target"]].sum(axis=1)
    assert (sites["existing_chargers"] + parts == sites["chargers"]).all()


def test_who_waits_hangs_on_the_pool_that_is_asked(both):
    """The energy of slow and fast drivers, told apart, makes other waits than all of it mixed."""
    prepared, plan = both
    here, sites = prepared.occasions.occasions, plan.sites
    load = asked_of(sites, plan.assignments, prepared.demand, chargers=prepared.chargers,
                    sizing=Sizing(), occasions=here)  # fmt: skip
    found = station_queues(load, sites["chargers"].to_numpy())
    for name in ("wait_min", "wait_over_promise_share", "chargers_needed"):
        assert sites[name].to_numpy() == pytest.approx(found[name].to_numpy(), nan_ok=True)
    mixed = station_queues(replace(load, pools=None), sites["chargers"].to_numpy())
    assert not np.allclose(found["wait_over_promise_share"], mixed["wait_over_promise_share"])
    _, arrivals, _ = load.queue(sites["chargers"].to_numpy())
    kwh = pd.DataFrame(arrivals * load.column("session_kwh"), columns=load.classes.index)
    pool = plan.assignments["occasion"].map(here.pools)
    for number, classes in enumerate(here.pool_classes):
        some = plan.assignments[pool == number]
        peak = some["kwh_day"] * some["demand_id"].map(
            prepared.demand.set_index("demand_id")["peak_share"]
        )
        told = peak.groupby(some["site_id"]).sum().reindex(sites["site_id"], fill_value=0.0)
        assert kwh[list(classes)].sum(axis=1).to_numpy() == pytest.approx(
            told.to_numpy() * Sizing().busiest_day
        )


def test_one_is_the_model_before_and_needs_no_table_of_occasions(path):
    scenario = load_scenario(path, overrides=('demand.occasions="nowhere.csv"',))
    plan = pipeline.run(scenario, meter=Meter(lambda *_: None), folder=path.parent, lean=True)
    assert "occasion" not in plan.assignments.columns
    assert not [name for name in plan.figures if "occasion" in name or "refused" in name]


def test_the_check_names_the_tables_of_the_occasions_where_they_count(path):
    def tables(*more):
        return {one.table for one in check(load_scenario(path, overrides=more)).tables}

    assert set(NAMES) <= tables(BY_CLASS)
    assert not set(NAMES) & tables()


def test_place_bound_charging_shifts_energy_to_the_walks(path):
    few, much = (
        pipeline.prepare(
            load_scenario(path, overrides=(BY_CLASS, f'demand.place_bound="{case}"')),
            Meter(lambda *_: None),
        )
        .occasions.rows.groupby("occasion")["kwh_day"]
        .sum()
        for case in ("low", "high")
    )
    assert few["overnight"] < much["overnight"]
    assert few["quick"] > much["quick"]
    assert few.sum() == pytest.approx(much.sum())


def test_ways_that_nobody_goes_are_no_warning_of_the_cache(path, tmp_path, caplog):
    scenario = load_scenario(path, overrides=(BY_CLASS,))
    prepared = pipeline.prepare(scenario, Meter(lambda *_: None), cache=Cache(tmp_path))
    assert prepared.occasions.reaches["ahead"].empty
    assert "cannot be kept" not in caplog.text
