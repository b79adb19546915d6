"""``siting plan``: one plan, or one for each variant of a scenario."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from siting.cli import check_screen, screen
from siting.cli.options import (
    DEFAULT_SCENARIO,
    BasemapOption,
    JsonOption,
    NoCacheOption,
    OutOption,
    ScenarioArgument,
    SetOption,
    StartOption,
    VariantOption,
    basemap_override,
    folder_of,
    open_unless,
    read_scenario,
)
from siting.errors import EXIT_GOOD, ScenarioError, SitingError
from siting.outputs.pages import tile_key
from siting.scenario import Scenario, variant_names
from siting.scenario.variants import find_scenario

if TYPE_CHECKING:
    from siting.cache import Cache
    from siting.optimize.problem.solution import Start

AllVariantsOption = Annotated[
    bool, typer.Option("--all-variants", help="Every variant of the scenario.")
]


def plan(
    scenario: ScenarioArgument = DEFAULT_SCENARIO,
    *,
    overrides: SetOption = None,
    variants: VariantOption = None,
    all_variants: AllVariantsOption = False,
    out: OutOption = Path("maps"),
    basemap: BasemapOption = None,
    start: StartOption = None,
    no_cache: NoCacheOption = False,
    as_json: JsonOption = False,
) -> None:
    """Make a plan and its map, or one for each variant.

    After one changed weight, target or lock, [bold]--start maps/yubei-2025[/] starts from that
    plan and takes seconds; the plan says so. Without it the same input gives the same plan.

    Example: [bold]siting plan my-plan.toml --set targets.stations=400[/]
    """
    from siting.plan import folder as runfolder  # noqa: PLC0415  # heavy; --help stays quick
    from siting.plan import start as startfile  # noqa: PLC0415  # heavy

    changes = (*(overrides or ()), *basemap_override(basemap))
    begun = None
    if start is not None:
        runfolder.settle_run(start)
        begun = startfile.read_start(start)
    cache = open_unless(no_cache)
    if not variants and not all_variants:
        read = read_scenario(scenario, changes)
        with check_screen.told(as_json=as_json):
            _make(read, out, data=folder_of(scenario), begun=begun, cache=cache, shown=not as_json)
        if as_json:
            path = out / read.run.name / runfolder.PLAN_JSON
            screen.emit(path.read_text(encoding="utf-8"))
        return
    names = chosen_variants(scenario, variants, all_variants=all_variants)
    many = [read_scenario(scenario, changes, name) for name in names]
    told, code = make_many(
        many, out, data=folder_of(scenario), begun=begun, cache=cache, shown=not as_json
    )
    if as_json:
        screen.emit(json.dumps(told, ensure_ascii=False, indent=1, allow_nan=False))
    if code != EXIT_GOOD:
        raise typer.Exit(code)


def chosen_variants(
    scenario: str, variants: list[str] | None, *, all_variants: bool
) -> tuple[str, ...]:
    """Return the names of the variants asked for.

    Raises
    ------
    ScenarioError
        If there are none at all.
    """
    path = find_scenario(scenario)
    if not all_variants:
        return tuple(dict.fromkeys(variants or ()))
    names = variant_names(path)
    if not names:
        raise ScenarioError(
            "the scenario has no variants",
            where=str(path),
            cure="add a table [variants.<name>.<block>]; docs/scenarios.md shows how",
        )
    return names


def make_many(  # what each run gets, by name
    many: list[Scenario],
    out: Path,
    *,
    data: Path,
    begun: Start | None = None,
    cache: Cache | None,
    shown: bool,
) -> tuple[dict[str, Any], int]:
    """Make one plan after the other; one that fails does not stop the rest.

    Returns
    -------
    dict, int
        By run name its ``plan.json``, or what went wrong; and the exit code of the first failure.
    """
    from siting.plan import folder as runfolder  # noqa: PLC0415  # heavy; --help stays quick

    told: dict[str, Any] = {}
    code = EXIT_GOOD
    for read in many:
        name = read.run.name
        try:
            _make(read, out, data=data, begun=begun, cache=cache, shown=shown)
        except SitingError as error:
            code = code or error.exit_code
            screen.complain(f"{name}: {check_screen.text_of(error)}")
            told[name] = check_screen.content_of(error)
        else:
            text = (out / name / runfolder.PLAN_JSON).read_text(encoding="utf-8")
            told[name] = json.loads(text)
    return told, code


def _make(
    read: Scenario,
    out: Path,
    *,
    data: Path,
    begun: Start | None,
    cache: Cache | None,
    shown: bool,
) -> None:
    from siting.plan import folder as runfolder  # noqa: PLC0415  # heavy; --help stays quick
    from siting.study.tasks import make_run  # noqa: PLC0415  # heavy

    folder = out / read.run.name
    replaced = runfolder.is_run_folder(folder)
    key = tile_key(read.map.basemap)
    with screen.progress(read.run.language) as meter:
        made = make_run(read, folder, data=data, meter=meter, cache=cache, start=begun, key=key)
    if shown:
        screen.show_plan(made, folder, replaced=replaced)
