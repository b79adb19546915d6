"""What the terminal shows of plans side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.markup import escape
from rich.table import Table

from siting.cli.show.terminal import Terminal

if TYPE_CHECKING:
    import pandas as pd

    from siting.comparison import Contrast
    from siting.outputs.text.comparison_grids import Grid

_LABEL_WIDTH = 44
_RUN_WIDTH = 20
_TEXTS = 2


def show_contrast(made: Contrast, language: str) -> None:
    """Print the tables of a contrast; the better of a figure is marked.

    By zone and department only the chargers: pages and workbooks have the rest.
    """
    from siting.outputs.text.comparison_grids import contrast_grids, contrast_warnings  # noqa: PLC0415  # geopandas behind it
    from siting.outputs.words import speaker  # noqa: PLC0415  # geopandas behind it

    say = speaker(language, made.kinds)
    console = Terminal(highlight=False)
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
    console = Terminal(highlight=False)
    console.width = max(console.width, _LABEL_WIDTH + _RUN_WIDTH * len(panels))
    console.print(shown)


def show_front(table: pd.DataFrame, goals: list[tuple[str, str]], language: str) -> None:
    """Print the points of a front, the tightest first; goals as (name, form)."""
    from siting.outputs.charts import number_text  # noqa: PLC0415  # geopandas behind it
    from siting.outputs.words import speaker  # noqa: PLC0415  # geopandas behind it

    say = speaker(language)
    shown = Table(box=box.SIMPLE_HEAD)
    for name, _ in goals[1:]:
        shown.add_column(say("front.column_limit", goal=say(f"goal.{name}")), justify="right")
    for name, _ in goals:
        shown.add_column(say(f"goal.{name}"), justify="right")
    shown.add_column(say("contrast.figure.gap_share"), justify="right")
    shown.add_column("")
    for row in table.to_dict("records"):
        cells = [number_text(row[f"limit_{name}"], form, language) for name, form in goals[1:]]
        if not isinstance(row["plan"], str):
            shown.add_row(*cells, *([say("fact.none")] * (len(goals) + 1)), say("front.no_plan"))
            continue
        cells += [number_text(row[name], form, language) for name, form in goals]
        mark = "front.knee_mark" if row["knee"] else "" if row["front"] else "front.beaten"
        style = "bold green" if row["knee"] else None
        shown.add_row(*cells, f"{row['gap_share']:.2%}", say(mark) if mark else "", style=style)
    console = Terminal(highlight=False)
    console.width = max(console.width, _RUN_WIDTH * (2 * len(goals) + 1))
    console.print(shown)
