"""What stands beside the map of a handout's first page: totals, status, legend, notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siting.outputs import palette
from siting.outputs.paper.paper import FAINT, HYDROGEN_COLOUR, SWAP_COLOUR, line_mm

if TYPE_CHECKING:
    from siting.notes import Say
    from siting.outputs.paper.frames import Frame
    from siting.outputs.paper.paper import Page
    from siting.outputs.paper.sheet import Sheet


def draw_panel(
    say: Say,
    sheet: Sheet,
    page: Page,
    frames: list[Frame],
    place: tuple[float, float, float, float],
) -> None:
    """Write totals, status, legend and the first notes beside the map."""
    paper = page.paper
    left, y, width, bottom = place
    if sheet.question:
        y = (
            page.block(left, y, width, sheet.question, size_pt=paper.text_pt * 1.25, bold=True)
            + 1.5
        )
    y = _totals(say, sheet, page, (left, y, width))
    for fact in sheet.facts:
        y = page.block(left, y, width, fact)
    y += 1.2
    for line in sheet.status:
        y = page.block(left, y, width, line, colour=FAINT)
    if len(frames) > 1:
        letters = " ".join(frame.name for frame in frames[1:])
        y = page.block(left, y + 1.2, width, say("handout.zooms", names=letters))
    if not sheet.tables:
        y = page.block(left, y + 2, width, say("handout.empty"), bold=True,
                       size_pt=paper.text_pt * 1.3)  # fmt: skip
    y = _legend(say, sheet, page, (left, y + 2.5, width))
    page.text(left, y + 1.5, say("map.notes"), bold=True)
    y += 1.5 + line_mm(paper.text_pt) * 1.2
    room = bottom - y
    for place_, note in enumerate(sheet.notes):
        high = page.height(width - 2.5, note, most=2)
        more = line_mm(paper.text_pt) if place_ + 1 < len(sheet.notes) else 0.0
        if room < high + more:
            page.text(left, y, say("handout.more", count=len(sheet.notes) - place_), colour=FAINT)
            break
        page.text(left, y, "·")
        y = page.block(left + 2.5, y, width - 2.5, note, most=2)
        room -= high


def _totals(say: Say, sheet: Sheet, page: Page, place: tuple[float, float, float]) -> float:
    """Write this sheet's counts beside the whole plan's and the targets'."""
    paper = page.paper
    left, y, width = place
    row = line_mm(paper.text_pt) * 1.35
    ends = [left + width * share for share in (0.58, 0.79, 1.0)]
    size = paper.text_pt * 0.92
    heads = [say(key).split(" / ") for key in ("handout.here", "handout.plan", "handout.target")]
    for end, head in zip(ends, heads, strict=True):
        for place_, line in enumerate(head):
            low = y + place_ * line_mm(size)
            page.text(end, low, line, align="right", colour=FAINT, size_pt=size)
    y += row + (max(map(len, heads)) - 1) * line_mm(size)
    for label, *numbers in sheet.totals:
        page.rule(left, y - 0.8, width)
        page.text(left, y, label)
        for place_, (end, number) in enumerate(zip(ends, numbers, strict=True)):
            page.text(end, y, f"{number:,}", align="right", bold=place_ == 0)
        y += row
    page.rule(left, y - 0.8, width)
    return y + 0.6


def _legend(say: Say, sheet: Sheet, page: Page, place: tuple[float, float, float]) -> float:
    """Draw the legend: kinds with their counts, forms, swap and hydrogen stations."""
    paper = page.paper
    left, y, width = place
    page.text(left, y, say("map.legend"), bold=True)
    y += line_mm(paper.text_pt) * 1.35
    counts = sheet.sites["kind"].value_counts()
    kinds = sorted(counts.index, key=lambda kind: (-counts[kind], kind))
    entries = [
        (palette.kind_colour(kind), "circle", True, f"{say(f'kind.{kind}')} {counts[kind]}")
        for kind in kinds
    ]
    entries += [
        (FAINT, "circle", True, say("legend.new")),
        (FAINT, "circle", False, say("legend.existing")),
    ]
    standing = set(sheet.swap_sites["is_new"].astype(bool))
    entries += [
        (SWAP_COLOUR, "diamond", new, say(f"legend.swap_{'new' if new else 'existing'}"))
        for new in (True, False)
        if new in standing
    ]
    if len(sheet.hydrogen_sites):
        entries.append((HYDROGEN_COLOUR, "hexagon", True, say("legend.hydrogen")))
    columns = 2
    row = line_mm(paper.text_pt) * 1.3
    for number, (colour, form, filled, label) in enumerate(entries):
        x = left + (number % columns) * width / columns
        page.sign(x + 1.6, y + row * 0.42, colour, form, filled=filled)
        page.block(x + 4.4, y, width / columns - 5, label, most=1)
        if number % columns == columns - 1:
            y += row
    return y + (row if len(entries) % columns else 0.0)
