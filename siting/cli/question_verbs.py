"""Questions before and after a plan: ``siting check``, ``why`` and ``compare``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from siting import files
from siting.cli import check_screen, screen
from siting.cli.answer_screens import show_contrast
from siting.cli.options import (
    DEFAULT_SCENARIO,
    JsonOption,
    LanguageOption,
    NoCacheOption,
    OutOption,
    ScenarioArgument,
    SetOption,
    VariantOption,
    a_number,
    folder_of,
    grouped,
    open_unless,
    read_scenario,
)
from siting.cli.plan_verb import chosen_variants, make_many
from siting.errors import EXIT_GOOD, DataError, NoPlanError

if TYPE_CHECKING:
    from siting.cache import Cache
    from siting.comparison import Contrast


def check(
    scenario: ScenarioArgument = DEFAULT_SCENARIO,
    overrides: SetOption = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write it as a page, too.")
    ] = None,
    language: LanguageOption = None,
    no_cache: NoCacheOption = False,
    as_json: JsonOption = False,
) -> None:
    """Load the data and say what a plan would rest on, graded, without solving.

    Where no plan can exist the report is made all the same, and the exit code is 4; where the
    people are missing it is 3.

    Example: [bold]siting check my-plan.toml --html check.html[/]
    """
    from siting.checkup import make_checkup  # noqa: PLC0415  # heavy; --help stays quick
    from siting.outputs.pages import make_check_page  # noqa: PLC0415  # heavy
    from siting.pipeline import run as pipeline  # noqa: PLC0415  # heavy

    read = read_scenario(scenario, overrides)
    refused: NoPlanError | DataError | None = None
    no_plan: dict[str, Any] = {}
    with screen.progress(read.run.language) as meter:
        prepared = pipeline.prepare(read, meter, cache=open_unless(no_cache))
        found = make_checkup(read, prepared, pipeline.pose(read, prepared, refuse=False))
        try:
            with pipeline.explained(read, prepared):
                pipeline.pose(read, prepared)
        except (NoPlanError, DataError) as error:
            refused = error
            no_plan = check_screen.content_of(error)
    chosen = language or read.run.language
    if html is not None:
        told = check_screen.text_of(refused).splitlines() if refused else ()
        files.write_whole(html, make_check_page(found, chosen, refusal=told))
    if as_json:
        screen.emit(
            json.dumps(found.content() | no_plan, ensure_ascii=False, indent=1, allow_nan=False)
        )
    else:
        check_screen.show_checkup(found, chosen)
        if html is not None:
            screen.say(f"wrote {html}")
    if refused:
        raise refused


def why(
    site: Annotated[str, typer.Argument(help="Id of a site, e.g. way/123, or its name.")],
    run: Annotated[
        Path | None, typer.Argument(help="A run folder; left out, the newest in maps.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="Folder of the plan's scenario file, if its data are not found."),
    ] = None,
    no_cache: NoCacheOption = False,
    as_json: JsonOption = False,
) -> None:
    """Say why a site is in a plan, or what keeps it out: the plan is solved again to find out.

    Example: [bold]siting why way/123 maps/yubei-2025[/]
    """
    from siting.cli import answer_screens  # noqa: PLC0415  # beside what it shows
    from siting.plan import folder as runfolder  # noqa: PLC0415  # heavy; --help stays quick
    from siting.why import ask  # noqa: PLC0415  # heavy

    folder = run or ask.last_run(Path("maps"))
    made = runfolder.load_plan(folder)
    with screen.progress(made.language) as meter:
        answer = ask.why(
            site,
            folder,
            plan=made,
            folders=[data] if data else [Path()],
            meter=meter,
            cache=open_unless(no_cache),
        )
    if as_json:
        screen.emit(json.dumps(answer.content(), ensure_ascii=False, indent=1, allow_nan=False))
    else:
        answer_screens.show_why(answer, made)


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
        float,
        typer.Option(
            min=0,
            max=1e6,
            callback=a_number,
            help="A site moved if it comes back within so many metres.",
        ),
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
    from siting.plan.parts import tidy  # noqa: PLC0415  # heavy

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
