"""Waiting: the figures of the facts, a birth-death chain beside, Pollaczek-Khinchine, laws."""

from __future__ import annotations

import math

import grid_town
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import gammaln, pdtr

from siting.analysis.station.queues import (
    chargers_for,
    erlang_b,
    erlang_c,
    mean_wait_h,
    peak_shares,
    station_queues,
    wait_over_share,
)
from siting.scenario import Sizing

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


@given(st.floats(0.01, 200), st.floats(0.2, 6), st.sampled_from([0.5, 0.8, 0.9, 0.99]),
       st.sampled_from([0.0, 1.0, 2.0]))  # fmt: skip
def test_the_smallest_number_keeps_the_promise_and_one_fewer_does_not(lam, mu, share, cv):
    (c,) = chargers_for(lam, mu, wait_h=1 / 6, share=share, cv=cv)
    assert float(wait_over_share(c, lam, mu, 1 / 6, cv)) <= 1 - share
    assert c == 1 or float(wait_over_share(c - 1, lam, mu, 1 / 6, cv)) > 1 - share


def test_where_the_chargers_cannot_keep_up():
    assert float(mean_wait_h(2, 10.0, 1.0)) == np.inf
    assert float(wait_over_share(2, 10.0, 1.0, 1.0)) == 1
    assert chargers_for(0.0, 1.0, wait_h=0.1, share=0.9).tolist() == [0]
    assert float(mean_wait_h(0, 0.0, 1.0)) == 0


def test_a_station_by_hand():
    # 10 fast chargers alone, 1,000 kWh a day, a tenth of it in the peak hour: 4 arrivals an hour
    queues = station_queues(
        np.array([1000.0, 0.0, 90_000.0]), np.array([0.1, 0.0, 0.1]),
        np.array([[0, 10, 0], [2, 2, 0], [0, 10, 0]]), CLASSES, Sizing(),
    )  # fmt: skip
    assert queues["wait_min"][0] == pytest.approx(60 * float(mean_wait_h(10, 4, 1.5)))
    assert queues["wait_over_promise_share"][0] == pytest.approx(
        float(wait_over_share(10, 4, 1.5, 1 / 6))
    )
    assert queues["chargers_needed"][0] == chargers_for(4, 1.5, wait_h=1 / 6, share=0.9)[0]
    assert queues["peak_busy_share"][0] == pytest.approx(4 / 1.5 / 10)
    # nobody comes: no wait; far too many come: no finite wait, and everybody waits too long
    assert queues.loc[1, ["wait_min", "wait_over_promise_share", "chargers_needed"]].tolist() == [
        0,
        0,
        0,
    ]
    assert np.isnan(queues["wait_min"][2])
    assert queues["wait_over_promise_share"][2] == 1


def test_the_peak_of_a_station_is_that_of_whom_it_serves():
    demand = pd.DataFrame({"demand_id": ["a", "b"], "peak_share": [0.1, 0.2]})
    served = pd.DataFrame({"demand_id": ["a", "b"], "site_id": ["s", "s"], "kwh_day": [30.0, 10.0]})
    sites = pd.Series(["s", "t"])
    assert peak_shares(sites, served, demand, Sizing()).tolist() == [0.125, 0.0]
    given_share = Sizing(peak_hour_share=0.08)
    assert peak_shares(sites, served, demand, given_share).tolist() == [0.08, 0.08]
