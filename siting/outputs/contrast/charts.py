"""What the charts of many plans share: font, numbers, bytes."""

from __future__ import annotations

from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, PercentFormatter

from siting.outputs.handouts.fonts import find_face
from siting.outputs.words import words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axis import Axis

INK = "#2b2d33"
GREY = "#8a8d96"
_DPI = 130
_UNITS = {"zh": (1e8, "{:.3f} 亿元"), "en": (1e6, "{:,.1f} M CNY")}


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


def number_text(value: float, form: str, language: str) -> str:
    """Return a number of a form (share, m, cny, number) as people write it in a language."""
    if np.isnan(value):
        return words("front.no_limit", language)
    if form == "cny":
        unit, text = _UNITS[language]
        return text.format(value / unit)
    return {"share": "{:.2%}", "m": "{:,.0f} m"}.get(form, "{:.4f}").format(value)


def scale_axis(axis: Axis, form: str, language: str) -> None:
    """Write the numbers of an axis in their form."""
    if form == "share":
        axis.set_major_formatter(PercentFormatter(1.0))
    elif form == "cny":
        unit, text = _UNITS[language]
        axis.set_major_formatter(FuncFormatter(lambda value, _: text.format(value / unit)))
    elif form == "m":
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f} m"))
