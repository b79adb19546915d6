"""Pages of HTML that need no network: their content policy, tiles under maps, pages of tables.

A map without tiles needs no network. One with tiles asks these hosts and nobody else; the
Tianditu key stands in such a map as plain text, so it is for one's own desk.

A page's scripts and style sheets stand in it, and the policy names the hash of each, so that a
name which slipped through every escape could still run nothing. Styles on single elements cannot be
named so; they move to a style sheet.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jinja2 import Environment

from siting.errors import ScenarioError
from siting.outputs import words
from siting.outputs.assets import asset
from siting.outputs.text.check_sections import advice_lines, grade_rows, make_sections
from siting.outputs.text.figure_tables import change_grids, contrast_grids, contrast_warnings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from siting.checkup.findings import Checkup
    from siting.comparison import Contrast

KEY_VARIABLE = "SITING_TIANDITU_KEY"


@dataclass(frozen=True)
class Tiles:
    """One layer of tiles."""

    words: str
    """Key of its name in ``outputs.words``."""
    url: str
    subdomains: str
    max_native_zoom: int = 18


@dataclass(frozen=True)
class Basemap:
    """Tiles of one owner."""

    tiles: tuple[Tiles, ...]
    hosts: tuple[str, ...]
    """Sources the page may load pictures from, as a content security policy names them."""
    attribution: str
    datum: str = "wgs84"


def _tianditu(layer: str, key: str) -> str:
    return (
        f"https://t{{s}}.tianditu.gov.cn/{layer}_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0"
        f"&LAYER={layer}&STYLE=default&TILEMATRIXSET=w&FORMAT=tiles"
        f"&TILEMATRIX={{z}}&TILEROW={{y}}&TILECOL={{x}}&tk={key}"
    )


def tile_key(basemap: str) -> str | None:
    """Return the key of the tiles of a basemap from the environment, if it wants one."""
    return os.environ.get(KEY_VARIABLE) if basemap == "tianditu" else None


def find_basemap(name: str, *, key: str | None = None) -> Basemap | None:
    """Return the tiles of a name; None for a map without tiles.

    Parameters
    ----------
    name
        ``none``, ``tianditu``, ``gaode`` or ``osm``.
    key
        Key of Tianditu, who serves nobody without one.

    Raises
    ------
    ScenarioError
        If the name is unknown, or Tianditu's key is missing or not a key.
    """
    if name == "none":
        return None
    if name == "tianditu":
        checked = _checked(key)
        return Basemap(
            tiles=(
                Tiles("basemap.tianditu", _tianditu("vec", checked), "01234567"),
                Tiles("basemap.tianditu_names", _tianditu("cva", checked), "01234567"),
            ),
            hosts=("https://*.tianditu.gov.cn",),
            attribution="天地图 · 国家地理信息公共服务平台",
        )
    if name == "gaode":
        url = (
            "https://webrd0{s}.is.autonavi.com/appmaptile"
            "?lang=zh_cn&size=1&scale=1&style=8&x={x}&y={y}&z={z}"
        )
        return Basemap(
            tiles=(Tiles("basemap.gaode", url, "1234"),),
            hosts=("https://*.is.autonavi.com",),
            attribution="© 高德地图 AutoNavi",
            datum="gcj02",
        )
    if name == "osm":
        url = "https://tile.openstreetmap.org/{z}/{x}/{y}.png"
        return Basemap(
            tiles=(Tiles("basemap.osm", url, "a", max_native_zoom=19),),
            hosts=("https://tile.openstreetmap.org",),
            attribution="© OpenStreetMap contributors",
        )
    raise ScenarioError(
        f"unknown basemap '{name}'",
        where="map.basemap",
        cure="one of: none, tianditu, gaode, osm",
    )


def _checked(key: str | None) -> str:
    key = (key or "").strip()
    if not key:
        raise ScenarioError(
            "Tianditu's tiles need a key",
            where="map.basemap",
            cure=f"set the environment variable {KEY_VARIABLE} to your key of "
            "console.tianditu.gov.cn, or use --basemap none",
        )
    if not (key.isascii() and key.isalnum()):
        raise ScenarioError(
            f"the text in {KEY_VARIABLE} is no key of Tianditu: it has other signs than "
            "letters and digits",
            where=KEY_VARIABLE,
            cure="copy the key of a browser application from console.tianditu.gov.cn",
        )
    return key


MARK = "<!-- policy -->"
"""What stands in the head of a page, before any script, where its policy goes."""

_BLOCK = re.compile(r"<(script|style)[^>]*>(.*?)</\1>", re.DOTALL)
_PICKED = '[data-style="{}"]'
_STYLED = re.compile(r'(<[a-z][^<>]*?) style="([^"<>]*)"')


def guarded(page: str, *, pictures: Sequence[str] = ()) -> str:
    """Return a page with its content security policy.

    Parameters
    ----------
    page
        HTML with :data:`MARK` in its head; every text of a plan in it is escaped.
    pictures
        Hosts that tiles come from; without them the page asks nobody for anything.
    """
    page = _without_inline_styles(page)
    hashes: dict[str, list[str]] = {"script": [], "style": []}
    for name, content in _BLOCK.findall(page):
        digest = base64.b64encode(hashlib.sha256(content.encode("utf-8")).digest()).decode("ascii")
        hashes[name].append(f"'sha256-{digest}'")
    policy = [
        "default-src 'none'",
        *(
            f"{name}-src {' '.join(dict.fromkeys(found))}"
            for name, found in hashes.items()
            if found
        ),
        f"img-src {' '.join(('data:', *pictures))}",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    meta = f'<meta http-equiv="Content-Security-Policy" content="{"; ".join(policy)}">'
    return page.replace(MARK, meta, 1)


def _without_inline_styles(page: str) -> str:
    """Move styles of single elements outside of scripts to a style sheet of the head."""
    rules: dict[str, str] = {}

    def moved(found: re.Match[str]) -> str:
        number = rules.setdefault(found[2], str(len(rules) + 1))
        return f'{found[1]} data-style="{number}"'

    parts, end = [], 0
    for block in _BLOCK.finditer(page):
        parts += [_STYLED.sub(moved, page[end : block.start()]), block[0]]
        end = block.end()
    parts.append(_STYLED.sub(moved, page[end:]))
    # three times the attribute: a style of an element went before every rule of the sheet
    sheet = "".join(_PICKED.format(number) * 3 + f"{{{style}}}" for style, number in rules.items())
    text = "".join(parts)
    return text.replace("</head>", f"<style>{sheet}</style>\n</head>", 1) if sheet else text


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
