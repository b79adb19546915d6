"""A handout as pages: the map and its panel, zoom sheets, tables, notes and sources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from siting.outputs import palette
from siting.outputs.paper.frames import Frame, make_frames
from siting.outputs.paper.map_drawing import Pins, draw_map
from siting.outputs.paper.paper import (
    ALARM,
    FAINT,
    HYDROGEN_COLOUR,
    INK,
    SWAP_COLOUR,
    Format,
    Page,
    draw_tables,
    line_mm,
)
from siting.outputs.paper.sheet import Sheet, make_say, site_points
from siting.tables.fields import CHARGING, FACILITIES, HYDROGEN, SWAP

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from siting.notes import Say
    from siting.outputs.paper.base_map import Ground
    from siting.outputs.paper.lettering import Face
    from siting.plan.plan import Plan


_HEAD_MM = 17.0
_FOOT_MM = 8.0
_MARK_MM = 5.5
_GUTTER_MM = 5.0


@dataclass(frozen=True)
class Setting:
    """What every handout of one run shares."""

    plan: Plan
    ground: Ground
    face: Face
    paper: Format
    language: str
    date: str

    @property
    def say(self) -> Say:
        """Words in the language of the pages."""
        return make_say(self.language, self.plan.kinds)


def draw_pages(setting: Setting, sheet: Sheet) -> list[Page]:
    """Draw every page of a handout.

    Parameters
    ----------
    setting
        What the handouts of a run share.
    sheet
        What this one says.
    """
    pins, frames = _framed(setting, sheet)
    pages = [_first_page(setting, sheet, frames, pins)]
    for frame in frames[1:]:
        page = _empty(setting, sheet)
        _map(setting, sheet, page, frame, pins, top_mm=_top(setting))
        pages.append(page)
    tables = [(setting.say(title), table) for title, table in sheet.tables]
    pages += draw_tables(
        lambda: _empty(setting, sheet), tables, _ending(setting, sheet),
        top_mm=_top(setting), bottom_mm=_top(setting) + _height(setting),
    )  # fmt: skip
    for number, page in enumerate(pages, start=1):
        _foot(setting, page, number, len(pages))
    return pages


def draw_first_page(setting: Setting, sheet: Sheet) -> Page:
    """Draw the map and its panel only."""
    pins, frames = _framed(setting, sheet)
    page = _first_page(setting, sheet, frames, pins)
    _foot(setting, page, 1, 1)
    return page


def _framed(setting: Setting, sheet: Sheet) -> tuple[Pins, list[Frame]]:
    pins = _pins(sheet)
    frames = make_frames(
        pins.xy, tuple(setting.plan.zones.total_bounds),
        radius_mm=setting.paper.tag_mm, box_mm=_first_box(setting), zoom_box_mm=_zoom_box(setting),
        land=setting.ground.land,
    )  # fmt: skip
    return pins, frames


def _pins(sheet: Sheet) -> Pins:
    parts = [(getattr(sheet, one.table), one.letter, one.sign) for one in FACILITIES]
    return Pins(
        xy=np.vstack([site_points(rows) for rows, _, _ in parts]),
        label=tuple(
            f"{prefix}{place}" for rows, prefix, _ in parts for place in range(1, len(rows) + 1)
        ),
        colour=(
            *(palette.kind_colour(kind) for kind in sheet.sites["kind"]),
            *[SWAP_COLOUR] * len(sheet.swap_sites),
            *[HYDROGEN_COLOUR] * len(sheet.hydrogen_sites),
        ),
        filled=np.concatenate([rows["is_new"] for rows, _, _ in parts]).astype(bool),
        form=tuple(form for rows, _, form in parts for _ in range(len(rows))),
    )


def _top(setting: Setting) -> float:
    return setting.paper.margin_mm + _HEAD_MM + (_MARK_MM if setting.plan.synthetic else 0.0)


def _height(setting: Setting) -> float:
    return setting.paper.height_mm - _top(setting) - setting.paper.margin_mm - _FOOT_MM


def _first_box(setting: Setting) -> tuple[float, float]:
    """Return the map's box: in the district's shape, as wide as the panel allows."""
    west, south, east, north = setting.plan.zones.total_bounds
    paper, high = setting.paper, _height(setting)
    most = paper.width_mm - 2 * paper.margin_mm - paper.panel_mm - _GUTTER_MM
    shape = (east - west) / (north - south) if north > south else 1.0
    return (float(np.clip(high * shape * 1.02, 0.4 * most, most)), high)


def _zoom_box(setting: Setting) -> tuple[float, float]:
    return (setting.paper.width_mm - 2 * setting.paper.margin_mm, _height(setting))


def _empty(setting: Setting, sheet: Sheet) -> Page:
    """Return a page with its head: who it is for, what it is, what it must carry."""
    page, say, paper = Page(setting.paper, setting.face), setting.say, setting.paper
    left, right = paper.margin_mm, paper.width_mm - paper.margin_mm
    title = setting.face.visible(sheet.title)
    page.text(left, paper.margin_mm, title, size_pt=paper.text_pt * 2.1, bold=True)
    page.text(left, paper.margin_mm + 8.5, setting.face.visible(sheet.subtitle), colour=FAINT,
              size_pt=paper.text_pt * 1.15)  # fmt: skip
    page.text(right, paper.margin_mm, say("mark.internal"), align="right", bold=True, colour=ALARM,
              size_pt=paper.text_pt * 1.3)  # fmt: skip
    second = say("handout.restricted") if sheet.body.restricted else say("handout.map_number")
    page.text(right, paper.margin_mm + 5.4, second, align="right",
              colour=ALARM if sheet.body.restricted else INK)  # fmt: skip
    if sheet.body.restricted:
        page.text(right, paper.margin_mm + 9.6, say("handout.map_number"), align="right")
    page.rule(left, paper.margin_mm + _HEAD_MM - 3.2, right - left)
    if setting.plan.synthetic:
        low = paper.margin_mm + _HEAD_MM - 2.0
        page.box(left, low, right - left, _MARK_MM, fill="#fdecea", edge=ALARM)
        page.text((left + right) / 2, low + 1.1, say("mark.sample"), align="center", bold=True,
                  colour=ALARM)  # fmt: skip
    return page


def _foot(setting: Setting, page: Page, number: int, count: int) -> None:
    """Write the last lines of a page, and put all of it on paper."""
    paper, say = setting.paper, setting.say
    low = paper.height_mm - paper.margin_mm - _FOOT_MM + 3.0
    left, right = paper.margin_mm, paper.width_mm - paper.margin_mm
    page.rule(left, low - 1.2, right - left)
    line = say("handout.foot", run=setting.plan.run, date=setting.date, crs=setting.plan.crs)
    size = paper.text_pt * 0.92
    page.text(left, low, setting.face.visible(line), size_pt=size, colour=FAINT)
    page.text(left, low + line_mm(size), say("handout.proposed"), size_pt=size, colour=FAINT)
    page.text(right, low, say("handout.page", number=number, count=count), size_pt=size,
              align="right")  # fmt: skip
    page.finish()


def _map(  # a map and its place
    setting: Setting,
    sheet: Sheet,
    page: Page,
    frame: Frame,
    pins: Pins,
    *,
    top_mm: float,
    inner: tuple[Frame, ...] = (),
) -> None:
    axes = page.axes(setting.paper.margin_mm, top_mm, *frame.box_mm)
    draw_map(
        axes, frame, setting.ground, pins, _names(setting, sheet),
        radius_mm=setting.paper.tag_mm, face=setting.face, inner=inner, own=_own(setting, sheet),
    )  # fmt: skip
    if frame.name:
        name = setting.say("handout.zoom", name=frame.name)
        size = setting.paper.text_pt * 1.3
        wide = setting.face.width_mm(name, size) + 4
        page.box(setting.paper.margin_mm, top_mm, wide, line_mm(size) + 1.2, fill=INK)
        page.text(setting.paper.margin_mm + 2, top_mm + 0.6, name, size_pt=size, colour="white",
                  bold=True)  # fmt: skip


def _own(setting: Setting, sheet: Sheet) -> BaseGeometry | None:
    zones = setting.plan.zones
    areas = zones.geometry[zones["zone_id"] == sheet.body.zone_id]
    return None if areas.empty else areas.iloc[0]


def _names(setting: Setting, sheet: Sheet) -> list[tuple[str, BaseGeometry]]:
    zones = setting.plan.zones
    column = "name_en" if setting.language == "en" and "name_en" in zones.columns else "name"
    own = zones["zone_id"] == sheet.body.zone_id
    order = zones.assign(own=own, big=zones.geometry.area).sort_values(
        ["own", "big"], ascending=False
    )
    return [
        (str(name), area)
        for name, area in zip(order[column].fillna(order["name"]), order.geometry, strict=True)
        if isinstance(name, str)
    ]


def _first_page(setting: Setting, sheet: Sheet, frames: list[Frame], pins: Pins) -> Page:
    page = _empty(setting, sheet)
    top = _top(setting)
    _map(setting, sheet, page, frames[0], pins, top_mm=top, inner=tuple(frames[1:]))
    left = setting.paper.margin_mm + frames[0].box_mm[0] + _GUTTER_MM
    width = setting.paper.width_mm - setting.paper.margin_mm - left
    bottom = setting.paper.height_mm - setting.paper.margin_mm - _FOOT_MM
    draw_panel(setting.say, sheet, page, frames, (left, top, width, bottom))
    return page


def _ending(setting: Setting, sheet: Sheet) -> list[tuple[str, tuple[str, ...]]]:
    """Return what stands after the tables: all notes, sources."""
    say = setting.say
    return [(say("map.notes"), sheet.notes), (say("map.sources"), sheet.sources)]


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
        (palette.kind_colour(kind), CHARGING.sign, True, f"{say(f'kind.{kind}')} {counts[kind]}")
        for kind in kinds
    ]
    entries += [
        (FAINT, CHARGING.sign, True, say("legend.new")),
        (FAINT, CHARGING.sign, False, say("legend.existing")),
    ]
    standing = set(sheet.swap_sites["is_new"].astype(bool))
    entries += [
        (SWAP_COLOUR, SWAP.sign, new, say(f"legend.swap_{'new' if new else 'existing'}"))
        for new in (True, False)
        if new in standing
    ]
    if len(sheet.hydrogen_sites):
        entries.append((HYDROGEN_COLOUR, HYDROGEN.sign, True, say("legend.hydrogen")))
    columns = 2
    row = line_mm(paper.text_pt) * 1.3
    for number, (colour, form, filled, label) in enumerate(entries):
        x = left + (number % columns) * width / columns
        page.sign(x + 1.6, y + row * 0.42, colour, form, filled=filled)
        page.block(x + 4.4, y, width / columns - 5, label, most=1)
        if number % columns == columns - 1:
            y += row
    return y + (row if len(entries) % columns else 0.0)
