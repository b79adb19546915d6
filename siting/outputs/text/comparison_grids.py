"""A contrast of plans as text: the same tables for the terminal, the page and the workbook."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from siting.comparison.comparison import CARRIED, KINDS_OF_CHANGE, count_changes
from siting.plan.described import heading
from siting.tables.facilities import TOTALS

if TYPE_CHECKING:
    from siting.comparison import Contrast
    from siting.notes import Say


_FORMS = {
    "count": "{:,.0f}",
    "share": "{:.1%}",
    "m": "{:,.0f} m",
    "min": "{:.2f} min",
    "kwh_day": "{:,.0f} kWh",
    "kw": "{:,.0f} kW",
    "kva": "{:,.0f} kVA",
    "cny": "¥{:,.0f}",
    "number": "{:.4f}",
}
NUMBERS = {
    "count": "#,##0", "share": "0.0%", "m": "#,##0", "min": "0.00", "kwh_day": "#,##0",
    "kw": "#,##0", "kva": "#,##0", "cny": "#,##0", "number": "0.0000",
}  # fmt: skip
"""Form of a figure to the number format of a spreadsheet."""

_FINE = {"gap_share": "{:.2%}", "swap_gap_share": "{:.2%}"}
_AREA_FORMS = {
    **dict.fromkeys(TOTALS, "count"), "served_kwh_day": "kwh_day", "cost_cny": "cny",
}  # fmt: skip
_SWAP_CHANGES = ("swap_added", "swap_dropped", "swap_moved")


@dataclass(frozen=True)
class Cell:
    """One cell: its value (None: missing), how it is written, whether it is the best."""

    value: Any
    form: str | None = None
    best: bool = False
    text: str = ""


@dataclass(frozen=True)
class Grid:
    """One table: its key, a title, headings, rows of cells; the first columns are texts."""

    key: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def contrast_warnings(made: Contrast, say: Say) -> list[str]:
    """Return what every output of a contrast must say first; empty if nothing."""
    lines = [say("mark.sample")] if made.synthetic else []
    if made.other_inputs:
        lines.append(say("contrast.other_data", names=[*made.other_inputs]))
    return lines


def contrast_grids(
    made: Contrast, say: Say, *, areas: tuple[str, ...] = tuple(_AREA_FORMS)
) -> list[Grid]:
    """Return the tables of a contrast: figures, counts of changes, zones, departments.

    Parameters
    ----------
    made
        The plans side by side.
    say
        Words in one language.
    areas
        What is shown of zones and departments.
    """
    forms = {name: form for name, form in _AREA_FORMS.items() if name in areas}
    return [
        _figures(made, say),
        _counts(made, say),
        _by(made.zones, made.names, "zones", forms, say),
        _by(made.departments, made.names, "departments", forms, say),
    ]


def change_grids(made: Contrast, say: Say) -> list[Grid]:
    """Return the list of changed sites of each plan but the first."""
    names = made.names
    return [
        _changed(frame, say, f"changes_{place}", say("contrast.sites", run=name, base=names[0]))
        for place, (name, frame) in enumerate(zip(names[1:], made.changes, strict=True), start=1)
    ]


def _cell(value: Any, form: str, say: Say, *, best: bool = False, name: str = "") -> Cell:  # noqa: ANN401  # a number or None
    if value is None or not math.isfinite(value):
        return Cell(None, form, text=say("fact.none"))
    return Cell(float(value), form, best, _FINE.get(name, _FORMS[form]).format(value))


def _text(value: Any, say: Say) -> Cell:  # noqa: ANN401  # a text or missing
    known = value is not None and not pd.isna(value) and str(value) != ""
    text = str(value) if known else say("fact.none")
    return Cell(text if known else None, None, text=text)


def _figures(made: Contrast, say: Say) -> Grid:
    rows = tuple(
        (
            _text(say(f"contrast.figure.{line.figure}"), say),
            *(
                _cell(value, line.form, say, best=place in line.best, name=line.figure)
                for place, value in enumerate(line.values)
            ),
        )
        for line in made.figures
    )
    return Grid("figures", say("contrast.figures"), ("", *made.names), rows)


def _counts(made: Contrast, say: Say) -> Grid:
    counted = [count_changes(frame) for frame in made.changes]
    rows = tuple(
        (
            _text(say(f"contrast.change.{change}", moved_m=made.moved_m), say),
            *(_cell(counts[change], "count", say) for counts in counted),
        )
        for change in (*KINDS_OF_CHANGE, *_SWAP_CHANGES)
    )
    return Grid("changes", say("contrast.changes", base=made.names[0]), ("", *made.names[1:]), rows)


def _by(
    table: pd.DataFrame, runs: tuple[str, ...], key: str, forms: dict[str, str], say: Say
) -> Grid:
    """Return a table by zone or department, with those of the counts that it has."""
    labels = [name for name in ("zone_id", "name", "owner") if name in table.columns]
    counts = [
        (f"{count}_{place}", form, f"{say(f'contrast.count.{count}')} · {run}")
        for count, form in forms.items()
        for place, run in enumerate(runs)
        if f"{count}_{place}" in table.columns
    ]
    rows = tuple(
        (
            *(_text(row[label], say) for label in labels),
            *(_cell(row[column], form, say) for column, form, _ in counts),
        )
        for row in table.to_dict("records")
    )
    heads = (*(say(f"contrast.{label}") for label in labels), *(head for *_, head in counts))
    return Grid(key, say(f"contrast.{key}"), heads, rows)


def _changed(frame: pd.DataFrame, say: Say, key: str, title: str) -> Grid:
    texts = ("change", "facility", "site_id", "from_id", *CARRIED)
    counts = ("chargers_before", "chargers_after")
    rows = []
    for row in frame.to_dict("records"):
        words = {
            "change": say(f"contrast.word.{row['change']}"),
            "facility": say(f"contrast.word.{row['facility']}"),
            "kind": say(f"kind.{row['kind']}"),
        }
        cells = [_text(words.get(name, row[name]), say) for name in texts]
        cells += [_cell(row[name], "count", say) for name in counts]
        rows.append((*cells, _cell(row["moved_m"], "m", say)))
    heads = tuple(
        heading("kind_name" if name == "kind" else name, say)
        if name in CARRIED
        else say(f"contrast.col.{name}")
        for name in (*texts, *counts, "moved_m")
    )
    return Grid(key, title, heads, tuple(rows))
