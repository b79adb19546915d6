"""Many short texts as one artist: a page of a table has hundreds, and each would cost a layout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from matplotlib.artist import Artist
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path
from matplotlib.transforms import IdentityTransform

from siting.outputs.handouts import pdftext

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.backend_bases import GraphicsContextBase, RendererBase
    from matplotlib.figure import Figure
    from matplotlib.transforms import Transform
    from numpy.typing import NDArray

    from siting.outputs.handouts.fonts import Face

Align = Literal["left", "center", "right"]

_SHIFT = {"left": 0.0, "center": 0.5, "right": 1.0}
_POINTS = 72.0
_MM_PER_INCH = 25.4
_LEAST_DOTS = 0.5
_GREY = "#9aa0aa"


@dataclass(frozen=True)
class Line:
    """One line of text: where its baseline starts, ends or has its middle, in data units."""

    x: float
    y: float
    text: str
    size_pt: float
    colour: str
    align: Align = "left"
    bold: bool = False


class Letters(Artist):
    """Lines of text, each upright, on its baseline, in one font.

    Parameters
    ----------
    face
        The font; it measures the lines that do not start at the left.
    """

    def __init__(self, face: Face) -> None:
        super().__init__()
        self._face = face
        self._lines: list[Line] = []

    def write(self, line: Line) -> None:
        """Add a line."""
        if line.text:
            self._lines.append(line)

    def put_on(self, whole: Axes | Figure, units: Transform, *, order: float) -> None:
        """Become part of axes or of a figure; the units place the lines."""
        self.set_transform(units)
        whole.add_artist(self)
        self.set_clip_on(False)
        self.set_zorder(order)

    def draw(self, renderer: RendererBase) -> None:
        """Draw every line."""
        if self.figure is None or not self._lines:
            return
        dots_per_point = float(np.asarray(renderer.points_to_pixels(1.0)))
        height = renderer.get_canvas_width_height()[1]
        starts = self.get_transform().transform([(line.x, line.y) for line in self._lines])
        gc = renderer.new_gc()
        if dots_per_point < _LEAST_DOTS:
            self._draw_grey(renderer, gc, starts)
            gc.restore()
            return
        lines = [(line, x - _SHIFT[line.align] * self._width_pt(line) * dots_per_point,
                  height - y if renderer.flipy() else y)
                 for line, (x, y) in zip(self._lines, starts.tolist(), strict=True)]  # fmt: skip
        if pdftext.can_write(renderer):
            pdftext.write_lines(renderer, self._face, (one for one in lines if _plain(one[0])))
            lines = [one for one in lines if not _plain(one[0])]
        sized: dict[tuple[float, bool], FontProperties] = {}
        for line, left, low in lines:
            key = (line.size_pt, line.bold)
            if key not in sized:
                weight = "bold" if line.bold else "normal"
                sized[key] = FontProperties(weight=weight, size=line.size_pt)
            gc.set_foreground(line.colour)
            renderer.draw_text(gc, left, low, line.text, sized[key], 0.0)
        gc.restore()

    def _width_pt(self, line: Line) -> float:
        width = self._face.width_mm(line.text, line.size_pt, bold=line.bold)
        return width / _MM_PER_INCH * _POINTS

    def _draw_grey(
        self, renderer: RendererBase, gc: GraphicsContextBase, starts: NDArray[np.float64]
    ) -> None:
        """Draw a grey bar for each line: a page as small as this cannot be read anyhow."""
        dots_per_point = float(np.asarray(renderer.points_to_pixels(1.0)))
        corners = []
        for line, (x, y) in zip(self._lines, starts.tolist(), strict=True):
            width = self._width_pt(line) * dots_per_point
            left = x - _SHIFT[line.align] * width
            middle = y + 0.35 * line.size_pt * dots_per_point
            corners += [(left, middle), (left + width, middle)]
        codes = [Path.MOVETO, Path.LINETO] * len(self._lines)
        gc.set_foreground(_GREY)
        gc.set_linewidth(0.45 * dots_per_point * float(np.median([o.size_pt for o in self._lines])))
        renderer.draw_path(gc, Path(corners, codes), IdentityTransform())


def _plain(line: Line) -> bool:
    return pdftext.is_plain(line.text)
