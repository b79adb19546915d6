"""Where the data that comes with the project lies, in a checkout and in a wheel."""

from __future__ import annotations

from pathlib import Path

from siting.errors import InputMissingError

SHIPPED_PREFIX = "shipped:"
_PACKAGE = Path(__file__).resolve().parent


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
    for root in (_PACKAGE / "_data", _PACKAGE.parent / "data"):
        path = root.joinpath(*name.split("/"))
        if path.exists():
            return path
    raise InputMissingError(
        f"the installation lacks its data file '{name}'",
        where=str(_PACKAGE),
        cure="install siting again from its wheel or checkout",
    )
