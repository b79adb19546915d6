"""What a stage says while it works and of what it made: notes, words and progress."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

Values = dict[str, Any]
"""Numbers and names of a sentence, by the field of the sentence they fill; lists of such."""


class Note(NamedTuple):
    """A sentence for the reader: which one, and the numbers and names in it.

    Attributes
    ----------
    key
        Key of the sentence in ``outputs/words.csv``; of a note of the tool without the leading
        ``note.``, of a bar to a site without ``why.bar.``.
    values
        Numbers and names of the sentence.
    """

    key: str
    values: Values = {}  # noqa: RUF012  # never changed


Notes = list[Note]
"""Notes as a stage collects them."""

Say = Callable[..., str]
"""Words of one language: ``say(key, **values)``."""

Progress = Callable[[str, float], None]
"""Told ``(step, share of the stage done)`` as a stage gets on."""

RunProgress = Callable[[str, str, float], None]
"""Told ``(stage, step, share of the stage done)`` when a stage begins, gets on, and ends."""

Tally = Callable[[int, int, int], None]
"""Told ``(plans done, plans wanted, plans failed)`` as many plans are made."""
