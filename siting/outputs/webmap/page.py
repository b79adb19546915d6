"""The web map of a plan: one page that needs nothing but itself.

Folium draws it, from ``folium-offline``, so that every script and style stands in the page;
of Folium's assets only Leaflet is taken, which keeps the page small. A content security
policy in its head forbids the page every request but those for tiles that were asked for.
"""

from __future__ import annotations

import html
import json
from typing import TYPE_CHECKING, Any, cast

import offlinefolium as folium
from branca.element import Element, Figure, MacroElement
from jinja2 import Template
from offlinefolium.map import Layer

from siting.outputs import palette, words
from siting.outputs.basemaps import Basemap, find_basemap
from siting.outputs.webmap import style
from siting.outputs.webmap.data import MapData
from siting.outputs.webmap.panel import asset, panel_html

if TYPE_CHECKING:
    from collections.abc import Callable

    from siting.plan import Plan

    Say = Callable[..., str]

_LAYERS = (
    "new", "existing", "swap", "hydrogen", "candidates", "zones", "names", "roads", "landscape",
)  # fmt: skip
_OFF_AT_FIRST = {"candidates"}
_OFF_ON_TILES = {"roads", "landscape"}
_OSM_LICENCE = "ODbL"
_ESCAPES = {
    "<": "\\u003c",
    ">": "\\u003e",
    "&": "\\u0026",
    "\u2028": "\\u2028",
    "\u2029": "\\u2029",
}


class _Page(Figure):
    """The page around the map: language, title and the policy that keeps it offline."""

    _template = Template(
        "<!DOCTYPE html>\n"
        '<html lang="{{ this.language }}">\n<head>\n'
        '<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" content="{{ this.policy }}">\n'
        "<title>{{ this.title | e }}</title>\n"
        '<link rel="icon" href="data:,">\n'
        "{{ this.header.render(**kwargs) }}\n"
        "</head>\n<body>\n{{ this.html.render(**kwargs) }}\n"
        "<script>\n{{ this.script.render(**kwargs) }}\n</script>\n</body>\n</html>\n"
    )

    def __init__(self, *, title: str, language: str, hosts: tuple[str, ...]) -> None:
        super().__init__(title=title)
        self.language = {"zh": "zh-CN", "en": "en"}[language]
        pictures = " ".join(("data:", *hosts))
        self.policy = (
            "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
            f"img-src {pictures}; base-uri 'none'; form-action 'none'"
        )


class _Leaflet(folium.Map):
    """Folium's map with Leaflet alone: no Bootstrap, jQuery or icon font, 1.3 MB less."""

    default_js = [pair for pair in folium.Map.default_js if pair[0] == "leaflet"]  # noqa: RUF012
    default_css = [pair for pair in folium.Map.default_css if pair[0] == "leaflet_css"]  # noqa: RUF012


class _Text(Element):
    """Text that reaches the page as it is.

    Branca runs what an element gives as a template once more, so that a place called
    ``{{ ... }}`` would be computed; this template is only the door for the text.
    """

    _template = Template("{{ this.text }}")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class _Panel(Element):
    """The panel and the sample mark, ready-made HTML before the map."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self._name = "Panel"
        self._markup = markup

    def render(self, **_: object) -> str:
        """Put the panel into the page."""
        page = cast("Figure", self.get_root())
        page.html.add_child(_Text(self._markup), name=self.get_name())
        return ""


class _Atlas(Element):
    """The script that knows how to draw, its data and its style sheet."""

    def __init__(self, data: dict[str, Any], drawn_on: folium.Map) -> None:
        super().__init__()
        self._name = "Atlas"
        self._data = _script_json(data)
        self._drawn_on = drawn_on

    def render(self, **_: object) -> str:
        """Put style sheet, script and data into the page."""
        page, name = cast("Figure", self.get_root()), self.get_name()
        page.header.add_child(_Text(f"<style>\n{asset('map.css')}</style>"), name=name)
        call = f"var siting = sitingAtlas({self._drawn_on.get_name()}, {self._data});"
        page.script.add_child(_Text(f"{asset('map.js')}\n{call}"), name=name)
        return ""


class _AtlasLayer(Layer):
    """One layer of the map, by the key under which the script draws it."""

    _template = Template(
        "{% macro script(this, kwargs) %}"
        'var {{ this.get_name() }} = siting.layer("{{ this.key }}");'
        "{% endmacro %}"
    )

    def __init__(self, key: str, *, name: str, show: bool) -> None:
        super().__init__(name=name, overlay=True, show=show)
        self._name = "AtlasLayer"
        self.key = key


class _Start(MacroElement):
    """The last line of the script: everything is there, begin."""

    _template = Template("{% macro script(this, kwargs) %}siting.start();{% endmacro %}")

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Branca leaves it untyped
        self._name = "Start"


def make_map(
    plan: Plan, *, basemap: str = "none", key: str | None = None, language: str | None = None
) -> str:
    """Return the web map of a plan as one page of HTML.

    Parameters
    ----------
    plan
        The plan.
    basemap
        ``none`` for a page that asks nobody for anything, or ``tianditu``, ``gaode``, ``osm``
        for tiles from there. On Gaode's the drawn copy is shifted to GCJ-02.
    key
        Key of Tianditu.
    language
        ``zh`` or ``en``; the plan's own if not given.

    Raises
    ------
    ScenarioError
        If the basemap is unknown, or Tianditu's key is missing.
    """
    tiles = find_basemap(basemap, key=key)
    language = language or plan.language
    say = words.speaker(language)
    title = plan.title_zh if language == "zh" else plan.title_en
    gcj02 = tiles is not None and tiles.datum == "gcj02"
    source = MapData(plan, say=say, language=language, gcj02=gcj02)
    data = source.content() | {
        "language": {"zh": "zh-CN", "en": "en-GB"}[language],
        "words": _script_words(say),
        "facts": _facts(say),
        "style": _style(source.kinds, on_tiles=tiles is not None),
        "attribution": _attribution(plan, tiles, say),
    }
    page = _Page(title=title, language=language, hosts=tiles.hosts if tiles else ())
    page.add_child(_Panel(panel_html(plan, source.kinds, say=say, title=title, gcj02=gcj02)))
    page.add_child(_map(data, tiles, say))
    _name_plainly(page)
    return str(page.render())


def _map(data: dict[str, Any], tiles: Basemap | None, say: Say) -> folium.Map:
    (south, west), (north, east) = data["bounds"]
    drawn = _Leaflet(
        location=[(south + north) / 2, (west + east) / 2],
        zoom_start=10,
        tiles=None,
        prefer_canvas=True,
        zoom_control=False,
        attribution_control=False,
        # half steps fit the area better, but blur tiles
        zoom_snap=1 if tiles else 0.5,
        maxZoom=18,
        minZoom=3,
    )
    for layer in tiles.tiles if tiles else ():
        folium.TileLayer(
            layer.url, attr=" ", name=say(layer.words), subdomains=layer.subdomains,
            max_zoom=18, max_native_zoom=layer.max_native_zoom, control=False,
        ).add_to(drawn)  # fmt: skip
    drawn.add_child(_Atlas(data, drawn))
    hidden = _OFF_AT_FIRST | (_OFF_ON_TILES if tiles else set())
    for layer_key in _LAYERS:
        if layer_key == "hydrogen" and "hydrogen" not in data:
            continue
        drawn.add_child(
            _AtlasLayer(layer_key, name=say(f"layer.{layer_key}"), show=layer_key not in hidden)
        )
    narrow = folium.JsCode("window.matchMedia('(max-width: 760px)').matches")
    drawn.add_child(folium.LayerControl(collapsed=narrow))  # type: ignore[arg-type]  # any option may be code
    drawn.add_child(_Start())
    return drawn


def _name_plainly(page: _Page) -> None:
    """Give numbers to the elements, whose names are random, so that one plan gives one page."""
    waiting = list(page._children.values())  # noqa: SLF001  # Branca has no other door
    number = 0
    while waiting:
        element = waiting.pop(0)
        number += 1
        element._id = f"{number:03d}"  # noqa: SLF001
        waiting.extend(element._children.values())  # noqa: SLF001


def _script_words(say: Say) -> dict[str, str]:
    return {
        "none": say("fact.none"),
        "unnamed": say("fact.unnamed"),
        "chargers": say("unit.chargers"),
        "swap": say("legend.swap"),
        "hydrogen": say("legend.hydrogen"),
        "whole": say("map.whole"),
        "zoomIn": say("map.zoom_in"),
        "zoomOut": say("map.zoom_out"),
        "close": say("map.close"),
        "map": say("map.name"),
        "noTiles": say("map.no_tiles"),
    }


def _facts(say: Say) -> dict[str, list[list[Any]]]:
    """Return the rows of the popups: label, column, digits, unit, left out where missing."""

    def row(key: str, column: str, unit: str = "", *, digits: int = 0, quiet: bool = False) -> Any:  # noqa: ANN401  # a row of JSON
        return [say(f"fact.{key}"), column, digits, unit, quiet]

    rules = [
        row("verdict", "verdict"),
        row("reason", "reason", quiet=True),
        row("owner", "owner", quiet=True),
        row("id", "site_id"),
    ]
    a_day = say("unit.kwh_day")
    return {
        "stations": [
            row("state", "state"),
            row("chargers", "chargers"),
            row("existing_chargers", "existing_chargers"),
            row("classes", "classes", quiet=True),
            row("power_kw", "power_kw", "kW"),
            row("kva", "kva", "kVA"),
            row("load_kwh_day", "load_kwh_day", a_day),
            row("utilisation", "utilisation_percent", "%"),
            row("wait_min", "wait_min", say("unit.minutes"), digits=1),
            row("wait_over_promise", "wait_over_percent", "%"),
            row("chargers_needed", "chargers_needed"),
            row("cost", "cost"),
            row("spaces", "spaces"),
            row("score", "score", digits=2),
            *rules,
        ],
        "swaps": [
            row("state", "state"),
            row("power_kw", "power_kw", "kW"),
            row("kva", "kva", "kVA"),
            row("cost", "cost"),
            row("id", "site_id"),
        ],
        "hydrogen": [row("verdict", "verdict"), row("id", "site_id")],
        "candidates": [
            row("chosen", "chosen"),
            row("limits", "limits"),
            row("spaces", "spaces"),
            row("score", "score", digits=2),
            *rules,
        ],
        "zones": [
            row("population", "population", say("unit.people")),
            row("population_quality", "quality"),
            row("stations", "stations"),
            row("chargers", "chargers"),
            row("swap_stations", "swap_stations"),
            row("demand_kwh_day", "demand_kwh_day", a_day),
            row("served_kwh_day", "served_kwh_day", a_day),
            row("managed_by", "managed_by", quiet=True),
        ],
    }


def _style(kinds: list[str], *, on_tiles: bool) -> dict[str, Any]:
    return {
        "kinds": [palette.kind_colour(kind) for kind in kinds],
        "paper": palette.PAPER,
        "land": None if on_tiles else palette.LAND,
        "outline": palette.OUTLINE,
        "halo": palette.HALO,
        "zone": palette.ZONE,
        "hydrogen": style.HYDROGEN,
        "swapNew": style.SWAP_NEW,
        "swapExisting": style.SWAP_EXISTING,
    }


def _attribution(plan: Plan, tiles: Basemap | None, say: Say) -> str:
    """Return what the corner of the map says, as safe HTML."""
    names = [tiles.attribution] if tiles else []
    if any(_OSM_LICENCE in source.licence for source in plan.sources):
        names.append("© OpenStreetMap contributors (ODbL)")
    names.append(say("mark.internal"))
    return html.escape(" · ".join(dict.fromkeys(names)))


def _script_json(content: dict[str, Any]) -> str:
    """Return JSON that may stand in a script, whatever the names in it hold."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return "".join(_ESCAPES.get(sign, sign) for sign in text)
