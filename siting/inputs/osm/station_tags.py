"""What the tags of a charging station say: chargers, power, whether it swaps, whose it is."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from siting.shipped import shipped_path

if TYPE_CHECKING:
    from collections.abc import Mapping

_CAR_BAYS = ("capacity:motorcar", "capacity:car", "capacity:electric_vehicle")
_SWAP_KEYS = (
    "battery_swapping", "battery_swap", "battery:swap", "battery:swapping", "swap",
    "charging_station:battery_swap", "service:battery_swap", "service:vehicle:battery_swap",
)  # fmt: skip
_SWAP_TYPE_KEYS = ("amenity", "charging_station", "charging_station:type", "charging", "type")
_SWAP_TEXT = re.compile(r"battery[ _-]?(?:swap|exchange)|power ?swap|\bswap station", re.IGNORECASE)
_SWAP_NAME = re.compile("换电|換電|换电池")
_CHARGE_NAME = re.compile("充换电|換充電|充電換電|充电换电|换电充电|充电[/、&和]?换电")
_HOUSEHOLD = ("schuko", "typee", "cee_blue", "nema_5_15", "nema_5_20", "bs1363", "as3112", "type_a",
              "usb", "bosch_3pin", "bosch_5pin", "shimano_steps_5pin", "xlr_4pin")  # fmt: skip
_NUMBER = re.compile(r"\s*(\d+)\s*$")
_POWER = re.compile(r"\s*(\d+(?:[.,]\d+)?)\s*(kW|kVA|W|MW)?\s*(?:;|$)", re.IGNORECASE)
_IN_KW = {"kw": 1.0, "kva": 1.0, "w": 0.001, "mw": 1000.0}
_COMPANY = re.compile(
    r"股份|有限|责任|公司|集团|新能源|充电|换电|运营|科技|服务|\b(?:gmbh|ag|ltd|inc|llc|co|sa|srl)\b|"
    r"[\s.,()（）-]"
)


@dataclass(frozen=True)
class Brand:
    """One row of ``data/station_brands.csv``.

    Attributes
    ----------
    brand
        The name all others stand for.
    names
        Parts of names it goes by, in lower case.
    swap
        All its stations swap batteries.
    use
        Vehicles other than cars that it serves, one of ``uses.OTHER_USES``; empty: cars.
    """

    brand: str
    names: tuple[str, ...]
    swap: bool
    use: str


@cache
def station_brands() -> tuple[Brand, ...]:
    """Return the brands of ``data/station_brands.csv``."""
    text = shipped_path("station_brands.csv").read_text(encoding="utf-8")
    return tuple(
        Brand(row["brand"], tuple(row["names"].split("|")), row["swap"] == "yes", row["use"])
        for row in csv.DictReader(text.splitlines())
    )


def brand_of(text: str) -> Brand | None:
    """Return the brand that a name of a station or of its operator tells, if it is a known one.

    Examples
    --------
    >>> brand_of("国网重庆市电力公司").brand, brand_of("Stadtwerke")
    ('国家电网', None)
    """
    small = text.casefold()
    return next(
        (one for one in station_brands() if any(_stands(n, small) for n in one.names)), None
    )


def _stands(name: str, text: str) -> bool:
    """Tell whether a name stands in a text; a Latin one as a word of its own."""
    if name.isascii():
        return re.search(rf"(?<![a-z]){re.escape(name)}(?![a-z])", text) is not None
    return name in text


def same_operator(one: object, other: object) -> bool:
    """Tell whether two names may mean one operator; a missing name may mean anybody.

    Examples
    --------
    >>> same_operator("国家电网", "国网江北供电公司"), same_operator("特来电", "星星充电")
    (True, False)
    >>> same_operator(None, "Ionity"), same_operator("IONITY GmbH", "Ionity")
    (True, True)
    """
    if not isinstance(one, str) or not isinstance(other, str):
        return True
    brands = brand_of(one), brand_of(other)
    if brands[0] is not None and brands[1] is not None:
        return brands[0] == brands[1]
    short = [_COMPANY.sub("", text.casefold()) for text in (one, other)]
    return short[0] in short[1] or short[1] in short[0]


def rival_brands(one: object, other: object) -> bool:
    """Tell whether two names are those of two known brands, so surely of two operators.

    Examples
    --------
    >>> rival_brands("特来电", "国网"), rival_brands("特来电", "某公司"), rival_brands("国网", None)
    (True, False, False)
    """
    if not isinstance(one, str) or not isinstance(other, str):
        return False
    brands = brand_of(one), brand_of(other)
    return None not in brands and brands[0] != brands[1]


def chargers_of(tags: Mapping[str, str], *, swaps: bool) -> int | None:
    """Return the vehicles a station charges at a time; None where no tag tells.

    ``capacity:motorcar`` goes before ``capacity``, and that before the sum of ``socket:*``, where
    household sockets only count if there is nothing else. The capacity of a station that only
    swaps counts batteries.

    Examples
    --------
    >>> chargers_of({"socket:type2": "4", "socket:chademo": "2", "socket:schuko": "2"}, swaps=False)
    6
    >>> chargers_of({"capacity": "8", "socket:type2": "16"}, swaps=False)
    8
    """
    for key in _CAR_BAYS:
        if (bays := _whole(tags.get(key))) is not None:
            return bays
    capacity = None if swaps else _whole(tags.get("capacity"))
    if capacity is not None:
        return capacity
    sockets = {
        key.split(":")[1]: number
        for key, value in tags.items()
        if key.startswith("socket:") and key.count(":") == 1
        if (number := _whole(value)) is not None
    }
    strong = [number for kind, number in sockets.items() if kind not in _HOUSEHOLD]
    found = sum(strong) if strong else sum(sockets.values())
    return found or None


def power_kw_of(tags: Mapping[str, str]) -> float | None:
    """Return the rated power of a station; None where no tag tells.

    ``charging_station:output`` is taken as it stands; else the outputs of the sockets times
    their numbers.

    Examples
    --------
    >>> power_kw_of({"socket:type2": "4", "socket:type2:output": "22 kW"})
    88.0
    """
    for key in ("charging_station:output", "maxpower"):
        if (power := _kilowatt(tags.get(key))) is not None:
            return power
    total = 0.0
    for key, value in tags.items():
        if not key.startswith("socket:") or not key.endswith(":output"):
            continue
        number, power = _whole(tags.get(key.removesuffix(":output"))), _kilowatt(value)
        if number is not None and power is not None:
            total += number * power
    return round(total, 3) or None


def swap_of(tags: Mapping[str, str]) -> tuple[bool, bool]:
    """Tell whether a station swaps batteries, and whether it does nothing else.

    Examples
    --------
    >>> swap_of({"name": "蔚来换电站", "brand": "蔚来"}), swap_of({"name": "蔚来超充站"})
    ((True, True), (False, False))
    >>> swap_of({"operator": "奥动新能源"}), swap_of({"name": "礼嘉充换电站"})
    ((True, True), (True, False))
    """
    said = next((tags[key] for key in _SWAP_KEYS if key in tags), None)
    if said == "no":
        return False, False
    texts = [tags.get(key, "") for key in ("name", "name:zh", "name:en", "brand", "description")]
    kinds = " ".join(tags.get(key, "") for key in _SWAP_TYPE_KEYS)
    by_brand = any(
        (brand := brand_of(tags.get(key, ""))) is not None and brand.swap
        for key in ("brand", "operator", "network", "name")
    )
    swaps = (
        said in ("yes", "only", "designated")
        or by_brand
        or _SWAP_TEXT.search(kinds) is not None
        or any(_SWAP_NAME.search(text) or _SWAP_TEXT.search(text) for text in texts)
    )
    sockets = any(key.startswith("socket:") and value != "no" for key, value in tags.items())
    charges = sockets or any(_CHARGE_NAME.search(text) for text in texts)
    return swaps, swaps and not charges and said != "yes"


def use_by_brand(tags: Mapping[str, str]) -> str | None:
    """Return the vehicles other than cars that the brand of a station serves."""
    for key in ("brand", "operator", "network", "name"):
        brand = brand_of(tags.get(key, ""))
        if brand is not None:
            return brand.use or None
    return None


def operator_of(tags: Mapping[str, str]) -> str | None:
    """Return whose station it is: the operator, else the brand, else the network."""
    return next((tags[key] for key in ("operator", "brand", "network") if tags.get(key)), None)


def _whole(value: str | None) -> int | None:
    found = _NUMBER.match(value) if value else None
    return int(found.group(1)) if found else None


def _kilowatt(value: str | None) -> float | None:
    found = _POWER.match(value) if value else None
    if found is None:
        return None
    number = float(found.group(1).replace(",", "."))
    unit = (found.group(2) or "").casefold()
    return number * _IN_KW[unit] if unit else None
