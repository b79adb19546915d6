"""What an element means for a plan, worked out of all its tags before most of them are dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siting.inputs.osm.station_tags import (
    chargers_of,
    operator_of,
    power_kw_of,
    swap_of,
    use_by_brand,
)
from siting.inputs.osm.uses import not_running, public_access

if TYPE_CHECKING:
    from collections.abc import Mapping

    from siting.inputs.osm.kinds import KindRule

NAMES = (
    "places_state", "places_access", "stations_state", "stations_access", "chargers", "power_kw",
    "swap", "operator", "bays_charging",
)  # fmt: skip
"""What :func:`meanings` may tell; absent where no tag does."""

_FOR_VEHICLES = {
    ("amenity", "parking"), ("building", "parking"), ("amenity", "fuel"),
    ("highway", "services"), ("highway", "rest_area"),
}  # fmt: skip


def meanings(tags: Mapping[str, str], rules: Mapping[str, KindRule], as_of: str) -> dict[str, str]:
    """Return what the tags of an element mean for a plan.

    Parameters
    ----------
    tags
        All its tags.
    rules
        The row of the table of kinds it fits, by layer.
    as_of
        ISO date of the map; empty if unknown.

    Returns
    -------
    dict
        Texts by the names of :data:`NAMES`: ``*_state`` (why it is no working thing, as
        ``uses.not_running``), ``*_access`` (as ``uses.public_access``), and of a station its
        chargers, power, ``swap`` (yes) and operator; of a car park its bays with a charger.
    """
    told: dict[str, object] = {}
    for layer in ("places", "stations"):
        if layer not in rules:
            continue
        tag = (rules[layer].key, tags[rules[layer].key])
        for_vehicles = layer == "stations" or tag in _FOR_VEHICLES
        told[f"{layer}_state"] = not_running(tags, tag, as_of)
        told[f"{layer}_access"] = public_access(tags, for_vehicles=for_vehicles)
        if layer == "places" and tag[1] == "parking":
            told["bays_charging"] = chargers_of(
                {"capacity": tags.get("capacity:charging", "")}, swaps=False
            )
    if "stations" in rules:
        swaps, only = swap_of(tags)
        told |= {
            "chargers": chargers_of(tags, swaps=only),
            "power_kw": power_kw_of(tags),
            "swap": "yes" if swaps else None,
            "operator": operator_of(tags),
            "stations_access": use_by_brand(tags) or told["stations_access"],
        }
    return {name: str(value) for name, value in told.items() if value is not None}
