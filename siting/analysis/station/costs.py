"""What a station costs to build: low, base and high, from editable tables.

For a new station ``j`` with ``n`` new chargers

    cost = fixed_j + charger_j n
    fixed_j   = works i_j + cable min(distance_j, longest) + kVA_fixed_j transformer
    charger_j = sum_c share_c price_c (1 + install i_j) + kVA_each_j transformer

with the cost index ``i_j`` of the kind of site (1: an open car park), the distance to its
substation, the share of each class of charger in the kind's mix, and the straight line of kVA that
a station of no size exceeds (:func:`siting.analysis.station.power.draw_line`). What exists costs
nothing: an existing station pays for its new chargers alone. A new swap station costs its price
and its transformer wherever it stands. Prices: ``data/costs.csv`` and ``data/charger_classes.csv``.

Low takes every price at its low end, high every one at its high end: the range is the widest there
is, not a likely one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from siting.analysis.station.power import transformer_kva
from siting.errors import TableError
from siting.tables import SITE_COSTS, Column, Table, check

if TYPE_CHECKING:
    import geopandas as gpd

    from siting import scenario
    from siting.analysis.station.chargers import Chargers
    from siting.arrays import Floats


ENDS = {"low": "_low_cny", "base": "_cny", "high": "_high_cny"}
"""How the name of a column ends in each case."""

ITEMS = ("station_works", "install_share", "transformer", "cable", "cable_most")

COST_ITEMS = Table(
    "costs",
    "data/costs.csv",
    (
        Column("item", "str", "what is paid for", choices=ITEMS, unique=True),
        Column("low", "float", "low", low=0),
        Column("base", "float", "base", low=0),
        Column("high", "float", "high", low=0),
        Column("unit", "str", "unit of the three"),
        Column("source", "str", "where the figures come from"),
        Column("mark", "str", "V verified, v weak, D derived, U unverified, P proposal"),
    ),
)

_UNKNOWN_PART = {"low": 0.0, "base": 0.5, "high": 1.0}
"""Part of the longest line that is paid where no substation is known."""


@dataclass(frozen=True, eq=False)
class Costs:
    """Prices of every site, and of a new swap station.

    Attributes
    ----------
    sites
        ``tables.SITE_COSTS``.
    swap_station_cny
        Price of a new swap station by case (``low``, ``base``, ``high``).
    distance_unknown
        Sites whose substation is unknown: the range covers a line of none to the longest.
    """

    sites: pd.DataFrame
    swap_station_cny: dict[str, float]
    distance_unknown: int


def check_costs(frame: pd.DataFrame) -> pd.DataFrame:
    """Check the table of prices and index it by item.

    Raises
    ------
    TableError
        If a row breaks its contract, an item is missing, or a range is upside down.
    """
    check(frame, COST_ITEMS)
    faults = []
    missing = [item for item in ITEMS if item not in set(frame["item"])]
    if missing:
        faults.append(f"the row(s) {', '.join(missing)} are missing")
    crossed = (frame["low"] > frame["base"]) | (frame["base"] > frame["high"])
    if crossed.any():
        faults.append(f"low <= base <= high does not hold in: {', '.join(frame['item'][crossed])}")
    if faults:
        raise TableError(
            "table 'costs' contradicts itself:\n    - " + "\n    - ".join(faults),
            where=f"costs.prices, {COST_ITEMS.made_by}",
            cure="mend the rows named above, or take the shipped table (costs.prices)",
        )
    return frame.set_index("item")


def make_costs(  # tables in, settings by name
    sites: gpd.GeoDataFrame,
    grid: pd.DataFrame,
    chargers: Chargers,
    *,
    prices: pd.DataFrame,
    power: scenario.Power,
    draw: tuple[Floats, Floats],
    swap_station_kw: float,
) -> Costs:
    """Return what a station costs at each site, by its fixed part and by charger.

    Parameters
    ----------
    sites, grid
        ``tables.SITES`` and ``GRID``.
    chargers
        Classes of chargers and their mix.
    prices
        Result of :func:`check_costs`.
    power
        Block ``power`` of the scenario.
    draw
        Result of :func:`siting.analysis.station.power.draw_line`.
    swap_station_kw
        Key of the block ``model``.
    """
    index = sites["cost_index"].to_numpy(dtype=float)
    distance_m = grid["substation_m"].to_numpy(dtype=float)
    fixed_kva, each_kva = (transformer_kva(kw, power) for kw in draw)
    swap_kva = transformer_kva(swap_station_kw, power)
    columns, swap = {"site_id": sites["site_id"].to_numpy(dtype=object)}, {}
    for case, end in ENDS.items():
        price = prices[case]
        line_m = np.where(
            np.isnan(distance_m),
            _UNKNOWN_PART[case] * price["cable_most"],
            np.minimum(distance_m, price["cable_most"]),
        )
        columns[f"site_fixed{end}"] = (
            price["station_works"] * index
            + price["cable"] * line_m
            + price["transformer"] * fixed_kva
        )
        equipment = sites["kind"].map(chargers.mean(f"price{end}")).to_numpy(dtype=float)
        installed = equipment * (1.0 + price["install_share"] * index)
        columns[f"charger{end}"] = installed + price["transformer"] * each_kva
        swap[case] = float(chargers.swap_bay[f"price{end}"] + price["transformer"] * swap_kva)
    table = pd.DataFrame(columns)
    check(table, SITE_COSTS)
    return Costs(table, swap, int(np.isnan(distance_m).sum()))
