"""The score: each criterion on its own, the weighted sum, the laws it keeps."""

from __future__ import annotations

import json

import geopandas as gpd
import grid_town as town
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from siting import scenario
from siting.analysis.scores.criteria import Criterion, Scales
from siting.analysis.scores.measures import site_features
from siting.analysis.scores.scoring import CRITERIA, Surroundings, Yardsticks, make_scores
from siting.analysis.scores.weighting import ScoreSummary
from siting.cache.codec import pack
from siting.pipeline.prepare import _KEPT
from siting.plan.parts import made as read_back
from siting.plan.parts import tidy
from siting.shipped import shipped_path
from siting.tables import SCORES, check

SHIPPED = pd.read_csv(shipped_path("criteria.csv"), encoding="utf-8")
NO_PLACES = town.places(town.place("way/0", "parking", town.square(0, 0, 10)))


def site(site_id, x, y, **values):
    return {
        "site_id": site_id, "kind": "parking", "verdict": "ok", "cost_index": 1.0,
        "existing_chargers": 0, "kwh_day_per_charger": 100.0, **values,
        "geometry": shapely.Point(x, y),
    }  # fmt: skip


def table(*rows):
    return gpd.GeoDataFrame(pd.DataFrame(list(rows)), geometry="geometry", crs=town.CRS)


def demand_of(**kwh_day):
    return pd.DataFrame({"demand_id": list(kwh_day), "kwh_day": list(kwh_day.values())})


def reach_of(*rows):
    frame = pd.DataFrame(list(rows), columns=["demand_id", "site_id", "distance_m"])
    return frame.astype({"demand_id": "category", "site_id": "category"})


def scores(
    sites, *, demand=None, reach=(), substations=None, places=None, edges=None, weights=None, **keys
):
    return make_scores(
        sites,
        demand_of(d=100.0) if demand is None else demand,
        reach_of(*reach),
        Surroundings(
            town.nodes(),
            town.edges() if edges is None else edges,
            town.substations() if substations is None else substations,
            NO_PLACES if places is None else places,
        ),
        yardsticks=Yardsticks(SHIPPED),
        settings=scenario.Scoring(weights=scenario.Weights(**(weights or {})), **keys),
    ).scores.set_index("site_id")


THREE = table(site("a", 0, 0), site("b", 0, 400), site("c", 0, 800))


def test_demand_halves_with_each_kilometre():
    demand = demand_of(near=100.0, far=300.0)
    found = scores(
        THREE,
        demand=demand,
        reach=[("near", "a", 0.0), ("far", "b", 1000.0), ("far", "c", 2000.0)],
    )["demand_score"]
    # 100, 150 and 75 kWh/day: stretched between the 2nd and 98th percentile
    low, high = np.percentile([100, 150, 75], [2, 98])
    assert found["a"] == pytest.approx((100 - low) / (high - low))
    assert (found["b"], found["c"]) == (1.0, 0.0)


def test_existing_supply_closes_the_gap_and_not_the_demand():
    sites = table(
        site("a", 0, 0), site("b", 0, 400), site("old", 0, 800, existing_chargers=1, cost_index=1.0)
    )
    demand = demand_of(served=100.0, open=100.0)
    reach = [("served", "a", 0.0), ("open", "b", 0.0), ("served", "old", 0.0)]
    found = scores(sites, demand=demand, reach=reach)
    assert found.loc["a", "demand_score"] == found.loc["b", "demand_score"]
    assert found.loc["a", "gap_score"] == 0.0
    assert found.loc["b", "gap_score"] == 1.0


def test_half_the_supply_leaves_half_the_gap():
    sites = table(
        site("a", 0, 0), site("b", 0, 400), site("c", 0, 600),
        site("old", 0, 800, existing_chargers=1, kwh_day_per_charger=50.0),
    )  # fmt: skip
    demand = demand_of(served=100.0, open=100.0)
    reach = [("served", "a", 0.0), ("open", "b", 0.0), ("served", "old", 0.0)]
    found = scores(sites, demand=demand, reach=reach)["gap_score"]
    assert found["c"] == 0.0
    assert found["a"] == pytest.approx(found["old"])
    assert found["a"] == pytest.approx(0.5, abs=0.05)


def test_nearer_to_a_main_road_is_better_and_a_service_area_is_at_one():
    sites = table(site("a", 0, 0), site("b", 0, 400), site("c", 0, 800, kind="service_area"))
    found = scores(sites)["access_score"]
    assert found["a"] > found["b"]
    assert found["c"] == 1.0


def test_without_main_roads_access_is_neutral():
    found = scores(THREE, edges=town.edges(main_row=-1))
    assert found["access_score"].tolist() == [0.5, 0.5, 0.5]


def test_power_is_neutral_where_no_substation_is_known():
    assert scores(THREE)["power_score"].tolist() == [0.5, 0.5, 0.5]


def test_nearer_to_a_substation_is_better_and_known_headroom_speaks():
    near = scores(THREE, substations=town.substations(("p", 0, 0, np.nan)))["power_score"]
    assert near["a"] > near["b"] > near["c"]
    both = town.substations(("p", -100, 0, 500.0), ("q", -100, 800, 9000.0))
    found = scores(table(site("a", 0, 0), site("c", 0, 800)), substations=both)["power_score"]
    assert found["c"] > found["a"]


def test_unknown_headroom_is_neutral_and_a_penalty_only_if_asked_for():
    both = town.substations(("p", -100, 0, np.nan), ("q", -100, 800, 9000.0))
    two = table(site("a", 0, 0), site("c", 0, 800))
    neutral = scores(two, substations=both)["power_score"]
    asked = scores(two, substations=both, unknown_headroom_score=0.0)["power_score"]
    assert neutral["a"] - asked["a"] == pytest.approx(0.3 * 0.5)
    assert asked["c"] == neutral["c"]


def test_cost_follows_the_kind_and_the_way_to_power():
    sites = table(site("a", 0, 0), site("b", 0, 0, cost_index=1.4), site("c", 0, 5000))
    flat = scores(sites)["cost_score"]
    assert flat["a"] == flat["c"] > flat["b"]
    wired = scores(sites, substations=town.substations(("p", 0, 0, np.nan)))["cost_score"]
    assert wired["a"] > wired["b"] > wired["c"]


def test_safety_by_verdict_and_setting():
    sites = table(
        site("a", 0, 0), site("b", 0, 400), site("c", 0, 900, verdict="sign_off"),
        site("d", 600, 900, verdict="stop"),
    )  # fmt: skip
    school = town.places(town.place("way/1", "school", town.square(0, 500, 100)))
    found = scores(sites, places=school)["safety_score"]
    assert found.to_dict() == pytest.approx({"a": 1.0, "b": 0.625, "c": 0.75, "d": 0.5})


def test_weights_are_normalised_and_the_score_is_their_sum():
    found = scores(THREE, reach=[("d", "a", 0.0)], weights={"access": 3.0, "cost": 0.0})
    weights = scenario.Weights(access=3.0, cost=0.0).model_dump(exclude={"learned"})
    total = sum(weights[name] * found[f"{name}_score"] for name in CRITERIA)
    assert found["score"].tolist() == pytest.approx((total / sum(weights.values())).tolist())


def test_rows_come_sorted_whatever_their_order():
    reach = [("d", "a", 0.0), ("d", "c", 700.0)]
    one, other = scores(THREE, reach=reach), scores(THREE.iloc[::-1], reach=reach)
    assert one.index.tolist() == ["a", "b", "c"]
    pd.testing.assert_frame_equal(one, other)


@settings(deadline=None, max_examples=30)
@given(
    spots=st.lists(
        st.tuples(st.integers(-500, 1500), st.integers(-500, 1500), st.integers(0, 3)),
        min_size=1, max_size=10,
    ),
    kwh=st.lists(st.floats(0, 1e5), min_size=1, max_size=4),
    data=st.data(),
)  # fmt: skip
def test_scores_are_shares_and_never_missing(spots, kwh, data):
    sites = table(
        *(
            site(f"s{k}", x, y, existing_chargers=n, verdict=("ok", "sign_off", "stop")[n % 3])
            for k, (x, y, n) in enumerate(spots)
        )
    )
    demand = pd.DataFrame({"demand_id": [f"d{k}" for k in range(len(kwh))], "kwh_day": kwh})
    pairs = [(d, s) for d in demand["demand_id"] for s in sites["site_id"]]
    chosen = data.draw(st.lists(st.sampled_from(pairs), unique=True))
    found = scores(sites, demand=demand, reach=[(d, s, 100.0) for d, s in chosen])
    check(found.reset_index(), SCORES)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=40))
def test_stretching_keeps_the_order(values):
    found = Scales().score(Criterion("one", "一", "one", "up", "quantile"), np.array(values))
    order = np.argsort(values, kind="stable")
    assert (np.diff(found[order]) >= 0).all()
    assert ((found >= 0) & (found <= 1)).all()


def test_likeness_to_places_with_a_station_is_a_criterion_once_it_has_a_weight():
    rng = np.random.default_rng(2)
    spots = rng.uniform(0, 20_000, (600, 2))
    stands = (spots[:, 0] < 6000) & (rng.random(600) < 0.5)
    sites = table(
        *(
            site(f"s{k:03}", x, y, existing_station=bool(stands[k]))
            for k, (x, y) in enumerate(spots)
        )
    )
    made = make_scores(
        sites, demand_of(d=100.0), reach_of(),
        Surroundings(town.nodes(), town.edges(), town.substations(("p", 0, 10_000, np.nan)),
                     NO_PLACES),
        yardsticks=Yardsticks(SHIPPED),
        settings=scenario.Scoring(weights=scenario.Weights(learned=0.25)),
    )  # fmt: skip
    check(made.scores, SCORES)
    learned = made.scores["learned_score"].to_numpy()
    assert learned[stands].mean() > 1.3 * learned[~stands].mean()
    assert made.summary.weights["learned"] == pytest.approx(0.2)
    assert made.summary.learned.stations == stands.sum()
    assert [key for key, _ in made.notes] == ["learned"]
    assert read_back(ScoreSummary, json.loads(json.dumps(tidy(made.summary, None)))) == made.summary
    assert pack(made, _KEPT) is not None  # the cache takes it


def test_what_is_learned_knows_nothing_of_the_stations():
    xy = np.array([[0.0, 0.0], [100.0, 0.0], [200.0, 0.0]])
    plain = table(*(site(f"s{k}", x, y) for k, (x, y) in enumerate(xy)))
    built = plain.assign(kind=["parking", "parking", "existing"], existing_chargers=[9, 0, 9])
    alone, beside = site_features(plain[:2], xy[:2], {}), site_features(built, xy, {})
    pd.testing.assert_frame_equal(alone, beside[:2])
