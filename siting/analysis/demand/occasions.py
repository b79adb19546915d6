"""Charging occasions: who charges where, with which chargers, and how far they go for it.

A demand point has a kind of need (home, work, ...); a table splits each kind into occasions::

    kwh(point, occasion) = kwh(point) * share(kind, occasion)

An occasion is served by one pool of charger classes, at sites whose kind is worth something to it,
within a distance of its own (:mod:`siting.analysis.demand.occasion_ways`). Figures and sources
stand in ``data/occasions.csv``, ``data/occasion_shares.csv`` and ``data/occasion_worth.csv``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from siting.analysis.demand.demand_chain import KINDS
from siting.errors import TableError
from siting.tables import Column, Table, check

if TYPE_CHECKING:
    from siting.analysis.station.chargers import Chargers

OTHER = "other"
"""Kind in the table of worths that stands for the kinds it does not name."""

_WHOLE = 1e-6
_CASES = {"low": "share_low", "base": "share", "high": "share_high"}

OCCASIONS = Table(
    "occasions",
    "data/occasions.csv",
    (
        Column("occasion", "str", "charging occasion", unique=True),
        Column("name_zh", "str", "its name in Chinese"),
        Column("name_en", "str", "its name in English"),
        Column("charger_classes", "str", "the classes that serve it, separated by |"),
        Column("way", "str", "on foot or by car", choices=("walk", "drive")),
        Column("town_m", "float", "farthest in town; empty: travel.cutoff_m", "m",
               nullable=True, low=0),
        Column("country_m", "float", "farthest in the country; empty: travel.cutoff_m", "m",
               nullable=True, low=0),
        Column("ahead_m", "float", "farthest service area ahead on the carriageway; empty: none",
               "m", nullable=True, low=0),
        Column("stay_low_min", "float", "shortest stay", "min", low=0),
        Column("stay_min", "float", "usual stay", "min", low=0),
        Column("stay_high_min", "float", "longest stay", "min", low=0),
        Column("source", "str", "where the figures come from"),
        Column("mark", "str", "V verified, v weak, D derived, U unverified, P proposal"),
    ),
)  # fmt: skip

OCCASION_SHARES = Table(
    "occasion_shares",
    "data/occasion_shares.csv",
    (
        Column("demand_kind", "str", "kind of charging need", choices=KINDS),
        Column("occasion", "str", "charging occasion"),
        Column("share_low", "float", "share where little is bound to a place", low=0, high=1),
        Column("share", "float", "share", low=0, high=1),
        Column("share_high", "float", "share where much is bound to a place", low=0, high=1),
        Column("source", "str", "where the figures come from"),
        Column("mark", "str", "as in occasions"),
    ),
)

OCCASION_WORTH = Table(
    "occasion_worth",
    "data/occasion_worth.csv",
    (
        Column("occasion", "str", "charging occasion"),
        Column("kind", "str", "kind of site; other: those not named; a pair left out is worth 0"),
        Column("worth", "float", "worth of a kWh served on the spot", low=0, high=1),
        Column("source", "str", "where the figures come from"),
        Column("mark", "str", "as in occasions"),
    ),
)


@dataclass(frozen=True, eq=False)
class Occasions:
    """The occasions of a scenario.

    Attributes
    ----------
    table
        Checked rows of :data:`OCCASIONS` by occasion, no distance left empty.
    shares
        ``demand_kind``, ``occasion``, ``share``: of the case asked for; above 0.
    worth
        ``occasion``, ``kind``, ``worth``: of every kind of site; above 0.
    pools
        Pool of classes of each occasion, counted from 0 in the order of the weakest class.
    pool_classes
        Classes of each pool, the weakest first.
    chargers
        Classes of chargers and their mix.
    tables
        The tables as they are written, for the recount.
    """

    table: pd.DataFrame
    shares: pd.DataFrame
    worth: pd.DataFrame
    pools: dict[str, int]
    pool_classes: tuple[tuple[str, ...], ...]
    chargers: Chargers
    tables: dict[str, pd.DataFrame]

    @property
    def drive_m(self) -> float:
        """Farthest that any occasion goes by car (m)."""
        cars = self.table[self.table["way"] == "drive"]
        return float(cars[["town_m", "country_m"]].to_numpy().max(initial=0.0))

    @property
    def walk_m(self) -> float:
        """Farthest that any occasion goes on foot (m)."""
        feet = self.table[self.table["way"] == "walk"]
        return float(feet[["town_m", "country_m"]].to_numpy().max(initial=0.0))

    @property
    def ahead_m(self) -> float:
        """Farthest service area ahead that any occasion waits for (m); 0 where none does."""
        return float(np.nanmax(self.table["ahead_m"].to_numpy(), initial=0.0))

    def mix_at(self, sites: pd.DataFrame) -> pd.DataFrame:
        """Return the share of each class of charger (column) at each site (row, by its id).

        Parameters
        ----------
        sites
            ``tables.SITES``: what stands has the mix that its listed power makes.
        """
        shares = self.chargers.shares_at(sites)
        ids = pd.Index(sites["site_id"].astype("str").to_numpy(dtype=object), name="site_id")
        return pd.DataFrame(shares, index=ids, columns=self.chargers.classes.index)

    def kwh_at(self, sites: pd.DataFrame) -> pd.DataFrame:
        """Return what a charger gives a day through each pool (column) at each site, kWh/day."""
        energy = self.mix_at(sites) * self.chargers.classes["kwh_day"]
        return pd.DataFrame(
            {
                number: energy[list(pool)].sum(axis=1)
                for number, pool in enumerate(self.pool_classes)
            }
        )

    def kinds_going(self, **chosen: object) -> list[str]:
        """Return the kinds of need with an occasion of given columns, e.g. ``way="walk"``."""
        fits = np.ones(len(self.table), dtype=bool)
        for column, value in chosen.items():
            fits &= (self.table[column] == value).to_numpy()
        some = self.shares["occasion"].isin(self.table.index[fits])
        return sorted(self.shares.loc[some, "demand_kind"].unique())


def make_occasions(
    tables: dict[str, pd.DataFrame],
    chargers: Chargers,
    *,
    case: str,
    cutoff_m: float,
) -> Occasions:
    """Check the tables of occasions and join them.

    Parameters
    ----------
    tables
        Rows of :data:`OCCASIONS`, :data:`OCCASION_SHARES` and :data:`OCCASION_WORTH` by name.
    chargers
        Classes of chargers and their mix by kind of site.
    case
        ``low``, ``base`` or ``high``: which column of the shares counts.
    cutoff_m
        ``travel.cutoff_m``, for distances left empty (m).

    Raises
    ------
    TableError
        If a row breaks its contract, the shares of a kind do not sum to 1, an occasion or class is
        unknown, or pools overlap.
    """
    for name, contract in (("occasions", OCCASIONS), ("occasion_shares", OCCASION_SHARES),
                        ("occasion_worth", OCCASION_WORTH)):  # fmt: skip
        check(tables[name], contract)
    table = tables["occasions"].set_index("occasion")
    pools = _pools(table, chargers)
    _check_shares(tables["occasion_shares"], table)
    _check_worth(tables["occasion_worth"], table, chargers)
    limits = table[["town_m", "country_m"]].astype(float).fillna(cutoff_m)
    table = table.assign(town_m=limits["town_m"], country_m=limits.max(axis=1))
    shares = tables["occasion_shares"].assign(share=tables["occasion_shares"][_CASES[case]])
    shares = shares.loc[shares["share"] > 0, ["demand_kind", "occasion", "share"]]
    kinds = chargers.shares.index
    return Occasions(
        table=table.assign(ahead_m=table["ahead_m"].astype(float)),
        shares=shares.reset_index(drop=True),
        worth=_worth_by_kind(tables["occasion_worth"], kinds),
        pools={name: number for name, (number, _) in pools.items()},
        pool_classes=tuple(pool for _, pool in sorted(set(pools.values()))),
        chargers=chargers,
        tables=tables,
    )


def _pools(table: pd.DataFrame, chargers: Chargers) -> dict[str, tuple[int, tuple[str, ...]]]:
    """Return the pool of each occasion: its number and its classes, the weakest first."""
    known = list(chargers.classes.index)
    faults, asked = [], {}
    for name, row in table.iterrows():
        classes = tuple(one.strip() for one in str(row["charger_classes"]).split("|"))
        unknown = sorted(set(classes) - set(known))
        if unknown:
            faults.append(f"'{name}': no class of a charging station: {', '.join(unknown)} "
                          f"(known: {', '.join(known)})")  # fmt: skip
            continue
        asked[str(name)] = tuple(sorted(set(classes), key=known.index))
        longest = max(float(chargers.classes["stay_min"][one]) for one in classes)
        if not row["stay_low_min"] <= row["stay_min"] <= row["stay_high_min"]:
            faults.append(f"'{name}': stay_low_min <= stay_min <= stay_high_min does not hold")
        elif longest > row["stay_high_min"]:
            faults.append(f"'{name}': a session of {longest:g} min does not fit into a stay of "
                          f"at most {row['stay_high_min']:g} min")  # fmt: skip
    sets = sorted(set(asked.values()), key=lambda pool: [known.index(one) for one in pool])
    for number, pool in enumerate(sets):
        shared = sorted({one for other in sets[:number] for one in other} & set(pool))
        if shared:
            faults.append(f"{', '.join(shared)} stands in two different lists of classes: occasions"
                          " that share a class must name the same ones")  # fmt: skip
    _refuse(faults, OCCASIONS)
    return {name: (sets.index(pool), pool) for name, pool in asked.items()}


def _check_shares(shares: pd.DataFrame, table: pd.DataFrame) -> None:
    faults = _unknown(shares, table)
    for kind in KINDS:
        rows = shares[shares["demand_kind"] == kind]
        if rows["occasion"].duplicated().any():
            faults.append(f"an occasion of '{kind}' stands twice")
        faults += [
            f"the column {column} of '{kind}' sums to {total:g}, not 1"
            for column in _CASES.values()
            if abs((total := float(rows[column].sum())) - 1) > _WHOLE
        ]
    _refuse(faults, OCCASION_SHARES)


def _check_worth(worth: pd.DataFrame, table: pd.DataFrame, chargers: Chargers) -> None:
    faults = _unknown(worth, table)
    named = set(worth["kind"]) - {OTHER} - set(chargers.shares.index)
    if named:
        faults.append(f"no kind of site: {', '.join(sorted(named))}")
    if worth.duplicated(["occasion", "kind"]).any():
        faults.append("a pair of occasion and kind stands twice")
    idle = sorted(set(table.index) - set(worth.loc[worth["worth"] > 0, "occasion"]))
    if idle:
        faults.append(f"no kind of site is worth anything to: {', '.join(idle)}")
    _refuse(faults, OCCASION_WORTH)


def _worth_by_kind(worth: pd.DataFrame, kinds: pd.Index) -> pd.DataFrame:
    """Return the worth of every kind; one that the table does not name has that of ``other``."""
    named = set(worth["kind"])
    rest = worth[worth["kind"] == OTHER]
    more = [rest.assign(kind=kind) for kind in kinds if kind not in named]
    every = pd.concat([worth[worth["kind"] != OTHER], *more], ignore_index=True)
    every = every.loc[every["worth"] > 0, ["occasion", "kind", "worth"]]
    return every.reset_index(drop=True)


def _unknown(rows: pd.DataFrame, table: pd.DataFrame) -> list[str]:
    unknown = sorted(set(rows["occasion"]) - set(table.index))
    return [f"no occasion: {', '.join(unknown)}"] if unknown else []


def _refuse(faults: list[str], table: Table) -> None:
    if faults:
        key = f"demand.{table.name}"
        raise TableError(
            f"table '{table.name}' contradicts itself:\n    - " + "\n    - ".join(faults),
            where=f"{key}, {table.made_by}",
            cure=f"mend the rows named above, or take the shipped table ({key})",
        )
