"""Lines of text written into a PDF at once.

matplotlib lays out every line anew, at half a millisecond each with a font as large as a Chinese
one; a handout has thousands of lines. Chinese and Latin letters stand one after the other, so
their widths, measured once each, are the layout. The fonts are still matplotlib's: it embeds the
letters that are counted here, with what makes them searchable.
"""

from __future__ import annotations

import unicodedata
from itertools import groupby
from typing import TYPE_CHECKING, Any

from matplotlib import font_manager
from matplotlib.backends.backend_pdf import PdfFile, pdfRepr
from matplotlib.colors import to_rgb

if TYPE_CHECKING:
    from collections.abc import Iterable

    from siting.outputs.handouts.fonts import Face
    from siting.outputs.handouts.letters import Line

    Placed = tuple[Line, float, float]

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
    font, colour = b"", ""
    for line, left, low in lines:
        if line.colour != colour:
            colour = line.colour
            parts.append(b"%.3f %.3f %.3f rg" % to_rgb(colour))
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
