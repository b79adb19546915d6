"""The answers of an Overpass server: their elements, each once, and each what OSM calls one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from siting import files
from siting.errors import DownloadError

if TYPE_CHECKING:
    from pathlib import Path

    from siting.files import JsonObject

_SHOWN = 300
_MOST_ID = 1 << 62
_LONGEST = 255
"""Most signs of a tag in OSM; a longer one is none of its, and libosmium takes no such text."""
_KINDS = ("node", "way", "relation")
_HALF_TURN, _QUARTER = 180.0, 90.0


@dataclass(frozen=True)
class Answers:
    """Raw answers of an Overpass server.

    Attributes
    ----------
    elements
        OSM elements as Overpass gives them, each once, sorted by type and id.
    as_of
        Time of the server's data, ISO; empty if it does not say.
    """

    elements: dict[str, dict[int, JsonObject]]
    as_of: str


def merged(folder: Path, endpoint: str) -> Answers:
    """Join the answers of all queries, each element once and sorted by id."""
    found: dict[str, dict[int, JsonObject]] = {"node": {}, "way": {}, "relation": {}}
    times = set()
    for path in sorted(folder.glob("*.json")):
        answer = files.read_json(path)
        if not isinstance(answer, dict):
            continue
        times.add(_time_of(answer))
        for element in _elements_of(answer, endpoint):
            if element["type"] in found:
                found[element["type"]][element["id"]] = element | {"tags": _tags(element)}
    elements = {kind: dict(sorted(things.items())) for kind, things in found.items()}
    return Answers(elements, min(times, default=""))


def _time_of(answer: JsonObject) -> str:
    server = answer.get("osm3s")
    return str(server.get("timestamp_osm_base", "")) if isinstance(server, dict) else ""


def _elements_of(answer: JsonObject, endpoint: str) -> list[JsonObject]:
    """Return the elements of an answer.

    Raises
    ------
    DownloadError
        If one of them is none: without id, a node without a place, a way without its nodes.
    """
    elements = answer.get("elements", [])
    wrong = (
        [one for one in elements if not _is_element(one)]
        if isinstance(elements, list)
        else [elements]
    )
    if wrong:
        raise DownloadError(
            f"the server's answer holds {len(wrong)} thing(s) that are no OSM element, e.g. "
            f"{str(wrong[0])[:_SHOWN]}",
            where=endpoint,
            cure="use another inputs.overpass.endpoint, or plan from a local extract",
        )
    return elements


def _is_element(one: object) -> bool:
    if not isinstance(one, dict) or not isinstance(one.get("tags", {}), dict):
        return False
    kind, number = one.get("type"), one.get("id")
    if not isinstance(number, int) or abs(number) > _MOST_ID:
        return False
    if kind == "node":
        limits = (("lat", _QUARTER), ("lon", _HALF_TURN))
        return all(_is_within(one.get(name), most) for name, most in limits)
    if kind == "way":
        return _are_ids(one.get("nodes", []))
    if kind == "relation":
        members = one.get("members", [])
        return isinstance(members, list) and all(
            isinstance(member, dict)
            and member.get("type") in _KINDS
            and isinstance(member.get("role", ""), str)
            and _are_ids([member.get("ref")])
            for member in members
        )
    return True


def _is_within(value: object, most: float) -> bool:
    return isinstance(value, int | float) and abs(value) <= most


def _tags(element: JsonObject) -> dict[str, str]:
    tags = element.get("tags", {})
    return {str(key)[:_LONGEST]: str(value)[:_LONGEST] for key, value in tags.items()}


def _are_ids(values: object) -> bool:
    return isinstance(values, list) and all(
        isinstance(value, int) and abs(value) <= _MOST_ID for value in values
    )
