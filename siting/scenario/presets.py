"""Presets: which columns and rows of a common register are which of ours, as shipped TOML."""

from __future__ import annotations

import tomllib
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from siting.errors import ScenarioError
from siting.scenario._block import Block, Datum, Names
from siting.scenario.input_blocks import Where  # pydantic reads it
from siting.shipped import shipped_path

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
