"""What a stage says while it works and of what it made: notes, words and progress."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Note(NamedTuple):
    """A note that the reader of a plan needs.

    Attributes
    ----------
    key
        Key of its sentence in ``outputs/words.csv``, without the leading ``note.``.
    values
        Numbers and names of the sentence.
    """

    key: str
    values: dict[str, Any] = {}  # noqa: RUF012  # never changed


Say = Callable[..., str]
"""Words of one language: ``say(key, **values)``."""

Progress = Callable[[str, float], None]
"""Told ``(step, share of the stage done)`` as a stage gets on."""

RunProgress = Callable[[str, str, float], None]
"""Told ``(stage, step, share of the stage done)`` when a stage begins, gets on, and ends."""

Tally = Callable[[int, int, int], None]
"""Told ``(plans done, plans wanted, plans failed)`` as many plans are made."""
