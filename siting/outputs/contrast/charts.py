"""What the charts of many plans share: the font of the language, the mark, the bytes."""

from __future__ import annotations

from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from siting.outputs.handouts.fonts import find_face

if TYPE_CHECKING:
    from collections.abc import Iterator

INK = "#2b2d33"
GREY = "#8a8d96"
_DPI = 130


@contextmanager
def lettered(language: str) -> Iterator[None]:
    """Draw with a font that has the characters of a language.

    Raises
    ------
    FontMissingError
        If the language is Chinese and there is no Chinese font, with the cure.
    """
    settings: dict[Any, Any] = (
        find_face().settings if language == "zh" else {"axes.unicode_minus": False}
    )
    with mpl.rc_context(settings):
        yield


def new_figure(width_in: float, height_in: float) -> Figure:
    """Return an empty figure of a size in inches, without a window."""
    figure = Figure(figsize=(width_in, height_in), dpi=_DPI)
    FigureCanvasAgg(figure)
    return figure


def png_of(figure: Figure) -> bytes:
    """Return a figure as PNG; the same figure gives the same bytes."""
    stream = BytesIO()
    figure.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()
