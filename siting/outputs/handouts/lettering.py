"""Text on paper: broken into lines that fit, in mm."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from siting.outputs.handouts.fonts import Face

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
