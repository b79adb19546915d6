"""Colours and signs of the map, one place for the map and its legend.

Kinds of site take Paul Tol's *muted* scheme, made to be told apart with any colour vision
(P. Tol, Colour Schemes, SRON/EPS/TN/09-002, 2021), with grey and brown added; new and existing
stations differ by form, filled or ring, never by colour alone.
"""

from __future__ import annotations

from dataclasses import dataclass

PAPER = "#fffefa"
LAND = "#faf8f2"
OUTLINE = "#6d6250"
HALO = "#ddd6c6"
ZONE = "#9a92a5"
WATER = "#bcd6e4"

KIND_COLOURS = {
    "residential": "#44aa99",
    "parking": "#332288",
    "service_area": "#117733",
    "fuel": "#d8a62a",
    "sight": "#999933",
    "office": "#5fb4e0",
    "retail": "#cc6677",
    "public_facility": "#aa4499",
    "transport_hub": "#882255",
    "logistics": "#8a6b4c",
    "existing": "#5a5d66",
}
OTHER_KIND = "#7f828b"

# lowest first; the widths, in pixels at zoom 12, are those of brooks and of mapped runway lines
LANDSCAPE_COLOURS = {"wood": "#e4ebd8", "water": WATER, "runway": "#cfccd0"}
LANDSCAPE_WIDTHS = {"wood": 1.0, "water": 1.6, "runway": 2.4}


@dataclass(frozen=True)
class RoadStyle:
    """How a class of road is drawn; widths in pixels at zoom 12."""

    colour: str
    width: float
    casing: str | None = None


# minor classes first: later ones are drawn over them
ROAD_STYLES = {
    "tertiary": RoadStyle("#dcd6c8", 0.7),
    "secondary": RoadStyle("#cfc7b5", 1.0),
    "primary": RoadStyle("#f3e3ba", 1.5, "#cdbb93"),
    "trunk": RoadStyle("#f0cf9c", 1.8, "#c2a06b"),
    "motorway": RoadStyle("#e0ac72", 2.2, "#b27f4a"),
}

_ARROWS = (
    '<path d="M6.6 9.6h7.2l-2.4-2.4M15.4 12.4H8.2l2.4 2.4" fill="none" stroke="{ink}" '
    'stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round"/>'
)
_SWAP = (
    '<svg viewBox="0 0 22 22" width="22" height="22" aria-hidden="true">'
    '<rect x="4.1" y="4.1" width="13.8" height="13.8" rx="2" transform="rotate(45 11 11)" '
    'fill="{fill}" stroke="{stroke}" stroke-width="1.6"/>' + _ARROWS + "</svg>"
)
SWAP_NEW = _SWAP.format(fill="#23262d", stroke="#ffffff", ink="#ffffff")
SWAP_EXISTING = _SWAP.format(fill="#ffffff", stroke="#23262d", ink="#23262d")


def kind_colour(kind: str) -> str:
    """Return the colour of a kind of site; one grey for kinds of somebody's own table."""
    return KIND_COLOURS.get(kind, OTHER_KIND)


def dot(*, filled: bool, colour: str = "#44586a") -> str:
    """Return the legend's drawing of a station: filled when new, a ring when existing."""
    fill, stroke = (colour, PAPER) if filled else (PAPER, colour)
    return _drawing(
        f'<circle cx="11" cy="8" r="5.4" fill="{fill}" stroke="{stroke}" stroke-width="2.2"/>'
    )


def small_dot() -> str:
    """Return the legend's drawing of a candidate site."""
    return _drawing('<circle cx="11" cy="8" r="2.4" fill="#44586a" opacity=".6"/>')


def stroke(colour: str, width: float, *, casing: str | None = None, dashed: bool = False) -> str:
    """Return the legend's drawing of a line."""
    line = '<path d="M1 8h20" stroke="{}" stroke-width="{}"{}/>'
    dash = ' stroke-dasharray="5 3"' if dashed else ""
    under = line.format(casing, width + 2, "") if casing else ""
    return _drawing(under + line.format(colour, width, dash))


def patch(colour: str) -> str:
    """Return the legend's drawing of an area."""
    return _drawing(f'<rect x="2" y="3" width="18" height="10" rx="2" fill="{colour}"/>')


def _drawing(content: str) -> str:
    return f'<svg viewBox="0 0 22 16" width="22" height="16" aria-hidden="true">{content}</svg>'
