"""The picture of a tornado: what each assumption moves, the greatest first."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, MaxNLocator

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

_ENDS = {"low": "#4477aa", "high": "#ee6677"}
_MARK = "synthetic sample, not for decisions"


def draw_tornado(table: pd.DataFrame, panels: Sequence[str], *, synthetic: bool) -> bytes:
    """Return a PNG with one panel a figure, one row an assumption, a bar for each end.

    Parameters
    ----------
    table
        Columns ``key``, ``end`` (low or high), ``value`` and one ``<panel>_change`` a panel; keys
        in the order of the rows. A missing change has no bar.
    panels
        What is shown. Keys and figures go by their names, so that one font does for every run.
    synthetic
        Whether the data are made up; then the picture says so.
    """
    keys = list(dict.fromkeys(table["key"]))
    figure = Figure(figsize=(3.6 + 2.9 * len(panels), 1.6 + 0.36 * len(keys)), dpi=120)
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    places = np.arange(len(keys))[::-1]
    for axis, panel in zip(axes, panels, strict=True):
        for end, colour in _ENDS.items():
            rows = table[table["end"] == end].set_index("key").reindex(keys)
            change = rows[f"{panel}_change"].to_numpy(dtype=float)
            axis.barh(places, np.nan_to_num(change), height=0.62, color=colour, alpha=0.75,
                      label=end)  # fmt: skip
        axis.axvline(0, color="#2b2d33", linewidth=0.8)
        axis.set_title(panel, fontsize=9)
        axis.tick_params(labelsize=8)
        axis.margins(x=0.12)
        axis.xaxis.set_major_locator(MaxNLocator(4))
        if panel.endswith("_cny"):
            axis.xaxis.set_major_formatter(EngFormatter(sep=""))
        if not table[f"{panel}_change"].fillna(0.0).any():
            axis.set_xlim(-1.0, 1.0)  # nothing moves: a scale of rounding would look like much
    axes[0].set_yticks(places, keys, fontsize=8)
    axes[-1].legend(fontsize=8, frameon=False, loc="lower right")
    head = "Change against the base, one assumption at a time"
    figure.suptitle(f"{head}; {_MARK}" if synthetic else head, fontsize=10)
    figure.tight_layout()
    stream = BytesIO()
    figure.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()
