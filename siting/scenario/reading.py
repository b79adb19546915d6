"""Reading a scenario: files, what they extend, overrides, and where paths point."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from siting import files
from siting.errors import BrokenFileError, InputMissingError, ScenarioError
from siting.scenario._block import Block, IsPath
from siting.scenario._faults import block_of, translated
from siting.scenario.blocks import OVERPASS, Scenario
from siting.scenario.variants import VARIANTS, check_names, parts_of, variant_changes
from siting.shipped import SHIPPED_PREFIX, shipped_name, shipped_path

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import BaseModel

    from siting.files import JsonObject

_MAX_EXTENDS = 8
_MOST_KEYS = 16
_AREA_KEYS = frozenset({"boundary", "bbox", "place"})


def load_scenario(
    path: Path, *, overrides: tuple[str, ...] = (), variant: str | None = None
) -> Scenario:
    """Read a scenario file, what it extends, a variant, and the overrides of the command line.

    Parameters
    ----------
    path
        The TOML file.
    overrides
        ``key=value`` texts, e.g. ``"targets.stations=400"``; values are TOML, paths are
        relative to the working folder.
    variant
        Name of a table ``[variants.<name>]`` of the file or of one it extends. The run is then
        called as that of the file, a dash, and the name of the variant.

    Raises
    ------
    InputMissingError
        If the file, or one it extends, is not there.
    UnknownKeyError
        For a key no stage reads, with its path and the nearest known one; of a variant that
        was not asked for too.
    ScenarioError
        For bad TOML, a value out of range, or a variant that is not there; all faults of the
        file, or else of a variant, at once.
    """
    try:
        whole = _read_with_parents(path, seen=())
    except RecursionError as error:
        raise ScenarioError(
            "the scenario is nested too deeply",
            where=str(path),
            cure="no key lies more than four tables deep; docs/scenario.md lists them all",
        ) from error
    content, variants = parts_of(whole)

    def resolved(changes: JsonObject) -> JsonObject:
        result = _merged(content, changes)
        for text in overrides:
            result = _merged(result, _override(text))
        return result

    base = scenario_from(resolved({}), where=str(path))
    made = {
        name: scenario_from(resolved(changes), where=str(path), prefix=f"{VARIANTS}.{name}.")
        for name, changes in variants.items()
    }
    if variant is None:
        return base
    check_names([variant], list(made), where=str(path))
    run = {"name": f"{base.run.name}-{variant}"}
    return scenario_from(_merged(resolved(variants[variant]), {"run": run}), where=str(path))


Settings = dict[str, Any]
"""Values of a scenario, as JSON types, by their keys with the path: ``"demand.nev_share"``."""


def changed_scenario(scenario: Scenario, settings: Settings) -> Scenario:
    """Return a scenario with keys set to other values, all else as it is.

    Parameters
    ----------
    scenario
        The scenario.
    settings
        Key with its path, e.g. ``"demand.nev_share"``, to its value as JSON types; paths are
        relative to the working folder.

    Raises
    ------
    UnknownKeyError, ScenarioError
        For a key no stage reads, or a value out of range.
    """
    content = dump_scenario(scenario)
    for key, value in settings.items():
        content = _merged(content, _nested(key.split("."), value))
    return scenario_from(content, where="a changed scenario")


def setting_values(text: str) -> tuple[str, tuple[Any, ...]]:
    """Return key and values of ``key=value,value``; values are TOML, else texts.

    Raises
    ------
    ScenarioError
        If it has another form.
    """
    key, equals, values = text.partition("=")
    if not equals or not key.strip() or not values.strip():
        raise ScenarioError(
            f"a grid wants key=value,value, got '{text}'",
            where="--grid",
            cure='e.g. --grid "scoring.weights.demand=0.2,0.3,0.4"',
        )
    try:
        found = tomllib.loads(f"values = [{values}]")["values"]
    except (ValueError, RecursionError):
        found = [value.strip() for value in values.split(",")]
    return key.strip(), tuple(found)


def variant_names(path: Path) -> tuple[str, ...]:
    """Return the names of a scenario's variants, in the order they stand in its files.

    Raises
    ------
    InputMissingError, ScenarioError
        As :func:`load_scenario`.
    """
    return tuple(parts_of(_read_with_parents(path, seen=()))[1])


def scenario_from(content: JsonObject, *, where: str = "scenario", prefix: str = "") -> Scenario:
    """Check a nested dict against the scenario's keys and freeze it.

    Parameters
    ----------
    content
        The keys and their values.
    where
        File they come from.
    prefix
        What stands before the path of a key at fault.

    Raises
    ------
    UnknownKeyError, ScenarioError
        As :func:`load_scenario`.
    """
    try:
        return Scenario.model_validate(content)
    except ValidationError as error:
        raise translated(error, where, prefix) from error


def dump_scenario(scenario: Scenario, *, folder: Path | None = None) -> JsonObject:
    """Return the resolved scenario as plain JSON types.

    Parameters
    ----------
    scenario
        The scenario.
    folder
        Write paths as seen from this folder and those of shipped data as ``shipped:``, so
        that the text is the same on every machine.
    """
    content = scenario.model_dump(mode="json")
    if folder is None:
        return content
    here = folder.resolve()
    return _with_paths(content, lambda text: _portable(text, here))


def scenario_of_plan(content: JsonObject, *, folder: Path) -> Scenario:
    """Return the scenario that a plan holds (:func:`dump_scenario`), its paths seen from a folder.

    Raises
    ------
    UnknownKeyError, ScenarioError
        As :func:`load_scenario`: another version of this program wrote it.
    """
    there = _with_paths(content, lambda text: _anchored(text, folder.resolve()))
    return scenario_from(there, where="the scenario in plan.json")


def missing_files(content: JsonObject, *, folder: Path) -> list[str]:
    """Return the files of a plan's scenario that are not there, seen from a folder."""
    missing: list[str] = []

    def look(text: str) -> str:
        if not text.startswith(SHIPPED_PREFIX) and not (folder / text).exists():
            missing.append(text)
        return text

    _with_paths(content, look)
    return missing


def local_path(text: str) -> Path:
    """Return the file a path of the scenario means, wherever the project is installed.

    Raises
    ------
    InputMissingError
        If a ``shipped:`` path names no data of this installation.
    """
    if text.startswith(SHIPPED_PREFIX):
        return shipped_path(text.removeprefix(SHIPPED_PREFIX))
    return Path(text)


def block_values(value: object) -> JsonObject | None:
    """Return the keys of a block with their values, files as paths; None if it is no block.

    Raises
    ------
    InputMissingError
        As :func:`local_path`.
    """
    if not isinstance(value, Block):
        return None
    result: JsonObject = {}
    for key, field in type(value).model_fields.items():
        held = getattr(value, key)
        is_path = any(isinstance(mark, IsPath) for mark in field.metadata)
        result[key] = (
            local_path(held) if is_path and isinstance(held, str) and held != OVERPASS else held
        )
    return result


def _read_with_parents(path: Path, *, seen: tuple[Path, ...]) -> JsonObject:
    with files.reading(path):
        here = path.resolve()
    if here in seen or len(seen) > _MAX_EXTENDS:
        chain = " -> ".join(file.name for file in (*seen, here))
        raise ScenarioError(
            f"'extends' goes in a circle or more than {_MAX_EXTENDS} files deep: {chain}",
            where=str(path),
            cure="let the last file of the chain extend nothing",
        )
    raw = _read_toml(path)
    parent = raw.pop("extends", None)
    variants = variant_changes(raw.pop(VARIANTS, {}), where=str(path))
    content = _with_paths(raw, lambda text: _anchored(text, here.parent))
    content[VARIANTS] = {
        name: _with_paths(changes, lambda text: _anchored(text, here.parent))
        for name, changes in variants.items()
    }
    if parent is None:
        return content
    if not isinstance(parent, str):
        raise ScenarioError(
            f"extends: one path as text is wanted, got {parent!r}",
            where=str(path),
            cure='e.g. extends = "shipped:scenarios/yubei-2025.toml"',
        )
    base = local_path(_anchored(parent, here.parent))
    return _merged(_read_with_parents(base, seen=(*seen, here)), content)


def _read_toml(path: Path) -> JsonObject:
    try:
        text = files.read_text(path)
    except InputMissingError as error:
        raise InputMissingError(
            f"no such scenario file: {path.name}",
            where=str(path),
            cure="check the path, or make one with: siting new my-scenario.toml",
        ) from error
    except BrokenFileError as error:
        raise ScenarioError(
            f"the scenario file cannot be read: {error.what}",
            where=str(path),
            cure="it must be a text file in UTF-8, and no program may hold it open",
        ) from error
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also numbers of thousands of digits
        raise ScenarioError(
            f"this is not TOML: {_why(error)}",
            where=str(path),
            cure='texts want quotes, e.g. name = "my-run"; see docs/scenario.md',
        ) from error


def _why(error: Exception) -> str:
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)


def _override(text: str) -> JsonObject:
    """Return ``a.b=value`` as a nested dict; what is no TOML value is taken as text."""
    key, equals, value = text.partition("=")
    parts = [part.strip() for part in key.split(".")]
    if not equals or not all(parts):
        raise ScenarioError(
            f"--set wants key=value, got '{text}'",
            where="--set",
            cure="e.g. --set targets.stations=400",
        )
    if len(parts) > _MOST_KEYS:
        raise ScenarioError(
            f"--set names {len(parts)} keys in a row; no key lies so deep",
            where="--set",
            cure="e.g. --set targets.stations=400",
        )
    return _nested(parts, _toml_value(value))


def _toml_value(text: str) -> Any:  # noqa: ANN401  # a value of TOML
    """Return a value of the command line: TOML, or the text itself where it is none."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        return text.strip()


def _nested(parts: list[str], value: Any) -> JsonObject:  # noqa: ANN401  # a value of TOML
    """Return a value below its keys; paths are seen from the working folder."""
    for part in reversed(parts):
        value = {part: value}
    return _with_paths(value, lambda path: _anchored(path, Path.cwd()))


def _merged(base: JsonObject, over: JsonObject) -> JsonObject:
    """Return base with the keys of over on top, block by block; lists are replaced whole."""
    result = dict(base)
    for key, value in over.items():
        old = result.get(key)
        if isinstance(old, dict) and isinstance(value, dict) and not _is_other_area(key, value):
            result[key] = _merged(old, value)
        else:
            result[key] = value
    return result


def _is_other_area(key: str, value: JsonObject) -> bool:
    """Whether a block names another area: it keeps nothing of the old one's datum, date, CRS."""
    return key == "area" and not _AREA_KEYS.isdisjoint(value)


def _with_paths(
    content: JsonObject, change: Callable[[str], str], block: type[BaseModel] = Scenario
) -> JsonObject:
    """Return the nested dict with a change made to every key that is marked as a path.

    What does not fit the blocks is passed on as it is: the check comes after.
    """
    result = dict(content)
    for key, field in block.model_fields.items():
        value = content.get(key)
        inner = block_of(field.annotation)
        if isinstance(value, str) and any(isinstance(mark, IsPath) for mark in field.metadata):
            result[key] = value if value == OVERPASS else change(value)
        elif inner is not None and isinstance(value, dict):
            result[key] = _with_paths(value, change, inner)
        elif inner is not None and isinstance(value, list):
            result[key] = [
                _with_paths(item, change, inner) if isinstance(item, dict) else item
                for item in value
            ]
    return result


def _anchored(text: str, folder: Path) -> str:
    if text.startswith(SHIPPED_PREFIX):
        return text
    return os.path.normpath(folder / files.expanded(text))


def _portable(text: str, folder: Path) -> str:
    """Return a path the same on every machine, with forward slashes, where that is possible."""
    if text.startswith(SHIPPED_PREFIX):
        return text
    name = shipped_name(Path(text))
    if name is not None:
        return SHIPPED_PREFIX + name
    try:
        return Path(os.path.relpath(text, folder)).as_posix()
    except ValueError:  # another drive on Windows
        return Path(text).as_posix()
