"""A scenario written from a look at files: what was found as keys, what was not as questions."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from siting.geo import to_wgs84

if TYPE_CHECKING:
    from pathlib import Path

    from siting.inputs.survey import Look, Question
    from siting.notes import Say

_MARGIN = 0.01
_ASK = "# ASK: "
_GIVEN = {"stations": 10, "chargers": 100}
_ORDER = (
    "preset", "datum", "layer", "encoding", "header_row", "group_by", "where", "columns",
    "people_key", "people_encoding", "people_header_row", "people_columns", "people_unit",
    "headroom_unit", "power_unit", "role",
)  # fmt: skip


def scenario_text(
    looks: list[Look],
    *,
    folder: Path,
    name: str,
    targets: dict[str, int | None],
    language: str,
    say: Say,
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
        Language of the run, ``"zh"`` or ``"en"``.
    say
        The words of the remarks and questions, in the language of who reads them.
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
    lines += _area(looks, folder, still, say)
    lines += _inputs(looks, folder, still, say)
    lines.append(f"[targets]    # {say('new.line.targets')}")
    for key, usual in _GIVEN.items():
        value = targets.get(key)
        mark = "" if value else f"    {_ASK}{say('new.ask.target')}"
        lines.append(f"{key} = {value or usual}{mark}")
        if not value:
            still.append(say("new.still.target", key=f"targets.{key}", usual=usual))
    return "\n".join(lines) + "\n", still


def _area(looks: list[Look], folder: Path, still: list[str], say: Say) -> list[str]:
    """Return the block of the area: an outline, else the zones' outline, else the points' box.

    Without points it is the box around the roads of the map.
    """
    by_role = {look.role: look for look in reversed(looks)}
    outline = by_role.get("boundary") or by_role.get("zones")
    if outline is not None:
        lines = ["[area]", f"boundary = {_path(outline.path, folder)}"]
        return [*lines, *_datum(outline, "area", still, say), ""]
    points = [_in_wgs84(look) for look in looks if len(look.points)]
    if not points:
        still.append(say("new.still.no_area"))
        return ["[area]", f"bbox = [0.0, 0.0, 0.1, 0.1]    {_ASK}{say('new.ask.bbox')}", ""]
    every = np.concatenate(points)
    of_map = all(look.role == "osm" for look in looks if len(look.points))
    margin = 0.0 if of_map else _MARGIN
    low, high = every.min(axis=0) - margin, every.max(axis=0) + margin
    box = ", ".join(f"{value:.4f}" for value in (*low, *high))
    still.append(say("new.still.box_of_map" if of_map else "new.still.box_of_points"))
    return ["[area]", f"bbox = [{box}]    {_ASK}{say('new.ask.outline')}", ""]


def _in_wgs84(look: Look) -> np.ndarray:
    datum = look.keys.get("datum", "wgs84")
    return np.column_stack(to_wgs84(look.points[:, 0], look.points[:, 1], datum))


def _inputs(looks: list[Look], folder: Path, still: list[str], say: Say) -> list[str]:
    extract = next((look for look in looks if look.role == "osm"), None)
    osm = '"overpass"' if extract is None else _path(extract.path, folder)
    mark = f"    # {say('new.line.overpass')}" if extract is None else ""
    lines = ["[inputs]", f"osm = {osm}{mark}", ""]
    zones = next((look for look in looks if look.role == "zones"), None)
    people = next((look for look in looks if look.role == "people"), None)
    nobody = not any(look.has_people for look in looks)
    if zones is not None or people is not None or nobody:
        lines.append("[inputs.zones]")
        if zones is not None:
            lines += [
                f"file = {_path(zones.path, folder)}",
                *_keys(zones, "inputs.zones", still, say),
            ]
        if people is not None:
            lines += [f"people = {_path(people.path, folder)}",
                      *_keys(people, "inputs.zones", still, say)]  # fmt: skip
        if nobody:
            lines.append(f"# area_people = 100000    {_ASK}{say('new.ask.people')}")
            still.append(say("new.still.people"))
        lines.append("")
    heads = {"stations": "[[inputs.stations]]", "substations": "[inputs.substations]",
             "people_points": "[[inputs.layers]]", "traffic": "[inputs.traffic]"}  # fmt: skip
    for look in looks:
        if look.role in heads:
            key = heads[look.role].strip("[]")
            lines += [heads[look.role], f"file = {_path(look.path, folder)}"]
            lines += [*_keys(look, key, still, say), ""]
        elif look.role == "unknown":
            still.append(say("new.still.unknown", file=look.path.name))
    return lines


def _keys(look: Look, key: str, still: list[str], say: Say) -> list[str]:
    lines = _datum(look, key, still, say)
    for name in _ORDER:
        if name != "datum" and name in look.keys and look.keys[name] not in ({}, ""):
            question = look.questions.get(name)
            mark = f"    {_ASK}{question_text(question, say)}" if question else ""
            lines.append(f"{name} = {_toml(look.keys[name])}{mark}")
    for name, question in look.questions.items():
        if name == "datum":
            continue
        asked = question_text(question, say)
        still.append(_still(f"{key}.{name}", look, asked, say))
        if name not in look.keys:
            lines.append(f'# {name} = ""    {_ASK}{asked}')
    return lines


def question_text(question: Question, say: Say) -> str:
    """Return a question of a look in words."""
    return say(f"new.ask.{question.key}", **question.values)


def _still(key: str, look: Look, asked: str, say: Say) -> str:
    return say("new.still.key", key=key, file=look.path.name, asked=asked)


def _datum(look: Look, key: str, still: list[str], say: Say) -> list[str]:
    if "datum" in look.keys:
        return [f"datum = {_toml(look.keys['datum'])}"]
    if "datum" not in look.questions:
        return []
    asked = question_text(look.questions["datum"], say)
    still.append(_still(f"{key}.datum", look, asked, say))
    return [f'# datum = "gcj02"    {_ASK}{asked}']


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
