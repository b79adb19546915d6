"""The fonts of paper: Noto Sans SC of a locked package, DejaVu Sans for what it lacks.

Fonts of the system are never used, so a page is the same on every machine. The package brings no
bold: a bold line is drawn with a thin outline (:mod:`siting.outputs.paper._lettering`).
"""

from __future__ import annotations

import logging
import unicodedata
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.ft2font import FT2Font, LoadFlags
from pylopdf_fonts_zh_cn import sans_path

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
