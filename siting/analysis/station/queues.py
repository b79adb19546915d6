"""Waiting at a station: how long, how often, and how many chargers keep a promise.

A class of chargers at a station is a queue with ``c`` servers: arrivals ``lam`` an hour, sessions
``mu`` an hour and charger, load ``a = lam / mu``.

    B(c)  = Erlang B, by 1/B(k) = 1 + k / (a B(k-1)), stable for any c
    C(c)  = B / (1 - rho (1 - B)),   rho = a / c          (Erlang C: an arrival waits)
    W     = C / (c mu - lam) * (1 + cv2) / 2              (mean wait of all arrivals)
    P(W > t) = C exp(-2 (c mu - lam) t / (1 + cv2))

With ``cv = 1`` this is M/M/c, exactly; else M/G/c by the factor ``(1 + cv2) / 2`` of Kingman's
formula (facts of the project, section 4 [V 59]), ``cv`` being the coefficient of variation of the
time a session takes. Formulas: Erlang (1917); Kleinrock, "Queueing Systems" I (1975); Kingman,
"The single server queue in heavy traffic" (1961).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from siting import scenario
    from siting.arrays import Floats, Ints


_MIN_H = 60.0
_MOST_CHARGERS = 1_000_000


def erlang_b(servers: ArrayLike, load: ArrayLike) -> Floats:
    """Return the share of arrivals lost by a system without waiting room.

    Parameters
    ----------
    servers
        Chargers, whole numbers from 0.
    load
        Arrivals times mean session, ``a`` (erlang), from 0.

    Examples
    --------
    >>> float(erlang_b(2, 1.0).round(4))
    0.2
    """
    c, a = np.broadcast_arrays(np.asarray(servers, np.int64), np.asarray(load, float))
    inverse = np.ones(c.shape)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        for k in range(1, int(c.max(initial=0)) + 1):
            inverse = np.where(k <= c, 1.0 + inverse * (k / a), inverse)
        return np.where((a <= 0) & (c > 0), 0.0, 1.0 / inverse)


def erlang_c(servers: ArrayLike, load: ArrayLike) -> Floats:
    """Return the share of arrivals that find every charger taken; 1 where they cannot keep up.

    Examples
    --------
    >>> erlang_c([6, 8], [4.8, 4.8]).round(4).tolist()
    [0.5178, 0.1395]
    """
    c, a = np.broadcast_arrays(np.asarray(servers, float), np.asarray(load, float))
    lost = erlang_b(c.astype(np.int64), a)
    with np.errstate(divide="ignore", invalid="ignore"):
        busy = np.where(a > 0, a / c, 0.0)
        waits = lost / (1.0 - busy * (1.0 - lost))
    return np.where(busy < 1, waits, 1.0)


def mean_wait_h(
    servers: ArrayLike, arrivals_h: ArrayLike, sessions_h: ArrayLike, cv: float = 1.0
) -> Floats:
    """Return the mean wait of all arrivals (h); infinite where the chargers cannot keep up.

    Parameters
    ----------
    servers, arrivals_h, sessions_h
        Chargers, arrivals an hour, sessions an hour and charger.
    cv
        Coefficient of variation of the time a session takes.

    Examples
    --------
    >>> (60 * mean_wait_h([6, 8], 6.0, 1.25)).round(2).tolist()
    [20.71, 2.09]
    """
    c, lam, mu = _floats(servers, arrivals_h, sessions_h)
    spare = c * mu - lam
    with np.errstate(divide="ignore", invalid="ignore"):
        wait = erlang_c(c, lam / mu) / spare * (1 + cv**2) / 2
    return np.where(lam <= 0, 0.0, np.where(spare > 0, wait, np.inf))


def wait_over_share(
    servers: ArrayLike,
    arrivals_h: ArrayLike,
    sessions_h: ArrayLike,
    wait_h: float,
    cv: float = 1.0,
) -> Floats:
    """Return the share of arrivals that wait longer than a time (h); 1 where nothing keeps up."""
    c, lam, mu = _floats(servers, arrivals_h, sessions_h)
    spare = c * mu - lam
    decay = np.exp(-2.0 * np.maximum(spare, 0.0) * wait_h / (1 + cv**2))
    share = np.where(spare > 0, erlang_c(c, lam / mu) * decay, 1.0)
    return np.where(lam <= 0, 0.0, share)


def chargers_for(
    arrivals_h: ArrayLike, sessions_h: ArrayLike, *, wait_h: float, share: float, cv: float = 1.0
) -> Ints:
    """Return the fewest chargers at which a share of the arrivals wait no longer than a time.

    More chargers never make anybody wait longer, so the first number that keeps the promise is
    the smallest.

    Parameters
    ----------
    arrivals_h, sessions_h
        Arrivals an hour, sessions an hour and charger; 0 chargers where nobody comes.
    wait_h
        Time (h).
    share
        Share of the arrivals, below 1.
    cv
        Coefficient of variation of the time a session takes.
    """
    lam, mu = np.broadcast_arrays(np.asarray(arrivals_h, float), np.asarray(sessions_h, float))
    lam, mu = np.atleast_1d(lam), np.atleast_1d(mu)
    count = np.where(lam > 0, np.floor(lam / mu).astype(np.int64) + 1, 0)
    for _ in range(_MOST_CHARGERS):
        short = wait_over_share(count, lam, mu, wait_h, cv) > 1 - share
        if not short.any():
            break
        count = count + short
    return count


def _floats(*values: ArrayLike) -> tuple[Floats, ...]:
    return np.broadcast_arrays(*(np.asarray(value, dtype=float) for value in values))


def peak_shares(
    site_id: pd.Series, assignments: pd.DataFrame, demand: pd.DataFrame, settings: scenario.Sizing
) -> Floats:
    """Return the share of a station's day that is asked for in its peak hour.

    The scenario's own figure; else the mean of the peaks of the demand it serves, weighted by
    energy. Kinds of demand peak at different hours, so a mixed station is put a little too high.

    Parameters
    ----------
    site_id
        The stations.
    assignments
        demand_id, site_id, kwh_day.
    demand
        ``tables.DEMAND`` with ``peak_share``.
    settings
        Block ``sizing`` of the scenario.
    """
    if settings.peak_hour_share is not None:
        return np.full(len(site_id), settings.peak_hour_share)
    share = assignments["demand_id"].astype("str").map(demand.set_index("demand_id")["peak_share"])
    site, energy = assignments["site_id"].astype("str"), assignments["kwh_day"].astype(float)
    peak = (energy * share).groupby(site).sum().reindex(site_id, fill_value=0.0).to_numpy()
    whole = energy.groupby(site).sum().reindex(site_id, fill_value=0.0).to_numpy()
    return np.divide(peak, whole, out=np.zeros(len(peak)), where=whole > 0)


def station_queues(
    load_kwh_day: Floats,
    peak_share: Floats,
    by_class: Ints,
    classes: pd.DataFrame,
    settings: scenario.Sizing,
) -> pd.DataFrame:
    """Return how long people wait at each station in the peak hour.

    The day's energy of a station is shared among its classes in proportion to what each can
    give; a class then has ``lam = energy * peak_share / session_kwh`` arrivals an hour
    and ``mu = 60 / stay_min`` sessions an hour and charger.

    Parameters
    ----------
    load_kwh_day
        Energy each station gives (kWh/day).
    peak_share
        Share of it in the peak hour.
    by_class
        Chargers of each station (row) by class (column).
    classes
        ``Chargers.classes``, in the order of the columns.
    settings
        Block ``sizing`` of the scenario.

    Returns
    -------
    DataFrame
        One row a station: ``wait_min`` mean wait of the arrivals (missing where the chargers
        cannot keep up), ``wait_over_promise_share`` share that waits longer than promised,
        ``chargers_needed`` fewest chargers that keep the promise in every class that is used,
        ``peak_busy_share`` share of the chargers taken.
    """
    kwh = by_class * classes["kwh_day"].to_numpy(dtype=float)
    whole = kwh.sum(axis=1, keepdims=True)
    part = np.divide(kwh, whole, out=np.zeros_like(kwh), where=whole > 0)
    energy = part * np.asarray(load_kwh_day, dtype=float)[:, None]
    peak = energy * np.asarray(peak_share, dtype=float)[:, None]
    lam = peak / classes["session_kwh"].to_numpy(dtype=float)
    mu = np.broadcast_to(_MIN_H / classes["stay_min"].to_numpy(dtype=float), lam.shape)
    promise = settings.promise_wait_min / _MIN_H
    wait = mean_wait_h(by_class, lam, mu, settings.stay_cv)
    over = wait_over_share(by_class, lam, mu, promise, settings.stay_cv)
    needed = chargers_for(
        lam, mu, wait_h=promise, share=settings.promise_share, cv=settings.stay_cv
    )
    every = lam.sum(axis=1)
    come = np.divide(lam, every[:, None], out=np.zeros_like(lam), where=every[:, None] > 0)
    mean = _MIN_H * np.where(come > 0, come * wait, 0.0).sum(axis=1)
    total = by_class.sum(axis=1)
    taken = np.divide(
        (lam / mu).sum(axis=1), total, out=np.full(len(total), np.nan), where=total > 0
    )
    return pd.DataFrame(
        {
            "wait_min": np.where(np.isfinite(mean), mean, np.nan),
            "wait_over_promise_share": (come * over).sum(axis=1),
            "chargers_needed": needed.sum(axis=1).astype(np.int64),
            "peak_busy_share": taken,
        }
    )
