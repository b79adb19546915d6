"""The factors of a scenario, put on the data: what if prices, power or people were others."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from siting.notes import Note

if TYPE_CHECKING:
    import pandas as pd

    from siting.analysis.station.chargers import Chargers
    from siting.inputs.world import World
    from siting.scenario import Factors

_ESTIMATED = "estimated"
_MONEY = "CNY"
_CASES = ["low", "base", "high"]
_PRICES = ["price_low_cny", "price_cny", "price_high_cny"]

Told = list[Note]


def factored_world(world: World, factors: Factors) -> tuple[World, Told]:
    """Return the world with headroom and estimated people multiplied, and a note of all factors.

    Unknown headroom stays unknown; people counted, rounded or suspect stay as they are.
    """
    zones, substations = world.zones, world.substations
    if factors.estimated_people != 1:
        share = zones["population_quality"].eq(_ESTIMATED) * (factors.estimated_people - 1.0) + 1.0
        zones = zones.assign(population=zones["population"] * share)
    if factors.headroom != 1 and substations is not None:
        substations = substations.assign(headroom_kw=substations["headroom_kw"] * factors.headroom)
    told: Told = []
    if any(value != 1 for value in factors.model_dump().values()):
        told.append(Note("factors", factors.model_dump()))
    return replace(world, zones=zones, substations=substations), told


def factored_prices(prices: pd.DataFrame, factors: Factors) -> pd.DataFrame:
    """Return the table of prices with all money multiplied; shares and lengths stay."""
    if factors.prices == 1:
        return prices
    factor = prices["unit"].str.startswith(_MONEY) * (factors.prices - 1.0) + 1.0
    return prices.assign(**{case: prices[case] * factor for case in _CASES})


def factored_chargers(chargers: Chargers, factors: Factors) -> Chargers:
    """Return the classes of chargers with their prices multiplied."""
    if factors.prices == 1:
        return chargers
    classes = chargers.classes.assign(
        **{name: chargers.classes[name] * factors.prices for name in _PRICES}
    )
    bay = chargers.swap_bay.copy()
    bay[_PRICES] = bay[_PRICES].astype(float) * factors.prices
    return replace(chargers, classes=classes, swap_bay=bay)
