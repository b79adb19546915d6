"""A sheet of paper: a figure of matplotlib with millimetres for units, from the top left.

Tables run on over sheets, their header repeated, and paragraphs after them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Circle, RegularPolygon
from matplotlib.transforms import Affine2D

from siting.outputs.paper.lettering import Letters, Line, wrap

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import Patch
    from matplotlib.transforms import Transform

    from siting.outputs.paper.lettering import Align, Face

    _Rule = tuple[float, float, float]
    _Box = tuple[tuple[float, float, float, float], str, str]
    from collections.abc import Callable, Sequence

    from siting.outputs.paper.bodies import Table


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


_PAD_MM = 1.0
_HEADER = "#ece7db"
_STRIPE = "#f8f6f0"
_MOST_LINES = 3
_SMALLER = 0.94


@dataclass
class _Flow:
    """Where the pen is: pages so far, the current one, its height."""

    fresh: Callable[[], Page]
    top_mm: float
    bottom_mm: float
    pages: list[Page]
    y_mm: float = 0.0

    @property
    def page(self) -> Page:
        return self.pages[-1]

    def turn(self) -> None:
        self.pages.append(self.fresh())
        self.y_mm = self.top_mm

    def room(self) -> float:
        return self.bottom_mm - self.y_mm


def draw_tables(
    fresh: Callable[[], Page],
    tables: Sequence[tuple[str, Table]],
    ending: Sequence[tuple[str, Sequence[str]]],
    *,
    top_mm: float,
    bottom_mm: float,
) -> list[Page]:
    """Draw tables one under the other, then titled lists of paragraphs.

    Parameters
    ----------
    fresh
        Makes a page with its head.
    tables
        Title and table, in order.
    ending
        Title and paragraphs, after the tables.
    top_mm, bottom_mm
        Between which heights a page may be written on.
    """
    flow = _Flow(fresh, top_mm, bottom_mm, [])
    flow.turn()
    for title, table in tables:
        _draw_table(flow, title, table)
    for title, paragraphs in ending:
        _draw_list(flow, title, paragraphs)
    return flow.pages


def _draw_table(flow: _Flow, title: str, table: Table) -> None:
    paper, face = flow.page.paper, flow.page.face
    size = paper.text_pt * _SMALLER
    widths = _widths(flow, table, size)
    rows = [[wrap(face, face.visible(cell), size, width - 2 * _PAD_MM, most=_MOST_LINES)
             for cell, width in zip(cells, widths, strict=True)]
            for cells in (*table.cells, table.sums)]  # fmt: skip
    head = [wrap(face, face.visible(text), size, width - 2 * _PAD_MM, most=_MOST_LINES)
            for text, width in zip(table.headers, widths, strict=True)]  # fmt: skip
    least = line_mm(paper.text_pt * 1.3) + _high(head, size) + 3 * line_mm(size)
    if flow.room() < least:
        flow.turn()
    flow.page.text(paper.margin_mm, flow.y_mm, title, bold=True, size_pt=paper.text_pt * 1.25)
    flow.y_mm += line_mm(paper.text_pt * 1.25) + 1
    _draw_row(flow, table, widths, head, size, fill=_HEADER, bold=True)
    for number, row in enumerate(rows):
        if flow.room() < _high(row, size):
            flow.turn()
            _draw_row(flow, table, widths, head, size, fill=_HEADER, bold=True)
        last = number == len(rows) - 1
        fill = _HEADER if last else _STRIPE if number % 2 else "none"
        _draw_row(flow, table, widths, row, size, fill=fill, bold=last)
    flow.y_mm += 4


def _widths(flow: _Flow, table: Table, size: float) -> list[float]:
    """Return the columns' widths: what their cells need, then a share of the room by weight."""
    paper, face = flow.page.paper, flow.page.face
    room = paper.width_mm - 2 * paper.margin_mm
    weights = [column.weight for column in table.columns]
    wanted = []
    for place, header in enumerate(table.headers):
        texts = [cells[place] for cells in table.cells]
        longest = max((face.width_mm(text, size) for text in texts), default=0.0)
        narrow = (
            max(face.width_mm(word, size) for word in header.split()) if header.split() else 0.0
        )
        wanted.append(max(longest, min(narrow, 14.0)) + 2 * _PAD_MM + 0.5)
    limits = [room * weight / sum(weights) for weight in weights]
    widths = [min(want, limit) for want, limit in zip(wanted, limits, strict=True)]
    for _ in range(len(widths)):
        spare = room - sum(widths)
        short = [place for place, width in enumerate(widths) if width < wanted[place] - 0.01]
        if spare <= 0.01 or not short:  # noqa: PLR2004  # mm
            break
        for place in short:
            widths[place] = min(wanted[place], widths[place] + spare / len(short))
    # what is left is shared out, most of it to the columns that are to be filled in
    spare = max(room - sum(widths), 0.0)
    return [width + spare * weight / sum(weights)
            for width, weight in zip(widths, weights, strict=True)]  # fmt: skip


def _high(row: list[list[str]], size: float) -> float:
    return max(len(lines) for lines in row) * line_mm(size) + 2 * _PAD_MM * 0.6


def _draw_row(  # a row and its look
    flow: _Flow,
    table: Table,
    widths: list[float],
    row: list[list[str]],
    size: float,
    *,
    fill: str,
    bold: bool,
) -> None:
    page, high = flow.page, _high(row, size)
    left = page.paper.margin_mm
    page.box(left, flow.y_mm, sum(widths), high, fill=fill)
    page.rule(left, flow.y_mm + high, sum(widths))
    for column, width, lines in zip(table.columns, widths, row, strict=True):
        number = column.digits is not None
        at = left + width - _PAD_MM if number else left + _PAD_MM
        for place, line in enumerate(lines):
            y = flow.y_mm + _PAD_MM * 0.6 + place * line_mm(size)
            page.text(at, y, line, size_pt=size, align="right" if number else "left", bold=bold)
        left += width
    flow.y_mm += high


def _draw_list(flow: _Flow, title: str, paragraphs: Sequence[str]) -> None:
    if not paragraphs:
        return
    paper = flow.page.paper
    width = paper.width_mm - 2 * paper.margin_mm
    if flow.room() < 4 * line_mm(paper.text_pt):
        flow.turn()
    flow.page.text(paper.margin_mm, flow.y_mm, title, bold=True)
    flow.y_mm += line_mm(paper.text_pt) * 1.3
    for paragraph in paragraphs:
        if flow.room() < flow.page.height(width - 3, paragraph):
            flow.turn()
        flow.page.text(paper.margin_mm, flow.y_mm, "·", colour=FAINT)
        flow.y_mm = flow.page.block(paper.margin_mm + 3, flow.y_mm, width - 3, paragraph)
    flow.y_mm += 2.5
