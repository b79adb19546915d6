"""Where the data that comes with the project lies, in a checkout and in a wheel."""

from __future__ import annotations

import os
from pathlib import Path

from siting.errors import InputMissingError

SHIPPED_PREFIX = "shipped:"
_PACKAGE = Path(__file__).resolve().parent
_IN_WHEEL = _PACKAGE / "_data"
_ROOT = _IN_WHEEL if _IN_WHEEL.is_dir() else _PACKAGE.parent / "data"


def shipped_path(name: str) -> Path:
    """Return the path of a shipped data file or folder.

    Parameters
    ----------
    name
        Path below the data folder, with forward slashes, e.g. ``"sample/zones.gpkg"``.

    Raises
    ------
    InputMissingError
        If this installation does not carry it.
    """
    path = _ROOT / name
    if os.path.exists(path):  # noqa: PTH110  # False for a name that no system takes; Path raises
        return path
    raise InputMissingError(
        f"the installation lacks its data file '{name}'",
        where=str(_ROOT),
        cure="correct the name, or install siting again from its wheel or checkout",
    )


def shipped_name(path: Path) -> str | None:
    """Return the name under which :func:`shipped_path` finds a file; None if it is another."""
    try:
        return path.resolve().relative_to(_ROOT).as_posix()
    except ValueError:
        return None
