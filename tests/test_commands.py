"""Every ``siting`` command of the READMEs and the docs: all are parsed, those that are cheap run.

They run on a small town in the place of the reader's own plan. Parsed only are those that
``why_parsed_only`` names, each with its reason.
"""

from __future__ import annotations

import itertools
import re
import shlex
import shutil
from pathlib import Path

import desk
import pytest
import typer

from siting.cli.main import run
from siting.cli.verbs import app
from siting.errors import EXIT_GOOD
from siting.scenario import load_scenario
from siting.scenario.find import find_scenario

ROOT = Path(__file__).resolve().parents[1]
PAGES = [
    ROOT / "README.md", ROOT / "README.zh.md", ROOT / "maps" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]  # fmt: skip
AT_HAND = {"my-plan.toml", "maps/my-plan", "maps/other"}
PARSED_ONLY = {
    "fetch": "wants the network; test_fetch has a server of its own",
    "sweep": "many plans; it has tests of its own",
    "tornado": "many plans; it has tests of its own",
    "robust": "wants a sweep; it has tests of its own",
}
PARSED_OPTIONS = {
    "--variant": "the small town has no variants",
    "--all-variants": "the small town has no variants",
    "--plan": "plans a shipped set",
    "--scheduler": "wants a cluster",
}


def commands():
    """Return every command of the pages as words, each once, in the order they are read."""
    found = {}
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        blocks = re.findall(r"^```(?:sh|bat)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        lines = [line for block in blocks for line in block.splitlines()]
        lines += re.findall(r"^Example: `(siting .*)`$", text, re.MULTILINE)
        for line in lines:
            # A word may hold a "#" only inside quotes, as in a shell.
            words = shlex.split(line, comments=True)
            if words[:1] == ["siting"]:
                found.setdefault(tuple(words[1:]), page.name)
    return list(found)


COMMANDS = commands()


def why_parsed_only(words):
    """Return why a command does not run here; None if it does."""
    if words[0] in PARSED_ONLY:
        return PARSED_ONLY[words[0]]
    for option, reason in PARSED_OPTIONS.items():
        if option in words:
            return reason
    if words[0] == "handout" and not {"--for", "--list"} & set(words):
        return "the whole pack; test_handouts writes one"
    if any(word.startswith("targets.") for word in words):
        return "totals of a district, which the small town cannot hold"
    if words[0] in {"new", "cache"} or AT_HAND & set(words):
        return None
    return "plans the sample or another shipped scenario, a minute and more"


def at_the_desk(words):
    """Return a command with the reader's own plan in the place of the sample's."""
    return tuple(word.replace("maps/yubei-2025", "maps/my-plan") for word in words)


CHEAP = [
    words for words in dict.fromkeys(map(at_the_desk, COMMANDS)) if why_parsed_only(words) is None
]


def test_the_pages_have_commands_and_most_verbs_run():
    assert len(COMMANDS) > 30
    assert {"check", "map", "new", "plan", "report", "show", "table", "why"} <= {
        words[0] for words in CHEAP
    }


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_the_command_is_one_the_command_line_takes(words):
    verbs = typer.main.get_command(app).commands
    assert words[0] in verbs
    verb = verbs[words[0]]
    given = verb.make_context(words[0], list(words[1:])).params
    changes = [value for option, value in itertools.pairwise(words) if option == "--set"]
    name = str(given.get("scenario") or "yubei-2025")
    shipped = find_scenario("yubei-2025" if name.endswith(".toml") else name)
    load_scenario(shipped, overrides=[one for one in changes if not one.startswith("inputs.osm=")])


def test_a_wrong_command_would_be_found():
    verbs = typer.main.get_command(app).commands
    for words in (["--colour"], ["a", "b", "c"], ["--basemap", "moon"]):
        with pytest.raises(typer.exceptions.TyperException):
            verbs["plan"].make_context("plan", words)


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    """Return the folder of a reader who has planned the small town under each name."""
    folder = tmp_path_factory.mktemp("reader")
    desk.set_up(folder).rename(folder / "my-plan.toml")
    desk.edit(folder / "my-plan.toml", 'name = "town"', 'name = "my-plan"')
    desk.edit(folder / "town.osm", '<way id="401"', '<way id="123"')
    words = ["plan", str(folder / "my-plan.toml"), "--out", str(folder / "maps")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SITING_CACHE", str(folder / "cache"))
        assert run(words) == EXIT_GOOD
    shutil.copytree(folder / "maps" / "my-plan", folder / "maps" / "other")
    return folder


@pytest.mark.parametrize("words", CHEAP, ids=" ".join)
def test_the_command_runs(words, reader, tmp_path, monkeypatch):
    monkeypatch.setenv("SITING_CACHE", str(reader / "cache"))
    # A new scenario is written where none lies yet.
    monkeypatch.chdir(tmp_path if words[0] == "new" else reader)
    assert run(list(words)) == EXIT_GOOD
