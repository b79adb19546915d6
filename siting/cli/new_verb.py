"""``siting new``: a scenario file to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from siting.cli.options import (
    DEFAULT_SCENARIO,
)
from siting.cli.show import screen
from siting.errors import ScenarioError
from siting.shipped import shipped_path


def new(
    file: Annotated[Path, typer.Argument(help="The file to write, e.g. my-plan.toml.")],
) -> None:
    """Write a scenario file to start from: the Yubei sample, ready to run.

    Example: [bold]siting new my-plan.toml[/]
    """
    if file.suffix != ".toml":
        raise ScenarioError(
            f"'{file.name}' does not end in .toml",
            where=str(file),
            cure="a scenario is a TOML file: e.g. siting new my-plan.toml",
        )
    text = shipped_path(f"scenarios/{DEFAULT_SCENARIO}.toml").read_text(encoding="utf-8")
    text = text.replace(f'name = "{DEFAULT_SCENARIO}"', f'name = "{_run_name(file)}"')
    try:
        with file.open("x", encoding="utf-8", newline="\n") as handle:
            handle.write(text)
    except FileExistsError as error:
        raise ScenarioError(
            f"'{file.name}' is there already",
            where=str(file),
            cure="choose another name, or remove the file first",
        ) from error
    except OSError as error:
        raise ScenarioError(
            f"the scenario file cannot be written: {error.strerror}",
            where=str(file),
            cure="choose a folder that exists and that you may write to",
        ) from error
    screen.say(f'wrote {file}; next: siting plan "{file}"')


def _run_name(file: Path) -> str:
    """Return a run name from a file name; other signs become dashes."""
    kept = "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in file.stem)
    return kept.strip("-")[:60] or "my-plan"
