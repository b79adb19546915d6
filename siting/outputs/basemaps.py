"""Tiles under the map, each with its datum, hosts and credits; and the policy that allows them.

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

from siting.errors import ScenarioError

if TYPE_CHECKING:
    from collections.abc import Sequence


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
