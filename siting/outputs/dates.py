"""Dates as each language writes them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from siting.notes import Say

_ISO = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2}))?")


def date_text(date: str, say: Say) -> str:
    """Return a date for readers: ``2023-12-31`` is 2023年12月31日, or 31 December 2023.

    Parameters
    ----------
    date
        A day or a month in ISO 8601; anything else is returned as it is.
    say
        Words in the language wanted.
    """
    found = _ISO.fullmatch(date)
    if found is None or not 1 <= int(found[2]) <= 12:  # noqa: PLR2004  # months
        return date
    month = say(f"month.{int(found[2])}")
    if found[3] is None:
        return say("date.month", year=found[1], month=month)
    return say("date.day", year=found[1], month=month, day=int(found[3]))
