"""The door to the terminal: what a name holds is shown, never obeyed.

A name of a map or a table may hold escape sequences, which move the cursor or rename the window,
and direction marks, which turn the order of what follows. Both are shown as their codes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rich.console import Console

if TYPE_CHECKING:
    from rich.text import Text

# Controls but for tab and line feed, halves of surrogates, and marks of direction and lines.
_OBEYED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


class Terminal(Console):
    """A console that shows the codes of what a terminal would obey."""

    def render_str(self, text: str, **options: Any) -> Text:  # noqa: ANN401  # rich's options
        """Return a text to show, its own escape sequences as codes."""
        return super().render_str(harmless(text), **options)


def harmless(text: str) -> str:
    r"""Return a text with the codes of what a terminal would obey.

    Examples
    --------
    >>> harmless("a\x1b[2Jb\u202ec")
    'a\\u001b[2Jb\\u202ec'
    """
    return _OBEYED.sub(lambda found: f"\\u{ord(found.group()):04x}", text)
