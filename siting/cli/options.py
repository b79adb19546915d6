"""What the verbs have in common: their options, and how they find a scenario."""

from __future__ import annotations

import inspect
import math
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_type_hints

import typer

from siting.scenario import Scenario, load_scenario
from siting.scenario.variants import find_scenario

if TYPE_CHECKING:
    from collections.abc import Callable

    from siting.cache import Cache
    from siting.notes import Tally
    from siting.study.engine import Execution

DEFAULT_SCENARIO = "yubei-2025"

ScenarioArgument = Annotated[
    str, typer.Argument(help="A scenario file, or the name of a shipped one.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override a key; may be repeated."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
OutOption = Annotated[Path, typer.Option("--out", help="Folder that holds the run folders.")]
BasemapOption = Annotated[
    Literal["none", "tianditu", "gaode", "osm"] | None, typer.Option(help="Tiles under the map.")
]
LanguageOption = Annotated[Literal["zh", "en"] | None, typer.Option(help="Language of the map.")]
StartOption = Annotated[
    Path | None,
    typer.Option(metavar="RUN", help="Run folder of a plan of nearly the same, to start from."),
]
VariantOption = Annotated[
    list[str] | None,
    typer.Option("--variant", metavar="NAME", help="A variant of the scenario; may be repeated."),
]
WorkersOption = Annotated[
    int | None,
    typer.Option(min=1, max=256, help="Worker processes; as many as cores if left out."),
]
SchedulerOption = Annotated[
    str | None, typer.Option(metavar="TCP", help="A dask scheduler that runs, tcp://host:port.")
]
AfreshOption = Annotated[
    bool, typer.Option("--afresh", help="Start no plan from that of the base; takes longer.")
]
RunsOption = Annotated[bool, typer.Option("--runs", help="Write each run folder too.")]
NoCacheOption = Annotated[
    bool, typer.Option("--no-cache", help="Work out every stage anew, and keep nothing.")
]
RunArgument = Annotated[Path, typer.Argument(help="A run folder, e.g. maps/yubei-2025.")]


def a_number(value: float) -> float:
    """Refuse what the range of an option lets pass: no number at all."""
    if math.isnan(value):
        raise typer.BadParameter(f"{value} is no number")
    return value


def read_scenario(
    name: str, overrides: list[str] | tuple[str, ...] | None, variant: str | None = None
) -> Scenario:
    """Read a scenario by its file or shipped name."""
    return load_scenario(find_scenario(name), overrides=tuple(overrides or ()), variant=variant)


def folder_of(name: str) -> Path:
    """Return the folder that a plan's paths are written from: that of its scenario."""
    return find_scenario(name).resolve().parent


def basemap_override(basemap: str | None) -> tuple[str, ...]:
    """Return the override that names a basemap."""
    return (f'map.basemap="{basemap}"',) if basemap else ()


def open_unless(no_cache: bool) -> Cache | None:  # noqa: FBT001  # the option as it came
    """Return the cache, unless the planner or the environment wants none."""
    from siting.cache import open_cache  # noqa: PLC0415  # heavy; --help stays quick

    return None if no_cache else open_cache()


@dataclass(frozen=True)
class ManyOptions:
    """The options of a verb that makes many plans: of what, into which folder, on what."""

    overrides: SetOption = None
    out: OutOption = Path("maps")
    workers: WorkersOption = None
    scheduler: SchedulerOption = None


@dataclass(frozen=True)
class ResultOptions:
    """The options of a verb on what is made anew and how its answer is told."""

    afresh: AfreshOption = False
    no_cache: NoCacheOption = False
    as_json: JsonOption = False


def execution(many: ManyOptions, no_cache: bool, tell: Tally) -> Execution:  # noqa: FBT001  # as it came
    """Return how the plans are made."""
    from siting.study.engine import Execution  # noqa: PLC0415  # heavy; --help stays quick

    return Execution(many.workers, many.scheduler, open_unless(no_cache), tell)


def grouped(verb: Callable[..., None]) -> Callable[..., None]:
    """Let a verb take groups of options: each field of a group is an option of the verb.

    A group is a frozen class that a parameter is annotated with. Its fields take the place of the
    parameter, in their order; the verb is handed the group.
    """
    hints = get_type_hints(verb, include_extras=True)
    groups: dict[str, type] = {}
    options: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(verb).parameters.items():
        kind = hints[name]
        if not (isinstance(kind, type) and hasattr(kind, "__dataclass_fields__")):
            options.append(parameter.replace(annotation=kind))
            continue
        groups[name] = kind
        inner = get_type_hints(kind, include_extras=True)
        options += [
            inspect.Parameter(
                one.name, inspect.Parameter.KEYWORD_ONLY,
                default=one.default, annotation=inner[one.name],
            )
            for one in fields(kind)
        ]  # fmt: skip

    @wraps(verb)
    def called(*given: Any, **options: Any) -> None:  # noqa: ANN401  # what typer read
        for name, kind in groups.items():
            options[name] = kind(**{one.name: options.pop(one.name) for one in fields(kind)})
        verb(*given, **options)

    called.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]  # typer reads it
    called.__annotations__ = {one.name: one.annotation for one in options}
    return called
