"""Tiles under the map, each with its datum, its hosts and what its owner asks to be named.

A map without tiles needs no network. One with tiles asks these hosts and nobody else; the
Tianditu key stands in such a map as plain text, so it is for one's own desk.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from siting.errors import ScenarioError

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
