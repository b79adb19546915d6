"""Charts of many plans: a trade-off with its bounds and knee, and a tornado of assumptions."""

from __future__ import annotations

import textwrap
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter

from siting.outputs.palette import KIND_COLOURS
from siting.outputs.paper.lettering import find_face
from siting.outputs.words import words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

    Kind = tuple[str, str, bool]


INK = "#2b2d33"
GREY = "#8a8d96"
_DPI = 130
_UNITS = {"zh": (1e8, "{:.3f} 亿元"), "en": (1e6, "{:,.1f} M CNY")}


@contextmanager
def lettered(language: str) -> Iterator[None]:
    """Draw with a font that has the characters of a language."""
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


_OWN = {name: f"tornado.{name}" for name in ("regret_share", "sites_changed_share")}
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
    """
    with lettered(language):
        return _drawn_tornado(table, panels, language=language, synthetic=synthetic)


def _drawn_tornado(
    table: pd.DataFrame, panels: Sequence[str], *, language: str, synthetic: bool
) -> bytes:
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
