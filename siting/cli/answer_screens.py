"""What the terminal shows of plans side by side and of ``siting why``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from siting.cli.screen import Terminal

if TYPE_CHECKING:
    import pandas as pd

    from siting.comparison import Contrast
    from siting.notes import Note, Say
    from siting.outputs.text.figure_tables import Grid
    from siting.plan.plan import Plan
    from siting.why.answer import Again, OtherSite, Score, Swap, Why

_LABEL_WIDTH = 44
_RUN_WIDTH = 20
_TEXTS = 2


def show_contrast(made: Contrast, language: str) -> None:
    """Print the tables of a contrast; the better of a figure is marked.

    By zone and department only the chargers: pages and workbooks have the rest.
    """
    from siting.outputs.text.figure_tables import contrast_grids, contrast_warnings  # noqa: PLC0415  # geopandas behind it
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


def show_tornado(table: pd.DataFrame, panels: tuple[str, ...], language: str) -> None:
    """Print what each end of each assumption moves and whether that is decided, greatest first."""
    from siting.outputs.words import speaker  # noqa: PLC0415  # geopandas behind it

    say = speaker(language)
    shown = Table(box=box.SIMPLE_HEAD)
    for place, head in enumerate(("key", "end", "value", *panels)):
        shown.add_column(head, justify="left" if place < _TEXTS else "right")
    shown.add_column("")
    for row in table.to_dict("records"):
        numbers = (f"{row[f'{name}_change']:+,.4g}" for name in panels)
        told = say(f"tornado.verdict.{row['verdict']}", most=row["regret_most_share"])
        shown.add_row(escape(row["key"]), row["end"], f"{row['value']:g}", *numbers, told)
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


_SHOWN = 3
_INDENT = "  · "


def show_why(answer: Why, plan: Plan) -> None:
    """Print why a site is in the plan, or what keeps it out.

    Parameters
    ----------
    answer
        Of :func:`siting.why.ask.why`.
    plan
        The plan that was asked about; its language is spoken.
    """
    from siting.outputs.words import speaker  # noqa: PLC0415  # geopandas behind it

    language = plan.language
    say = speaker(language, plan.kinds)
    console = Terminal(highlight=False, soft_wrap=True)
    if answer.synthetic:
        console.print(f"[bold red]{escape(say('mark.sample'))}[/]")
    _head(console, answer, say)
    if answer.score:
        names = {key: both[language] for key, both in answer.criteria.items()}
        _score(console, answer.score, names, say)
    _told(console, _serves(answer, say))
    if answer.keeps_out:
        console.print(f"[bold]{say('why.bars')}[/]")
        _told(console, [_bar(one, say) for one in answer.keeps_out])
    if answer.again:
        _again(console, answer.again, say)
    elif answer.role == "chosen":
        _told(console, [say("why.again.other", objective=plan.outcome.objective)])
    if answer.swap:
        _swap(console, answer.swap, say)


def _head(console: Console, answer: Why, say: Say) -> None:
    site = answer.site
    parts = [answer.place_id]
    if site:
        name = site.name or say("fact.unnamed")
        verdict = say(f"verdict.{site.verdict}")
        parts += [name, say(f"kind.{site.kind}"), site.zone or site.zone_id, verdict]
    console.print(f"\n[bold]{escape(' · '.join(parts))}[/]")
    if answer.merged:
        _told(console, [say("why.merged", asked=answer.merged)])
    chargers = answer.serves.chargers if answer.serves else 0
    console.print(say(f"why.role_{answer.role}", chargers=chargers))
    _told(console, [say(f"why.{one.key}", **one.values) for one in answer.planner])
    if site and site.reason and site.verdict == "sign_off":
        owner = f" ({site.owner})" if site.owner else ""
        _told(console, [f"{say('verdict.sign_off')}: {site.reason}{owner}"])


def _score(console: Console, score: Score, names: dict[str, str], say: Say) -> None:
    console.print(say("why.score", value=score.value, rank=score.rank, of=score.of))
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column(say("why.criterion"))
    for key in ("why.part_score", "why.part_weight", "why.part"):
        table.add_column(say(key), justify="right")
    for part in score.parts:
        name = names.get(part.criterion) or part.criterion
        row = (part.score, part.weight, part.part)
        table.add_row(escape(name), *(f"{number:.3f}" for number in row))
    console.print(table)
    if not score.sums:
        _told(console, [say("why.no_sum")])


def _serves(answer: Why, say: Say) -> list[str]:
    serves, only = answer.serves, answer.only_here
    if not serves or not only:
        return []
    if serves.mean_distance_m is None:
        lines = [say("why.serves_nobody")]
    else:
        lines = [
            say(
                "why.serves",
                kwh_day=serves.kwh_day,
                points=serves.points,
                distance_m=serves.mean_distance_m,
            )
        ]
    lines.append(
        say(
            "why.only_reach",
            kwh_day=only.kwh_day_in_reach_of_no_other,
            points=only.points_in_reach_of_no_other,
        )
    )
    lines.append(say("why.only_room", kwh_day=only.kwh_day_unserved_if_closed))
    return lines + [say("why.needed_by", text=one.values["text"]) for one in only.needed_by]  # noqa: PD011  # a dict


def _bar(reason: Note, say: Say) -> str:
    values = dict(reason.values)
    if "rule" in values:
        values["rule"] = values["rule"] or say("fact.none")
    return say(f"why.bar.{reason.key}", **values)


def _again(console: Console, again: Again, say: Say) -> None:
    console.print(f"[bold]{say('why.again.' + again.change)}[/]")
    _told(console, [say(f"why.again.{again.method}", free=again.free_sites)])
    lines = []
    if not again.possible:
        lines.append(say("why.again.impossible"))
    elif again.loss and again.changed:
        loss = again.loss
        lines.append(
            say(
                "why.loss",
                value=loss.value,
                best=again.best.value,
                changed=again.changed.value,
                kwh=_change(loss.served_kwh_day, 0),
                way=_change(loss.mean_distance_m, 1),
            )
        )
        if again.loss_high is not None:
            key = "why.again.exact" if again.exact else "why.again.between"
            lines.append(say(key, low=again.loss_low, high=again.loss_high))
    lines += _better(again, say)
    if not again.finished:
        lines.append(say("why.again.cut"))
    lines += _sites("comes", again.comes, say) + _sites("goes", again.goes, say)
    _told(console, lines)


def _change(loss: float | None, decimals: int) -> float:
    """Return a loss as a change, rounded, and never a minus before a zero."""
    return round(-(loss or 0.0), decimals) + 0.0


def _better(again: Again, say: Say) -> list[str]:
    if not again.better_than_saved:
        return []
    key = "why.better_with" if again.best_has_it else "why.better_without"
    return [say(key, value=again.better_than_saved)]


def _sites(which: str, sites: tuple[OtherSite, ...], say: Say) -> list[str]:
    lines = []
    for entry in sites[:_SHOWN]:
        key = f"why.{which}"
        if which == "comes":
            key = "why.comes_takes" if entry.takes_kwh_day else "why.comes"
        lines.append(
            say(
                key,
                site=entry.site_id,
                kind=say(f"kind.{entry.kind}"),
                name=f" {entry.name}" if entry.name else "",
                distance_m=entry.distance_m,
                chargers=entry.chargers,
                takes=entry.takes_kwh_day or 0.0,
            )
        )
    rest = len(sites) - _SHOWN
    return [*lines, say("why.more", count=rest)] if rest > 0 else lines


def _swap(console: Console, swap: Swap, say: Say) -> None:
    console.print(f"[bold]{say('why.swap_' + swap.role)}[/]")
    lines = [say("why.swap_only", kwh_day=swap.kwh_day_in_reach_of_no_other)]
    lines += [
        say(
            "why.swap_near",
            site=entry.site_id,
            distance_m=entry.distance_m,
            spacing_m=swap.spacing_m,
        )
        for entry in swap.too_near[:_SHOWN]
    ]
    again = swap.again
    if again:
        lines.append(say(f"why.again.{again.change}"))
        if not again.possible:
            lines.append(say("why.again.impossible"))
        elif again.loss is not None:
            lines.append(
                say(
                    "why.swap_loss",
                    value=again.loss,
                    best=again.best_worth,
                    changed=again.changed_worth,
                )
            )
        if again.better_than_saved:
            lines.append(say("why.swap_better", value=again.better_than_saved))
        for which, sites in (("comes", again.comes), ("goes", again.goes)):
            if sites:
                lines.append(say(f"why.swap_{which}", sites=list(sites)))
    _told(console, lines)


def _told(console: Console, lines: list[str]) -> None:
    for line in lines:
        console.print(f"{_INDENT}{escape(line)}")
