"""Classes of chargers, and the mix of classes at each kind of site.

The figures stand in ``data/charger_classes.csv`` and ``data/charger_mix.csv``. The optimiser plans
with the mean charger of a kind of site (:attr:`Chargers.kw`, :attr:`Chargers.kwh_day`); a finished
plan gives each station whole chargers by class (:meth:`Chargers.split`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from siting.errors import TableError
from siting.tables import Column, Table, check

if TYPE_CHECKING:
    import geopandas as gpd

    from siting.arrays import Flags, Floats, Ints


CHARGER_CLASSES = Table(
    "charger_classes",
    "data/charger_classes.csv",
    (
        Column("charger_class", "str", "class of charger", unique=True),
        Column("for_swap", "str", "a bay of a swap station", choices=("yes", "no")),
        Column("guns", "int", "guns (connectors) of one pile, sharing its power", "guns", low=1),
        Column("power_kw", "float", "rated power of one", "kW", low=0.1),
        Column("kwh_day", "float", "energy it gives a day by design", "kWh/day", low=0.1),
        Column("session_kwh", "float", "energy of one session", "kWh", low=0.1),
        Column("stay_min", "float", "time a session occupies it", "min", low=0.1),
        Column("price_low_cny", "float", "price, low", "CNY", low=0),
        Column("price_cny", "float", "price", "CNY", low=0),
        Column("price_high_cny", "float", "price, high", "CNY", low=0),
        Column("space_m2", "float", "ground it takes with its bay", "m2", low=0),
        Column("source", "str", "where the figures come from"),
        Column("mark", "str", "V verified, v weak, D derived, U unverified, P proposal"),
    ),
)

CHARGER_MIX = Table(
    "charger_mix",
    "data/charger_mix.csv",
    (
        Column("kind", "str", "kind of site"),
        Column("charger_class", "str", "class of charger there"),
        Column("share", "float", "share of the kind's chargers", low=0, high=1),
        Column("dwell_low_min", "float", "shortest stay the class is for", "min", low=0),
        Column("dwell_high_min", "float", "longest stay the class is for", "min", low=0),
        Column("source", "str", "where the figures come from"),
        Column("mark", "str", "V verified, v weak, D derived, U unverified, P proposal"),
    ),
)

_OF_A_PILE = ("power_kw", "kwh_day", "price_low_cny", "price_cny", "price_high_cny")
_TINY = 1e-9
_WHOLE_SHARE = 1e-6
_CURE = "mend the rows named above, or take the shipped table"


@dataclass(frozen=True, eq=False)
class Chargers:
    """The classes of chargers and their mix at each kind of site.

    Attributes
    ----------
    classes
        Checked rows of ``charger_classes`` for charging stations, indexed by class, the
        weakest first, with ``servers``, the guns of what the plan counts as one.
    swap_bay
        The row of the swap bay.
    shares
        Share of each class (column) among the chargers of a kind of site (row); rows sum to 1.
    """

    classes: pd.DataFrame
    swap_bay: pd.Series
    shares: pd.DataFrame

    def by_gun(self) -> Chargers:
        """Return the classes with a gun as the charger: its part of power, energy and price."""
        guns = self.classes["guns"]
        parts = {name: self.classes[name] / guns for name in _OF_A_PILE}
        return replace(self, classes=self.classes.assign(**parts, servers=1))

    def mean(self, column: str) -> pd.Series:
        """Return a figure of the mean charger of each kind of site, e.g. ``power_kw``."""
        return self.shares.dot(self.classes[column]).rename(column)

    def shares_at(self, sites: pd.DataFrame) -> Floats:
        """Return the share of each class at each site: one row a site, one column a class.

        The mix of its kind; where a list gives the power of what stands, the two classes next to
        the mean power of a charger there, mixed to that mean, or the one at the end beyond which
        it lies. A station is enlarged with chargers like those that stand.

        Parameters
        ----------
        sites
            ``kind``, ``existing_kw`` and ``existing_chargers`` of each site.
        """
        shares = self.shares.loc[list(sites["kind"])].to_numpy(dtype=float, copy=True)
        listed = has_listed_power(sites)
        if listed.any():
            known = sites[listed]
            each = (known["existing_kw"] / known["existing_chargers"]).to_numpy(dtype=float)
            shares[listed] = _mixed_to(each, self.classes["power_kw"].to_numpy(dtype=float))
        return shares

    def piles_at(self, sites: pd.DataFrame) -> Floats:
        """Return the piles of what the plan counts as one charger at each site: 1, or less by gun.

        Parameters
        ----------
        sites
            As for :meth:`shares_at`.
        """
        each: Floats = (self.classes["servers"] / self.classes["guns"]).to_numpy(dtype=float)
        return self.shares_at(sites) @ each

    def split(self, sites: pd.DataFrame, chargers: Ints) -> Ints:
        """Return whole chargers by class that sum to the chargers of each station.

        Largest remainder (Hamilton): each class gets the whole part of its quota
        ``share * chargers``; those left go to the largest remainders, on a tie to the weaker class.

        Parameters
        ----------
        sites
            As for :meth:`shares_at`.
        chargers
            Chargers of each site.

        Returns
        -------
        array of int
            One row a site, one column a class.
        """
        return apportioned(self.shares_at(sites), chargers)

    def sure_kw(self, kind: pd.Series, least: Ints, most: Ints) -> Floats:
        """Return the power of the strongest charger that a new station has whatever its size (kW).

        Parameters
        ----------
        kind
            Kind of each site.
        least, most
            Fewest and most chargers of a station there.
        """
        power = self.classes["power_kw"].to_numpy(dtype=float)
        cases = pd.DataFrame({"kind": kind.to_numpy(dtype=object), "least": least, "most": most})
        found: dict[tuple[str, int, int], float] = {}
        for name, low, high in cases.drop_duplicates().itertuples(index=False):
            sizes = np.arange(max(low, 1), max(high, low, 1) + 1)
            mix = np.tile(self.shares.loc[name].to_numpy(dtype=float), (len(sizes), 1))
            always = (apportioned(mix, sizes) > 0).all(axis=0)
            found[name, low, high] = float(power[always].max(initial=0.0))
        return np.array([found[row] for row in cases.itertuples(index=False, name=None)])


def make_chargers(classes: pd.DataFrame, mix: pd.DataFrame, kinds: pd.DataFrame) -> Chargers:
    """Check the tables of chargers and join them.

    Parameters
    ----------
    classes, mix
        Rows of :data:`CHARGER_CLASSES` and :data:`CHARGER_MIX`.
    kinds
        Result of ``check_site_kinds``; every kind wants a mix.

    Raises
    ------
    TableError
        If a row breaks its contract, a share, class or kind is missing or unknown, or a
        class does not suit the stays it is given.
    """
    check(classes, CHARGER_CLASSES)
    check(mix, CHARGER_MIX)
    _check_classes(classes)
    bay = classes[classes["for_swap"] == "yes"].iloc[0]
    charging = classes[classes["for_swap"] == "no"].set_index("charger_class")
    charging = charging.sort_values("power_kw", kind="stable")
    _check_mix(mix, charging, kinds)
    shares = mix.pivot_table(index="kind", columns="charger_class", values="share", aggfunc="sum")
    shares = shares.reindex(columns=charging.index).fillna(0.0)
    charging = charging.assign(servers=charging["guns"])
    return Chargers(charging, bay, shares.div(shares.sum(axis=1), axis=0))


def with_mean_charger(kinds: pd.DataFrame, chargers: Chargers) -> pd.DataFrame:
    """Return the site kinds with the mean charger of their mix, and the power it is sure to reach.

    Adds ``kw_per_charger``, ``kwh_day_per_charger`` and ``strongest_kw``
    (:meth:`Chargers.sure_kw`).
    """
    strongest_kw = chargers.sure_kw(
        kinds.index.to_series(), kinds["min_chargers"].to_numpy(), kinds["max_chargers"].to_numpy()
    )
    return kinds.assign(
        strongest_kw=strongest_kw,
        kw_per_charger=chargers.mean("power_kw").reindex(kinds.index),
        kwh_day_per_charger=chargers.mean("kwh_day").reindex(kinds.index),
    )


def has_listed_power(sites: pd.DataFrame) -> Flags:
    """Return which sites have chargers whose power a list gives."""
    listed: Flags = (sites["existing_kw"].notna() & (sites["existing_chargers"] > 0)).to_numpy()
    return listed


def with_listed_power(sites: gpd.GeoDataFrame, chargers: Chargers) -> gpd.GeoDataFrame:
    """Return the sites with the power and energy of a charger by the power listed for what stands.

    ``kw_per_charger`` becomes ``existing_kw / existing_chargers`` where a list gives the power, and
    ``kwh_day_per_charger`` that of the classes which make it (:meth:`Chargers.shares_at`).

    Parameters
    ----------
    sites
        ``tables.SITES``.
    chargers
        Classes of chargers and their mix.
    """
    listed = has_listed_power(sites)
    kwh = chargers.shares_at(sites) @ chargers.classes["kwh_day"].to_numpy(dtype=float)
    each = sites["existing_kw"] / sites["existing_chargers"].where(listed)
    return sites.assign(
        kw_per_charger=each.fillna(sites["kw_per_charger"]),
        kwh_day_per_charger=np.where(listed, kwh, sites["kwh_day_per_charger"]),
    )


def _mixed_to(mean: Floats, power: Floats) -> Floats:
    """Return shares of classes of rising power with a given mean, of the two next to it."""
    if len(power) == 1:
        return np.ones((len(mean), 1))
    held = np.clip(mean, power[0], power[-1])
    above = np.clip(np.searchsorted(power, held), 1, len(power) - 1)
    low, high = power[above - 1], power[above]
    part = np.divide(held - low, high - low, out=np.ones(len(mean)), where=high > low)
    shares = np.zeros((len(mean), len(power)))
    rows = np.arange(len(mean))
    shares[rows, above - 1], shares[rows, above] = 1.0 - part, part
    return shares


def apportioned(shares: Floats, total: Ints) -> Ints:
    """Return whole numbers that sum to each total: by largest remainder, as :meth:`Chargers.split`.

    Parameters
    ----------
    shares
        One row a total, one column a class; rows sum to 1.
    total
        Whole numbers from 0.
    """
    quota = shares * np.asarray(total, dtype=float)[:, None]
    # The tiny amount keeps 0.3 x 10 from being 2 by binary arithmetic.
    whole = np.floor(quota + _TINY)
    left = np.rint(np.asarray(total) - whole.sum(axis=1)).astype(np.int64)
    remainder = np.round(np.where(shares > 0, quota - whole, -1.0), 9)
    rank = np.argsort(np.argsort(-remainder, axis=1, kind="stable"), axis=1, kind="stable")
    return (whole + (rank < left[:, None])).astype(np.int64)


def _check_classes(classes: pd.DataFrame) -> None:
    faults = []
    if (bays := int((classes["for_swap"] == "yes").sum())) != 1:
        faults.append(f"{bays} rows are for swap stations (for_swap = yes), one is wanted")
    if not (classes["for_swap"] == "no").any():
        faults.append("no class is for charging stations (for_swap = no)")
    crossed = (classes["price_low_cny"] > classes["price_cny"]) | (
        classes["price_cny"] > classes["price_high_cny"]
    )
    if crossed.any():
        names = ", ".join(classes.loc[crossed, "charger_class"])
        faults.append(f"price_low_cny <= price_cny <= price_high_cny does not hold in: {names}")
    _refuse(faults, CHARGER_CLASSES, "candidates.charger_classes")


def _check_mix(mix: pd.DataFrame, classes: pd.DataFrame, kinds: pd.DataFrame) -> None:
    faults = []
    unknown = sorted(set(mix["charger_class"]) - set(classes.index))
    if unknown:
        faults.append(
            f"no class of a charging station: {', '.join(unknown)} "
            f"(known: {', '.join(classes.index)})"
        )
    for kind, rows in mix.groupby("kind"):
        total = float(rows["share"].sum())
        if abs(total - 1) > _WHOLE_SHARE:
            faults.append(f"the shares of '{kind}' sum to {total:g}, not 1")
        if rows["charger_class"].duplicated().any():
            faults.append(f"a class of '{kind}' stands twice")
    without = sorted(set(kinds.index) - set(mix["kind"]))
    if without:
        faults.append(f"these kinds of site have no mix of chargers: {', '.join(without)}")
    stay = mix["charger_class"].map(classes["stay_min"])
    bad = (stay < mix["dwell_low_min"]) | (stay > mix["dwell_high_min"])
    faults += [
        f"'{row['kind']}': a session at {row['charger_class']} takes "
        f"{classes['stay_min'][row['charger_class']]:g} min, which is no stay of "
        f"{row['dwell_low_min']:g}-{row['dwell_high_min']:g} min"
        for row in mix[bad].to_dict("records")
    ]
    _refuse(faults, CHARGER_MIX, "candidates.charger_mix")


def _refuse(faults: list[str], table: Table, key: str) -> None:
    if faults:
        raise TableError(
            f"table '{table.name}' contradicts itself:\n    - " + "\n    - ".join(faults),
            where=f"{key}, {table.made_by}",
            cure=f"{_CURE} ({key})",
        )
