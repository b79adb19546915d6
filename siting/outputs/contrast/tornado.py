"""The picture of a tornado: what each assumption moves, the greatest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import EngFormatter, MaxNLocator

from siting.outputs.contrast.charts import INK, lettered, new_figure, png_of
from siting.outputs.words import words

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

_ENDS = {"low": "#4477aa", "high": "#ee6677"}


def draw_tornado(
    table: pd.DataFrame, panels: Sequence[str], *, language: str, synthetic: bool
) -> bytes:
    """Return a PNG with one panel a figure, one row an assumption, a bar for each end.

    Parameters
    ----------
    table
        Columns ``key``, ``end`` (low or high), ``value`` and one ``<panel>_change`` a panel; keys
        in the order of the rows. A missing change has no bar.
    panels
        What is shown.
    language
        Language of the words; keys stay as the scenario has them.
    synthetic
        Whether the data are made up; then the picture says so.

    Raises
    ------
    FontMissingError
        If the language is Chinese and there is no Chinese font.
    """
    with lettered(language):
        return _drawn(table, panels, language=language, synthetic=synthetic)


def _drawn(table: pd.DataFrame, panels: Sequence[str], *, language: str, synthetic: bool) -> bytes:
    keys = list(dict.fromkeys(table["key"]))
    figure = new_figure(3.6 + 2.9 * len(panels), 1.6 + 0.36 * len(keys))
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    places = np.arange(len(keys))[::-1]
    for axis, panel in zip(axes, panels, strict=True):
        for end, colour in _ENDS.items():
            rows = table[table["end"] == end].set_index("key").reindex(keys)
            change = rows[f"{panel}_change"].to_numpy(dtype=float)
            axis.barh(places, np.nan_to_num(change), height=0.62, color=colour, alpha=0.75,
                      label=words(f"tornado.{end}", language))  # fmt: skip
        axis.axvline(0, color=INK, linewidth=0.8)
        axis.set_title(words(f"contrast.figure.{panel}", language), fontsize=9)
        axis.tick_params(labelsize=8)
        axis.margins(x=0.12)
        axis.xaxis.set_major_locator(MaxNLocator(4))
        if panel.endswith("_cny"):
            axis.xaxis.set_major_formatter(EngFormatter(sep=""))
        if not table[f"{panel}_change"].fillna(0.0).any():
            axis.set_xlim(-1.0, 1.0)  # nothing moves: a scale of rounding would look like much
    axes[0].set_yticks(places, keys, fontsize=8)
    axes[-1].legend(fontsize=8, frameon=False, loc="lower right")
    head = words("tornado.title", language)
    mark = f"  {words('mark.sample_short', language)}" if synthetic else ""
    figure.suptitle(head + mark, fontsize=10)
    figure.tight_layout()
    return png_of(figure)
