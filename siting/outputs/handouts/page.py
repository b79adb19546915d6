"""A handout as one HTML file that needs no network and prints on its own."""

from __future__ import annotations

import base64
from importlib import resources
from typing import TYPE_CHECKING

from jinja2 import Environment

from siting.outputs.handouts.sheet import make_say

if TYPE_CHECKING:
    from siting.outputs.handouts.sheet import Sheet
    from siting.plan.plan import Plan

_HTML_LANGUAGE = {"zh": "zh-CN", "en": "en", "both": "zh-CN"}


def make_page(
    plan: Plan,
    sheet: Sheet,
    *,
    language: str,
    date: str,
    picture: bytes | None,
) -> str:
    """Return a handout as HTML, every text of a plan escaped.

    Parameters
    ----------
    plan, sheet
        The plan and what the handout says.
    language
        ``"zh"``, ``"en"`` or ``"both"``.
    date
        Date on the sheet.
    picture
        The first page as a PNG; without a Chinese font there is none.
    """
    say = make_say(language)
    template = (resources.files(__package__) / "page.html").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["zip"] = zip
    return environment.from_string(template).render(
        say=say,
        lang=_HTML_LANGUAGE[language],
        plan=plan,
        sheet=sheet,
        date=date,
        picture=_embedded(picture) if picture else "",
        tables=[(say(title), table) for title, table in sheet.tables],
    )


def _embedded(picture: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(picture).decode("ascii")
