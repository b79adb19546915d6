"""What the chargers and swap stations of a plan are held against: need, power and money."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from siting.plan.figures import mean_of

if TYPE_CHECKING:
    import geopandas as gpd

_KW_SLACK = 1e-3
_SHARE_SLACK = 1e-9


def build_figures(
    stations: gpd.GeoDataFrame, swaps: gpd.GeoDataFrame, *, promise_share: float, diversity: float
) -> dict[str, float]:
    """Return what a plan costs to build, and how long people wait in the peak hour.

    Parameters
    ----------
    stations, swaps
        As ``Plan.sites`` and ``Plan.swap_sites``.
    promise_share
        Share of the arrivals that the promise of ``[sizing]`` is made to.
    diversity
        ``model.diversity``, between the stations of a substation.

    Returns
    -------
    dict
        ``cost_cny`` of all new stations, chargers and swap stations, with ``cost_low_cny`` and
        ``cost_high_cny`` (every price at its low or high end); ``swap_cost_cny``, the swap
        stations' part; ``mean_wait_min`` by energy served, over the stations that can keep up;
        ``sites_over_wait``, stations that break the promise of the wait; ``kva``;
        ``substations_overdrawn``, those where new stations draw more than the known headroom,
        and ``headroom_unknown_sites``, new stations where it is unknown; and the figures of
        :func:`need`.
    """
    over = stations["wait_over_promise_share"] > 1.0 - promise_share + _SHARE_SLACK
    wait = stations["wait_min"].to_numpy(dtype=float)
    load = stations["load_kwh_day"].to_numpy(dtype=float)
    known = np.isfinite(wait)
    return {
        **{
            name: float(stations[name].sum() + swaps[name].sum())
            for name in ("cost_cny", "cost_low_cny", "cost_high_cny")
        },
        "swap_cost_cny": float(swaps["cost_cny"].sum()),
        "mean_wait_min": mean_of(wait[known], load[known]),
        "sites_over_wait": float(over.sum()),
        "kva": float(stations["kva"].sum() + swaps["kva"].sum()),
        **_grid(stations, swaps, diversity),
        **need(stations),
    }


def need(stations: pd.DataFrame) -> dict[str, float]:
    """Return the chargers of a plan held against need, and how hard they work.

    ``chargers_needed`` is what the promise of the wait needs; ``chargers_over_need``, what stations
    have beyond that, is what the target adds; ``chargers_short`` is what others lack: ``needed +
    over - short`` is all chargers. ``kwh_per_charger_day`` and ``hours_per_day_in_use`` (equivalent
    hours at full power) are of all stations together.

    Examples
    --------
    >>> import pandas as pd
    >>> two = pd.DataFrame({"chargers": [10, 4], "chargers_needed": [4, 5]})
    >>> need(two.assign(load_kwh_day=[400.0, 300.0], power_kw=[300.0, 50.0]))
    ... # doctest: +NORMALIZE_WHITESPACE
    {'chargers_needed': 9.0, 'chargers_over_need': 6.0, 'chargers_short': 1.0,
     'kwh_per_charger_day': 50.0, 'hours_per_day_in_use': 2.0}
    """
    spare = (stations["chargers"] - stations["chargers_needed"]).to_numpy(dtype=float)
    load, power = float(stations["load_kwh_day"].sum()), float(stations["power_kw"].sum())
    chargers = float(stations["chargers"].sum())
    return {
        "chargers_needed": float(stations["chargers_needed"].sum()),
        "chargers_over_need": float(np.maximum(spare, 0.0).sum()),
        "chargers_short": float(np.maximum(-spare, 0.0).sum()),
        "kwh_per_charger_day": load / chargers if chargers > 0 else float("nan"),
        "hours_per_day_in_use": load / power if power > 0 else float("nan"),
    }


def substation_kw(stations: pd.DataFrame, swaps: pd.DataFrame, *, diversity: float) -> pd.Series:
    """Return what is new at each substation draws there at its busiest (kW), by substation.

    Charging stations do not all peak in the same minute: together they draw ``diversity`` of the
    sum of their ``drawn_kw``, at least that of the largest; swap stations draw theirs on top.
    ``""`` is where no substation is known.

    Examples
    --------
    >>> import pandas as pd
    >>> three = pd.DataFrame({"substation_id": ["A", "A", "B"], "drawn_kw": [60.0, 40.0, 50.0]})
    >>> substation_kw(three, three.iloc[2:], diversity=0.9).to_dict()
    {'A': 90.0, 'B': 100.0}
    """
    here = stations["drawn_kw"].groupby(stations["substation_id"].fillna(""), sort=True)
    together = (diversity * here.sum()).combine(here.max(), max)
    swapped = swaps["drawn_kw"].groupby(swaps["substation_id"].fillna(""), sort=True).sum()
    return together.add(swapped, fill_value=0.0).rename("drawn_kw")


def _grid(
    stations: gpd.GeoDataFrame, swaps: gpd.GeoDataFrame, diversity: float
) -> dict[str, float]:
    columns = ["substation_id", "headroom_kw", "drawn_kw"]
    new, swapped = (table.loc[table["drawn_kw"] > 0, columns] for table in (stations, swaps))
    every = pd.concat([new, swapped], ignore_index=True)
    free = every.dropna().groupby("substation_id")["headroom_kw"].first()
    drawn = substation_kw(new, swapped, diversity=diversity).reindex(free.index)
    return {
        "substations_overdrawn": float((drawn > free + _KW_SLACK).sum()),
        "headroom_unknown_sites": float(every["headroom_kw"].isna().sum()),
    }
