"""The web map of a plan: one page that needs nothing but itself.

Folium draws it, from ``folium-offline``, so that every script and style stands in the page;
of Folium's assets only Leaflet is taken, which keeps the page small. A content security
policy in its head forbids the page every request but those for tiles that were asked for.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

import offlinefolium as folium

from siting.outputs import palette, words
from siting.outputs.assets import asset
from siting.outputs.map import signs
from siting.outputs.map.map_data import MapData
from siting.outputs.map.map_panel import panel_html
from siting.outputs.map.page_frame import (
    AtlasLayer,
    Leaflet,
    Markup,
    Page,
    Script,
    Start,
    name_plainly,
)
from siting.outputs.map.views import make_views
from siting.outputs.pages import Basemap, find_basemap, guarded
from siting.tables.fields import FACILITIES, ZONE, fields, shown

if TYPE_CHECKING:
    from siting.notes import Say
    from siting.plan.plan import Plan
    from siting.tables.fields import Field


_UNITS = {"kWh/day": "unit.kwh_day", "min": "unit.minutes", "people": "unit.people"}
# units that the name of a column tells already
_TOLD = frozenset({"", "bays", "chargers", "CNY", "degrees", "spaces", "stations", "year"})
# of a site that a rule stops all that matters is why: told first, and said even where it is missing
_WHY_STOPPED = ("verdict_name", "reason")


def popup_facts(data: dict[str, Any], say: Say) -> dict[str, list[list[Any]]]:
    """Return the rows of the popups by table of the page's data.

    Parameters
    ----------
    data
        Result of :meth:`MapData.content`.
    say
        Words in the language of the map.

    Returns
    -------
    dict
        Rows of label, column, digits, unit, and whether the row is left out where missing.
    """
    of = {one.marks: one.key for one in FACILITIES}
    of |= {"candidates": "candidate", "stopped": "stopped", "zones": ZONE}
    return {
        name: [
            _fact(fields(zone=table == ZONE)[key], say, always=table == "stopped")
            for key in _popup_keys(table, data[name])
        ]
        for name, table in of.items()
        if name in data
    }


def _popup_keys(table: str, columns: dict[str, Any]) -> list[str]:
    """Return the columns of a table that its popups show, those that the plan has."""
    keys = [key for key in shown("popup", table, columns) if key in columns]
    first = _WHY_STOPPED if table == "stopped" else ()
    return sorted(keys, key=lambda key: key not in first)


def _fact(field: Field, say: Say, *, always: bool) -> list[Any]:
    unit = field.column.unit
    sign = "%" if unit == "share" else "" if unit in _TOLD else unit
    sign = say(_UNITS[unit]) if unit in _UNITS else sign
    quiet = "popup" in field.quiet and not (always and field.key in _WHY_STOPPED)
    return [say(field.word), field.key, field.digits or 0, sign, quiet]


_LAYERS = (
    "new", "existing", "swap", "hydrogen", "candidates", "stopped", "zones", "names", "roads",
    "landscape",
)  # fmt: skip
_OFF_AT_FIRST = {"candidates", "stopped"}
_MAY_BE_ABSENT = {"hydrogen", "stopped"}
_SCRIPTS = ("map.js", "views.js", "search.js", "coverage.js", "print.js")
_PHASES_ONLY = re.compile(r" *//: phases$", re.MULTILINE)
_LINE_FOR_PHASES = re.compile(r"^.*//: phases\n", re.MULTILINE)
_OFF_ON_TILES = {"roads", "landscape"}
_OSM_LICENCE = "ODbL"


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
    say = words.speaker(language, plan.kinds)
    title = plan.title_zh if language == "zh" else plan.title_en
    gcj02 = tiles is not None and tiles.datum == "gcj02"
    source = MapData(plan, say=say, language=language, gcj02=gcj02)
    views = make_views(plan, say=say, language=language)
    content = source.content()
    data = content | {
        "language": {"zh": "zh-CN", "en": "en-GB"}[language],
        "words": _script_words(say),
        "facts": popup_facts(content, say),
        "views": [view.content for view in views],
        "style": _style(source.kinds, on_tiles=tiles is not None),
        "attribution": _attribution(plan, tiles, say),
    }
    page = Page(title=title, language=language)
    panel = panel_html(plan, source.kinds, views, say=say, title=title, gcj02=gcj02)
    page.add_child(Markup(panel, name="Panel"))
    page.add_child(_map(data, tiles, say, phased=bool(plan.phases)))
    name_plainly(page)
    return guarded(str(page.render()), pictures=tiles.hosts if tiles else ())


def _map(data: dict[str, Any], tiles: Basemap | None, say: Say, *, phased: bool) -> folium.Map:
    (south, west), (north, east) = data["bounds"]
    drawn = Leaflet(
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
    code, sheet = _code(phased=phased)
    drawn.add_child(Script("sitingAtlas", data, drawn, code=code, sheet=sheet, name="Atlas"))
    hidden = _OFF_AT_FIRST | (_OFF_ON_TILES if tiles else set())
    for layer_key in _LAYERS:
        if layer_key in _MAY_BE_ABSENT and layer_key not in data:
            continue
        drawn.add_child(
            AtlasLayer(layer_key, name=say(f"layer.{layer_key}"), show=layer_key not in hidden)
        )
    narrow = folium.JsCode("window.matchMedia('(max-width: 760px)').matches")
    drawn.add_child(folium.LayerControl(collapsed=narrow))  # type: ignore[arg-type]  # any option may be code
    drawn.add_child(Start())
    return drawn


def _code(*, phased: bool) -> tuple[str, str]:
    """Return script and style sheet; what is for phases only with them, that others stay small."""
    code, sheet = "\n".join(asset(script) for script in _SCRIPTS), asset("map.css")
    if not phased:
        return _LINE_FOR_PHASES.sub("", code), sheet
    return (
        "\n".join([_PHASES_ONLY.sub("", code), asset("phases.js")]),
        "\n".join([sheet, asset("phases.css")]),
    )


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
        "print": say("map.print"),
        "layers": say("map.layers"),
        "number": say("fact.number"),
        "lonlat": say("fact.lonlat"),
        "also": say("fact.also"),
        "yes": say("fact.yes"),
        "here": say("handout.here"),
        "plan": say("handout.plan"),
        # the script fills in the numbers of these
        "more": say("search.more", count="{count}"),
        "found": say("search.found", count="{count}"),
        "went": say("search.went", name="{name}"),
        "nothing": say("search.none"),
    }


def _style(kinds: list[str], *, on_tiles: bool) -> dict[str, Any]:
    return {
        "kinds": [palette.kind_colour(kind) for kind in kinds],
        "paper": palette.PAPER,
        "land": None if on_tiles else palette.LAND,
        "outline": palette.OUTLINE,
        "halo": palette.HALO,
        "zone": palette.ZONE,
        "stopped": palette.STOPPED,
        "coverage": palette.COVERAGE,
        "hydrogen": signs.HYDROGEN,
        "swapNew": signs.SWAP_NEW,
        "swapExisting": signs.SWAP_EXISTING,
    }


def _attribution(plan: Plan, tiles: Basemap | None, say: Say) -> str:
    """Return what the corner of the map says, as safe HTML."""
    names = [tiles.attribution] if tiles else []
    if any(_OSM_LICENCE in source.licence for source in plan.sources):
        names.append("© OpenStreetMap contributors (ODbL)")
    names.append(say("mark.internal"))
    return html.escape(" · ".join(dict.fromkeys(names)))
