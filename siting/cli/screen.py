"""What the terminal shows: results on stdout, progress on stderr, names never obeyed.

A name of a map or a table may hold escape sequences, which move the cursor or rename the window,
and direction marks, which turn the order of what follows. Both are shown as their codes.
"""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rich.text import Text

    from siting.cache import Entry
    from siting.notes import Tally
    from siting.pipeline.meter import Meter
    from siting.plan.plan import Plan

# Controls but for tab and line feed, halves of surrogates, and marks of direction and lines.
_OBEYED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


class Terminal(Console):
    """A console that shows the codes of what a terminal would obey."""

    def render_str(self, text: str, **options: Any) -> Text:  # noqa: ANN401  # rich's options
        """Return a text to show, its own escape sequences as codes."""
        return super().render_str(harmless(text), **options)


def harmless(text: str) -> str:
    r"""Return a text with the codes of what a terminal would obey.

    Examples
    --------
    >>> harmless("a\x1b[2Jb\u202ec")
    'a\\u001b[2Jb\\u202ec'
    """
    return _OBEYED.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def say(text: str) -> None:
    """Print one line of plain text on stdout."""
    Terminal(highlight=False, soft_wrap=True).print(escape(text))


def complain(text: str) -> None:
    """Print what went wrong on stderr, where the work goes on."""
    console = Terminal(stderr=True, highlight=False, soft_wrap=True)
    console.print(f"[bold red]error[/] {escape(text)}")


def emit(text: str) -> None:
    """Write text for a program to stdout; what a terminal would obey stands as JSON's codes."""
    sys.stdout.write(harmless(text.rstrip("\n")) + "\n")


@contextmanager
def progress(language: str) -> Iterator[Meter]:
    """Show the stages on stderr as they run, in a language, and time them."""
    from siting.outputs.words import words  # noqa: PLC0415  # geopandas behind it
    from siting.pipeline.meter import Meter  # noqa: PLC0415  # psutil; --help stays quick

    bar = Progress(
        SpinnerColumn(finished_text="[green]✓"),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TimeElapsedColumn(),
        TextColumn("[dim]{task.fields[step]}"),
        console=Terminal(stderr=True),
    )
    tasks: dict[str, Any] = {}

    def tell(stage: str, step: str, share: float) -> None:
        if stage not in tasks:
            name = words(f"stage.{stage}", language)
            tasks[stage] = bar.add_task(name, total=1.0, step="")
        doing = words(f"doing.{step}", language) if step else ""
        bar.update(tasks[stage], completed=share, step=escape(harmless(doing)))

    with bar:
        yield Meter(tell)


@contextmanager
def counting(language: str) -> Iterator[Tally]:
    """Show on stderr how many plans are done, in a language; yields what is to be told."""
    from siting.outputs.words import words  # noqa: PLC0415  # geopandas behind it

    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.completed}/{task.total}"),
        TimeElapsedColumn(),
        console=Terminal(stderr=True),
    )
    task = bar.add_task(words("terminal.plans", language, failed=0), total=None)

    def tell(done: int, total: int, failed: int) -> None:
        text = words("terminal.plans", language, failed=failed)
        bar.update(task, completed=done, total=total, description=text)

    with bar:
        yield tell


_BEFORE_FIGURES = (
    "no_home_demand", "people_on_roads", "people_beyond_homes", "area_without_zone",
)  # fmt: skip
"""Notes on people nobody counted or placed: shares of the demand served tell nothing of them."""


def show_plan(plan: Plan, folder: Path, *, replaced: bool = False) -> None:
    """Print totals against targets, status, figures, seconds per stage, and where to look."""
    from siting.outputs.text.plan_lines import (  # noqa: PLC0415  # geopandas behind it
        facility_lines,
        plan_class_text,
        score_lines,
    )
    from siting.outputs.words import speaker  # noqa: PLC0415  # geopandas behind it

    words = speaker(plan.language, plan.kinds)
    console = Terminal(highlight=False)
    title = plan.title_zh if plan.language == "zh" else plan.title_en
    console.print(f"\n[bold]{escape(title)}[/]  {escape(plan.run)}")
    if plan.synthetic:
        console.print(sample_mark(words))
    console.print(_totals(plan, words))
    if by_class := plan_class_text(plan, words):
        console.print(escape(by_class))
    outcome = plan.outcome
    key, values = plan.judgement
    console.print(words(key, **values))
    key, values = plan.answer
    console.print(words(key, **values))
    if outcome.swap_gap_share >= 0:  # not NaN: swap stations were asked for
        console.print(words("status.swap", gap=outcome.swap_gap_share))
    for line in facility_lines(plan, words):
        console.print(line)
    console.print(_chain(plan, words))
    if plan.phases:
        console.print(_phases(plan, words))
        console.print(words("phase.about"), style="dim")
    _show_notes(plan, console, first=True)
    console.print(_figures(plan, words))
    if plan.baselines:
        console.print(words("column.about"), style="dim")
    for line in score_lines(plan, words):
        console.print(escape(line), soft_wrap=True)
    _show_notes(plan, console, first=False)
    console.print(_stages(plan, words))
    if replaced:
        console.print(words("terminal.replaced"))
    console.print(f"{words('terminal.look')}: [bold]{escape(str(folder / 'map.html'))}[/]")


def _show_notes(plan: Plan, console: Terminal, *, first: bool) -> None:
    """Print the notes that belong before the figures, or all others."""
    from siting.outputs.words import note_text  # noqa: PLC0415  # geopandas behind it

    mark, style = ("!", "yellow") if first else ("  ·", "dim")
    for note in plan.notes:
        if (note.key in _BEFORE_FIGURES) == first:
            text = escape(note_text(note, plan.language))
            console.print(f"{mark} {text}", style=style, soft_wrap=True)


def show_entries(entries: list[Entry], folder: Path, limit_bytes: float) -> None:
    """Print what the cache holds, by stage."""
    table = Table(box=box.SIMPLE_HEAD)
    for name, justify in (("stage", "left"), ("entries", "right"), ("MB", "right")):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]  # a literal each
    sizes: dict[str, list[int]] = {}
    for entry in entries:
        sizes.setdefault(entry.stage, []).append(entry.size_bytes)
    for stage, found in sorted(sizes.items()):
        table.add_row(escape(stage), f"{len(found):,}", f"{sum(found) / 1e6:,.1f}")
    total = sum(entry.size_bytes for entry in entries)
    table.add_row("total", f"{len(entries):,}", f"{total / 1e6:,.1f}")
    Terminal(highlight=False).print(table)
    say(f"limit {limit_bytes / 1e6:,.0f} MB, in {folder}")


def sample_mark(words: Any) -> Panel:  # noqa: ANN401  # words in one language
    """Return the mark of synthetic data."""
    return Panel(words("mark.sample"), style="bold red", box=box.SQUARE, expand=False)


def _totals(plan: Plan, words: Any) -> Table:  # noqa: ANN401  # words in one language
    from siting.tables.fields import HYDROGEN, TOTALS  # noqa: PLC0415  # geopandas behind it

    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("")
    for key in ("target", "planned", "existing", "new"):
        table.add_column(words(f"terminal.{key}"), justify="right")
    # without a list of what stands there, the number of existing ones is unknown, not zero
    listed = all(note.key != "no_baseline" for note in plan.notes)
    for key in TOTALS:
        existing = f"{plan.totals[f'existing_{key}']:,}"
        existing = existing if listed else words("terminal.unlisted", count=existing)
        table.add_row(
            words(f"total.{key}"),
            f"{plan.targets[key]:,}",
            f"{plan.totals[key]:,}",
            existing,
            f"{plan.totals[f'new_{key}']:,}",
        )
    if plan.hydrogen_sites is not None:
        target, count = plan.targets[HYDROGEN.total], plan.totals[HYDROGEN.total]
        unknown = words("fact.none")  # no list of ours says what stands there
        name = words(f"total.{HYDROGEN.total}")
        table.add_row(name, f"{target:,}", f"{count:,}", unknown, f"{count:,}")
    return table


def _chain(plan: Plan, words: Any) -> Table:  # noqa: ANN401  # words in one language
    from siting.outputs.text.plan_lines import chain_rows  # noqa: PLC0415  # geopandas behind it

    table = Table(title=words("chain.title"), box=box.SIMPLE, show_header=False)
    table.add_column("")
    table.add_column("", justify="right")
    for label, text in chain_rows(plan, words):
        table.add_row(escape(label), escape(text))
    return table


def _phases(plan: Plan, words: Any) -> Table:  # noqa: ANN401  # words in one language
    from siting.outputs.text.figure_tables import DOWN, phase_header, phase_texts  # noqa: PLC0415  # as above

    table = Table(title=words("phase.title"), box=box.SIMPLE_HEAD)
    (_, *years), *rows = zip(
        [phase_header(key, words) for key in DOWN], *phase_texts(plan, words, DOWN), strict=True
    )
    table.add_column("")
    for year in years:
        table.add_column(words("phase.end", year=year), justify="right")
    for row in rows:
        table.add_row(*row)
    return table


def _figures(plan: Plan, words: Any) -> Table:  # noqa: ANN401  # words in one language
    from siting.outputs.text.figure_tables import comparison  # noqa: PLC0415  # geopandas behind it

    compared = comparison(plan, words)
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("")
    for name in compared.columns:
        table.add_column(name, justify="right")
    for label, texts in compared.rows:
        table.add_row(label, *texts)
    return table


def _stages(plan: Plan, words: Any) -> Table:  # noqa: ANN401  # words in one language
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column(words("terminal.stage"))
    table.add_column(words("terminal.seconds"), justify="right")
    table.add_column(words("terminal.peak_mb"), justify="right")
    stages = plan.timings.stages
    for entry in stages:
        name = words(f"stage.{entry.stage}")
        if entry.cached:
            name = f"{name} · {words('terminal.cached')}"
        table.add_row(name, f"{entry.seconds:.1f}", f"{entry.peak_mb:,.0f}")
    total = sum(entry.seconds for entry in stages)
    table.add_row(words("terminal.total"), f"{total:.1f}", "")
    return table
