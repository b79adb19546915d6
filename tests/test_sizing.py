"""Waiting: the figures of the facts, a birth-death chain beside, Pollaczek-Khinchine, laws."""

from __future__ import annotations

import dataclasses
import math
import runpy
from pathlib import Path

import grid_town
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import gammaln, pdtr

from siting.analysis.demand.occasions import make_occasions
from siting.analysis.station.queues import (
    Load,
    Pile,
    Pools,
    erlang_b,
    erlang_c,
    mean_taken,
    mean_wait_h,
    peak_shares,
    station_queues,
    wait_over_share,
)
from siting.inputs.files.sheets import read_rule_table
from siting.pipeline.equip import asked_of
from siting.scenario import Sizing
from siting.shipped import shipped_path

CLASSES = grid_town.chargers().classes


@pytest.mark.parametrize(
    ("lam", "mu", "c", "busy", "waits", "minutes"),
    [
        (6, 1.25, 6, 0.80, 0.5178, 20.71),
        (6, 1.25, 8, 0.60, 0.1395, 2.09),
        (12, 2, 8, 0.75, 0.3570, 5.35),
        (12, 2, 10, 0.60, 0.1013, 0.76),
    ],
)
def test_the_figures_of_the_facts(lam, mu, c, busy, waits, minutes):
    assert lam / mu / c == pytest.approx(busy)
    assert round(float(erlang_c(c, lam / mu)), 4) == waits
    assert round(60 * float(mean_wait_h(c, lam, mu)), 2) == minutes


def chain(lam, mu, c, states=4000):
    """Return the stationary distribution of M/M/c, by its balance equations."""
    steps = np.array([lam / (min(n, c) * mu) for n in range(1, states)])
    logs = np.r_[0.0, np.cumsum(np.log(steps))]
    weights = np.exp(logs - logs.max())
    return weights / weights.sum()


@given(st.integers(1, 30), st.floats(0.05, 0.95), st.floats(0.5, 6), st.floats(0.01, 1))
def test_a_birth_death_chain_agrees(c, busy, mu, t):
    lam = busy * c * mu
    p = chain(lam, mu, c)
    n = np.arange(len(p))
    assert float(erlang_c(c, lam / mu)) == pytest.approx(p[c:].sum(), abs=1e-9)
    waiting = float((np.maximum(n - c, 0) * p).sum())
    assert float(mean_wait_h(c, lam, mu)) == pytest.approx(waiting / lam, abs=1e-9)
    # who finds n >= c waits for n - c + 1 departures at rate c mu: P(Erlang > t) = Poisson <= n-c
    late = float((p[c:] * pdtr(n[c:] - c, c * mu * t)).sum())
    assert float(wait_over_share(c, lam, mu, t)) == pytest.approx(late, abs=1e-9)


@given(st.floats(0.05, 0.95), st.floats(0, 3))
def test_one_charger_waits_as_pollaczek_and_khinchine_say(busy, cv):
    mean = busy / (1 - busy) * (1 + cv**2) / 2
    assert float(mean_wait_h(1, busy, 1.0, cv)) == pytest.approx(mean)


@given(st.integers(0, 400), st.floats(0.01, 500))
def test_erlang_b_is_the_closed_formula(c, a):
    log = c * math.log(a) - a - gammaln(c + 1)
    assert float(erlang_b(c, a)) == pytest.approx(math.exp(log) / pdtr(c, a), rel=1e-6, abs=1e-12)


def test_thousands_of_chargers_are_no_trouble():
    assert 0 < float(erlang_c(12_000, 11_900.0)) < 1
    assert float(erlang_b(12_000, 6_000.0)) == pytest.approx(0, abs=1e-300)
    assert float(erlang_b(10, 1e9)) == pytest.approx(1, rel=1e-6)


@given(st.integers(1, 60), st.floats(0.01, 80), st.floats(0.2, 6), st.floats(0, 3))
def test_one_more_charger_never_makes_anybody_wait_longer(c, lam, mu, cv):
    waits = mean_wait_h([c, c + 1], lam, mu, cv)
    late = wait_over_share([c, c + 1], lam, mu, 1 / 6, cv)
    assert waits[1] <= waits[0] + 1e-12
    assert late[1] <= late[0] + 1e-12


def test_where_the_chargers_cannot_keep_up():
    assert float(mean_wait_h(2, 10.0, 1.0)) == np.inf
    assert float(wait_over_share(2, 10.0, 1.0, 1.0)) == 1
    assert float(mean_wait_h(0, 0.0, 1.0)) == 0


def asked(peak_kwh, shares=(0.0, 1.0, 0.0), classes=CLASSES, **settings):
    """Return stations of one mix that are asked for some energy in their peak hour."""
    peak = np.atleast_1d(np.asarray(peak_kwh, dtype=float))
    always = {"availability": 1.0, **settings}
    return Load(peak, np.tile(np.asarray(shares, dtype=float), (len(peak), 1)), classes,
                Sizing(**always))  # fmt: skip


FAST = Pile(2, 1.6)
"""A pile of 60 kW with two guns, for cars that alone take 25 kWh in 40 min."""


def test_a_station_by_hand():
    # 5 piles of two guns, 100 kWh in the peak hour: 4 arrivals an hour, 1.5 sessions an hour alone
    queues = station_queues(asked([100.0, 0.0, 9000.0]), np.array([5, 2, 5]))
    assert queues["wait_min"][0] == pytest.approx(60 * float(mean_wait_h(10, 4, 1.5, pile=FAST)))
    assert queues["wait_over_promise_share"][0] == pytest.approx(
        float(wait_over_share(10, 4, 1.5, 1 / 6, pile=FAST))
    )
    assert queues["peak_busy_share"][0] == pytest.approx(float(mean_taken(10, 4 / 1.5, FAST)) / 10)
    # nobody comes: no wait; far too many come: no finite wait, and everybody waits too long
    assert queues.loc[1, ["wait_min", "wait_over_promise_share", "chargers_needed"]].tolist() == [
        0,
        0,
        0,
    ]
    assert np.isnan(queues["wait_min"][2])
    assert queues["wait_over_promise_share"][2] == 1
    assert queues["peak_busy_share"][2] == 1


@given(st.integers(1, 12), st.floats(0.05, 0.95), st.floats(1, 3), st.integers(2, 3),
       st.floats(0.01, 1))  # fmt: skip
def test_a_birth_death_chain_of_piles_that_share_their_power_agrees(piles, busy, carried, guns, t):
    c, mu = piles * guns, 1.5

    def pace(cars):
        each = [cars // piles + (place < cars % piles) for place in range(piles)]
        return sum(min(one, carried) for one in each)

    lam = busy * mu * pace(c)
    steps = [lam / (mu * pace(min(k, c))) for k in range(1, 4000)]
    logs = np.r_[0.0, np.cumsum(np.log(steps))]
    p = np.exp(logs - logs.max())
    p /= p.sum()
    k, pile = np.arange(len(p)), Pile(guns, carried)
    waiting = float((np.maximum(k - c, 0) * p).sum())
    assert float(mean_wait_h(c, lam, mu, pile=pile)) == pytest.approx(waiting / lam, abs=1e-9)
    taken = float((np.minimum(k, c) * p).sum())
    assert float(mean_taken(c, lam / mu, pile)) == pytest.approx(taken)
    late = float((p[c:] * pdtr(k[c:] - c, mu * pace(c) * t)).sum())
    assert float(wait_over_share(c, lam, mu, t, pile=pile)) == pytest.approx(late, abs=1e-9)


@given(st.integers(1, 40), st.floats(1, 1500))
def test_guns_that_share_their_power_serve_less_than_guns_of_their_own(piles, kwh):
    shared = station_queues(asked(kwh), np.array([piles]))
    own = CLASSES.assign(power_kw=CLASSES["power_kw"] * 2)
    alone = station_queues(asked(kwh, classes=own), np.array([piles]))
    assert shared["wait_over_promise_share"][0] >= alone["wait_over_promise_share"][0] - 1e-12
    assert shared["chargers_needed"][0] >= alone["chargers_needed"][0]


@given(st.integers(1, 40), st.floats(1, 2000), st.floats(0.8, 1))
def test_counting_piles_or_guns_changes_the_counting_only(piles, kwh, availability):
    by_gun = grid_town.chargers().by_gun().classes
    some = {"availability": availability}
    of_piles = station_queues(asked(kwh, **some), np.array([piles]))
    of_guns = station_queues(asked(kwh, classes=by_gun, **some), np.array([2 * piles]))
    for name in ("wait_min", "wait_over_promise_share", "peak_busy_share"):
        assert of_guns[name][0] == pytest.approx(of_piles[name][0], rel=1e-9, nan_ok=True)
    needed = int(of_guns["chargers_needed"][0])
    assert 2 * int(of_piles["chargers_needed"][0]) in {needed, needed + 1}


MIXES = st.sampled_from([tuple(row) for row in grid_town.chargers().shares.to_numpy().tolist()])


@given(st.lists(st.tuples(st.integers(1, 80), st.floats(0, 2500)), min_size=1, max_size=12), MIXES,
       st.sampled_from([0.5, 0.8, 0.9, 0.99]), st.sampled_from([0.0, 1.0, 2.0]))  # fmt: skip
def test_what_is_needed_and_who_waits_too_long_never_disagree(stations, mix, share, cv):
    chargers = np.array([one for one, _ in stations])
    load = asked([kwh for _, kwh in stations], mix, promise_share=share, stay_cv=cv,
                 availability=0.92)  # fmt: skip
    found = station_queues(load, chargers)
    needed = found["chargers_needed"].to_numpy()
    keeps = found["wait_over_promise_share"].to_numpy() <= 1 - share + 1e-9
    assert ((needed <= chargers) == keeps).all()
    assert load.keeps(needed).all(), "so many do keep the promise"
    used = needed > 0
    assert not load.keeps(needed - 1)[used].any(), "and one fewer does not"


SLOW_OR_NOT = np.array([[True, False], [False, True], [False, True]])
"""Pools of the classes: slow AC, and the two of DC."""


def pooled(load, slow):
    """Return what stations are asked for, a share of it by drivers who want slow AC."""
    slow = np.broadcast_to(np.asarray(slow, dtype=float), load.peak_kwh.shape)
    return dataclasses.replace(load, pools=Pools(SLOW_OR_NOT, np.column_stack([slow, 1 - slow])))


def test_each_pool_of_classes_serves_its_own_drivers():
    # 5 slow, 4 fast, 1 super fast; 12 of 120 kWh are asked of the slow ones
    load = pooled(asked(120.0, (0.5, 0.4, 0.1)), 0.1)
    _, lam, _ = load.queue(np.array([10]))
    kwh = lam[0] * CLASSES["session_kwh"].to_numpy()
    fast, best = 4 * CLASSES["kwh_day"]["fast_dc"], CLASSES["kwh_day"]["super_fast"]
    assert kwh == pytest.approx([12.0, 108 * fast / (fast + best), 108 * best / (fast + best)])


def test_drivers_of_a_pool_without_a_charger_find_none_and_wait():
    # a tenth of 4 chargers is no slow one, a tenth of 5 is: half of 5 kWh at 12 kWh a session
    load = pooled(asked(5.0, (0.1, 0.9, 0.0)), 0.5)
    found = station_queues(load, np.array([4]))
    guns, lam, _ = load.queue(np.array([4]))
    assert guns[0].tolist() == [0, 8, 0]
    assert found["wait_over_promise_share"][0] >= lam[0, 0] / lam[0].sum()
    assert np.isnan(found["wait_min"][0])
    assert found["chargers_needed"][0] > 4
    assert load.queue(found["chargers_needed"].to_numpy())[0][0, 0] > 0


@given(st.integers(1, 60), st.floats(1, 2000), MIXES)
def test_one_pool_of_all_classes_is_no_pool(chargers, kwh, mix):
    load = asked(kwh, mix)
    one = dataclasses.replace(load, pools=Pools(np.ones((3, 1), dtype=bool), np.ones((1, 1))))
    pd.testing.assert_frame_equal(
        station_queues(one, np.array([chargers])), station_queues(load, np.array([chargers]))
    )


@given(st.lists(st.tuples(st.integers(1, 80), st.floats(0, 300), st.floats(0, 1)), min_size=1,
                max_size=8), st.sampled_from([(0.5, 0.4, 0.1), (0.1, 0.7, 0.2), (0.9, 0.1, 0.0)]),
       st.sampled_from([0.5, 0.9]))  # fmt: skip
def test_what_is_needed_and_who_waits_agree_where_pools_serve_their_own(stations, mix, share):
    chargers, kwh, slow = (np.array(column) for column in zip(*stations, strict=True))
    load = pooled(asked(kwh, mix, promise_share=share, availability=0.92), slow)
    found = station_queues(load, chargers)
    needed = found["chargers_needed"].to_numpy()
    keeps = found["wait_over_promise_share"].to_numpy() <= 1 - share + 1e-9
    assert ((needed <= chargers) == keeps).all()
    assert load.keeps(needed).all()
    assert not load.keeps(needed - 1)[needed > 0].any()


def test_each_pool_is_asked_at_the_peak_of_its_own_drivers():
    sites = pd.DataFrame({"site_id": ["s", "t"], "kind": "retail", "load_kwh_day": [400.0, 0.0],
                          "existing_kw": np.nan, "existing_chargers": 0})  # fmt: skip
    demand = pd.DataFrame({"demand_id": ["a", "b"], "peak_share": [0.1, 0.2]})
    served = pd.DataFrame({
        "demand_id": ["a", "a", "b"], "site_id": "s", "kwh_day": [100.0, 100.0, 200.0],
        "occasion": ["overnight", "quick", "corridor"],
    })  # fmt: skip
    tables = {name: read_rule_table(shipped_path(f"{name}.csv"), key=f"demand.{name}")
              for name in ("occasions", "occasion_shares", "occasion_worth")}  # fmt: skip
    chargers = grid_town.chargers()
    occasions = make_occasions(tables, chargers, case="base", cutoff_m=3000.0)
    load = asked_of(sites, served, demand, chargers=chargers, sizing=Sizing(busiest_day=1.0),
                    occasions=occasions)  # fmt: skip
    assert load.peak_kwh.tolist() == pytest.approx([60.0, 0.0])
    slow, fast = occasions.pools["overnight"], occasions.pools["quick"]
    assert load.pools.asked[:, [slow, fast]] == pytest.approx(
        np.array([[10 / 60, 50 / 60], [0.0, 0.0]])
    )
    assert load.pools.serves[:, slow].tolist() == [
        name in occasions.pool_classes[slow] for name in CLASSES.index
    ]


def test_chargers_out_of_order_and_the_busiest_day_count():
    # of 10 guns 9 work: the nearest whole number to 9.2
    guns, *_ = asked(100.0, availability=0.92).queue(np.array([5]))
    assert guns[0].tolist() == [0, 9, 0]
    guns, *_ = asked(100.0, (1.0, 0.0, 0.0), availability=0.3).queue(np.array([1]))
    assert guns[0].tolist() == [1, 0, 0], "of one gun one works"
    sites = pd.DataFrame({"site_id": ["s"], "kind": "retail", "load_kwh_day": 200.0,
                          "existing_kw": np.nan, "existing_chargers": 0})  # fmt: skip
    demand = pd.DataFrame({"demand_id": ["a"], "peak_share": [0.1]})
    served = pd.DataFrame({"demand_id": ["a"], "site_id": ["s"], "kwh_day": [200.0]})
    load = asked_of(sites, served, demand, chargers=grid_town.chargers(),
                    sizing=Sizing(busiest_day=1.25), occasions=None)  # fmt: skip
    assert load.peak_kwh.tolist() == [25.0]


def test_the_peak_of_a_station_is_that_of_whom_it_serves():
    demand = pd.DataFrame({"demand_id": ["a", "b"], "peak_share": [0.1, 0.2]})
    served = pd.DataFrame({"demand_id": ["a", "b"], "site_id": ["s", "s"], "kwh_day": [30.0, 10.0]})
    sites = pd.Series(["s", "t"])
    assert peak_shares(sites, served, demand, Sizing()).tolist() == [0.125, 0.0]
    given_share = Sizing(peak_hour_share=0.08)
    assert peak_shares(sites, served, demand, given_share).tolist() == [0.08, 0.08]


# The table of docs/sizing.md

PAGE = Path(__file__).resolve().parents[1] / "docs"
WAITS = runpy.run_path(str(PAGE / "waits.py"))
TOLD = [
    [float(cell.strip().rstrip("%")) for cell in line.strip("|").split("|")]
    for line in (PAGE / "sizing.md").read_text(encoding="utf-8").splitlines()
    if line.startswith(("| 0", "| 1.5"))
]


def test_the_page_tells_what_the_formulas_say():
    assert len(TOLD) == len(WAITS["CVS"]) * len(WAITS["GUNS"]) * len(WAITS["BUSY"])
    for cv, guns, busy, _, _, wait, _, _, late, _ in TOLD:
        hours, share = WAITS["computed"](int(guns), busy / 100, cv)
        assert (round(60 * hours, 2), round(100 * share, 1)) == (wait, late)


@pytest.mark.parametrize("case", [(0.0, 6.0, 60.0), (0.5, 2.0, 60.0), (1.5, 6.0, 60.0)])
def test_a_shorter_simulation_agrees_with_the_page(case):
    cv, guns, busy = case
    told = next(row for row in TOLD if tuple(row[:3]) == case)
    hours, late = WAITS["simulated"](int(guns), busy / 100, cv, arrivals=200_000, seed=23)
    assert 60 * hours == pytest.approx(told[3], rel=0.06)
    assert 100 * late == pytest.approx(told[7], abs=1.0)


def test_the_simulation_finds_erlang_where_sessions_are_exponential():
    hours, late = WAITS["simulated"](6, 0.8, 1.0, arrivals=200_000, seed=5)
    told, told_late = WAITS["computed"](6, 0.8, 1.0)
    assert hours == pytest.approx(told, rel=0.08)
    assert late == pytest.approx(told_late, abs=0.02)
