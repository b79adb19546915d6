"""Colours of maps, on the screen and on paper: one place, so that one colour has one meaning.

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
OWN = "#fdf0cf"
WATER = "#bcd6e4"
STOPPED = "#a3201a"

# covered now, covered by the plan, not covered: Okabe and Ito's blue, sky blue and vermilion,
# the last one as a ring
COVERAGE = ("#0072b2", "#56b4e9", "#d55e00")

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
    "kerbside": "#3366d6",
    "idle_land": "#b5561e",
    "existing": "#5a5d66",
}
OTHER_KIND = "#7f828b"

# dark to light, the first three quarters of viridis: told apart with any colour vision and in grey
_PHASES = ("#440154", "#3b528b", "#21918c", "#5ec962")

# lowest first; the widths, in pixels at zoom 12, are those of brooks and of mapped runway lines
LANDSCAPE_COLOURS = {"wood": "#e4ebd8", "water": WATER, "runway": "#cfccd0", "rail": "#b5b1ad"}
LANDSCAPE_WIDTHS = {"wood": 1.0, "water": 1.6, "runway": 2.4, "rail": 1.0}


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


def kind_colour(kind: str) -> str:
    """Return the colour of a kind of site; one grey for kinds of somebody's own table."""
    return KIND_COLOURS.get(kind, OTHER_KIND)


def phase_colours(count: int) -> list[str]:
    """Return the colours of that many years, the first the darkest.

    Examples
    --------
    >>> phase_colours(2)
    ['#440154', '#5ec962']
    """
    last = len(_PHASES) - 1
    colours = []
    for place in range(count):
        at = last * place / max(count - 1, 1)
        below = min(int(at), last - 1)
        colours.append(_between(_PHASES[below], _PHASES[below + 1], at - below))
    return colours


def _between(one: str, other: str, share: float) -> str:
    """Return the colour that lies a share of the way from one to another."""
    parts = [(int(one[at : at + 2], 16), int(other[at : at + 2], 16)) for at in (1, 3, 5)]
    return "#" + "".join(f"{round(low + (high - low) * share):02x}" for low, high in parts)
