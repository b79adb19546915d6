"""What the terminal shows of ``siting check`` and of a download."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from siting.cli.screen import Terminal, sample_mark
from siting.outputs.text.check_sections import (
    advice_lines,
    grade_rows,
    make_sections,
    table_section,
)
from siting.outputs.words import note_text, speaker

if TYPE_CHECKING:
    from siting.checkup.findings import Checkup
    from siting.inputs.osm.map_notes import MapReport
    from siting.outputs.text.check_sections import Section

_COLOURS = {"good": "green", "usable": "yellow", "weak": "dark_orange", "missing": "red"}


def show_checkup(found: Checkup, language: str) -> None:
    """Print what a plan would rest on; at the end the grades and what would help most."""
    say = speaker(language)
    console = Terminal(highlight=False)
    if found.synthetic:
        console.print(sample_mark(say))
    for section in make_sections(found, language):
        if section.wide:
            line = say("check.only_page", title=section.title, count=len(section.rows))
            console.print(f"  {escape(line)}", style="dim", soft_wrap=True)
        elif section.rows:
            console.print(_table(section))
    for note in found.notes:
        text = note_text(note, language)
        console.print(f"  · {escape(text)}", soft_wrap=True)
    _show_grades(found, console, language)
    console.print(f"\n[bold]{escape(say('check.section.advice'))}[/]")
    lines = advice_lines(found, say)
    for number, (text, rank) in enumerate(lines, start=1):
        console.print(f"{number}. {escape(text)}", soft_wrap=True)
        console.print(f"   {escape(rank)}", style="dim", soft_wrap=True)
    if not lines:
        console.print(escape(say("check.nothing_short")))
    console.print(escape(say("check.lead.advice")), style="dim", soft_wrap=True)


def show_report(report: MapReport, language: str) -> None:
    """Print what was downloaded."""
    Terminal(highlight=False).print(_table(table_section("map", report, speaker(language))))


def _show_grades(found: Checkup, console: Console, language: str) -> None:
    say = speaker(language)
    grades = Table(title=say("check.section.grades"), box=box.SIMPLE_HEAD)
    for key, justify in (("measure", "left"), ("value", "right"), ("bar", "left"),
                         ("grade", "left")):  # fmt: skip
        grades.add_column(say(f"check.col.{key}"), justify=justify)  # type: ignore[arg-type]
    for stage, grade, rows in grade_rows(found, say, language):
        word = f"[bold {_COLOURS[grade]}]{escape(say(f'check.grade.{grade}'))}[/]"
        grades.add_row(f"[bold]{escape(stage)}[/]", "", "", word)
        for name, value, bar, own, _ in rows:
            grades.add_row(*(escape(text) for text in (f"  {name}", value, bar, own)))
    console.print(grades)
    console.print(escape(say("check.lead.grades")), style="dim", soft_wrap=True)


def _table(section: Section) -> Table:
    headed = any(section.headers)
    table = Table(title=escape(section.title), box=box.SIMPLE, show_header=headed)
    for place, header in enumerate(section.headers):
        table.add_column(escape(header), justify="right" if place in section.numbers else "left")
    for row in section.rows:
        table.add_row(*(escape(text) for text in row))
    return table
