"""A scenario written from a look at files: what was found as keys, what was not as questions."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from siting.geo import to_wgs84

if TYPE_CHECKING:
    from pathlib import Path

    from siting.inputs.survey import Look

_MARGIN = 0.01
_ASK = "# ASK: "
_GIVEN = {"stations": 10, "chargers": 100}
_ORDER = (
    "preset", "datum", "layer", "encoding", "header_row", "group_by", "where", "columns",
    "people_key", "people_encoding", "people_header_row", "people_columns", "people_unit",
    "headroom_unit", "power_unit",
)  # fmt: skip


def scenario_text(
    looks: list[Look],
    *,
    folder: Path,
    name: str,
    targets: dict[str, int | None],
    language: str,
) -> tuple[str, list[str]]:
    """Return a scenario in TOML for some files, and the questions it leaves open.

    Parameters
    ----------
    looks
        What the files hold, answers filled in.
    folder
        Folder of the scenario, which its paths are seen from.
    name
        Name of the run.
    targets
        Totals that are known already.
    language
        ``"zh"`` or ``"en"``.
    """
    still: list[str] = []
    lines = [
        "siting = 1",
        "",
        "[run]",
        f"name = {_toml(name)}",
        f"language = {_toml(language)}",
        "",
    ]
    lines += _area(looks, folder, still)
    lines += _inputs(looks, folder, still)
    lines += [
        "[targets]                                                # existing and new together"
    ]
    for key, usual in _GIVEN.items():
        value = targets.get(key)
        mark = "" if value else f"    {_ASK}your target"
        lines.append(f"{key} = {value or usual}{mark}")
        if not value:
            still.append(f"targets.{key}: {usual} stands there until you say yours")
    return "\n".join(lines) + "\n", still


def _area(looks: list[Look], folder: Path, still: list[str]) -> list[str]:
    """Return the block of the area: an outline, else the zones' outline, else the points' box."""
    by_role = {look.role: look for look in reversed(looks)}
    outline = by_role.get("boundary") or by_role.get("zones")
    if outline is not None:
        lines = ["[area]", f"boundary = {_path(outline.path, folder)}"]
        return [*lines, *_datum(outline, "area", still), ""]
    points = [_in_wgs84(look) for look in looks if len(look.points)]
    if not points:
        still.append("area: no file says where it is; give a bbox or an outline")
        return ["[area]", f"bbox = [0.0, 0.0, 0.1, 0.1]    {_ASK}west, south, east, north", ""]
    every = np.concatenate(points)
    low, high = every.min(axis=0) - _MARGIN, every.max(axis=0) + _MARGIN
    box = ", ".join(f"{value:.4f}" for value in (*low, *high))
    still.append("area: the box around your points is taken; an outline is better")
    return ["[area]", f"bbox = [{box}]    {_ASK}an outline is better", ""]


def _in_wgs84(look: Look) -> np.ndarray:
    datum = look.keys.get("datum", "wgs84")
    return np.column_stack(to_wgs84(look.points[:, 0], look.points[:, 1], datum))


def _inputs(looks: list[Look], folder: Path, still: list[str]) -> list[str]:
    extract = next((look for look in looks if look.role == "osm"), None)
    osm = '"overpass"' if extract is None else _path(extract.path, folder)
    lines = ["[inputs]", f"osm = {osm}", ""]
    zones = next((look for look in looks if look.role == "zones"), None)
    people = next((look for look in looks if look.role == "people"), None)
    if zones is not None or people is not None:
        lines.append("[inputs.zones]")
        if zones is not None:
            lines += [f"file = {_path(zones.path, folder)}", *_keys(zones, "inputs.zones", still)]
        if people is not None:
            lines += [f"people = {_path(people.path, folder)}",
                      *_keys(people, "inputs.zones", still)]  # fmt: skip
        lines.append("")
    heads = {"stations": "[[inputs.stations]]", "substations": "[inputs.substations]",
             "traffic": "[inputs.traffic]"}  # fmt: skip
    for look in looks:
        if look.role in heads:
            key = heads[look.role].strip("[]")
            lines += [heads[look.role], f"file = {_path(look.path, folder)}"]
            lines += [*_keys(look, key, still), ""]
        elif look.role == "unknown":
            still.append(f"{look.path.name}: nobody can tell what it is; it was left out")
    return lines


def _keys(look: Look, key: str, still: list[str]) -> list[str]:
    lines = _datum(look, key, still)
    for name in _ORDER:
        if name != "datum" and name in look.keys and look.keys[name] not in ({}, ""):
            question = look.questions.get(name)
            mark = f"    {_ASK}{question}?" if question else ""
            lines.append(f"{name} = {_toml(look.keys[name])}{mark}")
    for name, question in look.questions.items():
        if name == "datum":
            continue
        still.append(f"{key}.{name} ({look.path.name}): {question}?")
        if name not in look.keys and "." not in name:
            lines.append(f'# {name} = ""    {_ASK}{question}?')
    return lines


def _datum(look: Look, key: str, still: list[str]) -> list[str]:
    if "datum" in look.keys:
        return [f"datum = {_toml(look.keys['datum'])}"]
    if "datum" not in look.questions:
        return []
    line = f"{key}.datum ({look.path.name}): {look.questions['datum']}"
    if line not in still:
        still.append(line)
    return [f'# datum = "gcj02"    {_ASK}{look.questions["datum"]}']


def _path(path: Path, folder: Path) -> str:
    try:
        text = os.path.relpath(path.resolve(), folder)
    except ValueError:  # another drive on Windows
        text = str(path.resolve())
    return _toml(text.replace(os.sep, "/"))


def _toml(value: Any) -> str:  # noqa: ANN401  # texts, lists and tables
    """Return a value as TOML; JSON's texts are TOML's."""
    if isinstance(value, dict):
        parts = [f"{_key(name)} = {_toml(one)}" for name, one in value.items()]
        return "{ " + ", ".join(parts) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_toml(one) for one in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def _key(name: str) -> str:
    bare = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if bare else json.dumps(name, ensure_ascii=False)
