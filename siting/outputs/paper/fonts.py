"""A Chinese font for paper: one of the system's by family name, else the one of ``mplfonts``.

A family is asked for by its *simplified Chinese* name: a collection such as Noto Sans CJK holds
Japanese forms first, and 骨 and 直 look wrong in them.
"""

from __future__ import annotations

import importlib.util
import logging
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.ft2font import FT2Font, LoadFlags

from siting.errors import FontMissingError

_LOG = logging.getLogger(__name__)

FAMILIES = (
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN",
    "Microsoft YaHei", "PingFang SC", "Hiragino Sans GB", "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei", "SimHei", "DengXian", "SimSun", "Noto Serif CJK SC",
)  # fmt: skip
"""Families that are looked for, the best first."""

STAND_IN = "\u25a1"
"""What stands for a character that no font has."""

_PLAIN = "DejaVu Sans"
_CONTROLS = frozenset({"Cc", "Cf"})
_SIZE = 100.0


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
    """Return the best Chinese font there is.

    Raises
    ------
    FontMissingError
        If there is none, with the cure.
    """
    for refresh in (False, True):
        if refresh:
            _look_again()
        known = {entry.name for entry in font_manager.fontManager.ttflist}
        for family in FAMILIES:
            if family in known:
                return Face(family)
    if shipped := _of_mplfonts():
        return Face(shipped)
    raise FontMissingError(
        "there is no Chinese font, so no PDF can be drawn",
        where="fonts of this system",
        cure="install one: Windows and macOS bring it; Debian and Ubuntu: sudo apt-get install "
        'fonts-noto-cjk; anywhere: pip install "siting[fonts]"',
    )


def _look_again() -> None:
    """Add fonts that came to the system after matplotlib listed them."""
    known = {entry.fname for entry in font_manager.fontManager.ttflist}
    for path in sorted(font_manager.findSystemFonts()):
        if path not in known:
            try:
                font_manager.fontManager.addfont(path)
            except (OSError, RuntimeError) as error:
                _LOG.debug("font %s cannot be read: %s", path, error)


def _of_mplfonts() -> str | None:
    """Return the family of the font that mplfonts carries, where it is installed."""
    spec = importlib.util.find_spec("mplfonts")
    if spec is None or spec.origin is None:
        return None
    for path in sorted(Path(spec.origin).parent.rglob("NotoSansCJKsc-*.otf")):
        font_manager.fontManager.addfont(path)
        return font_manager.get_font(str(path)).family_name
    return None


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
