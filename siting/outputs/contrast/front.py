"""The picture of a trade-off: what more of one goal costs in another, with bounds and the knee."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from siting.outputs.contrast.charts import (
    GREY,
    INK,
    lettered,
    new_figure,
    number_text,
    png_of,
    scale_axis,
)
from siting.outputs.palette import KIND_COLOURS
from siting.outputs.words import words

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.axes import Axes

    Kind = tuple[str, str, bool]

_LINES = [KIND_COLOURS[name] for name in ("parking", "retail", "service_area", "fuel", "office")]
_KNEE = "#d55e00"


def draw_front(
    table: pd.DataFrame, goals: Sequence[Kind], *, language: str, synthetic: bool
) -> bytes:
    """Return a PNG of a front: the second goal to the right, the first one up.

    A line runs through the points that no other one beats, one line for each limit of a third
    goal; the band above is what is not ruled out by the bound; points that are beaten are hollow.

    Parameters
    ----------
    table
        As ``siting.study.pareto.front_table`` makes it.
    goals
        Of each goal its name, how its numbers are written, and whether more is better.
    language
        Language of the words.
    synthetic
        Whether the data are made up; then the picture says so.

    Raises
    ------
    FontMissingError
        If the language is Chinese and there is no Chinese font.
    """
    with lettered(language):
        return _drawn(table, goals, language=language, synthetic=synthetic)


def _drawn(table: pd.DataFrame, goals: Sequence[Kind], *, language: str, synthetic: bool) -> bytes:
    (up, up_form, _), (across, across_form, _), *third = goals
    figure = new_figure(8.2, 5.6)
    axis = figure.subplots()
    known = table[table["plan"].notna() & table[across].notna()]
    if third:
        name, form, _ = third[0]
        for place, (limit, part) in enumerate(known.groupby(f"limit_{name}", dropna=False)):
            label = words(
                "front.limit",
                language,
                goal=words(f"goal.{name}", language),
                limit=number_text(float(str(limit)), form, language),
            )
            _line(axis, part, up, across, _LINES[place % len(_LINES)], label)
    else:
        _line(axis, known, up, across, _LINES[0], words("front.best", language))
    beaten = known[~known["front"]]
    if len(beaten):
        axis.scatter(beaten[across], beaten[up], s=30, facecolors="none", edgecolors=GREY,
                     label=words("front.beaten", language), zorder=3)  # fmt: skip
    for row in known[known["knee"]].to_dict("records"):
        axis.scatter([row[across]], [row[up]], s=190, facecolors="none", edgecolors=_KNEE,
                     linewidths=2.0, label=_knee(row, goals, language), zorder=4)  # fmt: skip
    axis.set_xlabel(words(f"goal.{across}", language))
    axis.set_ylabel(words(f"goal.{up}", language))
    axis.xaxis.set_major_locator(MaxNLocator(5))
    scale_axis(axis.xaxis, across_form, language)
    scale_axis(axis.yaxis, up_form, language)
    axis.grid(color="#e4e2dc", linewidth=0.6)
    axis.set_axisbelow(True)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
    axis.legend(fontsize=8.5, frameon=False, loc="best")
    axis.set_title(words("front.title", language), fontsize=11, color=INK, loc="left")
    if synthetic:
        figure.text(0.985, 0.012, words("mark.sample_short", language), ha="right", fontsize=8,
                    color="#a3201a")  # fmt: skip
    figure.tight_layout(rect=(0, 0.03, 1, 1))
    return png_of(figure)


def _line(axis: Axes, points: pd.DataFrame, up: str, across: str, colour: str, label: str) -> None:
    part = points[points["front"]].sort_values(across)
    if not len(part):
        return
    far, high, bound = (part[name].to_numpy(dtype=float) for name in (across, up, "bound"))
    axis.fill_between(far, np.minimum(high, bound), np.maximum(high, bound), color=colour,
                      alpha=0.18, linewidth=0)  # fmt: skip
    axis.plot(far, high, color=colour, linewidth=1.4, marker="o", markersize=4.5, label=label)


def _knee(row: dict[Any, Any], goals: Sequence[Kind], language: str) -> str:
    told = [
        f"{words(f'goal.{name}', language)} {number_text(row[name], form, language)}"
        for name, form, _ in goals
    ]
    comma = "，" if language == "zh" else ", "
    return words("front.knee", language, where=comma.join(told))
