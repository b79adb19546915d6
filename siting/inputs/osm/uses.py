"""What the tags of an element say it is for: cars of the public, others, or nothing any more.

OSM says who may use a thing by a hierarchy of keys (``access`` < ``vehicle`` < ``motor_vehicle``
< ``motorcar``), for whom it was made by keys of vehicles (``hgv = designated``), and that it does
not run by lifecycle keys (``disused = yes``, ``construction:amenity = parking``). Chinese mappers
often write the same into the name. Source: the OSM wiki's pages of these keys (U).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from siting.inputs.osm.station_tags import (
    chargers_of,
    operator_of,
    power_kw_of,
    swap_of,
    use_by_brand,
)
from siting.tables.catalogue import NOT_PUBLIC

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from siting.inputs.osm.kinds import KindRule

_CAR_KEYS = ("motorcar", "car", "motor_vehicle", "vehicle", "access")
_GIVEN = ("yes", "designated", "only", "official", "exclusive", "permissive")
_RESERVED = ("designated", "only", "official", "exclusive")
_USERS = {
    "bicycles": (
        "bicycle", "ebike", "e-bike", "electric_bicycle", "speed_pedelec", "kick_scooter",
        "small_electric_vehicle", "scooter",
    ),
    "motorcycles": ("motorcycle", "moped", "mofa"),
    "lorries": ("hgv", "truck", "hgv_articulated", "goods", "trailer"),
    "buses": ("bus", "coach", "tourist_bus", "psv", "minibus"),
    "taxis": ("taxi",),
    "boats": ("boat", "ship", "motorboat"),
    "campers": ("motorhome", "caravan", "caravans"),
}  # fmt: skip
_LIGHT = ("bicycles", "motorcycles", "boats")
"""Users whose charging stations are of their own kind: a mere ``yes`` says for whom one is."""

_CAR_SOCKETS = ("type1", "type2", "type3", "ccs", "chademo", "gb", "tesla", "nacs")
_LOCK_UPS = ("garage_boxes", "garages", "carports", "sheds")
_LOCK_UP_BUILDINGS = ("garages", "garage", "carport")
_USE_IN_NAME = (
    (
        "bicycles",
        re.compile(
            r"非机动车|自行车|电动车(?:停|棚)|电单车|电瓶车|换电柜|\be-?bikes?\b|pedelec|"
            r"bicycle (?:charging|parking)|fahrrad-?(?:parkplatz|lade)|velo-?(?:parkplatz|lade)",
            re.IGNORECASE,
        ),
    ),
    (
        "motorcycles",
        re.compile(r"摩托车|motorcycle parking|motorrad-?parkplatz", re.IGNORECASE),
    ),
    (
        "lorries",
        re.compile(
            r"(?:货车|卡车|重卡|挂车)[^路街]*(?:停车|充电|换电|泊车|车位|区)|"
            r"\b(?:lorry|truck) (?:park|charging)|\blkw-?(?:parkplatz|lade)",
            re.IGNORECASE,
        ),
    ),
    (
        "buses",
        re.compile(
            r"(?:公交|大巴|大客车)(?:车)?(?:专用|停车|停保|车位)|\b(?:bus|coach) park|busparkplatz",
            re.IGNORECASE,
        ),
    ),
)
_BUS_STATION = re.compile("专用")
"""A charging station named after a bus depot is often open to all; one "for buses only" is not."""

_ENDED = ("disused", "abandoned", "demolished", "razed", "removed", "destroyed")
_TO_COME = ("construction", "proposed", "planned")
_STATUS_KEYS = ("operational_status", "operational_state", "status", "state", "service_status")
_CLOSED = re.compile(
    "closed|out.of.(?:order|service|use)|broken|not.(?:operational|working|in.use)|"
    "non.?operational|inactive|decommissioned|defunct|removed|suspended"
)
_COMING = re.compile("planned|proposed|construction|coming|not.(?:yet.)?open|future")
_CLOSED_NAME = re.compile(
    r"已关闭|已停用|停用|停业|停运|废弃|已拆除|暂停营业|[(（](?:closed|disused)[)）]", re.IGNORECASE
)
_COMING_NAME = re.compile(
    "建设中|在建|待建|拟建|规划中|未开放|未开业|筹建|"
    r"[(（](?:planned|proposed|under construction)[)）]",
    re.IGNORECASE,
)
_DATE = re.compile(r"\s*(\d{4}(?:-\d{2}){0,2})\s*$")


def not_running(tags: Mapping[str, str], kind_tag: tuple[str, str], as_of: str) -> str | None:
    """Tell why an element is no working thing: disused, closed or planned; None if it works.

    Parameters
    ----------
    tags
        All tags of the element.
    kind_tag
        The tag that made it what it is: a prefix (``disused:amenity``) only counts with it, for
        ``disused:amenity = fuel`` beside ``amenity = charging_station`` tells of a former use.
    as_of
        ISO date of the map; empty: dates of opening and closing tell nothing.

    Examples
    --------
    >>> tag = ("amenity", "charging_station")
    >>> not_running({"amenity": "charging_station", "disused": "yes"}, tag, "")
    'disused'
    >>> not_running({"amenity": "charging_station", "disused:amenity": "fuel"}, tag, "")
    >>> not_running({"amenity": "charging_station", "opening_date": "2026-05"}, tag, "2024-01-01")
    'planned'
    """
    key, value = kind_tag
    for reason, prefixes in (("disused", _ENDED), ("planned", _TO_COME)):
        for prefix in prefixes:
            said = tags.get(prefix, "no")
            if said in ("yes", "true", "1", value) or tags.get(f"{prefix}:{key}") == value:
                return reason
    status = " ".join(tags.get(name, "").casefold() for name in _STATUS_KEYS)
    hours = tags.get("opening_hours", "").strip().casefold()
    name = tags.get("name", "")
    if _COMING.search(status) or _COMING_NAME.search(name):
        return "planned"
    if _CLOSED.search(status) or hours in ("closed", "off") or _CLOSED_NAME.search(name):
        return "closed"
    return _by_date(tags, as_of)


def _by_date(tags: Mapping[str, str], as_of: str) -> str | None:
    if not as_of:
        return None
    for reason, names in (("planned", ("opening_date", "start_date")), ("closed", ("end_date",))):
        for name in names:
            found = _DATE.match(tags.get(name, ""))
            if found is None:
                continue
            date = found.group(1)
            today = as_of[: len(date)]
            if (date > today) if reason == "planned" else (date < today):
                return reason
    return None


def public_access(tags: Mapping[str, str], *, for_vehicles: bool) -> str | None:
    """Return what a car of the public may do with an element, as its column ``access`` holds it.

    Parameters
    ----------
    tags
        All tags of the element.
    for_vehicles
        It is made for vehicles (a car park, a charging or fuel station, a service area): the keys
        of vehicles are about it. ``motor_vehicle = no`` of a park is not.

    Returns
    -------
    str or None
        One of ``OTHER_USES`` or ``NOT_PUBLIC`` (:mod:`siting.tables.catalogue`) if not open to it,
        else the value of ``access``; None where nothing is said.

    Examples
    --------
    >>> public_access({"access": "yes", "hgv": "designated", "motorcar": "no"}, for_vehicles=True)
    'lorries'
    >>> public_access({"motor_vehicle": "private"}, for_vehicles=True)
    'private'
    >>> public_access({"access": "no", "motorcar": "yes"}, for_vehicles=True)
    'yes'
    """
    if not for_vehicles:
        return _refused(tags.get("access", "")) or tags.get("access")
    if _is_lock_up(tags):
        return "lock_ups"
    said = [(key, tags[key]) for key in _CAR_KEYS if key in tags]
    own = [value for key, value in said if key != "access"]
    refused = _refusal(said)
    if refused is not None:
        return next(_users(tags, _GIVEN), refused) if refused == "no" else refused
    if not own and not _has_car_parts(tags):
        reserved = next(_users(tags, _RESERVED), None) or _all_bays(tags)
        reserved = reserved or _station_of_others(tags) or _use_in_name(tags)
        if reserved is not None:
            return reserved
    if _no_bay_for_cars(tags):
        return next(_users(tags, _GIVEN), "no")
    return own[0] if own and tags.get("access") == "no" else tags.get("access")


def _refusal(said: list[tuple[str, str]]) -> str | None:
    """Return the value that keeps cars out; ``no`` yields to an open one of a finer key."""
    opened = False
    for _, value in said:
        refused = _refused(value)
        if refused is None:
            opened = True
        elif refused != "no" or not opened:
            return refused
    return None


def _refused(value: str) -> str | None:
    """Return the first part of a value if each part of it keeps the public out."""
    parts = [part.strip().casefold() for part in value.split(";") if part.strip()]
    return parts[0] if parts and all(part in NOT_PUBLIC for part in parts) else None


def _users(tags: Mapping[str, str], values: tuple[str, ...]) -> Iterator[str]:
    """Yield the users other than cars that have one of these values."""
    for use, keys in _USERS.items():
        if any(tags.get(key) in values for key in keys):
            yield use


def _station_of_others(tags: Mapping[str, str]) -> str | None:
    """Return the light vehicles that a charging station names without a word of cars."""
    if not _charges(tags):
        return None
    return next((use for use in _users(tags, _GIVEN) if use in _LIGHT), None)


def _has_car_parts(tags: Mapping[str, str]) -> bool:
    """Tell whether it has sockets or bays for cars."""
    return any(
        (key.startswith("socket:") and key.split(":")[1].startswith(_CAR_SOCKETS) and value != "no")
        or (key in ("capacity:motorcar", "capacity:car") and value not in ("0", "no"))
        for key, value in tags.items()
    )


def _all_bays(tags: Mapping[str, str]) -> str | None:
    """Return the users whose bays are as many as there are in all."""
    total = tags.get("capacity")
    for use, keys in _USERS.items():
        if total and any(tags.get(f"capacity:{key}") == total for key in keys):
            return use
    return None


def _no_bay_for_cars(tags: Mapping[str, str]) -> bool:
    return any(tags.get(key) in ("0", "no") for key in ("capacity:motorcar", "capacity:car"))


def _is_lock_up(tags: Mapping[str, str]) -> bool:
    if "parking" not in (tags.get("amenity"), tags.get("building")):
        return False
    return tags.get("parking") in _LOCK_UPS or tags.get("building") in _LOCK_UP_BUILDINGS


def _use_in_name(tags: Mapping[str, str]) -> str | None:
    name = tags.get("name", "")
    use = next((use for use, pattern in _USE_IN_NAME if pattern.search(name)), None)
    return None if use == "buses" and _charges(tags) and not _BUS_STATION.search(name) else use


def _charges(tags: Mapping[str, str]) -> bool:
    return tags.get("amenity") == "charging_station" or tags.get("man_made") == "charge_point"


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
