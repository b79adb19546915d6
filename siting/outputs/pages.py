"""Pages of tables, each one file of HTML that needs no network: a comparison, and a check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import Environment

from siting.outputs import words
from siting.outputs.assets import asset
from siting.outputs.basemaps import guarded
from siting.outputs.text.check_sections import advice_lines, grade_rows, make_sections
from siting.outputs.text.figure_tables import change_grids, contrast_grids, contrast_warnings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from siting.checkup.findings import Checkup
    from siting.comparison import Contrast


_PAGE = """<!DOCTYPE html>
<html lang="{{ language }}">
<head>
<meta charset="utf-8">
<!-- policy -->
<meta name="viewport" content="width=device-width">
<title>{{ title }}</title>
<style>
body { font: 14px/1.5 system-ui, "Noto Sans CJK SC", "Microsoft YaHei", sans-serif;
  color: #2b2d33; background: #fbfaf6; margin: 2em auto; max-width: 1600px; padding: 0 1.5em; }
h1 { font-size: 22px; } h2 { font-size: 16px; margin-top: 2em; }
.warning { border: 1px solid #a3342b; color: #a3342b; padding: .4em .8em; font-weight: 600; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; }
th, td { padding: .2em .8em; border-bottom: 1px solid #dcd8cd; text-align: right; }
th { vertical-align: bottom; } td.text, th.text { text-align: left; }
td.best { font-weight: 700; color: #117733; }
td.best::before { content: "\\25B2"; font-size: 9px; margin-right: .4em; }
th:first-child, td:first-child { position: sticky; left: 0; min-width: 11em;
  background: #fbfaf6; }
caption { text-align: left; color: #6a6d75; }
summary { cursor: pointer; font-weight: 600; margin-top: 1.5em; }
</style>
</head>
<body>
<h1>{{ title }}</h1>
{% for line in warnings %}<p class="warning">{{ line }}</p>
{% endfor %}<p>{{ note }}</p>
{% macro table(grid) %}<div class="wide"><table>
<tr>{% for head in grid.columns %}<th>{{ head }}</th>{% endfor %}</tr>
{% for row in grid.rows %}<tr>{% for cell in row -%}
<td class="{{ 'text' if cell.form is none else '' }}{{ ' best' if cell.best else '' }}">
{{- cell.text }}</td>
{%- endfor %}</tr>
{% endfor %}</table></div>{% endmacro %}
{% for grid in grids %}<h2>{{ grid.title }}</h2>
{{ table(grid) }}
{% endfor %}{% for grid in lists %}<details><summary>{{ grid.title }}</summary>
{{ table(grid) }}
</details>
{% endfor %}</body>
</html>
"""


def make_contrast_page(made: Contrast, *, language: str) -> str:
    """Return the tables of a contrast as one page of HTML.

    Parameters
    ----------
    made
        The plans side by side.
    language
        ``"zh"`` or ``"en"``.
    """
    say = words.speaker(language, made.kinds)
    template = Environment(autoescape=True).from_string(_PAGE)
    page = template.render(
        language={"zh": "zh-CN", "en": "en"}[language],
        title=say("contrast.title", runs=" · ".join(made.names)),
        warnings=contrast_warnings(made, say),
        note=say("contrast.about"),
        grids=contrast_grids(made, say),
        lists=change_grids(made, say),
    )
    return guarded(page.rstrip() + "\n")


_HTML_LANGUAGE = {"zh": "zh-CN", "en": "en"}


def make_check_page(found: Checkup, language: str, *, refusal: Sequence[str] = ()) -> str:
    """Return the report as HTML, every text of the data escaped.

    Parameters
    ----------
    found
        Result of ``checkup.make_checkup``.
    language
        ``"zh"`` or ``"en"``.
    refusal
        Lines that say why no plan exists; empty where nothing speaks against one yet.
    """
    say = words.speaker(language)
    template = asset("check_page.html")
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    page = environment.from_string(template).render(
        say=say,
        lang=_HTML_LANGUAGE[language],
        found=found,
        title=getattr(found.run, f"title_{language}"),
        refusal=refusal,
        sections=make_sections(found, language),
        notes=[words.note_text(note, language) for note in found.notes],
        stages=list(grade_rows(found, say, language)),
        advice=advice_lines(found, say),
    )
    return guarded(page)
