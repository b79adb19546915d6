"""The fonts of paper, and text broken into lines that fit and drawn as one artist.

Fonts of the system are never used, so a page is the same on every machine. The package brings no
bold: a bold line is drawn with a thin outline (:mod:`siting.outputs.paper.lettering`).

matplotlib lays out every line anew, at half a millisecond each with a font as large as a Chinese
one; a handout has thousands of lines. Chinese and Latin letters stand one after the other, so
their widths, measured once each, are the layout. The fonts are still matplotlib's: it embeds the
letters that are counted here, with what makes them searchable.
"""

from __future__ import annotations

import logging
import unicodedata
from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal

import matplotlib as mpl
import numpy as np
from matplotlib import font_manager
from matplotlib.artist import Artist
from matplotlib.backends.backend_pdf import PdfFile, pdfRepr
from matplotlib.colors import to_rgb
from matplotlib.font_manager import FontProperties
from matplotlib.ft2font import FT2Font, LoadFlags
from matplotlib.path import Path
from matplotlib.transforms import IdentityTransform
from pylopdf_fonts_zh_cn import sans_path

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matplotlib.axes import Axes
    from matplotlib.backend_bases import GraphicsContextBase, RendererBase
    from matplotlib.figure import Figure
    from matplotlib.transforms import Transform
    from numpy.typing import NDArray

    Placed = tuple["Line", float, float]

_LOG = logging.getLogger(__name__)

STAND_IN = "\u25a1"
"""What stands for a character that no font has."""

_FAMILY = "siting Noto Sans SC"
_PLAIN = "DejaVu Sans"
_CONTROLS = frozenset({"Cc", "Cf"})
_SIZE = 100.0
_BOLD_WEIGHT = 700


@dataclass(frozen=True)
class Glyph:
    """The form of a character: the font it is of, its place there, its width by font size."""

    font: FT2Font
    index: int
    advance: float


@dataclass(frozen=True)
class Face:
    """The font of a page: families in the order a character is looked for."""

    family: str

    @property
    def settings(self) -> dict[Any, Any]:
        """Settings of matplotlib under which a page is drawn and saved."""
        return {
            "font.family": [self.family, _PLAIN],
            "pdf.fonttype": 3,
            "axes.unicode_minus": False,
            "text.parse_math": False,
        }

    def width_mm(self, text: str, size_pt: float, *, bold: bool = False) -> float:
        """Return the width of a line of text in mm."""
        width = sum(_glyph(self.family, letter, bold).advance for letter in text)
        return width * size_pt * 25.4 / 72

    def glyph(self, letter: str, *, bold: bool = False) -> Glyph:
        """Return the form of a character, from the first font that has it."""
        return _glyph(self.family, letter, bold)

    def visible(self, text: str) -> str:
        """Return the text with a stand-in for each character that no font has.

        Line breaks become spaces and control characters go, so that a name stays on its line.
        """
        line = " ".join(str(text).split())
        shown = "".join(
            letter if _has(self.family, letter) else STAND_IN
            for letter in line
            if unicodedata.category(letter) not in _CONTROLS
        )
        if shown.count(STAND_IN) > line.count(STAND_IN):
            _LOG.warning("no font has every character of '%s'; %s stands in", line, STAND_IN)
        return shown


@cache
def find_face() -> Face:
    """Return the font of every page, the same on every machine."""
    manager = font_manager.fontManager
    manager.addfont(sans_path())
    # A name of its own: a font of the system that is called alike must not take its place.
    plain = replace(manager.ttflist.pop(), name=_FAMILY)
    # The same file stands for bold, too: matplotlib would remark that it has none.
    manager.ttflist += [plain, replace(plain, weight=_BOLD_WEIGHT)]
    return Face(_FAMILY)


@cache
def _fonts(family: str, bold: bool = False) -> tuple[FT2Font, ...]:  # noqa: FBT001, FBT002
    with mpl.rc_context({"font.family": [family, _PLAIN]}):
        found = []
        for name in (family, _PLAIN):
            weight = "bold" if bold else "normal"
            properties = font_manager.FontProperties(family=name, weight=weight)
            font = font_manager.get_font(font_manager.findfont(properties))
            font.set_size(_SIZE, 72)
            found.append(font)
        return tuple(found)


@cache
def _has(family: str, letter: str) -> bool:
    return letter == " " or any(font.get_char_index(ord(letter)) for font in _fonts(family))


@cache
def _glyph(family: str, letter: str, bold: bool) -> Glyph:  # noqa: FBT001  # a part of the key
    fonts = _fonts(family, bold)
    index = 0
    for font in fonts:
        if index := font.get_char_index(ord(letter)):
            shape = font.load_char(ord(letter), flags=LoadFlags.NO_HINTING)
            return Glyph(font, index, float(shape.linearHoriAdvance) / 65536 / _SIZE)
    return Glyph(fonts[0], index, 1.0)


Align = Literal["left", "center", "right"]

_SHIFT = {"left": 0.0, "center": 0.5, "right": 1.0}
_POINTS = 72.0
_MM_PER_INCH = 25.4
_LEAST_DOTS = 0.5
_GREY = "#9aa0aa"
# Outline of a bold letter, by its size.
_BOLD = 0.03


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
        if can_write(renderer):
            write_lines(renderer, self._face, (one for one in lines if _plain(one[0])))
            lines = [one for one in lines if not _plain(one[0])]
        sized: dict[tuple[float, bool], FontProperties] = {}
        for line, left, low in lines:
            key = (line.size_pt, line.bold)
            if key not in sized:
                weight = "bold" if line.bold else "normal"
                sized[key] = FontProperties(weight=weight, size=line.size_pt)
            gc.set_foreground(line.colour)
            thick = _BOLD * line.size_pt * dots_per_point
            for shift in (-thick / 2, thick / 2) if line.bold else (0.0,):
                renderer.draw_text(gc, left + shift, low, line.text, sized[key], 0.0)
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
    return is_plain(line.text)


_ELLIPSIS = "…"
_NO_START = frozenset("，。、；：？！）】》」』…·,.;:?!)]}%/")
_WIDE = 0x2E80


def wrap(face: Face, text: str, size_pt: float, width_mm: float, *, most: int = 99) -> list[str]:
    """Break a text into lines of at most a width.

    Chinese breaks anywhere but before a closing mark, other text between words; a word wider
    than the line is cut.

    Parameters
    ----------
    face
        The font.
    text
        The text; every character must be visible (:meth:`Face.visible`).
    size_pt, width_mm
        Size of the font (pt), width of the line (mm).
    most
        Most lines; what is left over is cut with an ellipsis.
    """
    lines = [""]
    for piece in _pieces(text):
        line = lines[-1] + piece
        if face.width_mm(line.rstrip(), size_pt) <= width_mm or not lines[-1]:
            lines[-1] = line
        else:
            lines.append(piece.lstrip())
        while face.width_mm(lines[-1].rstrip(), size_pt) > width_mm and len(lines[-1]) > 1:
            head = _fitting(face, lines[-1], size_pt, width_mm)
            lines[-1:] = [lines[-1][:head], lines[-1][head:]]
    lines = [line.rstrip() for line in lines]
    if len(lines) > most:
        last = lines[most - 1] + _ELLIPSIS
        while face.width_mm(last, size_pt) > width_mm and len(last) > 1:
            last = last[:-2] + _ELLIPSIS
        lines = [*lines[: most - 1], last]
    return lines


def _fitting(face: Face, text: str, size_pt: float, width_mm: float) -> int:
    """Return how many characters of a text fit; one at least."""
    head = 1
    while head < len(text) and face.width_mm(text[: head + 1], size_pt) <= width_mm:
        head += 1
    return head


def _pieces(text: str) -> list[str]:
    """Return the parts between which a line may break."""
    pieces: list[str] = []
    for letter in text:
        glued = pieces and (
            letter in _NO_START
            or letter == " "
            or (ord(letter) < _WIDE and ord(pieces[-1][-1]) < _WIDE and pieces[-1][-1] != " ")
        )
        if glued:
            pieces[-1] += letter
        else:
            pieces.append(letter)
    return pieces


_SHAPED = ((0x0590, 0x1100), (0x1700, 0x1D00), (0xA800, 0xAC00), (0xFB1D, 0xFE30), (0xFE70, 0xFF00))
"""Blocks of scripts whose letters take their form or place from their neighbours."""

# The parts of matplotlib used here are of 3.11; an older one writes the lines itself.
_KNOWN = hasattr(font_manager, "FontPath")


def can_write(renderer: Any) -> bool:  # noqa: ANN401  # a renderer, or one wrapped in another
    """Whether a renderer draws into a PDF that takes lines this way."""
    return _KNOWN and isinstance(getattr(renderer, "file", None), PdfFile)


def is_plain(text: str) -> bool:
    """Whether the letters of a text stand one after the other, each in its own form.

    Examples
    --------
    >>> is_plain("渝北 A-1"), is_plain("سوق")
    (True, False)
    """
    return text.isascii() or not any(
        unicodedata.category(letter).startswith("M")
        or any(low <= ord(letter) < high for low, high in _SHAPED)
        for letter in text
    )


def write_lines(renderer: Any, face: Face, lines: Iterable[Placed]) -> None:  # noqa: ANN401
    """Write lines into the page a PDF renderer draws.

    Parameters
    ----------
    renderer
        One of which :func:`can_write` is true.
    face
        The font.
    lines
        Lines with the place of their start in points from the page's bottom left corner; of
        each :func:`is_plain` holds.
    """
    renderer.check_gc(renderer.new_gc())
    parts = [b"q BT"]
    font, colour, outline = b"", "", b""
    for line, left, low in lines:
        if line.colour != colour:
            colour = line.colour
            parts.append(b"%.3f %.3f %.3f rg %.3f %.3f %.3f RG" % (to_rgb(colour) * 2))
        wanted = b"2 Tr %.3f w" % (_BOLD * line.size_pt) if line.bold else b"0 Tr"
        if wanted != outline:
            outline = wanted
            parts.append(outline)
        for name, at, codes in _runs(renderer.file, face, line):
            wanted = b"%b %.3f Tf" % (name, line.size_pt)
            if wanted != font:
                font = wanted
                parts.append(font)
            parts.append(b"1 0 0 1 %.3f %.3f Tm <%b> Tj" % (left + at, low, codes.hex().encode()))
    renderer.file.write(b"\n".join([*parts, b"ET Q\n"]))


def _runs(file: Any, face: Face, line: Line) -> list[tuple[bytes, float, bytes]]:  # noqa: ANN401
    """Return a line in parts of one embedded font: its name, where it starts (pt), its codes."""
    codes, at = [], 0.0
    for letter in line.text:
        glyph = face.glyph(letter, bold=line.bold)
        subset, code = file._character_tracker.track_glyph(glyph.font, letter, glyph.index)  # noqa: SLF001  # no other way to count a letter
        codes.append(((glyph.font, subset), at, code))
        at += glyph.advance * line.size_pt
    runs = []
    for (font, subset), group in groupby(codes, key=lambda entry: entry[0]):
        part = list(group)
        path = font_manager.FontPath(font.fname, font.face_index)
        name = pdfRepr(file.fontName(path, subset))  # type: ignore[no-untyped-call]
        runs.append((name, part[0][1], bytes(entry[2] for entry in part)))
    return runs
