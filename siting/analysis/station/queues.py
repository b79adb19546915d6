"""Waiting at a station: how long, how often, and how many chargers keep a promise.

The servers are the guns that work, whether the plan counts piles or guns. A pile of power ``P``
with ``g`` guns serves ``s = min(g, P / p)`` cars at the pace ``p`` at which one car alone would
charge; more than that share its power and stay longer. With ``k`` cars on ``N`` piles, spread
evenly, the station finishes ``mu v(k)`` sessions an hour,

    v(k) = N f(k / N),   f(j) = min(j, s) for whole j, straight between

A class of chargers at a station is a queue with ``c = N g`` servers: arrivals ``lam`` an hour,
``mu`` sessions an hour of a car alone, load ``a = lam / mu``.

    B(c)  by 1/B(k) = 1 + v(k) / (a B(k-1)), stable for any c   (Erlang B where nobody shares)
    C(c)  = B / (1 - rho (1 - B)),   rho = a / v(c)             (an arrival waits)
    W     = C / (mu v(c) - lam) * (1 + cv2) / 2                 (mean wait of all arrivals)
    P(W > t) = C exp(-2 (mu v(c) - lam) t / (1 + cv2))

With ``cv = 1`` this is the birth-death chain with these rates, exactly (M/M/c where nobody
shares); else the factor ``(1 + cv2) / 2`` of Kingman's formula (facts of the project, section 4
[V 59]), ``cv`` being the coefficient of variation of the energy a session takes. How far the
factor is off is measured in ``docs/sizing.md``. Formulas: Erlang (1917); Kleinrock, "Queueing
Systems" I (1975), chapter 3; Kingman, "The single server queue in heavy traffic" (1961).

A station keeps its promise if, of all its arrivals in the peak hour of its busiest weekday, no more
than ``1 - promise_share`` wait longer than ``promise_wait_min``: one definition, for the share that
waits too long as for the chargers that are needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from siting.analysis.station.chargers import apportioned

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from siting import scenario
    from siting.arrays import Flags, Floats, Ints


_MIN_H = 60.0
_HALF = 0.5
_SLACK = 1e-9
_MOST_DOUBLINGS = 24


@dataclass(frozen=True)
class Pile:
    """What the guns of a pile share: ``guns`` on it, and ``carried`` cars at full pace."""

    guns: ArrayLike = 1
    carried: ArrayLike = 1.0

    def pace(self, cars: ArrayLike, guns: ArrayLike) -> Floats:
        """Return ``v(k)``: the pace of so many cars on so many guns, in cars alone.

        Examples
        --------
        Five piles of two guns that carry 1.6 cars:

        >>> Pile(2, 1.6).pace([3, 5, 7, 10], 10).round(6).tolist()
        [3.0, 5.0, 6.2, 8.0]
        """
        piles = np.asarray(guns, dtype=float) / np.asarray(self.guns, dtype=float)
        held = np.divide(
            cars, piles, out=np.zeros(np.broadcast(cars, piles).shape), where=piles > 0
        )
        whole = np.floor(held)
        most = np.minimum(self.carried, self.guns)
        low, high = np.minimum(whole, most), np.minimum(whole + 1, most)
        pace: Floats = piles * (low + (held - whole) * (high - low))
        return pace


ALONE = Pile()
"""A gun of its own."""


def erlang_b(servers: ArrayLike, load: ArrayLike, pile: Pile = ALONE) -> Floats:
    """Return the share of arrivals lost by a system without waiting room.

    Parameters
    ----------
    servers
        Guns, whole numbers from 0.
    load
        Arrivals times mean session of a car alone, ``a`` (erlang), from 0.
    pile
        What the guns share.

    Examples
    --------
    >>> float(erlang_b(2, 1.0).round(4))
    0.2
    """
    return _chain(servers, load, pile)[0]


def erlang_c(servers: ArrayLike, load: ArrayLike, pile: Pile = ALONE) -> Floats:
    """Return the share of arrivals that find every gun taken; 1 where they cannot keep up.

    Examples
    --------
    >>> erlang_c([6, 8], [4.8, 4.8]).round(4).tolist()
    [0.5178, 0.1395]
    """
    c, a = np.broadcast_arrays(np.asarray(servers, float), np.asarray(load, float))
    lost, most = erlang_b(c.astype(np.int64), a, pile), pile.pace(c, c)
    with np.errstate(divide="ignore", invalid="ignore"):
        busy = np.where(a > 0, a / most, 0.0)
        waits = lost / (1.0 - busy * (1.0 - lost))
    return np.where(busy < 1, waits, 1.0)


def mean_taken(servers: ArrayLike, load: ArrayLike, pile: Pile = ALONE) -> Floats:
    """Return how many guns are taken on the mean; all of them where they cannot keep up.

    Examples
    --------
    >>> mean_taken([6, 2], [4.8, 3.0]).round(4).tolist()
    [4.8, 2.0]
    """
    c, a = np.broadcast_arrays(np.asarray(servers, float), np.asarray(load, float))
    lost, cars = _chain(c.astype(np.int64), a, pile)
    waits, most = erlang_c(c, a, pile), pile.pace(c, c)
    # the cars found by an arrival that finds a gun, as without waiting room
    free = np.divide(cars - c * lost, 1.0 - lost, out=np.zeros(c.shape), where=lost < 1)
    return np.where(a < most, (1.0 - waits) * free + waits * c, np.where(a > 0, c, 0.0))


def mean_wait_h(
    servers: ArrayLike,
    arrivals_h: ArrayLike,
    sessions_h: ArrayLike,
    cv: float = 1.0,
    pile: Pile = ALONE,
) -> Floats:
    """Return the mean wait of all arrivals (h); infinite where the guns cannot keep up.

    Parameters
    ----------
    servers, arrivals_h, sessions_h
        Guns, arrivals an hour, sessions an hour of a car alone on a pile.
    cv
        Coefficient of variation of the energy a session takes.
    pile
        What the guns share.

    Examples
    --------
    >>> (60 * mean_wait_h([6, 8], 6.0, 1.25)).round(2).tolist()
    [20.71, 2.09]
    """
    c, lam, mu = _floats(servers, arrivals_h, sessions_h)
    spare = pile.pace(c, c) * mu - lam
    with np.errstate(divide="ignore", invalid="ignore"):
        wait = erlang_c(c, lam / mu, pile) / spare * (1 + cv**2) / 2
    return np.where(lam <= 0, 0.0, np.where(spare > 0, wait, np.inf))


def wait_over_share(
    servers: ArrayLike,
    arrivals_h: ArrayLike,
    sessions_h: ArrayLike,
    wait_h: float,
    cv: float = 1.0,
    pile: Pile = ALONE,
) -> Floats:
    """Return the share of arrivals that wait longer than a time (h); 1 where nothing keeps up."""
    c, lam, mu = _floats(servers, arrivals_h, sessions_h)
    spare = pile.pace(c, c) * mu - lam
    decay = np.exp(-2.0 * np.maximum(spare, 0.0) * wait_h / (1 + cv**2))
    share = np.where(spare > 0, erlang_c(c, lam / mu, pile) * decay, 1.0)
    return np.where(lam <= 0, 0.0, share)


def _chain(servers: ArrayLike, load: ArrayLike, pile: Pile) -> tuple[Floats, Floats]:
    """Return the share lost and the mean number of cars, without waiting room."""
    c, a = np.broadcast_arrays(np.asarray(servers, np.int64), np.asarray(load, float))
    inverse, cars = np.ones(c.shape), np.zeros(c.shape)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        for k in range(1, int(c.max(initial=0)) + 1):
            ratio = np.where(a > 0, pile.pace(np.full(c.shape, float(k)), c) / a, np.inf)
            more = 1.0 + inverse * ratio
            # mean of 0..k from that of 0..k-1: the share 1/more has k cars
            now = np.where(np.isinf(more), cars, cars + (k - cars) / more)
            inverse, cars = np.where(k <= c, more, inverse), np.where(k <= c, now, cars)
        return np.where((a <= 0) & (c > 0), 0.0, 1.0 / inverse), cars


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


@dataclass(frozen=True, eq=False)
class Pools:
    """Which classes serve whom: each pool of classes has drivers of its own.

    Attributes
    ----------
    serves
        Whether each class (row) is of each pool (column); of one at most.
    asked
        Share of the peak energy of each station (row) that is asked of each pool (column).
    """

    serves: Flags
    asked: Floats


@dataclass(frozen=True, eq=False)
class Load:
    """What stations are asked for, and how they are sized.

    Attributes
    ----------
    peak_kwh
        Energy asked of each station in the peak hour of its busiest weekday (kWh).
    shares
        Share of each class (column) among the chargers of each station (row).
    classes
        ``Chargers.classes``, in the order of the columns.
    settings
        Block ``sizing`` of the scenario.
    pools
        Which classes serve whom; None: any class serves everybody.
    """

    peak_kwh: Floats
    shares: Floats
    classes: pd.DataFrame
    settings: scenario.Sizing
    pools: Pools | None = None

    def column(self, name: str) -> Floats:
        """Return a figure of the classes, e.g. ``power_kw``."""
        values: Floats = self.classes[name].to_numpy(dtype=float)
        return values

    @property
    def pile(self) -> Pile:
        """What the guns of a pile of each class share."""
        power = self.column("power_kw") * self.column("guns") / self.column("servers")
        pace_kw = self.column("session_kwh") * _MIN_H / self.column("stay_min")
        return Pile(self.column("guns"), power / pace_kw)

    def queue(self, chargers: Ints) -> tuple[Ints, Floats, Floats]:
        """Return the guns that work, arrivals and sessions an hour, by station and class.

        Drivers of a pool without a whole charger come all the same, and find no gun.
        """
        by_class = apportioned(self.shares, chargers)
        lam = self._part(by_class) * self.peak_kwh[:, None] / self.column("session_kwh")
        mu = np.broadcast_to(_MIN_H / self.column("stay_min"), lam.shape)
        guns = by_class * self.column("servers")
        working = np.maximum(np.floor(guns * self.settings.availability + _HALF), guns > 0)
        return working.astype(np.int64), lam, mu

    def _part(self, by_class: Ints) -> Floats:
        """Return the part of a station's peak energy that is asked of each class."""
        stations, classes = by_class.shape
        pools = self.pools or Pools(np.ones((classes, 1), dtype=bool), np.ones((stations, 1)))
        found = np.zeros(by_class.shape)
        for serves, asked in zip(pools.serves.T, pools.asked.T, strict=True):
            kwh = by_class * self.column("kwh_day") * serves
            none = kwh.sum(axis=1, keepdims=True) <= 0
            kwh = np.where(none, self.shares * self.column("kwh_day") * serves, kwh)
            found += _parts(kwh) * asked[:, None]
        return found

    def over_share(self, chargers: Ints) -> Floats:
        """Return the share of the arrivals at each station that wait longer than promised."""
        guns, lam, mu = self.queue(chargers)
        promise = self.settings.promise_wait_min / _MIN_H
        over = wait_over_share(guns, lam, mu, promise, self.settings.stay_cv, self.pile)
        share: Floats = (_parts(lam) * over).sum(axis=1)
        return share

    def keeps(self, chargers: Ints) -> Flags:
        """Return which stations keep the promise with so many chargers."""
        return self.over_share(chargers) <= 1.0 - self.settings.promise_share + _SLACK


def chargers_needed(load: Load, chargers: Ints) -> Ints:
    """Return the chargers at which each station keeps the promise and with one fewer does not.

    More than it has where it breaks the promise, no more where it keeps it. The mix of a station
    in whole chargers may make one size keep what the next one breaks; of several such edges this
    is the one that halving finds.

    Parameters
    ----------
    load
        What the stations are asked for.
    chargers
        Chargers each has.

    Returns
    -------
    array of int
        0 where nobody comes.
    """
    has = np.asarray(chargers, dtype=np.int64)
    held = load.keeps(has)
    breaks, keeps = np.where(held, -1, has), np.where(held, has, np.maximum(2 * has, 1))
    for _ in range(_MOST_DOUBLINGS):
        if (short := ~load.keeps(keeps)).any():
            breaks, keeps = np.where(short, keeps, breaks), np.where(short, 2 * keeps, keeps)
        else:
            break
    while (keeps - breaks > 1).any():
        middle = (keeps + breaks) // 2
        good = load.keeps(np.maximum(middle, 0))
        breaks, keeps = np.where(good, breaks, middle), np.where(good, middle, keeps)
    return np.where(load.peak_kwh > 0, keeps, 0)


def station_queues(load: Load, chargers: Ints) -> pd.DataFrame:
    """Return how long people wait at each station in the peak hour of its busiest weekday.

    The energy asked of a pool of classes (:class:`Pools`; else of all) is shared among them in
    proportion to what each can give; a class has ``lam = energy / session_kwh`` arrivals an hour.

    Parameters
    ----------
    load
        What the stations are asked for.
    chargers
        Chargers of each.

    Returns
    -------
    DataFrame
        One row a station: ``wait_min`` mean wait of the arrivals (missing where the guns
        cannot keep up), ``wait_over_promise_share`` share that waits longer than promised,
        ``chargers_needed`` (:func:`chargers_needed`), ``peak_busy_share`` share of the working
        guns taken.
    """
    guns, lam, mu = load.queue(chargers)
    wait = mean_wait_h(guns, lam, mu, load.settings.stay_cv, load.pile)
    come = _parts(lam)
    mean = _MIN_H * np.where(come > 0, come * wait, 0.0).sum(axis=1)
    total = guns.sum(axis=1)
    taken = mean_taken(guns, lam / mu, load.pile).sum(axis=1)
    return pd.DataFrame(
        {
            "wait_min": np.where(np.isfinite(mean), mean, np.nan),
            "wait_over_promise_share": load.over_share(chargers),
            "chargers_needed": chargers_needed(load, chargers),
            "peak_busy_share": np.divide(
                taken, total, out=np.full(len(total), np.nan), where=total > 0
            ),
        }
    )


def _parts(amounts: Floats) -> Floats:
    """Return the part of each class (column) in the whole of its station (row); 0 of nothing."""
    every = amounts.sum(axis=1, keepdims=True)
    parts: Floats = np.divide(amounts, every, out=np.zeros_like(amounts), where=every > 0)
    return parts
