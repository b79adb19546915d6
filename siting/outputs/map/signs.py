"""Signs of the web map and its legend, as SVG; the colours are those of ``outputs.palette``."""

from __future__ import annotations

from siting.outputs.palette import COVERAGE, PAPER, STOPPED

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

HYDROGEN = (
    '<svg viewBox="0 0 22 22" width="22" height="22" aria-hidden="true">'
    '<path d="M11 1.6 19.2 6.3v9.4L11 20.4 2.8 15.7V6.3z" fill="#00798c" stroke="#ffffff" '
    'stroke-width="1.6"/><text x="11" y="14.6" font-size="9.5" font-weight="700" '
    'text-anchor="middle" fill="#ffffff" font-family="sans-serif">H₂</text></svg>'
)


def dot(*, filled: bool, colour: str = "#44586a") -> str:
    """Return the legend's drawing of a station: filled when new, a ring when existing."""
    fill, stroke = (colour, PAPER) if filled else (PAPER, colour)
    return _drawing(
        f'<circle cx="11" cy="8" r="5.4" fill="{fill}" stroke="{stroke}" stroke-width="2.2"/>'
    )


def swap_new(colour: str) -> str:
    """Return the sign of a new swap station in the colour of its year."""
    return _SWAP.format(fill=colour, stroke="#ffffff", ink="#ffffff")


def small_dot() -> str:
    """Return the legend's drawing of a candidate site."""
    return _drawing('<circle cx="11" cy="8" r="2.4" fill="#44586a" opacity=".6"/>')


def ring_dot() -> str:
    """Return the legend's drawing of a candidate site that needs a sign-off."""
    return _drawing(
        '<circle cx="11" cy="8" r="3.2" fill="#44586a" fill-opacity=".55" stroke="#23262d" '
        'stroke-width="1.2"/>'
    )


def cross() -> str:
    """Return the legend's drawing of a site stopped by a rule."""
    return _drawing(f'<path d="M7.5 4.5l7 7m0-7l-7 7" stroke="{STOPPED}" stroke-width="2.2"/>')


def spot(state: int) -> str:
    """Return the legend's drawing of a place of demand: filled where covered, else a ring."""
    colour, covered = COVERAGE[state], state < len(COVERAGE) - 1
    fill = colour if covered else "none"
    return _drawing(
        f'<circle cx="11" cy="8" r="4" fill="{fill}" stroke="{colour}" stroke-width="1.8"/>'
    )


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
