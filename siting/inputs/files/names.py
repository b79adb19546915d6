"""The names that offices and registers give their columns, from ``data/column_names.csv``."""

from __future__ import annotations

import csv
import re
from functools import cache
from typing import TYPE_CHECKING

from siting.inputs.files.numbers import half_width
from siting.shipped import shipped_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_LEVEL = "/"
_FILLING = re.compile(r"[\s_\-./·:*]+")
_UNIT = re.compile(r"[(\[（【][^()\[\]（）【】]*[)\]）】]$")


@cache
def known_names() -> dict[str, tuple[str, ...]]:
    """Return the plain forms of the names each field goes by."""
    text = shipped_path("column_names.csv").read_text(encoding="utf-8")
    rows = csv.reader(text.splitlines()[1:])
    return {
        row[0]: tuple(plain_name(name) for name in ",".join(row[1:]).split("|")) for row in rows
    }


def plain_name(name: str) -> str:
    """Return a column's name without what people write differently: case, width, filling.

    Examples
    --------
    >>> plain_name("EV Level2 EVSE Num") == plain_name("ev_level2_evse_num")
    True
    """
    return _FILLING.sub("", half_width(name).casefold())


def match_name(wanted: str, there: Sequence[str]) -> str | None:
    """Return the column a name means: itself, else the one that differs in form alone.

    Of a header in two rows, joined by ``/``, and of nested objects, joined by ``.``, the last
    part is enough where no other column ends in it.
    """
    if wanted in there:
        return wanted
    plain = plain_name(wanted)
    tests: tuple[Callable[[str], bool], ...] = (
        lambda name: plain_name(name) == plain,
        lambda name: plain_name(last_part(name)) == plain,
        lambda name: plain_name(_UNIT.sub("", half_width(name))) == plain,
        lambda name: plain_name(_UNIT.sub("", half_width(last_part(name)))) == plain,
    )
    for test in tests:
        found = [name for name in there if test(name)]
        if len(found) == 1:
            return found[0]
    return None


def last_part(name: str) -> str:
    """Return the last part of a name of several levels."""
    for level in (_LEVEL, "."):
        head, _, tail = name.rpartition(level)
        if head and tail.strip():
            name = tail.strip()
    return name


def find_field(field: str, there: Sequence[str]) -> str | None:
    """Return the column that goes by one of the names of a field, the commonest name first."""
    for plain in known_names().get(field, ()):
        found = match_name(plain, there) if plain in there else None
        found = found or _unique(plain, there)
        if found is not None:
            return found
    return None


def _unique(plain: str, there: Sequence[str]) -> str | None:
    for form in (lambda name: name, last_part, lambda name: _UNIT.sub("", half_width(name))):
        found = [name for name in there if plain_name(form(name)) == plain]
        if len(found) == 1:
            return found[0]
    return None


@cache
def _every_name() -> frozenset[str]:
    return frozenset(name for names in known_names().values() for name in names)


def is_known(name: str, wanted: Iterable[str]) -> bool:
    """Tell whether a header is asked for, or is a name that offices give some field."""
    forms = {plain_name(name), plain_name(_UNIT.sub("", half_width(name)))}
    return bool(forms & (_every_name() | set(wanted)))
