"""A sheet of paper: a figure of matplotlib with millimetres for units, from the top left."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle, RegularPolygon

from siting.outputs.handouts.lettering import wrap
from siting.outputs.handouts.letters import Letters, Line

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import Patch

    from siting.outputs.handouts.fonts import Face
    from siting.outputs.handouts.letters import Align

MM_PER_INCH = 25.4
INK = "#20242c"
FAINT = "#6b7280"
RULE = "#b9b3a6"
ALARM = "#b42318"
LEADING = 1.32
"""Height of a line as a multiple of the font's size."""
_BASELINE = 0.74
_SIGN_MM = 1.3


@dataclass(frozen=True)
class Format:
    """A paper size, on its side, and the sizes of type that suit it."""

    name: str
    width_mm: float
    height_mm: float
    text_pt: float
    margin_mm: float
    panel_mm: float
    tag_mm: float


FORMATS = {
    "A4": Format("A4", 297.0, 210.0, 6.6, 9.0, 74.0, 1.75),
    "A3": Format("A3", 420.0, 297.0, 8.2, 11.0, 108.0, 2.1),
}


@dataclass
class Page:
    """One page being drawn."""

    paper: Format
    face: Face
    figure: Figure = field(init=False)
    canvas: Axes = field(init=False)
    letters: Letters = field(init=False)

    def __post_init__(self) -> None:
        size = (self.paper.width_mm / MM_PER_INCH, self.paper.height_mm / MM_PER_INCH)
        self.figure = Figure(figsize=size, facecolor="white")
        self.canvas = self.figure.add_axes((0, 0, 1, 1), zorder=5, facecolor="none")
        self.canvas.set_xlim(0, self.paper.width_mm)
        self.canvas.set_ylim(self.paper.height_mm, 0)
        self.canvas.axis("off")
        self.letters = Letters(self.face)
        self.letters.put_on(self.canvas, order=9)

    def text(  # the look of a line
        self,
        x_mm: float,
        y_mm: float,
        text: str,
        *,
        size_pt: float | None = None,
        colour: str = INK,
        align: Align = "left",
        bold: bool = False,
    ) -> None:
        """Write one line with its top at a height."""
        size = size_pt or self.paper.text_pt
        baseline = y_mm + line_mm(size) * _BASELINE
        self.letters.write(Line(x_mm, baseline, text, size, colour, align, bold))

    def block(  # noqa: PLR0913  # the look of a paragraph
        self,
        x_mm: float,
        y_mm: float,
        width_mm: float,
        text: str,
        *,
        size_pt: float | None = None,
        colour: str = INK,
        bold: bool = False,
        most: int = 99,
    ) -> float:
        """Write a paragraph, and return the height below it (mm)."""
        size = size_pt or self.paper.text_pt
        for line in wrap(self.face, self.face.visible(text), size, width_mm, most=most):
            self.text(x_mm, y_mm, line, size_pt=size, colour=colour, bold=bold)
            y_mm += line_mm(size)
        return y_mm

    def height(self, width_mm: float, text: str, *, most: int = 99) -> float:
        """Return the height a paragraph takes (mm)."""
        size = self.paper.text_pt
        lines = wrap(self.face, self.face.visible(text), size, width_mm, most=most)
        return len(lines) * line_mm(size)

    def sign(
        self,
        x_mm: float,
        y_mm: float,
        colour: str,
        *,
        filled: bool,
        swap: bool,
    ) -> None:
        """Draw the legend's sign of a station: circle or diamond, filled or ring."""
        face = colour if filled else "white"
        at = (x_mm, y_mm)
        shape: Patch = (
            RegularPolygon(at, 4, radius=_SIGN_MM * 1.2, fc=face, ec=colour, lw=0.9)
            if swap
            else Circle(at, _SIGN_MM, fc=face, ec=colour, lw=0.9)
        )
        self.canvas.add_patch(shape)

    def rule(self, x_mm: float, y_mm: float, width_mm: float, *, colour: str = RULE) -> None:
        """Draw a thin line across."""
        self.canvas.plot([x_mm, x_mm + width_mm], [y_mm, y_mm], color=colour, lw=0.5)

    def box(  # a rectangle and its look
        self,
        x_mm: float,
        y_mm: float,
        width_mm: float,
        height_mm: float,
        *,
        fill: str = "none",
        edge: str = "none",
        line_pt: float = 0.5,
    ) -> None:
        """Draw a rectangle."""
        self.canvas.add_patch(
            Rectangle((x_mm, y_mm), width_mm, height_mm, facecolor=fill, edgecolor=edge, lw=line_pt)
        )

    def axes(self, x_mm: float, y_mm: float, width_mm: float, height_mm: float) -> Axes:
        """Return axes over a rectangle, for a map."""
        wide, high = self.paper.width_mm, self.paper.height_mm
        axes = self.figure.add_axes(
            (x_mm / wide, 1 - (y_mm + height_mm) / high, width_mm / wide, height_mm / high),
            zorder=1,
        )
        axes.set_xticks([])
        axes.set_yticks([])
        return axes


def line_mm(size_pt: float) -> float:
    """Return the height of a line of text (mm)."""
    return size_pt * LEADING * MM_PER_INCH / 72
