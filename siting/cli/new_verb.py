"""``siting new``: a scenario file to start from, neutral or made for the files at hand."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from siting import files
from siting.cli import screen
from siting.errors import ScenarioError
from siting.shipped import shipped_path

if TYPE_CHECKING:
    from siting.inputs.survey import Look
    from siting.notes import Say

TEMPLATE = "new-scenario.toml"
_MOST = 1_000_000_000  # what a scenario takes
_REMARK = re.compile(r"#: (?P<key>[a-z._]+)")


def new(  # noqa: PLR0917  # each option is a parameter
    file: Annotated[Path, typer.Argument(help="The file to write, e.g. my-plan.toml.")],
    given: Annotated[
        list[Path] | None,
        typer.Option("--from", metavar="FILE", help="A file of yours to look at; may be repeated."),
    ] = None,
    more: Annotated[
        list[Path] | None, typer.Argument(help="Further files, after --from.", metavar="[FILE]...")
    ] = None,
    datum: Annotated[
        Literal["wgs84", "gcj02", "bd09"] | None,
        typer.Option(help="Datum of the files that do not say theirs."),
    ] = None,
    stations: Annotated[
        int | None, typer.Option(min=0, max=_MOST, help="Target: stations, existing and new.")
    ] = None,
    chargers: Annotated[
        int | None, typer.Option(min=0, max=_MOST, help="Target: public chargers.")
    ] = None,
    language: Annotated[
        Literal["zh", "en"] | None,
        typer.Option(
            envvar="SITING_LANGUAGE", help="Language of the scenario and of what is said here."
        ),
    ] = None,
    ask: Annotated[
        bool, typer.Option(help="Ask on the terminal what the files do not say.")
    ] = True,
) -> None:
    """Write a scenario file to start from: neutral lines that run, or lines for your own files.

    With [bold]--from ledger.xlsx townships.shp map.osm.pbf[/] it looks at the files, writes down
    what they say and lists what it cannot know.

    Example: [bold]siting new my-plan.toml[/]
    """
    if file.suffix != ".toml":
        raise ScenarioError(
            f"'{file.name}' does not end in .toml",
            where=str(file),
            cure="a scenario is a TOML file: e.g. siting new my-plan.toml",
        )
    from siting.outputs.words import words  # noqa: PLC0415  # heavy; --help stays quick

    language = language or "zh"
    paths = [*(given or []), *(more or [])]
    if paths:
        text = _made_for(paths, file, datum, {"stations": stations, "chargers": chargers},
                         language=language, ask=ask and sys.stdin.isatty())  # fmt: skip
    else:
        text = _neutral(file, language)
    _write(file, text)
    screen.say(words("new.wrote", language, file=file))


def _neutral(file: Path, language: Literal["zh", "en"]) -> str:
    """Return the neutral lines with their remarks in a language."""
    from siting.outputs.words import words  # noqa: PLC0415  # heavy; --help stays quick

    text = shipped_path(TEMPLATE).read_text(encoding="utf-8")
    text = text.replace('name = "my-plan"', f'name = "{_run_name(file)}"')
    text = text.replace('language = "zh" ', f'language = "{language}" ', 1)
    return _REMARK.sub(lambda found: f"# {words(found['key'], language)}", text)


def _made_for(  # the files, and the answers given on the command line
    paths: list[Path],
    file: Path,
    datum: str | None,
    targets: dict[str, int | None],
    *,
    language: Literal["zh", "en"],
    ask: bool,
) -> str:
    """Return a scenario for some files, and say what was found and what is still to be said."""
    from siting.inputs import survey, survey_text  # noqa: PLC0415  # heavy; --help stays quick
    from siting.outputs.words import note_text, speaker  # noqa: PLC0415  # heavy

    say = speaker(language)
    looks = survey.look_at(paths)
    survey.settle_datums(looks)
    for look in looks:
        found = {"file": look.path.name, "role": say(f"new.role.{look.role}"), "rows": look.rows}
        screen.say(say("new.found" if look.rows else "new.found_map", **found))
        for note in look.said:
            screen.say(f"  · {note_text(note, language)}")
        if datum is not None and "datum" in look.questions:
            look.keys["datum"] = datum
            del look.questions["datum"]
        if ask:
            _ask(look, say)
    scenario, still = survey_text.scenario_text(
        looks, folder=file.resolve().parent, name=_run_name(file), targets=targets,
        language=language, say=say,
    )  # fmt: skip
    if still:
        screen.say(say("new.still"))
    for line in still:
        screen.say(f"  ? {line}")
    return scenario


def _ask(look: Look, say: Say) -> None:
    """Ask on the terminal what a file does not say; an empty answer leaves the question open."""
    from siting.inputs.survey_text import question_text  # noqa: PLC0415  # heavy

    for key, question in list(look.questions.items()):
        if key not in {"datum", "people_unit", "headroom_unit"}:
            continue
        answer = typer.prompt(
            f"{look.path.name}: {question_text(question, say)}", default="", show_default=False
        )
        if answer.strip():
            look.keys[key] = answer.strip()
            del look.questions[key]


def _write(file: Path, text: str) -> None:
    with files.writing(file):
        there = file.exists() or file.is_symlink()
    if there:
        raise ScenarioError(
            f"'{file.name}' is there already",
            where=str(file),
            cure="choose another name, or remove the file first",
        )
    files.write_whole(file, text)


def _run_name(file: Path) -> str:
    """Return a run name from a file name; other signs become dashes."""
    kept = "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in file.stem)
    return kept.strip("-")[:60] or "my-plan"
