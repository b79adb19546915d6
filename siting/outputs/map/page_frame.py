"""The frame of a map page: offline, under a content policy, the same bytes for the same plan."""

from __future__ import annotations

import json
from typing import Any, cast

import offlinefolium as folium
from branca.element import Element, Figure, MacroElement
from jinja2 import Template
from offlinefolium.map import Layer

from siting.outputs.pages import MARK

_ESCAPES = {
    "<": "\\u003c",
    ">": "\\u003e",
    "&": "\\u0026",
    "\u2028": "\\u2028",
    "\u2029": "\\u2029",
}


class Page(Figure):
    """The page around the map: language, title and where the policy goes that keeps it offline."""

    _template = Template(
        "<!DOCTYPE html>\n"
        '<html lang="{{ this.language }}">\n<head>\n'
        '<meta charset="utf-8">\n'
        f"{MARK}\n"
        "<title>{{ this.title | e }}</title>\n"
        '<link rel="icon" href="data:,">\n'
        "{{ this.header.render(**kwargs) }}\n"
        "</head>\n<body>\n{{ this.html.render(**kwargs) }}\n"
        "<script>\n{{ this.script.render(**kwargs) }}\n</script>\n</body>\n</html>\n"
    )

    def __init__(self, *, title: str, language: str) -> None:
        super().__init__(title=title)
        self.language = {"zh": "zh-CN", "en": "en"}[language]


class Leaflet(folium.Map):
    """Folium's map with Leaflet alone: no Bootstrap, jQuery or icon font, 1.3 MB less."""

    default_js = [pair for pair in folium.Map.default_js if pair[0] == "leaflet"]  # noqa: RUF012
    default_css = [pair for pair in folium.Map.default_css if pair[0] == "leaflet_css"]  # noqa: RUF012


class Text(Element):
    """Text that reaches the page as it is.

    Branca runs what an element gives as a template once more, so that a place called
    ``{{ ... }}`` would be computed; this template is only the door for the text.
    """

    _template = Template("{{ this.text }}")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class AtlasLayer(Layer):
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


class Start(MacroElement):
    """The last line of the script: everything is there, begin."""

    _template = Template("{% macro script(this, kwargs) %}siting.start();{% endmacro %}")

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Branca leaves it untyped
        self._name = "Start"


def name_plainly(page: Page) -> None:
    """Give numbers to the elements, whose names are random, so that one plan gives one page."""
    waiting = list(page._children.values())  # noqa: SLF001  # Branca has no other door
    number = 0
    while waiting:
        element = waiting.pop(0)
        number += 1
        element._id = f"{number:03d}"  # noqa: SLF001
        waiting.extend(element._children.values())  # noqa: SLF001


def script_json(content: dict[str, Any]) -> str:
    """Return JSON that may stand in a script, whatever the names in it hold."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return "".join(_ESCAPES.get(sign, sign) for sign in text)


class Markup(Element):
    """Ready-made HTML before the map.

    Parameters
    ----------
    markup
        The HTML, every text of a plan escaped.
    name
        Name of the element in the page.
    """

    def __init__(self, markup: str, *, name: str) -> None:
        super().__init__()
        self._name = name
        self._markup = markup

    def render(self, **_: object) -> str:
        """Put it into the page."""
        page = cast("Figure", self.get_root())
        page.html.add_child(Text(self._markup), name=self.get_name())
        return ""


class Script(Element):
    """A script that draws on a map, its data and its style sheet.

    Parameters
    ----------
    call
        Function of the script that is given the map and the data.
    data
        JSON types.
    drawn_on
        The map.
    code, sheet
        Text of the script and of the style sheet.
    name
        Name of the element in the page.
    """

    def __init__(  # the parts of a page
        self,
        call: str,
        data: dict[str, Any],
        drawn_on: folium.Map,
        *,
        code: str,
        sheet: str,
        name: str,
    ) -> None:
        super().__init__()
        self._name = name
        self._call, self._data, self._drawn_on = call, script_json(data), drawn_on
        self._code, self._sheet = code, sheet

    def render(self, **_: object) -> str:
        """Put style sheet, script and data into the page."""
        page = cast("Figure", self.get_root())
        page.header.add_child(Text(f"<style>\n{self._sheet}</style>"), name=self.get_name())
        call = f"var siting = {self._call}({self._drawn_on.get_name()}, {self._data});"
        page.script.add_child(Text(f"{self._code}\n{call}"), name=self.get_name())
        return ""
