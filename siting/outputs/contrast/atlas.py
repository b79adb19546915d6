"""The map of a contrast: a layer for each plan, and one of what differs from the first.

One page in the frame of the web map: no request leaves it, and the same plans give the same bytes.
"""

from __future__ import annotations

import html
from importlib import resources
from typing import TYPE_CHECKING, Any, cast

import geopandas as gpd
import offlinefolium as folium
import shapely
from branca.element import Element, Figure

from siting.contrast.changes import count_changes
from siting.outputs import palette, words
from siting.outputs.contrast.text import contrast_warnings
from siting.outputs.webmap import shapes
from siting.outputs.webmap.frame import (
    AtlasLayer,
    Leaflet,
    Page,
    Start,
    Text,
    name_plainly,
    script_json,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from siting.contrast import Contrast
    from siting.plan import Plan

    Say = Callable[..., str]

# Paul Tol's "bright" scheme: apart with any colour vision
_PLAN_COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377")
_CHANGE_COLOURS = {
    "added": "#117733",
    "dropped": "#a3342b",
    "moved": "#332288",
    "grown": "#44aa99",
    "shrunk": "#d8a62a",
}


class _Before(Element):
    """Ready-made HTML before the map."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self._name = "Before"
        self._markup = markup

    def render(self, **_: object) -> str:
        """Put it into the page."""
        page = cast("Figure", self.get_root())
        page.html.add_child(Text(self._markup), name=self.get_name())
        return ""


class _Script(Element):
    """The script that draws, its data and its style sheet."""

    def __init__(self, data: dict[str, Any], drawn_on: folium.Map) -> None:
        super().__init__()
        self._name = "Script"
        self._data = script_json(data)
        self._drawn_on = drawn_on

    def render(self, **_: object) -> str:
        """Put style sheet, script and data into the page."""
        page, name = cast("Figure", self.get_root()), self.get_name()
        page.header.add_child(Text(f"<style>\n{_asset('contrast.css')}</style>"), name=name)
        call = f"var siting = sitingContrast({self._drawn_on.get_name()}, {self._data});"
        page.script.add_child(Text(f"{_asset('contrast.js')}\n{call}"), name=name)
        return ""


def make_contrast_map(made: Contrast, *, language: str) -> str:
    """Return the map of a contrast as one page of HTML.

    Parameters
    ----------
    made
        The plans side by side.
    language
        ``"zh"`` or ``"en"``.
    """
    say = words.speaker(language)
    base = made.plans[0]
    to = shapes.Degrees(base.crs)
    edge = shapes.outline(shapes.thin_zones(base.zones))
    west, south, east, north = shapely.total_bounds(to([edge])).tolist()
    data = {
        "bounds": [[south, west], [north, east]],
        "outline": shapes.area_rings([edge], to, thin_m=0),
        "zones": shapes.line_paths([shapes.borders(shapes.thin_zones(base.zones), edge)], to),
        "roads": shapes.road_lines(base.roads, to),
        "plans": [_plan(plan, to, place, say) for place, plan in enumerate(made.plans)],
        "changes": [_changes(frame, to, say) for frame in made.changes],
        "style": {"outline": palette.OUTLINE, "zone": palette.ZONE, "land": palette.LAND},
    }
    title = say("contrast.title", runs=" · ".join(made.names))
    page = Page(title=title, language=language)
    page.add_child(_Before(_head(made, title, say)))
    page.add_child(_map(made, data, say))
    name_plainly(page)
    return str(page.render())


def _map(made: Contrast, data: dict[str, Any], say: Say) -> folium.Map:
    (south, west), (north, east) = data["bounds"]
    drawn = Leaflet(
        location=[(south + north) / 2, (west + east) / 2],
        zoom_start=10,
        tiles=None,
        prefer_canvas=True,
        zoom_snap=0.5,
        attribution_control=False,
    )
    drawn.add_child(_Script(data, drawn))
    names = made.names
    several = len(made.changes) > 1
    for place, name in enumerate(names):
        drawn.add_child(AtlasLayer(f"plan {place}", name=html.escape(name), show=not made.changes))
    for place, name in enumerate(names[1:]):
        label = say("contrast.difference", run=name, base=names[0])
        shown = not several or place == 0
        drawn.add_child(AtlasLayer(f"changes {place}", name=html.escape(label), show=shown))
    drawn.add_child(folium.LayerControl(collapsed=False))
    drawn.add_child(Start())
    return drawn


def _plan(plan: Plan, to: shapes.Degrees, place: int, say: Say) -> dict[str, Any]:
    return {
        "colour": _PLAN_COLOURS[place % len(_PLAN_COLOURS)],
        "stations": _points(plan.sites, to, [
            f"{_name(site, say)} · {int(site['chargers'])} {say('unit.chargers')}"
            for _, site in plan.sites.iterrows()
        ]),
        "swaps": _points(plan.swap_sites, to, [
            f"{_name(site, say)} · {say('contrast.word.swap')}"
            for _, site in plan.swap_sites.iterrows()
        ]),
    }  # fmt: skip


def _points(frame: gpd.GeoDataFrame, to: shapes.Degrees, texts: list[str]) -> dict[str, Any]:
    lon, lat = shapes.lonlat(frame.geometry, to)
    size = frame["chargers"].tolist() if "chargers" in frame.columns else [0] * len(frame)
    return {"lon": lon, "lat": lat, "size": size, "text": texts}


def _changes(frame: pd.DataFrame, to: shapes.Degrees, say: Say) -> list[dict[str, Any]]:
    """Return the changed sites by kind of change."""
    lon, lat = shapes.lonlat(gpd.points_from_xy(frame["x_m"], frame["y_m"]), to)
    drawn = []
    for change, colour in _CHANGE_COLOURS.items():
        rows = [place for place, found in enumerate(frame["change"]) if found == change]
        drawn.append(
            {
                "change": change,
                "colour": colour,
                "lon": [lon[place] for place in rows],
                "lat": [lat[place] for place in rows],
                "swap": [int(frame["facility"].iloc[place] == "swap") for place in rows],
                "text": [_changed(frame.iloc[place], say) for place in rows],
            }
        )
    return drawn


def _changed(row: pd.Series, say: Say) -> str:
    parts = [say(f"contrast.word.{row['change']}"), _name(row, say)]
    if row["facility"] == "swap":
        parts.append(say("contrast.word.swap"))
    else:
        before, after = int(row["chargers_before"]), int(row["chargers_after"])
        parts.append(f"{before} → {after} {say('unit.chargers')}")
    if row["change"] == "moved":
        parts.append(f"{row['from_id']} → {row['site_id']}, {row['moved_m']:,.0f} m")
    return " · ".join(parts)


def _name(site: pd.Series, say: Say) -> str:
    name = site["name"]
    kind = say(f"kind.{site['kind']}")
    return f"{kind} {name} ({site['site_id']})" if isinstance(name, str) else (
        f"{kind} ({site['site_id']})"
    )  # fmt: skip


def _head(made: Contrast, title: str, say: Say) -> str:
    warnings = "".join(
        f'<p class="warning">{html.escape(line)}</p>' for line in contrast_warnings(made, say)
    )
    keys = "".join(
        f'<span><i style="background:{colour}"></i>'
        f"{html.escape(say(f'contrast.word.{change}'))}</span>"
        for change, colour in _CHANGE_COLOURS.items()
    )
    plans = "".join(
        f'<span><i class="ring" style="border-color:{_PLAN_COLOURS[place % len(_PLAN_COLOURS)]}">'
        f"</i>{html.escape(name)}</span>"
        for place, name in enumerate(made.names)
    )
    counted = "".join(
        f"<p>{html.escape(name)}: {html.escape(_counted(frame, made.moved_m, say))}</p>"
        for name, frame in zip(made.names[1:], made.changes, strict=True)
    )
    return (
        f'<header class="head"><h1>{html.escape(title)}</h1>{warnings}'
        f'<p class="keys">{keys}</p><p class="keys">{plans}</p>{counted}</header>'
    )


def _counted(frame: pd.DataFrame, moved_m: float, say: Say) -> str:
    counts = count_changes(frame)
    return ", ".join(
        f"{say(f'contrast.change.{change}', moved_m=moved_m)} {counts[change]:,}"
        for change in _CHANGE_COLOURS
    )


def _asset(name: str) -> str:
    return (resources.files(__package__) / "assets" / name).read_text(encoding="utf-8")
