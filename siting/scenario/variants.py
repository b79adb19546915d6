"""Which scenario is meant: shipped or of its own, a variant of it, and presets for registers.

``[variants.<name>.<block>]`` of a file holds what differs; everything else is as in the file. A
variant of a file that is extended is taken over, and changed key by key like any block.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, ValidationError

from siting import files
from siting.errors import InputMissingError, ScenarioError
from siting.scenario._block import Block, Datum, Names
from siting.scenario.input_blocks import Where
from siting.shipped import shipped_path

if TYPE_CHECKING:
    from collections.abc import Sequence

_FOLDER = "presets"
Alternatives = Annotated[tuple[Names, ...], Field(strict=False)]


class Preset(Block):
    """A common register: of each list of names the first that a file has is meant."""

    label: str
    source: str
    datum: Datum
    group_by: Names = ()
    group_columns: Alternatives = ()
    chargers_of: Literal["station", "row"] | None = None
    marks: Names = ()
    columns: dict[str, Names] = Field(default_factory=dict)
    sums: dict[str, Alternatives] = Field(default_factory=dict)
    where: Where = Field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Every name of a column that it knows."""
        plain = [name for names in self.columns.values() for name in names]
        summed = [name for parts in self.sums.values() for part in parts for name in part]
        return (*plain, *summed)


def preset_names() -> list[str]:
    """Return the names of the shipped presets."""
    return sorted(path.stem for path in shipped_path(_FOLDER).glob("*.toml"))


def read_preset(name: str, *, key: str) -> Preset:
    """Return a shipped preset.

    Raises
    ------
    ScenarioError
        If there is none of that name; names those there are.
    """
    known = preset_names()
    if name not in known:
        raise ScenarioError(
            f"there is no preset '{name}'",
            where=f"{key}.preset",
            cure=f"one of: {', '.join(known)}",
        )
    try:
        text = shipped_path(f"{_FOLDER}/{name}.toml").read_text(encoding="utf-8")
        return Preset.model_validate(tomllib.loads(text))
    except ValidationError as error:
        raise ScenarioError(
            f"the preset '{name}' is faulty: {error}", where=f"{key}.preset"
        ) from error


def find_scenario(name: str) -> Path:
    """Return the file of a scenario: a path, or the name of a shipped one.

    Raises
    ------
    ScenarioError
        If there is none.

    Examples
    --------
    >>> find_scenario("yubei-2025").name
    'yubei-2025.toml'
    """
    path = files.expanded(name, where="the scenario")
    if path.suffix or files.is_file(path):
        return path
    try:
        return shipped_path(f"scenarios/{name}.toml")
    except InputMissingError as error:
        known = sorted(entry.stem for entry in shipped_path("scenarios").glob("*.toml"))
        raise ScenarioError(
            f"no scenario file or shipped scenario is called '{name}'",
            where=str(Path.cwd()),
            cure=f"shipped ones: {', '.join(known)}; or give the path of a .toml file",
        ) from error


VARIANTS = "variants"
"""Name of the table that holds the variants."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,30}")  # part of the name of a folder


def variant_changes(raw: Any, *, where: str) -> dict[str, dict[str, Any]]:  # noqa: ANN401  # TOML
    """Return the changes of each variant of a file.

    Raises
    ------
    ScenarioError
        If it is no table of tables, a name cannot be part of a folder's, or a variant
        names its run itself.
    """
    if not isinstance(raw, dict) or not all(isinstance(value, dict) for value in raw.values()):
        raise ScenarioError(
            f"{VARIANTS}: tables are wanted, got {raw!r}",
            where=where,
            cure="e.g. [variants.fewer.targets] with stations = 400 below it",
        )
    for name, changes in raw.items():
        if not _NAME.fullmatch(name):
            raise ScenarioError(
                f"{VARIANTS}: '{name}' cannot be part of the name of a folder",
                where=where,
                cure="take up to 31 letters, digits, dashes and underscores, e.g. [variants.fewer]",
            )
        run = changes.get("run", {})
        if isinstance(run, dict) and "name" in run:
            raise ScenarioError(
                f"{VARIANTS}.{name}.run.name: a variant does not name its run",
                where=where,
                cure=f"leave it out: the run is called <run.name>-{name}",
            )
    return raw


def parts_of(content: dict[str, Any]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return the content of a scenario file without its variants, and the variants."""
    rest = {key: value for key, value in content.items() if key != VARIANTS}
    return rest, content.get(VARIANTS, {})


def check_names(wanted: Sequence[str], known: Sequence[str], *, where: str) -> None:
    """Refuse names that no variant has.

    Raises
    ------
    ScenarioError
        With the nearest name, and all there are.
    """
    for name in wanted:
        if name in known:
            continue
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        listed = ", ".join(known) if known else "none: the file has no [variants.*]"
        raise ScenarioError(
            f"no variant is called '{name}'{hint}",
            where=where,
            cure=f"variants of this scenario: {listed}",
        )
