"""Where a scenario lies: a file of its own, or one that is shipped."""

from __future__ import annotations

from pathlib import Path

from siting import files
from siting.errors import InputMissingError, ScenarioError
from siting.shipped import shipped_path


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
