"""What single stations are like: power line, price, chargers by class, queue.

Works on the sites of a run before the optimiser is asked (:func:`ground_of`), and on the stations
of a finished plan (:func:`equipped`, :func:`equipped_swaps`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from siting.analysis.station.chargers import has_listed_power
from siting.analysis.station.costs import ENDS, make_costs
from siting.analysis.station.power import (
    DemandFactors,
    draw_line,
    make_grid,
    rated_kva,
    transformer_kva,
)
from siting.analysis.station.queues import Load, Pools, peak_shares, station_queues
from siting.notes import Note
from siting.plan.parts import ChargerClass

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from siting import scenario
    from siting.analysis.demand.occasions import Occasions
    from siting.analysis.station.chargers import Chargers
    from siting.analysis.station.costs import Costs
    from siting.arrays import Floats

_GRID = ("substation_id", "substation_m", "headroom_kw")
CLASS_PREFIX = "chargers_"
"""Columns and totals of chargers by class begin with this."""


@dataclass(frozen=True, eq=False)
class Ground:
    """Power and price of every site.

    Attributes
    ----------
    grid
        ``tables.GRID``, with ``open_kw`` and ``charger_kw``, the straight line of what a station
        draws at its busiest, and ``piles_per_charger``.
    costs
        Prices of the sites and of a swap station.
    factors
        The demand factors by number of chargers.
    """

    grid: pd.DataFrame
    costs: Costs
    factors: DemandFactors


def ground_of(
    sites: gpd.GeoDataFrame,
    substations: gpd.GeoDataFrame,
    chargers: Chargers,
    prices: pd.DataFrame,
    *,
    factors: DemandFactors,
    power: scenario.Power,
    model: scenario.Model,
) -> Ground:
    """Return power and price of every site.

    Parameters
    ----------
    sites, substations
        As in ``tables.SITES`` and ``SUBSTATIONS``.
    chargers
        Classes of chargers and their mix.
    prices
        Result of ``check_costs``.
    factors
        The demand factors by number of chargers.
    power, model
        Blocks of the scenario; ``model.coincidence`` goes before the factors.

    Raises
    ------
    ScenarioError
        If ``power.assigned`` names what is not there.
    """
    if model.coincidence is not None:
        factors = DemandFactors.flat(model.coincidence)
    grid = make_grid(sites, substations, assigned=power.assigned)
    piles = chargers.piles_at(sites)
    open_kw, charger_kw = draw_line(sites, factors, piles)
    costs = make_costs(
        sites, grid, chargers,
        prices=prices, power=power, draw=(open_kw, charger_kw),
        swap_station_kw=model.swap_station_kw,
    )  # fmt: skip
    lines = {"open_kw": open_kw, "charger_kw": charger_kw, "piles_per_charger": piles}
    return Ground(grid.assign(**lines), costs, factors)


def equipped(
    stations: gpd.GeoDataFrame,
    asked: Load,
    *,
    chargers: Chargers,
    ground: Ground,
    given: scenario.Scenario,
) -> gpd.GeoDataFrame:
    """Return the stations of a plan with chargers by class, power, price and queue.

    Parameters
    ----------
    stations
        ``assembly.station_table``.
    asked
        What they are asked for (:func:`asked_of`).
    chargers, ground
        Classes of chargers; power and price of every site.
    given
        The scenario: blocks ``power`` and ``model``.

    Returns
    -------
    GeoDataFrame
        The same with the columns that ``Plan.sites`` says.
    """
    by_class = chargers.split(stations, stations["chargers"].to_numpy(dtype=np.int64))
    result = stations.copy()
    for place, name in enumerate(chargers.classes.index):
        result[f"{CLASS_PREFIX}{name}"] = by_class[:, place]
    result["power_kw"] = np.where(
        has_listed_power(stations),
        stations["kw_per_charger"] * stations["chargers"],
        by_class @ chargers.classes["power_kw"].to_numpy(dtype=float),
    )
    result = _on_grid(result, ground, (*_GRID, "piles_per_charger"))
    result = result.assign(**station_draw(result, ground.factors))
    busiest_kw = result["demand_factor"].fillna(0.0) * result["power_kw"]
    result["kva"] = rated_kva(transformer_kva(busiest_kw, given.power))
    new = (result["chargers"] - result["existing_chargers"]).to_numpy(dtype=np.int64)
    prices = ground.costs.sites.set_index("site_id").reindex(result["site_id"])
    opens = result["is_new"].to_numpy(dtype=bool)
    for end in ENDS.values():
        fixed = np.where(opens, prices[f"site_fixed{end}"].to_numpy(dtype=float), 0.0)
        each = prices[f"charger{end}"].to_numpy(dtype=float)
        if end == ENDS["base"]:
            result["site_fixed_cny"], result["charger_cny"] = fixed, each
        result[f"cost{end}"] = fixed + each * new
    queues = station_queues(asked, result["chargers"].to_numpy(dtype=np.int64))
    result = result.assign(**{name: queues[name].to_numpy() for name in queues.columns})
    return result.assign(**usage(result))


def asked_of(
    stations: pd.DataFrame,
    assignments: pd.DataFrame,
    demand: pd.DataFrame,
    *,
    chargers: Chargers,
    sizing: scenario.Sizing,
    occasions: Occasions | None,
) -> Load:
    """Return what stations are asked for in the peak hour of their busiest weekday.

    Parameters
    ----------
    stations
        ``load_kwh_day`` and the columns of ``tables.SITES``.
    assignments, demand
        Who is served where, at which occasion; ``tables.DEMAND``.
    chargers
        Classes of chargers and their mix.
    sizing
        Block of the scenario.
    occasions
        Which classes serve whom. None: any class serves everybody.
    """
    pools = None
    if occasions is not None:
        pools = _pools(stations["site_id"], assignments, demand, sizing, occasions)
    peak = peak_shares(stations["site_id"], assignments, demand, sizing) * sizing.busiest_day
    load = stations["load_kwh_day"].to_numpy(dtype=float)
    return Load(load * peak, chargers.shares_at(stations), chargers.classes, sizing, pools)


def _pools(
    site_id: pd.Series,
    assignments: pd.DataFrame,
    demand: pd.DataFrame,
    sizing: scenario.Sizing,
    occasions: Occasions,
) -> Pools:
    """Return which classes serve whom at stations, each pool at the peak of its own drivers."""
    classes = occasions.chargers.classes.index
    serves = np.column_stack([classes.isin(pool) for pool in occasions.pool_classes])
    pool = assignments["occasion"].astype("str").map(occasions.pools)
    peak = np.zeros((len(site_id), len(occasions.pool_classes)))
    for number in range(peak.shape[1]):
        some = assignments[pool == number]
        kwh = some.groupby(some["site_id"].astype("str"))["kwh_day"].sum()
        kwh = kwh.reindex(site_id, fill_value=0.0)
        peak[:, number] = kwh.to_numpy(dtype=float) * peak_shares(site_id, some, demand, sizing)
    whole = peak.sum(axis=1, keepdims=True)
    return Pools(serves, np.divide(peak, whole, out=np.zeros_like(peak), where=whole > 0))


def equipped_swaps(
    swaps: gpd.GeoDataFrame, ground: Ground, given: scenario.Scenario
) -> gpd.GeoDataFrame:
    """Return the swap stations of a plan with power and price.

    What exists costs nothing, and has the power it is listed with where it offers no chargers.
    """
    new = swaps["is_new"].to_numpy(dtype=bool)
    result = _on_grid(swaps.copy(), ground)
    listed = result.pop("existing_kw").where(
        ~result["is_new"] & (result.pop("existing_chargers") == 0)
    )
    result["power_kw"] = listed.fillna(given.model.swap_station_kw)
    result["kva"] = rated_kva(transformer_kva(result["power_kw"], given.power))
    result["drawn_kw"] = np.where(new, given.model.swap_station_kw, 0.0)
    for case, end in ENDS.items():
        result[f"cost{end}"] = np.where(new, ground.costs.swap_station_cny[case], 0.0)
    return result


def station_draw(stations: pd.DataFrame, factors: DemandFactors) -> dict[str, Floats]:
    """Return what stations draw, by column.

    ``demand_factor`` is the share of its power that a station draws at its busiest, missing where
    it has no charger. ``drawn_kw`` is what it draws more than today, of chargers of its kind's
    mean power: ``(at_once(n) - at_once(existing)) kw``.
    """
    chargers = stations["chargers"].to_numpy(dtype=np.int64)
    piles = stations["piles_per_charger"].to_numpy(dtype=float)
    before = factors.at_once(stations["existing_chargers"].to_numpy(dtype=np.int64), piles)
    after = factors.at_once(chargers, piles)
    kw = stations["kw_per_charger"].to_numpy(dtype=float)
    share = np.divide(after, chargers, out=np.full(len(after), np.nan), where=chargers > 0)
    return {"demand_factor": share, "drawn_kw": (after - before) * kw}


def usage(stations: pd.DataFrame) -> dict[str, pd.Series]:
    """Return how hard stations work, by column.

    ``kwh_per_charger_day`` is ``load_kwh_day / chargers``. ``hours_per_day_in_use`` is
    ``load_kwh_day / power_kw``: the hours a day that the station would run at full power for its
    energy (equivalent full-power hours, not hours in which a car is plugged in). Both are missing
    where the load or what it is divided by is missing or 0.

    Examples
    --------
    >>> import pandas as pd
    >>> stations = pd.DataFrame(
    ...     {
    ...         "load_kwh_day": [600.0, 0.0, float("nan"), 600.0],
    ...         "chargers": [4, 4, 4, 0],
    ...         "power_kw": [120.0, 120.0, 120.0, float("nan")],
    ...     }
    ... )
    >>> usage(stations)["kwh_per_charger_day"].tolist()
    [150.0, 0.0, nan, nan]
    >>> usage(stations)["hours_per_day_in_use"].tolist()
    [5.0, 0.0, nan, nan]
    """
    load = stations["load_kwh_day"]
    return {
        name: load / stations[by].where(stations[by] > 0)
        for name, by in (("kwh_per_charger_day", "chargers"), ("hours_per_day_in_use", "power_kw"))
    }


def class_table(stations: pd.DataFrame, chargers: Chargers) -> dict[str, ChargerClass]:
    """Return each class of charger with its power, energy a day and number in the plan."""
    return {
        str(name): ChargerClass(
            power_kw=float(row["power_kw"]),
            kwh_day=float(row["kwh_day"]),
            chargers=float(stations[f"{CLASS_PREFIX}{name}"].sum()),
        )
        for name, row in chargers.classes.iterrows()
    }


def ground_notes(stations: pd.DataFrame, ground: Ground) -> list[Note]:
    """Return notes on what is estimated or unknown about the stations."""
    notes: list[Note] = []
    guessed = stations.loc[~has_listed_power(stations), "existing_chargers"]
    if stood := int(guessed.sum()):
        notes.append(Note("classes_estimated", {"chargers": stood}))
    if ground.costs.distance_unknown:
        notes.append(Note("grid_distance_unknown", {"sites": ground.costs.distance_unknown}))
    return notes


def figure_notes(figures: dict[str, float], sizing: scenario.Sizing) -> list[Note]:
    """Return notes on waits and power that a plan does not keep, or that nobody knows."""
    notes: list[Note] = []
    if long := int(figures["sites_over_wait"]):
        values = {"sites": long, "share": sizing.promise_share, "minutes": sizing.promise_wait_min}
        notes.append(Note("waits_long", values))
    if unknown := int(figures["headroom_unknown_sites"]):
        notes.append(Note("power_unknown", {"sites": unknown}))
    if short := int(figures["substations_overdrawn"]):
        notes.append(Note("power_short", {"count": short}))
    return notes


def _on_grid(
    stations: gpd.GeoDataFrame, ground: Ground, names: tuple[str, ...] = _GRID
) -> gpd.GeoDataFrame:
    grid = ground.grid.set_index("site_id").reindex(stations["site_id"])
    return stations.assign(**{name: grid[name].to_numpy() for name in names})
