"""The table of tags: which OSM elements are what, and where an extract has one sort of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import osmium

from siting.errors import BrokenFileError, TableError
from siting.inputs.files.sheets import read_rule_rows

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from siting.arrays import Floats

LAYERS = ("places", "landscape", "stations", "substations")
ANY = "*"
NONE = "!"
_COLUMNS = ("layer", "kind", "key", "value", "also", "priority")


@dataclass(frozen=True)
class KindRule:
    """One row of the table: elements with this tag are of this kind.

    Attributes
    ----------
    layer
        Table the element goes to: places, landscape, stations or substations.
    kind
        Kind it has there.
    key, values
        The tag; no values means any value.
    also
        Further tags that must be there as well: (key, value or ``*``); ``!``: not there.
    priority
        Lower wins where several rows of one layer fit.
    """

    layer: str
    kind: str
    key: str
    values: frozenset[str]
    also: tuple[tuple[str, str], ...]
    priority: int

    def fits(self, tags: Mapping[str, str]) -> bool:
        """Tell whether an element with these tags is of this kind."""
        value = tags.get(self.key)
        if value is None or value == "no" or (self.values and value not in self.values):
            return False
        return all(_holds(tags, key, wanted) for key, wanted in self.also)


@dataclass(frozen=True)
class PlaceKinds:
    """All rows of the table, sorted by priority within each layer."""

    rules: tuple[KindRule, ...]

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The tag keys that decide a kind, sorted."""
        return tuple(sorted({rule.key for rule in self.rules}))

    @cached_property
    def _by_key(self) -> dict[str, list[KindRule]]:
        found: dict[str, list[KindRule]] = {}
        for rule in self.rules:
            found.setdefault(rule.key, []).append(rule)
        return found

    def match(self, tags: Mapping[str, str]) -> dict[str, str]:
        """Return the kind of an element in each layer it belongs to.

        Parameters
        ----------
        tags
            All tags of the element.
        """
        return {layer: rule.kind for layer, rule in self.match_rules(tags).items()}

    def match_rules(self, tags: Mapping[str, str]) -> dict[str, KindRule]:
        """Return the row that an element fits in each layer it belongs to; see :meth:`match`."""
        best: dict[str, KindRule] = {}
        for key in tags.keys() & self._by_key.keys():
            for rule in self._by_key[key]:
                if rule.fits(tags) and _before(rule, best.get(rule.layer)):
                    best[rule.layer] = rule
        return dict(sorted(best.items()))

    def query_tags(self) -> dict[str, bool | str | list[str]]:
        """Return the tags to ask a server for, in osmnx's form; a superset of :meth:`match`."""
        asked: dict[str, bool | str | list[str]] = {}
        for key in self.keys:
            rules = self._by_key[key]
            if all(rule.values for rule in rules):
                asked[key] = sorted({value for rule in rules for value in rule.values})
            else:
                asked[key] = True
        return asked


def _holds(tags: Mapping[str, str], key: str, wanted: str) -> bool:
    """Tell whether the tags have a key with a value, any value, or do not have it."""
    if wanted == NONE:
        return tags.get(key, "no") == "no"
    return key in tags and wanted in (ANY, tags[key])


def _before(rule: KindRule, other: KindRule | None) -> bool:
    return other is None or (rule.priority, rule.kind) < (other.priority, other.kind)


def read_place_kinds(path: Path) -> PlaceKinds:
    """Read the table of tags.

    Parameters
    ----------
    path
        CSV with the columns layer, kind, key, value (``*`` for any, ``a|b`` for several),
        also (``key=value;key=*;key=!``) and priority; further columns are for people.

    Raises
    ------
    InputMissingError, BrokenFileError
        If the file is not there, or may not be read.
    TableError
        If it is no CSV table; else naming every bad row at once.
    """
    rows = read_rule_rows(path, key="inputs.place_kinds")
    missing = [name for name in _COLUMNS if name not in rows[0]]
    if missing:
        raise TableError(
            f"the table of place kinds lacks the column(s) {', '.join(missing)}",
            where=f"inputs.place_kinds: {path}",
            cure=f"it has: {', '.join(rows[0])}; compare it with the shipped data/place_kinds.csv",
        )
    rules, faults = [], []
    for number, row in enumerate(rows, start=2):
        try:
            rules.append(_rule(row))
        except ValueError as error:
            faults.append(f"row {number}: {error}")
    if faults:
        raise TableError(
            "the table of place kinds has faults:\n    - " + "\n    - ".join(faults),
            where=f"inputs.place_kinds: {path}",
            cure="compare it with the shipped data/place_kinds.csv",
        )
    return PlaceKinds(tuple(sorted(rules, key=lambda rule: (rule.layer, rule.priority, rule.kind))))


def _rule(row: dict[str, str]) -> KindRule:
    layer, kind, key = (row[name] for name in ("layer", "kind", "key"))
    if layer not in LAYERS:
        raise ValueError(f"layer '{layer}' is none of {', '.join(LAYERS)}")
    if not kind or not key:
        raise ValueError("kind and key must not be empty")
    value = row["value"]
    if not value:
        raise ValueError("value is empty; write * for any")
    values = frozenset() if value == ANY else frozenset(value.split("|"))
    also = []
    for test in filter(None, (part.strip() for part in row["also"].split(";"))):
        also_key, equals, wanted = test.partition("=")
        if not equals:
            raise ValueError(f"also wants key=value, got '{test}'")
        also.append((also_key, wanted))
    priority = int(row["priority"])
    return KindRule(layer, kind, key, values, tuple(also), priority)


_STREETS = ("residential", "living_street", "tertiary", "secondary")
"""Roads of settlements: where they are is the place; a motorway leads out of it."""


def landmarks(path: Path, key: str, value: str) -> Floats:
    """Return the places of the nodes and ways of an extract that have a tag.

    Parameters
    ----------
    path
        An extract.
    key, value
        The tag, e.g. ``power``, ``substation``.

    Returns
    -------
    array of shape (n, 2)
        Lon and lat in WGS-84; of a way the middle of its nodes.

    Raises
    ------
    BrokenFileError
        If the extract cannot be read.
    """
    lines = _lines(path, (key, value))
    return np.array([line.mean(axis=0) for line in lines]).reshape(-1, 2)


def road_box(path: Path) -> Floats:
    """Return the south-western and the north-eastern corner of the streets of an extract.

    Parameters
    ----------
    path
        An extract.

    Returns
    -------
    array of shape (2, 2), or (0, 2) without streets
        Lon and lat in WGS-84.

    Raises
    ------
    BrokenFileError
        If the extract cannot be read.
    """
    lines = _lines(path, *(("highway", value) for value in _STREETS))
    if not lines:
        return np.empty((0, 2))
    every = np.concatenate(lines)
    return np.array([every.min(axis=0), every.max(axis=0)])


def _lines(path: Path, *tags: tuple[str, str]) -> list[Floats]:
    """Return the places of the nodes, and of the nodes of the ways, that have one of some tags."""
    found: list[Floats] = []
    try:
        objects: Any = osmium.FileProcessor(str(path)).with_locations()
        for one in objects.with_filter(osmium.filter.TagFilter(*tags)):
            if one.is_node():
                found.append(np.array([[one.lon, one.lat]]))
            elif one.is_way():
                line = [(node.lon, node.lat) for node in one.nodes if node.location.valid()]
                found += [np.array(line)] if line else []
    except (RuntimeError, ValueError) as error:
        raise BrokenFileError(
            f"'{path.name}' cannot be read: {error}",
            where=str(path),
            cure="it may be cut short: download it again",
        ) from error
    return found
