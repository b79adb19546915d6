"""The picture of a tornado: what each assumption moves, the greatest first."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator

from siting.outputs.contrast.charts import (
    GREY,
    INK,
    lettered,
    new_figure,
    png_of,
    scale_axis,
)
from siting.outputs.words import words

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.axes import Axes

_OWN = {"sites_changed_share": "tornado.sites_changed_share"}
_ENDS = {"low": "#4477aa", "high": "#ee6677"}


def draw_tornado(
    table: pd.DataFrame, panels: Sequence[str], *, language: str, synthetic: bool
) -> bytes:
    """Return a PNG with one panel a figure, one row an assumption, a bar for each end.

    Assumptions that move nothing are named below. A missing change keeps its row.

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
    changes = table[[f"{panel}_change" for panel in panels]]
    moves = changes.fillna(0.0).ne(0.0).any(axis=1) | changes.isna().any(axis=1)
    every: list[str] = list(dict.fromkeys(table["key"].astype(str).tolist()))
    moving = set(table.loc[moves, "key"])
    keys = [key for key in every if key in moving]
    still = [key for key in every if key not in moving]
    figure = new_figure(3.8 + 2.9 * len(panels), 2.0 + 0.42 * max(len(keys), 1))
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axis, panel in zip(axes, panels, strict=True):
        _panel(axis, table, keys, panel, language)
    ends = {(row["key"], row["end"]): f"{row['value']:g}" for row in table.to_dict("records")}
    labels = [f"{key}\n{ends[key, 'low']} – {ends[key, 'high']}" for key in keys]
    axes[0].set_yticks(np.arange(len(keys))[::-1], labels, fontsize=8)
    handles, names = axes[-1].get_legend_handles_labels()
    figure.legend(handles, names, fontsize=8, frameon=False, loc="upper right", ncols=2)
    figure.suptitle(words("tornado.title", language), fontsize=11, x=0.01, ha="left", color=INK)
    told = words("tornado.still", language, count=len(still), names=", ".join(still))
    below = textwrap.fill(told, width=40 * len(panels)) if still else ""
    figure.text(0.01, 0.01, below, fontsize=7.5, color=GREY, va="bottom")
    if synthetic:
        figure.text(0.99, 0.01, words("mark.sample_short", language), ha="right", fontsize=8,
                    color="#a3201a")  # fmt: skip
    room = 0.16 * (below.count("\n") + 2) / figure.get_figheight()
    figure.tight_layout(rect=(0, room, 1, 0.98))
    return png_of(figure)


def _panel(axis: Axes, table: pd.DataFrame, keys: list[str], panel: str, language: str) -> None:
    """Draw the bars of one figure."""
    places = np.arange(len(keys))[::-1]
    for end, colour in _ENDS.items():
        rows = table[table["end"] == end].set_index("key").reindex(keys)
        change = rows[f"{panel}_change"].to_numpy(dtype=float)
        axis.barh(places, np.nan_to_num(change), height=0.62, color=colour, alpha=0.75,
                  label=words(f"tornado.{end}", language))  # fmt: skip
    axis.axvline(0, color=INK, linewidth=0.8)
    title = words(_OWN.get(panel, f"contrast.figure.{panel}"), language)
    axis.set_title(title, fontsize=9)
    axis.tick_params(labelsize=8)
    axis.margins(x=0.12)
    axis.xaxis.set_major_locator(MaxNLocator(3))
    scale_axis(axis.xaxis, panel.rpartition("_")[2], language)
    if not table[f"{panel}_change"].fillna(0.0).any():
        axis.set_xlim(-1.0, 1.0)  # nothing moves: a scale of rounding would look like much
