"""The map of a contrast: a layer for each plan, and one of what differs from the first.

One page in the frame of the web map: no request leaves it, and the same plans give the same bytes.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import offlinefolium as folium
import shapely

from siting.comparison.comparison import count_changes
from siting.outputs import palette, words
from siting.outputs.assets import asset
from siting.outputs.map import shapes
from siting.outputs.map.page_frame import (
    AtlasLayer,
    Leaflet,
    Markup,
    Page,
    Script,
    Start,
    name_plainly,
)
from siting.outputs.pages import guarded
from siting.outputs.text.figure_tables import contrast_warnings

if TYPE_CHECKING:
    import pandas as pd

    from siting.comparison import Contrast
    from siting.notes import Say
    from siting.plan.plan import Plan


# Paul Tol's "bright" scheme: apart with any colour vision
_PLAN_COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377")
_CHANGE_COLOURS = {
    "added": "#117733",
    "dropped": "#a3342b",
    "moved": "#332288",
    "grown": "#44aa99",
    "shrunk": "#d8a62a",
}
_HOLD_COLOURS = {"core": "#117733", "swing": "#d8a62a"}


def make_contrast_map(made: Contrast, *, language: str) -> str:
    """Return the map of a contrast as one page of HTML.

    Parameters
    ----------
    made
        The plans side by side.
    language
        ``"zh"`` or ``"en"``.
    """
    say = words.speaker(language, made.kinds)
    base = made.plans[0]
    to = shapes.Degrees(base.crs)
    data = {
        **_ground(base.zones, base.roads, to),
        "plans": [_plan(plan, to, place, say) for place, plan in enumerate(made.plans)],
        "changes": [_changes(frame, to, say) for frame in made.changes],
    }
    title = say("contrast.title", runs=" · ".join(made.names))
    layers = [(f"plan {place}", name, not made.changes) for place, name in enumerate(made.names)]
    layers += [
        (f"changes {place}", say("contrast.difference", run=name, base=made.names[0]), place == 0)
        for place, name in enumerate(made.names[1:])
    ]
    return _page(title, _head(made, title, say), data, layers, language)


def make_share_map(
    shares: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame,
    roads: gpd.GeoDataFrame,
    *,
    kinds: dict[str, dict[str, str]],
    language: str,
    synthetic: bool,
) -> str:
    """Return the map of the sites that samples choose, one layer each for core and swing.

    Parameters
    ----------
    shares
        site_id, kind, name, share, holds (core, swing, never), in a metric CRS.
    zones, roads
        As of a plan.
    kinds
        ``Plan.kinds``.
    language
        ``"zh"`` or ``"en"``.
    synthetic
        Whether the data are made up.
    """
    say = words.speaker(language, kinds)
    to = shapes.Degrees(str(shares.crs))
    parts = [_share_part(shares, name, colour, to, say) for name, colour in _HOLD_COLOURS.items()]
    data = {**_ground(zones, roads, to), "plans": [], "changes": [[part] for part in parts]}
    title = say("contrast.shares")
    mark = f'<p class="warning">{html.escape(say("mark.sample"))}</p>' if synthetic else ""
    keys = "".join(
        f'<span><i style="background:{colour}"></i>{html.escape(say(f"contrast.word.{name}"))} '
        f"{len(part['lon']):,}</span>"
        for (name, colour), part in zip(_HOLD_COLOURS.items(), parts, strict=True)
    )
    head = (
        f'<header class="head"><h1>{html.escape(title)}</h1>{mark}'
        f'<p class="keys">{keys}</p></header>'
    )
    layers = [
        (f"changes {place}", say(f"contrast.word.{name}"), True)
        for place, name in enumerate(_HOLD_COLOURS)
    ]
    return _page(title, head, data, layers, language)


def _share_part(
    shares: gpd.GeoDataFrame, holds: str, colour: str, to: shapes.Degrees, say: Say
) -> dict[str, Any]:
    rows = shares[shares["holds"] == holds]
    lon, lat = shapes.lonlat(rows.geometry, to)
    texts = [f"{_name(row, say)} · {row['share']:.0%}" for _, row in rows.iterrows()]
    return {"change": holds, "colour": colour, "lon": lon, "lat": lat, "text": texts,
            "swap": [0] * len(rows)}  # fmt: skip


def _ground(zones: gpd.GeoDataFrame, roads: gpd.GeoDataFrame, to: shapes.Degrees) -> dict[str, Any]:
    thin = shapes.thin_zones(zones)
    edge = shapes.outline(thin)
    west, south, east, north = shapely.total_bounds(to([edge])).tolist()
    return {
        "bounds": [[south, west], [north, east]],
        "outline": shapes.area_rings([edge], to, thin_m=0),
        "zones": shapes.line_paths([shapes.borders(thin, edge)], to),
        "roads": shapes.road_lines(roads, to),
        "style": {"outline": palette.OUTLINE, "zone": palette.ZONE, "land": palette.LAND},
    }


def _page(
    title: str,
    head: str,
    data: dict[str, Any],
    layers: list[tuple[str, str, bool]],
    language: str,
) -> str:
    page = Page(title=title, language=language)
    page.add_child(Markup(head, name="Before"))
    page.add_child(_map(data, layers))
    name_plainly(page)
    return guarded(str(page.render()))


def _map(data: dict[str, Any], layers: list[tuple[str, str, bool]]) -> folium.Map:
    (south, west), (north, east) = data["bounds"]
    drawn = Leaflet(
        location=[(south + north) / 2, (west + east) / 2],
        zoom_start=10,
        tiles=None,
        prefer_canvas=True,
        zoom_snap=0.5,
        attribution_control=False,
    )
    code, sheet = asset("contrast.js"), asset("contrast.css")
    drawn.add_child(Script("sitingContrast", data, drawn, code=code, sheet=sheet, name="Script"))
    for key, name, show in layers:
        drawn.add_child(AtlasLayer(key, name=html.escape(name), show=show))
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
