"""``siting report``: the planning report of a run."""

from __future__ import annotations

from pathlib import Path  # typer reads it
from typing import Annotated, Any, Literal

import typer

from siting import files
from siting.cli.show import screen


def report(
    run: Annotated[Path, typer.Argument(help="A run folder, e.g. maps/yubei-2025.")],
    form: Annotated[
        Literal["docx", "md"], typer.Option("--format", help="Word document or Markdown.")
    ] = "docx",
    language: Annotated[
        Literal["zh", "en"] | None, typer.Option(help="Language of the report.")
    ] = None,
) -> None:
    """Write the planning report of a run: chapters filled from the plan, nothing invented.

    Example: [bold]siting report maps/yubei-2025[/]
    """
    from siting.outputs import paper  # noqa: PLC0415  # heavy
    from siting.outputs import report as writer  # noqa: PLC0415  # heavy
    from siting.outputs.report.chapters import MAP_NAME  # noqa: PLC0415  # with them
    from siting.plan import folder as runfolder  # noqa: PLC0415  # heavy; --help stays quick

    made = runfolder.load_plan(run)
    words: Any = language or made.language
    date = made.timings.date[:10]
    folder = run / runfolder.REPORT
    with files.merged_folder(folder) as part:
        paper.write_map(made, part / MAP_NAME, language=words, date=date)
        blocks = writer.make_report(made, language=words, date=date, picture=True)
        path = part / f"report.{form}"
        (writer.write_docx if form == "docx" else writer.write_markdown)(blocks, path)
    screen.say(f"wrote {folder / path.name}")
