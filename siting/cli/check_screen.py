"""What the terminal shows of ``siting check``, of a download, and of a scenario without a plan."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from siting.cli.screen import Terminal, emit, sample_mark
from siting.errors import NoPlanError, SitingError
from siting.outputs.text.check_sections import (
    advice_lines,
    grade_rows,
    make_sections,
    table_section,
)
from siting.outputs.words import note_text, speaker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siting.checkup.findings import Checkup
    from siting.errors import ClashingRule, Explanation, Setting, TriedChange
    from siting.notes import Say
    from siting.outputs.text.check_sections import Section

_SHOWN = 5
_UNITS = {"_m": "m", "_s": "s", "_cny": "CNY", "_kw": "kW"}


@contextmanager
def told(*, as_json: bool) -> Iterator[None]:
    """Print an error that says no plan exists as JSON on stdout too, where a program reads."""
    try:
        yield
    except NoPlanError as error:
        if as_json:
            emit(json.dumps(content_of(error), ensure_ascii=False, indent=1, allow_nan=False))
        raise


def content_of(error: SitingError) -> dict[str, Any]:
    """Return an error as JSON types, with the explanation of one that says no plan exists."""
    from siting.plan.parts import tidy  # noqa: PLC0415  # numpy behind it

    explanation = error.explanation if isinstance(error, NoPlanError) else None
    return {
        "error": type(error).__name__,
        "exit_code": error.exit_code,
        "what": error.what,
        "where": error.where,
        "cure": error.cure,
        "explanation": tidy(explanation, None),
    }


def text_of(error: SitingError) -> str:
    """Return an error in words; one with an explanation in the language of its run."""
    if not isinstance(error, NoPlanError) or not error.explanation:
        return str(error)
    from siting.outputs.words import speaker  # noqa: PLC0415  # geopandas behind it

    why = error.explanation
    words = speaker(why.language)
    # the numbers of the first finding are in English; without a change that helps they are all
    first = [error.what] if why.language == "en" or not why.changes else []
    return "\n".join([*first, *_lines(why, words)])


def _lines(why: Explanation, words: Say) -> Iterator[str]:
    if not why.clash:
        yield words("clash.data")
        return
    yield words("clash.rules")
    for rule in why.clash:
        yield f"  · {words('clash.rule.' + rule.family)}: {_held(rule, words)}"
    if why.clash_cut_off:
        yield f"  {words('clash.cut')}"
    yield from _room(why.changes, words)
    yield words("clash.changes" if why.changes else "clash.no_change")
    for change in why.changes:
        parts = [_setting(setting, words) for setting in change.settings]
        tail = "" if change.smallest else f" {words('clash.not_smallest')}"
        both = f", {words('clash.and')} "
        yield f"  · {both.join(parts)}{tail}"
    for key, rules in (("no_help", why.no_help), ("not_tried", why.not_tried)):
        if rules:
            yield words(f"clash.{key}", rules=[_name(rule) for rule in rules])
    yield words("clash.nothing_saved")


def _room(changes: tuple[TriedChange, ...], words: Say) -> Iterator[str]:
    """Say how much of a total the other rules leave room for, where that is proven."""
    for change in changes:
        setting = change.settings[0]
        if len(change.settings) > 1 or not _is_total(setting) or not change.smallest:
            continue
        if setting.change < setting.now:
            yield words(f"clash.room_{setting.family}", count=setting.change, target=setting.now)


def _is_total(setting: Setting) -> bool:
    return str(setting.rule).startswith("targets.")


def _setting(setting: Setting, words: Say) -> str:
    rule, now, then = setting.rule, setting.now, setting.change
    if setting.off:
        return words("clash.off", rule=rule, names=", ".join(setting.off))
    if now is None:
        more = ", ".join(f"{name} {kw:,.0f} kW" for name, kw in then.items())
        return words("clash.power", rule=rule, names=more, kw=sum(then.values()))
    text = words("clash.set", rule=rule, change=_value(rule, then, words),
                 now=_value(rule, now, words))  # fmt: skip
    if _is_total(setting):
        key = "clash.fewer" if then < now else "clash.more"
        text += f" {words(key, count=abs(then - now))}"
    return text


def _held(rule: ClashingRule, words: Say) -> str:
    if _is_entry(rule):
        return str(rule.part)
    return f"{_value(rule.rule, rule.now, words)} ({rule.rule})"


def _name(rule: ClashingRule) -> str:
    return str(rule.part if _is_entry(rule) else rule.rule)


def _is_entry(rule: ClashingRule) -> bool:
    """Whether the rule is one entry of a list of rules."""
    return isinstance(rule.now, list) and rule.part in rule.now


def _value(key: str, value: Any, words: Say) -> str:  # noqa: ANN401  # a setting
    if isinstance(value, bool):
        return words("clash.on" if value else "clash.switched_off")
    if isinstance(value, dict):
        return ", ".join(f"{name} = {_value(name, one, words)}" for name, one in value.items())
    if isinstance(value, list):
        shown = ", ".join(str(one) for one in value[:_SHOWN])
        return f"{shown}, … ({len(value)})" if len(value) > _SHOWN else shown
    if isinstance(value, str):
        return value
    if key.rsplit(".", 1)[-1].endswith("share"):
        return f"{value:.1%}"
    unit = next((unit for end, unit in _UNITS.items() if _ends(key, end)), "")
    number = f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"
    return f"{number} {unit}".strip()


def _ends(key: str, suffix: str) -> bool:
    stem = key.rsplit(".", 1)[-1]
    return stem.endswith(suffix) or ("spacing_by" in key and suffix == "_m")


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


def show_report(report: dict[str, Any], language: str) -> None:
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
