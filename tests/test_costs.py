"""Power and money of single sites: the grid, the transformer, prices by hand, bad tables."""

from __future__ import annotations

import geopandas as gpd
import grid_town
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import Point

from siting.analysis.station.costs import check_costs, make_costs
from siting.analysis.station.power import (
    RATINGS_KVA,
    DemandFactors,
    check_demand_factors,
    draw_line,
    make_grid,
    rated_kva,
    transformer_kva,
)
from siting.errors import ScenarioError, TableError
from siting.scenario import Model, Power
from siting.shipped import shipped_path

CRS = "EPSG:4545"
CHARGERS = grid_town.chargers()


def price_table():
    return pd.read_csv(shipped_path("costs.csv"), encoding="utf-8")


def factor_table():
    return pd.read_csv(shipped_path("demand_factors.csv"), encoding="utf-8")


FACTORS = check_demand_factors(factor_table())
FLAT = DemandFactors.flat(0.7)


def sites(*east, kind="parking", index=1.0):
    kw = CHARGERS.mean("power_kw")[kind]
    return gpd.GeoDataFrame(
        {
            "site_id": [f"way/{number}" for number in range(len(east))],
            "kind": kind,
            "cost_index": index,
            "kw_per_charger": kw,
            "min_chargers": 4,
            "max_chargers": 10,
            "existing_chargers": 0,
        },
        geometry=[Point(x, 0) for x in east],
        crs=CRS,
    )


def substations(*rows):
    return gpd.GeoDataFrame(
        {"substation_id": [name for name, *_ in rows], "headroom_kw": [kw for *_, kw in rows]},
        geometry=[Point(x, 0) for _, x, _ in rows],
        crs=CRS,
    )


def grid(frame, *rows, **assigned):
    known = substations(*rows) if rows else substations(("S", 0, np.nan)).iloc[:0]
    return make_grid(frame, known, assigned={f"way/{k[1:]}": v for k, v in assigned.items()})


def test_a_site_hangs_on_its_nearest_or_assigned_substation():
    frame = sites(0, 900, 2100)
    rows = (("B", 2000, np.nan), ("A", 100, 500.0))
    found = grid(frame, *rows)
    assert found["substation_id"].tolist() == ["A", "A", "B"]
    assert found["substation_m"].tolist() == [100, 800, 100]
    assert found["headroom_kw"].tolist()[:2] == [500, 500]
    assert np.isnan(found["headroom_kw"][2])  # unknown is not none
    assert grid(frame, *rows, w0="B")["substation_id"].tolist() == ["B", "A", "B"]


def test_no_substation_is_unknown_not_far_away():
    found = grid(sites(0, 900))
    assert found[["substation_id", "substation_m", "headroom_kw"]].isna().all().all()


@pytest.mark.parametrize(
    ("assigned", "told"),
    [({"w7": "A"}, "no site 'way/7' (did you mean 'way/0'?)"), ({"w0": "AA"}, "did you mean 'A'")],
)
def test_an_unknown_assignment_is_refused(assigned, told):
    with pytest.raises(ScenarioError) as caught:
        grid(sites(0), ("A", 0, 5.0), **assigned)
    assert told in str(caught.value)


def test_the_transformer_by_hand():
    assert transformer_kva(0.7 * 720, Power(load_factor=0.72)) == pytest.approx(
        0.7 * 720 / (0.72 * 0.95)
    )


def test_the_cases_of_the_source_are_reproduced():
    # 6 and 8 chargers of 120 kW, which its own table of demand factors puts at 80 % at once
    drawn_kw = 120.0 * FACTORS.at_once(np.array([6, 8]))
    assert drawn_kw.tolist() == pytest.approx([0.8 * 720, 0.8 * 960])
    assert rated_kva(transformer_kva(drawn_kw, Power())).tolist() == [630, 800]


@given(st.integers(1, 80))
def test_piles_and_their_guns_draw_the_same(piles):
    of_guns = FACTORS.at_once(np.array([2 * piles]), 0.5) * 30.0
    assert of_guns == pytest.approx(FACTORS.at_once(np.array([piles])) * 60.0)


@given(st.floats(0.1, 60_000))
def test_the_rating_carries_the_load_and_the_next_smaller_would_not(kva):
    found = float(rated_kva(np.array([kva]))[0])
    assert found * 1.02 >= kva * (1 - 1e-12)
    if kva < RATINGS_KVA[-1]:
        smaller = [one for one in RATINGS_KVA if one < found]
        assert not smaller or smaller[-1] * 1.02 < kva


@given(st.integers(1, 12), st.integers(0, 150), st.integers(0, 60),
       st.sampled_from([1.0, 0.5, 0.7]))  # fmt: skip
def test_a_line_lies_above_what_is_drawn_and_touches_it(least, more, existing, piles):
    least = existing or least  # what stands, stays
    most = least + more
    fixed, each = (float(one[0]) for one in FACTORS.line(*([value] for value in (
        least, most, existing, piles,
    ))))  # fmt: skip
    sizes = np.arange(max(least, existing, 1), max(most, existing, 1) + 1)
    drawn = FACTORS.at_once(sizes, piles) - FACTORS.at_once(np.array([existing]), piles)
    over = fixed + each * (sizes - existing) - drawn
    assert over.min() >= -1e-9
    assert fixed == 0 or not existing
    assert over.min() <= 1e-9, "a line that touches nowhere asks for more than any size draws"
    assert (np.diff(FACTORS.at_once(np.arange(200))) >= 0).all()


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [("from_chargers", 2, "starts at 1 charger"), ("low", 1.0, "low <= base <= high")],
)
def test_a_table_of_demand_factors_at_fault_is_refused(column, value, told):
    frame = factor_table()
    frame.loc[1 if column == "low" else 0, column] = value
    with pytest.raises(TableError, match=told):
        check_demand_factors(frame)


def priced(frame, net, factors=FLAT):
    return make_costs(
        frame, net, CHARGERS, prices=check_costs(price_table()), power=Power(),
        draw=draw_line(frame, factors, np.ones(len(frame))),
        swap_station_kw=Model().swap_station_kw,
    )  # fmt: skip


def test_a_station_by_hand():
    frame = sites(0, 2000, index=1.2)
    costs = priced(frame, grid(frame, ("A", 100, np.nan)))
    row = costs.sites.iloc[0]
    kva = 0.7 * (0.4 * 7 + 0.6 * 60) / 0.95
    assert row["site_fixed_cny"] == pytest.approx(100_000 * 1.2 + 500 * 100)
    assert row["charger_cny"] == pytest.approx(
        (0.4 * 2500 + 0.6 * 25_000) * (1 + 0.5 * 1.2) + 136 * kva
    )
    assert row["site_fixed_low_cny"] == pytest.approx(50_000 * 1.2 + 300 * 100)
    assert row["charger_high_cny"] == pytest.approx(
        (0.4 * 4000 + 0.6 * 30_000) * (1 + 1.0 * 1.2) + 152 * kva
    )
    # 1,900 m to the substation: no more than the longest line is paid
    assert costs.sites["site_fixed_cny"][1] == pytest.approx(100_000 * 1.2 + 500 * 500)
    assert costs.swap_station_cny["base"] == pytest.approx(2_000_000 + 136 * 900 / 0.95)
    assert costs.distance_unknown == 0


def test_an_unknown_distance_widens_the_range():
    frame = sites(0)
    costs = priced(frame, grid(frame))
    low, base, high = costs.sites.iloc[0][
        ["site_fixed_low_cny", "site_fixed_cny", "site_fixed_high_cny"]
    ]
    assert (low, base, high) == (50_000, 100_000 + 500 * 250, 200_000 + 800 * 1000)
    assert costs.distance_unknown == 1


@given(st.sampled_from(sorted(CHARGERS.shares.index)), st.floats(0, 20_000), st.floats(0.5, 2))
def test_low_base_high_stand_in_order_and_more_index_costs_more(kind, metres, index):
    frame = sites(metres, kind=kind, index=index)
    table = priced(frame, grid(frame, ("A", 0, np.nan))).sites.iloc[0]
    for part in ("site_fixed", "charger"):
        assert table[f"{part}_low_cny"] <= table[f"{part}_cny"] <= table[f"{part}_high_cny"]
    dearer = sites(metres, kind=kind, index=index + 0.1)
    more = priced(dearer, grid(dearer, ("A", 0, np.nan))).sites.iloc[0]
    assert more["charger_cny"] > table["charger_cny"]


@pytest.mark.parametrize(
    ("row", "column", "value", "told"),
    [
        (0, "base", -1.0, "below 0 in row(s) 2"),
        (3, "low", 900.0, "low <= base <= high does not hold in: cable"),
        (2, "item", "trafo", "holds trafo; allowed: station_works"),
        (1, "item", "cable", "holds a value twice"),
    ],
)
def test_a_bad_table_of_prices_is_refused(row, column, value, told):
    frame = price_table().astype({"low": float, "base": float, "high": float})
    frame.loc[row, column] = value
    with pytest.raises(TableError) as caught:
        check_costs(frame)
    assert told in str(caught.value) or "repeats" in str(caught.value)


def test_a_missing_item_is_named():
    with pytest.raises(TableError, match="cable_most are missing"):
        check_costs(price_table().iloc[:-1])


def test_the_power_of_a_swap_station_has_one_meaning():
    assert CHARGERS.swap_bay["power_kw"] == Model().swap_station_kw
