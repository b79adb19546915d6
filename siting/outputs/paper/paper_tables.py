"""Tables that run on over pages, their header repeated, and the paragraphs after them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from siting.outputs.paper._lettering import wrap
from siting.outputs.paper.paper import FAINT, line_mm

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from siting.outputs.paper.columns import Table
    from siting.outputs.paper.paper import Page

_PAD_MM = 1.0
_HEADER = "#ece7db"
_STRIPE = "#f8f6f0"
_MOST_LINES = 3
_SMALLER = 0.94


@dataclass
class _Flow:
    """Where the pen is: pages so far, the current one, its height."""

    fresh: Callable[[], Page]
    top_mm: float
    bottom_mm: float
    pages: list[Page]
    y_mm: float = 0.0

    @property
    def page(self) -> Page:
        return self.pages[-1]

    def turn(self) -> None:
        self.pages.append(self.fresh())
        self.y_mm = self.top_mm

    def room(self) -> float:
        return self.bottom_mm - self.y_mm


def draw_tables(
    fresh: Callable[[], Page],
    tables: Sequence[tuple[str, Table]],
    ending: Sequence[tuple[str, Sequence[str]]],
    *,
    top_mm: float,
    bottom_mm: float,
) -> list[Page]:
    """Draw tables one under the other, then titled lists of paragraphs.

    Parameters
    ----------
    fresh
        Makes a page with its head.
    tables
        Title and table, in order.
    ending
        Title and paragraphs, after the tables.
    top_mm, bottom_mm
        Between which heights a page may be written on.
    """
    flow = _Flow(fresh, top_mm, bottom_mm, [])
    flow.turn()
    for title, table in tables:
        _draw_table(flow, title, table)
    for title, paragraphs in ending:
        _draw_list(flow, title, paragraphs)
    return flow.pages


def _draw_table(flow: _Flow, title: str, table: Table) -> None:
    paper, face = flow.page.paper, flow.page.face
    size = paper.text_pt * _SMALLER
    widths = _widths(flow, table, size)
    rows = [[wrap(face, face.visible(cell), size, width - 2 * _PAD_MM, most=_MOST_LINES)
             for cell, width in zip(cells, widths, strict=True)]
            for cells in (*table.cells, table.sums)]  # fmt: skip
    head = [wrap(face, face.visible(text), size, width - 2 * _PAD_MM, most=_MOST_LINES)
            for text, width in zip(table.headers, widths, strict=True)]  # fmt: skip
    least = line_mm(paper.text_pt * 1.3) + _high(head, size) + 3 * line_mm(size)
    if flow.room() < least:
        flow.turn()
    flow.page.text(paper.margin_mm, flow.y_mm, title, bold=True, size_pt=paper.text_pt * 1.25)
    flow.y_mm += line_mm(paper.text_pt * 1.25) + 1
    _draw_row(flow, table, widths, head, size, fill=_HEADER, bold=True)
    for number, row in enumerate(rows):
        if flow.room() < _high(row, size):
            flow.turn()
            _draw_row(flow, table, widths, head, size, fill=_HEADER, bold=True)
        last = number == len(rows) - 1
        fill = _HEADER if last else _STRIPE if number % 2 else "none"
        _draw_row(flow, table, widths, row, size, fill=fill, bold=last)
    flow.y_mm += 4


def _widths(flow: _Flow, table: Table, size: float) -> list[float]:
    """Return the columns' widths: what their cells need, then a share of the room by weight."""
    paper, face = flow.page.paper, flow.page.face
    room = paper.width_mm - 2 * paper.margin_mm
    weights = [column.weight for column in table.columns]
    wanted = []
    for place, header in enumerate(table.headers):
        texts = [cells[place] for cells in table.cells]
        longest = max((face.width_mm(text, size) for text in texts), default=0.0)
        narrow = (
            max(face.width_mm(word, size) for word in header.split()) if header.split() else 0.0
        )
        wanted.append(max(longest, min(narrow, 14.0)) + 2 * _PAD_MM + 0.5)
    limits = [room * weight / sum(weights) for weight in weights]
    widths = [min(want, limit) for want, limit in zip(wanted, limits, strict=True)]
    for _ in range(len(widths)):
        spare = room - sum(widths)
        short = [place for place, width in enumerate(widths) if width < wanted[place] - 0.01]
        if spare <= 0.01 or not short:  # noqa: PLR2004  # mm
            break
        for place in short:
            widths[place] = min(wanted[place], widths[place] + spare / len(short))
    # what is left is shared out, most of it to the columns that are to be filled in
    spare = max(room - sum(widths), 0.0)
    return [width + spare * weight / sum(weights)
            for width, weight in zip(widths, weights, strict=True)]  # fmt: skip


def _high(row: list[list[str]], size: float) -> float:
    return max(len(lines) for lines in row) * line_mm(size) + 2 * _PAD_MM * 0.6


def _draw_row(  # a row and its look
    flow: _Flow,
    table: Table,
    widths: list[float],
    row: list[list[str]],
    size: float,
    *,
    fill: str,
    bold: bool,
) -> None:
    page, high = flow.page, _high(row, size)
    left = page.paper.margin_mm
    page.box(left, flow.y_mm, sum(widths), high, fill=fill)
    page.rule(left, flow.y_mm + high, sum(widths))
    for column, width, lines in zip(table.columns, widths, row, strict=True):
        number = column.digits is not None
        at = left + width - _PAD_MM if number else left + _PAD_MM
        for place, line in enumerate(lines):
            y = flow.y_mm + _PAD_MM * 0.6 + place * line_mm(size)
            page.text(at, y, line, size_pt=size, align="right" if number else "left", bold=bold)
        left += width
    flow.y_mm += high


def _draw_list(flow: _Flow, title: str, paragraphs: Sequence[str]) -> None:
    if not paragraphs:
        return
    paper = flow.page.paper
    width = paper.width_mm - 2 * paper.margin_mm
    if flow.room() < 4 * line_mm(paper.text_pt):
        flow.turn()
    flow.page.text(paper.margin_mm, flow.y_mm, title, bold=True)
    flow.y_mm += line_mm(paper.text_pt) * 1.3
    for paragraph in paragraphs:
        if flow.room() < flow.page.height(width - 3, paragraph):
            flow.turn()
        flow.page.text(paper.margin_mm, flow.y_mm, "·", colour=FAINT)
        flow.y_mm = flow.page.block(paper.margin_mm + 3, flow.y_mm, width - 3, paragraph)
    flow.y_mm += 2.5
