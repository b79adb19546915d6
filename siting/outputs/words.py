"""Every text of the outputs, in Chinese and English, in one table: ``words.csv``.

Only the names of a plan's columns stand elsewhere, beside the columns: ``field.<key>`` and
``field.<key>.head`` come from ``siting/tables/fields.csv``.

A key names a text; values are filled in by name with Python's format fields. Notes of a plan
and steps of its screening come as keys from below and get their words here: ``note.<key>``,
``step.<key>``, ``figure.<key>``, ``kind.<key>``, ``source.<key>``.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from siting.tables.fields import fields

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from siting.notes import Note, Say


LANGUAGES = ("zh", "en")

_MAY_BE_OWN = ("kind", "source", "class", "use", "doing")
_OWN_FIGURE = "figure.occasion_"
"""Figures of occasions from somebody's own table go by their key, like own kinds."""
_SHOWN = 5
_COMMA = {"zh": "、", "en": ", "}


@cache
def all_words() -> Mapping[str, Mapping[str, str]]:
    """Return the text of each key by language."""
    table = (resources.files(__package__) / "words.csv").read_text(encoding="utf-8")
    return {row.pop("key"): row for row in csv.DictReader(table.splitlines())} | dict(_columns())


def _columns() -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield the names and headings of a plan's columns under their keys."""
    for field in (*fields().values(), *fields(zone=True).values()):
        if field.names:
            yield field.word, field.names
            yield f"{field.word}.head", field.heads


def words(key: str, language: str, /, **values: Any) -> str:  # noqa: ANN401  # numbers and names
    """Return a text in a language with its values filled in.

    Parameters
    ----------
    key
        Key of the table. A kind of site from somebody's own table of kinds (``kind.<own>``),
        or a second list of stations, has no words here and goes by its key; see :func:`speaker`.
        So does a step of the work (``doing.<step>``) without any.
    language
        ``"zh"`` or ``"en"``.
    **values
        Values of the text's format fields; lists are written out, the first few, and names
        known in both languages (``{"zh": ..., "en": ...}``) in the one asked for.

    Raises
    ------
    KeyError
        If the key, the language or a value is unknown: a slip of ours, caught by the tests.

    Examples
    --------
    >>> words("total.of_target", "en", target=12000)
    'target 12,000'
    """
    prefix, _, own = key.partition(".")
    if key not in all_words() and (prefix in _MAY_BE_OWN or own.startswith(_OWN_FIGURE)):
        return own
    listed = {name: _listed(value, language) for name, value in values.items()}
    return all_words()[key][language].format(**listed)


def speaker(language: str, kinds: Mapping[str, Mapping[str, str]] | None = None) -> Say:
    """Return :func:`words` bound to a language.

    Parameters
    ----------
    language
        ``"zh"`` or ``"en"``.
    kinds
        ``Plan.kinds``: names of the kinds of site that a planner's own table has.
    """
    own = {f"kind.{kind}": names[language] for kind, names in (kinds or {}).items()}

    def say(key: str, /, **values: Any) -> str:  # noqa: ANN401  # numbers and names
        return own[key] if key in own else words(key, language, **values)

    return say


def note_text(note: Note, language: str) -> str:
    """Return a plan's note as a sentence."""
    return words(f"note.{note.key}", language, **note.values)


def _listed(value: Any, language: str) -> Any:  # noqa: ANN401  # numbers and names
    if isinstance(value, dict):
        return value[language]
    if not isinstance(value, (list, tuple)):
        return value
    shown = [str(_listed(entry, language)) for entry in value[:_SHOWN]]
    return _COMMA[language].join([*shown, *(["…"] if len(value) > _SHOWN else [])])
