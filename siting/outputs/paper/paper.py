"""A sheet of paper: a figure of matplotlib with millimetres for units, from the top left."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Circle, RegularPolygon
from matplotlib.transforms import Affine2D

from siting.outputs.paper._lettering import Letters, Line, wrap

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import Patch
    from matplotlib.transforms import Transform

    from siting.outputs.paper._lettering import Align
    from siting.outputs.paper.fonts import Face

    _Rule = tuple[float, float, float]
    _Box = tuple[tuple[float, float, float, float], str, str]

MM_PER_INCH = 25.4
INK = "#20242c"
FAINT = "#6b7280"
RULE = "#b9b3a6"
ALARM = "#b42318"
SWAP_COLOUR = "#23262d"
HYDROGEN_COLOUR = "#00798c"
LEADING = 1.32
"""Height of a line as a multiple of the font's size."""
_BASELINE = 0.74
_SIGN_MM = 1.3
_CORNERS = {"diamond": 4, "hexagon": 6}
_LINE_PT = 0.5
_ABOVE_MAPS = 5.0


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
    """One page being drawn: what stands on it goes to paper with :meth:`finish`."""

    paper: Format
    face: Face
    figure: Figure = field(init=False)
    letters: Letters = field(init=False)
    _by_mm: Transform = field(init=False)
    _rules: list[_Rule] = field(init=False, default_factory=list)
    _boxes: list[_Box] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        size = (self.paper.width_mm / MM_PER_INCH, self.paper.height_mm / MM_PER_INCH)
        self.figure = Figure(figsize=size, facecolor="white")
        share = Affine2D().scale(1 / self.paper.width_mm, -1 / self.paper.height_mm)
        self._by_mm = share.translate(0, 1) + self.figure.transFigure
        self.letters = Letters(self.face)

    def finish(self) -> None:
        """Put the rules, boxes and lines of text on the page: each sort is one artist."""
        boxes = PolyCollection(
            [[(x, y), (x + wide, y), (x + wide, y + high), (x, y + high)]
             for (x, y, wide, high), _, _ in self._boxes],
            facecolors=[fill for _, fill, _ in self._boxes],
            edgecolors=[edge for _, _, edge in self._boxes],
            linewidths=_LINE_PT, transform=self._by_mm, zorder=_ABOVE_MAPS,
        )  # fmt: skip
        rules = LineCollection(
            [[(x, y), (x + wide, y)] for x, y, wide in self._rules],
            colors=RULE, linewidths=_LINE_PT, transform=self._by_mm, zorder=_ABOVE_MAPS + 1,
        )  # fmt: skip
        for artist in (boxes, rules):
            self.figure.add_artist(artist, clip=False)
        self.letters.put_on(self.figure, self._by_mm, order=_ABOVE_MAPS + 2)

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

    def sign(self, x_mm: float, y_mm: float, colour: str, form: str, *, filled: bool) -> None:
        """Draw the legend's sign of a facility: filled, or a ring."""
        shape = make_sign((x_mm, y_mm), _SIGN_MM, form)
        shape.set(facecolor=colour if filled else "white", edgecolor=colour, linewidth=0.9)
        shape.set(transform=self._by_mm, zorder=_ABOVE_MAPS)
        self.figure.add_artist(shape)

    def rule(self, x_mm: float, y_mm: float, width_mm: float) -> None:
        """Draw a thin line across."""
        self._rules.append((x_mm, y_mm, width_mm))

    def box(  # a rectangle and its look
        self,
        x_mm: float,
        y_mm: float,
        width_mm: float,
        height_mm: float,
        *,
        fill: str = "none",
        edge: str = "none",
    ) -> None:
        """Draw a rectangle."""
        self._boxes.append(((x_mm, y_mm, width_mm, height_mm), fill, edge))

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


def make_sign(at: tuple[float, float], radius: float, form: str) -> Patch:
    """Return the outline of a facility's sign around a point.

    Parameters
    ----------
    at, radius
        Its middle and the radius of the circle around it, in one unit.
    form
        ``"circle"``: charging, ``"diamond"``: battery swap, ``"hexagon"``: hydrogen.
    """
    if form == "circle":
        return Circle(at, radius)
    return RegularPolygon(at, _CORNERS[form], radius=radius)
