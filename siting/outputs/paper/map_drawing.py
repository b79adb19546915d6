"""One map on paper: ground, names, stations with their numbers, scale bar, north arrow."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from matplotlib import patheffects
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.colors import to_rgb
from matplotlib.patches import Circle, Polygon, Rectangle

from siting.outputs import palette
from siting.outputs.paper.base_map import draw_ground
from siting.outputs.paper.frames import DOT_MM, SCALE_SHARE, scale_corner
from siting.outputs.paper.lettering import Letters, Line
from siting.outputs.paper.paper import FAINT, INK, make_sign

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from siting.outputs.paper.base_map import Ground
    from siting.outputs.paper.frames import Frame
    from siting.outputs.paper.lettering import Face

    Box = tuple[float, float, float, float]

_HALO = [patheffects.withStroke(linewidth=1.6, foreground="#fffefa")]
_DARK = 0.55
_HALF_DIGIT_MM = 0.129
"""Half the height of a digit in mm, by pt of the font's size."""
_BAR_STEPS = (1, 2, 5)
_KM = 1000.0


@dataclass(frozen=True)
class Pins:
    """What a map marks: points in metres with their numbers, colours and form.

    Each has a form of :func:`siting.outputs.paper.paper.make_sign`; new ones are filled,
    existing ones rings.
    """

    xy: NDArray[np.float64]
    label: tuple[str, ...]
    colour: tuple[str, ...]
    filled: NDArray[np.bool_]
    form: tuple[str, ...]


def draw_map(  # noqa: PLR0913  # what stands on a map
    axes: Axes,
    frame: Frame,
    ground: Ground,
    pins: Pins,
    names: list[tuple[str, BaseGeometry]],
    *,
    radius_mm: float,
    face: Face,
    inner: tuple[Frame, ...] = (),
    own: BaseGeometry | None = None,
) -> None:
    """Draw a window of the district.

    Parameters
    ----------
    axes
        Empty axes in the frame's shape.
    frame
        The window, with the places of its tags.
    ground, pins
        What lies below and what is marked.
    names
        Names of zones with their areas.
    radius_mm
        Radius of a tag.
    face
        The font.
    inner
        Zoom sheets to outline on the map of the whole.
    own
        The township the sheet is for, to stand out from the others.
    """
    west, south, east, north = frame.bounds
    axes.set_xlim(west, east)
    axes.set_ylim(south, north)
    axes.set_facecolor("white")
    for spine in axes.spines.values():
        spine.set(color=palette.OUTLINE, linewidth=0.8)
    draw_ground(axes, ground, frame, own=own)
    paper = axes.inset_axes((0, 0, 1, 1), zorder=4)
    paper.set_xlim(0, frame.box_mm[0])
    paper.set_ylim(0, frame.box_mm[1])
    paper.axis("off")
    letters = Letters(face)
    letters.put_on(paper, paper.transData, order=4)
    tags = _draw_pins(paper, frame, pins, radius_mm, letters)
    taken = [*tags, *_draw_windows(paper, frame, inner, radius_mm, tags)]
    _draw_names(paper, frame, names, taken, radius_mm, face)
    _draw_scale(paper, frame, radius_mm)


def _draw_pins(paper: Axes, frame: Frame, pins: Pins, radius: float, letters: Letters) -> list[Box]:
    """Draw the dots and tags, and return the boxes they take (mm)."""
    sites_mm = frame.to_mm(pins.xy[frame.sites])
    tags = frame.tags.xy
    left = np.isnan(tags[:, 0])
    beside = ~left & (np.hypot(*(tags - sites_mm).T) > radius / 10)
    leaders = list(np.stack([sites_mm[beside], tags[beside]], axis=1))
    paper.add_collection(LineCollection(leaders, colors=INK, linewidths=0.35, zorder=1))
    colours = [pins.colour[site] for site in frame.sites.tolist()]
    dots = np.flatnonzero(left | beside)
    paper.add_collection(
        PatchCollection(
            [Circle(tuple(spot), DOT_MM) for spot in sites_mm[dots]],
            facecolors=[colours[place] for place in dots.tolist()],
            edgecolors="white", linewidths=0.25, zorder=2,
        )
    )  # fmt: skip
    shown = np.flatnonzero(~left)
    _draw_tags(paper, tags[shown], frame.sites[shown], pins, radius, letters)
    boxes = [(x - radius, y - radius, x + radius, y + radius) for x, y in tags[shown].tolist()]
    return boxes + [(x - DOT_MM, y - DOT_MM, x + DOT_MM, y + DOT_MM)
                    for x, y in sites_mm[dots].tolist()]  # fmt: skip


def _draw_tags(  # tags and their look
    paper: Axes,
    tags: NDArray[np.float64],
    sites: NDArray[np.int64],
    pins: Pins,
    radius: float,
    letters: Letters,
) -> None:
    """Draw numbered tags in the form of their facility; rings stand already."""
    if not len(sites):
        return
    shapes = [
        make_sign((x, y), radius, pins.form[site])
        for (x, y), site in zip(tags.tolist(), sites.tolist(), strict=True)
    ]
    filled = pins.filled[sites].tolist()
    colours = [pins.colour[site] for site in sites.tolist()]
    looks = list(zip(colours, filled, strict=True))
    paper.add_collection(
        PatchCollection(
            shapes,
            facecolors=[colour if fill else "white" for colour, fill in looks],
            edgecolors=["white" if fill else colour for colour, fill in looks],
            linewidths=[0.4 if fill else 0.8 for fill in filled],
            zorder=3,
        )
    )
    for (x, y), site, (colour, fill) in zip(tags.tolist(), sites.tolist(), looks, strict=True):
        label = pins.label[site]
        size = radius * 2.3 * (1.2 if len(label) < 3 else 1.0)  # noqa: PLR2004  # digits
        ink = "white" if fill and _luminance(colour) < _DARK else INK
        letters.write(Line(x, y - size * _HALF_DIGIT_MM, label, size, ink, "center"))


def _luminance(colour: str) -> float:
    red, green, blue = to_rgb(colour)
    return 0.299 * red + 0.587 * green + 0.114 * blue


def _draw_windows(
    paper: Axes, frame: Frame, inner: tuple[Frame, ...], radius: float, tags: list[Box]
) -> list[Box]:
    """Outline the zoom sheets with their letters; return the boxes of the letters."""
    taken = []
    for sheet in inner:
        west, south, east, north = sheet.bounds
        low, high = frame.to_mm(np.array([[west, south], [east, north]]))
        low, high = np.maximum(low, 0.0), np.minimum(high, frame.box_mm)
        width, height = high - low
        paper.add_patch(
            Rectangle(tuple(low), width, height, fill=False, ec=INK, lw=0.7, ls=(0, (5, 2)),
                      zorder=2.5)
        )  # fmt: skip
        side = (1.1 + 0.9 * len(sheet.name)) * radius
        corner = _free_corner(low, high, (side, 2.2 * radius), tags)
        paper.add_patch(
            Rectangle(corner, side, 2.2 * radius, facecolor=INK, edgecolor="none", zorder=4.5)
        )
        paper.text(corner[0] + side / 2, corner[1] + 1.1 * radius, sheet.name, color="white",
                   fontsize=radius * 3.4, ha="center", va="center_baseline", zorder=5)  # fmt: skip
        taken.append((*corner, corner[0] + side, corner[1] + 2.2 * radius))
    return taken


def _free_corner(
    low: NDArray[np.float64], high: NDArray[np.float64], size: tuple[float, float], tags: list[Box]
) -> tuple[float, float]:
    """Return a place for a letter inside a window's corner that no tag stands on."""
    wide, tall = size
    boxes = np.array(tags, dtype=float).reshape(-1, 4)
    corners = [
        (float(x), float(y))
        for y in (high[1] - tall - 0.2, low[1] + 0.2)
        for x in (low[0] + 0.2, high[0] - wide - 0.2)
    ]
    for x, y in corners:
        if not _overlaps((x, y, x + wide, y + tall), boxes):
            return (x, y)
    return corners[0]


def _draw_names(  # what a name must keep clear of
    paper: Axes,
    frame: Frame,
    names: list[tuple[str, BaseGeometry]],
    taken: list[Box],
    radius: float,
    face: Face,
) -> None:
    """Write the zones' names where nothing else stands; a name without room is left out."""
    size = radius * 3.3
    window = shapely.box(*frame.bounds)
    boxes = np.array(taken, dtype=float).reshape(-1, 4)
    low = scale_corner(frame.box_mm, radius)[1]
    for name, area in names:
        seen = shapely.intersection(area, window)
        if seen.is_empty:
            continue
        text = face.visible(name)
        wide, high = face.width_mm(text, size) + 0.8, size * 0.42
        for spot in frame.to_mm(_spots(seen)):
            box = (spot[0] - wide / 2, spot[1] - high / 2, spot[0] + wide / 2, spot[1] + high / 2)
            inside = box[0] > 1 and box[1] > low and box[2] < frame.box_mm[0] - 1
            if inside and box[3] < frame.box_mm[1] - 1 and not _overlaps(box, boxes):
                paper.text(spot[0], spot[1], text, fontsize=size, color="#3d3a46", ha="center",
                           va="center_baseline", zorder=3.5, path_effects=_HALO)  # fmt: skip
                boxes = np.vstack([boxes, box])
                break


def _spots(area: BaseGeometry) -> NDArray[np.float64]:
    """Return places inside an area, the middle first."""
    middle = area.representative_point()
    west, south, east, north = area.bounds
    across, along = np.meshgrid(np.linspace(west, east, 13), np.linspace(south, north, 13))
    grid = np.column_stack([across.ravel(), along.ravel()])
    inside = grid[shapely.contains_xy(area, grid[:, 0], grid[:, 1])]
    near = np.argsort(np.hypot(inside[:, 0] - middle.x, inside[:, 1] - middle.y), kind="stable")
    return np.vstack([[middle.x, middle.y], inside[near]])


def _overlaps(box: Box, boxes: NDArray[np.float64]) -> bool:
    return bool(
        (
            (boxes[:, 0] < box[2]) & (boxes[:, 2] > box[0])
            & (boxes[:, 1] < box[3]) & (boxes[:, 3] > box[1])
        ).any()
    )  # fmt: skip


def _draw_scale(paper: Axes, frame: Frame, radius: float) -> None:
    """Draw scale bar, scale and north arrow in the bottom corner of the frame."""
    by_mm = frame.scale / 1000
    target = SCALE_SHARE * frame.box_mm[0] * by_mm
    power = 10.0 ** math.floor(math.log10(target))
    length = power * max(step for step in _BAR_STEPS if step * power <= target)
    corner = scale_corner(frame.box_mm, radius)
    start = frame.box_mm[0] - corner[0] if frame.scale_right else 0.0
    wide, left, low = length / by_mm, start + 3.0, 3.0
    size = radius * 3.0
    label = f"{length / _KM:g} km" if length >= _KM else f"{length:g} m"
    look: dict[str, Any] = {"zorder": 6, "path_effects": _HALO}
    for half in (0, 1):
        paper.add_patch(
            Rectangle((left + half * wide / 2, low), wide / 2, 1.1, lw=0.5, edgecolor=INK,
                      facecolor=INK if half == 0 else "white", zorder=6)
        )  # fmt: skip
    paper.text(left, low + 2.0, "0", fontsize=size, color=INK, **look)
    paper.text(left + wide, low + 2.0, label, fontsize=size, color=INK, ha="center", **look)
    paper.text(left + wide + 8, low, f"1:{frame.scale:,.0f}", fontsize=size, color=FAINT, **look)
    arrow = start + corner[0] - 3.0
    paper.add_patch(
        Polygon([(arrow - 1.3, low), (arrow, low + 4.5), (arrow + 1.3, low), (arrow, low + 1.1)],
                facecolor=INK, edgecolor="none", zorder=6)
    )  # fmt: skip
    paper.text(arrow, low + 4.9, "N", fontsize=size, color=INK, ha="center", **look)
