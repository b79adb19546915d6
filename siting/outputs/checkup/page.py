"""The report as one HTML page that needs no network and prints on its own."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any

from jinja2 import Environment

from siting.notes import Note
from siting.outputs import words
from siting.outputs.checkup.sections import advice_lines, grade_rows, make_sections

if TYPE_CHECKING:
    from collections.abc import Sequence

_HTML_LANGUAGE = {"zh": "zh-CN", "en": "en"}


def make_page(content: dict[str, Any], language: str, *, refusal: Sequence[str] = ()) -> str:
    """Return the report as HTML, every text of the data escaped.

    Parameters
    ----------
    content
        Result of ``checkup.make_checkup``, as JSON types.
    language
        ``"zh"`` or ``"en"``.
    refusal
        Lines that say why no plan exists; empty where nothing speaks against one yet.
    """
    say = words.speaker(language)
    template = (resources.files(__package__) / "page.html").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(template).render(
        say=say,
        lang=_HTML_LANGUAGE[language],
        content=content,
        title=content["run"][f"title_{language}"],
        refusal=refusal,
        sections=make_sections(content, language),
        notes=[
            words.note_text(Note(one["key"], one["values"]), language) for one in content["notes"]
        ],
        stages=list(grade_rows(content, say, language)),
        advice=advice_lines(content, say),
    )
