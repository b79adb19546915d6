"""The ground of a map: land, water, roads and zones, cut to a window and drawn.

A district's ground is made once and drawn on many sheets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from matplotlib.collections import PathCollection
from matplotlib.path import Path as Outline

from siting.outputs import palette

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd
    from matplotlib.axes import Axes

    from siting.arrays import Shapes
    from siting.outputs.paper.frames import Frame
    from siting.plan.plan import Plan

_TOLERANCE_MM = 0.08
_LEAST_AREA_MM2 = 0.4
_PX_PT = 0.55
_CLASS_SCALE = {"tertiary": 60_000.0, "secondary": 160_000.0}


@dataclass(frozen=True)
class Ground:
    """Shapes of a district in its metric CRS.

    Attributes
    ----------
    zones
        Outlines of the zones.
    land
        Their union.
    landscape
        Areas and lines by kind, as in ``palette.LANDSCAPE_COLOURS``.
    roads
        Lines by class, as in ``palette.ROAD_STYLES``.
    """

    zones: Shapes
    land: shapely.Geometry
    landscape: dict[str, Shapes]
    roads: dict[str, Shapes]


def make_ground(plan: Plan) -> Ground:
    """Gather the shapes of a plan that every map of it draws."""
    zones = plan.zones.geometry.to_numpy()
    shown = np.array([zone for zone in zones if zone is not None and not zone.is_empty])
    return Ground(
        zones=shown,
        land=shapely.union_all(shapely.buffer(shown, 1.0)),
        landscape=_by(plan.landscape, "kind", palette.LANDSCAPE_COLOURS),
        roads=_by(plan.roads, "road_class", palette.ROAD_STYLES),
    )


def _by(frame: pd.DataFrame, column: str, wanted: Iterable[str]) -> dict[str, Shapes]:
    groups = {kind: frame.loc[frame[column] == kind, "geometry"] for kind in wanted}
    return {kind: shapes.to_numpy() for kind, shapes in groups.items() if len(shapes)}


def draw_ground(
    axes: Axes, ground: Ground, frame: Frame, *, own: shapely.Geometry | None = None
) -> None:
    """Draw the ground of a window, lowest first.

    Parameters
    ----------
    axes
        Axes in metres, already limited to the window.
    ground, frame
        What and where.
    own
        A township to stand out from the others.
    """
    land = _cut(np.array([ground.land]), frame)
    _fill(axes, land, palette.LAND, order=0.1)
    if own is not None:
        _fill(axes, _cut(np.array([own]), frame), palette.OWN, order=0.15)
    for order, (kind, shapes) in enumerate(ground.landscape.items()):
        cut = _cut(shapes, frame)
        colour, level = palette.LANDSCAPE_COLOURS[kind], 0.2 + order / 100
        _fill(axes, cut, colour, order=level)
        _stroke(axes, cut, colour, palette.LANDSCAPE_WIDTHS[kind] * _PX_PT, order=level)
    for order, (name, shapes) in enumerate(ground.roads.items()):
        if frame.scale > _CLASS_SCALE.get(name, np.inf):
            continue
        cut, look, level = _cut(shapes, frame), palette.ROAD_STYLES[name], 0.4 + order / 50
        if look.casing:
            _stroke(axes, cut, look.casing, (look.width + 0.7) * _PX_PT, order=level)
        _stroke(axes, cut, look.colour, look.width * _PX_PT, order=level + 0.01)
    borders = _cut(shapely.boundary(ground.zones), frame)
    _stroke(axes, borders, palette.ZONE, 0.5, order=0.6, dashed=True)
    outline = _cut(np.array([shapely.boundary(ground.land)]), frame)
    _stroke(axes, outline, palette.OUTLINE, 0.9, order=0.61)


def _cut(shapes: Shapes, frame: Frame) -> Shapes:
    """Return single shapes inside the window, as fine as the paper shows."""
    by_mm = frame.scale / 1000
    near = shapes[shapely.intersects(shapes, shapely.box(*frame.bounds))]
    cut = shapely.clip_by_rect(near, *frame.bounds)
    thin = shapely.simplify(shapely.get_parts(cut), _TOLERANCE_MM * by_mm)
    thin = shapely.get_parts(thin)
    small = (shapely.get_dimensions(thin) == 2) & (  # noqa: PLR2004  # areas
        shapely.area(thin) < _LEAST_AREA_MM2 * by_mm**2
    )
    return np.asarray(thin[~small & ~shapely.is_empty(thin)])


def _fill(axes: Axes, shapes: Shapes, colour: str, *, order: float) -> None:
    areas = shapes[shapely.get_type_id(shapes) == shapely.GeometryType.POLYGON]
    if len(areas):
        outlines = [_outline(area) for area in areas]
        axes.add_collection(
            PathCollection(outlines, facecolors=colour, edgecolors="none", zorder=order),
            autolim=False,
        )


def _outline(area: shapely.Polygon) -> Outline:
    """Return an area with its holes as one path."""
    rings = [area.exterior, *area.interiors]
    return Outline.make_compound_path(
        *(Outline(np.asarray(ring.coords)[:, :2], closed=True) for ring in rings)
    )


def _stroke(  # the look of a line
    axes: Axes,
    shapes: Shapes,
    colour: str,
    width_pt: float,
    *,
    order: float,
    dashed: bool = False,
) -> None:
    lines = shapes[np.isin(shapely.get_type_id(shapes), (1, 2))]
    if len(lines):
        axes.add_collection(
            PathCollection(
                [_trace(lines)], edgecolors=colour, facecolors="none", linewidths=width_pt,
                zorder=order, capstyle="round", linestyles=(0, (4, 2)) if dashed else "solid",
            ),
            autolim=False,
        )  # fmt: skip


def _trace(lines: Shapes) -> Outline:
    """Return lines as one path of many parts, which is drawn at one stroke."""
    corners, of_line = shapely.get_coordinates(lines, return_index=True)
    codes = np.full(len(corners), Outline.LINETO, dtype=Outline.code_type)
    codes[np.flatnonzero(np.diff(of_line, prepend=-1))] = Outline.MOVETO
    return Outline(corners, codes)
