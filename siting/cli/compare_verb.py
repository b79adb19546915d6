"""``siting compare``: plans side by side."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from siting.cli.options import (
    JsonOption,
    LanguageOption,
    NoCacheOption,
    OutOption,
    SetOption,
    VariantOption,
    folder_of,
    grouped,
    open_unless,
    read_scenario,
)
from siting.cli.plan_verb import chosen_variants, make_many
from siting.cli.show import screen
from siting.cli.show.comparison_screen import show_contrast
from siting.errors import EXIT_GOOD

if TYPE_CHECKING:
    from siting.cache import Cache
    from siting.comparison import Contrast


@dataclass(frozen=True)
class PlannedOptions:
    """Plans that are made first."""

    plan: Annotated[
        str | None,
        typer.Option("--plan", metavar="SCENARIO", help="Plan the variants of a scenario first."),
    ] = None
    variants: VariantOption = None
    overrides: SetOption = None
    out: OutOption = Path("maps")

    def make(self, cache: Cache | None) -> tuple[list[Path], int]:
        """Make them; return the run folders of those that are there, and the exit code."""
        if self.plan is None:
            return [], EXIT_GOOD
        names = chosen_variants(self.plan, self.variants, all_variants=not self.variants)
        many = [read_scenario(self.plan, self.overrides, name) for name in names]
        told, code = make_many(many, self.out, data=folder_of(self.plan), cache=cache, shown=False)
        return [self.out / name for name, one in told.items() if "error" not in one], code


@dataclass(frozen=True)
class FileOptions:
    """Files that are written."""

    xlsx: Annotated[Path | None, typer.Option(help="Write a workbook.")] = None
    html: Annotated[Path | None, typer.Option(help="Write a page of tables.")] = None
    map_page: Annotated[
        Path | None, typer.Option("--map", help="Write a map with all plans and their differences.")
    ] = None


@grouped
def compare(
    runs: Annotated[
        list[Path] | None, typer.Argument(help="Run folders, what to hold against first.")
    ] = None,
    *,
    planned: PlannedOptions,
    files: FileOptions,
    moved_m: Annotated[
        float, typer.Option(min=0, help="A site moved if it comes back within so many metres.")
    ] = 500.0,
    different_data: Annotated[
        bool, typer.Option("--different-data", help="Compare plans made from different data.")
    ] = False,
    language: LanguageOption = None,
    no_cache: NoCacheOption = False,
    as_json: JsonOption = False,
) -> None:
    """Put plans side by side: figures, sites that change, zones, departments, a map.

    Example: [bold]siting compare --plan yubei-variants --html compared.html[/]
    """
    from siting.study.compare import compare_runs, write_contrast  # noqa: PLC0415  # heavy

    made_now, code = planned.make(open_unless(no_cache))
    folders = [*(runs or []), *made_now]
    made = compare_runs(folders, different_data=different_data, moved_m=moved_m)
    spoken = language or made.plans[0].language
    written = write_contrast(
        made, language=spoken, xlsx=files.xlsx, page=files.html, map_page=files.map_page
    )
    if as_json:
        screen.emit(json.dumps(_content(made), ensure_ascii=False, indent=1, allow_nan=False))
    else:
        show_contrast(made, spoken)
        for path in written:
            screen.say(f"wrote {path}")
    if code != EXIT_GOOD:
        raise typer.Exit(code)


def _content(made: Contrast) -> dict[str, Any]:
    from siting.comparison import count_changes  # noqa: PLC0415  # heavy
    from siting.plan.json_types import tidy  # noqa: PLC0415  # heavy

    return {
        "runs": list(made.names),
        "synthetic": made.synthetic,
        "other_inputs": list(made.other_inputs),
        "figures": [
            {
                "figure": line.figure,
                "values": tidy(list(line.values)),
                "best": [made.names[place] for place in line.best],
            }
            for line in made.figures
        ],
        "moved_m": made.moved_m,
        "changes": {
            name: {
                "counts": count_changes(frame),
                "sites": tidy(_records(frame)),
            }
            for name, frame in zip(made.names[1:], made.changes, strict=True)
        },
        "zones": tidy(_records(made.zones)),
        "departments": tidy(_records(made.departments)),
    }


def _records(frame: Any) -> list[dict[str, Any]]:  # noqa: ANN401  # a table
    plain = frame.astype(object)
    return list(plain.where(plain.notna(), None).to_dict("records"))
