"""What the terminal shows of plans side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from siting.contrast import Contrast
    from siting.outputs.contrast import Grid

_LABEL_WIDTH = 44
_RUN_WIDTH = 20


def show_contrast(made: Contrast, language: str) -> None:
    """Print the tables of a contrast; the better of a figure is marked.

    By zone and department only the chargers: pages and workbooks have the rest.
    """
    from siting.outputs.contrast import (  # noqa: PLC0415  # geopandas behind it
        contrast_grids,
        contrast_warnings,
    )
    from siting.outputs.words import speaker  # noqa: PLC0415  # geopandas behind it

    say = speaker(language)
    console = Console(highlight=False)
    console.width = max(console.width, _LABEL_WIDTH + _RUN_WIDTH * len(made.names))
    for line in contrast_warnings(made, say):
        console.print(f"[bold red]{escape(line)}[/]", soft_wrap=True)
    for grid in contrast_grids(made, say, areas=("chargers",)):
        console.print(_table(grid))
    console.print(say("contrast.about"), style="dim")


def _table(grid: Grid) -> Table:
    table = Table(title=escape(grid.title), box=box.SIMPLE_HEAD, title_justify="left")
    for place, head in enumerate(grid.columns):
        text = bool(grid.rows) and grid.rows[0][place].form is None
        table.add_column(escape(head), justify="left" if text else "right")
    for row in grid.rows:
        table.add_row(
            *(
                f"[bold green]▲ {escape(cell.text)}[/]" if cell.best else escape(cell.text)
                for cell in row
            )
        )
    return table
