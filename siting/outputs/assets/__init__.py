"""Files that pages are made of: templates, style sheets and scripts, shipped beside this module."""

from __future__ import annotations

from importlib import resources


def asset(name: str) -> str:
    """Return the text of a shipped file, by its name in this folder."""
    return (resources.files(__package__) / name).read_text(encoding="utf-8")
