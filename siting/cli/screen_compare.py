"""What the terminal shows of plans side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    import pandas as pd

    from siting.contrast import Contrast
    from siting.outputs.contrast import Grid

_LABEL_WIDTH = 44
_RUN_WIDTH = 20
_TEXTS = 2


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


def show_tornado(table: pd.DataFrame, panels: tuple[str, ...]) -> None:
    """Print what each end of each assumption moves, the greatest first."""
    shown = Table(box=box.SIMPLE_HEAD)
    for place, head in enumerate(("key", "end", "value", *panels)):
        shown.add_column(head, justify="left" if place < _TEXTS else "right")
    for row in table.to_dict("records"):
        numbers = (f"{row[f'{name}_change']:+,.4g}" for name in panels)
        shown.add_row(escape(row["key"]), row["end"], f"{row['value']:g}", *numbers)
    console = Console(highlight=False)
    console.width = max(console.width, _LABEL_WIDTH + _RUN_WIDTH * len(panels))
    console.print(shown)
